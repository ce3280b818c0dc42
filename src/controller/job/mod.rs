//! Keeps Jobs: Pods until enough of them have ended well, or too many have failed.
//!
//! A Job is looked at at once when what is wanted changes, and a second after anything else has
//! changed, so that the news of many Pods comes together.
//!
//! Reading order: this file (which Job a change concerns, how a Job is to end), `manage` (which
//! Pods come and go), `track` (who has been counted), `policy` (what failures and successes mean),
//! `indexes`, `backoff`.
//!
//! Not here: adopting Pods, which need the finalizer first.
//!
//! Upstream: pkg/controller/job/job_controller.go

mod backoff;
mod indexes;
mod manage;
mod policy;
mod track;

use crate::api::batch::{Job, UncountedTerminatedPods};
use crate::api::core::container::RestartPolicy;
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::{Uid, condition};
use crate::apiserver::Answer;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use crate::client::recorder::EventKind;
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::{Because, Source, Wait};
use backoff::Record;
use indexes::{Indexes, failure_count, index_of};
use std::rc::Rc;
use track::Verdict;

/// Keeps a Pod until the Job has counted it.
const FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// Between news and a look at the Job.
const BATCH: Span = Span::seconds(1);

/// Before the name of a Pod whose finalizer nobody needs any more; no Job is called so.
const ORPHAN: &str = "pod/";

/// Keeps Jobs.
#[derive(Clone, Debug, Default)]
pub struct JobController {
    /// The revision after the controller's own last writes, by Job: until its cache has them, it
    /// does nothing.
    acted: Map<Key, u64>,
    /// Failures since the last success.
    records: Map<Key, Record>,
}

/// One look at one Job.
struct Sync<'s, 'c> {
    cx: &'s mut ControlPlane<'c>,
    /// As the cache has it.
    old: Rc<Job>,
    /// As it becomes.
    job: Job,
    pods: Vec<Rc<Pod>>,
    active: Vec<Rc<Pod>>,
    ready: i32,
    terminating: i32,
    /// How many have ended well, counted or not.
    succeeded: i32,
    record: Record,
    kept: &'s mut Map<Key, Record>,
    /// Done before, and now; and failed for good, if that is counted by index.
    before_indexes: Indexes,
    succeeded_indexes: Indexes,
    failed_indexes: Option<Indexes>,
    /// How it is to end.
    verdict: Option<Verdict>,
    created: i32,
    deleted: i32,
    waits: Vec<Wait>,
    next: Option<Span>,
}

impl Controller for JobController {
    const COMPONENT: &'static str = "job-controller";

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        match change.kind {
            Kind::Job => observe_job(change, cache, keys),
            Kind::Pod => observe_pod(change, cache, keys),
            _ => {}
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        if let Some(pod) = key.name.strip_prefix(ORPHAN) {
            return let_go(cx, &Key::new(key.namespace.clone(), pod));
        }
        let about = (Kind::Job, key);
        let job = cx.cache.get::<Job>(key).cloned();
        let Some(job) = job.filter(|job| !job.is_finished() && is_ours(job)) else {
            self.acted.remove_mut(key);
            self.records.remove_mut(key);
            let waits = cx.cache.get::<Job>(key).and_then(|job| leaves(cx, job));
            cx.say(Source::Job, about, waits.into_iter().collect());
            return Ok(Requeue::AwaitChange);
        };
        if self.acted.get(key).is_some_and(|&acted| acted > cx.cache.revision()) {
            return Ok(Requeue::Backoff);
        }
        let before = cx.server.writes();
        let mut sync = Sync::new(cx, &job, &mut self.records);
        let done = sync.run();
        let (waits, next) = (sync.waits, sync.next);
        cx.say(Source::Job, about, waits);
        if cx.server.writes() != before {
            self.acted.insert_mut(key.clone(), cx.server.store.revision());
        }
        done.map(|()| next.map_or(Requeue::AwaitChange, Requeue::After))
    }
}

