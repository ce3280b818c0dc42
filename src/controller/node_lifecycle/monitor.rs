//! The monitor: who has been silent for longer than the grace period, and what is said then.
//!
//! A sign of life counts from the pass that first saw it, so the grace period ends at the pass
//! that comes by a whole grace period later. (Upstream asks for *more* than the period, but
//! there each pass comes a little later than the one before.)
//!
//! Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go (monitorNodeHealth,
//! tryUpdateNodeHealth, processTaintBaseEviction), pkg/controller/util/node/controller_utils.go

use super::NodeLifecycleController;
use super::taints::swap;
use super::zones::{TAINTING_PERIOD, Zone, zone_of};
use crate::api::core::node::{NOT_READY, Node, UNREACHABLE};
use crate::api::core::pod::Pod;
use crate::api::core::volume::ObjectReference;
use crate::api::kinds::{Key, Object};
use crate::api::meta::{Condition, Uid, condition};
use crate::api::storage::Lease;
use crate::apiserver::Answer;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Requeue};
use std::rc::Rc;

/// How long a node may take that never reported anything (--node-startup-grace-period).
const STARTUP_GRACE: Span = Span::seconds(60);

/// The last signs of life of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Health {
    /// When a report of its status, or the node itself, was last heard of.
    pub heard: SimTime,
    /// The last renewal of its lease that is known.
    renewed: Option<SimTime>,
    /// Whether the lease goes on being renewed.
    renewing: bool,
}

/// Whether the difference between `old` and `new` is one that the monitor acts on.
pub(super) fn concerns(old: &Node, new: &Node) -> bool {
    let excluded = |node: &Node| node.meta.label(EXCLUDED).is_some();
    old.meta.uid != new.meta.uid
        || zone_of(old) != zone_of(new)
        || ready_of(old) != ready_of(new)
        || excluded(old) != excluded(new)
        || [NOT_READY, UNREACHABLE]
            .iter()
            .any(|key| old.taint(key, "NoExecute") != new.taint(key, "NoExecute"))
}

const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";

pub(super) fn ready_of(node: &Node) -> Option<&str> {
    condition(&node.status.conditions, "Ready").map(|ready| &*ready.status)
}

impl NodeLifecycleController {
    pub(super) fn health_of(&self, node: &Str) -> Health {
        self.health.get(node).copied().unwrap_or_default()
    }

    pub(super) fn set_health(&mut self, node: &Str, health: Health) {
        if health.renewing {
            self.silent.remove_mut(node);
        } else {
            self.silent.insert_mut(node.clone());
        }
        self.health.insert_mut(node.clone(), health);
    }

    /// Notes what the lease of `node` says; `None` if it is gone.
    pub(super) fn observe_lease(&mut self, now: SimTime, node: &Str, lease: Option<&Rc<Lease>>) {
        let mut health = self.health_of(node);
        match lease {
            Some(lease) => {
                health.renewing = lease.spec.renewing;
                health.renewed = health.renewed.max(lease.spec.renew_time.map(|time| time.0));
            }
            None => {
                health.heard = if health.renewing { now } else { health.heard };
                health.renewing = false;
            }
        }
        self.set_health(node, health);
    }

    /// Runs the loops whose time it is, and says when to come again.
    pub(super) fn run_loops(&mut self, cx: &mut ControlPlane<'_>) -> Requeue {
        let now = cx.now;
        let period = cx.config.flags.node_monitor_period;
        let mut tick = now.next_tick(self.started, period);
        let mut due = self.next_due(cx, None);
        if tick == now && (self.pending || due.is_some_and(|due| due <= now)) {
            self.pending = false;
            self.monitor(cx);
            // The cache does not show yet what has just been written: what was due until now
            // is done.
            due = self.next_due(cx, Some(now));
            tick = (now + Span::millis(1)).next_tick(self.started, period);
        } else if now.next_tick(self.started, TAINTING_PERIOD) == now {
            self.taint_in_turn(cx);
        }
        self.say(cx);
        let monitor = if self.pending { Some(tick) } else { due.map(|due| due.max(tick)) };
        let next = monitor.into_iter().chain(self.next_taint(now)).min();
        next.map_or(Requeue::AwaitChange, |at| Requeue::After(at.since(now)))
    }

