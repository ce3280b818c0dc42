//! Patches: a change said as a difference. Three ways: JSON patch (RFC 6902), merge patch
//! (RFC 7396), and the strategic one, which knows the lists whose items have keys.
//!
//! Not here: server-side apply.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go

mod json_patch;
pub(in crate::apiserver) mod strategic;

use super::status::{Cause, Status};
use super::{Answer, ApiServer, DryRun};
use crate::api::apps::go_json;
use crate::api::json::{Problem, Reader};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::manifest::yaml;
use crate::base::time::SimTime;
use serde_json::Value;

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// A list of operations.
    Json,
    /// A tree of what is to be; null removes.
    Merge,
    /// The same, but lists merge by their keys.
    Strategic,
}

/// A patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// How it is written.
    pub kind: PatchType,
    /// What it says.
    pub body: Value,
    /// Whether it goes to the status, which no other patch can change.
    pub status: bool,
    /// Whether only the answer is wanted.
    pub dry_run: DryRun,
}

/// What came of a patch.
#[derive(Clone, Debug)]
pub struct Patched {
    /// The object as it is now.
    pub object: Object,
    /// Whether it changed.
    pub changed: bool,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

impl Patch {
    /// Reads a patch as kubectl takes it: YAML or JSON.
    pub fn parse(kind: PatchType, text: &str) -> Answer<Patch> {
        let mut documents = yaml::read(text);
        let body = match documents.pop().map(|document| document.root) {
            Some(Ok(node)) if documents.is_empty() => node.to_json(),
            _ => return Err(Status::bad_request(json_fault(text))),
        };
        Ok(Patch { kind, body, status: false, dry_run: DryRun::Off })
    }

    /// What it makes of `current`, the tree of an object of `kind`.
    pub fn on(&self, current: &Value, kind: Kind) -> Answer<Value> {
        match (self.kind, &self.body) {
            (PatchType::Json, Value::Array(operations)) => {
                json_patch::apply(current.clone(), operations).ok_or_else(Status::unprocessable)
            }
            (PatchType::Merge, Value::Object(_)) => Ok(merge(current.clone(), &self.body)),
            (PatchType::Strategic, Value::Object(_)) => {
                Ok(strategic::patch(current, &self.body, Some(kind.info().schema())))
            }
            (_, body) => {
                let what = go_kind(body);
                let want = match self.kind {
                    PatchType::Json => "jsonpatch.Patch",
                    _ => "map[string]interface {}",
                };
                Err(Status::bad_request(format!(
                    "json: cannot unmarshal {what} into Go value of type {want}"
                )))
            }
        }
    }
}

/// What Go's JSON reader says of a text that is neither YAML nor JSON.
pub(super) fn json_fault(text: &str) -> String {
    let text = text.trim();
    let inside = text.strip_prefix('{').map(str::trim_start);
    match inside.and_then(|inside| inside.chars().next()) {
        Some(c) if !matches!(c, '"' | '}') => {
            format!("invalid character {c:?} looking for beginning of object key string")
        }
        _ => match text.chars().next() {
            Some(c) if !matches!(c, '{' | '[' | '"') => {
                format!("invalid character {c:?} looking for beginning of value")
            }
            _ => "unexpected end of JSON input".to_string(),
        },
    }
}

/// What Go calls a JSON value.
pub(in crate::apiserver) fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Object(_) => "object",
        Value::Bool(_) => "bool",
        Value::Number(_) | Value::Null => "number",
    }
}

impl ApiServer {
    /// Changes the object at `key` as `patch` says. Unknown fields are warned of.
    pub fn patch(&mut self, now: SimTime, kind: Kind, key: &Key, patch: &Patch) -> Answer<Patched> {
        self.patch_strictly(now, kind, key, patch, false)
    }

