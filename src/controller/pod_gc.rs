//! Removes Pods that nobody will ever finish: on nodes that are gone (after a quarantine), on
//! nodes declared out of service, without a node but being deleted; and the oldest finished
//! ones once there are too many.
//!
//! The loop comes by every 20 s. It is not woken here unless something may be collected, and
//! candidates are remembered as they come up instead of being searched for.
//!
//! Upstream: pkg/controller/podgc/gc_controller.go

use crate::api::core::node::Node;
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::{Condition, set_condition};
use crate::apiserver::status::Status;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

const PERIOD: Span = Span::seconds(20);
const QUARANTINE: Span = Span::seconds(40);
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Removes Pods that nobody will ever finish.
#[derive(Clone, Debug, Default)]
pub struct PodGCController {
    /// When the process started: the phase of the loop.
    started: SimTime,
    /// Nodes that are gone or out of service, and may have Pods.
    suspects: Set<Str>,
    /// Nodes that were found missing, with the pass that may collect their Pods.
    quarantine: Map<Str, SimTime>,
    /// Pods without a node that are being deleted.
    unscheduled: Set<Key>,
    /// Pods that have ended: evicted ones first, then by age, then by name.
    terminated: Set<(bool, Option<SimTime>, Str, Str)>,
    /// Pods of which it is said that they wait.
    waiting: Set<Key>,
}

impl Controller for PodGCController {
    const COMPONENT: &'static str = "pod-garbage-collector";

    fn start(&mut self, now: SimTime, _keys: &mut Keys) {
        self.started = now;
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Node => self.observe_node(change, cache, keys),
            Kind::Pod => self.observe_pod(change, cache, keys),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        if *key != the_loop() {
            self.say(cx, key);
            return Ok(Requeue::AwaitChange);
        }
        let mut tick = cx.now.next_tick(self.started, PERIOD);
        if tick == cx.now && self.has_work(cx) {
            self.collect(cx);
            tick = tick + PERIOD;
        }
        Ok(match self.has_work(cx) {
            true => Requeue::After(tick.since(cx.now)),
            false => Requeue::AwaitChange,
        })
    }
}

impl PodGCController {
    fn observe_node(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        let name = &change.key.name;
        let (was, is) = (suspect(change.old::<Node>()), suspect(change.new::<Node>()));
        if is {
            self.suspects.insert_mut(name.clone());
        } else {
            self.suspects.remove_mut(name);
        }
        if was == is && !change.is_added() {
            return;
        }
        for pod in cache.pods_on(name) {
            let key = Key::of(&pod.meta);
            if is || self.waiting.contains(&key) {
                keys.add(key);
            }
        }
        if is {
            keys.add(the_loop());
        }
    }

    fn observe_pod(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        let key = &change.key;
        let (old, new) = (change.old::<Pod>(), change.new::<Pod>());
        let ended = |pod: Option<&Rc<Pod>>| pod.filter(|pod| pod.is_terminal()).map(|p| place(p));
        if ended(old) != ended(new) {
            if let Some(place) = ended(old) {
                self.terminated.remove_mut(&place);
            }
            if let Some(place) = ended(new) {
                self.terminated.insert_mut(place);
                keys.add(the_loop());
            }
        }
        if new.is_some_and(|pod| is_unscheduled(pod)) {
            self.unscheduled.insert_mut(key.clone());
            keys.add(the_loop());
        } else {
            self.unscheduled.remove_mut(key);
        }
        if let Some(pod) = new.filter(|pod| pod.is_assigned()) {
            let node = &pod.spec.node_name;
            if !self.suspects.contains(node) && !has_node(cache, node) {
                self.suspects.insert_mut(node.clone());
            }
            if self.suspects.contains(node) {
                keys.add(the_loop());
                keys.add(key.clone());
            }
        }
        if self.waiting.contains(key) || self.unscheduled.contains(key) {
            keys.add(key.clone());
        }
    }

