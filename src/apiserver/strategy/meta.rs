//! The rules for what every object carries, and for labels, selectors and amounts.
//!
//! Not here: the total size of annotations counts bytes of keys and values as upstream;
//! names of generateName are checked once the suffix is on.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go and
//! pkg/apis/meta/v1/validation/validation.go

use super::check::{Check, Path};
use super::names::{self, Rule};
use crate::api::kinds::Kind;
use crate::api::meta::{LabelSelector, Labels, ObjectMeta, ResourceVersion};

/// How objects of `kind` may be named.
pub fn name_rule(kind: Kind) -> Rule {
    match kind {
        Kind::StatefulSet | Kind::Namespace | Kind::Service => names::dns_label,
        Kind::Event => names::path_segment,
        _ => names::dns_subdomain,
    }
}

/// The rules for a new object.
pub fn create(check: &mut Check, kind: Kind, meta: &ObjectMeta) {
    let at = Path::root("metadata");
    let rule = name_rule(kind);
    if meta.name.is_empty() {
        check.required(&at.child("name"), "name or generateName is required");
    } else {
        check.all(&at.child("name"), &meta.name, rule(&meta.name));
    }
    if kind.info().namespaced {
        if meta.namespace.is_empty() {
            check.required(&at.child("namespace"), "");
        } else {
            let problems = names::dns_label(&meta.namespace);
            check.all(&at.child("namespace"), &meta.namespace, problems);
        }
    } else if !meta.namespace.is_empty() {
        check.forbidden(&at.child("namespace"), "not allowed on this type");
    }
    common(check, &at, meta);
}

/// The rules for an object that replaces `old`.
pub fn update(check: &mut Check, new: &ObjectMeta, old: &ObjectMeta) {
    let at = Path::root("metadata");
    if old.is_terminating() {
        let added: Vec<String> = new
            .finalizers
            .iter()
            .filter(|finalizer| !old.finalizers.contains(finalizer))
            .map(|finalizer| format!("{finalizer:?}"))
            .collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new \
                 finalizers []string{{{}}}",
                added.join(", ")
            );
            check.forbidden(&at.child("finalizers"), &detail);
        }
    }
    if new.resource_version == ResourceVersion(0) {
        check.plain(&at.child("resourceVersion"), "0x0", "must be specified for an update");
    }
    let immutable = "field is immutable";
    if new.uid != old.uid {
        check.text(&at.child("uid"), &new.uid.to_string(), immutable);
    }
    if new.deletion_timestamp != old.deletion_timestamp {
        let shown = new.deletion_timestamp.map_or("null".into(), |at| at.rfc3339());
        check.text(&at.child("deletionTimestamp"), &shown, immutable);
    }
    if new.deletion_grace_period_seconds != old.deletion_grace_period_seconds {
        let shown = new.deletion_grace_period_seconds.map_or("null".into(), |n| n.to_string());
        check.plain(&at.child("deletionGracePeriodSeconds"), shown, immutable);
    }
    common(check, &at, new);
}

fn common(check: &mut Check, at: &Path, meta: &ObjectMeta) {
    check.non_negative(&at.child("generation"), meta.generation);
    labels(check, &at.child("labels"), &meta.labels);
    annotations(check, &at.child("annotations"), &meta.annotations);
    let owners = at.child("ownerReferences");
    let mut controller = "";
    for (index, owner) in meta.owner_references.iter().enumerate() {
        let at = owners.index(index);
        if owner.api_version.is_empty() {
            check.text(&at.child("apiVersion"), "", "version must not be empty");
        }
        if owner.kind.is_empty() {
            check.text(&at.child("kind"), "", "kind must not be empty");
        }
        if owner.name.is_empty() {
            check.text(&at.child("name"), "", "name must not be empty");
        }
        if owner.uid.0 == 0 {
            check.text(&at.child("uid"), "", "uid must not be empty");
        }
        if owner.controller == Some(true) {
            if !controller.is_empty() {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {controller} and {}",
                    owner.name
                );
                check.tree(&owners, &meta.owner_references, &detail);
            }
            controller = &owner.name;
        }
    }
    for finalizer in &meta.finalizers {
        let at = at.child("finalizers");
        let problems = names::qualified_name(finalizer);
        let simple = matches!(&**finalizer, "orphan" | "foregroundDeletion" | "kubernetes");
        if problems.is_empty() && !simple && !finalizer.contains('/') {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            check.text(&at, finalizer, detail);
        }
        check.all(&at, finalizer, problems);
    }
}

/// The rules for labels.
pub fn labels(check: &mut Check, at: &Path, labels: &Labels) {
    for (key, value) in labels.iter() {
        check.all(at, key, names::qualified_name(key));
        check.all(at, value, names::label_value(value));
    }
}

/// The rules for annotations.
pub fn annotations(check: &mut Check, at: &Path, annotations: &Labels) {
    let mut size = 0;
    for (key, value) in annotations.iter() {
        let lower = key.to_lowercase();
        check.all(at, key, names::qualified_name(&lower));
        size += key.len() + value.len();
    }
    if size > 256 * 1024 {
        let cause = crate::apiserver::status::Cause {
            reason: "FieldValueTooLong",
            message: format!("Too long: may not be more than {} bytes", 256 * 1024),
            field: at.to_string(),
        };
        check.causes.push(cause);
    }
}

/// The rules for a selector. Says whether it can be used at all.
pub fn selector(check: &mut Check, at: &Path, selector: &LabelSelector) -> bool {
    let before = check.causes.len();
    labels(check, &at.child("matchLabels"), &selector.match_labels);
    let expressions = at.child("matchExpressions");
    for (index, wanted) in selector.match_expressions.iter().enumerate() {
        let at = expressions.index(index);
        match (&*wanted.operator, wanted.values.is_empty()) {
            ("In" | "NotIn", true) => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                check.required(&at.child("values"), detail);
            }
            ("Exists" | "DoesNotExist", false) => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                check.forbidden(&at.child("values"), detail);
            }
            ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
            (other, _) => {
                check.text(&at.child("operator"), other, "not a valid selector operator");
            }
        }
        check.all(&at.child("key"), &wanted.key, names::qualified_name(&wanted.key));
        let values = at.child("values");
        for (index, value) in wanted.values.iter().enumerate() {
            check.all(&values.index(index), value, names::label_value(value));
        }
    }
    check.causes.len() == before
}
