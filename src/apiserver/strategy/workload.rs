//! The rules that kinds with a selector and a template share.
//!
//! Not here: StatefulSets, whose claims count among the template's volumes.
//!
//! Upstream: pkg/apis/apps/validation/validation.go, pkg/apis/batch/validation/validation.go

use super::check::{Check, Path};
use super::{meta, pod};
use crate::api::core::pod::PodTemplateSpec;
use crate::api::json::Json;
use crate::api::meta::LabelSelector;

/// The rules for the selector in the spec at `at`; says whether it can be used.
pub fn selector(check: &mut Check, at: &Path, selector: &Option<LabelSelector>) -> bool {
    let at = at.child("selector");
    selector.as_ref().is_none_or(|selector| meta::selector(check, &at, selector))
}

/// The selector must match the template's labels.
pub fn matches(
    check: &mut Check,
    at: &Path,
    selector: &Option<LabelSelector>,
    template: &PodTemplateSpec,
) {
    let labels = &template.meta.labels;
    if selector.as_ref().is_none_or(|selector| !selector.matches(labels)) {
        let at = at.child("template");
        let at = at.child("metadata");
        check.tree(&at.child("labels"), labels, "`selector` does not match template `labels`");
    }
}

/// The rules for the template in the spec at `at`.
pub fn template(check: &mut Check, at: &Path, template: &PodTemplateSpec) {
    pod::validate_template(check, &at.child("template"), (&template.meta, &template.spec), &[]);
}

/// The rules for the template of a `kind` whose Pods run for ever.
pub fn always_restarting(check: &mut Check, at: &Path, template: &PodTemplateSpec, kind: &str) {
    self::template(check, at, template);
    let at = at.child("template");
    let at = at.child("spec");
    let policy = template.spec.restart_policy.as_str();
    check.word(&at.child("restartPolicy"), policy, &["Always"]);
    if template.spec.active_deadline_seconds.is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        check.forbidden(&at.child("activeDeadlineSeconds"), &detail);
    }
}

/// The field at `at` must stay as it is.
pub fn immutable<T: Json + PartialEq>(check: &mut Check, at: &Path, new: &T, old: &T) {
    if new != old {
        check.tree(at, new, "field is immutable");
    }
}
