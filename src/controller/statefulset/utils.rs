//! Names and ordinals, identity and storage of a StatefulSet's Pods, and who owns their claims.
//! Knows rules about objects; decides and writes nothing.
//!
//! Upstream: pkg/controller/statefulset/stateful_set_utils.go

use crate::api::apps::stateful_set::{RetentionPolicyType, StatefulSet};
use crate::api::core::container::{PersistentVolumeClaimVolumeSource, Volume};
use crate::api::core::pod::{Pod, PodTemplateSpec};
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::json::Rest;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::{Labels, ObjectMeta, OwnerReference, Uid};
use crate::apiserver::roster::{REVISION_LABEL, ordinal_in};
use crate::base::Str;
use crate::base::time::Span;
use crate::controller::ownership::controller_ref;
use std::ops::Range;
use std::rc::Rc;

const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// The ordinals the set wants, its end left out.
pub(super) fn wanted(set: &StatefulSet) -> Range<u32> {
    let start = set.start_ordinal().max(0) as u32;
    start..start + set.replicas().max(0) as u32
}

/// How long a Pod must be Ready to count as available.
pub(super) fn min_ready(set: &StatefulSet) -> Span {
    Span::seconds(set.spec.min_ready_seconds.max(0) as u64)
}

/// `web-2`, in the set's namespace.
pub(super) fn pod_key(set: &StatefulSet, ordinal: u32) -> Key {
    let name = format!("{}-{ordinal}", set.meta.name);
    Key::new(set.meta.namespace.clone(), name)
}

/// `www-web-2`, in the set's namespace.
pub(super) fn claim_key(set: &StatefulSet, template: &PersistentVolumeClaim, ordinal: u32) -> Key {
    let name = format!("{}-{}-{ordinal}", template.meta.name, set.meta.name);
    Key::new(set.meta.namespace.clone(), name)
}

/// The claims of the Pod with this ordinal.
pub(super) fn claim_keys(set: &StatefulSet, ordinal: u32) -> impl Iterator<Item = Key> + '_ {
    set.spec.volume_claim_templates.iter().map(move |template| claim_key(set, template, ordinal))
}

/// Everything the Pods of one revision have in common, made once, so that ten thousand Pods
/// share one template in memory.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    /// The revision's name.
    pub revision: Str,
    /// The set's uid: a set of the same name made later has blueprints of its own.
    pub set: Uid,
    template: PodTemplateSpec,
    labels: Labels,
    owner_references: Vec<OwnerReference>,
    generate_name: Str,
}

impl Blueprint {
    /// What Pods of `set` at `revision` are made from.
    pub fn new(set: &StatefulSet, revision: Str, template: PodTemplateSpec) -> Blueprint {
        let mut labels = template.meta.labels.clone();
        labels.set(POD_NAME_LABEL, "");
        labels.set(POD_INDEX_LABEL, "");
        labels.set(REVISION_LABEL, revision.clone());
        Blueprint {
            revision,
            set: set.meta.uid,
            template,
            labels,
            owner_references: vec![controller_ref(Kind::StatefulSet, &set.meta)],
            generate_name: format!("{}-", set.meta.name).into(),
        }
    }

    /// A Pod that is to be created.
    pub fn pod(&self, set: &StatefulSet, ordinal: u32) -> Pod {
        let key = pod_key(set, ordinal);
        let mut labels = self.labels.clone();
        labels.set(POD_NAME_LABEL, key.name.clone());
        labels.set(POD_INDEX_LABEL, ordinal.to_string());
        let meta = ObjectMeta {
            name: key.name.clone(),
            namespace: key.namespace,
            generate_name: self.generate_name.clone(),
            labels,
            annotations: self.template.meta.annotations.clone(),
            owner_references: self.owner_references.clone(),
            finalizers: self.template.meta.finalizers.clone(),
            ..ObjectMeta::default()
        };
        let mut spec = (*self.template.spec).clone();
        spec.hostname = key.name;
        spec.subdomain = set.spec.service_name.clone();
        spec.volumes = with_claims(set, ordinal, &spec.volumes);
        Pod { meta, spec: Rc::new(spec), ..Pod::default() }
    }
}

