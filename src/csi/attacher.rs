//! external-attacher: attaches and detaches disks as VolumeAttachments ask, and keeps volumes
//! that are attached.
//!
//! Upstream: kubernetes-csi/external-attacher/pkg/controller/{controller,csi_handler,util}.go

use super::drivers::{self, Driver};
use super::provisioner::wait;
use super::{Csi, Wake, one_more, pace};
use crate::api::core::volume::PersistentVolume;
use crate::api::kinds::{Key, Kind, Object, ObjectRef, Resource};
use crate::api::storage::{CSINode, VolumeAttachment, VolumeError};
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// On an attachment: the driver's name for the node.
const NODE_ID: &str = "csi.alpha.kubernetes.io/node-id";

/// A call to the backend that has not come back.
#[derive(Clone, Debug)]
pub(super) struct Job {
    driver: &'static Driver,
    handle: Str,
    node: Str,
    attach: bool,
    /// When it answers.
    pub(super) due: SimTime,
}

impl Job {
    /// What the backend is asked to do.
    pub(super) fn work(&self) -> &'static str {
        if self.attach { "attach" } else { "detach" }
    }
}

impl Csi {
    pub(super) fn attachment_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let name = &change.key.name;
        let (old, new) = (change.old::<VolumeAttachment>(), change.new::<VolumeAttachment>());
        let Some(new) = new else {
            self.retries.remove_mut(name);
            cx.say(Source::Csi, (Kind::VolumeAttachment, &change.key), Vec::new());
            let volume = old.and_then(|old| old.spec.source.persistent_volume_name.clone());
            if let Some(volume) = volume {
                self.release(cx, &volume);
            }
            return;
        };
        // What the attacher itself writes is no reason to look again.
        let doomed = new.meta.is_terminating() && old.is_some_and(|old| !old.meta.is_terminating());
        if old.is_none() || doomed {
            self.sync_attachment(cx, name, timers);
        }
    }

    pub(super) fn sync_attachment(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        timers: &mut Timers<Wake>,
    ) {
        let key = Key::global(name.clone());
        let Some(attachment) = cx.cache.get::<VolumeAttachment>(&key).cloned() else { return };
        let Some(driver) = drivers::by_name(cx.config.storage, &attachment.spec.attacher) else {
            return;
        };
        if self.attaching.contains_key(name) {
            return;
        }
        let attach = !attachment.meta.is_terminating();
        let idle = if attach {
            attachment.status.attached
        } else {
            !attachment.meta.finalizers.contains(&driver.finalizer())
        };
        if idle {
            return;
        }
        let begun = if attach {
            begin_attach(cx, driver, &attachment)
        } else {
            begin_detach(cx, driver, &attachment)
        };
        let handle = match begun {
            Ok(handle) => handle,
            Err(message) => return self.attachment_failed(cx, name, attach, message, timers),
        };
        let node = attachment.spec.node_name.clone();
        let job = Job { driver, handle, node, attach, due: cx.now };
        let due = cx.now + pace(cx, job.work());
        self.attaching.insert_mut(name.clone(), job);
        self.await_attachment(cx, name, due, timers);
    }

    /// The backend will answer at `due`.
    pub(super) fn await_attachment(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        due: SimTime,
        timers: &mut Timers<Wake>,
    ) {
        let key = Key::global(name.clone());
        let Some(job) = self.attaching.get_mut(name) else { return };
        job.due = due;
        let node = job.node.clone();
        let because = match job.attach {
            true => Because::Attaching { node },
            false => Because::Detaching { node },
        };
        let subject = ObjectRef::new(Kind::VolumeAttachment, key.clone());
        let wait = Wait { subject, on: None, because, since: cx.now, until: Some(due) };
        cx.say(Source::Csi, (Kind::VolumeAttachment, &key), vec![wait]);
        timers.at(due, Wake::Attachment(name.clone()));
    }

    /// The backend has answered.
    pub(super) fn attachment_done(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        timers: &mut Timers<Wake>,
    ) {
        let job = self.attaching.get(name).filter(|job| job.due == cx.now).cloned();
        let Some(job) = job else { return };
        self.attaching.remove_mut(name);
        let key = Key::global(name.clone());
        let answer = if job.attach {
            cx.infra.attach(&job.handle, &job.node)
        } else {
            cx.infra.detach(cx.now, &job.handle, &job.node)
        };
        if let Err(message) = answer {
            return self.attachment_failed(cx, name, job.attach, message, timers);
        }
        self.retries.remove_mut(name);
        cx.say(Source::Csi, (Kind::VolumeAttachment, &key), Vec::new());
        let _ = cx.client().patch_status::<VolumeAttachment>(&key, |attachment| {
            attachment.status.attached = job.attach;
            if job.attach {
                attachment.status.attach_error = None;
            } else {
                attachment.status.detach_error = None;
            }
        });
        if !job.attach {
            let finalizer = job.driver.finalizer();
            let _ = cx.client().patch::<VolumeAttachment>(&key, |attachment| {
                attachment.meta.finalizers.retain(|other| *other != finalizer);
            });
        }
        // What was asked for meanwhile comes next.
        if cx.cache.get::<VolumeAttachment>(&key).is_some_and(|a| a.meta.is_terminating())
            && job.attach
        {
            self.sync_attachment(cx, name, timers);
        }
    }

    fn attachment_failed(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        attach: bool,
        message: Str,
        timers: &mut Timers<Wake>,
    ) {
        let key = Key::global(name.clone());
        let time = Some(cx.now.whole_second());
        let error = VolumeError { time, message: message.clone(), ..VolumeError::default() };
        let saved = cx.client().patch_status::<VolumeAttachment>(&key, |attachment| {
            if attach {
                attachment.status.attach_error = Some(error);
            } else {
                attachment.status.detach_error = Some(error);
            }
        });
        let Ok(attachment) = saved else { return };
        let at = one_more(&mut self.retries, name, cx.now);
        timers.at(at, Wake::Retry(name.clone()));
        let because = Because::DriverError { message };
        let wait = wait(cx.now, Object::VolumeAttachment(attachment.clone()), because, Some(at));
        cx.say(Source::Csi, (Kind::VolumeAttachment, &key), vec![wait]);
        if attach && attachment.meta.is_terminating() {
            self.sync_attachment(cx, name, timers);
        }
    }

    /// Takes the attacher's finalizer off a volume that is being deleted and attached nowhere.
    pub(super) fn release(&mut self, cx: &mut NodePlane<'_>, volume: &Str) {
        let key = Key::global(volume.clone());
        let Some(object) = cx.cache.get::<PersistentVolume>(&key).cloned() else { return };
        let Some(csi) = object.spec.csi.as_ref().filter(|_| object.meta.is_terminating()) else {
            return;
        };
        let Some(driver) = drivers::by_name(cx.config.storage, &csi.driver) else { return };
        let finalizer = driver.finalizer();
        if !object.meta.finalizers.contains(&finalizer) {
            return;
        }
        let attachment = cx.cache.attachments_of(volume).next().cloned();
        let waits = attachment.map(|attachment| {
            let because = Because::Finalizer { finalizer: finalizer.clone() };
            let mut wait = wait(cx.now, Object::PersistentVolume(object.clone()), because, None);
            wait.on = Some(VolumeAttachment::wrap(attachment).reference());
            wait
        });
        let held = waits.is_some();
        cx.say(Source::Csi, (Kind::PersistentVolume, &key), waits.into_iter().collect());
        if !held {
            let _ = cx.client().patch::<PersistentVolume>(&key, |volume| {
                volume.meta.finalizers.retain(|other| *other != finalizer);
            });
        }
    }
}

