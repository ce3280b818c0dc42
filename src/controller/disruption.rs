//! Keeps the status of budgets: how many Pods a budget protects, how many of them are well, and
//! how many may be evicted now. Evictions themselves are the API server's; see
//! `apiserver::eviction`.
//!
//! Upstream lists a budget's Pods whenever one of them changes. Here each budget has a tally that
//! is moved on by the difference each change makes; a new budget, or one with a new selector, is
//! counted once from the cache. Changes of many Pods at one instant are one look at the budget,
//! since the queue folds them.
//!
//! A Pod that several budgets match concerns all of them here; upstream picks one at random and
//! says so in an Event.
//!
//! Not here: owners other than StatefulSets, ReplicaSets and Deployments, by their scale.
//!
//! Upstream: pkg/controller/disruption/disruption.go, pkg/util/poddisruptionbudget (conditions)

use crate::api::apps::deployment::{Deployment, ReplicaSet};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::int_or_text::IntOrText;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{Condition, LabelSelector, OwnerReference, Uid, condition, set_condition};
use crate::api::policy::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use crate::apiserver::Answer;
use crate::apiserver::status::Status;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use std::rc::Rc;

/// How long an evicted Pod has to begin to terminate before it counts as well again.
const DELETION_TIMEOUT: Span = Span::minutes(2);

/// How long a Pod that is to be disrupted has before the condition that says so is taken back.
const STALE_DISRUPTION: Span = Span::minutes(2);

/// What the key of a Pod begins with; no budget's name holds a slash.
const POD: &str = "pod/";

const ALLOWED: &str = "DisruptionAllowed";

/// Keeps the status of budgets.
#[derive(Clone, Debug, Default)]
pub struct DisruptionController {
    tallies: Map<Key, Tally>,
}

/// A budget's Pods, counted.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    pods: i32,
    /// Ready and not being deleted.
    healthy: i32,
    /// Without a controller.
    unmanaged: i32,
    /// How many Pods each controller has among them, and a Pod to name it by.
    managed: SortedMap<Uid, (OwnerReference, Str, i32)>,
}

impl Controller for DisruptionController {
    const COMPONENT: &'static str = "controllermanager";

    fn observe(&mut self, now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::PodDisruptionBudget => {
                let selector = |budget: &Rc<PodDisruptionBudget>| budget.spec.selector.clone();
                let old = change.old::<PodDisruptionBudget>().map(selector);
                if old != change.new::<PodDisruptionBudget>().map(selector) {
                    self.tallies.remove_mut(&change.key);
                }
                keys.add(change.key.clone());
            }
            Kind::Pod => {
                self.observe_pod(change, cache, keys);
                if let Some(pod) = change.new::<Pod>()
                    && let Some(wait) = stale_disruption(pod, now)
                {
                    let name = format!("{POD}{}", change.key.name);
                    keys.add_after(wait, Key::new(change.key.namespace.clone(), name));
                }
            }
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        if let Some(name) = key.name.strip_prefix(POD) {
            return clear_stale_disruption(cx, &Key::new(key.namespace.clone(), name));
        }
        let Some(budget) = cx.cache.get::<PodDisruptionBudget>(key).cloned() else {
            self.tallies.remove_mut(key);
            return Ok(Requeue::AwaitChange);
        };
        let tally = self.tally(cx, key, &budget);
        match try_sync(cx, &budget, &tally) {
            Err(status) if !status.is_conflict() => fail_safe(cx, &budget, &status),
            done => done,
        }
    }
}

impl DisruptionController {
    /// Moves on the tallies of the budgets that matched the Pod before or match it now.
    fn observe_pod(&mut self, change: &Change, cache: &Store, keys: &mut Keys) {
        let namespace = &change.key.namespace;
        for budget in cache.list_in::<PodDisruptionBudget>(namespace) {
            let key = Key::of(&budget.meta);
            let matched = |pod: &&Rc<Pod>| selects(budget.spec.selector.as_ref(), pod);
            let (old, new) = (change.old::<Pod>().filter(matched), change.new().filter(matched));
            if old.is_none() && new.is_none() {
                continue;
            }
            if let Some(tally) = self.tallies.get_mut(&key) {
                old.into_iter().for_each(|pod| tally.count(pod, -1));
                new.into_iter().for_each(|pod| tally.count(pod, 1));
            }
            keys.add(key);
        }
    }

