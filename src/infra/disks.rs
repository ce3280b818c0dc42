//! What can be done with disks: make, attach, mount, write, and the way back. The infrastructure
//! refuses what is physically impossible; whether something ought to be done is for others to
//! know.

use super::Infra;
use super::disk::{Disk, Mount, Reach};
use super::fault::FaultKind;
use crate::api::meta::Uid;
use crate::api::quantity::Quantity;
use crate::base::Str;
use crate::base::sorted::SortedSet;
use crate::base::time::SimTime;

/// Why a disk cannot be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountRefusal {
    /// There is no such disk.
    NoDisk,
    /// It is not attached to that machine.
    NotAttached,
    /// That machine cannot reach it.
    OutOfReach,
}

impl Infra {
    /// Puts a new disk there. Keeps the old one if there is one of that handle.
    pub fn create_disk(&mut self, disk: Disk) {
        if !self.disks.contains_key(&disk.handle) {
            self.put_disk(disk);
        }
    }

    /// Destroys a disk with its data; what is still mounted writes into the void.
    pub fn remove_disk(&mut self, handle: &str) {
        self.disks.remove_mut(handle);
        self.revision += 1;
    }

    /// Makes a disk larger; never smaller.
    pub fn grow_disk(&mut self, handle: &str, bytes: i64) {
        self.change_disk(handle, |disk| disk.bytes = disk.bytes.max(bytes));
    }

    /// Whether the backend does `work` now; its error if it does not.
    pub fn backend_does(&self, work: &str) -> Result<(), Str> {
        match self.faults.get(FaultKind::DiskFails, work) {
            Some(_) => Err(rpc_error("Internal", format!("the backend fails to {work}"))),
            None => Ok(()),
        }
    }

    /// The names of all disk systems: machines, then zones, then what is there for all.
    pub fn disk_systems(&self) -> Vec<Str> {
        let zones: SortedSet<Str> = self.machines.values().map(|it| it.zone.clone()).collect();
        let zones = zones.into_iter().filter(|zone| !zone.is_empty());
        let all = ["network", "shared"].map(Str::from);
        self.machines.keys().cloned().chain(zones).chain(all).collect()
    }

    /// How many bytes of a disk system are free; `None` if there is no end to them.
    pub fn room(&self, system: &str) -> Option<i64> {
        let all = self.faults.get(FaultKind::DiskRoom, system)?.bytes;
        let disks = self.disks.values().filter(|disk| disk.reach.system() == system);
        Some(disks.fold(all, |free, disk| free.saturating_sub(disk.bytes)).max(0))
    }

    /// Whether a disk system has `bytes` to give; its error, with this code, if it does not.
    pub fn has_room(&self, system: &str, bytes: i64, code: &str) -> Result<(), Str> {
        let Some(free) = self.room(system).filter(|free| *free < bytes) else { return Ok(()) };
        let [bytes, free] = [bytes, free].map(Quantity::bytes);
        Err(rpc_error(code, format!("{system} has {free} free, not {bytes}")))
    }

    /// Attaches a disk to a machine. Refused as a storage backend refuses, in gRPC's words; a
    /// disk that is attached there already is no error.
    pub fn attach(&mut self, handle: &str, node: &Str) -> Result<(), Str> {
        let Some(disk) = self.disks.get(handle) else {
            return Err(rpc_error("NotFound", format!("volume {handle} does not exist")));
        };
        self.backend_does("attach")?;
        let backend = &self.backend;
        let ailing = backend.attach_error_on.as_ref().is_none_or(|on| on == node);
        let general = backend.attach_error.as_ref().filter(|_| ailing);
        if let Some(error) = disk.attach_error.as_ref().or(general) {
            return Err(error.clone());
        }
        if !self.reaches(disk, node) {
            let text = format!("volume {handle} cannot be reached from node {node}");
            return Err(rpc_error("InvalidArgument", text));
        }
        let exclusive = disk.reach != Reach::Shared && !backend.careless;
        if let Some(other) = disk.attached.iter().find(|other| exclusive && *other != node) {
            let text = format!("volume {handle} is published at another node: {other}");
            return Err(rpc_error("FailedPrecondition", text));
        }
        let mut disk = disk.clone();
        disk.attached.insert_mut(node.clone());
        self.put_disk(disk);
        Ok(())
    }

