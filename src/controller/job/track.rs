//! Counts the Pods that have ended, each exactly once: its uid is written into the status, its
//! finalizer is taken off, then it is counted and the uid goes. And says that the Job is over.
//!
//! Upstream: trackJobStatusAndRemoveFinalizers in pkg/controller/job/job_controller.go

use super::indexes::index_of;
use super::{FINALIZER, Sync, is_failed, is_tracked, policy};
use crate::api::batch::{Job, JobStatus, UncountedTerminatedPods};
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Object};
use crate::api::meta::{Condition, Uid};
use crate::apiserver::Answer;
use crate::base::time::SimTime;
use crate::base::{Str, sorted};
use crate::client::recorder::EventKind;
use serde_json::json;
use std::rc::Rc;

/// So many uids are kept in a status at most.
const UNCOUNTED_MAX: usize = 500;

/// How a Job is to end, or has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    /// `SuccessCriteriaMet` and `FailureTarget` on the way, then `Complete` or `Failed`.
    pub kind: &'static str,
    /// Why, in a word.
    pub reason: Str,
    /// Why, in a sentence.
    pub message: Str,
}

impl Verdict {
    /// A verdict.
    pub fn new(kind: &'static str, reason: &str, message: &str) -> Verdict {
        Verdict { kind, reason: reason.into(), message: message.into() }
    }

    fn condition(&self, now: SimTime) -> Condition {
        condition(self.kind, "True", &self.reason, &self.message, now)
    }
}

/// A condition of a Job.
pub(super) fn condition(
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: SimTime,
) -> Condition {
    let mut condition = Condition {
        kind: kind.into(),
        status: status.into(),
        last_transition_time: Some(now.whole_second()),
        reason: reason.into(),
        message: message.into(),
        ..Condition::default()
    };
    condition.rest.set("lastProbeTime", json!(now.whole_second().rfc3339()));
    condition
}

impl Sync<'_, '_> {
    /// Counts what has ended and writes the status; `news` says that it differs already.
    pub(super) fn track(&mut self, mut news: bool) -> Answer<()> {
        if let Some(end) = self.index_end() {
            sorted::sort_by_key(&mut self.pods, |pod| index_of(pod, end));
        }
        let mut tracked: Vec<Uid> =
            self.pods.iter().filter(|pod| is_tracked(pod)).map(|pod| pod.meta.uid).collect();
        news |= count_untracked(&mut self.job.status, &tracked);
        let (leaving, more, full) = self.gather();
        news |= more;
        news |= self.note_indexes();
        if let Some(verdict) = &mut self.verdict {
            let last = match verdict.kind {
                "FailureTarget" => Some("Failed"),
                "SuccessCriteriaMet" => Some("Complete"),
                _ => None,
            };
            if let Some(last) = last {
                if !self.job.is(verdict.kind) {
                    self.job.status.conditions.push(verdict.condition(self.cx.now));
                    news = true;
                }
                verdict.kind = last;
            }
        }
        if news {
            self.flush()?;
            self.kept.insert_mut(Key::of(&self.job.meta), self.record);
        }
        let mut failure = None;
        for pod in &leaving {
            match self.untrack(pod) {
                Ok(()) => tracked.retain(|uid| *uid != pod.meta.uid),
                Err(status) => failure = failure.or(Some(status)),
            }
        }
        let mut news = count_untracked(&mut self.job.status, &tracked);
        if let Some(status) = failure {
            if news {
                self.flush()?;
            }
            return Err(status);
        }
        let over = !full && self.finish();
        news |= over;
        if news {
            self.flush()?;
        }
        if over {
            self.tell_end();
        }
        Ok(())
    }

