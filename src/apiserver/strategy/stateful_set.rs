//! StatefulSets and ControllerRevisions: defaults, rules, what may change.
//!
//! Upstream: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go,
//! pkg/registry/apps/statefulset/strategy.go

use super::check::{Check, Path};
use super::{Config, claim, meta, names, pod};
use crate::api::apps::go_json;
use crate::api::apps::stateful_set::PodManagementPolicy;
use crate::api::apps::stateful_set::{
    ControllerRevision, RetentionPolicyType, RollingUpdateStatefulSetStrategy, StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec, StatefulSetStatus,
    UpdateStrategyType,
};
use crate::api::core::container::{PersistentVolumeClaimVolumeSource, Volume};
use crate::api::int_or_text::IntOrText;
use crate::api::json::Json;
use serde_json::{Value, json};
use std::rc::Rc;

const IMMUTABLE: &str = "updates to statefulset spec for fields other than 'replicas', \
    'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
    'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/// Fills in what was not given.
pub fn default(set: &mut StatefulSet, config: &Config) {
    let spec = Rc::make_mut(&mut set.spec);
    pod::default_spec(&mut spec.template.spec);
    if spec.pod_management_policy == PodManagementPolicy::Unset {
        spec.pod_management_policy = PodManagementPolicy::OrderedReady;
    }
    let strategy = &mut spec.update_strategy;
    if strategy.kind == UpdateStrategyType::Unset {
        strategy.kind = UpdateStrategyType::RollingUpdate;
        strategy.rolling_update.get_or_insert_default();
    }
    if strategy.kind == UpdateStrategyType::RollingUpdate
        && let Some(rolling) = &mut strategy.rolling_update
        && config.max_unavailable_stateful_set
    {
        rolling.max_unavailable.get_or_insert(IntOrText::Int(1));
    }
    // Kept as a plain number inside, so it is there whatever the type of the strategy is.
    if let Some(rolling) = &mut strategy.rolling_update {
        rolling.partition.get_or_insert(0);
    }
    let retention = spec.retention.get_or_insert_default();
    for policy in [&mut retention.when_deleted, &mut retention.when_scaled] {
        if *policy == RetentionPolicyType::Unset {
            *policy = RetentionPolicyType::Retain;
        }
    }
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
    if !spec.volume_claim_templates.is_empty() {
        for template in Rc::make_mut(&mut spec.volume_claim_templates) {
            claim::default(template);
            template.rest.set("kind", json!("PersistentVolumeClaim"));
            template.rest.set("apiVersion", json!("v1"));
        }
    }
}

/// What a new set starts with, whatever its maker wrote there.
pub fn prepare_create(set: &mut StatefulSet, config: &Config) {
    set.status = StatefulSetStatus::default();
    set.meta.generation = 1;
    drop_disabled(set, None, config);
}

/// What an update keeps of the set it replaces.
pub fn prepare_update(new: &mut StatefulSet, old: &StatefulSet, config: &Config) {
    new.status = old.status.clone();
    drop_disabled(new, Some(old), config);
    if !Rc::ptr_eq(&new.spec, &old.spec) && new.spec != old.spec {
        new.meta.generation = old.meta.generation + 1;
    }
}

/// Fields whose gate is off vanish, unless they were in use before.
fn drop_disabled(new: &mut StatefulSet, old: Option<&StatefulSet>, config: &Config) {
    let used = |set: &StatefulSet| {
        let rolling = set.spec.update_strategy.rolling_update.as_ref();
        rolling.is_some_and(|rolling| rolling.max_unavailable.is_some())
    };
    if config.max_unavailable_stateful_set || !used(new) || old.is_some_and(used) {
        return;
    }
    if let Some(rolling) = &mut Rc::make_mut(&mut new.spec).update_strategy.rolling_update {
        rolling.max_unavailable = None;
    }
}

/// The rules for a new set.
pub fn validate_create(check: &mut Check, set: &StatefulSet) {
    spec(check, &set.spec, None);
}

/// The rules for a set that replaces `old`. Rules that came later do not bind sets that
/// already broke them.
pub fn validate_update(check: &mut Check, new: &StatefulSet, old: &StatefulSet) {
    spec(check, &new.spec, Some(&old.spec));
    let mut clone = (*new.spec).clone();
    clone.replicas = old.spec.replicas;
    clone.template = old.spec.template.clone();
    clone.update_strategy = old.spec.update_strategy.clone();
    clone.min_ready_seconds = old.spec.min_ready_seconds;
    clone.ordinals = old.spec.ordinals.clone();
    clone.revision_history_limit = old.spec.revision_history_limit;
    clone.retention = old.spec.retention.clone();
    if clone != *old.spec {
        check.forbidden(&Path::root("spec"), IMMUTABLE);
    }
}

