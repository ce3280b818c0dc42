//! Disks: where they are, which machines they are attached to, who has them mounted, and the
//! data on them. Data is what writers left: every process that runs with the disk mounted
//! writes once a second, so how much there is follows from the clock and nothing has to tick.
//!
//! Not here: what the data means, file systems that must be repaired, a disk that is full (a disk
//! system can be: see `disks`).

use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

/// Which machines can reach a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every machine, one at a time.
    Anywhere,
    /// Every machine of a zone, one at a time.
    Zone(Str),
    /// One machine; it dies with it.
    Local(Str),
    /// Every machine, all at once.
    Shared,
}

impl Reach {
    /// The disk system that such disks are made in: a machine, a zone, or one for all.
    pub fn system(&self) -> &str {
        match self {
            Reach::Anywhere => "network",
            Reach::Zone(name) | Reach::Local(name) => name,
            Reach::Shared => "shared",
        }
    }
}

/// A disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// The driver's name for it.
    pub handle: Str,
    /// Which machines can reach it.
    pub reach: Reach,
    /// Its size in bytes.
    pub bytes: i64,
    /// Whether it must be attached to a machine before it is mounted there.
    pub attachable: bool,
    /// The machines it is attached to.
    pub attached: Set<Str>,
    /// Who has it mounted, by the uid of the Pod it was mounted for.
    pub mounts: Map<Uid, Mount>,
    /// Who wrote, in the order in which they stopped.
    pub chapters: Rc<Vec<Chapter>>,
    /// When two processes on two machines first wrote to it at the same time, and which: on a
    /// disk made for one machine at a time that destroys data.
    pub torn: Option<Torn>,
    /// What the backend answers when it is asked to attach the disk; set from outside.
    pub attach_error: Option<Str>,
    /// What the backend answers when it is asked to detach the disk; set from outside.
    pub detach_error: Option<Str>,
}

/// A disk mounted on a machine for one Pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    /// The machine.
    pub node: Str,
    /// Since when a process writes to it; `None` while none does.
    pub writing: Option<SimTime>,
    /// Whether the disk was taken from under the mount: nothing written arrives any more.
    pub fenced: bool,
}

/// What one Pod left on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    /// The Pod.
    pub pod: Uid,
    /// The machine it ran on.
    pub node: Str,
    /// When it began to write.
    pub since: SimTime,
    /// How many writes it made, one a second.
    pub writes: u64,
    /// The checksum of all data after the last of them.
    pub checksum: Checksum,
}

/// Two processes that wrote at the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct Torn {
    /// Since when.
    pub at: SimTime,
    /// The Pod that was writing already.
    pub first: Uid,
    /// The Pod that came to it.
    pub second: Uid,
}

/// A checksum that depends on everything ever written, in order. Prints as four digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(u32);

/// The data on a disk at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// How many writes were made to it, ever.
    pub writes: u64,
    /// Their checksum: unchanged while nobody writes, and chained, so that a disk that moved
    /// to another machine goes on from the number it had.
    pub checksum: Checksum,
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04x}", (self.0 >> 16) ^ (self.0 & 0xffff))
    }
}

impl Checksum {
    fn after(self, pod: Uid, writes: u64) -> Checksum {
        if writes == 0 {
            return self;
        }
        let bytes = pod.0.to_le_bytes().into_iter().chain(writes.to_le_bytes());
        let mix = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        Checksum(bytes.fold(self.0 ^ 0x811c_9dc5, mix))
    }
}

const WRITE_EVERY: Span = Span::seconds(1);

impl Mount {
    fn writes(&self, now: SimTime) -> u64 {
        self.writing.map_or(0, |since| now.since(since).0 / WRITE_EVERY.0)
    }
}

impl Disk {
    /// An empty disk that nobody has.
    pub fn new(handle: Str, reach: Reach, bytes: i64, attachable: bool) -> Disk {
        Disk {
            handle,
            reach,
            bytes,
            attachable,
            attached: Set::new(),
            mounts: Map::new(),
            chapters: Rc::default(),
            torn: None,
            attach_error: None,
            detach_error: None,
        }
    }

    /// The data on it at `now`.
    pub fn stamp(&self, now: SimTime) -> Stamp {
        let mut stamp = Stamp {
            writes: self.chapters.iter().map(|chapter| chapter.writes).sum(),
            checksum: self.last_checksum(),
        };
        for (pod, mount) in self.mounts.iter() {
            stamp.writes += mount.writes(now);
            stamp.checksum = stamp.checksum.after(*pod, mount.writes(now));
        }
        stamp
    }

    /// The Pods whose processes write to it now, with their machines.
    pub fn writers(&self) -> impl Iterator<Item = (Uid, &Str)> {
        let writing = self.mounts.iter().filter(|(_, mount)| mount.writing.is_some());
        writing.map(|(pod, mount)| (*pod, &mount.node))
    }

    pub(super) fn open(&mut self, now: SimTime, pod: Uid) {
        let Some(mount) = self.mounts.get(&pod).filter(|mount| !mount.fenced).cloned() else {
            return;
        };
        if mount.writing.is_some() {
            return;
        }
        if self.torn.is_none() && self.reach != Reach::Shared {
            let other = self.writers().find(|(_, node)| **node != mount.node);
            self.torn = other.map(|(first, _)| Torn { at: now, first, second: pod });
        }
        self.mounts.insert_mut(pod, Mount { writing: Some(now), ..mount });
    }

    pub(super) fn close(&mut self, now: SimTime, pod: Uid) {
        let Some(mount) = self.mounts.get(&pod).cloned() else { return };
        let Some(since) = mount.writing else { return };
        let writes = mount.writes(now);
        if writes > 0 {
            let checksum = self.last_checksum().after(pod, writes);
            let chapter = Chapter { pod, node: mount.node.clone(), since, writes, checksum };
            Rc::make_mut(&mut self.chapters).push(chapter);
        }
        self.mounts.insert_mut(pod, Mount { writing: None, ..mount });
    }

    /// Takes the disk from under all mounts on `node`.
    pub(super) fn fence(&mut self, now: SimTime, node: &str) {
        for pod in self.pods_mounting_on(node) {
            self.close(now, pod);
            if let Some(mount) = self.mounts.get(&pod).cloned() {
                self.mounts.insert_mut(pod, Mount { fenced: true, ..mount });
            }
        }
    }

    pub(super) fn pods_mounting_on(&self, node: &str) -> Vec<Uid> {
        let on = self.mounts.iter().filter(|(_, mount)| &*mount.node == node);
        on.map(|(pod, _)| *pod).collect()
    }

    fn last_checksum(&self) -> Checksum {
        self.chapters.last().map_or(Checksum::default(), |chapter| chapter.checksum)
    }
}
