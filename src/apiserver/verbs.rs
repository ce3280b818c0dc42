//! The verbs: create, update, patch, delete. Each is all or nothing.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and
//! pkg/registry/rest/{create,update,delete}.go

use super::status::Status;
use super::watch::Change;
use super::{Answer, ApiServer};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{ResourceVersion, Uid};
use crate::base::Str;
use crate::base::names;
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

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
}

impl ApiServer {
    /// Creates an object. The server gives it its uid, version and times, and its name if
    /// only a prefix is given.
    pub fn create(&mut self, now: SimTime, mut object: Object) -> Answer<Object> {
        let kind = object.kind();
        if object.meta().name.is_empty() && !object.meta().generate_name.is_empty() {
            let name =
                format!("{}{}", object.meta().generate_name, names::suffix(&mut self.names, 5));
            object.meta_mut().name = name.into();
        }
        let key = object.key();
        if self.store.object(kind, &key).is_some() {
            return Err(Status::already_exists(kind, &key.name));
        }
        let uid = Uid(names::uid(&mut self.uids));
        let meta = object.meta_mut();
        meta.uid = uid;
        meta.creation_timestamp = Some(now.whole_second());
        meta.deletion_timestamp = None;
        meta.generation = 1;
        Ok(self.commit(kind, key, Some(object)))
    }

    /// Replaces an object's wishes (not its status). Refused if `object` carries a version
    /// that is no longer the newest.
    pub fn update(&mut self, now: SimTime, object: Object) -> Answer<Object> {
        let (kind, key) = (object.kind(), object.key());
        let old = self.newest(kind, &key, object.meta().resource_version)?;
        self.write_back(now, kind, key, old, object)
    }

    /// Replaces an object's status only.
    pub fn update_status(&mut self, now: SimTime, object: Object) -> Answer<Object> {
        self.update(now, object)
    }

    /// Deletes an object, or begins to: Pods get their grace, and finalizers must agree.
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
        if options.uid.is_some_and(|uid| uid != old.meta().uid) {
            return Err(Status::conflict(kind, &key.name, "Precondition failed: UID"));
        }
        let grace = match old.typed::<Pod>() {
            Some(pod) if pod.is_assigned() && !pod.is_terminal() => options
                .grace_period_seconds
                .or(pod.spec.termination_grace_period_seconds)
                .unwrap_or(30),
            _ => 0,
        };
        let mut new = old.clone();
        if grace > 0 || !new.meta().finalizers.is_empty() {
            if new.meta().is_terminating() && grace > 0 {
                return Ok(old);
            }
            let meta = new.meta_mut();
            let end = now + Span::seconds(grace.max(0) as u64);
            meta.deletion_timestamp = Some(end.whole_second());
            meta.deletion_grace_period_seconds = Some(grace);
            meta.generation += 1;
            return Ok(self.commit(kind, key.clone(), Some(new)));
        }
        self.commit(kind, key.clone(), None);
        Ok(old)
    }

    /// Binds a Pod to a node.
    pub fn bind(&mut self, now: SimTime, key: &Key, node: &Str) -> Answer<Object> {
        let Some(Object::Pod(pod)) = self.store.object(Kind::Pod, key).cloned() else {
            return Err(Status::not_found(Kind::Pod, &key.name));
        };
        let mut pod: Pod = (*pod).clone();
        Rc::make_mut(&mut pod.spec).node_name = node.clone();
        self.update(now, Object::Pod(Rc::new(pod)))
    }

    fn newest(&self, kind: Kind, key: &Key, seen: ResourceVersion) -> Answer<Object> {
        let Some(old) = self.store.object(kind, key) else {
            return Err(Status::not_found(kind, &key.name));
        };
        if seen.0 != 0 && seen != old.meta().resource_version {
            return Err(Status::modified(kind, &key.name));
        }
        Ok(old.clone())
    }

    fn write_back(
        &mut self,
        _now: SimTime,
        kind: Kind,
        key: Key,
        old: Object,
        mut new: Object,
    ) -> Answer<Object> {
        new.meta_mut().resource_version = old.meta().resource_version;
        if new == old {
            return Ok(old);
        }
        if new.meta().is_terminating()
            && new.meta().finalizers.is_empty()
            && new.meta().deletion_grace_period_seconds == Some(0)
        {
            self.commit(kind, key, None);
            return Ok(new);
        }
        Ok(self.commit(kind, key, Some(new)))
    }

    /// Writes: one revision, one entry in the log.
    fn commit(&mut self, kind: Kind, key: Key, mut new: Option<Object>) -> Object {
        let revision = self.store.revision() + 1;
        self.writes += 1;
        if let Some(object) = &mut new {
            object.meta_mut().resource_version = ResourceVersion(revision);
        }
        let old = self.store.put(revision, kind, &key, new.clone());
        let written = new.clone().or_else(|| old.clone());
        self.log.append(Change { revision, kind, key, old, new });
        written.expect("a write puts something or removes something")
    }
}
