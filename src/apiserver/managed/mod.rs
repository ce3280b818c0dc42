//! Who set which fields: kept for objects that somebody outside has written, derived for all
//! others, so that the many objects that only components write carry nothing.
//!
//! A component's writes are told by the kind: the StatefulSet controller makes Pods, kubelets
//! write their status. The status that components write is nobody else's, so who owns it is
//! derived too.
//!
//! Not here: the limit of ten managers by update, managers of other API versions.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal and
//! sigs.k8s.io/structured-merge-diff/v6/merge/update.go

mod apply;
mod check;
pub mod fields;

pub use apply::{Applied, KUBECTL};

use super::admission::TOKEN_PATH;
use super::strategy::pod::API_ACCESS;
use super::{ApiServer, strategy};
use crate::api::json::Reader;
use crate::api::kinds::{Kind, Object};
use crate::api::managed::{Fields, Managed, Manager};
use crate::base::time::SimTime;
use fields::{Unit, difference, modified, union};
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// The manager of `kubectl apply` without `--server-side`.
pub const CLIENT_SIDE: &str = "kubectl-client-side-apply";

/// Metadata that belongs to the server.
const SERVERS: [&str; 8] = [
    "f:name",
    "f:namespace",
    "f:creationTimestamp",
    "f:selfLink",
    "f:uid",
    "f:generation",
    "f:managedFields",
    "f:resourceVersion",
];

/// The component that makes objects of `kind`, or writes their status.
fn component(kind: Kind, status: bool) -> &'static str {
    match (kind, status) {
        (Kind::Pod, true) | (Kind::Node | Kind::Lease | Kind::CSINode, _) => "kubelet",
        (Kind::PersistentVolume, false) | (Kind::CSIStorageCapacity, _) => "csi-provisioner",
        (Kind::VolumeAttachment, true) => "csi-attacher",
        (Kind::Namespace, false) => "kube-apiserver",
        _ => "kube-controller-manager",
    }
}

/// How objects of `kind` fall apart.
fn unit(kind: Kind) -> Unit {
    Unit::Struct(kind.info().schema())
}

/// Of a set of fields, those that a write of the status, or another one, is about.
fn scoped(mut set: Fields, kind: Kind, status: bool) -> Fields {
    if strategy::has_status(kind) {
        match status {
            true => set.retain(|step, _| step == "f:status" || step == "f:metadata"),
            false => drop(set.remove("f:status")),
        }
    }
    if let Some(Value::Object(meta)) = set.get_mut("f:metadata") {
        meta.retain(|step, _| !SERVERS.contains(&&**step));
        if meta.is_empty() {
            set.remove("f:metadata");
        }
    }
    set
}

/// The managers of an object, without those of the status that are derived.
pub fn managers(object: &Object) -> Vec<Manager> {
    let meta = object.meta();
    if let Some(entries) = &meta.managed.entries {
        return entries.to_vec();
    }
    let kind = object.kind();
    let mut set = created(object, false);
    without_admission(kind, &mut set);
    vec![Manager {
        name: component(kind, false).into(),
        apply: false,
        subresource: "",
        time: meta.creation_timestamp.unwrap_or_default(),
        fields: Rc::new(set),
    }]
}

/// `metadata.managedFields` as the API prints it.
pub fn show(object: &Object) -> Value {
    let (kind, meta) = (object.kind(), object.meta());
    let mut all = managers(object);
    if strategy::has_status(kind) && meta.managed.status_at > SimTime::ZERO {
        let mut set = created(object, true);
        set.retain(|step, _| step == "f:status");
        let set = all.iter().fold(set, |set, manager| difference(&set, &manager.fields));
        let time = meta.managed.status_at;
        let name = component(kind, true).into();
        let fields = Rc::new(set);
        all.push(Manager { name, apply: false, subresource: "status", time, fields });
    }
    all.retain(|manager| !manager.fields.is_empty());
    let order = |m: &Manager| (!m.apply, m.time.whole_second(), m.name.clone(), m.subresource);
    crate::base::sorted::sort_by_key(&mut all, order);
    let entry = |manager: &Manager| {
        let mut entry = json!({
            "manager": &*manager.name, "apiVersion": kind.info().api_version(),
            "operation": if manager.apply { "Apply" } else { "Update" },
            "time": manager.time.rfc3339(), "fieldsType": "FieldsV1",
            "fieldsV1": Value::Object((*manager.fields).clone()),
        });
        if !manager.subresource.is_empty() {
            entry["subresource"] = json!(manager.subresource);
        }
        entry
    };
    Value::Array(all.iter().map(entry).collect())
}

/// The whole object as JSON with its managers.
pub fn to_value(object: &Object) -> Value {
    let mut tree = object.to_value();
    if let Some(Value::Object(meta)) = tree.get_mut("metadata") {
        meta.insert("managedFields".into(), show(object));
    }
    tree
}

