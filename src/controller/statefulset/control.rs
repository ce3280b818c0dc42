//! Decides what a StatefulSet needs next. Knows Pods and claims as the cache shows them; knows
//! nothing of nodes, disks or processes.
//!
//! Upstream goes through all Pods, lowest ordinal first, and stops at the first one that is in
//! the way. Here the roster names that one, and Pods whose identity or claims may have to be
//! mended are on a list of their own, so that a sync looks at few Pods however many there are.
//!
//! Not here: in Parallel, upstream deletes Pods that are too many in batches that double and
//! stops after one in which something failed; here all of them are tried.
//!
//! Upstream: pkg/controller/statefulset/stateful_set_control.go

use super::Sync;
use super::utils::min_ready;
use crate::api::apps::stateful_set::UpdateStrategyType;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Kind, ObjectRef};
use crate::apiserver::Answer;
use crate::apiserver::roster::{ready_since, revision_of};
use crate::base::sorted;
use crate::base::time::{SimTime, Span};
use crate::trace::Because;
use std::ops::Range;
use std::rc::Rc;

/// Whether a sync goes on to the next question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Go,
    Stop,
}
use Flow::{Go, Stop};

impl Sync<'_, '_> {
    /// Creates, mends, deletes what is due now, and says what has to wait for what.
    pub(super) fn update_stateful_set(&mut self) -> Answer<()> {
        if self.set.meta.is_terminating() {
            return Ok(());
        }
        // Up before down: nothing is deleted while a wanted Pod is missing or, in order,
        // not available. And a changed scale before a changed template.
        if self.process_replicas()? == Stop || self.process_condemned()? == Stop {
            return Ok(());
        }
        self.roll_out()
    }

    fn process_replicas(&mut self) -> Answer<Flow> {
        if self.set.allows_burst() { self.all_at_once() } else { self.in_order() }
    }

    /// OrderedReady: up to the first Pod that is missing or not available, and that one.
    fn in_order(&mut self) -> Answer<Flow> {
        let wanted = self.wanted();
        let first = self.first_unavailable(wanted.clone());
        self.mend(wanted.start..first.unwrap_or(wanted.end))?;
        let Some(ordinal) = first else { return Ok(Go) };
        if self.roster.contains(ordinal)
            && let Some(pod) = self.pod(ordinal)
        {
            self.process_existing(ordinal, &pod)?;
            self.wait_in_order(ordinal, &pod);
        } else {
            self.create(ordinal)?;
        }
        Ok(Stop)
    }

    /// Parallel: whatever any Pod needs, in batches that double, up to 500. After a batch in
    /// which something failed there is no next one.
    fn all_at_once(&mut self) -> Answer<Flow> {
        let wanted = self.wanted();
        let mut due: Vec<u32> = self.roster.missing(wanted.clone()).collect();
        due.extend(self.roster.finished(wanted.clone()));
        due.extend(self.desk.unmended.range(wanted.clone()));
        let batch = |ordinal: u32| batch_of(ordinal - wanted.start);
        // Of the goroutines of a batch the one that was started last runs first.
        let is_last = |n: u32| n + 1 >= wanted.end || batch(n + 1) != batch(n);
        sorted::sort_by_key(&mut due, |&ordinal| (batch(ordinal), !is_last(ordinal), ordinal));
        due.dedup();
        let (mut failed, mut at) = (None, 0);
        for ordinal in due {
            if failed.is_some() && batch(ordinal) != at {
                break;
            }
            at = batch(ordinal);
            if let Err(status) = self.process_in_parallel(ordinal) {
                failed = failed.or(Some(status));
            }
        }
        self.wait_in_parallel();
        failed.map_or(Ok(Go), Err)
    }

    fn process_in_parallel(&mut self, ordinal: u32) -> Answer<()> {
        if !self.roster.contains(ordinal) {
            return self.create(ordinal).map(drop);
        }
        let Some(pod) = self.pod(ordinal) else { return Ok(()) };
        if self.process_existing(ordinal, &pod)? == Go {
            self.update_pod(ordinal, &pod)?;
            self.desk.unmended.remove_mut(&ordinal);
        }
        Ok(())
    }