/// A Job that names somebody else is theirs.
fn is_ours(job: &Job) -> bool {
    matches!(&*job.spec.managed_by, "" | "kubernetes.io/job-controller")
}

/// A Job that is over waits for its deletion, if it says when.
fn leaves(cx: &ControlPlane<'_>, job: &Rc<Job>) -> Option<Wait> {
    let until = expiry(job)?;
    let wait = cx.wait(&Object::Job(job.clone()), Because::TimeToLive);
    Some(Wait { until: Some(until), ..wait })
}

/// When a Job that is over is to be deleted, if it says that.
pub(super) fn expiry(job: &Job) -> Option<SimTime> {
    let seconds = job.spec.ttl_seconds_after_finished?.max(0) as u64;
    let over = |kind: &str| condition(&job.status.conditions, kind).filter(|_| job.is(kind));
    let end = over("Complete").or_else(|| over("Failed"))?.last_transition_time?;
    Some(end + Span::seconds(seconds))
}

fn observe_job(change: &Change, cache: &Store, keys: &mut Keys) {
    let (old, new) = (change.old::<Job>(), change.new::<Job>());
    if new.is_none_or(|new| new.is_finished()) {
        for pod in old.into_iter().chain(new).flat_map(|job| cache.pods_of(job.meta.uid)) {
            orphan(pod, keys);
        }
    }
    match (old, new) {
        (Some(old), Some(new)) if old.meta.generation == new.meta.generation => {
            keys.add_after(BATCH, change.key.clone());
        }
        _ => keys.add(change.key.clone()),
    }
}

/// The finalizer of `pod`, if it has it, is to go.
fn orphan(pod: &Pod, keys: &mut Keys) {
    if is_tracked(pod) {
        let name = format!("{ORPHAN}{}", pod.meta.name);
        keys.add(Key::new(pod.meta.namespace.clone(), name));
    }
}

/// The Job that manages the Pod, if it still is that one.
fn owner_of<'s>(cache: &'s Store, pod: &Pod) -> Option<&'s Rc<Job>> {
    let owner = pod.meta.controller_of().filter(|owner| &*owner.kind == "Job")?;
    let key = Key::new(pod.meta.namespace.clone(), owner.name.clone());
    cache.get::<Job>(&key).filter(|job| job.meta.uid == owner.uid)
}

fn observe_pod(change: &Change, cache: &Store, keys: &mut Keys) {
    for pod in change.old::<Pod>().into_iter().chain(change.new::<Pod>()) {
        if let Some(job) = owner_of(cache, pod) {
            keys.add_after(BATCH, Key::of(&job.meta));
        }
    }
    if let Some(pod) = change.new::<Pod>() {
        let job = owner_of(cache, pod);
        if pod.meta.controller_of().is_none() || job.is_none_or(|job| job.is_finished()) {
            orphan(pod, keys);
        }
    }
}

/// Takes the finalizer off a Pod that no Job will count.
fn let_go(cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
    let Some(pod) = cx.cache.get::<Pod>(key).cloned() else { return Ok(Requeue::AwaitChange) };
    let foreign = pod.meta.controller_of().is_some_and(|owner| &*owner.kind != "Job");
    let counted = owner_of(&cx.cache, &pod).is_some_and(|job| !job.is_finished() || !is_ours(job));
    if !foreign && !counted {
        untrack(cx, key, pod.meta.uid)?;
    }
    Ok(Requeue::AwaitChange)
}

/// Takes the finalizer off the Pod at `key`, if it still is that one.
fn untrack(cx: &mut ControlPlane<'_>, key: &Key, uid: Uid) -> Answer<()> {
    let newest = cx.server.store.get::<Pod>(key);
    if newest.is_none_or(|pod| pod.meta.uid != uid || !is_tracked(pod)) {
        return Ok(());
    }
    cx.client().patch::<Pod>(key, track::without_tracking).map(drop)
}

