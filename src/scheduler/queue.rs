//! The Pods that want a node: those to be tried (active), those that pause after a failed try
//! (back-off), and those that wait until something happens that may help (unschedulable).
//!
//! As upstream since 1.33 the scheduler does not let a Pod sit out its back-off while it has
//! nothing else to do; only after an error (not: no node fits) the pause is kept. Pauses end
//! with whole seconds of the clock, and those that end with the same second take turns as the
//! active Pods do.
//!
//! Not here: the retry after 5 minutes of a Pod nothing woke, except where something changed
//! that wakes nobody (see `Scheduler::observe`).
//!
//! Upstream: pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue,
//! nominator}.go

use super::plugins::Plugin;
use crate::api::core::pod::Pod;
use crate::api::kinds::Key;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::sorted;
use crate::base::time::{SimTime, Span};
use std::ops::Bound;
use std::rc::Rc;

const INITIAL_BACKOFF: Span = Span::seconds(1);
const MAX_BACKOFF: Span = Span::seconds(10);

/// Pauses that end within one such window of the clock end together, when it is over.
const WINDOW: Span = Span::seconds(1);

/// Where a Pod is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is to be tried.
    Active,
    /// It pauses until then; an error keeps it there, otherwise it is tried when nothing else
    /// is to do.
    Backoff(SimTime),
    /// It waits for something to happen.
    Unschedulable,
    /// It is being tried, or bound.
    InFlight,
}

/// A Pod that wants a node.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    /// The Pod as last seen.
    pub pod: Rc<Pod>,
    /// Where it is.
    pub place: Place,
    /// Since when it waits its turn.
    pub since: SimTime,
    /// How many tries found no node.
    failures: u32,
    /// How many tries in a row ended in an error.
    errors: u32,
    /// Who found no node for it at its last try; nobody after an error.
    pub plugins: Rc<Vec<Plugin>>,
    turn: u64,
}

impl Queued {
    /// When its pause ends.
    pub fn backoff_ends(&self) -> SimTime {
        let tries = if self.errors > 0 { self.errors } else { self.failures };
        match tries {
            0 => self.since,
            n => {
                let pause = Span((INITIAL_BACKOFF.0 << (n - 1).min(10)).min(MAX_BACKOFF.0));
                window_of(self.since + pause) + WINDOW
            }
        }
    }
}

/// How Pods take turns: higher priority, then longer wait.
type Turn = (i64, SimTime, u64, Key);

/// All Pods that want a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pods: Map<Key, Rc<Queued>>,
    active: Set<Turn>,
    backoff: Set<(SimTime, Turn)>,
    unschedulable: Set<(Plugin, Key)>,
    nominated: Map<Key, Str>,
    turns: u64,
}

impl Queue {
    /// The Pod at `key`, if it is queued or in flight.
    pub fn get(&self, key: &Key) -> Option<&Rc<Queued>> {
        self.pods.get(key)
    }

    /// Adds a Pod nobody has tried yet. Gates keep it from being tried.
    pub fn add(&mut self, now: SimTime, pod: &Rc<Pod>) {
        let key = Key::of(&pod.meta);
        self.remove(&key);
        self.turns += 1;
        let mut queued = Queued {
            pod: pod.clone(),
            place: Place::Active,
            since: now,
            failures: 0,
            errors: 0,
            plugins: Rc::default(),
            turn: self.turns,
        };
        if !pod.spec.scheduling_gates.is_empty() {
            queued.place = Place::Unschedulable;
            queued.plugins = Rc::new(vec![Plugin::SchedulingGates]);
        }
        if !pod.status.nominated_node_name.is_empty() {
            self.nominated.insert_mut(key.clone(), pod.status.nominated_node_name.clone());
        }
        self.insert(key, queued);
    }

    /// Notes the newest state of a Pod.
    pub fn update(&mut self, pod: &Rc<Pod>) {
        let key = Key::of(&pod.meta);
        if let Some(queued) = self.pods.get(&key) {
            let queued = Queued { pod: pod.clone(), ..(**queued).clone() };
            self.insert(key, queued);
        }
    }

    /// Forgets a Pod.
    pub fn remove(&mut self, key: &Key) {
        self.take_out(key);
        self.pods.remove_mut(key);
        self.nominated.remove_mut(key);
    }

    /// Takes the Pod whose turn it is.
    pub fn pop(&mut self) -> Option<Key> {
        let key = match self.active.first() {
            Some((_, _, _, key)) => key.clone(),
            None => self.idle_backoff()?,
        };
        self.set_place(&key, Place::InFlight);
        Some(key)
    }

    /// Whether there is a Pod to try now.
    pub fn is_ready(&self) -> bool {
        !self.active.is_empty() || self.idle_backoff().is_some()
    }

    fn idle_backoff(&self) -> Option<Key> {
        let no_error = |key: &Key| self.pods.get(key).is_some_and(|queued| queued.errors == 0);
        self.backoff.iter().map(|(_, (.., key))| key).find(|key| no_error(key)).cloned()
    }

