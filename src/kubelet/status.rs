//! What a kubelet says of a Pod: its phase, its conditions, the state of its containers.
//!
//! Not here: a write whose only news is that the kubelet has seen that a Pod is to be deleted
//! (observedGeneration moves together with the end of the containers), resources and
//! volumeMounts in container statuses, resize.
//!
//! Upstream: pkg/kubelet/status/{generate,status_manager}.go, pkg/kubelet/kubelet_pods.go
//! (getPhase, generateAPIPodStatus, convertToAPIContainerStatuses)

use super::shutdown::ENDED;
use super::worker::{Container, Exit, Shown, Work, Worker, is_sidecar};
use crate::api::core::container::{
    Container as Spec, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus, RestartPolicy,
};
use crate::api::core::pod::{Pod, PodPhase, PodStatus};
use crate::api::json::Rest;
use crate::api::meta::{Condition, condition, set_condition};
use crate::base::Str;
use crate::base::map::Map;
use crate::base::prng::Prng;
use crate::base::time::SimTime;
use serde_json::{Value, json};
use std::rc::Rc;

/// The conditions a kubelet owns, in the order in which it writes them.
const OWN: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// Texts that many statuses hold, so that they hold the same one in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    words: Rc<Vec<Str>>,
    unprobed: Rest,
    image_ids: Map<Str, Str>,
}

impl Texts {
    /// The usual ones.
    pub fn new() -> Texts {
        let usual = ["", "True", "False", "ContainersNotReady", "PodCompleted", "PodFailed"];
        let words = OWN.iter().chain(&usual).map(|word| Str::from(*word)).collect();
        let mut unprobed = Rest::default();
        // Every condition of a Pod carries it.
        unprobed.set("lastProbeTime", Value::Null);
        Texts { words: Rc::new(words), unprobed, image_ids: Map::new() }
    }

    /// Learns of an image.
    pub fn learn_image(&mut self, image: &Str) {
        if !self.image_ids.contains_key(image) {
            self.image_ids.insert_mut(image.clone(), image_id(image));
        }
    }

    fn word(&self, word: &str) -> Str {
        self.words.iter().find(|known| ***known == *word).cloned().unwrap_or_else(|| word.into())
    }

    fn image_id(&self, image: &Str) -> Str {
        self.image_ids.get(image).cloned().unwrap_or_else(|| image_id(image))
    }
}

/// The status of `worker` at `now`, on top of what the API server has, `old`.
pub(super) fn status(
    worker: &Worker,
    old: &PodStatus,
    now: SimTime,
    host: &Str,
    texts: &Texts,
) -> PodStatus {
    let mut new = old.clone();
    new.observed_generation = worker.observed;
    new.init_container_statuses = statuses(worker, now, texts, true);
    new.container_statuses = statuses(worker, now, texts, false);
    if new.qos_class.is_empty() {
        new.qos_class = qos_class(&worker.pod).into();
    }
    if new.start_time.is_none() {
        new.start_time = Some(worker.seen.whole_second());
    }
    if *new.host_ip != **host {
        new.host_ip = host.clone();
        new.rest.set("hostIPs", json!([{"ip": &**host}]));
    }
    let ip = if worker.pod.spec.host_network { host } else { &worker.ip };
    if !worker.ip.is_empty() && new.pod_ip != *ip {
        new.pod_ip = ip.clone();
        new.rest.set("podIPs", json!([{"ip": &**ip}]));
    }
    if !old_is_terminal(old) {
        new.phase = phase(worker);
        // A Pod whose containers all ended well has succeeded, and says nothing else.
        if is_shut_down(worker) && new.phase != PodPhase::Succeeded {
            new.phase = PodPhase::Failed;
            new.reason = "Terminated".into();
            new.message = ENDED.into();
        }
        if worker.overdue && worker.is_over() {
            new.phase = PodPhase::Failed;
            new.reason = "DeadlineExceeded".into();
            new.message = OVERDUE.into();
        }
    }
    new.conditions = conditions(worker, old, &new, now, texts);
    new
}

/// Whether the Pod has ended because its machine is being shut down.
fn is_shut_down(worker: &Worker) -> bool {
    worker.shutdown.is_some() && worker.is_over()
}

