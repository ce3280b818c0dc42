//! The kubelets, one a machine: they start and stop what the API server asks for, and report.
//! They know the API server by their cache and the infrastructure by touching it; what they do
//! goes on while the machine is cut off from the network and ends with its power.
//!
//! In reading order: `worker` (what is remembered of a Pod), `lifecycle` (one look at it),
//! `volumes`, `container`, `images`, `probes`, `environment`, `status`, `node_status`, `shutdown`.
//!
//! Not here: cgroups, static Pods, device plugins, the eviction manager, exec and logs.
//!
//! Upstream: pkg/kubelet/{kubelet,pod_workers}.go

mod command;
mod container;
mod environment;
mod faults;
mod images;
mod lifecycle;
mod node_status;
mod probes;
mod shutdown;
mod silence;
mod status;
mod volumes;
mod worker;

use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::{ResourceVersion, Uid};
use crate::api::storage::CSINodeDriver;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::lives::Lives;
use crate::client::node_plane::NodePlane;
use crate::trace::Source;
use faults::hold;
use node_status::NodeState;
use silence::say_silent;
use status::Texts;
use std::rc::Rc;
use worker::{Prepare, Stage, Worker};

/// When a kubelet is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// The machine has booted.
    Booted(Str),
    /// The regular look at a Node's status.
    NodeStatus(Str),
    /// Something about a Pod is due.
    Pod(Uid),
    /// The renewal of a Lease that is not there.
    Lease(Str),
    /// The regular sync of a Pod that waits for a ConfigMap or Secret.
    Config(Uid),
    /// The next step of a machine's orderly shutdown.
    Shutdown(Str),
}

/// The namespace of the Leases of Nodes.
const NODE_LEASES: &str = "kube-node-lease";

/// All kubelets.
#[derive(Clone, Debug, Default)]
pub struct Kubelets {
    nodes: Map<Str, NodeState>,
    workers: Map<Uid, Rc<Worker>>,
    by_node: Set<(Str, Uid)>,
    /// The Pods of each node whose volumes are awaited.
    waiting: Set<(Str, Uid)>,
    /// Who waits for which ConfigMap or Secret.
    config_waiters: Set<(Kind, Key, Uid)>,
    /// By node and name of the attachment, which volume is attached to which machine, or is
    /// about to be.
    attachments: Map<(Str, Str), Str>,
    /// The images each node has.
    images: Set<(Str, Str)>,
    texts: Texts,
    /// With which Pod all are busy, and until when; see `Timing::turn`.
    busy: (Uid, SimTime),
    lives: Lives,
}

impl Kubelets {
    /// A machine's kubelet at the cluster's start: it runs already, and its Node is Ready.
    pub fn install(&mut self, cx: &mut NodePlane<'_>, name: &Str, drivers: Rc<Vec<CSINodeDriver>>) {
        if self.nodes.is_empty() {
            self.texts = Texts::new();
        }
        let mut node = NodeState::new(cx.config, name);
        node.drivers = drivers;
        node.up = true;
        let phase = node.lease_phase;
        self.nodes.insert_mut(name.clone(), node);
        self.register(cx, name);
        let key = Key::global(name.clone());
        let _ = cx.client().patch::<Node>(&key, |node| node.spec.taints.clear());
        self.renew_lease(cx, name, phase);
    }

    /// A new machine with power: its kubelet will start and register it.
    pub fn join(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        drivers: Rc<Vec<CSINodeDriver>>,
        timers: &mut Timers<Wake>,
    ) {
        let mut node = NodeState::new(cx.config, name);
        node.drivers = drivers;
        self.nodes.insert_mut(name.clone(), node);
        self.machine_changed(cx, name, timers);
    }

    /// A change in the store. `cx.cache` already holds it. After a start, every object is
    /// observed as added. A kubelet that does not reach the API server must not act on it.
    pub fn observe(&mut self, cx: &mut NodePlane<'_>, change: &Change, timers: &mut Timers<Wake>) {
        match change.kind {
            Kind::Pod => self.observe_pod(cx, change, timers),
            Kind::Node => self.observe_node(cx, change, timers),
            Kind::VolumeAttachment => self.attachment_changed(cx, change, timers),
            Kind::Lease if change.is_removed() && &*change.key.namespace == NODE_LEASES => {
                let name = &change.key.name;
                if let Some(node) = self.nodes.get(name).filter(|node| node.registered) {
                    let period = cx.config.timing.lease_renewal;
                    let at = cx.now.next_tick(node.lease_phase, period);
                    timers.at(at, Wake::Lease(name.clone()));
                }
            }
            Kind::ConfigMap | Kind::Secret => {
                self.config_changed(cx, change.kind, &change.key, timers);
            }
            Kind::PersistentVolumeClaim => {
                let cache = cx.cache.clone();
                for pod in cache.pods_using(&change.key) {
                    if self.workers.contains_key(&pod.meta.uid) && self.hears(cx, pod) {
                        self.look(cx, pod.meta.uid, timers);
                    }
                }
            }
            _ => {}
        }
    }

