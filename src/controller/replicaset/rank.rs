//! Which Pods go first when a ReplicaSet has too many.
//!
//! Upstream: ActivePodsWithRanks in pkg/controller/controller_utils.go, and
//! getPodsRankedByRelatedPodsOnSameNode in pkg/controller/replicaset/replica_set.go

use crate::api::core::pod::{Pod, PodPhase};
use crate::api::meta::condition;
use crate::base::Str;
use crate::base::sorted::{self, SortedMap};
use crate::base::time::SimTime;
use std::cmp::Ordering;
use std::rc::Rc;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Puts `pods` in the order in which they are to go. `siblings` are all active Pods of
/// ReplicaSets with the same owner. Crowds and ages hang on milliseconds, and upstream's order by
/// them is none where ages are equal: in a replay (`ends`) they go as they went.
pub(super) fn sort(pods: &mut Vec<Rc<Pod>>, siblings: &[Rc<Pod>], now: SimTime, ends: &[Str]) {
    let mut on_node: SortedMap<Str, u32> = SortedMap::new();
    for pod in siblings {
        *on_node.get_or_default(pod.spec.node_name.clone()) += 1;
    }
    let place = |pod: &Pod| {
        let name =
            |end: &&Str| end.split_once('/').is_some_and(|(_, name)| *name == *pod.meta.name);
        ends.iter().position(|end| name(&end)).unwrap_or(ends.len())
    };
    let crowd = |pod: &Pod| on_node.get(&pod.spec.node_name).copied().unwrap_or(0);
    sorted::sort_by(pods, |a, b| {
        let coarse = |pod: &Pod| (pod.is_assigned(), phase(pod), pod.is_ready(), cost(pod));
        coarse(a)
            .cmp(&coarse(b))
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| crowd(b).cmp(&crowd(a)))
            .then_with(|| by_age(ready_since(a), ready_since(b), (a, b), now))
            .then_with(|| restarts(b).cmp(&restarts(a)))
            .then_with(|| {
                let created = |pod: &Pod| pod.meta.creation_timestamp;
                by_age(created(a), created(b), (a, b), now)
            })
    });
}

fn phase(pod: &Pod) -> u8 {
    match pod.status.phase {
        PodPhase::Pending => 0,
        PodPhase::Running => 2,
        _ => 1,
    }
}

/// What deleting the Pod costs, as its annotation says; texts that are no such number cost
/// nothing.
fn cost(pod: &Pod) -> i32 {
    let text = pod.meta.annotations.get(DELETION_COST);
    let plain = |text: &&Str| !text.starts_with('+') && (&***text == "0" || !text.starts_with('0'));
    text.filter(plain).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn ready_since(pod: &Pod) -> Option<SimTime> {
    let ready = condition(&pod.status.conditions, "Ready").filter(|_| pod.is_ready())?;
    ready.last_transition_time
}

/// The younger goes first, but only if it is younger by a power of two: among Pods of about
/// the same age the uid decides, so that a scale-down does not always hit the newest.
fn by_age(
    a: Option<SimTime>,
    b: Option<SimTime>,
    pods: (&Rc<Pod>, &Rc<Pod>),
    now: SimTime,
) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return Ordering::Equal };
    if a == b {
        return Ordering::Equal;
    }
    let magnitude = |at: SimTime| (now.since(at).0 * 1_000_000).checked_ilog2();
    magnitude(a).cmp(&magnitude(b)).then_with(|| pods.0.meta.uid.cmp(&pods.1.meta.uid))
}

fn restarts(pod: &Pod) -> (i32, i32) {
    let most = |statuses: &[crate::api::core::container::ContainerStatus]| {
        statuses.iter().map(|status| status.restart_count).max().unwrap_or(0)
    };
    (most(&pod.status.container_statuses), most(&pod.status.init_container_statuses))
}
