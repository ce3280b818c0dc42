//! What was done can be taken back: older states, each under the name of the deed that left it.
//!
//! Not here: terminals, whose lines stay as they were typed.

use super::branch::Branch;
use super::{File, Session};
use crate::base::Str;
use crate::timeline::Timeline;
use std::rc::Rc;

/// Histories kept for undo.
const UNDO_MAX: usize = 32;

/// An older state to go back to.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub label: Str,
    pub timeline: Rc<Timeline>,
    pub files: Rc<Vec<File>>,
    pub current: usize,
    pub others: Rc<Vec<Branch>>,
    pub number: u32,
    pub branch: Str,
}

impl Session {
    pub(super) fn before(&self, label: Str) -> Before {
        Before {
            label,
            timeline: self.timeline.clone(),
            files: self.files.clone(),
            current: self.current,
            others: self.others.clone(),
            number: self.number,
            branch: self.label.clone(),
        }
    }

    pub(super) fn remember(&mut self, label: String) {
        let before = self.before(label.into());
        self.push(before);
    }

    pub(super) fn push(&mut self, before: Before) {
        let undo = Rc::make_mut(&mut self.undo);
        if undo.len() == UNDO_MAX {
            undo.remove(0);
        }
        undo.push(before);
    }

    pub(super) fn forget_last(&mut self) {
        Rc::make_mut(&mut self.undo).pop();
    }

    pub(super) fn take_back(&mut self) {
        let Some(before) = Rc::make_mut(&mut self.undo).pop() else { return };
        self.interrupt("something was taken back");
        self.timeline = before.timeline;
        self.files = before.files;
        self.current = before.current;
        self.others = before.others;
        self.number = before.number;
        self.label = before.branch;
        self.report = None;
        self.said = format!("taken back: {}", before.label).into();
    }
}
