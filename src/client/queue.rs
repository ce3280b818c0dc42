//! The work queue: folds duplicates, delays, and backs off key by key.
//!
//! Upstream: staging/src/k8s.io/client-go/util/workqueue/{queue,delaying_queue,
//! rate_limiting_queue,default_rate_limiters}.go

use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};

/// The keys one controller is to look at.
#[derive(Clone, Debug)]
pub struct WorkQueue<K: Ord + Clone + 'static> {
    ready: Set<K>,
    waiting: Map<K, SimTime>,
    failures: Map<K, u32>,
    busy: Map<K, SimTime>,
}

impl<K: Ord + Clone + 'static> Default for WorkQueue<K> {
    fn default() -> Self {
        WorkQueue { ready: Set::new(), waiting: Map::new(), failures: Map::new(), busy: Map::new() }
    }
}

impl<K: Ord + Clone + 'static> WorkQueue<K> {
    /// Adds `key`; says whether it was not there yet, so that a wake is needed.
    pub fn add(&mut self, key: K) -> bool {
        if self.ready.contains(&key) {
            return false;
        }
        self.ready.insert_mut(key);
        true
    }

    /// Adds `key` at a later time; says whether a wake at that time is needed. The earlier
    /// of two times counts.
    pub fn add_at(&mut self, key: K, at: SimTime) -> bool {
        if self.waiting.get(&key).is_some_and(|&due| due <= at) {
            return false;
        }
        self.waiting.insert_mut(key, at);
        true
    }

    /// Notes a failure of `key` and gives its pause: `first` times 2 to the power of its earlier
    /// failures, at most 1000 s.
    pub fn next_pause(&mut self, key: &K, first: Span) -> Span {
        let failures = self.failures.get(key).copied().unwrap_or(0);
        self.failures.insert_mut(key.clone(), failures + 1);
        Span::millis((first.0 << failures.min(20)).min(1_000_000))
    }

    /// A worker is busy with `key` until then.
    pub fn set_busy(&mut self, key: K, until: SimTime) {
        self.busy.insert_mut(key, until);
    }

    /// Until when a worker is busy with `key`, if one is.
    pub fn busy(&mut self, key: &K, now: SimTime) -> Option<SimTime> {
        let until = *self.busy.get(key)?;
        if until <= now {
            self.busy.remove_mut(key);
            return None;
        }
        Some(until)
    }

    /// Takes `key` off the waiting list.
    pub fn call_off(&mut self, key: &K) {
        self.waiting.remove_mut(key);
    }

    /// Forgets the failures of `key`.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove_mut(key);
    }

    /// Takes `key` off, at the wake asked for by `add`; says whether it was there.
    pub fn take(&mut self, key: &K) -> bool {
        self.ready.remove_mut(key)
    }

    /// Takes `key` off the waiting list, at the wake asked for by `add_at`; says whether its
    /// time has come (an earlier time may have replaced it).
    pub fn take_waiting(&mut self, key: &K, now: SimTime) -> bool {
        if self.waiting.get(key).is_none_or(|&due| due > now) {
            return false;
        }
        self.waiting.remove_mut(key)
    }

    /// Whether `key` is ready to be looked at.
    pub fn holds(&self, key: &K) -> bool {
        self.ready.contains(key)
    }

    /// When `key` is to be looked at again, if it waits.
    pub fn due(&self, key: &K) -> Option<SimTime> {
        self.waiting.get(key).copied()
    }

    /// Forgets everything, as a restart does.
    pub fn clear(&mut self) {
        *self = WorkQueue::default();
    }
}
