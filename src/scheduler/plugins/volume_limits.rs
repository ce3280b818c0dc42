//! A node can have so many volumes of a driver attached. A slot counts as taken by each volume
//! of a Pod on the node, and by each VolumeAttachment to it, until that object is gone.
//!
//! Pods on the node are looked at one by one, but only if the node has a limit.
//!
//! Upstream: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go

use super::{Plugin, Rejection, Sources};
use crate::api::core::pod::Pod;
use crate::api::kinds::Key;
use crate::api::storage::{StorageClass, VolumeAttachment};
use crate::base::Str;
use crate::base::sorted::SortedSet;
use crate::scheduler::nodes::NodeInfo;

/// The volumes of a Pod as drivers count them: driver and handle.
pub type Wanted = SortedSet<(Str, Str)>;

/// The volumes of `pod`, if any node has a limit and it has any.
pub fn wanted(pod: &Pod, from: &Sources<'_>) -> Option<Wanted> {
    if !from.volumes.has_limits() {
        return None;
    }
    let mut wanted = Wanted::new();
    count(pod, from, &mut wanted);
    (!wanted.is_empty()).then_some(wanted)
}

fn count(pod: &Pod, from: &Sources<'_>, into: &mut Wanted) {
    for name in pod.claim_names() {
        let key = Key::new(pod.meta.namespace.clone(), name.clone());
        let Some(claim) = from.volumes.claim(from.store, &key) else { continue };
        let volume = from.volumes.volume(from.store, &claim.spec.volume_name);
        if let Some(csi) = volume.as_ref().and_then(|volume| volume.spec.csi.as_ref()) {
            into.insert((csi.driver.clone(), csi.volume_handle.clone()));
        } else if volume.is_none() {
            // Not bound yet: counted under the claim's name for the driver that will make it.
            let class = claim.spec.storage_class_name.clone().unwrap_or_else(|| "".into());
            if let Some(class) = from.store.get::<StorageClass>(&Key::global(class)) {
                into.insert((class.provisioner.clone(), key.to_string().into()));
            }
        }
    }
}

/// Whether the node has slots left for the Pod's volumes.
pub fn filter(wanted: &Wanted, node: &NodeInfo, from: &Sources<'_>) -> Result<(), Rejection> {
    let Some(limits) = from.volumes.limits(&node.name) else {
        return Ok(());
    };
    let mut taken = Wanted::new();
    for info in node.pods.values() {
        count(&info.pod, from, &mut taken);
    }
    let new: Vec<&(Str, Str)> = wanted.iter().filter(|volume| !taken.contains(volume)).collect();
    for name in from.volumes.attachments(&node.name) {
        let Some(found) = from.store.get::<VolumeAttachment>(&Key::global(name.clone())) else {
            continue;
        };
        let volume = found.spec.source.persistent_volume_name.as_ref();
        let volume = volume.and_then(|name| from.volumes.volume(from.store, name));
        let handle = volume.as_ref().and_then(|volume| volume.spec.csi.as_ref());
        let handle = handle.map_or_else(|| name.clone(), |csi| csi.volume_handle.clone());
        taken.insert((found.spec.attacher.clone(), handle));
    }
    for (driver, limit) in limits.iter() {
        let of = |(other, _): &(Str, Str)| other == driver;
        let more = new.iter().filter(|volume| of(volume)).count();
        let used = taken.iter().filter(|volume| of(volume)).count();
        if more > 0 && (more + used) as i64 > i64::from(*limit) {
            let reason = "node(s) exceed max volume count";
            return Err(Rejection::new(Plugin::NodeVolumeLimits, reason));
        }
    }
    Ok(())
}
