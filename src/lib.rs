//! A deterministic Kubernetes cluster as a value; the page is one of its users.

pub mod api;
pub mod apiserver;
pub mod base;
pub mod trace;
