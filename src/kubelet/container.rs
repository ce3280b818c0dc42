//! Containers: starts, ends, and the pauses before the next try. Their images are `images`'.
//!
//! What an image does is said by words in its name: `does-not-exist` cannot be pulled,
//! `neverready` never passes its readiness probe, `hangs` answers no probe any more after
//! `Timing::run_time`, `stubborn` does not heed a request to stop. `command` says which
//! containers end by themselves.
//!
//! Upstream: pkg/kubelet/kuberuntime/{kuberuntime_manager,kuberuntime_container}.go and
//! client-go util/flowcontrol/backoff.go

use super::lifecycle::{MINIMUM_GRACE, is_there};
use super::worker::{Container, Exit, Fault, Pause, Shown, Stage, Work, Worker, is_sidecar};
use super::{Kubelets, Wake, command, environment, probes};
use crate::api::core::container::{Container as Spec, ContainerStateTerminated, RestartPolicy};
use crate::api::core::volume::ObjectReference;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::{EventKind, Recorder};
use crate::infra::fault::FaultKind;
use crate::infra::process::{Process, Running};
use crate::trace::{Because, Wait};

/// The shortest and the longest pause, for images and for restarts.
pub(super) const PAUSE_MIN: Span = Span::seconds(10);
pub(super) const PAUSE_MAX: Span = Span::minutes(5);

/// How often the kubelet compares its containers with the runtime's: what happened to one is
/// acted upon that much later.
pub(super) const RELIST: Span = Span::seconds(1);

impl Kubelets {
    /// Does what is due about the containers; `false` if nothing is.
    pub(super) fn step_containers(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        timers: &mut Timers<Wake>,
    ) -> bool {
        let mut moved = false;
        for at in 0..worker.count() {
            moved |= self.step_container(cx, worker, at);
        }
        if worker.stage != Stage::Live {
            return moved;
        }
        if let Some(at) = next_to_begin(worker, cx.now) {
            for at in at {
                if worker.container(at).is_some_and(|container| container.work == Work::Idle) {
                    self.begin(cx, worker, at);
                }
            }
            return true;
        }
        if is_finished(worker) {
            self.end(cx, worker);
            return true;
        }
        self.await_config(worker, timers);
        moved
    }

    fn step_container(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker, at: usize) -> bool {
        let now = cx.now;
        let Some(container) = worker.container_mut(at) else {
            return false;
        };
        match container.work {
            Work::Pull { until, since } if until <= now => {
                self.pulled(cx, worker, at, since);
                true
            }
            Work::Hold { notice: Some(notice), until, image } if notice <= now => {
                container.work = Work::Hold { notice: None, until, image };
                self.tell_of_pause(cx, worker, at, image);
                true
            }
            Work::Hold { notice: None, until, image } if until <= now => {
                if !image {
                    container.pause = Some(longer(container.pause, now));
                }
                self.begin(cx, worker, at);
                true
            }
            Work::Run { end: Some((end, code)), .. } if end <= now => {
                self.exited(cx, worker, at, code);
                true
            }
            Work::Run { fails: Some((fails, fault)), .. } if fails <= now => {
                self.found_unwell(cx, worker, at, fault);
                true
            }
            _ => false,
        }
    }

