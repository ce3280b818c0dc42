//! Machines: power, network, size, place.

use crate::api::quantity::Quantity;
use crate::base::Str;
use crate::base::time::SimTime;

/// A machine that may or may not be a Node.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its name.
    pub name: Str,
    /// Counts machines from 1; its address and its Pods' addresses come from it.
    pub number: u32,
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

impl Machine {
    /// Its address: from the range for documentation, and past that from the one for
    /// benchmarks.
    pub fn address(&self) -> Str {
        match self.number {
            n @ 0..=254 => format!("192.0.2.{n}").into(),
            n => format!("198.18.{}.{}", n / 256 % 256, n % 256).into(),
        }
    }

    /// The first three numbers of its Pods' addresses, with the last dot: `10.244.1.`.
    pub fn pod_prefix(&self) -> String {
        format!("10.{}.{}.", 244 + self.number / 256 % 12, self.number % 256)
    }
}
