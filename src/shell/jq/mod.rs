//! `jq`: paths, `|`, `,`, `//`, comparisons, `+` and `-`, lists, objects, texts with `\(…)` in
//! them, and the functions that `FUNCTIONS` lists; with `-r`, `-j` and `-c`.
//!
//! Not here: keys in the order in which they were given: they are sorted; variables,
//! definitions, `if`, `reduce`, assignment, slices, `..`, `@tsv`, numbers with fractions. A
//! program that has them is refused.
//!
//! Upstream: jq 1.7

mod read;

use super::options::Options;
use super::pattern::Pattern;
use crate::base::sorted;
use read::{Reader, both};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// A program of jq.
#[derive(Clone, Debug)]
pub struct Jq {
    program: Expr,
}

/// A filter: gives any number of values for each.
#[derive(Clone, Debug)]
enum Expr {
    Here,
    Literal(Value),
    /// What is at a key or a place, or all there is.
    At(Box<Expr>, Box<Expr>),
    Each(Box<Expr>),
    /// What fails gives nothing.
    Maybe(Box<Expr>),
    Pipe(Box<Expr>, Box<Expr>),
    Comma(Box<Expr>, Box<Expr>),
    /// `//`: the other, if the first gives nothing that counts.
    Else(Box<Expr>, Box<Expr>),
    List(Box<Expr>),
    /// An object, of keys and values in turn; a text, of its parts.
    Object(Vec<Expr>),
    Text(Vec<Expr>),
    /// An operator and both sides, or a function and its arguments.
    Call(&'static str, Vec<Expr>),
}

type Out<'o> = dyn FnMut(&Value) -> Result<(), String> + 'o;
type Whole<'o> = dyn FnMut(&[Value]) -> Result<(), String> + 'o;

/// Functions and how many arguments they take.
const FUNCTIONS: &[(&str, usize)] = &[
    ("select", 1),
    ("map", 1),
    ("sort_by", 1),
    ("length", 0),
    ("keys", 0),
    ("not", 0),
    ("empty", 0),
    ("first", 0),
    ("last", 0),
    ("add", 0),
    ("sort", 0),
    ("unique", 0),
    ("reverse", 0),
    ("type", 0),
    ("tostring", 0),
    ("to_entries", 0),
    ("join", 1),
    ("split", 1),
    ("has", 1),
    ("contains", 1),
    ("startswith", 1),
    ("endswith", 1),
    ("test", 1),
];

/// Operators by how strongly they bind, weakest first.
const LEVELS: [&[&str]; 4] = [&["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"]];

/// The longest program, so that nothing stands too deep in something else.
const LONG: usize = 1000;

static NULL: Value = Value::Null;

impl Jq {
    /// Reads a program. An error says what is wrong with it.
    pub fn new(program: &str) -> Result<Jq, String> {
        if program.len() > LONG {
            return Err(format!("error: programs of more than {LONG} bytes are not here"));
        }
        let mut reader = Reader { rest: program, depth: 0 };
        if program.trim().is_empty() {
            return Ok(Jq { program: Expr::Here });
        }
        let program = reader.pipe()?;
        if reader.rest.trim().is_empty() { Ok(Jq { program }) } else { Err(reader.wrong()) }
    }

