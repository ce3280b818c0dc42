//! Budgets: rules, and the arithmetic of numbers and percentages.
//!
//! Upstream: pkg/apis/policy/validation/validation.go,
//! pkg/registry/policy/poddisruptionbudget/strategy.go

use super::check::{Check, Path};
use super::meta;
use crate::api::apps::go_json;
use crate::api::int_or_text::IntOrText;
use crate::api::json::Json;
use crate::api::policy::{PodDisruptionBudget, PodDisruptionBudgetSpec};

/// What a new budget starts with.
pub fn prepare_create(budget: &mut PodDisruptionBudget) {
    budget.status = Default::default();
    budget.meta.generation = 1;
}

/// What an update keeps of the budget it replaces.
pub fn prepare_update(new: &mut PodDisruptionBudget, old: &PodDisruptionBudget) {
    new.status = old.status.clone();
    if new.spec != old.spec {
        new.meta.generation = old.meta.generation + 1;
    }
}

/// The rules for what a budget wants.
pub fn validate(check: &mut Check, spec: &PodDisruptionBudgetSpec) {
    let at = Path::root("spec");
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let json = |value: &dyn Fn() -> serde_json::Value| go_json(&value());
        let shown = format!(
            "{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},\
             \"UnhealthyPodEvictionPolicy\":{}}}",
            json(&|| spec.min_available.write()),
            json(&|| spec.selector.write()),
            json(&|| spec.max_unavailable.write()),
            json(&|| spec.unhealthy_pod_eviction_policy.write()),
        );
        check.plain(&at, shown, "minAvailable and maxUnavailable cannot be both set");
    }
    for (field, amount) in
        [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)]
    {
        if let Some(amount) = amount {
            positive_int_or_percent(check, &at.child(field), amount);
            at_most_all(check, &at.child(field), amount);
        }
    }
    if let Some(selector) = &spec.selector {
        meta::selector(check, &at.child("selector"), selector);
    }
    if let Some(policy) = &spec.unhealthy_pod_eviction_policy {
        let known = &["AlwaysAllow", "IfHealthyBudget"];
        check.word(&at.child("unhealthyPodEvictionPolicy"), policy, known);
    }
}

/// The rule for a number that is not negative, or a percentage.
pub(super) fn positive_int_or_percent(check: &mut Check, at: &Path, amount: &IntOrText) {
    match amount {
        IntOrText::Int(n) => check.non_negative(at, (*n).into()),
        IntOrText::Text(text) => {
            let digits = text.strip_suffix('%').unwrap_or("");
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                let detail = "a valid percent string must be a numeric string followed by an \
                    ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
                check.text(at, text, detail);
            }
        }
    }
}

/// The rule for a percentage: at most 100.
pub(super) fn at_most_all(check: &mut Check, at: &Path, amount: &IntOrText) {
    if let IntOrText::Text(text) = amount
        && let Some(percent) = text.strip_suffix('%').and_then(|digits| digits.parse::<i64>().ok())
        && percent > 100
    {
        check.text(at, text, "must not be greater than 100%");
    }
}
