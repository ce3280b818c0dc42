//! What a kubelet says of its machine: the Node object, its Lease, its CSINode.
//!
//! Not here: heartbeats that change nothing. A kubelet writes its Node's status every 5 minutes
//! even if nothing in it has changed; here it does so only while a volume is attached to its
//! machine that no Pod of its own uses, for then the attach/detach controller may wait to hear
//! that (lastHeartbeatTime moves with these writes and with others). Images, resource pressure.
//! The renewals of the Lease are not written one by one: see `LeaseSpec::renewing`. A kubelet
//! whose Node object is deleted while it runs does not register again before it restarts.
//!
//! Upstream: pkg/kubelet/{kubelet_node_status,kubelet}.go, pkg/kubelet/nodestatus/setters.go,
//! staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go

use super::shutdown::Shutdown;
use super::{Kubelets, NODE_LEASES, Wake};
use crate::api::core::node::{Node, NodeAddress, NodeSystemInfo};
use crate::api::core::pod::ResourceList;
use crate::api::core::volume::PersistentVolume;
use crate::api::json::MicroTime;
use crate::api::kinds::{Key, Object, Resource};
use crate::api::meta::{Condition, ObjectMeta, OwnerReference, Uid, condition, set_condition};
use crate::api::quantity::Quantity;
use crate::api::storage::{CSINode, CSINodeDriver, Lease, VolumeAttachment};
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::names;
use crate::base::prng::Prng;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::client::volumes;
use crate::config::Config;
use serde_json::json;
use std::rc::Rc;

/// What one kubelet remembers of its machine.
#[derive(Clone, Debug)]
pub(super) struct NodeState {
    /// Whether the kubelet runs.
    pub up: bool,
    /// When the machine will have booted, while it does.
    pub booting: Option<SimTime>,
    /// Whether it has reached the API server since it started.
    pub registered: bool,
    /// One of the regular renewals of its Lease.
    pub lease_phase: SimTime,
    /// One of the regular looks at its Node's status.
    pub status_phase: SimTime,
    /// The look it has asked to be woken for.
    pub status_due: Option<SimTime>,
    /// The drivers on the machine.
    pub drivers: Rc<Vec<CSINodeDriver>>,
    /// How many Pods want or still have each attachable volume.
    pub volumes: Map<Str, u32>,
    /// Volumes no Pod uses any more that the machine still has mounted.
    pub stuck: Vec<Str>,
    /// What it last wrote as volumesInUse.
    pub reported: Rc<Vec<Str>>,
    /// The last numbers of addresses in use.
    pub addresses: Set<u32>,
    /// The last number given out.
    pub last_address: u32,
    /// How far its orderly shutdown has come, while there is one.
    pub shutdown: Option<Shutdown>,
    /// How many more regular writes that change nothing somebody may wait for.
    pub beats: u8,
}

/// How often a kubelet writes its status even if nothing has changed.
const REPORT: Span = Span::minutes(5);
/// After so many of these writes whoever waited has heard: the first may come while an attach
/// that fails is still under way.
const BEATS: u8 = 2;

impl NodeState {
    /// A kubelet that does not run yet. Its rhythm depends on the seed and its name alone.
    pub fn new(config: &Config, name: &str) -> NodeState {
        let mut chance = Prng::new(config.seed).fork("kubelet").fork(name);
        let mut phase = |period: Span| SimTime(chance.below(period.0));
        let replayed = config.replay.status_phases.iter().find(|(node, _)| **node == *name);
        NodeState {
            up: false,
            booting: None,
            registered: false,
            lease_phase: phase(config.timing.lease_renewal),
            status_phase: match replayed {
                Some((_, phase)) => *phase,
                None => phase(config.timing.node_status),
            },
            status_due: None,
            drivers: Rc::default(),
            volumes: Map::new(),
            stuck: Vec::new(),
            reported: Rc::default(),
            addresses: Set::new(),
            last_address: 1,
            shutdown: None,
            beats: 0,
        }
    }

    /// An address of the machine's range, the one unused for longest; once all are in use
    /// they are given twice.
    pub fn take_address(&mut self) -> u32 {
        for _ in 0..253 {
            self.last_address = if self.last_address >= 254 { 2 } else { self.last_address + 1 };
            if !self.addresses.contains(&self.last_address) {
                break;
            }
        }
        self.addresses.insert_mut(self.last_address);
        self.last_address
    }

