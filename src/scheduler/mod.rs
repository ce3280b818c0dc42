//! kube-scheduler: chooses a node for each Pod that has none. `observe` keeps what it knows of
//! nodes, Pods and volumes and wakes Pods that a change may help; `wake` runs one cycle.
//!
//! A cycle takes no time here; upstream it takes some milliseconds.
//!
//! Not here: several profiles, extenders, waiting plugins (Permit), resource claims, groups of
//! Pods.
//!
//! Upstream: pkg/scheduler/{scheduler,schedule_one,eventhandlers}.go

mod amounts;
mod bind;
mod census;
mod cycle;
pub mod decision;
mod hints;
mod memo;
mod nodes;
pub mod plugins;
mod preemption;
mod queue;
mod volumes;

use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolume;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::storage::{CSIDriver, CSIStorageCapacity};
use crate::apiserver::watch::Change;
use crate::base::map::Map;
use crate::base::prng::Prng;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::ControlPlane;
use crate::client::lives::Lives;
use crate::config::Config;
use crate::trace::{Because, Source};
use bind::Binding;
use census::Census;
use decision::{Decision, Decisions};
use hints::Happening;
use memo::Memo;
use nodes::{Nodes, PodInfo};
use plugins::Plugin;
use queue::Queue;
use std::rc::Rc;
use volumes::Volumes;

/// The name Pods ask for it by.
const NAME: &str = "default-scheduler";
/// How long a Pod waits at most where a change wakes nobody.
const LEFTOVER: Span = Span::minutes(5);
/// How often those Pods are looked for.
const LEFTOVER_PERIOD: Span = Span::seconds(30);

/// Whose Pods those are.
const LEFT: [Plugin; 2] = [Plugin::VolumeBinding, Plugin::InterPodAffinity];

/// When the scheduler is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// There may be a Pod to schedule.
    Cycle,
    /// The pause of a Pod after an error is over.
    Retry,
    /// The volumes of the Pod that was given a node are to be looked at.
    Volumes(Key),
    /// Pods that have waited long are tried once more.
    Leftover,
}

/// The scheduler's memory.
#[derive(Clone, Debug, Default)]
pub struct Scheduler {
    queue: Queue,
    nodes: Nodes,
    census: Census,
    volumes: Volumes,
    bindings: Map<Key, Rc<Binding>>,
    decisions: Decisions,
    memo: Memo,
    /// Where the next search begins in the order of nodes.
    next_start: usize,
    /// Chance of its own, from the cluster's seed.
    prng: Option<Prng>,
    /// Whether a cycle is on the agenda.
    cycle_expected: bool,
    /// Until when a try that failed keeps it busy.
    busy: SimTime,
    lives: Lives,
    /// When the Pod that failed last is tried again, if that was an error.
    retry_at: Option<SimTime>,
    /// Wakes asked for while no timers were at hand.
    asked: Vec<(SimTime, Wake)>,
}

impl Scheduler {
    /// A change in the store. `cx.cache` already holds it. After a start, every object is
    /// observed as added.
    pub fn observe(
        &mut self,
        cx: &mut ControlPlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let now = cx.now;
        match change.kind {
            Kind::Node => self.node_changed(cx, change),
            Kind::Pod => self.pod_changed(cx, change, timers),
            Kind::PersistentVolumeClaim => {
                self.volumes.observe(change);
                self.claim_changed(cx, &change.key, timers);
            }
            Kind::PersistentVolume => self.volume_changed(cx, change, timers),
            Kind::StorageClass => self.happened(cx, &Happening::Class),
            Kind::CSINode | Kind::VolumeAttachment => {
                let freed = change.kind == Kind::CSINode || change.is_removed();
                self.volumes.observe(change);
                if freed {
                    self.happened(cx, &Happening::Slots);
                }
            }
            Kind::CSIStorageCapacity => self.room_changed(cx, change),
            Kind::CSIDriver => self.driver_changed(now, change, timers),
            Kind::Namespace => self.namespace_changed(now, change, timers),
            _ => {}
        }
        self.ask(now, timers);
    }

    /// Does what `wake` asks for.
    pub fn wake(&mut self, cx: &mut ControlPlane<'_>, wake: Wake, timers: &mut Timers<Wake>) {
        match wake {
            Wake::Cycle => {
                self.cycle_expected = false;
                self.schedule_one(cx);
            }
            Wake::Retry => {
                self.queue.flush_backoff(cx.now);
            }
            Wake::Volumes(key) => self.check_volumes(cx, &key),
            Wake::Leftover => self.leftover(cx.now),
        }
        self.ask(cx.now, timers);
    }

    /// Whether `wake`, due at `at`, still finds something to do.
    pub fn expects(&self, at: SimTime, wake: &Wake) -> bool {
        match wake {
            Wake::Cycle => true,
            Wake::Retry => self.queue.next_retry().is_some_and(|due| due <= at),
            Wake::Volumes(key) => self.bindings.get(key).is_some_and(|b| b.is_due(at)),
            Wake::Leftover => !self.queue.waiting_for(&LEFT).is_empty(),
        }
    }

