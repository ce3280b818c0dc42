//! CronJobs: defaults and rules.
//!
//! Not here: which names of time zones there are; `manualSelector` in the template.
//!
//! Upstream: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation/validation.go,
//! pkg/registry/batch/cronjob/strategy.go

use super::check::{Check, Path};
use super::{job, pod};
use crate::api::batch::CronJob;
use crate::base::cron::Schedule;
use std::rc::Rc;

/// A Job's name has this much after that of its CronJob.
const NAME_MAX: usize = 52;

/// Fills in what was not given; the Jobs' own defaults are theirs.
pub fn default(own: &mut CronJob) {
    let spec = Rc::make_mut(&mut own.spec);
    if spec.concurrency_policy.is_empty() {
        spec.concurrency_policy = "Allow".into();
    }
    spec.suspend.get_or_insert(false);
    spec.successful_jobs_history_limit.get_or_insert(3);
    spec.failed_jobs_history_limit.get_or_insert(1);
    pod::default_spec(&mut Rc::make_mut(&mut spec.job_template.spec).template.spec);
}

/// What is wrong with the name of a time zone.
fn wrong_zone(name: &str) -> Option<String> {
    let usual = |c: char| c.is_ascii_alphanumeric() || ".-_+".contains(c);
    let wrong =
        |part: &str| matches!(part, "" | "." | "..") || part.starts_with('-') || part.len() > 14;
    if name.is_empty() {
        return Some("timeZone must be nil or non-empty string".into());
    }
    if name.split('/').any(|part| wrong(part) || !part.chars().all(usual)) {
        return Some(format!("unknown time zone {name}"));
    }
    let local = "timeZone must be an explicit time zone as defined in \
                 https://www.iana.org/time-zones";
    name.eq_ignore_ascii_case("local").then(|| local.into())
}

/// The rules for a CronJob; `old` is the one it replaces.
pub fn validate(check: &mut Check, own: &CronJob, old: Option<&CronJob>) {
    let (at, spec) = (Path::root("spec"), &own.spec);
    let schedule_at = at.child("schedule");
    match (&*spec.schedule, Schedule::parse(&spec.schedule)) {
        ("", _) => check.required(&schedule_at, ""),
        (text, Err(why)) => check.text(&schedule_at, text, &why),
        _ => {}
    }
    if spec.schedule.contains("TZ") {
        let had = old.is_some_and(|old| old.spec.schedule.contains("TZ"));
        let detail = match had {
            true => "cannot use both timeZone field and TZ or CRON_TZ in schedule",
            false => "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
        };
        if !had || spec.time_zone.is_some() {
            check.text(&schedule_at, &spec.schedule, detail);
        }
    }
    let deadline = spec.starting_deadline_seconds.unwrap_or(0);
    check.non_negative(&at.child("startingDeadlineSeconds"), deadline);
    if let Some(name) = &spec.time_zone
        && old.is_none_or(|old| old.spec.time_zone.as_ref() != Some(name))
        && let Some(detail) = wrong_zone(name)
    {
        check.text(&at.child("timeZone"), name, &detail);
    }
    let policies = ["Allow", "Forbid", "Replace"];
    check.word(&at.child("concurrencyPolicy"), &spec.concurrency_policy, &policies);
    let template_at = at.child("jobTemplate");
    let template_at = template_at.child("spec");
    job::spec(check, &template_at, &spec.job_template.spec);
    if let Some(selector) = &spec.job_template.spec.selector {
        check.tree(&template_at.child("selector"), selector, "`selector` will be auto-generated");
    }
    for (field, limit) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        check.non_negative(&at.child(field), limit.unwrap_or(0).into());
    }
    if old.is_none() && own.meta.name.len() > NAME_MAX {
        let at = Path::root("metadata");
        check.text(&at.child("name"), &own.meta.name, "must be no more than 52 characters");
    }
}