    /// Counts a volume in or out.
    pub fn count_volume(&mut self, volume: &Str, more: bool) {
        let count = self.volumes.get(volume).copied().unwrap_or(0);
        match if more { count + 1 } else { count.saturating_sub(1) } {
            0 => drop(self.volumes.remove_mut(volume)),
            count => self.volumes.insert_mut(volume.clone(), count),
        }
    }
}

impl Kubelets {
    /// The kubelet of `name` has reached the API server for the first time since it started:
    /// it registers its Node, or writes the status of the one there is.
    pub(super) fn register(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        let Some(node) = self.nodes.get_mut(name) else {
            return;
        };
        node.registered = true;
        let drivers = node.drivers.clone();
        let key = Key::global(name.clone());
        let known = cx.server.store.get::<Node>(&key).is_some();
        if !known && let Some(fresh) = fresh_node(cx, name) {
            let status = fresh.status.clone();
            if cx.client().create(fresh).is_err() {
                return;
            }
            // A server that drops the status of what is created gets it again.
            let _ = cx.client().patch_status::<Node>(&key, |node| node.status = status);
        }
        let fresh = CSINode {
            meta: ObjectMeta {
                name: name.clone(),
                owner_references: owner(cx, name),
                ..ObjectMeta::default()
            },
            ..CSINode::default()
        };
        if cx.server.store.get::<CSINode>(&key).is_none() {
            let mut fresh = fresh;
            fresh.spec.drivers = drivers.to_vec();
            let _ = cx.client().create(fresh);
        }
        self.node_event(cx, name, EventKind::Normal, "Starting", "Starting kubelet.");
        if known {
            self.tell_of_boot(cx, name);
        }
        self.write_ready(cx, name, None);
    }

    /// The machine of a Node that was known before has been started anew.
    fn tell_of_boot(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        let id = Uid(names::uid(cx.prng));
        let _ = cx.client().patch_status::<Node>(&Key::global(name.clone()), |node| {
            node.status.node_info.rest.set("bootID", json!(id.to_string()));
        });
        let text = format!("Node {name} has been rebooted, boot id: {id}");
        self.node_event(cx, name, EventKind::Warning, "Rebooted", &text);
    }

    /// Writes the Node's status if that changes anything: Ready, and the volumes in use.
    pub(super) fn write_node_status(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        let Some(node) = self.nodes.get_mut(name) else {
            return;
        };
        let in_use: Vec<Str> = node.volumes.keys().cloned().collect();
        *cx.visits += 1 + in_use.len() as u64;
        node.reported = Rc::new(in_use.clone());
        self.write_ready(cx, name, Some(in_use));
    }