    /// Does what `wake` asks for.
    pub fn wake(&mut self, cx: &mut NodePlane<'_>, wake: Wake, timers: &mut Timers<Wake>) {
        match wake {
            Wake::Booted(name) => self.booted(cx, &name, timers),
            Wake::NodeStatus(name) => {
                let Some(node) = self.nodes.get_mut(&name) else {
                    return;
                };
                node.status_due = None;
                if node.up && cx.infra.is_reachable(&name) {
                    self.write_node_status(cx, &name);
                    self.look_at_waiting(cx, &name, timers);
                    self.touch_node(cx, &name, timers);
                }
            }
            Wake::Pod(uid) => {
                let due = self.workers.get(&uid).and_then(|worker| worker.next);
                if due == Some(cx.now) {
                    self.take_turn(cx, uid, timers);
                }
            }
            Wake::Lease(name) => {
                let runs = self.nodes.get(&name).is_some_and(|node| node.registered);
                let key = Key::new(NODE_LEASES, name.clone());
                let gone = cx.server.store.object(Kind::Lease, &key).is_none();
                if runs && gone && cx.infra.is_reachable(&name) {
                    self.renew_lease(cx, &name, cx.now);
                }
            }
            Wake::Config(uid) => self.retry_config(cx, uid, timers),
            Wake::Shutdown(name) => self.go_on_down(cx, &name, timers),
        }
    }

    /// Looks at a Pod whose time has come, once the kubelets have time for it.
    fn take_turn(&mut self, cx: &mut NodePlane<'_>, uid: Uid, timers: &mut Timers<Wake>) {
        let (other, until) = self.busy;
        let turn = match cx.config.replay.courses.is_empty() {
            true => cx.config.timing.turn,
            false => Span::ZERO,
        };
        let wait = match cx.now < until {
            true if other == uid => None,
            true => Some(until),
            false if turn > Span::ZERO && self.first_in_turn(cx.now) != Some(uid) => Some(cx.now),
            false => None,
        };
        if let Some(until) = wait
            && let Some(mut worker) = self.workers.get(&uid).map(|worker| Worker::clone(worker))
        {
            worker.next = Some(until);
            self.workers.insert_mut(uid, Rc::new(worker));
            timers.at(until, Wake::Pod(uid));
            return;
        }
        let before = cx.server.store.revision();
        self.look(cx, uid, timers);
        if cx.server.store.revision() > before {
            self.busy = (uid, cx.now + turn);
        }
    }

    /// Whether a kubelet has the Pod `uid` in hand.
    pub fn knows(&self, uid: Uid) -> bool {
        self.workers.contains_key(&uid)
    }

    /// Of the Pods that are due now the one that was taken on first.
    fn first_in_turn(&self, now: SimTime) -> Option<Uid> {
        let due = self.workers.iter().filter(|(_, worker)| worker.next == Some(now));
        let first = due.min_by_key(|(_, worker)| (worker.seen, worker.key()));
        first.map(|(uid, _)| *uid)
    }

    /// Whether anybody still waits for `wake` at `at`. A wake is not taken back when what it was
    /// asked for has ended; it then does nothing.
    pub fn expects(&self, at: SimTime, wake: &Wake) -> bool {
        match wake {
            Wake::Booted(name) => self.nodes.get(name).is_some_and(|node| node.booting == Some(at)),
            Wake::NodeStatus(name) => {
                self.nodes.get(name).is_some_and(|node| node.status_due == Some(at))
            }
            Wake::Pod(uid) => self.workers.get(uid).is_some_and(|worker| worker.next == Some(at)),
            Wake::Config(uid) => self.workers.get(uid).is_some_and(|worker| worker.lacks_config()),
            Wake::Lease(name) => self.nodes.get(name).is_some_and(|node| node.registered),
            Wake::Shutdown(name) => self.is_shutting(name),
        }
    }

