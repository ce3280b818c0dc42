//! Brings two traces into the form in which they are compared: without what differs from run to
//! run, and without what the recordings' stand-ins did otherwise than kubelets do.

use super::compare::{Record, identity, mask};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
    // Earlier recordings did not watch CSINodes.
    let later = shown.contains(&("Node", "volumesInUse"));
    out.retain(|record| later || text(record, "kind") != "CSINode");
    no_word_of_the_stalled(&mut out);
    no_end_without_start(&mut out);
    no_further_pulls(&mut out);
    for record in &mut out {
        for (kind, key) in LATER {
            if text(record, "kind") == kind && !shown.contains(&(kind, key)) {
                record.remove(key);
            }
        }
        chosen_node(record);
        job_uid(record);
        unready_containers(record);
        for key in ["attachError", "detachError"] {
            if let Some(Value::String(error)) = record.get_mut(key) {
                *error = mask(error);
            }
        }
    }
    out
}

/// A stand-in said nothing of a volume that it never made; a provisioner says that it begins.
fn no_word_of_the_stalled(trace: &mut Vec<Record>) {
    let told = |record: &Record, reason: &str| text(record, "reason") == reason;
    let made = trace.iter().filter(|record| told(record, "ProvisioningSucceeded"));
    let made: BTreeSet<String> = made.map(|record| text(record, "obj").to_string()).collect();
    trace.retain(|record| !told(record, "Provisioning") || made.contains(text(record, "obj")));
}

/// Of a Pod that goes before its containers ran kubelets say that these ended; the stand-ins
/// said nothing.
fn no_end_without_start(trace: &mut [Record]) {
    let mut before: BTreeMap<String, Record> = BTreeMap::new();
    for record in trace.iter_mut().filter(|record| text(record, "kind") == "Pod") {
        let name = identity(record);
        let idle = |record: &Record| {
            let all = record.get("containers").and_then(Value::as_array);
            all.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one[0] == "waiting"))
        };
        if record.contains_key("deleting")
            && let Some(before) = before.get(&name).filter(|before| idle(before))
        {
            for key in ["phase", "containers", "conds"] {
                record.insert(key.into(), before.get(key).cloned().unwrap_or(Value::Null));
            }
        }
        before.insert(name, record.clone());
    }
}

/// A stand-in tried to pull an image once; a kubelet tries again and again.
fn no_further_pulls(trace: &mut [Record]) {
    let mut waiting: BTreeSet<String> = BTreeSet::new();
    for record in trace.iter_mut().filter(|record| text(record, "kind") == "Pod") {
        let uid = text(record, "uid").to_string();
        let Some(Value::Array(containers)) = record.get_mut("containers") else {
            continue;
        };
        for container in containers {
            if container[1] == "ImagePullBackOff" {
                waiting.insert(uid.clone());
            } else if container[1] == "ErrImagePull" && waiting.contains(&uid) {
                container[1] = json!("ImagePullBackOff");
            }
        }
    }
}

/// A Pod whose readiness is held down is unready in a stand-in's condition alone; a kubelet says
/// it of the containers as well.
fn unready_containers(record: &mut Record) {
    let Some(Value::Object(conditions)) = record.get_mut("conds") else {
        return;
    };
    let ready = conditions.get("Ready").cloned().unwrap_or(Value::Null);
    let held = ready[1] == "ContainersNotReady" && conditions["ContainersReady"][0] == "True";
    if !held {
        return;
    }
    conditions.insert("ContainersReady".into(), ready);
    for container in
        record.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten()
    {
        container[2] = json!(false);
    }
}

fn text<'r>(record: &'r Record, key: &str) -> &'r str {
    record.get(key).and_then(Value::as_str).unwrap_or("")
}

/// The Pods of a Job carry its uid.
fn job_uid(record: &mut Record) {
    if let Some(Value::Object(labels)) = record.get_mut("labels") {
        let by_uid = labels.iter_mut().filter(|(key, _)| key.ends_with("controller-uid"));
        by_uid.for_each(|(_, uid)| *uid = json!("UID"));
    }
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
