//! Attaches volumes to the nodes whose Pods want them, and detaches them where nobody does.
//!
//! Upstream compares two worlds, the desired and the actual, every 100 ms. Here only the volumes
//! that something happened to are compared, at the instant at which upstream's loop would come
//! by; an attach or detach under way polls its VolumeAttachment in upstream's growing rhythm,
//! without its jitter.
//!
//! A volume is taken from a node by force in two cases only: six minutes after nobody wants it on
//! a node that is not Ready or gone, counted from the first look that finds it so, or at once
//! when the node is marked out of service. A node that is Ready keeps what it says is in use.
//!
//! Not here: nodes whose kubelet attaches by itself (the annotation
//! volumes.kubernetes.io/controller-managed-attach-detach is taken as given), the minute and
//! three-minute sweeps that repair missed watch events, in-line volumes, the check that attached
//! volumes still are.
//!
//! Upstream: pkg/controller/volume/attachdetach/attach_detach_controller.go

mod explain;
mod operations;
mod reconciler;
mod worlds;

use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::condition;
use crate::api::storage::VolumeAttachment;
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue, volumes};
use crate::controller::Controller;
use operations::{OperationKey, Operations};
use std::rc::Rc;
use worlds::{Volume, Worlds};

/// How often upstream's loop comes by.
const LOOP: Span = Span::millis(100);
/// How long a volume nobody wants stays on a node that cannot say that it let go.
const FORCE_DETACH_AFTER: Span = Span::minutes(6);
/// Whoever tolerates nothing else, this taint ends the wait.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// What the controller is to do at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Looks at an operation under way.
    Poll(OperationKey),
    /// Finds that a pause or a patience has ended.
    Look(Str),
    /// Hears from a node that has nothing new to say: so kubelets do every few minutes.
    Heard(Str),
    /// Compares the worlds, as far as something happened to them.
    Tick,
}

/// Attaches and detaches. Its one key is the loop itself.
#[derive(Clone, Debug, Default)]
pub struct AttachDetachController {
    started: SimTime,
    worlds: Worlds,
    operations: Operations,
    /// Volumes that something happened to since the last tick.
    touched: Set<Str>,
    /// When a pause or a patience of a volume ends.
    looks: Map<Str, SimTime>,
    tasks: Map<(SimTime, Task), ()>,
    /// In a replay: how often each volume was attached to each node.
    turns: Map<Str, usize>,
    /// Whether the loop has run since the start.
    running: bool,
}

/// So often a kubelet writes its node's status though nothing changed (nodeStatusReportFrequency).
const STATUS_REPORT: Span = Span::minutes(5);

fn the_loop() -> Key {
    Key::global("loop")
}

impl Controller for AttachDetachController {
    const COMPONENT: &'static str = "attachdetach-controller";

    fn start(&mut self, now: SimTime, _keys: &mut Keys) {
        self.started = now;
    }

    fn observe(&mut self, now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Pod => self.pod_changed(change, cache),
            Kind::PersistentVolumeClaim => {
                let bound = |claim: &PersistentVolumeClaim| claim.is_bound();
                let was = change.old::<PersistentVolumeClaim>().is_some_and(|claim| bound(claim));
                let is = change.new::<PersistentVolumeClaim>().is_some_and(|claim| bound(claim));
                if is && !was {
                    for pod in cache.pods_using(&change.key) {
                        self.want(pod, cache);
                    }
                }
            }
            Kind::Node => self.node_changed(change),
            Kind::VolumeAttachment if !self.running => {
                if let Some(attachment) = change.new::<VolumeAttachment>() {
                    self.remember(attachment, cache);
                }
            }
            _ => {}
        }
        if !self.touched.is_empty() || self.worlds.has_stale_nodes() {
            self.tick_soon(now);
            let due = self.tasks.first().map_or(now, |((at, _), ())| *at);
            keys.add_after(due.since(now), the_loop());
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, _key: &Key) -> Answer<Requeue> {
        self.running = true;
        while let Some(((at, task), ())) = self.tasks.first().map(|(k, v)| (k.clone(), *v)) {
            if at > cx.now {
                return Ok(Requeue::After(at.since(cx.now)));
            }
            self.tasks.remove_mut(&(at, task.clone()));
            // What a tick leaves to do is for the next one.
            let soonest = if task == Task::Tick { cx.now + Span(1) } else { cx.now };
            match task {
                Task::Poll(key) => self.poll(cx, &key),
                Task::Look(volume) => self.look(cx.now, volume),
                Task::Heard(node) => self.hear(cx, &node),
                Task::Tick => self.tick(cx),
            }
            if !self.touched.is_empty() || self.worlds.has_stale_nodes() {
                self.tick_soon(soonest);
            }
        }
        Ok(Requeue::AwaitChange)
    }
}

impl AttachDetachController {
    fn next_tick(&self, now: SimTime) -> SimTime {
        now.next_tick(self.started, LOOP)
    }

    fn tick_soon(&mut self, now: SimTime) {
        self.tasks.insert_mut((self.next_tick(now), Task::Tick), ());
    }

    fn touch(&mut self, volume: Str) {
        self.touched.insert_mut(volume);
    }

