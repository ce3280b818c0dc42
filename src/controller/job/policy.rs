//! What the failure of a Pod means to its Job, and which successes are enough.
//!
//! Upstream: pkg/controller/job/pod_failure_policy.go, pkg/controller/job/success_policy.go

use super::indexes::Indexes;
use super::is_failed;
use crate::api::batch::{Job, OnExitCodes, PodFailurePolicyRule};
use crate::api::core::pod::Pod;
use std::rc::Rc;

/// What the failure of a Pod means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// It counts, as it does if no rule fits.
    Count,
    /// It does not count.
    Ignore,
    /// Its index has failed for good.
    FailIndex,
    /// The Job has failed, with this message.
    FailJob(String),
}

/// What the failure of `pod` means.
pub(super) fn action(job: &Job, pod: &Pod) -> Action {
    let rules = job.spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    let mut fitting =
        rules.enumerate().filter_map(|(nth, rule)| Some((nth, rule, fits(rule, pod)?)));
    let Some((nth, rule, why)) = fitting.next() else { return Action::Count };
    match &*rule.action {
        "Ignore" => Action::Ignore,
        "FailIndex" => Action::FailIndex,
        "FailJob" => Action::FailJob(format!("{why} matching FailJob rule at index {nth}")),
        _ => Action::Count,
    }
}

/// Whether the failure of `pod` counts.
pub(super) fn counts(job: &Job, pod: &Pod) -> bool {
    action(job, pod) != Action::Ignore
}

/// Why the Job has failed, if one of its Pods has failed in such a way.
pub(super) fn failing(job: &Job, pods: &[Rc<Pod>]) -> Option<String> {
    pods.iter().filter(|pod| is_failed(job, pod)).find_map(|pod| match action(job, pod) {
        Action::FailJob(text) => Some(text),
        _ => None,
    })
}

/// Why `rule` fits `pod`, if it does.
fn fits(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let (namespace, name) = (&pod.meta.namespace, &pod.meta.name);
    let status = &pod.status;
    let Some(codes) = &rule.on_exit_codes else {
        let wanted = &rule.on_pod_conditions;
        let found = status.conditions.iter().find(|condition| {
            wanted.iter().any(|w| w.kind == condition.kind && w.status == condition.status)
        });
        return Some(format!("Pod {namespace}/{name} has condition {}", found?.kind));
    };
    let containers = status.container_statuses.iter().chain(&status.init_container_statuses);
    let mut ends = containers.filter_map(|container| {
        let code = container.state.terminated.as_ref()?.exit_code;
        let named = codes.container_name.as_ref().is_none_or(|name| *name == container.name);
        (named && code != 0 && is_among(codes, code)).then_some((&container.name, code))
    });
    let (container, code) = ends.next()?;
    Some(format!("Container {container} for pod {namespace}/{name} failed with exit code {code}"))
}

fn is_among(codes: &OnExitCodes, code: i32) -> bool {
    match &*codes.operator {
        "In" => codes.values.contains(&code),
        "NotIn" => !codes.values.contains(&code),
        _ => false,
    }
}

/// Which rule says that the indexes that are done are enough, in a sentence.
pub(super) fn enough(job: &Job, done: &Indexes) -> Option<String> {
    let (policy, end) = (job.spec.success_policy.as_ref()?, job.spec.completions?);
    let nth = policy.rules.iter().position(|rule| {
        let reached = |total: i32| rule.succeeded_count.is_some_and(|count| total >= count);
        match &rule.succeeded_indexes {
            None => reached(done.total()),
            Some(wanted) => {
                let wanted = Indexes::parse(wanted, end);
                let found = wanted.shared(done);
                wanted.total() > 0 && (found == wanted.total() || reached(found))
            }
        }
    })?;
    (done.total() > 0).then(|| format!("Matched rules at index {nth}"))
}
