//! Creates, mends and deletes a StatefulSet's Pods and claims, and tells people about it.
//! Does what it is told; what is due is decided in `control`.
//!
//! Where upstream reads an object from its cache, changes it and, on a conflict, tries again
//! after a pause, the newest object is changed at once here: same outcome, without the pause.
//!
//! Upstream: pkg/controller/statefulset/stateful_pod_control.go

use super::Sync;
use super::utils::{self, Blueprint, Owner, claim_keys, pod_key};
use crate::api::apps::stateful_set::{ControllerRevision, UpdateStrategyType};
use crate::api::core::pod::{Pod, PodPhase, PodTemplateSpec};
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::json::{Json, Reader};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::apiserver::status::Status;
use crate::apiserver::{Answer, DeleteOptions};
use crate::base::Str;
use crate::client::recorder::EventKind;
use crate::trace::Because;
use std::rc::Rc;

impl Sync<'_, '_> {
    /// The Pod with this ordinal, as the cache has it.
    pub(super) fn pod(&mut self, ordinal: u32) -> Option<Rc<Pod>> {
        *self.cx.visits += 1;
        self.cx.cache.get::<Pod>(&pod_key(&self.set, ordinal)).cloned()
    }

    fn claim(&mut self, key: &Key) -> Option<Rc<PersistentVolumeClaim>> {
        *self.cx.visits += 1;
        self.cx.cache.get::<PersistentVolumeClaim>(key).cloned()
    }

    /// Creates the Pod with this ordinal, its missing claims first.
    pub(super) fn create_pod(&mut self, ordinal: u32) -> Answer<()> {
        let revision = self.revision_for(ordinal);
        let pod = self.blueprint(&revision).pod(&self.set, ordinal);
        let name = pod.meta.name.clone();
        if let Err(status) = self.create_claims(ordinal, &name) {
            self.pod_event("Create", &name, Err(&status));
            return Err(status);
        }
        let answer = self.cx.client().create(pod.clone()).map(drop);
        if let Err(status) = &answer {
            // Somebody who does not belong to the set holds the name. Nobody is told, and
            // nothing wakes the set when the name becomes free: only the growing pauses do.
            if status.is_already_exists() {
                self.wait(ordinal, Some(ordinal), Because::IdentityHeld);
                return answer;
            }
            self.wait(ordinal, None, Because::Refused { message: status.message.as_str().into() });
        }
        if let Err(status) = self.update_claim_owners(ordinal, &name, None) {
            self.pod_event("Update", &name, Err(&status));
            return Err(status);
        }
        self.pod_event("Create", &name, answer.as_ref().copied());
        if answer.is_ok() && revision.meta.name != self.revisions.update.meta.name {
            // Not seen in the cache yet, but the roll-out must know that it is an old one.
            self.roster.insert(&self.set.meta.name, &pod);
        }
        answer
    }

    /// Deletes a Pod.
    pub(super) fn delete_pod(&mut self, pod: &Pod) -> Answer<()> {
        let key = Key::of(&pod.meta);
        let answer = self.cx.client().delete(Kind::Pod, &key, &DeleteOptions::default()).map(drop);
        self.pod_event("Delete", &pod.meta.name, answer.as_ref().copied());
        answer
    }

