//! YAML as manifests use it, read into a tree that knows its lines: block and flow
//! collections, all scalars, anchors, merge keys, YAML 1.1 words as Kubernetes reads them.
//! A text is split into documents first, so one broken document does not hide the others;
//! within a document reading stops at the first error.
//!
//! Own, since the usual libraries lose positions, loop on errors or take a sixth of the
//! page. Bounds: size, depth, aliases. Tests compare it with a library.
//!
//! Not here: complex keys (`? …`), tags other than the core ones, directives' effects.
//!
//! Upstream: sigs.k8s.io/yaml (go-yaml 2), the words of libyaml

mod block;
mod flow;
mod resolve;
mod scalar;

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most a text may have, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// How deep collections may be.
const MAX_DEPTH: usize = 64;
/// How many nodes aliases may add, and how many aliases there may be.
const MAX_ALIASED: usize = 10_000;
const MAX_ALIASES: usize = 200;

/// A place in the text, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in bytes.
    pub column: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// The value.
    pub value: Yaml,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// Text, number, truth or nothing; with the text as it was written.
    Scalar(Value, String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the text.
    Map(Vec<Entry>),
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub value: Node,
}

/// Why a text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Why, in libyaml's words where it has them.
    pub message: String,
    /// How to mend it; may be empty.
    pub hint: String,
}

/// One document of a text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The line it begins in, counted from 1.
    pub line: u32,
    /// What it holds, or why it cannot be read.
    pub root: Result<Node, Fault>,
}

impl Node {
    fn null(place: Place) -> Node {
        Node { place, value: Yaml::Scalar(Value::Null, String::new()) }
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Yaml::Scalar(Value::Null, _))
    }

    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Yaml::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// Its text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Yaml::Scalar(Value::String(text), _) => Some(text),
            _ => None,
        }
    }

    /// Without places.
    pub fn to_json(&self) -> Value {
        match &self.value {
            Yaml::Scalar(value, _) => value.clone(),
            Yaml::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Yaml::Map(entries) => {
                let pairs = entries.iter().map(|e| (e.key.clone(), e.value.to_json()));
                Value::Object(Map::from_iter(pairs))
            }
        }
    }

    fn size(&self) -> usize {
        match &self.value {
            Yaml::Scalar(..) => 1,
            Yaml::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Yaml::Map(entries) => 1 + entries.iter().map(|e| e.value.size()).sum::<usize>(),
        }
    }
}

/// Reads a text: its documents, empty ones left out.
pub fn read(text: &str) -> Vec<Document> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_BYTES {
        let message = format!("the text is larger than {} KiB", MAX_BYTES / 1024);
        let fault = Fault { place: Place { line: 1, column: 1 }, message, hint: String::new() };
        return vec![Document { line: 1, root: Err(fault) }];
    }
    let text = text.replace("\r\n", "\n");
    let mut documents = Vec::new();
    let (mut start, mut first, mut line) = (0, 1, 1);
    let mut at = 0;
    for piece in text.split_inclusive('\n') {
        let marker = piece.strip_prefix("---").or_else(|| piece.strip_prefix("..."));
        let rest = marker.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']));
        if let Some(rest) = rest {
            push(&text[start..at], first, &mut documents);
            // What follows the dashes on their line belongs to the new document.
            let content = rest.trim_start();
            let inline = piece.starts_with("---") && !content.is_empty();
            let inline = inline && !content.starts_with('#');
            (start, first) = if inline { (at + 3, line) } else { (at + piece.len(), line + 1) };
        }
        at += piece.len();
        line += 1;
    }
    push(&text[start..], first, &mut documents);
    documents
}

fn push(text: &str, line: u32, documents: &mut Vec<Document>) {
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(|line| blank(line) || line.starts_with('%')) {
        return;
    }
    let mut parser = Parser::new(text, line);
    documents.push(Document { line, root: parser.document() });
}

/// Reads one document.
pub(super) struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line: u32,
    line_start: usize,
    depth: usize,
    anchors: BTreeMap<String, Node>,
    aliases: usize,
    aliased: usize,
}

