//! Which Pods belong to a StatefulSet: those it manages and still selects, and those nobody
//! manages that it selects and whose names are its own, which it adopts.
//!
//! Upstream: pkg/controller/controller_ref_manager.go (ClaimPods)

use super::Desk;
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};
use crate::apiserver::Answer;
use crate::apiserver::roster::{Roster, ordinal_in};
use crate::apiserver::status::Status;
use crate::base::Str;
use crate::client::ControlPlane;
use crate::controller::ownership::{can_adopt, controller_ref, patch_owners};
use std::rc::Rc;

/// The set's Pods by ordinal, after letting go those it no longer selects and adopting those
/// it finds.
pub(super) fn claim_pods(
    cx: &mut ControlPlane<'_>,
    desk: &mut Desk,
    set: &Rc<StatefulSet>,
) -> Answer<Roster> {
    let mut roster = cx.cache.roster(set.meta.uid);
    let released = release(cx, desk, set, &mut roster);
    let adopted = adopt(cx, set, &mut roster);
    released.and(adopted).map(|()| roster)
}

fn selects(set: &StatefulSet, pod: &Pod) -> bool {
    let selector = set.spec.selector.as_ref();
    selector.is_some_and(|s| !s.is_empty() && s.matches(&pod.meta.labels))
        && ordinal_in(&set.meta.name, &pod.meta.name).is_some()
}

fn release(
    cx: &mut ControlPlane<'_>,
    desk: &mut Desk,
    set: &Rc<StatefulSet>,
    roster: &mut Roster,
) -> Answer<()> {
    let mut result = Ok(());
    let names: Vec<Str> = desk.unclaimed.iter().cloned().collect();
    for name in names {
        *cx.visits += 1;
        let key = Key::new(set.meta.namespace.clone(), name.clone());
        let pod = cx
            .cache
            .get::<Pod>(&key)
            .filter(|pod| pod.meta.controller_of().is_some_and(|owner| owner.uid == set.meta.uid));
        let Some(pod) = pod.filter(|pod| !selects(set, pod)).cloned() else {
            desk.unclaimed.remove_mut(&name);
            continue;
        };
        // It stays on the list until the cache shows that it went.
        roster.remove(&set.meta.name, &pod);
        if !set.meta.is_terminating() {
            let answer = patch_owners::<Pod>(cx, &pod.meta, |owners| {
                owners.retain(|owner| owner.uid != set.meta.uid);
            });
            result = result.and(answer);
        }
    }
    result
}

fn adopt(cx: &mut ControlPlane<'_>, set: &Rc<StatefulSet>, roster: &mut Roster) -> Answer<()> {
    let cache = cx.cache.clone();
    let mut result = Ok(());
    let mut allowed = None;
    for pod in cache.orphans(&set.meta.namespace, &set.meta.name) {
        *cx.visits += 1;
        if set.meta.is_terminating() || pod.is_terminating() || !selects(set, pod) {
            continue;
        }
        let answer = allowed.get_or_insert_with(|| can_adopt::<StatefulSet>(cx, &set.meta));
        let answer = match answer.clone() {
            Ok(()) => patch_owners::<Pod>(cx, &pod.meta, |owners| {
                owners.push(controller_ref(Kind::StatefulSet, &set.meta));
            }),
            Err(status) => {
                let what = format!("can't adopt Pod {}", Key::of(&pod.meta));
                Err(Status::failure(format!("{what}: {}", status.message)))
            }
        };
        if answer.is_ok() {
            roster.insert(&set.meta.name, pod);
        }
        result = result.and(answer);
    }
    result
}
