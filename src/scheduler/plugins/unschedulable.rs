//! Cordoned nodes take no new Pods, unless a Pod tolerates the taint they carry.
//!
//! Upstream: pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go

use super::taints::tolerates;
use super::{Plugin, Rejection, State};
use crate::api::core::node::Taint;
use crate::api::core::pod::PodSpec;
use crate::scheduler::nodes::NodeInfo;

/// Whether the Pod may be placed on cordoned nodes.
pub fn bears(spec: &PodSpec) -> bool {
    if spec.tolerations.is_empty() {
        return false;
    }
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    };
    tolerates(&spec.tolerations, &cordon)
}

/// Whether the node takes new Pods.
pub fn filter(state: &State, node: &NodeInfo) -> Result<(), Rejection> {
    if node.node.as_ref().is_some_and(|node| node.spec.unschedulable) && !state.bears_cordon {
        let reason = "node(s) were unschedulable";
        return Err(Rejection::unresolvable(Plugin::NodeUnschedulable, reason));
    }
    Ok(())
}
