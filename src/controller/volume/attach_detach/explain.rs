//! For whom a volume waits, and why: a Pod for its volume, an attachment for its end.

use super::operations::Verb;
use super::reconciler::attachment_name;
use super::{AttachDetachController, FORCE_DETACH_AFTER, LOOP};
use crate::api::core::node::Node;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::storage::CSIDriver;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::client::{ControlPlane, volumes};
use crate::trace::{Because, Source, Wait};

impl AttachDetachController {
    /// Says what waits because of `volume`.
    pub(super) fn explain(&self, cx: &mut ControlPlane<'_>, volume: &Str) {
        let mut waits = Vec::new();
        for node in self.worlds.wanted_on(volume) {
            self.explain_wanted(cx, volume, &node, &mut waits);
        }
        for node in self.worlds.attached_to(volume) {
            waits.extend(self.explain_unwanted(cx, volume, &node));
        }
        let key = Key::global(volume.clone());
        cx.say(Source::AttachDetach, (Kind::PersistentVolume, &key), waits);
    }

    /// Why Pods on `node` do not have the volume yet.
    fn explain_wanted(
        &self,
        cx: &ControlPlane<'_>,
        volume: &Str,
        node: &Str,
        waits: &mut Vec<Wait>,
    ) {
        let Some(wanted) = self.worlds.wanted(volume, node) else { return };
        let operation = self.operations.find(&self.operation_key(volume, node));
        let operation = operation.map(|(_, operation)| operation);
        let there = self.worlds.attachment(volume, node).is_some_and(|it| it.confirmed);
        let own = operation.filter(|it| it.node == *node);
        if there && own.is_none_or(|it| it.pending.is_none()) {
            return;
        }
        let elsewhere = self.worlds.attached_to(volume).into_iter().find(|other| other != node);
        let elsewhere = elsewhere.filter(|_| !self.worlds.is_shareable(volume));
        let failed = own.filter(|it| it.verb == Verb::Attach && it.pending.is_none());
        let (because, on, until) = match (failed, elsewhere) {
            (Some(failed), _) => {
                let because = Because::DriverError { message: failed.message.clone() };
                (because, attachment(volume, node), failed.retry_at())
            }
            (None, Some(other)) => {
                let user = self.worlds.wanted(volume, &other).and_then(|it| it.pods.first());
                let on = match user {
                    Some(pod) => ObjectRef::new(Kind::Pod, Key::of(&pod.meta)),
                    None => attachment(volume, &other),
                };
                (Because::MultiAttach { node: other }, on, None)
            }
            // The kubelet says that it waits for the attachment, and the driver how far it is.
            (None, None) => return,
        };
        for pod in wanted.pods.iter() {
            let subject = ObjectRef::new(Kind::Pod, Key::of(&pod.meta));
            waits.push(wait(cx.now, subject, Some(on.clone()), because.clone(), until));
        }
    }

    /// Why a volume nobody wants on `node` is still there.
    fn explain_unwanted(&self, cx: &ControlPlane<'_>, volume: &Str, node: &Str) -> Option<Wait> {
        let it = self.worlds.attachment(volume, node)?;
        let operation = self.operations.find(&self.operation_key(volume, node));
        let detach = operation
            .map(|(_, operation)| operation)
            .filter(|operation| operation.verb == Verb::Detach && operation.node == *node);
        let subject = attachment(volume, node);
        if let Some(detach) = detach {
            // A driver that is there tells by itself how far it is.
            let driver = volumes::split_unique_name(volume).map_or("", |(driver, _)| driver);
            if cx.cache.get::<CSIDriver>(&Key::global(driver)).is_some() {
                return None;
            }
            let because = match &detach.pending {
                Some(_) => Because::Detaching { node: node.clone() },
                None => Because::DriverError { message: detach.message.clone() },
            };
            return Some(wait(cx.now, subject, None, because, detach.retry_at()));
        }
        let since = it.unwanted.filter(|_| self.worlds.wanted(volume, node).is_none())?;
        if !it.in_use {
            return None;
        }
        let object = cx.cache.get::<Node>(&Key::global(node.clone()));
        let on = object.map(|node| ObjectRef::new(Kind::Node, Key::of(&node.meta)));
        let node = node.clone();
        if object.is_some_and(|node| node.is_ready()) {
            return Some(wait(cx.now, subject, on, Because::VolumeInUse { node }, None));
        }
        let until =
            (since + FORCE_DETACH_AFTER + crate::base::time::Span(1)).next_tick(self.started, LOOP);
        Some(wait(since, subject, on, Because::ForceDetach { node }, Some(until)))
    }
}

fn attachment(volume: &Str, node: &Str) -> ObjectRef {
    ObjectRef::new(Kind::VolumeAttachment, Key::global(attachment_name(volume, node)))
}

fn wait(
    since: SimTime,
    subject: ObjectRef,
    on: Option<ObjectRef>,
    because: Because,
    until: Option<SimTime>,
) -> Wait {
    Wait { subject, on, because, since, until }
}
