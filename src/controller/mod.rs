//! kube-controller-manager: one process, one cache, one queue a controller.
//!
//! Not here: leader election; the rate limit of a controller's client, so that ten thousand
//! Pods do not take minutes; resyncs, which would find nothing new.
//!
//! Upstream: cmd/kube-controller-manager/app/controllermanager.go

pub mod cron_job;
pub mod deployment;
pub mod daemon;
pub mod disruption;
pub mod endpoint_slice;
pub mod endpoint_slice_mirroring;
pub mod endpoints;
pub mod garbage_collector;
pub mod job;
pub mod namespace;
pub mod node_lifecycle;
pub mod ownership;
pub mod pod_control;
pub mod pod_gc;
pub mod replicaset;
pub mod revision;
mod service_pods;
pub mod statefulset;
pub mod taint_eviction;
pub mod ttl_after_finished;
pub mod volume;

use crate::api::kinds::{Key, Kind};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, ApiServer};
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::queue::WorkQueue;
use crate::client::recorder::Recorder;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::config::Config;
use crate::trace::Waits;

/// One controller: which keys a change concerns, and what a key needs.
pub trait Controller: Clone + Default + std::fmt::Debug {
    /// Its name in Events, such as `statefulset-controller`.
    const COMPONENT: &'static str;

    /// How many times it asks the server, not its cache, before it does anything about a key;
    /// each time costs `Timing::call`.
    const READS: u64 = 0;

    /// The pause after a key's first failure; it doubles with each further one.
    const FIRST_PAUSE: Span = Span::millis(5);

    /// Called once when the process starts, before anything is observed: for loops that come
    /// by on their own.
    fn start(&mut self, _now: SimTime, _keys: &mut Keys) {}

    /// Which keys a change concerns. `cache` already holds the change. After a start every
    /// object is observed as added.
    fn observe(&mut self, now: SimTime, change: &Change, cache: &Store, keys: &mut Keys);

    /// Brings what `key` names nearer to what is wanted. An error means: again, after a
    /// growing pause.
    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue>;
}

/// When a controller is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// A key is ready.
    Work(ControllerId, Key),
    /// A key's time has come.
    Later(ControllerId, Key),
}

#[derive(Clone, Debug)]
struct Slot<C> {
    controller: C,
    queue: WorkQueue<Key>,
    recorder: Recorder,
}

impl<C: Controller> Default for Slot<C> {
    fn default() -> Self {
        let recorder = Recorder::new(C::COMPONENT);
        Slot { controller: C::default(), queue: WorkQueue::default(), recorder }
    }
}

/// What the manager works with, all of it the cluster's.
pub struct Surroundings<'a> {
    /// Now.
    pub now: SimTime,
    /// What the cluster is made of.
    pub config: &'a Config,
    /// The hub.
    pub server: &'a mut ApiServer,
    /// All waits.
    pub waits: &'a mut Waits,
    /// Objects looked at.
    pub visits: &'a mut u64,
}

