//! Keeps DaemonSets: a Pod on each node that fits, which the scheduler places like any other.
//!
//! Reading order: this file (which set a change concerns, one look at a set, its status),
//! `nodes` (which nodes fit), `manage` (what each needs), `rollout`, `history`.
//!
//! Upstream: pkg/controller/daemon/daemon_controller.go

mod history;
mod manage;
mod nodes;
mod rollout;

use crate::api::apps::daemon_set::{DaemonSet, DaemonSetStatus};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::int_or_text::IntOrText;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::{Uid, condition};
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::controller::ownership;
use crate::trace::{Because, Source, Wait};
use nodes::verdict;
use std::rc::Rc;

/// Keeps DaemonSets.
#[derive(Clone, Debug, Default)]
pub struct DaemonSetController {
    /// The revision after the controller's own last writes of Pods, by set: until its cache has
    /// them, it only counts. Upstream counts expectations.
    acted: Map<Key, u64>,
    /// How long failed Pods are left, by set and node.
    pauses: Map<(Uid, Str), Pause>,
}

/// A pause before a failed Pod is replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pause {
    span: Span,
    since: SimTime,
    /// The generation of the set it was for.
    generation: i64,
}

/// One look at one set.
struct Sync<'s, 'c> {
    cx: &'s mut ControlPlane<'c>,
    set: Rc<DaemonSet>,
    nodes: Vec<Rc<Node>>,
    /// Its Pods by node, as the cache shows them, without those that have ended and go.
    pods: SortedMap<Str, Vec<Rc<Pod>>>,
    /// The hash of its template.
    hash: Str,
    pauses: &'s mut Map<(Uid, Str), Pause>,
    waits: Vec<Wait>,
    /// When to look again.
    next: Option<Span>,
}

impl Controller for DaemonSetController {
    const COMPONENT: &'static str = "daemonset-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::DaemonSet => keys.add(change.key.clone()),
            Kind::Node => observe_node(change, cache, keys),
            Kind::Pod => observe_pod(change, cache, keys),
            Kind::ControllerRevision => {
                // Its own revision is no news, but one that changes or goes is.
                let old = change.old.as_ref().and_then(|old| owner_of(cache, old));
                keys.now.extend(old);
            }
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let about = (Kind::DaemonSet, key);
        let Some(set) = cx.cache.get::<DaemonSet>(key).cloned() else {
            self.acted.remove_mut(key);
            cx.say(Source::DaemonSet, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        // What becomes of a set that goes, with its Pods and revisions, is the collector's.
        if set.meta.is_terminating() {
            cx.say(Source::DaemonSet, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        }
        let may_act = self.acted.get(key).is_none_or(|&acted| acted <= cx.cache.revision());
        let nodes: Vec<Rc<Node>> = cx.cache.list::<Node>().cloned().collect();
        *cx.visits += nodes.len() as u64;
        let (pods, hash) = (SortedMap::new(), "".into());
        let pauses = &mut self.pauses;
        let waits = Vec::new();
        let mut sync = Sync { cx, set, nodes, pods, hash, pauses, waits, next: None };
        let done = sync.run(may_act, &mut self.acted);
        let (waits, next) = (sync.waits, sync.next);
        cx.say(Source::DaemonSet, about, waits);
        done.map(|()| next.map_or(Requeue::AwaitChange, Requeue::After))
    }
}

/// The DaemonSet that manages `object`, if it still is that one.
fn owner_of(cache: &Store, object: &Object) -> Option<Key> {
    let meta = object.meta();
    let owner = meta.controller_of().filter(|owner| &*owner.kind == "DaemonSet")?;
    let key = Key::new(meta.namespace.clone(), owner.name.clone());
    cache.get::<DaemonSet>(&key).filter(|set| set.meta.uid == owner.uid).map(|_| key)
}

fn observe_pod(change: &Change, cache: &Store, keys: &mut Keys) {
    for object in change.old.iter().chain(&change.new) {
        keys.now.extend(owner_of(cache, object));
    }
    let Some(pod) = change.new::<Pod>().filter(|pod| pod.meta.controller_of().is_none()) else {
        return;
    };
    let matter = |pod: &Rc<Pod>| (pod.meta.labels.clone(), pod.meta.controller_of().cloned());
    if pod.is_terminating() || change.old::<Pod>().map(matter) == Some(matter(pod)) {
        return;
    }
    for set in cache.list_in::<DaemonSet>(&pod.meta.namespace) {
        if set.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.meta.labels)) {
            keys.add(Key::of(&set.meta));
        }
    }
}

