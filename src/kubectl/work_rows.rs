//! The cells of Deployments, DaemonSets, Jobs, CronJobs and ResourceQuotas, in the order of their
//! columns.
//!
//! Upstream: printDeployment, printDaemonSet, printJob, printCronJob and printResourceQuota in
//! pkg/printers/internalversion/printers.go

use super::rows::{containers, labels, selector};
use crate::api::apps::daemon_set::DaemonSet;
use crate::api::apps::deployment::Deployment;
use crate::api::batch::{CronJob, Job};
use crate::api::core::config::ResourceQuota;
use crate::base::time::SimTime;

/// The cells of a Deployment.
pub(super) fn deployment(deployment: &Deployment, name: String, age: String) -> Vec<String> {
    let (spec, status) = (&deployment.spec, &deployment.status);
    let mut cells = vec![
        name,
        format!("{}/{}", status.ready_replicas, deployment.replicas()),
        status.updated_replicas.to_string(),
        status.available_replicas.to_string(),
        age,
    ];
    cells.extend(containers(&spec.template));
    cells.push(selector(&spec.selector));
    cells
}

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
    let zone = spec.time_zone.as_deref().unwrap_or("<none>");
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

/// The cells of a ResourceQuota: what is used of each limit; limits of containers stand apart.
pub(super) fn quota(quota: &ResourceQuota, name: String, age: String) -> Vec<String> {
    let mut cells = [String::new(), String::new()];
    for (what, hard) in quota.status.hard.iter() {
        let used = quota.status.used.get(what).cloned().unwrap_or_default();
        let cell = &mut cells[usize::from(what.starts_with("limits."))];
        let comma = if cell.is_empty() { "" } else { ", " };
        cell.push_str(&format!("{comma}{what}: {used}/{hard}"));
    }
    let [requests, limits] = cells;
    vec![name, requests, limits, age]
}
