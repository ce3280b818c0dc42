//! Which ReplicaSet is the new one, how it is named, and the revisions that number all of them.
//!
//! Upstream: getNewReplicaSet and cleanupDeployment in pkg/controller/deployment/sync.go,
//! pkg/controller/deployment/util/deployment_util.go

use super::{Sets, Sync, status};
use crate::api::apps::deployment::{Deployment, ReplicaSet, ReplicaSetSpec};
use crate::api::apps::template_hash;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::meta::{ObjectMeta, condition};
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::sorted;
use crate::client::recorder::EventKind;
use crate::controller::ownership::controller_ref;
use crate::trace::{Because, Wait};
use std::rc::Rc;

pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const HASH_LABEL: &str = "pod-template-hash";

/// How many characters of earlier revisions a ReplicaSet keeps.
const HISTORY_LENGTH: usize = 2000;

/// Annotations of a Deployment that its ReplicaSets do not get.
const OWN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MAX,
];

/// The number in an annotation.
pub(super) fn number(meta: &ObjectMeta, key: &str) -> Option<i32> {
    meta.annotations.get(key)?.parse().ok()
}

/// How many Pods all of the Deployment's ReplicaSets together could have when this one was last
/// scaled.
pub(super) fn max_before(set: &ReplicaSet) -> Option<i32> {
    number(&set.meta, MAX)
}

