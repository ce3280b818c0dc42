//! DaemonSets: defaults, rules, what may change.
//!
//! Not here: the rule that disks of the first clouds may only be read.
//!
//! Upstream: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go,
//! pkg/registry/apps/daemonset/strategy.go

use super::check::{Check, Path};
use super::{pod, policy, workload};
use crate::api::apps::daemon_set::{DaemonSet, DaemonSetSpec, RollingUpdateDaemonSet};
use crate::api::apps::stateful_set::UpdateStrategyType;
use crate::api::int_or_text::IntOrText;
use std::rc::Rc;

/// Counts the templates the set has had; the Pods carry its number too.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Fills in what was not given.
pub fn default(set: &mut DaemonSet) {
    let spec = Rc::make_mut(&mut set.spec);
    pod::default_spec(&mut spec.template.spec);
    let strategy = &mut spec.update_strategy;
    if strategy.kind == UpdateStrategyType::Unset {
        strategy.kind = UpdateStrategyType::RollingUpdate;
    }
    if strategy.kind == UpdateStrategyType::RollingUpdate {
        let rolling = strategy.rolling_update.get_or_insert_default();
        rolling.max_unavailable.get_or_insert(IntOrText::Int(1));
        rolling.max_surge.get_or_insert(IntOrText::Int(0));
    }
    spec.revision_history_limit.get_or_insert(10);
}

/// What a new set starts with, whatever its maker wrote there.
pub fn prepare_create(set: &mut DaemonSet) {
    set.status = Default::default();
    set.meta.generation = 1;
    set_template_generation(set, template_generation(set).max(1));
}

/// What an update keeps of the set it replaces.
pub fn prepare_update(new: &mut DaemonSet, old: &DaemonSet) {
    new.status = old.status.clone();
    let changed = !Rc::ptr_eq(&new.spec, &old.spec) && new.spec != old.spec;
    let renewed = changed && new.spec.template != old.spec.template;
    set_template_generation(new, template_generation(old) + i64::from(renewed));
    new.meta.generation = old.meta.generation + i64::from(changed);
}

fn template_generation(set: &DaemonSet) -> i64 {
    set.meta.annotations.get(TEMPLATE_GENERATION).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn set_template_generation(set: &mut DaemonSet, number: i64) {
    set.meta.annotations.set(TEMPLATE_GENERATION, number.to_string());
}

/// The rules for a set; `old` is the one it replaces.
pub fn validate(check: &mut Check, set: &DaemonSet, old: Option<&DaemonSet>) {
    let at = Path::root("spec");
    let spec = &set.spec;
    let selected = workload::selector(check, &at, &spec.selector);
    if selected {
        workload::matches(check, &at, &spec.selector, &spec.template);
    }
    if spec.selector.as_ref().is_some_and(|selector| selector.is_empty()) {
        check.plain(&at.child("selector"), "{}", "empty selector is invalid for daemonset");
    }
    workload::always_restarting(check, &at, &spec.template, "DaemonSet");
    check.non_negative(&at.child("minReadySeconds"), spec.min_ready_seconds.into());
    strategy(check, &at, spec);
    if let Some(limit) = spec.revision_history_limit {
        check.non_negative(&at.child("revisionHistoryLimit"), limit.into());
    }
    if let Some(old) = old {
        workload::immutable(check, &at.child("selector"), &spec.selector, &old.spec.selector);
    }
}

fn strategy(check: &mut Check, at: &Path, spec: &DaemonSetSpec) {
    let at = at.child("updateStrategy");
    let strategy = &spec.update_strategy;
    match (&strategy.kind, &strategy.rolling_update) {
        (UpdateStrategyType::RollingUpdate, None) => {
            check.required(&at.child("rollingUpdate"), "");
        }
        (UpdateStrategyType::RollingUpdate, Some(rolling)) => {
            speed(check, &at.child("rollingUpdate"), rolling);
        }
        (UpdateStrategyType::OnDelete, _) => {}
        (other, _) => check.unsupported(&at, other.as_str(), &["RollingUpdate", "OnDelete"]),
    }
}

fn speed(check: &mut Check, at: &Path, rolling: &RollingUpdateDaemonSet) {
    let zero = IntOrText::Int(0);
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = rolling.max_surge.as_ref().unwrap_or(&zero);
    for (field, amount) in [("maxUnavailable", unavailable), ("maxSurge", surge)] {
        policy::positive_int_or_percent(check, &at.child(field), amount);
    }
    for (field, amount) in [("maxUnavailable", unavailable), ("maxSurge", surge)] {
        policy::at_most_all(check, &at.child(field), amount);
    }
    let some = |amount: &IntOrText| amount.scaled(100, true).unwrap_or(0) != 0;
    match (some(unavailable), some(surge)) {
        (true, true) => {
            let detail = "may not be set when maxUnavailable is non-zero";
            match surge {
                IntOrText::Int(n) => check.plain(&at.child("maxSurge"), n, detail),
                IntOrText::Text(text) => check.text(&at.child("maxSurge"), text, detail),
            }
        }
        (false, false) => {
            check.required(&at.child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
        }
        _ => {}
    }
}
