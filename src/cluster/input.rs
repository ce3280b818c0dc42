//! What can be done to a cluster from outside, as data: the journal is made of it.

use super::world::World;
use crate::base::Str;
use serde::{Deserialize, Serialize};

/// Something done from outside at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Switches the machine `node` on or off.
    Power {
        /// The machine.
        node: String,
        /// On, or off.
        on: bool,
    },
    /// Connects the machine `node` to the network or cuts it off.
    Network {
        /// The machine.
        node: String,
        /// Connected, or cut off.
        on: bool,
    },
}

impl World {
    /// Does `input` now. Refused, with the reason, if it makes no sense; then nothing changed.
    pub fn input(&mut self, input: &Input) -> Result<(), String> {
        match input {
            Input::Power { node, on } => self.set_machine(node, Some(*on), None)?,
            Input::Network { node, on } => self.set_machine(node, None, Some(*on))?,
        }
        self.announce();
        Ok(())
    }

    fn set_machine(
        &mut self,
        node: &str,
        powered: Option<bool>,
        connected: Option<bool>,
    ) -> Result<(), String> {
        let name: Str = node.into();
        let now = self.now;
        let Some(machine) = self.infra.machines.get(&name) else {
            return Err(format!("there is no machine {node:?}"));
        };
        let mut machine = machine.clone();
        let before = (machine.powered, machine.connected);
        machine.powered = powered.unwrap_or(machine.powered);
        machine.connected = connected.unwrap_or(machine.connected);
        if before == (machine.powered, machine.connected) {
            return Err(format!("{node} is in that state already"));
        }
        machine.since = now;
        self.infra.machines.insert_mut(name.clone(), machine);
        self.infra.revision += 1;
        self.machine_changed(&name);
        Ok(())
    }
}