fn revision(set: &ReplicaSet) -> i64 {
    set.meta.annotations.get(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether two templates are the same but for the hash.
pub(super) fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    let bare = |template: &PodTemplateSpec| {
        let mut meta = template.meta.clone();
        meta.labels.remove(HASH_LABEL);
        meta
    };
    (Rc::ptr_eq(&a.spec, &b.spec) || a.spec == b.spec) && bare(a) == bare(b)
}

/// By age, the oldest first.
pub(super) fn by_age(sets: &mut Vec<Rc<ReplicaSet>>) {
    sorted::sort_by_key(sets, |set| (set.meta.creation_timestamp, set.meta.name.clone()));
}

impl Sync<'_, '_> {
    /// Finds the ReplicaSet of the template there is now, or makes it if it may, and sees to its
    /// revision and the Deployment's.
    pub(super) fn sync_revision(&mut self, create: bool) -> Answer<Sets> {
        let mut old = self.sets.clone();
        *self.cx.visits += old.len() as u64;
        by_age(&mut old);
        let template = &self.it.spec.template;
        let new = old.iter().position(|set| same_template(&set.spec.template, template));
        let new = new.map(|at| old.remove(at));
        let next = old.iter().map(|set| revision(set)).max().unwrap_or(0).max(0) + 1;
        let new = match new {
            Some(new) => Some(self.renumber(new, next)?),
            None if create => Some(self.create_set(&old, next)?),
            None => None,
        };
        Ok(Sets { new, old })
    }

    /// Gives the ReplicaSet the Deployment's annotations and the revision `next`, if it is an
    /// older one that comes back.
    fn renumber(&mut self, set: Rc<ReplicaSet>, next: i64) -> Answer<Rc<ReplicaSet>> {
        let mut copy = (*set).clone();
        annotate(&self.it, &mut copy.meta, next);
        let min_ready = self.it.spec.min_ready_seconds;
        if copy.meta.annotations != set.meta.annotations || copy.spec.min_ready_seconds != min_ready
        {
            Rc::make_mut(&mut copy.spec).min_ready_seconds = min_ready;
            return self.cx.client().update(copy);
        }
        let number = copy.meta.annotations.get(REVISION).cloned().unwrap_or_default();
        let mut changed = self.set_revision(&number);
        let progressing = condition(&self.it.status.conditions, status::PROGRESSING);
        if self.has_deadline() && progressing.is_none() {
            let text = format!("Found new replica set {:?}", &*set.meta.name);
            self.set_progress("True", "FoundNewReplicaSet", &text);
            changed = true;
        }
        if changed {
            self.write_status()?;
        }
        Ok(set)
    }

    /// Sets the Deployment's revision, which is written with its status.
    fn set_revision(&mut self, number: &str) -> bool {
        let known = self.it.meta.annotations.get(REVISION);
        let changed = known.is_none_or(|known| **known != *number);
        if changed {
            self.it.meta.annotations.set(REVISION, number);
        }
        changed
    }

    /// The ReplicaSet of the template there is now, as it is to be created beside `old`.
    fn draw(&self, old: &[Rc<ReplicaSet>], next: i64) -> ReplicaSet {
        let it = &self.it;
        let mut template = it.spec.template.clone();
        let hash = template_hash(&template, it.status.collision_count);
        template.meta.labels.set(HASH_LABEL, hash.as_str());
        let mut selector = it.spec.selector.clone();
        selector.get_or_insert_default().match_labels.set(HASH_LABEL, hash.as_str());
        let mut meta = ObjectMeta {
            name: name(&it.meta.name, &hash).into(),
            namespace: it.meta.namespace.clone(),
            labels: template.meta.labels.clone(),
            owner_references: vec![controller_ref(Kind::Deployment, &it.meta)],
            ..ObjectMeta::default()
        };
        annotate(it, &mut meta, next);
        self.annotate_size(&mut meta);
        let spec = ReplicaSetSpec {
            replicas: Some(self.room_for_new(old.iter(), 0)),
            min_ready_seconds: it.spec.min_ready_seconds,
            selector,
            template,
            ..ReplicaSetSpec::default()
        };
        ReplicaSet { meta, spec: spec.into(), ..ReplicaSet::default() }
    }

    fn create_set(&mut self, old: &[Rc<ReplicaSet>], next: i64) -> Answer<Rc<ReplicaSet>> {
        let set = self.draw(old, next);
        let (key, replicas) = (Key::of(&set.meta), set.replicas());
        let (made, known) = match self.cx.client().create(set) {
            Ok(made) => (made, false),
            Err(status) if status.is_already_exists() => {
                let found = self.cx.cache.get::<ReplicaSet>(&key).cloned().ok_or(status.clone())?;
                let owner = found.meta.controller_of().map(|owner| owner.uid);
                let same = same_template(&found.spec.template, &self.it.spec.template);
                if owner != Some(self.it.meta.uid) || !same {
                    // The name is another's: the next try gets another one.
                    let count = self.it.status.collision_count.unwrap_or(0);
                    self.it.status.collision_count = Some(count + 1);
                    let written = self.write_status();
                    return Err(written.err().unwrap_or(status));
                }
                (found, true)
            }
            Err(status) if super::is_namespace_going(&status) => return Err(status),
            Err(status) => {
                let text = format!("Failed to create new replica set {:?}: {status}", &*key.name);
                if self.has_deadline() {
                    self.set_progress("False", "ReplicaSetCreateError", &text);
                    let _ = self.write_status();
                }
                self.event(EventKind::Warning, "ReplicaSetCreateError", &text);
                let subject = ObjectRef::new(Kind::ReplicaSet, key);
                let because = Because::Refused { message: status.message.as_str().into() };
                let since = self.cx.now;
                self.waits.push(Wait { subject, on: None, because, since, until: None });
                return Err(status);
            }
        };
        if !known && replicas > 0 {
            let text = format!("Scaled up replica set {} from 0 to {replicas}", made.meta.name);
            self.event(EventKind::Normal, "ScalingReplicaSet", &text);
        }
        let mut changed = self.set_revision(&next.to_string());
        if !known && self.has_deadline() {
            let text = format!("Created new replica set {:?}", &*made.meta.name);
            self.set_progress("True", "NewReplicaSetCreated", &text);
            changed = true;
        }
        if changed {
            self.write_status()?;
        }
        Ok(made)
    }

    /// Notes on a ReplicaSet how many Pods the Deployment wants and may have.
    pub(super) fn annotate_size(&self, meta: &mut ObjectMeta) {
        let wanted = self.it.replicas();
        let most = wanted.saturating_add(self.it.max_surge());
        meta.annotations.set(DESIRED, wanted.to_string());
        meta.annotations.set(MAX, most.to_string());
    }

    /// Deletes the oldest ReplicaSets that are empty, down to the limit.
    pub(super) fn clean_up(&mut self, old: &[Rc<ReplicaSet>]) -> Answer<()> {
        let limit = self.it.spec.revision_history_limit.unwrap_or(i32::MAX);
        let mut sets: Vec<_> = old.iter().filter(|set| !set.meta.is_terminating()).collect();
        if limit == i32::MAX || sets.len() as i64 <= i64::from(limit) {
            return Ok(());
        }
        let surplus = sets.len() - limit.max(0) as usize;
        sorted::sort_by_key(&mut sets, |set| revision(set));
        for set in &sets[..surplus] {
            let seen = set.meta.generation <= set.status.observed_generation;
            if set.status.replicas != 0 || set.replicas() != 0 || !seen {
                continue;
            }
            let key = Key::of(&set.meta);
            match self.cx.client().delete(Kind::ReplicaSet, &key, &DeleteOptions::default()) {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(())
    }
}

/// `site-69c4fcc8ff`, cut so that it is a name.
fn name(deployment: &str, hash: &str) -> String {
    let most = 253 - 1 - hash.len();
    format!("{}-{hash}", deployment.get(..most).unwrap_or(deployment))
}

/// Copies the Deployment's annotations and, if the revision is to become a higher one, sets it;
/// the one it had goes into the history.
fn annotate(from: &Deployment, meta: &mut ObjectMeta, next: i64) {
    for (key, value) in from.meta.annotations.iter().filter(|(key, _)| !OWN.contains(&&***key)) {
        if meta.annotations.get(key) != Some(value) {
            meta.annotations.set(key, value.clone());
        }
    }
    let had = meta.annotations.get(REVISION).cloned();
    let number = had.as_ref().map_or(Ok(0), |text| text.parse::<i64>());
    if number.is_ok_and(|number| number >= next) {
        return;
    }
    meta.annotations.set(REVISION, next.to_string());
    let Some(had) = had else { return };
    let history = meta.annotations.get(HISTORY).cloned().unwrap_or_default();
    let mut all = match history.is_empty() {
        true => had.to_string(),
        false => format!("{history},{had}"),
    };
    while all.len() > HISTORY_LENGTH
        && let Some((_, rest)) = all.split_once(',')
    {
        all = rest.to_string();
    }
    meta.annotations.set(HISTORY, all);
}