macro_rules! controllers {
    ($( $(#[$doc:meta])* $id:ident: $field:ident = $type:ty; )*) => {
        /// A controller by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ControllerId { $( $(#[$doc])* $id, )* }

        /// The process.
        #[derive(Clone, Debug, Default)]
        pub struct Manager { cache: Store, reconciles: u64, $( $field: Slot<$type>, )* }

        impl Manager {
            /// Starts (again) with an empty memory: every object is observed as added.
            pub fn start(&mut self, now: SimTime, store: &Store, timers: &mut Timers<Wake>) {
                let reconciles = self.reconciles;
                *self = Manager { cache: store.clone(), reconciles, ..Manager::default() };
                $( {
                    let mut keys = Keys::default();
                    self.$field.controller.start(now, &mut keys);
                    enqueue(&mut self.$field.queue, ControllerId::$id, now, keys, timers);
                } )*
                for kind in Kind::ALL {
                    for object in store.list_objects(*kind) {
                        let change = Change {
                            revision: store.revision(),
                            kind: *kind,
                            key: object.key(),
                            old: None,
                            new: Some(object.clone()),
                        };
                        self.observe(now, &change, timers);
                    }
                }
            }

            /// Moves the cache on to `store`; `observe` is then called for each change.
            pub fn deliver(&mut self, store: &Store) {
                self.cache = store.clone();
            }

            /// Shows a change to all controllers.
            pub fn observe(&mut self, now: SimTime, change: &Change, timers: &mut Timers<Wake>) {
                $( {
                    let mut keys = Keys::default();
                    self.$field.controller.observe(now, change, &self.cache, &mut keys);
                    enqueue(&mut self.$field.queue, ControllerId::$id, now, keys, timers);
                } )*
            }

            /// Lets `id` forget that it was to look at `key`.
            pub fn miss(&mut self, id: ControllerId, key: &Key) {
                match id {
                    $( ControllerId::$id => drop(self.$field.queue.take(key)), )*
                }
            }

            /// Whether a wake that is due at `at` still finds something to do: an earlier one may
            /// have taken its key, or asked for another time.
            pub fn expects(&self, at: SimTime, wake: &Wake) -> bool {
                match wake {
                    $( Wake::Work(ControllerId::$id, key) => self.$field.queue.holds(key), )*
                    $( Wake::Later(ControllerId::$id, key) => {
                        self.$field.queue.due(key) == Some(at)
                    } )*
                }
            }

            /// Does what `wake` asks for.
            pub fn wake(
                &mut self,
                around: Surroundings<'_>,
                wake: Wake,
                timers: &mut Timers<Wake>,
            ) {
                let (id, key, later) = match wake {
                    Wake::Work(id, key) => (id, key, false),
                    Wake::Later(id, key) => (id, key, true),
                };
                let cache = self.cache.clone();
                match id {
                    $( ControllerId::$id => {
                        let done = run(&mut self.$field, id, around, cache, key, later, timers);
                        self.reconciles += u64::from(done);
                    } )*
                }
            }
        }
    };
}

controllers! {
    /// Jobs at set times.
    CronJob: cron_job = cron_job::CronJobController;
    /// DaemonSets.
    DaemonSet: daemon = daemon::DaemonSetController;
    /// Budgets.
    Disruption: disruption = disruption::DisruptionController;
    /// The older Endpoints.
    Endpoints: endpoints = endpoints::EndpointsController;
    /// EndpointSlices.
    EndpointSlice: endpoint_slice = endpoint_slice::EndpointSliceController;
    /// EndpointSlices of Endpoints made by hand.
    EndpointSliceMirroring: endpoint_slice_mirroring =
        endpoint_slice_mirroring::EndpointSliceMirroringController;
    /// Owners and dependents.
    GarbageCollector: garbage_collector = garbage_collector::GarbageCollector;
    /// Jobs.
    Job: job = job::JobController;
    /// Namespaces that go.
    Namespace: namespace = namespace::NamespaceController;
    /// Silent nodes.
    NodeLifecycle: node_lifecycle = node_lifecycle::NodeLifecycleController;
    /// Pods nobody will ever finish.
    PodGC: pod_gc = pod_gc::PodGCController;
    /// Deployments.
    Deployment: deployment = deployment::DeploymentController;
    /// ReplicaSets.
    ReplicaSet: replicaset = replicaset::ReplicaSetController;
    /// StatefulSets.
    StatefulSet: statefulset = statefulset::StatefulSetController;
    /// Pods on nodes with NoExecute taints.
    TaintEviction: taint_eviction = taint_eviction::TaintEvictionController;
    /// Jobs that are over.
    TtlAfterFinished: ttl = ttl_after_finished::TtlAfterFinishedController;
    /// Claims and volumes.
    VolumeBinder: volume_binder = volume::binder::VolumeBinder;
    /// Attachments.
    AttachDetach: attach_detach = volume::attach_detach::AttachDetachController;
    /// Claims in use.
    ClaimProtection: claim_protection = volume::protection::ClaimProtection;
    /// Volumes in use.
    VolumeProtection: volume_protection = volume::protection::VolumeProtection;
    /// Claims that grow.
    VolumeExpand: volume_expand = volume::expand::VolumeExpand;
}

impl Manager {
    /// How many reconciles there were.
    pub fn reconciles(&self) -> u64 {
        self.reconciles
    }

    /// What the process knows.
    pub fn cache(&self) -> &Store {
        &self.cache
    }
}

fn enqueue(
    queue: &mut WorkQueue<Key>,
    id: ControllerId,
    now: SimTime,
    keys: Keys,
    timers: &mut Timers<Wake>,
) {
    for key in keys.now {
        if let Some(until) = queue.busy(&key, now) {
            if queue.add_at(key.clone(), until) {
                timers.at(until, Wake::Later(id, key));
            }
        } else if queue.add(key.clone()) {
            timers.at(now, Wake::Work(id, key));
        }
    }
    for (span, key) in keys.later {
        if queue.add_at(key.clone(), now + span) {
            timers.at(now + span, Wake::Later(id, key));
        }
    }
}

/// Runs one controller on one key; says whether it ran (the wake may be stale).
#[inline(never)]
fn run<C: Controller>(
    slot: &mut Slot<C>,
    id: ControllerId,
    around: Surroundings<'_>,
    cache: Store,
    key: Key,
    later: bool,
    timers: &mut Timers<Wake>,
) -> bool {
    let now = around.now;
    let reading = Span(around.config.timing.call.0 * C::READS);
    match later {
        true if !slot.queue.take_waiting(&key, now) => return false,
        true if reading == Span::ZERO => {
            if slot.queue.add(key.clone()) {
                timers.at(now, Wake::Work(id, key));
            }
            return false;
        }
        true => {}
        false if !slot.queue.take(&key) => return false,
        false if reading > Span::ZERO => {
            let keys = Keys { later: vec![(reading, key)], ..Keys::default() };
            enqueue(&mut slot.queue, id, now, keys, timers);
            return false;
        }
        false => {}
    }
    let mut cx = ControlPlane {
        now,
        config: around.config,
        cache,
        server: around.server,
        recorder: &mut slot.recorder,
        waits: around.waits,
        visits: around.visits,
    };
    let mut keys = Keys::default();
    let before = cx.server.store.revision();
    let done = slot.controller.reconcile(&mut cx, &key);
    let writes = cx.server.store.revision() - before;
    let cost = Span(cx.config.timing.call.0 * writes);
    if cost > Span::ZERO {
        slot.queue.set_busy(key.clone(), now + cost);
    }
    match done {
        Ok(Requeue::AwaitChange) => slot.queue.forget(&key),
        Ok(Requeue::Rest) => {
            slot.queue.forget(&key);
            slot.queue.call_off(&key);
        }
        Ok(Requeue::After(span)) => {
            slot.queue.forget(&key);
            keys.add_after(span, key);
        }
        Ok(Requeue::Backoff) | Err(_) => {
            let pause = slot.queue.next_pause(&key, C::FIRST_PAUSE);
            keys.add_after(pause, key);
        }
    }
    enqueue(&mut slot.queue, id, now, keys, timers);
    true
}
