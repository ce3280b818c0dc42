//! How to mend what is wrong: the nearest name, the right type, the usual slip.

use super::locate;
use super::yaml::{Fault, Node, Yaml};
use crate::api::json::{Problem, Schema, Shape};
use crate::api::kinds::Kind;
use serde_json::Value;

/// Kinds that Kubernetes has and the playground does not.
const ELSEWHERE: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "NetworkPolicy",
    "ReplicationController",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "VolumeAttributesClass",
    "VolumeSnapshot",
    "VolumeSnapshotClass",
];

/// For a text that is no YAML.
pub(super) fn syntax(text: &str, fault: &Fault) -> String {
    let flat = text.lines().all(|line| !line.starts_with([' ', '\t']));
    if flat && text.lines().any(|line| matches!(line, "metadata:" | "spec:")) {
        return "the indentation is lost, as happens when text is copied from a web page: copy it \
                again with its spaces"
            .to_string();
    }
    if !fault.hint.is_empty() {
        return fault.hint.clone();
    }
    // A slip is often noticed a line later.
    let at = fault.place.line.saturating_sub(1) as usize;
    let mut near = text.lines().skip(at.saturating_sub(1)).take(2.min(at + 1));
    let line = text.lines().nth(at).unwrap_or("");
    let slips = [
        ("{{", "this looks like a template (Helm, Go): render it first, and paste the result"),
        ("：", "the colon is a full-width one: use a plain colon and a space"),
        ("“", "the quotes are typographic ones: use plain quotes"),
        ("\u{a0}", "the line holds no-break spaces, as web pages have them: use plain spaces"),
    ];
    if line.trim_start_matches(' ').starts_with('\t') {
        return "a tab stands where YAML wants spaces: indent with spaces".to_string();
    }
    let found = |line: &str| slips.iter().find(|(slip, _)| line.contains(slip));
    let hint = found(line).or_else(|| near.find_map(found));
    hint.map_or(String::new(), |(_, hint)| hint.to_string())
}

/// For a document that is no object.
pub(super) fn not_a_map(node: &Node) -> &'static str {
    match &node.value {
        Yaml::Scalar(_, raw) if raw.contains('：') => {
            "the colon is a full-width one: use a plain colon and a space"
        }
        Yaml::Scalar(_, raw) if raw.contains(':') => "a space is missing after the colon",
        Yaml::List(_) => "put the objects into documents of their own, with --- between them",
        _ => "a document holds one object: keys and values",
    }
}

/// For a kind or version nobody knows.
pub(super) fn unknown_kind(version: &str, name: &str) -> String {
    if ELSEWHERE.contains(&name) {
        return format!("the playground has no {name} yet");
    }
    match Kind::by_name(name) {
        Some(kind) => format!("{name} is in {}", kind.info().api_version()),
        None => {
            let known = Kind::ALL.iter().map(|kind| kind.info().name);
            match nearest(name, known.chain(ELSEWHERE.iter().copied())) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the playground knows no {name} in {version}"),
            }
        }
    }
}

/// For a field that is unknown or of the wrong type.
pub(super) fn fault(kind: Kind, root: &Node, fault: &Problem) -> String {
    match fault {
        Problem::Unknown(path) => {
            let (around, name) = split(path);
            let Some(schema) = schema_at(kind.info().schema(), around) else {
                return String::new();
            };
            if let Some(near) = nearest(name, schema.fields.iter().map(|field| field.key)) {
                return format!("did you mean {near}?");
            }
            elsewhere(kind, name).unwrap_or_default()
        }
        Problem::Type { path, want, got, .. } => mismatch(root, path, want, got),
        Problem::Value { .. } => String::new(),
    }
}

