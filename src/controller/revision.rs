//! The history of a StatefulSet's template: ControllerRevisions, their names and numbers.
//!
//! Not here: what a revision's data and its hash are; see `api::apps`.
//!
//! Upstream: pkg/controller/history/controller_history.go, and getStatefulSetRevisions and
//! truncateHistory in pkg/controller/statefulset/stateful_set_control.go

use crate::api::apps::revision_hash;
use crate::api::apps::stateful_set::{ControllerRevision, StatefulSet};
use crate::api::kinds::{Key, Kind};
use crate::api::meta::{ObjectMeta, OwnerReference};
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::Str;
use crate::base::sorted;
use crate::client::ControlPlane;
use serde_json::Value;
use std::rc::Rc;

const HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// The two revisions that matter.
#[derive(Clone, Debug)]
pub struct Revisions {
    /// The one Pods come from.
    pub current: Rc<ControllerRevision>,
    /// The one Pods are to come from.
    pub update: Rc<ControllerRevision>,
    /// How often a revision's name was taken by another.
    pub collision_count: i32,
}

/// The set's revisions and those nobody manages that its selector matches, oldest first.
pub fn list(cx: &mut ControlPlane<'_>, set: &StatefulSet) -> Vec<Rc<ControllerRevision>> {
    let selected = |revision: &&Rc<ControllerRevision>| {
        set.spec.selector.as_ref().is_some_and(|selector| selector.matches(&revision.meta.labels))
    };
    let is_owner = |revision: &&Rc<ControllerRevision>| {
        revision.meta.controller_of().is_some_and(|owner| owner.uid == set.meta.uid)
    };
    let own = cx.cache.dependents_of::<ControllerRevision>(set.meta.uid).filter(is_owner);
    let free = cx.cache.free::<ControllerRevision>(&set.meta.namespace);
    let mut all: Vec<_> = own.chain(free).filter(selected).cloned().collect();
    *cx.visits += all.len() as u64;
    sorted::sort_by(&mut all, |a, b| {
        let order = |r: &ControllerRevision| (r.revision, r.meta.creation_timestamp);
        order(a).cmp(&order(b)).then_with(|| a.meta.name.cmp(&b.meta.name))
    });
    all
}

/// Makes the set the owner of those revisions that have none.
pub fn adopt(
    cx: &mut ControlPlane<'_>,
    owner: &OwnerReference,
    revisions: &[Rc<ControllerRevision>],
) -> Answer<()> {
    for revision in revisions.iter().filter(|revision| revision.meta.controller_of().is_none()) {
        let adopt = |newest: &mut ControllerRevision| {
            newest.meta.owner_references.push(owner.clone());
        };
        cx.client().patch(&Key::of(&revision.meta), adopt)?;
    }
    Ok(())
}

/// Finds or makes the revision of the template the set has now, whose data is `data`; goes back
/// to an old one by giving it the highest number.
pub fn sync(
    cx: &mut ControlPlane<'_>,
    set: &StatefulSet,
    owner: OwnerReference,
    data: &Rc<Value>,
    revisions: &[Rc<ControllerRevision>],
) -> Answer<Revisions> {
    let mut collision_count = set.status.collision_count.unwrap_or(0);
    let number = revisions.last().map_or(1, |newest| newest.revision + 1);
    let same = |r: &ControllerRevision| Rc::ptr_eq(&r.data, data) || r.data == *data;
    let update = match revisions.iter().rposition(|revision| same(revision)) {
        Some(newest) if newest + 1 == revisions.len() => revisions[newest].clone(),
        Some(earlier) => {
            let key = Key::of(&revisions[earlier].meta);
            let renumber = |newest: &mut ControllerRevision| newest.revision = number;
            cx.client().patch(&key, renumber)?
        }
        None => create(cx, set, owner, data, number, &mut collision_count)?,
    };
    let is_current = |r: &&Rc<ControllerRevision>| r.meta.name == set.status.current_revision;
    let current = revisions.iter().find(is_current).cloned().unwrap_or_else(|| update.clone());
    Ok(Revisions { current, update, collision_count })
}

fn create(
    cx: &mut ControlPlane<'_>,
    set: &StatefulSet,
    owner: OwnerReference,
    data: &Rc<Value>,
    number: i64,
    collision_count: &mut i32,
) -> Answer<Rc<ControllerRevision>> {
    let mut labels = set.spec.template.meta.labels.clone();
    labels.set(HASH_LABEL, revision_hash(data, *collision_count));
    let mut revision = ControllerRevision {
        meta: ObjectMeta {
            namespace: set.meta.namespace.clone(),
            labels,
            annotations: set.meta.annotations.clone(),
            owner_references: vec![owner],
            ..ObjectMeta::default()
        },
        data: data.clone(),
        revision: number,
        ..ControllerRevision::default()
    };
    loop {
        let hash = revision_hash(data, *collision_count);
        revision.meta.name = name(&set.meta.name, &hash);
        match cx.client().create(revision.clone()) {
            Err(status) if status.is_already_exists() => {
                let taken = cx.client().get::<ControllerRevision>(&Key::of(&revision.meta))?;
                if taken.data == *data {
                    return Ok(taken);
                }
                *collision_count += 1;
            }
            answer => return answer,
        }
    }
}

/// `web-f99c84b4b`.
fn name(set: &str, hash: &str) -> Str {
    let end = (0..=set.len().min(223)).rev().find(|&end| set.is_char_boundary(end));
    format!("{}-{hash}", &set[..end.unwrap_or(0)]).into()
}

/// Deletes the oldest revisions that no Pod and no status needs, down to the set's limit.
/// `in_use` tells whether a Pod is at the revision of that name.
pub fn truncate(
    cx: &mut ControlPlane<'_>,
    set: &StatefulSet,
    revisions: &[Rc<ControllerRevision>],
    live: &Revisions,
    mut in_use: impl FnMut(&str) -> bool,
) -> Answer<()> {
    let limit = set.spec.revision_history_limit.unwrap_or(10);
    // Even if none were in use there would not be too many.
    if limit < 0 || revisions.len() <= limit as usize {
        return Ok(());
    }
    let named = |name: &Str| [&live.current.meta.name, &live.update.meta.name].contains(&name);
    let old = |r: &&Rc<ControllerRevision>| !named(&r.meta.name) && !in_use(&r.meta.name);
    let history: Vec<_> = revisions.iter().filter(old).collect();
    let surplus = history.len().saturating_sub(limit as usize);
    for revision in &history[..surplus] {
        let key = Key::of(&revision.meta);
        cx.client().delete(Kind::ControllerRevision, &key, &DeleteOptions::default())?;
    }
    Ok(())
}
