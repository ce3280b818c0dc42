//! The commands of whoever runs the machines: what breaks, what is mended, what machines there
//! are. Each is a line of words; it happens whole, or is refused in words and changes nothing.
//!
//! ```text
//! poweroff|poweron MACHINE, shutdown MACHINE, partition|heal MACHINE, stop|start COMPONENT
//! fault KIND TARGET [TIME or SIZE], mend KIND TARGET, mend all
//! add-machine NAME [zone=Z] [cpu=4] [memory=16Gi] [pods=110] [volumes=N]
//! remove-machine NAME
//! ```
//!
//! Not here: what a fault does (whoever it concerns looks it up in `Infra::faults`); a cloud that
//! deletes the Node object of a machine that is gone.

use super::world::{Process, World};
use crate::api::kinds::Kind;
use crate::api::quantity::Quantity;
use crate::apiserver::strategy::names::dns_subdomain;
use crate::base::Str;
use crate::base::time::Span;
use crate::config::MachineConfig;
use crate::infra::fault::{Fault, FaultKind, Holds, Target, WORDS, Word};

/// The components by the names that commands use; the first two can be stopped.
const COMPONENTS: [(&str, Process); 4] = [
    ("kube-controller-manager", Process::ControllerManager),
    ("kube-scheduler", Process::Scheduler),
    ("kubelet", Process::Kubelets),
    ("csi-driver", Process::Csi),
];

/// The longest that a fault delays something.
const SPAN_MAX: Span = Span::minutes(24 * 60);

/// Whether the command `line` is about a machine, its second word.
pub(super) fn is_about_machine(line: &str) -> bool {
    let verb = line.split(' ').next().unwrap_or("");
    let short = |word: &&Word| word.short.is_some_and(|(on, off)| verb == on || verb == off);
    verb.ends_with("-machine")
        || WORDS.iter().find(short).is_some_and(|word| word.target == Target::Machine)
}

