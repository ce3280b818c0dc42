//! Volumes whose labels name a zone or region: the node must be there. (Volumes of CSI drivers
//! say the same by node affinity.)
//!
//! Upstream: pkg/scheduler/framework/plugins/volumezone/volume_zone.go

use super::volume_binding::Plan;
use super::{Plugin, Rejection};
use crate::base::Str;
use crate::scheduler::nodes::NodeInfo;

const LABELS: [&str; 4] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// A label of a volume and the values it allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    key: &'static str,
    values: Vec<Str>,
}

/// The zones the Pod's volumes are in.
pub fn zones(plan: &Option<Plan>) -> Vec<Zone> {
    let volumes = plan.iter().flat_map(|plan| plan.bound.iter().flatten());
    let zone = |volume: &crate::api::core::volume::PersistentVolume, key: &'static str| {
        let values = volume.meta.label(key)?.split("__").map(Str::from).collect();
        Some(Zone { key, values })
    };
    volumes.flat_map(|volume| LABELS.iter().filter_map(move |key| zone(volume, key))).collect()
}

/// Whether the node is in all of them.
pub fn filter(zones: &[Zone], node: &NodeInfo) -> Result<(), Rejection> {
    let Some(object) = node.node.as_ref().filter(|_| !zones.is_empty()) else {
        return Ok(());
    };
    // A node without any such label is not in a zoned cluster, and everything fits.
    if !LABELS.iter().any(|key| object.meta.label(key).is_some()) {
        return Ok(());
    }
    let stable = |key: &'static str| {
        key.strip_prefix("failure-domain.beta.kubernetes.io/")
            .and_then(|part| object.meta.label(&format!("topology.kubernetes.io/{part}")))
    };
    let inside = |zone: &Zone| {
        let value = object.meta.label(zone.key).or_else(|| stable(zone.key));
        value.is_some_and(|value| zone.values.contains(value))
    };
    if zones.iter().all(inside) {
        return Ok(());
    }
    Err(Rejection::unresolvable(Plugin::VolumeZone, "node(s) had no available volume zone"))
}
