//! Attaches and detaches under way, one at a time for a volume (for a volume that several nodes
//! may have: one for each node), with pauses after failures.
//!
//! Upstream: pkg/volume/util/nestedpendingoperations/nestedpendingoperations.go,
//! pkg/util/goroutinemap/exponentialbackoff/exponential_backoff.go, and the rhythm in which
//! pkg/volume/csi/csi_attacher.go polls

use crate::api::core::pod::Pod;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use std::ops::Bound;
use std::rc::Rc;

/// The volume, and the node if several nodes may have it (empty otherwise).
pub(super) type OperationKey = (Str, Str);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Attach,
    Detach,
}

/// An attach or detach: under way, or failed and to be tried again.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// What is done.
    pub verb: Verb,
    /// On which node.
    pub node: Str,
    /// If it is under way.
    pub pending: Option<Pending>,
    /// Why it failed last.
    pub message: Str,
    pause: Span,
    failed: SimTime,
}

/// An operation under way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// Since when.
    pub since: SimTime,
    /// When its VolumeAttachment is looked at next.
    pub next: SimTime,
    /// The Pods it is done for.
    pub pods: Rc<Vec<Rc<Pod>>>,
    step: Span,
}

const FIRST_POLL: Span = Span::millis(500);
const LONGEST_POLL: Span = Span::seconds(7);
const FIRST_PAUSE: Span = Span::millis(500);
const LONGEST_PAUSE: Span = Span::seconds(122);
/// How long the driver has.
pub(super) const TIMEOUT: Span = Span::seconds(120);

impl Operation {
    /// When it may be tried again.
    pub fn retry_at(&self) -> Option<SimTime> {
        let at = self.failed + self.pause + Span(1);
        (self.pending.is_none() && self.pause.0 > 0).then_some(at)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Operations {
    all: Map<OperationKey, Operation>,
}

impl Operations {
    /// The operation that stands in the way of `key`, or is it.
    pub fn find(&self, key: &OperationKey) -> Option<(&OperationKey, &Operation)> {
        let from = (key.0.clone(), Str::from(""));
        let all = self.all.range((Bound::Included(from), Bound::Unbounded));
        let mut same = all.take_while(|((volume, _), _)| *volume == key.0);
        same.find(|((_, node), _)| node.is_empty() || key.1.is_empty() || *node == key.1)
    }

    /// Whether one is under way.
    pub fn is_pending(&self, key: &OperationKey) -> bool {
        self.find(key).is_some_and(|(_, operation)| operation.pending.is_some())
    }

    /// Whether `verb` may be begun now. If not: when, unless one is under way.
    pub fn may_begin(
        &self,
        key: &OperationKey,
        verb: Verb,
        now: SimTime,
    ) -> Result<(), Option<SimTime>> {
        match self.find(key) {
            Some((_, operation)) if operation.pending.is_some() => Err(None),
            Some((_, operation)) if operation.verb == verb => match operation.retry_at() {
                Some(at) if at > now => Err(Some(at)),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Begins an operation that `may_begin`. One of the other kind that was being held back is
    /// given up, and its pauses with it.
    pub fn begin(
        &mut self,
        key: &OperationKey,
        verb: Verb,
        node: &Str,
        pods: Rc<Vec<Rc<Pod>>>,
        now: SimTime,
    ) {
        let old = self.find(key).map(|(key, operation)| (key.clone(), operation.clone()));
        let mut pause = Span::ZERO;
        if let Some((old_key, old)) = old {
            let held_back = old.retry_at().is_some_and(|at| at > now);
            if old.verb == verb || !held_back {
                pause = old.pause;
            }
            self.all.remove_mut(&old_key);
        }
        let next = now + FIRST_POLL;
        let pending = Some(Pending { since: now, next, pods, step: FIRST_POLL });
        let (node, message) = (node.clone(), "".into());
        let operation = Operation { verb, node, pending, message, pause, failed: now };
        self.all.insert_mut(key.clone(), operation);
    }

    /// The first look comes as late as it may: up to a tenth is chance.
    pub fn look_late(&mut self, key: &OperationKey) {
        let Some(mut operation) = self.all.get(key).cloned() else { return };
        if let Some(pending) = operation.pending.as_mut() {
            pending.next = pending.next + Span(FIRST_POLL.0 / 10);
            self.all.insert_mut(key.clone(), operation);
        }
    }

    /// The operation `key` itself.
    pub fn get(&self, key: &OperationKey) -> Option<&Operation> {
        self.all.get(key)
    }

    /// Lets an operation wait for its next poll; gives the instant.
    pub fn poll_again(&mut self, key: &OperationKey) -> Option<SimTime> {
        let mut operation = self.all.get(key)?.clone();
        let pending = operation.pending.as_mut()?;
        pending.step = Span((pending.step.0 * 21 / 20).min(LONGEST_POLL.0));
        pending.next = (pending.next + pending.step).min(pending.since + TIMEOUT);
        let next = pending.next;
        self.all.insert_mut(key.clone(), operation);
        Some(next)
    }

    /// An operation has succeeded.
    pub fn succeeded(&mut self, key: &OperationKey) {
        self.all.remove_mut(key);
    }

    /// An operation has failed: the pause doubles. Gives the instant of the next attempt.
    pub fn failed(&mut self, key: &OperationKey, message: Str, now: SimTime) -> Option<SimTime> {
        let mut operation = self.all.get(key)?.clone();
        operation.pause = match operation.pause {
            Span::ZERO => FIRST_PAUSE,
            pause => Span((pause.0 * 2).min(LONGEST_PAUSE.0)),
        };
        operation.pending = None;
        operation.failed = now;
        operation.message = message;
        let at = operation.retry_at();
        self.all.insert_mut(key.clone(), operation);
        at
    }
}
