//! What a person could see, moment by moment: how each Pod's seat and each machine was.
//!
//! It is recorded once, the first time a history is played; going back and forth does not
//! change it.

use crate::api::core::node::Node;
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Kind};
use crate::api::meta::Uid;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use crate::cluster::world::World;
use crate::timeline::Position;
use std::rc::Rc;

/// How long the cluster must be still for a moment to end: what follows within this is one
/// reaction, and nobody could follow its single writes.
pub const REACTION: Span = Span::millis(25);

/// How a Pod looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodState {
    /// Running and ready.
    Ready,
    /// Running, not ready.
    NotReady,
    /// Without a node.
    Pending,
    /// On a node, not yet running.
    Creating,
    /// Being deleted.
    Terminating,
    /// Failed, or failing again and again.
    Failed,
    /// Ended well.
    Succeeded,
    /// On a node that does not answer.
    Unknown,
}

impl PodState {
    /// How `pod` looks, given what the store says of its node.
    pub fn of(pod: &Pod, store: &Store) -> PodState {
        PodState::on(pod, || store.get(&Key::global(pod.spec.node_name.clone())))
    }

    /// The same, when its Node is at hand.
    pub fn on<'s>(pod: &Pod, node: impl FnOnce() -> Option<&'s Rc<Node>>) -> PodState {
        if pod.is_terminating() {
            return PodState::Terminating;
        }
        match pod.status.phase {
            PodPhase::Failed => return PodState::Failed,
            PodPhase::Succeeded => return PodState::Succeeded,
            _ => {}
        }
        if !pod.is_assigned() {
            return PodState::Pending;
        }
        if node().is_none_or(|node| node.ready() == "Unknown") {
            return PodState::Unknown;
        }
        if is_failing(pod) {
            return PodState::Failed;
        }
        match pod.status.phase {
            PodPhase::Running if pod.is_ready() => PodState::Ready,
            PodPhase::Running => PodState::NotReady,
            _ => PodState::Creating,
        }
    }
}

/// Whether a container waits because it failed, or has just failed.
fn is_failing(pod: &Pod) -> bool {
    let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    statuses.into_iter().any(|status| {
        let bad =
            ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"];
        let waiting = status.state.waiting.as_ref();
        waiting.is_some_and(|waiting| bad.contains(&&*waiting.reason))
            || status.state.terminated.as_ref().is_some_and(|ended| ended.exit_code != 0)
    })
}

/// How a seat was from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatLook {
    /// The Pod's state; `None` while there is no Pod.
    pub state: Option<PodState>,
    /// The Pod's node; empty without one.
    pub node: Str,
    /// The Pod's uid.
    pub uid: Uid,
    /// The Pod's address; empty without one.
    pub ip: Str,
    /// Which Pod of that name it is, counted from 1.
    pub incarnation: u32,
}

/// How a machine and its Node were from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeLook {
    /// Whether the machine had power.
    pub powered: bool,
    /// Whether it reached the API server.
    pub connected: bool,
    /// What the API server believed: `True`, `False`, `Unknown`; empty without a Node object.
    pub ready: Str,
}

/// What a person could see, as far as a history was ever played.
#[derive(Clone, Debug)]
pub struct Film {
    seats: Map<Key, Map<SimTime, SeatLook>>,
    nodes: Map<Str, Map<SimTime, NodeLook>>,
    moments: Map<Position, ()>,
    deeds: Map<usize, u64>,
    known: SimTime,
    news: u64,
    revision: u64,
    infra: u64,
    machines: u64,
}

impl Film {
    /// The film of a cluster that has just started.
    pub fn new(world: &World) -> Film {
        let mut film = Film {
            seats: Map::new(),
            nodes: Map::new(),
            moments: Map::new(),
            deeds: Map::new(),
            known: world.now,
            news: 0,
            revision: world.store().revision(),
            infra: world.infra.revision,
            machines: world.infra.machines_revision,
        };
        film.moments.insert_mut((world.now, 0), ());
        film.look_at_all_nodes(world);
        film
    }

