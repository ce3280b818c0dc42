//! The kubelet's side of volumes: it waits until they are attached, mounts them, and tells with
//! its Node's status which of them it uses, so that nobody takes them away.
//!
//! Not here: resizing, remounting, the two-minute bound on one wait (it changes nothing but a
//! log line), files from the API (projected volumes) beyond that their sources must exist.
//!
//! A Pod goes when its own mounts are gone; a volume is in use until the machine's mount is, too,
//! which no Pod waits for.
//!
//! Upstream: pkg/kubelet/volumemanager/volume_manager.go, reconciler/reconciler.go,
//! pkg/volume/util/operationexecutor/operation_generator.go

use super::node_status::is_attached;
use super::worker::{Mount, Prepare, Stage, Work, Worker};
use super::{Kubelets, Wake, environment};
use crate::api::core::node::Node;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::client::volumes;
use crate::infra::disks::MountRefusal;
use crate::infra::fault::FaultKind;
use crate::trace::{Because, Wait};
use std::rc::Rc;

/// How often the worker of a Pod looks whether its volumes are mounted.
const POLL: Span = Span::millis(300);
/// The first and the longest pause between two tries of the same thing.
const RETRY_MIN: Span = Span::millis(500);
const RETRY_MAX: Span = Span::seconds(122);
/// How often a Pod whose volume or settings are missing is looked at again.
const RESYNC: Span = Span::seconds(10);

/// What keeps volumes from being known.
enum Missing {
    Claim(Key),
    Config(Kind, Key, Str),
}

impl Kubelets {
    /// Does what is due about the volumes of a Pod that is to start; `false` if nothing is.
    pub(super) fn step_volumes(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        timers: &mut Timers<Wake>,
    ) -> bool {
        let Stage::Volumes(prepare) = &worker.stage else {
            return false;
        };
        let now = cx.now;
        match *prepare {
            Prepare::Unknown => self.know_volumes(cx, worker, timers),
            Prepare::Attach if self.all_attached(cx, worker) => {
                worker.stage = Stage::Volumes(Prepare::Verify { since: now });
                true
            }
            Prepare::Verify { since }
                if self.all_reported(worker) && next_try(since, now) <= now =>
            {
                let until = (now + cx.config.timing.mount).next_tick(worker.seen, POLL);
                worker.stage = Stage::Volumes(Prepare::Mount { until });
                true
            }
            Prepare::Mount { until } if until <= now => {
                self.mount(cx, worker);
                true
            }
            _ => false,
        }
    }

    fn know_volumes(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        timers: &mut Timers<Wake>,
    ) -> bool {
        let volumes = match find(cx, worker) {
            Ok(volumes) => volumes,
            Err(Missing::Claim(_)) => return false,
            Err(Missing::Config(kind, key, volume)) => {
                let uid = worker.uid();
                if !self.config_waiters.contains(&(kind, key.clone(), uid)) {
                    self.config_waiters.insert_mut((kind, key.clone(), uid));
                    let text = format!(
                        "MountVolume.SetUp failed for volume {volume:?} : {}",
                        environment::not_found(kind, &key.name)
                    );
                    self.pod_event(cx, worker, EventKind::Warning, "FailedMount", &text);
                }
                return false;
            }
        };
        worker.volumes = Rc::new(volumes);
        let name = worker.node().clone();
        for mount in worker.volumes.iter().filter(|mount| !mount.unique.is_empty()) {
            if let Some(node) = self.nodes.get_mut(&name) {
                node.count_volume(&mount.unique, true);
            }
        }
        self.touch_node(cx, &name, timers);
        match worker.volumes.is_empty() {
            true => self.make_sandbox(cx, worker),
            false => worker.stage = Stage::Volumes(Prepare::Attach),
        }
        true
    }

    fn all_attached(&self, cx: &NodePlane<'_>, worker: &Worker) -> bool {
        let node = cx.cache.get::<Node>(&Key::global(worker.node().clone()));
        attachable(worker).all(|name| node.is_some_and(|node| is_attached(node, name)))
    }

    fn all_reported(&self, worker: &Worker) -> bool {
        let reported = self.nodes.get(worker.node()).map(|node| &node.reported);
        attachable(worker).all(|name| reported.is_some_and(|all| all.contains(name)))
    }

    fn mount(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        let mut refused = None;
        for mount in worker.volumes.iter() {
            let answer = cx.infra.mount(&mount.handle, worker.node(), worker.uid());
            if let Err(why) = answer {
                refused = Some((mount.claim.clone(), words(why, &mount.handle)));
                break;
            }
        }
        let Some((claim, why)) = refused else {
            worker.mounted = true;
            self.make_sandbox(cx, worker);
            return;
        };
        let claim = cx.cache.get::<PersistentVolumeClaim>(&claim);
        let volume = claim.map_or_else(|| "".into(), |claim| claim.spec.volume_name.clone());
        let text = format!("MountVolume.MountDevice failed for volume {volume:?} : {why}");
        self.pod_event(cx, worker, EventKind::Warning, "FailedMount", &text);
        let since = worker.seen;
        let until = next_try(since, cx.now + Span::millis(1));
        worker.stage = Stage::Volumes(Prepare::Mount { until });
    }

