//! external-resizer: makes a volume larger when its claim asks for more. The drivers here grow a
//! volume in one step, the file system included, so nothing is left to the kubelet.
//!
//! Not here: recovery from a size that cannot be had (status.allocatedResources), modifying
//! volumes by VolumeAttributesClass.
//!
//! Upstream: kubernetes-csi/external-resizer/pkg/controller/{controller,expand_and_recover}.go

use super::drivers;
use super::provisioner::wait;
use super::{Csi, Wake, one_more};
use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim};
use crate::api::kinds::{Key, Kind, Object, Resource};
use crate::api::meta::{Condition, Uid, set_condition};
use crate::api::quantity::Quantity;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::client::volumes;
use crate::trace::{Because, Source};
use std::rc::Rc;

/// A volume that is growing.
#[derive(Clone, Debug)]
pub(super) struct Job {
    claim: Key,
    volume: Key,
    component: Str,
    to: Quantity,
}

impl Csi {
    pub(super) fn size_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let Some(claim) = change.new::<PersistentVolumeClaim>().cloned() else { return };
        let uid = claim.meta.uid;
        let to = volumes::requested(&claim);
        let has = claim.status.capacity.get("storage").cloned().unwrap_or_default();
        if !claim.is_bound() || to <= has || self.resizing.contains_key(&uid) {
            return;
        }
        let Some(volume) = volumes::volume_behind(&cx.cache, &change.key) else { return };
        let driver = volume.spec.csi.as_ref().and_then(|csi| {
            drivers::by_name(cx.config.storage, &csi.driver).filter(|driver| driver.resize)
        });
        let Some(driver) = driver else { return };
        let component: Str = format!("external-resizer {}", driver.name).into();
        let now = cx.now;
        let condition =
            Condition { kind: "Resizing".into(), status: "True".into(), ..Condition::default() };
        let _ = cx.client().patch_status::<PersistentVolumeClaim>(&change.key, |claim| {
            set_condition(&mut claim.status.conditions, condition, now);
        });
        let object = Object::PersistentVolumeClaim(claim.clone());
        say_resizing(cx, &component, &object, &volume.meta.name);
        let due = cx.now + cx.config.timing.provision;
        let because = Because::Resizing { driver: driver.name.into() };
        let wait = wait(cx.now, object, because, Some(due));
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &change.key), vec![wait]);
        let volume = Key::of(&volume.meta);
        self.resizing.insert_mut(uid, Job { claim: change.key.clone(), volume, component, to });
        timers.at(due, Wake::Resized(uid));
    }

    /// The backend has grown the volume: first the volume says so, then the claim. Without room
    /// for that it is asked again after a pause, as long as the claim is there.
    pub(super) fn resized(&mut self, cx: &mut NodePlane<'_>, uid: Uid, timers: &mut Timers<Wake>) {
        let Some(job) = self.resizing.get(&uid).cloned() else { return };
        let name = &job.volume.name;
        let claim = cx.cache.get::<PersistentVolumeClaim>(&job.claim).cloned();
        let claim = claim.filter(|claim| claim.meta.uid == uid);
        if let Some((claim, (system, message))) = claim.zip(no_room(cx, &job)) {
            let object = Object::PersistentVolumeClaim(claim);
            if self.retries.contains_key(name) {
                say_resizing(cx, &job.component, &object, name);
            }
            let resizer = &job.component["external-resizer ".len()..];
            let text = format!("resize volume {name:?} by resizer {resizer:?} failed: {message}");
            let reason = "VolumeResizeFailed";
            cx.event(&job.component, &"".into(), &object, EventKind::Warning, reason, &text);
            let at = one_more(&mut self.retries, name, cx.now);
            let wait = wait(cx.now, object, Because::NoRoom { system }, Some(at));
            cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &job.claim), vec![wait]);
            return timers.at(at, Wake::Resized(uid));
        }
        self.resizing.remove_mut(&uid);
        self.retries.remove_mut(name);
        self.poll_rooms(cx, timers);
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &job.claim), Vec::new());
        let grown = cx.client().patch::<PersistentVolume>(&job.volume, |volume| {
            let spec = Rc::make_mut(&mut volume.spec);
            spec.capacity.insert("storage".into(), job.to.clone());
        });
        let Ok(volume) = grown else { return };
        if let Some(csi) = &volume.spec.csi {
            cx.infra.grow_disk(&csi.volume_handle, job.to.as_units());
        }
        let done = cx.client().patch_status::<PersistentVolumeClaim>(&job.claim, |claim| {
            if claim.meta.uid == uid {
                claim.status.capacity.insert("storage".into(), job.to.clone());
                claim.status.conditions.retain(|condition| *condition.kind != *"Resizing");
            }
        });
        if let Ok(claim) = done {
            let text = "Resize volume succeeded";
            let claim = PersistentVolumeClaim::wrap(claim);
            let reason = "VolumeResizeSuccessful";
            cx.event(&job.component, &"".into(), &claim, EventKind::Normal, reason, text);
        }
    }
}

fn say_resizing(cx: &mut NodePlane<'_>, component: &Str, claim: &Object, volume: &Str) {
    let text = format!("External resizer is resizing volume {volume}");
    cx.event(component, &"".into(), claim, EventKind::Normal, "Resizing", &text);
}

/// The disk system that is too full for what is asked, and what it answers.
fn no_room(cx: &NodePlane<'_>, job: &Job) -> Option<(Str, Str)> {
    let volume = cx.cache.get::<PersistentVolume>(&job.volume)?;
    let disk = cx.infra.disks.get(&volume.spec.csi.as_ref()?.volume_handle)?;
    let system = disk.reach.system();
    let message = cx.infra.has_room(system, job.to.as_units() - disk.bytes).err()?;
    Some((system.into(), message))
}
