//! Claims and volumes as the scheduler knows them: its cache, and on top of it what it has just
//! written itself and the cache does not show yet (assumed). Beside that three indexes, so that
//! a cycle lists no volumes: free volumes by class, nodes with a limit, attachments by node.
//!
//! Upstream: pkg/scheduler/util/assumecache/assume_cache.go,
//! pkg/scheduler/framework/plugins/volumebinding/assume_cache.go

use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim, VolumePhase};
use crate::api::kinds::Key;
use crate::api::storage::{CSINode, VolumeAttachment};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::Map;
use std::ops::Bound;
use std::rc::Rc;

/// What the scheduler knows beyond its cache.
#[derive(Clone, Debug, Default)]
pub(super) struct Volumes {
    claims: Map<Key, Rc<PersistentVolumeClaim>>,
    volumes: Map<Str, Rc<PersistentVolume>>,
    free: Map<(Str, Str), ()>,
    limits: Map<Str, Rc<Vec<(Str, i32)>>>,
    attachments: Map<(Str, Str), ()>,
}

impl Volumes {
    /// The claim at `key`, the newer of what is cached and what is assumed.
    pub fn claim(&self, store: &Store, key: &Key) -> Option<Rc<PersistentVolumeClaim>> {
        let cached = store.get::<PersistentVolumeClaim>(key)?;
        let assumed = self.claims.get(key).filter(|claim| {
            claim.meta.uid == cached.meta.uid
                && claim.meta.resource_version > cached.meta.resource_version
        });
        Some(assumed.unwrap_or(cached).clone())
    }

    /// The volume called `name`, the newer of what is cached and what is assumed.
    pub fn volume(&self, store: &Store, name: &Str) -> Option<Rc<PersistentVolume>> {
        let cached = store.get::<PersistentVolume>(&Key::global(name.clone()))?;
        let assumed = self.volumes.get(name).filter(|volume| {
            volume.meta.uid == cached.meta.uid
                && volume.meta.resource_version > cached.meta.resource_version
        });
        Some(assumed.unwrap_or(cached).clone())
    }

    /// Notes a claim the scheduler has just written.
    pub fn assume_claim(&mut self, claim: Rc<PersistentVolumeClaim>) {
        self.claims.insert_mut(Key::of(&claim.meta), claim);
    }

    /// Notes a volume the scheduler has just written.
    pub fn assume_volume(&mut self, volume: Rc<PersistentVolume>) {
        self.volumes.insert_mut(volume.meta.name.clone(), volume);
    }

    /// The names of the volumes of `class` that no claim has.
    pub fn free<'v>(&'v self, class: &'v Str) -> impl Iterator<Item = &'v Str> + 'v {
        let from = (class.clone(), Str::from(""));
        let all = self.free.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((of, _), ())| of == class).map(|((_, name), ())| name)
    }

    /// Whether any node has a limit.
    pub fn has_limits(&self) -> bool {
        !self.limits.is_empty()
    }

    /// How many volumes of which driver `node` takes.
    pub fn limits(&self, node: &Str) -> Option<&Rc<Vec<(Str, i32)>>> {
        self.limits.get(node)
    }

    /// The names of the attachments to `node`.
    pub fn attachments<'v>(&'v self, node: &'v Str) -> impl Iterator<Item = &'v Str> + 'v {
        let from = (node.clone(), Str::from(""));
        let all = self.attachments.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((of, _), ())| of == node).map(|((_, name), ())| name)
    }

    /// Keeps the indexes.
    pub fn observe(&mut self, change: &Change) {
        if change.object().is_some_and(|o| o.typed::<PersistentVolumeClaim>().is_some()) {
            let seen = change.new::<PersistentVolumeClaim>().map(|c| c.meta.resource_version);
            let assumed = self.claims.get(&change.key).map(|c| c.meta.resource_version);
            if assumed.is_some() && (seen.is_none() || assumed <= seen) {
                self.claims.remove_mut(&change.key);
            }
        }
        self.observe_volume(change);
        if let Some(node) = change.new::<CSINode>() {
            let count = |d: &crate::api::storage::CSINodeDriver| d.allocatable.as_ref()?.count;
            let limited =
                node.spec.drivers.iter().filter_map(|d| Some((d.name.clone(), count(d)?)));
            let limits: Vec<(Str, i32)> = limited.collect();
            match limits.is_empty() {
                true => drop(self.limits.remove_mut(&change.key.name)),
                false => self.limits.insert_mut(change.key.name.clone(), Rc::new(limits)),
            }
        } else if change.old::<CSINode>().is_some() {
            self.limits.remove_mut(&change.key.name);
        }
        if let Some(old) = change.old::<VolumeAttachment>() {
            self.attachments.remove_mut(&(old.spec.node_name.clone(), change.key.name.clone()));
        }
        if let Some(new) = change.new::<VolumeAttachment>() {
            let at = (new.spec.node_name.clone(), change.key.name.clone());
            self.attachments.insert_mut(at, ());
        }
    }

    fn observe_volume(&mut self, change: &Change) {
        let at = |volume: &PersistentVolume| {
            (volume.spec.storage_class_name.clone(), volume.meta.name.clone())
        };
        if let Some(old) = change.old::<PersistentVolume>() {
            self.free.remove_mut(&at(old));
            let seen = change.new::<PersistentVolume>().map(|v| v.meta.resource_version);
            let assumed = self.volumes.get(&old.meta.name).map(|v| v.meta.resource_version);
            if assumed.is_some() && (seen.is_none() || assumed <= seen) {
                self.volumes.remove_mut(&old.meta.name);
            }
        }
        let taken = |volume: &PersistentVolume| {
            use VolumePhase::{Bound, Failed, Released};
            matches!(volume.status.phase, Bound | Released | Failed)
        };
        if let Some(new) = change.new::<PersistentVolume>().filter(|volume| !taken(volume)) {
            self.free.insert_mut(at(new), ());
        }
    }
}
