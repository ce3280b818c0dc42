//! Makes Jobs at set times, keeps a list of those that run, and deletes the oldest that do not.
//!
//! Not here: time zones with summer time, whose schedules count in UTC.
//!
//! Upstream: pkg/controller/cronjob/cronjob_controllerv2.go, pkg/controller/cronjob/utils.go

use super::ownership::controller_ref;
use crate::api::batch::{CronJob, Job};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::ObjectMeta;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions, Propagation};
use crate::base::cron::{self, Schedule};
use crate::base::sorted;
use crate::base::time::{START_UNIX_SECONDS, SimTime, Span};
use crate::client::recorder::{self, EventKind};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// So much later than a set time, lest a clock be a little ahead.
const DELTA: Span = Span::millis(100);
/// Where a Job says which time it was made for.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// Makes Jobs at set times.
#[derive(Clone, Debug, Default)]
pub struct CronJobController;

/// One look at one CronJob.
struct Sync<'s, 'c> {
    cx: &'s mut ControlPlane<'c>,
    /// As the cache has it.
    old: Object,
    /// As it becomes.
    own: CronJob,
    jobs: Vec<Rc<Job>>,
}

impl Controller for CronJobController {
    const COMPONENT: &'static str = "cronjob-controller";

    fn observe(&mut self, now: SimTime, change: &Change, _cache: &Store, keys: &mut Keys) {
        match (change.old::<CronJob>(), change.new::<CronJob>()) {
            (Some(old), Some(new))
                if old.spec.schedule != new.spec.schedule
                    || old.spec.time_zone != new.spec.time_zone =>
            {
                if let Some(next) = schedule(new).and_then(|times| next(new, &times, now)) {
                    keys.add_after((next + DELTA).since(now), change.key.clone());
                }
            }
            (None, None) => {}
            _ => keys.add(change.key.clone()),
        }
        let jobs = change.old::<Job>().into_iter().chain(change.new::<Job>());
        for owner in jobs.filter_map(|job| job.meta.controller_of()) {
            if &*owner.kind == "CronJob" {
                keys.add(Key::new(change.key.namespace.clone(), owner.name.clone()));
            }
        }
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let Some(own) = cx.cache.get::<CronJob>(key).cloned() else {
            cx.say(Source::CronJob, (Kind::CronJob, key), Vec::new());
            return Ok(Requeue::AwaitChange);
        };
        let mut jobs: Vec<Rc<Job>> = cx.cache.dependents_of::<Job>(own.meta.uid).cloned().collect();
        jobs.retain(|job| job.meta.controller_of().is_some_and(|owner| owner.uid == own.meta.uid));
        *cx.visits += jobs.len() as u64;
        let (old, own) = (Object::CronJob(own.clone()), (*own).clone());
        let mut sync = Sync { cx, old, own, jobs };
        sync.clean_up();
        let done = sync.run();
        let Sync { own, old, .. } = sync;
        let mut waits = Vec::new();
        if own.spec.suspend == Some(true) {
            waits.push(cx.wait(&old, Because::Suspended));
        } else if let Ok(Some(next)) = done {
            let wait = cx.wait(&old, Because::NextSchedule);
            waits.push(Wait { until: Some(next), ..wait });
        }
        cx.say(Source::CronJob, (Kind::CronJob, key), waits);
        if old.typed::<CronJob>().is_some_and(|old| old.status != own.status) {
            cx.client().update_status(own)?;
        }
        Ok(done?.map_or(Requeue::AwaitChange, |next| Requeue::After(next.since(cx.now))))
    }
}

fn schedule(own: &CronJob) -> Option<Schedule> {
    Some(Schedule::parse(&own.spec.schedule).ok()?.ahead(ahead(own)))
}

/// By how many minutes its clock is ahead of UTC.
fn ahead(own: &CronJob) -> i64 {
    own.spec.time_zone.as_deref().and_then(cron::zone).unwrap_or(0)
}

