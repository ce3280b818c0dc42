//! What each kind does with what it is given: defaults, what creation and updates reset,
//! what must hold and what may change. One file a family of kinds; here is only the choice.
//!
//! Upstream: pkg/registry/*/strategy.go and staging/src/k8s.io/apiserver/pkg/registry/rest

pub mod check;
mod claim;
mod config;
mod cron_job;
mod daemon_set;
mod deployment;
mod dump;
mod job;
mod job_policy;
pub mod meta;
pub mod names;
pub mod pod;
mod pod_rules;
mod policy;
pub mod service;
mod stateful_set;
mod storage;
mod volume;
mod workload;

use super::status::Cause;
use crate::api::kinds::{Kind, Object};
use crate::base::time::SimTime;
use check::Check;
use std::rc::Rc;

/// The flags of the API server that rules and defaults depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The feature gate MaxUnavailableStatefulSet; off in 1.36.
    pub max_unavailable_stateful_set: bool,
    /// Seconds that Pods bear an unreachable or not-ready node, unless they say otherwise.
    pub default_toleration_seconds: i64,
}

impl Default for Config {
    fn default() -> Self {
        Config { max_unavailable_stateful_set: false, default_toleration_seconds: 300 }
    }
}

/// Fills in what was not given, as on every object that comes in.
pub fn default(object: &mut Object, config: &Config) {
    match object {
        Object::Pod(pod) => pod::default_pod(Rc::make_mut(pod)),
        Object::StatefulSet(set) => stateful_set::default(Rc::make_mut(set), config),
        Object::Deployment(new) => deployment::default(Rc::make_mut(new)),
        Object::ReplicaSet(set) => deployment::default_replica_set(Rc::make_mut(set)),
        Object::DaemonSet(set) => daemon_set::default(Rc::make_mut(set)),
        Object::Job(job) => job::default(Rc::make_mut(job)),
        Object::CronJob(own) => cron_job::default(Rc::make_mut(own)),
        Object::PersistentVolumeClaim(claim) => claim::default(Rc::make_mut(claim)),
        Object::PersistentVolume(volume) => volume::default(Rc::make_mut(volume)),
        Object::Service(service) => service::default(Rc::make_mut(service)),
        Object::Endpoints(endpoints) => service::default_endpoints(Rc::make_mut(endpoints)),
        Object::EndpointSlice(slice) => service::default_slice(Rc::make_mut(slice)),
        Object::StorageClass(class) => storage::default_class(Rc::make_mut(class)),
        Object::CSIDriver(driver) => storage::default_driver(Rc::make_mut(driver)),
        Object::PriorityClass(class) => storage::default_priority(Rc::make_mut(class)),
        Object::Namespace(namespace) => config::default_namespace(Rc::make_mut(namespace)),
        Object::Secret(secret) => config::default_secret(Rc::make_mut(secret)),
        Object::LimitRange(range) => config::default_limits(Rc::make_mut(range)),
        Object::Node(node) => config::default_node(Rc::make_mut(node)),
        Object::Lease(_)
        | Object::ConfigMap(_)
        | Object::ServiceAccount(_)
        | Object::ResourceQuota(_)
        | Object::VolumeAttachment(_)
        | Object::CSINode(_)
        | Object::CSIStorageCapacity(_)
        | Object::ControllerRevision(_)
        | Object::PodDisruptionBudget(_)
        | Object::Event(_) => {}
    }
}

