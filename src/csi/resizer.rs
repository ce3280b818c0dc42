//! external-resizer: makes a volume larger when its claim asks for more. The drivers here grow a
//! volume in one step, the file system included, so nothing is left to the kubelet.
//!
//! A driver without room for that answers OutOfRange, the one answer that the CSI
//! specification has for it, by which the growth is infeasible: it is tried once more at once, then
//! every five minutes, and at once when the claim asks for another size.
//!
//! Not here: growth that fails in other ways or on the node, modifying volumes by
//! VolumeAttributesClass.
//!
//! Upstream: kubernetes-csi/external-resizer/pkg/controller/{controller,expand_and_recover,
//! resize_status}.go, kubernetes-csi/csi-lib-utils/slowset/slowset.go

use super::drivers;
use super::provisioner::wait;
use super::{Csi, Wake, one_more};
use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim};
use crate::api::kinds::{Key, Kind, Object, Resource};
use crate::api::meta::{Condition, Uid};
use crate::api::quantity::Quantity;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::client::volumes;
use crate::trace::{Because, Source};
use std::rc::Rc;

/// Conditions of a claim that tell of a growth.
const TOLD: [&str; 4] =
    ["Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError"];
/// What is said of a growth that the driver says cannot be had.
const INFEASIBLE: &str = "ControllerResizeInfeasible";
/// A size that cannot be had is asked for again after this.
const SLOW: Span = Span::seconds(300);
const NODE_DONE: &str = "volume.kubernetes.io/node-expansion-not-required";

