//! One scheduling cycle: take the Pod whose turn it is, find the nodes where it fits, choose
//! the best, reserve it and bind; or say why there is none.
//!
//! Upstream: pkg/scheduler/schedule_one.go

use super::Scheduler;
use super::decision::{Decision, Row, Verdict, Why};
use super::memo::Sheet;
use super::nodes::PodInfo;
use super::plugins::{self, Counts, Plugin, Refusal, Rejection, SCORERS, Sources, State};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::Uid;
use crate::api::meta::{Condition, set_condition};
use crate::base::Str;
use crate::base::sorted;
use crate::client::ControlPlane;
use crate::client::recorder::EventKind;
use crate::config::Config;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// Fewer nodes than this are always all looked at.
const MIN_FEASIBLE: usize = 100;
/// In a large cluster at least so many of a hundred nodes are looked at.
const MIN_FEASIBLE_PERCENT: usize = 5;

/// How a try failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// In kube-scheduler's words.
    pub message: String,
    /// Who found no node; nobody means an error.
    pub plugins: Vec<Plugin>,
    /// Whether it is an error, not a lack of nodes.
    pub error: bool,
    /// What is waited for, if that is an object: a claim, or a Pod in the way.
    pub on: Option<ObjectRef>,
    /// Where room is being made; `Some(None)` clears an older nomination.
    pub nominate: Option<Option<Str>>,
}

/// What looking at the nodes gave.
pub(super) struct Search {
    /// The slots of nodes that fit.
    pub fits: Vec<usize>,
    /// Why the others do not.
    pub rejected: Vec<(usize, Rejection)>,
    /// How many nodes were left out from the start, and what is said of them.
    pub absent: (usize, String),
}

impl Scheduler {
    /// Tries the Pod whose turn it is.
    pub(super) fn schedule_one(&mut self, cx: &mut ControlPlane<'_>) {
        let Some(key) = self.queue.pop() else { return };
        let Some(pod) = self.queue.get(&key).map(|queued| queued.pod.clone()) else { return };
        if pod.is_terminating() {
            let (namespace, name) = (&key.namespace, &key.name);
            let message = format!("skip schedule deleting pod: {namespace}/{name}");
            let object = Object::Pod(pod);
            cx.event(&object, EventKind::Warning, "FailedScheduling", &message);
            self.queue.remove(&key);
            return;
        }
        if self.nodes.is_assumed(&key, pod.meta.uid) {
            return;
        }
        let info = Rc::new(PodInfo::new(&pod));
        let order = self.nodes.order();
        if order.is_empty() {
            self.no_nodes(cx, &key, &pod);
            return;
        }
        if let Some(refusal) = self.too_early(cx, &key, &pod) {
            self.refuse(cx, &key, &pod, order.len(), refusal);
            return self.queue.requeue(cx.now, &key);
        }
        let from = Sources { store: &cx.cache, nodes: &self.nodes, volumes: &self.volumes };
        let state = match State::new(&info, &from, &mut self.census, cx.visits) {
            Ok(state) => state,
            Err(refusal) => return self.refuse(cx, &key, &pod, order.len(), *refusal),
        };
        let mut sheet = self.memo.open(&info);
        let search = self.search(cx, &state, &order, &mut sheet);
        if search.fits.is_empty() {
            self.no_fit(cx, &key, &state, &order, search);
        } else {
            let slot = self.choose(cx, &key, &state, &order, search, &mut sheet);
            self.reserve(cx, &key, &state, slot);
        }
        self.memo.close(sheet);
    }

