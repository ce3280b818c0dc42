//! Who belongs to a StatefulSet, kept up to date write by write, so that "the first ordinal
//! that is missing", "how many are Ready" and the like cost a look-up and not a list of all
//! Pods. Part of the store, hence as old as the store it is read from.
//!
//! Not here: what should be done about it (the StatefulSet controller), and Pods whose name is
//! not the set's name with an ordinal, which no set counts. A name such as `web-01` has none.
//!
//! Upstream lists instead: pkg/controller/statefulset/stateful_set_control.go (updateStatus,
//! updateStatefulSet) over the index of pkg/controller/controller_utils.go (FilterPodsByOwner).

use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::Key;
use crate::api::meta::{OwnerReference, Uid, condition};
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::sorted;
use crate::base::time::{SimTime, Span};
use std::ops::Range;

/// The label that names the revision a Pod was made from.
pub const REVISION_LABEL: &str = "controller-revision-hash";

/// The Pods of one StatefulSet by ordinal, in the groups its controller asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    /// Ordinals that exist, as runs: first of the run to the first one behind it.
    runs: Map<u32, u32>,
    /// Not Running and Ready, or terminating.
    unhealthy: Set<u32>,
    terminating: Set<u32>,
    /// Failed or Succeeded, and not yet terminating.
    finished: Set<u32>,
    /// Running and Ready, terminating or not, by the second since when.
    ready: Map<SimTime, Set<u32>>,
    /// Not terminating, by revision.
    at: Map<Str, Set<u32>>,
    members: u32,
    ready_members: u32,
}

/// What the roster knows of one Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    ordinal: u32,
    ready_since: Option<SimTime>,
    terminating: bool,
    finished: bool,
    revision: Str,
}

/// The ordinal in `pod`, the name of a Pod of the set `set`: 2 in `web-2`.
pub fn ordinal_in(set: &str, pod: &str) -> Option<u32> {
    let (parent, ordinal) = parent_and_ordinal(pod)?;
    (parent == set).then_some(ordinal)
}

/// `web` and 2 of `web-2`.
fn parent_and_ordinal(pod: &str) -> Option<(&str, u32)> {
    let (parent, digits) = pod.rsplit_once('-')?;
    let plain = digits == "0" || !digits.starts_with(['0', '+']);
    let ordinal: u32 = digits.parse().ok()?;
    (plain && ordinal <= i32::MAX as u32).then_some((parent, ordinal))
}

/// Since when a Pod has been Running and Ready; `None` if it is not.
pub fn ready_since(pod: &Pod) -> Option<SimTime> {
    let ready = condition(&pod.status.conditions, "Ready").filter(|c| &*c.status == "True")?;
    let running = pod.status.phase == PodPhase::Running;
    running.then_some(ready.last_transition_time.unwrap_or(SimTime::ZERO))
}

/// The revision a Pod was made from; empty if it does not say.
pub fn revision_of(pod: &Pod) -> Str {
    pod.meta.label(REVISION_LABEL).cloned().unwrap_or_else(|| "".into())
}

/// The StatefulSet that manages a Pod.
pub fn set_of(pod: &Pod) -> Option<&OwnerReference> {
    pod.meta.controller_of().filter(|owner| &*owner.kind == "StatefulSet")
}

impl Facts {
    fn of(set: &str, pod: &Pod) -> Option<Facts> {
        Some(Facts {
            ordinal: ordinal_in(set, &pod.meta.name)?,
            ready_since: ready_since(pod),
            terminating: pod.is_terminating(),
            finished: pod.is_terminal() && !pod.is_terminating(),
            revision: revision_of(pod),
        })
    }
}

/// Changing it.
impl Roster {
    /// Counts `pod` in, if its name is one of the set's.
    pub fn insert(&mut self, set: &str, pod: &Pod) {
        if let Some(facts) = Facts::of(set, pod) {
            self.enter(&facts);
        }
    }

    /// Counts `pod` out.
    pub fn remove(&mut self, set: &str, pod: &Pod) {
        if let Some(facts) = Facts::of(set, pod)
            && self.contains(facts.ordinal)
        {
            self.leave(&facts);
        }
    }

