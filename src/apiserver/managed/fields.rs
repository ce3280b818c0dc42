//! Sets of fields, and how objects fall apart into them: which lists are maps in disguise, which
//! structs have one owner only.
//!
//! Not here: kinds that Kubernetes does not have. A field of which only its name is known here is
//! divided as upstream divides what has no schema: maps by key, lists not at all.
//!
//! Upstream: sigs.k8s.io/structured-merge-diff/v6 (fieldpath/set.go, typed/{tofieldset,compare,
//! merge,remove}.go); the tables are the listMapKey and atomic marks of the API types

use crate::api::json::{Schema, Shape};
use crate::api::managed::Fields;
use crate::apiserver::patch::strategic::interleave;
use serde_json::{Map, Value, json};

/// Lists whose items are owned one by one: the type they are in, the field, the keys of the
/// items; no keys for a set of plain values.
const LISTS: &[(&str, &str, &[&str])] = &[
    ("CSIDriverSpec", "volumeLifecycleModes", &[]),
    ("CSINodeSpec", "drivers", &["name"]),
    ("Container", "env", &["name"]),
    ("Container", "ports", &["containerPort", "protocol"]),
    ("Container", "volumeDevices", &["devicePath"]),
    ("Container", "volumeMounts", &["mountPath"]),
    ("ContainerStatus", "volumeMounts", &["mountPath"]),
    ("Endpoint", "addresses", &[]),
    ("NodeSpec", "podCIDRs", &[]),
    ("NodeStatus", "addresses", &["type"]),
    ("ObjectMeta", "finalizers", &[]),
    ("ObjectMeta", "ownerReferences", &["uid"]),
    ("PodSpec", "containers", &["name"]),
    ("PodSpec", "ephemeralContainers", &["name"]),
    ("PodSpec", "hostAliases", &["ip"]),
    ("PodSpec", "imagePullSecrets", &["name"]),
    ("PodSpec", "initContainers", &["name"]),
    ("PodSpec", "resourceClaims", &["name"]),
    ("PodSpec", "schedulingGates", &["name"]),
    ("PodSpec", "topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("PodSpec", "volumes", &["name"]),
    ("PodStatus", "podIPs", &["ip"]),
    ("ResourceRequirements", "claims", &["name"]),
    ("ServiceAccount", "secrets", &["name"]),
    ("ServiceSpec", "ports", &["port", "protocol"]),
    ("UncountedTerminatedPods", "failed", &[]),
    ("UncountedTerminatedPods", "succeeded", &[]),
];

/// Types that have one owner.
const WHOLE: &[&str] = &[
    "EndpointAddress",
    "EndpointPort",
    "KeySelector",
    "LabelSelector",
    "NodeSelector",
    "NodeSelectorTerm",
    "ObjectFieldSelector",
    "ObjectReference",
    "OwnerReference",
];

/// How a value falls apart.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Not at all.
    Whole,
    /// Into the fields of a struct.
    Struct(&'static Schema),
    /// Into the values of a map.
    Map(Shape),
    /// Into the items of a list.
    Items(&'static [&'static str], Shape),
}

impl Unit {
    /// Of `value`, which is in the field `key` of the type `owner`.
    pub fn of(owner: &str, key: &str, shape: Shape, value: &Value) -> Unit {
        match (shape, value) {
            (Shape::Object(schema), _) if !WHOLE.contains(&schema.name) => Unit::Struct(schema),
            (Shape::Dict(_), _)
                if matches!(
                    (owner, key),
                    ("PodSpec", "nodeSelector") | ("ServiceSpec", "selector")
                ) =>
            {
                Unit::Whole
            }
            (Shape::Dict(item), _) => Unit::Map(*item),
            (Shape::Any, Value::Object(_)) => Unit::Map(Shape::Any),
            (Shape::List(_), _) | (Shape::Any, Value::Array(_)) => {
                let item = if let Shape::List(item) = shape { *item } else { Shape::Any };
                let conditions = key == "conditions" && owner.ends_with("Status");
                if conditions && owner != "JobStatus" {
                    return Unit::Items(&["type"], item);
                }
                let known = LISTS.iter().find(|(of, name, _)| *of == owner && *name == key);
                known.map_or(Unit::Whole, |(_, _, keys)| Unit::Items(keys, item))
            }
            _ => Unit::Whole,
        }
    }

