//! Deletes Pods from nodes with NoExecute taints they do not tolerate, at once or when the time
//! they tolerate them is over; and says of every Pod that is Terminating on a node which does
//! not answer that only its kubelet could end that.
//!
//! As upstream, what is scheduled is remembered by the Pod's name, a change of taints never
//! moves a time that is set already, and a Node object that goes does not cancel anything.
//!
//! Upstream: pkg/controller/tainteviction/{taint_eviction,timed_workers}.go

use crate::api::core::node::{Node, Taint};
use crate::api::core::pod::Pod;
use crate::api::core::scheduling::Toleration;
use crate::api::core::volume::ObjectReference;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::{Condition, Uid, set_condition};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// Deletes Pods from nodes with NoExecute taints they do not tolerate.
#[derive(Clone, Debug, Default)]
pub struct TaintEvictionController {
    /// What is scheduled, by the Pod's name; `None` once it has been done.
    work: Map<Key, (Uid, Option<Work>)>,
    /// Pods whose change, or whose node's change, has not been handled.
    changed: Set<Key>,
    /// Pods of which it is said that they wait.
    waiting: Set<Key>,
}

#[derive(Clone, Copy, Debug)]
struct Work {
    at: SimTime,
    span: Span,
}

impl Controller for TaintEvictionController {
    const COMPONENT: &'static str = "taint-eviction-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Node => self.observe_node(change, cache, keys),
            Kind::Pod => self.observe_pod(change, keys),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        if self.changed.remove_mut(key) {
            self.handle(cx, key);
        }
        if let Some((uid, Some(work))) = self.work.get(key).copied()
            && work.at <= cx.now
        {
            self.evict(cx, key, uid);
        }
        self.say(cx, key);
        let next = self.scheduled(key).map(|work| Requeue::After(work.at.since(cx.now)));
        Ok(next.unwrap_or(Requeue::AwaitChange))
    }
}

impl TaintEvictionController {
    fn observe_node(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        let (old, new) = (change.old::<Node>(), change.new::<Node>());
        let taints = |node: Option<&Rc<Node>>| node.map(|node| no_execute(node));
        if new.is_some() && taints(old).unwrap_or_default() != taints(new).unwrap_or_default() {
            for pod in cache.pods_on(&change.key.name) {
                let key = Key::of(&pod.meta);
                self.changed.insert_mut(key.clone());
                keys.add(key);
            }
        }
        let ready = |node: Option<&Rc<Node>>| node.map(|node| node.ready() == "Unknown");
        if ready(old) != ready(new) {
            // Pods that wait for their kubelet now do so for another reason, or no more.
            for pod in cache.pods_on(&change.key.name).filter(|pod| pod.is_terminating()) {
                keys.add(Key::of(&pod.meta));
            }
        }
    }

    fn observe_pod(&mut self, change: &Change, keys: &mut Keys) {
        let (old, new) = (change.old::<Pod>(), change.new::<Pod>());
        let same = |a: &Rc<Pod>, b: &Rc<Pod>| {
            a.meta.uid == b.meta.uid
                && a.spec.node_name == b.spec.node_name
                && a.spec.tolerations == b.spec.tolerations
        };
        if new.is_none_or(|new| old.is_none_or(|old| !same(old, new))) {
            let assigned = |pod: &&Rc<Pod>| pod.is_assigned();
            if old.is_some_and(|old| assigned(&old)) || new.is_some_and(|new| assigned(&new)) {
                self.changed.insert_mut(change.key.clone());
                keys.add(change.key.clone());
            }
        } else if old.map(|pod| pod.is_terminating()) != new.map(|pod| pod.is_terminating()) {
            keys.add(change.key.clone());
        }
    }

    fn scheduled(&self, pod: &Key) -> Option<Work> {
        self.work.get(pod).and_then(|(_, work)| *work)
    }

    fn handle(&mut self, cx: &mut ControlPlane<'_>, key: &Key) {
        let Some(pod) = cx.cache.get::<Pod>(key).cloned() else {
            self.cancel(cx, key);
            return;
        };
        if self.work.get(key).is_some_and(|(uid, _)| *uid != pod.meta.uid) {
            // Its predecessor has gone, and that was not noticed in between.
            self.cancel(cx, key);
        }
        let node = Key::global(pod.spec.node_name.clone());
        if let Some(node) = cx.cache.get::<Node>(&node).cloned() {
            match no_execute(&node) {
                none if none.is_empty() => self.cancel(cx, key),
                taints => self.process(cx, &pod, &taints),
            }
        }
    }

