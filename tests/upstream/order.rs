//! The order of the moments that matter: a Pod is there, scheduled, Ready, about to go, gone; a
//! claim is there, bound, gone; a revision is there; a set's status is written.
//!
//! What is not determined in a real cluster is not compared: writes of independent components at
//! about the same time, and in which order things happen that were set going together, such as
//! Pods of a Parallel set, or what the garbage collector deletes.

use super::compare::{Outcome, Record, identity, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Writes of independent components this near to each other may come in either order.
const SIMULTANEOUS_MS: u64 = 10;

/// What was set going within so long was set going together.
const TOGETHER_MS: u64 = 40;

/// A moment that matters.
struct Moment {
    object: String,
    what: String,
    /// `what`, with the number of the object's life and of the repetition.
    name: String,
    time: u64,
    /// When the object was last set going: it was added, or told to go. `None` for objects that
    /// are steered all the time.
    since: Option<u64>,
}

/// Compares the orders of moments.
pub fn order(expected: &[Record], got: &[Record], outcome: &mut Outcome) {
    let (expected, got) = (moments(expected), moments(got));
    let partners = partners(&expected, &got);
    outcome.order.total += expected.len();
    for (at, moment) in expected.iter().enumerate() {
        let name = format!("moment {}", moment.name);
        let Some(here) = partners[at] else {
            outcome.differences.insert(name, "    does not come\n".into());
            continue;
        };
        let late = (0..at).find(|&earlier| {
            is_before(&expected[earlier], moment)
                && partners[earlier].is_some_and(|there| {
                    there > here && got[there].time > got[here].time + SIMULTANEOUS_MS
                })
        });
        match late {
            None => outcome.order.equal += 1,
            Some(earlier) => {
                let text = format!("    comes before: {}\n", expected[earlier].name);
                outcome.differences.insert(name, text);
            }
        }
    }
    let known: BTreeSet<usize> = partners.iter().flatten().copied().collect();
    for (_, moment) in got.iter().enumerate().filter(|(at, _)| !known.contains(at)) {
        outcome.order.total += 1;
        let text = "    comes, but should not\n".to_string();
        outcome.differences.insert(format!("moment {} as played", moment.name), text);
    }
}

/// Whether `one`, which comes first, has to.
fn is_before(one: &Moment, other: &Moment) -> bool {
    let together = match (one.since, other.since) {
        (Some(one), Some(other)) => one.abs_diff(other) <= TOGETHER_MS,
        _ => false,
    };
    let clear = other.time.saturating_sub(one.time) > SIMULTANEOUS_MS;
    clear && !(together && one.object != other.object)
}

/// Which moment of `got` each moment of `expected` is: object by object, as many as possible in
/// their order.
fn partners(expected: &[Moment], got: &[Moment]) -> Vec<Option<usize>> {
    let places = |all: &[Moment]| {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, moment) in all.iter().enumerate() {
            places.entry(moment.object.clone()).or_default().push(at);
        }
        places
    };
    let mut out = vec![None; expected.len()];
    let theirs = places(got);
    for (object, ours) in places(expected) {
        let theirs = theirs.get(&object).map_or(&[][..], Vec::as_slice);
        // Of the rests that begin at each pair of places, how many moments are common.
        let mut common = vec![vec![0; theirs.len() + 1]; ours.len() + 1];
        for a in (0..ours.len()).rev() {
            for b in (0..theirs.len()).rev() {
                common[a][b] = match expected[ours[a]].what == got[theirs[b]].what {
                    true => common[a + 1][b + 1] + 1,
                    false => common[a + 1][b].max(common[a][b + 1]),
                };
            }
        }
        let (mut a, mut b) = (0, 0);
        while a < ours.len() && b < theirs.len() {
            if expected[ours[a]].what == got[theirs[b]].what {
                out[ours[a]] = Some(theirs[b]);
                (a, b) = (a + 1, b + 1);
            } else if common[a + 1][b] >= common[a][b + 1] {
                a += 1;
            } else {
                b += 1;
            }
        }
    }
    out
}

fn moments(trace: &[Record]) -> Vec<Moment> {
    let mut out = Vec::new();
    let mut lives: BTreeMap<String, (u32, u64, Record)> = BTreeMap::new();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for record in trace {
        let kind = text(record, "kind");
        let watched = ["Pod", "PersistentVolumeClaim", "ControllerRevision", "StatefulSet"];
        if !watched.contains(&kind) {
            continue;
        }
        let object = identity(record);
        let verb = text(record, "type");
        let (mut life, mut since, before) = lives.remove(&object).unwrap_or_default();
        life += u32::from(verb == "ADDED");
        let time = record.get("t_ms").and_then(Value::as_u64).unwrap_or(0);
        for what in marks(kind, &before, record, verb) {
            if what == "ADDED" || what == "deleting" || kind == "ControllerRevision" {
                since = time;
            }
            let mut name = format!("{object} #{life} {what}");
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                name.push_str(&format!(" ({count})"));
            }
            let since = (kind != "StatefulSet").then_some(since);
            out.push(Moment { object: object.clone(), what, name, time, since });
        }
        lives.insert(object, (life, since, record.clone()));
    }
    out
}

/// Which marked moments a write is.
fn marks(kind: &str, before: &Record, after: &Record, verb: &str) -> Vec<String> {
    let mut out = Vec::new();
    let became = |key: &str| {
        let set = |record: &Record| match record.get(key) {
            None | Some(Value::Null) | Some(Value::Bool(false)) => false,
            Some(_) => true,
        };
        set(after) && !set(before)
    };
    if verb == "ADDED" || verb == "DELETED" {
        out.push(verb.to_string());
    }
    match kind {
        "Pod" => {
            let steps = [("node", "scheduled"), ("ready", "Ready"), ("deleting", "deleting")];
            let taken = steps.iter().filter(|(key, _)| became(key));
            out.extend(taken.map(|(_, what)| what.to_string()));
        }
        "PersistentVolumeClaim"
            if text(after, "phase") == "Bound" && text(before, "phase") != "Bound" =>
        {
            out.push("Bound".to_string());
        }
        "StatefulSet" if verb == "MODIFIED" => {
            let keys = ["observed", "replicas", "ready", "current", "updated", "available"];
            let status = |record: &Record| -> Vec<String> {
                let part = |key: &&str| record.get(*key).map_or("-".into(), Value::to_string);
                keys.iter().map(part).collect()
            };
            if status(before) != status(after) {
                out.push(format!("status {}", status(after).join(",")));
            }
        }
        _ => {}
    }
    out
}
