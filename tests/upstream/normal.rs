//! Brings two traces into the form in which they are compared: without what differs from run to
//! run, and without what the recordings' stand-ins did otherwise than kubelets do.

use super::compare::Record;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fields that only later recordings have.
const LATER: [(&str, &str); 4] = [
    ("PersistentVolume", "driver"),
    ("PersistentVolume", "nodeAffinity"),
    ("Node", "volumesInUse"),
    ("Node", "volumesAttached"),
];

/// The records of `trace` as they are compared in a recording that looks like `recorded`.
pub fn normal(trace: &[Record], recorded: &[Record]) -> Vec<Record> {
    let shown: BTreeSet<(&str, &str)> = LATER
        .into_iter()
        .filter(|(kind, key)| {
            recorded.iter().any(|record| text(record, "kind") == *kind && record.contains_key(*key))
        })
        .collect();
    let mut out = trace.to_vec();
    for record in &mut out {
        for (kind, key) in LATER {
            if text(record, "kind") == kind && !shown.contains(&(kind, key)) {
                record.remove(key);
            }
        }
        chosen_node(record);
    }
    out
}

fn text<'r>(record: &'r Record, key: &str) -> &'r str {
    record.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Which of several equal nodes is chosen is up to chance.
fn chosen_node(record: &mut Record) {
    let selected = "volume.kubernetes.io/selected-node";
    if let Some(Value::Object(annotations)) = record.get_mut("ann")
        && annotations.contains_key(selected)
    {
        annotations.insert(selected.into(), json!("NODE"));
    }
    if text(record, "kind") == "Pod" && record.contains_key("nominated") {
        record.insert("nominated".into(), json!("NODE"));
    }
}
