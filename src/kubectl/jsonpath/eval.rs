//! Finding what a template names.
//!
//! Upstream: staging/src/k8s.io/client-go/util/jsonpath/jsonpath.go

use super::{Block, Node};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

type Found<'v> = Vec<Cow<'v, Value>>;

/// Evaluates `blocks` on `tree`, ranges once for each item.
pub(super) fn blocks<'v>(
    blocks: &[Block],
    tree: &'v Value,
    strict: bool,
    out: &mut Vec<Found<'v>>,
) -> Result<(), String> {
    let mut at = 0;
    while at < blocks.len() {
        let block = &blocks[at];
        at += 1;
        match block.first() {
            Some(Node::Range) => {
                let inner = &blocks[at..];
                let end = end_of(inner);
                let items = list(vec![Cow::Borrowed(tree)], &block[1..], strict)?;
                for item in &items {
                    let mut found = Vec::new();
                    self::blocks(&inner[..end.unwrap_or(inner.len())], item, strict, &mut found)?;
                    let own = |group: Found<'_>| -> Found<'v> {
                        group.into_iter().map(|value| Cow::Owned(value.into_owned())).collect()
                    };
                    out.extend(found.into_iter().map(own));
                }
                at += end.map_or(inner.len(), |end| end + 1);
            }
            Some(Node::End) => return Err("not in range, nothing to end".to_string()),
            _ => out.push(list(vec![Cow::Borrowed(tree)], block, strict)?),
        }
    }
    Ok(())
}

/// Where the range ends whose inside `blocks` begins with.
fn end_of(blocks: &[Block]) -> Option<usize> {
    let mut depth = 0;
    for (at, block) in blocks.iter().enumerate() {
        match block.first() {
            Some(Node::Range) => depth += 1,
            Some(Node::End) if depth == 0 => return Some(at),
            Some(Node::End) => depth -= 1,
            _ => {}
        }
    }
    None
}

fn list<'v>(mut found: Found<'v>, nodes: &[Node], strict: bool) -> Result<Found<'v>, String> {
    for node in nodes {
        found = step(found, node, strict)?;
    }
    Ok(found)
}

/// The parts of a value: items of a list, values of an object.
fn parts<'v>(value: Cow<'v, Value>) -> Found<'v> {
    match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(map)) => map.values().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
        Cow::Owned(Value::Object(map)) => map.into_iter().map(|(_, v)| Cow::Owned(v)).collect(),
        _ => Vec::new(),
    }
}

fn field<'v>(value: Cow<'v, Value>, name: &str) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(mut value) => value.get_mut(name).map(|inner| Cow::Owned(inner.take())),
    }
}

fn step<'v>(found: Found<'v>, node: &Node, strict: bool) -> Result<Found<'v>, String> {
    let mut out = Vec::new();
    match node {
        Node::Text(text) => out.push(Cow::Owned(Value::String(text.clone()))),
        Node::Literal(value) => out.extend(found.iter().map(|_| Cow::Owned(value.clone()))),
        Node::Field(name) if name.is_empty() => return Ok(found),
        Node::Field(name) => {
            let was_empty = found.is_empty();
            out.extend(found.into_iter().filter_map(|value| field(value, name)));
            if out.is_empty() && !was_empty && strict {
                return Err(format!("{name} is not found"));
            }
        }
        Node::Index(n) => {
            for value in found.into_iter().filter(|value| !value.is_null()) {
                out.extend(slice(value, Some(*n), n.checked_add(1).filter(|n| *n != 0), None)?);
            }
        }
        Node::Slice(from, to, step) => {
            for value in found.into_iter().filter(|value| !value.is_null()) {
                out.extend(slice(value, *from, *to, *step)?);
            }
        }
        Node::Wildcard => out.extend(found.into_iter().flat_map(parts)),
        Node::Recursive => found.into_iter().for_each(|value| descend(value, &mut out)),
        Node::Union(blocks) => {
            for block in blocks {
                out.extend(list(found.clone(), block, strict)?);
            }
        }
        Node::Filter(left, op, right) => {
            for value in found {
                if !value.is_array() {
                    let shown = super::shown(&value);
                    let why = "is not array or slice and cannot be filtered";
                    return Err(format!("{shown} {why}"));
                }
                for item in parts(value) {
                    if passes(&item, left, op, right, strict)? {
                        out.push(item);
                    }
                }
            }
        }
        Node::Range => return Ok(found),
        Node::End => return Err("not in range, nothing to end".to_string()),
    }
    Ok(out)
}

/// Everything with parts below `value`, itself included, in depth-first order.
fn descend<'v>(value: Cow<'v, Value>, out: &mut Found<'v>) {
    let inner = parts(value.clone());
    if inner.is_empty() {
        return;
    }
    out.push(value);
    inner.into_iter().for_each(|value| descend(value, out));
}

fn slice<'v>(
    value: Cow<'v, Value>,
    from: Option<i64>,
    to: Option<i64>,
    step: Option<i64>,
) -> Result<Found<'v>, String> {
    if !value.is_array() {
        let what = match &*value {
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            Value::Number(_) => "int64",
            _ => "map[string]interface {}",
        };
        return Err(format!("{what} is not array or slice"));
    }
    let items = parts(value);
    let length = items.len() as i64;
    let wrap = |n: i64| if n < 0 { n + length } else { n };
    let (from, to) = (wrap(from.unwrap_or(0)), wrap(to.unwrap_or(length)));
    if from == to {
        return Ok(Vec::new());
    }
    let out_of_bounds = |n: i64| format!("array index out of bounds: index {n}, length {length}");
    if from >= length || from < 0 {
        return Err(out_of_bounds(from));
    }
    if to > length || to < 0 {
        return Err(out_of_bounds(to - 1));
    }
    if from > to {
        return Err(format!("starting index {from} is greater than ending index {to}"));
    }
    let step = step.unwrap_or(1);
    if step <= 0 {
        return Err("step must be > 0".to_string());
    }
    let chosen = items.into_iter().take(to as usize).skip(from as usize);
    Ok(chosen.step_by(step as usize).collect())
}

fn passes(
    item: &Value,
    left: &[Node],
    op: &str,
    right: &[Node],
    strict: bool,
) -> Result<bool, String> {
    let here = || vec![Cow::Borrowed(item)];
    let lefts = list(here(), left, strict);
    if op == "exists" {
        return Ok(lefts.is_ok_and(|lefts| !lefts.is_empty()));
    }
    let (lefts, rights) = (lefts?, list(here(), right, strict)?);
    let ([left], [right]) = (&lefts[..], &rights[..]) else {
        return Err("can only compare one element at a time".to_string());
    };
    let order = compare(left, right)?;
    match op {
        "==" => Ok(order == Some(Ordering::Equal)),
        "!=" => Ok(order != Some(Ordering::Equal)),
        "<" => Ok(order == Some(Ordering::Less)),
        "<=" => Ok(order.is_some_and(Ordering::is_le)),
        ">" => Ok(order == Some(Ordering::Greater)),
        ">=" => Ok(order.is_some_and(Ordering::is_ge)),
        _ => Err(format!("unrecognized filter operator {op}")),
    }
}

fn compare(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => Ok((a == b).then_some(Ordering::Equal)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Ok(Some(a.cmp(&b))),
            _ => Ok((a == b).then_some(Ordering::Equal)),
        },
        _ => Err("incompatible types for comparison".to_string()),
    }
}