    /// The latest decision on the Pod at `key`: kept while the Pod has no node, and for the
    /// last ones that got one.
    pub fn decision(&self, key: &Key) -> Option<&Rc<Decision>> {
        self.decisions.get(key)
    }

    /// Forgets what was found of nodes, so that all are looked at again. Nothing is decided
    /// otherwise.
    pub fn forget_verdicts(&mut self) {
        self.memo = Memo::default();
    }

    /// Asks for what the last call left to do.
    fn ask(&mut self, now: SimTime, timers: &mut Timers<Wake>) {
        for (at, wake) in self.asked.drain(..) {
            timers.at(at, wake);
        }
        if let Some(at) = self.retry_at.take() {
            timers.at(at, Wake::Retry);
        }
        if !self.cycle_expected && self.queue.is_ready() {
            self.cycle_expected = true;
            timers.at(now.max(self.busy), Wake::Cycle);
        }
    }

    fn prng(&mut self, config: &Config) -> &mut Prng {
        self.prng.get_or_insert_with(|| Prng::new(config.seed).fork("scheduler"))
    }

    /// Wakes the Pods that `happening` may help.
    fn happened(&mut self, cx: &mut ControlPlane<'_>, happening: &Happening) {
        for key in self.queue.waiting_for(happening.concerns()) {
            *cx.visits += 1;
            let Some(queued) = self.queue.get(&key) else { continue };
            let helps = |plugin: &Plugin| happening.may_help(*plugin, &queued.pod);
            if queued.plugins.iter().any(helps) {
                self.queue.requeue(cx.now, &key);
            }
        }
    }

    /// Other labels of a namespace may help Pods with rules about neighbours there, but wake
    /// nobody: such Pods are tried again once they have waited long.
    fn namespace_changed(&mut self, now: SimTime, change: &Change, timers: &mut Timers<Wake>) {
        let labels = |object: &Option<Object>| object.as_ref().map(|o| o.meta().labels.clone());
        let relabelled = change.old.is_some() && labels(&change.old) != labels(&change.new);
        if relabelled {
            self.retry_later(now, timers);
        }
    }

    /// A driver that no longer says how much room it has may help Pods, but wakes only those
    /// with CSI volumes of their own, of which there are none here.
    fn driver_changed(&mut self, now: SimTime, change: &Change, timers: &mut Timers<Wake>) {
        let says = |driver: &Rc<CSIDriver>| driver.spec.storage_capacity == Some(true);
        if change.old::<CSIDriver>().is_some_and(says)
            && !change.new::<CSIDriver>().is_some_and(says)
        {
            self.retry_later(now, timers);
        }
    }

    fn retry_later(&mut self, now: SimTime, timers: &mut Timers<Wake>) {
        if !self.queue.waiting_for(&LEFT).is_empty() {
            let at = (now + LEFTOVER).next_tick(SimTime::ZERO, LEFTOVER_PERIOD);
            timers.at(at, Wake::Leftover);
        }
    }

    fn room_changed(&mut self, cx: &mut ControlPlane<'_>, change: &Change) {
        let Some(new) = change.new::<CSIStorageCapacity>() else { return };
        let more = match change.old::<CSIStorageCapacity>() {
            Some(old) => new.limit() > old.limit(),
            None => true,
        };
        if more {
            self.happened(cx, &Happening::Room);
        }
    }

    fn leftover(&mut self, now: SimTime) {
        for key in self.queue.waiting_for(&LEFT) {
            let long = |queued: &Rc<queue::Queued>| now.since(queued.since) >= LEFTOVER;
            if self.queue.get(&key).is_some_and(long) {
                self.queue.requeue(now, &key);
            }
        }
    }

    fn node_changed(&mut self, cx: &mut ControlPlane<'_>, change: &Change) {
        let (old, new) = (change.old::<Node>(), change.new::<Node>());
        self.nodes.set_node(&change.key.name, new);
        let same = |(old, new): (&Rc<Node>, &Rc<Node>)| {
            old.meta.labels == new.meta.labels
                && old.spec == new.spec
                && old.status.allocatable == new.status.allocatable
        };
        if old.zip(new).is_some_and(same) {
            return;
        }
        let happening = match (old, new) {
            (None, Some(new)) => Happening::NodeAdded(new.clone()),
            (Some(old), Some(new)) => Happening::NodeChanged { old: old.clone(), new: new.clone() },
            _ => Happening::NodeRemoved,
        };
        self.happened(cx, &happening);
    }

    fn pod_changed(
        &mut self,
        cx: &mut ControlPlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let placed = |pod: &&Rc<Pod>| pod.is_assigned() && !pod.is_terminal();
        let old = change.old::<Pod>().filter(placed);
        let new = change.new::<Pod>().filter(placed);
        if let Some(new) = new {
            self.pod_placed(cx, change, new);
        } else if old.is_some() {
            self.pod_left(cx, &change.key);
        }
        match change.new::<Pod>() {
            None => self.pod_gone(cx, change, timers),
            Some(pod) if !pod.is_assigned() => self.pod_wants_node(cx, change, pod),
            Some(_) => {}
        }
    }