    /// Looks at nodes until enough of them fit: first at the one where room was made, then from
    /// where the last cycle left off.
    fn search(
        &mut self,
        cx: &mut ControlPlane<'_>,
        state: &State,
        order: &[usize],
        sheet: &mut Sheet,
    ) -> Search {
        let mut search =
            Search { fits: Vec::new(), rejected: Vec::new(), absent: (0, String::new()) };
        let key = Key::of(&state.info.pod.meta);
        let nominated = self.queue.nomination(&key).and_then(|name| self.nodes.get(name));
        if let Some(slot) = nominated.map(|node| node.slot)
            && self.fits(cx, state, self.nodes.at(slot), Some(sheet)).is_ok()
        {
            search.fits.push(slot);
            return search;
        }
        let names = state.affinity.as_ref().and_then(|affinity| affinity.names());
        let narrowed: Option<Vec<usize>> = names.map(|names| {
            names.iter().filter_map(|name| self.nodes.get(name)).map(|node| node.slot).collect()
        });
        if let Some(narrowed) = &narrowed {
            let reason = "node(s) didn't satisfy plugin(s) [NodeAffinity]";
            search.absent = (order.len() - narrowed.len(), reason.to_string());
        }
        let nodes = narrowed.as_deref().unwrap_or(order);
        let enough = enough(nodes.len());
        let mut looked_at = 0;
        for i in 0..nodes.len() {
            if search.fits.len() == enough {
                break;
            }
            let slot = nodes[(self.next_start + i) % nodes.len()];
            looked_at += 1;
            match self.fits(cx, state, self.nodes.at(slot), Some(sheet)) {
                Ok(()) => search.fits.push(slot),
                Err(rejection) => search.rejected.push((slot, rejection)),
            }
        }
        self.next_start = (self.next_start + looked_at) % order.len();
        search
    }

    /// A Pod that can be placed nowhere, whatever the nodes are like.
    fn refuse(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        pod: &Rc<Pod>,
        nodes: usize,
        refusal: Refusal,
    ) {
        let reasons = refusal.rejection.reasons.iter().map(|reason| (&**reason).into()).collect();
        let why = Why { nodes, reasons };
        // The second part is upstream's: a plugin asked afterwards misses what it noted before.
        let failure = Failure {
            message: format!("{} not found", why.sentence()),
            plugins: vec![refusal.rejection.plugin],
            error: false,
            on: refusal.claim.map(|key| ObjectRef::new(Kind::PersistentVolumeClaim, key)),
            nominate: None,
        };
        self.note(cx, key, Vec::new(), None, why);
        self.fail(cx, key, pod, failure);
    }

    /// In a replay: what the scheduler found the first time, if it heard of the Pod before it heard
    /// of its claim. Here it hears of everything in order.
    fn too_early(&self, cx: &ControlPlane<'_>, key: &Key, pod: &Pod) -> Option<Refusal> {
        let claim = pod.claim_names().next()?;
        let mut early = cx.config.replay.early.iter();
        let early = early.any(|early| **early == *format!("{}/{}", key.namespace, key.name));
        let rejection = || {
            let reason = format!("persistentvolumeclaim {:?} not found", &**claim);
            Rejection::unresolvable(Plugin::VolumeRestrictions, reason)
        };
        (early && self.decisions.get(key).is_none()).then(|| Refusal {
            rejection: rejection(),
            claim: Some(Key::new(key.namespace.clone(), claim.clone())),
        })
    }

    fn no_nodes(&mut self, cx: &mut ControlPlane<'_>, key: &Key, pod: &Rc<Pod>) {
        let failure = Failure {
            message: "no nodes available to schedule pods".into(),
            // Upstream tries again every few seconds, always in vain. Any node ends the wait
            // here: of all plugins NodePorts is the one that heeds every new node.
            plugins: vec![Plugin::NodePorts],
            error: false,
            on: None,
            nominate: Some(None),
        };
        let why = Why { nodes: 0, reasons: vec![failure.message.as_str().into()] };
        self.note(cx, key, Vec::new(), None, why);
        self.fail(cx, key, pod, failure);
    }

