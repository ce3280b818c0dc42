//! Reads programs of jq.
//!
//! Not here: what `jq` leaves out; it is refused.
//!
//! Upstream: jq 1.7, src/parser.y

use crate::shell::tree::{Op, Operator, Reader, Tree, beginning, is_word, leaf, node, one, two};
use serde_json::{Value, json};

/// The operators; `|` and `//` group from the right.
const OPERATORS: &[Operator] = &[
    ("|", 0, 0, Op::Pipe),
    (",", 1, 2, Op::Comma),
    ("//", 2, 2, Op::Else),
    ("or", 3, 4, Op::Or),
    ("and", 4, 5, Op::And),
    ("==", 5, 6, Op::Equal),
    ("!=", 5, 6, Op::Differs),
    ("<=", 5, 6, Op::LessOrEqual),
    (">=", 5, 6, Op::MoreOrEqual),
    ("<", 5, 6, Op::Less),
    (">", 5, 6, Op::More),
    ("+", 6, 7, Op::Add),
    ("-", 6, 7, Op::Subtract),
];

/// What the value of a key may hold without brackets: all but `|` and `,`.
const VALUE: u8 = 2;

/// Functions, and whether they take an argument.
const FUNCTIONS: &[(&str, Op, bool)] = &[
    ("select", Op::Select, true),
    ("map", Op::Map, true),
    ("sort_by", Op::Sort, true),
    ("length", Op::Length, false),
    ("keys", Op::Keys, false),
    ("not", Op::Not, false),
    ("empty", Op::Empty, false),
    ("first", Op::First, false),
    ("last", Op::Last, false),
    ("add", Op::Sum, false),
    ("sort", Op::Sort, false),
    ("unique", Op::Unique, false),
    ("reverse", Op::Reverse, false),
    ("type", Op::Type, false),
    ("tostring", Op::ToText, false),
    ("to_entries", Op::Entries, false),
    ("join", Op::Joined, true),
    ("split", Op::Split, true),
    ("has", Op::Has, true),
    ("contains", Op::Contains, true),
    ("startswith", Op::StartsWith, true),
    ("endswith", Op::EndsWith, true),
    ("test", Op::Test, true),
];

/// Reads a program. An error says what is wrong with it.
pub(super) fn program(text: &str) -> Result<Tree, String> {
    if text.trim().is_empty() {
        return Ok(here());
    }
    let reader = Reader::new(text, &[' ', '\t', '\n', '\r'], OPERATORS, path);
    let mut reader = reader.map_err(|error| ["error: ", &error].concat())?;
    match reader.level(0) {
        Some(program) if reader.rest.trim().is_empty() => Ok(program),
        _ => Err(wrong(reader.rest.trim())),
    }
}

fn wrong(rest: &str) -> String {
    if rest.is_empty() {
        return "error: syntax error, unexpected end of file".into();
    }
    let mut error =
        ["error: not here: '", beginning(rest), "'. Here are paths, |, ',', //, [], {}"].concat();
    for (name, ..) in FUNCTIONS {
        error.push_str(", ");
        error.push_str(name);
    }
    error
}

fn here() -> Tree {
    leaf(Op::Here, Value::Null)
}

fn literal(text: &str) -> Tree {
    leaf(Op::Literal, text.into())
}

/// A term, and what follows it: `.a`, `[0]`, `[]`, `?`.
fn path(reader: &mut Reader<'_>) -> Option<Tree> {
    let mut of = term(reader)?;
    loop {
        if reader.skip("?") {
            of = one(Op::Maybe, of);
        } else if let Some(rest) = reader.rest.strip_prefix('[') {
            reader.rest = rest;
            of = match reader.skip("]") {
                true => one(Op::Each, of),
                false => two(Op::At, reader.closed("]")?, of),
            };
        } else if let Some(rest) = reader.rest.strip_prefix('.') {
            reader.rest = rest;
            if !rest.starts_with('[') {
                of = key(reader, of)?;
            }
        } else {
            return Some(of);
        }
    }
}

/// A key after a point.
fn key(reader: &mut Reader<'_>, of: Tree) -> Option<Tree> {
    let name = name(reader)?;
    Some(two(Op::At, name, of))
}

/// The name of a key: a text or a word.
fn name(reader: &mut Reader<'_>) -> Option<Tree> {
    let name = if reader.skip("\"") { text(reader)? } else { literal(reader.word()) };
    if name.value == "" { None } else { Some(name) }
}

fn term(reader: &mut Reader<'_>) -> Option<Tree> {
    if reader.skip("\"") {
        return text(reader);
    }
    if reader.skip(".") {
        let named = reader.rest.starts_with(|c| is_word(c) || c == '"');
        return if named { key(reader, here()) } else { Some(here()) };
    }
    if reader.skip("(") {
        return reader.closed(")");
    }
    if reader.skip("[") {
        return Some(match reader.skip("]") {
            true => leaf(Op::Literal, json!([])),
            false => one(Op::List, reader.closed("]")?),
        });
    }
    if reader.skip("{") {
        return object(reader);
    }
    let before = reader.rest;
    reader.skip("-");
    let long = before.len() - reader.rest.len();
    let word = match reader.rest.starts_with(is_word) {
        true => &before[..long + reader.word().len()],
        false => "",
    };
    if let Ok(value) = serde_json::from_str::<Value>(word) {
        return Some(leaf(Op::Literal, value));
    }
    let Some((_, op, takes)) = FUNCTIONS.iter().find(|(name, ..)| *name == word) else {
        reader.rest = before;
        return None;
    };
    let arg = match *takes {
        true => {
            reader.expect("(")?;
            reader.closed(")")?
        }
        false => here(),
    };
    Some(match op {
        Op::First => two(Op::At, leaf(Op::Literal, 0.into()), arg),
        Op::Last => two(Op::At, leaf(Op::Literal, (-1).into()), arg),
        // `map(f)` is `[.[] | f]`.
        Op::Map => one(Op::List, two(Op::Pipe, one(Op::Each, here()), arg)),
        // `sort` is `sort_by(.)`.
        Op::Sort | Op::Unique => one(*op, arg),
        op if *takes => one(*op, arg),
        op => leaf(*op, Value::Null),
    })
}

fn object(reader: &mut Reader<'_>) -> Option<Tree> {
    let mut parts = Vec::new();
    while !reader.skip("}") {
        if !parts.is_empty() {
            reader.expect(",")?;
        }
        let key = if reader.skip("(") { reader.closed(")")? } else { name(reader)? };
        let value = match reader.skip(":") {
            true => reader.level(VALUE)?,
            false => two(Op::At, key.clone(), here()),
        };
        parts.push(key);
        parts.push(value);
    }
    Some(node(Op::Object, parts))
}

/// A text of which the first quote was read; it may hold filters in `\(…)`.
fn text(reader: &mut Reader<'_>) -> Option<Tree> {
    let (mut parts, mut plain) = (Vec::new(), String::new());
    loop {
        let mut chars = reader.rest.chars();
        let mut c = chars.next()?;
        reader.rest = chars.as_str();
        if c == '"' && parts.is_empty() {
            return Some(literal(&plain));
        }
        if c == '"' {
            parts.push(literal(&plain));
            return Some(node(Op::Text, parts));
        }
        if c == '\\' {
            c = chars.next()?;
            reader.rest = chars.as_str();
            if c == '(' {
                parts.push(literal(&plain));
                plain.clear();
                parts.push(reader.closed(")")?);
                continue;
            }
            c = escaped(c);
        }
        plain.push(c);
    }
}

fn escaped(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        c => c,
    }
}