    /// A Pod is on a node: confirmed, moved there by somebody else, or changed there.
    fn pod_placed(&mut self, cx: &mut ControlPlane<'_>, change: &Change, pod: &Rc<Pod>) {
        let key = &change.key;
        let assumed = self.nodes.is_assumed(key, pod.meta.uid);
        if let Some(old) = change.old::<Pod>()
            && !assumed
            && old.is_assigned()
            && Rc::ptr_eq(&old.spec, &pod.spec)
            && old.meta.labels == pod.meta.labels
            && old.is_terminating() == pod.is_terminating()
        {
            return;
        }
        if let Some((slot, info)) = self.nodes.displace(key) {
            self.census.remove(slot, &info);
        }
        let info = Rc::new(PodInfo::new(pod));
        let slot = self.nodes.place(&pod.spec.node_name, &info, false);
        self.census.add(slot, &info);
        self.queue.remove(key);
        if !assumed && self.bindings.remove_mut(key) {
            cx.say(Source::Scheduler, (Kind::Pod, key), Vec::new());
        }
        let news = change
            .old::<Pod>()
            .is_none_or(|old| !old.is_assigned() || old.meta.labels != pod.meta.labels);
        if news {
            self.happened(cx, &Happening::PodPlaced(pod.clone()));
        }
    }

    fn pod_left(&mut self, cx: &mut ControlPlane<'_>, key: &Key) {
        if let Some((slot, info)) = self.nodes.displace(key) {
            self.census.remove(slot, &info);
            self.happened(cx, &Happening::PodLeft(info.pod.clone()));
        }
    }

    fn pod_gone(&mut self, cx: &mut ControlPlane<'_>, change: &Change, timers: &mut Timers<Wake>) {
        let key = &change.key;
        self.queue.remove(key);
        self.decisions.remove(key);
        cx.say(Source::Scheduler, (Kind::Pod, key), Vec::new());
        self.volumes_changed(cx.now, key, timers);
    }

    fn pod_wants_node(&mut self, cx: &mut ControlPlane<'_>, change: &Change, pod: &Rc<Pod>) {
        let (now, key) = (cx.now, &change.key);
        let name = &*pod.spec.scheduler_name;
        if pod.is_terminal() || !(name.is_empty() || name == NAME) {
            self.queue.remove(key);
            return;
        }
        let Some(queued) = self.queue.get(key) else {
            if !self.nodes.is_assumed(key, pod.meta.uid) {
                self.queue.add(now, pod);
                say_gated(cx, key, pod);
            }
            return;
        };
        if queued.pod.meta.uid != pod.meta.uid {
            self.queue.add(now, pod);
            return;
        }
        let changed = queued.pod.meta.labels != pod.meta.labels
            || (!Rc::ptr_eq(&queued.pod.spec, &pod.spec) && queued.pod.spec != pod.spec);
        self.queue.update(pod);
        if changed {
            self.queue.requeue(now, key);
        }
    }

    fn claim_changed(&mut self, cx: &mut ControlPlane<'_>, claim: &Key, timers: &mut Timers<Wake>) {
        let users: Vec<Key> = cx.cache.pods_using(claim).map(|pod| Key::of(&pod.meta)).collect();
        for key in users {
            *cx.visits += 1;
            self.volumes_changed(cx.now, &key, timers);
            let waits_for_volumes = |plugin: &Plugin| {
                use Plugin::{NodeVolumeLimits, VolumeBinding, VolumeRestrictions, VolumeZone};
                let all = [NodeVolumeLimits, VolumeBinding, VolumeRestrictions, VolumeZone];
                all.contains(plugin)
            };
            let queued = self.queue.get(&key);
            if queued.is_some_and(|queued| queued.plugins.iter().any(waits_for_volumes)) {
                self.queue.requeue(cx.now, &key);
            }
        }
    }

    fn volume_changed(
        &mut self,
        cx: &mut ControlPlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        self.volumes.observe(change);
        let Some(new) = change.new::<PersistentVolume>() else { return };
        match &new.spec.claim_ref {
            Some(kept) => {
                let claim = Key::new(kept.namespace.clone(), kept.name.clone());
                self.claim_changed(cx, &claim, timers);
            }
            None => self.happened(cx, &Happening::Volume),
        }
    }
}

/// A Pod with gates is not even tried.
fn say_gated(cx: &mut ControlPlane<'_>, key: &Key, pod: &Rc<Pod>) {
    if !pod.spec.scheduling_gates.is_empty() {
        let message = "Scheduling is blocked due to non-empty scheduling gates".into();
        let wait = cx.wait(&Object::Pod(pod.clone()), Because::Unschedulable { message });
        cx.say(Source::Scheduler, (Kind::Pod, key), vec![wait]);
    }
}
