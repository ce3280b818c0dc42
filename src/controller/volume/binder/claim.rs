//! What a claim needs next: a volume that is there, a volume to be made, or patience.
//!
//! Upstream: pkg/controller/volume/persistentvolume/pv_controller.go (syncClaim,
//! syncUnboundClaim, syncBoundClaim, provisionClaim)

use super::VolumeBinder;
use crate::api::core::volume::{ClaimPhase, PersistentVolume, PersistentVolumeClaim};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::storage::StorageClass;
use crate::apiserver::Answer;
use crate::apiserver::status::Status;
use crate::base::Str;
use crate::client::ControlPlane;
use crate::client::recorder::EventKind;
use crate::client::volumes::{self, claim_class};
use crate::trace::{Because, Source};
use std::rc::Rc;

type Claim = Rc<PersistentVolumeClaim>;

impl VolumeBinder {
    pub(super) fn sync_claim(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<()> {
        let Some(claim) = self.memory.get::<PersistentVolumeClaim>(&cx.cache, key) else {
            cx.say(Source::VolumeBinder, (Kind::PersistentVolumeClaim, key), Vec::new());
            return Ok(());
        };
        if claim.meta.annotations.get(volumes::BIND_COMPLETED).is_some() {
            self.sync_bound_claim(cx, claim)
        } else if claim.spec.volume_name.is_empty() {
            self.sync_open_claim(cx, claim)
        } else {
            self.sync_prebound_claim(cx, claim)
        }
    }

    /// The claim takes any volume that fits.
    fn sync_open_claim(&mut self, cx: &mut ControlPlane<'_>, claim: Claim) -> Answer<()> {
        let class = claim_class(&claim);
        let delay = volumes::waits_for_consumer(&cx.cache, &class);
        if let Some(volume) = self.best_match(cx, &claim, delay) {
            return self.bind(cx, volume, claim);
        }
        if self.assign_default_class(cx, &claim)? {
            return Ok(());
        }
        if delay && claim.meta.annotations.get(volumes::SELECTED_NODE).is_none() {
            self.wait_for_consumer(cx, &claim);
        } else if !class.is_empty() {
            return self.provision(cx, claim, &class);
        } else {
            let text = "no persistent volumes available for this claim and no storage class is set";
            let object = Object::PersistentVolumeClaim(claim.clone());
            cx.event(&object, EventKind::Normal, "FailedBinding", text);
            self.say(cx, &claim, None, Because::NoStorageClass { class });
        }
        self.set_claim_phase(cx, claim, ClaimPhase::Pending, None).map(drop)
    }

    fn best_match(
        &self,
        cx: &mut ControlPlane<'_>,
        claim: &Claim,
        delay: bool,
    ) -> Option<Rc<PersistentVolume>> {
        let candidates = volumes::candidates(&cx.cache, claim);
        *cx.visits += candidates.len() as u64;
        let newest = |volume: &Rc<PersistentVolume>| {
            self.memory.get::<PersistentVolume>(&cx.cache, &Key::of(&volume.meta))
        };
        let candidates: Vec<_> = candidates.iter().filter_map(newest).collect();
        volumes::find_volume(claim, &candidates, delay)
    }

    /// The claim names its volume.
    fn sync_prebound_claim(&mut self, cx: &mut ControlPlane<'_>, claim: Claim) -> Answer<()> {
        let at = Key::global(claim.spec.volume_name.clone());
        let object = Object::PersistentVolumeClaim(claim.clone());
        let name = &claim.spec.volume_name;
        let volume = self.memory.get::<PersistentVolume>(&cx.cache, &at);
        if let Some(volume) = volume {
            if volumes::is_bound_to(&volume, &claim) {
                return self.bind(cx, volume, claim);
            }
            if volume.spec.claim_ref.is_none() {
                let Some(flaw) = flaw(&volume, &claim) else {
                    return self.bind(cx, volume, claim);
                };
                let text = format!("Cannot bind to requested volume \"{name}\": {flaw}");
                cx.event(&object, EventKind::Warning, "VolumeMismatch", &text);
            } else if claim.meta.annotations.get(volumes::BOUND_BY_CONTROLLER).is_some() {
                let text = format!("Invalid binding of claim \"{}\"", Key::of(&claim.meta));
                return Err(Status::bad_request(text));
            } else {
                let text = format!("volume \"{name}\" already bound to a different claim.");
                cx.event(&object, EventKind::Warning, "FailedBinding", &text);
            }
        }
        let on = ObjectRef::new(Kind::PersistentVolume, at);
        self.say(cx, &claim, Some(on), Because::ClaimUnbound);
        self.set_claim_phase(cx, claim, ClaimPhase::Pending, None).map(drop)
    }

    /// The claim had a volume: it has it still, or has lost it for good.
    fn sync_bound_claim(&mut self, cx: &mut ControlPlane<'_>, claim: Claim) -> Answer<()> {
        if claim.spec.volume_name.is_empty() {
            let text = "Bound claim has lost reference to PersistentVolume. Data on the volume is \
                        lost!";
            return self.lose(cx, claim, "ClaimLost", text);
        }
        let at = Key::global(claim.spec.volume_name.clone());
        let Some(volume) = self.memory.get::<PersistentVolume>(&cx.cache, &at) else {
            let text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
            return self.lose(cx, claim, "ClaimLost", text);
        };
        match &volume.spec.claim_ref {
            Some(to) if to.uid != claim.meta.uid => {
                let text = "Two claims are bound to the same volume, this one is bound \
                            incorrectly";
                self.lose(cx, claim, "ClaimMisbound", text)
            }
            _ => self.bind(cx, volume, claim),
        }
    }

    fn lose(
        &mut self,
        cx: &mut ControlPlane<'_>,
        claim: Claim,
        reason: &str,
        text: &str,
    ) -> Answer<()> {
        if claim.status.phase == ClaimPhase::Lost {
            return Ok(());
        }
        let claim = self.set_claim_phase(cx, claim, ClaimPhase::Lost, None)?;
        let object = Object::PersistentVolumeClaim(claim);
        cx.event(&object, EventKind::Warning, reason, text);
        Ok(())
    }

    fn assign_default_class(&mut self, cx: &mut ControlPlane<'_>, claim: &Claim) -> Answer<bool> {
        let annotated = claim.meta.annotations.get(CLASS_ANNOTATION).is_some();
        if annotated || claim.spec.storage_class_name.is_some() {
            return Ok(false);
        }
        let Some(class) = volumes::default_class(&cx.cache) else { return Ok(false) };
        let mut claim = (**claim).clone();
        Rc::make_mut(&mut claim.spec).storage_class_name = Some(class.meta.name.clone());
        let claim = cx.client().update(claim)?;
        self.memory.wrote(claim);
        Ok(true)
    }

    fn wait_for_consumer(&mut self, cx: &mut ControlPlane<'_>, claim: &Claim) {
        let key = Key::of(&claim.meta);
        // A claim made for a Pod is seen before the Pod is: upstream is told of each at once.
        let unscheduled: Vec<Str> = cx
            .cache
            .pods_using(&key)
            .filter(|pod| !pod.is_assigned() && !pod.is_terminal())
            .filter(|pod| pod.meta.resource_version < claim.meta.resource_version)
            .map(|pod| pod.meta.name.clone())
            .collect();
        let (reason, text) = match &unscheduled[..] {
            [] => (
                "WaitForFirstConsumer",
                "waiting for first consumer to be created before binding".to_string(),
            ),
            [pod] => ("WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
            pods => {
                let text = format!("waiting for pods {} to be scheduled", pods.join(","));
                ("WaitForPodScheduled", text)
            }
        };
        let object = Object::PersistentVolumeClaim(claim.clone());
        cx.event(&object, EventKind::Normal, reason, &text);
        let on = unscheduled.first().map(|name| {
            ObjectRef::new(Kind::Pod, Key::new(claim.meta.namespace.clone(), name.clone()))
        });
        self.say(cx, claim, on, Because::WaitForFirstConsumer);
    }

    /// Asks a driver, by annotation, for a volume.
    fn provision(&mut self, cx: &mut ControlPlane<'_>, claim: Claim, class: &Str) -> Answer<()> {
        let at = Key::global(class.clone());
        let Some(found) = cx.cache.get::<StorageClass>(&at).cloned() else {
            let text = Status::not_found(Kind::StorageClass, class).message;
            // A lister names the kind, not the resource.
            let text = text.replacen("storageclasses", "storageclass", 1);
            let object = Object::PersistentVolumeClaim(claim.clone());
            cx.event(&object, EventKind::Warning, "ProvisioningFailed", &text);
            self.say(cx, &claim, None, Because::NoStorageClass { class: class.clone() });
            return Ok(());
        };
        let driver = found.provisioner.clone();
        let asked = claim.meta.annotations.get(volumes::STORAGE_PROVISIONER) == Some(&driver);
        let claim = if asked {
            claim
        } else {
            let mut new = (*claim).clone();
            for key in [volumes::STORAGE_PROVISIONER, volumes::BETA_STORAGE_PROVISIONER] {
                new.meta.annotations.set(key, driver.clone());
            }
            let new = cx.client().update(new)?;
            self.memory.wrote(new)
        };
        let text = format!(
            "Waiting for a volume to be created either by the external provisioner '{driver}' or \
             manually by the system administrator. If volume creation is delayed, please verify \
             that the provisioner is running and correctly registered."
        );
        let object = Object::PersistentVolumeClaim(claim.clone());
        cx.event(&object, EventKind::Normal, "ExternalProvisioning", &text);
        // The driver knows better, and when it will be ready.
        let key = Key::of(&claim.meta);
        if cx.waits.said_by(Source::Csi, Kind::PersistentVolumeClaim, &key).is_empty() {
            self.say(cx, &claim, None, Because::Provisioning { driver });
        }
        Ok(())
    }

    fn say(
        &self,
        cx: &mut ControlPlane<'_>,
        claim: &Claim,
        on: Option<ObjectRef>,
        because: Because,
    ) {
        let mut wait = cx.wait(&Object::PersistentVolumeClaim(claim.clone()), because);
        wait.on = on;
        let key = Key::of(&claim.meta);
        cx.say(Source::VolumeBinder, (Kind::PersistentVolumeClaim, &key), vec![wait]);
    }
}

const CLASS_ANNOTATION: &str = crate::apiserver::volume_index::CLASS_ANNOTATION;

/// Why a free volume that a claim names cannot be its volume.
fn flaw(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<&'static str> {
    if volumes::requested(claim) > volumes::capacity(volume) {
        return Some("requested PV is too small");
    }
    if volumes::volume_class(volume) != claim_class(claim) {
        return Some("storageClassName does not match");
    }
    if volumes::modes_differ(volume, claim) {
        return Some("incompatible volumeMode");
    }
    let offers = |mode: &Str| volume.spec.access_modes.contains(mode);
    (!claim.spec.access_modes.iter().all(offers)).then_some("incompatible accessMode")
}
