//! Storage classes, attachments, drivers: defaults, rules, what may change.
//!
//! Upstream: pkg/apis/storage/v1/defaults.go, pkg/apis/storage/validation/validation.go

use super::check::{Check, Path};
use super::{meta, names};
use crate::api::storage::{
    CSIDriver, CSIStorageCapacity, PriorityClass, StorageClass, VolumeAttachment,
};
use serde_json::json;

/// Fills in what was not given.
pub fn default_class(class: &mut StorageClass) {
    class.reclaim_policy.get_or_insert_with(|| "Delete".into());
    class.volume_binding_mode.get_or_insert_with(|| "Immediate".into());
}

/// The rules for a class; only labels, annotations and growth may change.
pub fn validate_class(check: &mut Check, new: &StorageClass, old: Option<&StorageClass>) {
    let provisioner = Path::root("provisioner");
    if new.provisioner.is_empty() {
        check.required(&provisioner, "");
    } else {
        let lower = new.provisioner.to_lowercase();
        check.all(&provisioner, &new.provisioner, names::qualified_name(&lower));
    }
    for key in new.parameters.keys().filter(|key| key.is_empty()) {
        check.text(&Path::root("parameters"), key, "field can not be empty.");
    }
    if let Some(policy) = &new.reclaim_policy {
        check.word(&Path::root("reclaimPolicy"), policy, &["Delete", "Retain"]);
    }
    let modes = &["Immediate", "WaitForFirstConsumer"];
    match &new.volume_binding_mode {
        None => check.required(&Path::root("volumeBindingMode"), ""),
        Some(mode) => check.word(&Path::root("volumeBindingMode"), mode, modes),
    }
    let Some(old) = old else {
        return;
    };
    let forbidden = [
        ("parameters", new.parameters != old.parameters),
        ("provisioner", new.provisioner != old.provisioner),
        ("reclaimPolicy", new.reclaim_policy != old.reclaim_policy),
    ];
    for (field, _) in forbidden.into_iter().filter(|(_, changed)| *changed) {
        let detail = format!("updates to {field} are forbidden.");
        check.forbidden(&Path::root(field), &detail);
    }
    if new.volume_binding_mode != old.volume_binding_mode {
        let at = Path::root("volumeBindingMode");
        let shown = new.volume_binding_mode.as_ref().map_or("", |mode| mode);
        check.text(&at, shown, "field is immutable");
    }
}

/// What a new attachment starts with.
pub fn prepare_attachment(attachment: &mut VolumeAttachment) {
    attachment.status = Default::default();
}

/// The rules for an attachment; what is wanted never changes.
pub fn validate_attachment(
    check: &mut Check,
    new: &VolumeAttachment,
    old: Option<&VolumeAttachment>,
) {
    let at = Path::root("spec");
    let source = at.child("source");
    check.require(!new.spec.attacher.is_empty(), &at.child("attacher"));
    let named = new.spec.source.persistent_volume_name.is_some();
    match (named, new.spec.source.rest.get("inlineVolumeSpec").is_some()) {
        (false, false) => check.required(
            &source,
            "must specify exactly one of inlineVolumeSpec and persistentVolumeName",
        ),
        (true, true) => check.text(
            &source,
            "",
            "must specify exactly one of inlineVolumeSpec and persistentVolumeName",
        ),
        _ => {}
    }
    check.require(!new.spec.node_name.is_empty(), &at.child("nodeName"));
    if old.is_some_and(|old| old.spec != new.spec) {
        check.tree(&at, &new.spec, "field is immutable");
    }
}

/// Fills in what was not given.
pub fn default_driver(driver: &mut CSIDriver) {
    driver.spec.attach_required.get_or_insert(true);
    driver.spec.storage_capacity.get_or_insert(false);
    let rest = &mut driver.spec.rest;
    rest.set_default("fsGroupPolicy", json!("ReadWriteOnceWithFSType"));
    rest.set_default("podInfoOnMount", json!(false));
    rest.set_default("requiresRepublish", json!(false));
    rest.set_default("seLinuxMount", json!(false));
    rest.set_default("volumeLifecycleModes", json!(["Persistent"]));
}

/// A driver's wishes count their changes.
pub fn prepare_driver(new: &mut CSIDriver, old: &CSIDriver) {
    new.meta.generation += i64::from(new.spec != old.spec);
}

/// The rules for a driver: what its volumes are like never changes.
pub fn validate_driver(check: &mut Check, new: &CSIDriver, old: Option<&CSIDriver>) {
    let Some(old) = old else { return };
    let (at, modes) = (Path::root("spec"), "volumeLifecycleModes");
    if let Some(attach) = new.spec.attach_required.filter(|_| !same_attach(new, old)) {
        check.plain(&at.child("attachedRequired"), attach, "field is immutable");
    }
    let (new, old) = (new.spec.rest.get(modes), old.spec.rest.get(modes));
    if let Some(new) = new.filter(|new| Some(*new) != old) {
        check.plain(&at.child(modes), new, "field is immutable");
    }
}

fn same_attach(new: &CSIDriver, old: &CSIDriver) -> bool {
    new.spec.attach_required == old.spec.attach_required
}

/// The rules for what a driver says of its room; of which class and where never changes.
pub fn validate_capacity(
    check: &mut Check,
    new: &CSIStorageCapacity,
    old: Option<&CSIStorageCapacity>,
) {
    let (topology, class) = (Path::root("nodeTopology"), Path::root("storageClassName"));
    if let Some(selector) = &new.node_topology {
        meta::selector(check, &topology, selector);
    }
    check.all(&class, &new.storage_class_name, names::dns_subdomain(&new.storage_class_name));
    if let Some(negative) = new.capacity.as_ref().filter(|capacity| capacity.is_negative()) {
        let detail = "must be greater than or equal to 0";
        check.text(&Path::root("capacity"), &negative.to_string(), detail);
    }
    let Some(old) = old else { return };
    if new.node_topology != old.node_topology {
        check.tree(&topology, &new.node_topology, "field is immutable");
    }
    if new.storage_class_name != old.storage_class_name {
        check.text(&class, &new.storage_class_name, "field is immutable");
    }
}

/// Fills in what was not given.
pub fn default_priority(class: &mut PriorityClass) {
    class.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".into());
}

/// The rules for a priority; its value never changes.
pub fn validate_priority(check: &mut Check, new: &PriorityClass, old: Option<&PriorityClass>) {
    let system = new.meta.name.starts_with("system-");
    if system && !matches!(&*new.meta.name, "system-node-critical" | "system-cluster-critical") {
        let detail = "priority class names with 'system-' prefix are reserved for system use only. \
            error: is not allowed";
        let metadata = Path::root("metadata");
        check.forbidden(&metadata.child("name"), detail);
    }
    if !system && new.value > 1_000_000_000 {
        let detail = "maximum allowed value of a user defined priority is 1000000000";
        check.forbidden(&Path::root("value"), detail);
    }
    if old.is_some_and(|old| old.value != new.value) {
        check.forbidden(&Path::root("value"), "may not be changed in an update.");
    }
}
