//! Which Pods belong to a StatefulSet: those it manages and still selects, and those nobody
//! manages that it selects and whose names are its own, which it adopts.
//!
//! Upstream: pkg/controller/controller_ref_manager.go (ClaimPods, RecheckDeletionTimestamp)

use super::Desk;
use super::utils::controller_ref;
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};
use crate::apiserver::Answer;
use crate::apiserver::roster::{Roster, ordinal_in};
use crate::apiserver::status::Status;
use crate::base::Str;
use crate::client::ControlPlane;
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
            let answer = patch(cx, &pod, |newest| {
                newest.meta.owner_references.retain(|owner| owner.uid != set.meta.uid);
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
        let answer = match allowed.get_or_insert_with(|| can_adopt(cx, set)).clone() {
            Ok(()) => patch(cx, pod, |newest| {
                let owner = controller_ref(Kind::StatefulSet, &set.meta);
                newest.meta.owner_references.push(owner);
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

/// Asks the server, not the cache, whether the set may still adopt: not if it is gone or being
/// deleted, lest the garbage collector take what somebody just made an orphan.
pub(super) fn can_adopt(cx: &mut ControlPlane<'_>, set: &StatefulSet) -> Answer<()> {
    let key = Key::of(&set.meta);
    let fresh = cx.client().get::<StatefulSet>(&key)?;
    if fresh.meta.uid != set.meta.uid {
        let (got, wanted) = (fresh.meta.uid, set.meta.uid);
        return Err(Status::failure(format!(
            "original StatefulSet {key} is gone: got uid {got}, wanted {wanted}"
        )));
    }
    match fresh.meta.deletion_timestamp {
        Some(at) => {
            let at = at.rfc3339();
            Err(Status::failure(format!("{key} has just been deleted at {at}")))
        }
        None => Ok(()),
    }
}

/// Changes who owns a Pod, unless it is another one by now.
fn patch(cx: &mut ControlPlane<'_>, pod: &Pod, change: impl FnOnce(&mut Pod)) -> Answer<()> {
    let key = Key::of(&pod.meta);
    match cx.client().get::<Pod>(&key) {
        Ok(newest) if newest.meta.uid == pod.meta.uid => match cx.client().patch(&key, change) {
            Err(status) if status.is_not_found() => Ok(()),
            answer => answer.map(drop),
        },
        Ok(_) => Err(Status::conflict(Kind::Pod, &key.name, "Precondition failed: UID")),
        Err(_) => Ok(()),
    }
}
