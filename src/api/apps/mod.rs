//! The apps group: StatefulSets, DaemonSets and their revisions, Deployments and ReplicaSets.

pub mod daemon_set;
pub mod deployment;
mod revision;
pub mod stateful_set;
mod template_hash;

pub use revision::{go_json, revision_data, revision_hash, template_data};
pub use template_hash::template_hash;