    /// No node fits: says why, and sees whether Pods of lower priority could make room.
    fn no_fit(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        state: &State,
        order: &[usize],
        search: Search,
    ) {
        let (absent, absent_reason) = &search.absent;
        let explicit = search.rejected.iter().flat_map(|(_, rejection)| &rejection.reasons);
        let reasons = explicit.map(|reason| (&**reason, 1));
        let left_out = (*absent > 0).then_some((absent_reason.as_str(), *absent));
        let why = Why::of(order.len(), reasons.chain(left_out));
        let mut message = why.sentence();
        let mut plugins: Vec<Plugin> = search.rejected.iter().map(|(_, r)| r.plugin).collect();
        if *absent > 0 {
            plugins.push(Plugin::NodeAffinity);
        }
        sorted::sort(&mut plugins);
        plugins.dedup();
        let attempt = self.preempt(cx, key, state, order, &search);
        if let Some(why_not) = &attempt.why_not {
            message.push_str(&format!(" no new claims to deallocate, preemption: {why_not}"));
        }
        let rows = search.rejected.iter().map(|(slot, rejection)| Row {
            node: self.nodes.at(*slot).name.clone(),
            verdict: Verdict::filtered(rejection),
        });
        let rows = rows.collect();
        let full = search.rejected.iter().filter_map(|(slot, rejection)| {
            Some((self.nodes.at(*slot).name.clone(), rejection.full.clone()?))
        });
        let full: Vec<(Str, Key)> = full.collect();
        self.note(cx, key, rows, None, why);
        for (node, claim) in full {
            self.decisions.put_full(key, node, claim);
        }
        // Who must go first: a victim, or the one Pod that may use a claim of this one.
        let exclusive = state.exclusive_users.first().cloned();
        let exclusive = exclusive.filter(|_| plugins == [Plugin::VolumeRestrictions]);
        let on = attempt.victim.or(exclusive).map(|key| ObjectRef::new(Kind::Pod, key));
        let failure = Failure { message, plugins, error: false, on, nominate: attempt.nominate };
        self.fail(cx, key, &state.info.pod, failure);
    }

    /// The best of the nodes that fit; one of them by lot if several are.
    fn choose(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        state: &State,
        order: &[usize],
        search: Search,
        sheet: &mut Sheet,
    ) -> usize {
        let fits = &search.fits;
        let scores = if fits.len() == 1 {
            vec![[None; SCORERS.len()]]
        } else {
            let from = Sources { store: &cx.cache, nodes: &self.nodes, volumes: &self.volumes };
            let mut counts = Counts { from: &from, census: &mut self.census, visits: cx.visits };
            plugins::score(state, fits, order, &mut counts, sheet)
        };
        let sum = |row: &plugins::Scores| row.iter().flatten().map(|&s| i64::from(s)).sum::<i64>();
        let totals: Vec<i64> = scores.iter().map(sum).collect();
        let best = totals.iter().copied().max().unwrap_or(0);
        let equals: Vec<usize> = (0..fits.len()).filter(|&i| totals[i] == best).collect();
        let lot = match equals.len() {
            1 => 0,
            n => self.prng(cx.config).below(n as u64) as usize,
        };
        let chosen = match self.replayed(cx.config, key, state.info.pod.meta.uid) {
            Some(slot) if fits.contains(&slot) => slot,
            _ => fits[equals[lot]],
        };
        let fit = |i: usize| Row {
            node: self.nodes.at(fits[i]).name.clone(),
            verdict: Verdict::Fits { scores: scores[i], total: totals[i] },
        };
        let mut rows: Vec<Row> = (0..fits.len()).map(fit).collect();
        rows.extend(search.rejected.iter().map(|(slot, rejection)| Row {
            node: self.nodes.at(*slot).name.clone(),
            verdict: Verdict::filtered(rejection),
        }));
        let name = self.nodes.at(chosen).name.clone();
        self.note(cx, key, rows, Some(name), Why::default());
        chosen
    }

    /// The node that the Pod was given in the run that is replayed, if one is.
    fn replayed(&mut self, config: &Config, key: &Key, uid: Uid) -> Option<usize> {
        let node = self.lives.find(key, uid, &config.replay.placements)?;
        self.nodes.get(&node).map(|node| node.slot)
    }

    fn note(
        &mut self,
        cx: &ControlPlane<'_>,
        key: &Key,
        rows: Vec<Row>,
        chosen: Option<Str>,
        why: Why,
    ) {
        let (pod, full) = (key.clone(), Vec::new());
        self.decisions.put(Decision { pod, at: cx.now, rows, chosen, why, full });
    }

