//! Compares what the simulator wrote with what the real control plane wrote, by rules:
//! each object's sequence of states, the order of the moments that matter, the set of Events.

use super::{normal, order};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A record of a trace.
pub type Record = Map<String, Value>;

/// How much of one aspect is equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Equal.
    pub equal: usize,
    /// Of so many.
    pub total: usize,
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.equal, self.total)
    }
}

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Outcome {
    /// States of objects.
    pub objects: Score,
    /// Moments in their order.
    pub order: Score,
    /// Events.
    pub events: Score,
    /// Refusals and warnings.
    pub errors: Score,
    /// What commands printed.
    pub kubectl: Score,
    /// Differences, in words, each with a name that does not change from run to run.
    pub differences: BTreeMap<String, String>,
}

/// Compares two traces.
pub fn compare(expected: &[Record], got: &[Record]) -> Outcome {
    let mut outcome = Outcome::default();
    let (expected, got) = &(normal::normal(expected, expected), normal::normal(got, expected));
    objects(expected, got, &mut outcome);
    order::order(expected, got, &mut outcome);
    events(expected, got, &mut outcome);
    outcome
}

pub(super) fn text<'r>(record: &'r Record, key: &str) -> &'r str {
    record.get(key).and_then(Value::as_str).unwrap_or("")
}

/// What the object is called in both traces: names with random parts by what they stand for.
pub fn identity(record: &Record) -> String {
    let (kind, name) = (text(record, "kind"), text(record, "name"));
    let namespace = match text(record, "ns") {
        "" => String::new(),
        other => format!("{other}/"),
    };
    let name = match kind {
        "VolumeAttachment" => format!("{} on {}", text(record, "pv"), text(record, "node")),
        "PersistentVolume" if name.starts_with("pvc-") => format!("of {}", text(record, "claim")),
        _ => name.to_string(),
    };
    format!("{kind} {namespace}{name}")
}

/// The state without what differs from run to run.
fn state(record: &Record) -> Record {
    let mut state = record.clone();
    for key in ["rv", "t_ms", "uid", "claimUid", "kind", "name"] {
        state.remove(key);
    }
    if text(record, "type") == "MODIFIED" {
        state.remove("type");
    }
    if text(record, "kind") == "Pod" && !record.contains_key("pinned") {
        let placed = record.get("node").is_some_and(|node| !node.is_null());
        state.insert("node".into(), Value::Bool(placed));
    }
    // Addresses are given by chance.
    if state.get("clusterIP").is_some_and(|ip| ip.is_string() && ip != "None") {
        state.insert("clusterIP".into(), "IP".into());
    }
    state.retain(|_, value| !value.is_null());
    state
}

type States = BTreeMap<String, Vec<Record>>;

/// Each object's states in order, equal neighbours folded.
fn sequences(trace: &[Record]) -> States {
    let mut out = States::new();
    for record in trace.iter().filter(|record| text(record, "kind") != "Event") {
        let states = out.entry(identity(record)).or_default();
        let state = state(record);
        let same = |last: &Record| {
            let mut last = last.clone();
            if last.get("type").is_some_and(|verb| verb == "ADDED") {
                last.remove("type");
            }
            last == state
        };
        if states.last() != Some(&state) && !states.last().is_some_and(same) {
            states.push(state);
        }
    }
    out
}

fn objects(expected: &[Record], got: &[Record], outcome: &mut Outcome) {
    let (expected, got) = (sequences(expected), sequences(got));
    let names: BTreeSet<&String> = expected.keys().chain(got.keys()).collect();
    let none = Vec::new();
    for name in names {
        let want = expected.get(name).unwrap_or(&none);
        let have = got.get(name).unwrap_or(&none);
        let equal = common(want, have);
        outcome.objects.equal += equal;
        outcome.objects.total += want.len().max(have.len());
        if want != have {
            outcome.differences.insert(format!("object {name}"), side_by_side(want, have));
        }
    }
}

/// The length of the longest common subsequence.
fn common(a: &[Record], b: &[Record]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for left in a {
        let mut corner = 0;
        for (at, right) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if left == right { corner + 1 } else { above.max(row[at]) };
            corner = above;
        }
    }
    row[b.len()]
}

/// The states from the first that differs on, as changes against the state before.
fn side_by_side(want: &[Record], have: &[Record]) -> String {
    let same = want.iter().zip(have).take_while(|(a, b)| a == b).count();
    let mut out = format!("    the first {same} states are equal, then\n");
    for (side, states) in [("expected", want), ("got", have)] {
        for (at, state) in states.iter().enumerate().skip(same).take(4) {
            let before = at.checked_sub(1).map(|at| &states[at]);
            out.push_str(&format!("    {side:>8} {}: {}\n", at + 1, change(before, state)));
        }
    }
    out
}

fn change(before: Option<&Record>, after: &Record) -> String {
    let empty = Record::new();
    let before = before.unwrap_or(&empty);
    let mut parts = Vec::new();
    for (key, value) in after {
        if before.get(key) != Some(value) {
            parts.push(format!("{key}={value}"));
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        parts.push(format!("-{key}"));
    }
    parts.join(" ")
}

type Told = (String, String, String, String);

fn told(trace: &[Record]) -> BTreeSet<Told> {
    let told = |record: &Record| {
        let part = |key: &str| mask(text(record, key));
        (part("obj"), part("etype"), part("reason"), part("message"))
    };
    trace.iter().filter(|record| text(record, "kind") == "Event").map(told).collect()
}

fn events(expected: &[Record], got: &[Record], outcome: &mut Outcome) {
    let (expected, got) = (told(expected), told(got));
    outcome.events.total = expected.union(&got).count();
    outcome.events.equal = expected.intersection(&got).count();
    for (obj, kind, reason, message) in expected.symmetric_difference(&got) {
        let missing =
            expected.contains(&(obj.clone(), kind.clone(), reason.clone(), message.clone()));
        let text = if missing { "is not told" } else { "is told, but should not be" };
        let name = format!("event {obj} {kind} {reason}: {message}");
        outcome.differences.insert(name, format!("    {text}\n"));
    }
}

/// Replaces what differs from run to run: uids, node names chosen among equals.
pub fn mask(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("pvc-") {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 4..];
        let end = tail.find(|c: char| !c.is_ascii_hexdigit() && c != '-').unwrap_or(tail.len());
        if end == 36 {
            out.push_str("pvc-UID");
        } else {
            out.push_str("pvc-");
            out.push_str(&tail[..end]);
        }
        rest = &tail[end..];
    }
    out.push_str(rest);
    // `web-0_default(4d6c…)`, as kubelets name a Pod.
    if let (Some(from), Some(to)) = (out.find('('), out.find(')'))
        && to.saturating_sub(from) == 37
        && out[from + 1..to].bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    {
        out.replace_range(from + 1..to, "UID");
    }
    match out.strip_prefix("Successfully assigned ").and_then(|t| t.rsplit_once(" to ")) {
        Some((pod, _)) => format!("Successfully assigned {pod} to NODE"),
        None => out,
    }
}
