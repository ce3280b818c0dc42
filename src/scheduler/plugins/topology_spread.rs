//! Spreading over zones, nodes or any other label: hard rules filter, soft ones score. Pods
//! without rules of their own that belong to a Service or a controller are spread softly over
//! nodes and zones (the system's defaults).
//!
//! The weights of soft rules are natural logarithms; they are computed here in fixed point, fine
//! enough to round as upstream's floats do.
//!
//! Upstream: pkg/scheduler/framework/plugins/podtopologyspread/{filtering,scoring,common,
//! plugin}.go, pkg/scheduler/framework/plugins/helper/spread.go (DefaultSelector)

use super::node_affinity::Required;
use super::{Counts, MAX_SCORE, Plugin, Rejection, State};
use crate::api::apps::deployment::ReplicaSet;
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::core::scheduling::TopologySpreadConstraint;
use crate::api::core::service::Service;
use crate::api::kinds::Key;
use crate::api::meta::LabelSelector;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::scheduler::census::{Ask, share};
use crate::scheduler::nodes::{HOSTNAME, NodeInfo, ZONE};
use std::rc::Rc;

const NO_MATCH: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str =
    "node(s) didn't match pod topology spread constraints (missing required label)";

/// One rule, worked out for the Pod that has it.
#[derive(Clone, Debug)]
struct Rule {
    max_skew: i64,
    key: Str,
    selectors: Vec<LabelSelector>,
    min_domains: i64,
    honors_affinity: bool,
    honors_taints: bool,
}

impl Rule {
    fn of(pod: &Pod, given: &TopologySpreadConstraint) -> Rule {
        let mut selector = given.label_selector.clone();
        if let Some(selector) = &mut selector {
            share(selector, &pod.meta.labels, &given.match_label_keys, "In");
        }
        Rule {
            max_skew: i64::from(given.max_skew),
            key: given.topology_key.clone(),
            // No selector at all means no Pods.
            selectors: vec![selector.unwrap_or_else(nobody)],
            min_domains: i64::from(given.min_domains.unwrap_or(1)),
            honors_affinity: &*given.node_affinity_policy != "Ignore",
            honors_taints: &*given.node_taints_policy == "Honor",
        }
    }

    fn ask(&self, pod: &Pod) -> Ask {
        Ask {
            namespaces: Some(vec![pod.meta.namespace.clone()]),
            selectors: self.selectors.clone(),
            living: true,
        }
    }

    fn counts(&self, pod: &Pod) -> bool {
        self.selectors.iter().all(|selector| selector.matches(&pod.meta.labels))
    }

    /// Whether the Pods of `node` count.
    fn includes(&self, pod: &Pod, affinity: Option<&Required>, node: &NodeInfo) -> bool {
        let Some(object) = &node.node else { return false };
        (!self.honors_affinity || affinity.is_none_or(|required| required.matches(object)))
            && (!self.honors_taints || object.untolerated(&pod.spec.tolerations).next().is_none())
    }
}

fn nobody() -> LabelSelector {
    let never = crate::api::meta::LabelSelectorRequirement::default();
    LabelSelector { match_expressions: vec![never], ..LabelSelector::default() }
}

fn given(pod: &Pod, when: &str) -> Vec<Rule> {
    let all = pod.spec.topology_spread_constraints.iter();
    all.filter(|c| &*c.when_unsatisfiable == when).map(|c| Rule::of(pod, c)).collect()
}

/// The hard rules of a Pod, with how many Pods each domain has.
#[derive(Clone, Debug)]
pub struct Hard {
    pod: Rc<Pod>,
    affinity: Option<Required>,
    rules: Vec<(Rule, SortedMap<Str, i64>)>,
}

