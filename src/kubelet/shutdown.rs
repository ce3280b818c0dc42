//! The orderly shutdown of a machine: its kubelet holds the power while it ends the Pods, those
//! of ordinary priority first, critical ones after them, and lets no other Pod in.
//!
//! A kubelet waits for a group's containers and mounts, but no longer than the group's time, and
//! then lets the machine go at once. Its Node's volumesInUse are written at its regular pace and
//! no sooner, so that the volumes may well be held as those of a crashed machine are.
//!
//! Not here: shutdownGracePeriodByPodPriority, the time an operating system takes to end the
//! rest, the 0.3 s between two looks at mounts.
//!
//! Upstream: pkg/kubelet/nodeshutdown/{nodeshutdown_manager,nodeshutdown_manager_linux}.go,
//! pkg/kubelet/kubelet.go (rejectPod)

use super::status::qos_class;
use super::worker::{Stage, Worker};
use super::{Kubelets, Wake};
use crate::api::core::pod::{CRITICAL, Pod, PodPhase, PodStatus};
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use std::rc::Rc;

/// What is said of a Pod that was ended.
pub(super) const ENDED: &str = "Pod was terminated in response to imminent node shutdown.";

/// How far a shutdown has come.
#[derive(Clone, Debug)]
pub(super) struct Shutdown {
    /// The Pods there were when it began, and whether they are critical.
    pods: Rc<Vec<(bool, Uid)>>,
    /// Whether the critical ones are being ended.
    critical: bool,
    /// How long the kubelet waits for this group at most.
    until: SimTime,
    /// Whether it has been called off.
    cancelled: bool,
}

impl Kubelets {
    /// The machine `name` is to be shut down in order. Without a kubelet that holds it up, its
    /// power goes at once.
    pub fn shut_down(&mut self, cx: &mut NodePlane<'_>, name: &Str, timers: &mut Timers<Wake>) {
        let workers = self.pods_of(name).into_iter().filter_map(|uid| self.workers.get(&uid));
        let active = workers.filter(|worker| !worker.is_over());
        let group = |worker: &Rc<Worker>| {
            (worker.pod.spec.priority.is_some_and(|it| it >= CRITICAL), worker.uid())
        };
        let pods = Rc::new(active.map(group).collect());
        let held = cx.config.flags.shutdown_grace_period > Span::ZERO;
        let Some(node) = self.nodes.get_mut(name).filter(|node| node.up && held) else {
            return self.switch_off(cx, name);
        };
        let begun = node.shutdown.take();
        let fresh = Shutdown { pods, critical: false, until: cx.now, cancelled: false };
        let again = begun.clone().map(|begun| Shutdown { cancelled: false, ..begun });
        node.shutdown = Some(again.unwrap_or(fresh));
        if begun.is_some() {
            return;
        }
        if cx.infra.is_reachable(name) {
            let text = "Shutdown manager detected shutdown event";
            self.node_event(cx, name, EventKind::Normal, "Shutdown", text);
            self.write_node_status(cx, name);
        }
        self.end_group(cx, name, false, timers);
    }

    /// The shutdown of `name` is called off: its kubelet finishes with the Pods first.
    pub fn call_off(&mut self, name: &Str) {
        if let Some(shutdown) = self.nodes.get_mut(name).and_then(|node| node.shutdown.as_mut()) {
            shutdown.cancelled = true;
        }
    }

