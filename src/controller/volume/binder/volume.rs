//! What a volume needs next: to be offered, to be bound, or to be released and reclaimed.
//!
//! Upstream: pkg/controller/volume/persistentvolume/pv_controller.go (syncVolume, reclaimVolume,
//! deleteVolumeOperation, recycleVolumeOperation)

use super::VolumeBinder;
use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim, VolumePhase};
use crate::api::kinds::{Key, Kind, Object};
use crate::apiserver::Answer;
use crate::base::Str;
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, volumes};
use crate::trace::Source;
use std::rc::Rc;

type Volume = Rc<PersistentVolume>;

impl VolumeBinder {
    /// Gives back the claim that is to be looked at next, if the volume is promised to one that
    /// does not name it yet.
    pub(super) fn sync_volume(
        &mut self,
        cx: &mut ControlPlane<'_>,
        name: &Str,
    ) -> Answer<Option<Key>> {
        let key = Key::global(name.clone());
        let Some(volume) = self.memory.get::<PersistentVolume>(&cx.cache, &key) else {
            cx.say(Source::VolumeBinder, (Kind::PersistentVolume, &key), Vec::new());
            return Ok(None);
        };
        let Some((at, uid)) = volumes::claim_of(&volume)
            .zip(volume.spec.claim_ref.as_ref().map(|to| to.uid))
            .filter(|(_, uid)| uid.0 != 0)
        else {
            // Unused, or promised to a claim that has not come yet.
            return self.set_volume_phase(cx, volume, VolumePhase::Available, "").map(|_| None);
        };
        let settled = matches!(volume.status.phase, VolumePhase::Released | VolumePhase::Failed);
        let mut claim = self.memory.get::<PersistentVolumeClaim>(&cx.cache, &at);
        if claim.is_none() && !settled {
            claim = self.live_claim(cx, &at)?;
        }
        let Some(claim) = claim.filter(|claim| claim.meta.uid == uid) else {
            return self.release(cx, volume).map(|()| None);
        };
        if claim.spec.volume_name.is_empty() {
            if volumes::modes_differ(&volume, &claim) {
                self.mismatch(cx, &volume, &claim);
                return Ok(None);
            }
            return Ok(Some(at));
        }
        if claim.spec.volume_name == volume.meta.name {
            return self.set_volume_phase(cx, volume, VolumePhase::Bound, "").map(|_| None);
        }
        // The claim has another volume.
        let made = volume.meta.annotations.get(volumes::PROVISIONED_BY).is_some();
        if made && *volume.spec.reclaim_policy == *"Delete" {
            return self.release(cx, volume).map(|()| None);
        }
        self.unbind(cx, volume).map(|()| None)
    }

    /// The claim is gone: the volume is Released, and its reclaim policy applies.
    fn release(&mut self, cx: &mut ControlPlane<'_>, volume: Volume) -> Answer<()> {
        let settled = matches!(volume.status.phase, VolumePhase::Released | VolumePhase::Failed);
        let volume = if settled {
            volume
        } else {
            self.set_volume_phase(cx, volume, VolumePhase::Released, "")?
        };
        match &*volume.spec.reclaim_policy {
            "Retain" | "" => Ok(()),
            "Recycle" => {
                let text = "No recycler plugin found for the volume!";
                self.fail(cx, volume, "VolumeFailedRecycle", text)
            }
            "Delete" => self.delete(cx, volume),
            _ => {
                let text = "Volume has unrecognized PersistentVolumeReclaimPolicy";
                self.fail(cx, volume, "VolumeUnknownReclaimPolicy", text)
            }
        }
    }

    /// A volume that a driver made is the driver's to delete; nobody can delete the others.
    fn delete(&mut self, cx: &mut ControlPlane<'_>, volume: Volume) -> Answer<()> {
        let name = &volume.meta.name;
        let text = match volume.meta.annotations.get(volumes::PROVISIONED_BY) {
            Some(driver) if driver.starts_with("kubernetes.io/") => {
                format!("no volume plugin matched name: {driver}")
            }
            Some(_) => return Ok(()),
            None => format!(
                "error getting deleter volume plugin for volume \"{name}\": no deletable volume \
                 plugin matched"
            ),
        };
        self.fail(cx, volume, "VolumeFailedDelete", &text)
    }

    fn fail(
        &mut self,
        cx: &mut ControlPlane<'_>,
        volume: Volume,
        reason: &str,
        text: &str,
    ) -> Answer<()> {
        if volume.status.phase == VolumePhase::Failed {
            return Ok(());
        }
        let volume = self.set_volume_phase(cx, volume, VolumePhase::Failed, text)?;
        cx.event(&Object::PersistentVolume(volume), EventKind::Warning, reason, text);
        Ok(())
    }

    fn mismatch(
        &self,
        cx: &mut ControlPlane<'_>,
        volume: &Volume,
        claim: &Rc<PersistentVolumeClaim>,
    ) {
        let (reason, tail) = ("VolumeMismatch", "due to incompatible volumeMode.");
        let text = format!(
            "Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{}\" {tail}",
            claim.meta.name
        );
        cx.event(&Object::PersistentVolume(volume.clone()), EventKind::Warning, reason, &text);
        let text = format!(
            "Cannot bind PersistentVolume \"{}\" to requested PersistentVolumeClaim {tail}",
            volume.meta.name
        );
        cx.event(&Object::PersistentVolumeClaim(claim.clone()), EventKind::Warning, reason, &text);
    }
}
