//! When probes pass and fail, computed instead of probed. A process is well from its start plus
//! `Timing::ready_delay` on, for ever or (an image called `hangs`) for `Timing::run_time`; the
//! tries fall on its start plus the probe's initial delay plus multiples of its period. So it is
//! known as soon as a container starts what its probes will find, and nothing has to tick.
//!
//! Not here: an event for each failed try (there is one when the last allowed try fails), the
//! random phase of the first try. An image called `neverready` passes every probe but readiness.
//!
//! Upstream: pkg/kubelet/prober/{prober_manager,worker}.go

use super::worker::{Fault, Work};
use crate::api::core::container::{Container, Probe};
use crate::base::time::{SimTime, Span};

/// What becomes of the container that starts at `start` and would end by itself at `end`.
pub(super) fn run(
    spec: &Container,
    start: SimTime,
    end: Option<(SimTime, i32)>,
    ready_delay: Span,
    run_time: Span,
) -> Work {
    let hangs = spec.image.contains("hangs").then(|| start + ready_delay + run_time);
    let (started, late) = match &spec.startup_probe {
        Some(probe) => {
            let passes = start + delay(probe) + ready_delay;
            let last = start + delay(probe) + failures(probe);
            (passes, (last < passes).then_some((last, Fault::Startup)))
        }
        None => (start, None),
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
    let lapses = spec.readiness_probe.as_ref().zip(hangs);
    let lapses = lapses.map(|(probe, hangs)| last_failure(probe, started, hangs));
    let dead = spec.liveness_probe.as_ref().and_then(|probe| {
        // Before it is well a process without a startup probe fails this one too.
        let slow = last_failure(probe, started, started);
        let well = if spec.startup_probe.is_some() { started } else { start + ready_delay };
        let at = if slow < well { slow } else { last_failure(probe, started, hangs?) };
        Some((at, Fault::Liveness))
    });
    Work::Run { end, started, ready, lapses, fails: late.or(dead) }
}

/// When the last allowed try fails of a probe that fails from `since` on.
fn last_failure(probe: &Probe, started: SimTime, since: SimTime) -> SimTime {
    since.next_tick(started + delay(probe), period(probe)) + failures(probe)
}

fn delay(probe: &Probe) -> Span {
    Span::seconds(u64::try_from(probe.initial_delay_seconds).unwrap_or(0))
}

fn period(probe: &Probe) -> Span {
    Span::seconds(u64::try_from(probe.period_seconds).ok().filter(|&p| p > 0).unwrap_or(10))
}

/// From the first pass to the one that counts.
fn repeats(probe: &Probe) -> Span {
    times(period(probe), probe.success_threshold, 1)
}

/// From the first failure to the one that counts.
fn failures(probe: &Probe) -> Span {
    times(period(probe), probe.failure_threshold, 3)
}

fn times(period: Span, threshold: i32, usual: u64) -> Span {
    let threshold = u64::try_from(threshold).ok().filter(|&n| n > 0).unwrap_or(usual);
    Span(period.0.saturating_mul(threshold - 1))
}