    /// Puts a Pod back after a try: `plugins` found no node for it, nobody means an error.
    /// Gives back when its pause ends after an error.
    pub fn put_back(&mut self, now: SimTime, key: &Key, plugins: Vec<Plugin>) -> Option<SimTime> {
        let mut queued = (**self.pods.get(key)?).clone();
        self.take_out(key);
        queued.since = now;
        let error = plugins.is_empty();
        if error {
            queued.errors += 1;
        } else {
            (queued.failures, queued.errors) = (queued.failures + 1, 0);
        }
        queued.plugins = Rc::new(plugins);
        let ends = queued.backoff_ends();
        queued.place = if error { Place::Backoff(ends) } else { Place::Unschedulable };
        self.insert(key.clone(), queued);
        error.then_some(ends)
    }

    /// Something has happened that may help the unschedulable Pod at `key`.
    pub fn requeue(&mut self, now: SimTime, key: &Key) {
        let Some(queued) = self.pods.get(key).filter(|q| q.place == Place::Unschedulable) else {
            return;
        };
        let gated = !queued.pod.spec.scheduling_gates.is_empty();
        let ends = queued.backoff_ends();
        if !gated {
            self.set_place(key, if ends > now { Place::Backoff(ends) } else { Place::Active });
        }
    }

    /// When the next pause ends.
    pub fn next_retry(&self) -> Option<SimTime> {
        self.backoff.first().map(|(ends, _)| *ends)
    }

    /// Lets the Pods whose pause is over be tried.
    pub fn flush_backoff(&mut self, now: SimTime) {
        while let Some((ends, (.., key))) = self.backoff.first().cloned() {
            if ends > now {
                break;
            }
            self.set_place(&key, Place::Active);
        }
    }

    /// The Pods for which one of `plugins` found no node, and that wait for something.
    pub fn waiting_for(&self, plugins: &[Plugin]) -> Vec<Key> {
        let mut keys = Vec::new();
        for &plugin in plugins {
            let from = Bound::Included((plugin, Key::new("", "")));
            let all = self.unschedulable.range((from, Bound::Unbounded));
            keys.extend(all.take_while(|(by, _)| *by == plugin).map(|(_, key)| key.clone()));
        }
        sorted::sort(&mut keys);
        keys.dedup();
        // The longest wait first, so that turns stay fair within one instant.
        sorted::sort_by_key(&mut keys, |key| {
            self.pods.get(key).map(|queued| (queued.since, queued.turn))
        });
        keys
    }

    /// The node where lower priorities make room for the Pod at `key`.
    pub fn nomination(&self, key: &Key) -> Option<&Str> {
        self.nominated.get(key)
    }

    /// Notes it, or forgets it.
    pub fn nominate(&mut self, key: &Key, node: Option<Str>) {
        match node {
            Some(node) => self.nominated.insert_mut(key.clone(), node),
            None => drop(self.nominated.remove_mut(key)),
        }
    }

    /// The Pods for which room is made on `node`.
    pub fn nominated_to(&self, node: &str) -> Vec<Rc<Pod>> {
        let there = self.nominated.iter().filter(|(_, name)| ***name == *node);
        there.filter_map(|(key, _)| self.pods.get(key)).map(|q| q.pod.clone()).collect()
    }

    /// Whether room is made for anybody anywhere.
    pub fn has_nominations(&self) -> bool {
        !self.nominated.is_empty()
    }

    fn set_place(&mut self, key: &Key, place: Place) {
        if let Some(queued) = self.pods.get(key) {
            let queued = Queued { place, ..(**queued).clone() };
            self.insert(key.clone(), queued);
        }
    }

    fn insert(&mut self, key: Key, queued: Queued) {
        self.take_out(&key);
        match queued.place {
            Place::Active => self.active.insert_mut(turn_of(&key, &queued)),
            Place::Backoff(ends) => self.backoff.insert_mut((ends, turn_of(&key, &queued))),
            Place::Unschedulable => {
                for plugin in queued.plugins.iter() {
                    self.unschedulable.insert_mut((*plugin, key.clone()));
                }
            }
            Place::InFlight => {}
        }
        self.pods.insert_mut(key, Rc::new(queued));
    }

    fn take_out(&mut self, key: &Key) {
        let Some(queued) = self.pods.get(key).cloned() else { return };
        match queued.place {
            Place::Active => drop(self.active.remove_mut(&turn_of(key, &queued))),
            Place::Backoff(ends) => drop(self.backoff.remove_mut(&(ends, turn_of(key, &queued)))),
            Place::Unschedulable => {
                for plugin in queued.plugins.iter() {
                    self.unschedulable.remove_mut(&(*plugin, key.clone()));
                }
            }
            Place::InFlight => {}
        }
    }
}

/// The beginning of the window that `time` lies in.
fn window_of(time: SimTime) -> SimTime {
    SimTime(time.0 - time.0 % WINDOW.0)
}

fn turn_of(key: &Key, queued: &Queued) -> Turn {
    let priority = i64::from(queued.pod.spec.priority.unwrap_or(0));
    (-priority, queued.since, queued.turn, key.clone())
}
