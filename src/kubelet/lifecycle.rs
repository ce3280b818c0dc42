//! One look at a Pod: whatever is due about it now is done, and it is said when to look again.
//! Level-triggered: looking twice at the same moment changes nothing.
//!
//! Not here: termination order of sidecars (all containers are told to stop together), ephemeral
//! containers, a change of image in place, postStart, eviction under resource pressure.
//!
//! Upstream: pkg/kubelet/{kubelet,pod_workers}.go (SyncPod, SyncTerminatingPod,
//! SyncTerminatedPod), pkg/kubelet/kuberuntime/{kuberuntime_manager,kuberuntime_container}.go,
//! pkg/kubelet/active_deadline.go

use super::container::{exit_of, pre_stop};
use super::status::{OVERDUE, status, terminate};
use super::worker::{Exit, Prepare, Shown, Stage, Work, Worker};
use super::{Kubelets, Wake};
use crate::api::core::container::{Container as Spec, RestartPolicy};
use crate::api::core::pod::{Pod, PodStatus};
use crate::api::kinds::{Kind, Object, ObjectRef};
use crate::api::meta::{ResourceVersion, Uid};
use crate::apiserver::DeleteOptions;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::infra::fault::FaultKind;
use crate::trace::{Because, Source, Wait};

/// More steps than any Pod can take at one moment; a bound against endless loops.
const STEPS_MAX: usize = 10_000;

impl Kubelets {
    /// Does whatever is due about the Pod `uid`, and asks to be woken for what comes next.
    pub(super) fn look(&mut self, cx: &mut NodePlane<'_>, uid: Uid, timers: &mut Timers<Wake>) {
        let Some(worker) = self.workers.get(&uid) else {
            return;
        };
        let mut worker = Worker::clone(worker);
        *cx.visits += 1;
        if self.is_held(cx, &mut worker, timers) {
            return;
        }
        let faults = &cx.infra.faults;
        worker.ailing = cx.infra.ailing.contains(&uid)
            || faults.of_pod(FaultKind::NeverReady, &worker.pod.meta).is_some();
        for _ in 0..STEPS_MAX {
            if !self.step(cx, &mut worker, timers) {
                break;
            }
        }
        if worker.orphan && worker.stage == Stage::Done {
            self.forget(uid);
            return;
        }
        self.report(cx, &mut worker);
        self.say(cx, &worker);
        let due = self.due(cx, &worker).map(|at| at.max(cx.now));
        if due != worker.next
            && let Some(at) = due
        {
            timers.at(at, Wake::Pod(uid));
        }
        worker.next = due;
        self.keep(worker);
    }

    /// One step of what is due now; `false` if nothing is.
    fn step(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        timers: &mut Timers<Wake>,
    ) -> bool {
        let now = cx.now;
        let alive = !worker.is_over() && worker.stage != Stage::Stopping;
        if alive && self.must_stop(cx, worker) {
            self.begin_stop(cx, worker);
            return true;
        }
        match worker.stage {
            Stage::Volumes(_) => self.step_volumes(cx, worker, timers),
            Stage::Sandbox { until } if until <= now => {
                self.open_sandbox(cx, worker);
                true
            }
            Stage::Live => self.step_containers(cx, worker, timers),
            Stage::Stopping => {
                let ended = self.step_containers(cx, worker, timers);
                let running = worker.containers().any(|container| container.is_running());
                if !running {
                    self.end(cx, worker);
                }
                ended || !running
            }
            Stage::Unmounting { until } if until <= now && !unmount_is_stuck(cx, worker) => {
                self.report(cx, worker);
                self.release(cx, worker, timers);
                worker.stage = Stage::Done;
                if worker.shutdown.is_some() {
                    timers.at(now, Wake::Shutdown(worker.node().clone()));
                }
                true
            }
            Stage::Done => self.remove(cx, worker),
            Stage::Sandbox { .. } | Stage::Unmounting { .. } => false,
        }
    }