    /// Whether the next pass could do or begin something.
    fn has_work(&self, cx: &mut ControlPlane<'_>) -> bool {
        let threshold = cx.config.flags.terminated_pod_gc_threshold;
        if threshold > 0 && self.terminated.size() as u64 > threshold {
            return true;
        }
        if self.unscheduled.iter().any(|key| {
            *cx.visits += 1;
            cx.cache.get::<Pod>(key).is_some_and(|pod| is_unscheduled(pod))
        }) {
            return true;
        }
        self.suspects.iter().any(|name| {
            let found = has_node(&cx.cache, name);
            cx.cache.pods_on(name).any(|pod| {
                *cx.visits += 1;
                is_due(pod) && (!found || pod.is_terminating())
            })
        })
    }

    /// One pass.
    fn collect(&mut self, cx: &mut ControlPlane<'_>) {
        self.collect_terminated(cx);
        let suspects: Vec<Str> = self.suspects.iter().cloned().collect();
        for name in &suspects {
            let key = Key::global(name.clone());
            if cx.cache.get::<Node>(&key).is_some_and(|node| suspect(Some(node))) {
                self.collect_node(cx, name, None, |pod| pod.is_terminating());
            }
        }
        for name in suspects {
            self.collect_orphans(cx, &name);
        }
        let unscheduled: Vec<Key> = self.unscheduled.iter().cloned().collect();
        for key in unscheduled {
            if let Some(pod) = cx.cache.get::<Pod>(&key).cloned() {
                remove(cx, &pod, None);
            }
        }
    }

    fn collect_terminated(&mut self, cx: &mut ControlPlane<'_>) {
        let threshold = cx.config.flags.terminated_pod_gc_threshold as usize;
        if threshold == 0 {
            return;
        }
        let excess = self.terminated.size().saturating_sub(threshold);
        let keys: Vec<Key> = self
            .terminated
            .iter()
            .take(excess)
            .map(|(_, _, name, namespace)| Key::new(namespace.clone(), name.clone()))
            .collect();
        for key in keys {
            *cx.visits += 1;
            if let Some(pod) = cx.cache.get::<Pod>(&key).cloned() {
                remove(cx, &pod, None);
            }
        }
    }

    /// Pods of a node that is gone: the node is noted first, and its Pods are collected by the
    /// pass that comes when the quarantine is over.
    fn collect_orphans(&mut self, cx: &mut ControlPlane<'_>, name: &Str) {
        let key = Key::global(name.clone());
        if cx.cache.get::<Node>(&key).is_some() {
            self.quarantine.remove_mut(name);
            return;
        }
        let now = cx.now;
        let due = self.quarantine.get(name).copied().filter(|due| *due >= now);
        if cx.cache.pods_on(name).next().is_none() {
            self.suspects.remove_mut(name);
            return;
        }
        match due {
            Some(due) if due > now => return,
            // A node is noted again while it still has Pods.
            _ => self.quarantine.insert_mut(name.clone(), now + QUARANTINE),
        }
        // The cache may be wrong, the server is asked.
        if due.is_none() || cx.client().get::<Node>(&key).is_ok() {
            return;
        }
        let condition = Condition {
            kind: "DisruptionTarget".into(),
            status: "True".into(),
            reason: "DeletionByPodGC".into(),
            message: "PodGC: node no longer exists".into(),
            ..Condition::default()
        };
        self.collect_node(cx, name, Some(&condition), |_| true);
    }

    fn collect_node(
        &self,
        cx: &mut ControlPlane<'_>,
        node: &Str,
        condition: Option<&Condition>,
        which: impl Fn(&Pod) -> bool,
    ) {
        let pods: Vec<Rc<Pod>> = cx.cache.pods_on(node).cloned().collect();
        for pod in pods.iter().filter(|pod| which(pod) && is_due(pod)) {
            *cx.visits += 1;
            remove(cx, pod, condition);
        }
    }

