//! The loop: detaches first, so that what moves can be attached elsewhere, then attaches, then
//! what the nodes' status is to say.
//!
//! Upstream: pkg/controller/volume/attachdetach/reconciler/reconciler.go,
//! pkg/volume/util/operationexecutor/operation_generator.go, pkg/volume/csi/csi_attacher.go,
//! pkg/controller/volume/attachdetach/statusupdater/node_status_updater.go

use super::operations::{Operation, OperationKey, TIMEOUT, Verb};
use super::{AttachDetachController, FORCE_DETACH_AFTER, Task, is_out_of_service};
use crate::api::core::node::{AttachedVolume, Node};
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolume;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::ObjectMeta;
use crate::api::storage::{VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentSpec};
use crate::apiserver::DeleteOptions;
use crate::base::Str;
use crate::base::time::Span;
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, volumes};
use std::rc::Rc;

impl AttachDetachController {
    pub(super) fn tick(&mut self, cx: &mut ControlPlane<'_>) {
        let touched = std::mem::take(&mut self.touched);
        for volume in touched.iter() {
            self.look_no_more(volume);
            for node in self.worlds.attached_to(volume) {
                *cx.visits += 1;
                self.consider_detach(cx, volume, &node);
            }
        }
        for volume in touched.iter() {
            for node in self.worlds.wanted_on(volume) {
                *cx.visits += 1;
                self.consider_attach(cx, volume, &node);
            }
        }
        for node in self.worlds.stale_nodes() {
            self.update_node_status(cx, &node);
        }
        for volume in touched.iter() {
            self.explain(cx, volume);
        }
    }

    pub(super) fn operation_key(&self, volume: &Str, node: &Str) -> OperationKey {
        let shared = self.worlds.is_shareable(volume);
        (volume.clone(), if shared { node.clone() } else { "".into() })
    }

    fn consider_detach(&mut self, cx: &mut ControlPlane<'_>, volume: &Str, node: &Str) {
        if self.worlds.wanted(volume, node).is_some() {
            return;
        }
        let key = self.operation_key(volume, node);
        if let Err(retry) = self.operations.may_begin(&key, Verb::Detach, cx.now) {
            retry.into_iter().for_each(|at| self.look_at(at, volume));
            return;
        }
        let Some(attachment) = self.worlds.attachment(volume, node).cloned() else { return };
        let since = attachment.unwanted.unwrap_or(cx.now);
        self.worlds.set_unwanted(volume, node, Some(since));
        let object = cx.cache.get::<Node>(&Key::global(node.clone()));
        let healthy = object.is_some_and(|node| node.is_ready());
        let out_of_service = object.is_some_and(|node| is_out_of_service(node));
        let expired = cx.now.since(since) > FORCE_DETACH_AFTER;
        let by_force = out_of_service || (expired && !healthy);
        if attachment.in_use && !by_force {
            if !healthy {
                self.look_at(since + FORCE_DETACH_AFTER + Span(1), volume);
            }
            return;
        }
        // The node learns first that it may not mount the volume any more.
        self.worlds.unreport(volume, node);
        if !self.update_node_status(cx, node) {
            self.worlds.report(volume, node);
            self.touch(volume.clone());
            return;
        }
        self.detach(cx, volume, node, !(expired || out_of_service));
    }

    /// Asks for the VolumeAttachment's end. `verify`: only if the node does not say that it uses
    /// the volume.
    fn detach(&mut self, cx: &mut ControlPlane<'_>, volume: &Str, node: &Str, verify: bool) {
        let key = self.operation_key(volume, node);
        self.operations.begin(&key, Verb::Detach, node, Rc::default(), cx.now);
        let live = cx.client().get::<Node>(&Key::global(node.clone()));
        if verify && live.is_ok_and(|node| node.status.volumes_in_use.contains(volume)) {
            let text = "volume is still in use by node, according to Node status";
            return self.operation_failed(cx, &key, text.into());
        }
        let name = Key::global(attachment_name(volume, node));
        let options = DeleteOptions::default();
        match cx.client().delete(Kind::VolumeAttachment, &name, &options) {
            Ok(_) => self.await_poll(&key),
            Err(status) if status.is_not_found() => self.detached(&key, node),
            Err(status) => self.operation_failed(cx, &key, status.message.into()),
        }
    }

