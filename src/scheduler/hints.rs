//! Which happenings may help which unschedulable Pods: each plugin is asked only about Pods it
//! found no node for, and only about happenings it knows.
//!
//! A change of taints (cordoning counts) asks nobody and retries all, as upstream does for a
//! reason of its own. A volume wakes upstream every Pod that waits for any volume; here only
//! the Pods of the claim it is kept for, as the others would fail with the same words.
//!
//! Upstream: EventsToRegister and the hint functions of pkg/scheduler/framework/plugins/*,
//! pkg/scheduler/scheduler.go (buildQueueingHintMap), pkg/scheduler/eventhandlers.go

use super::amounts::Amounts;
use super::census::{Manner, rules};
use super::nodes::PodInfo;
use super::plugins::node_affinity::Required;
use super::plugins::resources::could_fit;
use super::plugins::{Plugin, ports};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::meta::Labels;
use std::rc::Rc;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// A node appeared.
    NodeAdded(Rc<Node>),
    /// A node changed.
    NodeChanged {
        /// What it was.
        old: Rc<Node>,
        /// What it is.
        new: Rc<Node>,
    },
    /// A node went.
    NodeRemoved,
    /// A Pod got a node, or one that has a node got other labels.
    PodPlaced(Rc<Pod>),
    /// A Pod left its node or ended.
    PodLeft(Rc<Pod>),
    /// A class of volumes appeared or changed.
    Class,
    /// A volume that no claim has appeared or changed.
    Volume,
    /// A driver said that it has more room somewhere.
    Room,
    /// The limits of a node changed, or a volume was detached.
    Slots,
}

use Plugin::{
    InterPodAffinity, NodeAffinity, NodePorts, NodeResourcesFit, NodeUnschedulable,
    NodeVolumeLimits, PodTopologySpread, TaintToleration, VolumeBinding, VolumeRestrictions,
    VolumeZone,
};

impl Happening {
    /// The plugins that want to hear of it.
    pub fn concerns(&self) -> &'static [Plugin] {
        match self {
            Happening::NodeAdded(_) | Happening::NodeChanged { .. } => &[
                NodeUnschedulable,
                TaintToleration,
                NodeAffinity,
                NodePorts,
                NodeResourcesFit,
                VolumeRestrictions,
                VolumeBinding,
                VolumeZone,
                PodTopologySpread,
                InterPodAffinity,
            ],
            Happening::NodeRemoved => &[PodTopologySpread],
            Happening::PodPlaced(_) => &[PodTopologySpread, InterPodAffinity],
            Happening::PodLeft(_) => &[
                NodePorts,
                NodeResourcesFit,
                VolumeRestrictions,
                NodeVolumeLimits,
                PodTopologySpread,
                InterPodAffinity,
            ],
            Happening::Class | Happening::Volume => &[VolumeBinding, VolumeZone],
            Happening::Room => &[VolumeBinding],
            Happening::Slots => &[NodeVolumeLimits],
        }
    }

    /// Whether it may help `pod`, for which `plugin` found no node.
    pub fn may_help(&self, plugin: Plugin, pod: &Rc<Pod>) -> bool {
        match self {
            Happening::NodeAdded(node) => node_helps(plugin, pod, None, node),
            Happening::NodeChanged { old, new } => node_helps(plugin, pod, Some(old), new),
            Happening::PodPlaced(other) => neighbour_helps(plugin, pod, other),
            Happening::PodLeft(other) => match plugin {
                NodeResourcesFit => true,
                NodePorts => {
                    let taken = ports::wanted(&other.spec);
                    let wanted = ports::wanted(&pod.spec);
                    wanted.iter().any(|port| taken.iter().any(|t| ports::conflict(port, t)))
                }
                VolumeRestrictions => shares_claim(pod, other),
                NodeVolumeLimits => other.claim_names().next().is_some(),
                _ => neighbour_helps(plugin, pod, other),
            },
            Happening::NodeRemoved
            | Happening::Class
            | Happening::Volume
            | Happening::Room
            | Happening::Slots => self.concerns().contains(&plugin),
        }
    }
}

fn node_helps(plugin: Plugin, pod: &Rc<Pod>, old: Option<&Rc<Node>>, new: &Rc<Node>) -> bool {
    let retainted = old.is_some_and(|old| {
        old.spec.taints != new.spec.taints || old.spec.unschedulable != new.spec.unschedulable
    });
    let relabelled = old.is_none_or(|old| old.meta.labels != new.meta.labels);
    let resized = old.is_none_or(|old| old.status.allocatable != new.status.allocatable);
    match plugin {
        NodeUnschedulable => {
            !new.spec.unschedulable && old.is_none_or(|old| old.spec.unschedulable)
        }
        TaintToleration => {
            let bears = |node: &Node| node.untolerated(&pod.spec.tolerations).next().is_none();
            bears(new) && old.is_none_or(|old| !bears(old))
        }
        _ if retainted => true,
        NodeAffinity => {
            let fits = |node: &Node| Required::of(&pod.spec).is_none_or(|r| r.matches(node));
            relabelled && fits(new) && old.is_none_or(|old| !fits(old))
        }
        NodeResourcesFit => {
            let has = Amounts::read(&new.status.allocatable, false);
            resized && could_fit(&PodInfo::new(pod).requests, &has)
        }
        NodePorts | VolumeRestrictions => old.is_none(),
        VolumeBinding | VolumeZone | PodTopologySpread | InterPodAffinity => relabelled,
        _ => false,
    }
}

fn neighbour_helps(plugin: Plugin, pod: &Pod, other: &Pod) -> bool {
    match plugin {
        PodTopologySpread => {
            let counted = |c: &crate::api::core::scheduling::TopologySpreadConstraint| {
                c.label_selector.as_ref().is_some_and(|s| s.matches(&other.meta.labels))
            };
            let constraints = &pod.spec.topology_spread_constraints;
            pod.meta.namespace == other.meta.namespace && constraints.iter().any(counted)
        }
        InterPodAffinity => {
            // Namespaces chosen by label are taken to be meant.
            let any = Labels::default();
            let own = rules(pod);
            own.iter().any(|(_, term)| term.namespace_selector.is_some() || term.means(other, &any))
                || rules(other).iter().any(|(manner, term)| {
                    *manner == Manner::Away
                        && (term.namespace_selector.is_some() || term.means(pod, &any))
                })
        }
        _ => false,
    }
}

fn shares_claim(pod: &Pod, other: &Pod) -> bool {
    pod.meta.namespace == other.meta.namespace
        && pod.claim_names().any(|name| other.claim_names().any(|theirs| theirs == name))
}