fn spec(check: &mut Check, spec: &StatefulSetSpec, old: Option<&StatefulSetSpec>) {
    let at = Path::root("spec");
    match &spec.pod_management_policy {
        PodManagementPolicy::Unset => check.required(&at.child("podManagementPolicy"), ""),
        PodManagementPolicy::Other(word) => {
            let detail = "must be 'OrderedReady' or 'Parallel'";
            check.text(&at.child("podManagementPolicy"), word, detail);
        }
        _ => {}
    }
    strategy(check, &at, spec);
    if let Some(retention) = &spec.retention {
        retained(check, &at.child("persistentVolumeClaimRetentionPolicy"), retention);
    }
    if old.is_none() {
        let list = at.child("volumeClaimTemplates");
        for (index, template) in spec.volume_claim_templates.iter().enumerate() {
            let at = list.index(index);
            claim::validate_spec(check, &at.child("spec"), &template.spec);
        }
    }
    check.non_negative(&at.child("replicas"), spec.replicas.unwrap_or(1).into());
    check.non_negative(&at.child("minReadySeconds"), spec.min_ready_seconds.into());
    if let Some(ordinals) = &spec.ordinals {
        check.non_negative(&at.child("ordinals.start"), ordinals.start.into());
    }
    if old.is_none() && !spec.service_name.is_empty() {
        let problems = names::dns_label(&spec.service_name);
        check.all(&at.child("serviceName"), &spec.service_name, problems);
    }
    selector_and_template(check, &at, spec, old);
    let template = at.child("template");
    let pod = template.child("spec");
    match spec.template.spec.restart_policy.as_str() {
        "Always" => {}
        word => check.unsupported(&pod.child("restartPolicy"), word, &["Always"]),
    }
    if spec.template.spec.active_deadline_seconds.is_some() {
        let detail = "activeDeadlineSeconds in StatefulSet is not Supported";
        check.forbidden(&pod.child("activeDeadlineSeconds"), detail);
    }
}

fn strategy(check: &mut Check, at: &Path, spec: &StatefulSetSpec) {
    let at = at.child("updateStrategy");
    let rolling_at = at.child("rollingUpdate");
    let strategy = &spec.update_strategy;
    match (&strategy.kind, &strategy.rolling_update) {
        (UpdateStrategyType::Unset, _) => check.required(&at, ""),
        (UpdateStrategyType::OnDelete, Some(rolling)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            check.plain(&rolling_at, go_rolling(rolling), detail);
        }
        (UpdateStrategyType::RollingUpdate, Some(rolling)) => {
            let partition = i64::from(rolling.partition.unwrap_or(0));
            check.non_negative(&rolling_at.child("partition"), partition);
            if let Some(most) = &rolling.max_unavailable {
                max_unavailable(check, &rolling_at.child("maxUnavailable"), most);
            }
        }
        (UpdateStrategyType::Other(word), rolling) => {
            let rolling = rolling.as_ref().map_or("null".into(), go_rolling);
            let shown = format!("{{\"Type\":{word:?},\"RollingUpdate\":{rolling}}}");
            check.plain(&at, shown, "must be 'RollingUpdate' or 'OnDelete'");
        }
        _ => {}
    }
}

/// As Go prints the internal type, which has no names for JSON.
fn go_rolling(rolling: &RollingUpdateStatefulSetStrategy) -> String {
    let most = rolling.max_unavailable.as_ref().map_or(Value::Null, Json::write);
    format!(
        "{{\"Partition\":{},\"MaxUnavailable\":{}}}",
        rolling.partition.unwrap_or(0),
        go_json(&most)
    )
}

fn max_unavailable(check: &mut Check, at: &Path, most: &IntOrText) {
    super::policy::positive_int_or_percent(check, at, most);
    if matches!(most.scaled(100, true), Some(0)) {
        match most {
            IntOrText::Int(n) => check.plain(at, n, "cannot be 0"),
            IntOrText::Text(text) => check.text(at, text, "cannot be 0"),
        }
    }
    super::policy::at_most_all(check, at, most);
}

