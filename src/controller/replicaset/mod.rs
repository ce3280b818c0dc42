//! Keeps ReplicaSets: so many Pods alike, whichever they are. A Pod that begins to terminate is
//! replaced at once.
//!
//! Not here: ReplicationControllers.
//!
//! Upstream: pkg/controller/replicaset/replica_set.go and replica_set_utils.go

mod rank;

use crate::api::apps::deployment::{ReplicaSet, ReplicaSetStatus};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::{Condition, condition};
use crate::apiserver::Answer;
use crate::apiserver::status::Status;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::{Controller, ownership, pod_control};
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// How many Pods are created or deleted in one sync at most.
const BURST: i32 = 500;

const FAILURE: &str = "ReplicaFailure";

/// Keeps ReplicaSets.
#[derive(Clone, Debug, Default)]
pub struct ReplicaSetController {
    /// The revision after the controller's own last writes of Pods, by ReplicaSet: until its
    /// cache has them, it creates and deletes nothing. Upstream counts expectations.
    acted: Map<Key, u64>,
}

impl Controller for ReplicaSetController {
    const COMPONENT: &'static str = "replicaset-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::ReplicaSet => keys.add(change.key.clone()),
            Kind::Pod => observe_pod(change, cache, keys),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let about = (Kind::ReplicaSet, key);
        let Some(set) = cx.cache.get::<ReplicaSet>(key).cloned() else {
            self.acted.remove_mut(key);
            cx.say(Source::ReplicaSet, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        let may_act = self.acted.get(key).is_none_or(|&acted| acted <= cx.cache.revision());
        let mut waits = Vec::new();
        let mut sync = Sync { cx, set, waits: &mut waits, wrote: None };
        let done = sync.run(may_act.then_some(&mut self.acted));
        cx.say(Source::ReplicaSet, about, waits);
        done
    }
}

/// The ReplicaSet that manages the Pod, if it still is that one.
fn owner_of(cache: &Store, pod: &Pod) -> Option<Key> {
    let owner = pod.meta.controller_of().filter(|owner| &*owner.kind == "ReplicaSet")?;
    let key = Key::new(pod.meta.namespace.clone(), owner.name.clone());
    cache.get::<ReplicaSet>(&key).filter(|set| set.meta.uid == owner.uid).map(|_| key)
}

fn observe_pod(change: &Change, cache: &Store, keys: &mut Keys) {
    let (old, new) = (change.old::<Pod>(), change.new::<Pod>());
    for pod in old.into_iter().chain(new) {
        if let Some(key) = owner_of(cache, pod) {
            keys.add(key);
        }
    }
    let Some(pod) = new.filter(|pod| pod.meta.controller_of().is_none()) else { return };
    let matter = |pod: &Rc<Pod>| (pod.meta.labels.clone(), pod.meta.controller_of().cloned());
    if pod.is_terminating() || old.map(matter) == Some(matter(pod)) {
        return;
    }
    for set in cache.list_in::<ReplicaSet>(&pod.meta.namespace) {
        let selector = set.spec.selector.as_ref();
        if selector.is_some_and(|s| !s.is_empty() && s.matches(&pod.meta.labels)) {
            keys.add(Key::of(&set.meta));
        }
    }
}

/// One look at one ReplicaSet.
struct Sync<'s, 'c> {
    cx: &'s mut ControlPlane<'c>,
    set: Rc<ReplicaSet>,
    waits: &'s mut Vec<Wait>,
    /// The revision after its last write of a Pod.
    wrote: Option<u64>,
}

impl Sync<'_, '_> {
    /// Claims Pods, creates or deletes some if it may (`acted` is where it notes that), and
    /// writes the status with the counts as the cache showed them.
    fn run(&mut self, acted: Option<&mut Map<Key, u64>>) -> Answer<Requeue> {
        let set = self.set.clone();
        let cache = self.cx.cache.clone();
        let is_owner = |pod: &&Rc<Pod>| {
            pod.meta.controller_of().is_some_and(|owner| owner.uid == set.meta.uid)
        };
        let selected = |pod: &Rc<Pod>| selects(&set, pod);
        let (mut active, mut terminating) = (Vec::new(), 0);
        for pod in cache.pods_of(set.meta.uid).filter(is_owner) {
            *self.cx.visits += 1;
            match pod.is_terminating() {
                _ if pod.is_terminal() => {}
                true => terminating += i32::from(selected(pod)),
                false => active.push(pod.clone()),
            }
        }
        let free = cache.free::<Pod>(&set.meta.namespace);
        active.extend(free.filter(|pod| is_active(pod) && selected(pod)).cloned());
        let selector = &set.spec.selector;
        let active = ownership::claim::<ReplicaSet, Pod>(self.cx, &set.meta, selector, active)?;
        let managed = match acted {
            Some(acted) if !set.meta.is_terminating() => self.manage(&active, acted),
            _ => Ok(()),
        };
        let status = self.count(&active, terminating, managed.as_ref().err());
        self.write_status(status.clone())?;
        let next = self.wait_for(&active, managed.as_ref().err());
        managed?;
        let min_ready = set.spec.min_ready_seconds;
        if min_ready > 0 && status.ready_replicas != status.available_replicas {
            let fallback = Span::seconds(min_ready as u64);
            let pause = next.map_or(fallback, |at| at.since(self.cx.now));
            return Ok(Requeue::After(pause));
        }
        Ok(Requeue::AwaitChange)
    }

