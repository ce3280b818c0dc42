//! Deleting: at once, or in steps, where Pods get their grace and finalizers must agree.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go, and Delete in
//! pkg/registry/generic/registry/store.go; pkg/registry/core/pod/strategy.go for the grace

use super::status::{Cause, Status};
use super::{Answer, ApiServer};
use crate::api::core::config::Namespace;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{ObjectMeta, ResourceVersion, Uid};
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

/// The finalizer of an object whose dependents are to lose their owner first.
pub const ORPHAN: &str = "orphan";
/// The finalizer of an object whose dependents are to go first.
pub const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of an object's dependents when it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are collected afterwards.
    #[default]
    Background,
    /// They go first.
    Foreground,
    /// They stay and lose their owner.
    Orphan,
}

/// How an object is to be deleted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteOptions {
    /// Seconds of grace; the object's own if not given. 0 removes a Pod at once, whether or
    /// not it has stopped.
    pub grace_period_seconds: Option<i64>,
    /// What becomes of its dependents.
    pub propagation: Propagation,
    /// Only if the object still has this uid.
    pub uid: Option<Uid>,
    /// Only if the object still has this resourceVersion.
    pub resource_version: Option<ResourceVersion>,
    /// Only say what would happen.
    pub dry_run: bool,
}

/// What the grace period makes of a deletion.
enum Grace {
    /// The kind has none.
    None,
    /// One is running that is not to be shortened.
    Pending,
    /// The object is to have this one now.
    Set(i64),
}

impl ApiServer {
    /// Deletes an object, or begins to: Pods get their grace, and finalizers must agree.
    /// Gives back the object as it was left.
    pub fn delete(
        &mut self,
        now: SimTime,
        kind: Kind,
        key: &Key,
        options: &DeleteOptions,
    ) -> Answer<Object> {
        let Some(old) = self.store.object(kind, key).cloned() else {
            return Err(Status::not_found(kind, &key.name));
        };
        preconditions(&old, options)?;
        if let Some(seconds) = options.grace_period_seconds.filter(|seconds| *seconds < 0) {
            let cause =
                Cause::invalid("gracePeriodSeconds", seconds, "must be greater than or equal to 0");
            return Err(Status::invalid(kind, &key.name, vec![cause]));
        }
        let mut new = old.clone();
        if let Some(answer) = self.delete_namespace(now, &old, options)? {
            return Ok(answer);
        }
        let grace = grace(&old, options);
        if let Grace::Pending = grace {
            return Ok(old);
        }
        let meta = new.meta_mut();
        set_propagation(&mut meta.finalizers, options.propagation);
        let pending = !meta.finalizers.is_empty();
        let mut stays = pending;
        match grace {
            Grace::Set(seconds) => {
                start(meta, now, seconds);
                stays |= seconds > 0;
            }
            _ if pending => mark(meta, now),
            _ => {}
        }
        if options.dry_run {
            return Ok(new);
        }
        let mut last = old.clone();
        if new != old {
            last = self.commit(kind, key.clone(), Some(new));
        }
        if !stays {
            self.commit(kind, key.clone(), None);
            self.count_quotas(&key.namespace);
        }
        Ok(last)
    }

    /// A Namespace is first emptied: it is only marked while it has finalizers of its own.
    fn delete_namespace(
        &mut self,
        now: SimTime,
        old: &Object,
        options: &DeleteOptions,
    ) -> Answer<Option<Object>> {
        let Object::Namespace(namespace) = old else {
            return Ok(None);
        };
        let name = &namespace.meta.name;
        if matches!(&**name, "default" | "kube-system" | "kube-public") {
            let why = "this namespace may not be deleted";
            return Err(Status::forbidden(Kind::Namespace, name, why));
        }
        if namespace.spec.finalizers.is_empty() {
            return Ok(None);
        }
        if namespace.meta.is_terminating() || options.dry_run {
            return Ok(Some(old.clone()));
        }
        let mut new = (**namespace).clone();
        new.meta.deletion_timestamp = Some(now.whole_second());
        new.status.phase = "Terminating".into();
        let object = Object::Namespace(Rc::new(new));
        Ok(Some(self.commit(Kind::Namespace, old.key(), Some(object))))
    }
}

impl ApiServer {
    /// The subresource finalize of a Namespace: takes one of its own finalizers off. With the
    /// last one the Namespace goes, if it is being deleted. An error if it does not exist.
    pub fn finalize_namespace(&mut self, key: &Key, finalizer: &str) -> Answer<()> {
        let Some(namespace) = self.store.get::<Namespace>(key) else {
            return Err(Status::not_found(Kind::Namespace, &key.name));
        };
        let mut new = (**namespace).clone();
        new.spec.finalizers.retain(|own| **own != *finalizer);
        let goes = new.meta.is_terminating()
            && new.spec.finalizers.is_empty()
            && new.meta.finalizers.is_empty();
        let object = (!goes).then(|| Object::Namespace(Rc::new(new)));
        self.commit(Kind::Namespace, key.clone(), object);
        Ok(())
    }
}