/// A node that comes or changes concerns the sets that lack a Pod there, and those that have one
/// and may not; that others are to count differently shows when they look the next time. One that
/// goes takes its Pods with it in its own time.
fn observe_node(change: &Change, cache: &Store, keys: &mut Keys) {
    let Some(new) = change.new::<Node>() else { return };
    let old = change.old::<Node>();
    if old.is_some_and(|old| (&old.meta.labels, &old.spec) == (&new.meta.labels, &new.spec)) {
        return;
    }
    let name = &new.meta.name;
    for set in cache.list::<DaemonSet>() {
        let is_here = |pod: &Rc<Pod>| match pod.is_assigned() {
            true => pod.spec.node_name == *name,
            false => nodes::target(pod) == *name,
        };
        let verdict = verdict(set, new);
        let concerns = match cache.pods_of(set.meta.uid).any(is_here) {
            true => !verdict.may_stay,
            false => verdict.should_run,
        };
        if concerns {
            keys.add(Key::of(&set.meta));
        }
    }
}

impl Sync<'_, '_> {
    fn run(&mut self, may_act: bool, acted: &mut Map<Key, u64>) -> Answer<()> {
        let set = self.set.clone();
        if set.spec.selector.as_ref().is_none_or(|selector| selector.is_empty()) {
            let text = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.event(EventKind::Warning, "SelectingAll", text);
            return Ok(());
        }
        let history = self.history()?;
        self.hash = history.hash;
        self.claim_pods()?;
        let mut done = Ok(());
        if may_act {
            let before = self.cx.server.writes();
            let plan = self.plan();
            done = self.carry_out(&plan);
            // What was created or deleted must be seen first.
            if done.is_ok() && plan.create.is_empty() && plan.delete.is_empty() {
                let plan = self.roll_out();
                done = self.carry_out(&plan);
            }
            if self.cx.server.writes() != before {
                acted.insert_mut(Key::of(&set.meta), self.cx.server.store.revision());
            }
            done = done.and_then(|()| self.clean_up(&history.old));
        }
        let written = self.write_status(may_act);
        done.and(written)
    }

    fn claim_pods(&mut self) -> Answer<()> {
        let set = self.set.clone();
        let cache = self.cx.cache.clone();
        let free = cache.free::<Pod>(&set.meta.namespace);
        let pods: Vec<Rc<Pod>> = cache.pods_of(set.meta.uid).chain(free).cloned().collect();
        let selector = &set.spec.selector;
        for pod in ownership::claim::<DaemonSet, Pod>(self.cx, &set.meta, selector, pods)? {
            let node = nodes::target(&pod);
            let on_its_way_out = pod.is_terminal() && pod.is_terminating();
            if !on_its_way_out && !node.is_empty() {
                self.pods.get_or_default(node).push(pod);
            }
        }
        Ok(())
    }