    /// Creates or deletes as many Pods as are missing or too many.
    fn manage(&mut self, active: &[Rc<Pod>], acted: &mut Map<Key, u64>) -> Answer<()> {
        let count = i32::try_from(active.len()).unwrap_or(i32::MAX);
        let missing = self.set.replicas().saturating_sub(count).clamp(-BURST, BURST);
        if missing == 0 {
            return Ok(());
        }
        let done = match missing > 0 {
            true => self.create(missing),
            false => self.delete(active, missing.unsigned_abs() as usize),
        };
        if let Some(revision) = self.wrote {
            acted.insert_mut(Key::of(&self.set.meta), revision);
        }
        done
    }

    /// Creates Pods in batches of 1, 2, 4, …: after one in which something failed there is no
    /// next one.
    fn create(&mut self, missing: i32) -> Answer<()> {
        let (mut left, mut batch) = (missing, 1);
        while left > 0 {
            let mut failed = None;
            for _ in 0..batch.min(left) {
                failed = failed.or(self.create_pod().err());
            }
            if let Some(status) = failed {
                return Err(status);
            }
            left -= batch;
            batch *= 2;
        }
        Ok(())
    }

    fn create_pod(&mut self) -> Answer<()> {
        let template = &self.set.spec.template;
        let pod = pod_control::from_template(Kind::ReplicaSet, &self.set.meta, template);
        let owner = Object::ReplicaSet(self.set.clone());
        match pod_control::create(self.cx, &owner, pod) {
            Ok(_) => {
                self.wrote = Some(self.cx.server.store.revision());
                Ok(())
            }
            // In a namespace that goes nothing can come, however often it is tried.
            Err(status) if is_namespace_going(&status) => Ok(()),
            answer => answer.map(drop),
        }
    }

    fn delete(&mut self, active: &[Rc<Pod>], count: usize) -> Answer<()> {
        let mut pods = active.to_vec();
        if count < pods.len() {
            let siblings = self.siblings();
            rank::sort(&mut pods, &siblings, self.cx.now, &self.cx.config.replay.ends);
        }
        let owner = Object::ReplicaSet(self.set.clone());
        let mut failed = None;
        for pod in &pods[..count.min(pods.len())] {
            let error = pod_control::delete(self.cx, &owner, pod).err();
            if error.is_none() {
                self.wrote = Some(self.cx.server.store.revision());
            }
            failed = failed.or(error.filter(|status| !status.is_not_found()));
        }
        failed.map_or(Ok(()), Err)
    }

    /// The active Pods of all ReplicaSets that the owner of this one manages.
    fn siblings(&mut self) -> Vec<Rc<Pod>> {
        let Some(owner) = self.set.meta.controller_of() else { return Vec::new() };
        let cache = self.cx.cache.clone();
        let managed = |set: &&Rc<ReplicaSet>| {
            set.meta.controller_of().is_some_and(|other| other.uid == owner.uid)
        };
        let sets = cache.dependents_of::<ReplicaSet>(owner.uid).filter(managed);
        let pods = sets.flat_map(|set| cache.pods_of(set.meta.uid));
        let all: Vec<Rc<Pod>> = pods.filter(|pod| is_active(pod)).cloned().collect();
        *self.cx.visits += all.len() as u64;
        all
    }