    /// The Pod's volumes are unmounted and wanted no more.
    pub(super) fn release(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        timers: &mut Timers<Wake>,
    ) {
        let name = worker.node().clone();
        let stuck = cx.infra.faults.get(FaultKind::DeviceStuck, &name).is_some();
        for mount in std::mem::take(&mut worker.volumes).iter() {
            cx.infra.unmount(cx.now, &mount.handle, worker.uid());
            if !mount.unique.is_empty()
                && let Some(node) = self.nodes.get_mut(&name)
            {
                match stuck && worker.mounted {
                    true => node.stuck.push(mount.unique.clone()),
                    false => node.count_volume(&mount.unique, false),
                }
            }
        }
        worker.mounted = false;
        self.touch_node(cx, &name, timers);
    }

    pub(super) fn volumes_due(
        &self,
        cx: &NodePlane<'_>,
        worker: &Worker,
        prepare: &Prepare,
    ) -> Option<SimTime> {
        match *prepare {
            Prepare::Mount { until } => Some(until),
            Prepare::Verify { since } if self.all_reported(worker) => Some(next_try(since, cx.now)),
            _ => None,
        }
    }

    pub(super) fn volume_waits(
        &self,
        cx: &NodePlane<'_>,
        worker: &Worker,
        prepare: &Prepare,
        wait: &dyn Fn(Because, Option<SimTime>) -> Wait,
    ) -> Vec<Wait> {
        let claim = |key: &Key| ObjectRef::new(Kind::PersistentVolumeClaim, key.clone());
        match prepare {
            Prepare::Unknown => match find(cx, worker) {
                Ok(_) => Vec::new(),
                Err(Missing::Claim(key)) => {
                    vec![Wait { on: Some(claim(&key)), ..wait(Because::ClaimUnbound, None) }]
                }
                Err(Missing::Config(kind, key, _)) => {
                    let message = environment::not_found(kind, &key.name).into();
                    vec![wait(Because::MissingConfig { message }, None)]
                }
            },
            Prepare::Attach => {
                let node = cx.cache.get::<Node>(&Key::global(worker.node().clone()));
                let absent = worker.volumes.iter().filter(|mount| {
                    let there = node.is_some_and(|node| is_attached(node, &mount.unique));
                    !mount.unique.is_empty() && !there
                });
                let because = || Because::NotAttached { node: worker.node().clone() };
                absent
                    .map(|mount| Wait { on: attachment(worker, mount), ..wait(because(), None) })
                    .collect()
            }
            Prepare::Verify { since } => {
                let due = self.nodes.get(worker.node()).and_then(|node| node.status_due);
                let reported = self.all_reported(worker);
                let from = if reported { cx.now } else { due.unwrap_or(cx.now) };
                vec![wait(Because::Mounting, Some(next_try(*since, from)))]
            }
            Prepare::Mount { until } => vec![wait(Because::Mounting, Some(*until))],
        }
    }

    /// Remembers which ConfigMaps and Secrets the Pod's containers wait for.
    pub(super) fn await_config(&mut self, worker: &Worker, _timers: &mut Timers<Wake>) {
        for at in 0..worker.count() {
            let waits = worker.container(at).is_some_and(|c| matches!(c.work, Work::Config { .. }));
            if let (true, Some(spec)) = (waits, worker.spec(at)) {
                for (kind, key) in environment::sources(&worker.pod.meta.namespace, spec) {
                    self.config_waiters.insert_mut((kind, key, worker.uid()));
                }
            }
        }
    }