    /// Whether the Pod is to end: it is gone, is being deleted, has run too long, or its machine
    /// is being shut down.
    fn must_stop(&self, cx: &NodePlane<'_>, worker: &mut Worker) -> bool {
        if let Some(deadline) = deadline(worker)
            && deadline <= cx.now
        {
            worker.overdue = true;
        }
        let told = worker.orphan || worker.pod.is_terminating();
        told || worker.overdue || worker.shutdown.is_some()
    }

    /// Volumes are there: the sandbox is being made.
    pub(super) fn make_sandbox(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        let usual = cx.now + cx.config.timing.container_start;
        let until = worker.course.ran.filter(|at| *at > cx.now).unwrap_or(usual);
        worker.stage = Stage::Sandbox { until };
        if worker.revived {
            let text = "Pod sandbox changed, it will be killed and re-created.";
            self.pod_event(cx, worker, EventKind::Normal, "SandboxChanged", text);
        }
    }

    /// The sandbox is there, and with it the network.
    fn open_sandbox(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        let name = worker.node().clone();
        let prefix = cx.infra.machines.get(&name).map(|machine| machine.pod_prefix());
        if let (Some(node), Some(prefix)) = (self.nodes.get_mut(&name), prefix) {
            worker.ip = format!("{prefix}{}", node.take_address()).into();
        }
        worker.stage = Stage::Live;
    }

    /// All containers are told to stop.
    fn begin_stop(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        if worker.overdue && !worker.orphan && !worker.pod.is_terminating() {
            self.pod_event(cx, worker, EventKind::Normal, "DeadlineExceeded", OVERDUE);
        }
        let grace = grace(worker);
        for at in 0..worker.count() {
            self.stop_container(cx, worker, at, grace, "");
        }
        worker.stage = Stage::Stopping;
    }

    /// A shorter grace has been asked for while containers are stopping.
    pub(super) fn shorten_stop(&self, cx: &NodePlane<'_>, worker: &mut Worker) {
        let latest = cx.now + grace(worker).max(MINIMUM_GRACE);
        for at in 0..worker.count() {
            if let Some(container) = worker.container_mut(at)
                && let Work::Run { end: Some((end, code)), .. } = &mut container.work
                && *end > latest
            {
                (*end, *code) = (latest, 137);
            }
        }
    }

    /// No container runs any more: the network goes, then the volumes.
    pub(super) fn end(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        for at in 0..worker.count() {
            if let Some(container) = worker.container_mut(at) {
                container.work = Work::Ended;
            }
        }
        let name = worker.node().clone();
        let last = worker.ip.rsplit('.').next().and_then(|last| last.parse::<u32>().ok());
        if let (Some(node), Some(last)) = (self.nodes.get_mut(&name), last) {
            node.addresses.remove_mut(&last);
        }
        worker.observed = worker.pod.meta.generation;
        let unmount = if worker.mounted { cx.config.timing.unmount } else { Span::ZERO };
        let gone = worker.course.gone.filter(|at| *at >= cx.now);
        worker.stage = Stage::Unmounting { until: gone.unwrap_or(cx.now + unmount) };
    }

