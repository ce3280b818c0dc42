//! How fast whom was in a recording: who came to what when, as far as that is chance. It holds
//! back whoever would be too early in the replay, and never says what to do.

use super::collector::{Collected, Emptied, Going, steady};
use super::compare::Record;
use super::reduce;
use super::views::{Marks, Views};
use playground::api::kinds::{Key, Kind};
use playground::base::time::{SimTime, Span};
use playground::cluster::world::{Process, Wake, World};
use playground::controller::{self, ControllerId};
use std::collections::BTreeMap;

/// So often the garbage collector asks the server before it does anything.
const ASKS: u64 = 3;

/// A controller that was busy has looked by then.
const LOOK: Span = Span::millis(5);

/// How fast whom was.
pub struct Pace {
    start: SimTime,
    /// When the controllers that sum up Pods looked.
    views: Views,
    /// The writes of Pods that matter to them, by namespace: revision, time, mark.
    marks: Marks,
    marked: BTreeMap<String, Vec<(u64, u64, String)>>,
    /// When the controllers heard of something last.
    told: SimTime,
    /// When the garbage collector came to what it deleted.
    collected: Collected,
    going: Going,
    /// When the namespace controller came by.
    emptied: Emptied,
}

impl Pace {
    /// Reads it off a recording that began at `start`.
    pub fn of(trace: &[Record], start: SimTime) -> Pace {
        let trace = &steady(trace);
        Pace {
            start,
            views: Views::of(trace),
            marks: Marks::default(),
            marked: BTreeMap::new(),
            told: SimTime::ZERO,
            collected: Collected::of(trace),
            going: Going::default(),
            emptied: Emptied::of(trace),
        }
    }

    /// Takes note of what the replay has written.
    pub fn note(&mut self, record: &Record, revision: u64) {
        self.going.note(record);
        self.collected.note(record);
        if let Some(mark) = self.marks.mark(record) {
            let namespace = record.get("ns").and_then(|ns| ns.as_str()).unwrap_or("default");
            let at = record["t_ms"].as_u64().unwrap_or(0);
            self.marked.entry(namespace.to_string()).or_default().push((revision, at, mark));
        }
    }

    /// Holds back who comes next, if that was later in the recording; says whether it did.
    pub fn hold_back(&mut self, world: &mut World) -> bool {
        if let Some((id, key)) = self.missed(world) {
            world.miss(id, &key);
        } else if let Some(at) = self.postponed(world).or_else(|| self.staggered(world)) {
            world.postpone(at);
        } else {
            return false;
        }
        true
    }

    /// The controller that comes next, and its key, if it did not look at this moment.
    fn missed(&self, world: &World) -> Option<(ControllerId, Key)> {
        let Some(Wake::Controller(controller::Wake::Work(id, key))) = world.next_wake() else {
            return None;
        };
        let heard = world.heard(Process::ControllerManager);
        let marked = self.marked.get(&*key.namespace)?;
        let (_, at, mark) = marked.iter().rev().find(|(revision, ..)| *revision <= heard)?;
        let age = world.next_due()?.since(self.start).0.saturating_sub(*at);
        let who = (*id, format!("{}/{}", key.namespace, key.name));
        self.views.missed(&who, mark, age).then(|| (*id, key.clone()))
    }

    /// When the controllers hear of the next change, if that is later: of a Pod's writes they
    /// hear one by one, and can look in between.
    fn staggered(&mut self, world: &World) -> Option<SimTime> {
        let manager = Process::ControllerManager;
        if world.next_wake()? != &Wake::Deliver(manager) || world.config.replay.courses.is_empty() {
            return None;
        }
        let (due, heard) = (world.next_due()?, world.heard(manager));
        let all = self.marked.values().flatten();
        let mark = all.rev().find(|(revision, ..)| *revision == heard);
        let mut apart = Span::ZERO;
        if let Some((_, _, mark)) = mark {
            apart = if self.views.looked(mark) { LOOK } else { Span::millis(1) };
        }
        let next = self.told + apart;
        if due < next {
            return Some(next);
        }
        self.told = due;
        None
    }

    /// When the garbage collector comes to the object that it would come to next, or the
    /// namespace controller to a Namespace, if that is later.
    fn postponed(&mut self, world: &World) -> Option<SimTime> {
        let due = world.next_due()?;
        let Wake::Controller(controller::Wake::Work(id, wake)) = world.next_wake()? else {
            return None;
        };
        let at = match id {
            ControllerId::GarbageCollector => {
                let (kind, name) = wake.name.split_once('/')?;
                let key = Key::new(wake.namespace.clone(), name);
                let object = world.store().object(Kind::by_name(kind)?, &key)?.clone();
                let at = self.collected.at(&reduce::object(&object), &self.going)?;
                at.saturating_sub(world.config.timing.call.0 * ASKS)
            }
            ControllerId::Namespace => {
                let object = world.store().object(Kind::Namespace, wake)?;
                let going = object.meta().is_terminating();
                self.emptied.next(&wake.name, due.since(self.start).0).filter(|_| going)?
            }
            _ => return None,
        };
        let at = self.start + Span::millis(at);
        (due < at).then_some(at)
    }
}
