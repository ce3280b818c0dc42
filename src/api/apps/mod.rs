//! The apps group: StatefulSets and their revisions.
//!
//! Not here yet: ReplicaSets, Deployments and DaemonSets.

pub mod stateful_set;
