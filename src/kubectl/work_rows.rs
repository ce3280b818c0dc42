//! The cells of DaemonSets, Jobs and CronJobs, in the order of their columns.
//!
//! Upstream: printDaemonSet, printJob and printCronJob in pkg/printers/internalversion/printers.go

use super::rows::{containers, labels, selector};
use crate::api::apps::daemon_set::DaemonSet;
use crate::api::batch::{CronJob, Job};
use crate::base::time::SimTime;

/// The cells of a DaemonSet.
pub(super) fn daemon_set(set: &DaemonSet, name: String, age: String) -> Vec<String> {
    let status = &set.status;
    let counts = [
        status.desired_number_scheduled,
        status.current_number_scheduled,
        status.number_ready,
        status.updated_number_scheduled,
        status.number_available,
    ];
    let mut cells = vec![name];
    cells.extend(counts.map(|count| count.to_string()));
    cells.extend([labels(&set.spec.template.spec.node_selector), age]);
    cells.extend(containers(&set.spec.template));
    cells.push(selector(&set.spec.selector));
    cells
}

/// The cells of a Job.
pub(super) fn job(job: &Job, name: String, age: String, now: SimTime) -> Vec<String> {
    let over = ["Complete", "Failed"].into_iter().find(|kind| job.is(kind));
    let on_the_way = || {
        let kinds = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
        kinds.into_iter().find(|kind| job.is(kind)).unwrap_or("Running")
    };
    let status = match over {
        Some(over) => over,
        None if job.meta.is_terminating() => "Terminating",
        None => on_the_way(),
    };
    let done = job.status.succeeded;
    let completions = match (job.spec.completions, job.spec.parallelism.unwrap_or(0)) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, several @ 2..) => format!("{done}/1 of {several}"),
        (None, _) => format!("{done}/1"),
    };
    let ended = job.status.completion_time.unwrap_or(now);
    let duration = job.status.start_time.map(|start| ended.since(start).human());
    let mut cells = vec![name, status.to_string(), completions, duration.unwrap_or_default(), age];
    cells.extend(containers(&job.spec.template));
    cells.push(selector(&job.spec.selector));
    cells
}

/// The cells of a CronJob.
pub(super) fn cron_job(own: &CronJob, name: String, age: String, now: SimTime) -> Vec<String> {
    let (spec, status) = (&own.spec, &own.status);
    let zone = spec.rest.get("timeZone").and_then(|zone| zone.as_str()).unwrap_or("<none>");
    let suspended = if spec.suspend == Some(true) { "True" } else { "False" };
    let last = status.last_schedule_time.map(|last| now.since(last).human());
    let mut cells = vec![
        name,
        spec.schedule.to_string(),
        zone.to_string(),
        suspended.to_string(),
        status.active.len().to_string(),
        last.unwrap_or("<none>".into()),
        age,
    ];
    cells.extend(containers(&spec.job_template.spec.template));
    cells.push(selector(&spec.job_template.spec.selector));
    cells
}
