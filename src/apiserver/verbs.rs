//! The verbs that write: create, update, update the status, bind. Each is all or nothing.
//!
//! An update without a version is what a patch is upstream: it goes to the newest object.
//!
//! Not here: watch caches and pagination (reading is `Store`'s); the refusal of updates
//! without a version that a few kinds have.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go,
//! pkg/registry/rest/{create,update}.go and pkg/registry/core/pod/storage/storage.go

use super::deletion::ends;
use super::status::Status;
use super::watch::Change;
use super::{Answer, ApiServer, strategy};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::managed::Managed;
use crate::api::meta::{Condition, ResourceVersion, Uid, set_condition};
use crate::base::Str;
use crate::base::names::{self, RecordedName};
use crate::base::time::SimTime;
use std::rc::Rc;

/// How often a taken generated name is made anew.
const NAME_TRIES: u32 = 8;

/// Whether a write counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// It does.
    #[default]
    Off,
    /// Only its answer is wanted (`--dry-run=server`).
    All,
}

/// In what way an object is changed, as far as its field managers are concerned.
pub(super) enum How {
    /// By an update through this subresource; empty for the object itself.
    By(&'static str),
    /// In a way that has found out already who set which fields.
    Known(Managed),
}

impl ApiServer {
    /// Creates an object. The server gives it its uid, version and times, its defaults, and
    /// its name if only a prefix is given.
    pub fn create(&mut self, now: SimTime, object: Object) -> Answer<Object> {
        self.create_or_try(now, object, DryRun::Off)
    }

    /// Creates an object, or says what creating it would give.
    pub fn create_or_try(
        &mut self,
        now: SimTime,
        mut object: Object,
        dry_run: DryRun,
    ) -> Answer<Object> {
        let kind = object.kind();
        strategy::default(&mut object, &self.config);
        self.note_creation(now, &mut object);
        self.admit(&mut object)?;
        let uid = Uid(names::uid(&mut self.uids));
        let meta = object.meta_mut();
        meta.uid = uid;
        meta.resource_version = ResourceVersion(0);
        meta.creation_timestamp = Some(now.whole_second());
        meta.deletion_timestamp = None;
        meta.deletion_grace_period_seconds = None;
        if meta.name.is_empty() && !meta.generate_name.is_empty() {
            self.generate_name(&mut object);
        }
        strategy::prepare_create(&mut object, now, &self.config);
        let causes = strategy::validate_create(&object, &self.config);
        if !causes.is_empty() {
            return Err(Status::invalid(kind, &object.meta().name, causes));
        }
        let key = object.key();
        self.check_quota(&object, None)?;
        if self.store.object(kind, &key).is_some() {
            return Err(Status::already_exists(kind, &key.name));
        }
        if let Object::Service(service) = &mut object {
            self.give_addresses(Rc::make_mut(service))?;
        }
        if dry_run == DryRun::All {
            return Ok(object);
        }
        let namespace = key.namespace.clone();
        let made = self.commit(kind, key, Some(object));
        self.count_quotas(&namespace);
        Ok(made)
    }

    fn generate_name(&mut self, object: &mut Object) {
        let pinned = object.typed::<Pod>().and_then(|pod| pod.spec.pinned_to()).map(Str::from);
        let (kind, meta) = (object.kind(), object.meta_mut());
        // Long prefixes are cut so that the whole is a name.
        let prefix = meta.generate_name.clone();
        let cut = prefix.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|n| *n <= 58);
        let prefix = &prefix[..cut.last().unwrap_or(0)];
        if kind == Kind::Pod && !self.recorded_names.is_empty() {
            let whole = format!("{}/{prefix}", meta.namespace);
            let pinned = pinned.as_deref().unwrap_or("");
            let fits = |recorded: &RecordedName| {
                let suffix = recorded.name.strip_prefix(&*whole);
                suffix.is_some_and(|suffix| suffix.len() == 5) && *recorded.pinned == *pinned
            };
            if let Some(at) = self.recorded_names.iter().position(fits) {
                let recorded = Rc::make_mut(&mut self.recorded_names).remove(at);
                meta.name = recorded.name[meta.namespace.len() + 1..].into();
                meta.uid = Uid(meta.uid.0 << 32 >> 32 | u128::from(recorded.uid) << 96);
                return;
            }
        }
        for _ in 0..NAME_TRIES {
            meta.name = format!("{prefix}{}", names::suffix(&mut self.names, 5)).into();
            if self.store.object(kind, &Key::of(meta)).is_none() {
                return;
            }
        }
    }

    /// Replaces an object's wishes (not its status). Refused if `object` carries a version
    /// that is no longer the newest.
    pub fn update(&mut self, now: SimTime, object: Object) -> Answer<Object> {
        self.update_or_try(now, object, DryRun::Off)
    }

    /// Replaces an object's wishes, or says what that would give.
    pub fn update_or_try(&mut self, now: SimTime, new: Object, dry_run: DryRun) -> Answer<Object> {
        self.update_as(now, new, dry_run, How::By(""))
    }