    /// The status begins to speak of the pause.
    fn tell_of_pause(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        at: usize,
        image: bool,
    ) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        let meta = &worker.pod.meta;
        let pod = format!("{}_{}({})", meta.name, meta.namespace, meta.uid);
        if image {
            let text = format!("Back-off pulling image {:?}", spec.image);
            self.container_event(cx, worker, &spec.name, EventKind::Normal, "BackOff", &text);
            let error = "Error: ImagePullBackOff";
            self.container_event(cx, worker, &spec.name, EventKind::Warning, "Failed", error);
            if let Some(container) = worker.container_mut(at) {
                wait_for(container, "ImagePullBackOff", text.into());
            }
            return;
        }
        let text = format!("Back-off restarting failed container {} in pod {pod}", spec.name);
        self.container_event(cx, worker, &spec.name, EventKind::Warning, "BackOff", &text);
        if let Some(container) = worker.container_mut(at) {
            let span = container.pause.map_or(PAUSE_MIN, |pause| pause.span).go();
            let text =
                format!("back-off {span} restarting failed container={} pod={pod}", spec.name);
            if let Shown::Exited(exit) = container.shown {
                container.last = Some(exit);
            }
            wait_for(container, "CrashLoopBackOff", text.into());
        }
    }

    /// The image is there: the container is created and started.
    pub(super) fn start(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker, at: usize) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        let environment = match environment::resolve(cx, worker, &spec) {
            Ok(environment) => environment,
            Err(message) => {
                let text = format!("Error: {message}");
                self.container_event(cx, worker, &spec.name, EventKind::Warning, "Failed", &text);
                let since = cx.now;
                if let Some(container) = worker.container_mut(at) {
                    container.work = Work::Config { since };
                    wait_for(container, "CreateContainerConfigError", message.into());
                }
                return;
            }
        };
        let normal = EventKind::Normal;
        self.container_event(cx, worker, &spec.name, normal, "Created", "Container created");
        self.container_event(cx, worker, &spec.name, normal, "Started", "Container started");
        let (now, init) = (cx.now, at < worker.inits.len() && !is_sidecar(&spec));
        let crashes = cx.infra.faults.of_pod(FaultKind::CrashLoop, &worker.pod.meta).is_some();
        let end = match crashes && !init {
            true => Some((now, 1)),
            false => command::own_end(cx, &worker.pod, &spec, init),
        };
        let Some(container) = worker.container_mut(at) else {
            return;
        };
        if let Shown::Exited(exit) = container.shown {
            container.last = Some(exit);
        }
        if container.last.is_some() {
            container.restarts += 1;
        }
        container.shown = Shown::Running { since: now };
        let timing = &cx.config.timing;
        container.work = match init {
            true => Work::Run { end, started: now, ready: None, lapses: None, fails: None },
            false => probes::run(&spec, now, end, timing.ready_delay, timing.run_time),
        };
        run(cx, worker, Running { name: spec.name.clone(), environment: environment.into() });
    }

    /// The container has ended with `code`.
    fn exited(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker, at: usize, code: i32) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        halt(cx, worker, &spec.name);
        let stopping = worker.stage == Stage::Stopping;
        let policy = match at < worker.inits.len() && is_sidecar(&spec) {
            true => RestartPolicy::Always,
            false => worker.pod.spec.restart_policy.clone(),
        };
        let init = at < worker.inits.len() && !is_sidecar(&spec);
        let again = match policy {
            RestartPolicy::Never => false,
            RestartPolicy::OnFailure => code != 0,
            _ => !init || code != 0,
        };
        let now = cx.now;
        let Some(container) = worker.container_mut(at) else {
            return;
        };
        let Shown::Running { since } = container.shown else {
            return;
        };
        let run = container.restarts;
        container.shown = Shown::Exited(Exit { started: since, finished: now, code, run });
        container.work = match again && !stopping {
            false => Work::Ended,
            true => hold(container.pause, now),
        };
    }

    /// A probe has failed too often: the container is stopped, to be started again.
    fn found_unwell(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        at: usize,
        fault: Fault,
    ) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        if let Some(Work::Run { fails, .. }) =
            worker.container_mut(at).map(|container| &mut container.work)
        {
            *fails = None;
        }
        let (title, word) = match fault {
            Fault::Startup => ("Startup", "startup"),
            Fault::Liveness => ("Liveness", "liveness"),
        };
        let text = format!("{title} probe failed: context deadline exceeded");
        self.container_event(cx, worker, &spec.name, EventKind::Warning, "Unhealthy", &text);
        let text = format!("Container {} failed {word} probe, will be restarted", spec.name);
        let seconds = worker.pod.spec.termination_grace_period_seconds.unwrap_or(30);
        let grace = Span::seconds(u64::try_from(seconds).unwrap_or(0).max(1));
        self.stop_container(cx, worker, at, grace, &text);
    }

    /// The container is told to stop, and killed when the grace is over.
    pub(super) fn stop_container(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        at: usize,
        grace: Span,
        text: &str,
    ) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        let running = worker.container(at).is_some_and(|container| container.is_running());
        if !running {
            if let Some(container) = worker.container_mut(at) {
                container.work = Work::Ended;
                // Of a Pod that ends nobody says that it will be started again.
                if let (Shown::Waiting { .. }, Some(last)) = (&container.shown, container.last) {
                    container.shown = Shown::Exited(last);
                }
            }
            return;
        }
        let stopping = format!("Stopping container {}", spec.name);
        let text = if text.is_empty() { &*stopping } else { text };
        self.container_event(cx, worker, &spec.name, EventKind::Normal, "Killing", text);
        let sleep = pre_stop(&spec).min(grace);
        let killed = cx.now + grace.max(sleep + MINIMUM_GRACE);
        let usual = cx.now + sleep + cx.config.timing.container_stop;
        let stopped = worker.course.ended.filter(|at| *at > cx.now).unwrap_or(usual);
        let heeds = !spec.image.contains("stubborn");
        let (stop, code) = if heeds && stopped <= killed { (stopped, 0) } else { (killed, 137) };
        if let Some(container) = worker.container_mut(at)
            && let Work::Run { end, fails, .. } = &mut container.work
        {
            *fails = None;
            if end.is_none_or(|(by_itself, _)| stop < by_itself) {
                *end = Some((stop, code));
            }
        }
    }

    /// What the Pod's containers wait for.
    pub(super) fn container_waits(
        &self,
        cx: &NodePlane<'_>,
        worker: &Worker,
        wait: &dyn Fn(Because, Option<SimTime>) -> Wait,
    ) -> Vec<Wait> {
        let mut waits = Vec::new();
        for at in 0..worker.count() {
            let (Some(spec), Some(container)) = (worker.spec(at), worker.container(at)) else {
                continue;
            };
            let (image, name) = (spec.image.clone(), spec.name.clone());
            let init = at < worker.inits.len() && !is_sidecar(spec);
            let because = match &container.work {
                Work::Pull { until, .. } => (Because::ImagePull { image }, Some(*until)),
                Work::Hold { until, image: true, .. } => {
                    (Because::ImagePullBackOff { image }, Some(*until))
                }
                Work::Hold { until, .. } => {
                    (Because::CrashLoopBackOff { container: name }, Some(*until))
                }
                Work::Config { .. } => {
                    let message = match &container.shown {
                        Shown::Waiting { message, .. } => message.clone(),
                        _ => "".into(),
                    };
                    (Because::MissingConfig { message }, None)
                }
                Work::Run { end, .. } if init => {
                    (Because::InitContainer { container: name }, end.map(|(at, _)| at))
                }
                Work::Run { started, .. } if *started > cx.now => {
                    (Because::StartupProbe, Some(*started))
                }
                Work::Run { ready, .. } if worker.ailing || !container.is_ready(cx.now) => {
                    (Because::ReadinessProbe, ready.filter(|&ready| ready > cx.now))
                }
                Work::Run { .. } | Work::Idle | Work::Ended => continue,
            };
            waits.push(wait(because.0, because.1));
        }
        waits
    }

    /// Tells people something about one container of the Pod.
    pub(super) fn container_event(
        &self,
        cx: &mut NodePlane<'_>,
        worker: &Worker,
        container: &Str,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        // Of an object that is gone nobody tells anything.
        if worker.orphan || !cx.infra.is_reachable(worker.node()) || !is_there(cx, worker) {
            return;
        }
        let init = worker.pod.spec.init_containers.iter().any(|init| init.name == *container);
        let list = if init { "initContainers" } else { "containers" };
        let meta = &worker.pod.meta;
        let about = ObjectReference {
            kind: "Pod".into(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid,
            api_version: "v1".into(),
            resource_version: meta.resource_version.0.to_string().into(),
            field_path: format!("spec.{list}{{{container}}}").into(),
            ..ObjectReference::default()
        };
        let at = (Str::from("kubelet"), worker.node().clone());
        let fresh = || Recorder::on_host("kubelet", worker.node().clone());
        let mut recorder = cx.recorders.get(&at).cloned().unwrap_or_else(fresh);
        recorder.record_about(cx.server, cx.now, about, kind, reason, message);
        cx.recorders.insert_mut(at, recorder);
    }
}

