//! The apps group: StatefulSets, DaemonSets and their revisions, Deployments and ReplicaSets.

pub mod daemon_set;
pub mod deployment;
mod revision;
pub mod stateful_set;

pub use revision::{go_json, revision_data, revision_hash};