/// Checks what can be checked, and marks volume and attachment as the attacher's.
fn begin_attach(
    cx: &mut NodePlane<'_>,
    driver: &Driver,
    attachment: &Rc<VolumeAttachment>,
) -> Result<Str, Str> {
    let (key, handle, terminating) = volume_of(cx, attachment)?;
    if terminating {
        let text = format!("PersistentVolume \"{}\" is marked for deletion", key.name);
        return Err(text.into());
    }
    let finalizer = driver.finalizer();
    let mark = |meta: &mut crate::api::meta::ObjectMeta| {
        if !meta.finalizers.contains(&finalizer) {
            meta.finalizers.push(finalizer.clone());
        }
    };
    let marked = cx.client().patch::<PersistentVolume>(&key, |volume| mark(&mut volume.meta));
    marked.map_err(|status| {
        let text = format!("could not add PersistentVolume finalizer: {}", status.message);
        Str::from(text)
    })?;
    let node_id = node_id(cx, driver, attachment, false)?;
    let at = Key::of(&attachment.meta);
    let marked = cx.client().patch::<VolumeAttachment>(&at, |attachment| {
        mark(&mut attachment.meta);
        attachment.meta.annotations.set(NODE_ID, node_id.clone());
    });
    marked.map_err(|status| {
        Str::from(format!("could not save VolumeAttachment: {}", status.message))
    })?;
    Ok(handle)
}

fn begin_detach(
    cx: &mut NodePlane<'_>,
    driver: &Driver,
    attachment: &Rc<VolumeAttachment>,
) -> Result<Str, Str> {
    let (_, handle, _) = volume_of(cx, attachment)?;
    node_id(cx, driver, attachment, true)?;
    Ok(handle)
}

/// The volume of an attachment: where it is, its handle, whether it is being deleted.
fn volume_of(cx: &NodePlane<'_>, attachment: &VolumeAttachment) -> Result<(Key, Str, bool), Str> {
    let name = attachment.spec.source.persistent_volume_name.clone().unwrap_or_default();
    let key = Key::global(name);
    let Some(volume) = cx.cache.get::<PersistentVolume>(&key) else {
        return Err(format!("persistentvolume \"{}\" not found", key.name).into());
    };
    let Some(csi) = &volume.spec.csi else {
        return Err("pv spec contained non-csi source that was not migrated".into());
    };
    Ok((key, csi.volume_handle.clone(), volume.meta.is_terminating()))
}

/// The driver's name for the attachment's node: as its CSINode says, or, for a node that is
/// gone, as the attachment remembers it.
fn node_id(
    cx: &NodePlane<'_>,
    driver: &Driver,
    attachment: &VolumeAttachment,
    remembered: bool,
) -> Result<Str, Str> {
    let node = &attachment.spec.node_name;
    let csi_node = cx.cache.get::<CSINode>(&Key::global(node.clone()));
    let entry = csi_node.and_then(|csi_node| {
        csi_node.spec.drivers.iter().find(|entry| *entry.name == *driver.name)
    });
    if let Some(entry) = entry {
        return Ok(entry.node_id.clone());
    }
    if let Some(id) = attachment.meta.annotations.get(NODE_ID).filter(|_| remembered) {
        return Ok(id.clone());
    }
    Err(match csi_node {
        Some(_) => format!("CSINode {node} does not contain driver {}", driver.name).into(),
        None => format!("csinode.storage.k8s.io \"{node}\" not found").into(),
    })
}
