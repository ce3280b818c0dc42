//! DaemonSets and Jobs reduced to the fields that the recordings keep.

use serde_json::{Map, Value, json};

fn zero(value: &Value) -> Value {
    if value.is_null() { json!(0) } else { value.clone() }
}

fn copy(out: &mut Map<String, Value>, from: &Value, keys: &[(&str, &str)]) {
    for (short, long) in keys {
        out.insert(short.to_string(), from[*long].clone());
    }
}

fn counts(out: &mut Map<String, Value>, from: &Value, keys: &[(&str, &str)]) {
    for (short, long) in keys {
        out.insert(short.to_string(), zero(&from[*long]));
    }
}

/// A DaemonSet.
pub fn daemon_set(value: &Value, out: &mut Map<String, Value>) {
    let (spec, status) = (&value["spec"], &value["status"]);
    out.insert("gen".into(), value["metadata"]["generation"].clone());
    out.insert("observed".into(), status["observedGeneration"].clone());
    counts(
        out,
        status,
        &[
            ("desired", "desiredNumberScheduled"),
            ("current", "currentNumberScheduled"),
            ("ready", "numberReady"),
            ("updated", "updatedNumberScheduled"),
            ("available", "numberAvailable"),
            ("unavailable", "numberUnavailable"),
            ("misscheduled", "numberMisscheduled"),
        ],
    );
    out.insert("strategy".into(), spec["updateStrategy"].clone());
    out.insert("image".into(), super::reduce::images(&spec["template"]["spec"]));
}

/// A Job.
pub fn job(value: &Value, out: &mut Map<String, Value>) {
    let (spec, status) = (&value["spec"], &value["status"]);
    out.insert("gen".into(), value["metadata"]["generation"].clone());
    copy(
        out,
        spec,
        &[
            ("parallelism", "parallelism"),
            ("completions", "completions"),
            ("backoffLimit", "backoffLimit"),
            ("mode", "completionMode"),
            ("suspend", "suspend"),
        ],
    );
    let keys = ["active", "ready", "terminating", "succeeded", "failed"];
    counts(out, status, &keys.map(|key| (key, key)));
    out.insert("completedIndexes".into(), status["completedIndexes"].clone());
    let lists = status["uncountedTerminatedPods"].as_object().into_iter().flatten();
    let lists = lists.filter_map(|(key, list)| Some((key.clone(), json!(list.as_array()?.len()))));
    out.insert("uncounted".into(), Value::Object(lists.collect()));
    out.insert("started".into(), json!(!status["startTime"].is_null()));
    out.insert("completed".into(), json!(!status["completionTime"].is_null()));
    out.insert("conds".into(), super::reduce::conditions(&status["conditions"], true));
}
