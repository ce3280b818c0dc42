//! Time travel: the journal of what was done from outside is the truth, checkpoints make
//! seeking quick, and the film remembers what a person could see, moment by moment.
//!
//! A clone costs a few pointers, so that undo is simply an older timeline.

pub mod film;

use crate::api::kinds::Kind;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use crate::cluster::input::{Input, Outcome};
use crate::cluster::world::World;
use crate::config::Config;
use film::{Film, REACTION};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// Something done from outside, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in milliseconds from the start.
    pub at: u64,
    /// What.
    pub input: Input,
}

/// A place in history: so late, and after so many inputs. All wakes up to its time are done.
pub type Position = (SimTime, usize);

/// At most so many checkpoints are kept.
const CHECKPOINTS_MAX: usize = 512;

/// A checkpoint is made at each input and each time so many wakes have passed.
const CHECKPOINT_WAKES: u64 = 256;

/// The longest that `settle` goes on: a cluster that never comes to rest must not take the
/// page with it.
pub const SETTLE_LIMIT: Span = Span::minutes(30);

/// Whether a piece of work was finished, or its budget of wakes ran out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Finished.
    Done,
    /// Not finished: call again.
    More,
}

/// One history of a cluster and the moment one looks at.
#[derive(Clone, Debug)]
pub struct Timeline {
    world: World,
    journal: Rc<Vec<Entry>>,
    done: usize,
    checkpoints: Map<Position, Rc<World>>,
    film: Film,
    checkpoint_wakes: u64,
    /// From here on the agenda runs empty without anything that a person could see.
    quiet_from: Option<Position>,
    /// A step or a settle was left when its budget ran out; whether something had changed.
    midway: Option<bool>,
    /// This history a little later: after the first thing to come that a person could see.
    ahead: Option<Rc<Timeline>>,
}

impl Timeline {
    /// A cluster at its start, with `journal` to come.
    pub fn new(config: Config, journal: Vec<Entry>) -> Timeline {
        let mut world = World::new(config);
        while world.next_due() == Some(SimTime::ZERO) {
            world.take_wake(SimTime::ZERO);
        }
        let film = Film::new(&world);
        let mut checkpoints = Map::new();
        checkpoints.insert_mut((SimTime::ZERO, 0), Rc::new(world.clone()));
        let journal = Rc::new(journal);
        Timeline {
            world,
            journal,
            done: 0,
            checkpoints,
            film,
            checkpoint_wakes: 0,
            quiet_from: None,
            midway: None,
            ahead: None,
        }
    }

    /// The cluster at the moment one looks at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Now.
    pub fn now(&self) -> SimTime {
        self.world.now
    }

    /// What was done from outside, also what lies ahead.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// How many of the journal's entries lie behind.
    pub fn done(&self) -> usize {
        self.done
    }

    /// What a person could see, as far as this history was ever played.
    pub fn film(&self) -> &Film {
        &self.film
    }

    /// Whether one looks at the past: more of this history is known.
    pub fn is_past(&self) -> bool {
        self.done < self.journal.len() || self.film.moment_after(self.position()).is_some()
    }

    /// Whether nothing is scheduled any more that a person could see, so that nothing will
    /// happen until somebody acts. Known only after `look_ahead`, `step` or `settle`.
    pub fn is_settled(&self) -> bool {
        let quiet = self.quiet_from.is_some_and(|quiet| quiet <= self.position());
        self.next_due().is_none() || quiet && self.done == self.journal.len()
    }

    /// Whether it is settled, or all that is still to come are the times of CronJobs.
    pub fn is_at_rest(&self) -> bool {
        self.is_settled() || self.done == self.journal.len() && self.world.only_schedules()
    }

    /// Finds out whether anything is still to come that a person could see, playing at most
    /// `budget` wakes of a copy. What it finds is kept: whoever goes on goes on from there.
    pub fn look_ahead(&mut self, budget: u64) {
        if self.ahead.is_some() || self.is_settled() || self.is_past() {
            return;
        }
        let (here, mut copy) = (self.position(), self.clone());
        let seen = copy.film.news();
        for _ in 0..budget {
            if !copy.take_next(SimTime(u64::MAX)) {
                self.quiet_from = Some(here);
                return;
            }
            if copy.film.news() != seen {
                self.ahead = Some(Rc::new(copy));
                return;
            }
        }
    }