/// What is said of a Pod that ran too long.
pub(super) const OVERDUE: &str = "Pod was active on the node longer than the specified deadline";

fn old_is_terminal(old: &PodStatus) -> bool {
    matches!(old.phase, PodPhase::Succeeded | PodPhase::Failed)
}

/// The status of a Pod of which nothing is left on the node: every container has an end, and
/// the phase is final.
pub(super) fn terminate(status: &mut PodStatus, pod: &Pod) {
    // Containers of a Pod that was not through its init containers keep what they say.
    if pod.spec.init_containers.is_empty() || initialized(status) {
        for container in &mut status.container_statuses {
            if container.state.terminated.is_none() {
                container.state = unknown_end();
            }
        }
    }
    let attempted = status.init_container_statuses.iter().rposition(|container| {
        container.state.waiting.is_none() || container.last_state.terminated.is_some()
    });
    let attempted = attempted.map_or(1, |at| at + 1);
    for container in status.init_container_statuses.iter_mut().take(attempted) {
        if container.state.terminated.is_none() {
            container.state = unknown_end();
        }
    }
    if !old_is_terminal(status) {
        status.phase = PodPhase::Failed;
    }
}

fn initialized(status: &PodStatus) -> bool {
    status.init_container_statuses.last().is_some_and(|last| {
        let ends = [&last.state.terminated, &last.last_state.terminated];
        ends.into_iter().flatten().any(|end| end.exit_code == 0)
    })
}

fn unknown_end() -> ContainerState {
    let terminated = ContainerStateTerminated {
        exit_code: 137,
        reason: "ContainerStatusUnknown".into(),
        message: "The container could not be located when the pod was terminated".into(),
        ..ContainerStateTerminated::default()
    };
    ContainerState { terminated: Some(terminated), ..ContainerState::default() }
}

