//! The indexes of claims, volumes and attachments: who asks for a volume, which volume is
//! promised to which claim, which volumes are free, where a volume is attached.

use super::store::Store;
use crate::api::core::volume::{ClaimPhase, PersistentVolume, PersistentVolumeClaim};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::storage::VolumeAttachment;
use crate::base::Str;
use crate::base::map::Map;
use std::ops::Bound;
use std::rc::Rc;

#[derive(Clone, Debug, Default)]
pub(super) struct VolumeIndex {
    /// Claims without a volume, by class (empty for none).
    pending: Map<(Str, Key), ()>,
    /// Volumes by the claim they refer to.
    claimed: Map<(Key, Key), ()>,
    /// Volumes that refer to no claim, by class.
    free: Map<(Str, Key), ()>,
    /// Attachments by volume.
    attachments: Map<(Str, Key), ()>,
}

/// The class a claim names; empty if it names none. An annotation of older releases counts
/// before the field.
pub fn claim_class(claim: &PersistentVolumeClaim) -> Str {
    let annotated = claim.meta.annotations.get(CLASS_ANNOTATION).cloned();
    annotated.or_else(|| claim.spec.storage_class_name.clone()).unwrap_or_default()
}

/// The class of a volume; empty if it has none.
pub fn volume_class(volume: &PersistentVolume) -> Str {
    let annotated = volume.meta.annotations.get(CLASS_ANNOTATION).cloned();
    annotated.unwrap_or_else(|| volume.spec.storage_class_name.clone())
}

/// The claim a volume refers to, by name.
pub fn claim_of(volume: &PersistentVolume) -> Option<Key> {
    let claim = volume.spec.claim_ref.as_ref()?;
    Some(Key::new(claim.namespace.clone(), claim.name.clone()))
}

/// The annotation that named a class before there was a field for it.
pub const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

impl Store {
    /// The claims of `class` that have no volume, ordered by namespace and name. An empty class
    /// means those that name none.
    pub fn claims_pending<'s>(
        &'s self,
        class: &'s Str,
    ) -> impl Iterator<Item = &'s Rc<PersistentVolumeClaim>> + 's {
        of(&self.volumes().pending, class).filter_map(|key| self.get(key))
    }

    /// The volumes that refer to the claim at `claim`, ordered by name.
    pub fn volumes_of<'s>(
        &'s self,
        claim: &'s Key,
    ) -> impl Iterator<Item = &'s Rc<PersistentVolume>> + 's {
        of(&self.volumes().claimed, claim).filter_map(|key| self.get(key))
    }

    /// The volumes of `class` that refer to no claim, ordered by name.
    pub fn volumes_free<'s>(
        &'s self,
        class: &'s Str,
    ) -> impl Iterator<Item = &'s Rc<PersistentVolume>> + 's {
        of(&self.volumes().free, class).filter_map(|key| self.get(key))
    }

    /// The attachments of the PersistentVolume `volume`, ordered by name.
    pub fn attachments_of<'s>(
        &'s self,
        volume: &'s Str,
    ) -> impl Iterator<Item = &'s Rc<VolumeAttachment>> + 's {
        of(&self.volumes().attachments, volume).filter_map(|key| self.get(key))
    }
}

fn of<'s, K: Ord + Clone + 'static>(
    map: &'s Map<(K, Key), ()>,
    by: &'s K,
) -> impl Iterator<Item = &'s Key> + 's {
    let from = (by.clone(), Key::new("", ""));
    let all = map.range((Bound::Included(from), Bound::Unbounded));
    all.take_while(move |((at, _), ())| at == by).map(|((_, key), ())| key)
}

fn swap<K: Ord + Clone + 'static>(
    map: &mut Map<(K, Key), ()>,
    key: &Key,
    old: Option<K>,
    new: Option<K>,
) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        map.remove_mut(&(old, key.clone()));
    }
    if let Some(new) = new {
        map.insert_mut((new, key.clone()), ());
    }
}

impl VolumeIndex {
    pub(super) fn reindex(
        &mut self,
        kind: Kind,
        key: &Key,
        old: Option<&Object>,
        new: Option<&Object>,
    ) {
        match kind {
            Kind::PersistentVolumeClaim => {
                let class = |object: Option<&Object>| {
                    let claim = object?.typed::<PersistentVolumeClaim>()?;
                    let pending = !matches!(claim.status.phase, ClaimPhase::Bound);
                    pending.then(|| claim_class(claim))
                };
                swap(&mut self.pending, key, class(old), class(new));
            }
            Kind::PersistentVolume => {
                let volume = |object: Option<&Object>| {
                    object.and_then(|object| object.typed::<PersistentVolume>()).cloned()
                };
                let (old, new) = (volume(old), volume(new));
                let claim = |v: &Option<Rc<PersistentVolume>>| claim_of(v.as_ref()?);
                swap(&mut self.claimed, key, claim(&old), claim(&new));
                let free = |v: &Option<Rc<PersistentVolume>>| {
                    let v = v.as_ref().filter(|v| v.spec.claim_ref.is_none())?;
                    Some(volume_class(v))
                };
                swap(&mut self.free, key, free(&old), free(&new));
            }
            Kind::VolumeAttachment => {
                let volume = |object: Option<&Object>| {
                    let attachment = object?.typed::<VolumeAttachment>()?;
                    attachment.spec.source.persistent_volume_name.clone()
                };
                swap(&mut self.attachments, key, volume(old), volume(new));
            }
            _ => {}
        }
    }
}
