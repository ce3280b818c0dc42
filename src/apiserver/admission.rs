//! What the server adds to objects on their way in, and why it turns some away before
//! looking at them: namespaces, accounts, priorities, tolerations, the default class,
//! finalizers that protect storage.
//!
//! Not here: webhooks, security levels, mountable secrets of accounts. The account `default`
//! counts as there in every namespace, since its controller is not simulated.
//!
//! Upstream: plugin/pkg/admission/* and
//! staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle

use super::status::Status;
use super::strategy::pod::API_ACCESS;
use super::{Answer, ApiServer};
use crate::api::core::config::{Namespace, ServiceAccount};
use crate::api::core::container::{Container, Volume, VolumeMount};
use crate::api::core::node::{NOT_READY, Node, Taint};
use crate::api::core::pod::{CRITICAL, Pod};
use crate::api::core::scheduling::Toleration;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::ObjectMeta;
use crate::api::storage::{PriorityClass, StorageClass};
use crate::base::{Str, names};
use serde_json::{Value, json};
use std::rc::Rc;

/// Where the account's token is mounted.
pub(super) const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Namespaces that the server keeps itself.
const SYSTEM: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// The containers that were last given the volume with the access to the API. Pods made from
/// the same template, one after the other, share them and the volume's name: in a real cluster
/// each has a name of its own, which nobody looks at and which would cost a copy of all
/// containers a Pod.
#[derive(Clone, Debug)]
pub(super) struct Mounted {
    before: [Rc<Vec<Container>>; 2],
    after: [Rc<Vec<Container>>; 2],
    name: Str,
}

impl Mounted {
    fn new(before: [Rc<Vec<Container>>; 2], name: Str) -> Mounted {
        let mut after = before.clone();
        for list in after.iter_mut().filter(|list| list.iter().any(lacks_access)) {
            for container in Rc::make_mut(list).iter_mut().filter(|c| lacks_access(c)) {
                container.volume_mounts.push(VolumeMount {
                    name: name.clone(),
                    read_only: true,
                    mount_path: TOKEN_PATH.into(),
                    ..VolumeMount::default()
                });
            }
        }
        Mounted { before, after, name }
    }

    fn fits(&self, lists: &[Rc<Vec<Container>>; 2]) -> bool {
        let same = |a: &Rc<Vec<Container>>, b| Rc::ptr_eq(a, b) || a.is_empty() && b.is_empty();
        same(&self.before[0], &lists[0]) && same(&self.before[1], &lists[1])
    }
}

/// Nothing is scheduled on a new Node before the node controller has seen that it is Ready.
fn taint_new(node: &mut Node) {
    if node.taint(NOT_READY, "NoSchedule").is_none() {
        let (key, effect) = (NOT_READY.into(), "NoSchedule".into());
        node.spec.taints.push(Taint { key, effect, ..Taint::default() });
    }
}

fn lacks_access(container: &Container) -> bool {
    container.volume_mounts.iter().all(|mount| &*mount.mount_path != TOKEN_PATH)
}

