//! `kubectl set`: image, env, resources, selector, serviceaccount.
//!
//! Not here: `set env --from` and `--resolve`.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/set

use super::change::sent;
use super::cx::{Act, Cx, Failure, Item, Outcome, Task};
use super::resource::NOTHING;
use super::value::{list, text_at};
use crate::api::kinds::Kind;
use crate::api::quantity::Quantity;
use crate::client::request::Verb;
use serde_json::{Map, Value, json};

/// Where an object keeps the spec of its Pods; `None` if it has none.
fn spec_at(kind: Kind) -> Option<&'static [&'static str]> {
    match kind.info().name {
        "Pod" => Some(&["spec"]),
        "StatefulSet" | "Deployment" | "ReplicaSet" | "DaemonSet" | "Job" => {
            Some(&["spec", "template", "spec"])
        }
        _ => None,
    }
}

/// Wraps the patch of a Pod's spec.
fn wrap(path: &[&str], mut body: Value) -> Value {
    for key in path.iter().rev() {
        body = json!({*key: body});
    }
    body
}

fn begin(cx: &mut Cx<'_, '_>, act: Act) -> Outcome {
    let words: Vec<String> =
        cx.args.words.iter().filter(|word| !is_change(word)).cloned().collect();
    if words.is_empty() && cx.args.get("filename").is_none() && !cx.args.is_set("all") {
        return Err(Failure::new(NOTHING));
    }
    Ok(Task::each(cx.items(&words, false)?, act))
}

fn is_change(word: &str) -> bool {
    word.contains('=') || word.ends_with('-')
}

/// The tree of the Pods' spec, and where it is.
fn spec(cx: &Cx<'_, '_>, item: &Item) -> Result<(Value, &'static [&'static str]), Failure> {
    let object = cx.find(&item.target)?;
    let Some(path) = spec_at(item.target.kind) else {
        let (kind, name) = (item.target.kind.info().plural, &item.target.key.name);
        return Err(Failure::new(format!("{kind}/{name} has no pod template spec"))
            .hint("Only what makes Pods has containers."));
    };
    let tree = object.to_value();
    let inner = path.iter().fold(&tree, |tree, key| &tree[*key]);
    Ok((inner.clone(), path))
}

/// `*` and commas: the containers that `pattern` means.
fn chosen(pattern: &str, name: &str) -> bool {
    pattern.split(',').any(|one| one == "*" || one == name)
}

/// `kubectl set image`.
pub fn image(cx: &mut Cx<'_, '_>) -> Outcome {
    if !cx.args.words.iter().any(|word| word.contains('=')) {
        let text = "at least one image update is required";
        return Err(Failure::new(text));
    }
    begin(cx, |cx, item| {
        let (spec, path) = spec(cx, item)?;
        let pairs: Vec<String> =
            cx.args.words.iter().filter(|word| is_change(word)).cloned().collect();
        let mut body = Map::new();
        let mut changed = false;
        for (name, image) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
            let mut known = false;
            for key in ["containers", "initContainers"] {
                for container in list(&spec, key) {
                    let own = text_at(container, "name");
                    if !chosen(name, &own) {
                        continue;
                    }
                    known = true;
                    changed |= text_at(container, "image") != image;
                    push(&mut body, key, json!({"name": own, "image": image}));
                }
            }
            if !known {
                return Err(Failure::new(format!("unable to find container named {name:?}")));
            }
        }
        if !changed {
            return Ok(());
        }
        finish(cx, item, wrap(path, Value::Object(body)), "image updated")
    })
}

fn push(body: &mut Map<String, Value>, key: &str, item: Value) {
    let all = body.entry(key).or_insert(json!([]));
    if let Value::Array(all) = all {
        all.push(item);
    }
}

fn finish(cx: &mut Cx<'_, '_>, item: &Item, body: Value, word: &str) -> Result<(), Failure> {
    let name = cx.named(&item.target);
    sent(cx, &item.target, Verb::PatchStrategic, body, &format!("{name} {word}"))
}

