//! Counts of Pods by node, kept as Pods come and go: how many Pods of some namespaces meet some
//! selectors (spreading, affinity), and on which nodes are Pods that have rules about their
//! neighbours. What upstream finds by going through every Pod in each cycle is looked up here.
//!
//! Upstream: pkg/scheduler/framework/plugins/podtopologyspread/common.go
//! (countPodsMatchSelector), interpodaffinity/filtering.go and scoring.go (their maps)

use super::nodes::{NodeInfo, Nodes, PodInfo};
use crate::api::core::pod::Pod;
use crate::api::core::scheduling::{PodAffinity, PodAffinityTerm};
use crate::api::meta::{LabelSelector, LabelSelectorRequirement, Labels};
use crate::base::Str;
use std::rc::Rc;

/// How many different questions are kept up to date.
const KEPT: usize = 64;

/// Which Pods are counted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    /// In one of these namespaces; `None` means any.
    pub namespaces: Option<Vec<Str>>,
    /// Meeting all of these.
    pub selectors: Vec<LabelSelector>,
    /// Not being deleted.
    pub living: bool,
}

impl Ask {
    /// Whether `pod` is counted.
    pub fn counts(&self, pod: &Pod) -> bool {
        self.namespaces.as_ref().is_none_or(|all| all.contains(&pod.meta.namespace))
            && !(self.living && pod.is_terminating())
            && self.selectors.iter().all(|selector| selector.matches(&pod.meta.labels))
    }
}

/// The answer: how many by slot.
#[derive(Clone, Debug)]
struct Answer {
    ask: Ask,
    by_slot: Rc<Vec<u32>>,
}

/// What a rule of Pods on nodes asks of their neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Required affinity.
    Near,
    /// Required anti-affinity.
    Away,
    /// Preferred affinity, with its weight.
    RatherNear(i32),
    /// Preferred anti-affinity, with its weight.
    RatherAway(i32),
}

/// A rule that Pods on nodes have, and on how many Pods of which node.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// What it asks.
    pub manner: Manner,
    /// Of whom, and how near.
    pub term: Term,
    /// How many Pods have it, by slot.
    pub by_slot: Rc<Vec<u32>>,
}

/// Whom an affinity term means, worked out for the Pod that has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    /// The namespaces named, or the Pod's own.
    pub namespaces: Vec<Str>,
    /// Further namespaces by label.
    pub namespace_selector: Option<LabelSelector>,
    /// The Pods; `None` means none.
    pub selector: Option<LabelSelector>,
    /// The node label whose equal values mean near.
    pub topology_key: Str,
}

impl Term {
    /// Works out `term` of `pod`.
    pub fn new(pod: &Pod, term: &PodAffinityTerm) -> Term {
        let mut namespaces = term.namespaces.clone();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(pod.meta.namespace.clone());
        }
        let mut selector = term.label_selector.clone();
        if let Some(selector) = &mut selector {
            share(selector, &pod.meta.labels, &term.match_label_keys, "In");
            share(selector, &pod.meta.labels, &term.mismatch_label_keys, "NotIn");
        }
        Term {
            namespaces,
            namespace_selector: term.namespace_selector.clone(),
            selector,
            topology_key: term.topology_key.clone(),
        }
    }

    /// Whether it means `pod`, in a namespace with these labels.
    pub fn means(&self, pod: &Pod, namespace: &Labels) -> bool {
        let there = self.namespaces.contains(&pod.meta.namespace)
            || self.namespace_selector.as_ref().is_some_and(|s| s.matches(namespace));
        there && self.selector.as_ref().is_some_and(|s| s.matches(&pod.meta.labels))
    }
}

/// Adds to `selector` that each label of `keys` that the Pod has must (not) be shared.
pub(super) fn share(selector: &mut LabelSelector, labels: &Labels, keys: &[Str], operator: &str) {
    for key in keys {
        if let Some(value) = labels.get(key) {
            selector.match_expressions.push(LabelSelectorRequirement {
                key: key.clone(),
                operator: operator.into(),
                values: vec![value.clone()],
                ..Default::default()
            });
        }
    }
}

