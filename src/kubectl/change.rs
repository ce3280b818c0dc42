//! Commands that change a part of an object: label, annotate, taint, scale, patch.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/{label,annotate,taint,scale,patch}

use super::cx::{Cx, Failure, Item, Outcome, Task};
use super::format::Format;
use super::resource::NOTHING;
use super::value::{entries, list, text, text_at};
use crate::api::kinds::ObjectRef;
use crate::apiserver::patch::{Patch, PatchType};
use crate::apiserver::scale as scales;
use crate::apiserver::strategy::names;
use crate::client::request::{Request, Verb};
use serde_json::{Map, Value, json};

/// Objects and pairs apart: `pod web-0 tier=db old-`.
fn pairs(cx: &Cx<'_, '_>, what: &str) -> Result<(Vec<String>, Vec<String>), Failure> {
    let is_pair =
        |word: &String| word.contains('=') && !word.starts_with('=') || word.ends_with('-');
    let words = &cx.args.words;
    let at = words.iter().position(is_pair).unwrap_or(words.len());
    if let Some(word) = words[at..].iter().find(|word| !is_pair(word)) {
        return Err(Failure::new(format!(
            "all resources must be specified before {what} changes: {word}"
        )));
    }
    Ok((words[..at].to_vec(), words[at..].to_vec()))
}

/// `kubectl label`.
pub fn label(cx: &mut Cx<'_, '_>) -> Outcome {
    mark(cx, "label", "labels")
}

/// `kubectl annotate`.
pub fn annotate(cx: &mut Cx<'_, '_>) -> Outcome {
    mark(cx, "annotation", "annotations")
}

