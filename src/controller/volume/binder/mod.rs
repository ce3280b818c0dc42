//! Binds claims to volumes: each to at most one of the other, for ever.
//!
//! The controller writes claims and volumes step by step and must not act on what it has just
//! replaced; its cache therefore remembers its own writes until the watch has caught up with
//! them. Claims that wait for something nobody tells the controller about (a class, a free
//! volume) are looked at again in the rhythm of its 15 s resync, but only once such a thing is
//! there.
//!
//! Not here: the Events that each resync repeats for a claim that still waits; recycling
//! volumes; migration of in-tree volume types; VolumeAttributesClass.
//!
//! Upstream: pkg/controller/volume/persistentvolume/{pv_controller,pv_controller_base}.go

mod claim;
mod memory;
mod volume;
mod write;

use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim, VolumePhase};
use crate::api::kinds::{Key, Kind};
use crate::api::storage::StorageClass;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue, volumes};
use crate::controller::Controller;
use memory::Memory;

/// --pvclaimbinder-sync-period.
const RESYNC: Span = Span::seconds(15);

/// Binds claims to volumes. Its keys: a claim's namespace and name, or a volume's name alone.
#[derive(Clone, Debug, Default)]
pub struct VolumeBinder {
    started: SimTime,
    memory: Memory,
}

impl Controller for VolumeBinder {
    const COMPONENT: &'static str = "persistentvolume-controller";

    fn start(&mut self, now: SimTime, _keys: &mut Keys) {
        self.started = now;
    }

    fn observe(&mut self, now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::PersistentVolumeClaim => {
                self.memory.caught_up(change);
                keys.add(change.key.clone());
                let gone = change.old::<PersistentVolumeClaim>().filter(|_| change.is_removed());
                if let Some(claim) = gone.filter(|claim| !claim.spec.volume_name.is_empty()) {
                    // Release its volume at once.
                    keys.add(Key::global(claim.spec.volume_name.clone()));
                }
            }
            Kind::PersistentVolume => {
                self.memory.caught_up(change);
                keys.add(change.key.clone());
                if let Some(volume) =
                    change.old::<PersistentVolume>().filter(|_| change.is_removed())
                {
                    // Its claim has lost it.
                    volumes::claim_of(volume).into_iter().for_each(|claim| keys.add(claim));
                }
                if let Some(volume) = change.new::<PersistentVolume>() {
                    self.volume_offered(now, volume, cache, keys);
                }
            }
            Kind::StorageClass => {
                if let Some(class) = change.new::<StorageClass>() {
                    self.resync_class(now, &class.meta.name, cache, keys);
                    // It may be the default that claims without a class wait for.
                    self.resync_class(now, &"".into(), cache, keys);
                }
            }
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        if !key.namespace.is_empty() {
            self.sync_claim(cx, key)?;
        } else if let Some(claim) = self.sync_volume(cx, &key.name)? {
            // The volume is promised to a claim that does not know it yet.
            self.sync_claim(cx, &claim)?;
        }
        Ok(Requeue::AwaitChange)
    }
}

impl VolumeBinder {
    /// Claims for which this volume may be what they wait for are looked at at the next resync.
    fn volume_offered(
        &self,
        now: SimTime,
        volume: &PersistentVolume,
        cache: &Store,
        keys: &mut Keys,
    ) {
        if volume.status.phase != VolumePhase::Available {
            return;
        }
        match volumes::claim_of(volume) {
            Some(claim) => self.resync(now, claim, keys),
            None => self.resync_class(now, &volumes::volume_class(volume), cache, keys),
        }
    }

    fn resync_class(&self, now: SimTime, class: &Str, cache: &Store, keys: &mut Keys) {
        for claim in cache.claims_pending(class) {
            self.resync(now, Key::of(&claim.meta), keys);
        }
    }

    fn resync(&self, now: SimTime, claim: Key, keys: &mut Keys) {
        let at = now.next_tick(self.started, RESYNC);
        keys.add_after(at.since(now), claim);
    }
}