    /// The same; if `strict`, unknown fields are refused.
    pub(super) fn patch_strictly(
        &mut self,
        now: SimTime,
        kind: Kind,
        key: &Key,
        patch: &Patch,
        strict: bool,
    ) -> Answer<Patched> {
        let Some(old) = self.store.object(kind, key).cloned() else {
            return Err(Status::not_found(kind, &key.name));
        };
        let current = old.to_value();
        let merged = patch.on(&current, kind)?;
        identity(kind, key, &current, &merged)?;
        let mut reader = Reader::default();
        let new = Object::read(kind, &merged, &mut reader);
        let warnings = decoded(patch, &merged, &reader.problems, strict)?;
        let before = old.meta().resource_version;
        let object = match (patch.status, patch.dry_run) {
            (true, DryRun::Off) => self.update_status(now, new)?,
            (true, DryRun::All) => self.clone().update_status(now, new)?,
            _ => self.update_or_try(now, new, patch.dry_run)?,
        };
        let changed = match patch.dry_run {
            DryRun::Off => object.meta().resource_version != before,
            DryRun::All => object != old,
        };
        Ok(Patched { object, changed, warnings })
    }
}

/// What no patch may change.
fn identity(kind: Kind, key: &Key, current: &Value, merged: &Value) -> Answer<()> {
    let text = |tree: &Value, field: &str| {
        tree["metadata"][field].as_str().unwrap_or_default().to_string()
    };
    let name = text(merged, "name");
    if name != *key.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            key.name
        )));
    }
    let uid = text(merged, "uid");
    if !uid.is_empty() && uid != text(current, "uid") {
        let shown = format!("{uid:?}");
        let cause = Cause::invalid("metadata.uid", shown, "field is immutable");
        return Err(Status::invalid(kind, &key.name, vec![cause.clone(), cause]));
    }
    Ok(())
}

/// Unknown fields are warned of and dropped, or refused; what cannot be read is refused.
fn decoded(
    patch: &Patch,
    merged: &Value,
    problems: &[Problem],
    strict: bool,
) -> Answer<Vec<String>> {
    let unknown = |problem: &Problem| matches!(problem, Problem::Unknown(_));
    let hard = problems.iter().find(|problem| !unknown(problem));
    let list: Vec<String> = problems.iter().map(Problem::message).collect();
    let strategic = patch.kind == PatchType::Strategic;
    let why = match hard {
        None if !strict || list.is_empty() => return Ok(list),
        None => format!("strict decoding error: {}", list.join(", ")),
        Some(hard) if strategic => unconvertible(hard),
        Some(hard) => hard.message(),
    };
    let shown = if strategic { go_map(&patch.body) } else { go_json(merged) };
    let cause = Cause::invalid("patch", format!("{shown:?}"), &why);
    let mut status = Status::unprocessable();
    status.message = format!(" \"\" is invalid: {cause}");
    status.causes = vec![cause];
    Err(status)
}

/// Strategic patches are not read as JSON but converted value by value, which has words of
/// its own.
fn unconvertible(problem: &Problem) -> String {
    let Problem::Type { got, want, .. } = problem else {
        return problem.message();
    };
    let got = match got.split(' ').next().unwrap_or("") {
        "number" if got.contains(['.', 'e', 'E']) => "float64",
        "number" => "int64",
        "array" => "slice",
        "object" => "map",
        other => other,
    };
    match (got, *want) {
        (_, want) if want.starts_with("[]") => format!("cannot restore slice from {got}"),
        (_, want) if want.starts_with("map") => format!("cannot restore map from {got}"),
        (_, want) if want.starts_with(char::is_uppercase) => {
            format!("cannot restore struct from: {got}")
        }
        ("int64", "string") | ("float64", "int32" | "int64") => {
            format!("cannot convert {got} to {want}")
        }
        _ => format!("unrecognized type: {want}"),
    }
}

/// A tree as Go prints maps: `map[spec:map[replicas:3]]`.
fn go_map(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let pair = |(key, value): (&String, &Value)| format!("{key}:{}", go_map(value));
            format!("map[{}]", map.iter().map(pair).collect::<Vec<_>>().join(" "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(go_map).collect::<Vec<_>>().join(" "))
        }
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_string(),
        other => other.to_string(),
    }
}

/// RFC 7396: a tree of what is to be; null removes.
pub fn merge(mut target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    if !target.is_object() {
        target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(map) = &mut target {
        for (key, value) in patch {
            if value.is_null() {
                map.remove(key);
            } else {
                let old = map.remove(key).unwrap_or(Value::Null);
                map.insert(key.clone(), merge(old, value));
            }
        }
    }
    target
}

#[cfg(test)]
mod tests;
