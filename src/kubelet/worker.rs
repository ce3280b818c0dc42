//! What a kubelet remembers of one Pod: how far its volumes, its sandbox and each of its
//! containers have come, and when something about them is due next.
//!
//! Upstream: pkg/kubelet/pod_workers.go (podSyncStatus), pkg/kubelet/container/runtime.go

use crate::api::core::container::{Container as Spec, RestartPolicy};
use crate::api::core::pod::Pod;
use crate::api::kinds::Key;
use crate::api::meta::{ResourceVersion, Uid};
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::config::Course;
use std::rc::Rc;

/// One Pod on its node.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// The Pod as last heard of.
    pub pod: Rc<Pod>,
    /// When the kubelet took it on.
    pub seen: SimTime,
    /// How far it has come.
    pub stage: Stage,
    /// Its address; empty before it has a sandbox.
    pub ip: Str,
    /// The disks behind its volumes.
    pub volumes: Rc<Vec<Mount>>,
    /// Whether they are mounted.
    pub mounted: bool,
    /// Its init containers.
    pub inits: Vec<Container>,
    /// Its containers.
    pub mains: Vec<Container>,
    /// The generation of the Pod that its status speaks of.
    pub observed: i64,
    /// The version its last status write made.
    pub wrote: ResourceVersion,
    /// When it is to be looked at next.
    pub next: Option<SimTime>,
    /// Until when a slow kubelet does not come round to it.
    pub held: Option<SimTime>,
    /// Whether the API server no longer has it.
    pub orphan: bool,
    /// How long it has at most, once it is to end because its machine is being shut down.
    pub shutdown: Option<Span>,
    /// Whether its kubelet did not let it in.
    pub rejected: bool,
    /// Whether it ran longer than its activeDeadlineSeconds.
    pub overdue: bool,
    /// Whether its application fails its readiness probe though it runs.
    pub ailing: bool,
    /// Whether it had a sandbox before, lost with the machine's power.
    pub revived: bool,
    /// In a replay: how long things took.
    pub course: Course,
}

/// How far a Pod has come on its node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    /// Its volumes are awaited.
    Volumes(Prepare),
    /// Its sandbox and network are being made.
    Sandbox {
        /// When that is done.
        until: SimTime,
    },
    /// Containers are started, run, end.
    Live,
    /// Containers have been told to stop.
    Stopping,
    /// Containers have stopped; volumes are being unmounted.
    Unmounting {
        /// When that is done.
        until: SimTime,
    },
    /// Nothing of it is left on the node.
    Done,
}

/// How far a Pod's volumes have come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Prepare {
    /// Claims have no volume, or a ConfigMap or Secret to be mounted is missing.
    Unknown,
    /// Not all are attached to the node.
    Attach,
    /// All are attached, since then; the kubelet looks again with growing pauses until it
    /// has itself told that it uses them.
    Verify {
        /// Since when.
        since: SimTime,
    },
    /// They are being mounted.
    Mount {
        /// When that is done and the worker looks again.
        until: SimTime,
    },
}

/// A disk behind one of a Pod's volumes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mount {
    /// `kubernetes.io/csi/<driver>^<handle>`; empty if it needs no attaching.
    pub unique: Str,
    /// The driver's name for it.
    pub handle: Str,
    /// The claim it is bound to.
    pub claim: Key,
}

/// One container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    /// What its status says.
    pub shown: Shown,
    /// What the kubelet does with it.
    pub work: Work,
    /// How it ended before its last restart.
    pub last: Option<Exit>,
    /// How often it was restarted.
    pub restarts: i32,
    /// The pause before the next restart; none before the first.
    pub pause: Option<Pause>,
    /// Failed pulls of its image in a row.
    pub failed_pulls: u32,
}

/// A pause that doubles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pause {
    /// How long it is.
    pub span: Span,
    /// When it was last lengthened.
    pub since: SimTime,
}

/// What a container's status says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    /// Not started.
    Waiting {
        /// Why, in a word.
        reason: &'static str,
        /// Why, in a sentence; may be empty.
        message: Str,
    },
    /// Running.
    Running {
        /// Since when.
        since: SimTime,
    },
    /// Ended.
    Exited(Exit),
}

/// How a container ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exit {
    /// When it had started.
    pub started: SimTime,
    /// When it ended.
    pub finished: SimTime,
    /// Its exit code.
    pub code: i32,
    /// Which run of it that was, from 0.
    pub run: i32,
}

/// What the kubelet does with a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Work {
    /// Nothing yet.
    Idle,
    /// Its image is being pulled.
    Pull {
        /// When that is done.
        until: SimTime,
        /// When it began.
        since: SimTime,
    },
    /// A pause before it is started or its image pulled again.
    Hold {
        /// When its status begins to speak of the pause; `None` if it already does or never
        /// will.
        notice: Option<SimTime>,
        /// When it ends.
        until: SimTime,
        /// Whether it is for the image.
        image: bool,
    },
    /// A ConfigMap or Secret is missing.
    Config {
        /// Since when.
        since: SimTime,
    },
    /// It runs.
    Run {
        /// When and how it will end; `None` if it runs until it is told to stop.
        end: Option<(SimTime, i32)>,
        /// When its startup probe passes.
        started: SimTime,
        /// When its readiness probe passes; `None` for never.
        ready: Option<SimTime>,
        /// When its readiness probe begins to fail again; `None` for never.
        lapses: Option<SimTime>,
        /// When it is found to be unwell and is told to stop, and by which probe.
        fails: Option<(SimTime, Fault)>,
    },
    /// It has ended for good.
    Ended,
}

