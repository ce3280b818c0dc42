//! The roster against plain scans: after random writes it must be what a list of all Pods gives,
//! and answer every question as a loop over that list would.

use playground::api::core::pod::{Pod, PodPhase};
use playground::api::meta::{Condition, OwnerReference, Uid};
use playground::apiserver::roster::{Roster, Rosters, ordinal_in, ready_since, revision_of};
use playground::base::prng::Prng;
use playground::base::time::{SimTime, Span};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

const SET: Uid = Uid(7);

fn owner() -> OwnerReference {
    OwnerReference {
        api_version: "apps/v1".into(),
        kind: "StatefulSet".into(),
        name: "web".into(),
        uid: SET,
        controller: Some(true),
        ..OwnerReference::default()
    }
}

/// Any state a Pod can be in.
fn paint(pod: &mut Pod, prng: &mut Prng, now: SimTime) {
    pod.meta.deletion_timestamp = None;
    let phases = [PodPhase::Pending, PodPhase::Running, PodPhase::Running, PodPhase::Failed];
    pod.status.phase = phases[prng.below(4) as usize].clone();
    let ready = Condition {
        kind: "Ready".into(),
        status: ["True", "True", "False"][prng.below(3) as usize].into(),
        last_transition_time: Some(SimTime(now.0 - prng.below(5) * 1000).whole_second()),
        ..Condition::default()
    };
    pod.status.conditions = vec![ready];
    let revision = ["web-a", "web-b", "web-c"][prng.below(3) as usize];
    pod.meta.labels.set("controller-revision-hash", revision);
    pod.meta.owner_references = if prng.below(6) == 0 { Vec::new() } else { vec![owner()] };
    if prng.below(8) == 0 {
        pod.meta.deletion_timestamp = Some(now);
        pod.meta.deletion_grace_period_seconds = Some(30);
    }
}

/// All Pods, and the rosters that were told of each write.
#[derive(Default)]
struct Pods {
    all: BTreeMap<String, Rc<Pod>>,
    rosters: Rosters,
}

impl Pods {
    fn write(&mut self, prng: &mut Prng, now: SimTime) {
        let names = ["web", "web", "web", "web", "other", "web-01"];
        let set = names[prng.below(6) as usize];
        let name = if set == "web-01" { set.into() } else { format!("{set}-{}", prng.below(9)) };
        let old = self.all.get(&name).cloned();
        if old.is_some() && prng.below(3) == 0 {
            self.rosters.note(old.as_deref(), None);
            self.all.remove(&name);
            return;
        }
        let mut pod = old.as_deref().cloned().unwrap_or_default();
        (pod.meta.name, pod.meta.namespace) = (name.as_str().into(), "default".into());
        paint(&mut pod, prng, now);
        self.rosters.note(old.as_deref(), Some(&pod));
        self.all.insert(name, Rc::new(pod));
    }
}

struct Scan(BTreeMap<u32, Rc<Pod>>);

impl Scan {
    fn of(pods: &Pods) -> Scan {
        let own = |pod: &Rc<Pod>| pod.meta.controller_of().is_some_and(|owner| owner.uid == SET);
        let pods = pods.all.values().filter(|pod| own(pod)).cloned();
        Scan(pods.filter_map(|pod| Some((ordinal_in("web", &pod.meta.name)?, pod))).collect())
    }

    fn roster(&self) -> Roster {
        let mut roster = Roster::default();
        self.0.values().for_each(|pod| roster.insert("web", pod));
        roster
    }

    fn has(&self, ordinal: u32, good: &dyn Fn(&Pod) -> bool) -> bool {
        self.0.get(&ordinal).is_some_and(|pod| good(pod))
    }

    fn all(&self, range: Range<u32>, good: &dyn Fn(&Pod) -> bool) -> Vec<u32> {
        range.filter(|&ordinal| self.has(ordinal, good)).collect()
    }
}