impl Hard {
    /// Counts; `None` if the Pod has no hard rules.
    pub fn new(
        pod: &Rc<Pod>,
        affinity: Option<&Required>,
        counts: &mut Counts<'_, '_>,
    ) -> Option<Hard> {
        let rules = given(pod, "DoNotSchedule");
        if rules.is_empty() {
            return None;
        }
        let nodes = counts.from.nodes;
        let keys: Vec<Str> = rules.iter().map(|rule| rule.key.clone()).collect();
        let mut counted = Vec::new();
        for rule in rules {
            let by_slot = counts.census.by_slot(&rule.ask(pod), nodes, counts.visits);
            let mut domains: SortedMap<Str, i64> = SortedMap::new();
            for node in nodes.all() {
                *counts.visits += 1;
                let labelled = keys.iter().all(|key| node.label(key).is_some());
                if labelled && rule.includes(pod, affinity, node) {
                    let value = node.label(&rule.key).cloned().unwrap_or_else(|| "".into());
                    let n = by_slot.get(node.slot).copied().unwrap_or(0);
                    *domains.get_or_default(value) += i64::from(n);
                }
            }
            counted.push((rule, domains));
        }
        Some(Hard { pod: pod.clone(), affinity: affinity.cloned(), rules: counted })
    }

    /// Whether the Pod on this node would keep within all skews.
    pub fn filter(&self, node: &NodeInfo) -> Result<(), Rejection> {
        for (rule, domains) in &self.rules {
            let Some(value) = node.label(&rule.key) else {
                return Err(Rejection::unresolvable(Plugin::PodTopologySpread, NO_LABEL));
            };
            let too_few = (domains.len() as i64) < rule.min_domains;
            let least = if too_few { 0 } else { domains.values().copied().min().unwrap_or(0) };
            let here = domains.get(value).copied().unwrap_or(0);
            if here + i64::from(rule.counts(&self.pod)) - least > rule.max_skew {
                return Err(Rejection::new(Plugin::PodTopologySpread, NO_MATCH));
            }
        }
        Ok(())
    }

    /// The same as if `other` were (or were not) on `node`.
    pub fn count(&mut self, other: &Pod, node: &NodeInfo, present: bool) {
        if other.meta.namespace != self.pod.meta.namespace {
            return;
        }
        if !self.rules.iter().all(|(rule, _)| node.label(&rule.key).is_some()) {
            return;
        }
        for (rule, domains) in &mut self.rules {
            if rule.counts(other) && rule.includes(&self.pod, self.affinity.as_ref(), node) {
                let value = node.label(&rule.key).cloned().unwrap_or_else(|| "".into());
                *domains.get_or_default(value) += if present { 1 } else { -1 };
            }
        }
    }
}

/// The soft rules of a Pod: its own, or the system's; and whether nodes must have all labels.
fn soft(pod: &Pod, counts: &mut Counts<'_, '_>) -> (Vec<Rule>, bool) {
    if !pod.spec.topology_spread_constraints.is_empty() {
        return (given(pod, "ScheduleAnyway"), true);
    }
    let selectors = default_selectors(pod, counts);
    if selectors.is_empty() {
        return (Vec::new(), false);
    }
    let rule = |key: &str, max_skew: i64| Rule {
        max_skew,
        key: key.into(),
        selectors: selectors.clone(),
        min_domains: 1,
        honors_affinity: true,
        honors_taints: false,
    };
    (vec![rule(HOSTNAME, 3), rule(ZONE, 5)], false)
}

/// Who the Pod's kin are: by the Services that select it and the StatefulSet or ReplicaSet that
/// owns it. (ReplicationControllers are not kept here.)
fn default_selectors(pod: &Pod, counts: &mut Counts<'_, '_>) -> Vec<LabelSelector> {
    let store = counts.from.store;
    let mut merged = LabelSelector::default();
    for service in store.list_in::<Service>(&pod.meta.namespace) {
        *counts.visits += 1;
        let selector = &service.spec.selector;
        let selects = |(key, value): (&Str, &Str)| pod.meta.label(key) == Some(value);
        if !selector.is_empty() && selector.iter().all(selects) {
            for (key, value) in selector.iter() {
                merged.match_labels.set(key, value.clone());
            }
        }
    }
    let mut selectors = Vec::new();
    if !merged.is_empty() {
        selectors.push(merged);
    }
    if let Some(owner) = pod.meta.controller_of() {
        let key = Key::new(pod.meta.namespace.clone(), owner.name.clone());
        let selector = match &*owner.kind {
            "StatefulSet" => store.get::<StatefulSet>(&key).map(|set| &set.spec.selector),
            "ReplicaSet" => store.get::<ReplicaSet>(&key).map(|set| &set.spec.selector),
            _ => None,
        };
        let selector = selector.and_then(Option::as_ref);
        selectors.extend(selector.filter(|selector| !selector.is_empty()).cloned());
    }
    selectors
}

