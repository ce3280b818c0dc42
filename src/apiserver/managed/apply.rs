//! Server-side apply: an object as its applier wants it is merged into what is there; what the
//! applier does not say any more goes, unless others want it; what others own is a conflict.
//!
//! `kubectl apply --server-side` does more than one request: it moves what client-side apply
//! owned to its own manager, and keeps the annotation of client-side apply alive.
//!
//! Not here: applying to subresources.
//!
//! Upstream: sigs.k8s.io/structured-merge-diff/v6/merge/update.go (Apply, prune),
//! staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/{structuredmerge,
//! lastappliedmanager,lastappliedupdater,conflict}.go,
//! staging/src/k8s.io/kubectl/pkg/cmd/apply/apply.go and
//! staging/src/k8s.io/client-go/util/csaupgrade/upgrade.go

use super::fields::{difference, intersection, merge, of, paths, prune, union};
use super::{changes, check, managers, scoped, take_away, unit};
use crate::api::apps::go_json;
use crate::api::json::{Problem, Reader};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::managed::{Fields, Managed, Manager};
use crate::apiserver::apply::LAST_APPLIED;
use crate::apiserver::patch::{Patched, go_kind};
use crate::apiserver::status::{Cause, Status};
use crate::apiserver::verbs::How;
use crate::apiserver::{Answer, ApiServer, DryRun, strategy};
use crate::base::time::SimTime;
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// The manager of `kubectl apply --server-side` unless it is told another.
pub const KUBECTL: &str = "kubectl";
/// Its manager for the annotation of client-side apply.
const ANNOTATION: &str = "kubectl-last-applied";

/// What somebody applies.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied<'a> {
    /// The object as it is to be; what is not said is left to others.
    pub tree: &'a Value,
    /// Who applies.
    pub manager: &'a str,
    /// Whether fields are taken from other managers.
    pub force: bool,
    /// Whether only the answer is wanted.
    pub dry_run: DryRun,
}

impl ApiServer {
    /// Applies to the object of `kind` at `key`, which is created if it is not there. Refused
    /// with 409 if that would change fields of other managers and is not forced.
    pub fn apply(
        &mut self,
        now: SimTime,
        kind: Kind,
        key: &Key,
        applied: &Applied<'_>,
    ) -> Answer<Patched> {
        let tree = readable(kind, key, applied)?;
        let old = self.store.object(kind, key).cloned();
        let live = old.as_ref().map_or_else(|| json!({}), Object::to_value);
        let mut all = old.as_ref().map(managers).unwrap_or_default();
        let wanted = of(&tree, unit(kind));
        let mut own = Manager {
            name: applied.manager.into(),
            apply: true,
            subresource: "",
            time: now,
            fields: Rc::new(scoped(wanted.clone(), kind, false)),
        };
        let last = all.iter().position(|manager| manager.is(&own)).map(|at| all.remove(at));
        let mut merged = merge(&live, &tree, unit(kind));
        if let Some(last) = &last {
            let kept = all.iter().fold(wanted, |set, m| union(&set, &m.fields));
            prune(&mut merged, &last.fields, &kept, unit(kind));
        }
        let (changed, removed) = changes(&live, &merged, kind, false);
        if !applied.force {
            let allowed = match applied.manager {
                KUBECTL => last_applied(&live, kind),
                _ => Fields::new(),
            };
            conflicts(kind, &all, &changed, &allowed)?;
        }
        take_away(&mut all, &own, &changed, &removed);
        if let Some(last) = last.filter(|last| last.fields == own.fields) {
            // Nothing new is wanted: only what else changes is a change.
            let same = changed.is_empty() && removed.is_empty();
            own.time = if same { last.time } else { now };
        }
        all.push(own);
        if applied.manager == KUBECTL && !merged["metadata"]["annotations"][LAST_APPLIED].is_null()
        {
            merged["metadata"]["annotations"][LAST_APPLIED] = json!(go_json(&tree) + "\n");
        }
        self.write_applied(now, kind, applied, old, &merged, all)
    }