    /// The same, in one of the ways that field managers are told by.
    pub(super) fn update_as(
        &mut self,
        now: SimTime,
        mut new: Object,
        dry_run: DryRun,
        how: How,
    ) -> Answer<Object> {
        let old = self.newest(&mut new)?;
        let kind = new.kind();
        strategy::default(&mut new, &self.config);
        match how {
            How::Known(managed) => new.meta_mut().managed = managed,
            How::By(subresource) => self.note_update(now, &mut new, &old, subresource),
        }
        strategy::prepare_update(&mut new, &old, &self.config);
        let causes = strategy::validate_update(&new, &old);
        if !causes.is_empty() {
            return Err(Status::invalid(kind, &new.meta().name, causes));
        }
        self.admit_update(&new, &old)?;
        if new.kind() == Kind::PersistentVolumeClaim {
            self.check_quota(&new, Some(&old))?;
        }
        if let Object::Service(service) = &mut new {
            self.give_addresses(Rc::make_mut(service))?;
        }
        self.write_back(None, old, new, dry_run)
    }

    /// Replaces an object's status only; kinds whose status is not apart are updated whole.
    pub fn update_status(&mut self, now: SimTime, mut new: Object) -> Answer<Object> {
        if !strategy::has_status(new.kind()) {
            return self.update(now, new);
        }
        let old = self.newest(&mut new)?;
        // What components send has been read from the server, with all its defaults.
        if !self.manager.is_empty() {
            strategy::default(&mut new, &self.config);
        }
        self.note_update(now, &mut new, &old, "status");
        strategy::prepare_status(&mut new, &old, now);
        let causes = strategy::validate_status(&new, &old);
        if !causes.is_empty() {
            return Err(Status::invalid(new.kind(), &new.meta().name, causes));
        }
        self.write_back(Some(now), old, new, DryRun::Off)
    }

    /// Binds a Pod to a node, as the scheduler does; refused if it is bound or being deleted.
    pub fn bind(&mut self, now: SimTime, key: &Key, node: &Str) -> Answer<Object> {
        let Some(pod) = self.store.get::<Pod>(key) else {
            return Err(Status::not_found(Kind::Pod, &key.name));
        };
        let why = if pod.meta.is_terminating() {
            format!("pod {} is being deleted, cannot be assigned to a host", key.name)
        } else if !pod.spec.node_name.is_empty() {
            format!("pod {} is already assigned to node {:?}", key.name, pod.spec.node_name)
        } else if !pod.spec.scheduling_gates.is_empty() {
            format!("pod {} has non-empty .spec.schedulingGates", key.name)
        } else {
            let mut pod: Pod = (**pod).clone();
            Rc::make_mut(&mut pod.spec).node_name = node.clone();
            let scheduled = Condition {
                kind: "PodScheduled".into(),
                status: "True".into(),
                ..Condition::default()
            };
            set_condition(&mut pod.status.conditions, scheduled, now);
            pod.status.nominated_node_name = "".into();
            let object = Object::Pod(Rc::new(pod));
            return Ok(self.commit(Kind::Pod, key.clone(), Some(object)));
        };
        let mut status = Status::conflict(Kind::Pod, &key.name, "");
        status.kind = "pods/binding".into();
        status.message =
            format!("Operation cannot be fulfilled on pods/binding {:?}: {why}", key.name);
        Err(status)
    }

    /// The object that `new` is to replace. Fills in what `new` may leave out.
    fn newest(&self, new: &mut Object) -> Answer<Object> {
        let (kind, key) = (new.kind(), new.key());
        let Some(old) = self.store.object(kind, &key) else {
            return Err(Status::not_found(kind, &key.name));
        };
        let (meta, was) = (new.meta(), old.meta());
        if meta.uid.0 != 0 && meta.uid != was.uid {
            let namespace = if key.namespace.is_empty() { "" } else { "/" };
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}{namespace}{}/{}, \
                 ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in \
                 precondition: {}, UID in object meta: {}",
                kind.info().plural,
                key.namespace,
                key.name,
                meta.uid,
                was.uid
            );
            return Err(Status::conflict(kind, &key.name, &why));
        }
        if meta.resource_version.0 != 0 && meta.resource_version != was.resource_version {
            return Err(Status::modified(kind, &key.name));
        }
        let old = old.clone();
        let (meta, was) = (new.meta_mut(), old.meta());
        meta.uid = was.uid;
        meta.resource_version = was.resource_version;
        meta.creation_timestamp = was.creation_timestamp;
        if was.deletion_timestamp.is_some() {
            meta.deletion_timestamp = was.deletion_timestamp;
        }
        if meta.deletion_grace_period_seconds.is_none() {
            meta.deletion_grace_period_seconds = was.deletion_grace_period_seconds;
        }
        Ok(old)
    }

    /// Writes what is new: nothing if nothing is, and a removal if that was all that was
    /// waited for. If it is the status that was written, `status_at` is now.
    fn write_back(
        &mut self,
        status_at: Option<SimTime>,
        old: Object,
        mut new: Object,
        dry_run: DryRun,
    ) -> Answer<Object> {
        let (kind, key) = (new.kind(), new.key());
        if dry_run == DryRun::All || new == old {
            return Ok(new);
        }
        if let Some(now) = status_at {
            new.meta_mut().managed.status_at = now;
        }
        // A Namespace has finalizers of its own.
        let held = matches!(&new, Object::Namespace(own) if !own.spec.finalizers.is_empty());
        if ends(new.meta(), old.meta()) && !held {
            self.commit(kind, key.clone(), None);
            self.count_quotas(&key.namespace);
            return Ok(new);
        }
        let written = self.commit(kind, key, Some(new));
        self.recount_quotas(&old, &written);
        Ok(written)
    }

    /// Writes: one revision, one entry in the log.
    pub(super) fn commit(&mut self, kind: Kind, key: Key, mut new: Option<Object>) -> Object {
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
