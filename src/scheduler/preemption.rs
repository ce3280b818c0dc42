//! Makes room for a Pod that fits nowhere, by deleting Pods of lower priority on the node where
//! that costs least. Budgets are kept if that is possible, and broken if it is not.
//!
//! Upstream: pkg/scheduler/framework/preemption/preemption.go,
//! pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go

use super::Scheduler;
use super::cycle::Search;
use super::decision::Why;
use super::memo::Sheet;
use super::nodes::{NodeInfo, PodInfo};
use super::plugins::{Rejection, Sources, State};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{Condition, condition};
use crate::api::policy::PodDisruptionBudget;
use crate::apiserver::DeleteOptions;
use crate::base::Str;
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::client::ControlPlane;
use crate::client::recorder::EventKind;
use std::cmp::Reverse;
use std::rc::Rc;

/// The least number of candidates looked for in a large cluster.
const MIN_CANDIDATES: usize = 100;
const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";
const BY_SCHEDULER: &str = "PreemptionByScheduler";

/// What came of it.
pub(super) struct Attempt {
    /// Why it cannot be done, in upstream's words.
    pub why_not: Option<String>,
    /// Where room is being made; `Some(None)` clears an older nomination.
    pub nominate: Option<Option<Str>>,
    /// One of those who have to leave.
    pub victim: Option<Key>,
}

/// A node where it can be done, and who would have to go, the most important first.
struct Candidate {
    slot: usize,
    victims: Vec<Rc<PodInfo>>,
    violations: usize,
}

impl Scheduler {
    /// Tries to make room on one of the nodes that `search` found too full.
    pub(super) fn preempt(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        state: &State,
        order: &[usize],
        search: &Search,
    ) -> Attempt {
        if let Some(why_not) = self.not_eligible(key, state, search, cx) {
            let victim = self.leaving_for(key, state, cx);
            return Attempt { why_not: Some(why_not.to_string()), nominate: None, victim };
        }
        let full = search.rejected.iter().filter(|(_, rejection)| !rejection.unresolvable);
        let full: Vec<usize> = full.map(|(slot, _)| *slot).collect();
        let (candidates, refused) = self.candidates(cx, state, &full);
        let Some(best) = best(cx, candidates) else {
            let unhelped = order.len() - refused.len();
            let said = refused.iter().flatten().map(|reason| (reason.as_str(), 1));
            let others = (unhelped > 0).then_some((NOT_HELPFUL, unhelped));
            let why_not = Some(Why::of(order.len(), said.chain(others)).sentence());
            return Attempt { why_not, nominate: Some(None), victim: None };
        };
        let node = self.nodes.at(best.slot).name.clone();
        self.evict(cx, state, &node, &best.victims);
        let victim = best.victims.first().map(|info| Key::of(&info.pod.meta));
        Attempt { why_not: None, nominate: Some(Some(node)), victim }
    }

