//! Whether a tree fits the schema as server-side apply reads it, which has words of its own.
//!
//! Upstream: sigs.k8s.io/structured-merge-diff/v6/typed/validate.go

use super::fields::{Unit, key_of, step_to, word};
use crate::api::json::Shape;
use crate::api::kinds::Kind;
use serde_json::{Map, Value};

/// What is wrong with `tree`, an object of `kind`; `None` if nothing is.
pub fn faults(kind: Kind, tree: &Value) -> Option<String> {
    let mut out = Vec::new();
    let mut tree = tree.clone();
    if let Value::Object(map) = &mut tree {
        map.retain(|key, _| key != "apiVersion" && key != "kind");
    }
    check(&tree, ("", "", Shape::Object(kind.info().schema())), "", &mut out);
    match &out[..] {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("errors:\n  {}", many.join("\n  "))),
    }
}

type Place<'p> = (&'p str, &'p str, Shape);

fn check(value: &Value, (owner, key, shape): Place<'_>, path: &str, out: &mut Vec<String>) {
    let mut say = |what: String| out.push(format!("{path}: {what}"));
    let shown = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (shape, value) {
        (Shape::Any, _) | (_, Value::Null) => {}
        (Shape::Int32 | Shape::Int64, Value::Number(_)) | (Shape::Bool, Value::Bool(_)) => {}
        (Shape::Text | Shape::Time, Value::String(_)) => {}
        (Shape::Int32 | Shape::Int64, _) => {
            let got = match value {
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                Value::Array(_) => "[]interface {}",
                _ => "map[string]interface {}",
            };
            say(format!("expected numeric (int or float), got {got}"));
        }
        (Shape::Bool, _) => say(format!("expected boolean, got &{{{shown}}}")),
        (Shape::Text | Shape::Time, _) => {
            say(format!("expected string, got &value.valueUnstructured{{Value:{shown}}}"));
        }
        (Shape::IntOrText | Shape::Quantity, Value::Array(_) | Value::Object(_)) => {
            say(format!("expected any scalar, got &{{{shown}}}"));
        }
        (Shape::IntOrText | Shape::Quantity, _) => {}
        (Shape::List(item), Value::Array(items)) => {
            check_items(items, (owner, key, shape, *item), path, out);
        }
        (Shape::List(_), _) => say(format!("expected list, got &{{{shown}}}")),
        (Shape::Dict(_) | Shape::Object(_), Value::Object(map)) => {
            check_map(map, shape, path, out);
        }
        (Shape::Dict(_) | Shape::Object(_), _) => {
            say(format!("expected map, got &{{{shown}}}"));
        }
    }
}

fn check_map(map: &Map<String, Value>, shape: Shape, path: &str, out: &mut Vec<String>) {
    for (name, part) in map {
        let path = format!("{path}.{name}");
        match shape {
            Shape::Object(schema) => match schema.field(name) {
                Some(field) => check(part, (schema.name, name, field.shape), &path, out),
                None => out.push(format!("{path}: field not declared in schema")),
            },
            Shape::Dict(item) => check(part, ("", "", *item), &path, out),
            _ => {}
        }
    }
}

fn check_items(
    items: &[Value],
    (owner, key, shape, item): (&str, &str, Shape, Shape),
    path: &str,
    out: &mut Vec<String>,
) {
    let list = Value::Array(items.to_vec());
    let Unit::Items(keys, _) = Unit::of(owner, key, shape, &list) else {
        for (at, part) in items.iter().enumerate() {
            check(part, ("", "", item), &format!("{path}[{at}]"), out);
        }
        return;
    };
    let mut seen = Vec::new();
    for (at, part) in items.iter().enumerate() {
        if let Some(missing) = keys.iter().find(|key| key_of(part, key).is_null()) {
            out.push(format!(
                "{path}: element {at}: associative list with keys has an element that omits key \
                 field {missing:?} (and doesn't have default value)"
            ));
            continue;
        }
        let step = word(&step_to(part, keys));
        if seen.contains(&step) {
            out.push(format!("{path}: duplicate entries for key {step}"));
        }
        check(part, ("", "", item), &format!("{path}{step}"), out);
        seen.push(step);
    }
}