    /// Pods whose finalizer may go, whether there is news of them, and whether there are more
    /// than one status takes.
    fn gather(&mut self) -> (Vec<Rc<Pod>>, bool, bool) {
        let (mut leaving, mut news, mut full, mut fresh) = (Vec::new(), false, false, 0);
        let job = self.job.clone();
        let uncounted = job.status.uncounted_terminated_pods.clone().unwrap_or_default();
        let mut new = uncounted.clone();
        let fails = self
            .verdict
            .as_ref()
            .is_some_and(|verdict| matches!(verdict.kind, "FailureTarget" | "Failed"));
        for pod in self.pods.iter().filter(|pod| is_tracked(pod)) {
            let (uid, failed) = (pod.meta.uid, is_failed(&job, pod));
            let succeeded = pod.status.phase == PodPhase::Succeeded;
            let all = job.meta.is_terminating() || self.verdict.is_some();
            let remembered = || {
                let index = self.index_end().and_then(|end| index_of(pod, end));
                let kept = index.filter(|_| self.has_limit_per_index());
                kept.and_then(|index| self.failed_at(index)).is_some_and(|p| p.meta.uid == uid)
            };
            if !all && !succeeded && (!failed || remembered()) {
                continue;
            }
            leaving.push(pod.clone());
            let index = self.index_end().map(|end| index_of(pod, end));
            if succeeded && !uncounted.failed.contains(&uid) {
                match index {
                    Some(Some(index)) if !self.before_indexes.has(index) => {
                        (fresh, news) = (fresh + 1, true);
                    }
                    Some(_) => {}
                    None if uncounted.succeeded.contains(&uid) => {}
                    None => {
                        new.succeeded.push(uid);
                        news = true;
                    }
                }
            } else if (failed || fails)
                && !uncounted.failed.contains(&uid)
                && index != Some(None)
                && policy::counts(&job, pod)
            {
                new.failed.push(uid);
                news = true;
            }
            if fresh + new.succeeded.len() + new.failed.len() >= UNCOUNTED_MAX {
                full = true;
                break;
            }
        }
        self.job.status.uncounted_terminated_pods = Some(new);
        (leaving, news, full)
    }

    /// Writes down which indexes are done and which have failed; says whether that is news.
    fn note_indexes(&mut self) -> bool {
        if self.index_end().is_none() {
            return false;
        }
        let status = &mut self.job.status;
        status.succeeded = self.succeeded_indexes.total();
        let done: Str = self.succeeded_indexes.to_string().into();
        let failed: Option<Str> = self.failed_indexes.as_ref().map(|all| all.to_string().into());
        let news = (&status.completed_indexes, &status.failed_indexes) != (&done, &failed);
        (status.completed_indexes, status.failed_indexes) = (done, failed);
        news
    }

    /// Takes the finalizer off a Pod.
    pub(super) fn untrack(&mut self, pod: &Pod) -> Answer<()> {
        super::untrack(self.cx, &Key::of(&pod.meta), pod.meta.uid)
    }

    fn flush(&mut self) -> Answer<()> {
        let written = self.cx.client().update_status::<Job>(self.job.clone())?;
        self.job = (*written).clone();
        Ok(())
    }

    /// Says that the Job is over, once all Pods are counted and gone.
    fn finish(&mut self) -> bool {
        let Some(verdict) = self.verdict.clone() else { return false };
        let status = &mut self.job.status;
        let uncounted = status.uncounted_terminated_pods.as_ref();
        let left = uncounted.map_or(0, |all| all.succeeded.len() + all.failed.len());
        if left > 0 || self.terminating > 0 {
            return false;
        }
        let now = self.cx.now;
        status.conditions.retain(|condition| &*condition.kind != verdict.kind);
        status.conditions.push(verdict.condition(now));
        if verdict.kind == "Complete" {
            status.completion_time = Some(now.whole_second());
        }
        true
    }

    fn tell_end(&mut self) {
        let Some(verdict) = self.verdict.clone() else { return };
        let job = Object::Job(Rc::new(self.job.clone()));
        if verdict.kind == "Complete" {
            if self.job.spec.completions.is_some_and(|wanted| self.job.status.succeeded > wanted) {
                let text = "Too many succeeded pods running after completion count reached";
                self.cx.event(&job, EventKind::Warning, "TooManySucceededPods", text);
            }
            self.cx.event(&job, EventKind::Normal, "Completed", "Job completed");
        } else {
            self.cx.event(&job, EventKind::Warning, &verdict.reason, &verdict.message);
        }
    }
}

/// Counts those of the uids whose Pods have no finalizer any more; says whether there were any.
fn count_untracked(status: &mut JobStatus, tracked: &[Uid]) -> bool {
    let Some(UncountedTerminatedPods { succeeded, failed, .. }) =
        &mut status.uncounted_terminated_pods
    else {
        return false;
    };
    let mut news = false;
    for (list, count) in [(succeeded, &mut status.succeeded), (failed, &mut status.failed)] {
        let before = list.len();
        list.retain(|uid| tracked.contains(uid));
        *count += (before - list.len()) as i32;
        news |= list.len() < before;
    }
    news
}

/// The finalizers of `pod` without the one that keeps it until it is counted.
pub(super) fn without_tracking(pod: &mut Pod) {
    pod.meta.finalizers.retain(|finalizer| &**finalizer != FINALIZER);
}