    fn enter(&mut self, facts: &Facts) {
        let ordinal = facts.ordinal;
        self.members += 1;
        self.join_run(ordinal);
        if facts.ready_since.is_none() || facts.terminating {
            self.unhealthy.insert_mut(ordinal);
        }
        if let Some(since) = facts.ready_since {
            self.ready_members += 1;
            add(&mut self.ready, since, ordinal);
        }
        if facts.finished {
            self.finished.insert_mut(ordinal);
        }
        if facts.terminating {
            self.terminating.insert_mut(ordinal);
        } else {
            add(&mut self.at, facts.revision.clone(), ordinal);
        }
    }

    fn leave(&mut self, facts: &Facts) {
        let ordinal = facts.ordinal;
        self.members -= 1;
        self.leave_run(ordinal);
        self.unhealthy.remove_mut(&ordinal);
        self.terminating.remove_mut(&ordinal);
        self.finished.remove_mut(&ordinal);
        if let Some(since) = facts.ready_since {
            self.ready_members -= 1;
            take(&mut self.ready, &since, ordinal);
        }
        if !facts.terminating {
            take(&mut self.at, &facts.revision, ordinal);
        }
    }

    fn join_run(&mut self, ordinal: u32) {
        let mut run = ordinal..ordinal + 1;
        if let Some(before) = self.run_up_to(ordinal).filter(|run| run.end == ordinal) {
            run.start = before.start;
        }
        if let Some(&end) = self.runs.get(&run.end) {
            self.runs.remove_mut(&run.end);
            run.end = end;
        }
        self.runs.insert_mut(run.start, run.end);
    }

    fn leave_run(&mut self, ordinal: u32) {
        let Some(run) = self.run_up_to(ordinal) else { return };
        self.runs.remove_mut(&run.start);
        if run.start < ordinal {
            self.runs.insert_mut(run.start, ordinal);
        }
        if ordinal + 1 < run.end {
            self.runs.insert_mut(ordinal + 1, run.end);
        }
    }

    /// The last run that starts at or before `ordinal`.
    fn run_up_to(&self, ordinal: u32) -> Option<Range<u32>> {
        self.runs.range(..=ordinal).next_back().map(|(&start, &end)| start..end)
    }
}

/// Asking it. Every range of ordinals leaves out its end.
impl Roster {
    /// How many Pods there are.
    pub fn len(&self) -> u32 {
        self.members
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members == 0
    }

    /// How many are Running and Ready, terminating ones included.
    pub fn ready(&self) -> u32 {
        self.ready_members
    }

    /// How many have been Ready for longer than `min_ready`, terminating ones included.
    pub fn available(&self, now: SimTime, min_ready: Span) -> u32 {
        let recent: usize = self.recent(now, min_ready).map(Set::size).sum();
        self.ready_members - recent as u32
    }

    /// When the next of those that are Ready will have been so for longer than `min_ready`;
    /// `None` if all have.
    pub fn next_available(&self, now: SimTime, min_ready: Span) -> Option<SimTime> {
        let from = SimTime(now.0.saturating_sub(min_ready.0));
        let (&since, _) = self.ready.range(from..).next().filter(|_| min_ready > Span::ZERO)?;
        Some(since + min_ready + Span::millis(1))
    }

    /// How many are at `revision` and not terminating.
    pub fn count_at(&self, revision: &str) -> u32 {
        self.at.get(revision).map_or(0, |ordinals| ordinals.size() as u32)
    }

    /// The revisions of Pods that are not terminating.
    pub fn revisions(&self) -> impl Iterator<Item = &Str> {
        self.at.keys()
    }

    /// Whether there is a Pod with this ordinal.
    pub fn contains(&self, ordinal: u32) -> bool {
        self.run_up_to(ordinal).is_some_and(|run| ordinal < run.end)
    }

    /// The ordinals in `range` that have no Pod, lowest first.
    pub fn missing(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let first = self.run_up_to(range.start).map_or(range.start, |run| run.end);
        let mut next = first.max(range.start);
        std::iter::from_fn(move || {
            if let Some(&end) = self.runs.get(&next) {
                next = end;
            }
            next += 1;
            (next - 1 < range.end).then_some(next - 1)
        })
    }

    /// The ordinals in `range` of Pods that ended and that nobody deleted yet, lowest first.
    pub fn finished(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.finished.range(range).copied()
    }

    /// The ordinals in `range` of terminating Pods, lowest first.
    pub fn terminating(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.terminating.range(range).copied()
    }