    fn write_applied(
        &mut self,
        now: SimTime,
        kind: Kind,
        applied: &Applied<'_>,
        old: Option<Object>,
        merged: &Value,
        all: Vec<Manager>,
    ) -> Answer<Patched> {
        let mut reader = Reader::default();
        let mut new = Object::read(kind, merged, &mut reader);
        let unknown = |problem: &&Problem| matches!(problem, Problem::Unknown(_));
        if let Some(problem) = reader.problems.iter().find(|problem| !unknown(problem)) {
            return Err(Status::failure(problem.message()));
        }
        let warnings = strategy::warnings(&new);
        let entries = Some(Rc::new(all));
        let Some(old) = old else {
            new.meta_mut().managed.entries = entries;
            let object = self.create_or_try(now, new, applied.dry_run)?;
            return Ok(Patched { object, changed: true, warnings });
        };
        let managed = Managed { entries, status_at: old.meta().managed.status_at };
        let object = self.update_as(now, new, applied.dry_run, How::Known(managed))?;
        let changed = object != old;
        Ok(Patched { object, changed, warnings })
    }

    /// What `kubectl apply --server-side` does: it applies, and if client-side apply owned
    /// something, that is moved to its manager and it applies once more. What comes after the
    /// first apply may fail; kubectl only warns of that.
    pub fn apply_as_kubectl(
        &mut self,
        now: SimTime,
        kind: Kind,
        key: &Key,
        applied: &Applied<'_>,
    ) -> Answer<Patched> {
        let done = self.apply(now, kind, key, applied)?;
        if applied.dry_run == DryRun::All {
            return Ok(done);
        }
        let kept = self.keep_annotation(now, kind, key, applied, &done.object);
        let object = kept.unwrap_or_else(|| done.object.clone());
        let again = self.migrate(now, kind, key, applied, object.clone());
        Ok(again.unwrap_or(Patched { object, ..done }))
    }

    /// Lets a manager of its own own the annotation of client-side apply, if nobody does who
    /// applies. Gives the object if it was written.
    fn keep_annotation(
        &mut self,
        now: SimTime,
        kind: Kind,
        key: &Key,
        applied: &Applied<'_>,
        object: &Object,
    ) -> Option<Object> {
        let annotation = object.meta().annotations.get(LAST_APPLIED)?;
        let owned = managers(object).iter().any(|manager| owns_annotation(manager, true));
        if applied.manager != KUBECTL || owned {
            return None;
        }
        let info = kind.info();
        let mut tree = json!({
            "apiVersion": info.api_version(), "kind": info.name,
            "metadata": {"name": &*key.name, "annotations": {LAST_APPLIED: &**annotation}},
        });
        if info.namespaced {
            tree["metadata"]["namespace"] = json!(&*key.namespace);
        }
        let applied = Applied { tree: &tree, manager: ANNOTATION, ..applied.clone() };
        self.apply(now, kind, key, &applied).ok().map(|done| done.object)
    }

    /// Moves what client-side apply owned to who applies now, and applies once more; `None` if
    /// there is nothing to move.
    fn migrate(
        &mut self,
        now: SimTime,
        kind: Kind,
        key: &Key,
        applied: &Applied<'_>,
        object: Object,
    ) -> Option<Patched> {
        let (theirs, mut rest): (Vec<Manager>, Vec<Manager>) =
            managers(&object).into_iter().partition(|manager| owns_annotation(manager, false));
        if theirs.is_empty() {
            return None;
        }
        let own = |m: &Manager| m.apply && m.subresource.is_empty() && *m.name == *applied.manager;
        if let Some(own) = rest.iter_mut().find(|manager| own(manager)) {
            let set = theirs.iter().fold((*own.fields).clone(), |set, m| union(&set, &m.fields));
            own.fields = Rc::new(set);
        }
        let status_at = object.meta().managed.status_at;
        let managed = Managed { entries: Some(Rc::new(rest)), status_at };
        self.update_as(now, object, DryRun::Off, How::Known(managed)).ok()?;
        self.apply(now, kind, key, applied).ok()
    }
}

