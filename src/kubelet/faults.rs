//! What is broken on purpose and concerns kubelets: images, applications, a kubelet that comes
//! round late. Whoever looks at a Pod finds the faults in the infrastructure; this file is what
//! happens at the instant one begins or ends, and the lateness.

use super::worker::{Work, Worker};
use super::{Kubelets, Wake};
use crate::api::kinds::{Kind, ObjectRef};
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::time::Span;
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::infra::fault::{Fault, FaultKind};
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

impl Kubelets {
    /// `fault` has just begun or ended.
    pub fn fault_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        fault: &Fault,
        on: bool,
        timers: &mut Timers<Wake>,
    ) {
        if fault.kind == FaultKind::DeviceStuck {
            if let Some(node) = self.nodes.get_mut(&fault.target).filter(|_| !on) {
                let freed = std::mem::take(&mut node.stuck);
                freed.iter().for_each(|volume| node.count_volume(volume, false));
                self.touch_node(cx, &fault.target, timers);
            }
            return;
        }
        let uids: Vec<Uid> = self.workers.keys().copied().collect();
        for uid in uids {
            let Some(worker) = self.workers.get(&uid) else { continue };
            let mut worker = Worker::clone(worker);
            *cx.visits += 1;
            worker.held = worker.held.filter(|_| fault.kind != FaultKind::SlowKubelet);
            for at in 0..worker.count() {
                heed(cx, &mut worker, at, fault, on);
            }
            self.workers.insert_mut(uid, Rc::new(worker));
            self.look(cx, uid, timers);
        }
    }

    /// The application of the Pod `uid` has begun or ceased to fail its readiness probe.
    pub fn ailed(&mut self, cx: &mut NodePlane<'_>, uid: Uid, timers: &mut Timers<Wake>) {
        if self.workers.contains_key(&uid) {
            self.look(cx, uid, timers);
        }
    }

    /// The machine `name` is gone for good.
    pub fn leave(&mut self, name: &Str) {
        self.nodes.remove_mut(name);
        let kept = self.images.iter().filter(|(node, _)| node != name).cloned().collect();
        self.images = kept;
    }

    /// Whether a slow kubelet has not come round to the Pod; it then comes back later.
    pub(super) fn is_held(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        timers: &mut Timers<Wake>,
    ) -> bool {
        let Some(until) = worker.held else { return false };
        if until <= cx.now {
            worker.held = None;
            return false;
        }
        let uid = worker.uid();
        if worker.next != Some(until) {
            let worker = Worker { next: Some(until), ..worker.clone() };
            self.workers.insert_mut(uid, Rc::new(worker));
            timers.at(until, Wake::Pod(uid));
        }
        if !worker.orphan {
            let wait = Wait {
                subject: ObjectRef::new(Kind::Pod, worker.key()),
                on: None,
                because: Because::KubeletLate { node: worker.node().clone() },
                since: cx.now,
                until: Some(until),
            };
            cx.say(Source::Kubelet, (Kind::Pod, &worker.key()), vec![wait]);
        }
        true
    }
}

/// The kubelet has heard something of the Pod; if it is slow, it comes round to it later.
pub(super) fn hold(cx: &NodePlane<'_>, worker: &mut Worker) {
    let late = cx.infra.faults.delay(FaultKind::SlowKubelet, worker.node());
    if late > Span::ZERO && worker.held.is_none() {
        worker.held = Some(cx.now + late);
    }
}

/// What a fault that begins or ends does to a container at once.
fn heed(cx: &NodePlane<'_>, worker: &mut Worker, at: usize, fault: &Fault, on: bool) {
    let now = cx.now;
    let image = worker.spec(at).is_some_and(|spec| spec.image == fault.target);
    let of_pod = cx.infra.faults.of_pod(fault.kind, &worker.pod.meta) == Some(fault);
    let main = at >= worker.inits.len();
    let Some(container) = worker.container_mut(at) else { return };
    match (&mut container.work, fault.kind) {
        (Work::Run { end, fails, .. }, FaultKind::CrashLoop) if on && of_pod && main => {
            (*end, *fails) = (Some((now, 1)), None);
        }
        (Work::Pull { until, since }, FaultKind::ImageSlow) if image => {
            let pull = *since + cx.config.timing.image_pull;
            *until = now.max(if on { pull + fault.span } else { pull });
        }
        _ => {}
    }
}
