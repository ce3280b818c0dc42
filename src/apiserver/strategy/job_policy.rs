//! The rules for what a Job says of failures and of success.
//!
//! Not here: how many rules, codes and conditions there may be.
//!
//! Upstream: validatePodFailurePolicy and validateSuccessPolicy in
//! pkg/apis/batch/validation/validation.go

use super::check::{Check, Path};
use super::names;
use crate::api::batch::{JobSpec, OnExitCodes, PodFailurePolicyRule, SuccessPolicyRule};

/// The rules for both policies in the spec at `at`.
pub fn validate(check: &mut Check, at: &Path, spec: &JobSpec) {
    if let Some(policy) = &spec.pod_failure_policy {
        let at = at.child("podFailurePolicy");
        let at = at.child("rules");
        for (nth, rule) in policy.rules.iter().enumerate() {
            failure(check, &at.index(nth), spec, rule);
        }
    }
    if let Some(policy) = &spec.success_policy {
        let at = at.child("successPolicy");
        if &*spec.completion_mode != "Indexed" {
            check.tree(&at, policy, "requires indexed completion mode");
            return;
        }
        let at = at.child("rules");
        if policy.rules.is_empty() {
            let detail = "at least one rules must be specified when the successPolicy is specified";
            check.required(&at, detail);
        }
        for (nth, rule) in policy.rules.iter().enumerate() {
            success(check, &at.index(nth), spec, rule);
        }
    }
}

/// `word` at `at` must be one of `known`, and be there.
fn word(check: &mut Check, at: &Path, word: &str, known: &[&str]) {
    if word.is_empty() {
        let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        check.required(at, &format!("valid values: [{}]", known.join(" ")));
    } else {
        check.word(at, word, known);
    }
}

fn failure(check: &mut Check, at: &Path, spec: &JobSpec, rule: &PodFailurePolicyRule) {
    let action = at.child("action");
    if &*rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
        check.text(&action, "FailIndex", "requires the backoffLimitPerIndex to be set");
    }
    word(check, &action, &rule.action, &["Count", "FailIndex", "FailJob", "Ignore"]);
    if let Some(codes) = &rule.on_exit_codes {
        exit_codes(check, &at.child("onExitCodes"), spec, codes);
    }
    for (nth, condition) in rule.on_pod_conditions.iter().enumerate() {
        let at = at.child("onPodConditions");
        let at = at.index(nth);
        check.all(&at.child("type"), &condition.kind, names::qualified_name(&condition.kind));
        word(check, &at.child("status"), &condition.status, &["False", "True", "Unknown"]);
    }
    let why = match (&rule.on_exit_codes, rule.on_pod_conditions.is_empty()) {
        (Some(_), false) => "specifying both OnExitCodes and OnPodConditions is not supported",
        (None, true) => "specifying one of OnExitCodes and OnPodConditions is required",
        _ => return,
    };
    check.plain(at, why, "");
}

fn exit_codes(check: &mut Check, at: &Path, spec: &JobSpec, codes: &OnExitCodes) {
    word(check, &at.child("operator"), &codes.operator, &["In", "NotIn"]);
    let pod = &spec.template.spec;
    let mut containers = pod.containers.iter().chain(pod.init_containers.iter());
    if let Some(name) = &codes.container_name
        && containers.all(|container| container.name != *name)
    {
        let detail = "must be one of the container or initContainer names in the pod template";
        check.text(&at.child("containerName"), name, detail);
    }
    let at = at.child("values");
    if codes.values.is_empty() {
        check.plain(&at, "[]", "at least one value is required");
    }
    for (nth, code) in codes.values.iter().enumerate() {
        if *code == 0 && &*codes.operator == "In" {
            check.plain(&at.index(nth), code, "must not be 0 for the In operator");
        }
        if codes.values[..nth].contains(code) {
            check.duplicate_number(&at.index(nth), i64::from(*code));
        }
    }
    if !codes.values.is_sorted() {
        check.tree(&at, &codes.values, "must be ordered");
    }
}

fn success(check: &mut Check, at: &Path, spec: &JobSpec, rule: &SuccessPolicyRule) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        let detail = "at least one of succeededCount or succeededIndexes must be specified";
        check.required(at, detail);
    }
    // Without it the Job is refused anyway.
    let completions = spec.completions.unwrap_or(0);
    let mut total = 0;
    if let Some(indexes) = &rule.succeeded_indexes {
        match count(indexes, completions) {
            Ok(count) => total = count,
            Err(why) => {
                let detail = format!("error parsing succeededIndexes: {why}");
                check.text(&at.child("succeededIndexes"), indexes, &detail);
            }
        }
    }
    let Some(wanted) = rule.succeeded_count else { return };
    let at = at.child("succeededCount");
    check.non_negative(&at, wanted.into());
    let mut most = |most: i32, of: &str| {
        if wanted > most {
            check.plain(&at, wanted, &format!("must be less than or equal to {most} ({of})"));
        }
    };
    most(completions, "the number of specified completions");
    if rule.succeeded_indexes.is_some() {
        most(total, "the number of indexes in the specified succeededIndexes field");
    }
}

/// How many indexes `0,2-4` are; each must be below `end`.
fn count(text: &str, end: i32) -> Result<i32, String> {
    let (mut total, mut before): (i32, Option<i32>) = (0, None);
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let limits: Vec<&str> = part.split('-').collect();
        if limits.len() > 2 {
            return Err(format!(
                "the fragment {part:?} violates the requirement that an index interval can have \
                 at most two parts separated by '-'"
            ));
        }
        for (nth, limit) in limits.iter().enumerate() {
            let index: i32 = limit
                .parse()
                .map_err(|_| format!("cannot convert string to integer for index: {limit:?}"))?;
            if index >= end {
                return Err(format!("too large index: {limit:?}"));
            }
            if let Some(before) = before.filter(|before| *before >= index) {
                let order = "non-increasing order, previous:";
                return Err(format!("{order} {before}, current: {index}"));
            }
            total += if nth == 0 { 1 } else { index - before.unwrap_or(0) };
            before = Some(index);
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn indexes_are_counted() {
        assert_eq!(count("", 5), Ok(0));
        assert_eq!(count("0,2-4", 5), Ok(4));
        for bad in ["0,2-5", "x", "1,1", "3-1", "1-2-3", "1,"] {
            assert!(count(bad, 5).is_err(), "{bad}");
        }
    }
}
