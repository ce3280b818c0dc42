//! Objects as `-o yaml` prints them: keys in order of the alphabet, lists not indented, quotes
//! where a plain text would be read as something else.
//!
//! Upstream: sigs.k8s.io/yaml (goyaml.v2: encode.go, emitterc.go, resolve.go)

use crate::api::kinds::Object;
use serde_json::Value;

/// The object as YAML.
pub fn text(object: &Object) -> String {
    of(&object.to_value())
}

/// A tree as YAML.
pub fn of(tree: &Value) -> String {
    let mut out = String::new();
    node(tree, 0, &mut out);
    out
}

/// A tree as `-o kyaml` prints it: braces, and every text in quotes.
pub fn kyaml(tree: &Value) -> String {
    let mut out = "---\n".to_string();
    braces(tree, 0, &mut out);
    out + "\n"
}

fn braces(value: &Value, depth: usize, out: &mut String) {
    let nests = |value: &Value| value.is_object() || value.is_array();
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push_str("{\n");
            for (key, value) in map {
                indent(depth + 1, out);
                let bare = |(at, c): (usize, char)| {
                    let inner = at > 0 && at + c.len_utf8() < key.len();
                    c.is_alphanumeric() || c == '_' || inner && "-./".contains(c)
                };
                let letter = ["t", "T", "f", "F"].contains(&&**key);
                match is_text(key) && !letter && key.char_indices().all(bare) {
                    true => out.push_str(key),
                    false => quoted(key, out),
                }
                out.push_str(": ");
                braces(value, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push('}');
        }
        Value::Array(items) if items.iter().all(nests) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                braces(item, depth, out);
            }
            out.push(']');
        }
        Value::Array(items) => {
            out.push_str("[\n");
            for item in items {
                indent(depth + 1, out);
                braces(item, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push(']');
        }
        Value::String(text) if text.contains('\n') => {
            out.push_str("\"\\\n");
            for line in text.split_inclusive('\n') {
                indent(depth + 1, out);
                let blank = line.starts_with(|c: char| c.is_whitespace() && c != '\n');
                out.push(if blank { '\\' } else { ' ' });
                let mut shown = String::new();
                quoted(line, &mut shown);
                out.push_str(&shown[1..shown.len() - 1].replace("\\t", "\t"));
                out.push_str("\\\n");
            }
            indent(depth + 1, out);
            out.push('"');
        }
        Value::String(text) => {
            let mut shown = String::new();
            quoted(text, &mut shown);
            out.push_str(&shown.replace("\\t", "\t"));
        }
        other => out.push_str(&other.to_string()),
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// A value that begins at the start of a line.
fn node(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    indent(depth, out);
                }
                scalar(key, true, depth, out);
                out.push(':');
                match value {
                    Value::Object(inner) if !inner.is_empty() => {
                        out.push('\n');
                        indent(depth + 1, out);
                        node(value, depth + 1, out);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        out.push('\n');
                        indent(depth, out);
                        node(value, depth, out);
                    }
                    value => {
                        out.push(' ');
                        node(value, depth + 1, out);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    indent(depth, out);
                }
                out.push_str("- ");
                node(item, depth + 1, out);
            }
        }
        Value::Object(_) => out.push_str("{}\n"),
        Value::Array(_) => out.push_str("[]\n"),
        Value::String(text) => {
            scalar(text, false, depth, out);
            out.push('\n');
        }
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

fn scalar(text: &str, key: bool, depth: usize, out: &mut String) {
    let shape = Shape::of(text);
    if text.contains('\n') && !key && !shape.special {
        return literal(text, depth, out);
    }
    if !text.contains('\n') && is_text(text) && shape.plain {
        return fold(text, key, depth, out);
    }
    // What would be read as something else gets double quotes, what has signs single ones.
    if !text.contains('\n') && is_text(text) && !shape.special {
        out.push('\'');
        fold(&text.replace('\'', "''"), key, depth, out);
        return out.push('\'');
    }
    quoted(text, out);
}

/// A text in double quotes.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\0' => out.push_str("\\0"),
            c if c.is_control() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Past this column a line ends at the next blank.
const WIDTH: usize = 80;

/// Writes a text that may be broken at its blanks.
fn fold(text: &str, key: bool, depth: usize, out: &mut String) {
    let line = out.rfind('\n').map_or(0, |end| end + 1);
    let mut column = out[line..].chars().count();
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let single = c == ' ' && before != ' ' && chars.peek().is_some_and(|next| *next != ' ');
        if single && !key && !first && column > WIDTH {
            out.push('\n');
            indent(depth.max(1), out);
            column = 2 * depth.max(1);
        } else {
            out.push(c);
            column += 1;
        }
        (before, first) = (c, false);
    }
}

