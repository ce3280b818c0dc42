//! How chance fell in a recording, for a replay: which of equal nodes got a Pod, when each
//! kubelet looked at its status, how soon the controller saw that a volume was attached.

use super::compare::Record;
use playground::base::Str;
use playground::base::names::RecordedName;
use playground::base::time::{SimTime, Span};
use playground::config::Course;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where the recorded Pods were placed, in order.
pub fn placements(trace: &[Record]) -> Vec<(Str, Str)> {
    let mut out = Vec::new();
    let mut placed = BTreeSet::new();
    for record in trace.iter().filter(|record| record["kind"] == "Pod") {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        if let (Some(name), Some(node), Some(uid)) = (text("name"), text("node"), text("uid"))
            && placed.insert(uid)
        {
            let namespace = text("ns").unwrap_or("default");
            out.push((format!("{namespace}/{name}").into(), node.into()));
        }
    }
    out
}

/// The Pods that the scheduler tried before it had heard of their claims, which were there.
pub fn early(trace: &[Record]) -> Vec<Str> {
    let (mut claims, mut out) = (BTreeSet::new(), Vec::new());
    for record in trace {
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or("");
        match text("kind") {
            "PersistentVolumeClaim" if text("type") == "DELETED" => {
                claims.remove(text("name"));
            }
            "PersistentVolumeClaim" => {
                claims.insert(text("name"));
            }
            "Event" => {
                let told = text("message").split("persistentvolumeclaim \"").nth(1).unwrap_or("");
                let missing = told.split_once("\" not found").map_or("", |(name, _)| name);
                if let Some(pod) = text("obj").strip_prefix("Pod/")
                    && claims.contains(missing)
                {
                    out.push(format!("default/{pod}").into());
                }
            }
            _ => {}
        }
    }
    out
}

/// The Pods whose names the server made up: they are told by their ends, five letters and digits
/// of its alphabet after a dash. A name that somebody gave and that looks so does no harm.
pub fn names(trace: &[Record]) -> Vec<RecordedName> {
    let mut out = Vec::new();
    for record in trace.iter().filter(|r| r["kind"] == "Pod" && r["type"] == "ADDED") {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let (name, uid) = (text("name").unwrap_or(""), text("uid").unwrap_or(""));
        let made_up = |end: &str| end.len() == 5 && end.bytes().all(|b| b.is_ascii_alphanumeric());
        if name.rsplit_once('-').is_some_and(|(_, end)| made_up(end)) {
            let namespace = text("ns").unwrap_or("default");
            let uid = u32::from_str_radix(uid, 16).unwrap_or(0);
            let pinned = text("pinned").unwrap_or("").into();
            out.push(RecordedName { name: format!("{namespace}/{name}").into(), uid, pinned });
        }
    }
    out
}

