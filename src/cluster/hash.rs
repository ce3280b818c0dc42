//! One number for the whole state, so that two runs can be compared: natively and in wasm,
//! played through and sought. For tests; it visits everything.

use super::world::World;
use crate::api::kinds::Kind;
use std::fmt::Write;

/// FNV-1a of 64 bits over whatever is written.
struct Hasher(u64);

impl Write for Hasher {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl World {
    /// A number that differs, in all likelihood, between any two different states. What is
    /// hashed: the clock, all objects, machines, processes and disks, all faults and waits,
    /// the agenda.
    pub fn hash(&self) -> u64 {
        let mut hasher = Hasher(0xcbf2_9ce4_8422_2325);
        let mut write = |part: &dyn std::fmt::Debug| {
            if write!(hasher, "{part:?};").is_err() {
                crate::never!("hashing cannot fail");
            }
        };
        write(&(self.now, self.store().revision()));
        for kind in Kind::ALL {
            for object in self.store().list_objects(*kind) {
                write(object);
            }
        }
        let infra = &self.infra;
        infra.machines.values().for_each(|machine| write(machine));
        infra.processes.values().for_each(|process| write(process));
        infra.disks.values().for_each(|disk| write(disk));
        self.faults().for_each(|fault| write(fault));
        write(&(&infra.backend, infra.ailing.iter().collect::<Vec<_>>()));
        self.incidents().iter().for_each(|incident| write(incident));
        self.waits.iter().for_each(|wait| write(wait));
        self.agenda.iter().for_each(|((at, _), wake)| write(&(at, wake)));
        hasher.0
    }
}
