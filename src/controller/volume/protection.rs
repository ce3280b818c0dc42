//! Keeps claims while Pods use them and volumes while they are bound, by a finalizer on each.
//!
//! Not here: claims of generic ephemeral volumes; the rare look past the cache before a
//! finalizer is taken off (it is taken off only when the API server agrees that no Pod uses the
//! claim, which is that look).
//!
//! Upstream: pkg/controller/volume/pvcprotection/pvc_protection_controller.go,
//! pkg/controller/volume/pvprotection/pv_protection_controller.go

use crate::api::core::pod::Pod;
use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim, VolumePhase};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::ObjectMeta;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::time::SimTime;
use crate::client::volumes::{CLAIM_PROTECTION, VOLUME_PROTECTION};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// Keeps claims while a Pod that has a node uses them.
#[derive(Clone, Debug, Default)]
pub struct ClaimProtection {}

impl Controller for ClaimProtection {
    const COMPONENT: &'static str = "pvc-protection-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::PersistentVolumeClaim => {
                let new = change.new::<PersistentVolumeClaim>();
                if new.is_none_or(|claim| concerns(&claim.meta, CLAIM_PROTECTION)) {
                    keys.add(change.key.clone());
                }
            }
            // Only a Pod that goes can set a claim free.
            Kind::Pod if change.is_removed() => {
                let Some(pod) = change.old::<Pod>() else { return };
                for name in pod.claim_names() {
                    let key = Key::new(pod.meta.namespace.clone(), name.clone());
                    let claim = cache.get::<PersistentVolumeClaim>(&key);
                    if claim.is_some_and(|claim| claim.meta.is_terminating()) {
                        keys.add(key);
                    }
                }
            }
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let about = (Kind::PersistentVolumeClaim, key);
        let Some(claim) = cx.cache.get::<PersistentVolumeClaim>(key).cloned() else {
            cx.say(Source::Protection, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        let used = |store: &Store| {
            let user = store.pods_using(key).find(|pod| pod.is_assigned());
            user.map(|pod| Key::of(&pod.meta))
        };
        let mut waits: Vec<Wait> = Vec::new();
        if claim.meta.is_terminating() && has(&claim.meta, CLAIM_PROTECTION) {
            match used(&cx.cache).or_else(|| used(&cx.server.store)) {
                Some(pod) => {
                    let object = Object::PersistentVolumeClaim(claim);
                    let mut wait = cx.wait(&object, Because::ClaimInUse);
                    wait.on = Some(ObjectRef::new(Kind::Pod, pod));
                    waits.push(wait);
                }
                None => {
                    let mut claim = (*claim).clone();
                    claim.meta.finalizers.retain(|other| **other != *CLAIM_PROTECTION);
                    cx.client().update(claim)?;
                }
            }
        } else if !claim.meta.is_terminating() && !has(&claim.meta, CLAIM_PROTECTION) {
            let mut claim = (*claim).clone();
            claim.meta.finalizers.push(CLAIM_PROTECTION.into());
            cx.client().update(claim)?;
        }
        cx.say(Source::Protection, about, waits);
        Ok(Requeue::AwaitChange)
    }
}

/// Keeps volumes while they are bound.
#[derive(Clone, Debug, Default)]
pub struct VolumeProtection {}

impl Controller for VolumeProtection {
    const COMPONENT: &'static str = "pv-protection-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, _cache: &Store, keys: &mut Keys) {
        if change.kind == Kind::PersistentVolume {
            let new = change.new::<PersistentVolume>();
            if new.is_none_or(|volume| concerns(&volume.meta, VOLUME_PROTECTION)) {
                keys.add(change.key.clone());
            }
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let about = (Kind::PersistentVolume, key);
        let Some(volume) = cx.cache.get::<PersistentVolume>(key).cloned() else {
            cx.say(Source::Protection, about, Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        let mut waits: Vec<Wait> = Vec::new();
        if volume.meta.is_terminating() && has(&volume.meta, VOLUME_PROTECTION) {
            if volume.status.phase == VolumePhase::Bound {
                waits.push(bound_wait(cx, &volume));
            } else {
                let mut volume = (*volume).clone();
                volume.meta.finalizers.retain(|other| **other != *VOLUME_PROTECTION);
                cx.client().update(volume)?;
            }
        } else if !volume.meta.is_terminating() && !has(&volume.meta, VOLUME_PROTECTION) {
            let mut volume = (*volume).clone();
            volume.meta.finalizers.push(VOLUME_PROTECTION.into());
            cx.client().update(volume)?;
        }
        cx.say(Source::Protection, about, waits);
        Ok(Requeue::AwaitChange)
    }
}

/// A volume that is bound waits for its claim to go.
fn bound_wait(cx: &ControlPlane<'_>, volume: &Rc<PersistentVolume>) -> Wait {
    let because = Because::Finalizer { finalizer: VOLUME_PROTECTION.into() };
    let mut wait = cx.wait(&Object::PersistentVolume(volume.clone()), because);
    let claim = crate::client::volumes::claim_of(volume);
    wait.on = claim.map(|claim| ObjectRef::new(Kind::PersistentVolumeClaim, claim));
    wait
}

fn has(meta: &ObjectMeta, finalizer: &str) -> bool {
    meta.finalizers.iter().any(|other| **other == *finalizer)
}

/// Whether the finalizer is to be put on or taken off.
fn concerns(meta: &ObjectMeta, finalizer: &str) -> bool {
    meta.is_terminating() == has(meta, finalizer)
}
