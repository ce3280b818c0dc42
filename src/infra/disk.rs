//! Disks: where they are, which machines they are attached to, and the data on them.

use crate::base::Str;
use crate::base::map::Set;

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

/// A disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// The driver's name for it.
    pub handle: Str,
    /// Which machines can reach it.
    pub reach: Reach,
    /// Its size in bytes.
    pub bytes: i64,
    /// The machines it is attached to.
    pub attached: Set<Str>,
}