/// `kubectl set env`.
pub fn env(cx: &mut Cx<'_, '_>) -> Outcome {
    if cx.args.get("from").is_some() || cx.args.is_set("resolve") {
        return Err(Failure::raw("")
            .hint("kubectl has set env --from and --resolve; this simulator does not."));
    }
    let listing = cx.args.is_set("list");
    let given = cx.args.words.iter().any(|word| is_change(word)) || cx.args.get("env").is_some();
    if !given && !listing {
        return Err(Failure::new("at least one environment variable must be provided"));
    }
    begin(cx, |cx, item| {
        let (spec, path) = spec(cx, item)?;
        let wanted = cx.args.get("containers").unwrap_or("*").to_string();
        let mut pairs: Vec<String> =
            cx.args.words.iter().filter(|word| is_change(word)).cloned().collect();
        pairs.extend(cx.args.each("env").iter().map(|pair| pair.to_string()));
        let mut body = Map::new();
        for container in list(&spec, "containers") {
            let own = text_at(container, "name");
            if !chosen(&wanted, &own) {
                continue;
            }
            if cx.args.is_set("list") {
                let (kind, name) = (item.target.kind.info().plural, &item.target.key.name);
                cx.say(format!("# {kind}/{name}, container {own}"));
                for variable in list(container, "env") {
                    let (name, value) = (text_at(variable, "name"), text_at(variable, "value"));
                    cx.say(format!("{name}={value}"));
                }
            }
            let changes: Vec<Value> = pairs
                .iter()
                .map(|pair| match pair.split_once('=') {
                    Some((name, value)) => json!({"name": name, "value": value}),
                    None => json!({"name": pair.trim_end_matches('-'), "$patch": "delete"}),
                })
                .collect();
            push(&mut body, "containers", json!({"name": own, "env": changes}));
        }
        if cx.args.is_set("list") {
            return Ok(());
        }
        finish(cx, item, wrap(path, Value::Object(body)), "env updated")
    })
}

/// `cpu=100m,memory=1Gi` as a tree.
fn amounts(given: &str) -> Result<Value, Failure> {
    let mut map = Map::new();
    for part in given.split(',').filter(|part| !part.is_empty()) {
        let Some((name, amount)) = part.split_once('=') else {
            let text = format!("invalid argument syntax {part}, expected <resource>=<value>");
            return Err(Failure::new(text));
        };
        if Quantity::parse(amount).is_none() {
            return Err(Failure::new(
                "quantities must match the regular expression \
                 '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ));
        }
        map.insert(name.to_string(), json!(amount));
    }
    Ok(Value::Object(map))
}

/// `kubectl set resources`.
pub fn resources(cx: &mut Cx<'_, '_>) -> Outcome {
    if cx.args.get("limits").is_none() && cx.args.get("requests").is_none() {
        return Err(Failure::new(
            "you must specify an update to requests or limits (in the form of \
             --requests/--limits)",
        ));
    }
    begin(cx, |cx, item| {
        let (spec, path) = spec(cx, item)?;
        let wanted = cx.args.get("containers").unwrap_or("*").to_string();
        let mut parts = Map::new();
        for key in ["limits", "requests"] {
            if let Some(given) = cx.args.get(key) {
                parts.insert(key.to_string(), amounts(given)?);
            }
        }
        let mut body = Map::new();
        for container in list(&spec, "containers") {
            let own = text_at(container, "name");
            if chosen(&wanted, &own) {
                push(&mut body, "containers", json!({"name": own, "resources": parts}));
            }
        }
        finish(cx, item, wrap(path, Value::Object(body)), "resource requirements updated")
    })
}

/// `kubectl set serviceaccount`.
pub fn service_account(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut words = cx.args.words.clone();
    let Some(_) = words.pop().filter(|_| !words.is_empty()) else {
        return Err(Failure::new("serviceaccount is required"));
    };
    Ok(Task::each(cx.items(&words, false)?, |cx, item| {
        let (_, path) = spec(cx, item)?;
        let account = cx.args.words.last().cloned().unwrap_or_default();
        let body = wrap(path, json!({"serviceAccountName": account}));
        finish(cx, item, body, "serviceaccount updated")
    }))
}

/// `kubectl set selector`.
pub fn selector(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut words = cx.args.words.clone();
    let Some(pairs) = words.pop().filter(|word| word.contains('=')) else {
        return Err(Failure::new("one or more resources must be specified as <resource> <name>"));
    };
    let _ = pairs;
    Ok(Task::each(cx.items(&words, false)?, |cx, item| {
        let object = cx.find(&item.target)?;
        if item.target.kind != Kind::Service {
            let name = item.target.kind.info().name;
            let text = format!("setting a selector is only supported for Services, not for {name}");
            return Err(Failure::new(text));
        }
        let given = cx.args.words.last().cloned().unwrap_or_default();
        let pairs = given.split(',').filter_map(|pair| pair.split_once('='));
        let mut selector: Map<String, Value> =
            pairs.map(|(key, value)| (key.to_string(), json!(value))).collect();
        let tree = object.to_value();
        for (key, _) in super::value::entries(&tree, "spec.selector") {
            selector.entry(key).or_insert(Value::Null);
        }
        let body = json!({"spec": {"selector": selector}});
        finish(cx, item, body, "selector updated")
    }))
}
