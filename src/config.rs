//! What a cluster is made of and how long things take there.

use crate::base::Str;
use crate::base::names::RecordedName;
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

/// What a cluster is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What all chance comes from.
    pub seed: u64,
    /// The machines there are at first; each becomes a Node.
    pub machines: Vec<MachineConfig>,
    /// The storage drivers and classes there are at first.
    pub storage: Storage,
    /// How long things take.
    pub timing: Timing,
    /// The flags of the control plane and of kubelets.
    pub flags: Flags,
    /// For replays: how chance fell in the run that is replayed.
    pub replay: Rc<Replay>,
}

/// How chance fell in a run that is replayed; empty for a cluster of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// `namespace/name` of a Pod and the node it was given, in order. The scheduler takes that
    /// node if the Pod fits there, since which of equal nodes it takes is chance.
    pub placements: Vec<(Str, Str)>,
    /// The Pods whose names the server made up, in order. It takes the next that fits.
    pub names: Vec<RecordedName>,
    /// `namespace/name` of Pods in the order in which they were told to go. A DaemonSet that
    /// rolls out takes the next of them, since upstream its nodes have no order; so does a
    /// ReplicaSet with too many Pods that are equal in everything.
    pub ends: Vec<Str>,
    /// The annotation in which a Pod says for how many seconds its containers run that end by
    /// themselves; empty for none.
    pub run_time: Str,
    /// A node, and an instant at which its kubelet looked at its status.
    pub status_phases: Vec<(Str, SimTime)>,
    /// `namespace/claim node` for each attachment, in order, and whether it was there when the
    /// controller looked for the first time, which it does after 0.5 to 0.55 s.
    pub attachments: Vec<(Str, bool)>,
    /// `namespace/name` of Pods that the scheduler heard of before it heard of their claims.
    pub early: Vec<Str>,
    /// `namespace/name` of a Pod and when its kubelet was done with it, in order.
    pub courses: Vec<(Str, Course)>,
}

/// When a kubelet was done with a Pod; `None` where that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Course {
    /// Its containers ran.
    pub ran: Option<SimTime>,
    /// They had ended, because it was being deleted.
    pub ended: Option<SimTime>,
    /// It was gone.
    pub gone: Option<SimTime>,
}

/// A machine there is at first.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineConfig {
    /// Its name.
    pub name: Str,
    /// Its zone; empty for none.
    pub zone: Str,
    /// Processors, as a quantity: `4`.
    pub cpu: Str,
    /// Memory, as a quantity: `16Gi`.
    pub memory: Str,
    /// How many Pods it takes.
    pub pods: i64,
    /// How many volumes of the block driver it takes; `None` for any number.
    pub volumes: Option<i32>,
}

/// The storage there is at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// The page's: a network disk that every node can attach as the default class, beside
    /// it a zonal, a node-local and a shared class.
    Playground,
    /// The recordings': class `standard` of a driver without an attach step, Immediate.
    NoAttach,
    /// No class and no driver.
    None,
}

/// How long things take that Kubernetes does not decide.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// From a write until watchers see it.
    pub watch_lag: Span,
    /// Pulling an image that the node does not have.
    pub image_pull: Span,
    /// From the image to a running container.
    pub container_start: Span,
    /// From running until a readiness probe could pass; on top of the probe's own times.
    pub ready_delay: Span,
    /// From the order to stop until a well-behaved container has stopped.
    pub container_stop: Span,
    /// How long a container runs whose image says that it ends by itself.
    pub run_time: Span,
    /// Making a volume.
    pub provision: Span,
    /// Attaching a volume.
    pub attach: Span,
    /// Detaching a volume.
    pub detach: Span,
    /// Mounting a volume.
    pub mount: Span,
    /// Unmounting a volume.
    pub unmount: Span,
    /// Between renewals of a node's lease (kubelet: a quarter of 40 s).
    pub lease_renewal: Span,
    /// Between the kubelet's looks at whether its node status must be written.
    pub node_status: Span,
    /// From power to a running kubelet.
    pub boot: Span,
    /// What each write costs a controller: so long it is busy with the object it wrote for, and
    /// looks at it again only afterwards. All its writes still happen at one instant. Kubelets
    /// hear that much later of a change than controllers, which are one process with the store
    /// at hand, and the scheduler needs it twice to say that a Pod fits nowhere. Zero: what
    /// changes meanwhile is seen at once.
    pub call: Span,
    /// What a Pod's start or end costs the kubelets, and a volume its provisioner: until then the
    /// next one has to wait, on whichever node. Real ones wait for each other in the API server
    /// only. Zero: all at once.
    pub turn: Span,
}