    /// An attachment of a volume to the machine of a kubelet has come or gone.
    pub(super) fn attachment_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let known = change.new.as_ref().or(change.old.as_ref()).and_then(VolumeAttachment::unwrap);
        let Some(attachment) = known else { return };
        let node = attachment.spec.node_name.clone();
        let at = (node.clone(), change.key.name.clone());
        if change.is_removed() {
            self.attachments.remove_mut(&at);
        } else if change.is_added() {
            let volume = attachment.spec.source.persistent_volume_name.clone().unwrap_or_default();
            let volume = cx.cache.get::<PersistentVolume>(&Key::global(volume));
            let unique = volume.and_then(|volume| volumes::attachable(&cx.cache, volume));
            self.attachments.insert_mut(at, unique.unwrap_or_default());
            if let Some(state) = self.nodes.get_mut(&node) {
                state.beats = BEATS;
            }
        } else {
            return;
        }
        self.touch_node(cx, &node, timers);
    }

    /// When the next write is due that changes nothing, if somebody may wait for it.
    fn next_beat(
        &self,
        node: &NodeState,
        name: &Str,
        object: Option<&Rc<Node>>,
    ) -> Option<SimTime> {
        let from = (name.clone(), Str::from(""));
        let here = self.attachments.range(from..).take_while(|((at, _), _)| at == name);
        let idle = here.map(|(_, unique)| unique).any(|it| !node.volumes.contains_key(it));
        let last = condition(&object?.status.conditions, "Ready")?.last_heartbeat_time?;
        (node.beats > 0 && node.registered && idle).then_some(last + REPORT)
    }

    /// The same; before a kubelet that has just started knows its Pods, it leaves the volumes
    /// in use as they are.
    fn write_ready(&mut self, cx: &mut NodePlane<'_>, name: &Str, in_use: Option<Vec<Str>>) {
        let key = Key::global(name.clone());
        let Some(old) = cx.server.store.get::<Node>(&key).cloned() else {
            return;
        };
        let beat = self.nodes.get(name).and_then(|node| self.next_beat(node, name, Some(&old)));
        let beat = in_use.is_some() && beat.is_some_and(|due| due <= cx.now);
        let shutting = self.is_shutting(name);
        let agrees = agrees(&old, shutting);
        let same = in_use.as_ref().is_none_or(|in_use| *in_use == old.status.volumes_in_use);
        if agrees && same && !beat {
            return;
        }
        if let Some(node) = self.nodes.get_mut(name).filter(|_| beat) {
            node.beats -= 1;
        }
        let now = cx.now;
        let written = cx.client().patch_status::<Node>(&key, |node| {
            if let Some(in_use) = in_use {
                node.status.volumes_in_use = in_use;
            }
            for condition in conditions(now, shutting) {
                set_condition(&mut node.status.conditions, condition, now);
            }
        });
        if written.is_ok() && !agrees {
            let word = if shutting { "NodeNotReady" } else { "NodeReady" };
            let text = format!("Node {name} status is now: {word}");
            self.node_event(cx, name, EventKind::Normal, word, &text);
        }
    }

    /// Asks for the next regular look at the Node's status at which it would be written.
    pub(super) fn touch_node(&mut self, cx: &NodePlane<'_>, name: &Str, timers: &mut Timers<Wake>) {
        let Some(node) = self.nodes.get(name) else {
            return;
        };
        let known = cx.server.store.get::<Node>(&Key::global(name.clone()));
        let said = known.map(|node| &node.status.volumes_in_use);
        // Somebody who had not heard of it lately may have called the node unfit just now.
        let doubted =
            node.registered && known.is_some_and(|known| !agrees(known, node.shutdown.is_some()));
        // What was said before a restart is taken back by the first regular look.
        let stale = node.reported.is_empty() && said.is_some_and(|said| !said.is_empty());
        let differs = !node.reported.iter().eq(node.volumes.keys());
        let tick = |at: SimTime| at.next_tick(node.status_phase, cx.config.timing.node_status);
        let next = tick(cx.now);
        let at = match differs || stale || doubted {
            true => Some(next),
            false => self.next_beat(node, name, known).map(|due| tick(due.max(cx.now))),
        };
        let due = match (node.status_due, at) {
            // Nobody waits any more for what would change nothing.
            (Some(due), None) if due > next => None,
            (Some(due), Some(at)) => Some(due.min(at)),
            (due, at) => due.or(at),
        };
        if let (true, Some(at)) = (due != node.status_due, due) {
            timers.at(at, Wake::NodeStatus(name.clone()));
        }
        if let Some(node) = self.nodes.get_mut(name) {
            node.status_due = due;
        }
    }

    /// The kubelet begins to renew its Lease, with a renewal at `at`.
    pub(super) fn renew_lease(&mut self, cx: &mut NodePlane<'_>, name: &Str, at: SimTime) {
        let Some(node) = self.nodes.get_mut(name) else {
            return;
        };
        node.lease_phase = at;
        let key = Key::new(NODE_LEASES, name.clone());
        if cx.server.store.get::<Lease>(&key).is_some() {
            let _ = cx.client().patch::<Lease>(&key, |lease| {
                lease.spec.renew_time = Some(MicroTime(at));
                lease.spec.renewing = true;
            });
            return;
        }
        let owner_references = owner(cx, name);
        // Without its Node there is nobody the Lease could belong to.
        if owner_references.is_empty() {
            return;
        }
        let mut lease = Lease {
            meta: ObjectMeta {
                name: name.clone(),
                namespace: key.namespace.clone(),
                owner_references,
                ..ObjectMeta::default()
            },
            ..Lease::default()
        };
        lease.spec.holder_identity = Some(name.clone());
        lease.spec.lease_duration_seconds = Some(40);
        lease.spec.renew_time = Some(MicroTime(at));
        lease.spec.renewing = true;
        let _ = cx.client().create(lease);
    }

    /// The kubelet has just stopped renewing its Lease: what stays is the last renewal that
    /// really happened. Written by nobody in real life, where every renewal was a write.
    pub(super) fn end_lease(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        let Some(node) = self.nodes.get(name) else {
            return;
        };
        let (phase, period) = (node.lease_phase, cx.config.timing.lease_renewal);
        let since = cx.now.since(phase);
        let last = match (cx.now < phase, period.0) {
            (true, _) => SimTime::ZERO,
            (false, 0) => cx.now,
            (false, period) => phase + Span(since.0 / period * period),
        };
        let key = Key::new(NODE_LEASES, name.clone());
        let _ = cx.client().patch::<Lease>(&key, |lease| {
            lease.spec.renew_time = Some(MicroTime(last));
            lease.spec.renewing = false;
        });
    }

    pub(super) fn node_event(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        let node = cx.server.store.get::<Node>(&Key::global(name.clone())).cloned();
        if let Some(node) = node {
            cx.event("kubelet", name, &Object::Node(node), kind, reason, message);
        }
    }
}

