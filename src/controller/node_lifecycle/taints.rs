//! Puts taints on nodes and takes them off, and makes taints of conditions.
//!
//! Upstream: pkg/controller/controller_utils.go (AddOrUpdateTaintOnNode, RemoveTaintOffNode),
//! pkg/controller/util/node/controller_utils.go (SwapNodeControllerTaint),
//! pkg/controller/nodelifecycle/node_lifecycle_controller.go (doNoScheduleTaintingPass)

use crate::api::core::node::{NOT_READY, Node, Taint, UNREACHABLE};
use crate::api::kinds::Key;
use crate::apiserver::Answer;
use crate::client::ControlPlane;

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Which condition in which status makes which taint.
const CONDITIONS: &[(&str, &str, &str)] = &[
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

/// Makes the NoSchedule taints of `node` those that its conditions and its cordon ask for.
pub(super) fn reconcile_conditions(cx: &mut ControlPlane<'_>, node: &Node) -> Answer<()> {
    let made = |condition: &crate::api::meta::Condition| {
        let same =
            |row: &&(&str, &str, &str)| row.0 == &*condition.kind && row.1 == &*condition.status;
        CONDITIONS.iter().find(same).map(|row| row.2)
    };
    let mut wanted: Vec<&str> = node.status.conditions.iter().filter_map(made).collect();
    if node.spec.unschedulable {
        wanted.push(UNSCHEDULABLE);
    }
    let ours = |key: &str| key == UNSCHEDULABLE || CONDITIONS.iter().any(|row| row.2 == key);
    let has = |key: &str| node.taint(key, "NoSchedule").is_some();
    let add: Vec<&str> = wanted.iter().copied().filter(|key| !has(key)).collect();
    let remove: Vec<&str> = node
        .spec
        .taints
        .iter()
        .filter(|taint| &*taint.effect == "NoSchedule" && ours(&taint.key))
        .map(|taint| &*taint.key)
        .filter(|key| !wanted.contains(key))
        .collect();
    swap(cx, node, "NoSchedule", &add, &remove)
}

/// Puts the taints `add` on `node` and takes `remove` off: two writes, if both are needed.
pub(super) fn swap(
    cx: &mut ControlPlane<'_>,
    node: &Node,
    effect: &str,
    add: &[&str],
    remove: &[&str],
) -> Answer<()> {
    let now = cx.now.whole_second();
    if !add.is_empty() {
        cx.client().patch(&Key::of(&node.meta), |fresh: &mut Node| {
            for key in add {
                let taint = Taint {
                    key: (*key).into(),
                    effect: effect.into(),
                    time_added: Some(now),
                    ..Taint::default()
                };
                put(&mut fresh.spec.taints, taint);
            }
        })?;
    }
    // Whether there is anything to remove is asked of the node as it is known here; what is
    // removed is removed from the node as it is now.
    if remove.iter().any(|key| node.taint(key, effect).is_some()) {
        cx.client().patch(&Key::of(&node.meta), |fresh: &mut Node| {
            fresh
                .spec
                .taints
                .retain(|taint| &*taint.effect != effect || !remove.contains(&&*taint.key));
        })?;
    }
    Ok(())
}

fn put(taints: &mut Vec<Taint>, new: Taint) {
    let same = |old: &&mut Taint| old.key == new.key && old.effect == new.effect;
    match taints.iter_mut().find(same) {
        Some(old) => *old = new,
        None => taints.push(new),
    }
}

/// Keeps the older labels for system and architecture equal to today's.
pub(super) fn reconcile_labels(cx: &mut ControlPlane<'_>, node: &Node) -> Answer<()> {
    let pairs = [
        ("kubernetes.io/os", "beta.kubernetes.io/os"),
        ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
    ];
    let label = |key: &str| node.meta.label(key).cloned();
    let missing = |&(from, to): &(&str, &'static str)| {
        label(from).filter(|value| label(to).as_ref() != Some(value)).map(|value| (to, value))
    };
    let missing: Vec<_> = pairs.iter().filter_map(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    cx.client().patch(&Key::of(&node.meta), |fresh: &mut Node| {
        for (to, value) in missing {
            fresh.meta.labels.set(to, value);
        }
    })?;
    Ok(())
}
