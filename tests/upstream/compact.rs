//! The compact form in which recordings come with the project: a recording's folder without whole
//! objects, without texts for people, and with a trace in which each record holds only what has
//! changed of its object. `CONVERT` names a folder of recordings to be brought into this form.

use super::compare::{Record, text};
use super::scenario::Scenario;
use super::typed;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// What `scenario.json` calls the compact form of a trace.
const CHANGES: &str = "changes";

/// Keys that each record has whether or not they changed.
const ALWAYS: [&str; 6] = ["rv", "t_ms", "type", "kind", "name", "ns"];

/// What of an Event is compared.
const EVENT: [&str; 9] = ["rv", "t_ms", "type", "kind", "ns", "obj", "etype", "reason", "message"];

/// Commands that only read.
const READING: [&str; 12] = [
    "get",
    "describe",
    "explain",
    "version",
    "api-resources",
    "events",
    "diff",
    "logs",
    "auth",
    "top",
    "wait",
    "cluster-info",
];

/// What of `scenario.json` is used.
const ABOUT: [&str; 5] = ["name", "title", "kubernetes", "fake_kubelet", "seconds"];

/// Whether the recording that `scenario.json` describes is in the compact form.
pub fn is_compact(about: &Value) -> bool {
    about["trace"] == CHANGES
}

/// The records of a compact trace, whole again.
pub fn expand(trace: Vec<Record>) -> Vec<Record> {
    let mut last: BTreeMap<String, Record> = BTreeMap::new();
    let whole = |mut record: Record| {
        if text(&record, "kind") == "Event" {
            return record;
        }
        let key = key(&record);
        let gone = record.remove("-").unwrap_or(Value::Null);
        for (name, value) in last.remove(&key).into_iter().flatten() {
            let stays = gone.as_array().is_none_or(|gone| !gone.contains(&json!(name)));
            if stays && !ALWAYS.contains(&name.as_str()) && !record.contains_key(&name) {
                record.insert(name, value);
            }
        }
        last.insert(key, record.clone());
        record
    };
    trace.into_iter().map(whole).collect()
}

fn shrink(trace: &[Record]) -> Vec<Record> {
    let mut last: BTreeMap<String, Record> = BTreeMap::new();
    let small = |record: &Record| {
        let mut out = record.clone();
        if text(record, "kind") == "Event" {
            out.retain(|name, _| EVENT.contains(&name.as_str()));
            return out;
        }
        let before = last.insert(key(record), record.clone()).unwrap_or_default();
        out.retain(|name, value| {
            ALWAYS.contains(&name.as_str()) || before.get(name) != Some(value)
        });
        let fields = before.keys().filter(|name| !ALWAYS.contains(&name.as_str()));
        let gone: Vec<&String> = fields.filter(|name| !record.contains_key(*name)).collect();
        if !gone.is_empty() {
            out.insert("-".into(), json!(gone));
        }
        out
    };
    trace.iter().map(small).collect()
}

fn key(record: &Record) -> String {
    ["kind", "ns", "name"].map(|name| text(record, name)).join("/")
}

/// Writes `scenario` in the compact form into the folder `into`.
pub fn write(scenario: &Scenario, into: &Path) -> io::Result<()> {
    if into.exists() {
        fs::remove_dir_all(into)?;
    }
    fs::create_dir_all(into.join("manifests"))?;
    let mut about = scenario.about.clone();
    if let Value::Object(about) = &mut about {
        about.retain(|name, _| ABOUT.contains(&name.as_str()) || name == "start");
        about.insert("trace".into(), json!(CHANGES));
    }
    fs::write(into.join("scenario.json"), format!("{about:#}\n"))?;
    for (name, manifest) in &scenario.manifests {
        fs::write(into.join("manifests").join(name), manifest)?;
    }
    let actions: Vec<Value> = scenario.actions.iter().filter_map(action).collect();
    fs::write(into.join("actions.jsonl"), lines(&actions))?;
    fs::write(into.join("trace.jsonl"), lines(&shrink(&scenario.trace)))?;
    let mut typed = scenario.typed.clone();
    for one in &mut typed {
        let kept = |number: usize| action(&scenario.actions[number]).is_some();
        let number = one.action.filter(|number| kept(*number));
        one.action = number.map(|number| (0..number).filter(|n| kept(*n)).count());
    }
    fs::write(into.join("kubectl.txt"), typed::write(&typed))?;
    if !scenario.cases.is_empty() {
        fs::write(into.join("cases.jsonl"), lines(&scenario.cases))?;
    }
    Ok(())
}

/// An action without what only people read; `None` if it neither changes nor refuses anything.
fn action(action: &Value) -> Option<Value> {
    let mut action = action.clone();
    let words: Vec<&str> = action["cmd"].as_str().unwrap_or("").split(' ').collect();
    let verb = words.iter().skip(1).find(|word| !word.starts_with('-')).copied().unwrap_or("");
    let is_read = action["kind"] == "kubectl" && READING.contains(&verb);
    let is_error = action["rc"] != 0 || action["stderr"].as_str().is_some_and(|t| !t.is_empty());
    if action["kind"] == "note" || is_read && !is_error {
        return None;
    }
    if let Value::Object(action) = &mut action {
        action.remove("file");
    }
    Some(action)
}

/// One line a value.
pub fn lines<T: serde::Serialize>(values: &[T]) -> String {
    let line = |value: &T| serde_json::to_string(value).unwrap_or_default() + "\n";
    values.iter().map(line).collect()
}
