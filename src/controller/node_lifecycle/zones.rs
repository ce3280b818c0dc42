//! Zones: how many of their nodes are well decides how fast the others are tainted NoExecute.
//!
//! Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go (handleDisruption,
//! ComputeZoneState), scheduler/rate_limited_queue.go

use super::NodeLifecycleController;
use super::taints::swap;
use crate::api::core::node::{NOT_READY, Node, UNREACHABLE};
use crate::api::kinds::Key;
use crate::api::meta::condition;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::sorted;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::client::ControlPlane;
use crate::config::Flags;
use std::rc::Rc;

/// Between two passes of the NoExecute tainter.
pub(super) const TAINTING_PERIOD: Span = Span::millis(100);

/// How a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not looked at yet.
    Initial,
    /// Well enough.
    Normal,
    /// Too many nodes are not ready.
    Partial,
    /// No node is ready.
    Full,
}

/// A zone and its queue of nodes that are to be tainted NoExecute.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// `None` while no node is in it.
    pub state: Option<State>,
    /// Between two nodes; `None` for never. A bucket of one token.
    interval: Option<Span>,
    /// When there is a token again.
    token: SimTime,
    /// Nodes that are or were in the queue, with the time they were put there. A node whose
    /// turn has come stays known, so that it is not queued again.
    queue: Map<Str, Turn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    since: SimTime,
    done: bool,
}

impl Zone {
    /// A new zone, with the rate of a zone that is well.
    pub fn new(flags: &Flags) -> Zone {
        let interval = Some(flags.eviction_interval);
        Zone { state: Some(State::Initial), interval, token: SimTime::ZERO, queue: Map::new() }
    }

    /// Puts `node` in the queue unless it is or was there.
    pub fn add(&mut self, now: SimTime, node: &Str) {
        if !self.queue.contains_key(node) {
            self.queue.insert_mut(node.clone(), Turn { since: now, done: false });
        }
    }

    /// Puts `node` in the queue again if its turn has been.
    pub fn add_again(&mut self, now: SimTime, node: &Str) {
        if self.queue.get(node).is_some_and(|turn| turn.done) {
            self.remove(node);
        }
        self.add(now, node);
    }

    /// Forgets `node`.
    pub fn remove(&mut self, node: &Str) {
        self.queue.remove_mut(node);
    }

    /// Who waits, in turn: by the time it was put there, then by name.
    fn line(&self) -> Vec<Str> {
        let waiting = self.queue.iter().filter(|(_, turn)| !turn.done);
        let mut line: Vec<_> = waiting.map(|(node, turn)| (turn.since, node.clone())).collect();
        sorted::sort(&mut line);
        line.into_iter().map(|(_, node)| node).collect()
    }

    /// When the `place`-th (from 0) of the line has its turn; `None` for never.
    fn turn(&self, now: SimTime, started: SimTime, place: u64) -> Option<SimTime> {
        let interval = self.interval?;
        // A pass that has just been cannot be again at the same instant.
        let first = self.token.max(now + Span::millis(1)).next_tick(started, TAINTING_PERIOD);
        Some(first + Span(interval.0 * place))
    }

    /// Takes the token, if there is one.
    fn accept(&mut self, now: SimTime) -> bool {
        match self.interval {
            Some(interval) if self.token <= now => {
                self.token = now + interval;
                true
            }
            _ => false,
        }
    }

    /// Changes the rate. A bucket that was empty stays empty for a whole new interval.
    fn set_interval(&mut self, now: SimTime, interval: Option<Span>) {
        if self.interval == interval {
            return;
        }
        if let Some(span) = interval {
            let empty = !self.accept(now);
            self.token = if empty { now + span } else { now };
        }
        self.interval = interval;
    }

    fn enter(&mut self, now: SimTime, flags: &Flags, size: u64, state: State) {
        let interval = match state {
            State::Partial if size > flags.large_cluster_size_threshold => {
                Some(flags.secondary_eviction_interval)
            }
            State::Partial => None,
            _ => Some(flags.eviction_interval),
        };
        self.set_interval(now, interval);
        self.state = Some(state);
    }
}

/// The key of a node's zone: region and zone; empty if it has neither.
pub(super) fn zone_of(node: &Node) -> Str {
    let region = node.meta.label("topology.kubernetes.io/region").map_or("", |region| region);
    match (region, node.zone()) {
        ("", "") => "".into(),
        (region, zone) => format!("{region}:\0:{zone}").into(),
    }
}

fn state_of(flags: &Flags, ready: &[bool]) -> State {
    let total = ready.len() as u64;
    let not_ready = ready.iter().filter(|ready| !**ready).count() as u64;
    if not_ready == total {
        State::Full
    } else if not_ready > 2 && not_ready * 100 >= flags.unhealthy_zone_percent * total {
        State::Partial
    } else {
        State::Normal
    }
}