/// The Pods that were told to go, in order.
pub fn ends(trace: &[Record]) -> Vec<Str> {
    let mut out: Vec<Str> = Vec::new();
    let told = |r: &&Record| r["kind"] == "Pod" && r.contains_key("deleting");
    for record in trace.iter().filter(told) {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let (namespace, name) = (text("ns").unwrap_or("default"), text("name").unwrap_or(""));
        let name: Str = format!("{namespace}/{name}").into();
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

/// Each attachment, and whether the controller saw it at its first look, about half a second
/// after it had asked for it.
pub fn attachments(trace: &[Record]) -> Vec<(Str, bool)> {
    let text = |record: &Record, key: &str| record[key].as_str().unwrap_or("").to_string();
    let at = |record: &Record| record["t_ms"].as_u64().unwrap_or(0);
    let asked = trace
        .iter()
        .enumerate()
        .filter(|(_, record)| record["kind"] == "VolumeAttachment" && record["type"] == "ADDED");
    let quick = |(place, record): (usize, &Record)| {
        let (claim, node) = (text(record, "pv"), text(record, "node"));
        let lists = |later: &&Record| {
            let all = later.get("volumesAttached").and_then(Value::as_array);
            later["kind"] == "Node"
                && text(later, "name") == node
                && all.is_some_and(|all| all.iter().any(|name| *name == *claim))
        };
        let listed = trace[place..].iter().find(lists);
        let quick = listed.is_some_and(|listed| at(listed) < at(record) + 800);
        (format!("{claim} {node}").into(), quick)
    };
    asked.map(quick).collect()
}

/// When each node's kubelet looked at its status: whenever volumesInUse was written, which it does
/// on nothing but its own clock. The first one counts: it looks again in its rhythm.
pub fn status_phases(trace: &[Record], start: SimTime, period: Span) -> Vec<(Str, SimTime)> {
    let none = json!([]);
    let mut used: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut phases: BTreeMap<&str, SimTime> = BTreeMap::new();
    for record in trace.iter().filter(|record| record["kind"] == "Node") {
        let name = record["name"].as_str().unwrap_or("");
        let Some(now) = record.get("volumesInUse") else { continue };
        let before = used.insert(name, now).unwrap_or(&none);
        if before != now && !phases.contains_key(name) {
            let at = start + Span::millis(record["t_ms"].as_u64().unwrap_or(0));
            phases.insert(name, SimTime(at.0 % period.0.max(1)));
        }
    }
    phases.into_iter().map(|(name, at)| (name.into(), at)).collect()
}

/// A time well before the recording at which the controller manager may have started, if nodes
/// fell silent: it looks at them in the rhythm that its start began.
pub fn manager_start(trace: &[Record], start: SimTime, period: Span) -> Option<SimTime> {
    let unknown = |record: &&Record| {
        record["kind"] == "Node"
            && record.get("conds").is_some_and(|it| it["Ready"][0] == "Unknown")
    };
    let looked = start + Span::millis(trace.iter().find(unknown)?["t_ms"].as_u64()?);
    let early = SimTime(start.0.saturating_sub(60_000));
    // To write it down took a moment.
    let phase = SimTime(looked.0.saturating_sub(10) % period.0.max(1));
    Some(early.next_tick(phase, period))
}

/// When the stand-ins were done with each Pod that had a node, in the order of the bindings. Not
/// where disks were attached, which takes its own time.
pub fn courses(trace: &[Record], start: SimTime) -> Vec<(Str, Course)> {
    if trace.iter().any(|record| record["kind"] == "VolumeAttachment") {
        return Vec::new();
    }
    let mut pods: BTreeMap<&str, Times> = BTreeMap::new();
    let mut order = Vec::new();
    let mut apart = Apart::default();
    for record in trace.iter().filter(|record| record["kind"] == "Pod") {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let (Some(name), Some(uid)) = (text("name"), text("uid")) else { continue };
        let namespace = text("ns").unwrap_or("default");
        let times = pods.entry(uid).or_default();
        let at = record["t_ms"].as_u64().map(|at| apart.at(at, uid));
        if text("node").is_some() && times.bound.is_none() {
            times.bound = at;
            order.push((uid, Str::from(format!("{namespace}/{name}"))));
        }
        let state = record["containers"][0][0].as_str().unwrap_or("waiting");
        if state != "waiting" && times.ran.is_none() {
            times.ran = at;
        }
        if record.contains_key("deleting") && times.deleted.is_none() {
            times.deleted = at;
        }
        if state == "terminated" && times.deleted.is_some() && times.ended.is_none() {
            times.ended = at;
        }
        if record["type"] == "DELETED" {
            times.gone = at;
        }
    }
    // What took longer waited for something, such as a network.
    let time = |from: Option<u64>, to: Option<u64>| {
        let to = to.filter(|to| to.saturating_sub(from.unwrap_or(0)) < LONG)?;
        from.map(|_| start + Span::millis(to))
    };
    let course = |(uid, name): (&str, Str)| {
        let times = &pods[uid];
        let course = Course {
            ran: time(times.bound, times.ran),
            ended: time(times.deleted, times.ended),
            gone: time(times.ended, times.gone),
        };
        (name, course)
    };
    order.into_iter().map(course).collect()
}

/// Longer than any stand-in takes by itself, in milliseconds.
const LONG: u64 = 10_000;

/// When what happened to a Pod.
#[derive(Default)]
struct Times {
    bound: Option<u64>,
    ran: Option<u64>,
    deleted: Option<u64>,
    ended: Option<u64>,
    gone: Option<u64>,
}

/// Times in the order of the writes: those that the recorder heard of at once are a millisecond
/// apart.
#[derive(Default)]
struct Apart {
    last: u64,
    of: String,
}

impl Apart {
    /// The time of a write to the object `uid` that the recorder heard of at `at`.
    fn at(&mut self, at: u64, uid: &str) -> u64 {
        let earliest = self.last + u64::from(self.of != uid);
        self.last = at.max(earliest);
        self.of = uid.to_string();
        self.last
    }
}
