//! The history of a DaemonSet's template: its ControllerRevisions.
//!
//! Not here: several revisions of the same template, of which upstream keeps one.
//!
//! Upstream: constructHistory, snapshot and cleanupHistory in pkg/controller/daemon/update.go

use super::Sync;
use crate::api::apps::daemon_set::DaemonSet;
use crate::api::apps::stateful_set::ControllerRevision;
use crate::api::apps::{template_data, template_hash};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::ObjectMeta;
use crate::apiserver::roster::REVISION_LABEL;
use crate::apiserver::status::Status;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::{Str, sorted};
use crate::controller::ownership::{self, controller_ref};
use serde_json::Value;
use std::rc::Rc;

/// What there is of the past.
pub(super) struct History {
    /// The hash of the template the set has now: the label of its revision and of its Pods.
    pub hash: Str,
    /// The other revisions, oldest first.
    pub old: Vec<Rc<ControllerRevision>>,
}

impl Sync<'_, '_> {
    /// Finds or makes the revision of the template the set has now, and gives it the highest
    /// number.
    pub(super) fn history(&mut self) -> Answer<History> {
        let set = self.set.clone();
        let cache = self.cx.cache.clone();
        let own = cache.dependents_of::<ControllerRevision>(set.meta.uid);
        let all = own.chain(cache.free::<ControllerRevision>(&set.meta.namespace));
        let all: Vec<Rc<ControllerRevision>> = all.cloned().collect();
        let selector = &set.spec.selector;
        let all = ownership::claim::<DaemonSet, _>(self.cx, &set.meta, selector, all)?;
        let data = template_data(&set.spec.template);
        let (current, mut old): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| *r.data == data);
        sorted::sort_by_key(&mut old, |revision| revision.revision);
        let number = old.last().map_or(1, |newest| newest.revision + 1);
        let current = match current.into_iter().max_by_key(|revision| revision.revision) {
            Some(current) if current.revision < number => {
                let renumber = |newest: &mut ControllerRevision| newest.revision = number;
                self.cx.client().patch(&Key::of(&current.meta), renumber)?
            }
            Some(current) => current,
            None => self.snapshot(data, number)?,
        };
        let hash = current.meta.label(REVISION_LABEL).unwrap_or(&current.meta.name).clone();
        Ok(History { hash, old })
    }

    fn snapshot(&mut self, data: Value, number: i64) -> Answer<Rc<ControllerRevision>> {
        let set = self.set.clone();
        let hash = template_hash(&set.spec.template, set.status.collision_count);
        let mut labels = set.spec.template.meta.labels.clone();
        labels.set(REVISION_LABEL, hash.as_str());
        let revision = ControllerRevision {
            meta: ObjectMeta {
                name: format!("{}-{hash}", set.meta.name).into(),
                namespace: set.meta.namespace.clone(),
                labels,
                annotations: set.meta.annotations.clone(),
                owner_references: vec![controller_ref(Kind::DaemonSet, &set.meta)],
                ..ObjectMeta::default()
            },
            data: Rc::new(data),
            revision: number,
            ..ControllerRevision::default()
        };
        let (key, data) = (Key::of(&revision.meta), revision.data.clone());
        let answer = self.cx.client().create(revision);
        if !answer.as_ref().is_err_and(Status::is_already_exists) {
            return answer;
        }
        let taken = self.cx.client().get::<ControllerRevision>(&key)?;
        if taken.data == data {
            return Ok(taken);
        }
        // Another template has the same hash: next time it is counted in.
        let count = |newest: &mut DaemonSet| *newest.status.collision_count.get_or_insert(0) += 1;
        self.cx.client().patch_status(&Key::of(&set.meta), count)?;
        answer
    }

    /// Deletes the oldest revisions that no Pod needs, down to the set's limit.
    pub(super) fn clean_up(&mut self, old: &[Rc<ControllerRevision>]) -> Answer<()> {
        let limit = usize::try_from(self.set.spec.revision_history_limit.unwrap_or(10));
        let surplus = old.len().saturating_sub(limit.unwrap_or(0));
        if surplus == 0 {
            return Ok(());
        }
        let cache = self.cx.cache.clone();
        let pods: Vec<&Rc<Pod>> = cache.pods_of(self.set.meta.uid).collect();
        let is_free = |revision: &&Rc<ControllerRevision>| {
            let hash = revision.meta.label(REVISION_LABEL);
            pods.iter().all(|pod| pod.meta.label(REVISION_LABEL) != hash)
        };
        for revision in old.iter().filter(is_free).take(surplus) {
            let key = Key::of(&revision.meta);
            self.cx.client().delete(Kind::ControllerRevision, &key, &DeleteOptions::default())?;
        }
        Ok(())
    }
}
