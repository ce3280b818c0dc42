//! nodeSelector and node affinity: labels (or the name) that a node must or should have. The
//! same selectors say which nodes reach a volume.
//!
//! Upstream: pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go

use super::{Plugin, Rejection};
use crate::api::core::node_affinity::holds;
use crate::api::core::pod::PodSpec;
use crate::api::core::scheduling::{NodeSelectorTerm, PreferredSchedulingTerm};
use crate::scheduler::nodes::NodeInfo;

pub use crate::api::core::node_affinity::{Required, selects};

/// Whether the node is one the Pod asks for.
pub fn filter(required: &Required, node: &NodeInfo) -> Result<(), Rejection> {
    if node.node.as_ref().is_some_and(|node| required.matches(node)) {
        return Ok(());
    }
    let reason = "node(s) didn't match Pod's node affinity/selector";
    Err(Rejection::unresolvable(Plugin::NodeAffinity, reason))
}

/// What nodes the Pod would rather have.
pub fn preferred(spec: &PodSpec) -> &[PreferredSchedulingTerm] {
    let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    affinity.map_or(&[], |affinity| &affinity.preferred)
}

/// The weights of the preferences that the node meets. An empty one is met by none.
pub fn score(preferred: &[PreferredSchedulingTerm], node: &NodeInfo) -> i64 {
    let Some(node) = &node.node else { return 0 };
    let empty = |t: &NodeSelectorTerm| t.match_expressions.is_empty() && t.match_fields.is_empty();
    let met = preferred.iter().filter(|p| !empty(&p.preference) && holds(&p.preference, node));
    met.map(|preference| i64::from(preference.weight)).sum()
}