    /// The lowest ordinal in `range` that is missing or not available: not Running and Ready
    /// for longer than `min_ready`, or terminating.
    pub fn first_unavailable(
        &self,
        range: Range<u32>,
        now: SimTime,
        min_ready: Span,
    ) -> Option<u32> {
        let missing = self.missing(range.clone()).next();
        missing.into_iter().chain(self.first_unhealthy(range, now, min_ready)).min()
    }

    /// The lowest ordinal in `range` whose Pod is not available; missing ones do not count.
    pub fn first_unhealthy(&self, range: Range<u32>, now: SimTime, min_ready: Span) -> Option<u32> {
        let unhealthy = self.unhealthy.range(range.clone()).next().copied();
        let recent = self.recent(now, min_ready);
        let recent = recent.filter_map(|group| group.range(range.clone()).next().copied());
        unhealthy.into_iter().chain(recent).min()
    }

    /// The highest ordinal in `range` that is missing or not available.
    pub fn last_unavailable(
        &self,
        range: Range<u32>,
        now: SimTime,
        min_ready: Span,
    ) -> Option<u32> {
        let missing = self.last_missing(range.clone());
        let unhealthy = self.unhealthy.range(range.clone()).next_back().copied();
        let recent = self.recent(now, min_ready);
        let recent = recent.filter_map(|group| group.range(range.clone()).next_back().copied());
        missing.into_iter().chain(unhealthy).chain(recent).max()
    }

    /// How many ordinals in `range` are missing or not available; counts no further than `cap`.
    pub fn unavailable(
        &self,
        range: Range<u32>,
        now: SimTime,
        min_ready: Span,
        cap: usize,
    ) -> usize {
        let missing = self.missing(range.clone()).take(cap).count();
        let unhealthy = self.unhealthy.range(range.clone()).take(cap).count();
        let recent = self.recent(now, min_ready).flat_map(|group| group.range(range.clone()));
        let recent = recent.filter(|ordinal| !self.unhealthy.contains(ordinal));
        cap.min(missing + unhealthy + recent.take(cap).count())
    }

    /// The highest ordinal in `range` that is at another revision than `revision` and not
    /// terminating.
    pub fn last_not_at(&self, revision: &str, range: Range<u32>) -> Option<u32> {
        let others = self.at.iter().filter(|(other, _)| &***other != revision);
        others.filter_map(|(_, ordinals)| ordinals.range(range.clone()).next_back().copied()).max()
    }

    /// The ordinals in `range` that exist, lowest first.
    pub fn members(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let first = self.run_up_to(range.start).map_or(range.start, |run| run.start);
        let runs = self.runs.range(first..range.end.max(first));
        runs.flat_map(move |(&start, &end)| start.max(range.start)..end.min(range.end))
    }

    /// How many ordinals in `range` exist.
    pub fn count(&self, range: Range<u32>) -> u32 {
        let first = self.run_up_to(range.start).map_or(range.start, |run| run.start);
        let runs = self.runs.range(first..range.end.max(first));
        let overlap = |(&start, &end): (&u32, &u32)| {
            end.min(range.end).saturating_sub(start.max(range.start))
        };
        runs.map(overlap).sum()
    }

    /// The ordinals in `range` of Pods that are not Running and Ready, or terminating, lowest
    /// first.
    pub fn unhealthy(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.unhealthy.range(range).copied()
    }

    /// The highest ordinal outside `range` that exists.
    pub fn last_outside(&self, range: Range<u32>) -> Option<u32> {
        let last = self.runs.last().map(|(_, &end)| end - 1)?;
        if last >= range.end {
            return Some(last);
        }
        self.run_up_to(range.start.checked_sub(1)?).map(|run| run.end.min(range.start) - 1)
    }

    /// The highest ordinal outside `range` whose Pod is not terminating.
    pub fn last_condemned(&self, range: Range<u32>) -> Option<u32> {
        let last = |ordinals: &Set<u32>| {
            let above = ordinals.range(range.end..).next_back().copied();
            above.or_else(|| ordinals.range(..range.start).next_back().copied())
        };
        self.at.values().filter_map(last).max()
    }

    /// The ordinals outside `range` of Pods that are not terminating, highest first.
    pub fn condemned(&self, range: Range<u32>) -> Vec<u32> {
        let outside = |ordinals: &Set<u32>| {
            let below = ordinals.range(..range.start).copied();
            below.chain(ordinals.range(range.end..).copied()).collect::<Vec<u32>>()
        };
        let mut all: Vec<u32> = self.at.values().flat_map(outside).collect();
        sorted::sort_by(&mut all, |a, b| b.cmp(a));
        all
    }