/// A volume that is growing, or is to.
#[derive(Clone, Debug)]
pub(super) struct Job {
    claim: Key,
    volume: Key,
    component: Str,
    to: Quantity,
    /// When the driver answers or is asked again.
    pub due: SimTime,
    /// Whether the driver has been asked and has not answered.
    asked: bool,
    /// Since when the claim is among those that are tried seldom.
    slow: Option<SimTime>,
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
        if !claim.is_bound() || to <= has {
            return;
        }
        if let Some(job) = self.resizing.get(&uid).cloned() {
            if !job.asked && job.to != to {
                // A pause after which it is slow no longer began with it.
                let slow = Some(job.slow.map_or(job.due - SLOW, |_| cx.now));
                self.ask(cx, &claim, Job { to, slow, ..job }, timers);
            }
            return;
        }
        let Some(volume) = volumes::volume_behind(&cx.cache, &change.key) else { return };
        let driver = volume.spec.csi.as_ref().and_then(|csi| {
            drivers::by_name(cx.config.storage, &csi.driver).filter(|driver| driver.resize)
        });
        let Some(driver) = driver else { return };
        let component: Str = format!("external-resizer {}", driver.name).into();
        let (claim_key, volume) = (change.key.clone(), Key::of(&volume.meta));
        let (due, asked, slow) = (cx.now, false, None);
        let job = Job { claim: claim_key, volume, component, to, due, asked, slow };
        self.ask(cx, &claim, job, timers);
    }

    /// Asks the driver for the size, and says on the claim that it did.
    fn ask(
        &mut self,
        cx: &mut NodePlane<'_>,
        claim: &Rc<PersistentVolumeClaim>,
        mut job: Job,
        timers: &mut Timers<Wake>,
    ) {
        let now = cx.now;
        let _ = cx.client().patch_status::<PersistentVolumeClaim>(&job.claim, |claim| {
            let status = &mut claim.status;
            let new = status.allocated_resources.get("storage") != Some(&job.to);
            tell(&mut status.conditions, "Resizing", "", !new, now);
            if new {
                status.allocated_resource_statuses.set("storage", "ControllerResizeInProgress");
                status.allocated_resources.insert("storage".into(), job.to.clone());
            }
            claim.meta.annotations.remove(NODE_DONE);
        });
        let object = Object::PersistentVolumeClaim(claim.clone());
        let text = format!("External resizer is resizing volume {}", job.volume.name);
        cx.event(&job.component, &"".into(), &object, EventKind::Normal, "Resizing", &text);
        (job.due, job.asked) = (now + cx.config.timing.provision, true);
        let because = Because::Resizing { driver: job.resizer().into() };
        let wait = wait(now, object, because, Some(job.due));
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &job.claim), vec![wait]);
        timers.at(job.due, Wake::Resized(claim.meta.uid));
        self.resizing.insert_mut(claim.meta.uid, job);
    }

    /// The driver has answered, or is to be asked again.
    pub(super) fn resized(&mut self, cx: &mut NodePlane<'_>, uid: Uid, timers: &mut Timers<Wake>) {
        let Some(job) = self.resizing.get(&uid).filter(|job| job.due == cx.now).cloned() else {
            return;
        };
        let claim = cx.cache.get::<PersistentVolumeClaim>(&job.claim).cloned();
        let claim = claim.filter(|claim| claim.meta.uid == uid);
        match (claim, no_room(cx, &job)) {
            (Some(claim), _) if !job.asked => {
                let to = volumes::requested(&claim);
                self.ask(cx, &claim, Job { to, ..job }, timers);
            }
            (Some(claim), Some((system, why))) => {
                self.refused(cx, claim, job, system, &why, timers);
            }
            _ => self.grown(cx, uid, &job, timers),
        }
    }

    /// There is no room for the size.
    fn refused(
        &mut self,
        cx: &mut NodePlane<'_>,
        claim: Rc<PersistentVolumeClaim>,
        mut job: Job,
        system: Str,
        why: &str,
        timers: &mut Timers<Wake>,
    ) {
        let (now, mut news) = (cx.now, false);
        let _ = cx.client().patch_status::<PersistentVolumeClaim>(&job.claim, |claim| {
            let text = format!("failed to expand pvc with {why}");
            tell(&mut claim.status.conditions, "ControllerResizeError", &text, true, now);
            let statuses = &mut claim.status.allocated_resource_statuses;
            news = statuses.get("storage").is_none_or(|status| **status != *INFEASIBLE);
            statuses.set("storage", INFEASIBLE);
        });
        let volume = &job.volume.name;
        let text = format!("resize volume {volume:?} by resizer {:?} failed: {why}", job.resizer());
        let object = Object::PersistentVolumeClaim(claim.clone());
        let (reason, warning) = ("VolumeResizeFailed", EventKind::Warning);
        cx.event(&job.component, &"".into(), &object, warning, reason, &text);
        let pause = one_more(&mut self.retries, volume, now);
        let to = volumes::requested(&claim);
        (job.due, job.slow) = match job.slow {
            _ if to != job.to => (now, job.slow.or(Some(now))),
            Some(since) => (since + SLOW, None),
            None => (if news { now } else { pause }, Some(if news { now } else { pause })),
        };
        if job.due <= now {
            return self.ask(cx, &claim, Job { to, ..job }, timers);
        }
        job.asked = false;
        let wait = wait(now, object, Because::NoRoom { system }, Some(job.due));
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &job.claim), vec![wait]);
        timers.at(job.due, Wake::Resized(claim.meta.uid));
        self.resizing.insert_mut(claim.meta.uid, job);
    }

    /// The backend has grown the volume: first the volume says so, then the claim.
    fn grown(&mut self, cx: &mut NodePlane<'_>, uid: Uid, job: &Job, timers: &mut Timers<Wake>) {
        self.resizing.remove_mut(&uid);
        self.retries.remove_mut(&job.volume.name);
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &job.claim), Vec::new());
        if !job.asked {
            return;
        }
        self.poll_rooms(cx, timers);
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
                let status = &mut claim.status;
                status.capacity.insert("storage".into(), job.to.clone());
                status.conditions.retain(|condition| !TOLD.contains(&&*condition.kind));
                status.allocated_resource_statuses.remove("storage");
                claim.meta.annotations.set(NODE_DONE, "true");
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

impl Job {
    fn resizer(&self) -> &str {
        &self.component["external-resizer ".len()..]
    }
}

/// Writes a condition, as of now; others that tell of a growth go or stay.
fn tell(conditions: &mut Vec<Condition>, kind: &str, text: &str, stay: bool, now: SimTime) {
    let new = Condition {
        kind: kind.into(),
        status: "True".into(),
        last_transition_time: Some(now.whole_second()),
        message: text.into(),
        ..Condition::default()
    };
    conditions.retain(|old| stay || *old.kind == *kind || !TOLD.contains(&&*old.kind));
    match conditions.iter_mut().find(|old| *old.kind == *kind) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
}

/// The disk system that is too full for what is asked, and what it answers.
fn no_room(cx: &NodePlane<'_>, job: &Job) -> Option<(Str, Str)> {
    let volume = cx.cache.get::<PersistentVolume>(&job.volume)?;
    let disk = cx.infra.disks.get(&volume.spec.csi.as_ref()?.volume_handle)?;
    let system = disk.reach.system();
    let more = job.to.as_units() - disk.bytes;
    let message = cx.infra.has_room(system, more, "OutOfRange").err()?;
    Some((system.into(), message))
}