    fn consider_attach(&mut self, cx: &mut ControlPlane<'_>, volume: &Str, node: &Str) {
        let key = self.operation_key(volume, node);
        if self.operations.is_pending(&key) {
            return;
        }
        if self.worlds.attachment(volume, node).is_some_and(|it| it.confirmed) {
            self.worlds.set_unwanted(volume, node, None);
            return;
        }
        let Some(wanted) = self.worlds.wanted(volume, node).cloned() else { return };
        if !self.worlds.is_shareable(volume) {
            let holders = self.worlds.surely_attached_to(volume);
            if !holders.is_empty() {
                if !wanted.told {
                    self.report_multi_attach(cx, volume, &wanted.pods, &holders);
                    self.worlds.told(volume, node);
                }
                return;
            }
        }
        if let Err(retry) = self.operations.may_begin(&key, Verb::Attach, cx.now) {
            retry.into_iter().for_each(|at| self.look_at(at, volume));
            return;
        }
        self.operations.begin(&key, Verb::Attach, node, wanted.pods, cx.now);
        if self.was_quick(cx, volume, node) {
            self.operations.look_late(&key);
        }
        let name = attachment_name(volume, node);
        if cx.cache.get::<VolumeAttachment>(&Key::global(name.clone())).is_none() {
            match cx.client().create(self.attachment(volume, node, name)) {
                Err(status) if !status.is_already_exists() => {
                    return self.operation_failed(cx, &key, status.message.into());
                }
                _ => {}
            }
        }
        self.await_poll(&key);
    }

    /// In a replay: whether the volume was there at the first look.
    fn was_quick(&mut self, cx: &ControlPlane<'_>, volume: &Str, node: &Str) -> bool {
        if cx.config.replay.attachments.is_empty() {
            return false;
        }
        let object = Key::global(self.object_of(volume));
        let found = cx.cache.get::<PersistentVolume>(&object);
        let Some(claim) = found.and_then(|found| volumes::claim_of(found)) else { return false };
        let name: Str = format!("{}/{} {node}", claim.namespace, claim.name).into();
        let turn = self.turns.get(&name).copied().unwrap_or(0);
        self.turns.insert_mut(name.clone(), turn + 1);
        let mut recorded = cx.config.replay.attachments.iter().filter(|(at, _)| *at == name);
        recorded.nth(turn).is_some_and(|(_, quick)| *quick)
    }

    fn attachment(&self, volume: &Str, node: &Str, name: Str) -> VolumeAttachment {
        let driver = volumes::split_unique_name(volume).map_or("", |(driver, _)| driver);
        VolumeAttachment {
            meta: ObjectMeta { name, ..ObjectMeta::default() },
            spec: VolumeAttachmentSpec {
                attacher: driver.into(),
                source: VolumeAttachmentSource {
                    persistent_volume_name: Some(self.object_of(volume)),
                    ..VolumeAttachmentSource::default()
                },
                node_name: node.clone(),
                ..VolumeAttachmentSpec::default()
            },
            ..VolumeAttachment::default()
        }
    }

    /// The PersistentVolume's name, or the handle of a volume nobody knows.
    pub(super) fn object_of(&self, volume: &Str) -> Str {
        match self.worlds.volume(volume) {
            Some(known) => known.object.clone(),
            None => volumes::split_unique_name(volume).map_or("", |(_, handle)| handle).into(),
        }
    }

    fn await_poll(&mut self, key: &OperationKey) {
        let pending = self.operations.get(key).and_then(|operation| operation.pending.as_ref());
        if let Some(at) = pending.map(|pending| pending.next) {
            self.tasks.insert_mut((at, Task::Poll(key.clone())), ());
        }
    }

    /// Looks whether an operation has come to its end.
    pub(super) fn poll(&mut self, cx: &mut ControlPlane<'_>, key: &OperationKey) {
        *cx.visits += 1;
        let Some(operation) = self.operations.get(key).cloned() else { return };
        let Some(pending) = operation.pending.as_ref().filter(|p| p.next == cx.now) else { return };
        let name = Key::global(attachment_name(&key.0, &operation.node));
        let seen = cx.cache.get::<VolumeAttachment>(&name).cloned();
        let outcome = match operation.verb {
            Verb::Attach => attach_outcome(seen.as_deref()),
            Verb::Detach => detach_outcome(seen.as_deref()),
        };
        match outcome {
            Some(Ok(())) if operation.verb == Verb::Attach => self.attached(cx, key, &operation),
            Some(Ok(())) => self.detached(key, &operation.node),
            Some(Err(message)) => self.operation_failed(cx, key, message),
            None if cx.now.since(pending.since) >= TIMEOUT => {
                let (driver, handle) = volumes::split_unique_name(&key.0).unwrap_or(("", ""));
                let verb = if operation.verb == Verb::Attach { "attach" } else { "detach" };
                let text = format!(
                    "timed out waiting for external-attacher of {driver} CSI driver to {verb} \
                     volume {handle}"
                );
                self.operation_failed(cx, key, text.into());
            }
            None => {
                if let Some(at) = self.operations.poll_again(key) {
                    self.tasks.insert_mut((at, Task::Poll(key.clone())), ());
                }
            }
        }
    }

