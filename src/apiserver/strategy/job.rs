//! Jobs: defaults, the selector and labels that the server makes, rules, what may change.
//!
//! Not here: the policies' rules (`job_policy`); what may change in the template of a suspended
//! Job beyond its placement.
//!
//! Upstream: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation/validation.go,
//! pkg/registry/batch/job/strategy.go

use super::check::{Check, Path};
use super::{job_policy, names, pod, workload};
use crate::api::batch::{Job, JobSpec};
use crate::api::core::pod::PodTemplateSpec;
use crate::api::core::scheduling::Affinity;
use std::rc::Rc;

const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";
const NAME_LABEL: &str = "batch.kubernetes.io/job-name";
/// The same from before labels had prefixes.
const OLD_LABELS: [&str; 2] = ["controller-uid", "job-name"];

/// The most Pods of an Indexed Job at once, and the most failed indexes.
const INDEXED_MAX: i32 = 100_000;
const MANY_COMPLETIONS: i32 = 100_000;
const MANY_LIMIT: i32 = 10_000;

/// Fills in what was not given.
pub fn default(job: &mut Job) {
    let spec = Rc::make_mut(&mut job.spec);
    pod::default_spec(&mut spec.template.spec);
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let per_index = spec.backoff_limit_per_index.is_some();
    spec.backoff_limit.get_or_insert(if per_index { i32::MAX } else { 6 });
    if spec.completion_mode.is_empty() {
        spec.completion_mode = "NonIndexed".into();
    }
    spec.suspend.get_or_insert(false);
    spec.manual_selector.get_or_insert(false);
    if spec.pod_replacement_policy.is_empty() {
        let strict = spec.pod_failure_policy.is_some();
        spec.pod_replacement_policy = if strict { "Failed" } else { "TerminatingOrFailed" }.into();
    }
    for rule in spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules) {
        for condition in &mut rule.on_pod_conditions {
            if condition.status.is_empty() {
                condition.status = "True".into();
            }
        }
    }
    if job.meta.labels.is_empty() {
        job.meta.labels = spec.template.meta.labels.clone();
    }
}

/// What a new Job starts with, whatever its maker wrote there.
pub fn prepare_create(job: &mut Job) {
    job.status = Default::default();
    job.meta.generation = 1;
    let (uid, name) = (job.meta.uid.to_string(), job.meta.name.clone());
    let spec = Rc::make_mut(&mut job.spec);
    if spec.manual_selector == Some(true) {
        return;
    }
    // Upstream both are one and the same map by now.
    let shared = job.meta.labels == spec.template.meta.labels;
    let labels = &mut spec.template.meta.labels;
    for (key, value) in
        [(OLD_LABELS[1], &*name), (NAME_LABEL, &*name), (OLD_LABELS[0], &*uid), (UID_LABEL, &*uid)]
    {
        if labels.get(key).is_none() {
            labels.set(key, value);
        }
    }
    if shared {
        job.meta.labels = labels.clone();
    }
    let selector = spec.selector.get_or_insert_default();
    if selector.match_labels.get(UID_LABEL).is_none() {
        selector.match_labels.set(UID_LABEL, uid);
    }
}

/// What an update keeps of the Job it replaces.
pub fn prepare_update(new: &mut Job, old: &Job) {
    new.status = old.status.clone();
    let changed = !Rc::ptr_eq(&new.spec, &old.spec) && new.spec != old.spec;
    new.meta.generation = old.meta.generation + i64::from(changed);
}

/// The rules for a Job; `old` is the one it replaces.
pub fn validate(check: &mut Check, job: &Job, old: Option<&Job>) {
    let at = Path::root("spec");
    if old.is_none() {
        generated_selector(check, job);
    }
    spec(check, &at, &job.spec);
    if job.spec.selector.is_none() {
        check.required(&at.child("selector"), "");
    }
    if workload::selector(check, &at, &job.spec.selector) {
        workload::matches(check, &at, &job.spec.selector, &job.spec.template);
    }
    match old {
        None => indexed_name(check, job),
        Some(old) => changes(check, &at, &job.spec, &old.spec),
    }
}

/// What the server has made must not have been in the way of what was there.
fn generated_selector(check: &mut Check, job: &Job) {
    let Some(selector) = &job.spec.selector else { return };
    if job.spec.manual_selector == Some(true) {
        return;
    }
    let (uid, name) = (job.meta.uid.to_string(), &*job.meta.name);
    let labels = &job.spec.template.meta.labels;
    let mut expected = crate::api::meta::Labels::default();
    let at = Path::root("spec");
    let at = at.child("template");
    let at = at.child("metadata");
    let at = at.child("labels");
    for (key, value) in
        [(OLD_LABELS[0], &*uid), (OLD_LABELS[1], name), (UID_LABEL, &*uid), (NAME_LABEL, name)]
    {
        expected.set(key, value);
        match labels.get(key) {
            None => check.required(&at.key(key), &format!("must be '{value}'")),
            Some(found) if **found != *value => {
                check.text(&at.key(key), found, &format!("must be '{value}'"));
            }
            Some(_) => {}
        }
    }
    if !selector.matches(&expected) {
        let at = Path::root("spec");
        check.tree(&at.child("selector"), selector, "`selector` not auto-generated");
    }
}

fn indexed_name(check: &mut Check, job: &Job) {
    if let Some(last) = job.spec.completions.filter(|n| *n > 0 && job.is_indexed()) {
        let host = format!("{}-{}", job.meta.name, last - 1);
        if !names::dns_label(&host).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {host}");
            let at = Path::root("metadata");
            check.text(&at.child("name"), &job.meta.name, &detail);
        }
    }
}

