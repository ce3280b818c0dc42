//! The core group: Pods, Nodes, claims, volumes, Services, settings.

pub mod config;
pub mod container;
pub mod event;
pub mod node;
pub mod node_affinity;
pub mod pod;
pub mod scheduling;
pub mod service;
pub mod volume;