    fn attached(&mut self, cx: &mut ControlPlane<'_>, key: &OperationKey, done: &Operation) {
        let pods = done.pending.as_ref().map(|pending| pending.pods.clone()).unwrap_or_default();
        let object = self.object_of(&key.0);
        let text = format!("AttachVolume.Attach succeeded for volume \"{object}\" ");
        for pod in pods.iter() {
            let pod = Object::Pod(pod.clone());
            cx.event(&pod, EventKind::Normal, "SuccessfulAttachVolume", &text);
        }
        self.worlds.attach(&key.0, &done.node, true);
        self.worlds.report(&key.0, &done.node);
        self.operations.succeeded(key);
        self.touch(key.0.clone());
    }

    fn detached(&mut self, key: &OperationKey, node: &Str) {
        self.worlds.detach(&key.0, node);
        self.operations.succeeded(key);
        self.touch(key.0.clone());
    }

    /// Whether the volume is attached is not known any more, whichever way it was to go.
    fn operation_failed(&mut self, cx: &mut ControlPlane<'_>, key: &OperationKey, message: Str) {
        let Some(operation) = self.operations.get(key).cloned() else { return };
        if operation.verb == Verb::Attach {
            let pods = operation.pending.map(|pending| pending.pods).unwrap_or_default();
            let object = self.object_of(&key.0);
            let text = format!("AttachVolume.Attach failed for volume \"{object}\" : {message}");
            warn(cx, &pods, |_| text.clone());
        }
        self.worlds.attach(&key.0, &operation.node, false);
        if let Some(at) = self.operations.failed(key, message, cx.now) {
            self.look_at(at, &key.0);
        }
        self.touch(key.0.clone());
    }

    fn report_multi_attach(
        &mut self,
        cx: &mut ControlPlane<'_>,
        volume: &Str,
        pods: &[Rc<Pod>],
        holders: &[Str],
    ) {
        let there = |node: &Str| self.worlds.wanted(volume, node).map(|wanted| wanted.pods.clone());
        let users: Vec<Rc<Pod>> =
            holders.iter().filter_map(there).flat_map(|pods| pods.to_vec()).collect();
        let object = self.object_of(volume);
        warn(cx, pods, |pod| {
            let text = multi_attach_text(pod, &users);
            format!("Multi-Attach error for volume \"{object}\" {text}")
        });
    }

    /// Writes what the node's status is to list, if it must be written; `false` if that failed.
    fn update_node_status(&mut self, cx: &mut ControlPlane<'_>, node: &Str) -> bool {
        let Some(report) = self.worlds.take_report(node) else { return true };
        let list = report
            .iter()
            .map(|name| AttachedVolume { name: name.clone(), ..AttachedVolume::default() });
        let list: Vec<AttachedVolume> = list.collect();
        let key = Key::global(node.clone());
        let written = cx.client().patch_status::<Node>(&key, |node| {
            node.status.volumes_attached = list;
        });
        match written {
            // A node that is gone has no status; it is written again if the node comes back.
            Err(status) if !status.is_not_found() => {
                self.worlds.report_again(node);
                false
            }
            _ => true,
        }
    }
}

fn warn(cx: &mut ControlPlane<'_>, pods: &[Rc<Pod>], text: impl Fn(&Pod) -> String) {
    for pod in pods {
        let object = Object::Pod(pod.clone());
        cx.event(&object, EventKind::Warning, "FailedAttachVolume", &text(pod));
    }
}

/// Tells a Pod who has its volume, but no names from other namespaces.
fn multi_attach_text(pod: &Pod, users: &[Rc<Pod>]) -> String {
    if users.is_empty() {
        return "Volume is already exclusively attached to one node and can't be attached to \
                another"
            .to_string();
    }
    let local = |user: &&Rc<Pod>| user.meta.namespace == pod.meta.namespace;
    let names: Vec<&str> = users.iter().filter(local).map(|user| &*user.meta.name).collect();
    let others = users.len() - names.len();
    match (names.is_empty(), others) {
        (true, _) => format!("Volume is already used by {others} pod(s) in different namespaces"),
        (false, 0) => format!("Volume is already used by pod(s) {}", names.join(", ")),
        (false, _) => format!(
            "Volume is already used by pod(s) {} and {others} pod(s) in different namespaces",
            names.join(", ")
        ),
    }
}

pub(super) fn attachment_name(volume: &str, node: &str) -> Str {
    let (driver, handle) = volumes::split_unique_name(volume).unwrap_or(("", volume));
    volumes::attachment_name(driver, handle, node)
}

fn attach_outcome(seen: Option<&VolumeAttachment>) -> Option<Result<(), Str>> {
    let Some(seen) = seen else {
        return Some(Err("volume attachment has been deleted".into()));
    };
    if seen.meta.is_terminating() {
        return Some(Err("volume attachment is being deleted".into()));
    }
    if seen.status.attached {
        return Some(Ok(()));
    }
    seen.status.attach_error.as_ref().map(|error| Err(error.message.clone()))
}

fn detach_outcome(seen: Option<&VolumeAttachment>) -> Option<Result<(), Str>> {
    let Some(seen) = seen else { return Some(Ok(())) };
    seen.status.detach_error.as_ref().map(|error| Err(error.message.clone()))
}
