//! What the controllers that sum up Pods had heard of when they wrote: how far behind they were
//! is chance. Between one Pod's write and the next they look, or do not look.
//!
//! From the recording it is worked out which write of a Pod was the last that each sum shows. In
//! the replay a controller that comes to its key when it has heard of another write, while the
//! recording has it look a moment later, misses that turn. It never learns what to write.

use super::compare::{Record, text};
use playground::controller::ControllerId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// As long as this a controller may be busy with something else.
const BUSY: u64 = 120;
/// As long as this EndpointSlices wait if the controller's cache of slices is behind: it then
/// tries again after a second.
const STALE: u64 = 1_200;

/// So long it takes at most until a write is heard of and a busy controller is free.
const HEARING: u64 = 20;

/// A write of a Pod that matters to sums, as a name that is the same in recording and replay.
type Mark = String;

/// Tells writes of Pods by their marks.
#[derive(Default)]
pub struct Marks {
    lives: BTreeMap<(String, String), (String, u32)>,
    last: BTreeMap<(String, String), Mark>,
    /// How often a Pod has been as it is.
    times: BTreeMap<Mark, u32>,
}

impl Marks {
    /// The mark of `record`, if it is a write of a Pod that changes what a sum could show.
    pub fn mark(&mut self, record: &Record) -> Option<Mark> {
        if text(record, "kind") != "Pod" {
            return None;
        }
        let name = (namespace(record).to_string(), text(record, "name").to_string());
        let uid = text(record, "uid").to_string();
        let (last, life) = self.lives.entry(name.clone()).or_insert_with(|| (uid.clone(), 1));
        if *last != uid {
            (*last, *life) = (uid, *life + 1);
        }
        let gone = text(record, "type") == "DELETED";
        let facts = if gone { "gone".to_string() } else { Facts::of(record).to_string() };
        let mark = format!("{} {}#{life} {facts}", name.0, name.1);
        let old = self.last.insert(name, mark.clone());
        if old.as_ref() == Some(&mark) {
            return None;
        }
        let times = self.times.entry(mark.clone()).or_default();
        *times += 1;
        Some(format!("{mark} {times}"))
    }
}

/// What sums show of a Pod.
struct Facts<'r>(&'r Record);

impl<'r> Facts<'r> {
    fn of(record: &'r Record) -> Facts<'r> {
        Facts(record)
    }

    fn flag(&self, key: &str) -> bool {
        self.0.get(key) == Some(&Value::Bool(true))
    }

    fn is_over(&self) -> bool {
        matches!(text(self.0, "phase"), "Succeeded" | "Failed")
    }

    fn owner(&self) -> &str {
        let owners = self.0.get("owners").and_then(Value::as_array);
        owners.and_then(|all| all.first()?.as_str()).unwrap_or("")
    }

    fn is_shown(&self) -> bool {
        self.flag("hasIP") && !self.is_over()
    }
}

impl std::fmt::Display for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let flags = ["hasIP", "ready", "deleting"].map(|key| self.flag(key));
        let labels = self.0.get("labels").cloned().unwrap_or(Value::Null);
        write!(f, "{} {flags:?} {} {labels}", text(self.0, "phase"), self.owner())
    }
}

fn namespace(record: &Record) -> &str {
    record.get("ns").and_then(Value::as_str).unwrap_or("default")
}

/// Whose sums are looked at: the controller and its key, `namespace/name`.
pub type Who = (ControllerId, String);

/// When the controllers looked in a recording.
#[derive(Default)]
pub struct Views {
    /// For each controller and key the marks it looked at.
    seen: BTreeMap<Who, BTreeSet<Mark>>,
    /// When the last look at each mark's successors was: mark, time of the mark, of each look.
    looks: BTreeMap<Who, Vec<u64>>,
    /// When each mark was made.
    made: BTreeMap<Mark, u64>,
    /// The marks that a sum shows as the last.
    shown: BTreeSet<Mark>,
}

impl Views {
    /// Works out the looks from `trace`.
    pub fn of(trace: &[Record]) -> Views {
        let mut views = Views::default();
        let mut marks = Marks::default();
        // Pods as of each mark, oldest first.
        let mut history: Vec<(Mark, u64, Pods)> = vec![(Mark::new(), 0, Pods::new())];
        let mut pods = Pods::new();
        let mut last: BTreeMap<Who, (usize, Record)> = BTreeMap::new();
        let members = members(trace);
        for record in trace {
            let at = record["t_ms"].as_u64().unwrap_or(0);
            if text(record, "kind") == "Pod" {
                let name = (namespace(record).to_string(), text(record, "name").to_string());
                let mark = marks.mark(record);
                let other = pods.get(&name).is_some_and(|old| {
                    Facts::of(old).owner().is_empty() && !Facts::of(record).owner().is_empty()
                        || old.get("labels") != record.get("labels")
                });
                match text(record, "type") {
                    "DELETED" => drop(pods.remove(&name)),
                    _ => drop(pods.insert(name, Rc::new(record.clone()))),
                }
                if let Some(mark) = mark {
                    // Where nothing changes for a sum, nobody can tell whether it was looked at.
                    for (who, (_, sum)) in &last {
                        if shows(sum, &pods, &members, true) {
                            views.seen.entry(who.clone()).or_default().insert(mark.clone());
                        }
                    }
                    // Who belongs to whom is the set's own doing.
                    if !other {
                        views.made.insert(mark.clone(), at);
                    }
                    history.push((mark, at, pods.clone()));
                }
                continue;
            }
            let Some(who) = who(record) else { continue };
            if text(record, "type") == "DELETED" {
                // Nobody looks any more.
                views.looks.entry(who).or_default().push(at);
                continue;
            }
            let from = last.get(&who).map_or(0, |(place, _)| *place);
            // What was outdated for long was not looked at.
            let oldest = at.saturating_sub(patience(&who));
            let recent = |place: usize| history.get(place + 1).is_none_or(|it| it.1 >= oldest);
            let found = |exact: bool| -> Vec<usize> {
                let fits = |place: &usize| {
                    recent(*place) && shows(record, &history[*place].2, &members, exact)
                };
                (from..history.len()).filter(fits).collect()
            };
            let exactly = found(true);
            let places = if exactly.is_empty() { found(false) } else { exactly };
            let Some(first) = places.first() else { continue };
            last.insert(who.clone(), (*first, record.clone()));
            views.looks.entry(who.clone()).or_default().push(history[*first].1);
            views.shown.insert(history[*first].0.clone());
            let seen = views.seen.entry(who).or_default();
            seen.extend(places.iter().map(|place| history[*place].0.clone()));
        }
        views
    }

