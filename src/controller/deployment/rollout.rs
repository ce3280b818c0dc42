//! How many Pods each ReplicaSet may have: in a rolling update, in one that recreates, and when
//! the whole is scaled.
//!
//! Upstream: pkg/controller/deployment/{rolling,recreate}.go, scale and scaleReplicaSet in
//! pkg/controller/deployment/sync.go, NewRSNewReplicas and GetReplicaSetProportion in
//! pkg/controller/deployment/util/deployment_util.go

use super::sets::{by_age, max_before};
use super::{Sets, Sync, sets};
use crate::api::apps::deployment::{DeploymentStatus, ReplicaSet};
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::Answer;
use crate::base::sorted;
use crate::client::Requeue;
use crate::client::recorder::EventKind;
use crate::trace::Because;
use std::rc::Rc;

/// How many Pods they are to have in all.
pub(super) fn wanted<'s>(sets: impl Iterator<Item = &'s Rc<ReplicaSet>>) -> i32 {
    sets.map(|set| set.replicas()).fold(0, i32::saturating_add)
}

fn available<'s>(sets: impl Iterator<Item = &'s Rc<ReplicaSet>>) -> i32 {
    sets.map(|set| set.status.available_replicas).fold(0, i32::saturating_add)
}

impl Sync<'_, '_> {
    /// How many Pods the new ReplicaSet, which has `now`, may have beside `others`.
    pub(super) fn room_for_new<'s>(
        &self,
        others: impl Iterator<Item = &'s Rc<ReplicaSet>>,
        now: i32,
    ) -> i32 {
        let replicas = self.it.replicas();
        if !self.it.is_rolling() {
            return replicas;
        }
        let most = replicas.saturating_add(self.it.max_surge());
        let room = most.saturating_sub(wanted(others).saturating_add(now));
        now + room.max(0).min(replicas - now)
    }

    /// RollingUpdate: up as far as the surge allows, down as far as Pods are available; one of
    /// both at a time.
    pub(super) fn roll(&mut self) -> Answer<Requeue> {
        let sets = self.sync_revision(true)?;
        let Some(new) = sets.new.clone() else { return self.write_progress(&sets) };
        let replicas = self.it.replicas();
        let size = match new.replicas() > replicas {
            true => replicas,
            false => self.room_for_new(sets.old.iter(), new.replicas()),
        };
        if self.resize(&new, size)? {
            return self.write_progress(&sets);
        }
        // What goes wrong here is tried again with the next change.
        if self.shrink_old(&sets, &new).unwrap_or(false) {
            return self.write_progress(&sets);
        }
        self.finish(&sets)
    }

    fn finish(&mut self, sets: &Sets) -> Answer<Requeue> {
        if self.is_complete(&self.it.status) {
            self.clean_up(&sets.old)?;
        }
        self.write_progress(sets)
    }

    /// Says what an update waits for whose status will be `status`.
    pub(super) fn wait_for_new(&mut self, sets: &Sets, status: &DeploymentStatus) {
        let Some(new) = sets.new.as_ref().filter(|_| !self.is_complete(status)) else { return };
        let on = ObjectRef::new(Kind::ReplicaSet, Key::of(&new.meta));
        self.wait(
            Some(on),
            match wanted(sets.old.iter()) {
                0 => Because::ReplicasNotAvailable,
                _ => Because::OldReplicasStay,
            },
        );
    }

    /// Takes Pods from old ReplicaSets: first those that are not available anyway.
    fn shrink_old(&mut self, sets: &Sets, new: &ReplicaSet) -> Answer<bool> {
        let mut old: Vec<_> = sets.old.iter().filter(|set| set.replicas() > 0).cloned().collect();
        if old.is_empty() {
            return Ok(false);
        }
        let least = self.it.replicas() - self.it.max_unavailable();
        let new_unavailable = new.replicas() - new.status.available_replicas;
        let most = wanted(sets.all()) - least - new_unavailable;
        if most <= 0 {
            return Ok(false);
        }
        by_age(&mut old);
        let mut gone = 0;
        for set in &mut old {
            let spare = set.replicas() - set.status.available_replicas;
            let count = spare.min(most - gone);
            if count <= 0 {
                continue;
            }
            *set = self.resize_to(set, set.replicas() - count)?;
            gone += count;
        }
        let mut left = available(old.iter()) + new.status.available_replicas - least;
        for set in &old {
            let count = set.replicas().min(left);
            if count <= 0 {
                continue;
            }
            self.resize(set, set.replicas() - count)?;
            left -= count;
            gone += count;
        }
        Ok(gone > 0)
    }

    /// Recreate: nothing new before everything old is gone.
    pub(super) fn recreate(&mut self) -> Answer<Requeue> {
        let mut sets = self.sync_revision(false)?;
        let mut shrunk = false;
        for set in &mut sets.old {
            if set.replicas() > 0 {
                *set = self.resize_to(set, 0)?;
                shrunk = true;
            }
        }
        if shrunk {
            return self.write_progress(&sets);
        }
        if let Some(on) = self.old_pod(&sets) {
            self.wait(Some(on), Because::OldPodRemains);
            return self.write_progress(&sets);
        }
        if sets.new.is_none() {
            sets = self.sync_revision(true)?;
        }
        if let Some(new) = sets.new.clone() {
            self.resize(&new, self.it.replicas())?;
        }
        self.finish(&sets)
    }

    /// A Pod of an old ReplicaSet, or the ReplicaSet that still counts one.
    fn old_pod(&mut self, sets: &Sets) -> Option<ObjectRef> {
        let new = sets.new.as_ref().map(|new| new.meta.uid);
        for set in self.sets.iter().filter(|set| Some(set.meta.uid) != new) {
            for pod in self.cx.cache.pods_of(set.meta.uid) {
                *self.cx.visits += 1;
                let owned = pod.meta.controller_of().is_some_and(|o| o.uid == set.meta.uid);
                if owned && !pod.is_terminal() {
                    return Some(ObjectRef::new(Kind::Pod, Key::of(&pod.meta)));
                }
            }
        }
        let counts = sets.old.iter().find(|set| set.status.replicas > 0)?;
        Some(ObjectRef::new(Kind::ReplicaSet, Key::of(&counts.meta)))
    }

    /// Brings all ReplicaSets to what the Deployment wants in all: the only one that has Pods
    /// gets everything, several get their shares.
    pub(super) fn scale(&mut self, sets: &Sets) -> Answer<()> {
        let replicas = self.it.replicas();
        let mut active: Vec<_> = sets.all().filter(|set| set.replicas() > 0).cloned().collect();
        let newest = || {
            let mut old = sets.old.clone();
            by_age(&mut old);
            sets.new.clone().or_else(|| old.pop())
        };
        let only = match &active[..] {
            [] => newest(),
            [one] => Some(one.clone()),
            _ => None,
        };
        if let Some(only) = only {
            return self.resize(&only, replicas).map(drop);
        }
        let full = |set: &ReplicaSet| {
            set.replicas() == replicas
                && sets::number(&set.meta, sets::DESIRED) == Some(replicas)
                && set.status.available_replicas == replicas
        };
        if active.is_empty() {
            return Ok(());
        }
        if sets.new.as_ref().is_some_and(|new| full(new)) {
            for set in sets.old.iter().filter(|set| set.replicas() > 0) {
                self.resize(set, 0)?;
            }
            return Ok(());
        }
        if !self.it.is_rolling() {
            return Ok(());
        }
        let most = if replicas > 0 { replicas.saturating_add(self.it.max_surge()) } else { 0 };
        let missing = most - wanted(active.iter());
        by_age(&mut active);
        if missing > 0 {
            active.reverse();
        }
        if missing != 0 {
            sorted::sort_by_key(&mut active, |set| std::cmp::Reverse(set.replicas()));
        }
        let mut given = 0;
        let mut sizes = Vec::new();
        for set in &active {
            let share = self.share(set, missing, given);
            sizes.push(set.replicas() + share);
            given += share;
        }
        // What rounding left over goes to the largest.
        sizes[0] = (sizes[0] + missing - given).max(0);
        for (set, size) in active.iter().zip(sizes) {
            self.force_size(set, size)?;
        }
        Ok(())
    }

    /// The ReplicaSet's part of `missing` Pods, of which `given` are given already.
    fn share(&self, set: &ReplicaSet, missing: i32, given: i32) -> i32 {
        let size = i64::from(set.replicas());
        if missing == 0 || missing == given {
            return 0;
        }
        let replicas = self.it.replicas();
        let part = if replicas == 0 {
            -size
        } else {
            let now = i64::from(replicas) + i64::from(self.it.max_surge());
            let before = max_before(set).filter(|max| *max != 0);
            match i64::from(before.unwrap_or(self.it.status.replicas)) {
                0 => 0,
                // Rounded half up.
                before => (2 * size * now + before).div_euclid(2 * before) - size,
            }
        };
        let part = i32::try_from(part).unwrap_or(i32::MAX);
        let left = missing - given;
        if missing > 0 { part.min(left) } else { part.max(left) }
    }

    /// Gives the ReplicaSet another size; says whether it has another now.
    fn resize(&mut self, set: &Rc<ReplicaSet>, size: i32) -> Answer<bool> {
        if set.replicas() == size {
            return Ok(false);
        }
        self.force_size(set, size).map(|_| true)
    }

    fn resize_to(&mut self, set: &Rc<ReplicaSet>, size: i32) -> Answer<Rc<ReplicaSet>> {
        if set.replicas() == size { Ok(set.clone()) } else { self.force_size(set, size) }
    }

    /// Gives the ReplicaSet a size, and notes what the Deployment wants even if it stays.
    fn force_size(&mut self, set: &Rc<ReplicaSet>, size: i32) -> Answer<Rc<ReplicaSet>> {
        let before = set.replicas();
        let mut copy = (**set).clone();
        self.annotate_size(&mut copy.meta);
        if before == size && copy.meta.annotations == set.meta.annotations {
            return Ok(set.clone());
        }
        Rc::make_mut(&mut copy.spec).replicas = Some(size);
        let made = self.cx.client().update(copy)?;
        if before != size {
            let way = if before < size { "up" } else { "down" };
            let name = &set.meta.name;
            let text = format!("Scaled {way} replica set {name} from {before} to {size}");
            self.event(EventKind::Normal, "ScalingReplicaSet", &text);
        }
        Ok(made)
    }
}