/// The containers whose turn it is: the next init container, or all others once those are
/// through; `None` if nobody's.
fn next_to_begin(worker: &Worker, now: SimTime) -> Option<std::ops::Range<usize>> {
    let inits = worker.inits.len();
    for (at, (spec, init)) in worker.pod.spec.init_containers.iter().zip(&worker.inits).enumerate()
    {
        let through = if is_sidecar(spec) { init.is_started(now) } else { init.has_succeeded() };
        if init.work == Work::Idle {
            return Some(at..at + 1);
        }
        if !through && worker.mains.iter().all(|main| main.work == Work::Idle) {
            return None;
        }
    }
    let idle = worker.mains.iter().any(|main| main.work == Work::Idle);
    idle.then_some(inits..worker.count())
}

/// Whether no container will run again: all have ended for good, or an init container has
/// failed for good. Sidecars do not keep a Pod alive.
fn is_finished(worker: &Worker) -> bool {
    let specs = worker.pod.spec.init_containers.iter();
    let failed = specs
        .zip(&worker.inits)
        .any(|(spec, init)| !is_sidecar(spec) && init.work == Work::Ended && !init.has_succeeded());
    failed || worker.mains.iter().all(|main| main.work == Work::Ended)
}

pub(super) fn wait_for(container: &mut Container, reason: &'static str, message: Str) {
    container.shown = Shown::Waiting { reason, message };
}