/// How evenly each of `fits` would spread the Pod and its kin; `None` without soft rules.
pub fn score(
    state: &State,
    fits: &[usize],
    order: &[usize],
    counts: &mut Counts<'_, '_>,
) -> Option<Vec<i64>> {
    let pod = &state.info.pod;
    let (rules, all_labels) = soft(pod, counts);
    if rules.is_empty() {
        return None;
    }
    let nodes = counts.from.nodes;
    let labelled = |node: &NodeInfo| rules.iter().all(|rule| node.label(&rule.key).is_some());
    let ignored: Vec<bool> =
        fits.iter().map(|&slot| all_labels && !labelled(nodes.at(slot))).collect();
    let counted: Vec<usize> =
        fits.iter().zip(&ignored).filter(|(_, ignored)| !**ignored).map(|(&s, _)| s).collect();
    // In 2^40ths of a point, so that the logarithm can be multiplied before it is rounded.
    let mut points = vec![0i128; fits.len()];
    for rule in &rules {
        let by_slot = counts.census.by_slot(&rule.ask(pod), nodes, counts.visits);
        let at = |slot: usize| i64::from(by_slot.get(slot).copied().unwrap_or(0));
        let domains = match &*rule.key {
            HOSTNAME => None,
            _ => {
                let eligible = |node: &NodeInfo| {
                    (!all_labels || labelled(node))
                        && rule.includes(pod, state.affinity.as_ref(), node)
                };
                let mut domains: SortedMap<&str, i64> = SortedMap::new();
                let value = |slot: usize| nodes.at(slot).label(&rule.key).map_or("", |v| v);
                domains.extend(counted.iter().map(|&slot| (value(slot), 0)));
                for &slot in order.iter().filter(|&&slot| at(slot) > 0) {
                    if let Some(n) = domains.get_mut(value(slot))
                        && eligible(nodes.at(slot))
                    {
                        *n += at(slot);
                    }
                }
                Some(domains)
            }
        };
        let size = domains.as_ref().map_or(counted.len(), SortedMap::len);
        let weight = ln_fixed(size as u64 + 2);
        for (points, &slot) in points.iter_mut().zip(fits) {
            let Some(value) = nodes.at(slot).label(&rule.key) else { continue };
            let n = match &domains {
                None => at(slot),
                Some(domains) => domains.get(&**value).copied().unwrap_or(0),
            };
            *points += i128::from(n) * weight + (i128::from(rule.max_skew - 1) << 40);
        }
    }
    let rounded = points.iter().map(|points| ((points + (1 << 39)) >> 40) as i64).collect();
    Some(turn(rounded, &ignored))
}

/// Makes few Pods good and many bad, from 0 to 100; ignored nodes get nothing.
fn turn(mut scores: Vec<i64>, ignored: &[bool]) -> Vec<i64> {
    let judged = || scores.iter().zip(ignored).filter(|(_, ignored)| !**ignored).map(|(s, _)| *s);
    let (min, max) = (judged().min().unwrap_or(0), judged().max().unwrap_or(0));
    for (score, ignored) in scores.iter_mut().zip(ignored) {
        *score = match (ignored, max) {
            (true, _) => 0,
            (false, 0) => MAX_SCORE,
            (false, max) => MAX_SCORE * (max + min - *score) / max,
        };
    }
    scores
}

/// The natural logarithm of `n` (at least 1) in 2^40ths.
fn ln_fixed(n: u64) -> i128 {
    // log2 by repeated squaring, then times ln 2.
    const LN2: i128 = 762_123_384_786;
    let whole = u64::BITS - 1 - n.max(1).leading_zeros();
    let mut x = (u128::from(n.max(1)) << 60) >> whole;
    let mut log2 = i128::from(whole) << 40;
    for bit in (0..40).rev() {
        x = (x * x) >> 60;
        if x >= 2 << 60 {
            x >>= 1;
            log2 += 1 << bit;
        }
    }
    (log2 * LN2) >> 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_fine_enough() {
        let millionths = |n: u64| (ln_fixed(n) * 1_000_000) >> 40;
        assert_eq!(millionths(1), 0);
        assert_eq!(millionths(5), 1_609_437);
        assert_eq!(millionths(1002), 6_909_753);
    }
}