    /// The budget's tally; counted from the cache if there is none yet.
    fn tally(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        budget: &PodDisruptionBudget,
    ) -> Tally {
        if let Some(tally) = self.tallies.get(key) {
            return tally.clone();
        }
        let mut tally = Tally::default();
        for pod in cx.cache.list_in::<Pod>(&key.namespace) {
            *cx.visits += 1;
            if selects(budget.spec.selector.as_ref(), pod) {
                tally.count(pod, 1);
            }
        }
        self.tallies.insert_mut(key.clone(), tally.clone());
        tally
    }
}

/// No selector matches nothing, an empty one everything.
fn selects(selector: Option<&LabelSelector>, pod: &Pod) -> bool {
    selector.is_some_and(|selector| selector.matches(&pod.meta.labels))
}

fn is_healthy(pod: &Pod) -> bool {
    pod.is_ready() && !pod.is_terminating()
}

impl Tally {
    fn count(&mut self, pod: &Pod, by: i32) {
        self.pods += by;
        self.healthy += if is_healthy(pod) { by } else { 0 };
        let Some(owner) = pod.meta.controller_of() else {
            self.unmanaged += by;
            return;
        };
        let fresh = || (owner.clone(), pod.meta.name.clone(), 0);
        let entry = self.managed.get_or_insert_with(owner.uid, fresh);
        entry.2 += by;
        if entry.2 == 0 {
            self.managed.remove(&owner.uid);
        }
    }

    /// How many Pods the controllers of these want together.
    fn scale(&self, cache: &Store, namespace: &Str) -> Answer<i32> {
        let mut scales: SortedMap<Uid, i32> = SortedMap::new();
        for (owner, pod, _) in self.managed.values() {
            let key = Key::new(namespace.clone(), owner.name.clone());
            let set = || cache.get::<StatefulSet>(&key).filter(|set| set.meta.uid == owner.uid);
            let (uid, scale) = match &*owner.kind {
                "ReplicaSet" => replicas_behind(cache, &key, owner.uid),
                "StatefulSet" => set().map(|set| (set.meta.uid, set.replicas())),
                _ => None,
            }
            .ok_or_else(|| Status::failure(format!("found no controllers for pod {pod:?}")))?;
            scales.insert(uid, scale);
        }
        Ok(scales.values().fold(0, |sum, scale| sum.saturating_add(*scale)))
    }
}

/// What is wanted of the ReplicaSet at `key`: by the Deployment that manages it, or by itself.
fn replicas_behind(cache: &Store, key: &Key, uid: Uid) -> Option<(Uid, i32)> {
    let set = cache.get::<ReplicaSet>(key).filter(|set| set.meta.uid == uid)?;
    let owner = set.meta.controller_of().filter(|owner| &*owner.kind == "Deployment");
    let Some(owner) = owner else { return Some((set.meta.uid, set.replicas())) };
    let key = Key::new(key.namespace.clone(), owner.name.clone());
    let found = cache.get::<Deployment>(&key).filter(|found| found.meta.uid == owner.uid)?;
    Some((found.meta.uid, found.replicas()))
}

