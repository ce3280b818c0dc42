//! The job that is measured: J(R) is a StatefulSet of R replicas with a headless Service on
//! max(10, R / 100) nodes, from apply to all Ready.
//!
//! Not here: the simulator. Until the cluster exists the job below does the map work of such a run
//! (one write per replica and state), so that the figures of the runner itself can be judged.
//! `Job::new`, `Job::step` and `Job::counts` are the whole seam.

use std::collections::BTreeMap;

/// The set's `podManagementPolicy`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Parallel,
    OrderedReady,
}

/// What was done, whole run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub pods_ready: u64,
    pub wakes: u64,
    pub reconciles: u64,
    pub writes: u64,
    pub visits: u64,
    /// Bytes of history (journal and checkpoints) kept at the end.
    pub history_bytes: u64,
}

impl Counts {
    /// The order of `list`, also known to run.mjs.
    #[cfg(target_arch = "wasm32")]
    pub fn list(&self) -> [u64; 6] {
        [self.pods_ready, self.wakes, self.reconciles, self.writes, self.visits, self.history_bytes]
    }
}

/// One run in progress.
pub struct Job {
    order: Order,
    replicas: u32,
    pods: BTreeMap<u32, (u8, String)>,
    next: u64,
    counts: Counts,
}

/// States a replica passes through until it is Ready.
const STATES: u64 = 11;

impl Job {
    /// Applies the set; nothing has happened yet.
    pub fn new(order: Order, replicas: u32) -> Self {
        Job { order, replicas, pods: BTreeMap::new(), next: 0, counts: Counts::default() }
    }

    /// Handles up to `budget` agenda entries; true when every replica is Ready.
    pub fn step(&mut self, budget: u32) -> bool {
        let replicas = u64::from(self.replicas);
        for _ in 0..budget {
            if self.next >= replicas * STATES {
                return true;
            }
            let (ordinal, state) = match self.order {
                Order::Parallel => (self.next % replicas, self.next / replicas),
                Order::OrderedReady => (self.next / STATES, self.next % STATES),
            };
            let name = format!("web-{ordinal}");
            self.pods.insert(ordinal as u32, (state as u8, name));
            self.next += 1;
            self.counts.wakes += 1;
            self.counts.writes += 1;
            self.counts.visits += 1;
            self.counts.pods_ready += u64::from(state + 1 == STATES);
        }
        false
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
