//! `jq`: paths, `|`, `,`, `//`, comparisons, `+` and `-`, lists, objects, texts with `\(…)` in
//! them, and the functions that `read` lists; with `-r`, `-j` and `-c`.
//!
//! Not here: keys in the order in which they were given: they are sorted; variables,
//! definitions, `if`, `reduce`, assignment, slices, `..`, `@tsv`, numbers with fractions. A
//! program that has them is refused.
//!
//! Upstream: jq 1.7

mod read;

use super::options::Options;
use super::pattern::Pattern;
use super::tree::{Node, Op, Tree};
use crate::base::sorted;
use crate::kubectl::value::indented;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// A program of jq.
#[derive(Clone, Debug)]
pub struct Jq {
    program: Tree,
}

type Done = Result<(), String>;

static NULL: Value = Value::Null;

impl Jq {
    /// Reads a program. An error says what is wrong with it.
    pub fn new(program: &str) -> Result<Jq, String> {
        Ok(Jq { program: read::program(program)? })
    }

    /// Runs it on a text of JSON.
    pub fn run(&self, text: &str, options: &Options, out: &mut String) -> Done {
        let mut found = Vec::new();
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let done = match value {
                Ok(value) => run(&self.program, &value, &mut found),
                Err(why) => Err(why.to_string()),
            };
            for value in found.drain(..) {
                match &value {
                    Value::String(text) if options.has('r') || options.has('j') => {
                        out.push_str(text);
                    }
                    value if options.has('c') => out.push_str(&value.to_string()),
                    value => indented(value, out),
                }
                if !options.has('j') {
                    out.push('\n');
                }
            }
            done.map_err(|error| format!("error (at <stdin>:0): {error}"))?;
        }
        Ok(())
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// Adds to `out` what a filter gives for `on`: any number of values, also before it fails.
fn run(filter: &Node, on: &Value, out: &mut Vec<Value>) -> Done {
    let parts = &filter.parts;
    let value = match filter.op {
        Op::Here => on.clone(),
        Op::Literal => filter.value.clone(),
        // The usual path, of which nothing need be copied but what it leads to.
        Op::At if parts[1].op == Op::Here && parts[0].op == Op::Literal => {
            index(on, &parts[0].value)?.clone()
        }
        Op::List => {
            let (found, done) = all(&parts[0], on);
            done?;
            Value::Array(found)
        }
        Op::Map => {
            let mut found = Vec::new();
            for value in items(on)? {
                run(&parts[0], &value, &mut found)?;
            }
            Value::Array(found)
        }
        Op::Sort | Op::Unique => in_order(filter, array(on)?),
        Op::Empty => return Ok(()),
        Op::Maybe | Op::Comma | Op::Pipe | Op::Else | Op::Select => {
            return steer(filter.op, parts, on, out);
        }
        _ => return tuples(filter, on, &mut Vec::new(), out),
    };
    out.push(value);
    Ok(())
}

/// Runs what goes on with what a first filter gives.
fn steer(op: Op, parts: &[Tree], on: &Value, out: &mut Vec<Value>) -> Done {
    let (mut found, done) = all(&parts[0], on);
    match op {
        Op::Pipe => {
            for value in &found {
                run(&parts[1], value, out)?;
            }
            return done;
        }
        Op::Select => {
            for holds in &found {
                if is_true(holds) {
                    out.push(on.clone());
                }
            }
            return done;
        }
        Op::Else => found.retain(is_true),
        _ => {}
    }
    let none = found.is_empty();
    out.append(&mut found);
    match op {
        Op::Comma => {
            done?;
            run(&parts[1], on, out)
        }
        Op::Else if none => run(&parts[1], on, out),
        // What fails gives nothing more.
        _ => Ok(()),
    }
}

/// All that a filter gives, and whether it failed then.
fn all(filter: &Node, on: &Value) -> (Vec<Value>, Done) {
    let mut found = Vec::new();
    let done = run(filter, on, &mut found);
    (found, done)
}

/// Calls a function with each way to take one value of each of its arguments.
fn tuples(filter: &Node, on: &Value, args: &mut Vec<Value>, out: &mut Vec<Value>) -> Done {
    let Some(part) = filter.parts.get(args.len()) else {
        return call(filter.op, on, args, out);
    };
    let (found, done) = all(part, on);
    for value in found {
        args.push(value);
        tuples(filter, on, args, out)?;
        args.pop();
    }
    done
}

/// A list in order, by what the filter's argument gives if it has one.
fn in_order(filter: &Node, list: &[Value]) -> Value {
    let mut keys = Vec::new();
    for item in list {
        keys.push(match filter.parts.first() {
            Some(key) => Value::Array(all(key, item).0),
            None => item.clone(),
        });
    }
    let mut found: Vec<Value> = Vec::new();
    for at in sorted::order(list.len(), &|a, b| order(&keys[a], &keys[b])) {
        if filter.op == Op::Sort || found.last() != Some(&list[at]) {
            found.push(list[at].clone());
        }
    }
    Value::Array(found)
}

fn index<'v>(value: &'v Value, key: &Value) -> Result<&'v Value, String> {
    let found = match (value, key) {
        (Value::Object(map), Value::String(key)) => map.get(key),
        (Value::Array(list), Value::Number(_)) => {
            let at = key.as_i64().unwrap_or(i64::MAX);
            let from = if at < 0 { list.len() as i64 } else { 0 };
            usize::try_from(at + from).ok().and_then(|at| list.get(at))
        }
        (Value::Null, _) => None,
        (other, key) => {
            let shown = if key.is_string() { key.to_string() } else { kind(key).into() };
            return Err(["Cannot index ", kind(other), " with ", &shown].concat());
        }
    };
    Ok(found.unwrap_or(&NULL))
}

