//! The table of kinds: their names in all forms, where they live, and `Object`, one value
//! that is any of them.
//!
//! Upstream: the REST storage of each group, such as pkg/registry/core/rest/storage_core.go,
//! and the short names that `kubectl api-resources` lists.

use super::apps::daemon_set::DaemonSet;
use super::apps::deployment::{Deployment, ReplicaSet};
use super::apps::stateful_set::{ControllerRevision, StatefulSet};
use super::batch::{CronJob, Job};
use super::core::config::{
    ConfigMap, LimitRange, Namespace, ResourceQuota, Secret, ServiceAccount,
};
use super::core::event::Event;
use super::core::node::Node;
use super::core::pod::Pod;
use super::core::service::{Endpoints, Service};
use super::core::volume::{PersistentVolume, PersistentVolumeClaim};
use super::discovery::EndpointSlice;
use super::json::{Json, Reader, Schema};
use super::meta::ObjectMeta;
use super::policy::PodDisruptionBudget;
use super::storage::{
    CSIDriver, CSINode, CSIStorageCapacity, Lease, PriorityClass, StorageClass, VolumeAttachment,
};
use crate::base::Str;
use serde_json::Value;
use std::cmp::Ordering;
use std::rc::Rc;

/// What is known of a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// As in manifests: `StatefulSet`.
    pub name: &'static str,
    /// As in paths: `statefulsets`.
    pub plural: &'static str,
    /// As kubectl prints one: `statefulset`.
    pub singular: &'static str,
    /// As kubectl lets one type it: `sts`.
    pub short: &'static [&'static str],
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `v1`.
    pub version: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Its fields. A function, since the fields of a kind that nobody uses at the start need not be
    /// there at the start.
    fields: fn() -> &'static Schema,
}

impl KindInfo {
    /// Its fields.
    pub fn schema(&self) -> &'static Schema {
        (self.fields)()
    }

    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_string(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// As kubectl names it before a slash: `statefulset.apps`, `pod`.
    pub fn qualified(&self) -> String {
        match self.group {
            "" => self.singular.to_string(),
            group => format!("{}.{group}", self.singular),
        }
    }

    /// As errors name it: `statefulsets.apps`, `pods`.
    pub fn resource(&self) -> String {
        match self.group {
            "" => self.plural.to_string(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

/// A typed object of one kind.
pub trait Resource: Json + Clone + 'static {
    /// Its kind.
    const KIND: Kind;
    /// What every object carries.
    fn meta(&self) -> &ObjectMeta;
    /// What every object carries, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// As an object of any kind.
    fn wrap(this: Rc<Self>) -> Object;
    /// Back from an object of any kind; `None` if it is of another.
    fn unwrap(object: &Object) -> Option<&Rc<Self>>;
}

macro_rules! kinds {
    ($( $(#[$doc:meta])* $kind:ident($plural:literal, $singular:literal, [$($short:literal)*],
        $group:literal, $version:literal, $namespaced:literal), )*) => {
        /// A kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $( $(#[$doc])* $kind, )* }

        impl Kind {
            /// All kinds, in the order of the table.
            pub const ALL: &[Kind] = &[$( Kind::$kind ),*];

            /// What is known of it.
            pub fn info(self) -> &'static KindInfo {
                match self {
                    $( Kind::$kind => {
                        static INFO: KindInfo = KindInfo {
                            name: stringify!($kind),
                            plural: $plural,
                            singular: $singular,
                            short: &[$($short),*],
                            group: $group,
                            version: $version,
                            namespaced: $namespaced,
                            fields: || &$kind::SCHEMA,
                        };
                        &INFO
                    } )*
                }
            }
        }

        /// An object of any kind.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Object { $( $(#[$doc])* $kind(Rc<$kind>), )* }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $( Object::$kind(_) => Kind::$kind, )* }
            }

            /// What every object carries.
            pub fn meta(&self) -> &ObjectMeta {
                match self { $( Object::$kind(object) => &object.meta, )* }
            }

            /// What every object carries, to change; copies the object if it is shared.
            pub fn meta_mut(&mut self) -> &mut ObjectMeta {
                match self { $( Object::$kind(object) => &mut Rc::make_mut(object).meta, )* }
            }

            /// Reads an object of `kind`. `apiVersion` and `kind` are the caller's to check.
            pub fn read(kind: Kind, value: &Value, reader: &mut Reader) -> Object {
                match kind {
                    $( Kind::$kind => Object::$kind(Rc::new($kind::read(value, reader))), )*
                }
            }

            fn write_fields(&self) -> Value {
                match self { $( Object::$kind(object) => object.write(), )* }
            }

            /// Whether both are the same value in memory.
            pub fn same(&self, other: &Object) -> bool {
                match (self, other) {
                    $( (Object::$kind(a), Object::$kind(b)) => Rc::ptr_eq(a, b), )*
                    _ => false,
                }
            }
        }

        $( impl Resource for $kind {
            const KIND: Kind = Kind::$kind;
            fn meta(&self) -> &ObjectMeta { &self.meta }
            fn meta_mut(&mut self) -> &mut ObjectMeta { &mut self.meta }
            fn wrap(this: Rc<Self>) -> Object { Object::$kind(this) }
            fn unwrap(object: &Object) -> Option<&Rc<Self>> {
                match object { Object::$kind(object) => Some(object), _ => None }
            }
        } )*
    };
}

