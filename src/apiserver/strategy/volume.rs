//! Volumes: defaults, rules, what may change.
//!
//! Not here: rules for what is inside a volume source other than csi and local.
//!
//! Upstream: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go
//! (ValidatePersistentVolume), pkg/registry/core/persistentvolume/strategy.go

use super::check::{Check, Path};
use super::claim::{VOLUME_MODES, access_modes, positive};
use super::{names, pod_rules};
use crate::api::core::volume::{
    PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus, VolumePhase,
};
use crate::base::time::SimTime;
use std::rc::Rc;

const RECLAIM: &[&str] = &["Delete", "Recycle", "Retain"];
/// Kept fields that are no volume source.
const NO_SOURCE: &[&str] = &["mountOptions", "volumeAttributesClassName"];

/// Fills in what was not given.
pub fn default(volume: &mut PersistentVolume) {
    if volume.status.phase == VolumePhase::Unset {
        volume.status.phase = VolumePhase::Pending;
    }
    let complete = !volume.spec.reclaim_policy.is_empty() && !volume.spec.volume_mode.is_empty();
    if complete && volume.spec.rest.is_empty() {
        return;
    }
    let spec = Rc::make_mut(&mut volume.spec);
    if spec.reclaim_policy.is_empty() {
        spec.reclaim_policy = "Retain".into();
    }
    if spec.volume_mode.is_empty() {
        spec.volume_mode = "Filesystem".into();
    }
    if let Some(host) = spec.rest.object_mut("hostPath") {
        host.entry("type").or_insert("".into());
    }
}

/// What a new volume starts with, whatever its maker wrote there.
pub fn prepare_create(volume: &mut PersistentVolume, now: SimTime) {
    volume.status = PersistentVolumeStatus {
        phase: VolumePhase::Pending,
        last_phase_transition_time: Some(now.whole_second()),
        ..Default::default()
    };
}

/// What a status update keeps of the volume it replaces; a new phase gets its time.
pub fn prepare_status(new: &mut PersistentVolume, old: &PersistentVolume, now: SimTime) {
    new.spec = old.spec.clone();
    let kept = old.status.last_phase_transition_time;
    if new.status.phase != old.status.phase {
        new.status.last_phase_transition_time = Some(now.whole_second());
    } else if new.status.last_phase_transition_time.is_none() {
        new.status.last_phase_transition_time = kept;
    }
}

/// The rules for a volume.
pub fn validate(check: &mut Check, spec: &PersistentVolumeSpec) {
    let at = Path::root("spec");
    access_modes(check, &at.child("accessModes"), &spec.access_modes, "");
    let capacity = at.child("capacity");
    if spec.capacity.is_empty() {
        check.required(&capacity, "");
    }
    if !spec.capacity.contains_key("storage") || spec.capacity.len() > 1 {
        let shown = spec.capacity.keys().next().map_or("", |name| name);
        check.unsupported(&capacity, shown, &["storage"]);
    }
    for (name, amount) in &spec.capacity {
        positive(check, &capacity.key(name), amount);
    }
    let word = &*spec.reclaim_policy;
    check.word(&at.child("persistentVolumeReclaimPolicy"), word, RECLAIM);
    if let Some(affinity) = &spec.node_affinity {
        let at = at.child("nodeAffinity");
        match &affinity.required {
            None => check.required(&at.child("required"), "must specify required node constraints"),
            Some(wanted) => pod_rules::node_selector(check, &at.child("required"), wanted),
        }
    }
    sources(check, &at, spec);
    if !spec.storage_class_name.is_empty() {
        let class = &spec.storage_class_name;
        check.all(&at.child("storageClassName"), class, names::dns_subdomain(class));
    }
    check.word(&at.child("volumeMode"), &spec.volume_mode, VOLUME_MODES);
}

fn sources(check: &mut Check, at: &Path, spec: &PersistentVolumeSpec) {
    let mut kinds: Vec<&str> = Vec::new();
    let kept = spec.rest.0.iter().flat_map(|rest| rest.keys());
    kinds.extend(kept.map(String::as_str).filter(|key| !NO_SOURCE.contains(key)));
    if let Some(local) = &spec.local {
        kinds.push("local");
        let at = at.child("local");
        check.require(!local.path.is_empty(), &at.child("path"));
        if spec.node_affinity.is_none() {
            check.required(&at.child("nodeAffinity"), "Local volume requires node affinity");
        }
    }
    if let Some(csi) = &spec.csi {
        kinds.push("csi");
        let at = at.child("csi");
        check.require(!csi.driver.is_empty(), &at.child("driver"));
        check.require(!csi.volume_handle.is_empty(), &at.child("volumeHandle"));
    }
    for extra in kinds.iter().skip(1) {
        check.forbidden(&at.child(extra), "may not specify more than 1 volume type");
    }
    if kinds.is_empty() {
        check.required(at, "must specify a volume type");
    }
}

/// The rules for a volume that replaces `old`.
pub fn validate_update(check: &mut Check, new: &PersistentVolume, old: &PersistentVolume) {
    validate(check, &new.spec);
    let at = Path::root("spec");
    let sources = |spec: &PersistentVolumeSpec| {
        let mut rest = spec.rest.clone();
        NO_SOURCE.iter().for_each(|key| rest.remove(key));
        (spec.csi.clone(), spec.local.clone(), rest)
    };
    if sources(&new.spec) != sources(&old.spec) {
        let detail = "spec.persistentvolumesource is immutable after creation";
        check.forbidden(&at.child("persistentvolumesource"), detail);
    }
    if new.spec.volume_mode != old.spec.volume_mode {
        check.text(&Path::root("volumeMode"), &new.spec.volume_mode, "field is immutable");
    }
    if old.spec.node_affinity.is_some() && new.spec.node_affinity != old.spec.node_affinity {
        let detail = "field is immutable, except for updating from beta label to GA";
        check.tree(&at.child("nodeAffinity"), &new.spec.node_affinity, detail);
    }
}
