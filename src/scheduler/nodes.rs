//! What the scheduler knows of each node: the Node object and the Pods on it, added up as they
//! come and go, so that choosing a node looks at no Pod. Pods it has just given a node count at
//! once, before the server has said so (assumed).
//!
//! Upstream: pkg/scheduler/framework/types.go (NodeInfo), pkg/scheduler/backend/cache/cache.go,
//! node_tree.go (the order in which nodes are looked at: zone by zone in turn)

use super::amounts::{Amounts, requests};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::Key;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::sorted::SortedMap;
use std::rc::Rc;

/// The label that holds a node's host name.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label that holds a node's zone.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";

/// A port of the node that a Pod takes: protocol, address, number.
pub(super) type HostPort = (Str, Str, i32);

/// A Pod and what is computed from it once.
#[derive(Clone, Debug)]
pub(super) struct PodInfo {
    /// The Pod as last seen.
    pub pod: Rc<Pod>,
    /// What it asks for.
    pub requests: Amounts,
    /// The same with small defaults for what it does not ask for: CPU, memory.
    pub nonzero: (i64, i64),
    /// The ports of the node it takes.
    pub ports: Vec<HostPort>,
}

impl PodInfo {
    /// Computes what is computed once.
    pub fn new(pod: &Rc<Pod>) -> PodInfo {
        let with_defaults = requests(&pod.spec, true);
        PodInfo {
            pod: pod.clone(),
            requests: requests(&pod.spec, false),
            nonzero: (with_defaults.cpu, with_defaults.memory),
            ports: super::plugins::ports::wanted(&pod.spec),
        }
    }

    /// Its priority.
    pub fn priority(&self) -> i32 {
        self.pod.spec.priority.unwrap_or(0)
    }
}

/// One node.
#[derive(Clone, Debug)]
pub(super) struct NodeInfo {
    /// Its place among all nodes, which never changes.
    pub slot: usize,
    /// Its name.
    pub name: Str,
    /// Its object; `None` if that is gone and only Pods remain.
    pub node: Option<Rc<Node>>,
    /// What it has.
    pub allocatable: Amounts,
    /// What its Pods ask for.
    pub requested: Amounts,
    /// The same with small defaults: CPU, memory.
    pub nonzero: (i64, i64),
    /// Its Pods.
    pub pods: Map<Key, Rc<PodInfo>>,
    /// The ports its Pods take.
    pub ports: Vec<HostPort>,
    /// Another number after each change that may concern a Pod.
    pub generation: u64,
    hostname: Option<Str>,
    zone: Option<Str>,
}

impl NodeInfo {
    fn new(slot: usize, name: Str) -> NodeInfo {
        NodeInfo {
            slot,
            name,
            node: None,
            allocatable: Amounts::default(),
            requested: Amounts::default(),
            nonzero: (0, 0),
            pods: Map::new(),
            ports: Vec::new(),
            generation: 0,
            hostname: None,
            zone: None,
        }
    }

    /// The node's label `key`.
    pub fn label(&self, key: &str) -> Option<&Str> {
        match key {
            HOSTNAME => self.hostname.as_ref(),
            ZONE => self.zone.as_ref(),
            _ => self.node.as_ref()?.meta.label(key),
        }
    }

    fn set_node(&mut self, node: Option<Rc<Node>>) {
        let label = |key: &str| node.as_ref().and_then(|node| node.meta.label(key)).cloned();
        (self.hostname, self.zone) = (label(HOSTNAME), label(ZONE));
        self.allocatable =
            node.as_ref().map(|n| Amounts::read(&n.status.allocatable, false)).unwrap_or_default();
        self.node = node;
    }

    /// Puts a Pod on the node.
    pub fn add(&mut self, key: Key, info: &Rc<PodInfo>) {
        self.requested.add(&info.requests);
        self.nonzero.0 += info.nonzero.0;
        self.nonzero.1 += info.nonzero.1;
        self.ports.extend(info.ports.iter().cloned());
        self.pods.insert_mut(key, info.clone());
    }

    /// Takes a Pod off the node.
    pub fn remove(&mut self, key: &Key) -> Option<Rc<PodInfo>> {
        let info = self.pods.get(key)?.clone();
        self.pods.remove_mut(key);
        self.requested.sub(&info.requests);
        self.nonzero.0 -= info.nonzero.0;
        self.nonzero.1 -= info.nonzero.1;
        for port in &info.ports {
            if let Some(at) = self.ports.iter().position(|taken| taken == port) {
                self.ports.remove(at);
            }
        }
        Some(info)
    }
}