type Parsed<T> = Result<T, Fault>;

impl<'t> Parser<'t> {
    fn new(text: &'t str, line: u32) -> Parser<'t> {
        Parser {
            text,
            bytes: text.as_bytes(),
            at: 0,
            line,
            line_start: 0,
            depth: 0,
            anchors: BTreeMap::new(),
            aliases: 0,
            aliased: 0,
        }
    }

    fn document(&mut self) -> Parsed<Node> {
        let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
        if let Some(at) = self.text.find(bad) {
            let before = &self.text[..at];
            self.line += before.matches('\n').count() as u32;
            self.line_start = before.rfind('\n').map_or(0, |at| at + 1);
            self.at = at;
            return self.fail("control characters are not allowed", "");
        }
        while self.bytes.get(self.at) == Some(&b'%') {
            self.to_line_end();
            self.skip_blank()?;
        }
        let node = self.block_node(0, -1)?;
        self.skip_blank()?;
        if self.at < self.bytes.len() {
            return self.fail("did not find expected <document start>", "");
        }
        Ok(node)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn column(&self) -> i32 {
        (self.at - self.line_start) as i32
    }

    fn place(&self) -> Place {
        Place { line: self.line, column: self.column() as u32 + 1 }
    }

    fn fail<T>(&self, message: &str, hint: &str) -> Parsed<T> {
        self.fail_at(self.place(), message, hint)
    }

    fn fail_at<T>(&self, place: Place, message: &str, hint: &str) -> Parsed<T> {
        Err(Fault { place, message: message.to_string(), hint: hint.to_string() })
    }

    /// Steps over one byte that may be a line's end.
    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line += 1;
            self.line_start = self.at + 1;
        }
        self.at += 1;
    }

    fn to_line_end(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Whether only a comment or nothing is left on this line.
    fn line_is_over(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let next = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        matches!(next, None | Some(b'\n' | b'\r' | b'#'))
    }

    fn after_space(&self) -> bool {
        self.at > 0 && matches!(self.bytes[self.at - 1], b' ' | b'\t' | b'\n')
    }

    /// To the next byte that means something. Tabs may not indent.
    fn skip_blank(&mut self) -> Parsed<()> {
        loop {
            let indent = self.bytes[self.line_start..self.at].iter().all(|byte| *byte == b' ');
            match self.peek() {
                Some(b' ' | b'\n' | b'\r') => self.step(),
                Some(b'\t') if !indent || self.line_is_over() => self.step(),
                Some(b'\t') => {
                    return self.fail(
                        "found character that cannot start any token",
                        "a tab stands where YAML wants spaces: indent with spaces",
                    );
                }
                Some(b'#') => self.to_line_end(),
                _ => return Ok(()),
            }
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail("exceeded max depth of 64", "");
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Adds an entry; the same key twice is an error that names both lines.
    fn add_entry(&self, entries: &mut Vec<Entry>, entry: Entry) -> Parsed<()> {
        if entry.key != "<<"
            && let Some(first) = entries.iter().find(|other| other.key == entry.key)
        {
            let message = format!("key {:?} already set in map", entry.key);
            let hint = format!("it stands in line {} already", first.place.line);
            return self.fail_at(entry.place, &message, &hint);
        }
        entries.push(entry);
        Ok(())
    }

    /// Puts the keys that `<<` brings in where they are not given.
    fn merged(&self, entries: Vec<Entry>) -> Parsed<Vec<Entry>> {
        if entries.iter().all(|entry| entry.key != "<<") {
            return Ok(entries);
        }
        let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.key == "<<");
        for merge in merges {
            let maps = match merge.value.value {
                Yaml::List(items) => items,
                value => vec![Node { place: merge.place, value }],
            };
            for map in maps {
                let Yaml::Map(others) = map.value else {
                    return self.fail_at(
                        merge.place,
                        "map merge requires map or sequence of maps as the value",
                        "",
                    );
                };
                for other in others {
                    if own.iter().all(|entry| entry.key != other.key) {
                        own.push(other);
                    }
                }
            }
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests;
