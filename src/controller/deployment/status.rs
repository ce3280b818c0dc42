//! What a Deployment's status says: counts, whether it is available, whether it makes progress.
//!
//! Upstream: calculateStatus in pkg/controller/deployment/sync.go and
//! pkg/controller/deployment/progress.go

use super::rollout::wanted;
use super::{Sets, Sync};
use crate::api::apps::deployment::{DeploymentStatus, ReplicaSet};
use crate::api::meta::{Condition, condition};
use crate::apiserver::Answer;
use crate::base::time::Span;
use crate::client::Requeue;
use std::rc::Rc;

pub(super) const PROGRESSING: &str = "Progressing";
const FAILURE: &str = "ReplicaFailure";
const DONE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";

/// Puts a condition at the end, unless one of the same status and reason is there.
fn set(conditions: &mut Vec<Condition>, mut new: Condition) {
    if let Some(old) = condition(conditions, &new.kind) {
        if old.status == new.status && old.reason == new.reason {
            return;
        }
        if old.status == new.status {
            new.last_transition_time = old.last_transition_time;
        }
    }
    conditions.retain(|old| old.kind != new.kind);
    conditions.push(new);
}

impl Sync<'_, '_> {
    /// Whether it is to say when it makes no progress.
    pub(super) fn has_deadline(&self) -> bool {
        self.it.spec.progress_deadline_seconds.is_some_and(|seconds| seconds != i32::MAX)
    }

    fn condition(&self, kind: &str, status: &str, reason: &str, message: &str) -> Condition {
        let now = Some(self.cx.now.whole_second());
        Condition {
            kind: kind.into(),
            status: status.into(),
            last_update_time: now,
            last_transition_time: now,
            reason: reason.into(),
            message: message.into(),
            ..Condition::default()
        }
    }

    /// Says how the roll-out goes, in the status that is written next.
    pub(super) fn set_progress(&mut self, status: &str, reason: &str, message: &str) {
        let new = self.condition(PROGRESSING, status, reason, message);
        set(&mut self.it.status.conditions, new);
    }

    /// Writes the status, and the revision with it.
    pub(super) fn write_status(&mut self) -> Answer<()> {
        self.cx.client().update_status(self.it.clone()).map(drop)
    }

    /// Whether everything is as wanted.
    pub(super) fn is_complete(&self, status: &DeploymentStatus) -> bool {
        let replicas = self.it.replicas();
        status.updated_replicas == replicas
            && status.replicas == replicas
            && status.available_replicas == replicas
            && status.observed_generation >= self.it.meta.generation
    }

    fn count(&self, sets: &Sets) -> DeploymentStatus {
        let sum = |count: fn(&ReplicaSet) -> i32| {
            sets.all().map(|set| count(set)).fold(0, i32::saturating_add)
        };
        let available = sum(|set| set.status.available_replicas);
        let mut conditions = self.it.status.conditions.clone();
        let (status, reason, message) =
            match available >= self.it.replicas() - self.it.max_unavailable() {
                true => ("True", "MinimumReplicasAvailable", "has"),
                false => ("False", "MinimumReplicasUnavailable", "does not have"),
            };
        let message = format!("Deployment {message} minimum availability.");
        set(&mut conditions, self.condition("Available", status, reason, &message));
        DeploymentStatus {
            observed_generation: self.it.meta.generation,
            replicas: sum(|set| set.status.replicas),
            updated_replicas: sets.new.as_ref().map_or(0, |new| new.status.replicas),
            ready_replicas: sum(|set| set.status.ready_replicas),
            available_replicas: available,
            unavailable_replicas: (wanted(sets.all()) - available).max(0),
            terminating_replicas: terminating(sets),
            conditions,
            collision_count: self.it.status.collision_count,
            rest: self.it.status.rest.clone(),
        }
    }

    /// Writes the counts alone, if they say anything new.
    pub(super) fn write_counts(&mut self, sets: &Sets) -> Answer<Requeue> {
        let status = self.count(sets);
        if self.it.status != status {
            self.it.status = status;
            self.write_status()?;
        }
        Ok(Requeue::AwaitChange)
    }

