//! When probes pass, computed instead of probed: a process is well from its start plus
//! `Timing::ready_delay` on, so the first pass is known as soon as a container starts.
//!
//! Not here: probes that begin to fail later (a liveness probe never kills), the events of
//! failed tries, the random phase of the first try. An image called `neverready` passes every
//! probe but readiness.
//!
//! Upstream: pkg/kubelet/prober/{prober_manager,worker}.go

use crate::api::core::container::{Container, Probe};
use crate::base::time::{SimTime, Span};

/// When the container that started at `start` passes its startup and its readiness probe;
/// `None` for never.
pub(super) fn moments(
    spec: &Container,
    start: SimTime,
    ready_delay: Span,
) -> (SimTime, Option<SimTime>) {
    let started = match &spec.startup_probe {
        Some(probe) => start + delay(probe) + ready_delay,
        None => start,
    };
    let ready = match &spec.readiness_probe {
        _ if spec.image.contains("neverready") => None,
        None => Some(started),
        // What has passed its startup probe is well.
        Some(probe) if spec.startup_probe.is_some() => {
            Some(started.max(start + delay(probe)) + repeats(probe))
        }
        Some(probe) => Some(start + delay(probe) + ready_delay + repeats(probe)),
    };
    (started, ready)
}

fn delay(probe: &Probe) -> Span {
    Span::seconds(u64::try_from(probe.initial_delay_seconds).unwrap_or(0))
}

/// From the first pass to the one that counts.
fn repeats(probe: &Probe) -> Span {
    let period = u64::try_from(probe.period_seconds).ok().filter(|&p| p > 0).unwrap_or(10);
    let more = u64::try_from(probe.success_threshold).unwrap_or(1).saturating_sub(1);
    Span::seconds(period.saturating_mul(more))
}