kinds! {
    /// Namespaces.
    Namespace("namespaces", "namespace", ["ns"], "", "v1", false),
    /// Machines, as the API server knows them.
    Node("nodes", "node", ["no"], "", "v1", false),
    /// Signs of life.
    Lease("leases", "lease", [], "coordination.k8s.io", "v1", true),
    /// Pods.
    Pod("pods", "pod", ["po"], "", "v1", true),
    /// Services.
    Service("services", "service", ["svc"], "", "v1", true),
    /// The older list of addresses.
    Endpoints("endpoints", "endpoints", ["ep"], "", "v1", true),
    /// The addresses behind Services.
    EndpointSlice("endpointslices", "endpointslice", [], "discovery.k8s.io", "v1", true),
    /// Settings.
    ConfigMap("configmaps", "configmap", ["cm"], "", "v1", true),
    /// Secrets.
    Secret("secrets", "secret", [], "", "v1", true),
    /// Accounts.
    ServiceAccount("serviceaccounts", "serviceaccount", ["sa"], "", "v1", true),
    /// Quotas.
    ResourceQuota("resourcequotas", "resourcequota", ["quota"], "", "v1", true),
    /// Limits.
    LimitRange("limitranges", "limitrange", ["limits"], "", "v1", true),
    /// Claims.
    PersistentVolumeClaim(
        "persistentvolumeclaims", "persistentvolumeclaim", ["pvc"], "", "v1", true
    ),
    /// Volumes.
    PersistentVolume("persistentvolumes", "persistentvolume", ["pv"], "", "v1", false),
    /// Classes of volumes.
    StorageClass("storageclasses", "storageclass", ["sc"], "storage.k8s.io", "v1", false),
    /// Attachments of volumes to nodes.
    VolumeAttachment("volumeattachments", "volumeattachment", [], "storage.k8s.io", "v1", false),
    /// Drivers.
    CSIDriver("csidrivers", "csidriver", [], "storage.k8s.io", "v1", false),
    /// Drivers by node.
    CSINode("csinodes", "csinode", [], "storage.k8s.io", "v1", false),
    /// The room that drivers have, by class and place.
    CSIStorageCapacity(
        "csistoragecapacities", "csistoragecapacity", [], "storage.k8s.io", "v1", true
    ),
    /// StatefulSets.
    StatefulSet("statefulsets", "statefulset", ["sts"], "apps", "v1", true),
    /// Remembered templates.
    ControllerRevision("controllerrevisions", "controllerrevision", [], "apps", "v1", true),
    /// Deployments.
    Deployment("deployments", "deployment", ["deploy"], "apps", "v1", true),
    /// ReplicaSets.
    ReplicaSet("replicasets", "replicaset", ["rs"], "apps", "v1", true),
    /// DaemonSets.
    DaemonSet("daemonsets", "daemonset", ["ds"], "apps", "v1", true),
    /// Jobs.
    Job("jobs", "job", [], "batch", "v1", true),
    /// Jobs at set times.
    CronJob("cronjobs", "cronjob", ["cj"], "batch", "v1", true),
    /// Budgets.
    PodDisruptionBudget(
        "poddisruptionbudgets", "poddisruptionbudget", ["pdb"], "policy", "v1", true
    ),
    /// Priorities by name.
    PriorityClass("priorityclasses", "priorityclass", ["pc"], "scheduling.k8s.io", "v1", false),
    /// What components tell people.
    Event("events", "event", ["ev"], "", "v1", true),
}

