//! Jobs: Pods that run to their end. CronJobs: Jobs that are made again and again.
//!
//! Upstream: staging/src/k8s.io/api/batch/v1/types.go

use super::core::pod::PodTemplateSpec;
use super::core::volume::ObjectReference;
use super::meta::{Condition, LabelSelector, ObjectMeta, Uid, condition};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::object;
use std::rc::Rc;

object! {
    /// A Job.
    pub struct Job {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<JobSpec> = "spec";
        /// How far it has come.
        status: JobStatus = "status" always;
    }
}

object! {
    /// What a Job wants.
    pub struct JobSpec {
        /// How many Pods may run at once.
        parallelism: Option<i32> = "parallelism";
        /// How many must end well; if not given, one that did is enough.
        completions: Option<i32> = "completions";
        /// Seconds the Job may take.
        active_deadline_seconds: Option<i64> = "activeDeadlineSeconds";
        /// How many failures are borne; 6 if not given.
        backoff_limit: Option<i32> = "backoffLimit";
        /// How many failures of each index are borne.
        backoff_limit_per_index: Option<i32> = "backoffLimitPerIndex";
        /// How many indexes may fail.
        max_failed_indexes: Option<i32> = "maxFailedIndexes";
        /// Its Pods, by labels; made by the server.
        selector: Option<LabelSelector> = "selector";
        /// Whether its author made the selector.
        manual_selector: Option<bool> = "manualSelector";
        /// What its Pods are made from.
        template: PodTemplateSpec = "template" always;
        /// Seconds after its end until it is deleted.
        ttl_seconds_after_finished: Option<i32> = "ttlSecondsAfterFinished";
        /// `NonIndexed` or `Indexed`.
        completion_mode: Str = "completionMode";
        /// Whether it is to have no Pods for now.
        suspend: Option<bool> = "suspend";
        /// `TerminatingOrFailed` or `Failed`: when a Pod is replaced.
        pod_replacement_policy: Str = "podReplacementPolicy";
        /// Who looks after it; the Job controller if not given.
        managed_by: Str = "managedBy";
        /// What the failure of a Pod means, by how it failed.
        pod_failure_policy: Option<PodFailurePolicy> = "podFailurePolicy";
        /// Which indexes are enough.
        success_policy: Option<SuccessPolicy> = "successPolicy";
    }
}

object! {
    /// What the failure of a Pod means: what the first rule says that fits.
    pub struct PodFailurePolicy {
        /// The rules.
        rules: Vec<PodFailurePolicyRule> = "rules" always;
    }
}

object! {
    /// What one kind of failure means.
    pub struct PodFailurePolicyRule {
        /// `FailJob`, `FailIndex`, `Ignore` or `Count`.
        action: Str = "action" always;
        /// Fits Pods by how a container ended.
        on_exit_codes: Option<OnExitCodes> = "onExitCodes";
        /// Fits Pods with one of these conditions.
        on_pod_conditions: Vec<OnPodCondition> = "onPodConditions";
    }
}

object! {
    /// Exit codes.
    pub struct OnExitCodes {
        /// Of which container; of any if not given.
        container_name: Option<Str> = "containerName";
        /// `In` or `NotIn`.
        operator: Str = "operator" always;
        /// The codes.
        values: Vec<i32> = "values" always;
    }
}

object! {
    /// A condition of a Pod.
    pub struct OnPodCondition {
        /// Which.
        kind: Str = "type" always;
        /// `True` if not given.
        status: Str = "status" always;
    }
}

object! {
    /// When an Indexed Job is complete before all its indexes are.
    pub struct SuccessPolicy {
        /// One of them is enough.
        rules: Vec<SuccessPolicyRule> = "rules" always;
    }
}

object! {
    /// Some indexes, some number of indexes, or that many of those.
    pub struct SuccessPolicyRule {
        /// `0,2-4`.
        succeeded_indexes: Option<Str> = "succeededIndexes";
        /// How many.
        succeeded_count: Option<i32> = "succeededCount";
    }
}

