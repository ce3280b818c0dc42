//! When the garbage collector came to each object whose owner was going, and the namespace
//! controller by a Namespace: they have many workers and few requests a second, so that is chance.

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

/// An object by its name and life, and when it went.
type Gone = ((String, usize), u64);

/// How long after its owner had begun to go each object was deleted, or made an orphan, that was
/// there then.
#[derive(Default)]
pub struct Collected {
    spans: BTreeMap<(String, usize), u64>,
    lives: Lives,
}

impl Collected {
    /// Reads it off a recording.
    pub fn of(trace: &[Record]) -> Collected {
        let mut out = Collected::default();
        let mut lives = Lives::default();
        let mut going = Going::default();
        // What is there, as it was written last. What comes once its owner is going is not one
        // of those that go with it.
        let mut known: BTreeMap<String, Record> = BTreeMap::new();
        let mut latest = 0;
        // What went because of what was done at one moment, with the times of its going.
        let mut groups: BTreeMap<u64, Vec<Gone>> = BTreeMap::new();
        for record in trace.iter().filter(|record| text(record, "kind") != "Event") {
            let (uid, verb) = (text(record, "uid").to_string(), text(record, "type"));
            let this = (name(record), lives.of(record));
            let orphaned = known.get(&uid).filter(|_| !record.contains_key("owners"));
            let before = orphaned.and_then(|old| going.since(old));
            let since = before.or(going.since(record));
            let goes = verb == "DELETED" || record.contains_key("deleting") || before.is_some();
            let at = record["t_ms"].as_u64().unwrap_or(0);
            let was_known = known.contains_key(&uid);
            if was_known || verb == "ADDED" && since.is_none() {
                known.insert(uid.clone(), record.clone());
            }
            if was_known
                && goes
                && let Some(since) = since.filter(|since| at < since + LONG)
            {
                known.remove(&uid);
                // The recorder heard of several writes at once.
                latest = at.max(latest + 1);
                groups.entry(since).or_default().push((this, latest));
            }
            going.note(record);
        }
        for (since, group) in groups {
            let first = group.iter().map(|(_, at)| at - since).min().unwrap_or(0);
            let slower = QUICKEST.saturating_sub(first);
            for (this, at) in group {
                out.spans.insert(this, at - since + slower);
            }
        }
        out
    }

    /// Takes note of a write of the replay.
    pub fn note(&mut self, record: &Record) {
        self.lives.of(record);
    }

    /// When the garbage collector came to the object of `record`, an owner of which is going.
    pub fn at(&mut self, record: &Record, going: &Going) -> Option<u64> {
        let since = going.since(record)?;
        let span = self.spans.get(&(name(record), self.lives.of(record)))?;
        Some(since + span)
    }
}

/// Which of the objects that had a name one is, counted from 0.
#[derive(Default)]
struct Lives(BTreeMap<String, Vec<String>>);

impl Lives {
    fn of(&mut self, record: &Record) -> usize {
        let uid = text(record, "uid");
        let lives = self.0.entry(name(record)).or_default();
        lives.iter().position(|other| *other == uid).unwrap_or_else(|| {
            lives.push(uid.to_string());
            lives.len() - 1
        })
    }
}

/// When the namespace controller came by to empty each Namespace: it goes through all kinds
/// there are, which takes it a while.
#[derive(Default)]
pub struct Emptied(BTreeMap<String, Vec<u64>>);

impl Emptied {
    /// Reads it off a recording: what goes there without an owner that goes first.
    pub fn of(trace: &[Record]) -> Emptied {
        let mut out: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut going = Going::default();
        let mut gone = std::collections::BTreeSet::new();
        for record in trace.iter().filter(|record| text(record, "kind") != "Event") {
            let goes = text(record, "type") == "DELETED" || record.contains_key("deleting");
            let uid = text(record, "uid").to_string();
            if goes && gone.insert(uid) && going.since(record).is_none() {
                let namespace = record.get("ns").and_then(Value::as_str).unwrap_or("default");
                let times = out.entry(namespace.to_string()).or_default();
                times.push(record["t_ms"].as_u64().unwrap_or(0));
            }
            going.note(record);
        }
        Emptied(out)
    }

    /// When the controller came by next, if that was soon after `now`.
    pub fn next(&self, namespace: &str, now: u64) -> Option<u64> {
        let times = self.0.get(namespace)?;
        let next = times.iter().copied().find(|time| *time >= now)?;
        (next <= now + LONG / 2).then_some(next)
    }
}

/// The records with their times as they must have been: nothing came after what was written
/// later. The recorder hears of some kinds sooner than of others.
pub fn steady(trace: &[Record]) -> Vec<Record> {
    let mut out = trace.to_vec();
    let mut earliest = u64::MAX;
    for record in out.iter_mut().rev() {
        earliest = earliest.min(record["t_ms"].as_u64().unwrap_or(u64::MAX));
        record.insert("t_ms".into(), json!(earliest));
    }
    out
}
