//! Claims: defaults, rules, what may change once they exist and once they are bound.
//!
//! Not here: dataSource and dataSourceRef, which are kept without effect.
//!
//! Upstream: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go
//! (ValidatePersistentVolumeClaim, ValidatePersistentVolumeClaimUpdate),
//! pkg/registry/core/persistentvolumeclaim/strategy.go

use super::check::{Check, Path};
use super::dump::{self, Dump};
use super::{meta, names};
use crate::api::core::pod::ResourceList;
use crate::api::core::volume::{
    ClaimPhase, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
};
use crate::api::json::Json;
use crate::api::quantity::Quantity;
use crate::base::Str;
use std::rc::Rc;

/// The ways a volume can be used, as errors list them.
pub const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// The forms a volume can have.
pub const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

/// Fills in what was not given.
pub fn default(claim: &mut PersistentVolumeClaim) {
    if claim.status.phase == ClaimPhase::Unset {
        claim.status.phase = ClaimPhase::Pending;
    }
    if claim.spec.volume_mode.is_empty() {
        Rc::make_mut(&mut claim.spec).volume_mode = "Filesystem".into();
    }
}

/// What a new claim starts with, whatever its maker wrote there.
pub fn prepare_create(claim: &mut PersistentVolumeClaim) {
    claim.status = PersistentVolumeClaimStatus { phase: ClaimPhase::Pending, ..Default::default() };
}

/// The rules for a new claim's wishes, and for those in a template.
pub fn validate_spec(check: &mut Check, at: &Path, spec: &PersistentVolumeClaimSpec) {
    if let Some(selector) = &spec.selector {
        meta::selector(check, &at.child("selector"), selector);
    }
    access_modes(
        check,
        &at.child("accessModes"),
        &spec.access_modes,
        "at least 1 access mode is required",
    );
    let resources = at.child("resources");
    match spec.resources.requests.get("storage") {
        None => check.required(&resources.key("storage"), ""),
        Some(amount) => positive(check, &resources.key("storage"), amount),
    }
    if let Some(class) = &spec.storage_class_name
        && !class.is_empty()
    {
        check.all(&at.child("storageClassName"), class, names::dns_subdomain(class));
    }
    check.word(&at.child("volumeMode"), &spec.volume_mode, VOLUME_MODES);
}

/// The rules for a list of ways to use a volume.
pub(super) fn access_modes(check: &mut Check, at: &Path, modes: &[Str], missing: &str) {
    if modes.is_empty() {
        check.required(at, missing);
    }
    for mode in modes {
        check.word(at, mode, ACCESS_MODES);
    }
    if modes.len() > 1 && modes.iter().any(|mode| &**mode == "ReadWriteOncePod") {
        check.forbidden(at, "may not use ReadWriteOncePod with other access modes");
    }
}

/// The rule for sizes.
pub(super) fn positive(check: &mut Check, at: &Path, amount: &Quantity) {
    if amount.as_milli() <= 0 {
        check.text(at, &amount.to_string(), "must be greater than zero");
    }
}

/// The rules for a claim that replaces `old`.
pub fn validate_update(
    check: &mut Check,
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
) {
    let at = Path::root("spec");
    validate_spec(check, &at, &new.spec);
    let mut clone = (*new.spec).clone();
    // The binder may give an unbound claim its volume.
    if old.spec.volume_name.is_empty() && !clone.volume_name.is_empty() {
        clone.volume_name = old.spec.volume_name.clone();
    }
    // A claim made before there was a default class may get one afterwards.
    if old.spec.storage_class_name.is_none() {
        clone.storage_class_name = None;
    }
    let storage = |list: &ResourceList| list.get("storage").cloned();
    let (new_size, old_size) =
        (storage(&new.spec.resources.requests), storage(&old.spec.resources.requests));
    let bound = old.status.phase == ClaimPhase::Bound;
    if bound {
        match &old_size {
            Some(size) => drop(clone.resources.requests.insert("storage".into(), size.clone())),
            None => drop(clone.resources.requests.remove("storage")),
        }
        let class = "volumeAttributesClassName";
        match old.spec.rest.get(class) {
            Some(value) => clone.rest.set(class, value.clone()),
            None => clone.rest.remove(class),
        }
    }
    if clone != *old.spec {
        let (was, is) = (claim_dump(&old.spec), claim_dump(&new_without_leave(new, old)));
        let detail = format!(
            "spec is immutable after creation except resources.requests and \
             volumeAttributesClassName for bound claims\n{}",
            dump::difference(&was, &is)
        );
        check.forbidden(&at, &detail);
        return;
    }
    // Growing may be taken back, but not below what the volume has.
    if let (Some(new_size), Some(old_size)) = (new_size, old_size)
        && new_size < old_size
        && storage(&new.status.capacity).is_none_or(|has| new_size <= has)
    {
        let resources = at.child("resources");
        let requests = resources.child("requests");
        let detail = "field can not be less than status.capacity";
        check.forbidden(&requests.child("storage"), detail);
    }
}

/// `new` with what may change put back, so that the difference shows the rest.
fn new_without_leave(
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
) -> PersistentVolumeClaimSpec {
    let mut spec = (*new.spec).clone();
    if old.status.phase == ClaimPhase::Bound
        && let Some(size) = old.spec.resources.requests.get("storage")
    {
        spec.resources.requests.insert("storage".into(), size.clone());
    }
    spec
}

fn amounts(list: &ResourceList) -> Dump<'_> {
    let pairs = list.iter().map(|(name, amount)| (&**name, Dump::Text(amount.to_string())));
    if list.is_empty() { Dump::Nil } else { Dump::Fields(pairs.collect()) }
}

/// The wishes as Go prints its internal type.
fn claim_dump(spec: &PersistentVolumeClaimSpec) -> String {
    let selector = spec.selector.write();
    let modes = spec.access_modes.iter().map(|mode| Dump::Text(mode.to_string())).collect();
    let class = spec.storage_class_name.as_ref();
    let kept = |key: &str| spec.rest.get(key).map_or(Dump::Nil, Dump::tree);
    Dump::Fields(vec![
        ("AccessModes", Dump::List(modes)),
        ("Selector", Dump::tree(&selector)),
        (
            "Resources",
            Dump::Fields(vec![
                ("Limits", amounts(&spec.resources.limits)),
                ("Requests", amounts(&spec.resources.requests)),
            ]),
        ),
        ("VolumeName", Dump::Text(spec.volume_name.to_string())),
        ("StorageClassName", class.map_or(Dump::Nil, |class| Dump::Text(class.to_string()))),
        ("VolumeMode", Dump::Text(spec.volume_mode.to_string())),
        ("DataSource", kept("dataSource")),
        ("DataSourceRef", kept("dataSourceRef")),
        ("VolumeAttributesClassName", kept("volumeAttributesClassName")),
    ])
    .print()
}