/// How many Pods there should be and how many of them must be well; and whether Pods without
/// a controller spoil the count.
fn expected(
    budget: &PodDisruptionBudget,
    tally: &Tally,
    cache: &Store,
) -> Answer<(i32, i32, bool)> {
    let scale = || tally.scale(cache, &budget.meta.namespace);
    let part = |n: &IntOrText, of: i32| {
        let scaled = n.scaled(i64::from(of), true);
        let text = "invalid value for IntOrString: invalid type: string is not a percentage";
        scaled.map(|n| n as i32).ok_or_else(|| Status::failure(text))
    };
    let unmanaged = tally.unmanaged > 0;
    match (&budget.spec.max_unavailable, &budget.spec.min_available) {
        (Some(most), _) => {
            let scale = scale()?;
            Ok((scale, (scale - part(most, scale)?).max(0), unmanaged))
        }
        (None, Some(IntOrText::Int(least))) => Ok((tally.pods, *least, false)),
        (None, Some(least)) => {
            let scale = scale()?;
            Ok((scale, part(least, scale)?, unmanaged))
        }
        (None, None) => Ok((0, 0, false)),
    }
}

fn try_sync(
    cx: &mut ControlPlane<'_>,
    budget: &Rc<PodDisruptionBudget>,
    tally: &Tally,
) -> Answer<Requeue> {
    let object = Object::PodDisruptionBudget(budget.clone());
    if tally.pods == 0 {
        cx.event(&object, EventKind::Normal, "NoPods", "No matching pods found");
    }
    let cache = cx.cache.clone();
    let (expected, desired, unmanaged) = match expected(budget, tally, &cache) {
        Ok(counts) => counts,
        Err(status) => {
            let text =
                format!("Failed to calculate the number of expected pods: {}", status.message);
            cx.event(&object, EventKind::Warning, "CalculateExpectedPodCountFailed", &text);
            return Err(status);
        }
    };
    if unmanaged {
        let text = format!(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. \
             As a result, the status of the PDB cannot be calculated correctly, which may result \
             in undefined behavior. To account for these pods please set \".spec.minAvailable\" \
             field of the PDB to an integer value.",
            go_selector(budget.spec.selector.as_ref())
        );
        cx.event(&object, EventKind::Warning, "UnmanagedPods", &text);
    }
    let (disrupted, leaving, recheck) = disrupted_pods(cx, budget);
    let healthy = tally.healthy - leaving;
    let mut allowed = (healthy - desired).max(0);
    if expected <= 0 {
        allowed = 0;
    }
    let old = &budget.status;
    let status = PodDisruptionBudgetStatus {
        observed_generation: budget.meta.generation,
        disrupted_pods: disrupted,
        disruptions_allowed: allowed,
        current_healthy: healthy,
        desired_healthy: desired,
        expected_pods: expected,
        conditions: old.conditions.clone(),
        ..PodDisruptionBudgetStatus::default()
    };
    if status != *old || !condition_is_up_to_date(&status) {
        write(cx, budget, status)?;
    }
    let until = recheck.map(|at| Requeue::After(at.since(cx.now)));
    Ok(until.unwrap_or(Requeue::AwaitChange))
}

/// Those Pods whose eviction was granted and that do not terminate yet; how many of them are
/// well; and when the first of them will have had its time.
fn disrupted_pods(
    cx: &mut ControlPlane<'_>,
    budget: &PodDisruptionBudget,
) -> (SortedMap<Str, SimTime>, i32, Option<SimTime>) {
    let (mut disrupted, mut leaving, mut recheck) = (SortedMap::new(), 0, None);
    for (name, &since) in &budget.status.disrupted_pods {
        *cx.visits += 1;
        let key = Key::new(budget.meta.namespace.clone(), name.clone());
        let Some(pod) = cx.cache.get::<Pod>(&key).cloned() else { continue };
        let selected = selects(budget.spec.selector.as_ref(), &pod);
        if pod.is_terminating() || !selected {
            continue;
        }
        let end = since + DELETION_TIMEOUT;
        if end < cx.now {
            let text = format!(
                "Pod was expected by PDB {}/{} to be deleted but it wasn't",
                budget.meta.namespace, budget.meta.namespace
            );
            cx.event(&Object::Pod(pod), EventKind::Warning, "NotDeleted", &text);
            continue;
        }
        // At the very end it is not yet over, but it counts again.
        leaving += i32::from(end > cx.now && is_healthy(&pod));
        let again = end + Span::millis(1);
        recheck = Some(recheck.map_or(again, |at: SimTime| at.min(again)));
        disrupted.insert(name.clone(), since);
    }
    (disrupted, leaving, recheck)
}

