//! A deterministic Kubernetes cluster as a value; the page is one of its users.

pub mod base;

pub mod config;

pub mod api;

pub mod trace;

pub mod apiserver;

pub mod client;

pub mod infra;

pub mod controller;

pub mod scheduler;

pub mod kubelet;

pub mod csi;

pub mod cluster;

pub mod timeline;

pub mod kubectl;

pub mod session;

pub mod view;

#[cfg(feature = "web")]
pub mod ui;
