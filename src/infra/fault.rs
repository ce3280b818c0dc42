//! What is broken on purpose, as data: an ordered set of faults, each with a name, a target and
//! how long it delays, if it delays. Whoever a fault concerns looks it up here.
//!
//! Not here: breaking and mending (`cluster::operate`). Components of the control plane never
//! see this: they know only what the API server says.

use crate::api::meta::ObjectMeta;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};

/// What can be broken, in the order in which it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A machine has no power.
    PowerOff,
    /// A machine is being shut down in order; in the end it has no power.
    Shutdown,
    /// A machine is cut off from the network; what runs there runs on.
    Partition,
    /// A component of the control plane is stopped.
    Stopped,
    /// A component hears of each change late.
    Lag,
    /// A kubelet comes round late to what it hears of its Pods.
    SlowKubelet,
    /// A machine cannot unmount disks from Pods: these do not go.
    UnmountStuck,
    /// A machine unmounts disks from Pods, but keeps them mounted for itself.
    DeviceStuck,
    /// An image cannot be pulled.
    ImageFails,
    /// Pulling an image takes longer.
    ImageSlow,
    /// Pods that run never pass their readiness probes.
    NeverReady,
    /// Containers of Pods end as soon as they have started.
    CrashLoop,
    /// The storage backend fails to attach, detach or provision.
    DiskFails,
    /// The storage backend takes longer to attach, detach or provision.
    DiskSlow,
}

/// What a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A machine.
    Machine,
    /// A component that can be stopped.
    Stoppable,
    /// A component that hears of changes.
    Component,
    /// An image.
    Image,
    /// `pod/NAME`, or `statefulset/NAME` for all Pods of an owner.
    Pod,
    /// `attach`, `detach` or `provision`.
    Work,
}

/// How a kind of fault is spoken of.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The kind.
    pub kind: FaultKind,
    /// Its name.
    pub name: &'static str,
    /// Short commands that begin and end it, if it has some.
    pub short: Option<(&'static str, &'static str)>,
    /// What it is about.
    pub target: Target,
    /// Whether it holds a length of time.
    pub delays: bool,
    /// What it says: `{}` is its target, `{span}` the time it holds.
    pub says: &'static str,
}

/// All kinds of faults, in their order.
pub const WORDS: [Word; 14] = [
    word(FaultKind::PowerOff, "power-off", Target::Machine, false, "{} has no power")
        .short("poweroff", "poweron"),
    word(FaultKind::Shutdown, "shutdown", Target::Machine, false, "{} is shutting down")
        .short("shutdown", "mend shutdown"),
    word(FaultKind::Partition, "partition", Target::Machine, false, "{} is cut off")
        .short("partition", "heal"),
    word(FaultKind::Stopped, "stopped", Target::Stoppable, false, "{} is stopped")
        .short("stop", "start"),
    word(FaultKind::Lag, "lag", Target::Component, true, "{} hears of changes {span} late"),
    word(
        FaultKind::SlowKubelet,
        "slow-kubelet",
        Target::Machine,
        true,
        "the kubelet of {} is {span} late",
    ),
    word(
        FaultKind::UnmountStuck,
        "unmount-stuck",
        Target::Machine,
        false,
        "{} cannot unmount its disks",
    ),
    word(
        FaultKind::DeviceStuck,
        "device-stuck",
        Target::Machine,
        false,
        "{} keeps the disks that its Pods have left",
    ),
    word(
        FaultKind::ImageFails,
        "image-fails",
        Target::Image,
        false,
        "the registry does not give out the image {}",
    ),
    word(
        FaultKind::ImageSlow,
        "image-slow",
        Target::Image,
        true,
        "the registry takes {span} longer for the image {}",
    ),
    word(
        FaultKind::NeverReady,
        "never-ready",
        Target::Pod,
        false,
        "the application of {} answers no readiness probe",
    ),
    word(
        FaultKind::CrashLoop,
        "crash-loop",
        Target::Pod,
        false,
        "the application of {} crashes when it starts",
    ),
    word(
        FaultKind::DiskFails,
        "disk-fails",
        Target::Work,
        false,
        "the storage backend fails to {}",
    ),
    word(
        FaultKind::DiskSlow,
        "disk-slow",
        Target::Work,
        true,
        "the storage backend takes {span} longer to {}",
    ),
];

