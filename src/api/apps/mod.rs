//! The apps group: StatefulSets and their revisions.
//!
//! Not here yet: ReplicaSets, Deployments and DaemonSets.

mod revision;
pub mod stateful_set;

pub use revision::{go_json, revision_data, revision_hash};
