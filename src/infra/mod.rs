//! Physics: machines with power and network, processes that really run, disks with data.
//! Nobody's opinion. It knows no API object but names and uids.

pub mod disk;
pub mod disks;
pub mod machine;
pub mod process;

use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::Map;
use disk::Disk;
use machine::Machine;
use process::Process;

/// All machines, processes and disks.
#[derive(Clone, Debug, Default)]
pub struct Infra {
    /// Machines by name.
    pub machines: Map<Str, Machine>,
    /// Processes by the uid of the Pod they were started for.
    pub processes: Map<Uid, Process>,
    /// Disks by the driver's handle.
    pub disks: Map<Str, Disk>,
    /// Counts changes, so that a step can see that something happened.
    pub revision: u64,
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
}
