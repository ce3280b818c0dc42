//! Kinds without a layout of their own: the whole object, keys spelled out.
//!
//! Upstream: printUnstructuredContent and smartLabelFor in
//! staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use crate::kubectl::value::{go, text_at};
use serde_json::Value;

/// What the head shows already, and what nobody wants to see.
const SKIPPED: &[&str] = &[
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
];

/// Words that stand in capitals.
const ACRONYMS: &[&str] = &["API", "URL", "UID", "OSB", "GUID"];

/// Writes the whole object.
pub(super) fn whole(w: &mut Writer<'_>, name: &str) {
    w.pair("Name", name);
    w.pair("Namespace", text_at(w.tree, "metadata.namespace"));
    w.fields("Labels:#metadata.labels; Annotations:!metadata.annotations");
    let tree = w.tree;
    content(w, tree, 0, "");
}

/// `creationTimestamp` as `Creation Timestamp`.
fn label(key: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut upper = false;
    for c in key.chars() {
        if !c.is_alphanumeric() && words.is_empty() {
            return key.to_string();
        }
        // `podIPs` is `Pod I Ps`: as camel case splits it, runs of capitals stay together.
        let starts = c.is_uppercase() && !upper;
        if starts || words.is_empty() {
            words.push(String::new());
        } else if !c.is_uppercase() && upper && words.last().is_some_and(|w| w.len() > 1) {
            let last = words.last_mut().and_then(String::pop);
            words.push(last.into_iter().collect());
        }
        upper = c.is_uppercase();
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let title = |word: String| {
        let whole = word.to_uppercase();
        if ACRONYMS.contains(&&*whole) {
            return whole;
        }
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
        first + chars.as_str()
    };
    words.into_iter().map(title).collect::<Vec<String>>().join(" ")
}

fn content(w: &mut Writer<'_>, value: &Value, level: usize, path: &str) {
    let indent = "  ".repeat(level);
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let inner = format!("{path}.{key}");
        if SKIPPED.contains(&&*inner) {
            continue;
        }
        let label = label(key);
        match value {
            Value::Object(_) => {
                w.line(format_args!("{indent}{label}:"));
                content(w, value, level + 1, &inner);
            }
            Value::Array(items) => {
                w.line(format_args!("{indent}{label}:"));
                for item in items {
                    match item {
                        Value::Object(_) => content(w, item, level + 1, &inner),
                        other => w.line(format_args!("{indent}  {}", go(other, false))),
                    }
                }
            }
            other => w.line(format_args!("{indent}{label}:\t{}", go(other, false))),
        }
    }
}
