//! What really runs. A process belongs to one Pod of one uid, on one machine, and may go on
//! long after the API server has forgotten that Pod.

use crate::api::kinds::Key;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::time::SimTime;
use std::rc::Rc;

/// The running containers of one Pod; there is none while no container runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// The Pod it was started for.
    pub pod: Uid,
    /// That Pod's namespace and name.
    pub key: Key,
    /// The machine it runs on.
    pub node: Str,
    /// When its first running container started.
    pub started: SimTime,
    /// The disks it has mounted, by handle.
    pub disks: Vec<Str>,
    /// The containers that run, in the order they started.
    pub containers: Vec<Running>,
}

/// A container that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// The container's name in the Pod.
    pub name: Str,
    /// Its environment as it was when it started: names and values, in the order given.
    pub environment: Rc<Vec<(Str, Str)>>,
}