    /// The last time that is known.
    pub fn known(&self) -> SimTime {
        self.known
    }

    /// Counts what was seen to change.
    pub fn news(&self) -> u64 {
        self.news
    }

    /// How the seat `key` was, from each time on.
    pub fn seat(&self, key: &Key) -> impl Iterator<Item = (SimTime, &SeatLook)> {
        self.seats.get(key).into_iter().flat_map(|looks| looks.iter()).map(|(at, look)| (*at, look))
    }

    /// How the seat `key` was at `at`.
    pub fn seat_at(&self, key: &Key, at: SimTime) -> Option<&SeatLook> {
        Some(self.seats.get(key)?.range(..=at).next_back()?.1)
    }

    /// How the machine `node` was, from each time on.
    pub fn node(&self, node: &Str) -> impl Iterator<Item = (SimTime, &NodeLook)> {
        self.nodes
            .get(node)
            .into_iter()
            .flat_map(|looks| looks.iter())
            .map(|(at, look)| (*at, look))
    }

    /// The names of all machines and Nodes that were ever seen.
    pub fn node_names(&self) -> impl Iterator<Item = &Str> {
        self.nodes.keys()
    }

    /// The store's revision after the deed of this number, counted from 1.
    pub fn revision_after(&self, deed: usize) -> u64 {
        self.deeds.get(&deed).copied().unwrap_or(0)
    }

    /// Records that a deed of this number, counted from 1, was just done.
    pub fn saw_deed(&mut self, world: &World, deed: usize) {
        self.deeds.insert_mut(deed, world.store().revision());
    }

    /// The first known moment after `here`.
    pub fn moment_after(&self, here: Position) -> Option<Position> {
        let after = (std::ops::Bound::Excluded(here), std::ops::Bound::Unbounded);
        self.moments.range(after).next().map(|(at, ())| *at)
    }

    /// The last known moment before `here`.
    pub fn moment_before(&self, here: Position) -> Option<Position> {
        self.moments.range(..here).next_back().map(|(at, ())| *at)
    }

    /// The last known moment.
    pub fn last_moment(&self) -> Option<Position> {
        self.moments.last().map(|(at, ())| *at)
    }

    /// Lets nothing be known after `at`, where nothing was seen.
    pub fn forget_after(&mut self, at: SimTime) {
        self.known = self.known.min(at);
    }

    /// Notes that time has run on to `now`.
    pub fn saw(&mut self, now: SimTime) {
        self.known = self.known.max(now);
    }

    /// Records what has changed since it last looked, if that was not recorded before.
    pub fn observe(&mut self, world: &World, done: usize) {
        self.known = self.known.max(world.now);
        if world.store().revision() <= self.revision && world.infra.revision <= self.infra {
            return;
        }
        let changes: Vec<Rc<Change>> = world.server.log.after(self.revision).cloned().collect();
        let mut news = world.infra.revision > self.infra;
        for change in &changes {
            news |= is_visible(change);
            match change.kind {
                Kind::Pod => self.look_at_pod(world, &change.key),
                Kind::Node if answers(change) => {
                    self.look_at_node(world, &change.key.name);
                    for pod in world.store().pods_on(&change.key.name) {
                        self.look_at_pod(world, &Key::of(&pod.meta));
                    }
                }
                _ => {}
            }
        }
        if world.infra.machines_revision > self.machines {
            self.look_at_all_nodes(world);
        }
        self.revision = self.revision.max(world.store().revision());
        self.infra = self.infra.max(world.infra.revision);
        self.machines = self.machines.max(world.infra.machines_revision);
        if news {
            self.note_moment((world.now, done));
        }
    }