/// The pause before a container that ended at `now` is started again: none the first time.
fn hold(pause: Option<Pause>, now: SimTime) -> Work {
    let pause = pause.filter(|pause| !is_expired(pause, now));
    match pause {
        None => Work::Hold { notice: None, until: now + RELIST, image: false },
        Some(pause) => {
            Work::Hold { notice: Some(now + RELIST), until: now + pause.span, image: false }
        }
    }
}

/// The pause that the next end will meet.
fn longer(pause: Option<Pause>, now: SimTime) -> Pause {
    let span = match pause.filter(|pause| !is_expired(pause, now)) {
        None => PAUSE_MIN,
        Some(pause) => Span(pause.span.0 * 2).min(PAUSE_MAX),
    };
    Pause { span, since: now }
}

fn is_expired(pause: &Pause, now: SimTime) -> bool {
    now.since(pause.since).0 > PAUSE_MAX.0 * 2
}

/// How long the hook takes that runs before a container is told to stop: a `sleep` action, or a
/// command that sleeps, as in `["sh", "-c", "sleep 20"]`. Other commands take no time.
pub(super) fn pre_stop(spec: &Spec) -> Span {
    let hook = spec.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
    let Some(hook) = hook else { return Span::ZERO };
    if let Some(sleep) = &hook.sleep {
        return Span::seconds(u64::try_from(sleep.seconds).unwrap_or(0));
    }
    let command = hook.rest.get("exec").and_then(|exec| exec["command"].as_array());
    let words = command.into_iter().flatten().filter_map(|word| word.as_str());
    let words: Vec<&str> = words.flat_map(|word| word.split([' ', ';', '&'])).collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "sleep" || pair[0].ends_with("/sleep"));
    Span::seconds(pairs.filter_map(|pair| pair[1].parse::<u32>().ok()).map(u64::from).sum())
}

/// The container really runs now.
fn run(cx: &mut NodePlane<'_>, worker: &Worker, running: Running) {
    let now = cx.now;
    let mut process = cx.infra.processes.get(&worker.uid()).cloned().unwrap_or_else(|| Process {
        pod: worker.uid(),
        key: worker.key(),
        node: worker.node().clone(),
        started: now,
        disks: worker.volumes.iter().map(|mount| mount.handle.clone()).collect(),
        containers: Vec::new(),
    });
    if process.containers.is_empty() {
        process.started = now;
        for handle in &process.disks {
            cx.infra.start_writing(now, handle, process.pod);
        }
    }
    process.containers.push(running);
    cx.infra.start_process(process);
}

/// The container really runs no more.
fn halt(cx: &mut NodePlane<'_>, worker: &Worker, name: &Str) {
    let Some(mut process) = cx.infra.stop_process(worker.uid()) else {
        return;
    };
    process.containers.retain(|running| running.name != *name);
    if !process.containers.is_empty() {
        cx.infra.start_process(process);
        return;
    }
    for handle in &process.disks {
        cx.infra.stop_writing(cx.now, handle, process.pod);
    }
}

/// How a container ended, read back from its status.
pub(super) fn exit_of(end: &ContainerStateTerminated) -> Exit {
    Exit {
        started: end.started_at.unwrap_or_default(),
        finished: end.finished_at.unwrap_or_default(),
        code: end.exit_code,
        run: 0,
    }
}
