//! Which Pods of a DaemonSet are to come and which are to go, node by node, whatever becomes of
//! its template.
//!
//! Upstream: podsShouldBeOnNode, manage and syncNodes in
//! pkg/controller/daemon/daemon_controller.go

use super::nodes::{self, is_updated, verdict};
use super::{Pause, Sync};
use crate::api::core::node::Node;
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Kind, Object};
use crate::apiserver::Answer;
use crate::base::Str;
use crate::base::sorted;
use crate::base::time::Span;
use crate::client::recorder::EventKind;
use crate::controller::pod_control;
use crate::trace::Because;
use std::rc::Rc;

/// How many Pods are created or deleted in one sync at most.
const BURST: usize = 250;

/// The first and the longest pause before a failed Pod is replaced.
const PAUSE: Span = Span::seconds(1);
const PAUSE_MAX: Span = Span::minutes(15);

/// What is to be done.
#[derive(Default)]
pub(super) struct Plan {
    /// Nodes that are to get a Pod.
    pub create: Vec<Str>,
    /// Pods that are to go.
    pub delete: Vec<Rc<Pod>>,
}

impl Sync<'_, '_> {
    /// What all nodes need.
    pub(super) fn plan(&mut self) -> Plan {
        let mut plan = Plan::default();
        for node in self.nodes.clone() {
            self.plan_node(&node, &mut plan);
        }
        // Nobody else deletes Pods that wait for a node that is gone.
        for (node, pods) in self.pods.iter() {
            if self.nodes.iter().all(|known| known.meta.name != *node) {
                plan.delete.extend(pods.iter().filter(|pod| !pod.is_assigned()).cloned());
            }
        }
        plan
    }

    fn plan_node(&mut self, node: &Node, plan: &mut Plan) {
        let verdict = verdict(&self.set, node);
        let name = &node.meta.name;
        let pods = self.pods.get(name).cloned().unwrap_or_default();
        if pods.is_empty() {
            if verdict.should_run {
                plan.create.push(name.clone());
            }
            return;
        }
        let staying = pods.into_iter().filter(|pod| !pod.is_terminating());
        if !verdict.may_stay {
            plan.delete.extend(staying);
            return;
        }
        let mut running = Vec::new();
        for pod in staying {
            match pod.status.phase {
                PodPhase::Failed => {
                    if self.may_replace(name, &pod) {
                        self.tell_of(EventKind::Warning, "failed", "kill", &pod, name);
                        plan.delete.push(pod);
                    }
                }
                PodPhase::Succeeded => {
                    self.tell_of(EventKind::Normal, "succeeded", "delete", &pod, name);
                    plan.delete.push(pod);
                }
                _ => running.push(pod),
            }
        }
        sort_by_age(&mut running);
        if self.max_surge().is_none() {
            plan.delete.extend(running.into_iter().skip(1));
        } else if running.len() <= 1 {
            if running.is_empty() && verdict.should_run {
                plan.create.push(name.clone());
            }
        } else {
            self.plan_surge(running, plan);
        }
    }

    /// Two Pods may share a node while the new one is not ready and the old one is.
    fn plan_surge(&self, running: Vec<Rc<Pod>>, plan: &mut Plan) {
        let (mut newest, mut oldest) = (None, None);
        for pod in running {
            let place = match is_updated(&self.set, &pod, &self.hash) {
                true => &mut newest,
                false => &mut oldest,
            };
            match place {
                None => *place = Some(pod),
                Some(_) => plan.delete.push(pod),
            }
        }
        if let (Some(new), Some(old)) = (newest, oldest)
            && (!old.is_ready() || self.is_available(&new))
        {
            plan.delete.push(old);
        }
    }

    /// Whether a failed Pod on `node` may be replaced now: not before a pause that doubles.
    fn may_replace(&mut self, node: &Str, pod: &Rc<Pod>) -> bool {
        let now = self.cx.now;
        let at = (self.set.meta.uid, node.clone());
        let generation = self.set.status.observed_generation;
        let known = self.pauses.get(&at).copied().filter(|pause| {
            pause.generation == generation && now.since(pause.since).0 <= PAUSE_MAX.0 * 2
        });
        let span = match known {
            Some(pause) if now.since(pause.since) < pause.span => {
                let until = pause.since + pause.span;
                self.wait(Some(pod), Because::FailureBackOff, Some(until));
                self.later(pause.span);
                return false;
            }
            Some(pause) => Span(pause.span.0 * 2).min(PAUSE_MAX),
            None => PAUSE,
        };
        self.pauses.insert_mut(at, Pause { span, since: now, generation });
        true
    }

    fn tell_of(&mut self, kind: EventKind, how: &str, verb: &str, pod: &Pod, node: &Str) {
        let (namespace, name) = (&pod.meta.namespace, &pod.meta.name);
        let text = format!(
            "Found {how} daemon pod {namespace}/{name} on node {node}, will try to {verb} it"
        );
        let reason = if how == "failed" { "FailedDaemonPod" } else { "SucceededDaemonPod" };
        self.event(kind, reason, &text);
    }

    /// Creates and deletes as planned: Pods are created in batches of 1, 2, 4, …, and after one
    /// in which something failed there is no next one.
    pub(super) fn carry_out(&mut self, plan: &Plan) -> Answer<()> {
        let owner = Object::DaemonSet(self.set.clone());
        let template = nodes::template(&self.set, &self.hash);
        let mut result = Ok(());
        let mut left = &plan.create[..plan.create.len().min(BURST)];
        let mut batch = 1;
        while !left.is_empty() && result.is_ok() {
            let (now, later) = left.split_at(batch.min(left.len()));
            // Of several the controller has seen the first by the time the last is there.
            let alone = now.len() == 1;
            for node in now {
                let mut pod =
                    pod_control::from_template(Kind::DaemonSet, &self.set.meta, &template);
                nodes::pin(&mut pod, node);
                match pod_control::create(self.cx, &owner, pod) {
                    Ok(made) if !(alone && later.is_empty()) => {
                        self.pods.get_or_default(node.clone()).push(made);
                    }
                    Ok(_) => {}
                    Err(status) => {
                        let message = status.message.as_str().into();
                        self.wait(None, Because::PodRefused { message }, None);
                        result = result.and(Err(status));
                    }
                }
            }
            left = later;
            batch *= 2;
        }
        for pod in plan.delete.iter().take(BURST) {
            match pod_control::delete(self.cx, &owner, pod) {
                Err(status) if !status.is_not_found() => result = result.and(Err(status)),
                _ => {}
            }
        }
        result
    }
}

/// Those with a node first, then the oldest.
pub(super) fn sort_by_age(pods: &mut Vec<Rc<Pod>>) {
    sorted::sort_by(pods, |a, b| {
        let order = |pod: &Pod| (!pod.is_assigned(), pod.meta.creation_timestamp);
        order(a).cmp(&order(b)).then_with(|| a.meta.name.cmp(&b.meta.name))
    });
}
