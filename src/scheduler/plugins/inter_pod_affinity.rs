//! Affinity and anti-affinity between Pods: the Pod's own rules about Pods already placed, and
//! the rules of placed Pods about it.
//!
//! Upstream: pkg/scheduler/framework/plugins/interpodaffinity/{filtering,scoring}.go

use super::{Counts, MAX_SCORE, Plugin, Rejection};
use crate::api::core::config::Namespace;
use crate::api::core::pod::Pod;
use crate::api::kinds::Key;
use crate::api::meta::Labels;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::scheduler::census::{Ask, Manner, Term, rules};
use crate::scheduler::nodes::{NodeInfo, Nodes};
use std::rc::Rc;

/// Pods by topology: by label, then by value.
type Pairs = SortedMap<Str, SortedMap<Str, i64>>;

/// What required affinity of a placed Pod counts as in scores.
const HARD_WEIGHT: i64 = 1;

/// The required rules that concern a Pod, with counts.
#[derive(Clone, Debug)]
pub struct Hard {
    pod: Rc<Pod>,
    namespace: Labels,
    near: Vec<Term>,
    away: Vec<Term>,
    /// Pods that meet all affinity terms.
    near_pairs: Pairs,
    /// Pods that meet an anti-affinity term.
    away_pairs: Pairs,
    /// Pods whose anti-affinity means this Pod.
    shunning: Pairs,
}

impl Hard {
    /// Counts; `None` if no required rule concerns the Pod.
    pub fn new(pod: &Rc<Pod>, counts: &mut Counts<'_, '_>) -> Option<Hard> {
        let namespace = labels_of(pod, counts);
        let own = rules(pod);
        let of = |manner: Manner| {
            own.iter().filter(|rule| rule.0 == manner).map(|rule| rule.1.clone()).collect()
        };
        let (near, away): (Vec<Term>, Vec<Term>) = (of(Manner::Near), of(Manner::Away));
        let nodes = counts.from.nodes;
        let mut shunning = Pairs::new();
        for rule in counts.census.rules().iter().filter(|rule| rule.manner == Manner::Away) {
            *counts.visits += 1;
            if rule.term.means(pod, &namespace) {
                gather(&mut shunning, &rule.term.topology_key, &rule.by_slot, 1, nodes);
            }
        }
        if near.is_empty() && away.is_empty() && shunning.is_empty() {
            return None;
        }
        let (mut near_pairs, mut away_pairs) = (Pairs::new(), Pairs::new());
        if !near.is_empty() {
            let by_slot = meeting(&near, counts);
            for term in &near {
                gather(&mut near_pairs, &term.topology_key, &by_slot, 1, nodes);
            }
        }
        for term in &away {
            let by_slot = meeting(std::slice::from_ref(term), counts);
            gather(&mut away_pairs, &term.topology_key, &by_slot, 1, nodes);
        }
        let pod = pod.clone();
        Some(Hard { pod, namespace, near, away, near_pairs, away_pairs, shunning })
    }

    /// Whether the node keeps all rules.
    pub fn filter(&self, node: &NodeInfo) -> Result<(), Rejection> {
        let plugin = Plugin::InterPodAffinity;
        if !self.is_near(node) {
            let reason = "node(s) didn't match pod affinity rules";
            return Err(Rejection::unresolvable(plugin, reason));
        }
        if self.away.iter().any(|term| at(&self.away_pairs, &term.topology_key, node) > 0) {
            return Err(Rejection::new(plugin, "node(s) didn't match pod anti-affinity rules"));
        }
        if self.shunning.keys().any(|key| at(&self.shunning, key, node) > 0) {
            let reason = "node(s) didn't satisfy existing pods anti-affinity rules";
            return Err(Rejection::new(plugin, reason));
        }
        Ok(())
    }

    fn is_near(&self, node: &NodeInfo) -> bool {
        let mut there = true;
        for term in &self.near {
            if node.label(&term.topology_key).is_none() {
                return false;
            }
            there &= at(&self.near_pairs, &term.topology_key, node) > 0;
        }
        // The first of a group that wants to be near itself may go anywhere.
        let first = || {
            self.near_pairs.values().flat_map(SortedMap::values).all(|&n| n <= 0)
                && self.near.iter().all(|term| term.means(&self.pod, &self.namespace))
        };
        there || first()
    }

