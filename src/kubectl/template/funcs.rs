//! The functions of templates, and how values print.
//!
//! Upstream: Go's text/template/funcs.go and fmt; `exists` and `base64decode` are kubectl's
//! (staging/src/k8s.io/cli-runtime/pkg/printers/template.go)

use super::Val;
use crate::kubectl::value::go;
use serde_json::Value;
use std::cmp::Ordering;

const NAMES: &str = "and or not len index slice print printf println eq ne lt le gt ge exists \
    base64decode";

/// Whether there is a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.split_ascii_whitespace().any(|own| own == name)
}

/// Whether a value counts as true: neither zero nor empty.
pub(super) fn is_true(value: &Val) -> bool {
    match value {
        Val::Nil | Val::Json(Value::Null) => false,
        Val::Int(n) => *n != 0,
        Val::Json(Value::Bool(yes)) => *yes,
        Val::Json(Value::String(text)) => !text.is_empty(),
        Val::Json(Value::Array(items)) => !items.is_empty(),
        Val::Json(Value::Object(map)) => !map.is_empty(),
        Val::Json(number) => number.as_i64() != Some(0),
    }
}

/// Go's name for the type of a value.
pub(super) fn kind(value: &Val) -> &'static str {
    match value {
        Val::Nil | Val::Json(Value::Null) => "nil",
        Val::Int(_) => "int",
        Val::Json(Value::Bool(_)) => "bool",
        Val::Json(Value::String(_)) => "string",
        Val::Json(Value::Array(_)) => "[]interface {}",
        Val::Json(Value::Object(_)) => "map[string]interface {}",
        Val::Json(Value::Number(_)) => "float64",
    }
}

/// A value as Go prints it.
pub(super) fn shown(value: &Val) -> String {
    match value {
        Val::Nil => "<no value>".to_string(),
        Val::Int(n) => n.to_string(),
        Val::Json(Value::Null) => "<no value>".to_string(),
        Val::Json(value) => go(value, true),
    }
}

/// Calls `name`. The error is Go's own, without what was called.
pub(super) fn call(name: &str, mut values: Vec<Val>) -> Result<Val, String> {
    if name == "eq" && values.len() == 1 {
        return Err("missing argument for comparison".to_string());
    }
    let least = match name {
        "print" | "println" => 0,
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => 2,
        _ => 1,
    };
    if values.len() < least {
        let got = values.len();
        return Err(format!("wrong number of args for {name}: want at least {least} got {got}"));
    }
    let truth = |yes: bool| Ok(Val::Json(Value::Bool(yes)));
    let words = |values: &[Val]| values.iter().map(shown).collect::<Vec<String>>();
    match name {
        "and" | "or" => Ok(values.pop().unwrap_or(Val::Nil)),
        "not" => truth(!is_true(&values[0])),
        "len" => match &values[0] {
            Val::Json(Value::String(text)) => Ok(Val::Int(text.len() as i64)),
            Val::Json(Value::Array(items)) => Ok(Val::Int(items.len() as i64)),
            Val::Json(Value::Object(map)) => Ok(Val::Int(map.len() as i64)),
            Val::Nil | Val::Json(Value::Null) => Err("len of nil pointer".to_string()),
            other => Err(format!("len of type {}", kind(other))),
        },
        "index" => {
            let mut rest = values.into_iter();
            let first = rest.next().unwrap_or(Val::Nil);
            rest.try_fold(first, index)
        }
        "slice" => slice(&values),
        "print" => Ok(text(print(&values))),
        "println" => Ok(text(words(&values).join(" ") + "\n")),
        "printf" => printf(&values).map(text),
        "eq" => {
            for other in &values[1..] {
                if compare(&values[0], other)? == Some(Ordering::Equal) {
                    return truth(true);
                }
            }
            truth(false)
        }
        "ne" => truth(compare(&values[0], &values[1])? != Some(Ordering::Equal)),
        "lt" => truth(compare(&values[0], &values[1])? == Some(Ordering::Less)),
        "le" => truth(compare(&values[0], &values[1])?.is_some_and(Ordering::is_le)),
        "gt" => truth(compare(&values[0], &values[1])? == Some(Ordering::Greater)),
        "ge" => truth(compare(&values[0], &values[1])?.is_some_and(Ordering::is_ge)),
        "exists" => {
            let mut rest = values.into_iter();
            let first = rest.next().unwrap_or(Val::Nil);
            truth(rest.try_fold(first, index).is_ok_and(|value| value != Val::Nil))
        }
        "base64decode" => match crate::base::text::from_base64(&shown(&values[0])) {
            Some(plain) => Ok(text(plain)),
            None => Err("base64 decode failed: illegal base64 data at input byte 0".to_string()),
        },
        _ => Err(format!("{name:?} is not a defined function")),
    }
}

fn text(text: String) -> Val {
    Val::Json(Value::String(text))
}

/// As Go's Sprint: blanks between values neither of which is text.
fn print(values: &[Val]) -> String {
    let is_text = |value: &Val| matches!(value, Val::Json(Value::String(_)));
    let mut out = String::new();
    for (n, value) in values.iter().enumerate() {
        if n > 0 && !is_text(value) && !is_text(&values[n - 1]) {
            out.push(' ');
        }
        out.push_str(&shown(value));
    }
    out
}