    /// Why the Pod may not preempt others now.
    fn not_eligible(
        &self,
        key: &Key,
        state: &State,
        search: &Search,
        cx: &ControlPlane<'_>,
    ) -> Option<&'static str> {
        if &*state.info.pod.spec.preemption_policy == "Never" {
            return Some("not eligible due to preemptionPolicy=Never.");
        }
        let node = self.nodes.get(self.queue.nomination(key)?)?;
        let hopeless =
            |(slot, rejection): &(usize, Rejection)| *slot == node.slot && rejection.unresolvable;
        if search.rejected.iter().any(hopeless) {
            return None;
        }
        self.leaving_for(key, state, cx)
            .map(|_| "not eligible due to a terminating pod on the nominated node.")
    }

    /// A Pod that is leaving to make room for the Pod at `key`.
    fn leaving_for(&self, key: &Key, state: &State, cx: &ControlPlane<'_>) -> Option<Key> {
        let node = self.nodes.get(self.queue.nomination(key)?)?;
        let leaving = |(key, info): &(&Key, &Rc<PodInfo>)| {
            let pod = cx.cache.get::<Pod>(key).unwrap_or(&info.pod);
            let target = condition(&pod.status.conditions, "DisruptionTarget");
            info.priority() < state.info.priority()
                && pod.is_terminating()
                && target.is_some_and(|target| &*target.reason == BY_SCHEDULER)
        };
        node.pods.iter().find(leaving).map(|(key, _)| key.clone())
    }

    /// The nodes among `full` where room can be made, and what is said of the others.
    fn candidates(
        &mut self,
        cx: &mut ControlPlane<'_>,
        state: &State,
        full: &[usize],
    ) -> (Vec<Candidate>, Vec<Vec<String>>) {
        let wanted = (full.len() / 10).max(MIN_CANDIDATES);
        let offset = match full.len() {
            0 | 1 => 0,
            n => self.prng(cx.config).below(n as u64) as usize,
        };
        let (mut candidates, mut refused) = (Vec::new(), Vec::new());
        for i in 0..full.len() {
            if candidates.len() >= wanted {
                break;
            }
            let slot = full[(offset + i) % full.len()];
            match self.victims_on(cx, state, slot) {
                Ok(candidate) => candidates.push(candidate),
                Err(reasons) => refused.push(reasons),
            }
        }
        (candidates, refused)
    }

    /// Who would have to leave the node: all of lower priority, less those that still find
    /// room when they are put back, the most important first, budgets foremost.
    fn victims_on(
        &self,
        cx: &mut ControlPlane<'_>,
        state: &State,
        slot: usize,
    ) -> Result<Candidate, Vec<String>> {
        let mut node: NodeInfo = (**self.nodes.at(slot)).clone();
        let mut state = state.clone();
        let lower = |info: &&Rc<PodInfo>| info.priority() < state.info.priority();
        let mut potential: Vec<Rc<PodInfo>> = node.pods.values().filter(lower).cloned().collect();
        *cx.visits += node.pods.size() as u64;
        if potential.is_empty() {
            return Err(vec![NO_VICTIMS.to_string()]);
        }
        sorted::sort_by_key(&mut potential, |info| importance(cx, info));
        for info in &potential {
            node.remove(&Key::of(&info.pod.meta));
            state.count(info, &node, false);
        }
        if let Err(rejection) = self.fits(cx, &state, &node, None) {
            return Err(rejection.reasons.iter().map(|reason| reason.to_string()).collect());
        }
        let (violating, others) = by_budget(cx, potential);
        let (mut victims, mut violations) = (Vec::new(), 0);
        let both =
            violating.into_iter().map(|i| (i, true)).chain(others.into_iter().map(|i| (i, false)));
        for (info, violates) in both {
            let key = Key::of(&info.pod.meta);
            node.add(key.clone(), &info);
            state.count(&info, &node, true);
            if self.fits(cx, &state, &node, None).is_err() {
                node.remove(&key);
                state.count(&info, &node, false);
                violations += usize::from(violates);
                victims.push(info);
            }
        }
        sorted::sort_by_key(&mut victims, |info| importance(cx, info));
        Ok(Candidate { slot, victims, violations })
    }

    /// Whether the Pod fits on a node as imagined, with and without the Pods for which room is
    /// made there.
    pub(super) fn fits(
        &self,
        cx: &mut ControlPlane<'_>,
        state: &State,
        node: &NodeInfo,
        sheet: Option<&mut Sheet>,
    ) -> Result<(), Rejection> {
        let from = Sources { store: &cx.cache, nodes: &self.nodes, volumes: &self.volumes };
        if self.queue.has_nominations()
            && let Some((state, node)) = self.with_nominated(state, node)
        {
            state.filter(&node, &from)?;
        }
        match sheet {
            Some(sheet) => sheet.verdict(state, node, cx.visits)?,
            None => state.filter_alone(node)?,
        }
        state.filter_among(node, &from)
    }

    /// The node as it would be with the Pods for which room is made there and that come first.
    fn with_nominated(&self, state: &State, node: &NodeInfo) -> Option<(State, NodeInfo)> {
        let mut added = None;
        for pod in self.queue.nominated_to(&node.name) {
            let info = Rc::new(PodInfo::new(&pod));
            let own = pod.meta.uid == state.info.pod.meta.uid;
            if own || info.priority() < state.info.priority() {
                continue;
            }
            let (state, node) = added.get_or_insert_with(|| (state.clone(), node.clone()));
            node.add(Key::of(&pod.meta), &info);
            state.count(&info, node, true);
        }
        added
    }

    /// Deletes the victims, and takes back older promises of less importance for the node.
    fn evict(
        &mut self,
        cx: &mut ControlPlane<'_>,
        state: &State,
        node: &Str,
        victims: &[Rc<PodInfo>],
    ) {
        for pod in self.queue.nominated_to(node) {
            if pod.spec.priority.unwrap_or(0) < state.info.priority() {
                self.queue.nominate(&Key::of(&pod.meta), None);
                self.write_status(cx, &pod, None, Some(None));
            }
        }
        for info in victims {
            let key = Key::of(&info.pod.meta);
            let Some(victim) = cx.cache.get::<Pod>(&key).cloned() else { continue };
            if victim.is_terminating() || victim.meta.uid != info.pod.meta.uid {
                continue;
            }
            let target = Condition {
                kind: "DisruptionTarget".into(),
                status: "True".into(),
                reason: BY_SCHEDULER.into(),
                message: "default-scheduler: preempting to accommodate a higher priority pod"
                    .into(),
                observed_generation: victim.meta.generation,
                ..Condition::default()
            };
            self.write_status(cx, &victim, Some(target), None);
            let options = DeleteOptions { uid: Some(victim.meta.uid), ..Default::default() };
            if cx.client().delete(Kind::Pod, &key, &options).is_ok() {
                let by = state.info.pod.meta.uid;
                let text = format!("Preempted by pod {by} on node {node}");
                let object = Object::Pod(victim);
                cx.event(&object, EventKind::Normal, "Preempted", &text);
            }
        }
    }
}

