//! What is broken on purpose, as data: an ordered set of faults, each with a name, a target and
//! how long it delays or how much it leaves, if it does. Whoever a fault concerns looks it up here.
//!
//! Not here: breaking and mending (`cluster::operate`). Components of the control plane never
//! see this: they know only what the API server says.

use crate::api::meta::ObjectMeta;
use crate::api::quantity::Quantity;
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
    /// A disk system has room for so much and no more.
    DiskRoom,
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
    /// A disk system: a machine for the disks in it, a zone for those of the zone, `network` or
    /// `shared`.
    System,
}

/// How much a fault holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It is so or not.
    Nothing,
    /// A length of time.
    Time,
    /// An amount of bytes.
    Size,
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
    /// Whether it holds a length of time or an amount.
    pub holds: Holds,
    /// What it says: `{}` is its target, `{span}` the time it holds, `{size}` the amount.
    pub says: &'static str,
}

/// All kinds of faults, in their order.
pub const WORDS: [Word; 15] = [
    word(FaultKind::PowerOff, "power-off", Target::Machine, Holds::Nothing, "{} has no power")
        .short("poweroff", "poweron"),
    word(FaultKind::Shutdown, "shutdown", Target::Machine, Holds::Nothing, "{} is shutting down")
        .short("shutdown", "mend shutdown"),
    word(FaultKind::Partition, "partition", Target::Machine, Holds::Nothing, "{} is cut off")
        .short("partition", "heal"),
    word(FaultKind::Stopped, "stopped", Target::Stoppable, Holds::Nothing, "{} is stopped")
        .short("stop", "start"),
    word(FaultKind::Lag, "lag", Target::Component, Holds::Time, "{} hears of changes {span} late"),
    word(
        FaultKind::SlowKubelet,
        "slow-kubelet",
        Target::Machine,
        Holds::Time,
        "the kubelet of {} is {span} late",
    ),
    word(
        FaultKind::UnmountStuck,
        "unmount-stuck",
        Target::Machine,
        Holds::Nothing,
        "{} cannot unmount its disks",
    ),
    word(
        FaultKind::DeviceStuck,
        "device-stuck",
        Target::Machine,
        Holds::Nothing,
        "{} keeps the disks that its Pods have left",
    ),
    word(
        FaultKind::ImageFails,
        "image-fails",
        Target::Image,
        Holds::Nothing,
        "the registry does not give out the image {}",
    ),
    word(
        FaultKind::ImageSlow,
        "image-slow",
        Target::Image,
        Holds::Time,
        "the registry takes {span} longer for the image {}",
    ),
    word(
        FaultKind::NeverReady,
        "never-ready",
        Target::Pod,
        Holds::Nothing,
        "the application of {} answers no readiness probe",
    ),
    word(
        FaultKind::CrashLoop,
        "crash-loop",
        Target::Pod,
        Holds::Nothing,
        "the application of {} crashes when it starts",
    ),
    word(
        FaultKind::DiskFails,
        "disk-fails",
        Target::Work,
        Holds::Nothing,
        "the storage backend fails to {}",
    ),
    word(
        FaultKind::DiskSlow,
        "disk-slow",
        Target::Work,
        Holds::Time,
        "the storage backend takes {span} longer to {}",
    ),
    word(
        FaultKind::DiskRoom,
        "disk-room",
        Target::System,
        Holds::Size,
        "the disk system {} has room for {size} in all",
    ),
];

const fn word(
    kind: FaultKind,
    name: &'static str,
    target: Target,
    holds: Holds,
    says: &'static str,
) -> Word {
    Word { kind, name, short: None, target, holds, says }
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
    /// How many bytes it leaves; below zero where that is not said.
    pub bytes: i64,
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
        match word.holds {
            Holds::Nothing => {}
            Holds::Time => line.push_str(&format!(" {}", self.span.go())),
            Holds::Size => line.push_str(&format!(" {}", Quantity::bytes(self.bytes))),
        }
        line
    }

    /// `says`, in whatever language, with what the fault is about and holds in its places.
    pub fn put(&self, says: &str, span: &str) -> String {
        let size = match self.bytes {
            ..0 => "so much".to_string(),
            bytes => Quantity::bytes(bytes).to_string(),
        };
        says.replace("{span}", span).replace("{size}", &size).replace("{}", &self.target)
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
        f.write_str(&self.put(self.kind.word().says, &span))
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