fn number(value: &Val) -> Option<i64> {
    match value {
        Val::Int(n) => Some(*n),
        Val::Json(value) => value.as_i64(),
        Val::Nil => None,
    }
}

fn index(value: Val, at: Val) -> Result<Val, String> {
    match (value, at) {
        (Val::Nil | Val::Json(Value::Null), _) => Err("index of untyped nil".to_string()),
        (Val::Json(Value::Array(mut items)), at) => {
            let Some(n) = number(&at) else {
                return Err(format!("cannot index slice/array with type {}", kind(&at)));
            };
            match usize::try_from(n).ok().filter(|n| *n < items.len()) {
                Some(n) => Ok(Val::Json(items.swap_remove(n))),
                None => Err(format!("index out of range: {n}")),
            }
        }
        (Val::Json(Value::Object(mut map)), Val::Json(Value::String(key))) => {
            Ok(map.remove(&key).map_or(Val::Nil, Val::Json))
        }
        (Val::Json(Value::String(text)), at) => {
            let byte = number(&at).and_then(|n| text.as_bytes().get(usize::try_from(n).ok()?));
            byte.map(|byte| Val::Int(i64::from(*byte))).ok_or("index out of range".to_string())
        }
        (Val::Json(Value::Object(_)), at) => {
            Err(format!("value has type {}; should be string", kind(&at)))
        }
        (other, _) => Err(format!("can't index item of type {}", kind(&other))),
    }
}

fn slice(values: &[Val]) -> Result<Val, String> {
    let bound = |n: usize, default: usize| match values.get(n) {
        Some(value) => number(value).and_then(|n| usize::try_from(n).ok()),
        None => Some(default),
    };
    let (from, length) = (bound(1, 0), |length: usize| bound(2, length));
    let out_of_range = || "index out of range".to_string();
    match &values[0] {
        Val::Json(Value::String(whole)) => {
            let range = from.zip(length(whole.len())).ok_or_else(out_of_range)?;
            whole.get(range.0..range.1).map(|part| text(part.into())).ok_or_else(out_of_range)
        }
        Val::Json(Value::Array(items)) => {
            let range = from.zip(length(items.len())).ok_or_else(out_of_range)?;
            let part = items.get(range.0..range.1).ok_or_else(out_of_range)?;
            Ok(Val::Json(Value::Array(part.to_vec())))
        }
        other => Err(format!("can't slice item of type {}", kind(other))),
    }
}

fn compare(left: &Val, right: &Val) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => Ok(Some(a.cmp(b))),
        (Val::Json(Value::String(a)), Val::Json(Value::String(b))) => Ok(Some(a.cmp(b))),
        (Val::Json(Value::Bool(a)), Val::Json(Value::Bool(b))) => {
            Ok((a == b).then_some(Ordering::Equal))
        }
        (Val::Json(Value::Number(a)), Val::Json(Value::Number(b))) => {
            Ok(a.as_i64().zip(b.as_i64()).map(|(a, b)| a.cmp(&b)))
        }
        (Val::Nil, Val::Nil) => Ok(Some(Ordering::Equal)),
        (Val::Nil, _) | (_, Val::Nil) => Ok(None),
        _ => Err("incompatible types for comparison".to_string()),
    }
}

fn printf(values: &[Val]) -> Result<String, String> {
    let Val::Json(Value::String(format)) = &values[0] else {
        return Err(format!("wrong type for value; expected string; got {}", kind(&values[0])));
    };
    let mut out = String::new();
    let mut rest = values[1..].iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut verb = chars.next();
        let mut width = String::new();
        while let Some(c) = verb.filter(|c| c.is_ascii_digit() || "-.+ ".contains(*c)) {
            width.push(c);
            verb = chars.next();
        }
        let Some(verb) = verb else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = rest.next() else {
            out.push_str(&format!("%!{verb}(MISSING)"));
            continue;
        };
        let plain = match (verb, value) {
            ('v', value) => shown(value),
            ('s', Val::Json(Value::String(text))) => text.clone(),
            ('q', Val::Json(Value::String(text))) => format!("{text:?}"),
            ('d', Val::Int(n)) => n.to_string(),
            ('t', Val::Json(Value::Bool(yes))) => yes.to_string(),
            ('f', Val::Json(Value::Number(n))) => {
                let places = width.split_once('.').map_or(6, |(_, n)| n.parse().unwrap_or(0));
                let dot = if places > 0 { "." } else { "" };
                format!("{n}{dot}{}", "0".repeat(places.min(20)))
            }
            ('s', Val::Json(value @ (Value::Array(_) | Value::Object(_)))) => go(value, true),
            (verb, value) => format!("%!{verb}({}={})", kind(value), shown(value)),
        };
        let wide: usize = width
            .trim_start_matches('-')
            .split('.')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let pad = " ".repeat(wide.min(200).saturating_sub(plain.chars().count()));
        match width.starts_with('-') {
            true => out.push_str(&(plain + &pad)),
            false => out.push_str(&(pad + &plain)),
        }
    }
    let extra: Vec<String> =
        rest.map(|value| format!("{}={}", kind(value), shown(value))).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(out)
}
