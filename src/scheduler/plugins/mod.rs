//! The rules by which a node fits or not and how well it fits, one a file, in upstream's order.
//! `State` is what one cycle works out about its Pod before it looks at nodes; a rule that
//! cannot concern the Pod works out nothing and is skipped.
//!
//! Not here: NodeName (a Pod with a node is never queued), ImageLocality (it goes by the sizes of
//! images, which nobody knows here; what is less than 23 MB times the share of nodes that have it
//! counts for nothing, and 500 MB on a third of them for 14 of 100 points), DynamicResources (only
//! its words in messages), the scores of VolumeBinding (off by default), extenders.
//!
//! Upstream: pkg/scheduler/apis/config/v1/default_plugins.go,
//! pkg/scheduler/framework/runtime/framework.go

pub(super) mod inter_pod_affinity;
pub(super) mod node_affinity;
pub(super) mod ports;
pub(super) mod resources;
pub(super) mod taints;
pub(super) mod topology_spread;
pub(super) mod unschedulable;
pub(super) mod volume_binding;
pub(super) mod volume_limits;
pub(super) mod volume_restrictions;
pub(super) mod volume_zone;

use super::census::Census;
use super::memo::Sheet;
use super::nodes::{NodeInfo, Nodes, PodInfo};
use super::volumes::Volumes;
use crate::api::kinds::Key;
use crate::apiserver::store::Store;
use std::borrow::Cow;
use std::rc::Rc;

/// A plugin of the scheduler, in the order in which they look at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plugin {
    /// Gates that hold a Pod back altogether.
    SchedulingGates,
    /// Cordoned nodes.
    NodeUnschedulable,
    /// Taints.
    TaintToleration,
    /// nodeSelector and node affinity.
    NodeAffinity,
    /// Ports of the node.
    NodePorts,
    /// CPU, memory, number of Pods.
    NodeResourcesFit,
    /// ReadWriteOncePod.
    VolumeRestrictions,
    /// How many volumes a node can have attached.
    NodeVolumeLimits,
    /// Claims and volumes.
    VolumeBinding,
    /// Zones of volumes by label.
    VolumeZone,
    /// Spreading.
    PodTopologySpread,
    /// Affinity to other Pods.
    InterPodAffinity,
    /// Even use of CPU and memory.
    NodeResourcesBalancedAllocation,
}

impl Plugin {
    /// Its name upstream.
    pub fn name(self) -> &'static str {
        match self {
            Plugin::SchedulingGates => "SchedulingGates",
            Plugin::NodeUnschedulable => "NodeUnschedulable",
            Plugin::TaintToleration => "TaintToleration",
            Plugin::NodeAffinity => "NodeAffinity",
            Plugin::NodePorts => "NodePorts",
            Plugin::NodeResourcesFit => "NodeResourcesFit",
            Plugin::VolumeRestrictions => "VolumeRestrictions",
            Plugin::NodeVolumeLimits => "NodeVolumeLimits",
            Plugin::VolumeBinding => "VolumeBinding",
            Plugin::VolumeZone => "VolumeZone",
            Plugin::PodTopologySpread => "PodTopologySpread",
            Plugin::InterPodAffinity => "InterPodAffinity",
            Plugin::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
        }
    }
}

/// The plugins that score, in the order of `Scores`, with the weight of each.
pub const SCORERS: [(Plugin, i64); 6] = [
    (Plugin::TaintToleration, 3),
    (Plugin::NodeAffinity, 2),
    (Plugin::NodeResourcesFit, 1),
    (Plugin::PodTopologySpread, 2),
    (Plugin::InterPodAffinity, 2),
    (Plugin::NodeResourcesBalancedAllocation, 1),
];

/// The weighted score of one node by each of `SCORERS`; `None` where a plugin is skipped.
pub type Scores = [Option<i16>; SCORERS.len()];

/// The best score of one plugin.
pub(super) const MAX_SCORE: i64 = 100;

