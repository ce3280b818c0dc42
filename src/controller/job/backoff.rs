//! How long a Job pauses after failures: 10 s after the first since a success, then twice as
//! long each time, at most 10 minutes.
//!
//! Upstream: pkg/controller/job/backoff_utils.go

use crate::api::core::pod::Pod;
use crate::api::meta::condition;
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

const PAUSE: Span = Span::seconds(10);
const PAUSE_MAX: Span = Span::minutes(10);

/// The failures of a Job since its last success.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Record {
    failures: u32,
    last: SimTime,
}

impl Record {
    /// What comes of it with Pods that have just ended.
    pub fn with(self, succeeded: &[Rc<Pod>], failed: &[Rc<Pod>]) -> Record {
        let last = |pods: &[Rc<Pod>]| pods.iter().map(|pod| finished(pod)).max();
        match (last(succeeded), last(failed)) {
            (None, None) => self,
            (None, Some(last)) => Record { failures: self.failures + failed.len() as u32, last },
            (Some(success), failure) => {
                let later = failed.iter().filter(|pod| finished(pod) > success).count();
                let last = failure.filter(|last| *last > success).unwrap_or_default();
                Record { failures: later as u32, last }
            }
        }
    }

    /// When the pause is over; `None` if there is none at `now`.
    pub fn until(self, now: SimTime) -> Option<SimTime> {
        until(self.failures, self.last).filter(|until| *until > now)
    }
}

/// When the pause after so many failures, the last one at `last`, is over.
pub(super) fn until(failures: u32, last: SimTime) -> Option<SimTime> {
    let doublings = failures.checked_sub(1)?.min(16);
    Some(last + Span(PAUSE.0 << doublings).min(PAUSE_MAX))
}

/// When `pod` ended, as far as it says.
pub(super) fn finished(pod: &Pod) -> SimTime {
    let ends = pod.status.container_statuses.iter();
    let ends: Option<Vec<SimTime>> =
        ends.map(|status| status.state.terminated.as_ref()?.finished_at).collect();
    let by_containers = ends.and_then(|ends| ends.into_iter().max());
    let unready = condition(&pod.status.conditions, "Ready").filter(|c| &*c.status == "False");
    let grace = pod.meta.deletion_grace_period_seconds.unwrap_or(0).max(0) as u64;
    by_containers
        .or_else(|| unready?.last_transition_time)
        .or_else(|| Some(SimTime(pod.meta.deletion_timestamp?.0.saturating_sub(grace * 1000))))
        .or(pod.meta.creation_timestamp)
        .unwrap_or_default()
}
