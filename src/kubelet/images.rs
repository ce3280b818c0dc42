//! Images: what a node has, and how the others get there.
//!
//! Not here: pulls one after the other, pull policy Never, pull secrets, image collection.
//!
//! Upstream: pkg/kubelet/images/{image_manager,puller}.go

use super::Kubelets;
use super::container::{PAUSE_MAX, PAUSE_MIN, RELIST, wait_for};
use super::status::image_bytes;
use super::worker::{Work, Worker};
use crate::base::time::{SimTime, Span};
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::infra::fault::FaultKind;

/// Why an image cannot be had.
const NOT_FOUND: &str = "failed to pull and unpack image: not found";

impl Kubelets {
    /// The container's turn has come: first its image.
    pub(super) fn begin(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker, at: usize) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        self.texts.learn_image(&spec.image);
        let (now, pull) = (cx.now, cx.config.timing.image_pull);
        let stored = (worker.node().clone(), spec.image.clone());
        let faults = &cx.infra.faults;
        let absent = spec.image.contains("does-not-exist");
        let fails = absent || faults.get(FaultKind::ImageFails, &spec.image).is_some();
        let slower = faults.delay(FaultKind::ImageSlow, &spec.image);
        let present = !absent && (pull == Span::ZERO || self.images.contains(&stored));
        let always = &*spec.image_pull_policy == "Always";
        if present && (!always || pull == Span::ZERO) {
            let text = format!(
                "Container image {:?} already present on machine and can be accessed by the pod",
                spec.image
            );
            self.container_event(cx, worker, &spec.name, EventKind::Normal, "Pulled", &text);
            self.start(cx, worker, at);
            return;
        }
        let text = format!("Pulling image {:?}", spec.image);
        self.container_event(cx, worker, &spec.name, EventKind::Normal, "Pulling", &text);
        if fails {
            self.pull_failed(cx, worker, at);
            return;
        }
        // Nothing but the list of layers is fetched of an image that is there.
        let takes = if present { Span(pull.0 / 6) } else { pull } + slower;
        if let Some(container) = worker.container_mut(at) {
            container.work = Work::Pull { until: now + takes, since: now };
        }
    }

    pub(super) fn pulled(
        &mut self,
        cx: &mut NodePlane<'_>,
        worker: &mut Worker,
        at: usize,
        since: SimTime,
    ) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        self.images.insert_mut((worker.node().clone(), spec.image.clone()));
        let took = cx.now.since(since).go();
        let text = format!(
            "Successfully pulled image {:?} in {took} ({took} including waiting). Image size: {} \
             bytes.",
            spec.image,
            image_bytes(&spec.image)
        );
        self.container_event(cx, worker, &spec.name, EventKind::Normal, "Pulled", &text);
        if let Some(container) = worker.container_mut(at) {
            container.failed_pulls = 0;
        }
        self.start(cx, worker, at);
    }

    fn pull_failed(&mut self, cx: &mut NodePlane<'_>, worker: &mut Worker, at: usize) {
        let Some(spec) = worker.spec(at).cloned() else {
            return;
        };
        let text = format!("Failed to pull image {:?}: {NOT_FOUND}", spec.image);
        self.container_event(cx, worker, &spec.name, EventKind::Warning, "Failed", &text);
        let text = "Error: ErrImagePull";
        self.container_event(cx, worker, &spec.name, EventKind::Warning, "Failed", text);
        let now = cx.now;
        if let Some(container) = worker.container_mut(at) {
            let doubled = PAUSE_MIN.0 << container.failed_pulls.min(10);
            container.failed_pulls += 1;
            let until = now + Span(doubled.min(PAUSE_MAX.0));
            container.work = Work::Hold { notice: Some(now + RELIST), until, image: true };
            wait_for(container, "ErrImagePull", NOT_FOUND.into());
        }
    }
}