fn retained(
    check: &mut Check,
    at: &Path,
    policy: &StatefulSetPersistentVolumeClaimRetentionPolicy,
) {
    let known = RetentionPolicyType::WORDS;
    check.word(&at.child("whenDeleted"), policy.when_deleted.as_str(), known);
    check.word(&at.child("whenScaled"), policy.when_scaled.as_str(), known);
}

fn selector_and_template(
    check: &mut Check,
    at: &Path,
    spec: &StatefulSetSpec,
    old: Option<&StatefulSetSpec>,
) {
    let selector_at = at.child("selector");
    let mut usable = true;
    match &spec.selector {
        None => check.required(&selector_at, ""),
        Some(selector) => {
            usable = meta::selector(check, &selector_at, selector);
            if selector.is_empty() {
                let detail = "empty selector is invalid for statefulset";
                check.plain(&selector_at, "{}", detail);
            }
        }
    }
    if !usable {
        check.tree(&selector_at, &spec.selector, "");
        return;
    }
    let template_at = at.child("template");
    let labels = &spec.template.meta.labels;
    if spec.selector.as_ref().is_none_or(|selector| !selector.matches(labels)) {
        let metadata = template_at.child("metadata");
        let detail = "`selector` does not match template `labels`";
        check.tree(&metadata.child("labels"), labels, detail);
    }
    // Upstream checks these twice: here, and with the rest of the template below.
    meta::labels(check, &template_at.child("labels"), labels);
    meta::annotations(check, &template_at.child("annotations"), &spec.template.meta.annotations);
    let volume = |name: &crate::base::Str| Volume {
        name: name.clone(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: name.clone(),
            ..Default::default()
        }),
        ..Volume::default()
    };
    let mut claims: Vec<Volume> = Vec::new();
    for template in spec.volume_claim_templates.iter() {
        if claims.iter().all(|claim| claim.name != template.meta.name) {
            claims.push(volume(&template.meta.name));
        }
    }
    let template = (&spec.template.meta, &*spec.template.spec);
    let mut found = Check::default();
    pod::validate_template(&mut found, &template_at, template, &claims);
    // A template that broke the rules before may stay as it is.
    let tolerated = !found.causes.is_empty()
        && old.is_some_and(|old| {
            let mut before = Check::default();
            let template = (&old.template.meta, &*old.template.spec);
            pod::validate_template(&mut before, &template_at, template, &claims);
            old.template == spec.template
                && !before.causes.is_empty()
                && old.volume_claim_templates == spec.volume_claim_templates
        });
    if !tolerated {
        // The set's own rule for restartPolicy says it shorter.
        check.causes.append(&mut found.causes);
    }
}

/// The rules for how far a set has come.
pub fn validate_status(check: &mut Check, new: &StatefulSetStatus, old: &StatefulSetStatus) {
    let at = Path::root("status");
    let counts = [
        ("replicas", new.replicas),
        ("readyReplicas", new.ready_replicas),
        ("currentReplicas", new.current_replicas),
        ("updatedReplicas", new.updated_replicas),
        ("availableReplicas", new.available_replicas),
    ];
    for (field, count) in counts {
        check.non_negative(&at.child(field), count.into());
    }
    check.non_negative(&at.child("observedGeneration"), new.observed_generation);
    if let Some(count) = new.collision_count {
        check.non_negative(&at.child("collisionCount"), count.into());
    }
    for (field, count) in &counts[1..] {
        if *count > new.replicas {
            check.plain(&at.child(field), count, "cannot be greater than status.replicas");
        }
    }
    if new.available_replicas > new.ready_replicas {
        let detail = "cannot be greater than status.readyReplicas";
        check.plain(&at.child("availableReplicas"), new.available_replicas, detail);
    }
    if new.collision_count.unwrap_or(0) < old.collision_count.unwrap_or(0) {
        let shown = new.collision_count.unwrap_or(0);
        check.plain(&at.child("collisionCount"), shown, "cannot be decremented");
    }
}

/// The rules for a remembered template; its data never changes.
pub fn validate_revision(
    check: &mut Check,
    new: &ControllerRevision,
    old: Option<&ControllerRevision>,
) {
    if new.data.is_null() {
        check.required(&Path::root("data"), "data is mandatory");
    }
    check.non_negative(&Path::root("revision"), new.revision);
    if old.is_some_and(|old| old.data != new.data) {
        check.text(&Path::root("data"), "<value omitted>", "field is immutable");
    }
}