impl World {
    /// What is broken on purpose, in a fixed order. `Fault::remedy` is the command that mends it.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.infra.faults.iter()
    }

    /// Does what the command `line` says; answers in words, also why it does not.
    pub(super) fn operate(&mut self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["add-machine", name, ref rest @ ..] => self.bring_machine(name, rest),
            ["remove-machine", name] => self.take_machine(name),
            ["mend", "all"] => self.mend_all(),
            ["fault", kind, ref rest @ ..] => self.break_it(named(kind)?, rest),
            ["mend", kind, target] => self.mend(named(kind)?, target),
            ["fault" | "mend", ..] => {
                let form = "fault KIND TARGET [TIME or SIZE], mend KIND TARGET, mend all";
                Err(format!("{}; kinds are: {}", usage(form), kinds()))
            }
            [verb, ref rest @ ..] => {
                let short = |word: &&Word| word.short.is_some_and(|(a, b)| a == verb || b == verb);
                let word = WORDS.iter().find(short).ok_or_else(|| unknown(verb))?;
                let mends = word.short.is_some_and(|(_, off)| off == verb);
                match rest {
                    [target] if mends => self.mend(word, target),
                    _ if mends => Err(usage(&format!("{verb} {}", thing(word)))),
                    _ => self.break_it(word, rest),
                }
            }
            [] => Err("which command?".to_string()),
        }
    }

    fn break_it(&mut self, word: &'static Word, rest: &[&str]) -> Result<String, String> {
        let (target, span, bytes) = match (rest, word.holds) {
            ([target], Holds::Nothing) => (*target, Span::ZERO, -1),
            ([target, span], Holds::Time) => (*target, length(span)?, -1),
            ([target, bytes], Holds::Size) => (*target, Span::ZERO, size(bytes)?),
            _ => return Err(usage(&form(word))),
        };
        let (target, note) = self.checked(word, target)?;
        let off = self.infra.faults.get(FaultKind::PowerOff, &target);
        if let Some(off) = off.filter(|_| word.kind == FaultKind::Shutdown) {
            return Err(format!("that is so already: {off}"));
        }
        let (kind, target) = (word.kind, target.into());
        let fault = Fault { kind, target, span, bytes, since: self.now };
        let faults = &mut self.infra.faults;
        let old = faults.get(fault.kind, &fault.target);
        if let Some(old) = old.filter(|old| (old.span, old.bytes) == (span, bytes)) {
            return Err(format!("that is so already: {old}"));
        }
        faults.put(fault.clone());
        self.infra.revision += 1;
        self.take_effect(&fault, true);
        Ok(format!("{fault}{note}"))
    }

    fn mend(&mut self, word: &'static Word, target: &str) -> Result<String, String> {
        let (target, _) = self.checked(word, target)?;
        let Some(fault) = self.infra.faults.take(word.kind, &target) else {
            let (kind, target, since) = (word.kind, target.into(), self.now);
            let would = Fault { kind, target, span: Span::ZERO, bytes: -1, since };
            return Err(format!("that is not so: {would}"));
        };
        self.infra.revision += 1;
        self.take_effect(&fault, false);
        Ok(format!("no longer so: {fault}"))
    }

    fn mend_all(&mut self) -> Result<String, String> {
        let all: Vec<Fault> = self.faults().cloned().collect();
        if all.is_empty() {
            return Err("there is nothing to mend".to_string());
        }
        let mended = all.iter().map(|fault| self.mend(fault.kind.word(), &fault.target));
        Ok(mended.collect::<Result<Vec<_>, _>>()?.join("\n"))
    }

    /// Whoever a fault concerns notices that it has begun or ended.
    fn take_effect(&mut self, fault: &Fault, on: bool) {
        match fault.kind {
            FaultKind::PowerOff | FaultKind::Partition => {
                let Some(machine) = self.infra.machines.get_mut(&fault.target) else { return };
                if fault.kind == FaultKind::PowerOff {
                    machine.powered = !on;
                    self.infra.faults.take(FaultKind::Shutdown, &fault.target);
                } else {
                    machine.connected = !on;
                }
                machine.since = self.now;
                self.infra.machines_changed();
                self.machine_changed(&fault.target);
            }
            FaultKind::Shutdown if on => self.with_kubelets(|kubelets, cx, timers| {
                kubelets.shut_down(cx, &fault.target, timers);
            }),
            FaultKind::Shutdown => {
                self.with_kubelets(|kubelets, _, _| kubelets.call_off(&fault.target));
            }
            FaultKind::Stopped => {
                let Some(process) = process(&fault.target) else { return };
                if on { self.stop(process) } else { self.start(process) }
            }
            FaultKind::Lag => {
                if let Some(process) = process(&fault.target) {
                    self.lag_changed(process);
                }
            }
            FaultKind::DiskSlow => {
                self.with_csi(|csi, cx, timers| csi.pace_changed(cx, &fault.target, timers));
            }
            FaultKind::DiskFails => {}
            FaultKind::DiskRoom => self.with_csi(|csi, cx, timers| csi.poll_rooms(cx, timers)),
            _ => self.with_kubelets(|kubelets, cx, timers| {
                kubelets.fault_changed(cx, fault, on, timers);
            }),
        }
    }

    /// The target as it is kept, and what else is to be said of it.
    fn checked(&self, word: &Word, target: &str) -> Result<(String, String), String> {
        let known = |names: Vec<&str>, what: &str| match names.contains(&target) {
            true => Ok((target.to_string(), String::new())),
            false => Err(format!("there is no {what} {target:?}; there are: {}", names.join(", "))),
        };
        let components = COMPONENTS.iter().map(|(name, _)| *name);
        match word.target {
            Target::Machine => known(self.infra.machines.keys().map(|n| &**n).collect(), "machine"),
            Target::Stoppable => known(components.take(2).collect(), "component to stop"),
            Target::Component => known(components.collect(), "component"),
            Target::Work => known(vec!["attach", "detach", "provision"], "work of a backend"),
            Target::System => {
                // A zone whose last machine is gone can still be mended.
                let faulty = self.infra.faults.get(word.kind, target).map(|it| it.target.clone());
                let all: Vec<Str> = self.infra.disk_systems().into_iter().chain(faulty).collect();
                known(all.iter().map(|name| &**name).collect(), "disk system")
            }
            Target::Image => Ok((target.to_string(), String::new())),
            Target::Pod => self.checked_pod(target),
        }
    }

    /// A Pod, or an owner of Pods, that need not be there yet.
    fn checked_pod(&self, target: &str) -> Result<(String, String), String> {
        let (kind, name) = target.split_once('/').unwrap_or(("pod", target));
        let found = Kind::by_word(kind).filter(|kind| kind.info().namespaced);
        let kind = found.ok_or_else(|| format!("there is no kind of owner {kind:?}"))?;
        let (name, namespace) = name.split_once('@').unwrap_or((name, "default"));
        let there = self.store().object(kind, &crate::api::kinds::Key::new(namespace, name));
        let canonical = crate::infra::fault::target(kind.info().singular, name, namespace);
        let note = match there {
            Some(_) => String::new(),
            None => format!(" ({canonical} is not there yet)"),
        };
        Ok((canonical, note))
    }

    fn bring_machine(&mut self, name: &str, settings: &[&str]) -> Result<String, String> {
        if let Some(why) = dns_subdomain(name).first() {
            return Err(format!("{name:?} is no name for a machine: {why}"));
        }
        if self.infra.machines.contains_key(name) {
            return Err(format!("there is a machine {name} already"));
        }
        let mut machine = MachineConfig {
            name: name.into(),
            zone: self.emptiest_zone(),
            cpu: "4".into(),
            memory: "16Gi".into(),
            pods: 110,
            volumes: None,
        };
        for setting in settings {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            let bad = || format!("{setting:?}: {key} takes an amount, none below zero");
            let amount = || Quantity::parse(value).filter(|amount| !amount.is_negative());
            let count = || amount().map(|amount| amount.as_units()).ok_or_else(bad);
            match key {
                "zone" => machine.zone = value.into(),
                "cpu" => machine.cpu = amount().map(|_| value.into()).ok_or_else(bad)?,
                "memory" => machine.memory = amount().map(|_| value.into()).ok_or_else(bad)?,
                "pods" => machine.pods = count()?,
                "volumes" => machine.volumes = Some(i32::try_from(count()?).map_err(|_| bad())?),
                _ => return Err(usage(ADD)),
            }
        }
        self.join(&machine);
        let place = if machine.zone.is_empty() { "no zone" } else { &machine.zone };
        Ok(format!("{name} is added in {place} and starts"))
    }

    /// The zone that has the fewest machines.
    fn emptiest_zone(&self) -> Str {
        let machines = || self.infra.machines.values();
        let count = |zone: &Str| machines().filter(|machine| machine.zone == *zone).count();
        let zones = machines().map(|machine| &machine.zone);
        zones.min_by_key(|zone| (count(zone), (*zone).clone())).cloned().unwrap_or("".into())
    }

    fn take_machine(&mut self, name: &str) -> Result<String, String> {
        let (machine, _) = self.checked(FaultKind::PowerOff.word(), name)?;
        if self.infra.machines.size() == 1 {
            return Err(format!("{name} is the last machine: a cluster without any does nothing"));
        }
        let about = |word: &&Word| matches!(word.target, Target::Machine | Target::System);
        for word in WORDS.iter().filter(about) {
            self.infra.faults.take(word.kind, &machine);
        }
        let name: Str = machine.into();
        if let Some(machine) = self.infra.machines.get_mut(&name) {
            machine.powered = false;
        }
        self.machine_changed(&name);
        self.with_kubelets(|kubelets, _, _| kubelets.leave(&name));
        self.infra.remove_machine(&name);
        Ok(format!("{name} is gone, and the disks inside it"))
    }
}