    /// A Pod that ended is deleted, whatever its end: the next sync creates it anew. A Pod that
    /// has not started gets the claims it lacks.
    fn process_existing(&mut self, ordinal: u32, pod: &Rc<Pod>) -> Answer<Flow> {
        if !pod.is_terminal() {
            self.create_missing_claims(ordinal, pod)?;
            return Ok(Go);
        }
        if !pod.is_terminating() {
            self.delete_pod(pod)?;
        }
        Ok(Stop)
    }

    fn create(&mut self, ordinal: u32) -> Answer<Flow> {
        if let Some(claim) = self.claim_is_stale(ordinal) {
            let on = ObjectRef::new(Kind::PersistentVolumeClaim, claim);
            self.wait_on(ordinal, Some(on), Because::ClaimTerminating, None);
            return Ok(Stop);
        }
        self.create_pod(ordinal)?;
        Ok(Go)
    }

    /// Mends the Pods in `range` that may need it.
    fn mend(&mut self, range: Range<u32>) -> Answer<()> {
        let due: Vec<u32> = self.desk.unmended.range(range).copied().collect();
        for ordinal in due {
            if let Some(pod) = self.pod(ordinal) {
                self.update_pod(ordinal, &pod)?;
            }
            self.desk.unmended.remove_mut(&ordinal);
        }
        Ok(())
    }

    /// Pods outside the wanted ordinals, highest first. In order: one at a time, and only when
    /// no other Pod is in trouble.
    fn process_condemned(&mut self) -> Answer<Flow> {
        let wanted = self.wanted();
        self.fix_condemned_claims(&wanted)?;
        if self.set.allows_burst() {
            let mut failed = None;
            for ordinal in self.roster.condemned(wanted) {
                let Some(pod) = self.pod(ordinal) else { continue };
                failed = failed.or(self.delete_pod(&pod).err());
            }
            return failed.map_or(Ok(Go), Err);
        }
        let Some(ordinal) = self.roster.last_outside(wanted.clone()) else { return Ok(Go) };
        let Some(pod) = self.pod(ordinal) else { return Ok(Stop) };
        if pod.is_terminating() {
            let next = self.roster.last_condemned(wanted).unwrap_or(ordinal);
            self.wait(next, Some(ordinal), Because::SuccessorTerminating);
            return Ok(Stop);
        }
        let unhealthy = self.first_unhealthy_condemned(&wanted);
        if !self.is_available(&pod) && unhealthy != Some(ordinal) {
            self.wait(ordinal, unhealthy, Because::ScaleDownBlocked);
            return Ok(Stop);
        }
        self.delete_pod(&pod)?;
        Ok(Stop)
    }

    /// The claims of Pods that are to go may have to go with them.
    fn fix_condemned_claims(&mut self, wanted: &Range<u32>) -> Answer<()> {
        let above = self.desk.unmended.range(wanted.end..).copied();
        let below = self.desk.unmended.range(..wanted.start).copied();
        let mut due: Vec<u32> = below.chain(above).collect();
        due.reverse();
        for ordinal in due {
            if let Some(pod) = self.pod(ordinal)
                && !self.claims_match_retention_policy(ordinal, &pod)
            {
                self.update_claim_owners(ordinal, &pod.meta.name, Some(&pod))?;
            }
            self.desk.unmended.remove_mut(&ordinal);
        }
        Ok(())
    }

