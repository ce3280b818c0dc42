//! Keeps StatefulSets: Pods with names, one after the other or all at once, each with claims of
//! its own that outlive it.
//!
//! Reading order: this file (which set a change concerns, which Pods belong to a set), `control`
//! (what is due), `pod_control` (doing it), `status`, `utils`.
//!
//! Upstream: pkg/controller/statefulset/stateful_set.go and
//! pkg/controller/controller_ref_manager.go

mod claim;
mod control;
mod pod_control;
mod status;
mod utils;

use crate::api::apps::revision_data;
use crate::api::apps::stateful_set::{
    ControllerRevision, StatefulSet, StatefulSetSpec, StatefulSetStatus,
};
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::meta::OwnerReference;
use crate::apiserver::Answer;
use crate::apiserver::roster::{Roster, ordinal_in, revision_of, set_of};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::controller::ownership::{can_adopt, controller_ref};
use crate::controller::revision::{self, Revisions};
use crate::trace::{Because, Source, Wait};
use serde_json::Value;
use std::rc::Rc;
use utils::{Blueprint, min_ready, wanted};

/// Keeps StatefulSets.
#[derive(Clone, Debug, Default)]
pub struct StatefulSetController {
    desks: Map<Key, Desk>,
}

/// What the controller remembers of one set, so as not to look at all its Pods each time. It
/// could forget it at any time, and does when it restarts.
#[derive(Clone, Debug, Default)]
struct Desk {
    /// Pods of the set whose labels or owners changed: do they still belong to it?
    unclaimed: Set<Str>,
    /// Ordinals whose Pod or claims changed: are identity, storage and owners right?
    unmended: Set<u32>,
    /// What Pods of a revision are made from.
    blueprints: Vec<Rc<Blueprint>>,
    /// The spec whose template was last written out, and what came of it.
    drawn: Option<(Rc<StatefulSetSpec>, Rc<Value>)>,
}

/// One look at one set.
struct Sync<'s, 'c> {
    cx: &'s mut ControlPlane<'c>,
    desk: &'s mut Desk,
    set: Rc<StatefulSet>,
    /// Its Pods as the cache shows them, and those it has just adopted.
    roster: Roster,
    revisions: Revisions,
    status: StatefulSetStatus,
    waits: Vec<Wait>,
}

impl Controller for StatefulSetController {
    const COMPONENT: &'static str = "statefulset-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::StatefulSet => self.observe_set(change, cache, keys),
            Kind::Pod => self.observe_pod(change, cache, keys),
            Kind::PersistentVolumeClaim => self.observe_claim(change, cache),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let about = (Kind::StatefulSet, key);
        let Some(set) = cx.cache.get::<StatefulSet>(key).cloned() else {
            self.desks.remove_mut(key);
            cx.say(Source::StatefulSet, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        let mut waits = Vec::new();
        let done = sync(cx, self.desk(key), set, &mut waits);
        cx.say(Source::StatefulSet, about, waits);
        done
    }
}

/// Which sets a change concerns, and what of them must be looked at again.
impl StatefulSetController {
    fn observe_set(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        keys.add(change.key.clone());
        let (Some(old), Some(new)) = (change.old::<StatefulSet>(), change.new::<StatefulSet>())
        else {
            return;
        };
        // Whom claims should belong to depends on the policy and, when it says so, on which
        // ordinals are wanted.
        let (before, after) = (wanted(old), wanted(new));
        let roster = cache.roster(new.meta.uid);
        let ranges = if old.spec.retention != new.spec.retention {
            [0..u32::MAX, 0..0]
        } else if utils::deletes_when_scaled(new) && before != after {
            let ends = before.end.min(after.end)..before.end.max(after.end);
            let starts = before.start.min(after.start)..before.start.max(after.start);
            [starts, ends]
        } else {
            return;
        };
        let desk = self.desk(&change.key);
        for ordinal in ranges.into_iter().flat_map(|range| roster.members(range)) {
            desk.unmended.insert_mut(ordinal);
        }
    }

    fn desk(&mut self, key: &Key) -> &mut Desk {
        if !self.desks.contains_key(key) {
            self.desks.insert_mut(key.clone(), Desk::default());
        }
        self.desks.get_mut(key).expect("a desk that was there or was just put there")
    }

    fn observe_pod(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        let owner = |pod: &Pod| set_of(pod).and_then(|owner| resolve(cache, pod, owner));
        let (old, new) = (change.old::<Pod>(), change.new::<Pod>());
        let new_owner = new.and_then(|pod| owner(pod));
        let moved = old.and_then(|pod| pod.meta.controller_of())
            != new.and_then(|pod| pod.meta.controller_of());
        if let Some(before) = old.filter(|_| moved).and_then(|pod| owner(pod)) {
            keys.add(Key::of(&before.meta));
        }
        let Some(pod) = new else { return };
        let relabelled = old.is_none_or(|old| old.meta.labels != pod.meta.labels);
        if let Some(set) = new_owner {
            let key = Key::of(&set.meta);
            self.look_again(&key, &set, pod, old, relabelled || moved);
            keys.add(key);
        } else if pod.meta.controller_of().is_none()
            && (relabelled || moved)
            && !(old.is_none() && pod.is_terminating())
        {
            for set in cache.list_in::<StatefulSet>(&pod.meta.namespace) {
                let selector = set.spec.selector.as_ref();
                if selector.is_some_and(|s| !s.is_empty() && s.matches(&pod.meta.labels)) {
                    keys.add(Key::of(&set.meta));
                }
            }
        }
    }

