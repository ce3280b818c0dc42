//! Notices silent nodes: says so on the Node and its Pods, taints it, and lets go of that when
//! it is back. Three loops, as upstream: the monitor (every 5 s), the NoExecute tainter (every
//! 100 ms, so many nodes a minute in each zone), and a queue of changed nodes whose conditions
//! become NoSchedule taints.
//!
//! The two timed loops do not tick here: they are woken at the instant their rhythm would come
//! by, and only when that pass could write something. A lease that is being renewed is no
//! reason.
//!
//! Not here: marking a Pod that is bound to a node already silent, since such a Pod has no
//! Ready condition yet; the retry of Pods that could not be marked, since nothing here fails in
//! between; the heartbeats of the node status every five minutes, which the lease's outrun; the
//! eviction itself (`taint_eviction`).
//!
//! Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go

mod monitor;
mod taints;
mod waits;
mod zones;

use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::condition;
use crate::api::storage::Lease;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::SimTime;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::Because;
use monitor::Health;
use std::rc::Rc;
use zones::Zone;

/// Notices silent nodes.
#[derive(Clone, Debug, Default)]
pub struct NodeLifecycleController {
    /// When the process started: the phase of its loops.
    started: SimTime,
    /// The last signs of life, by node.
    health: Map<Str, Health>,
    /// Nodes whose lease is not being renewed.
    silent: Set<Str>,
    /// Nodes the monitor knows, as it saw them first.
    known: Map<Str, crate::api::meta::Uid>,
    /// The zones and their queues of nodes to taint.
    zones: Map<Str, Zone>,
    /// Nodes of which, with their Pods, it is said that they wait: why and until when.
    waiting: Map<Str, (Because, Option<SimTime>)>,
    /// Those among them whose Pods have changed.
    stale: Set<Str>,
    /// Whether something changed that the monitor heeds.
    pending: bool,
}

impl Controller for NodeLifecycleController {
    const COMPONENT: &'static str = "node-controller";

    fn start(&mut self, now: SimTime, _keys: &mut Keys) {
        self.started = now;
    }

    fn observe(&mut self, now: SimTime, change: &Change, _cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Node => self.observe_node(now, change, keys),
            Kind::Lease if &*change.key.namespace == "kube-node-lease" => {
                self.observe_lease(now, &change.key.name, change.new::<Lease>());
                keys.add(loops());
            }
            Kind::Pod if !self.waiting.is_empty() => self.observe_pod(change, keys),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        if *key == loops() {
            return Ok(self.run_loops(cx));
        }
        let Some(node) = cx.cache.get::<Node>(key).cloned() else {
            return Ok(Requeue::AwaitChange);
        };
        *cx.visits += 1;
        taints::reconcile_conditions(cx, &node)?;
        taints::reconcile_labels(cx, &node)?;
        Ok(Requeue::AwaitChange)
    }
}

impl NodeLifecycleController {
    fn observe_node(&mut self, now: SimTime, change: &Change, keys: &mut Keys) {
        let name = &change.key.name;
        let Some(new) = change.new::<Node>() else {
            self.pending = true;
            keys.add(loops());
            return;
        };
        let old = change.old::<Node>();
        let heartbeat = |node: &Node| {
            condition(&node.status.conditions, "Ready").and_then(|c| c.last_heartbeat_time)
        };
        if old.is_none_or(|old| heartbeat(old) != heartbeat(new)) {
            let mut health = self.health_of(name);
            health.heard = now;
            self.set_health(name, health);
        }
        if old.is_none_or(|old| monitor::concerns(old, new)) {
            self.pending = true;
            keys.add(loops());
        }
        let same = |old: &&Rc<Node>| {
            old.status.conditions == new.status.conditions
                && old.spec.taints == new.spec.taints
                && old.spec.unschedulable == new.spec.unschedulable
                && old.meta.labels == new.meta.labels
        };
        if old.filter(same).is_none() {
            keys.add(change.key.clone());
        }
    }
}

impl NodeLifecycleController {
    /// A Pod that comes, goes or is being deleted waits otherwise for its node than before.
    fn observe_pod(&mut self, change: &Change, keys: &mut Keys) {
        let (old, new) = (change.old::<Pod>(), change.new::<Pod>());
        let state = |pod: Option<&Rc<Pod>>| {
            pod.map(|pod| (pod.spec.node_name.clone(), pod.is_terminating(), pod.is_terminal()))
        };
        if state(old) == state(new) {
            return;
        }
        for pod in old.into_iter().chain(new) {
            if self.waiting.contains_key(&pod.spec.node_name) {
                self.stale.insert_mut(pod.spec.node_name.clone());
                keys.add(loops());
            }
        }
    }
}

/// The key under which the two timed loops are woken. No node is called so.
fn loops() -> Key {
    Key::new("*", "loops")
}
