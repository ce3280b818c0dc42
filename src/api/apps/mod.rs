//! The apps group: StatefulSets and their revisions, Deployments and ReplicaSets.
//!
//! Not here yet: DaemonSets.

pub mod deployment;
mod revision;
pub mod stateful_set;

pub use revision::{go_json, revision_data, revision_hash};