    /// A ConfigMap or Secret has changed: those who wait for it look again when their regular
    /// sync comes by.
    pub(super) fn config_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        kind: Kind,
        key: &Key,
        timers: &mut Timers<Wake>,
    ) {
        let from = (kind, key.clone(), Uid(0));
        let all = self.config_waiters.range(from..);
        let waiters: Vec<_> = all
            .take_while(|(other, at, _)| *other == kind && at == key)
            .map(|(_, _, uid)| *uid)
            .collect();
        for uid in waiters {
            let Some(worker) = self.workers.get(&uid) else {
                self.config_waiters.remove_mut(&(kind, key.clone(), uid));
                continue;
            };
            let since = worker.containers().find_map(|container| match container.work {
                Work::Config { since } => Some(since),
                _ => None,
            });
            let at = cx.now.next_tick(since.unwrap_or(worker.seen), RESYNC);
            timers.at(at, Wake::Config(uid));
        }
    }

    /// The regular sync of a Pod that waited for settings: it tries again.
    pub(super) fn retry_config(
        &mut self,
        cx: &mut NodePlane<'_>,
        uid: Uid,
        timers: &mut Timers<Wake>,
    ) {
        let Some(worker) = self.workers.get(&uid) else {
            return;
        };
        let mut worker = Worker::clone(worker);
        for (kind, key) in all_sources(&worker) {
            self.config_waiters.remove_mut(&(kind, key, uid));
        }
        for at in 0..worker.count() {
            if let Some(container) = worker.container_mut(at)
                && matches!(container.work, Work::Config { .. })
            {
                container.work = Work::Idle;
            }
        }
        self.workers.insert_mut(uid, Rc::new(worker));
        self.look(cx, uid, timers);
    }
}

/// Everything in ConfigMaps and Secrets that the Pod refers to.
pub(super) fn all_sources(worker: &Worker) -> Vec<(Kind, Key)> {
    let namespace = &worker.pod.meta.namespace;
    let specs = (0..worker.count()).filter_map(|at| worker.spec(at));
    let mut all: Vec<_> = specs.flat_map(|spec| environment::sources(namespace, spec)).collect();
    for volume in &worker.pod.spec.volumes {
        let maps = volume.config_map.iter().map(|from| (Kind::ConfigMap, &from.name));
        let secrets = volume.secret.iter().map(|from| (Kind::Secret, &from.secret_name));
        let named = maps.chain(secrets);
        all.extend(named.map(|(kind, name)| (kind, Key::new(namespace.clone(), name.clone()))));
    }
    all
}

/// The disks behind the Pod's volumes, as far as claims are bound and settings exist.
fn find(cx: &NodePlane<'_>, worker: &Worker) -> Result<Vec<Mount>, Missing> {
    let namespace = &worker.pod.meta.namespace;
    let mut found = Vec::new();
    for volume in &worker.pod.spec.volumes {
        let maps = volume.config_map.iter().map(|map| (Kind::ConfigMap, &map.name, map.optional));
        let secrets =
            volume.secret.iter().map(|secret| (Kind::Secret, &secret.secret_name, secret.optional));
        for (kind, name, optional) in maps.chain(secrets) {
            let key = Key::new(namespace.clone(), name.clone());
            if cx.cache.object(kind, &key).is_none() && optional != Some(true) {
                return Err(Missing::Config(kind, key, volume.name.clone()));
            }
        }
        let Some(source) = &volume.persistent_volume_claim else {
            continue;
        };
        let claim = Key::new(namespace.clone(), source.claim_name.clone());
        let volume = volumes::volume_behind(&cx.cache, &claim);
        let Some(volume) = volume else {
            return Err(Missing::Claim(claim));
        };
        let unique = volumes::attachable(&cx.cache, &volume).unwrap_or_else(|| "".into());
        let csi = volume.spec.csi.as_ref();
        let handle = csi.map_or_else(|| volume.meta.name.clone(), |csi| csi.volume_handle.clone());
        found.push(Mount { unique, handle, claim });
    }
    Ok(found)
}

/// The VolumeAttachment that is awaited.
fn attachment(worker: &Worker, mount: &Mount) -> Option<ObjectRef> {
    let (driver, handle) = volumes::split_unique_name(&mount.unique)?;
    let name = volumes::attachment_name(driver, handle, worker.node());
    Some(ObjectRef::new(Kind::VolumeAttachment, Key::global(name)))
}

fn attachable(worker: &Worker) -> impl Iterator<Item = &Str> {
    worker.volumes.iter().map(|mount| &mount.unique).filter(|unique| !unique.is_empty())
}

/// The first try at or after `now` of something tried since `since` with growing pauses.
fn next_try(since: SimTime, now: SimTime) -> SimTime {
    let (mut at, mut pause) = (since, RETRY_MIN);
    while at < now && pause < RETRY_MAX {
        at = at + pause;
        pause = Span(pause.0 * 2).min(RETRY_MAX);
    }
    if at < now { now.next_tick(at, RETRY_MAX) } else { at }
}

/// Why a disk could not be mounted, in a driver's words.
fn words(why: MountRefusal, handle: &str) -> String {
    match why {
        MountRefusal::NoDisk => {
            format!("rpc error: code = NotFound desc = volume {handle} does not exist")
        }
        MountRefusal::NotAttached => {
            let text = "is not attached to this node";
            format!("rpc error: code = Internal desc = volume {handle} {text}")
        }
        MountRefusal::OutOfReach => {
            let text = "cannot be reached from this node";
            format!("rpc error: code = InvalidArgument desc = volume {handle} {text}")
        }
    }
}