fn is_tracked(pod: &Pod) -> bool {
    pod.meta.finalizers.iter().any(|finalizer| &**finalizer == FINALIZER)
}

/// Whether the Pod is being deleted and has not ended.
fn is_leaving(pod: &Pod) -> bool {
    pod.is_terminating() && !pod.is_terminal()
}

/// Whether the Pod counts as failed: it may never get to say so once it is being deleted.
fn is_failed(job: &Job, pod: &Pod) -> bool {
    let strict = &*job.spec.pod_replacement_policy == "Failed";
    pod.status.phase == PodPhase::Failed
        || !strict && pod.is_terminating() && pod.status.phase != PodPhase::Succeeded
}

impl<'s, 'c> Sync<'s, 'c> {
    fn new(
        cx: &'s mut ControlPlane<'c>,
        old: &Rc<Job>,
        kept: &'s mut Map<Key, Record>,
    ) -> Sync<'s, 'c> {
        let cache = cx.cache.clone();
        let is_owner = |pod: &&Rc<Pod>| {
            pod.meta.controller_of().is_some_and(|owner| owner.uid == old.meta.uid)
        };
        let pods: Vec<Rc<Pod>> = cache.pods_of(old.meta.uid).filter(is_owner).cloned().collect();
        *cx.visits += pods.len() as u64;
        let is_active = |pod: &&Rc<Pod>| !pod.is_terminal() && !pod.is_terminating();
        let active: Vec<Rc<Pod>> = pods.iter().filter(is_active).cloned().collect();
        let mut job = (**old).clone();
        job.status.uncounted_terminated_pods.get_or_insert_default();
        Sync {
            ready: active.iter().filter(|pod| pod.is_ready()).count() as i32,
            terminating: pods.iter().filter(|pod| is_leaving(pod)).count() as i32,
            record: kept.get(&Key::of(&old.meta)).copied().unwrap_or_default(),
            old: old.clone(),
            cx,
            job,
            pods,
            active,
            succeeded: 0,
            kept,
            before_indexes: Indexes::default(),
            succeeded_indexes: Indexes::default(),
            failed_indexes: None,
            verdict: None,
            created: 0,
            deleted: 0,
            waits: Vec::new(),
            next: None,
        }
    }
}

impl Sync<'_, '_> {
    fn run(&mut self) -> Answer<()> {
        let now = self.cx.now;
        if self.job.status.start_time.is_none() && !self.job.is_suspended() {
            self.job.status.start_time = Some(now.whole_second());
        }
        let failed = self.count();
        self.read_indexes();
        self.judge(failed);
        let mut managed = Ok(());
        let mut suspended = false;
        if self.verdict.is_some() {
            let active = self.active.clone();
            managed = self.delete(&active, false);
            if managed.is_err() {
                self.verdict = None;
            }
        } else {
            let looked_after = !self.job.meta.is_terminating();
            if looked_after {
                managed = self.manage();
            }
            let wanted = self.job.spec.completions.unwrap_or(1);
            if self.succeeded >= wanted && self.count_active() == 0 {
                let text = "Reached expected number of succeeded pods";
                self.verdict = Some(Verdict::new("SuccessCriteriaMet", "CompletionsReached", text));
            } else if looked_after {
                suspended = self.note_suspension();
            }
        }
        self.terminating += self.deleted;
        let active = self.count_active();
        let status = &mut self.job.status;
        let counts = (active, Some(self.ready), Some(self.terminating));
        let news = suspended || (status.active, status.ready, status.terminating) != counts;
        (status.active, status.ready, status.terminating) = counts;
        self.await_pods();
        self.track(news)?;
        managed
    }