/// Why a node does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rejection {
    /// Who says so.
    pub plugin: Plugin,
    /// Whether taking Pods away from the node would not help.
    pub unresolvable: bool,
    /// Why, in upstream's words.
    pub reasons: Vec<Cow<'static, str>>,
    /// The claim for which there is no room, if that is one of the reasons.
    pub full: Option<Key>,
}

impl Rejection {
    /// One reason that taking Pods away might cure.
    pub fn new(plugin: Plugin, reason: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection { plugin, unresolvable: false, reasons: vec![reason.into()], full: None }
    }

    /// One reason that taking Pods away does not cure.
    pub fn unresolvable(plugin: Plugin, reason: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection { unresolvable: true, ..Rejection::new(plugin, reason) }
    }
}

/// A Pod that can be placed on no node at all, before any was looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    /// Why.
    pub rejection: Rejection,
    /// The claim that is the cause.
    pub claim: Option<Key>,
}

/// What the plugins look things up in.
pub(super) struct Sources<'a> {
    /// The scheduler's cache.
    pub store: &'a Store,
    /// Nodes and their Pods.
    pub nodes: &'a Nodes,
    /// Claims and volumes as far as the scheduler is ahead of its cache.
    pub volumes: &'a Volumes,
}

/// What one cycle has worked out about its Pod.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The Pod.
    pub info: Rc<PodInfo>,
    /// Whether it may be placed on cordoned nodes.
    pub bears_cordon: bool,
    /// What nodes it asks for; `None` for any.
    pub affinity: Option<node_affinity::Required>,
    /// Pods that use a ReadWriteOncePod claim of this one.
    pub exclusive_users: Vec<Key>,
    /// Its volumes as a node counts them, if some node has a limit.
    pub limits: Option<volume_limits::Wanted>,
    /// Its claims; `None` if it has none.
    pub binding: Option<volume_binding::Plan>,
    /// The zones its volumes are in by label.
    pub zones: Vec<volume_zone::Zone>,
    /// Its hard rules for spreading, with counts.
    pub spread: Option<topology_spread::Hard>,
    /// Its hard rules about neighbours and theirs about it, with counts.
    pub neighbours: Option<inter_pod_affinity::Hard>,
}

impl State {
    /// Works out what the Pod's rules need; an error means that no node can fit.
    pub fn new(
        info: &Rc<PodInfo>,
        from: &Sources<'_>,
        census: &mut Census,
        visits: &mut u64,
    ) -> Result<State, Box<Refusal>> {
        let pod = &info.pod;
        let exclusive_users = volume_restrictions::users(pod, from)?;
        let binding = volume_binding::plan(pod, from)?;
        let zones = volume_zone::zones(&binding);
        let affinity = node_affinity::Required::of(&pod.spec);
        let mut counts = Counts { from, census, visits };
        let spread = topology_spread::Hard::new(pod, affinity.as_ref(), &mut counts);
        let neighbours = inter_pod_affinity::Hard::new(pod, &mut counts);
        Ok(State {
            info: info.clone(),
            bears_cordon: unschedulable::bears(&pod.spec),
            limits: volume_limits::wanted(pod, from),
            affinity,
            exclusive_users,
            binding,
            zones,
            spread,
            neighbours,
        })
    }

    /// Whether the node fits; each rule in turn, the first that says no decides.
    pub fn filter(&self, node: &NodeInfo, from: &Sources<'_>) -> Result<(), Rejection> {
        self.filter_alone(node)?;
        self.filter_among(node, from)
    }

    /// The rules that look at nothing but the node: they come first.
    pub fn filter_alone(&self, node: &NodeInfo) -> Result<(), Rejection> {
        unschedulable::filter(self, node)?;
        taints::filter(self, node)?;
        if let Some(required) = &self.affinity {
            node_affinity::filter(required, node)?;
        }
        ports::filter(self, node)?;
        resources::filter(&self.info.requests, node)
    }