    /// The Pods of one group are told to stop.
    fn end_group(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        critical: bool,
        timers: &mut Timers<Wake>,
    ) {
        let (whole, last) = (
            cx.config.flags.shutdown_grace_period,
            cx.config.flags.shutdown_grace_period_critical_pods,
        );
        let span = if critical { last } else { Span(whole.0.saturating_sub(last.0)) };
        let Some(shutdown) = self.nodes.get_mut(name).and_then(|node| node.shutdown.as_mut())
        else {
            return;
        };
        let all = shutdown.pods.clone();
        let of = |group: bool| all.iter().filter(move |it| it.0 == group).map(|it| it.1);
        let pods: Vec<Uid> = of(critical).collect();
        let empty = !pods.iter().any(|uid| self.workers.contains_key(uid));
        shutdown.critical = critical;
        shutdown.until = if empty { cx.now } else { cx.now + span };
        if empty {
            return self.go_on_down(cx, name, timers);
        }
        timers.at(shutdown.until, Wake::Shutdown(name.clone()));
        for uid in of(true).filter(|_| !critical) {
            if let Some(worker) = self.workers.get(&uid).cloned() {
                self.say(cx, &worker);
            }
        }
        for uid in pods {
            let Some(worker) = self.workers.get(&uid) else { continue };
            let mut worker = Worker::clone(worker);
            worker.shutdown = Some(span);
            worker.held = None;
            if worker.stage == Stage::Stopping {
                self.shorten_stop(cx, &mut worker);
            }
            self.workers.insert_mut(uid, Rc::new(worker));
            self.look(cx, uid, timers);
        }
    }

    /// Goes on with the shutdown of `name` if the group is through or has had its time.
    pub(super) fn go_on_down(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        timers: &mut Timers<Wake>,
    ) {
        let Some(shutdown) = self.nodes.get(name).and_then(|node| node.shutdown.clone()) else {
            return;
        };
        let group = shutdown.pods.iter().filter(|(group, _)| *group == shutdown.critical);
        let mut workers = group.filter_map(|(_, uid)| self.workers.get(uid));
        if cx.now < shutdown.until && workers.any(|worker| worker.stage != Stage::Done) {
            return;
        }
        if !shutdown.critical {
            return self.end_group(cx, name, true, timers);
        }
        if !shutdown.cancelled {
            return self.switch_off(cx, name);
        }
        if let Some(node) = self.nodes.get_mut(name) {
            node.shutdown = None;
        }
        if cx.infra.is_reachable(name) {
            let text = "Shutdown manager detected shutdown cancellation";
            self.node_event(cx, name, EventKind::Normal, "Shutdown", text);
            self.touch_node(cx, name, timers);
        }
    }

    fn switch_off(&mut self, cx: &mut NodePlane<'_>, name: &Str) {
        cx.infra.switch_off(name, cx.now);
        self.lose_power(cx, name);
    }

    /// Until when at most a Pod that is not yet being ended has to wait for that.
    pub(super) fn turn(&self, worker: &Worker) -> Option<SimTime> {
        let shutdown = self.nodes.get(worker.node())?.shutdown.as_ref()?;
        let waits = worker.shutdown.is_none() && shutdown.pods.contains(&(true, worker.uid()));
        waits.then_some(shutdown.until)
    }

    /// Whether the kubelet of `name` lets no Pod in any more.
    pub(super) fn is_shutting(&self, name: &Str) -> bool {
        self.nodes.get(name).is_some_and(|node| node.shutdown.is_some())
    }

    /// The Pod comes to a machine that is being shut down: it is refused, and fails.
    pub(super) fn reject(&self, cx: &mut NodePlane<'_>, worker: &mut Worker) {
        let text = "Pod was rejected as the node is shutting down.";
        self.pod_event(cx, worker, EventKind::Warning, "NodeShutdown", text);
        worker.rejected = true;
        worker.stage = Stage::Done;
        let (pod, start) = (worker.pod.clone(), cx.now.whole_second());
        let _ = cx.client().patch_status::<Pod>(&worker.key(), |new| {
            new.status = PodStatus {
                observed_generation: pod.meta.generation,
                phase: PodPhase::Failed,
                reason: "NodeShutdown".into(),
                message: format!("Pod was rejected: {text}").into(),
                start_time: new.status.start_time.or(Some(start)),
                qos_class: qos_class(&pod).into(),
                ..PodStatus::default()
            };
        });
    }
}