    /// Nothing is left on the node: a Pod that is being deleted may go for good.
    fn remove(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) -> bool {
        if worker.orphan || !worker.pod.is_terminating() || !cx.infra.is_reachable(worker.node()) {
            return false;
        }
        let (key, uid) = (worker.key(), worker.uid());
        if !is_there(cx, worker) {
            return false;
        }
        let pod = worker.pod.clone();
        let written = cx.client().patch_status::<Pod>(&key, |new| terminate(&mut new.status, &pod));
        if let Ok(written) = written {
            worker.wrote = written.meta.resource_version;
        }
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            uid: Some(uid),
            ..DeleteOptions::default()
        };
        if cx.client().delete(Kind::Pod, &key, &options).is_ok() && !is_there(cx, worker) {
            worker.orphan = true;
        }
        false
    }

    /// Writes the Pod's status if it says anything new.
    pub(super) fn report(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        // What was said last of a Pod that goes is not taken back, whatever still holds it.
        let last = worker.stage == Stage::Done && worker.pod.is_terminating();
        let mute = worker.orphan || worker.rejected || last;
        if mute || !cx.infra.is_reachable(worker.node()) {
            return;
        }
        let key = worker.key();
        let Some(pod) = cx.server.store.get::<Pod>(&key).filter(|pod| same(pod, worker)).cloned()
        else {
            return;
        };
        let Some(machine) = cx.infra.machines.get(worker.node()) else {
            return;
        };
        if worker.stage != Stage::Stopping && !pod.is_terminating() {
            worker.observed = worker.pod.meta.generation;
        }
        let new = status(worker, &pod.status, cx.now, &machine.address(), &self.texts);
        // While containers are stopping only their ends are news.
        let ends = |status: &PodStatus| {
            let all = status.init_container_statuses.iter().chain(&status.container_statuses);
            all.filter(|container| container.state.terminated.is_some()).count()
        };
        let stopping = worker.stage == Stage::Stopping;
        if new == pod.status || stopping && ends(&new) == ends(&pod.status) {
            return;
        }
        if let Ok(pod) = cx.client().patch_status::<Pod>(&key, |pod| pod.status = new) {
            worker.wrote = pod.meta.resource_version;
        }
    }

    /// When the Pod is to be looked at next; `None` if only a change brings it on.
    fn due(&self, cx: &NodePlane<'_>, worker: &Worker) -> Option<SimTime> {
        let stage = match &worker.stage {
            Stage::Volumes(prepare) => self.volumes_due(cx, worker, prepare),
            Stage::Unmounting { .. } if unmount_is_stuck(cx, worker) => None,
            Stage::Sandbox { until } | Stage::Unmounting { until } => Some(*until),
            Stage::Live | Stage::Stopping => {
                worker.containers().filter_map(|container| container.work.due(cx.now)).min()
            }
            Stage::Done => None,
        };
        let deadline = deadline(worker).filter(|_| !worker.overdue && !worker.is_over());
        [stage, deadline].into_iter().flatten().min()
    }

    /// Says what the Pod waits for.
    pub(super) fn say(&mut self, cx: &mut NodePlane<'_>, worker: &Worker) {
        let key = worker.key();
        if worker.orphan || !cx.infra.is_reachable(worker.node()) || !is_there(cx, worker) {
            return;
        }
        let waits = self.waits(cx, worker);
        cx.say(Source::Kubelet, (Kind::Pod, &key), waits);
    }

    fn waits(&self, cx: &NodePlane<'_>, worker: &Worker) -> Vec<Wait> {
        let wait = |because: Because, until: Option<SimTime>| Wait {
            subject: ObjectRef::new(Kind::Pod, worker.key()),
            on: None,
            because,
            since: cx.now,
            until,
        };
        match &worker.stage {
            Stage::Volumes(prepare) => self.volume_waits(cx, worker, prepare, &wait),
            Stage::Sandbox { until } => vec![wait(Because::Starting, Some(*until))],
            Stage::Live => {
                let turn = self.turn(worker).map(|until| {
                    wait(Because::ShutdownTurn { node: worker.node().clone() }, Some(until))
                });
                turn.into_iter().chain(self.container_waits(cx, worker, &wait)).collect()
            }
            Stage::Stopping => {
                let ends = worker.containers().filter_map(|container| match container.work {
                    Work::Run { end: Some((at, _)), .. } => Some(at),
                    _ => None,
                });
                let has_hook = |spec: &Spec| pre_stop(spec) > Span::ZERO;
                let hooks = (0..worker.count()).filter_map(|at| worker.spec(at)).any(has_hook);
                let because = match hooks {
                    _ if worker.shutdown.is_some() => {
                        Because::ShuttingDown { node: worker.node().clone() }
                    }
                    true => Because::PreStop,
                    false => Because::GracePeriod,
                };
                vec![wait(because, ends.max())]
            }
            Stage::Unmounting { .. } if unmount_is_stuck(cx, worker) => {
                let node = worker.node().clone();
                vec![wait(Because::Unmounting { node }, None)]
            }
            Stage::Unmounting { until } => vec![wait(Because::GracePeriod, Some(*until))],
            Stage::Done => {
                let meta = &worker.pod.meta;
                let held = meta.finalizers.first().filter(|_| meta.is_terminating());
                let finalizer =
                    |finalizer: &Str| Because::Finalizer { finalizer: finalizer.clone() };
                held.map(|held| wait(finalizer(held), None)).into_iter().collect()
            }
        }
    }

    /// Tells people something about the Pod.
    pub(super) fn pod_event(
        &self,
        cx: &mut NodePlane<'_>,
        worker: &Worker,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        if !worker.orphan && cx.infra.is_reachable(worker.node()) {
            let pod = Object::Pod(worker.pod.clone());
            cx.event("kubelet", worker.node(), &pod, kind, reason, message);
        }
    }
}

