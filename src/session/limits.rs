//! How far a session goes: time, work, Pods and machines. Whoever reaches a
//! limit is told, and goes on by pressing again.
//!
//! Not here: how long one settle goes on (see `timeline`), how long a manifest may be (see
//! `api::manifest`), and what an address may ask for.

use super::Session;
use crate::api::kinds::Kind;

/// Milliseconds of simulated time.
const TIME_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// Wakes.
const WAKES_MAX: u64 = 1_000_000;

/// Pods.
const PODS_MAX: u64 = 10_000;

/// Machines.
const MACHINES_MAX: u64 = 1_000;

/// What is said at each limit, in the order of `reached`.
pub const LIMITS: [&str; 4] = [
    "7 simulated days have passed. Play or Step goes on, Reset begins again.",
    "A million wakes have been simulated. Play or Step goes on, Reset begins again.",
    "There are 10,000 Pods: more may be slow. Play or Step goes on, Undo takes back.",
    "There are 1,000 machines: more may be slow. Play or Step goes on, Undo takes back.",
];

impl Session {
    /// Stops what goes on when a limit is reached that was not passed before.
    pub(super) fn stop_at_limit(&mut self) {
        let world = self.timeline.world();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let reached = [
            world.now.0 / TIME_MAX,
            world.counts.wakes / WAKES_MAX,
            count(world.store().count(Kind::Pod)) / (PODS_MAX + 1),
            count(world.infra.machines.size()) / (MACHINES_MAX + 1),
        ];
        let most = reached.iter().copied().max().unwrap_or(0);
        if most <= self.passed {
            return;
        }
        self.passed = most;
        let which = reached.iter().position(|one| *one == most).unwrap_or(0);
        (self.errand, self.playing, self.refused) = (None, false, true);
        self.said = LIMITS[which].into();
    }
}