    /// Makes a Pod say who it is and have the volumes and claims the set wants.
    pub(super) fn update_pod(&mut self, ordinal: u32, pod: &Pod) -> Answer<()> {
        let set = self.set.clone();
        let name = pod.meta.name.clone();
        let identity = utils::identity_matches(&set, pod);
        let storage = utils::storage_matches(&set, pod, ordinal);
        let retention = self.claims_match_retention_policy(ordinal, pod);
        if identity && storage && retention {
            return Ok(());
        }
        let mut prepared = if storage { Ok(()) } else { self.create_claims(ordinal, &name) };
        if prepared.is_ok() && !retention {
            prepared = self.update_claim_owners(ordinal, &name, Some(pod));
        }
        if let Err(status) = prepared {
            self.pod_event("Update", &name, Err(&status));
            self.wait(ordinal, None, Because::Refused { message: status.message.as_str().into() });
            return Err(status);
        }
        let answer = self.cx.client().patch::<Pod>(&Key::of(&pod.meta), |newest| {
            if !identity {
                utils::update_identity(newest, ordinal);
            }
            if !storage {
                let volumes = utils::with_claims(&set, ordinal, &newest.spec.volumes);
                Rc::make_mut(&mut newest.spec).volumes = volumes;
            }
        });
        let answer = answer.map(drop);
        if let Err(status) = &answer {
            self.wait(ordinal, None, Because::Refused { message: status.message.as_str().into() });
        }
        self.pod_event("Update", &name, answer.as_ref().copied());
        answer
    }

    /// Creates the claims a Pod lacks that is still waiting to start.
    pub(super) fn create_missing_claims(&mut self, ordinal: u32, pod: &Pod) -> Answer<()> {
        if pod.status.phase != PodPhase::Pending {
            return Ok(());
        }
        self.create_claims(ordinal, &pod.meta.name)?;
        let answer = self.update_claim_owners(ordinal, &pod.meta.name, Some(pod));
        if let Err(status) = &answer {
            self.pod_event("Update", &pod.meta.name, Err(status));
        }
        answer
    }

    /// Whether all claims of the Pod have the owners that the set's policy wants.
    pub(super) fn claims_match_retention_policy(&mut self, ordinal: u32, pod: &Pod) -> bool {
        let set = self.set.clone();
        let owner = Owner::new(&set, ordinal, &pod.meta.name, Some(&pod.meta));
        claim_keys(&set, ordinal)
            .all(|key| self.claim(&key).is_none_or(|claim| owner.is_up_to_date(&claim)))
    }

    /// Whether a claim of the Pod that is to be created still belongs to an earlier Pod of the
    /// same name, with which it will go.
    pub(super) fn claim_is_stale(&mut self, ordinal: u32) -> Option<Key> {
        let set = self.set.clone();
        if !utils::deletes_when_scaled(&set) {
            return None;
        }
        let name = pod_key(&set, ordinal).name;
        let owner = Owner::new(&set, ordinal, &name, None);
        let stale = |key: &Key| self.claim(key).is_some_and(|claim| owner.is_stale_for_pod(&claim));
        claim_keys(&set, ordinal).find(stale)
    }

    /// Gives the claims of a Pod the owners that the set's policy wants.
    pub(super) fn update_claim_owners(
        &mut self,
        ordinal: u32,
        name: &Str,
        pod: Option<&Pod>,
    ) -> Answer<()> {
        let set = self.set.clone();
        let owner = Owner::new(&set, ordinal, name, pod.map(|pod| &pod.meta));
        for key in claim_keys(&set, ordinal) {
            let Some(claim) = self.claim(&key) else { continue };
            if owner.has_unexpected_controller(&claim) {
                let message = format!(
                    "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a \
                     manging controller, the retention policy is ignored for this claim",
                    key.name
                );
                self.event(EventKind::Warning, "ConflictingController", &message);
            }
            if owner.is_up_to_date(&claim) {
                continue;
            }
            let change = |newest: &mut PersistentVolumeClaim| owner.update(newest);
            self.cx.client().patch(&key, change).map_err(|mut status| {
                let why =
                    format!("could not update claim {} for delete policy ownerRefs", key.name);
                status.message = format!("{why}: {}", status.message);
                status
            })?;
        }
        Ok(())
    }