    /// Puts the Pod back, tells people, and writes down why it has no node.
    pub(super) fn fail(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        pod: &Rc<Pod>,
        failure: Failure,
    ) {
        let same = |other: &Rc<Pod>| other.meta.uid == pod.meta.uid && !other.is_assigned();
        let cached = cx.cache.get::<Pod>(key).filter(|cached| same(cached)).cloned();
        if let Some(cached) = &cached {
            self.queue.update(cached);
            self.retry_at = self.queue.put_back(cx.now, key, failure.plugins.clone());
            if let Some(node) = &failure.nominate {
                self.queue.nominate(key, node.clone());
            }
            self.say_failure(cx, key, &failure);
        } else if self.queue.get(key).is_none_or(|queued| queued.pod.meta.uid == pod.meta.uid) {
            self.queue.remove(key);
            cx.say(Source::Scheduler, (Kind::Pod, key), Vec::new());
        }
        let object = Object::Pod(pod.clone());
        cx.event(&object, EventKind::Warning, "FailedScheduling", &truncated(&failure.message));
        let condition = Condition {
            kind: "PodScheduled".into(),
            status: "False".into(),
            reason: if failure.error { "SchedulerError" } else { "Unschedulable" }.into(),
            message: failure.message.as_str().into(),
            observed_generation: pod.meta.generation,
            ..Condition::default()
        };
        self.write_status(cx, pod, Some(condition), failure.nominate);
        self.busy = cx.now + cx.config.timing.call + cx.config.timing.call;
    }

    fn say_failure(&self, cx: &mut ControlPlane<'_>, key: &Key, failure: &Failure) {
        let subject = ObjectRef::new(Kind::Pod, key.clone());
        let message: Str = failure.message.as_str().into();
        let unbound = failure.plugins == [Plugin::VolumeBinding]
            && failure.on.as_ref().is_some_and(|claim| cx.cache.find(claim).is_some());
        let because = match failure.error {
            true => Because::SchedulingBackoff,
            false if unbound => Because::ClaimUnbound,
            false => Because::Unschedulable { message },
        };
        let on = failure.on.clone();
        let until = self.retry_at.filter(|_| failure.error);
        let wait = Wait { subject, on, because, since: cx.now, until };
        cx.say(Source::Scheduler, (Kind::Pod, key), vec![wait]);
    }

    /// Writes a condition and a nomination to the Pod's status, if they change anything.
    pub(super) fn write_status(
        &mut self,
        cx: &mut ControlPlane<'_>,
        pod: &Pod,
        condition: Option<Condition>,
        nominate: Option<Option<Str>>,
    ) {
        let key = Key::of(&pod.meta);
        let now = cx.now;
        let newest = cx.client().get::<Pod>(&key);
        let Some(newest) = newest.ok().filter(|newest| newest.meta.uid == pod.meta.uid) else {
            return;
        };
        let mut status = newest.status.clone();
        let mut changed = false;
        if let Some(condition) = condition {
            changed |= set_condition(&mut status.conditions, condition, now);
        }
        if let Some(node) = nominate {
            let node = node.unwrap_or_else(|| "".into());
            changed |= status.nominated_node_name != node;
            status.nominated_node_name = node;
        }
        if changed {
            // A Pod that went away meanwhile needs no status.
            let _gone = cx.client().patch_status::<Pod>(&key, |pod| pod.status = status);
        }
    }
}

/// How many nodes must fit before the search ends.
fn enough(nodes: usize) -> usize {
    if nodes < MIN_FEASIBLE {
        return nodes;
    }
    let percent = 50usize.saturating_sub(nodes / 125).max(MIN_FEASIBLE_PERCENT);
    (nodes * percent / 100).max(MIN_FEASIBLE)
}

/// The most an Event's note may hold.
fn truncated(message: &str) -> String {
    const MAX: usize = 1024;
    if message.len() <= MAX {
        return message.to_string();
    }
    let mut end = MAX - 4;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} ...", &message[..end])
}