    /// Whether somebody looked when `mark` was the last write he had heard of.
    pub fn looked(&self, mark: &Mark) -> bool {
        self.shown.contains(mark)
    }

    /// Whether the controller did not look when `mark`, made `age` ago, was the last write it
    /// had heard of, but soon after.
    pub fn missed(&self, who: &Who, mark: &Mark, age: u64) -> bool {
        let (Some(seen), Some(looks)) = (self.seen.get(who), self.looks.get(who)) else {
            return false;
        };
        let Some(made) = self.made.get(mark).filter(|_| !seen.contains(mark)) else {
            return false;
        };
        let patience = patience(who);
        let next = looks.iter().find(|look| *look >= made);
        next.is_some_and(|look| look - made <= patience && age <= look - made + HEARING)
    }
}

fn patience(who: &Who) -> u64 {
    if who.0 == ControllerId::EndpointSlice { STALE } else { BUSY }
}

type Pods = BTreeMap<(String, String), Rc<Record>>;

/// Which Pods ever were behind each Service.
fn members(trace: &[Record]) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in trace {
        let Some((_, key)) = who(record) else { continue };
        let names = shown(record).into_iter().map(|(name, ..)| name);
        out.entry(key).or_default().extend(names);
    }
    out
}

/// Whose sum a record is.
fn who(record: &Record) -> Option<Who> {
    let key = |name: &str| format!("{}/{name}", namespace(record));
    let verb = text(record, "type");
    match text(record, "kind") {
        "StatefulSet" if verb != "ADDED" => {
            Some((ControllerId::StatefulSet, key(text(record, "name"))))
        }
        "Endpoints" => Some((ControllerId::Endpoints, key(text(record, "name")))),
        "EndpointSlice" => {
            let name = text(record, "name").strip_suffix("-*")?;
            Some((ControllerId::EndpointSlice, key(name)))
        }
        _ => None,
    }
}

/// What an Endpoints or an EndpointSlice shows: Pod, whether ready, whether being deleted.
fn shown(record: &Record) -> BTreeSet<(String, bool, Option<bool>)> {
    let mut out = BTreeSet::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for endpoint in record.get("endpoints").map(list).unwrap_or_default() {
        let name = endpoint[0].as_str().unwrap_or("").to_string();
        let (serving, going) = (&endpoint[2]["serving"], &endpoint[2]["terminating"]);
        out.insert((name, serving == true, Some(going == true)));
    }
    for subset in record.get("subsets").map(list).unwrap_or_default() {
        for (ready, key) in [(true, "ready"), (false, "notReady")] {
            for address in list(&subset[key]) {
                let address = address.as_str().unwrap_or("");
                let name = address.rsplit('@').next().unwrap_or("");
                out.insert((name.to_string(), ready, None));
            }
        }
    }
    out
}

/// Whether `record` is a sum of `pods`, in all it says or (not `exact`) in the main.
fn shows(
    record: &Record,
    pods: &Pods,
    members: &BTreeMap<String, BTreeSet<String>>,
    exact: bool,
) -> bool {
    let namespace = namespace(record);
    let own = pods.iter().filter(|((space, _), _)| space == namespace);
    if text(record, "kind") == "StatefulSet" {
        let owner = format!("StatefulSet/{}*!", text(record, "name"));
        let (mut all, mut ready, mut updated) = (0, 0, 0);
        for (_, pod) in own.filter(|(_, pod)| Facts::of(pod).owner() == owner) {
            let facts = Facts::of(pod);
            all += 1;
            ready += u64::from(facts.flag("ready") && text(pod, "phase") == "Running");
            let new = text(pod, "rev") == text(record, "updateRevision");
            updated += u64::from(new && !facts.flag("deleting"));
        }
        let said = |key: &str| record.get(key).and_then(Value::as_u64).unwrap_or(0);
        return said("replicas") == all
            && said("ready") == ready
            && (!exact || said("updated") == updated);
    }
    let Some((id, key)) = who(record) else { return false };
    let Some(names) = members.get(&key) else { return false };
    let older = id == ControllerId::Endpoints;
    let mut expected = BTreeSet::new();
    for ((_, name), pod) in own.filter(|((_, name), _)| names.contains(name)) {
        let facts = Facts::of(pod);
        let going = facts.flag("deleting");
        if facts.is_shown() && !(older && going) {
            let going = (!older).then_some(going);
            expected.insert((name.clone(), facts.flag("ready"), going));
        }
    }
    shown(record) == expected
}