    fn create_claims(&mut self, ordinal: u32, pod_name: &Str) -> Answer<()> {
        let mut errors = Vec::new();
        for claim in utils::claims(&self.set.clone(), ordinal) {
            let key = Key::of(&claim.meta);
            match self.claim(&key) {
                None => {
                    let answer = self.cx.client().create(claim).map(drop);
                    if let Err(status) = &answer {
                        errors
                            .push(format!("failed to create PVC {}: {}", key.name, status.message));
                    }
                    if !answer.as_ref().is_err_and(Status::is_already_exists) {
                        self.claim_event(&key.name, pod_name, answer.as_ref().copied());
                    }
                }
                Some(claim) if claim.meta.is_terminating() => {
                    let on = ObjectRef::new(Kind::PersistentVolumeClaim, key.clone());
                    self.wait_on(ordinal, Some(on), Because::ClaimTerminating, None);
                    errors.push(format!("pvc {} is being deleted", key.name));
                }
                Some(_) => {}
            }
        }
        match &errors[..] {
            [] => Ok(()),
            [one] => Err(Status::failure(one.clone())),
            many => Err(Status::failure(format!("[{}]", many.join(", ")))),
        }
    }

    /// The revision that a Pod with this ordinal is to be created at.
    fn revision_for(&self, ordinal: u32) -> Rc<ControllerRevision> {
        let strategy = &self.set.spec.update_strategy;
        let below = |count: i32| ordinal < self.wanted().start + count.max(0) as u32;
        let keeps = match &strategy.rolling_update {
            None if strategy.kind == UpdateStrategyType::RollingUpdate => {
                below(self.set.status.current_replicas)
            }
            None => false,
            Some(rolling) => below(rolling.partition.unwrap_or(0)),
        };
        if keeps { self.revisions.current.clone() } else { self.revisions.update.clone() }
    }

    /// What Pods at `revision` are made from; kept, so that they share it.
    fn blueprint(&mut self, revision: &Rc<ControllerRevision>) -> Rc<Blueprint> {
        let name = &revision.meta.name;
        let uid = self.set.meta.uid;
        let made = |b: &&Rc<Blueprint>| b.revision == *name && b.set == uid;
        if let Some(blueprint) = self.desk.blueprints.iter().find(made) {
            return blueprint.clone();
        }
        let template = if *name == self.revisions.update.meta.name {
            self.set.spec.template.clone()
        } else {
            let template = &revision.data["spec"]["template"];
            PodTemplateSpec::read(template, &mut Reader::default())
        };
        let blueprint = Rc::new(Blueprint::new(&self.set, name.clone(), template));
        let (current, update) = (&self.revisions.current, &self.revisions.update);
        self.desk.blueprints.retain(|other| {
            let live = [&current.meta.name, &update.meta.name].contains(&&other.revision);
            live && other.set == uid
        });
        self.desk.blueprints.push(blueprint.clone());
        blueprint
    }

    fn pod_event(&mut self, verb: &str, pod: &Str, result: Result<(), &Status>) {
        let what = format!("{verb} Pod {pod} in StatefulSet {}", self.set.meta.name);
        match result {
            Ok(()) => self.success(verb, &format!("{what} successful")),
            Err(status) => self.failure(verb, &format!("{what} failed error: {}", status.message)),
        }
    }

    fn claim_event(&mut self, claim: &Str, pod: &Str, result: Result<(), &Status>) {
        let set = self.set.meta.name.clone();
        match result {
            Ok(()) => {
                let text = format!("Create Claim {claim} Pod {pod} in StatefulSet {set} success");
                self.success("Create", &text);
            }
            Err(status) => {
                let what = format!("Create Claim {claim} for Pod {pod} in StatefulSet {set}");
                self.failure("Create", &format!("{what} failed error: {}", status.message));
            }
        }
    }

    fn success(&mut self, verb: &str, message: &str) {
        self.event(EventKind::Normal, &format!("Successful{verb}"), message);
    }

    fn failure(&mut self, verb: &str, message: &str) {
        self.event(EventKind::Warning, &format!("Failed{verb}"), message);
    }

    fn event(&mut self, kind: EventKind, reason: &str, message: &str) {
        let set = Object::StatefulSet(self.set.clone());
        self.cx.event(&set, kind, reason, message);
    }
}