    /// Replaces Pods of another revision, from the highest ordinal down.
    fn roll_out(&mut self) -> Answer<()> {
        let strategy = self.set.spec.update_strategy.clone();
        let wanted = self.wanted();
        let update = self.revisions.update.meta.name.clone();
        if strategy.kind == UpdateStrategyType::OnDelete {
            if let Some(ordinal) = self.roster.last_not_at(&update, wanted) {
                self.wait(ordinal, None, Because::OnDelete);
            }
            return Ok(());
        }
        let partition = strategy.rolling_update.as_ref().and_then(|rolling| rolling.partition);
        let first = wanted.start.saturating_add(partition.unwrap_or(0).max(0) as u32);
        let range = first.min(wanted.end)..wanted.end;
        if self.cx.config.flags.max_unavailable_stateful_set {
            return self.replace_several(range);
        }
        let old = self.roster.last_not_at(&update, range.clone());
        let unavailable = self.last_unavailable(range.clone());
        match (old, unavailable) {
            (Some(old), unavailable) if unavailable.is_none_or(|other| other <= old) => {
                self.replace(old)?;
            }
            (Some(old), Some(unavailable)) => {
                self.wait(old, Some(unavailable), Because::RolloutWaits);
            }
            _ => {}
        }
        self.wait_for_partition(range.start, partition.unwrap_or(0));
        Ok(())
    }

    /// With maxUnavailable: as many at once as may still become unavailable.
    fn replace_several(&mut self, range: Range<u32>) -> Answer<()> {
        let wanted = self.wanted();
        let total = wanted.end - wanted.start;
        let rolling = self.set.spec.update_strategy.rolling_update.clone().unwrap_or_default();
        let most = rolling.max_unavailable.and_then(|n| n.scaled(i64::from(total), false));
        let most = most.unwrap_or(1).clamp(1, i64::from(u32::MAX)) as usize;
        let (now, min_ready) = (self.cx.now, min_ready(&self.set));
        let unavailable = self.roster.unavailable(wanted, now, min_ready, most);
        let update = self.revisions.update.meta.name.clone();
        let mut end = range.end;
        for _ in unavailable..most {
            let old = self.roster.last_not_at(&update, range.start..end);
            let Some(old) = old else { break };
            self.replace(old)?;
            end = old;
        }
        if let Some(old) = self.roster.last_not_at(&update, range.start..end)
            && let Some(waits_for) = self.last_unavailable(range.start..range.end)
        {
            self.wait(old, Some(waits_for), Because::RolloutWaits);
        }
        self.wait_for_partition(range.start, rolling.partition.unwrap_or(0));
        Ok(())
    }

    /// Deletes a Pod, so that it is created anew at the update revision.
    fn replace(&mut self, ordinal: u32) -> Answer<()> {
        if let Some(pod) = self.pod(ordinal) {
            match self.delete_pod(&pod) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        // Whatever revision it was at: upstream takes it off the current ones.
        self.status.current_replicas -= 1;
        Ok(())
    }

    /// The ordinals the set wants.
    pub(super) fn wanted(&self) -> Range<u32> {
        super::utils::wanted(&self.set)
    }

    fn first_unavailable(&self, range: Range<u32>) -> Option<u32> {
        self.roster.first_unavailable(range, self.cx.now, min_ready(&self.set))
    }

    fn last_unavailable(&self, range: Range<u32>) -> Option<u32> {
        self.roster.last_unavailable(range, self.cx.now, min_ready(&self.set))
    }

    fn first_unhealthy_condemned(&self, wanted: &Range<u32>) -> Option<u32> {
        let (now, min_ready) = (self.cx.now, min_ready(&self.set));
        let first = |range| self.roster.first_unhealthy(range, now, min_ready);
        first(0..wanted.start).or_else(|| first(wanted.end..u32::MAX))
    }

    /// Whether the Pod is Running and has been Ready for long enough.
    fn is_available(&self, pod: &Pod) -> bool {
        self.available_at(pod).is_some_and(|at| at <= self.cx.now)
    }

    /// When the Pod is available if it stays Ready.
    fn available_at(&self, pod: &Pod) -> Option<SimTime> {
        let since = ready_since(pod)?;
        let min_ready = min_ready(&self.set);
        // The exact instant does not count yet.
        let margin = Span::millis(u64::from(min_ready.0 > 0));
        Some(since + min_ready + margin)
    }
}

/// Saying what waits.
impl Sync<'_, '_> {
    /// Says that the Pod `subject` waits for the Pod `on`.
    pub(super) fn wait(&mut self, subject: u32, on: Option<u32>, because: Because) {
        let on = on.map(|ordinal| self.pod_ref(ordinal));
        self.wait_on(subject, on, because, None);
    }

