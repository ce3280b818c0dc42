//! What a cycle decided and why, as data: for each node it looked at the rule that excluded it
//! or its scores. And what kube-scheduler makes of it for those who read.
//!
//! Upstream: pkg/scheduler/framework/types.go (FitError)

use super::plugins::{Plugin, Rejection, SCORERS, Scores};
use crate::api::kinds::Key;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::sorted;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use std::rc::Rc;

/// How many rows the decisions on Pods that got a node may have together: all of 10 000 Pods on
/// ten nodes.
const KEPT_ROWS: usize = 100_000;

/// The decision on one Pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The Pod.
    pub pod: Key,
    /// When.
    pub at: SimTime,
    /// The nodes that were looked at, in order. Empty if no node could fit, whatever it is.
    pub rows: Vec<Row>,
    /// The node it got; `None` if none fits.
    pub chosen: Option<Str>,
    /// Why it got none; nothing if it got one.
    pub why: Why,
    /// Where there was no room for which of its claims: nodes, with the claim.
    pub full: Vec<(Str, Key)>,
}

/// Why no node fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Why {
    /// How many nodes there are; 0 if there are none, or if it is not about them.
    pub nodes: usize,
    /// What speaks against them, in upstream's words, ordered as texts: `2 node(s) were
    /// unschedulable`. A reason that does not depend on the node comes alone, without a number.
    pub reasons: Vec<Str>,
}

/// What was found of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The node.
    pub node: Str,
    /// Whether it fits.
    pub verdict: Verdict,
}

/// Whether a node fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It does, so well. Without scores if it is the only one.
    Fits {
        /// Weighted points by each of `SCORERS`.
        scores: Scores,
        /// Their sum.
        total: i64,
    },
    /// It does not.
    Filtered {
        /// The rule that says so.
        plugin: Plugin,
        /// Why, in upstream's words.
        reason: Str,
    },
}

/// What one plugin gave a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    /// The plugin.
    pub plugin: Plugin,
    /// Its score for the node, from 0 to 100, compared with the other nodes that fit.
    pub score: i64,
    /// How often it counts: the node's total is the sum of all scores times their weights.
    pub weight: i64,
}

impl Decision {
    /// The nodes that taints excluded.
    pub fn tainted(&self) -> impl Iterator<Item = &Str> {
        let tainted = |row: &&Row| match row.verdict {
            Verdict::Filtered { plugin, .. } => plugin == Plugin::TaintToleration,
            Verdict::Fits { .. } => false,
        };
        self.rows.iter().filter(tainted).map(|row| &row.node)
    }
}

impl Row {
    /// What each plugin gave the node, in their order; a plugin that cannot concern the Pod is
    /// left out. Empty if the node does not fit or was not scored.
    pub fn scores(&self) -> Vec<Points> {
        let Verdict::Fits { scores, .. } = &self.verdict else { return Vec::new() };
        let points = |(&(plugin, weight), weighted): (&(Plugin, i64), &Option<i16>)| {
            let score = i64::from((*weighted)?) / weight;
            Some(Points { plugin, score, weight })
        };
        SCORERS.iter().zip(scores).filter_map(points).collect()
    }
}

impl Verdict {
    pub(super) fn filtered(rejection: &Rejection) -> Verdict {
        let reason = rejection.reasons.join(", ").into();
        Verdict::Filtered { plugin: rejection.plugin, reason }
    }
}

/// The latest decisions: on every Pod without a node, and on the last ones that got one.
#[derive(Clone, Debug, Default)]
pub(super) struct Decisions {
    by_pod: Map<Key, (u64, Rc<Decision>)>,
    /// Those on Pods that got a node, by their number.
    bound: Map<u64, Key>,
    bound_rows: usize,
    made: u64,
}

impl Decisions {
    /// The latest decision on the Pod at `key`.
    pub fn get(&self, key: &Key) -> Option<&Rc<Decision>> {
        self.by_pod.get(key).map(|(_, decision)| decision)
    }

    /// Notes a decision; the oldest ones on Pods with nodes make room.
    pub fn put(&mut self, decision: Decision) {
        let key = decision.pod.clone();
        self.remove(&key);
        self.made += 1;
        if decision.chosen.is_some() {
            self.bound_rows += decision.rows.len();
            self.bound.insert_mut(self.made, key.clone());
        }
        self.by_pod.insert_mut(key, (self.made, Rc::new(decision)));
        while self.bound_rows > KEPT_ROWS && self.bound.size() > 1 {
            let Some(oldest) = self.bound.values().next().cloned() else { break };
            self.remove(&oldest);
        }
    }

    /// Notes that there turned out to be no room for `claim` on the node that was chosen.
    pub fn put_full(&mut self, key: &Key, node: Str, claim: Key) {
        if let Some((_, decision)) = self.by_pod.get_mut(key) {
            Rc::make_mut(decision).full.push((node, claim));
        }
    }

    /// Forgets the decision on the Pod at `key`.
    pub fn remove(&mut self, key: &Key) {
        let Some((number, old)) = self.by_pod.get(key).cloned() else { return };
        self.by_pod.remove_mut(key);
        if self.bound.remove_mut(&number) {
            self.bound_rows -= old.rows.len();
        }
    }
}

impl Why {
    /// Counts how many of so many `nodes` have each reason.
    pub(super) fn of<'r>(nodes: usize, reasons: impl Iterator<Item = (&'r str, usize)>) -> Why {
        let mut counts: SortedMap<&str, usize> = SortedMap::new();
        for (reason, n) in reasons {
            *counts.get_or_default(reason) += n;
        }
        let mut reasons: Vec<Str> =
            counts.iter().map(|(why, n)| format!("{n} {why}").into()).collect();
        sorted::sort(&mut reasons);
        Why { nodes, reasons }
    }

    /// `0/3 nodes are available`; nothing if it is not about nodes.
    pub fn head(&self) -> String {
        match self.nodes {
            0 => String::new(),
            nodes => format!("0/{nodes} nodes are available"),
        }
    }

    /// `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`
    pub(super) fn sentence(&self) -> String {
        let mut sentence = self.head() + ":";
        if !self.reasons.is_empty() {
            sentence.push_str(&format!(" {}.", self.reasons.join(", ")));
        }
        sentence
    }
}
