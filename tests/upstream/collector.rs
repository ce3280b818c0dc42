//! When the garbage collector came to each object whose owner was going: it has many workers and
//! few requests a second, so that is chance.

use super::compare::{Record, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The garbage collector of the simulator needs so long to come to the first of them.
const QUICKEST: u64 = 16;

/// Longer than that something else was waited for.
const LONG: u64 = 1_000;

/// Owners that are gone or wait for what they own, and since when.
#[derive(Default)]
pub struct Going(BTreeMap<String, u64>);

impl Going {
    /// Takes note of a write.
    pub fn note(&mut self, record: &Record) {
        let own = |it: &Value| *it == json!("foregroundDeletion") || *it == json!("orphan");
        let finalizers = record.get("finalizers").and_then(Value::as_array);
        let waits =
            record.contains_key("deleting") && finalizers.is_some_and(|all| all.iter().any(own));
        let at = record["t_ms"].as_u64().unwrap_or(0);
        match text(record, "type") {
            "ADDED" => drop(self.0.remove(&name(record))),
            _ if text(record, "type") == "DELETED" || waits => {
                self.0.entry(name(record)).or_insert(at);
            }
            _ => {}
        }
    }

    /// Since when an owner of `owned` is going.
    pub fn since(&self, owned: &Record) -> Option<u64> {
        let owners = owned.get("owners").and_then(Value::as_array)?;
        let namespace = owned.get("ns").and_then(Value::as_str).unwrap_or("default");
        owners.iter().find_map(|owner| {
            let owner = owner.as_str()?.trim_end_matches(['*', '!']);
            self.0.get(&format!("{namespace} {owner}")).copied()
        })
    }
}

fn name(record: &Record) -> String {
    let namespace = record.get("ns").and_then(Value::as_str).unwrap_or("default");
    format!("{namespace} {}/{}", text(record, "kind"), text(record, "name"))
}

/// How long after its owner's going each object was deleted that was there then, by name and in
/// order.
#[derive(Default)]
pub struct Collected {
    spans: BTreeMap<String, Vec<u64>>,
    /// Which objects of each name the replay has come to.
    lives: BTreeMap<String, Vec<String>>,
}

impl Collected {
    /// Reads it off a recording.
    pub fn of(trace: &[Record]) -> Collected {
        let mut out = Collected::default();
        let mut going = Going::default();
        // What is there, as it was written last.
        let mut known: BTreeMap<String, Record> = BTreeMap::new();
        let mut latest = 0;
        // What went because of what was done at one moment, with the times of its going.
        let mut groups: BTreeMap<u64, Vec<(String, u64)>> = BTreeMap::new();
        for record in trace.iter().filter(|record| text(record, "kind") != "Event") {
            let (uid, verb) = (text(record, "uid").to_string(), text(record, "type"));
            let orphaned = known.get(&uid).filter(|_| !record.contains_key("owners"));
            let since = orphaned.and_then(|old| going.since(old)).or(going.since(record));
            let goes = verb == "DELETED" || record.contains_key("deleting") || orphaned.is_some();
            let at = record["t_ms"].as_u64().unwrap_or(0);
            // What comes once its owner is going is not one of those that go with it.
            let was_known = known.contains_key(&uid);
            if was_known || verb == "ADDED" && since.is_none() {
                known.insert(uid.clone(), record.clone());
            }
            if was_known
                && goes
                && let Some(since) = since.filter(|since| at < since + LONG)
            {
                known.remove(&uid);
                // Times are those of the recorder, which heard of several writes at once.
                latest = at.max(latest + 1);
                groups.entry(since).or_default().push((name(record), latest));
            }
            going.note(record);
        }
        for (since, group) in groups {
            let first = group.iter().map(|(_, at)| at - since).min().unwrap_or(0);
            let slower = QUICKEST.saturating_sub(first);
            for (name, at) in group {
                out.spans.entry(name).or_default().push(at - since + slower);
            }
        }
        out
    }

    /// How long after its owner's going the object of `record` was deleted.
    pub fn span(&mut self, record: &Record) -> Option<u64> {
        let name = name(record);
        let spans = self.spans.get(&name)?;
        let uid = text(record, "uid").to_string();
        let lives = self.lives.entry(name).or_default();
        let life = lives.iter().position(|other| *other == uid).unwrap_or_else(|| {
            lives.push(uid);
            lives.len() - 1
        });
        spans.get(life).copied()
    }
}
