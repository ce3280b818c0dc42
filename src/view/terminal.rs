//! The terminal as it is seen: tabs, what was typed and what came of it, the prompt.
//!
//! What was written is shown as it was written, in English, in every language.
//!
//! Not here: what a line does (see `shell`), keys (see `ui`).

use super::Text;
use crate::session::terminal::Entry;
use std::rc::Rc;

pub use crate::kubectl::running::Stream;
pub use crate::shell::{Line, common, pasted};

/// A line and what came of it; two are the same if they are the same in memory.
#[derive(Clone, Debug)]
pub struct Told(pub Rc<Entry>);

impl PartialEq for Told {
    fn eq(&self, other: &Told) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The terminal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terminal {
    /// The tabs: number, and whether something runs there.
    pub tabs: Vec<(u32, bool)>,
    /// The one shown.
    pub shown: usize,
    /// What was typed there and what came of it.
    pub told: Vec<Told>,
    /// A sentence about older lines that are gone; empty if none are.
    pub dropped: Text,
    /// Before what is typed; empty while a command runs.
    pub prompt: Text,
    /// Something runs.
    pub busy: bool,
    /// What is typed goes to what runs.
    pub reads: bool,
    /// What a running command waits for, in a few words.
    pub waits: Text,
    /// What was typed before, oldest first.
    pub history: Rc<Vec<Text>>,
}
