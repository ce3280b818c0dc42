//! Merging that knows which lists are maps in disguise: containers by name, ports by
//! number, finalizers as a set. Two uses: strategic merge patches, and the three-way merge
//! of `kubectl apply` (what was applied last, what is to be, what is there).
//!
//! Not here: the order of lists as a directive of its own (`$setElementOrder` is ignored in
//! patches; apply orders as the manifest does).
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go and the
//! patchStrategy tags of the API types

use crate::api::json::{Schema, Shape};
use serde_json::{Map, Value};

/// Lists that merge: the type they are in, the field, the key of their items; an empty key
/// means a set of plain values.
const LISTS: &[(&str, &str, &str)] = &[
    ("ObjectMeta", "ownerReferences", "uid"),
    ("ObjectMeta", "finalizers", ""),
    ("PodSpec", "containers", "name"),
    ("PodSpec", "initContainers", "name"),
    ("PodSpec", "ephemeralContainers", "name"),
    ("PodSpec", "volumes", "name"),
    ("PodSpec", "imagePullSecrets", "name"),
    ("PodSpec", "hostAliases", "ip"),
    ("PodSpec", "topologySpreadConstraints", "topologyKey"),
    ("PodSpec", "schedulingGates", "name"),
    ("PodSpec", "resourceClaims", "name"),
    ("PodStatus", "podIPs", "ip"),
    ("PodStatus", "hostIPs", "ip"),
    ("Container", "ports", "containerPort"),
    ("Container", "env", "name"),
    ("Container", "volumeMounts", "mountPath"),
    ("Container", "volumeDevices", "devicePath"),
    ("ServiceSpec", "ports", "port"),
    ("ServiceAccount", "secrets", "name"),
    ("ServiceAccount", "imagePullSecrets", "name"),
    ("NodeSpec", "podCIDRs", ""),
    ("NodeStatus", "addresses", "type"),
];

type Fields = Option<&'static Schema>;

/// The key by which the list `field` merges; `None` if it is replaced as a whole.
fn merge_key(schema: Fields, field: &str) -> Option<&'static str> {
    let owner = schema?.name;
    if field == "conditions" && owner.ends_with("Status") {
        return Some("type");
    }
    LISTS.iter().find(|(of, name, _)| *of == owner && *name == field).map(|(_, _, key)| *key)
}

/// The fields of what `field` holds, in itself or in its items.
fn inner(schema: Fields, field: &str) -> Fields {
    let mut shape = schema?.field(field)?.shape;
    while let Shape::List(item) = shape {
        shape = *item;
    }
    match shape {
        Shape::Object(inner) => Some(inner),
        _ => None,
    }
}

/// Whether an item of the list `field` keeps only what the patch names, as volumes do:
/// another kind of volume takes the place of the one before.
fn retains_keys(schema: Fields, field: &str) -> bool {
    schema.is_some_and(|schema| schema.name == "PodSpec") && field == "volumes"
}

/// `current` as a strategic merge patch changes it.
pub(super) fn patch(current: &Value, patch: &Value, schema: Fields) -> Value {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else {
        return without_directives(patch);
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => return without_directives(&Value::Object(patch.clone())),
        Some("delete") => return Value::Object(Map::new()),
        _ => {}
    }
    let mut out = current.clone();
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().cloned().unwrap_or_default();
            if let Some(Value::Array(items)) = out.get_mut(list) {
                items.retain(|item| !gone.contains(item));
            }
        } else if key == "$retainKeys" {
            let kept = value.as_array().cloned().unwrap_or_default();
            out.retain(|key, _| kept.iter().any(|kept| kept.as_str() == Some(key)));
        }
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        if value.is_null() {
            out.remove(key);
            continue;
        }
        let old = out.get(key).cloned().unwrap_or(Value::Null);
        let new = match (&old, value, merge_key(schema, key)) {
            (_, Value::Array(items), Some(by)) => {
                let old = old.as_array().cloned().unwrap_or_default();
                Value::Array(patch_list(old, items, by, inner(schema, key)))
            }
            (_, Value::Object(_), _) => {
                let empty = Value::Object(Map::new());
                let old = if old.is_object() { &old } else { &empty };
                self::patch(old, value, inner(schema, key))
            }
            _ => without_directives(value),
        };
        out.insert(key.clone(), new);
    }
    Value::Object(out)
}