    /// Runs it on a text of JSON.
    pub fn run(&self, text: &str, options: &Options, out: &mut String) -> Result<(), String> {
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let error = |error| format!("error (at <stdin>:0): {error}");
            let value = value.map_err(|why| error(why.to_string()))?;
            let mut print = |value: &Value| {
                match value {
                    Value::String(text) if options.has('r') || options.has('j') => {
                        out.push_str(text);
                    }
                    value if options.has('c') => out.push_str(&value.to_string()),
                    value => out.push_str(&format!("{value:#}")),
                }
                if !options.has('j') {
                    out.push('\n');
                }
                Ok(())
            };
            self.program.run(&value, &mut print).map_err(error)?;
        }
        Ok(())
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

impl Expr {
    fn run(&self, on: &Value, out: &mut Out<'_>) -> Result<(), String> {
        match self {
            Expr::Here => out(on),
            Expr::Literal(value) => out(value),
            Expr::At(of, key) => {
                key.run(on, &mut |key| of.run(on, &mut |value| out(index(value, key)?)))
            }
            Expr::Each(of) => of.run(on, &mut |value| match value {
                Value::Array(list) => list.iter().try_for_each(&mut *out),
                Value::Object(map) => map.values().try_for_each(&mut *out),
                other => Err(format!("Cannot iterate over {}", kind(other))),
            }),
            Expr::Maybe(of) => {
                let (found, _) = of.all(on);
                found.iter().try_for_each(out)
            }
            Expr::Pipe(first, then) => first.run(on, &mut |value| then.run(value, out)),
            Expr::Comma(first, then) => {
                first.run(on, out)?;
                then.run(on, out)
            }
            Expr::Else(first, other) => {
                let (mut found, _) = first.all(on);
                found.retain(is_true);
                if found.is_empty() { other.run(on, out) } else { found.iter().try_for_each(out) }
            }
            Expr::List(of) => {
                let (found, done) = of.all(on);
                done?;
                out(&Value::Array(found))
            }
            Expr::Object(parts) => tuples(parts, on, &mut Vec::new(), &mut |parts| {
                let mut map = Map::new();
                for pair in parts.chunks(2) {
                    let Value::String(key) = &pair[0] else {
                        return Err("Object keys must be strings".into());
                    };
                    map.insert(key.clone(), pair[1].clone());
                }
                out(&Value::Object(map))
            }),
            Expr::Text(parts) => tuples(parts, on, &mut Vec::new(), &mut |parts| {
                out(&parts.iter().map(plain).collect::<String>().into())
            }),
            Expr::Call("empty", _) => Ok(()),
            Expr::Call("select", args) => {
                args[0].run(on, &mut |holds| if is_true(holds) { out(on) } else { Ok(()) })
            }
            Expr::Call("map", args) => {
                let each = Expr::Each(Box::new(Expr::Here));
                let (found, done) = both(Expr::Pipe, each, args[0].clone()).all(on);
                done?;
                out(&Value::Array(found))
            }
            Expr::Call("sort_by", args) => {
                let mut list = array(on)?.clone();
                sorted::sort_by(&mut list, |a, b| {
                    let (a, b) = (args[0].all(a).0, args[0].all(b).0);
                    order(&a.into(), &b.into())
                });
                out(&Value::Array(list))
            }
            Expr::Call(name, args) => {
                tuples(args, on, &mut Vec::new(), &mut |args| out(&call(name, on, args)?))
            }
        }
    }

    /// All it gives, and whether it failed then.
    fn all(&self, on: &Value) -> (Vec<Value>, Result<(), String>) {
        let mut found = Vec::new();
        let done = self.run(on, &mut |value| {
            found.push(value.clone());
            Ok(())
        });
        (found, done)
    }
}

/// Each way to take one value of each of `list`.
fn tuples(
    list: &[Expr],
    on: &Value,
    got: &mut Vec<Value>,
    out: &mut Whole<'_>,
) -> Result<(), String> {
    let Some((first, rest)) = list.split_first() else { return out(got) };
    first.run(on, &mut |value| {
        got.push(value.clone());
        tuples(rest, on, got, out)?;
        got.pop();
        Ok(())
    })
}

fn index<'v>(value: &'v Value, key: &Value) -> Result<&'v Value, String> {
    match (value, key) {
        (Value::Object(map), Value::String(key)) => Ok(map.get(key).unwrap_or(&NULL)),
        (Value::Array(list), Value::Number(_)) => {
            let at = key.as_i64().unwrap_or(i64::MAX);
            let length = i64::try_from(list.len()).unwrap_or(0);
            let at = usize::try_from(if at < 0 { at + length } else { at }).ok();
            Ok(at.and_then(|at| list.get(at)).unwrap_or(&NULL))
        }
        (Value::Null, _) => Ok(&NULL),
        (other, Value::String(key)) => Err(format!("Cannot index {} with {key:?}", kind(other))),
        (other, key) => Err(format!("Cannot index {} with {}", kind(other), kind(key))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A text without its quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("Cannot iterate over {}", kind(value)))
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{} ({value}) is no string", kind(value)))
}

/// null, false, true, numbers, texts, lists, objects.
fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(yes) => 1 + i32::from(*yes),
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    };
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let mut pairs = a.iter().zip(b).map(|(a, b)| order(a, b));
            pairs.find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
        }
        (Value::Object(_), Value::Object(_)) => a.to_string().cmp(&b.to_string()),
        _ => a.as_i64().cmp(&b.as_i64()),
    })
}

