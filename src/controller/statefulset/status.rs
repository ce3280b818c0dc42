//! What a StatefulSet's status says, and when it is written: once at the end of a sync that
//! found something changed, with the counts as the cache showed them at its beginning.
//!
//! Upstream: pkg/controller/statefulset/stateful_set_status_updater.go, and in
//! stateful_set_control.go and stateful_set_utils.go what computes and compares a status

use super::Sync;
use super::utils::min_ready;
use crate::api::apps::stateful_set::{StatefulSet, StatefulSetStatus, UpdateStrategyType};
use crate::apiserver::Answer;

impl Sync<'_, '_> {
    /// The status as of now.
    pub(super) fn count(&self) -> StatefulSetStatus {
        let (current, update) = (&self.revisions.current.meta, &self.revisions.update.meta);
        let roster = &self.roster;
        let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        StatefulSetStatus {
            observed_generation: self.set.meta.generation,
            replicas: number(roster.len()),
            ready_replicas: number(roster.ready()),
            available_replicas: number(roster.available(self.cx.now, min_ready(&self.set))),
            current_replicas: number(roster.count_at(&current.name)),
            updated_replicas: number(roster.count_at(&update.name)),
            current_revision: current.name.clone(),
            update_revision: update.name.clone(),
            collision_count: Some(self.revisions.collision_count),
            ..StatefulSetStatus::default()
        }
    }

    /// Writes the status, if it says anything new.
    pub(super) fn write_status(&mut self) -> Answer<()> {
        complete_rolling_update(&self.set, &mut self.status);
        if !is_inconsistent(&self.set.status, &self.status) {
            return Ok(());
        }
        let mut set = (*self.set).clone();
        set.status = self.status.clone();
        let answer = self.cx.client().update_status(set);
        let Err(conflict) = answer.as_ref().map(drop) else { return Ok(()) };
        if !conflict.is_conflict() {
            return Err(conflict.clone());
        }
        // Somebody changed the set meanwhile, a scale perhaps. What was seen stays true.
        let key = self.key();
        let newest = self.cx.client().get::<StatefulSet>(&key)?;
        if newest.meta.uid != self.set.meta.uid {
            return answer.map(drop);
        }
        let status = self.status.clone();
        self.cx.client().patch_status::<StatefulSet>(&key, |set| set.status = status).map(drop)
    }
}

/// Once all Pods are at the update revision and Ready, it is the current one.
fn complete_rolling_update(set: &StatefulSet, status: &mut StatefulSetStatus) {
    let all = set.replicas();
    let rolling = set.spec.update_strategy.kind == UpdateStrategyType::RollingUpdate;
    let counts = [status.updated_replicas, status.ready_replicas, status.replicas];
    if rolling && counts == [all; 3] {
        status.current_replicas = status.updated_replicas;
        status.current_revision = status.update_revision.clone();
    }
}

fn is_inconsistent(old: &StatefulSetStatus, new: &StatefulSetStatus) -> bool {
    let counts = |s: &StatefulSetStatus| {
        let rest = (s.current_replicas, s.updated_replicas);
        (s.replicas, s.ready_replicas, s.available_replicas, rest)
    };
    new.observed_generation > old.observed_generation
        || counts(new) != counts(old)
        || new.current_revision != old.current_revision
        || new.update_revision != old.update_revision
}