/// What a new object starts with, whatever its maker wrote there.
pub fn prepare_create(object: &mut Object, now: SimTime, config: &Config) {
    object.meta_mut().generation = 0;
    match object {
        Object::Pod(pod) => pod::prepare_create(Rc::make_mut(pod), now),
        Object::StatefulSet(set) => stateful_set::prepare_create(Rc::make_mut(set), config),
        Object::Deployment(new) => {
            let new = Rc::make_mut(new);
            (new.status, new.meta.generation) = (Default::default(), 1);
        }
        Object::ReplicaSet(set) => {
            let set = Rc::make_mut(set);
            (set.status, set.meta.generation) = (Default::default(), 1);
        }
        Object::DaemonSet(set) => daemon_set::prepare_create(Rc::make_mut(set)),
        Object::Job(job) => job::prepare_create(Rc::make_mut(job)),
        Object::CronJob(own) => {
            let own = Rc::make_mut(own);
            (own.status, own.meta.generation) = (Default::default(), 1);
        }
        Object::PersistentVolumeClaim(claim) => claim::prepare_create(Rc::make_mut(claim)),
        Object::PersistentVolume(volume) => volume::prepare_create(Rc::make_mut(volume), now),
        Object::Service(service) => service::prepare_create(Rc::make_mut(service)),
        Object::PodDisruptionBudget(budget) => policy::prepare_create(Rc::make_mut(budget)),
        Object::VolumeAttachment(va) => storage::prepare_attachment(Rc::make_mut(va)),
        Object::Namespace(namespace) => config::prepare_namespace(Rc::make_mut(namespace)),
        Object::ResourceQuota(quota) => Rc::make_mut(quota).status = Default::default(),
        Object::EndpointSlice(slice) => Rc::make_mut(slice).meta.generation = 1,
        Object::PriorityClass(class) => Rc::make_mut(class).meta.generation = 1,
        _ => {}
    }
}

/// What an update keeps of the object it replaces.
pub fn prepare_update(new: &mut Object, old: &Object, config: &Config) {
    new.meta_mut().generation = old.meta().generation;
    match (&mut *new, old) {
        (Object::Pod(new), Object::Pod(old)) => pod::prepare_update(Rc::make_mut(new), old),
        (Object::StatefulSet(new), Object::StatefulSet(old)) => {
            stateful_set::prepare_update(Rc::make_mut(new), old, config);
        }
        (Object::Deployment(new), Object::Deployment(old)) => {
            deployment::prepare_update(Rc::make_mut(new), old);
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            deployment::prepare_replica_set_update(Rc::make_mut(new), old);
        }
        (Object::DaemonSet(new), Object::DaemonSet(old)) => {
            daemon_set::prepare_update(Rc::make_mut(new), old);
        }
        (Object::Job(new), Object::Job(old)) => job::prepare_update(Rc::make_mut(new), old),
        (Object::CronJob(new), Object::CronJob(old)) => {
            let new = Rc::make_mut(new);
            new.status = old.status.clone();
            new.meta.generation = old.meta.generation + i64::from(new.spec != old.spec);
        }
        (Object::PodDisruptionBudget(new), Object::PodDisruptionBudget(old)) => {
            policy::prepare_update(Rc::make_mut(new), old);
        }
        (Object::Service(new), Object::Service(old)) => {
            service::prepare_update(Rc::make_mut(new), old);
        }
        (Object::EndpointSlice(new), Object::EndpointSlice(old)) => {
            let same = new.endpoints == old.endpoints && new.ports == old.ports;
            if !same || new.meta.labels != old.meta.labels {
                Rc::make_mut(new).meta.generation = old.meta.generation + 1;
            }
        }
        (Object::CSIDriver(new), Object::CSIDriver(old)) => {
            storage::prepare_driver(Rc::make_mut(new), old);
        }
        _ => keep_status(new, old),
    }
}

