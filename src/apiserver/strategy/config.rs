//! Namespaces, ConfigMaps, Secrets, quotas, limits, nodes: defaults and rules.
//!
//! Upstream: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go

use super::check::{Check, Path};
use super::{meta, names};
use crate::api::core::config::{ConfigMap, LimitRange, Namespace, ResourceQuota, Secret};
use crate::api::core::node::Node;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::text::base64;
use serde_json::Value;
use std::rc::Rc;

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
/// The most that a ConfigMap or Secret may hold, in bytes.
const MOST_DATA: usize = 1024 * 1024;

/// Fills in what was not given.
pub fn default_namespace(namespace: &mut Namespace) {
    let name = namespace.meta.name.clone();
    if !name.is_empty() {
        namespace.meta.labels.set("kubernetes.io/metadata.name", name);
    }
    if namespace.status.phase.is_empty() {
        namespace.status.phase = "Active".into();
    }
}

/// What a new Namespace starts with.
pub fn prepare_namespace(namespace: &mut Namespace) {
    namespace.status = Default::default();
    namespace.status.phase = "Active".into();
    if namespace.spec.finalizers.is_empty() {
        namespace.spec.finalizers.push("kubernetes".into());
    }
}

/// Fills in what was not given.
pub fn default_secret(secret: &mut Secret) {
    if secret.kind.is_empty() {
        secret.kind = "Opaque".into();
    }
    // Plain text is only for writing: it is stored with the rest, encoded.
    if let Some(Value::Object(plain)) = secret.rest.get("stringData").cloned() {
        let data = Rc::make_mut(&mut secret.data);
        for (key, value) in plain {
            let text = value.as_str().unwrap_or("");
            data.insert(key.into(), base64(text.as_bytes()).into());
        }
        secret.rest.remove("stringData");
    }
}

/// The rules for a ConfigMap.
pub fn validate_config_map(check: &mut Check, new: &ConfigMap, old: Option<&ConfigMap>) {
    data(check, &new.data);
    if let Some(old) = old.filter(|old| old.immutable == Some(true)) {
        unchanged(check, new.immutable, new.data == old.data);
    }
}

/// The rules for a Secret.
pub fn validate_secret(check: &mut Check, new: &Secret, old: Option<&Secret>) {
    data(check, &new.data);
    if let Some(old) = old {
        if old.immutable == Some(true) {
            unchanged(check, new.immutable, new.data == old.data);
        }
        if old.kind != new.kind {
            check.text(&Path::root("type"), &new.kind, "field is immutable");
        }
    }
}

fn data(check: &mut Check, data: &SortedMap<Str, Str>) {
    let at = Path::root("data");
    let mut size = 0;
    for (key, value) in data {
        check.all(&at.key(key), key, names::config_map_key(key));
        size += value.len();
    }
    if size > MOST_DATA {
        let cause = crate::apiserver::status::Cause {
            reason: "FieldValueTooLong",
            message: format!("Too long: may not be more than {MOST_DATA} bytes"),
            field: "[]".into(),
        };
        check.causes.push(cause);
    }
}

fn unchanged(check: &mut Check, immutable: Option<bool>, same: bool) {
    let detail = "field is immutable when `immutable` is set";
    if immutable != Some(true) {
        check.forbidden(&Path::root("immutable"), detail);
    }
    if !same {
        check.forbidden(&Path::root("data"), detail);
    }
}

/// Fills in what was not given, as limits of containers follow from one another.
pub fn default_limits(range: &mut LimitRange) {
    for item in range.spec.limits.iter_mut().filter(|item| &*item.kind == "Container") {
        for (name, amount) in item.max.clone() {
            item.default.get_or_insert_with(name, || amount);
        }
        for list in [item.default.clone(), item.min.clone()] {
            for (name, amount) in list {
                item.default_request.get_or_insert_with(name, || amount);
            }
        }
    }
}

/// The rules for limits: least, default and most are in order.
pub fn validate_limits(check: &mut Check, range: &LimitRange) {
    let at = Path::root("spec");
    let list = at.child("limits");
    for (index, item) in range.spec.limits.iter().enumerate() {
        let at = list.index(index);
        for (name, least) in &item.min {
            if let Some(most) = item.max.get(name).filter(|most| least > most) {
                let detail = format!("min value {least} is greater than max value {most}");
                let min = at.child("min");
                check.text(&min.key(name), &least.to_string(), &detail);
            }
        }
        for (name, default) in &item.default {
            if let Some(most) = item.max.get(name).filter(|most| default > most) {
                let detail = format!("default value {default} is greater than max value {most}");
                let at = at.child("default");
                check.text(&at.key(name), &default.to_string(), &detail);
            }
        }
    }
}

/// The rules for a quota.
pub fn validate_quota(check: &mut Check, quota: &ResourceQuota) {
    let at = Path::root("spec");
    let hard = at.child("hard");
    for (name, amount) in &quota.spec.hard {
        check.all(&hard.key(name), name, names::qualified_name(name));
        if amount.is_negative() {
            let detail = "must be greater than or equal to 0";
            check.text(&hard.key(name), &amount.to_string(), detail);
        }
    }
}

/// Fills in what was not given.
pub fn default_node(node: &mut Node) {
    if node.status.allocatable.is_empty() {
        node.status.allocatable = node.status.capacity.clone();
    }
}

/// The rules for a Node.
pub fn validate_node(check: &mut Check, new: &Node, old: Option<&Node>) {
    let at = Path::root("spec");
    let list = at.child("taints");
    for (index, taint) in new.spec.taints.iter().enumerate() {
        let at = list.index(index);
        check.all(&at.child("key"), &taint.key, names::qualified_name(&taint.key));
        check.all(&at.child("value"), &taint.value, names::label_value(&taint.value));
        check.word(&at.child("effect"), &taint.effect, EFFECTS);
        let same = |other: &crate::api::core::node::Taint| {
            other.key == taint.key && other.effect == taint.effect
        };
        if new.spec.taints[..index].iter().any(same) {
            let detail = "taints must be unique by key and effect pair";
            check.duplicate(&at, detail);
        }
    }
    if let Some(old) = old
        && !old.spec.provider_id.is_empty()
        && old.spec.provider_id != new.spec.provider_id
    {
        let detail = "node updates may not change providerID except from \"\" to valid";
        check.forbidden(&at.child("providerID"), detail);
    }
    meta::labels(check, &Path::root("metadata").child("labels"), &new.meta.labels);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_encoded() {
        let encoded = ["", "a", "ab", "abc"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "YQ==", "YWI=", "YWJj"]);
    }
}