/// Whether `manager` owns the annotation of client-side apply in this way.
fn owns_annotation(manager: &Manager, apply: bool) -> bool {
    let path = json!({"f:metadata": {"f:annotations": {format!("f:{LAST_APPLIED}"): {}}}});
    let path = path.as_object().cloned().unwrap_or_default();
    manager.apply == apply
        && manager.subresource.is_empty()
        && !intersection(&manager.fields, &path).is_empty()
}

/// The tree to apply, with its name and namespace and without a status.
fn readable(kind: Kind, key: &Key, applied: &Applied<'_>) -> Answer<Value> {
    let info = kind.info();
    let mut tree = applied.tree.clone();
    if !tree.is_object() {
        return Err(Status::bad_request(format!(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot \
             unmarshal {} into Go value of type map[string]interface {{}}",
            go_kind(&tree)
        )));
    }
    if applied.manager.is_empty() {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        return Err(Status::bad_options("PatchOptions", vec![cause]));
    }
    let version = tree["apiVersion"].as_str().unwrap_or("").to_string();
    if version != info.api_version() {
        return Err(Status::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, \
             expected: {}",
            info.api_version()
        )));
    }
    if !tree["metadata"]["managedFields"].is_null() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    if let Some(fault) = check::faults(kind, &tree) {
        let place = if info.namespaced { format!("{}/", key.namespace) } else { "/".into() };
        let group = info.group;
        return Err(Status::failure(format!(
            "failed to create typed patch object ({place}{}; {group}/{}, Kind={}): {fault}",
            key.name, info.version, info.name
        )));
    }
    if let Value::Object(map) = &mut tree {
        if strategy::has_status(kind) {
            map.remove("status");
        }
        let meta = map.entry("metadata").or_insert(Value::Null);
        if meta.is_null() {
            *meta = Value::Object(Map::new());
        }
        let given = meta["name"].as_str().unwrap_or("").to_string();
        if !given.is_empty() && given != *key.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({})",
                key.name
            )));
        }
        meta["name"] = json!(&*key.name);
        if info.namespaced {
            meta["namespace"] = json!(&*key.namespace);
        }
    }
    Ok(tree)
}

/// What client-side apply set and nobody has changed since: the first server-side apply of
/// kubectl may take it over.
fn last_applied(live: &Value, kind: Kind) -> Fields {
    let text = live["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap_or("");
    let tree: Value = serde_json::from_str(text).unwrap_or_default();
    let (changed, removed) = changes(&tree, live, kind, false);
    let set = scoped(of(&tree, unit(kind)), kind, false);
    difference(&difference(&set, &changed), &removed)
}

/// Refuses changes of what other managers own.
fn conflicts(kind: Kind, all: &[Manager], changed: &Fields, allowed: &Fields) -> Answer<()> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for manager in all {
        let set = difference(&intersection(&manager.fields, changed), allowed);
        let mut list = Vec::new();
        paths(&set, "", &mut list);
        if list.is_empty() {
            continue;
        }
        let mut name = format!("{:?}", &*manager.name);
        if !manager.subresource.is_empty() {
            name.push_str(&format!(" with subresource {:?}", manager.subresource));
        }
        if !manager.apply {
            name.push_str(&format!(" using {}", kind.info().api_version()));
        }
        found.push((name, list));
    }
    found.sort();
    let count = found.iter().map(|(_, list)| list.len()).sum();
    let message = match (&found[..], count) {
        ([], _) => return Ok(()),
        ([(name, list)], 1) => {
            format!("Apply failed with 1 conflict: conflict with {name}: {}", list[0])
        }
        _ => {
            let lines = found
                .iter()
                .map(|(name, list)| format!("conflicts with {name}:\n- {}", list.join("\n- ")));
            let lines: Vec<String> = lines.collect();
            format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
        }
    };
    let mut status = Status::bad_request(message);
    (status.code, status.reason) = (409, "Conflict");
    for (name, list) in found {
        status.causes.extend(list.into_iter().map(|field| Cause {
            reason: "FieldManagerConflict",
            message: format!("conflict with {name}"),
            field,
        }));
    }
    Err(status)
}