    /// The other rules.
    pub fn filter_among(&self, node: &NodeInfo, from: &Sources<'_>) -> Result<(), Rejection> {
        volume_restrictions::filter(self)?;
        if let Some(wanted) = &self.limits {
            volume_limits::filter(wanted, node, from)?;
        }
        if let Some(plan) = &self.binding {
            volume_binding::filter(plan, node, from)?;
            volume_zone::filter(&self.zones, node)?;
        }
        if let Some(spread) = &self.spread {
            spread.filter(node)?;
        }
        match &self.neighbours {
            Some(neighbours) => neighbours.filter(node),
            None => Ok(()),
        }
    }

    /// The scores that depend on nothing but the node, before they are compared.
    pub fn raw(&self, node: &NodeInfo) -> Raw {
        let info = &self.info;
        Raw {
            taints: taints::score(&info.pod.spec, node),
            affinity: node_affinity::score(node_affinity::preferred(&info.pod.spec), node),
            least_allocated: resources::least_allocated(info, node),
            balanced: resources::balanced(&info.requests, node),
        }
    }

    /// The same state as if `other` were (or were not) on `node`.
    pub fn count(&mut self, other: &PodInfo, node: &NodeInfo, present: bool) {
        volume_restrictions::count(self, other, present);
        if let Some(spread) = &mut self.spread {
            spread.count(&other.pod, node, present);
        }
        if let Some(neighbours) = &mut self.neighbours {
            neighbours.count(&other.pod, node, present);
        }
    }
}

/// Scores of a node that depend on nothing else, before they are compared and weighted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    /// Taints that would rather keep the Pod away.
    taints: i64,
    /// Weights of the preferences that the node meets.
    affinity: i64,
    /// How empty it would be.
    least_allocated: i64,
    /// How evenly used it would be.
    balanced: i64,
}

/// What counting neighbours needs.
pub(super) struct Counts<'a, 'b> {
    /// Where things are looked up.
    pub from: &'a Sources<'b>,
    /// The counts.
    pub census: &'a mut Census,
    /// Objects looked at.
    pub visits: &'a mut u64,
}

/// How well each of `fits` (slots) fits, by plugin, weighted.
pub(super) fn score(
    state: &State,
    fits: &[usize],
    order: &[usize],
    counts: &mut Counts<'_, '_>,
    sheet: &mut Sheet,
) -> Vec<Scores> {
    let info = &state.info;
    let nodes = counts.from.nodes;
    let raws: Vec<Raw> = fits.iter().map(|&slot| sheet.raw(state, nodes.at(slot))).collect();
    let mut table = vec![[None; SCORERS.len()]; fits.len()];
    let mut put = |column: usize, points: Option<Vec<i64>>| {
        for (row, score) in table.iter_mut().zip(points.into_iter().flatten()) {
            row[column] = i16::try_from(score * SCORERS[column].1).ok();
        }
    };
    let each = |of: fn(&Raw) -> i64| -> Vec<i64> { raws.iter().map(of).collect() };
    put(0, Some(normalize(each(|raw| raw.taints), true)));
    if !node_affinity::preferred(&info.pod.spec).is_empty() {
        put(1, Some(normalize(each(|raw| raw.affinity), false)));
    }
    put(2, Some(each(|raw| raw.least_allocated)));
    put(3, topology_spread::score(state, fits, order, counts));
    put(4, inter_pod_affinity::score(&info.pod, fits, counts));
    if !info.requests.is_nothing() {
        put(5, Some(each(|raw| raw.balanced)));
    }
    table
}

/// Brings scores to 0..=100 by their largest; `reverse` makes the largest the worst.
///
/// Upstream: pkg/scheduler/framework/plugins/helper/normalize_score.go
fn normalize(mut scores: Vec<i64>, reverse: bool) -> Vec<i64> {
    let max = scores.iter().copied().max().unwrap_or(0);
    for score in &mut scores {
        let scaled = if max == 0 { 0 } else { MAX_SCORE * *score / max };
        *score = if reverse { MAX_SCORE - scaled } else { scaled };
    }
    scores
}
