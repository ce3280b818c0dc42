//! API versions that are gone, read as what they meant: today's kind, with the defaults of
//! their time, and a notice of what changed.
//!
//! Upstream: pkg/apis/apps/{v1beta1,v1beta2}/defaults.go, pkg/apis/policy/v1beta1, and the
//! deprecation guide of Kubernetes' documentation

use super::notices::Notices;
use crate::api::kinds::Kind;
use serde_json::{Map, Value, json};

/// A version of a kind that one can write.
pub(super) struct Known {
    /// The kind.
    pub kind: Kind,
    /// The version that was written.
    pub version: &'static str,
    /// The release that removed it; `None` for today's.
    pub removed: Option<&'static str>,
}

const OLD: &[(&str, Kind, &str)] = &[
    ("apps/v1beta1", Kind::StatefulSet, "1.16"),
    ("apps/v1beta2", Kind::StatefulSet, "1.16"),
    // Never served, but written all the same beside Deployments that were.
    ("extensions/v1beta1", Kind::StatefulSet, "1.16"),
    ("apps/v1beta1", Kind::Deployment, "1.16"),
    ("apps/v1beta2", Kind::Deployment, "1.16"),
    ("extensions/v1beta1", Kind::Deployment, "1.16"),
    ("apps/v1beta2", Kind::ReplicaSet, "1.16"),
    ("extensions/v1beta1", Kind::ReplicaSet, "1.16"),
    ("apps/v1beta2", Kind::DaemonSet, "1.16"),
    ("extensions/v1beta1", Kind::DaemonSet, "1.16"),
    ("apps/v1beta1", Kind::ControllerRevision, "1.16"),
    ("apps/v1beta2", Kind::ControllerRevision, "1.16"),
    ("batch/v1beta1", Kind::CronJob, "1.25"),
    ("policy/v1beta1", Kind::PodDisruptionBudget, "1.25"),
    ("storage.k8s.io/v1beta1", Kind::StorageClass, "1.22"),
    ("storage.k8s.io/v1beta1", Kind::VolumeAttachment, "1.22"),
    ("storage.k8s.io/v1beta1", Kind::CSIDriver, "1.22"),
    ("storage.k8s.io/v1beta1", Kind::CSINode, "1.22"),
    ("storage.k8s.io/v1beta1", Kind::CSIStorageCapacity, "1.27"),
    ("coordination.k8s.io/v1beta1", Kind::Lease, "1.22"),
    ("scheduling.k8s.io/v1beta1", Kind::PriorityClass, "1.22"),
    ("discovery.k8s.io/v1beta1", Kind::EndpointSlice, "1.25"),
];

/// What is known of `version` and `kind` as written.
pub(super) fn find(version: &str, kind: &str) -> Option<Known> {
    let kind = Kind::by_name(kind)?;
    if kind.info().api_version() == version {
        return Some(Known { kind, version: "", removed: None });
    }
    let old = OLD.iter().find(|(old, of, _)| *old == version && *of == kind)?;
    Some(Known { kind, version: old.0, removed: Some(old.2) })
}

/// Fills in what the older version meant by leaving it out.
pub(super) fn modernize(tree: &mut Value, known: &Known, say: &mut Notices) {
    let Some(removed) = known.removed else {
        return;
    };
    let today = known.kind.info().api_version();
    say.at(
        "apiVersion",
        format!("{} is gone since Kubernetes {removed}: it is {today} today", known.version),
    );
    match (known.kind, known.version) {
        (
            Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet | Kind::DaemonSet,
            "apps/v1beta1" | "extensions/v1beta1",
        ) => {
            labels_for_selector(tree, known, say);
            match known.kind {
                Kind::StatefulSet | Kind::DaemonSet => first_sets(tree, known, say),
                Kind::Deployment => first_deployments(tree, known, say),
                _ => {}
            }
        }
        (Kind::PodDisruptionBudget, _) => first_budgets(tree, say),
        _ => {}
    }
}

fn object<'v>(tree: &'v mut Value, key: &str) -> Option<&'v mut Map<String, Value>> {
    let map = tree.as_object_mut()?;
    let value = map.entry(key).or_insert(json!({}));
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