    /// Writes the counts and how the roll-out goes, if that says anything new; else says when to
    /// look again whether it still makes progress.
    pub(super) fn write_progress(&mut self, sets: &Sets) -> Answer<Requeue> {
        let mut status = self.count(sets);
        if !self.has_deadline() {
            status.conditions.retain(|condition| &*condition.kind != PROGRESSING);
        }
        let current = condition(&self.it.status.conditions, PROGRESSING).cloned();
        let done = status.replicas == status.updated_replicas
            && current.as_ref().is_some_and(|condition| &*condition.reason == DONE);
        if self.has_deadline() && !done {
            self.judge(sets, current.as_ref(), &mut status);
        }
        let failures = |set: &Rc<ReplicaSet>| condition(&set.status.conditions, FAILURE).cloned();
        let failure = sets.new.as_ref().and_then(failures);
        match failure.or_else(|| sets.all().find_map(failures)) {
            Some(mut failure) => {
                failure.last_update_time = failure.last_transition_time;
                set(&mut status.conditions, failure);
            }
            None => status.conditions.retain(|condition| &*condition.kind != FAILURE),
        }
        if self.waits.is_empty() {
            self.wait_for_new(sets, &status);
        }
        if self.it.status == status {
            return Ok(self.look_again(current.as_ref(), &status));
        }
        self.it.status = status;
        self.write_status()?;
        Ok(Requeue::AwaitChange)
    }

    /// Complete, making progress, or out of time: the new condition in `status`.
    fn judge(&self, sets: &Sets, current: Option<&Condition>, status: &mut DeploymentStatus) {
        let what = match &sets.new {
            Some(new) => format!("ReplicaSet {:?}", &*new.meta.name),
            None => format!("Deployment {:?}", &*self.it.meta.name),
        };
        let say = |status: &str, reason: &str, text: &str| {
            self.condition(PROGRESSING, status, reason, &format!("{what} {text}."))
        };
        let (complete, progress) = (self.is_complete(status), is_progress(&self.it.status, status));
        let conditions = &mut status.conditions;
        if complete {
            set(conditions, say("True", DONE, "has successfully progressed"));
        } else if progress {
            // Also a repetition of the same reason moves the time of the last update.
            let mut new = say("True", "ReplicaSetUpdated", "is progressing");
            if let Some(current) = current.filter(|current| &*current.status == "True") {
                new.last_transition_time = current.last_transition_time;
            }
            conditions.retain(|condition| &*condition.kind != PROGRESSING);
            conditions.push(new);
        } else if self.is_late(condition(conditions, PROGRESSING)) {
            set(conditions, say("False", TIMED_OUT, "has timed out progressing"));
        }
    }

    /// Whether the last progress is longer ago than the deadline allows.
    fn is_late(&self, progressing: Option<&Condition>) -> bool {
        let Some(last) = progressing.filter(|condition| &*condition.reason != DONE) else {
            return false;
        };
        let deadline = self.deadline_after(last);
        &*last.reason == TIMED_OUT || deadline.is_some_and(|at| at < self.cx.now)
    }

    fn deadline_after(&self, last: &Condition) -> Option<crate::base::time::SimTime> {
        let seconds = self.it.spec.progress_deadline_seconds.unwrap_or(0).max(0);
        Some(last.last_update_time? + Span::seconds(seconds as u64))
    }

    /// A second after the deadline, if it still may pass; when it is nearer than that upstream
    /// looks every few milliseconds, here as soon as it has passed. Upstream goes on looking
    /// at a rollout that was done and has lost a Pod since, without any effect.
    fn look_again(&self, current: Option<&Condition>, status: &DeploymentStatus) -> Requeue {
        let running = current.filter(|condition| {
            let settled = [DONE, TIMED_OUT].contains(&&*condition.reason);
            self.has_deadline() && !self.is_complete(status) && !settled
        });
        let Some(at) = running.and_then(|last| self.deadline_after(last)) else {
            return Requeue::Rest;
        };
        let left = at.since(self.cx.now);
        if left < Span::seconds(1) {
            return Requeue::After(left + Span::millis(5));
        }
        Requeue::After(left + Span::seconds(1))
    }
}

/// How many Pods are terminating; unknown while a ReplicaSet has not said so.
fn terminating(sets: &Sets) -> Option<i32> {
    let told = |set: &&Rc<ReplicaSet>| {
        set.status.observed_generation != 0 || set.status.terminating_replicas.is_some()
    };
    let mut sum = 0;
    for set in sets.all().filter(told) {
        sum += set.status.terminating_replicas?;
    }
    Some(sum)
}

/// Whether there are more new Pods, fewer old ones, or more that are ready or available.
fn is_progress(before: &DeploymentStatus, after: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
    after.updated_replicas > before.updated_replicas
        || old(after) < old(before)
        || after.ready_replicas > before.ready_replicas
        || after.available_replicas > before.available_replicas
}
