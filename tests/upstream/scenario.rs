//! A recorded scenario: what was done, what the control plane wrote.

use super::compare::Record;
use super::typed::{self, Typed};
use super::{compact, raw};
use playground::base::sorted::SortedMap;
use serde_json::Value;
use std::path::Path;

/// A recorded scenario.
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// `scenario.json`.
    pub about: Value,
    /// Manifests by file name.
    pub manifests: SortedMap<String, String>,
    /// What was done, in order.
    pub actions: Vec<Value>,
    /// What the control plane wrote, in order of revision.
    pub trace: Vec<Record>,
    /// Single requests with their answers.
    pub cases: Vec<Value>,
    /// The commands and what they printed.
    pub typed: Vec<Typed>,
}

impl Scenario {
    /// Reads a scenario's folder, raw or compact: both hold the same files, the compact one
    /// without whole objects and without texts for people. `None` if it holds no scenario.
    pub fn read(folder: &Path) -> Option<Scenario> {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let lines = |name: &str| -> Vec<Value> {
            let text = text(name).unwrap_or_default();
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
        };
        let mut about: Value = serde_json::from_str(&text("scenario.json")?).ok()?;
        if about["start"].is_null()
            && let Some(start) = raw::start(folder)
        {
            about["start"] = Value::from(start.rfc3339_micro());
        }
        let mut manifests = SortedMap::new();
        for entry in std::fs::read_dir(folder.join("manifests")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            manifests.insert(name, std::fs::read_to_string(entry.path()).ok()?);
        }
        let record = |value: Value| match value {
            Value::Object(record) => Some(record),
            _ => None,
        };
        let mut trace: Vec<Record> = lines("trace.jsonl").into_iter().filter_map(record).collect();
        trace.sort_by_key(|record| record.get("rv").and_then(Value::as_u64));
        if compact::is_compact(&about) {
            trace = compact::expand(trace);
        }
        let actions = lines("actions.jsonl");
        let typed = match text("kubectl.txt") {
            Some(text) => typed::read(&text),
            None => typed::of_recording(folder, &actions, Some),
        };
        Some(Scenario {
            typed,
            name: about["name"].as_str()?.to_string(),
            manifests,
            actions,
            trace,
            cases: lines("cases.jsonl"),
            about,
        })
    }

    /// All scenarios in the folders below `root`, by name.
    pub fn all(root: &Path) -> Vec<Scenario> {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let mut all: Vec<Scenario> =
            entries.filter_map(|entry| Scenario::read(&entry.path())).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}
