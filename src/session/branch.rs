//! Futures side by side: to act in the past begins another future, and the one there was is kept.
//!
//! Not here: moving about in time, which never begins one.

use super::Session;
use super::terminal::Terminal;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::timeline::Timeline;
use std::rc::Rc;

/// So many futures are kept beside the one looked at.
pub const BRANCHES_MAX: usize = 7;

/// A future that is not looked at.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its number, from one, in the order in which they began.
    pub number: u32,
    /// The deed it began with; empty for the first.
    pub label: Str,
    /// Its history.
    pub timeline: Rc<Timeline>,
}

impl Session {
    /// The other futures, oldest first.
    pub fn others(&self) -> &[Branch] {
        &self.others
    }

    /// The number of the future looked at.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The deed the future looked at began with.
    pub fn label(&self) -> &Str {
        &self.label
    }

    /// The number of the future shown beside this one.
    pub fn compared(&self) -> Option<u32> {
        self.compared
    }

    /// The future shown beside this one, as a session of its own at the same moment; its
    /// terminals are empty.
    pub fn beside(&self) -> Option<Session> {
        let other = self.others.iter().find(|one| Some(one.number) == self.compared)?;
        Some(Session {
            timeline: other.timeline.clone(),
            files: self.files.clone(),
            current: self.current,
            report: self.report.clone(),
            selected: self.selected.clone(),
            playing: self.playing,
            speed: self.speed,
            errand: self.errand,
            said: self.said.clone(),
            refused: self.refused,
            undo: self.undo.clone(),
            others: self.others.clone(),
            number: other.number,
            label: other.label.clone(),
            compared: self.compared,
            terminal: Terminal::default(),
            papers: self.papers.clone(),
            held: self.held,
            restless: self.restless,
            passed: self.passed,
            budget: self.budget,
        })
    }

    /// Keeps `before`, the future that a deed has just left.
    pub(super) fn keep_future(&mut self, before: Rc<Timeline>, label: &str) {
        let (number, old) = (self.number, std::mem::replace(&mut self.label, label.into()));
        let others = Rc::make_mut(&mut self.others);
        others.push(Branch { number, label: old, timeline: before });
        self.number = others.iter().map(|one| one.number).max().unwrap_or(0).max(number) + 1;
        if others.len() > BRANCHES_MAX {
            let gone = others.remove(0);
            self.said = format!("{}\nbranch {} was dropped", self.said, gone.number).into();
        }
    }

    /// Looks at another future, at the same moment.
    pub(super) fn switch(&mut self, number: u32) {
        let Some(at) = self.others.iter().position(|one| one.number == number) else { return };
        let now = self.timeline.now();
        let others = Rc::make_mut(&mut self.others);
        let mine = std::mem::replace(&mut self.timeline, others[at].timeline.clone());
        let label = std::mem::replace(&mut self.label, others[at].label.clone());
        others[at] = Branch { number: self.number, label, timeline: mine };
        others.sort_by_key(|one| one.number);
        self.compared = self.compared.map(|_| self.number);
        self.number = number;
        self.history().seek(now);
    }

    /// Brings the future shown beside this one to the same moment.
    pub(super) fn follow(&mut self) {
        let now: SimTime = self.timeline.now();
        let at = self.others.iter().position(|one| Some(one.number) == self.compared);
        match at {
            None => self.compared = None,
            Some(at) if self.others[at].timeline.now() != now => {
                Rc::make_mut(&mut Rc::make_mut(&mut self.others)[at].timeline).seek(now);
            }
            Some(_) => {}
        }
    }
}