fn compare(pods: &Pods, now: SimTime, range: Range<u32>, min_ready: Span) {
    let scan = Scan::of(pods);
    let roster = pods.rosters.of(SET);
    assert_eq!(roster, scan.roster());
    let long = |since: SimTime| min_ready == Span::ZERO || since + min_ready < now;
    let is_available = |pod: &Pod| ready_since(pod).is_some_and(long);
    let bad = |pod: &Pod| !is_available(pod) || pod.is_terminating();
    let count = |good: &dyn Fn(&Pod) -> bool| scan.all(0..10, good).len() as u32;
    assert_eq!(roster.len(), scan.0.len() as u32);
    assert_eq!(roster.ready(), count(&|pod| ready_since(pod).is_some()));
    assert_eq!(roster.available(now, min_ready), count(&is_available));
    let soon = scan.0.values().filter_map(|pod| ready_since(pod)).filter(|since| !long(*since));
    let soon = soon.min().map(|since| since + min_ready + Span::millis(1));
    assert_eq!(roster.next_available(now, min_ready), soon);
    let missing: Vec<u32> = range.clone().filter(|o| !scan.0.contains_key(o)).collect();
    assert_eq!(roster.missing(range.clone()).collect::<Vec<_>>(), missing);
    let members = scan.all(range.clone(), &|_| true);
    assert_eq!(roster.members(range.clone()).collect::<Vec<_>>(), members);
    let finished = scan.all(range.clone(), &|pod| pod.is_terminal() && !pod.is_terminating());
    assert_eq!(roster.finished(range.clone()).collect::<Vec<_>>(), finished);
    let unhealthy = scan.all(range.clone(), &bad);
    let first = unhealthy.first().copied();
    assert_eq!(roster.first_unhealthy(range.clone(), now, min_ready), first);
    let mut unavailable = [missing, unhealthy].concat();
    unavailable.sort_unstable();
    let (first, last) = (unavailable.first().copied(), unavailable.last().copied());
    assert_eq!(roster.first_unavailable(range.clone(), now, min_ready), first);
    assert_eq!(roster.last_unavailable(range.clone(), now, min_ready), last);
    for cap in [1, 3, 20] {
        let some = roster.unavailable(range.clone(), now, min_ready, cap);
        assert_eq!(some, unavailable.len().min(cap));
    }
    let alive = |pod: &Pod| !pod.is_terminating();
    for revision in ["web-a", "web-b", "web-x"] {
        let at = |pod: &Pod| alive(pod) && *revision_of(pod) == *revision;
        let other = |pod: &Pod| alive(pod) && *revision_of(pod) != *revision;
        assert_eq!(roster.count_at(revision), count(&at));
        let last = scan.all(range.clone(), &other).last().copied();
        assert_eq!(roster.last_not_at(revision, range.clone()), last);
    }
    let outside = |ordinal: &u32| !range.contains(ordinal);
    let all: Vec<u32> = scan.0.keys().copied().filter(outside).rev().collect();
    assert_eq!(roster.last_outside(range.clone()), all.first().copied());
    let condemned: Vec<u32> = all.into_iter().filter(|&o| scan.has(o, &alive)).collect();
    assert_eq!(roster.last_condemned(range.clone()), condemned.first().copied());
    assert_eq!(roster.condemned(range.clone()), condemned);
}

#[test]
fn the_roster_is_what_a_plain_scan_gives() {
    let mut prng = Prng::new(11);
    let mut pods = Pods::default();
    for round in 0..4000u64 {
        let now = SimTime(10_000 + round * 137);
        pods.write(&mut prng, now);
        let start = prng.below(4) as u32;
        let range = start..start + prng.below(6) as u32;
        compare(&pods, now, range, Span::seconds(prng.below(4)));
    }
}

#[test]
fn orphans_are_found_by_name() {
    let mut prng = Prng::new(12);
    let mut pods = Pods::default();
    for _ in 0..1000 {
        pods.write(&mut prng, SimTime(10_000));
        let (namespace, name) = ("default".into(), "web".into());
        let found: Vec<_> =
            pods.rosters.orphans(&namespace, &name).map(|key| key.name.to_string()).collect();
        let free = |pod: &&Rc<Pod>| {
            pod.meta.controller_of().is_none() && ordinal_in("web", &pod.meta.name).is_some()
        };
        let all = pods.all.values();
        let scanned: Vec<_> = all.filter(free).map(|p| p.meta.name.to_string()).collect();
        assert_eq!(found, scanned);
    }
}
