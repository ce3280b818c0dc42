//! A deterministic Kubernetes cluster as a value; the page is one of its users.

pub mod api;
pub mod apiserver;
pub mod base;
pub mod client;
pub mod cluster;
pub mod config;
pub mod controller;
pub mod csi;
pub mod infra;
pub mod kubelet;
pub mod scheduler;
pub mod trace;
#[cfg(feature = "web")]
pub mod ui;
pub mod view;