    /// When the next node has been silent for long enough; only times later than `after`.
    fn next_due(&self, cx: &mut ControlPlane<'_>, after: Option<SimTime>) -> Option<SimTime> {
        let mut first: Option<SimTime> = None;
        for name in self.silent.iter() {
            *cx.visits += 1;
            let node = cx.cache.get::<Node>(&Key::global(name.clone()));
            let due = node.and_then(|node| self.due(cx, node));
            if let Some(due) = due.filter(|due| Some(*due) > after) {
                first = Some(first.map_or(due, |first| first.min(due)));
            }
        }
        first
    }

    /// When `node` is said not to answer if nothing is heard of it until then; `None` if its
    /// lease is being renewed or that has been said already.
    pub(super) fn due(&self, cx: &ControlPlane<'_>, node: &Node) -> Option<SimTime> {
        let flags = &cx.config.flags;
        let health = self.health_of(&node.meta.name);
        if health.renewing || ready_of(node) == Some("Unknown") {
            return None;
        }
        let grace = match ready_of(node) {
            Some(_) => flags.node_monitor_grace_period,
            None => STARTUP_GRACE,
        };
        let renewed = health.renewed.map(|at| at + cx.config.timing.watch_lag);
        let heard = renewed.map_or(health.heard, |at| at.max(health.heard));
        let probe = heard.next_tick(self.started, flags.node_monitor_period);
        Some((probe + grace).next_tick(self.started, flags.node_monitor_period))
    }

    /// One pass over all nodes.
    fn monitor(&mut self, cx: &mut ControlPlane<'_>) {
        let nodes: Vec<Rc<Node>> = cx.cache.list::<Node>().cloned().collect();
        *cx.visits += nodes.len() as u64;
        self.classify(cx, &nodes);
        let mut zones: SortedMap<Str, Vec<bool>> = SortedMap::new();
        for node in &nodes {
            let Ok(ready) = self.monitor_node(cx, node) else {
                continue;
            };
            if node.meta.label(EXCLUDED).is_none() {
                zones.get_or_default(zone_of(node)).push(ready);
            }
        }
        self.handle_disruption(cx, &zones, &nodes);
    }

    /// Welcomes nodes not seen before, takes leave of those that are gone.
    fn classify(&mut self, cx: &mut ControlPlane<'_>, nodes: &[Rc<Node>]) {
        let flags = cx.config.flags.clone();
        for node in nodes {
            let zone = zone_of(node);
            if self.zones.get(&zone).is_none_or(|zone| zone.state.is_none()) {
                self.zones.insert_mut(zone, Zone::new(&flags));
            }
        }
        for node in nodes {
            let name = &node.meta.name;
            if self.known.contains_key(name) {
                continue;
            }
            let text = format!("Node {name} event: Registered Node {name} in Controller");
            node_event(cx, name, node.meta.uid, "RegisteredNode", &text);
            self.known.insert_mut(name.clone(), node.meta.uid);
            self.mark_reachable(cx, node);
        }
        let here = |name: &Str| cx.cache.get::<Node>(&Key::global(name.clone())).is_some();
        let gone: Vec<(Str, Uid)> = self
            .known
            .iter()
            .filter(|(name, _)| !here(name))
            .map(|(name, uid)| (name.clone(), *uid))
            .collect();
        for (name, uid) in gone {
            let text = format!("Node {name} event: Removing Node {name} from Controller");
            node_event(cx, &name, uid, "RemovingNode", &text);
            self.known.remove_mut(&name);
        }
    }

    /// Looks at one node; says whether it is ready.
    fn monitor_node(&mut self, cx: &mut ControlPlane<'_>, node: &Rc<Node>) -> Answer<bool> {
        let key = Key::of(&node.meta);
        let now = cx.now;
        let mut current = node.clone();
        if self.due(cx, node).is_some_and(|due| due <= now) {
            let said = cx.client().patch_status(&key, |fresh: &mut Node| say_unknown(fresh, now));
            self.pending |= said.as_ref().is_err_and(|status| !status.is_not_found());
            current = said?;
        }
        let Some(status) = ready_of(&current) else {
            return Ok(false);
        };
        self.process_taints(cx, node, status);
        if ready_of(node) == Some("True") && status != "True" {
            let name = &node.meta.name;
            let text = format!("Node {name} status is now: NodeNotReady");
            node_event(cx, name, node.meta.uid, "NodeNotReady", &text);
            mark_pods_not_ready(cx, name);
        }
        Ok(status == "True")
    }

