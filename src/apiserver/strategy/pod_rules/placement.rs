//! The rules for where a Pod may run: tolerations, affinity, spreading.
//!
//! Upstream: pkg/apis/core/validation/validation.go (ValidateTolerations, validateAffinity,
//! validateTopologySpreadConstraints)

use crate::api::core::pod::PodSpec;
use crate::api::core::scheduling::{
    Affinity, NodeSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm, Toleration,
};
use crate::apiserver::strategy::check::{Check, Path};
use crate::apiserver::strategy::{meta, names};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// The rules for tolerations.
pub(super) fn tolerations(check: &mut Check, at: &Path, tolerations: &[Toleration]) {
    for (index, toleration) in tolerations.iter().enumerate() {
        let at = at.index(index);
        let operator = at.child("operator");
        if toleration.key.is_empty() {
            if &*toleration.operator != "Exists" {
                let detail = "operator must be Exists when `key` is empty, which means \"match \
                              all values and all keys\"";
                check.text(&operator, &toleration.operator, detail);
            }
        } else {
            check.all(&at.child("key"), &toleration.key, names::qualified_name(&toleration.key));
        }
        if toleration.toleration_seconds.is_some() && &*toleration.effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            check.text(&at.child("effect"), &toleration.effect, detail);
        }
        match &*toleration.operator {
            "" | "Equal" => {
                let problems = names::label_value(&toleration.value);
                if !problems.is_empty() {
                    check.text(&operator, &toleration.value, &problems.join(";"));
                }
            }
            "Exists" => {
                if !toleration.value.is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    check.text(&operator, &toleration.value, detail);
                }
            }
            other => check.unsupported(&operator, other, &["Equal", "Exists"]),
        }
        if !toleration.effect.is_empty() {
            check.word(&at.child("effect"), &toleration.effect, EFFECTS);
        }
    }
}

/// The rules for affinity.
pub(super) fn affinity(check: &mut Check, at: &Path, affinity: &Affinity) {
    if let Some(node) = &affinity.node_affinity {
        let at = at.child("nodeAffinity");
        if let Some(selector) = &node.required {
            node_selector(check, &at.child(REQUIRED), selector);
        }
        let list = at.child(PREFERRED);
        for (index, preferred) in node.preferred.iter().enumerate() {
            let at = list.index(index);
            weight(check, &at, preferred.weight);
            term(check, &at.child("preference"), &preferred.preference);
        }
    }
    for (name, rules) in
        [("podAffinity", &affinity.pod_affinity), ("podAntiAffinity", &affinity.pod_anti_affinity)]
    {
        if let Some(rules) = rules {
            pod_affinity(check, &at.child(name), rules);
        }
    }
}

/// The rules for a choice of nodes.
pub fn node_selector(check: &mut Check, at: &Path, selector: &NodeSelector) {
    let terms = at.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        check.required(&terms, "must have at least one node selector term");
    }
    for (index, one) in selector.node_selector_terms.iter().enumerate() {
        term(check, &terms.index(index), one);
    }
}

fn weight(check: &mut Check, at: &Path, weight: i32) {
    if !(1..=100).contains(&weight) {
        check.plain(&at.child("weight"), weight, "must be in the range 1-100");
    }
}

fn term(check: &mut Check, at: &Path, term: &NodeSelectorTerm) {
    let list = at.child("matchExpressions");
    for (index, wanted) in term.match_expressions.iter().enumerate() {
        let at = list.index(index);
        let values = at.child("values");
        match (&*wanted.operator, wanted.values.len()) {
            ("In" | "NotIn", 0) => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                check.required(&values, detail);
            }
            ("Exists" | "DoesNotExist", 1..) => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                check.forbidden(&values, detail);
            }
            ("Gt" | "Lt", 0 | 2..) => {
                let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                check.required(&values, detail);
            }
            ("In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt", _) => {}
            (other, _) => {
                check.text(&at.child("operator"), other, "not a valid selector operator");
            }
        }
        check.all(&at.child("key"), &wanted.key, names::qualified_name(&wanted.key));
    }
    let list = at.child("matchFields");
    for (index, wanted) in term.match_fields.iter().enumerate() {
        let at = list.index(index);
        match (&*wanted.operator, wanted.values.len()) {
            ("In" | "NotIn", 1) => {}
            ("In" | "NotIn", _) => {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node \
                              field selector";
                check.required(&at.child("values"), detail);
            }
            (other, _) => {
                check.text(&at.child("operator"), other, "not a valid selector operator");
            }
        }
        if &*wanted.key != "metadata.name" {
            check.text(&at.child("key"), &wanted.key, "not a valid field selector key");
        }
    }
}