/// Kinds whose status is written apart keep it on other updates.
fn keep_status(new: &mut Object, old: &Object) {
    match (new, old) {
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::Node(new), Object::Node(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::Namespace(new), Object::Namespace(old)) => {
            let new = Rc::make_mut(new);
            new.spec.finalizers = old.spec.finalizers.clone();
            new.status = old.status.clone();
        }
        (Object::VolumeAttachment(new), Object::VolumeAttachment(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        (Object::ResourceQuota(new), Object::ResourceQuota(old)) => {
            Rc::make_mut(new).status = old.status.clone();
        }
        _ => {}
    }
}

/// Whether the status of `kind` is written apart from its wishes.
pub fn has_status(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Pod
            | Kind::StatefulSet
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::PersistentVolumeClaim
            | Kind::PersistentVolume
            | Kind::Node
            | Kind::Namespace
            | Kind::VolumeAttachment
            | Kind::ResourceQuota
            | Kind::PodDisruptionBudget
            | Kind::Service
    )
}

/// What a status update keeps of the object it replaces: everything but the status.
pub fn prepare_status(new: &mut Object, old: &Object, now: SimTime) {
    new.meta_mut().generation = old.meta().generation;
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => pod::prepare_status(Rc::make_mut(new), old),
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            volume::prepare_status(Rc::make_mut(new), old, now);
        }
        (Object::StatefulSet(new), Object::StatefulSet(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::Deployment(new), Object::Deployment(old)) => {
            let new = Rc::make_mut(new);
            (new.spec, new.meta.labels) = (old.spec.clone(), old.meta.labels.clone());
        }
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::DaemonSet(new), Object::DaemonSet(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::Job(new), Object::Job(old)) => Rc::make_mut(new).spec = old.spec.clone(),
        (Object::CronJob(new), Object::CronJob(old)) => Rc::make_mut(new).spec = old.spec.clone(),
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::Service(new), Object::Service(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::Node(new), Object::Node(old)) => Rc::make_mut(new).spec = old.spec.clone(),
        (Object::Namespace(new), Object::Namespace(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::VolumeAttachment(new), Object::VolumeAttachment(old)) => {
            let new = Rc::make_mut(new);
            new.spec = old.spec.clone();
            new.meta = crate::api::meta::ObjectMeta {
                resource_version: new.meta.resource_version,
                ..old.meta.clone()
            };
        }
        (Object::ResourceQuota(new), Object::ResourceQuota(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        (Object::PodDisruptionBudget(new), Object::PodDisruptionBudget(old)) => {
            Rc::make_mut(new).spec = old.spec.clone();
        }
        _ => {}
    }
}

/// What is wrong with a new object.
pub fn validate_create(object: &Object, config: &Config) -> Vec<Cause> {
    let mut check = Check::default();
    meta::create(&mut check, object.kind(), object.meta());
    match object {
        Object::Pod(pod) => pod::validate_create(&mut check, pod, config),
        Object::StatefulSet(set) => stateful_set::validate_create(&mut check, set),
        Object::PersistentVolumeClaim(claim) => {
            claim::validate_spec(&mut check, &check::Path::root("spec"), &claim.spec);
        }
        Object::PersistentVolume(volume) => volume::validate(&mut check, &volume.spec),
        Object::Service(service) => service::validate(&mut check, &service.spec),
        _ => validate_either(&mut check, object, None),
    }
    check.causes
}

/// What is wrong with an object that replaces `old`.
pub fn validate_update(new: &Object, old: &Object) -> Vec<Cause> {
    let mut check = Check::default();
    meta::update(&mut check, new.meta(), old.meta());
    match (new, old) {
        (Object::Pod(new), Object::Pod(old)) => pod::validate_update(&mut check, new, old),
        (Object::StatefulSet(new), Object::StatefulSet(old)) => {
            if !Rc::ptr_eq(&new.spec, &old.spec) {
                stateful_set::validate_update(&mut check, new, old);
            }
        }
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            if !Rc::ptr_eq(&new.spec, &old.spec) {
                claim::validate_update(&mut check, new, old);
            }
        }
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            if !Rc::ptr_eq(&new.spec, &old.spec) {
                volume::validate_update(&mut check, new, old);
            }
        }
        (Object::Service(new), Object::Service(old)) => {
            service::validate_update(&mut check, new, old);
        }
        _ => validate_either(&mut check, new, Some(old)),
    }
    check.causes
}

/// The kinds whose rules for creation and updates are one.
fn validate_either(check: &mut Check, new: &Object, old: Option<&Object>) {
    match new {
        Object::Deployment(new) => {
            deployment::validate(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::ReplicaSet(new) => {
            let old = old.and_then(Object::typed).map(|old| &**old);
            deployment::validate_replica_set(check, new, old);
        }
        Object::DaemonSet(new) => {
            daemon_set::validate(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::Job(new) => {
            job::validate(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::CronJob(new) => {
            cron_job::validate(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::PodDisruptionBudget(budget) => policy::validate(check, &budget.spec),
        Object::EndpointSlice(slice) => service::validate_slice(check, slice),
        Object::LimitRange(range) => config::validate_limits(check, range),
        Object::ResourceQuota(quota) => config::validate_quota(check, quota),
        Object::ControllerRevision(new) => {
            let old = old.and_then(Object::typed).map(|old| &**old);
            stateful_set::validate_revision(check, new, old);
        }
        Object::StorageClass(new) => {
            storage::validate_class(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::VolumeAttachment(new) => {
            let old = old.and_then(Object::typed).map(|old| &**old);
            storage::validate_attachment(check, new, old);
        }
        Object::CSIDriver(new) => {
            storage::validate_driver(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::CSIStorageCapacity(new) => {
            storage::validate_capacity(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::PriorityClass(new) => {
            storage::validate_priority(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::ConfigMap(new) => {
            config::validate_config_map(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::Secret(new) => {
            config::validate_secret(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        Object::Node(new) => {
            config::validate_node(check, new, old.and_then(Object::typed).map(|old| &**old));
        }
        _ => {}
    }
}

/// What is wrong with a status that replaces that of `old`.
pub fn validate_status(new: &Object, old: &Object) -> Vec<Cause> {
    let mut check = Check::default();
    match (new, old) {
        (Object::StatefulSet(new), Object::StatefulSet(old)) => {
            stateful_set::validate_status(&mut check, &new.status, &old.status);
        }
        (Object::Deployment(new), Object::Deployment(old)) => {
            deployment::validate_status(&mut check, &new.status, &old.status);
        }
        (Object::ReplicaSet(new), _) => {
            deployment::validate_replica_set_status(&mut check, &new.status);
        }
        _ => {}
    }
    meta::update(&mut check, new.meta(), old.meta());
    check.causes
}

/// What the server says of each request about Endpoints.
pub const ENDPOINTS_WARNING: &str =
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

/// What the server says when somebody deletes Jobs and not what is to become of their Pods.
pub const ORPHANS_WARNING: &str = "child pods are preserved by default when jobs are deleted; set \
    propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this \
    warning";

/// What the server warns of when it takes `object`.
///
/// Upstream: pkg/api/pod/warnings.go and the strategies' WarningsOnCreate; only those of
/// containers, of StatefulSets and of names that Pods inherit.
pub fn warnings(object: &Object) -> Vec<String> {
    let mut out = Vec::new();
    match object {
        Object::Endpoints(_) => out.push(ENDPOINTS_WARNING.to_string()),
        Object::Pod(pod) => pod::warnings(&pod.spec, "spec", &mut out),
        Object::Deployment(new) => {
            deployment::warnings(&new.meta.name, &new.spec.template, &mut out);
        }
        Object::ReplicaSet(set) => {
            deployment::warnings(&set.meta.name, &set.spec.template, &mut out);
        }
        Object::StatefulSet(set) => {
            pod::warnings(&set.spec.template.spec, "spec.template.spec", &mut out);
            if set.spec.revision_history_limit.is_some_and(|limit| limit < 0) {
                let text = "spec.revisionHistoryLimit: a negative value retains all historical \
                            revisions; a value >= 0 is recommended";
                out.push(text.to_string());
            }
        }
        Object::DaemonSet(set) => {
            pod::warnings(&set.spec.template.spec, "spec.template.spec", &mut out);
        }
        Object::Job(job) => {
            deployment::warnings(&job.meta.name, &job.spec.template, &mut out);
        }
        Object::CronJob(own) => {
            let spec = &own.spec.job_template.spec.template.spec;
            pod::warnings(spec, "spec.jobTemplate.spec.template.spec", &mut out);
        }
        _ => {}
    }
    out
}