    /// Counts what has ended, counted before or not; gives how many have failed.
    fn count(&mut self) -> i32 {
        let uncounted = self.job.status.uncounted_terminated_pods.clone().unwrap_or_default();
        let UncountedTerminatedPods { succeeded, failed, .. } = uncounted;
        let end = self.index_end();
        let valid = |pod: &&Rc<Pod>, uncounted: &[Uid]| {
            let indexed = end.is_none_or(|end| index_of(pod, end).is_some());
            is_tracked(pod) && !uncounted.contains(&pod.meta.uid) && indexed
        };
        let well = |pod: &&Rc<Pod>| pod.status.phase == PodPhase::Succeeded;
        let pods = &self.pods;
        let new_succeeded: Vec<Rc<Pod>> =
            pods.iter().filter(|pod| valid(pod, &succeeded) && well(pod)).cloned().collect();
        let new_failed = pods.iter().filter(|pod| valid(pod, &failed) && is_failed(&self.job, pod));
        let new_failed: Vec<Rc<Pod>> = new_failed.cloned().collect();
        self.record = self.record.with(&new_succeeded, &new_failed);
        let status = &self.job.status;
        self.succeeded = status.succeeded + (new_succeeded.len() + succeeded.len()) as i32;
        let counting = new_failed.iter().filter(|pod| policy::counts(&self.job, pod)).count();
        status.failed + (counting + failed.len()) as i32
    }

    fn read_indexes(&mut self) {
        let Some(end) = self.index_end() else { return };
        let status = &self.job.status;
        self.before_indexes = Indexes::parse(&status.completed_indexes, end);
        self.succeeded_indexes = self.before_indexes.clone();
        let mut failed = Indexes::parse(status.failed_indexes.as_deref().unwrap_or(""), end);
        let limit = self.job.spec.backoff_limit_per_index;
        for pod in self.pods.iter().filter(|pod| is_tracked(pod)) {
            let Some(index) = index_of(pod, end) else { continue };
            if pod.status.phase == PodPhase::Succeeded {
                self.succeeded_indexes.add(index);
            } else if is_failed(&self.job, pod) {
                let lost = match policy::action(&self.job, pod) {
                    policy::Action::FailIndex => true,
                    policy::Action::Ignore => false,
                    _ => Some(failure_count(pod)) >= limit,
                };
                if lost {
                    failed.add(index);
                }
            }
        }
        self.succeeded = self.succeeded_indexes.total();
        self.failed_indexes = limit.map(|_| failed);
    }

    /// Whether it is to end now, and how.
    fn judge(&mut self, failed: i32) {
        let status = &self.job.status;
        for (kind, last) in
            [("SuccessCriteriaMet", "SuccessCriteriaMet"), ("FailureTarget", "Failed")]
        {
            if let Some(known) = condition(&status.conditions, kind).filter(|_| self.job.is(kind)) {
                self.verdict = Some(Verdict::new(last, &known.reason, &known.message));
                return;
            }
        }
        let limit = self.job.spec.backoff_limit.unwrap_or(6);
        let fail = |reason: &str, text: &str| Some(Verdict::new("FailureTarget", reason, text));
        let deadline = self.deadline();
        self.verdict = if let Some(text) = policy::failing(&self.job, &self.pods) {
            fail("PodFailurePolicy", &text)
        } else if failed > limit || self.restarts_exceed(limit) {
            fail("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        } else if deadline.is_some_and(|deadline| deadline <= self.cx.now) {
            fail("DeadlineExceeded", "Job was active longer than specified deadline")
        } else {
            None
        };
        if let (Some(deadline), None) = (deadline, &self.verdict) {
            self.later(deadline.since(self.cx.now));
        }
        if let (Some(lost), Some(end), None) =
            (&self.failed_indexes, self.index_end(), &self.verdict)
        {
            let most = self.job.spec.max_failed_indexes.unwrap_or(i32::MAX);
            self.verdict = if lost.total() > most {
                let text = "Job has exceeded the specified maximal number of failed indexes";
                fail("MaxFailedIndexesExceeded", text)
            } else if lost.total() > 0 && lost.total() + self.succeeded >= end {
                fail("FailedIndexes", "Job has failed indexes")
            } else {
                None
            };
        }
        if let (Some(text), None) =
            (policy::enough(&self.job, &self.succeeded_indexes), &self.verdict)
        {
            self.verdict = Some(Verdict::new("SuccessCriteriaMet", "SuccessPolicy", &text));
        }
    }

    /// When it will have been active for too long.
    fn deadline(&self) -> Option<SimTime> {
        let seconds = self.job.spec.active_deadline_seconds?.max(0) as u64;
        let start = self.job.status.start_time.filter(|_| !self.job.is_suspended())?;
        Some(start + Span::seconds(seconds))
    }

    /// Whether containers of Pods that restart them have failed too often in all.
    fn restarts_exceed(&self, limit: i32) -> bool {
        if self.job.spec.template.spec.restart_policy != RestartPolicy::OnFailure {
            return false;
        }
        let alive = self.pods.iter().filter(|pod| !pod.is_terminal());
        let statuses = alive.flat_map(|pod| {
            pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses)
        });
        let restarts: i32 = statuses.map(|status| status.restart_count).sum();
        restarts >= limit.max(1)
    }