/// Higher priority first, then the longer run.
fn importance(cx: &ControlPlane<'_>, info: &PodInfo) -> (Reverse<i32>, SimTime, Key) {
    (Reverse(info.priority()), started(cx, info), Key::of(&info.pod.meta))
}

fn started(cx: &ControlPlane<'_>, info: &PodInfo) -> SimTime {
    let pod = cx.cache.get::<Pod>(&Key::of(&info.pod.meta)).unwrap_or(&info.pod);
    pod.status.start_time.unwrap_or(cx.now)
}

/// Splits Pods into those whose deletion breaks a budget and the others, in the same order.
fn by_budget(
    cx: &mut ControlPlane<'_>,
    pods: Vec<Rc<PodInfo>>,
) -> (Vec<Rc<PodInfo>>, Vec<Rc<PodInfo>>) {
    let budgets: Vec<Rc<PodDisruptionBudget>> = cx.cache.list().cloned().collect();
    *cx.visits += budgets.len() as u64;
    let mut left: Vec<i32> = budgets.iter().map(|b| b.status.disruptions_allowed).collect();
    pods.into_iter().partition(|info| {
        let meta = &info.pod.meta;
        let mut breaks = false;
        for (budget, left) in budgets.iter().zip(&mut left) {
            let selector = budget.spec.selector.as_ref();
            let protects = budget.meta.namespace == meta.namespace
                && !meta.labels.is_empty()
                && selector.is_some_and(|s| !s.is_empty() && s.matches(&meta.labels))
                && !budget.status.disrupted_pods.contains_key(&meta.name);
            if protects {
                *left -= 1;
                breaks |= *left < 0;
            }
        }
        breaks
    })
}

/// The candidate that costs least: fewest broken budgets, least important victims, smallest
/// sum of priorities, fewest victims, latest start; else the first.
fn best(cx: &ControlPlane<'_>, candidates: Vec<Candidate>) -> Option<Candidate> {
    let cost = |candidate: &Candidate| {
        let victims = &candidate.victims;
        let highest = victims.first().map_or(i32::MIN, |info| info.priority());
        let shifted = |info: &Rc<PodInfo>| i64::from(info.priority()) + (1 << 31);
        let sum: i64 = victims.iter().map(shifted).sum();
        let top = victims.iter().filter(|info| info.priority() == highest);
        let earliest = top.map(|info| started(cx, info)).min().unwrap_or_default();
        (candidate.violations, highest, sum, victims.len(), Reverse(earliest))
    };
    candidates.into_iter().min_by_key(cost)
}