    fn process_taints(&mut self, cx: &mut ControlPlane<'_>, node: &Node, status: &str) {
        let (wanted, other) = match status {
            "False" => (NOT_READY, UNREACHABLE),
            "Unknown" => (UNREACHABLE, NOT_READY),
            _ => return self.mark_reachable(cx, node),
        };
        let now = cx.now;
        let name = node.meta.name.clone();
        if node.taint(other, "NoExecute").is_some() {
            // Tried again at the next pass if it failed.
            self.pending |= swap(cx, node, "NoExecute", &[wanted], &[other]).is_err();
        } else if node.taint(wanted, "NoExecute").is_some() {
            self.in_zone(&zone_of(node), |zone| zone.add(now, &name));
        } else {
            self.in_zone(&zone_of(node), |zone| zone.add_again(now, &name));
        }
    }

    /// Takes the NoExecute taints for silence off `node`, and takes it out of the queue.
    pub(super) fn mark_reachable(&mut self, cx: &mut ControlPlane<'_>, node: &Node) {
        for key in [UNREACHABLE, NOT_READY] {
            self.pending |= swap(cx, node, "NoExecute", &[], &[key]).is_err_and(|status| {
                // A node that is gone meanwhile needs nothing.
                !status.is_not_found()
            });
        }
        self.in_zone(&zone_of(node), |zone| zone.remove(&node.meta.name));
    }
}

/// Sets the conditions that a kubelet reports to Unknown.
fn say_unknown(node: &mut Node, now: SimTime) {
    let created = node.meta.creation_timestamp;
    let now = Some(now.whole_second());
    for kind in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
        let conditions = &mut node.status.conditions;
        match conditions.iter_mut().find(|old| &*old.kind == kind) {
            None => conditions.push(Condition {
                kind: kind.into(),
                status: "Unknown".into(),
                reason: "NodeStatusNeverUpdated".into(),
                message: "Kubelet never posted node status.".into(),
                last_heartbeat_time: created,
                last_transition_time: now,
                ..Condition::default()
            }),
            Some(old) if &*old.status != "Unknown" => {
                old.status = "Unknown".into();
                old.reason = "NodeStatusUnknown".into();
                old.message = "Kubelet stopped posting node status.".into();
                old.last_transition_time = now;
            }
            Some(_) => {}
        }
    }
}

/// Sets Ready to False on the Pods of `node`; what is said of their containers stays.
fn mark_pods_not_ready(cx: &mut ControlPlane<'_>, node: &Str) {
    let pods: Vec<Rc<Pod>> = cx.cache.pods_on(node).cloned().collect();
    let now = cx.now;
    for pod in pods {
        *cx.visits += 1;
        let ready = condition(&pod.status.conditions, "Ready");
        if ready.is_none_or(|ready| &*ready.status == "False") {
            continue;
        }
        let marked = cx.client().patch_status(&Key::of(&pod.meta), |fresh: &mut Pod| {
            let ready = fresh.status.conditions.iter_mut().find(|c| &*c.kind == "Ready");
            if let Some(ready) = ready.filter(|_| fresh.meta.uid == pod.meta.uid) {
                ready.status = "False".into();
                ready.last_transition_time = Some(now.whole_second());
            }
        });
        if marked.is_ok() {
            let about = Object::Pod(pod);
            cx.event(&about, EventKind::Warning, "NodeNotReady", "Node is not ready");
        }
    }
}

fn node_event(cx: &mut ControlPlane<'_>, name: &Str, uid: Uid, reason: &str, message: &str) {
    let about = ObjectReference {
        kind: "Node".into(),
        name: name.clone(),
        uid,
        api_version: "v1".into(),
        ..ObjectReference::default()
    };
    cx.recorder.record_about(cx.server, cx.now, about, EventKind::Normal, reason, message);
}