    /// Detaches a disk from a machine, whether or not it is still mounted there: whoever has it
    /// mounted is cut off from it. Detaching what is not attached is no error.
    pub fn detach(&mut self, now: SimTime, handle: &str, node: &str) -> Result<(), Str> {
        let Some(disk) = self.disks.get(handle) else { return Ok(()) };
        self.backend_does("detach")?;
        if let Some(error) = disk.detach_error.as_ref().or(self.backend.detach_error.as_ref()) {
            return Err(error.clone());
        }
        let mut disk = disk.clone();
        disk.attached.remove_mut(node);
        disk.fence(now, node);
        self.put_disk(disk);
        Ok(())
    }

    /// Mounts a disk on a machine for a Pod; nobody writes yet.
    pub fn mount(&mut self, handle: &str, node: &Str, pod: Uid) -> Result<(), MountRefusal> {
        let Some(disk) = self.disks.get(handle) else { return Err(MountRefusal::NoDisk) };
        if !self.reaches(disk, node) {
            return Err(MountRefusal::OutOfReach);
        }
        if disk.attachable && !disk.attached.contains(node) {
            return Err(MountRefusal::NotAttached);
        }
        let mut disk = disk.clone();
        disk.mounts.insert_mut(pod, Mount { node: node.clone(), writing: None, fenced: false });
        self.put_disk(disk);
        Ok(())
    }

    /// Unmounts what was mounted for a Pod; its process has stopped writing.
    pub fn unmount(&mut self, now: SimTime, handle: &str, pod: Uid) {
        self.change_disk(handle, |disk| {
            disk.close(now, pod);
            disk.mounts.remove_mut(&pod);
        });
    }

    /// The process of a Pod runs with the disk mounted: it writes once a second from now on.
    pub fn start_writing(&mut self, now: SimTime, handle: &str, pod: Uid) {
        self.change_disk(handle, |disk| disk.open(now, pod));
    }

    /// The process of a Pod has stopped; the disk stays mounted.
    pub fn stop_writing(&mut self, now: SimTime, handle: &str, pod: Uid) {
        self.change_disk(handle, |disk| disk.close(now, pod));
    }

    /// The machine has lost power: nothing is mounted there any more. Attachments stay, for they
    /// are kept by the backend.
    pub fn drop_mounts_on(&mut self, now: SimTime, node: &str) {
        let handles: Vec<Str> = self.disks.keys().cloned().collect();
        for handle in handles {
            self.change_disk(&handle, |disk| {
                for pod in disk.pods_mounting_on(node) {
                    disk.close(now, pod);
                    disk.mounts.remove_mut(&pod);
                }
            });
        }
    }

    /// The machine is gone for good, and the disks inside it.
    pub fn drop_disks_in(&mut self, node: &str) {
        let inside = |disk: &&Disk| matches!(&disk.reach, Reach::Local(at) if **at == *node);
        let handles: Vec<Str> =
            self.disks.values().filter(inside).map(|disk| disk.handle.clone()).collect();
        handles.iter().for_each(|handle| self.remove_disk(handle));
    }

    fn reaches(&self, disk: &Disk, node: &str) -> bool {
        match &disk.reach {
            Reach::Anywhere | Reach::Shared => true,
            Reach::Zone(zone) => {
                // A machine that is not there any more can still be detached and attached in
                // the backend's books; only a known other zone is out of reach.
                self.machines.get(node).is_none_or(|machine| machine.zone == *zone)
            }
            Reach::Local(at) => **at == *node,
        }
    }

    fn change_disk(&mut self, handle: &str, change: impl FnOnce(&mut Disk)) {
        let Some(old) = self.disks.get(handle) else { return };
        let mut new = old.clone();
        change(&mut new);
        if new != *old {
            self.put_disk(new);
        }
    }

    fn put_disk(&mut self, disk: Disk) {
        self.disks.insert_mut(disk.handle.clone(), disk);
        self.revision += 1;
    }
}

fn rpc_error(code: &str, text: String) -> Str {
    format!("rpc error: code = {code} desc = {text}").into()
}
