//! What a component asks to be woken for. The cluster drains it into the agenda after
//! each call, so no component knows the agenda.

use super::time::SimTime;

/// Requests to be woken, in the order they were made.
#[derive(Clone, Debug)]
pub struct Timers<W> {
    asked: Vec<(SimTime, W)>,
}

impl<W> Default for Timers<W> {
    fn default() -> Self {
        Timers { asked: Vec::new() }
    }
}

impl<W> Timers<W> {
    /// Asks to be woken at `at` (a time already past means: as soon as possible).
    pub fn at(&mut self, at: SimTime, wake: W) {
        self.asked.push((at, wake));
    }

    /// Takes all requests made so far.
    pub fn drain(&mut self) -> impl Iterator<Item = (SimTime, W)> + '_ {
        self.asked.drain(..)
    }
}