/// The volumes of a Pod: one for each claim template, and those of `others` that none of them
/// stands in for.
pub(super) fn with_claims(set: &StatefulSet, ordinal: u32, others: &[Volume]) -> Vec<Volume> {
    let templates = &set.spec.volume_claim_templates;
    let volume = |template: &PersistentVolumeClaim| Volume {
        name: template.meta.name.clone(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: claim_key(set, template, ordinal).name,
            ..Default::default()
        }),
        ..Volume::default()
    };
    let taken = |name: &Str| templates.iter().any(|template| template.meta.name == *name);
    let kept = others.iter().filter(|other| !taken(&other.name)).cloned();
    templates.iter().map(volume).chain(kept).collect()
}

/// The claims to be created for the Pod with this ordinal, one for each template.
pub(super) fn claims(set: &StatefulSet, ordinal: u32) -> Vec<PersistentVolumeClaim> {
    let wanted = set.spec.selector.as_ref().map(|selector| selector.match_labels.clone());
    let wanted = wanted.unwrap_or_default();
    let claim = |template: &PersistentVolumeClaim| {
        let mut claim = template.clone();
        claim.rest = Rest::default();
        let key = claim_key(set, template, ordinal);
        (claim.meta.name, claim.meta.namespace) = (key.name, key.namespace);
        if claim.meta.labels.is_empty() {
            claim.meta.labels = wanted.clone();
        } else {
            wanted.iter().for_each(|(key, value)| claim.meta.labels.set(key, value.clone()));
        }
        claim
    };
    set.spec.volume_claim_templates.iter().map(claim).collect()
}

/// Whether the Pod says who it is as a member of the set must.
pub(super) fn identity_matches(set: &StatefulSet, pod: &Pod) -> bool {
    ordinal_in(&set.meta.name, &pod.meta.name).is_some()
        && pod.meta.namespace == set.meta.namespace
        && pod.meta.label(POD_NAME_LABEL) == Some(&pod.meta.name)
}

/// Makes the Pod say who it is. Host name and subdomain stay: they cannot be changed.
pub(super) fn update_identity(pod: &mut Pod, ordinal: u32) {
    let name = pod.meta.name.clone();
    pod.meta.labels.set(POD_NAME_LABEL, name);
    pod.meta.labels.set(POD_INDEX_LABEL, ordinal.to_string());
}

/// Whether the Pod has a volume for each claim template, with the claim of its own ordinal.
pub(super) fn storage_matches(set: &StatefulSet, pod: &Pod, ordinal: u32) -> bool {
    set.spec.volume_claim_templates.iter().all(|template| {
        let volume = pod.spec.volumes.iter().find(|volume| volume.name == template.meta.name);
        let claim = volume.and_then(|volume| volume.persistent_volume_claim.as_ref());
        claim.is_some_and(|c| c.claim_name == claim_key(set, template, ordinal).name)
    })
}

/// What becomes of claims: when the set is deleted, when it is scaled down.
fn deletes(set: &StatefulSet) -> (bool, bool) {
    let delete = |policy: &RetentionPolicyType| *policy == RetentionPolicyType::Delete;
    let policy = set.spec.retention.as_ref();
    policy.map_or((false, false), |p| (delete(&p.when_deleted), delete(&p.when_scaled)))
}

/// Whether claims go when the set is scaled down.
pub(super) fn deletes_when_scaled(set: &StatefulSet) -> bool {
    deletes(set).1
}

/// A Pod as the owner of its claims: what it is called, and its uid (none before it exists).
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    set: &'a StatefulSet,
    pod_name: &'a str,
    pod: Option<&'a ObjectMeta>,
    ordinal: u32,
}

