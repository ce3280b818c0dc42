//! Physics: machines with power and network, processes that really run, disks with data.
//! Nobody's opinion. It knows no API object but names and uids.

pub mod disk;
pub mod disks;
pub mod fault;
pub mod machine;
pub mod process;

use crate::api::kinds::Key;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use disk::Disk;
use fault::{Fault, FaultKind, Faults};
use machine::Machine;
use process::Process;
use std::ops::Bound;
use std::rc::Rc;

/// All machines, processes and disks.
#[derive(Clone, Debug, Default)]
pub struct Infra {
    /// Machines by name.
    pub machines: Map<Str, Machine>,
    /// Processes by the uid of the Pod they were started for. To add or remove one, use
    /// `start_process` and `stop_process`, which keep the indexes.
    pub processes: Map<Uid, Process>,
    /// Disks by the driver's handle.
    pub disks: Map<Str, Disk>,
    /// What ails the backend of the network disks; set from outside.
    pub backend: Backend,
    /// Pods whose application runs but fails its readiness probe; set from outside.
    pub ailing: Set<Uid>,
    /// What is broken on purpose.
    pub faults: Faults,
    /// Every name that ever ran twice, oldest first.
    pub doubles: Rc<Vec<Double>>,
    /// Counts changes, so that a step can see that something happened.
    pub revision: u64,
    /// Counts changes of machines alone.
    pub machines_revision: u64,
    processes_by_key: Set<(Key, Uid)>,
}

/// Two processes of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Double {
    /// The name.
    pub key: Key,
    /// The Pods: the one that ran, and the one that came to it.
    pub pods: [Uid; 2],
    /// Their machines.
    pub nodes: [Str; 2],
    /// Since when.
    pub at: SimTime,
}

/// What ails the backend of all network disks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backend {
    /// What it answers when it is asked to attach a disk.
    pub attach_error: Option<Str>,
    /// Only for this machine; `None` for all.
    pub attach_error_on: Option<Str>,
    /// What it answers when it is asked to detach a disk.
    pub detach_error: Option<Str>,
    /// Whether it attaches a disk made for one machine to a second as well, as careless
    /// backends do.
    pub careless: bool,
}

impl Infra {
    /// Whether the machine `node` has power.
    pub fn is_powered(&self, node: &str) -> bool {
        self.machines.get(node).is_some_and(|machine| machine.powered)
    }

    /// Whether the machine `node` has power and reaches the API server.
    pub fn is_reachable(&self, node: &str) -> bool {
        self.machines.get(node).is_some_and(|machine| machine.powered && machine.connected)
    }

    /// The power of the machine `name` goes, at the end of its orderly shutdown.
    pub fn switch_off(&mut self, name: &Str, now: SimTime) {
        self.faults.take(FaultKind::Shutdown, name);
        let (kind, target) = (FaultKind::PowerOff, name.clone());
        self.faults.put(Fault { kind, target, span: Span::ZERO, bytes: -1, since: now });
        if let Some(machine) = self.machines.get_mut(name) {
            machine.powered = false;
            machine.since = now;
        }
        self.machines_changed();
    }

    /// Takes a machine away, with the disks inside it.
    pub fn remove_machine(&mut self, name: &str) {
        self.machines.remove_mut(name);
        self.drop_disks_in(name);
        self.machines_changed();
    }

    /// Adds a machine; it gets the next number. One of the same name is replaced.
    pub fn add_machine(&mut self, mut machine: Machine) {
        machine.number = self.machines.values().map(|other| other.number).max().unwrap_or(0) + 1;
        self.machines.insert_mut(machine.name.clone(), machine);
        self.machines_changed();
    }

    /// Machines have come, gone or changed.
    pub fn machines_changed(&mut self) {
        self.revision += 1;
        self.machines_revision += 1;
    }

    /// The processes that run under the Pod name `key`, by uid. More than one means that the
    /// same identity runs twice.
    pub fn live<'i>(&'i self, key: &'i Key) -> impl Iterator<Item = &'i Process> + 'i {
        let from = (key.clone(), Uid(0));
        let all = self.processes_by_key.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |(at, _)| at == key).filter_map(|(_, uid)| self.processes.get(uid))
    }

    /// Puts a process there, or what it has become. A second one of the same name is noted.
    pub fn start_process(&mut self, process: Process) {
        let double = self.live(&process.key).find(|first| first.pod != process.pod);
        let double = double.filter(|first| first.started <= process.started).map(|first| Double {
            key: process.key.clone(),
            pods: [first.pod, process.pod],
            nodes: [first.node.clone(), process.node.clone()],
            at: process.started,
        });
        if let Some(double) = double
            && self.doubles.iter().all(|known| known.pods != double.pods)
        {
            Rc::make_mut(&mut self.doubles).push(double);
        }
        self.processes_by_key.insert_mut((process.key.clone(), process.pod));
        self.processes.insert_mut(process.pod, process);
        self.revision += 1;
    }

    /// Ends the process of the Pod `uid`; gives back what it was.
    pub fn stop_process(&mut self, uid: Uid) -> Option<Process> {
        let process = self.processes.get(&uid)?.clone();
        self.processes_by_key.remove_mut(&(process.key.clone(), uid));
        self.processes.remove_mut(&uid);
        self.revision += 1;
        Some(process)
    }
}