/// The rules of a Pod about its neighbours.
pub(super) fn rules(pod: &Pod) -> Vec<(Manner, Term)> {
    let Some(affinity) = &pod.spec.affinity else {
        return Vec::new();
    };
    let mut rules = Vec::new();
    let mut take = |part: &Option<PodAffinity>, hard: Manner, soft: fn(i32) -> Manner| {
        let Some(part) = part else { return };
        rules.extend(part.required.iter().map(|term| (hard, Term::new(pod, term))));
        let soft_rule = |t: &crate::api::core::scheduling::WeightedPodAffinityTerm| {
            (soft(t.weight), Term::new(pod, &t.pod_affinity_term))
        };
        rules.extend(part.preferred.iter().map(soft_rule));
    };
    take(&affinity.pod_affinity, Manner::Near, Manner::RatherNear);
    take(&affinity.pod_anti_affinity, Manner::Away, Manner::RatherAway);
    rules
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    answers: Rc<Vec<Answer>>,
    rules: Rc<Vec<Rule>>,
}

impl Census {
    /// A Pod has come to the node in `slot`.
    pub fn add(&mut self, slot: usize, info: &PodInfo) {
        self.count(slot, info, true);
    }

    /// A Pod has left the node in `slot`.
    pub fn remove(&mut self, slot: usize, info: &PodInfo) {
        self.count(slot, info, false);
    }

    fn count(&mut self, slot: usize, info: &PodInfo, more: bool) {
        if self.answers.iter().any(|answer| answer.ask.counts(&info.pod)) {
            for answer in Rc::make_mut(&mut self.answers) {
                if answer.ask.counts(&info.pod) {
                    bump(&mut answer.by_slot, slot, more);
                }
            }
        }
        if info.pod.spec.affinity.is_none() {
            return;
        }
        for (manner, term) in rules(&info.pod) {
            let all = Rc::make_mut(&mut self.rules);
            let known = |rule: &Rule| rule.manner == manner && rule.term == term;
            let at = all.iter().position(known).unwrap_or_else(|| {
                all.push(Rule { manner, term, by_slot: Rc::default() });
                all.len() - 1
            });
            bump(&mut all[at].by_slot, slot, more);
            if !more && all[at].by_slot.iter().all(|&n| n == 0) {
                all.remove(at);
            }
        }
    }

    /// The rules that Pods on nodes have.
    pub fn rules(&self) -> &Rc<Vec<Rule>> {
        &self.rules
    }

    /// How many Pods meet `ask`, by slot (a slot past the end has none). A question asked for
    /// the first time goes through all Pods once.
    pub fn by_slot(&mut self, ask: &Ask, nodes: &Nodes, visits: &mut u64) -> Rc<Vec<u32>> {
        if let Some(at) = self.answers.iter().position(|answer| answer.ask == *ask) {
            let by_slot = self.answers[at].by_slot.clone();
            if at > KEPT / 2 {
                let answers = Rc::make_mut(&mut self.answers);
                let used = answers.remove(at);
                answers.insert(0, used);
            }
            return by_slot;
        }
        let mut by_slot = vec![0; nodes.slots()];
        for info in nodes.all() {
            *visits += info.pods.size() as u64;
            by_slot[info.slot] = count_on(info, ask);
        }
        let by_slot = Rc::new(by_slot);
        let answers = Rc::make_mut(&mut self.answers);
        answers.truncate(KEPT - 1);
        answers.insert(0, Answer { ask: ask.clone(), by_slot: by_slot.clone() });
        by_slot
    }
}

/// How many Pods of one node meet `ask`.
fn count_on(info: &NodeInfo, ask: &Ask) -> u32 {
    info.pods.values().filter(|info| ask.counts(&info.pod)).count() as u32
}

fn bump(by_slot: &mut Rc<Vec<u32>>, slot: usize, more: bool) {
    let counts = Rc::make_mut(by_slot);
    if counts.len() <= slot {
        counts.resize(slot + 1, 0);
    }
    counts[slot] = if more { counts[slot] + 1 } else { counts[slot].saturating_sub(1) };
}