/// Since when times count: the last one that was heeded.
fn since(own: &CronJob) -> SimTime {
    own.status.last_schedule_time.or(own.meta.creation_timestamp).unwrap_or_default()
}

/// The last time that has come and was not heeded, and whether there were very many.
fn unmet(from: SimTime, times: &Schedule, now: SimTime) -> (Option<SimTime>, bool) {
    let (mut last, mut at, mut count) = (None, from, 0);
    while let Some(next) = times.next(at).filter(|next| *next <= now) {
        (last, at, count) = (Some(next), next, count + 1);
    }
    (last, count > 100)
}

/// The next time that is still to come.
fn next(own: &CronJob, times: &Schedule, now: SimTime) -> Option<SimTime> {
    let (last, _) = unmet(since(own), times, now);
    times.next(last.unwrap_or(since(own)))
}

impl Sync<'_, '_> {
    fn tell(&mut self, kind: EventKind, reason: &str, text: &str) {
        self.cx.event(&self.old, kind, reason, text);
    }

    fn forget(&mut self, job: &ObjectMeta) -> bool {
        let before = self.own.status.active.len();
        self.own.status.active.retain(|active| active.uid != job.uid);
        self.own.status.active.len() < before
    }

    /// Deletes the oldest Jobs that are over, beyond as many as are kept.
    fn clean_up(&mut self) {
        let limits = [
            ("Complete", self.own.spec.successful_jobs_history_limit),
            ("Failed", self.own.spec.failed_jobs_history_limit),
        ];
        for (end, limit) in limits {
            let over = self.jobs.iter().filter(|job| job.is(end)).cloned();
            let mut over: Vec<Rc<Job>> = over.collect();
            let start = |job: &Job| job.status.start_time.unwrap_or(SimTime(u64::MAX));
            sorted::sort_by_key(&mut over, |job| (start(job), job.meta.name.clone()));
            let kept = usize::try_from(limit.unwrap_or(i32::MAX)).unwrap_or(0);
            let many = over.len().saturating_sub(kept);
            for job in over.into_iter().take(many) {
                let _ = self.delete(&Key::of(&job.meta), &job.meta);
            }
        }
    }

