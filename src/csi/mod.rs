//! The storage drivers and their sidecars: external-provisioner, external-attacher and
//! external-resizer. They hear of claims, volumes and attachments through the API server and do
//! to disks what is asked for.
//!
//! Not here: leader election of the sidecars, rate limits, ListVolumes (a driver that tells by
//! itself what is attached), volumes of the CSI node plugin (that is the kubelet).
//!
//! Upstream: kubernetes-csi/external-provisioner, kubernetes-csi/external-attacher,
//! kubernetes-csi/external-resizer

mod attacher;
mod drivers;
mod provisioner;
mod resizer;
mod rooms;

use crate::api::core::volume::PersistentVolume;
use crate::api::kinds::Kind;
use crate::api::meta::Uid;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::infra::fault::FaultKind;

pub use drivers::{boot_objects, node_drivers};
pub use provisioner::system_for;

/// When a driver is to be woken.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// The volume for the claim of this uid is made.
    Provisioned(Uid),
    /// Deleting the volume of this name is tried again.
    Delete(Str),
    /// The attachment of this name has been made or undone.
    Attachment(Str),
    /// The attachment of this name is tried again.
    Retry(Str),
    /// The volume for the claim of this uid has grown.
    Resized(Uid),
    /// It is seen to that each class and place has its CSIStorageCapacity.
    Places,
    /// Amounts of room are asked for.
    Poll,
    /// The attacher looks whether the volume of this name may go.
    Release(Str),
}

/// All drivers.
#[derive(Clone, Debug, Default)]
pub struct Csi {
    provisioning: Map<Uid, provisioner::Job>,
    deleting: Map<Str, Retry>,
    attaching: Map<Str, attacher::Job>,
    retries: Map<Str, Retry>,
    resizing: Map<Uid, resizer::Job>,
    /// The names of the CSIStorageCapacity objects.
    rooms: Map<rooms::Item, Str>,
    /// When the next volume may be there at the earliest; see `Timing::turn`.
    next_turn: SimTime,
}

/// How long the backend takes for `work` now.
fn pace(cx: &NodePlane<'_>, work: &str) -> Span {
    let timing = &cx.config.timing;
    let usual = match work {
        "attach" => timing.attach,
        "detach" => timing.detach,
        _ => timing.provision,
    };
    usual + cx.infra.faults.delay(FaultKind::DiskSlow, work)
}

/// How often something failed, and when it is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Retry {
    failures: u32,
    at: Option<SimTime>,
}

impl Csi {
    /// A change in the store. `cx.cache` already holds it. After a start, every object is
    /// observed as added.
    pub fn observe(&mut self, cx: &mut NodePlane<'_>, change: &Change, timers: &mut Timers<Wake>) {
        match change.kind {
            Kind::PersistentVolumeClaim => {
                self.claim_changed(cx, change, timers);
                self.size_changed(cx, change, timers);
            }
            Kind::PersistentVolume => {
                self.volume_changed(cx, change, timers);
                // Later than those of the control plane that let go of it too.
                if change.new::<PersistentVolume>().is_some_and(|it| it.meta.is_terminating()) {
                    timers.at(cx.now, Wake::Release(change.key.name.clone()));
                }
            }
            Kind::VolumeAttachment => self.attachment_changed(cx, change, timers),
            Kind::Node
            | Kind::CSINode
            | Kind::CSIDriver
            | Kind::StorageClass
            | Kind::CSIStorageCapacity => self.rooms_changed(cx, change, timers),
            _ => {}
        }
    }

    /// The backend has become slower or faster at `work`: what it is at starts over.
    pub fn pace_changed(&mut self, cx: &mut NodePlane<'_>, work: &str, timers: &mut Timers<Wake>) {
        let at = cx.now + pace(cx, work);
        let jobs = self.attaching.iter().filter(|(_, job)| job.work() == work);
        let names: Vec<Str> = jobs.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.await_attachment(cx, &name, at, timers);
        }
        if work == "provision" {
            let claims: Vec<Uid> = self.provisioning.keys().copied().collect();
            claims.into_iter().for_each(|claim| self.await_volume(cx, claim, at, timers));
        }
    }

    /// Whether a wake that is due at `at` still finds something to do.
    pub fn expects(&self, at: SimTime, wake: &Wake) -> bool {
        match wake {
            Wake::Provisioned(claim) => {
                self.provisioning.get(claim).is_some_and(|job| job.due == Some(at))
            }
            Wake::Delete(volume) => self.deleting.get(volume).is_some_and(|it| it.at == Some(at)),
            Wake::Attachment(name) => self.attaching.get(name).is_some_and(|job| job.due == at),
            Wake::Retry(name) => self.retries.get(name).is_some_and(|it| it.at == Some(at)),
            Wake::Resized(claim) => self.resizing.get(claim).is_some_and(|job| job.due == at),
            Wake::Release(_) | Wake::Places | Wake::Poll => true,
        }
    }

    /// Does what `wake` asks for.
    pub fn wake(&mut self, cx: &mut NodePlane<'_>, wake: Wake, timers: &mut Timers<Wake>) {
        match wake {
            Wake::Provisioned(claim) => self.provisioned(cx, claim, timers),
            Wake::Delete(volume) => self.delete_volume(cx, &volume, timers),
            Wake::Attachment(name) => self.attachment_done(cx, &name, timers),
            Wake::Retry(name) => {
                if self.retries.get(&name).is_some_and(|retry| retry.at == Some(cx.now)) {
                    self.sync_attachment(cx, &name, timers);
                }
            }
            Wake::Resized(claim) => self.resized(cx, claim, timers),
            Wake::Places => self.sync_places(cx),
            Wake::Poll => self.refresh_all(cx),
            Wake::Release(volume) => self.release(cx, &volume),
        }
    }
}

/// Notes one more failure; the pause doubles from one second to at most five minutes.
fn one_more(retries: &mut Map<Str, Retry>, name: &Str, now: SimTime) -> SimTime {
    let failures = retries.get(name).map_or(0, |retry| retry.failures);
    let pause = Span::seconds((1u64 << failures.min(10)).min(300));
    let at = now + pause;
    retries.insert_mut(name.clone(), Retry { failures: failures + 1, at: Some(at) });
    at
}