    /// Power or network of the machine `node` has just changed.
    pub fn machine_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        node: &Str,
        timers: &mut Timers<Wake>,
    ) {
        let Some(machine) = cx.infra.machines.get(node).cloned() else {
            return;
        };
        if !self.nodes.contains_key(node) {
            self.nodes.insert_mut(node.clone(), NodeState::new(cx.config, node));
        }
        let was_up = self.nodes.get(node).is_some_and(|node| node.up);
        match (machine.powered, machine.connected) {
            (false, _) => self.lose_power(cx, node),
            (true, _) if !was_up => {
                let at = cx.now + cx.config.timing.boot;
                let state = self.nodes.get_mut(node).filter(|node| node.booting.is_none());
                if let Some(state) = state {
                    state.booting = Some(at);
                    timers.at(at, Wake::Booted(node.clone()));
                }
            }
            (true, false) => self.lose_touch(cx, node),
            (true, true) => self.get_in_touch(cx, node, timers),
        }
    }

    /// The machine has just lost its power: nothing runs there any more.
    pub(super) fn lose_power(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        self.lose_touch(cx, name);
        for uid in self.pods_of(name) {
            let worker = self.workers.get(&uid).cloned();
            cx.infra.stop_process(uid);
            for mount in worker.iter().flat_map(|worker| worker.volumes.iter()) {
                cx.infra.unmount(cx.now, &mount.handle, uid);
            }
            self.forget(uid);
        }
        if let Some(node) = self.nodes.get(name).cloned() {
            let fresh = NodeState {
                drivers: node.drivers,
                status_due: node.status_due,
                last_address: node.last_address,
                ..NodeState::new(cx.config, name)
            };
            self.nodes.insert_mut(name.clone(), fresh);
        }
    }

    /// The machine cannot be reached any more, or has no power.
    fn lose_touch(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        if !self.nodes.get(name).is_some_and(|node| node.registered) {
            return;
        }
        self.end_lease(cx, name);
        for uid in self.pods_of(name) {
            if let Some(worker) = self.workers.get(&uid).cloned()
                && lifecycle::is_there(cx, &worker)
            {
                say_silent(cx, &worker.pod);
            }
        }
    }

    fn booted(&mut self, cx: &mut NodePlane<'_>, name: &Str, timers: &mut Timers<Wake>) {
        let Some(node) = self.nodes.get_mut(name) else {
            return;
        };
        if node.booting != Some(cx.now) || !cx.infra.is_powered(name) {
            return;
        }
        node.booting = None;
        node.up = true;
        if cx.infra.is_reachable(name) {
            self.get_in_touch(cx, name, timers);
        }
    }

    /// The kubelet reaches the API server, after a start or a time without network: it
    /// registers or reports, renews its Lease, and compares what runs with what is wanted.
    fn get_in_touch(&mut self, cx: &mut NodePlane<'_>, name: &Str, timers: &mut Timers<Wake>) {
        let first = self.nodes.get(name).is_some_and(|node| !node.registered);
        if first {
            self.register(cx, name);
        } else {
            self.write_node_status(cx, name);
        }
        self.renew_lease(cx, name, cx.now);
        let store = cx.server.store.clone();
        for uid in self.pods_of(name) {
            let Some(worker) = self.workers.get(&uid).cloned() else {
                continue;
            };
            if !lifecycle::is_there(cx, &worker) {
                self.lost(cx, &worker.pod, timers);
            }
        }
        for pod in store.pods_on(name) {
            self.see(cx, pod, timers, first);
            // What it did not hear of may concern a Pod that is as it was.
            self.look(cx, pod.meta.uid, timers);
        }
        self.touch_node(cx, name, timers);
    }

    fn observe_pod(&mut self, cx: &mut NodePlane<'_>, change: &Change, timers: &mut Timers<Wake>) {
        if let Some(old) = change.old::<Pod>() {
            let replaced = change.new::<Pod>().is_none_or(|new| new.meta.uid != old.meta.uid);
            if replaced {
                cx.say(Source::Kubelet, (Kind::Pod, &change.key), Vec::new());
                if self.hears(cx, old) {
                    self.lost(cx, old, timers);
                }
            }
        }
        if let Some(new) = change.new::<Pod>() {
            if !self.hears(cx, new) {
                say_silent(cx, new);
                return;
            }
            if change.is_added()
                && let Some(worker) = self.workers.get(&new.meta.uid)
            {
                // After a start of the watch its wakes are lost.
                let worker =
                    Worker { next: None, wrote: ResourceVersion(0), ..Worker::clone(worker) };
                self.workers.insert_mut(new.meta.uid, Rc::new(worker));
            }
            self.see(cx, new, timers, false);
        }
    }

    /// Whether the Pod's kubelet runs and reaches the API server.
    fn hears(&self, cx: &NodePlane<'_>, pod: &Pod) -> bool {
        let name = &pod.spec.node_name;
        let node = self.nodes.get(name);
        node.is_some_and(|node| node.up && node.registered) && cx.infra.is_reachable(name)
    }

    /// The kubelet hears what the API server has of a Pod of its own.
    fn see(
        &mut self,
        cx: &mut NodePlane<'_>,
        pod: &Rc<Pod>,
        timers: &mut Timers<Wake>,
        booted: bool,
    ) {
        let uid = pod.meta.uid;
        *cx.visits += 1;
        let Some(known) = self.workers.get(&uid) else {
            self.take_on(cx, pod, timers, booted);
            return;
        };
        if pod.meta.resource_version < known.pod.meta.resource_version {
            return;
        }
        let own = known.wrote == pod.meta.resource_version;
        let mut worker = Worker::clone(known);
        if !own {
            hold(cx, &mut worker);
        }
        let was = worker.pod.meta.deletion_grace_period_seconds;
        worker.pod = pod.clone();
        if worker.stage == Stage::Stopping && was != pod.meta.deletion_grace_period_seconds {
            self.shorten_stop(cx, &mut worker);
        }
        self.workers.insert_mut(uid, Rc::new(worker));
        // Its own status write tells the kubelet nothing new.
        if !own {
            self.look(cx, uid, timers);
        }
    }

    fn take_on(
        &mut self,
        cx: &mut NodePlane<'_>,
        pod: &Rc<Pod>,
        timers: &mut Timers<Wake>,
        booted: bool,
    ) {
        let uid = pod.meta.uid;
        let mut worker = Worker::new(pod.clone(), cx.now);
        let recorded = &cx.config.replay.courses;
        let course = self.lives.find(&worker.key(), worker.uid(), recorded);
        worker.course = course.unwrap_or_default();
        if booted || pod.is_terminal() {
            lifecycle::revive(&mut worker, cx.now);
        } else if self.is_shutting(worker.node()) {
            self.reject(cx, &mut worker);
        }
        hold(cx, &mut worker);
        if worker.held.is_none() {
            self.report(cx, &mut worker);
        }
        self.by_node.insert_mut((worker.node().clone(), uid));
        self.workers.insert_mut(uid, Rc::new(worker));
        self.look(cx, uid, timers);
    }

    /// The API server no longer has the Pod: whatever is left of it ends.
    fn lost(&mut self, cx: &mut NodePlane<'_>, pod: &Rc<Pod>, timers: &mut Timers<Wake>) {
        let uid = pod.meta.uid;
        let Some(worker) = self.workers.get(&uid) else {
            return;
        };
        let mut worker = Worker::clone(worker);
        worker.pod = pod.clone();
        worker.orphan = true;
        hold(cx, &mut worker);
        if worker.stage == Stage::Stopping {
            self.shorten_stop(cx, &mut worker);
        }
        self.workers.insert_mut(uid, Rc::new(worker));
        self.look(cx, uid, timers);
    }

    fn look_at_waiting(&mut self, cx: &mut NodePlane<'_>, name: &Str, timers: &mut Timers<Wake>) {
        if !cx.infra.is_reachable(name) {
            return;
        }
        let from = (name.clone(), Uid(0));
        let all = self.waiting.range(from..).take_while(|(node, _)| node == name);
        let uids: Vec<Uid> = all.map(|(_, uid)| *uid).collect();
        for uid in uids {
            self.look(cx, uid, timers);
        }
    }

    pub(super) fn pods_of(&self, name: &Str) -> Vec<Uid> {
        let from = (name.clone(), Uid(0));
        let all = self.by_node.range(from..).take_while(|(node, _)| node == name);
        all.map(|(_, uid)| *uid).collect()
    }

    fn keep(&mut self, worker: Worker) {
        let at = (worker.node().clone(), worker.uid());
        let waits = match &worker.stage {
            Stage::Volumes(prepare) => *prepare != Prepare::Unknown,
            _ => false,
        };
        if waits {
            self.waiting.insert_mut(at.clone());
        } else {
            self.waiting.remove_mut(&at);
        }
        self.workers.insert_mut(worker.uid(), Rc::new(worker));
    }

    fn forget(&mut self, uid: Uid) {
        let Some(worker) = self.workers.get(&uid).cloned() else {
            return;
        };
        let at = (worker.node().clone(), uid);
        self.by_node.remove_mut(&at);
        self.waiting.remove_mut(&at);
        for (kind, key) in volumes::all_sources(&worker) {
            self.config_waiters.remove_mut(&(kind, key, uid));
        }
        self.workers.remove_mut(&uid);
    }
}
