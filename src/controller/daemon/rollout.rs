//! How a new template reaches the Pods: which old ones are to go, or which nodes get a second.
//!
//! Upstream: rollingUpdate in pkg/controller/daemon/update.go

use super::Sync;
use super::manage::Plan;
use super::nodes::{is_updated, verdict};
use crate::api::apps::stateful_set::UpdateStrategyType;
use crate::api::core::pod::Pod;
use crate::api::int_or_text::IntOrText;
use crate::base::Str;
use crate::base::sorted;
use crate::trace::Because;
use std::rc::Rc;

/// The Pods on one node that are not terminating: at the newest revision, at an older one.
type Pair = (Option<Rc<Pod>>, Option<Rc<Pod>>);

impl Sync<'_, '_> {
    /// What the rolling update needs; nothing if the set's author deletes Pods.
    pub(super) fn roll_out(&mut self) -> Plan {
        let mut plan = Plan::default();
        if self.set.spec.update_strategy.kind != UpdateStrategyType::RollingUpdate {
            self.await_deletion();
            return plan;
        }
        let mut desired = 0;
        for node in self.nodes.clone().iter().filter(|node| verdict(&self.set, node).should_run) {
            desired += 1;
            self.pods.get_or_default(node.meta.name.clone());
        }
        let rolling = self.set.spec.update_strategy.rolling_update.as_ref();
        let scaled = |amount: Option<&Option<IntOrText>>| {
            let number = amount.and_then(|amount| amount.as_ref()?.scaled(desired, true));
            usize::try_from(number.unwrap_or(0)).unwrap_or(0)
        };
        let surge = scaled(rolling.map(|rolling| &rolling.max_surge));
        let unavailable = scaled(rolling.map(|rolling| &rolling.max_unavailable));
        match surge {
            0 if unavailable == 0 && desired > 0 => self.replace(1, &mut plan),
            0 => self.replace(unavailable, &mut plan),
            _ => self.surge(surge, &mut plan),
        }
        plan
    }

    /// Deletes old Pods: those that are not available anyway, and as many others as leaves no
    /// more than `most` nodes without one.
    fn replace(&mut self, most: usize, plan: &mut Plan) {
        let (mut missing, mut candidates, mut blocker) = (0, Vec::new(), None);
        for (node, pair) in self.pairs() {
            match pair {
                Some((None, Some(old))) if !self.is_available(&old) => plan.delete.push(old),
                Some((None, Some(old))) => candidates.push(old),
                Some((Some(new), None)) if self.is_available(&new) => {}
                pair => {
                    missing += 1;
                    let leaving = || self.pods.get(&node)?.first().cloned();
                    let lacking = pair.and_then(|(new, old)| new.or(old)).or_else(leaving);
                    blocker = blocker.or(lacking);
                }
            }
        }
        let room = most.saturating_sub(missing).min(candidates.len());
        for old in &candidates[room..] {
            self.wait_pod(old, blocker.as_ref(), Because::RolloutWaits);
        }
        candidates.truncate(room);
        plan.delete.append(&mut candidates);
    }

    /// Gives nodes with an old Pod a new one beside it, `most` at a time, and deletes old Pods
    /// beside which the new one is available.
    fn surge(&mut self, most: usize, plan: &mut Plan) {
        let (mut surging, mut candidates) = (0, Vec::new());
        for (node, pair) in self.pairs() {
            match pair {
                None => surging += 1,
                Some((_, None)) => {}
                Some((None, Some(old))) if !self.is_available(&old) => plan.create.push(node),
                Some((None, Some(old))) => candidates.push((node, old)),
                Some((Some(new), Some(old))) if self.is_available(&new) => plan.delete.push(old),
                Some((Some(_), Some(_))) => surging += 1,
            }
        }
        let room = most.saturating_sub(surging).min(candidates.len());
        for (_, old) in &candidates[room..] {
            self.wait_pod(old, None, Because::RolloutWaits);
        }
        plan.create.extend(candidates.into_iter().take(room).map(|(node, _)| node));
    }

    /// Each node with its Pods; `None` for one with too many, which is put in order first. In the
    /// order of the nodes; in a replay first those whose Pods went first, since there is none
    /// upstream.
    fn pairs(&mut self) -> Vec<(Str, Option<Pair>)> {
        let mut out = Vec::new();
        for (node, pods) in self.pods.iter() {
            let mut pair: Option<Pair> = Some((None, None));
            for pod in pods.iter().filter(|pod| !pod.is_terminating()) {
                if let Some((new, old)) = &mut pair {
                    let updated = is_updated(&self.set, pod, &self.hash);
                    let place = if updated { new } else { old };
                    match place {
                        None => *place = Some(pod.clone()),
                        Some(_) => pair = None,
                    }
                }
            }
            out.push((node.clone(), pair));
        }
        let ends = &self.cx.config.replay.ends;
        if !ends.is_empty() {
            let rank = |pair: &Option<Pair>| {
                let old = pair.as_ref().and_then(|(_, old)| old.as_ref());
                let name = old.map(|old| format!("{}/{}", old.meta.namespace, old.meta.name));
                let place = name.and_then(|name| ends.iter().position(|end| **end == *name));
                place.unwrap_or(ends.len())
            };
            sorted::sort_by_key(&mut out, |(_, pair)| rank(pair));
        }
        out
    }

    /// OnDelete: old Pods wait for somebody to delete them.
    fn await_deletion(&mut self) {
        for (_, pair) in self.pairs() {
            if let Some((_, Some(old))) = pair {
                self.wait_pod(&old, None, Because::OnDelete);
            }
        }
    }
}
