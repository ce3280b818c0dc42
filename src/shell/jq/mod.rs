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
#[derive(Debug)]
pub struct Jq {
    program: Tree,
}

static NULL: Value = Value::Null;

impl Jq {
    /// Reads a program. An error says what is wrong with it.
    pub fn new(program: &str) -> Result<Jq, String> {
        Ok(Jq { program: read::program(program)? })
    }

    /// Runs it on a text of JSON.
    pub fn run(&self, text: &str, options: &Options, out: &mut String) -> Result<(), String> {
        let mut run = Run::default();
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let mut found = Vec::new();
            let done = match value {
                Ok(value) => run.run(&self.program, &value, &mut found),
                Err(why) => run.fail(&[&why.to_string()]),
            };
            for value in &found {
                match value {
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
            if done.is_none() {
                return Err("error (at <stdin>:0): ".to_string() + &run.error);
            }
        }
        Ok(())
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// A program at work. What fails gives `None`.
#[derive(Default)]
struct Run {
    /// What failed last.
    error: String,
}

/// Whether it did not fail.
type Done = Option<()>;

impl Run {
    fn fail(&mut self, parts: &[&str]) -> Done {
        self.error = parts.concat();
        None
    }

    /// Adds to `out` what a filter gives for `on`: any number of values, also before it fails.
    fn run(&mut self, filter: &Node, on: &Value, out: &mut Vec<Value>) -> Done {
        let parts = &filter.parts;
        let value = match filter.op {
            Op::Here => on.clone(),
            Op::Literal => filter.value.clone(),
            // The usual path, of which nothing need be copied but what it leads to.
            Op::At if parts[1].op == Op::Here && parts[0].op == Op::Literal => {
                self.index(on, &parts[0].value)?.clone()
            }
            Op::List => {
                let mut found = Vec::new();
                self.run(&parts[0], on, &mut found)?;
                Value::Array(found)
            }
            Op::Sort | Op::Unique => self.in_order(filter, on)?,
            Op::Empty => return Some(()),
            Op::Maybe | Op::Comma | Op::Pipe | Op::Else | Op::Select => {
                return self.steer(filter.op, parts, on, out);
            }
            _ => return self.tuples(filter, on, &mut Vec::new(), out),
        };
        out.push(value);
        Some(())
    }

    /// Runs what goes on with what a first filter gives.
    fn steer(&mut self, op: Op, parts: &[Tree], on: &Value, out: &mut Vec<Value>) -> Done {
        let mut found = Vec::new();
        let done = self.run(&parts[0], on, &mut found);
        if matches!(op, Op::Pipe | Op::Select) {
            for value in &found {
                if op == Op::Pipe {
                    self.run(&parts[1], value, out)?;
                } else if is_true(value) {
                    out.push(on.clone());
                }
            }
            return done;
        }
        if op == Op::Else {
            found.retain(is_true);
        }
        let none = found.is_empty();
        out.append(&mut found);
        match op {
            Op::Comma => {
                done?;
                self.run(&parts[1], on, out)
            }
            Op::Else if none => self.run(&parts[1], on, out),
            // What fails gives nothing more.
            _ => Some(()),
        }
    }

    /// Calls a function with each way to take one value of each of its arguments.
    fn tuples(
        &mut self,
        filter: &Node,
        on: &Value,
        args: &mut Vec<Value>,
        out: &mut Vec<Value>,
    ) -> Done {
        // Of an operator the right side is the outer one.
        let turned = matches!(filter.op, Op::Add | Op::Subtract | Op::Equal | Op::Differs)
            || matches!(filter.op, Op::Less | Op::LessOrEqual | Op::More | Op::MoreOrEqual);
        let count = filter.parts.len();
        let at = if turned { count.saturating_sub(args.len() + 1) } else { args.len() };
        let Some(part) = filter.parts.get(at).filter(|_| args.len() < count) else {
            let value = self.call(filter.op, on, args)?;
            out.push(value);
            return Some(());
        };
        let mut found = Vec::new();
        let done = self.run(part, on, &mut found);
        if filter.op == Op::Each {
            for value in &found {
                self.items(value, out)?;
            }
            return done;
        }
        for value in found {
            let at = if turned { 0 } else { args.len() };
            args.insert(at, value);
            self.tuples(filter, on, args, out)?;
            args.remove(at);
        }
        done
    }

    /// A list in order, by what the filter's argument gives.
    fn in_order(&mut self, filter: &Node, on: &Value) -> Option<Value> {
        let list = self.array(on)?;
        let mut keys = Vec::new();
        for item in list {
            let mut key = Vec::new();
            self.run(&filter.parts[0], item, &mut key);
            keys.push(Value::Array(key));
        }
        let mut found: Vec<Value> = Vec::new();
        for at in sorted::order(list.len(), &|a, b| order(&keys[a], &keys[b])) {
            if filter.op == Op::Sort || found.last() != Some(&list[at]) {
                found.push(list[at].clone());
            }
        }
        Some(Value::Array(found))
    }

    fn index<'v>(&mut self, value: &'v Value, key: &Value) -> Option<&'v Value> {
        let found = match (value, key) {
            (Value::Object(map), Value::String(key)) => map.get(key),
            (Value::Array(list), Value::Number(_)) => {
                let at = key.as_i64().unwrap_or(i64::MAX);
                let from = if at < 0 { list.len() as i64 } else { 0 };
                usize::try_from(at + from).ok().and_then(|at| list.get(at))
            }
            (Value::Null, _) => None,
            (other, key) => {
                let shown = if key.is_string() { &key.to_string() } else { kind(key) };
                self.fail(&["Cannot index ", kind(other), " with ", shown]);
                return None;
            }
        };
        Some(found.unwrap_or(&NULL))
    }

    fn array<'v>(&mut self, value: &'v Value) -> Option<&'v Vec<Value>> {
        let list = value.as_array();
        if list.is_none() {
            self.fail(&["Cannot iterate over ", kind(value)]);
        }
        list
    }

    /// Adds to `out` what a list or an object holds.
    fn items(&mut self, value: &Value, out: &mut Vec<Value>) -> Done {
        match value {
            Value::Object(map) => {
                for value in map.values() {
                    out.push(value.clone());
                }
            }
            other => out.extend_from_slice(self.array(other)?),
        }
        Some(())
    }

    fn text<'v>(&mut self, value: &'v Value) -> Option<&'v str> {
        let text = value.as_str();
        if text.is_none() {
            self.fail(&[kind(value), " (", &value.to_string(), ") is no string"]);
        }
        text
    }

    /// The sum of values.
    fn sum(&mut self, values: &[Value]) -> Option<Value> {
        let mut sum = Value::Null;
        for one in values {
            match (&mut sum, one) {
                (_, Value::Null) => {}
                (Value::Null, one) => sum = one.clone(),
                (Value::String(sum), Value::String(one)) => sum.push_str(one),
                (Value::Array(sum), Value::Array(one)) => sum.extend_from_slice(one),
                (Value::Object(sum), Value::Object(one)) => {
                    for (key, value) in one {
                        sum.insert(key.clone(), value.clone());
                    }
                }
                (Value::Number(_), Value::Number(_)) => {
                    sum = number(&sum).saturating_add(number(one)).into();
                }
                (sum, one) => {
                    self.fail(&[kind(sum), " and ", kind(one), " cannot be added"]);
                    return None;
                }
            }
        }
        Some(sum)
    }

    /// What a function or an operator gives.
    fn call(&mut self, op: Op, on: &Value, args: &[Value]) -> Option<Value> {
        let arg = args.first().unwrap_or(&NULL);
        let other = args.get(1).unwrap_or(&NULL);
        Some(match op {
            Op::At => self.index(other, arg)?.clone(),
            Op::Object => self.object(args)?,
            Op::Text => joined(args, ""),
            Op::Add => self.sum(args)?,
            Op::Sum => {
                let list = self.array(on)?;
                self.sum(list)?
            }
            Op::Subtract => number(arg).saturating_sub(number(other)).into(),
            Op::Length => length(on),
            Op::Keys | Op::Entries => self.keys(on, op == Op::Entries)?,
            Op::Reverse => {
                let mut list = self.array(on)?.clone();
                list.reverse();
                Value::Array(list)
            }
            Op::Type => kind(on).into(),
            Op::ToText => plain(on).into(),
            Op::Joined => joined(self.array(on)?, self.text(arg)?),
            Op::Split => {
                let mut parts = Vec::new();
                for part in self.text(on)?.split(self.text(arg)?) {
                    parts.push(part.into());
                }
                Value::Array(parts)
            }
            _ => Value::Bool(self.holds(op, on, arg, other)?),
        })
    }

    /// What a function or an operator says that asks.
    fn holds(&mut self, op: Op, on: &Value, arg: &Value, other: &Value) -> Option<bool> {
        Some(match op {
            Op::Not => !is_true(on),
            Op::And => is_true(arg) && is_true(other),
            Op::Or => is_true(arg) || is_true(other),
            Op::Equal => arg == other,
            Op::Differs => arg != other,
            Op::Has => on.as_object().is_some_and(|map| map.contains_key(&plain(arg))),
            Op::Contains if on.is_array() => {
                let list = self.array(on)?;
                self.array(arg)?.iter().all(|one| list.contains(one))
            }
            Op::Contains | Op::StartsWith | Op::EndsWith | Op::Test => {
                let (text, part) = (self.text(on)?, self.text(arg)?);
                match op {
                    Op::Contains => text.contains(part),
                    Op::StartsWith => text.starts_with(part),
                    Op::EndsWith => text.ends_with(part),
                    _ => match Pattern::new(part, true, false) {
                        Ok(pattern) => pattern.matches(text),
                        Err(error) => {
                            self.fail(&[error]);
                            return None;
                        }
                    },
                }
            }
            op => op.holds(order(arg, other)),
        })
    }

    /// An object of keys and values in turn.
    fn object(&mut self, parts: &[Value]) -> Option<Value> {
        let mut map = Map::new();
        for pair in parts.chunks(2) {
            let Some(key) = pair[0].as_str() else {
                self.fail(&["Object keys must be strings"]);
                return None;
            };
            map.insert(key.into(), pair[1].clone());
        }
        Some(Value::Object(map))
    }

    /// The keys of an object, each with its value if they are wanted.
    fn keys(&mut self, value: &Value, valued: bool) -> Option<Value> {
        let Some(map) = value.as_object() else {
            self.fail(&[kind(value), " has no keys"]);
            return None;
        };
        let mut list = Vec::new();
        for (key, value) in map {
            let key = Value::from(key.as_str());
            list.push(match valued {
                true => self.object(&["key".into(), key, "value".into(), value.clone()])?,
                false => key,
            });
        }
        Some(Value::Array(list))
    }
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