/// Where a Pod is counted.
#[derive(Clone, Debug)]
struct Placed {
    slot: usize,
    uid: Uid,
    assumed: bool,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    infos: Rc<Vec<Rc<NodeInfo>>>,
    by_name: Map<Str, usize>,
    placed: Map<Key, Placed>,
    order: Option<Rc<Vec<usize>>>,
    /// The last generation given.
    generation: u64,
}

impl Nodes {
    /// The node in `slot`.
    pub fn at(&self, slot: usize) -> &Rc<NodeInfo> {
        &self.infos[slot]
    }

    /// The node called `name`, if its object exists.
    pub fn get(&self, name: &str) -> Option<&Rc<NodeInfo>> {
        let info = &self.infos[*self.by_name.get(name)?];
        info.node.is_some().then_some(info)
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.infos.len()
    }

    /// Every slot, whether its node still exists or not.
    pub fn all(&self) -> impl Iterator<Item = &Rc<NodeInfo>> {
        self.infos.iter()
    }

    /// The slots of the nodes that exist, in the order in which they are looked at: a node
    /// of each zone in turn.
    pub fn order(&mut self) -> Rc<Vec<usize>> {
        if let Some(order) = &self.order {
            return order.clone();
        }
        let mut zones: Vec<(Str, Vec<usize>)> = Vec::new();
        let mut place: SortedMap<Str, usize> = SortedMap::new();
        for info in self.infos.iter().filter(|info| info.node.is_some()) {
            let zone = info.zone.clone().unwrap_or_else(|| "".into());
            let at = *place.get_or_insert_with(zone.clone(), || {
                zones.push((zone, Vec::new()));
                zones.len() - 1
            });
            zones[at].1.push(info.slot);
        }
        let longest = zones.iter().map(|(_, slots)| slots.len()).max().unwrap_or(0);
        let turn = |i: usize| zones.iter().filter_map(move |(_, slots)| slots.get(i).copied());
        let order: Rc<Vec<usize>> = Rc::new((0..longest).flat_map(turn).collect());
        self.order = Some(order.clone());
        order
    }

    /// Notes what the Node object called `name` is now.
    pub fn set_node(&mut self, name: &Str, node: Option<&Rc<Node>>) {
        let slot = self.slot(name);
        let same = |old: &Rc<Node>| {
            node.is_some_and(|new| {
                old.meta.labels == new.meta.labels
                    && old.spec == new.spec
                    && old.status.allocatable == new.status.allocatable
            })
        };
        let known = self.infos[slot].node.as_ref().is_some_and(same);
        let info = self.change(slot, !known);
        let before = (info.node.is_some(), info.zone.clone());
        info.set_node(node.cloned());
        if before != (info.node.is_some(), info.zone.clone()) {
            self.order = None;
        }
    }

    /// A node to change; with `news` if that may concern a Pod.
    fn change(&mut self, slot: usize, news: bool) -> &mut NodeInfo {
        let info = Rc::make_mut(&mut Rc::make_mut(&mut self.infos)[slot]);
        if news {
            self.generation += 1;
            info.generation = self.generation;
        }
        info
    }

    fn slot(&mut self, name: &Str) -> usize {
        if let Some(&slot) = self.by_name.get(name) {
            return slot;
        }
        let slot = self.infos.len();
        Rc::make_mut(&mut self.infos).push(Rc::new(NodeInfo::new(slot, name.clone())));
        self.by_name.insert_mut(name.clone(), slot);
        slot
    }

    /// Puts a Pod on a node; gives back the slot.
    pub fn place(&mut self, node: &Str, info: &Rc<PodInfo>, assumed: bool) -> usize {
        let key = Key::of(&info.pod.meta);
        let slot = self.slot(node);
        let placed = Placed { slot, uid: info.pod.meta.uid, assumed };
        self.placed.insert_mut(key.clone(), placed);
        self.change(slot, true).add(key, info);
        slot
    }

    /// Takes the Pod at `key` off its node; gives back the slot and what was known of it.
    pub fn displace(&mut self, key: &Key) -> Option<(usize, Rc<PodInfo>)> {
        let slot = self.placed.get(key)?.slot;
        self.placed.remove_mut(key);
        let info = self.change(slot, true).remove(key)?;
        Some((slot, info))
    }

    /// The Pod at `key` as it is counted, if it is.
    pub fn pod(&self, key: &Key) -> Option<&Rc<PodInfo>> {
        self.infos[self.placed.get(key)?.slot].pods.get(key)
    }

    /// Whether the Pod `uid` at `key` has been given a node that the server has not confirmed.
    pub fn is_assumed(&self, key: &Key, uid: Uid) -> bool {
        self.placed.get(key).is_some_and(|placed| placed.assumed && placed.uid == uid)
    }
}
