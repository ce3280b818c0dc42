//! What really runs. A process belongs to one Pod of one uid, on one machine, and may go on
//! long after the API server has forgotten that Pod.

use crate::api::kinds::Key;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::time::SimTime;

/// The containers of one Pod, as they really are.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// The Pod it was started for.
    pub pod: Uid,
    /// That Pod's namespace and name.
    pub key: Key,
    /// The machine it runs on.
    pub node: Str,
    /// When it started.
    pub started: SimTime,
    /// The disks it has mounted, by handle.
    pub disks: Vec<Str>,
}