impl NodeLifecycleController {
    /// Changes the zone `zone`, if there is one.
    pub(super) fn in_zone(&mut self, zone: &Str, change: impl FnOnce(&mut Zone)) {
        if let Some(found) = self.zones.get_mut(zone) {
            change(found);
        }
    }

    /// Decides the state and the rate of each zone from which of its nodes are ready.
    pub(super) fn handle_disruption(
        &mut self,
        cx: &mut ControlPlane<'_>,
        zones: &SortedMap<Str, Vec<bool>>,
        nodes: &[Rc<Node>],
    ) {
        let flags = cx.config.flags.clone();
        let now = cx.now;
        let new: SortedMap<&Str, State> =
            zones.iter().map(|(zone, ready)| (zone, state_of(&flags, ready))).collect();
        let gone: Vec<Str> =
            self.zones.keys().filter(|zone| !zones.contains_key(*zone)).cloned().collect();
        for zone in gone {
            self.in_zone(&zone, |zone| zone.state = None);
        }
        let all_are = new.values().all(|state| *state == State::Full);
        let all_were =
            self.zones.values().filter_map(|zone| zone.state).all(|state| state == State::Full);
        if all_are && all_were {
            return;
        }
        if all_are {
            // Nobody answers: more likely it is this side that is cut off. Nothing is evicted.
            for node in nodes {
                self.mark_reachable(cx, node);
            }
            for zone in new.keys() {
                self.in_zone(zone, |zone| {
                    zone.set_interval(now, None);
                    zone.state = Some(State::Full);
                });
            }
            return;
        }
        if all_were {
            // What was not heard meanwhile does not count against anybody.
            for node in nodes {
                let mut health = self.health_of(&node.meta.name);
                health.heard = now;
                self.set_health(&node.meta.name, health);
            }
        }
        for (zone, state) in new {
            let size = zones.get(zone).map_or(0, |ready| ready.len() as u64);
            self.in_zone(zone, |zone| {
                if all_were || zone.state != Some(state) {
                    zone.enter(now, &flags, size, state);
                }
            });
        }
    }

    /// Gives the NoExecute taint to those whose turn it is.
    pub(super) fn taint_in_turn(&mut self, cx: &mut ControlPlane<'_>) {
        let keys: Vec<Str> = self.zones.keys().cloned().collect();
        for key in keys {
            let line = self.zones.get(&key).map(Zone::line).unwrap_or_default();
            for name in line {
                let mut accepted = false;
                let now = cx.now;
                self.in_zone(&key, |zone| accepted = zone.accept(now));
                if !accepted {
                    break;
                }
                *cx.visits += 1;
                if taint_no_execute(cx, &name) {
                    self.in_zone(&key, |zone| {
                        if let Some(turn) = zone.queue.get_mut(&name) {
                            turn.done = true;
                        }
                    });
                }
            }
        }
    }

    /// When the tainter has something to do next.
    pub(super) fn next_taint(&self, now: SimTime) -> Option<SimTime> {
        let first = |zone: &Zone| {
            let waits = zone.queue.values().any(|turn| !turn.done);
            if waits { zone.turn(now, self.started, 0) } else { None }
        };
        self.zones.values().filter_map(first).min()
    }

    /// Nodes in the queues, each with when its turn comes (`None` for never).
    pub(super) fn turns(&self, now: SimTime) -> SortedMap<Str, Option<SimTime>> {
        let turns = |zone: &Zone| -> Vec<(Str, Option<SimTime>)> {
            let line = zone.line().into_iter().zip(0..);
            line.map(|(node, place)| (node, zone.turn(now, self.started, place))).collect()
        };
        self.zones.values().flat_map(turns).collect()
    }

    /// Whether nobody in the zone `zone` is tainted any more.
    pub(super) fn is_stopped(&self, zone: &Str) -> bool {
        self.zones.get(zone).is_some_and(|zone| zone.interval.is_none())
    }
}

/// Taints a node NoExecute as its Ready condition says; `false` if it is to be tried again.
fn taint_no_execute(cx: &mut ControlPlane<'_>, name: &Str) -> bool {
    let Some(node) = cx.cache.get::<Node>(&Key::global(name.clone())).cloned() else {
        return true;
    };
    let Some(ready) = condition(&node.status.conditions, "Ready") else {
        return false;
    };
    match &*ready.status {
        "False" => swap(cx, &node, "NoExecute", &[NOT_READY], &[UNREACHABLE]).is_ok(),
        "Unknown" => swap(cx, &node, "NoExecute", &[UNREACHABLE], &[NOT_READY]).is_ok(),
        _ => true,
    }
}
