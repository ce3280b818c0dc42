//! Taints keep Pods away that do not tolerate them; PreferNoSchedule only costs points.
//!
//! Upstream: pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go,
//! staging/src/k8s.io/api/core/v1/toleration.go

use super::{Plugin, Rejection, State};
use crate::api::core::node::Taint;
use crate::api::core::pod::PodSpec;
use crate::api::core::scheduling::Toleration;
use crate::scheduler::nodes::NodeInfo;

/// Whether one of `tolerations` bears `taint`.
pub fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether no taint keeps the Pod away.
pub fn filter(state: &State, node: &NodeInfo) -> Result<(), Rejection> {
    let tolerations = &state.info.pod.spec.tolerations;
    match node.node.as_ref().and_then(|node| node.untolerated(tolerations).next()) {
        None => Ok(()),
        Some(_) => {
            let reason = "node(s) had untolerated taint(s)";
            Err(Rejection::unresolvable(Plugin::TaintToleration, reason))
        }
    }
}

/// How many taints would rather keep the Pod away.
pub fn score(spec: &PodSpec, node: &NodeInfo) -> i64 {
    let Some(node) = &node.node else { return 0 };
    if node.spec.taints.is_empty() {
        return 0;
    }
    let relevant: Vec<Toleration> = spec
        .tolerations
        .iter()
        .filter(|t| t.effect.is_empty() || &*t.effect == "PreferNoSchedule")
        .cloned()
        .collect();
    let soft = node.spec.taints.iter().filter(|taint| &*taint.effect == "PreferNoSchedule");
    soft.filter(|taint| !tolerates(&relevant, taint)).count() as i64
}