    fn count(
        &self,
        active: &[Rc<Pod>],
        terminating: i32,
        failed: Option<&Status>,
    ) -> ReplicaSetStatus {
        let set = &self.set;
        let labels = &set.spec.template.meta.labels;
        let number = |chosen: &dyn Fn(&Rc<Pod>) -> bool| {
            let chosen = active.iter().filter(|pod| chosen(pod));
            i32::try_from(chosen.count()).unwrap_or(i32::MAX)
        };
        let labelled =
            |pod: &Rc<Pod>| labels.iter().all(|(key, value)| pod.meta.label(key) == Some(value));
        let available = |pod: &Rc<Pod>| self.available_at(pod).is_some_and(|at| at <= self.cx.now);
        let mut conditions = set.status.conditions.clone();
        match (failed, condition(&conditions, FAILURE)) {
            (Some(status), None) => {
                let many = active.len() as i64 > i64::from(set.replicas());
                conditions.push(Condition {
                    kind: FAILURE.into(),
                    status: "True".into(),
                    last_transition_time: Some(self.cx.now.whole_second()),
                    reason: if many { "FailedDelete" } else { "FailedCreate" }.into(),
                    message: status.message.as_str().into(),
                    ..Condition::default()
                });
            }
            (None, Some(_)) => conditions.retain(|condition| &*condition.kind != FAILURE),
            _ => {}
        }
        ReplicaSetStatus {
            replicas: number(&|_| true),
            fully_labeled_replicas: number(&labelled),
            ready_replicas: number(&|pod| pod.is_ready()),
            available_replicas: number(&available),
            terminating_replicas: Some(terminating),
            observed_generation: set.meta.generation,
            conditions,
            rest: set.status.rest.clone(),
        }
    }

    fn write_status(&mut self, status: ReplicaSetStatus) -> Answer<()> {
        if self.set.status == status {
            return Ok(());
        }
        let mut set = (*self.set).clone();
        set.status = status.clone();
        match self.cx.client().update_status(set) {
            // Somebody changed it meanwhile, a scale perhaps. What was seen stays true.
            Err(conflict) if conflict.is_conflict() => {
                let key = Key::of(&self.set.meta);
                let write = |newest: &mut ReplicaSet| newest.status = status;
                self.cx.client().patch_status::<ReplicaSet>(&key, write).map(drop)
            }
            answer => answer.map(drop),
        }
    }

    /// When the Pod is available if it stays ready; `None` if it is not ready.
    fn available_at(&self, pod: &Pod) -> Option<SimTime> {
        let ready = condition(&pod.status.conditions, "Ready").filter(|_| pod.is_ready())?;
        let min_ready = Span::seconds(self.set.spec.min_ready_seconds.max(0) as u64);
        // The exact instant does not count yet.
        let margin = Span::millis(u64::from(min_ready.0 > 0));
        Some(ready.last_transition_time.unwrap_or(SimTime::ZERO) + min_ready + margin)
    }

    /// Says what it waits for; gives when the next Pod becomes available.
    fn wait_for(&mut self, active: &[Rc<Pod>], failed: Option<&Status>) -> Option<SimTime> {
        let now = self.cx.now;
        let soon = |pod: &Rc<Pod>| self.available_at(pod).filter(|at| *at > now);
        let next = active.iter().filter_map(|pod| Some((soon(pod)?, pod)));
        let next = next.min_by_key(|(at, _)| *at);
        let mut wait = |on: Option<&Pod>, because: Because, until: Option<SimTime>| {
            let subject = ObjectRef::new(Kind::ReplicaSet, Key::of(&self.set.meta));
            let on = on.map(|pod| ObjectRef::new(Kind::Pod, Key::of(&pod.meta)));
            self.waits.push(Wait { subject, on, because, since: now, until });
        };
        if let Some(status) = failed {
            let message = status.message.as_str().into();
            wait(None, Because::PodRefused { message }, None);
        }
        if let Some(pod) = active.iter().find(|pod| !pod.is_ready()) {
            wait(Some(pod), Because::PodNotReady, None);
        }
        let (next, pod) = next?;
        let min_ready = Span::seconds(self.set.spec.min_ready_seconds.max(0) as u64);
        wait(Some(pod), Because::PodNotAvailable { min_ready }, Some(next));
        Some(next)
    }
}

fn selects(set: &ReplicaSet, pod: &Pod) -> bool {
    set.spec.selector.as_ref().is_some_and(|selector| selector.matches(&pod.meta.labels))
}

/// Whether the Pod counts: it has not ended and is not about to.
fn is_active(pod: &Pod) -> bool {
    !pod.is_terminal() && !pod.is_terminating()
}

fn is_namespace_going(status: &Status) -> bool {
    status.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}