const fn word(
    kind: FaultKind,
    name: &'static str,
    target: Target,
    delays: bool,
    says: &'static str,
) -> Word {
    Word { kind, name, short: None, target, delays, says }
}

impl Word {
    const fn short(mut self, on: &'static str, off: &'static str) -> Word {
        self.short = Some((on, off));
        self
    }
}

impl FaultKind {
    /// How it is spoken of.
    pub fn word(self) -> &'static Word {
        &WORDS[self as usize]
    }
}

/// Something that is broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// What it is about, as it was named.
    pub target: Str,
    /// How long it delays; zero for a kind that does not.
    pub span: Span,
    /// Since when.
    pub since: SimTime,
}

impl Fault {
    /// The command that begins it.
    pub fn command(&self) -> String {
        let word = self.kind.word();
        let mut line = match word.short {
            Some((on, _)) => format!("{on} {}", self.target),
            None => format!("fault {} {}", word.name, self.target),
        };
        if word.delays {
            line.push_str(&format!(" {}", self.span.go()));
        }
        line
    }

    /// The command that ends it.
    pub fn remedy(&self) -> String {
        let word = self.kind.word();
        match word.short {
            Some((_, off)) => format!("{off} {}", self.target),
            None => format!("mend {} {}", word.name, self.target),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let span = if self.span == Span::ZERO { "some time".to_string() } else { self.span.go() };
        let says = self.kind.word().says.replace("{span}", &span);
        f.write_str(&says.replace("{}", &self.target))
    }
}

/// All faults there are.
#[derive(Clone, Debug, Default)]
pub struct Faults(Map<(FaultKind, Str), Fault>);

impl Faults {
    /// All, by kind and target.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.values()
    }

    /// The fault of this kind about `target`.
    pub fn get(&self, kind: FaultKind, target: &str) -> Option<&Fault> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(kind, Str::from(target)))
    }

    /// By how much a fault of this kind delays `target`.
    pub fn delay(&self, kind: FaultKind, target: &str) -> Span {
        self.get(kind, target).map_or(Span::ZERO, |fault| fault.span)
    }

    /// The fault of this kind that concerns the Pod called so, by its name or its owner's.
    pub fn of_pod(&self, kind: FaultKind, meta: &ObjectMeta) -> Option<&Fault> {
        if self.0.is_empty() {
            return None;
        }
        let own = self.get(kind, &target("pod", &meta.name, &meta.namespace));
        own.or_else(|| {
            let owner = meta.controller_of()?;
            let kind_of = owner.kind.to_lowercase();
            self.get(kind, &target(&kind_of, &owner.name, &meta.namespace))
        })
    }

    /// Puts a fault there, in place of one of the same kind and target.
    pub fn put(&mut self, fault: Fault) {
        self.0.insert_mut((fault.kind, fault.target.clone()), fault);
    }

    /// Takes a fault away; says what it was.
    pub fn take(&mut self, kind: FaultKind, target: &str) -> Option<Fault> {
        let fault = self.get(kind, target)?.clone();
        self.0.remove_mut(&(kind, fault.target.clone()));
        Some(fault)
    }
}

/// What a Pod or an owner of Pods is called as a target: `pod/web-0`, and outside the namespace
/// `default` that follows: `pod/web-0@shop`.
pub fn target(kind: &str, name: &str, namespace: &str) -> String {
    match namespace {
        "default" => format!("{kind}/{name}"),
        _ => format!("{kind}/{name}@{namespace}"),
    }
}