    fn look_again(
        &mut self,
        key: &Key,
        set: &StatefulSet,
        pod: &Pod,
        old: Option<&Rc<Pod>>,
        claim: bool,
    ) {
        let volumes = old.is_none_or(|old| {
            !Rc::ptr_eq(&old.spec, &pod.spec) && old.spec.volumes != pod.spec.volumes
        });
        if !claim && !volumes {
            return;
        }
        let desk = self.desk(key);
        if claim {
            desk.unclaimed.insert_mut(pod.meta.name.clone());
        }
        if let Some(ordinal) = ordinal_in(&set.meta.name, &pod.meta.name) {
            desk.unmended.insert_mut(ordinal);
        }
    }

    /// A claim does not wake its set, but the next sync must know that it changed.
    fn observe_claim(&mut self, change: &Change, cache: &Store) {
        type Claim = PersistentVolumeClaim;
        let matter = |claim: &Rc<Claim>| {
            (claim.meta.uid, claim.meta.owner_references.clone(), claim.meta.is_terminating())
        };
        if change.old::<Claim>().map(matter) == change.new::<Claim>().map(matter) {
            return;
        }
        for pod in cache.pods_using(&change.key) {
            let Some(set) = set_of(pod).and_then(|owner| resolve(cache, pod, owner)) else {
                continue;
            };
            if let Some(ordinal) = ordinal_in(&set.meta.name, &pod.meta.name) {
                self.desk(&Key::of(&set.meta)).unmended.insert_mut(ordinal);
            }
        }
    }
}

/// The set that `owner` means, if it is still that one.
fn resolve(cache: &Store, pod: &Pod, owner: &OwnerReference) -> Option<Rc<StatefulSet>> {
    let key = Key::new(pod.meta.namespace.clone(), owner.name.clone());
    cache.get::<StatefulSet>(&key).filter(|set| set.meta.uid == owner.uid).cloned()
}

/// Looks at `set`: its revisions, its Pods, what is due, its status, its history.
fn sync(
    cx: &mut ControlPlane<'_>,
    desk: &mut Desk,
    set: Rc<StatefulSet>,
    waits: &mut Vec<Wait>,
) -> Answer<Requeue> {
    let owner = controller_ref(Kind::StatefulSet, &set.meta);
    let history = revision::list(cx, &set);
    if history.iter().any(|revision| revision.meta.controller_of().is_none()) {
        can_adopt::<StatefulSet>(cx, &set.meta)?;
        revision::adopt(cx, &owner, &history)?;
    }
    let roster = claim::claim_pods(cx, desk, &set)?;
    let data = desk.data(&set);
    let revisions = revision::sync(cx, &set, owner, &data, &history)?;
    let status = StatefulSetStatus::default();
    let mut sync = Sync { cx, desk, set, roster, revisions, status, waits: Vec::new() };
    let done = sync.run(&history);
    *waits = sync.waits;
    done
}

impl Desk {
    /// What a revision remembers of the set's template.
    fn data(&mut self, set: &StatefulSet) -> Rc<Value> {
        if let Some((spec, data)) = &self.drawn
            && (Rc::ptr_eq(spec, &set.spec) || spec.template == set.spec.template)
        {
            return data.clone();
        }
        let data = Rc::new(revision_data(set));
        self.drawn = Some((set.spec.clone(), data.clone()));
        data
    }
}

impl Sync<'_, '_> {
    fn run(&mut self, history: &[Rc<ControllerRevision>]) -> Answer<Requeue> {
        self.status = self.count();
        let seen = self.roster.clone();
        let updated = self.update_stateful_set();
        // The status is written whether or not that went well.
        let written = self.write_status();
        let (set, cache) = (self.set.clone(), self.cx.cache.clone());
        let in_use = |name: &str| {
            let leaving = || {
                seen.terminating(0..u32::MAX).any(|ordinal| {
                    let pod = cache.get::<Pod>(&utils::pod_key(&set, ordinal));
                    pod.is_some_and(|pod| *revision_of(pod) == *name)
                })
            };
            seen.count_at(name) > 0 || leaving()
        };
        let live = self.revisions.clone();
        let truncated = revision::truncate(self.cx, &self.set, history, &live, in_use);
        updated.and(written).and(truncated)?;
        // Exactly when the next Pod that is Ready becomes available, since 1.36.
        let next = seen.next_available(self.cx.now, min_ready(&self.set));
        let next = next.map(|at| Requeue::After(at.since(self.cx.now)));
        Ok(next.unwrap_or(Requeue::AwaitChange))
    }

    fn key(&self) -> Key {
        Key::of(&self.set.meta)
    }

    fn pod_ref(&self, ordinal: u32) -> ObjectRef {
        ObjectRef::new(Kind::Pod, utils::pod_key(&self.set, ordinal))
    }

    /// Says that the Pod with the ordinal `subject` waits, whether or not it exists.
    fn wait_on(
        &mut self,
        subject: u32,
        on: Option<ObjectRef>,
        because: Because,
        until: Option<SimTime>,
    ) {
        let subject = self.pod_ref(subject);
        self.waits.push(Wait { subject, on, because, since: self.cx.now, until });
    }

    /// Says that the set itself waits.
    fn wait_set(&mut self, on: Option<ObjectRef>, because: Because, until: Option<SimTime>) {
        let subject = ObjectRef::new(Kind::StatefulSet, self.key());
        self.waits.push(Wait { subject, on, because, since: self.cx.now, until });
    }
}
