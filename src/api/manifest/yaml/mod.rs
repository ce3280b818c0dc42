//! YAML as manifests use it, read into a tree that knows its lines: libyaml's events, anchors
//! and merge keys expanded, YAML 1.1 words as Kubernetes reads them. A text is split into
//! documents first, so one broken document does not hide the others; within a document reading
//! stops at the first error. Bounds: size, depth, aliases.
//!
//! Not here: keys that are not plain texts, tags other than the core ones.
//!
//! Upstream: sigs.k8s.io/yaml (go-yaml 2, which is libyaml in Go)

mod compose;
mod events;
mod resolve;

use compose::Composer;
use serde_json::{Map, Value};

/// The most a text may have, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
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
    /// Where an anchor or a map is copied for the first time.
    pub copied: Option<Place>,
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
        return vec![Document { line: 1, root: Err(fault), copied: None }];
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
    let mut composer = Composer::new(text, line);
    let root = composer.document().or_else(|fault| json(text, line).ok_or(fault));
    documents.push(Document { line, root, copied: composer.copied });
}

/// JSON that libyaml does not read (pairs of surrogates): without places but the first.
fn json(text: &str, line: u32) -> Option<Node> {
    fn node(value: Value, place: Place) -> Node {
        let value = match value {
            Value::Array(items) => {
                Yaml::List(items.into_iter().map(|item| node(item, place)).collect())
            }
            Value::Object(map) => {
                let entry = |(key, value)| Entry { key, place, value: node(value, place) };
                Yaml::Map(map.into_iter().map(entry).collect())
            }
            Value::String(text) => Yaml::Scalar(Value::String(text.clone()), text),
            other => {
                let text = other.to_string();
                Yaml::Scalar(other, text)
            }
        };
        Node { place, value }
    }
    let object = text.trim_start().starts_with('{');
    let value = object.then(|| serde_json::from_str(text).ok()).flatten()?;
    Some(node(value, Place { line, column: 1 }))
}

#[cfg(test)]
mod tests;