    /// Something stands before the Pod with this ordinal: missing, ended, not available.
    fn wait_in_order(&mut self, ordinal: u32, pod: &Pod) {
        let until = self.available_at(pod).filter(|_| !pod.is_terminating());
        let min_ready = min_ready(&self.set);
        if pod.is_terminating() {
            self.wait(ordinal, Some(ordinal), Because::IdentityHeld);
        } else if until.is_none() && self.is_old(ordinal, pod) {
            self.wait(ordinal, Some(ordinal), Because::BrokenRevision);
        }
        let on = Some(self.pod_ref(ordinal));
        let (wanted, update) = (self.wanted(), self.revisions.update.meta.name.clone());
        let missing = self.roster.missing(ordinal..wanted.end).next();
        if let Some(next) = missing {
            let because = match until {
                _ if pod.is_terminating() => Because::PredecessorTerminating,
                None => Because::PredecessorNotReady,
                Some(_) => Because::PredecessorNotAvailable { min_ready },
            };
            self.wait_on(next, on, because, until);
        } else if let Some(condemned) = self.roster.last_outside(wanted.clone()) {
            self.wait_on(condemned, on, Because::ScaleDownBlocked, until);
        } else if let Some(old) = self.roster.last_not_at(&update, wanted)
            && old != ordinal
        {
            self.wait_on(old, on, Because::RolloutWaits, until);
        } else if !pod.is_terminating() {
            let because = match until {
                None => Because::PodNotReady,
                Some(_) => Because::PodNotAvailable { min_ready },
            };
            self.wait_set(on, because, until);
        }
    }

    /// Whether a rolling update would replace the Pod if it were well.
    fn is_old(&self, ordinal: u32, pod: &Pod) -> bool {
        let update = &self.revisions.update.meta.name;
        let strategy = &self.set.spec.update_strategy;
        let partition = strategy.rolling_update.as_ref().and_then(|rolling| rolling.partition);
        let first = self.wanted().start.saturating_add(partition.unwrap_or(0).max(0) as u32);
        strategy.kind == UpdateStrategyType::RollingUpdate
            && ordinal >= first
            && revision_of(pod) != *update
    }

    /// Nothing waits for anything but for a name that a terminating Pod still holds.
    fn wait_in_parallel(&mut self) {
        let wanted = self.wanted();
        let held = self.roster.terminating(wanted.clone()).next();
        if let Some(held) = held {
            self.wait(held, Some(held), Because::IdentityHeld);
            return;
        }
        let (now, min_ready) = (self.cx.now, min_ready(&self.set));
        if let Some(ordinal) = self.roster.first_unhealthy(wanted, now, min_ready)
            && let Some(pod) = self.pod(ordinal)
        {
            let until = self.available_at(&pod);
            let because = match until {
                None => Because::PodNotReady,
                Some(_) => Because::PodNotAvailable { min_ready },
            };
            self.wait_set(Some(self.pod_ref(ordinal)), because, until);
        }
    }

    fn wait_for_partition(&mut self, first: u32, partition: i32) {
        let below = self.wanted().start..first;
        if let Some(ordinal) = self.roster.last_not_at(&self.revisions.update.meta.name, below) {
            self.wait(ordinal, None, Because::Partition { partition });
        }
    }
}

/// Which batch the Pod at `index` is in: batches hold 1, 2, 4, … 256 and then 500 each.
fn batch_of(index: u32) -> u32 {
    if index < 511 { (index + 1).ilog2() } else { 9 + (index - 511) / 500 }
}

#[cfg(test)]
mod tests {
    use super::batch_of;

    #[test]
    fn batches_double_up_to_500() {
        let sizes = |batch| (0..2000).filter(|&index| batch_of(index) == batch).count();
        assert_eq!([0, 1, 2, 8, 9, 10].map(sizes), [1, 2, 4, 256, 500, 500]);
    }
}