/// Kinds of values in the order in which they are sorted.
const KINDS: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];

fn rank(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn kind(value: &Value) -> &'static str {
    KINDS[rank(value)]
}

/// A text without its quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn joined(values: &[Value], between: &str) -> Value {
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        text.push_str(if at > 0 { between } else { "" });
        text.push_str(&plain(value));
    }
    text.into()
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| ["Cannot iterate over ", kind(value)].concat())
}

fn items(value: &Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Object(map) => Ok(map.values().cloned().collect()),
        other => array(other).cloned(),
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{} ({value}) is no string", kind(value)))
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            for (a, b) in a.iter().zip(b) {
                let order = order(a, b);
                if order.is_ne() {
                    return order;
                }
            }
            a.len().cmp(&b.len())
        }
        (Value::Object(_), Value::Object(_)) => a.to_string().cmp(&b.to_string()),
        (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Adds `one` to `sum`.
fn add(sum: &mut Value, one: &Value) -> Done {
    match (sum, one) {
        (_, Value::Null) => {}
        (sum @ Value::Null, one) => *sum = one.clone(),
        (Value::String(sum), Value::String(one)) => sum.push_str(one),
        (Value::Array(sum), Value::Array(one)) => sum.extend_from_slice(one),
        (Value::Object(sum), Value::Object(one)) => {
            for (key, value) in one {
                sum.insert(key.clone(), value.clone());
            }
        }
        (sum @ Value::Number(_), Value::Number(_)) => {
            *sum = number(sum).saturating_add(number(one)).into();
        }
        (sum, one) => {
            return Err([kind(sum), " and ", kind(one), " cannot be added"].concat());
        }
    }
    Ok(())
}

/// Adds to `out` what a function or an operator gives.
fn call(op: Op, on: &Value, args: &[Value], out: &mut Vec<Value>) -> Done {
    let arg = args.first().unwrap_or(&NULL);
    let other = args.get(1).unwrap_or(&NULL);
    let value = match op {
        Op::At => index(other, arg)?.clone(),
        Op::Each => {
            out.append(&mut items(arg)?);
            return Ok(());
        }
        Op::Object => object(args)?,
        Op::Text => joined(args, ""),
        Op::Add | Op::Sum => {
            let mut sum = Value::Null;
            for one in if op == Op::Sum { array(on)? } else { args } {
                add(&mut sum, one)?;
            }
            sum
        }
        Op::Subtract => number(arg).saturating_sub(number(other)).into(),
        Op::Length => length(on),
        Op::Keys | Op::Entries => keys(on, op == Op::Entries)?,
        Op::Reverse => {
            let mut list = array(on)?.clone();
            list.reverse();
            Value::Array(list)
        }
        Op::Type => kind(on).into(),
        Op::ToText => plain(on).into(),
        Op::Joined => joined(array(on)?, text(arg)?),
        Op::Split => {
            let mut parts = Vec::new();
            for part in text(on)?.split(text(arg)?) {
                parts.push(part.into());
            }
            Value::Array(parts)
        }
        _ => holds(op, on, arg, other)?.into(),
    };
    out.push(value);
    Ok(())
}

fn length(value: &Value) -> Value {
    let length = match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => text.chars().count(),
        Value::Null => 0,
        other => return other.clone(),
    };
    length.into()
}

/// What a function or an operator says that asks.
fn holds(op: Op, on: &Value, arg: &Value, other: &Value) -> Result<bool, String> {
    Ok(match op {
        Op::Not => !is_true(on),
        Op::And => is_true(arg) && is_true(other),
        Op::Or => is_true(arg) || is_true(other),
        Op::Equal => arg == other,
        Op::Differs => arg != other,
        Op::Has => on.as_object().is_some_and(|map| map.contains_key(&plain(arg))),
        Op::Contains if on.is_array() => {
            let list = array(on)?;
            array(arg)?.iter().all(|one| list.contains(one))
        }
        Op::Contains | Op::StartsWith | Op::EndsWith | Op::Test => {
            let (text, part) = (text(on)?, text(arg)?);
            match op {
                Op::Contains => text.contains(part),
                Op::StartsWith => text.starts_with(part),
                Op::EndsWith => text.ends_with(part),
                _ => Pattern::new(part, true, false)?.matches(text),
            }
        }
        op => op.holds(order(arg, other)),
    })
}

/// An object of keys and values in turn.
fn object(parts: &[Value]) -> Result<Value, String> {
    let mut map = Map::new();
    for pair in parts.chunks(2) {
        let key = pair[0].as_str().ok_or("Object keys must be strings")?;
        map.insert(key.into(), pair[1].clone());
    }
    Ok(Value::Object(map))
}

/// The keys of an object, each with its value if they are wanted.
fn keys(value: &Value, valued: bool) -> Result<Value, String> {
    let map = value.as_object().ok_or_else(|| format!("{} has no keys", kind(value)))?;
    let mut list = Vec::new();
    for (key, value) in map {
        let mut item = Value::from(key.as_str());
        if valued {
            let mut entry = Map::new();
            entry.insert("key".into(), item);
            entry.insert("value".into(), value.clone());
            item = Value::Object(entry);
        }
        list.push(item);
    }
    Ok(Value::Array(list))
}