fn plus(a: &Value, b: &Value) -> Result<Value, String> {
    Ok(match (a, b) {
        (Value::Null, other) | (other, Value::Null) => other.clone(),
        (Value::String(a), Value::String(b)) => json!(format!("{a}{b}")),
        (Value::Array(a), Value::Array(b)) => a.iter().chain(b).cloned().collect(),
        (Value::Object(a), Value::Object(b)) => {
            let both = a.iter().chain(b).map(|(key, value)| (key.clone(), value.clone()));
            Value::Object(both.collect())
        }
        (Value::Number(_), Value::Number(_)) => {
            json!(a.as_i64().unwrap_or(0).saturating_add(b.as_i64().unwrap_or(0)))
        }
        _ => return Err(format!("{} and {} cannot be added", kind(a), kind(b))),
    })
}

/// What a function or an operator gives.
fn call(name: &str, on: &Value, args: &[Value]) -> Result<Value, String> {
    if let [a, b] = args {
        let ordered = order(a, b);
        return Ok(match name {
            "+" => plus(a, b)?,
            "-" => json!(a.as_i64().unwrap_or(0).saturating_sub(b.as_i64().unwrap_or(0))),
            "and" => json!(is_true(a) && is_true(b)),
            "or" => json!(is_true(a) || is_true(b)),
            "==" => json!(a == b),
            "!=" => json!(a != b),
            "<" => json!(ordered.is_lt()),
            "<=" => json!(ordered.is_le()),
            ">" => json!(ordered.is_gt()),
            _ => json!(ordered.is_ge()),
        });
    }
    let arg = args.first().unwrap_or(&NULL);
    Ok(match name {
        "length" => match on {
            Value::Array(list) => json!(list.len()),
            Value::Object(map) => json!(map.len()),
            Value::String(text) => json!(text.chars().count()),
            Value::Null => json!(0),
            other => other.clone(),
        },
        "keys" | "to_entries" => {
            let map = on.as_object().ok_or_else(|| format!("{} has no keys", kind(on)))?;
            let mut keys: Vec<&String> = map.keys().collect();
            sorted::sort(&mut keys);
            match name {
                "keys" => json!(keys),
                _ => keys.into_iter().map(|key| json!({"key": key, "value": map[key]})).collect(),
            }
        }
        "not" => json!(!is_true(on)),
        "first" => index(on, &json!(0))?.clone(),
        "last" => index(on, &json!(-1))?.clone(),
        "add" => array(on)?.iter().try_fold(Value::Null, |sum, one| plus(&sum, one))?,
        "sort" | "unique" => {
            let mut list = array(on)?.clone();
            sorted::sort_by(&mut list, order);
            if name == "unique" {
                list.dedup();
            }
            Value::Array(list)
        }
        "reverse" => array(on)?.iter().rev().cloned().collect(),
        "type" => json!(kind(on)),
        "tostring" => json!(plain(on)),
        "join" => json!(array(on)?.iter().map(plain).collect::<Vec<_>>().join(text(arg)?)),
        "split" => text(on)?.split(text(arg)?).map(Value::from).collect(),
        "has" => json!(on.as_object().is_some_and(|map| map.contains_key(&plain(arg)))),
        "contains" => match on {
            Value::Array(list) => json!(array(arg)?.iter().all(|one| list.contains(one))),
            other => json!(text(other)?.contains(text(arg)?)),
        },
        "startswith" => json!(text(on)?.starts_with(text(arg)?)),
        "endswith" => json!(text(on)?.ends_with(text(arg)?)),
        _ => json!(Pattern::new(text(arg)?, true, false)?.matches(text(on)?)),
    })
}
