//! Which objects a command means: `pod web-0 web-1`, `sts/web`, `sts,svc web`, `-l app=web`,
//! `--all`.

use super::{Failure, Shell};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::Labels;
use crate::apiserver::status::Status;
use crate::kubectl::args::Args;

impl Shell<'_> {
    /// The namespace a command works in.
    pub(super) fn namespace(&self, args: &Args, kind: Kind) -> String {
        if !kind.info().namespaced {
            return String::new();
        }
        args.get("namespace").unwrap_or("default").to_string()
    }

    /// The objects that `words` (after the verb) and the flags mean.
    pub(super) fn targets(&self, args: &Args, words: &[&str]) -> Result<Vec<ObjectRef>, Failure> {
        let mut out = Vec::new();
        let reference = |kind: Kind, name: &str| {
            ObjectRef::new(kind, Key::new(self.namespace(args, kind), name))
        };
        let Some((first, names)) = words.split_first() else {
            return Err("error: You must provide one or more resources".to_string());
        };
        if first.contains('/') {
            for word in words {
                let (kind, name) = word.split_once('/').unwrap_or((word, ""));
                out.push(reference(kind_of(kind)?, name));
            }
            return Ok(out);
        }
        for word in first.split(',') {
            let kind = kind_of(word)?;
            out.extend(names.iter().map(|name| reference(kind, name)));
            if names.is_empty() && (args.is_set("all") || args.get("selector").is_some()) {
                let namespace = self.namespace(args, kind);
                let chosen = |object: &&Object| {
                    let meta = object.meta();
                    *meta.namespace == *namespace
                        && args.get("selector").is_none_or(|text| selects(text, &meta.labels))
                };
                let all = self.server.store.list_objects(kind).filter(chosen);
                out.extend(all.map(Object::reference));
            }
        }
        if out.is_empty() && names.is_empty() && args.get("selector").is_none() {
            return Err("error: resource(s) were provided, but no name was specified".to_string());
        }
        Ok(out)
    }

    /// The object that `reference` names.
    pub(super) fn find(&self, reference: &ObjectRef) -> Result<Object, Failure> {
        let found = self.server.store.find(reference).cloned();
        found.ok_or_else(|| Status::not_found(reference.kind, &reference.key.name).to_string())
    }
}

/// As kubectl names an object it has done something to: `statefulset.apps/web`.
pub(super) fn named(reference: &ObjectRef) -> String {
    format!("{}/{}", reference.kind.info().qualified(), reference.key.name)
}

pub(super) fn kind_of(word: &str) -> Result<Kind, Failure> {
    let unknown = || format!("error: the server doesn't have a resource type {word:?}");
    Kind::by_word(word).ok_or_else(unknown)
}

/// Whether `labels` meet a selector as text: `a=b`, `a!=b`, `a`, `!a`, `a in (b,c)`.
pub fn selects(text: &str, labels: &Labels) -> bool {
    parts(text).iter().all(|part| {
        let part = part.trim();
        if let Some((key, rest)) = part.split_once(" notin ") {
            return !among(labels.get(key.trim()).map(|v| &**v), rest);
        }
        if let Some((key, rest)) = part.split_once(" in ") {
            return among(labels.get(key.trim()).map(|v| &**v), rest);
        }
        if let Some((key, value)) = part.split_once("!=") {
            return labels.get(key.trim()).map(|v| &**v) != Some(value.trim());
        }
        if let Some((key, value)) = part.split_once('=') {
            let value = value.trim_start_matches('=').trim();
            return labels.get(key.trim()).map(|v| &**v) == Some(value);
        }
        match part.strip_prefix('!') {
            Some(key) => labels.get(key.trim()).is_none(),
            None => labels.get(part).is_some(),
        }
    })
}

fn among(value: Option<&str>, list: &str) -> bool {
    let list = list.trim().trim_start_matches('(').trim_end_matches(')');
    value.is_some_and(|value| list.split(',').any(|one| one.trim() == value))
}

/// Splits at commas that stand outside parentheses.
fn parts(text: &str) -> Vec<&str> {
    let (mut out, mut from, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                out.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&text[from..]);
    out
}