impl ApiServer {
    /// Adds to a new object what the server adds; refuses what may not be created at all.
    pub(super) fn admit(&mut self, object: &mut Object) -> Answer<()> {
        self.admit_namespace(object)?;
        match object {
            Object::Pod(pod) => self.admit_pod(Rc::make_mut(pod)),
            Object::PersistentVolumeClaim(claim) => {
                self.admit_claim(Rc::make_mut(claim));
                self.check_claim_limits(claim)
            }
            Object::PersistentVolume(volume) => {
                protect(&mut Rc::make_mut(volume).meta, "kubernetes.io/pv-protection");
                Ok(())
            }
            Object::Node(node) => {
                taint_new(Rc::make_mut(node));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn admit_namespace(&self, object: &Object) -> Answer<()> {
        let kind = object.kind();
        let namespace = &object.meta().namespace;
        if !kind.info().namespaced || namespace.is_empty() {
            return Ok(());
        }
        match self.store.get::<Namespace>(&Key::global(namespace.clone())) {
            None if SYSTEM.contains(&&**namespace) => Ok(()),
            None => Err(Status::not_found(Kind::Namespace, namespace)),
            Some(found) if found.meta.is_terminating() => {
                let why = format!(
                    "unable to create new content in namespace {namespace} because it is being \
                     terminated"
                );
                let mut status = Status::forbidden(kind, &object.meta().name, &why);
                status.causes.push(super::status::Cause {
                    reason: "NamespaceTerminating",
                    message: format!("namespace {namespace} is being terminated"),
                    field: "metadata.namespace".into(),
                });
                Err(status)
            }
            Some(_) => Ok(()),
        }
    }

    fn admit_pod(&mut self, pod: &mut Pod) -> Answer<()> {
        self.default_limits(pod);
        self.admit_account(pod)?;
        self.admit_priority(pod)?;
        let spec = Rc::make_mut(&mut pod.spec);
        let seconds = self.config.default_toleration_seconds;
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let bears = |toleration: &Toleration| {
                (&*toleration.key == key || toleration.key.is_empty())
                    && matches!(&*toleration.effect, "NoExecute" | "")
            };
            if !spec.tolerations.iter().any(bears) {
                spec.tolerations.push(Toleration {
                    key: key.into(),
                    operator: "Exists".into(),
                    effect: "NoExecute".into(),
                    toleration_seconds: Some(seconds),
                    ..Toleration::default()
                });
            }
        }
        self.check_pod_limits(pod)
    }

    /// The account a Pod acts as, and the volume through which it can.
    fn admit_account(&mut self, pod: &mut Pod) -> Answer<()> {
        let mut account: Str = pod.spec.service_account_name.clone();
        if account.is_empty() {
            account = "default".into();
        }
        let key = Key::new(pod.meta.namespace.clone(), account.clone());
        let found = self.store.get::<ServiceAccount>(&key).cloned();
        if found.is_none() && &*account != "default" {
            let why = format!(
                "error looking up service account {}/{account}: serviceaccount {account:?} not \
                 found",
                pod.meta.namespace
            );
            return Err(Status::forbidden(Kind::Pod, &pod.meta.name, &why));
        }
        let spec = Rc::make_mut(&mut pod.spec);
        spec.rest.set("serviceAccount", json!(&*account));
        spec.service_account_name = account;
        let kept = |key: &str| found.as_ref().and_then(|found| found.rest.get(key)).cloned();
        if let Some(secrets) = kept("imagePullSecrets")
            && spec.rest.get("imagePullSecrets").is_none()
        {
            spec.rest.set("imagePullSecrets", secrets);
        }
        let wish = "automountServiceAccountToken";
        let automount = spec.rest.get(wish).cloned().or_else(|| kept(wish));
        if automount == Some(Value::Bool(false)) {
            return Ok(());
        }
        if !spec.containers.iter().chain(spec.init_containers.iter()).any(lacks_access) {
            return Ok(());
        }
        let is_access = |volume: &&Volume| volume.name.starts_with(API_ACCESS);
        let given = spec.volumes.iter().find(is_access).map(|volume| volume.name.clone());
        let before = [spec.containers.clone(), spec.init_containers.clone()];
        let mounted = match &self.mounted {
            Some(last) if given.is_none() && last.fits(&before) => last.clone(),
            _ => {
                let mut fresh = || format!("{API_ACCESS}{}", names::suffix(&mut self.names, 5));
                Mounted::new(before, given.unwrap_or_else(|| fresh().into()))
            }
        };
        let name = mounted.name.clone();
        [spec.containers, spec.init_containers] = mounted.after.clone();
        self.mounted = Some(mounted);
        if !spec.volumes.iter().any(|volume| volume.name == name) {
            let rest = self.api_access.clone();
            spec.volumes.push(Volume { name, rest, ..Volume::default() });
        }
        Ok(())
    }

    fn admit_priority(&self, pod: &mut Pod) -> Answer<()> {
        let name = pod.spec.priority_class_name.clone();
        let class = if name.is_empty() {
            let defaults = self.store.list::<PriorityClass>().filter(|class| class.global_default);
            defaults.min_by_key(|class| class.value).cloned()
        } else {
            self.store.get::<PriorityClass>(&Key::global(name.clone())).cloned()
        };
        let (value, policy) = match (&class, &*name) {
            (Some(class), _) => (class.value, class.preemption_policy.clone()),
            (None, "") => (0, None),
            (None, "system-cluster-critical") => (CRITICAL, None),
            (None, "system-node-critical") => (CRITICAL + 1000, None),
            (None, name) => {
                let why = format!("no PriorityClass with name {name} was found");
                return Err(Status::forbidden(Kind::Pod, &pod.meta.name, &why));
            }
        };
        let policy = policy.unwrap_or_else(|| "PreemptLowerPriority".into());
        if pod.spec.priority.is_some_and(|wanted| wanted != value) {
            let why = format!(
                "the integer value of priority ({}) must not be provided in pod spec; priority \
                 admission controller computed {value} from the given PriorityClass name",
                pod.spec.priority.unwrap_or(0)
            );
            return Err(Status::forbidden(Kind::Pod, &pod.meta.name, &why));
        }
        if !pod.spec.preemption_policy.is_empty() && pod.spec.preemption_policy != policy {
            let why = format!(
                "the string value of PreemptionPolicy ({}) must not be provided in pod spec; \
                 priority admission controller computed {policy} from the given PriorityClass \
                 name",
                pod.spec.preemption_policy
            );
            return Err(Status::forbidden(Kind::Pod, &pod.meta.name, &why));
        }
        let spec = Rc::make_mut(&mut pod.spec);
        spec.priority = Some(value);
        spec.preemption_policy = policy;
        if let Some(class) = class.filter(|_| name.is_empty()) {
            spec.priority_class_name = class.meta.name.clone();
        }
        Ok(())
    }

    fn admit_claim(&self, claim: &mut PersistentVolumeClaim) {
        protect(&mut claim.meta, "kubernetes.io/pvc-protection");
        let older = "volume.beta.kubernetes.io/storage-class";
        if claim.spec.storage_class_name.is_some() || claim.meta.annotations.get(older).is_some() {
            return;
        }
        if let Some(class) = self.default_class() {
            let name = class.meta.name.clone();
            Rc::make_mut(&mut claim.spec).storage_class_name = Some(name);
        }
    }

    /// The class that claims get which name none: the newest of those marked so.
    pub fn default_class(&self) -> Option<&Rc<StorageClass>> {
        let marks = [
            "storageclass.kubernetes.io/is-default-class",
            "storageclass.beta.kubernetes.io/is-default-class",
        ];
        let marked = |class: &&Rc<StorageClass>| {
            let value = |mark: &&str| class.meta.annotations.get(mark).map(|value| &**value);
            marks.iter().any(|mark| value(mark) == Some("true"))
        };
        let all = self.store.list::<StorageClass>().filter(marked);
        // The first by name among the newest.
        all.reduce(|best, class| {
            if class.meta.creation_timestamp > best.meta.creation_timestamp { class } else { best }
        })
    }

    /// Refuses what may not be changed: a claim may only grow if its class lets it.
    pub(super) fn admit_update(&self, new: &Object, old: &Object) -> Answer<()> {
        let (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) = (new, old)
        else {
            return Ok(());
        };
        let size = |claim: &PersistentVolumeClaim| {
            claim.spec.resources.requests.get("storage").cloned().unwrap_or_default()
        };
        if size(new) <= size(old) {
            return Ok(());
        }
        let refuse =
            |why: &str| Err(Status::forbidden(Kind::PersistentVolumeClaim, &new.meta.name, why));
        if !old.is_bound() {
            return refuse("Only bound persistent volume claims can be expanded");
        }
        let class = new.spec.storage_class_name.clone().unwrap_or_default();
        let class = self.store.get::<StorageClass>(&Key::global(class));
        match class.and_then(|class| class.allow_volume_expansion) {
            Some(true) => Ok(()),
            _ => refuse(
                "only dynamically provisioned pvc can be resized and the storageclass that \
                 provisions the pvc must support resize",
            ),
        }
    }
}

fn protect(meta: &mut ObjectMeta, finalizer: &str) {
    if !meta.finalizers.iter().any(|there| &**there == finalizer) {
        meta.finalizers.push(finalizer.into());
    }
}