fn preconditions(old: &Object, options: &DeleteOptions) -> Answer<()> {
    let meta = old.meta();
    match (options.uid, options.resource_version) {
        (Some(uid), _) if uid != meta.uid => Err(other_uid(old, &uid.to_string())),
        (_, Some(rv)) if rv != meta.resource_version => {
            let found = meta.resource_version.0.to_string();
            Err(unlike(old, "ResourceVersion", &rv.0.to_string(), found, "modified"))
        }
        _ => Ok(()),
    }
}

/// `old` has not the uid that was `wanted` of it.
pub(super) fn other_uid(old: &Object, wanted: &str) -> Status {
    unlike(old, "UID", wanted, old.meta().uid.to_string(), "deleted and then recreated")
}

/// A precondition does not hold.
fn unlike(old: &Object, what: &str, wanted: &str, found: String, tail: &str) -> Status {
    let (info, name) = (old.kind().info(), &old.meta().name);
    let qualified = match info.group {
        "" => info.name.to_string(),
        group => format!("{}.{group}", info.name),
    };
    let mut status = Status::conflict(old.kind(), name, "");
    status.kind = info.name.to_string();
    status.message = format!(
        "Operation cannot be fulfilled on {qualified} {name:?}: the {what} in the precondition \
         ({wanted}) does not match the {what} in record ({found}). The object might have been \
         {tail}"
    );
    status
}

/// Pods alone have grace: what is asked, or their own; none before they have a node and
/// after they ended. A grace that runs can only become shorter.
fn grace(old: &Object, options: &DeleteOptions) -> Grace {
    let Some(pod) = old.typed::<Pod>() else {
        return Grace::None;
    };
    let asked = options.grace_period_seconds;
    match (pod.meta.deletion_grace_period_seconds, asked) {
        (Some(running), Some(asked)) if pod.is_terminating() && asked < running => {
            return Grace::Set(asked);
        }
        (Some(_), _) if pod.is_terminating() => return Grace::Pending,
        _ => {}
    }
    let own = pod.spec.termination_grace_period_seconds;
    let seconds = match asked.or(own).unwrap_or(0) {
        _ if !pod.is_assigned() || pod.is_terminal() => 0,
        seconds if seconds < 0 => 1,
        seconds => seconds,
    };
    Grace::Set(seconds)
}

/// Begins a deletion with `seconds` of grace, or shortens one.
fn start(meta: &mut ObjectMeta, now: SimTime, seconds: i64) {
    let span = |seconds: i64| Span::seconds(seconds.clamp(0, 1 << 40) as u64);
    let began = match (meta.deletion_timestamp, meta.deletion_grace_period_seconds) {
        (Some(end), Some(running)) => end - span(running),
        _ => {
            if meta.generation > 0 {
                meta.generation += 1;
            }
            now.whole_second()
        }
    };
    meta.deletion_timestamp = Some(began + span(seconds));
    meta.deletion_grace_period_seconds = Some(seconds);
}

/// Marks an object that waits for its finalizers.
fn mark(meta: &mut ObjectMeta, now: SimTime) {
    if meta.deletion_grace_period_seconds.is_none() && meta.generation > 0 {
        meta.generation += 1;
    }
    meta.deletion_timestamp.get_or_insert(now.whole_second());
    meta.deletion_grace_period_seconds = Some(0);
}

/// The finalizers of the garbage collector, as `propagation` wants them.
fn set_propagation(finalizers: &mut Vec<Str>, propagation: Propagation) {
    let wanted = match propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
    };
    if let Some(wanted) = wanted
        && finalizers.iter().any(|finalizer| &**finalizer == wanted)
    {
        finalizers.retain(|f| &**f == wanted || !matches!(&**f, ORPHAN | FOREGROUND));
        return;
    }
    finalizers.retain(|finalizer| !matches!(&**finalizer, ORPHAN | FOREGROUND));
    finalizers.extend(wanted.map(Str::from));
}

/// Whether an update of `old` to `new` ends its deletion: the last finalizer went, and no
/// grace is left.
pub(super) fn ends(new: &ObjectMeta, old: &ObjectMeta) -> bool {
    old.is_terminating()
        && new.finalizers.is_empty()
        && new.deletion_grace_period_seconds.unwrap_or(0) == 0
        && old.deletion_grace_period_seconds.unwrap_or(0) == 0
}