/// What an update changes: fields with new values or new at all, and fields that go.
fn changes(old: &Value, new: &Value, kind: Kind, status: bool) -> (Fields, Fields) {
    let unit = unit(kind);
    let (before, after) = (fields::all_of(old, unit), fields::all_of(new, unit));
    let set = union(&difference(&after, &before), &modified(old, new, unit));
    (scoped(set, kind, status), scoped(difference(&before, &after), kind, status))
}

/// What whoever created `object` has set, or whoever wrote its status.
fn created(object: &Object, status: bool) -> Fields {
    let kind = object.kind();
    let empty = Object::read(kind, &json!({}), &mut Reader::default());
    changes(&empty.to_value(), &object.to_value(), kind, status).0
}

/// What the server itself adds to Pods on their way in is nobody's.
fn without_admission(kind: Kind, set: &mut Fields) {
    const ADDED: [&str; 6] = [
        "f:nodeName",
        "f:preemptionPolicy",
        "f:priority",
        "f:serviceAccount",
        "f:serviceAccountName",
        "f:tolerations",
    ];
    let is_access = |step: &String| step.contains(API_ACCESS) || step.contains(TOKEN_PATH);
    let thin = |node: &mut Value, list: &str| {
        if let Some(Value::Object(items)) = node.get_mut(list) {
            items.retain(|step, _| !is_access(step));
            if items.keys().all(|step| step == ".") {
                node.as_object_mut().map(|node| node.remove(list));
            }
        }
    };
    let Some(spec) = set.get_mut("f:spec").filter(|_| kind == Kind::Pod) else {
        return;
    };
    if let Value::Object(spec) = spec {
        spec.retain(|step, _| !ADDED.contains(&&**step));
    }
    thin(spec, "f:volumes");
    for list in ["f:containers", "f:initContainers"] {
        let items = spec.get_mut(list).and_then(Value::as_object_mut).into_iter().flatten();
        items.for_each(|(_, container)| thin(container, "f:volumeMounts"));
    }
}

/// Takes from all managers but `own` what was set or removed by it.
fn take_away(all: &mut Vec<Manager>, own: &Manager, changed: &Fields, removed: &Fields) {
    for manager in all.iter_mut().filter(|manager| !manager.is(own)) {
        let rest = difference(&difference(&manager.fields, changed), removed);
        if rest != *manager.fields {
            manager.fields = Rc::new(rest);
        }
    }
    all.retain(|manager| manager.is(own) || !manager.fields.is_empty());
}

impl ApiServer {
    /// Whoever writes now, by an update.
    fn writer(&self, now: SimTime, kind: Kind, subresource: &'static str) -> Manager {
        let name = match &*self.manager {
            "" => component(kind, !subresource.is_empty()).into(),
            _ => self.manager.clone(),
        };
        let fields = Rc::default();
        Manager { name, apply: false, subresource, time: now, fields }
    }

    /// Notes who made a new object, unless components did.
    pub(super) fn note_creation(&self, now: SimTime, object: &mut Object) {
        object.meta_mut().rest.remove("managedFields");
        if self.manager.is_empty() || object.meta().managed.entries.is_some() {
            return;
        }
        let kind = object.kind();
        let set = created(object, false);
        let writer = Manager { fields: Rc::new(set), ..self.writer(now, kind, "") };
        object.meta_mut().managed.entries = Some(Rc::new(vec![writer]));
    }

    /// Notes who changed an object; `new` has its defaults, and nothing that the server adds.
    pub(super) fn note_update(
        &self,
        now: SimTime,
        new: &mut Object,
        old: &Object,
        subresource: &'static str,
    ) {
        let reset = new.meta().rest.get("managedFields").and_then(Value::as_array).map(|list| {
            let is_nothing = |item: &Value| item.as_object().is_some_and(Map::is_empty);
            list.iter().all(is_nothing)
        });
        new.meta_mut().rest.remove("managedFields");
        new.meta_mut().managed = old.meta().managed.clone();
        let status = subresource == "status";
        if self.manager.is_empty() && (old.meta().managed.entries.is_none() || status) {
            return;
        }
        let kind = new.kind();
        let (changed, removed) = changes(&old.to_value(), &new.to_value(), kind, status);
        let mut all = if reset == Some(true) { Vec::new() } else { managers(old) };
        if changed.is_empty() && removed.is_empty() {
            if reset == Some(true) {
                new.meta_mut().managed.entries = Some(Rc::new(all));
            }
            return;
        }
        let mut own = self.writer(now, kind, subresource);
        take_away(&mut all, &own, &changed, &removed);
        if let Some(at) = all.iter().position(|manager| manager.is(&own)) {
            own.fields = all.remove(at).fields;
        }
        own.fields = Rc::new(union(&difference(&own.fields, &removed), &changed));
        if !own.fields.is_empty() {
            all.push(own);
        }
        let status_at = old.meta().managed.status_at;
        new.meta_mut().managed = Managed { entries: Some(Rc::new(all)), status_at };
    }
}