/// The probe that has a container stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It did not come up in time.
    Startup,
    /// It does not answer any more.
    Liveness,
}

impl Work {
    /// When something is due; `None` if only a change brings it on.
    pub fn due(&self, now: SimTime) -> Option<SimTime> {
        match *self {
            Work::Pull { until, .. } => Some(until),
            Work::Hold { notice, until, .. } => Some(notice.unwrap_or(until)),
            Work::Run { end, started, ready, lapses, fails } => {
                let (end, fails) = (end.map(|(at, _)| at), fails.map(|(at, _)| at));
                let moments = [end, Some(started), ready, lapses, fails];
                moments.into_iter().flatten().filter(|&at| at > now).min()
            }
            Work::Idle | Work::Config { .. } | Work::Ended => None,
        }
    }
}

impl Container {
    /// A container nothing was done about yet.
    pub fn fresh(reason: &'static str) -> Container {
        Container {
            shown: Shown::Waiting { reason, message: "".into() },
            work: Work::Idle,
            last: None,
            restarts: 0,
            pause: None,
            failed_pulls: 0,
        }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.work, Work::Run { .. })
    }

    /// Whether it ended well for good.
    pub fn has_succeeded(&self) -> bool {
        matches!((&self.shown, &self.work), (Shown::Exited(exit), Work::Ended) if exit.code == 0)
    }

    /// Whether it runs and has passed its startup probe.
    pub fn is_started(&self, now: SimTime) -> bool {
        matches!(self.work, Work::Run { started, .. } if started <= now)
    }

    /// Whether it runs and has passed its readiness probe.
    pub fn is_ready(&self, now: SimTime) -> bool {
        match self.work {
            Work::Run { ready: Some(ready), lapses, .. } => {
                ready <= now && lapses.is_none_or(|lapses| now < lapses)
            }
            _ => false,
        }
    }
}

/// Whether an init container is a sidecar: started in its turn and kept running.
pub(super) fn is_sidecar(init: &Spec) -> bool {
    init.restart_policy == RestartPolicy::Always
}

impl Worker {
    /// A Pod the kubelet has just heard of.
    pub fn new(pod: Rc<Pod>, now: SimTime) -> Worker {
        let word = waiting_word(&pod);
        let fresh = |specs: &[Spec]| vec![Container::fresh(word); specs.len()];
        Worker {
            seen: now,
            stage: Stage::Volumes(Prepare::Unknown),
            ip: "".into(),
            volumes: Rc::default(),
            mounted: false,
            inits: fresh(&pod.spec.init_containers),
            mains: fresh(&pod.spec.containers),
            observed: pod.meta.generation,
            wrote: ResourceVersion(0),
            next: None,
            held: None,
            orphan: false,
            shutdown: None,
            rejected: false,
            overdue: false,
            ailing: false,
            revived: false,
            course: Course::default(),
            pod,
        }
    }

    /// Its uid.
    pub fn uid(&self) -> Uid {
        self.pod.meta.uid
    }

    /// Its namespace and name.
    pub fn key(&self) -> Key {
        Key::of(&self.pod.meta)
    }

    /// Its node.
    pub fn node(&self) -> &Str {
        &self.pod.spec.node_name
    }

    /// The container at `at`, counted over init containers and then the others.
    pub fn container(&self, at: usize) -> Option<&Container> {
        let inits = self.inits.len();
        if at < inits { self.inits.get(at) } else { self.mains.get(at - inits) }
    }

    /// The same, to change.
    pub fn container_mut(&mut self, at: usize) -> Option<&mut Container> {
        let inits = self.inits.len();
        if at < inits { self.inits.get_mut(at) } else { self.mains.get_mut(at - inits) }
    }

    /// What is wanted of the container at `at`.
    pub fn spec(&self, at: usize) -> Option<&Spec> {
        let inits = self.inits.len();
        let spec = &self.pod.spec;
        if at < inits { spec.init_containers.get(at) } else { spec.containers.get(at - inits) }
    }

    /// How many containers there are, init containers included.
    pub fn count(&self) -> usize {
        self.inits.len() + self.mains.len()
    }

    /// All containers, init containers first.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.inits.iter().chain(&self.mains)
    }

    /// Whether it may wait for a ConfigMap or Secret.
    pub fn lacks_config(&self) -> bool {
        self.stage == Stage::Volumes(Prepare::Unknown)
            || self.containers().any(|container| matches!(container.work, Work::Config { .. }))
    }

    /// Whether there is a sandbox with an address.
    pub fn has_sandbox(&self) -> bool {
        !self.ip.is_empty() && matches!(self.stage, Stage::Live | Stage::Stopping)
    }

    /// Whether no container will run again.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Unmounting { .. } | Stage::Done)
    }
}

/// What the status of a container says that nothing was done about yet.
pub(super) fn waiting_word(pod: &Pod) -> &'static str {
    if pod.spec.init_containers.is_empty() { "ContainerCreating" } else { "PodInitializing" }
}
