//! Deployments and ReplicaSets: defaults, rules, what may change.
//!
//! Not here: podReplacementPolicy, whose gate is off in 1.36.
//!
//! Upstream: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go,
//! pkg/registry/apps/{deployment,replicaset}/strategy.go

use super::check::{Check, Path};
use super::{meta, names, pod, policy, workload};
use crate::api::apps::deployment::{
    Deployment, DeploymentSpec, DeploymentStatus, DeploymentStrategyType, ReplicaSet,
    ReplicaSetStatus,
};
use crate::api::apps::go_json;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::int_or_text::IntOrText;
use crate::api::json::Json;
use crate::api::meta::LabelSelector;
use crate::apiserver::status::Cause;
use std::rc::Rc;

/// Fills in what was not given.
pub fn default(deployment: &mut Deployment) {
    let spec = Rc::make_mut(&mut deployment.spec);
    pod::default_spec(&mut spec.template.spec);
    spec.replicas.get_or_insert(1);
    if spec.strategy.kind == DeploymentStrategyType::Unset {
        spec.strategy.kind = DeploymentStrategyType::RollingUpdate;
    }
    if spec.strategy.kind == DeploymentStrategyType::RollingUpdate {
        let rolling = spec.strategy.rolling_update.get_or_insert_default();
        for amount in [&mut rolling.max_unavailable, &mut rolling.max_surge] {
            amount.get_or_insert(IntOrText::Text("25%".into()));
        }
    }
    spec.revision_history_limit.get_or_insert(10);
    spec.progress_deadline_seconds.get_or_insert(600);
}

/// The same of a ReplicaSet.
pub fn default_replica_set(set: &mut ReplicaSet) {
    let spec = Rc::make_mut(&mut set.spec);
    pod::default_spec(&mut spec.template.spec);
    spec.replicas.get_or_insert(1);
}

/// What an update keeps of the Deployment it replaces. Its annotations are part of what it
/// wants: they are copied to its ReplicaSet.
pub fn prepare_update(new: &mut Deployment, old: &Deployment) {
    new.status = old.status.clone();
    if new.meta.annotations != old.meta.annotations || new.spec != old.spec {
        new.meta.generation = old.meta.generation + 1;
    }
}

/// The same of a ReplicaSet.
pub fn prepare_replica_set_update(new: &mut ReplicaSet, old: &ReplicaSet) {
    new.status = old.status.clone();
    if new.spec != old.spec {
        new.meta.generation = old.meta.generation + 1;
    }
}

/// The rules for a Deployment, new or in place of `old`.
pub fn validate(check: &mut Check, new: &Deployment, old: Option<&Deployment>) {
    let (at, spec) = (Path::root("spec"), &new.spec);
    check.non_negative(&at.child("replicas"), new.replicas().into());
    selector_and_template(check, &at, &spec.selector, &spec.template);
    strategy(check, &at.child("strategy"), spec);
    check.non_negative(&at.child("minReadySeconds"), spec.min_ready_seconds.into());
    let limit = spec.revision_history_limit.unwrap_or(0);
    check.non_negative(&at.child("revisionHistoryLimit"), limit.into());
    if let Some(seconds) = spec.progress_deadline_seconds {
        let at = at.child("progressDeadlineSeconds");
        check.non_negative(&at, seconds.into());
        if seconds <= spec.min_ready_seconds {
            check.plain(&at, seconds, "must be greater than minReadySeconds");
        }
    }
    immutable_selector(check, &at, &spec.selector, old.map(|old| &old.spec.selector));
}

/// The rules for a ReplicaSet, new or in place of `old`.
pub fn validate_replica_set(check: &mut Check, new: &ReplicaSet, old: Option<&ReplicaSet>) {
    let (at, spec) = (Path::root("spec"), &new.spec);
    check.non_negative(&at.child("replicas"), new.replicas().into());
    check.non_negative(&at.child("minReadySeconds"), spec.min_ready_seconds.into());
    selector_and_template(check, &at, &spec.selector, &spec.template);
    immutable_selector(check, &at, &spec.selector, old.map(|old| &old.spec.selector));
}

type Selector = Option<LabelSelector>;

fn immutable_selector(check: &mut Check, at: &Path, new: &Selector, old: Option<&Selector>) {
    if let Some(old) = old {
        workload::immutable(check, &at.child("selector"), new, old);
    }
}

fn selector_and_template(
    check: &mut Check,
    at: &Path,
    selector: &Selector,
    template: &PodTemplateSpec,
) {
    let selector_at = at.child("selector");
    let mut usable = true;
    match selector {
        None => check.required(&selector_at, ""),
        Some(selector) => {
            usable = meta::selector(check, &selector_at, selector);
            if selector.is_empty() {
                // Of ReplicaSets as well.
                check.plain(&selector_at, "{}", "empty selector is invalid for deployment");
            }
        }
    }
    if !usable {
        check.tree(&selector_at, selector, "invalid label selector");
        return;
    }
    workload::matches(check, at, selector, template);
    workload::always_restarting(check, at, template, "ReplicaSet");
}