fn is_set(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_null())
}

/// The selector was the template's labels, and so were the object's own.
fn labels_for_selector(tree: &mut Value, known: &Known, say: &mut Notices) {
    let labels = tree["spec"]["template"]["metadata"]["labels"].clone();
    let Some(spec) = object(tree, "spec") else {
        return;
    };
    let named = labels.as_object().is_some_and(|labels| !labels.is_empty());
    if !is_set(spec.get("selector")) && named {
        spec.insert("selector".into(), json!({"matchLabels": labels}));
        say.at(
            "spec",
            format!(
                "spec.selector is required today; {} took the labels of the template, and so \
                 does this: {}",
                known.version,
                crate::api::apps::go_json(&labels)
            ),
        );
    }
    let Some(meta) = object(tree, "metadata") else {
        return;
    };
    let own = meta.get("labels").and_then(Value::as_object).is_some_and(|own| !own.is_empty());
    if !own && named {
        meta.insert("labels".into(), labels);
    }
}

/// Pods were only updated when somebody deleted them.
fn first_sets(tree: &mut Value, known: &Known, say: &mut Notices) {
    let Some(spec) = object(tree, "spec") else {
        return;
    };
    let strategy = spec.get("updateStrategy").and_then(|strategy| strategy.get("type"));
    if !is_set(strategy) {
        match spec.get_mut("updateStrategy") {
            Some(Value::Object(strategy)) => {
                strategy.insert("type".into(), json!("OnDelete"));
            }
            _ => {
                spec.insert("updateStrategy".into(), json!({"type": "OnDelete"}));
            }
        }
        say.at(
            "spec.updateStrategy",
            format!(
                "{} meant updateStrategy OnDelete when none was given, and so does this: Pods \
                 get a new template when they are deleted; today RollingUpdate is the default",
                known.version
            ),
        );
    }
}

/// Other numbers where none were given: one Pod at a time, no deadline, all history; later
/// two old ReplicaSets.
fn first_deployments(tree: &mut Value, known: &Known, say: &mut Notices) {
    let first = known.version == "extensions/v1beta1";
    let old: &[(&str, i32)] = match first {
        true => &[("revisionHistoryLimit", i32::MAX), ("progressDeadlineSeconds", i32::MAX)],
        false => &[("revisionHistoryLimit", 2)],
    };
    let Some(spec) = object(tree, "spec") else {
        return;
    };
    for (field, number) in old {
        if !is_set(spec.get(*field)) {
            spec.insert((*field).into(), json!(number));
            let what = if *number == i32::MAX { "none" } else { "2" };
            let text = format!("{} meant {field}: {what}, and so does this", known.version);
            say.at("spec", text);
        }
    }
    let strategy = spec.entry("strategy").or_insert(json!({}));
    let kind = strategy.get("type").and_then(Value::as_str).unwrap_or("RollingUpdate");
    if !first || kind != "RollingUpdate" || !strategy.is_object() {
        return;
    }
    let mut rolling = json!({"maxSurge": 1, "maxUnavailable": 1});
    if let Value::Object(given) = &strategy["rollingUpdate"] {
        for (field, amount) in given.iter().filter(|(_, amount)| !amount.is_null()) {
            rolling[field] = amount.clone();
        }
    }
    strategy["rollingUpdate"] = rolling;
    let text = "extensions/v1beta1 meant maxSurge 1 and maxUnavailable 1 where they were not \
                given, and so does this; today it is 25%";
    say.at("spec.strategy", text.to_string());
}

/// policy/v1beta1: an empty selector chose nothing; today it chooses all.
fn first_budgets(tree: &mut Value, say: &mut Notices) {
    let empty = tree["spec"]["selector"].as_object().is_some_and(Map::is_empty);
    if !empty {
        return;
    }
    if let Some(spec) = object(tree, "spec") {
        let never = json!({"matchExpressions": [{
            "key": "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match",
            "operator": "Exists",
        }]});
        spec.insert("selector".into(), never);
    }
    let text = "an empty selector chose no Pods in policy/v1beta1, and so does this; today it \
                chooses all Pods of the namespace";
    say.at("spec.selector", text.to_string());
}