    /// Counts, and writes that if it is new. `acted`: whether the set was looked after as well.
    fn write_status(&mut self, acted: bool) -> Answer<()> {
        let set = self.set.clone();
        let mut status = DaemonSetStatus {
            observed_generation: set.status.observed_generation,
            collision_count: set.status.collision_count,
            conditions: set.status.conditions.clone(),
            rest: set.status.rest.clone(),
            ..DaemonSetStatus::default()
        };
        if acted {
            status.observed_generation = set.meta.generation;
        }
        for node in self.nodes.clone() {
            let mut pods = self.pods.get(&node.meta.name).cloned().unwrap_or_default();
            manage::sort_by_age(&mut pods);
            let should_run = verdict(&set, &node).should_run;
            status.desired_number_scheduled += i32::from(should_run);
            let Some(pod) = pods.first() else { continue };
            if !should_run {
                status.number_misscheduled += 1;
                continue;
            }
            let (ready, available) = (pod.is_ready(), self.is_available(pod));
            status.current_number_scheduled += 1;
            status.number_ready += i32::from(ready);
            status.number_available += i32::from(available);
            status.updated_number_scheduled += i32::from(nodes::is_updated(&set, pod, &self.hash));
            if !ready {
                self.wait(Some(pod), Because::PodNotReady, None);
            } else if !available {
                let min_ready = self.min_ready();
                let until = ready_since(pod).map(|since| since + min_ready);
                self.wait(Some(pod), Because::PodNotAvailable { min_ready }, until);
            }
        }
        status.number_unavailable = status.desired_number_scheduled - status.number_available;
        if self.min_ready() > Span::ZERO && status.number_ready != status.number_available {
            self.later(self.min_ready());
        }
        if status == set.status {
            return Ok(());
        }
        let new = DaemonSet { status: status.clone(), ..(*set).clone() };
        match self.cx.client().update_status(new) {
            // Somebody changed it meanwhile. What was seen stays true.
            Err(conflict) if conflict.is_conflict() => {
                let write = |newest: &mut DaemonSet| newest.status = status;
                self.cx.client().patch_status(&Key::of(&set.meta), write).map(drop)
            }
            answer => answer.map(drop),
        }
    }

    fn min_ready(&self) -> Span {
        Span::seconds(self.set.spec.min_ready_seconds.max(0) as u64)
    }

    /// Whether the Pod has been ready for longer than minReadySeconds.
    fn is_available(&self, pod: &Pod) -> bool {
        let min_ready = self.min_ready();
        let long = |since: SimTime| min_ready == Span::ZERO || since + min_ready < self.cx.now;
        ready_since(pod).is_some_and(long)
    }

    /// How many nodes may have a second Pod; `None` if none may.
    fn max_surge(&self) -> Option<&IntOrText> {
        let rolling = self.set.spec.update_strategy.rolling_update.as_ref()?;
        rolling.max_surge.as_ref().filter(|surge| surge.scaled(100, true) != Some(0))
    }

    /// Asks to be woken after `span`, or earlier.
    fn later(&mut self, span: Span) {
        self.next = Some(self.next.map_or(span, |next| next.min(span)));
    }

    /// Says that the set waits.
    fn wait(&mut self, on: Option<&Rc<Pod>>, because: Because, until: Option<SimTime>) {
        let subject = ObjectRef::new(Kind::DaemonSet, Key::of(&self.set.meta));
        let on = on.map(|pod| ObjectRef::new(Kind::Pod, Key::of(&pod.meta)));
        self.waits.push(Wait { subject, on, because, since: self.cx.now, until });
    }

    /// Says that a Pod waits.
    fn wait_pod(&mut self, pod: &Rc<Pod>, on: Option<&Rc<Pod>>, because: Because) {
        let reference = |pod: &Rc<Pod>| ObjectRef::new(Kind::Pod, Key::of(&pod.meta));
        let (subject, on) = (reference(pod), on.map(reference));
        self.waits.push(Wait { subject, on, because, since: self.cx.now, until: None });
    }

    fn event(&mut self, kind: EventKind, reason: &str, message: &str) {
        let set = Object::DaemonSet(self.set.clone());
        self.cx.event(&set, kind, reason, message);
    }
}

fn ready_since(pod: &Pod) -> Option<SimTime> {
    let ready = condition(&pod.status.conditions, "Ready").filter(|_| pod.is_ready())?;
    ready.last_transition_time
}