/// Several lines after `|`.
fn literal(text: &str, depth: usize, out: &mut String) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    let body = text.strip_suffix('\n');
    match body {
        None => out.push('-'),
        Some(body) if body.is_empty() || body.ends_with('\n') => out.push('+'),
        Some(_) => {}
    }
    for line in body.unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(depth.max(1), out);
            out.push_str(line);
        }
    }
}

/// What the characters of a text allow.
struct Shape {
    /// It may stand without quotes.
    plain: bool,
    /// Only double quotes will do.
    special: bool,
}

impl Shape {
    fn of(text: &str) -> Shape {
        let chars: Vec<char> = text.chars().collect();
        let blank = |at: usize| chars.get(at).is_none_or(|c| " \t\r\n".contains(*c));
        let mut plain = !text.starts_with("---") && !text.starts_with("...");
        let mut special = false;
        for (at, &c) in chars.iter().enumerate() {
            let sign = match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if at == 0 =>
                {
                    true
                }
                '?' | '-' if at == 0 => blank(at + 1),
                ':' => blank(at + 1),
                '#' => blank(at - 1),
                _ => false,
            };
            plain &= !sign;
            special |= c.is_control() && c != '\n' || c == '\u{feff}';
            special |= c == ' ' && chars.get(at + 1) == Some(&'\n');
        }
        let edge = |c: Option<&char>| matches!(c, Some(' '));
        plain &= !edge(chars.first()) && !edge(chars.last()) && !special;
        special |= text.contains('\n') && edge(chars.last());
        Shape { plain, special }
    }
}

/// Whether a plain text is read back as text: no number, boolean, date or null.
fn is_text(text: &str) -> bool {
    const WORDS: &str = "~ null Null NULL y Y yes Yes YES true True TRUE on On ON n N no No NO \
        false False FALSE off Off OFF .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf \
        -.INF <<";
    if text.is_empty() || WORDS.split_ascii_whitespace().any(|word| word == text) {
        return false;
    }
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return true;
    }
    !(is_number(bare) || is_sixty(bare) || is_date(text))
}

fn is_number(text: &str) -> bool {
    let joined = text.replace('_', "");
    let digits =
        |text: &str, is: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| is(&c));
    let radix = [
        ("0x", char::is_ascii_hexdigit as fn(&char) -> bool),
        ("0X", char::is_ascii_hexdigit),
        ("0b", |c| matches!(c, '0' | '1')),
        ("0o", |c| c.is_digit(8)),
    ];
    if radix
        .iter()
        .any(|(prefix, is)| joined.strip_prefix(prefix).is_some_and(|rest| digits(rest, *is)))
    {
        return true;
    }
    if digits(&joined, char::is_ascii_digit) {
        return true;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        }
        None => (text, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let all = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let some = !whole.is_empty() || !part.is_empty() && mantissa.contains('.');
    some && all(whole) && all(part) && !exponent.is_empty() && all(exponent)
}

/// `12:30`, a number to the base of sixty.
fn is_sixty(text: &str) -> bool {
    let mut parts = text.split('.').next().unwrap_or("").split(':');
    let first = parts.next().unwrap_or("");
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let rest: Vec<&str> = parts.collect();
    let minute = |part: &&str| number(part) && part.len() <= 2 && *part < "60" || part.len() == 1;
    number(&first.replace('_', "")) && !rest.is_empty() && rest.iter().all(minute)
}

/// `2026-01-02`, with or without a time.
fn is_date(text: &str) -> bool {
    let (day, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let number = |text: &str| text.len() <= 4 && text.chars().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = day.split('-').collect();
    let is_day = parts.len() == 3
        && parts[0].len() == 4
        && parts.iter().all(|part| !part.is_empty() && number(part));
    is_day && time.is_none_or(|time| time.matches(':').count() >= 2)
}