/// Where the Pod is in its life.
fn phase(worker: &Worker) -> PodPhase {
    let policy = &worker.pod.spec.restart_policy;
    let (mut pending, mut failed) = (false, false);
    for (spec, init) in worker.pod.spec.init_containers.iter().zip(&worker.inits) {
        match (&init.shown, init.last) {
            (Shown::Running { .. }, _) => pending |= !is_sidecar(spec),
            (Shown::Waiting { .. }, None) => pending = true,
            (Shown::Exited(exit), _) => failed |= exit.code != 0 && !is_sidecar(spec),
            (Shown::Waiting { .. }, Some(last)) => failed |= last.code != 0 && !is_sidecar(spec),
        }
    }
    if failed && *policy == RestartPolicy::Never {
        return PodPhase::Failed;
    }
    let (mut waiting, mut running, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for main in &worker.mains {
        match (&main.shown, main.last) {
            (Shown::Running { .. }, _) => running += 1,
            (Shown::Waiting { .. }, None) => waiting += 1,
            (Shown::Waiting { .. }, Some(_)) => stopped += 1,
            (Shown::Exited(exit), _) => {
                stopped += 1;
                succeeded += i32::from(exit.code == 0);
            }
        }
    }
    let never = *policy == RestartPolicy::Never;
    match () {
        () if pending || waiting > 0 => PodPhase::Pending,
        () if running > 0 => PodPhase::Running,
        () if stopped == 0 => PodPhase::Pending,
        () if worker.is_over() && stopped == succeeded => PodPhase::Succeeded,
        () if worker.is_over() => PodPhase::Failed,
        () if never || *policy == RestartPolicy::OnFailure && stopped == succeeded => {
            if stopped == succeeded { PodPhase::Succeeded } else { PodPhase::Failed }
        }
        () => PodPhase::Running,
    }
}

fn conditions(
    worker: &Worker,
    old: &PodStatus,
    new: &PodStatus,
    now: SimTime,
    texts: &Texts,
) -> Vec<Condition> {
    let terminal = match new.phase {
        PodPhase::Succeeded => "PodCompleted",
        PodPhase::Failed => "PodFailed",
        _ => "",
    };
    let unready = unready(worker, new);
    let incomplete = incomplete(worker, new);
    let mut own = OWN.map(|kind| {
        let (holds, reason, message) = match kind {
            "PodReadyToStartContainers" => (worker.has_sandbox(), "", String::new()),
            "Initialized" if new.phase == PodPhase::Succeeded => {
                (true, "PodCompleted", String::new())
            }
            "Initialized" if incomplete.is_empty() => (true, "", String::new()),
            "Initialized" => (false, "ContainersNotInitialized", incomplete.clone()),
            "PodScheduled" => (true, "", String::new()),
            _ if !terminal.is_empty() => (false, terminal, String::new()),
            _ if !unready.is_empty() => (false, "ContainersNotReady", unready.clone()),
            "Ready" => match closed_gates(&worker.pod, old) {
                closed if closed.is_empty() => (true, "", closed),
                closed => (false, "ReadinessGatesNotReady", closed),
            },
            _ => (true, "", String::new()),
        };
        Condition {
            kind: texts.word(kind),
            status: texts.word(if holds { "True" } else { "False" }),
            observed_generation: worker.observed,
            last_heartbeat_time: None,
            last_update_time: None,
            last_transition_time: None,
            reason: texts.word(reason),
            message: texts.word(&message),
            rest: texts.unprobed.clone(),
        }
    });
    for condition in &mut own {
        let before = crate::api::meta::condition(&old.conditions, &condition.kind);
        let kept = before.filter(|before| before.status == condition.status);
        let moved = Some(now.whole_second());
        condition.last_transition_time = kept.map_or(moved, |kept| kept.last_transition_time);
    }
    let foreign = old.conditions.iter().filter(|other| !OWN.contains(&&*other.kind));
    let mut all: Vec<Condition> = foreign.cloned().collect();
    if is_shut_down(worker) && !old_is_terminal(old) {
        let target = Condition {
            kind: "DisruptionTarget".into(),
            status: "True".into(),
            observed_generation: worker.observed,
            reason: "TerminationByKubelet".into(),
            message: ENDED.into(),
            rest: texts.unprobed.clone(),
            ..Condition::default()
        };
        set_condition(&mut all, target, now);
    }
    all.extend(own);
    all.shrink_to_fit();
    all
}

/// `containers with unready status: [nginx]`, or nothing.
fn unready(worker: &Worker, new: &PodStatus) -> String {
    let inits = worker.pod.spec.init_containers.iter().zip(&new.init_container_statuses);
    let sidecars = inits.filter(|(spec, _)| is_sidecar(spec)).map(|(_, status)| status);
    let all = sidecars.chain(&new.container_statuses);
    let names: Vec<&str> = all.filter(|status| !status.ready).map(|status| &*status.name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("containers with unready status: [{}]", names.join(" "))
}

/// `containers with incomplete status: [init]`, or nothing.
fn incomplete(worker: &Worker, new: &PodStatus) -> String {
    // Once a container has started, the Pod has been initialized, whatever sidecars do.
    if worker.mains.iter().any(|main| !is_untouched(main)) {
        return String::new();
    }
    let inits = worker.pod.spec.init_containers.iter().zip(&new.init_container_statuses);
    let done = |(spec, status): &(&Spec, &ContainerStatus)| {
        if is_sidecar(spec) { status.started == Some(true) } else { status.ready }
    };
    let names: Vec<&str> =
        inits.filter(|init| !done(init)).map(|(_, status)| &*status.name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("containers with incomplete status: [{}]", names.join(" "))
}

fn is_untouched(main: &Container) -> bool {
    matches!(main.shown, Shown::Waiting { .. }) && main.last.is_none()
}

fn closed_gates(pod: &Pod, old: &PodStatus) -> String {
    let closed = pod.spec.readiness_gates.iter().filter_map(|gate| {
        let kind = &gate.condition_type;
        match condition(&old.conditions, kind) {
            None => Some(format!(
                "corresponding condition of pod readiness gate {kind:?} does not exist."
            )),
            Some(found) if &*found.status != "True" => Some(format!(
                "the status of pod readiness gate {kind:?} is not \"True\", but {}",
                found.status
            )),
            Some(_) => None,
        }
    });
    closed.collect::<Vec<_>>().join(", ")
}

fn statuses(worker: &Worker, now: SimTime, texts: &Texts, init: bool) -> Vec<ContainerStatus> {
    let spec = &worker.pod.spec;
    let (specs, containers) = match init {
        true => (spec.init_containers.len(), worker.inits.len()),
        false => (spec.containers.len(), worker.mains.len()),
    };
    let base = if init { 0 } else { worker.inits.len() };
    let mut all = Vec::with_capacity(containers);
    all.extend((0..containers.min(specs)).filter_map(|at| one(worker, base + at, now, texts)));
    all
}

fn one(worker: &Worker, at: usize, now: SimTime, texts: &Texts) -> Option<ContainerStatus> {
    let (spec, container) = (worker.spec(at)?, worker.container(at)?);
    let id = |run: i32| container_id(worker, at, run);
    let end = |exit: &Exit| ContainerState {
        terminated: Some(ContainerStateTerminated {
            exit_code: exit.code,
            reason: exit.reason().into(),
            started_at: Some(exit.started.whole_second()),
            finished_at: Some(exit.finished.whole_second()),
            container_id: id(exit.run),
            ..ContainerStateTerminated::default()
        }),
        ..ContainerState::default()
    };
    let mut status = ContainerStatus {
        name: spec.name.clone(),
        image: spec.image.clone(),
        restart_count: container.restarts,
        started: Some(container.is_started(now)),
        ready: container.is_ready(now) && !worker.ailing,
        ..ContainerStatus::default()
    };
    if let Some(last) = &container.last {
        status.last_state = end(last);
    }
    match &container.shown {
        Shown::Waiting { reason, message } => {
            let (reason, message) = ((*reason).into(), message.clone());
            let waiting = ContainerStateWaiting { reason, message, ..Default::default() };
            status.state.waiting = Some(waiting);
        }
        Shown::Running { since } => {
            let started_at = Some(since.whole_second());
            status.state.running = Some(ContainerStateRunning { started_at, ..Default::default() });
        }
        Shown::Exited(exit) => {
            status.state = end(exit);
            let is_init = at < worker.inits.len();
            status.ready = is_init && exit.code == 0 && container.work == Work::Ended;
        }
    }
    let run = match &container.shown {
        Shown::Running { .. } => Some(container.restarts),
        Shown::Exited(exit) => Some(exit.run),
        Shown::Waiting { .. } => container.last.map(|last| last.run),
    };
    if let Some(run) = run {
        status.container_id = id(run);
        status.image_id = texts.image_id(&spec.image);
    }
    Some(status)
}

impl Exit {
    /// Why, in a word.
    pub fn reason(&self) -> &'static str {
        match self.code {
            0 => "Completed",
            255 => "Unknown",
            _ => "Error",
        }
    }
}

/// The runtime's name for the `run`-th run of the container at `at`.
fn container_id(worker: &Worker, at: usize, run: i32) -> Str {
    let uid = worker.uid().0;
    let seed = (uid >> 64) as u64 ^ uid as u64 ^ ((at as u64) << 32) ^ run as u64;
    format!("containerd://{}", digest(&mut Prng::new(seed))).into()
}

fn image_id(image: &str) -> Str {
    format!("sha256:{}", digest(&mut Prng::new(0).fork(image))).into()
}

fn digest(chance: &mut Prng) -> String {
    (0..4).map(|_| format!("{:016x}", chance.next())).collect()
}

/// How many bytes an image has: made up, but always the same.
pub(super) fn image_bytes(image: &str) -> u64 {
    Prng::new(1).fork(image).below(180_000_000) + 8_000_000
}

pub(super) fn qos_class(pod: &Pod) -> &'static str {
    let all = || pod.spec.init_containers.iter().chain(pod.spec.containers.iter());
    let counted = ["cpu", "memory"];
    let any = all().any(|container| {
        let (limits, requests) = (&container.resources.limits, &container.resources.requests);
        counted.iter().any(|name| limits.contains_key(*name) || requests.contains_key(*name))
    });
    let full = all().all(|container| {
        let (limits, requests) = (&container.resources.limits, &container.resources.requests);
        counted.iter().all(|name| {
            let limit = limits.get(*name);
            limit.is_some() && requests.get(*name).is_none_or(|request| Some(request) == limit)
        })
    });
    match (any, full) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