fn patch_list(mut old: Vec<Value>, patch: &[Value], by: &str, schema: Fields) -> Vec<Value> {
    let directive = |item: &Value| item.get("$patch").and_then(Value::as_str).map(str::to_string);
    if patch.iter().any(|item| directive(item).as_deref() == Some("replace")) {
        let rest = patch.iter().filter(|item| directive(item).is_none());
        return rest.map(without_directives).collect();
    }
    for item in patch {
        let same =
            |other: &Value| if by.is_empty() { other == item } else { other[by] == item[by] };
        let at = old.iter().position(same);
        match (at, directive(item).as_deref()) {
            (Some(at), Some("delete")) => drop(old.remove(at)),
            (None, Some("delete")) => {}
            (Some(at), _) => old[at] = self::patch(&old[at], item, schema),
            (None, _) => old.push(without_directives(item)),
        }
    }
    old
}

fn without_directives(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, value)| !key.starts_with('$') && !value.is_null());
            Value::Object(kept.map(|(k, v)| (k.clone(), without_directives(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_directives).collect()),
        other => other.clone(),
    }
}

/// `current` as applying `modified` changes it: what `modified` says is set; what was
/// applied last (`original`) and is not said any more is removed; what others set stays.
pub fn three_way(original: &Value, modified: &Value, current: &Value, schema: Fields) -> Value {
    let (Value::Object(wanted), Value::Object(there)) = (modified, current) else {
        return without_directives(modified);
    };
    let nothing = Map::new();
    let before = original.as_object().unwrap_or(&nothing);
    let mut out = there.clone();
    for key in before.keys().filter(|key| !wanted.contains_key(*key)) {
        out.remove(key);
    }
    for (key, value) in wanted {
        if value.is_null() {
            out.remove(key);
            continue;
        }
        let was = before.get(key).unwrap_or(&Value::Null);
        let new = match (there.get(key), value) {
            (Some(old @ Value::Object(_)), Value::Object(_)) => {
                three_way(was, value, old, inner(schema, key))
            }
            (Some(Value::Array(old)), Value::Array(items)) => match merge_key(schema, key) {
                None => without_directives(value),
                Some(by) => {
                    let was = was.as_array().map_or(&[][..], |was| was);
                    let retain = retains_keys(schema, key);
                    Value::Array(lists(was, items, old, by, inner(schema, key), retain))
                }
            },
            _ => without_directives(value),
        };
        out.insert(key.clone(), new);
    }
    Value::Object(out)
}

fn lists(
    was: &[Value],
    wanted: &[Value],
    there: &[Value],
    by: &str,
    schema: Fields,
    retain: bool,
) -> Vec<Value> {
    let key = |item: &Value| if by.is_empty() { item.clone() } else { item[by].clone() };
    let find = |list: &[Value], wanted: &Value| {
        let found = list.iter().find(|item| key(item) == key(wanted));
        found.cloned().unwrap_or(Value::Null)
    };
    let merged: Vec<Value> = wanted
        .iter()
        .map(|item| {
            let old = find(there, item);
            if old.is_null() || by.is_empty() {
                return without_directives(item);
            }
            let mut new = three_way(&find(was, item), item, &old, schema);
            if let (true, Value::Object(new), Value::Object(item)) =
                (retain && new != old, &mut new, item)
            {
                new.retain(|key, _| item.contains_key(key));
            }
            new
        })
        .collect();
    let has = |list: &[Value], item: &Value| list.iter().any(|other| key(other) == key(item));
    let theirs: Vec<Value> =
        there.iter().filter(|item| !has(wanted, item) && !has(was, item)).cloned().collect();
    interleave(theirs, merged, |item| there.iter().position(|other| key(other) == key(item)))
}

/// Items of the server alone keep their places among those of the manifest.
pub(in crate::apiserver) fn interleave(
    left: Vec<Value>,
    right: Vec<Value>,
    place: impl Fn(&Value) -> Option<usize>,
) -> Vec<Value> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let first = matches!((place(l), place(r)), (Some(l), Some(r)) if l < r);
        out.extend(if first { left.next() } else { right.next() });
    }
    out.extend(left);
    out.extend(right);
    out
}