    /// Goes on to what was found ahead, if it was found by playing from here and is not later
    /// than `until`. What was found otherwise is forgotten.
    fn leap(&mut self, until: SimTime) -> bool {
        let ahead = self.ahead.take().filter(|ahead| ahead.now() <= until);
        let found = ahead.is_some();
        if let Some(ahead) = ahead {
            *self = Rc::unwrap_or_clone(ahead);
        }
        found
    }

    /// Does something from outside, now. In the past this begins another future: what lay
    /// ahead is forgotten (a clone of the timeline keeps it).
    pub fn act(&mut self, input: Input) -> Outcome {
        let before = self.clone();
        // Work that goes in pieces may have stopped between the wakes of this instant.
        self.finish_instant(self.world.now);
        self.cut_future();
        (self.midway, self.ahead) = (None, None);
        let outcome = self.world.input(&input);
        if outcome.refused {
            *self = before;
            return outcome;
        }
        Rc::make_mut(&mut self.journal).push(Entry { at: self.world.now.0, input });
        self.input_done();
        self.finish_instant(self.world.now);
        self.checkpoint();
        outcome
    }

    /// Lets time run to `until`, playing what the journal holds on the way; at most `budget`
    /// wakes and inputs.
    pub fn run_until(&mut self, until: SimTime, budget: u64) -> Progress {
        self.midway = None;
        self.leap(until);
        for _ in 0..budget {
            if !self.take_next(until) {
                self.arrive(until);
                return Progress::Done;
            }
        }
        Progress::More
    }

    /// Lets time run to `until` as `run_until` does, but no further than the end of the first
    /// instant at which something was written.
    pub fn run_to_news(&mut self, until: SimTime, budget: u64) -> Progress {
        (self.midway, self.ahead) = (None, None);
        let seen = self.world.store().revision();
        for _ in 0..budget {
            if !self.take_next(until) {
                self.arrive(until);
                return Progress::Done;
            }
            if self.world.store().revision() != seen {
                self.finish_instant(self.world.now);
                return Progress::Done;
            }
        }
        Progress::More
    }

    /// To the next moment at which anything that a person could see has changed, and to the
    /// end of the reaction that belongs to it.
    pub fn step(&mut self, budget: u64) -> Progress {
        if let Some(next) = self.film.moment_after(self.position()) {
            self.seek_to(next);
            return Progress::Done;
        }
        let midway = self.midway.take();
        if midway.is_none() {
            self.look_ahead(budget);
        }
        if midway != Some(true) && self.is_settled() {
            return Progress::Done;
        }
        let mut news = self.leap(SimTime(u64::MAX)) || midway == Some(true);
        for _ in 0..budget {
            let due = self.next_due();
            let still = due.is_none_or(|due| due > self.world.now + REACTION);
            if news && still || due.is_none() {
                self.film.close_moment(self.position());
                return Progress::Done;
            }
            let seen = self.film.news();
            self.take_next(SimTime(u64::MAX));
            news |= self.film.news() != seen;
        }
        self.midway = Some(news);
        Progress::More
    }

    /// Until nothing is scheduled any more that a person could see, or `limit`, whichever
    /// comes first.
    pub fn settle(&mut self, limit: SimTime, budget: u64) -> Progress {
        if self.midway.take().is_none() {
            self.look_ahead(budget);
            if self.is_settled() {
                return Progress::Done;
            }
        }
        // What lies ahead may be a time of a CronJob, which nobody waits for.
        if self.world.store().count(Kind::CronJob) == 0 {
            self.leap(limit);
        }
        self.ahead = None;
        for _ in 0..budget {
            if self.next_due().is_some() && self.is_at_rest() {
                return Progress::Done;
            }
            if self.take_next(limit) {
                continue;
            }
            if self.next_due().is_some() {
                self.arrive(limit);
            } else if let Some(last) = self.film.last_moment().filter(|last| last.1 == self.done) {
                // What came after the last moment nobody could see.
                self.quiet_from = Some(last);
                self.film.forget_after(last.0);
                self.seek_to(last);
            }
            return Progress::Done;
        }
        self.midway = Some(false);
        Progress::More
    }