impl<'a> Owner<'a> {
    /// The Pod called `pod_name`; `pod` is its metadata if it exists.
    pub fn new(
        set: &'a StatefulSet,
        ordinal: u32,
        pod_name: &'a str,
        pod: Option<&'a ObjectMeta>,
    ) -> Owner<'a> {
        Owner { set, pod_name, pod, ordinal }
    }

    fn pod_uid(&self) -> Uid {
        self.pod.map_or(Uid::default(), |meta| meta.uid)
    }

    fn names_set(&self, owner: &OwnerReference) -> bool {
        &*owner.api_version == "apps/v1"
            && &*owner.kind == "StatefulSet"
            && owner.name == self.set.meta.name
    }

    fn names_pod(&self, owner: &OwnerReference) -> bool {
        &*owner.api_version == "v1" && &*owner.kind == "Pod" && &*owner.name == self.pod_name
    }

    /// Whether the claim belongs to an earlier Pod of this name.
    pub fn is_stale_for_pod(&self, claim: &PersistentVolumeClaim) -> bool {
        let owner = claim.meta.owner_references.iter().find(|owner| self.names_pod(owner));
        owner.is_some_and(|owner| owner.uid != self.pod_uid())
    }

    fn is_stale_for_set(&self, claim: &PersistentVolumeClaim) -> bool {
        let owner = claim.meta.owner_references.iter().find(|owner| self.names_set(owner));
        owner.is_some_and(|owner| owner.uid != self.set.meta.uid)
    }

    /// Whether somebody else manages the claim although the set's policy would.
    pub fn has_unexpected_controller(&self, claim: &PersistentVolumeClaim) -> bool {
        let unexpected = |owner: &OwnerReference| {
            if self.names_set(owner) {
                owner.uid != self.set.meta.uid
            } else if self.names_pod(owner) {
                owner.uid != self.pod_uid()
            } else {
                owner.controller == Some(true)
            }
        };
        deletes(self.set) != (false, false) && claim.meta.owner_references.iter().any(unexpected)
    }

    /// Who should own the claim: the set, the Pod.
    fn should(&self) -> (bool, bool) {
        let (when_deleted, when_scaled) = deletes(self.set);
        let scaled_down = !wanted(self.set).contains(&self.ordinal);
        (when_deleted && !(when_scaled && scaled_down), when_scaled && scaled_down)
    }

    /// Whether the claim's owners are as the set's policy wants them, or are nobody's
    /// business here because an earlier Pod or set is still named.
    pub fn is_up_to_date(&self, claim: &PersistentVolumeClaim) -> bool {
        let owners = &claim.meta.owner_references;
        let has = |uid: Uid| owners.iter().any(|owner| owner.uid == uid);
        let (by_set, by_pod) = (has(self.set.meta.uid), has(self.pod_uid()));
        if self.is_stale_for_set(claim) || self.is_stale_for_pod(claim) {
            return true;
        }
        if self.has_unexpected_controller(claim) {
            return !by_set && !by_pod;
        }
        let ours =
            |owner: &&OwnerReference| owner.uid == self.set.meta.uid || owner.uid == self.pod_uid();
        owners.iter().filter(ours).all(|owner| owner.controller == Some(true))
            && (by_set, by_pod) == self.should()
    }

    /// Gives the claim the owners the set's policy wants.
    pub fn update(&self, claim: &mut PersistentVolumeClaim) {
        let unexpected = self.has_unexpected_controller(claim);
        let owners = &mut claim.meta.owner_references;
        owners.retain(|owner| !self.names_set(owner) && !self.names_pod(owner));
        if unexpected {
            return;
        }
        let (by_set, by_pod) = self.should();
        let mut add = |owner: OwnerReference| {
            if owners.iter().all(|old| old.uid != owner.uid) {
                owners.push(owner);
            }
        };
        if let Some(pod) = self.pod.filter(|_| by_pod) {
            add(controller_ref(Kind::Pod, pod));
        }
        if by_set {
            add(controller_ref(Kind::StatefulSet, &self.set.meta));
        }
    }
}