/// The rules for the spec at `at`: of a Job, or of those that a CronJob makes.
pub(super) fn spec(check: &mut Check, at: &Path, spec: &JobSpec) {
    let numbers = [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ];
    for (field, number) in numbers {
        check.non_negative(&at.child(field), number.unwrap_or(0));
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        check.required(&at.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if !spec.managed_by.is_empty() {
        managed_by(check, &at.child("managedBy"), &spec.managed_by);
    }
    let mode = &*spec.completion_mode;
    if !mode.is_empty() {
        check.word(&at.child("completionMode"), mode, &["NonIndexed", "Indexed"]);
    }
    if mode == "Indexed" {
        indexed(check, at, spec);
    } else if mode == "NonIndexed" {
        for (field, number) in [
            ("backoffLimitPerIndex", spec.backoff_limit_per_index),
            ("maxFailedIndexes", spec.max_failed_indexes),
        ] {
            if let Some(number) = number {
                check.plain(&at.child(field), number, "requires indexed completion mode");
            }
        }
    }
    job_policy::validate(check, at, spec);
    let known: &[&str] = match spec.pod_failure_policy {
        Some(_) => &["Failed"],
        None => &["Failed", "TerminatingOrFailed"],
    };
    if !spec.pod_replacement_policy.is_empty() {
        check.word(&at.child("podReplacementPolicy"), &spec.pod_replacement_policy, known);
    }
    workload::template(check, at, &spec.template);
    let at = at.child("template");
    let at = at.child("spec");
    let at = at.child("restartPolicy");
    match spec.template.spec.restart_policy.as_str() {
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            check.text(&at, "OnFailure", detail);
        }
        "OnFailure" | "Never" => {}
        "" | "Always" => check.required(&at, "valid values: \"OnFailure\", \"Never\""),
        other => check.unsupported(&at, other, &["OnFailure", "Never"]),
    }
}

/// The name of another controller: a domain, a slash, a path.
fn managed_by(check: &mut Check, at: &Path, name: &str) {
    match name.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            check.all(at, host, names::dns_subdomain(host));
        }
        _ => {
            let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            check.text(at, name, detail);
        }
    }
}

fn indexed(check: &mut Check, at: &Path, spec: &JobSpec) {
    if spec.completions.is_none() {
        check.required(&at.child("completions"), "when completion mode is Indexed");
    }
    at_most(
        check,
        &at.child("parallelism"),
        spec.parallelism,
        INDEXED_MAX,
        " when completion mode is Indexed",
    );
    let failed_at = at.child("maxFailedIndexes");
    let failed = spec.max_failed_indexes;
    if failed > spec.completions && spec.completions.is_some() {
        let detail = "must be less than or equal to completions";
        check.plain(&failed_at, failed.unwrap_or(0), detail);
    }
    at_most(check, &failed_at, failed, INDEXED_MAX, "");
    if spec.completions > Some(MANY_COMPLETIONS) && spec.backoff_limit_per_index.is_some() {
        if failed.is_none() {
            check.required(&failed_at, "must be specified when completions is above 100000");
        }
        let tail = " when completions are above 100000 and used with backoff limit per index";
        at_most(check, &at.child("parallelism"), spec.parallelism, MANY_LIMIT, tail);
        at_most(check, &failed_at, failed, MANY_LIMIT, tail);
    }
}

fn at_most(check: &mut Check, at: &Path, number: Option<i32>, most: i32, tail: &str) {
    if let Some(number) = number.filter(|number| *number > most) {
        check.plain(at, number, &format!("must be less than or equal to {most}{tail}"));
    }
}

fn changes(check: &mut Check, at: &Path, new: &JobSpec, old: &JobSpec) {
    if &*new.completion_mode != "Indexed" {
        workload::immutable(check, &at.child("completions"), &new.completions, &old.completions);
    } else if new.completions != old.completions && new.completions != new.parallelism {
        let detail = "can only be modified in tandem with spec.parallelism";
        check.plain(&at.child("completions"), new.completions.unwrap_or(0), detail);
    }
    workload::immutable(check, &at.child("selector"), &new.selector, &old.selector);
    let mut before = old.template.clone();
    if old.suspend == Some(true) {
        keep_placement(&mut before, &new.template);
    }
    workload::immutable(check, &at.child("template"), &new.template, &before);
    let (mode, before) = (&new.completion_mode, &old.completion_mode);
    workload::immutable(check, &at.child("completionMode"), mode, before);
    let (policy, before) = (&new.pod_failure_policy, &old.pod_failure_policy);
    workload::immutable(check, &at.child("podFailurePolicy"), policy, before);
    let (limit, before) = (&new.backoff_limit_per_index, &old.backoff_limit_per_index);
    workload::immutable(check, &at.child("backoffLimitPerIndex"), limit, before);
    let (managed, before) = (&new.managed_by, &old.managed_by);
    workload::immutable(check, &at.child("managedBy"), managed, before);
    let (policy, before) = (&new.success_policy, &old.success_policy);
    workload::immutable(check, &at.child("successPolicy"), policy, before);
}

/// A Job that has no Pods yet may still be told where they are to run.
fn keep_placement(old: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    old.meta.labels = new.meta.labels.clone();
    old.meta.annotations = new.meta.annotations.clone();
    let (spec, new) = (Rc::make_mut(&mut old.spec), &new.spec);
    spec.node_selector = new.node_selector.clone();
    spec.tolerations = new.tolerations.clone();
    spec.scheduling_gates = new.scheduling_gates.clone();
    let mut affinity = spec.affinity.as_deref().cloned().unwrap_or_default();
    affinity.node_affinity = new.affinity.as_ref().and_then(|a| a.node_affinity.clone());
    let none = affinity == Affinity::default() && new.affinity.is_none();
    spec.affinity = (!none).then(|| Rc::new(affinity));
}
