//! Keeps Deployments: a ReplicaSet for each template there ever was, of which the newest grows
//! while the others shrink.
//!
//! Reading order: this file (which Deployment a change concerns, what is due), `sets` (which
//! ReplicaSet is the new one, its name and its revision), `rollout` (how many Pods each may
//! have), `status`.
//!
//! Not here: upstream gives up after 15 failures in a row, until something changes.
//!
//! Upstream: pkg/controller/deployment/deployment_controller.go and sync.go

mod rollout;
mod sets;
mod status;

use crate::api::apps::deployment::{Deployment, ReplicaSet};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::condition;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::{Controller, ownership};
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// Keeps Deployments.
#[derive(Clone, Debug, Default)]
pub struct DeploymentController {}

impl Controller for DeploymentController {
    const COMPONENT: &'static str = "deployment-controller";

    fn observe(
        &mut self,
        _now: crate::base::time::SimTime,
        change: &Change,
        cache: &Store,
        keys: &mut Keys,
    ) {
        match change.kind {
            Kind::Deployment => keys.add(change.key.clone()),
            Kind::ReplicaSet => observe_set(change, cache, keys),
            Kind::Pod if change.is_removed() => observe_end(change, cache, keys),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let about = (Kind::Deployment, key);
        let Some(found) = cx.cache.get::<Deployment>(key).cloned() else {
            cx.say(Source::Deployment, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        let mut sync = Sync { cx, it: (*found).clone(), sets: Vec::new(), waits: Vec::new() };
        let done = sync.run();
        let waits = sync.waits;
        cx.say(Source::Deployment, about, waits);
        match done {
            Err(status) if is_namespace_going(&status) => Ok(Requeue::AwaitChange),
            done => done,
        }
    }
}

fn is_namespace_going(status: &crate::apiserver::status::Status) -> bool {
    status.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// The Deployment that manages the ReplicaSet, if it still is that one.
fn owner_of(cache: &Store, set: &ReplicaSet) -> Option<Rc<Deployment>> {
    let owner = set.meta.controller_of().filter(|owner| &*owner.kind == "Deployment")?;
    let key = Key::new(set.meta.namespace.clone(), owner.name.clone());
    cache.get::<Deployment>(&key).filter(|found| found.meta.uid == owner.uid).cloned()
}

fn observe_set(change: &Change, cache: &Store, keys: &mut Keys) {
    let (old, new) = (change.old::<ReplicaSet>(), change.new::<ReplicaSet>());
    for set in old.into_iter().chain(new) {
        if let Some(owner) = owner_of(cache, set) {
            keys.add(Key::of(&owner.meta));
        }
    }
    let Some(set) = new.filter(|set| set.meta.controller_of().is_none()) else { return };
    let matter =
        |set: &Rc<ReplicaSet>| (set.meta.labels.clone(), set.meta.controller_of().cloned());
    if old.map(matter) == Some(matter(set)) {
        return;
    }
    for deployment in cache.list_in::<Deployment>(&set.meta.namespace) {
        let selector = deployment.spec.selector.as_ref();
        if selector.is_some_and(|s| !s.is_empty() && s.matches(&set.meta.labels)) {
            keys.add(Key::of(&deployment.meta));
        }
    }
}

/// Recreate goes on when the last Pod is gone.
fn observe_end(change: &Change, cache: &Store, keys: &mut Keys) {
    let Some(pod) = change.old::<Pod>() else { return };
    let set = pod.meta.controller_of().filter(|owner| &*owner.kind == "ReplicaSet");
    let set = set.and_then(|owner| {
        let key = Key::new(pod.meta.namespace.clone(), owner.name.clone());
        cache.get::<ReplicaSet>(&key).filter(|set| set.meta.uid == owner.uid)
    });
    let Some(deployment) = set.and_then(|set| owner_of(cache, set)) else { return };
    let mut sets = cache.dependents_of::<ReplicaSet>(deployment.meta.uid);
    if !deployment.is_rolling() && sets.all(|set| cache.pods_of(set.meta.uid).next().is_none()) {
        keys.add(Key::of(&deployment.meta));
    }
}

/// One look at one Deployment.
struct Sync<'s, 'c> {
    cx: &'s mut ControlPlane<'c>,
    /// The Deployment as the cache showed it, with what is to be written. Its version stays what
    /// it was: a second write of one look is refused, and the next look makes it.
    it: Deployment,
    /// Its ReplicaSets as the cache showed them.
    sets: Vec<Rc<ReplicaSet>>,
    waits: Vec<Wait>,
}

/// The ReplicaSet of the template there is now, and all others.
struct Sets {
    new: Option<Rc<ReplicaSet>>,
    old: Vec<Rc<ReplicaSet>>,
}

impl Sets {
    fn all(&self) -> impl Iterator<Item = &Rc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }
}

impl Sync<'_, '_> {
    fn run(&mut self) -> Answer<Requeue> {
        let meta = self.it.meta.clone();
        let cache = self.cx.cache.clone();
        let own = cache.dependents_of::<ReplicaSet>(meta.uid);
        let candidates = own.chain(cache.free::<ReplicaSet>(&meta.namespace)).cloned().collect();
        let selector = &self.it.spec.selector;
        self.sets =
            ownership::claim::<Deployment, ReplicaSet>(self.cx, &meta, selector, candidates)?;
        if meta.is_terminating() {
            let sets = self.sync_revision(false)?;
            return self.write_counts(&sets);
        }
        self.note_pause()?;
        if self.it.spec.paused || self.is_scaled()? {
            return self.scale_all();
        }
        match self.it.is_rolling() {
            true => self.roll(),
            false => self.recreate(),
        }
    }

    /// Says in the status that the Deployment is paused, or goes on, so that its deadline does
    /// not count meanwhile.
    fn note_pause(&mut self) -> Answer<()> {
        let progressing = condition(&self.it.status.conditions, status::PROGRESSING);
        let reason = progressing.map_or("", |condition| &*condition.reason);
        if !self.has_deadline() || reason == "ProgressDeadlineExceeded" {
            return Ok(());
        }
        let (reason, message) = match (self.it.spec.paused, reason == "DeploymentPaused") {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        };
        self.set_progress("Unknown", reason, message);
        self.write_status()
    }

    /// Whether somebody changed how many Pods are wanted.
    fn is_scaled(&mut self) -> Answer<bool> {
        let sets = self.sync_revision(false)?;
        let wanted = self.it.replicas();
        let differs = |set: &Rc<ReplicaSet>| {
            sets::number(&set.meta, sets::DESIRED).is_some_and(|desired| desired != wanted)
        };
        let scaled = sets.all().filter(|set| set.replicas() > 0).any(differs);
        Ok(scaled)
    }

    /// Paused or scaled: ReplicaSets get their share, and no template moves on.
    fn scale_all(&mut self) -> Answer<Requeue> {
        let sets = self.sync_revision(false)?;
        self.scale(&sets)?;
        if self.it.spec.paused {
            self.clean_up(&sets.old)?;
            if sets.new.is_none() {
                self.wait(None, Because::Paused);
            }
        }
        self.write_counts(&sets)
    }

    fn wait(&mut self, on: Option<ObjectRef>, because: Because) {
        let subject = ObjectRef::new(Kind::Deployment, Key::of(&self.it.meta));
        self.waits.push(Wait { subject, on, because, since: self.cx.now, until: None });
    }

    fn event(&mut self, kind: EventKind, reason: &str, message: &str) {
        let about = Object::Deployment(Rc::new(self.it.clone()));
        self.cx.event(&about, kind, reason, message);
    }
}