impl Kind {
    /// The kind called `kind` in a manifest.
    pub fn by_name(kind: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|k| k.info().name == kind)
    }

    /// The kind a person means by `word`: plural, singular, short, with or without group.
    pub fn by_word(word: &str) -> Option<Kind> {
        let word = word.to_ascii_lowercase();
        Kind::ALL.iter().copied().find(|kind| {
            let info = kind.info();
            let (name, group) = word.split_once('.').unwrap_or((&word, info.group));
            let group = group.trim_start_matches(info.version).trim_start_matches('.');
            let named = info.plural == name || info.singular == name || info.short.contains(&name);
            named && (group == info.group || group.is_empty())
        })
    }
}

/// Where an object is within its kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Its namespace; empty for objects of the whole cluster.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        // Nearly all that meet here share the text of their namespace.
        let spaces = match Rc::ptr_eq(&self.namespace, &other.namespace) {
            true => Ordering::Equal,
            false => self.namespace.cmp(&other.namespace),
        };
        spaces.then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    /// The object `name` in `namespace`.
    pub fn new(namespace: impl Into<Str>, name: impl Into<Str>) -> Key {
        Key { namespace: namespace.into(), name: name.into() }
    }

    /// The object `name` of the whole cluster.
    pub fn global(name: impl Into<Str>) -> Key {
        Key::new("", name)
    }

    /// Where an object with this metadata is.
    pub fn of(meta: &ObjectMeta) -> Key {
        Key { namespace: meta.namespace.clone(), name: meta.name.clone() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// An object by kind, namespace and name: what reasons and events point at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Where it is.
    pub key: Key,
}

impl ObjectRef {
    /// The object at `key`.
    pub fn new(kind: Kind, key: Key) -> ObjectRef {
        ObjectRef { kind, key }
    }
}

/// As kubectl prints it: `pod/web-1`.
impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.info().singular, self.key.name)
    }
}

impl Object {
    /// Where it is within its kind.
    pub fn key(&self) -> Key {
        Key::of(self.meta())
    }

    /// Which object it is.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef { kind: self.kind(), key: self.key() }
    }

    /// The whole object as JSON, with `apiVersion` and `kind`.
    pub fn to_value(&self) -> Value {
        let info = self.kind().info();
        let mut value = self.write_fields();
        if let Object::Pod(_) | Object::PersistentVolumeClaim(_) = self {
            print_probe_times(&mut value);
        }
        if let Object::EndpointSlice(_) = self {
            // Lists that Go leaves at nil.
            for key in ["endpoints", "ports"] {
                if value.get(key).and_then(Value::as_array).is_none_or(Vec::is_empty) {
                    value[key] = Value::Null;
                }
            }
        }
        if let Object::CronJob(_) = self
            && let Some(template) = value.pointer_mut("/spec/jobTemplate/spec/template")
            && template.get("metadata").is_none()
        {
            template["metadata"] = Value::Object(Default::default());
        }
        if let Object::PodDisruptionBudget(_) = self {
            print_messages(&mut value);
        }
        if let Value::Object(map) = &mut value {
            map.insert("apiVersion".into(), Value::String(info.api_version()));
            map.insert("kind".into(), Value::String(info.name.into()));
        }
        value
    }

    /// Its typed form; `None` if it is of another kind.
    pub fn typed<T: Resource>(&self) -> Option<&Rc<T>> {
        T::unwrap(self)
    }
}

/// Conditions of the newer form have a message that prints even when it is empty.
fn print_messages(value: &mut Value) {
    let conditions = value.get_mut("status").and_then(|status| status.get_mut("conditions"));
    for condition in conditions.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(condition) = condition {
            condition.entry("message").or_insert("".into());
        }
    }
}

/// Conditions of Pods and claims have a field that nobody sets and that prints all the same.
fn print_probe_times(value: &mut Value) {
    let conditions = value.get_mut("status").and_then(|status| status.get_mut("conditions"));
    for condition in conditions.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(condition) = condition {
            condition.entry("lastProbeTime").or_insert(Value::Null);
        }
    }
}