/// For a field that stands in the wrong place: where its name belongs.
fn elsewhere(kind: Kind, name: &str) -> Option<String> {
    fn search(schema: &'static Schema, name: &str, path: &str, depth: u32) -> Option<String> {
        if depth == 0 {
            return None;
        }
        if schema.field(name).is_some() {
            return Some(if path.is_empty() { name.into() } else { format!("{path}.{name}") });
        }
        schema.fields.iter().find_map(|field| {
            let mut shape = field.shape;
            while let Shape::List(inner) = shape {
                shape = *inner;
            }
            let Shape::Object(inner) = shape else {
                return None;
            };
            let dot = if path.is_empty() { "" } else { "." };
            search(inner, name, &format!("{path}{dot}{}", field.key), depth - 1)
        })
    }
    let found = (1..=6).find_map(|depth| search(kind.info().schema(), name, "", depth))?;
    Some(format!("it belongs at {found}: check the indentation"))
}

fn mismatch(root: &Node, path: &str, want: &str, got: &str) -> String {
    let raw = raw_at(root, path);
    match (want, got) {
        ("string", "bool") => {
            let word = raw.unwrap_or_default();
            format!("YAML reads {word} as true or false: write \"{word}\"")
        }
        ("string", got) if got.starts_with("number") => {
            format!("text is wanted here: write \"{}\"", raw.unwrap_or_default())
        }
        ("int32" | "int64", "string") => match raw {
            Some(raw) if raw.parse::<i64>().is_ok() => format!("write {raw} without quotes"),
            _ => "a whole number is wanted here".to_string(),
        },
        ("int32", _) => "a whole number is wanted here, at most 2147483647".to_string(),
        ("bool", _) => "true or false is wanted here, without quotes".to_string(),
        (want, _) if want.starts_with("map[") => {
            "keys and values are wanted here, such as app: web".to_string()
        }
        (want, "object") if want.starts_with("[]") => {
            "a list is wanted here: begin each item with a dash".to_string()
        }
        (want, _) if want.starts_with("[]") => "a list is wanted here".to_string(),
        (_, "array") => "one value is wanted here, not a list: remove the dash".to_string(),
        (_, "string") => "keys and values are wanted here: check the indentation below".to_string(),
        _ => String::new(),
    }
}

/// The scalar at `path` as it is written.
fn raw_at(root: &Node, path: &str) -> Option<String> {
    let place = locate::find(root, path);
    fn search(node: &Node, place: super::Place) -> Option<&str> {
        match &node.value {
            Yaml::Scalar(value, raw) if node.place == place => match value {
                Value::String(text) => Some(text),
                _ => Some(raw),
            },
            Yaml::Scalar(..) => None,
            Yaml::List(items) => items.iter().find_map(|item| search(item, place)),
            Yaml::Map(entries) => entries.iter().find_map(|entry| search(&entry.value, place)),
        }
    }
    search(root, place).map(str::to_string)
}

/// A path without its last key, and that key.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// The fields that may stand at `path`.
fn schema_at(mut schema: &'static Schema, path: &str) -> Option<&'static Schema> {
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let name = step.split('[').next().unwrap_or(step);
        let mut shape = schema.field(name)?.shape;
        while let Shape::List(inner) = shape {
            shape = *inner;
        }
        let Shape::Object(inner) = shape else {
            return None;
        };
        schema = inner;
    }
    Some(schema)
}

/// The name nearest to `word`, if one is near.
pub fn nearest<'n>(word: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    nearest_of(word, &mut names)
}

/// The same, made once for all kinds of lists.
fn nearest_of<'n>(word: &str, names: &mut dyn Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = word.to_lowercase();
    let (mut most, mut near) = ((word.chars().count() / 3).max(1) + 1, None);
    for name in names {
        let far = distance(&lower, &name.to_lowercase(), true);
        if far < most {
            (most, near) = (far, Some(name));
        }
    }
    near
}

/// How many letters must be added, removed, changed or, with `swaps`, swapped with the next.
pub fn distance(a: &str, b: &str, swaps: bool) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(last[j] + 1).min(row[j - 1] + 1);
            if swaps && i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
