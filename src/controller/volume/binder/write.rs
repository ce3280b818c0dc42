//! The writes of binding, in upstream's order: the volume refers to the claim, the volume is
//! Bound, the claim names the volume, the claim is Bound.
//!
//! Upstream: pkg/controller/volume/persistentvolume/pv_controller.go (bind, updateClaimStatus,
//! updateVolumePhase, unbindVolume) and component-helpers' pv_helpers.go

use super::VolumeBinder;
use crate::api::core::volume::{ClaimPhase, PersistentVolume, PersistentVolumeClaim, VolumePhase};
use crate::api::kinds::{Key, Kind};
use crate::apiserver::Answer;
use crate::apiserver::status::Status;
use crate::client::{ControlPlane, volumes};
use crate::trace::Source;
use std::rc::Rc;

impl VolumeBinder {
    /// Binds both to each other; does nothing that is done already.
    pub(super) fn bind(
        &mut self,
        cx: &mut ControlPlane<'_>,
        volume: Rc<PersistentVolume>,
        claim: Rc<PersistentVolumeClaim>,
    ) -> Answer<()> {
        let volume = self.bind_volume(cx, volume, &claim)?;
        let volume = self.set_volume_phase(cx, volume, VolumePhase::Bound, "")?;
        let claim = self.bind_claim(cx, claim, &volume)?;
        let claim = self.set_claim_phase(cx, claim, ClaimPhase::Bound, Some(&volume))?;
        let key = Key::of(&claim.meta);
        cx.say(Source::VolumeBinder, (Kind::PersistentVolumeClaim, &key), Vec::new());
        Ok(())
    }

    fn bind_volume(
        &mut self,
        cx: &mut ControlPlane<'_>,
        volume: Rc<PersistentVolume>,
        claim: &PersistentVolumeClaim,
    ) -> Answer<Rc<PersistentVolume>> {
        let refers = volumes::is_bound_to(&volume, claim);
        let exactly = volume.spec.claim_ref.as_ref().is_some_and(|to| to.uid == claim.meta.uid);
        let marked = volume.meta.annotations.get(volumes::BOUND_BY_CONTROLLER).is_some();
        if refers && exactly {
            return Ok(volume);
        }
        let mut new = (*volume).clone();
        Rc::make_mut(&mut new.spec).claim_ref = Some(volumes::reference_to(claim));
        if !refers && !marked {
            new.meta.annotations.set(volumes::BOUND_BY_CONTROLLER, "yes");
        }
        let new = cx.client().update(new)?;
        Ok(self.memory.wrote(new))
    }

    fn bind_claim(
        &mut self,
        cx: &mut ControlPlane<'_>,
        claim: Rc<PersistentVolumeClaim>,
        volume: &PersistentVolume,
    ) -> Answer<Rc<PersistentVolumeClaim>> {
        let named = claim.spec.volume_name == volume.meta.name;
        let complete = claim.meta.annotations.get(volumes::BIND_COMPLETED).is_some();
        if named && complete {
            return Ok(claim);
        }
        let mut new = (*claim).clone();
        if !named {
            Rc::make_mut(&mut new.spec).volume_name = volume.meta.name.clone();
            new.meta.annotations.set(volumes::BOUND_BY_CONTROLLER, "yes");
        }
        new.meta.annotations.set(volumes::BIND_COMPLETED, "yes");
        let new = cx.client().update(new)?;
        Ok(self.memory.wrote(new))
    }

    /// Writes the phase of a claim, and with it what its volume offers.
    pub(super) fn set_claim_phase(
        &mut self,
        cx: &mut ControlPlane<'_>,
        claim: Rc<PersistentVolumeClaim>,
        phase: ClaimPhase,
        volume: Option<&PersistentVolume>,
    ) -> Answer<Rc<PersistentVolumeClaim>> {
        let mut new = (*claim).clone();
        match volume {
            None => {
                new.status.access_modes.clear();
                new.status.capacity.clear();
            }
            Some(volume) => {
                new.status.access_modes = volume.spec.access_modes.clone();
                // A claim that is bound already may be about to grow: leave its size alone.
                if claim.status.phase != phase {
                    new.status.capacity = volume.spec.capacity.clone();
                }
            }
        }
        new.status.phase = phase;
        if new.status == claim.status {
            return Ok(claim);
        }
        let new = cx.client().update_status(new)?;
        Ok(self.memory.wrote(new))
    }

    /// Writes the phase of a volume.
    pub(super) fn set_volume_phase(
        &mut self,
        cx: &mut ControlPlane<'_>,
        volume: Rc<PersistentVolume>,
        phase: VolumePhase,
        message: &str,
    ) -> Answer<Rc<PersistentVolume>> {
        if volume.status.phase == phase {
            return Ok(volume);
        }
        let mut new = (*volume).clone();
        new.status.phase = phase;
        new.status.message = message.into();
        new.status.last_phase_transition_time = Some(cx.now.whole_second());
        let new = cx.client().update_status(new)?;
        Ok(self.memory.wrote(new))
    }

    /// Takes back a binding that the claim does not know of.
    pub(super) fn unbind(
        &mut self,
        cx: &mut ControlPlane<'_>,
        volume: Rc<PersistentVolume>,
    ) -> Answer<()> {
        let mut new = (*volume).clone();
        let spec = Rc::make_mut(&mut new.spec);
        if new.meta.annotations.remove(volumes::BOUND_BY_CONTROLLER) {
            spec.claim_ref = None;
        } else if let Some(to) = &mut spec.claim_ref {
            to.uid = crate::api::meta::Uid(0);
        }
        let new = cx.client().update(new)?;
        let new = self.memory.wrote(new);
        self.set_volume_phase(cx, new, VolumePhase::Available, "").map(drop)
    }

    /// The newest claim at `key`, if the cache may have missed it.
    pub(super) fn live_claim(
        &self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
    ) -> Answer<Option<Rc<PersistentVolumeClaim>>> {
        match cx.client().get::<PersistentVolumeClaim>(key) {
            Ok(claim) => Ok(Some(claim)),
            Err(status) if Status::is_not_found(&status) => Ok(None),
            Err(status) => Err(status),
        }
    }
}
