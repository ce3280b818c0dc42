//! Looking into objects as trees.

use crate::api::apps::go_json;
use serde_json::Value;

/// The value at a path such as `spec.template.spec`; null if there is none. Keys with dots
/// cannot be named.
pub fn at<'v>(mut tree: &'v Value, path: &str) -> &'v Value {
    for key in path.split('.').filter(|key| !key.is_empty()) {
        tree = &tree[key];
    }
    tree
}

/// The tree that the JSON `text` describes, where `"$0"` stands for the first of `values`. What is
/// null then is left out. A text is far smaller than code that builds the same.
pub fn shaped(text: &str, values: &[Value]) -> Value {
    fn fill(tree: &mut Value, values: &[Value]) {
        match tree {
            Value::String(text) => {
                let place = text.strip_prefix('$').and_then(|place| place.parse::<usize>().ok());
                if let Some(value) = place.and_then(|place| values.get(place)) {
                    *tree = value.clone();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
            Value::Object(map) => {
                map.values_mut().for_each(|value| fill(value, values));
                map.retain(|_, value| !value.is_null());
            }
            _ => {}
        }
    }
    let mut tree = serde_json::from_str(text).unwrap_or_default();
    fill(&mut tree, values);
    tree
}

/// A text as it is, anything else as JSON; nothing for null.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text at a path.
pub fn text_at(tree: &Value, path: &str) -> String {
    text(at(tree, path))
}

/// The number at a path; 0 if there is none.
pub fn number(tree: &Value, path: &str) -> i64 {
    at(tree, path).as_i64().unwrap_or(0)
}

/// The items of the list at a path.
pub fn list<'v>(tree: &'v Value, path: &str) -> &'v [Value] {
    at(tree, path).as_array().map_or(&[], Vec::as_slice)
}

/// The entries of the object at a path.
pub fn entries<'v>(tree: &'v Value, path: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    at(tree, path).as_object().into_iter().flatten()
}

/// A value as Go prints it: `map[a:1 b:[x y]]`; with `floats`, numbers as Go prints floats.
pub fn go(value: &Value, floats: bool) -> String {
    match value {
        Value::Null => "<nil>".to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_i64().filter(|_| floats) {
            Some(n) => float(n),
            None => number.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| go(item, floats)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let pair = |(key, value): (&String, &Value)| format!("{key}:{}", go(value, floats));
            format!("map[{}]", map.iter().map(pair).collect::<Vec<String>>().join(" "))
        }
        other => other.to_string(),
    }
}

/// A whole number as Go prints a float: 1e+06 from a million on.
fn float(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    if digits.len() <= 6 {
        return n.to_string();
    }
    let sign = if n < 0 { "-" } else { "" };
    let tail = digits[1..].trim_end_matches('0');
    let dot = if tail.is_empty() { "" } else { "." };
    format!("{sign}{}{dot}{tail}e+{:02}", &digits[..1], digits.len() - 1)
}

/// A value as Go source: `map[string]interface {}{"a":1}`.
pub fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let pair = |(key, value): (&String, &Value)| format!("{key:?}:{}", go_syntax(value));
            let pairs: Vec<String> = map.iter().map(pair).collect();
            format!("map[string]interface {{}}{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// JSON in lines, four spaces a level, as kubectl prints it.
pub fn pretty(value: &Value, depth: usize, out: &mut String) {
    lines(value, &Looks { indent: "    ", leaf: go_json }, depth, out);
}

/// JSON in lines, two spaces a level, as others print it.
pub fn indented(value: &Value, out: &mut String) {
    lines(value, &Looks { indent: "  ", leaf: Value::to_string }, 0, out);
}

struct Looks {
    indent: &'static str,
    leaf: fn(&Value) -> String,
}

fn lines(value: &Value, looks: &Looks, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n(looks.indent, depth));
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(depth + 1, out);
                lines(item, looks, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                line(depth + 1, out);
                out.push_str(&(looks.leaf)(&Value::String(key.clone())));
                out.push_str(": ");
                lines(item, looks, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        other => out.push_str(&(looks.leaf)(other)),
    }
}