    /// Says in the status whether it is suspended; says whether that is news.
    fn note_suspension(&mut self) -> bool {
        let (status, reason, text, word) = match self.job.is_suspended() {
            true => ("True", "JobSuspended", "Job suspended", "Suspended"),
            false => ("False", "JobResumed", "Job resumed", "Resumed"),
        };
        let now = self.cx.now;
        let new = track::condition("Suspended", status, reason, text, now);
        let conditions = &mut self.job.status.conditions;
        match conditions.iter_mut().find(|old| &*old.kind == "Suspended") {
            Some(old) if *old.status == *status => return false,
            Some(old) => *old = new,
            None if status == "False" => return false,
            None => conditions.push(new),
        }
        self.job.status.start_time = (status == "False").then(|| now.whole_second());
        let job = Object::Job(self.old.clone());
        self.cx.event(&job, EventKind::Normal, word, text);
        true
    }

    /// How many Pods are active, as far as is known of those just created and deleted.
    fn count_active(&self) -> i32 {
        self.active.len() as i32 + self.created - self.deleted
    }

    /// The first index it does not have; `None` if its Pods have none.
    fn index_end(&self) -> Option<i32> {
        self.job.spec.completions.filter(|_| self.job.is_indexed())
    }

    fn has_limit_per_index(&self) -> bool {
        self.job.is_indexed() && self.job.spec.backoff_limit_per_index.is_some()
    }

    fn replaces_only_failed(&self) -> bool {
        &*self.job.spec.pod_replacement_policy == "Failed"
    }

    /// Says which Pods it waits for.
    fn await_pods(&mut self) {
        let pods = self.pods.clone();
        if self.verdict.is_none() {
            for pod in pods.iter().filter(|pod| !pod.is_terminal() && !pod.is_terminating()) {
                self.wait(Some(pod), Because::PodNotEnded, None);
            }
        }
        for pod in pods.iter().filter(|pod| is_leaving(pod)) {
            self.wait(Some(pod), Because::PodTerminating, None);
        }
    }

    fn wait(&mut self, on: Option<&Rc<Pod>>, because: Because, until: Option<SimTime>) {
        let subject = ObjectRef::new(Kind::Job, Key::of(&self.old.meta));
        let on = on.map(|pod| ObjectRef::new(Kind::Pod, Key::of(&pod.meta)));
        self.waits.push(Wait { subject, on, because, since: self.cx.now, until });
    }

    /// Asks to be woken after `span`, or earlier.
    fn later(&mut self, span: Span) {
        self.next = Some(self.next.map_or(span, |next| next.min(span)));
    }
}