    /// Says of a Pod when it will be collected, if it will.
    fn say(&mut self, cx: &mut ControlPlane<'_>, key: &Key) {
        let wait = cx.cache.get::<Pod>(key).cloned().and_then(|pod| {
            let (because, until) = self.wait_of(cx, &pod)?;
            let on = Some(ObjectRef::new(Kind::Node, Key::global(pod.spec.node_name.clone())));
            let on = on.filter(|_| pod.is_assigned());
            Some(Wait { on, until: Some(until), ..cx.wait(&Object::Pod(pod), because) })
        });
        match wait {
            Some(_) => self.waiting.insert_mut(key.clone()),
            None if !self.waiting.remove_mut(key) => return,
            None => {}
        }
        cx.say(Source::PodGC, (Kind::Pod, key), wait.into_iter().collect());
    }

    fn wait_of(&self, cx: &ControlPlane<'_>, pod: &Pod) -> Option<(Because, SimTime)> {
        let node = pod.spec.node_name.clone();
        let tick = cx.now.next_tick(self.started, PERIOD);
        if !is_due(pod) {
            return None;
        }
        let found = cx.cache.get::<Node>(&Key::global(node.clone()));
        if pod.is_assigned() && found.is_none() {
            let noted = self.quarantine.get(&node).copied().filter(|due| *due >= tick);
            let until = noted.unwrap_or(tick + QUARANTINE);
            return Some((Because::NodeQuarantine { node }, until));
        }
        let collected = match found {
            Some(node) => pod.is_terminating() && suspect(Some(node)),
            None => is_unscheduled(pod),
        };
        collected.then_some((Because::PodGCTick { node }, tick))
    }
}

/// The key under which the loop is woken. No namespace is called so.
fn the_loop() -> Key {
    Key::new("*", "loop")
}

fn has_node(cache: &Store, name: &Str) -> bool {
    cache.get::<Node>(&Key::global(name.clone())).is_some()
}

/// Whether Pods of this node may have to be collected: it is gone, or out of service.
fn suspect(node: Option<&Rc<Node>>) -> bool {
    node.is_none_or(|node| {
        !node.is_ready() && node.spec.taints.iter().any(|taint| &*taint.key == OUT_OF_SERVICE)
    })
}

fn is_unscheduled(pod: &Pod) -> bool {
    pod.is_terminating() && !pod.is_assigned() && is_due(pod)
}

/// Whether removing `pod` would change anything: one that only a finalizer holds stays as it is.
fn is_due(pod: &Pod) -> bool {
    !(pod.is_terminal() && pod.meta.deletion_grace_period_seconds == Some(0))
}

fn place(pod: &Pod) -> (bool, Option<SimTime>, Str, Str) {
    let evicted = pod.status.phase == PodPhase::Failed && &*pod.status.reason == "Evicted";
    let (name, namespace) = (pod.meta.name.clone(), pod.meta.namespace.clone());
    (!evicted, pod.meta.creation_timestamp, name, namespace)
}

/// Sets the phase of `pod` to Failed unless it has ended, and removes it without grace.
fn remove(cx: &mut ControlPlane<'_>, pod: &Pod, condition: Option<&Condition>) {
    // What fails (it is gone meanwhile, or is another by now) is left to the next pass.
    let _ = try_remove(cx, pod, condition);
}

fn try_remove(cx: &mut ControlPlane<'_>, pod: &Pod, condition: Option<&Condition>) -> Answer<()> {
    let key = Key::of(&pod.meta);
    let fresh = cx.client().get::<Pod>(&key)?;
    if fresh.meta.uid != pod.meta.uid {
        return Err(Status::conflict(Kind::Pod, &key.name, "Precondition failed: UID"));
    }
    let now = cx.now;
    if !pod.is_terminal() {
        cx.client().patch_status(&key, |pod: &mut Pod| {
            pod.status.phase = PodPhase::Failed;
            if let Some(condition) = condition {
                set_condition(&mut pod.status.conditions, condition.clone(), now);
            }
        })?;
    }
    let options = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    cx.client().delete(Kind::Pod, &key, &options)?;
    Ok(())
}