    fn last_missing(&self, range: Range<u32>) -> Option<u32> {
        let last = range.end.checked_sub(1)?;
        let missing = match self.run_up_to(last) {
            Some(run) if last < run.end => run.start.checked_sub(1)?,
            _ => last,
        };
        (range.start <= missing).then_some(missing)
    }

    /// Those that became Ready at most `min_ready` ago, in groups by the second.
    fn recent(&self, now: SimTime, min_ready: Span) -> impl Iterator<Item = &Set<u32>> {
        // Not yet available at `now`: since + min_ready >= now.
        let from = SimTime(now.0.saturating_sub(min_ready.0));
        let none = min_ready == Span::ZERO;
        self.ready.range(from..).map(|(_, group)| group).take_while(move |_| !none)
    }
}

fn add<K: Ord + Clone + 'static>(groups: &mut Map<K, Set<u32>>, key: K, ordinal: u32) {
    match groups.get_mut(&key) {
        Some(group) => group.insert_mut(ordinal),
        None => {
            let mut group = Set::new();
            group.insert_mut(ordinal);
            groups.insert_mut(key, group);
        }
    }
}

fn take<K: Ord + Clone + 'static>(groups: &mut Map<K, Set<u32>>, key: &K, ordinal: u32) {
    let Some(group) = groups.get_mut(key) else { return };
    group.remove_mut(&ordinal);
    if group.is_empty() {
        groups.remove_mut(key);
    }
}

/// All rosters, and the Pods that nobody manages.
#[derive(Clone, Debug, Default)]
pub struct Rosters {
    by_set: Map<Uid, Roster>,
    orphans: Set<(Str, Str, u32)>,
}

impl Rosters {
    /// The roster of the set with this uid.
    pub fn of(&self, set: Uid) -> Roster {
        self.by_set.get(&set).cloned().unwrap_or_default()
    }

    /// The Pods in `namespace` that nobody manages and whose names a set called `set` gives.
    pub fn orphans<'s>(
        &'s self,
        namespace: &'s Str,
        set: &'s Str,
    ) -> impl Iterator<Item = Key> + 's {
        let first = (namespace.clone(), set.clone(), 0);
        let last = (namespace.clone(), set.clone(), u32::MAX);
        let all = self.orphans.range(first..=last);
        all.map(|(namespace, set, ordinal)| Key::new(namespace.clone(), format!("{set}-{ordinal}")))
    }

    /// Takes note of a write: what was there, and what is there now.
    pub fn note(&mut self, old: Option<&Pod>, new: Option<&Pod>) {
        let place = |pod: &Pod| {
            let set = set_of(pod)?;
            Some((set.uid, Facts::of(&set.name, pod)?))
        };
        let (before, after) = (old.and_then(place), new.and_then(place));
        if before != after {
            if let Some((uid, facts)) = before {
                self.leave(uid, &facts);
            }
            if let Some((uid, facts)) = after {
                self.enter(uid, &facts);
            }
        }
        self.note_orphan(old, new);
    }

    fn enter(&mut self, uid: Uid, facts: &Facts) {
        if !self.by_set.contains_key(&uid) {
            self.by_set.insert_mut(uid, Roster::default());
        }
        if let Some(roster) = self.by_set.get_mut(&uid) {
            roster.enter(facts);
        }
    }

    fn leave(&mut self, uid: Uid, facts: &Facts) {
        let Some(roster) = self.by_set.get_mut(&uid) else { return };
        roster.leave(facts);
        if roster.is_empty() {
            self.by_set.remove_mut(&uid);
        }
    }

    fn note_orphan(&mut self, old: Option<&Pod>, new: Option<&Pod>) {
        let place = |pod: &Pod| {
            if pod.meta.controller_of().is_some() {
                return None;
            }
            let (set, ordinal) = parent_and_ordinal(&pod.meta.name)?;
            Some((pod.meta.namespace.clone(), Str::from(set), ordinal))
        };
        match (old.and_then(place), new.and_then(place)) {
            (Some(_), Some(_)) | (None, None) => {}
            (Some(gone), None) => drop(self.orphans.remove_mut(&gone)),
            (None, Some(new)) => self.orphans.insert_mut(new),
        }
    }
}