fn mark(cx: &mut Cx<'_, '_>, what: &str, field: &'static str) -> Outcome {
    let (resources, pairs) = pairs(cx, what)?;
    let listing = cx.args.is_set("list");
    if pairs.is_empty() && !listing {
        return Err(Failure::new(format!("at least one {what} update is required")));
    }
    if resources.is_empty() && cx.args.get("filename").is_none() {
        return Err(Failure::new(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    for pair in &pairs {
        let (key, value) = pair.split_once('=').unwrap_or((pair.trim_end_matches('-'), ""));
        if pairs.iter().any(|other| *other == format!("{key}-")) && pair.contains('=') {
            let text = format!("can not both modify and remove a {what} in the same command");
            return Err(Failure::new(text));
        }
        let faults = names::label_value(value);
        if field == "labels" && !faults.is_empty() {
            let why = faults.join("; ");
            return Err(Failure::new(format!("invalid label value: {pair:?}: {why}")));
        }
    }
    let items = cx.items(&resources, false)?;
    let act = if field == "labels" { label_one } else { annotate_one };
    Ok(Task::each(items, act))
}

fn label_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    mark_one(cx, item, "labels")
}

fn annotate_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    mark_one(cx, item, "annotations")
}

fn mark_one(cx: &mut Cx<'_, '_>, item: &Item, field: &str) -> Result<(), Failure> {
    let (_, pairs) = pairs(cx, field)?;
    let object = cx.find(&item.target)?;
    let tree = object.to_value();
    let old = |key: &str| text(&tree["metadata"][field][key]);
    let has = |key: &str| !tree["metadata"][field][key].is_null();
    let name = cx.named(&item.target);
    if cx.args.is_set("list") {
        for (key, value) in entries(&tree, &format!("metadata.{field}")) {
            cx.say(format!("{key}={}", text(value)));
        }
        return Ok(());
    }
    let mut wanted = Map::new();
    let mut taken = Vec::new();
    for pair in &pairs {
        match pair.split_once('=') {
            Some((key, value)) => {
                if has(key) && old(key) != value && !cx.args.is_set("overwrite") {
                    taken.push(format!("'{key}' already has a value ({})", old(key)));
                }
                wanted.insert(key.to_string(), json!(value));
            }
            None => {
                let key = pair.trim_end_matches('-');
                if field == "labels" && !has(key) {
                    cx.say(format!("label {key:?} not found."));
                }
                wanted.insert(key.to_string(), Value::Null);
            }
        }
    }
    if !taken.is_empty() {
        let taken = taken.join("; ");
        return Err(Failure::new(match field {
            "labels" => format!("{taken}, and --overwrite is false"),
            _ => format!(
                "--overwrite is false but found the following declared annotation(s): {taken}"
            ),
        }));
    }
    let differs = |(key, value): (&String, &Value)| match value {
        Value::Null => has(key),
        value => !has(key) || old(key) != text(value),
    };
    let changed = wanted.iter().any(differs);
    let only_removes = wanted.values().all(Value::is_null);
    let word = match (field, changed, only_removes) {
        ("annotations", ..) => "annotated",
        (_, false, _) => "not labeled",
        (_, true, true) => "unlabeled",
        _ => "labeled",
    };
    let mut body = json!({"metadata": {field: wanted}});
    if let Some(version) = cx.args.get("resource-version") {
        body["metadata"]["resourceVersion"] = json!(version);
    }
    sent(cx, &item.target, Verb::PatchMerge, body, &format!("{name} {word}"))
}

/// Sends a patch and says what it did, or shows the object.
pub fn sent(
    cx: &mut Cx<'_, '_>,
    target: &ObjectRef,
    verb: Verb,
    body: Value,
    said: &str,
) -> Result<(), Failure> {
    let mut request = Request::new(verb, target.kind, &target.key, body);
    request.dry_run = cx.dry_run().is_some() || cx.args.is_set("local");
    let answer = cx.send(&request)?;
    let format = Format::of(cx)?;
    if !format.is_plain() {
        return cx.print(&format, &[answer.object], false);
    }
    let dry = cx.dry_words();
    cx.say(format!("{said}{dry}"));
    Ok(())
}

/// `kubectl taint`.
pub fn taint(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    let is_taint = |word: &&String| word.contains('=') || word.contains(':') || word.ends_with('-');
    let nodes: Vec<String> = words.iter().take_while(|word| !is_taint(word)).cloned().collect();
    let taints = &words[nodes.len()..];
    match nodes.first().map(String::as_str) {
        None => {
            return Err(Failure::new(
                "one or more resources must be specified as <resource> <name>",
            ));
        }
        Some("node" | "nodes" | "no") => {}
        Some(other) => {
            let text = format!(
                "invalid resource type {other}, only [\"node\" \"nodes\"] are \
                                supported"
            );
            return Err(Failure::new(text));
        }
    }
    if taints.is_empty() {
        return Err(Failure::new("at least one taint update is required"));
    }
    for taint in taints {
        let effect = taint.trim_end_matches('-').split_once(':').map_or("", |(_, effect)| effect);
        let gone = taint.ends_with('-');
        let known = ["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&effect);
        if !known && (!gone || !effect.is_empty()) {
            return Err(Failure::new(match effect {
                "" => format!("unknown taint spec: {taint}"),
                _ => format!("invalid taint effect: {effect}, unsupported taint effect"),
            }));
        }
    }
    let items = cx.items(&nodes, false)?;
    Ok(Task::each(items, taint_one))
}

fn taint_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let node = cx.find(&item.target)?.to_value();
    let mut taken: Vec<Value> = list(&node, "spec.taints").to_vec();
    let mut fresh: Vec<Value> = Vec::new();
    let (mut added, mut removed) = (false, false);
    let words = cx.args.words.clone();
    let mut exists = Vec::new();
    for word in words.iter().skip(1).filter(|word| word.contains([':', '=']) || word.ends_with('-'))
    {
        let gone = word.ends_with('-');
        let plain = word.trim_end_matches('-');
        let (pair, effect) = plain.split_once(':').unwrap_or((plain, ""));
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let same = |old: &Value| {
            text_at(old, "key") == key && (effect.is_empty() || text_at(old, "effect") == effect)
        };
        let known = taken.iter().any(same);
        if gone {
            if !known {
                return Err(Failure::new(format!("taint {plain:?} not found")));
            }
            removed = true;
        } else {
            if known && !cx.args.is_set("overwrite") {
                exists.push(key.to_string());
            }
            let mut taint = json!({"key": key, "effect": effect});
            if !value.is_empty() {
                taint["value"] = json!(value);
            }
            fresh.push(taint);
            added = true;
        }
        taken.retain(|old| !same(old));
    }
    if !exists.is_empty() {
        return Err(Failure::new(format!(
            "node {} already has {} taint(s) with same effect(s) and --overwrite is false",
            item.target.key.name,
            exists.join(",")
        )));
    }
    // New ones come first.
    fresh.append(&mut taken);
    let word = match (added, removed) {
        (true, true) => "modified",
        (true, false) => "tainted",
        _ => "untainted",
    };
    let taints = if fresh.is_empty() { Value::Null } else { Value::Array(fresh) };
    let name = cx.named(&item.target);
    let body = json!({"spec": {"taints": taints}});
    sent(cx, &item.target, Verb::PatchMerge, body, &format!("{name} {word}"))
}

/// `kubectl scale`.
pub fn scale(cx: &mut Cx<'_, '_>) -> Outcome {
    let Some(replicas) = cx.args.number("replicas") else {
        return Err(Failure::new("required flag(s) \"replicas\" not set"));
    };
    if replicas < 0 {
        return Err(Failure::new(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    let words = cx.args.words.clone();
    let items = cx.items(&words, false)?;
    if items.is_empty() {
        return Err(Failure::new("no objects passed to scale"));
    }
    Ok(Task::each(items, scale_one))
}

fn scale_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let object = cx.find(&item.target)?;
    let Some(now) = scales::replicas(&object) else {
        let text = "Error from server (NotFound): the server could not find the requested resource";
        let plural = item.target.kind.info().plural;
        return Err(Failure::raw(text).hint(format!("{plural} cannot be scaled.")));
    };
    let wanted = cx.args.number("current-replicas").filter(|n| *n >= 0);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != i64::from(now)) {
        return Err(Failure::new(format!("Expected replicas to be {wanted}, was {now}")));
    }
    let version = object.meta().resource_version.0.to_string();
    if let Some(wanted) = cx.args.get("resource-version").filter(|wanted| **wanted != *version) {
        let text = format!("Expected resource version to be {wanted}, was {version}");
        return Err(Failure::new(text));
    }
    let replicas = json!(cx.args.number("replicas"));
    let name = cx.named(&item.target);
    sent(cx, &item.target, Verb::Scale, replicas, &format!("{name} scaled"))
}

/// `kubectl patch`.
pub fn patch(cx: &mut Cx<'_, '_>) -> Outcome {
    let kind = cx.args.get("type").unwrap_or("strategic").to_lowercase();
    if !["json", "merge", "strategic"].contains(&&*kind) {
        let text = format!("--type must be one of [json merge strategic], not {kind:?}");
        return Err(Failure::new(text));
    }
    match (cx.args.get("patch"), cx.args.get("patch-file")) {
        (None, None) => {
            return Err(Failure::new(
                "must specify --patch or --patch-file containing the contents \
                                     of the patch",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Failure::new("cannot specify --patch and --patch-file together"));
        }
        _ => {}
    }
    let words = cx.args.words.clone();
    if words.is_empty() && cx.args.get("filename").is_none() {
        return Err(Failure::new(NOTHING));
    }
    let items = cx.items(&words, false)?;
    Ok(Task::each(items, patch_one))
}

fn patch_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let args = cx.args;
    let text = match args.get("patch-file") {
        Some(path) => match cx.context.files.get(path) {
            Some(text) => text.to_string(),
            None => {
                let text = format!(
                    "unable to read patch file: open {path}: no such file or \
                                    directory"
                );
                return Err(
                    Failure::new(text).hint(super::resource::no_file(path, cx.context.files).hint)
                );
            }
        },
        None => args.text("patch").to_string(),
    };
    let (kind, verb) = match args.text("type").to_lowercase().as_str() {
        "json" => (PatchType::Json, Verb::PatchJson),
        "merge" => (PatchType::Merge, Verb::PatchMerge),
        _ => (PatchType::Strategic, Verb::PatchStrategic),
    };
    let patch = Patch::parse(kind, &text)?;
    let verb = match args.text("subresource") {
        "" => verb,
        "status" => Verb::PatchStatus,
        "scale" => return patch_scale(cx, &item.target, &patch),
        other => return Err(super::get::no_subresource(other)),
    };
    let mut request = Request::new(verb, item.target.kind, &item.target.key, patch.body);
    request.dry_run = cx.dry_run().is_some();
    let answer = cx.send(&request)?;
    let format = Format::of(cx)?;
    if !format.is_plain() {
        return cx.print(&format, &[answer.object], false);
    }
    let how = if answer.changed { "patched" } else { "patched (no change)" };
    // No word of a dry run: upstream says none here either.
    let name = cx.named(&item.target);
    cx.say(format!("{name} {how}"));
    Ok(())
}

/// `kubectl patch --subresource=scale`: the answer is the scale, not its object.
fn patch_scale(cx: &mut Cx<'_, '_>, target: &ObjectRef, patch: &Patch) -> Result<(), Failure> {
    let before = scales::of(&cx.find(target)?)?;
    let after = patch.on(&before, target.kind)?;
    let replicas = after["spec"]["replicas"].clone();
    let mut request = Request::new(Verb::Scale, target.kind, &target.key, replicas);
    request.dry_run = cx.dry_run().is_some();
    let answer = cx.send(&request)?;
    let format = Format::of(cx)?;
    let tree = scales::of(&answer.object)?;
    if !matches!(format, Format::Name) && !format.is_plain() {
        return cx.print_tree(&format, &tree);
    }
    let name = cx.link(target, &format!("scale.autoscaling/{}", target.key.name));
    let same = if tree["spec"] == before["spec"] { " (no change)" } else { "" };
    match format {
        Format::Name => cx.say(name),
        _ => cx.say(format!("{name} patched{same}")),
    }
    Ok(())
}