fn strategy(check: &mut Check, at: &Path, spec: &DeploymentSpec) {
    let strategy = &spec.strategy;
    let rolling_at = at.child("rollingUpdate");
    match (&strategy.kind, &strategy.rolling_update) {
        (DeploymentStrategyType::Recreate, Some(_)) => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            check.forbidden(&rolling_at, detail);
        }
        (DeploymentStrategyType::RollingUpdate, Some(rolling)) => {
            let amount = |amount: &Option<IntOrText>| amount.clone().unwrap_or_default();
            let unavailable = amount(&rolling.max_unavailable);
            let surge = amount(&rolling.max_surge);
            let at = rolling_at.child("maxUnavailable");
            policy::positive_int_or_percent(check, &at, &unavailable);
            policy::positive_int_or_percent(check, &rolling_at.child("maxSurge"), &surge);
            // Texts that are no percentages count as nothing.
            let is_zero = |a: &IntOrText| a.scaled(100, true).unwrap_or(0) == 0;
            if is_zero(&unavailable) && is_zero(&surge) {
                let detail = "may not be 0 when `maxSurge` is 0";
                check.tree(&at, &unavailable, detail);
            }
            policy::at_most_all(check, &at, &unavailable);
        }
        (DeploymentStrategyType::Other(word), rolling) => {
            let mut cause = Cause::unsupported(at.to_string(), "", DeploymentStrategyType::WORDS);
            // As Go prints the internal type, which has no names for JSON.
            let rolling = rolling.as_ref().map_or("null".into(), |rolling| {
                let json = |a: &Option<IntOrText>| go_json(&a.clone().unwrap_or_default().write());
                let (most, surge) = (json(&rolling.max_unavailable), json(&rolling.max_surge));
                format!("{{\"MaxUnavailable\":{most},\"MaxSurge\":{surge}}}")
            });
            let shown = format!("{{\"Type\":{word:?},\"RollingUpdate\":{rolling}}}");
            cause.message = cause.message.replacen("\"\"", &shown, 1);
            check.causes.push(cause);
        }
        _ => {}
    }
}

/// The rules for how far a Deployment has come.
pub fn validate_status(check: &mut Check, new: &DeploymentStatus, old: &DeploymentStatus) {
    let at = Path::root("status");
    check.non_negative(&at.child("observedGeneration"), new.observed_generation);
    let counts = [
        ("updatedReplicas", new.updated_replicas),
        ("readyReplicas", new.ready_replicas),
        ("availableReplicas", new.available_replicas),
    ];
    counted(check, new.replicas, &counts, new.ready_replicas);
    check.non_negative(&at.child("unavailableReplicas"), new.unavailable_replicas.into());
    let terminating = new.terminating_replicas.unwrap_or(0);
    check.non_negative(&at.child("terminatingReplicas"), terminating.into());
    let count = new.collision_count.unwrap_or(0);
    check.non_negative(&at.child("collisionCount"), count.into());
    if count < old.collision_count.unwrap_or(0) {
        check.plain(&at.child("collisionCount"), count, "cannot be decremented");
    }
}

/// The rules for how far a ReplicaSet has come.
pub fn validate_replica_set_status(check: &mut Check, new: &ReplicaSetStatus) {
    let counts = [
        ("fullyLabeledReplicas", new.fully_labeled_replicas),
        ("readyReplicas", new.ready_replicas),
        ("availableReplicas", new.available_replicas),
    ];
    counted(check, new.replicas, &counts, new.ready_replicas);
    let at = Path::root("status");
    let terminating = new.terminating_replicas.unwrap_or(0);
    check.non_negative(&at.child("terminatingReplicas"), terminating.into());
    check.non_negative(&at.child("observedGeneration"), new.observed_generation);
}

fn counted(check: &mut Check, replicas: i32, counts: &[(&str, i32)], ready: i32) {
    let at = Path::root("status");
    check.non_negative(&at.child("replicas"), replicas.into());
    for (field, count) in counts {
        check.non_negative(&at.child(field), (*count).into());
    }
    for (field, count) in counts {
        if *count > replicas {
            check.plain(&at.child(field), count, "cannot be greater than status.replicas");
        }
        if *field == "availableReplicas" && *count > ready {
            check.plain(&at.child(field), count, "cannot be greater than readyReplicas");
        }
    }
}

/// What the server warns of: a name that cannot be part of a Pod's host name, and what is odd
/// about the template.
pub fn warnings(name: &str, template: &PodTemplateSpec, out: &mut Vec<String>) {
    let problems = names::dns_label(name);
    if !problems.is_empty() {
        out.push(format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in \
             surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        ));
    }
    pod::warnings(&template.spec, "spec.template.spec", out);
}