fn condition_is_up_to_date(status: &PodDisruptionBudgetStatus) -> bool {
    let (word, reason) = allowed_words(status.disruptions_allowed);
    condition(&status.conditions, ALLOWED).is_some_and(|now| {
        &*now.status == word
            && &*now.reason == reason
            && now.observed_generation == status.observed_generation
    })
}

fn allowed_words(allowed: i32) -> (&'static str, &'static str) {
    if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") }
}

fn write(
    cx: &mut ControlPlane<'_>,
    budget: &PodDisruptionBudget,
    mut status: PodDisruptionBudgetStatus,
) -> Answer<()> {
    let (word, reason) = allowed_words(status.disruptions_allowed);
    let allowed = Condition {
        kind: ALLOWED.into(),
        status: word.into(),
        observed_generation: status.observed_generation,
        reason: reason.into(),
        ..Condition::default()
    };
    set_condition(&mut status.conditions, allowed, cx.now);
    let budget = PodDisruptionBudget { status, ..budget.clone() };
    cx.client().update_status(budget).map(drop)
}

/// If nothing can be said, at least nobody may be evicted.
fn fail_safe(
    cx: &mut ControlPlane<'_>,
    budget: &PodDisruptionBudget,
    why: &Status,
) -> Answer<Requeue> {
    let mut budget = budget.clone();
    budget.status.disruptions_allowed = 0;
    let failed = Condition {
        kind: ALLOWED.into(),
        status: "False".into(),
        observed_generation: budget.status.observed_generation,
        reason: "SyncFailed".into(),
        message: why.message.as_str().into(),
        ..Condition::default()
    };
    set_condition(&mut budget.status.conditions, failed, cx.now);
    cx.client().update_status(budget).map(|_| Requeue::AwaitChange)
}

/// After how long the Pod's DisruptionTarget condition is to be taken back, because nothing came
/// of it; `None` if it has none, is being deleted or has ended.
fn stale_disruption(pod: &Pod, now: SimTime) -> Option<Span> {
    let target = condition(&pod.status.conditions, "DisruptionTarget")?;
    let by_kubelet = &*target.reason == "TerminationByKubelet";
    if &*target.status != "True" || by_kubelet || pod.is_terminating() || pod.is_terminal() {
        return None;
    }
    let since = target.last_transition_time.unwrap_or_default();
    Some((since + STALE_DISRUPTION).since(now))
}

fn clear_stale_disruption(cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
    let Some(pod) = cx.cache.get::<Pod>(key).cloned() else { return Ok(Requeue::AwaitChange) };
    match stale_disruption(&pod, cx.now) {
        None => return Ok(Requeue::AwaitChange),
        Some(wait) if wait > Span::ZERO => return Ok(Requeue::After(wait)),
        Some(_) => {}
    }
    let mut pod = (*pod).clone();
    let cleared = Condition {
        kind: "DisruptionTarget".into(),
        status: "False".into(),
        observed_generation: condition(&pod.status.conditions, "DisruptionTarget")
            .map_or(0, |old| old.observed_generation),
        ..Condition::default()
    };
    set_condition(&mut pod.status.conditions, cleared, cx.now);
    cx.client().update_status(pod).map(|_| Requeue::AwaitChange)
}

/// A selector as Go prints it.
fn go_selector(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else { return "nil".to_string() };
    let labels: Vec<String> =
        selector.match_labels.iter().map(|(key, value)| format!("{key}: {value},")).collect();
    let wanted: Vec<String> = selector
        .match_expressions
        .iter()
        .map(|e| {
            format!(
                "LabelSelectorRequirement{{Key:{},Operator:{},Values:[{}],}},",
                e.key,
                e.operator,
                e.values.join(" ")
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.join(""),
        wanted.join("")
    )
}
