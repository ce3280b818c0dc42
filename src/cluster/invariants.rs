//! The referee: what must hold after every wake, looked up in what is, not in what is said.
//!
//! Two processes of one name are possible, but only as the learner's doing (a Pod deleted by
//! force while its machine could not be heard); then they are reported, not forbidden.

use super::world::World;
use crate::api::kinds::Key;
use crate::base::Str;
use crate::base::sorted;
use crate::base::sorted::SortedMap;
use crate::infra::disk::Reach;

/// Something that is so and should not be, at least not unnoticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Two live processes of one Pod name.
    TwoProcesses {
        /// The name.
        pod: Key,
        /// The machines they run on.
        nodes: Vec<Str>,
    },
    /// Two live processes have one disk mounted that only one node may have.
    TwoWriters {
        /// The driver's handle of the disk.
        disk: Str,
        /// The machines they run on.
        nodes: Vec<Str>,
    },
}

/// Everything the referee finds in `world` now.
pub fn findings(world: &World) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut by_name: SortedMap<&Key, Vec<Str>> = SortedMap::new();
    for process in world.infra.processes.values() {
        by_name.get_or_default(&process.key).push(process.node.clone());
    }
    for (pod, nodes) in by_name.into_iter().filter(|(_, nodes)| nodes.len() > 1) {
        out.push(Finding::TwoProcesses { pod: pod.clone(), nodes });
    }
    for disk in world.infra.disks.values().filter(|disk| disk.reach != Reach::Shared) {
        let writing = disk.mounts.values().filter(|mount| mount.writing.is_some() && !mount.fenced);
        let mut nodes: Vec<Str> = writing.map(|mount| mount.node.clone()).collect();
        sorted::sort(&mut nodes);
        nodes.dedup();
        if nodes.len() > 1 {
            out.push(Finding::TwoWriters { disk: disk.handle.clone(), nodes });
        }
    }
    out
}