    /// Decides what the taints of its node mean for `pod`.
    fn process(&mut self, cx: &mut ControlPlane<'_>, pod: &Pod, taints: &[Taint]) {
        let (key, uid) = (Key::of(&pod.meta), pod.meta.uid);
        match tolerated_for(taints, &pod.spec.tolerations) {
            Tolerated::Never => {
                self.cancel(cx, &key);
                self.evict(cx, &key, uid);
            }
            Tolerated::Always => self.cancel(cx, &key),
            Tolerated::For(Span(0)) if !self.work.contains_key(&key) => self.evict(cx, &key, uid),
            Tolerated::For(span) if !self.work.contains_key(&key) => {
                let work = Work { at: cx.now + span, span };
                self.work.insert_mut(key, (uid, Some(work)));
            }
            // A time that is set stays, even if the tolerations would give another one now.
            Tolerated::For(_) => {}
        }
    }

    fn evict(&mut self, cx: &mut ControlPlane<'_>, key: &Key, uid: Uid) {
        tell(cx, key, &format!("Marking for deletion Pod {key}"));
        if mark_and_delete(cx, key).is_ok() {
            self.work.insert_mut(key.clone(), (uid, None));
        } else {
            self.work.remove_mut(key);
        }
    }

    fn cancel(&mut self, cx: &mut ControlPlane<'_>, key: &Key) {
        if self.scheduled(key).is_some() {
            tell(cx, key, &format!("Cancelling deletion of Pod {key}"));
        }
        self.work.remove_mut(key);
    }

    /// Says of a Pod whether it waits for its eviction or for its kubelet.
    fn say(&mut self, cx: &mut ControlPlane<'_>, key: &Key) {
        let pod = cx.cache.get::<Pod>(key).cloned();
        let wait = pod.and_then(|pod| {
            let name = pod.spec.node_name.clone();
            let (because, until) = if pod.is_terminating() {
                if !is_silent(cx, &pod) {
                    return None;
                }
                (Because::KubeletSilent { node: name.clone() }, None)
            } else {
                let Work { at, span } = self.scheduled(key)?;
                let silent = is_silent(cx, &pod);
                (Because::Toleration { node: name.clone(), span, silent }, Some(at))
            };
            let on = Some(ObjectRef::new(Kind::Node, Key::global(name)));
            Some(Wait { on, until, ..cx.wait(&Object::Pod(pod), because) })
        });
        match wait {
            Some(_) => self.waiting.insert_mut(key.clone()),
            None if !self.waiting.remove_mut(key) => return,
            None => {}
        }
        cx.say(Source::TaintEviction, (Kind::Pod, key), wait.into_iter().collect());
    }
}

/// Whether nobody can say that `pod` has stopped: its node does not answer or is gone.
fn is_silent(cx: &ControlPlane<'_>, pod: &Pod) -> bool {
    let node = cx.cache.get::<Node>(&Key::global(pod.spec.node_name.clone()));
    pod.is_assigned() && node.is_none_or(|node| node.ready() == "Unknown")
}

fn no_execute(node: &Node) -> Vec<Taint> {
    node.spec.taints.iter().filter(|taint| &*taint.effect == "NoExecute").cloned().collect()
}

/// How long taints are borne.
enum Tolerated {
    Never,
    For(Span),
    Always,
}

/// How long `tolerations` bear all of `taints`: for each taint the first that fits counts, and
/// of these the shortest.
fn tolerated_for(taints: &[Taint], tolerations: &[Toleration]) -> Tolerated {
    let mut shortest: Option<i64> = None;
    for taint in taints {
        let Some(fits) = tolerations.iter().find(|toleration| toleration.tolerates(taint)) else {
            return Tolerated::Never;
        };
        if let Some(seconds) = fits.toleration_seconds {
            shortest = Some(shortest.map_or(seconds, |least| least.min(seconds)));
        }
    }
    match shortest {
        None => Tolerated::Always,
        Some(seconds) => Tolerated::For(Span::seconds(seconds.max(0).unsigned_abs())),
    }
}

/// Marks the Pod as disrupted and deletes it with its own grace.
fn mark_and_delete(cx: &mut ControlPlane<'_>, key: &Key) -> Answer<()> {
    let now = cx.now;
    cx.client().patch_status(key, |pod: &mut Pod| {
        let target = Condition {
            kind: "DisruptionTarget".into(),
            status: "True".into(),
            reason: "DeletionByTaintManager".into(),
            message: "Taint manager: deleting due to NoExecute taint".into(),
            observed_generation: pod.meta.generation,
            ..Condition::default()
        };
        set_condition(&mut pod.status.conditions, target, now);
    })?;
    cx.client().delete(Kind::Pod, key, &DeleteOptions::default())?;
    Ok(())
}

fn tell(cx: &mut ControlPlane<'_>, key: &Key, message: &str) {
    let about = ObjectReference {
        kind: "Pod".into(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        api_version: "v1".into(),
        ..ObjectReference::default()
    };
    let reason = "TaintManagerEviction";
    cx.recorder.record_about(cx.server, cx.now, about, EventKind::Normal, reason, message);
}