    /// Forgets everything after `here`, where `world` is now.
    pub fn cut(&mut self, world: &World, here: Position) {
        self.moments = self.moments.range(..=here).map(|(at, ())| (*at, ())).collect();
        self.known = world.now;
        self.revision = world.store().revision();
        self.infra = world.infra.revision;
        self.machines = world.infra.machines_revision;
        let until = world.now;
        for (key, looks) in self.seats.clone().iter() {
            if looks.last().is_some_and(|(at, _)| *at > until) {
                let kept = looks.range(..=until).map(|(at, look)| (*at, look.clone()));
                self.seats.insert_mut(key.clone(), kept.collect());
            }
        }
        for (name, looks) in self.nodes.clone().iter() {
            let kept = looks.range(..=until).map(|(at, look)| (*at, look.clone()));
            self.nodes.insert_mut(name.clone(), kept.collect());
        }
    }

    /// Lets the last moment end at `here`, where its reaction ended: what nobody could see may
    /// have followed what could be seen.
    pub fn close_moment(&mut self, here: Position) {
        if let Some((&last, ())) = self.moments.last()
            && last.1 == here.1
            && last < here
            && here.0.since(last.0) <= REACTION
        {
            self.moments.remove_mut(&last);
            self.moments.insert_mut(here, ());
        }
    }

    /// A moment that follows its predecessor within a reaction takes its place.
    fn note_moment(&mut self, at: Position) {
        self.news += 1;
        if let Some((&last, ())) = self.moments.last()
            && last.1 == at.1
            && at.0.since(last.0) <= REACTION
            && last.0 != SimTime::ZERO
        {
            self.moments.remove_mut(&last);
        }
        self.moments.insert_mut(at, ());
    }

    fn look_at_pod(&mut self, world: &World, key: &Key) {
        let looks = self.seats.get(key);
        let last = looks.and_then(|looks| looks.last()).map(|(_, look)| look.clone());
        let incarnation = last.as_ref().map_or(0, |look| look.incarnation);
        let look = match (world.store().get::<Pod>(key), &last) {
            (Some(pod), last) => {
                let known = last.as_ref().is_some_and(|look| look.uid == pod.meta.uid);
                SeatLook {
                    state: Some(PodState::of(pod, world.store())),
                    node: pod.spec.node_name.clone(),
                    uid: pod.meta.uid,
                    ip: pod.status.pod_ip.clone(),
                    incarnation: incarnation + u32::from(!known),
                }
            }
            (None, Some(last)) => SeatLook { state: None, node: "".into(), ..last.clone() },
            (None, None) => return,
        };
        if last.as_ref() == Some(&look) {
            return;
        }
        let mut looks = looks.cloned().unwrap_or_default();
        looks.insert_mut(world.now, look);
        self.seats.insert_mut(key.clone(), looks);
    }

    fn look_at_all_nodes(&mut self, world: &World) {
        let seen: Vec<Str> = self.nodes.keys().cloned().collect();
        let nodes = world.store().list::<Node>().map(|node| &node.meta.name);
        for name in nodes.chain(world.infra.machines.keys()).chain(&seen) {
            self.look_at_node(world, name);
        }
    }

    fn look_at_node(&mut self, world: &World, name: &Str) {
        let machine = world.infra.machines.get(name);
        let node = world.store().get::<Node>(&Key::global(name.clone()));
        let look = NodeLook {
            powered: machine.is_some_and(|machine| machine.powered),
            connected: machine.is_some_and(|machine| machine.connected),
            ready: node.map_or("", |node| node.ready()).into(),
        };
        let mut looks = self.nodes.get(name).cloned().unwrap_or_default();
        if looks.last().map(|(_, look)| look) != Some(&look) {
            looks.insert_mut(world.now, look);
            self.nodes.insert_mut(name.clone(), looks);
        }
    }
}

/// Whether a change of a Node concerns whether it is believed to answer.
fn answers(change: &Change) -> bool {
    let ready = |node: Option<&Rc<Node>>| node.map(|node| node.ready().to_string());
    ready(change.old::<Node>()) != ready(change.new::<Node>())
}

/// Whether a change is one that a person could see on the page. Events only tell of changes;
/// leases and revisions are not drawn.
fn is_visible(change: &Change) -> bool {
    use Kind::{CSINode, CSIStorageCapacity, ControllerRevision, Event, Lease};
    !matches!(change.kind, Lease | Event | ControllerRevision | CSINode | CSIStorageCapacity)
}