/// The flags of the control plane and of kubelets, with the defaults of 1.36; but kubelets have
/// time to end their Pods when machines are shut down, as in the documentation's example.
#[derive(Clone, Debug, PartialEq)]
pub struct Flags {
    /// kube-controller-manager --node-monitor-grace-period.
    pub node_monitor_grace_period: Span,
    /// kube-controller-manager --node-monitor-period.
    pub node_monitor_period: Span,
    /// kube-apiserver --default-not-ready-toleration-seconds and its unreachable twin.
    pub default_toleration_seconds: i64,
    /// Milliseconds between two nodes that get the NoExecute taint in a zone that is well
    /// (--node-eviction-rate 0.1).
    pub eviction_interval: Span,
    /// The same in a zone in partial disruption with more than
    /// `large_cluster_size_threshold` nodes (--secondary-node-eviction-rate 0.01).
    pub secondary_eviction_interval: Span,
    /// --unhealthy-zone-threshold, in hundredths.
    pub unhealthy_zone_percent: u64,
    /// --large-cluster-size-threshold.
    pub large_cluster_size_threshold: u64,
    /// --terminated-pod-gc-threshold.
    pub terminated_pod_gc_threshold: u64,
    /// kubelet shutdownGracePeriod: how long it holds up the shutdown of its machine to end the
    /// Pods. Kubelets have 0 unless they are told: then it does not hold it up, and nobody is told.
    pub shutdown_grace_period: Span,
    /// kubelet shutdownGracePeriodCriticalPods: how much of that is kept for critical Pods, which
    /// end last.
    pub shutdown_grace_period_critical_pods: Span,
    /// The feature gate MaxUnavailableStatefulSet.
    pub max_unavailable_stateful_set: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Flags {
            node_monitor_grace_period: Span::seconds(50),
            node_monitor_period: Span::seconds(5),
            default_toleration_seconds: 300,
            eviction_interval: Span::seconds(10),
            secondary_eviction_interval: Span::seconds(100),
            unhealthy_zone_percent: 55,
            large_cluster_size_threshold: 50,
            terminated_pod_gc_threshold: 12_500,
            shutdown_grace_period: Span::seconds(30),
            shutdown_grace_period_critical_pods: Span::seconds(10),
            max_unavailable_stateful_set: false,
        }
    }
}

impl Default for Timing {
    /// Round numbers a learner can follow.
    fn default() -> Self {
        Timing {
            watch_lag: Span::millis(2),
            image_pull: Span::millis(1800),
            container_start: Span::millis(700),
            ready_delay: Span::millis(500),
            container_stop: Span::millis(800),
            run_time: Span::seconds(1),
            provision: Span::millis(800),
            attach: Span::millis(1200),
            detach: Span::millis(1200),
            mount: Span::millis(100),
            unmount: Span::millis(200),
            lease_renewal: Span::seconds(10),
            node_status: Span::seconds(10),
            boot: Span::seconds(8),
            call: Span::ZERO,
            turn: Span::ZERO,
        }
    }
}

impl Config {
    /// The same with so many machines, named and placed in turn: `node-a` in `zone-a`.
    pub fn with_machines(self, count: usize) -> Config {
        let letter = |i: usize| char::from(b'a' + u8::try_from(i % 26).unwrap_or(0));
        let machine = |i: usize| {
            let round = if i < 26 { String::new() } else { (i / 26).to_string() };
            MachineConfig {
                name: format!("node-{}{round}", letter(i)).into(),
                zone: format!("zone-{}", letter(i % 3)).into(),
                cpu: "4".into(),
                memory: "16Gi".into(),
                pods: 110,
                volumes: None,
            }
        };
        Config { machines: (0..count).map(machine).collect(), ..self }
    }
}

impl Default for Config {
    /// The page's first cluster: three nodes in three zones.
    fn default() -> Self {
        Config {
            seed: 1,
            machines: Vec::new(),
            storage: Storage::Playground,
            timing: Timing::default(),
            flags: Flags::default(),
            replay: Rc::default(),
        }
        .with_machines(3)
    }
}
