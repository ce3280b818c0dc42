//! Machines: power, network, size, place.

use crate::api::quantity::Quantity;
use crate::base::Str;
use crate::base::time::SimTime;

/// A machine that may or may not be a Node.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its name.
    pub name: Str,
    /// Its zone; empty for none.
    pub zone: Str,
    /// Its processors.
    pub cpu: Quantity,
    /// Its memory.
    pub memory: Quantity,
    /// How many Pods it takes.
    pub pods: i64,
    /// How many volumes of the block driver it takes; `None` for any number.
    pub volumes: Option<i32>,
    /// Whether it has power.
    pub powered: bool,
    /// Whether it reaches the API server and other machines.
    pub connected: bool,
    /// When power or network last changed.
    pub since: SimTime,
}