/// How a machine is added.
const ADD: &str = "add-machine NAME [zone=Z] [cpu=4] [memory=16Gi] [pods=110] [volumes=N]";

fn process(component: &str) -> Option<Process> {
    COMPONENTS.iter().find(|(name, _)| *name == component).map(|(_, process)| *process)
}

impl Process {
    /// What commands call it.
    pub(super) fn component(self) -> &'static str {
        COMPONENTS[self as usize].0
    }
}

fn named(kind: &str) -> Result<&'static Word, String> {
    WORDS
        .iter()
        .find(|word| word.name == kind)
        .ok_or_else(|| format!("there is no fault {kind:?}; there are: {}", kinds()))
}

fn kinds() -> String {
    WORDS.map(|word| word.name).join(", ")
}

fn unknown(verb: &str) -> String {
    let short = WORDS.iter().filter_map(|word| word.short);
    let short = short.flat_map(|(on, off)| [on, off]).filter(|verb| !verb.contains(' '));
    let short: Vec<&str> = short.collect();
    format!(
        "there is no command {verb:?}; there are: {}, fault, mend, add-machine, remove-machine",
        short.join(", ")
    )
}

fn usage(form: &str) -> String {
    format!("usage: {form}")
}

/// How a fault is begun.
fn form(word: &Word) -> String {
    let head = match word.short {
        Some((on, _)) => on.to_string(),
        None => format!("fault {}", word.name),
    };
    let amount = match word.holds {
        Holds::Nothing => "",
        Holds::Time => " TIME",
        Holds::Size => " SIZE",
    };
    format!("{head} {}{amount}", thing(word))
}

fn thing(word: &Word) -> &'static str {
    match word.target {
        Target::Machine => "MACHINE",
        Target::Stoppable | Target::Component => "COMPONENT",
        Target::Image => "IMAGE",
        Target::Pod => "pod/NAME or statefulset/NAME",
        Target::Work => "attach, detach or provision",
        Target::System => "MACHINE, ZONE, network or shared",
    }
}

fn size(text: &str) -> Result<i64, String> {
    let size = Quantity::parse(text).filter(|size| !size.is_negative());
    size.map(|size| size.as_units()).ok_or_else(|| format!("{text:?} is no size, such as 10Gi"))
}

fn length(text: &str) -> Result<Span, String> {
    let span = Span::parse_go(text).filter(|span| *span > Span::ZERO && *span <= SPAN_MAX);
    span.ok_or_else(|| format!("{text:?} is no length of time up to a day, such as 30s or 1m30s"))
}