    /// The same as if `other` were (or were not) on `node`. Namespaces by label are judged as
    /// if it were in this Pod's namespace.
    pub fn count(&mut self, other: &Pod, node: &NodeInfo, present: bool) {
        let by = if present { 1 } else { -1 };
        let add = |pairs: &mut Pairs, key: &Str| {
            if let Some(value) = node.label(key) {
                *pairs.get_or_default(key.clone()).get_or_default(value.clone()) += by;
            }
        };
        let namespace = self.namespace.clone();
        if !self.near.is_empty() && self.near.iter().all(|t| t.means(other, &namespace)) {
            self.near.iter().for_each(|term| add(&mut self.near_pairs, &term.topology_key));
        }
        for term in self.away.iter().filter(|term| term.means(other, &namespace)) {
            add(&mut self.away_pairs, &term.topology_key);
        }
        for (manner, term) in rules(other) {
            if manner == Manner::Away && term.means(&self.pod, &namespace) {
                add(&mut self.shunning, &term.topology_key);
            }
        }
    }
}

fn labels_of(pod: &Pod, counts: &Counts<'_, '_>) -> Labels {
    let key = Key::global(pod.meta.namespace.clone());
    let namespace = counts.from.store.get::<Namespace>(&key);
    namespace.map(|namespace| namespace.meta.labels.clone()).unwrap_or_default()
}

/// How many placed Pods meet all of `terms`, by slot.
fn meeting(terms: &[Term], counts: &mut Counts<'_, '_>) -> Rc<Vec<u32>> {
    let store = counts.from.store;
    let mut namespaces: Option<Vec<Str>> = None;
    let mut selectors = Vec::new();
    for term in terms {
        let mut here = term.namespaces.clone();
        if let Some(selector) = &term.namespace_selector {
            let all = store.list::<Namespace>();
            let more = all.filter(|namespace| selector.matches(&namespace.meta.labels));
            here.extend(more.map(|namespace| namespace.meta.name.clone()));
        }
        namespaces = Some(match namespaces {
            None => here,
            Some(before) => before.into_iter().filter(|name| here.contains(name)).collect(),
        });
        match &term.selector {
            Some(selector) => selectors.push(selector.clone()),
            None => return Rc::default(),
        }
    }
    let ask = Ask { namespaces, selectors, living: false };
    counts.census.by_slot(&ask, counts.from.nodes, counts.visits)
}

/// Adds up `by_slot`, times `weight`, over the values of the label `key`.
fn gather(pairs: &mut Pairs, key: &Str, by_slot: &[u32], weight: i64, nodes: &Nodes) {
    for (slot, &n) in by_slot.iter().enumerate().filter(|(_, n)| **n > 0) {
        if let Some(value) = nodes.at(slot).label(key) {
            let values = pairs.get_or_default(key.clone());
            *values.get_or_default(value.clone()) += i64::from(n) * weight;
        }
    }
}

/// The count for the node's value of the label `key`.
fn at(pairs: &Pairs, key: &Str, node: &NodeInfo) -> i64 {
    let values = pairs.get(key);
    values.zip(node.label(key)).and_then(|(values, value)| values.get(value)).copied().unwrap_or(0)
}

/// How much neighbours speak for each of `fits`; `None` if nobody has a preference.
pub fn score(pod: &Rc<Pod>, fits: &[usize], counts: &mut Counts<'_, '_>) -> Option<Vec<i64>> {
    let nodes = counts.from.nodes;
    let mut pairs = Pairs::new();
    let own = rules(pod);
    let soft = |manner: &Manner| !matches!(manner, Manner::Near | Manner::Away);
    if counts.census.rules().iter().all(|rule| rule.manner == Manner::Away)
        && !own.iter().any(|(manner, _)| soft(manner))
    {
        return None;
    }
    for (manner, term) in &own {
        let weight = match manner {
            Manner::RatherNear(weight) => i64::from(*weight),
            Manner::RatherAway(weight) => -i64::from(*weight),
            Manner::Near | Manner::Away => continue,
        };
        let by_slot = meeting(std::slice::from_ref(term), counts);
        gather(&mut pairs, &term.topology_key, &by_slot, weight, nodes);
    }
    let namespace = labels_of(pod, counts);
    for rule in counts.census.rules().iter() {
        *counts.visits += 1;
        let weight = match rule.manner {
            Manner::Near => HARD_WEIGHT,
            Manner::RatherNear(weight) => i64::from(weight),
            Manner::RatherAway(weight) => -i64::from(weight),
            Manner::Away => continue,
        };
        if rule.term.means(pod, &namespace) {
            gather(&mut pairs, &rule.term.topology_key, &rule.by_slot, weight, nodes);
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let raw = |&slot: &usize| -> i64 {
        let node = nodes.at(slot);
        pairs.keys().map(|key| at(&pairs, key, node)).sum()
    };
    let mut scores: Vec<i64> = fits.iter().map(raw).collect();
    let (min, max) = (scores.iter().min().copied()?, scores.iter().max().copied()?);
    for score in &mut scores {
        *score = if max > min { MAX_SCORE * (*score - min) / (max - min) } else { 0 };
    }
    Some(scores)
}