/// A reference to the Node as owner; none if there is no such Node.
fn owner(cx: &NodePlane<'_>, name: &Str) -> Vec<OwnerReference> {
    let node = cx.server.store.get::<Node>(&Key::global(name.clone()));
    let reference = |node: &Rc<Node>| OwnerReference {
        api_version: "v1".into(),
        kind: "Node".into(),
        name: name.clone(),
        uid: node.meta.uid,
        ..OwnerReference::default()
    };
    node.map(reference).into_iter().collect()
}

fn fresh_node(cx: &NodePlane<'_>, name: &Str) -> Option<Node> {
    let machine = cx.infra.machines.get(name)?;
    let mut node = Node::default();
    node.meta.name = name.clone();
    let labels = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
    ];
    for (key, value) in labels {
        node.meta.labels.set(key, value);
    }
    if !machine.zone.is_empty() {
        node.meta.labels.set("topology.kubernetes.io/region", "region-1");
        node.meta.labels.set("topology.kubernetes.io/zone", machine.zone.clone());
    }
    let attach = "volumes.kubernetes.io/controller-managed-attach-detach";
    node.meta.annotations.set("node.alpha.kubernetes.io/ttl", "0");
    node.meta.annotations.set(attach, "true");
    let range: Str = format!("{}0/24", machine.pod_prefix()).into();
    node.spec.rest.set("podCIDRs", json!([&*range]));
    node.spec.pod_cidr = range;
    let whole = |text: &str| Quantity::parse(text).unwrap_or_default();
    let has: ResourceList = [
        ("cpu", machine.cpu.clone()),
        ("ephemeral-storage", whole("100Gi")),
        ("hugepages-2Mi", whole("0")),
        ("memory", machine.memory.clone()),
        ("pods", Quantity::units(machine.pods)),
    ]
    .into_iter()
    .map(|(name, amount)| (name.into(), amount))
    .collect();
    node.status.capacity = has.clone();
    node.status.allocatable = has;
    let address =
        |kind: &str, address: Str| NodeAddress { kind: kind.into(), address, ..Default::default() };
    node.status.addresses =
        vec![address("InternalIP", machine.address()), address("Hostname", name.clone())];
    node.status.node_info = node_info();
    for condition in conditions(cx.now, false) {
        set_condition(&mut node.status.conditions, condition, cx.now);
    }
    Some(node)
}

fn node_info() -> NodeSystemInfo {
    NodeSystemInfo {
        kubelet_version: "v1.36.2".into(),
        os_image: "Debian GNU/Linux 12 (bookworm)".into(),
        kernel_version: "6.1.0".into(),
        container_runtime_version: "containerd://2.2.0".into(),
        operating_system: "linux".into(),
        architecture: "amd64".into(),
        ..NodeSystemInfo::default()
    }
}

/// Whether what the Node says of itself is what its kubelet would say.
fn agrees(node: &Node, shutting: bool) -> bool {
    node.ready() == if shutting { "False" } else { "True" }
}

fn conditions(now: SimTime, shutting: bool) -> [Condition; 4] {
    let ready = match shutting {
        true => ("Ready", "False", "KubeletNotReady", "node is shutting down"),
        false => ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    };
    let rows = [
        (
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ready,
    ];
    rows.map(|(kind, status, reason, message)| Condition {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        last_heartbeat_time: Some(now.whole_second()),
        ..Condition::default()
    })
}

/// Whether the Node says that this volume is attached to it.
pub(super) fn is_attached(node: &Node, volume: &Str) -> bool {
    node.status.volumes_attached.iter().any(|there| there.name == *volume)
}