    fn delete(&mut self, key: &Key, job: &ObjectMeta) -> Answer<()> {
        let options =
            DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() };
        if let Err(status) = self.cx.client().delete(Kind::Job, key, &options) {
            let text = format!("Deleted job: {}", status.message);
            self.tell(EventKind::Warning, "FailedDelete", &text);
            return Err(status);
        }
        self.forget(job);
        self.tell(EventKind::Normal, "SuccessfulDelete", &format!("Deleted job {}", key.name));
        Ok(())
    }

    /// Does what is due; gives when to look again.
    fn run(&mut self) -> Answer<Option<SimTime>> {
        self.follow_jobs();
        if self.own.meta.is_terminating() || self.own.spec.suspend == Some(true) {
            return Ok(None);
        }
        let Some(times) = schedule(&self.own) else { return Ok(None) };
        let now = self.cx.now;
        if times.next(since(&self.own)).is_none() {
            let text = format!(
                "invalid schedule: {} : time difference between two schedules is less than 1 \
                 second",
                self.own.spec.schedule
            );
            self.tell(EventKind::Warning, "InvalidSchedule", &text);
            return Ok(None);
        }
        let later = next(&self.own, &times, now).map(|next| next + DELTA);
        let deadline = self.own.spec.starting_deadline_seconds;
        let deadline = deadline.map(|seconds| Span((seconds.max(0) as u64).saturating_mul(1000)));
        let from = deadline.map_or(SimTime::ZERO, |deadline| now - deadline);
        let (due, many) = unmet(since(&self.own).max(from), &times, now);
        let Some(due) = due else { return Ok(later) };
        if many {
            let text = "too many missed start times. Set or decrease \
                        .spec.startingDeadlineSeconds or check clock skew";
            self.tell(EventKind::Warning, "TooManyMissedTimes", text);
        }
        // Minutes since 1970.
        let minute = START_UNIX_SECONDS / 60 + due.0 / 60_000;
        let name = format!("{}-{minute}", self.own.meta.name);
        let active = &self.own.status.active;
        if active.iter().any(|own| *own.name == *name)
            || self.own.status.last_schedule_time == Some(due)
        {
            return Ok(later);
        }
        match &*self.own.spec.concurrency_policy {
            "Forbid" if !active.is_empty() => {
                let text = "Not starting job because prior execution is running and concurrency \
                            policy is Forbid";
                self.tell(EventKind::Normal, "JobAlreadyActive", text);
                return Ok(later);
            }
            "Replace" => {
                for running in active.clone() {
                    let key = Key::new(running.namespace, running.name);
                    let job = self.cx.client().get::<Job>(&key)?;
                    self.delete(&key, &job.meta)?;
                }
            }
            _ => {}
        }
        self.make(name, due)?;
        Ok(times.next(due).map(|next| next + DELTA))
    }

    /// What has become of the Jobs.
    fn follow_jobs(&mut self) {
        for job in self.jobs.clone() {
            let key = Key::of(&self.own.meta);
            let lists = |own: &CronJob| own.status.active.iter().any(|own| own.uid == job.meta.uid);
            let name = &job.meta.name;
            if !job.is_finished() {
                let fresh = self.cx.server.store.get::<CronJob>(&key);
                if !lists(&self.own) && !fresh.is_some_and(|fresh| lists(fresh)) {
                    let text =
                        format!("Saw a job that the controller did not create or forgot: {name}");
                    self.tell(EventKind::Warning, "UnexpectedJob", &text);
                }
                continue;
            }
            if self.forget(&job.meta) {
                let end = if job.is("Complete") { "Complete" } else { "Failed" };
                let text = format!("Saw completed job: {name}, condition: {end}");
                self.tell(EventKind::Normal, "SawCompletedJob", &text);
            }
            let last = &mut self.own.status.last_successful_time;
            if job.is("Complete") {
                *last = (*last).max(job.status.completion_time);
            }
        }
        for active in self.own.status.active.clone() {
            let key = Key::new(active.namespace, active.name);
            let known = self.jobs.iter().any(|job| job.meta.uid == active.uid);
            if !known && self.cx.server.store.get::<Job>(&key).is_none() {
                self.own.status.active.retain(|own| own.uid != active.uid);
                let text = format!("Active job went missing: {}", key.name);
                self.tell(EventKind::Normal, "MissingJob", &text);
            }
        }
    }

    fn make(&mut self, name: String, due: SimTime) -> Answer<()> {
        let template = &self.own.spec.job_template;
        let mut meta = ObjectMeta {
            name: name.as_str().into(),
            namespace: self.own.meta.namespace.clone(),
            labels: template.meta.labels.clone(),
            annotations: template.meta.annotations.clone(),
            owner_references: vec![controller_ref(Kind::CronJob, &self.own.meta)],
            ..ObjectMeta::default()
        };
        meta.annotations.set(SCHEDULED, due.rfc3339_in(ahead(&self.own)));
        let job = Job { meta, spec: template.spec.clone(), ..Job::default() };
        let key = Key::of(&job.meta);
        let made = match self.cx.client().create(job) {
            Ok(made) => {
                self.tell(EventKind::Normal, "SuccessfulCreate", &format!("Created job {name}"));
                made
            }
            Err(status) if status.reason == "AlreadyExists" => {
                let found = self.cx.client().get::<Job>(&key)?;
                let owner = found.meta.controller_of().map(|owner| owner.uid);
                if owner != Some(self.own.meta.uid) {
                    return Ok(());
                }
                found
            }
            Err(status) => {
                if status.causes.iter().all(|cause| cause.reason != "NamespaceTerminating") {
                    let text = format!("Error creating job: {}", status.message);
                    self.tell(EventKind::Warning, "FailedCreate", &text);
                }
                return Err(status);
            }
        };
        self.own.status.active.push(recorder::reference_to(&Object::Job(made)));
        self.own.status.last_schedule_time = Some(due);
        Ok(())
    }
}