object! {
    /// How far a Job has come.
    pub struct JobStatus {
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
        /// When its controller took it on, or went on with it.
        start_time: Option<SimTime> = "startTime";
        /// When it was complete.
        completion_time: Option<SimTime> = "completionTime";
        /// How many Pods wait or run.
        active: i32 = "active";
        /// How many have ended well.
        succeeded: i32 = "succeeded";
        /// How many have failed.
        failed: i32 = "failed";
        /// How many are being deleted.
        terminating: Option<i32> = "terminating";
        /// The indexes that are done: `0,2-4`.
        completed_indexes: Str = "completedIndexes";
        /// The indexes that have failed for good.
        failed_indexes: Option<Str> = "failedIndexes";
        /// Pods that have ended and still have their finalizer.
        uncounted_terminated_pods: Option<UncountedTerminatedPods> = "uncountedTerminatedPods";
        /// How many are ready.
        ready: Option<i32> = "ready";
    }
}

object! {
    /// Pods that have ended and are not in the counts yet.
    pub struct UncountedTerminatedPods {
        /// Those that ended well.
        succeeded: Vec<Uid> = "succeeded";
        /// Those that failed.
        failed: Vec<Uid> = "failed";
    }
}

object! {
    /// Jobs at set times.
    pub struct CronJob {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<CronJobSpec> = "spec";
        /// What it has made.
        status: CronJobStatus = "status" always;
    }
}

object! {
    /// What a CronJob wants.
    pub struct CronJobSpec {
        /// When, as cron writes it: minute, hour, day, month, day of week.
        schedule: Str = "schedule" always;
        /// Whose clock the schedule means, such as `Etc/UTC` or `Asia/Shanghai`.
        time_zone: Option<Str> = "timeZone";
        /// Seconds after its time within which a Job may still be made.
        starting_deadline_seconds: Option<i64> = "startingDeadlineSeconds";
        /// `Allow`, `Forbid` or `Replace`: what becomes of Jobs that still run at the next time.
        concurrency_policy: Str = "concurrencyPolicy";
        /// Whether it makes no Jobs for now.
        suspend: Option<bool> = "suspend";
        /// What its Jobs are made from.
        job_template: JobTemplateSpec = "jobTemplate" always;
        /// How many Jobs that ended well are kept.
        successful_jobs_history_limit: Option<i32> = "successfulJobsHistoryLimit";
        /// How many Jobs that failed are kept.
        failed_jobs_history_limit: Option<i32> = "failedJobsHistoryLimit";
    }
}

object! {
    /// What Jobs are made from.
    pub struct JobTemplateSpec {
        /// Labels and annotations of the Jobs.
        meta: ObjectMeta = "metadata" always;
        /// What the Jobs want.
        spec: Rc<JobSpec> = "spec";
    }
}

object! {
    /// What a CronJob has made.
    pub struct CronJobStatus {
        /// Jobs that have not ended.
        active: Vec<ObjectReference> = "active";
        /// The last time at which a Job was due and made.
        last_schedule_time: Option<SimTime> = "lastScheduleTime";
        /// When a Job last ended well.
        last_successful_time: Option<SimTime> = "lastSuccessfulTime";
    }
}

impl Job {
    /// Whether each Pod has an index.
    pub fn is_indexed(&self) -> bool {
        &*self.spec.completion_mode == "Indexed"
    }

    /// Whether it is to have no Pods for now.
    pub fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    /// Whether the condition `kind` is True.
    pub fn is(&self, kind: &str) -> bool {
        condition(&self.status.conditions, kind).is_some_and(|found| &*found.status == "True")
    }

    /// Whether it is over, well or not.
    pub fn is_finished(&self) -> bool {
        self.is("Complete") || self.is("Failed")
    }
}