    /// To the moment before the one looked at; `false` at the start.
    pub fn step_back(&mut self) -> bool {
        let before = self.film.moment_before(self.position());
        if let Some(to) = before {
            self.seek_to(to);
        }
        before.is_some()
    }

    /// To any time of this history; further than it is known, time simply runs on.
    pub fn seek(&mut self, at: SimTime) {
        let done = self.journal.iter().filter(|entry| entry.at <= at.0).count();
        self.seek_to((at, done));
    }

    fn position(&self) -> Position {
        (self.world.now, self.done)
    }

    /// Replays from the nearest checkpoint before `to`.
    fn seek_to(&mut self, to: Position) {
        (self.midway, self.ahead) = (None, None);
        let here = self.position();
        let nearest = self.checkpoints.range(..=to).next_back();
        if let Some((&at, world)) = nearest
            && (to < here || at > here)
        {
            self.world = (**world).clone();
            self.done = at.1;
            self.checkpoint_wakes = self.world.counts.wakes;
        }
        while self.done < to.1 && self.take_next(to.0) {}
        self.finish_instant(to.0);
        self.arrive(to.0);
    }

    fn next_entry_due(&self) -> Option<SimTime> {
        self.journal.get(self.done).map(|entry| SimTime(entry.at))
    }

    fn next_due(&self) -> Option<SimTime> {
        [self.world.next_due(), self.next_entry_due()].into_iter().flatten().min()
    }

    /// Takes the next wake or the next entry of the journal that is due at or before `until`;
    /// `false` if there is none. An entry comes after all wakes of its instant, as it did when
    /// it was made.
    fn take_next(&mut self, until: SimTime) -> bool {
        let wake = self.world.next_due().filter(|&due| due <= until);
        let entry = self.next_entry_due().filter(|&due| due <= until);
        match (wake, entry) {
            (Some(wake), entry) if entry.is_none_or(|entry| wake <= entry) => {
                self.take_wake(wake);
            }
            (_, Some(entry)) => {
                self.world.now = self.world.now.max(entry);
                let input = self.journal[self.done].input.clone();
                self.world.input(&input);
                self.input_done();
                self.finish_instant(entry);
                self.checkpoint();
            }
            _ => return false,
        }
        true
    }

    fn take_wake(&mut self, until: SimTime) {
        self.world.take_wake(until);
        self.film.observe(&self.world, self.done);
        if self.world.counts.wakes >= self.checkpoint_wakes + CHECKPOINT_WAKES {
            self.checkpoint();
        }
    }

    fn input_done(&mut self) {
        self.done += 1;
        self.film.saw_deed(&self.world, self.done);
        self.film.observe(&self.world, self.done);
    }

    /// Takes all wakes up to `until`, so that a position names one state and no other.
    fn finish_instant(&mut self, until: SimTime) {
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.take_wake(until);
        }
    }

    fn arrive(&mut self, at: SimTime) {
        self.world.now = self.world.now.max(at);
        self.film.saw(self.world.now);
    }

    fn checkpoint(&mut self) {
        self.checkpoint_wakes = self.world.counts.wakes;
        self.checkpoints.insert_mut(self.position(), Rc::new(self.world.clone()));
        if self.checkpoints.size() > CHECKPOINTS_MAX {
            // Every other one goes, but never the first.
            let kept = self.checkpoints.iter().step_by(2);
            self.checkpoints = kept.map(|(at, world)| (*at, world.clone())).collect();
        }
    }

    fn cut_future(&mut self) {
        let here = self.position();
        if self.done < self.journal.len() {
            Rc::make_mut(&mut self.journal).truncate(self.done);
        }
        let kept = self.checkpoints.range(..=here);
        self.checkpoints = kept.map(|(at, world)| (*at, world.clone())).collect();
        self.film.cut(&self.world, here);
        self.quiet_from = None;
    }
}
