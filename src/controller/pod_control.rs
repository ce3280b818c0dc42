//! Creates and deletes Pods for controllers that do not name them, and tells people about it.
//!
//! Upstream: RealPodControl in pkg/controller/controller_utils.go

use super::ownership::controller_ref;
use crate::api::core::pod::{Pod, PodTemplateSpec};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::ObjectMeta;
use crate::apiserver::{Answer, DeleteOptions};
use crate::client::ControlPlane;
use crate::client::recorder::EventKind;
use std::rc::Rc;

/// A Pod made from `template` that `owner`, of `kind`, manages; the server makes up its name.
pub fn from_template(kind: Kind, owner: &ObjectMeta, template: &PodTemplateSpec) -> Pod {
    let meta = ObjectMeta {
        generate_name: format!("{}-", owner.name).into(),
        namespace: owner.namespace.clone(),
        labels: template.meta.labels.clone(),
        annotations: template.meta.annotations.clone(),
        owner_references: vec![controller_ref(kind, owner)],
        finalizers: template.meta.finalizers.clone(),
        ..ObjectMeta::default()
    };
    Pod { meta, spec: template.spec.clone(), ..Pod::default() }
}

/// Creates `pod` for `owner`.
pub fn create(cx: &mut ControlPlane<'_>, owner: &Object, pod: Pod) -> Answer<Rc<Pod>> {
    match cx.client().create(pod) {
        Ok(made) => {
            let text = format!("Created pod: {}", made.meta.name);
            cx.event(owner, EventKind::Normal, "SuccessfulCreate", &text);
            Ok(made)
        }
        Err(status) => {
            // Where everything goes nobody need be told that nothing can come.
            if status.causes.iter().all(|cause| cause.reason != "NamespaceTerminating") {
                let text = format!("Error creating: {}", status.message);
                cx.event(owner, EventKind::Warning, "FailedCreate", &text);
            }
            Err(status)
        }
    }
}

/// Deletes the Pod `pod` for `owner`.
pub fn delete(cx: &mut ControlPlane<'_>, owner: &Object, pod: &Pod) -> Answer<()> {
    let key = Key::of(&pod.meta);
    match cx.client().delete(Kind::Pod, &key, &DeleteOptions::default()) {
        Ok(_) => {
            let text = format!("Deleted pod: {}", key.name);
            cx.event(owner, EventKind::Normal, "SuccessfulDelete", &text);
            Ok(())
        }
        Err(status) if status.is_not_found() => Err(status),
        Err(status) => {
            let text = format!("Error deleting: {}", status.message);
            cx.event(owner, EventKind::Warning, "FailedDelete", &text);
            Err(status)
        }
    }
}