    /// Asks for a look at `volume`; the earlier of two counts.
    fn look_at(&mut self, at: SimTime, volume: &Str) {
        if self.looks.get(volume).is_some_and(|&earlier| earlier <= at) {
            return;
        }
        self.look_no_more(volume);
        self.looks.insert_mut(volume.clone(), at);
        self.tasks.insert_mut((at, Task::Look(volume.clone())), ());
    }

    fn look_no_more(&mut self, volume: &Str) {
        if let Some(at) = self.looks.get(volume).copied() {
            self.looks.remove_mut(volume);
            self.tasks.remove_mut(&(at, Task::Look(volume.clone())));
        }
    }

    fn look(&mut self, now: SimTime, volume: Str) {
        if self.looks.get(&volume).is_some_and(|&at| at <= now) {
            self.looks.remove_mut(&volume);
        }
        self.touch(volume);
    }

    fn pod_changed(&mut self, change: &Change, cache: &Store) {
        if let Some(old) = change.old::<Pod>() {
            let same = change.new::<Pod>().is_some_and(|new| new.meta.uid == old.meta.uid);
            if !same {
                self.forget(old);
            }
        }
        if let Some(pod) = change.new::<Pod>().filter(|pod| pod.is_assigned()) {
            self.want(pod, cache);
        }
    }

    /// Enters a Pod's volumes into the desired world, or strikes them out once it has ended.
    fn want(&mut self, pod: &Rc<Pod>, cache: &Store) {
        if !pod.is_assigned() {
            return;
        }
        if volumes::is_pod_terminated(pod) {
            return self.forget(pod);
        }
        for claim in pod.claim_names() {
            let claim = Key::new(pod.meta.namespace.clone(), claim.clone());
            let Some(volume) = volumes::volume_behind(cache, &claim) else { continue };
            let Some(name) = volumes::attachable(cache, &volume) else { continue };
            let known = Volume {
                object: volume.meta.name.clone(),
                shareable: volumes::is_multi_attach_allowed(&volume),
            };
            if self.worlds.want(&name, &pod.spec.node_name, pod, known) {
                self.touch(name);
            }
        }
    }

    fn forget(&mut self, pod: &Pod) {
        for volume in self.worlds.forget(pod.meta.uid) {
            self.touch(volume);
        }
    }

    fn node_changed(&mut self, change: &Change) {
        let name = &change.key.name;
        let (old, new) = (change.old::<Node>(), change.new::<Node>());
        if old.is_none()
            && let Some(node) = new
            && !self.running
        {
            for attached in &node.status.volumes_attached {
                self.worlds.attach(&attached.name, name, true);
                self.worlds.report(&attached.name, name);
                self.touch(attached.name.clone());
            }
        }
        if old.is_none() && new.is_some() {
            self.worlds.node_appeared(name);
        }
        let before = old.map(|node| &node.status.volumes_in_use[..]);
        // A node that is gone keeps in use what it had in use.
        let now = new.or(old).map_or(&[][..], |node| &node.status.volumes_in_use);
        for volume in self.worlds.heard_from(name, before, now) {
            self.touch(volume);
        }
        let health =
            |node: Option<&Rc<Node>>| node.map(|node| (node.is_ready(), is_out_of_service(node)));
        if health(old) != health(new) {
            for volume in self.worlds.unwanted_on(name) {
                self.touch(volume);
            }
        }
    }

    /// The kubelet of a healthy node writes its status again though nothing changed, which is
    /// not simulated; it says anew which volumes it uses.
    fn hear(&mut self, cx: &ControlPlane<'_>, name: &Str) {
        let node = cx.cache.get::<Node>(&Key::global(name.clone()));
        let Some(node) = node.filter(|node| node.is_ready()) else { return };
        let used = &node.status.volumes_in_use;
        for volume in self.worlds.heard_from(name, Some(used), used) {
            self.touch(volume);
        }
    }

    /// At the start: an attachment the nodes do not know of may or may not be there.
    fn remember(&mut self, attachment: &VolumeAttachment, cache: &Store) {
        let Some(name) = &attachment.spec.source.persistent_volume_name else { return };
        let at = Key::global(name.clone());
        let Some(volume) = cache.get::<crate::api::core::volume::PersistentVolume>(&at) else {
            return;
        };
        let Some(unique) = volumes::attachable(cache, volume) else { return };
        let known =
            Volume { object: name.clone(), shareable: volumes::is_multi_attach_allowed(volume) };
        self.worlds.know(&unique, known);
        let node = &attachment.spec.node_name;
        if self.worlds.attachment(&unique, node).is_none() {
            self.worlds.attach(&unique, node, false);
            let known = cache.get::<Node>(&Key::global(node.clone()));
            let written = known.and_then(|node| {
                let ready = condition(&node.status.conditions, "Ready")?;
                ready.last_heartbeat_time
            });
            if let Some(written) = written {
                let at = self.started.next_tick(written, STATUS_REPORT);
                self.tasks.insert_mut((at, Task::Heard(node.clone())), ());
            }
        }
        self.touch(unique);
    }
}

fn is_out_of_service(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| *taint.key == *OUT_OF_SERVICE)
}