fn pod_affinity(check: &mut Check, at: &Path, rules: &PodAffinity) {
    let list = at.child(REQUIRED);
    for (index, term) in rules.required.iter().enumerate() {
        pod_term(check, &list.index(index), term);
    }
    let list = at.child(PREFERRED);
    for (index, preferred) in rules.preferred.iter().enumerate() {
        let at = list.index(index);
        weight(check, &at, preferred.weight);
        pod_term(check, &at.child("podAffinityTerm"), &preferred.pod_affinity_term);
    }
}

fn pod_term(check: &mut Check, at: &Path, term: &PodAffinityTerm) {
    if let Some(selector) = &term.label_selector {
        meta::selector(check, &at.child("labelSelector"), selector);
    }
    if let Some(selector) = &term.namespace_selector {
        meta::selector(check, &at.child("namespaceSelector"), selector);
    }
    for namespace in &term.namespaces {
        check.all(&at.child("namespace"), namespace, names::dns_label(namespace));
    }
    if term.topology_key.is_empty() {
        check.required(&at.child("topologyKey"), "can not be empty");
    } else {
        let problems = names::qualified_name(&term.topology_key);
        check.all(&at.child("topologyKey"), &term.topology_key, problems);
    }
}

/// The rules for spreading.
pub(super) fn spread(check: &mut Check, at: &Path, spec: &PodSpec) {
    let rules = &spec.topology_spread_constraints;
    for (index, rule) in rules.iter().enumerate() {
        let at = at.index(index);
        if rule.max_skew <= 0 {
            check.plain(&at.child("maxSkew"), rule.max_skew, "must be greater than zero");
        }
        if rule.topology_key.is_empty() {
            check.required(&at.child("topologyKey"), "can not be empty");
        } else {
            let problems = names::qualified_name(&rule.topology_key);
            check.all(&at.child("topologyKey"), &rule.topology_key, problems);
        }
        let when = &*rule.when_unsatisfiable;
        check.word(&at.child("whenUnsatisfiable"), when, &["DoNotSchedule", "ScheduleAnyway"]);
        let same = |other: &&_| pair(other) == pair(rule);
        if rules[..index].iter().any(|other| same(&other)) {
            let both = format!("{{{}, {when}}}", rule.topology_key);
            check.duplicate(&at.child("{topologyKey, whenUnsatisfiable}"), &both);
        }
        if let Some(domains) = rule.min_domains {
            if domains <= 0 {
                check.plain(&at.child("minDomains"), domains, "must be greater than 0");
            }
            if when == "ScheduleAnyway" {
                let detail = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not \
                              ScheduleAnyway";
                check.plain(&at.child("minDomains"), domains, detail);
            }
        }
        for (field, policy) in [
            ("nodeAffinityPolicy", &rule.node_affinity_policy),
            ("nodeTaintsPolicy", &rule.node_taints_policy),
        ] {
            if !policy.is_empty() {
                check.word(&at.child(field), policy, &["Honor", "Ignore"]);
            }
        }
        if let Some(selector) = &rule.label_selector {
            meta::selector(check, &at.child("labelSelector"), selector);
        }
    }
}

fn pair(rule: &crate::api::core::scheduling::TopologySpreadConstraint) -> (&str, &str) {
    (&rule.topology_key, &rule.when_unsatisfiable)
}