    /// The parts of `value`: the step that leads there, the part, how it falls apart in turn.
    pub fn parts<'v>(self, value: &'v Value) -> Vec<(String, &'v Value, Unit)> {
        match (self, value) {
            (Unit::Struct(schema), Value::Object(map)) => {
                let part = |(key, value): (&String, &'v Value)| {
                    let field = schema.field(key)?;
                    let unit = Unit::of(schema.name, key, field.shape, value);
                    Some((format!("f:{key}"), value, unit))
                };
                map.iter().filter_map(part).collect()
            }
            (Unit::Map(item), Value::Object(map)) => {
                let unit = |value| Unit::of("", "", item, value);
                map.iter().map(|(key, value)| (format!("f:{key}"), value, unit(value))).collect()
            }
            (Unit::Items(keys, shape), Value::Array(items)) => {
                let unit = |value| match keys {
                    [] => Unit::Whole,
                    _ => Unit::of("", "", shape, value),
                };
                items.iter().map(|item| (step_to(item, keys), item, unit(item))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The value of the key of a list's item; a few have a usual one.
pub fn key_of(item: &Value, key: &str) -> Value {
    match item.get(key) {
        None | Some(Value::Null) if key == "protocol" => json!("TCP"),
        found => found.cloned().unwrap_or_default(),
    }
}

/// The step to an item of a list.
pub fn step_to(item: &Value, keys: &[&str]) -> String {
    if keys.is_empty() {
        return format!("v:{item}");
    }
    let pair = |key: &&str| (key.to_string(), key_of(item, key));
    format!("k:{}", Value::Object(keys.iter().map(pair).collect()))
}

/// The fields that `value` sets, as an applier owns them.
pub fn of(value: &Value, unit: Unit) -> Fields {
    fields(value, unit, false)
}

/// The same, and everything they are in: what is there of `value`.
pub fn all_of(value: &Value, unit: Unit) -> Fields {
    fields(value, unit, true)
}

fn fields(value: &Value, unit: Unit, all: bool) -> Fields {
    let mut out = Fields::new();
    for (step, part, inner) in unit.parts(value) {
        let mut node = fields(part, inner, all);
        // A field with parts is not in the set itself; a value of a map and an item of a list is.
        let is_empty = part.is_null() || part.as_object().is_some_and(Map::is_empty);
        let is_field = matches!(unit, Unit::Struct(_));
        let member = all || !is_field || is_empty || matches!(inner, Unit::Whole);
        if member && !node.is_empty() {
            node.insert(".".into(), json!({}));
        }
        if member || !node.is_empty() {
            out.insert(step, Value::Object(node));
        }
    }
    out
}

/// The fields that both have, with other values.
pub fn modified(old: &Value, new: &Value, unit: Unit) -> Fields {
    let mut out = Fields::new();
    let before = unit.parts(old);
    for (step, part, inner) in unit.parts(new) {
        let Some((_, was, was_inner)) = before.iter().find(|(other, ..)| *other == step) else {
            continue;
        };
        let whole = matches!(inner, Unit::Whole) || matches!(was_inner, Unit::Whole);
        if whole && *was != part {
            out.insert(step, json!({}));
        } else if !whole {
            let node = modified(was, part, inner);
            if !node.is_empty() {
                out.insert(step, Value::Object(node));
            }
        }
    }
    out
}

/// What is under a step, and whether the step itself is in the set.
fn look<'f>(set: &'f Fields, step: &str, nothing: &'f Fields) -> (bool, &'f Fields) {
    match set.get(step).and_then(Value::as_object) {
        Some(node) => (node.is_empty() || node.contains_key("."), node),
        None => (false, nothing),
    }
}

fn combine(a: &Fields, b: &Fields, keep: fn(bool, bool) -> bool) -> Fields {
    let nothing = Fields::new();
    let mut out = Fields::new();
    let others = b.keys().filter(|step| !a.contains_key(*step));
    for step in a.keys().chain(others).filter(|step| *step != ".") {
        let ((in_a, a), (in_b, b)) = (look(a, step, &nothing), look(b, step, &nothing));
        let mut node = combine(a, b, keep);
        let member = keep(in_a, in_b);
        if member && !node.is_empty() {
            node.insert(".".into(), json!({}));
        }
        if member || !node.is_empty() {
            out.insert(step.clone(), Value::Object(node));
        }
    }
    out
}

/// What is in either.
pub fn union(a: &Fields, b: &Fields) -> Fields {
    combine(a, b, |a, b| a || b)
}

/// What is in both.
pub fn intersection(a: &Fields, b: &Fields) -> Fields {
    combine(a, b, |a, b| a && b)
}

/// What is in the first alone.
pub fn difference(a: &Fields, b: &Fields) -> Fields {
    combine(a, b, |a, b| a && !b)
}

/// All fields in words, such as `.spec.template.spec.containers[name="nginx"].image`.
pub fn paths(set: &Fields, prefix: &str, out: &mut Vec<String>) {
    let nothing = Fields::new();
    let steps = || set.keys().filter(|step| *step != ".");
    out.extend(
        steps().filter(|s| look(set, s, &nothing).0).map(|step| format!("{prefix}{}", word(step))),
    );
    for step in steps() {
        paths(look(set, step, &nothing).1, &format!("{prefix}{}", word(step)), out);
    }
}

/// A step as paths say it.
pub fn word(step: &str) -> String {
    match (step.get(..2), step.get(2..).unwrap_or("")) {
        (Some("f:"), name) => format!(".{name}"),
        (Some("k:"), keys) => {
            let keys: Fields = serde_json::from_str(keys).unwrap_or_default();
            let pairs: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("[{}]", pairs.join(","))
        }
        (_, value) => format!("[={value}]"),
    }
}

/// `live` with everything that `applied` says.
pub fn merge(live: &Value, applied: &Value, unit: Unit) -> Value {
    match (unit, live, applied) {
        (Unit::Struct(_) | Unit::Map(_), Value::Object(there), Value::Object(wanted)) => {
            let mut out = there.clone();
            for (step, part, inner) in unit.parts(applied) {
                let key = &step[2..];
                let old = there.get(key).unwrap_or(&Value::Null);
                out.insert(key.to_string(), merge(old, part, inner));
            }
            // What stands for the object itself is in no schema.
            for key in ["apiVersion", "kind"] {
                out.extend(wanted.get(key).map(|value| (key.to_string(), value.clone())));
            }
            Value::Object(out)
        }
        (Unit::Items(keys, _), Value::Array(there), Value::Array(_)) => {
            let wanted = unit.parts(applied);
            let step = |item: &Value| step_to(item, keys);
            let place = |item: &Value| there.iter().position(|other| step(other) == step(item));
            let merged = wanted.iter().map(|(_, item, inner)| match place(item) {
                Some(at) => merge(&there[at], item, *inner),
                None => (*item).clone(),
            });
            let is_wanted = |item: &&Value| wanted.iter().any(|(other, ..)| *other == step(item));
            let left = there.iter().filter(|item| !is_wanted(item)).cloned().collect();
            Value::Array(interleave(left, merged.collect(), place))
        }
        _ => applied.clone(),
    }
}

/// Takes from `value` what is in `last` and nobody keeps.
pub fn prune(value: &mut Value, last: &Fields, kept: &Fields, unit: Unit) {
    let nothing = Fields::new();
    let parts: Vec<(String, Unit)> =
        unit.parts(value).into_iter().map(|(step, _, inner)| (step, inner)).collect();
    // From the end, so that places in lists stay true.
    for (at, (step, inner)) in parts.into_iter().enumerate().rev() {
        if !last.contains_key(&step) {
            continue;
        }
        let (member, last) = look(last, &step, &nothing);
        let goes = !kept.contains_key(&step) && (member || matches!(unit, Unit::Struct(_)));
        match value {
            Value::Object(map) if goes => drop(map.remove(&step[2..])),
            Value::Array(items) if goes => drop(items.remove(at)),
            Value::Object(_) | Value::Array(_) => {
                let part = match value {
                    Value::Object(map) => map.get_mut(&step[2..]),
                    Value::Array(items) => items.get_mut(at),
                    _ => None,
                };
                if let Some(part) = part {
                    prune(part, last, look(kept, &step, &nothing).1, inner);
                }
            }
            _ => {}
        }
    }
}