/// The least time a container is given to stop.
pub(super) const MINIMUM_GRACE: Span = Span::seconds(2);

/// Whether the Pod's disks cannot be unmounted.
fn unmount_is_stuck(cx: &NodePlane<'_>, worker: &Worker) -> bool {
    worker.mounted && cx.infra.faults.get(FaultKind::UnmountStuck, worker.node()).is_some()
}

/// How long the containers of a Pod that ends have.
fn grace(worker: &Worker) -> Span {
    let spec = worker.pod.spec.termination_grace_period_seconds;
    let seconds = worker.pod.meta.deletion_grace_period_seconds.or(spec).unwrap_or(30);
    let own = Span::seconds(u64::try_from(seconds).unwrap_or(0).max(1));
    worker.shutdown.filter(|most| *most > Span::ZERO).map_or(own, |most| own.min(most))
}

/// When the Pod has run too long.
fn deadline(worker: &Worker) -> Option<SimTime> {
    let seconds = worker.pod.spec.active_deadline_seconds?;
    let start = worker.pod.status.start_time.unwrap_or(worker.seen.whole_second());
    Some(start + Span::seconds(u64::try_from(seconds).unwrap_or(0)))
}

/// Whether the API server still has this very Pod.
pub(super) fn is_there(cx: &NodePlane<'_>, worker: &Worker) -> bool {
    cx.server.store.get::<Pod>(&worker.key()).is_some_and(|pod| same(pod, worker))
}

fn same(pod: &Pod, worker: &Worker) -> bool {
    pod.meta.uid == worker.uid()
}

/// What a Pod looks like to a kubelet that has lost everything but its disk: containers that
/// ran have ended in an unknown way.
pub(super) fn revive(worker: &mut Worker, now: SimTime) {
    let status = &worker.pod.status.clone();
    for (init, statuses) in
        [(true, &status.init_container_statuses), (false, &status.container_statuses)]
    {
        for (at, old) in statuses.iter().enumerate() {
            let base = if init { 0 } else { worker.inits.len() };
            let Some(container) = worker.container_mut(base + at) else {
                continue;
            };
            container.restarts = old.restart_count;
            container.last = old.last_state.terminated.as_ref().map(exit_of);
            if let Some(end) = &old.state.terminated {
                container.shown = Shown::Exited(exit_of(end));
                let done = init && end.exit_code == 0;
                container.work = if done { Work::Ended } else { Work::Idle };
            } else if let Some(running) = &old.state.running {
                let started = running.started_at.unwrap_or(now);
                let run = old.restart_count;
                let exit = Exit { started, finished: now, code: 255, run };
                container.shown = Shown::Exited(exit);
            } else if let Some(last) = container.last {
                container.shown = Shown::Exited(last);
            }
        }
    }
    // Without a new sandbox nothing is started again, and this one may not have it.
    if worker.pod.spec.restart_policy == RestartPolicy::Never {
        for container in worker.inits.iter_mut().chain(&mut worker.mains) {
            if matches!(container.shown, Shown::Exited(_)) {
                container.work = Work::Ended;
            }
        }
    }
    worker.ip = status.pod_ip.clone();
    let ran = worker.containers().any(|container| matches!(container.shown, Shown::Exited(_)));
    worker.revived = ran;
    worker.stage = Stage::Volumes(Prepare::Unknown);
    worker.wrote = ResourceVersion(0);
    if worker.pod.is_terminal() {
        worker.stage = Stage::Done;
    }
}
