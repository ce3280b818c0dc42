//! `kubectl set`: image, env, resources, selector, serviceaccount.
//!
//! Not here: `set env --resolve` of labels, annotations and amounts.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/set

use super::change::sent;
use super::cx::{Act, Cx, Failure, Item, Outcome, Task};
use super::resource::{Known, NOTHING};
use super::value::{entries, list, shaped, text_at};
use crate::api::kinds::{Kind, ObjectRef};
use crate::api::quantity::Quantity;
use crate::base::text::from_base64;
use crate::client::request::Verb;
use serde_json::{Map, Value, json};

/// Where an object keeps the spec of its Pods; `None` if it has none.
fn spec_at(kind: Kind) -> Option<&'static [&'static str]> {
    match kind.info().name {
        "Pod" => Some(&["spec"]),
        "StatefulSet" | "Deployment" | "ReplicaSet" | "DaemonSet" | "Job" => {
            Some(&["spec", "template", "spec"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

const NAME_VALUE: &str = r#"{"name":"$0","value":"$1"}"#;
const REMOVED: &str = r#"{"name":"$0","$patch":"delete"}"#;

/// A shape of two texts.
fn two(shape: &str, first: &str, second: &str) -> Value {
    shaped(shape, &[json!(first), json!(second)])
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
                    push(&mut body, key, two(r#"{"name":"$0","image":"$1"}"#, &own, image));
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
    let args = cx.args;
    if args.is_set("all") && !args.text("selector").is_empty() {
        return Err(Failure::new("cannot set --all and --selector at the same time"));
    }
    let first = args.words.iter().position(|word| is_change(word)).unwrap_or(args.words.len());
    if !args.words[first..].iter().all(|word| is_change(word)) {
        let words = args.words.join(" ");
        return Err(Failure::new(format!(
            "all resources must be specified before environment changes: {words}"
        )));
    }
    if first == 0 && args.get("filename").is_none() {
        return Err(Failure::new(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if args.is_set("list") && !args.text("output").is_empty() {
        return Err(Failure::new("--list and --output may not be specified together"));
    }
    if args.get("keys").is_some() && args.get("from").is_none() {
        return Err(Failure::new(
            "when specifying --keys, a configmap or secret must be provided with --from",
        ));
    }
    changes(cx)?;
    begin(cx, env_one)
}

/// The changes of variables that the command line asks for.
fn changes(cx: &mut Cx<'_, '_>) -> Result<Vec<Value>, Failure> {
    let words = cx.args.words.iter().filter(|word| is_change(word)).map(String::as_str);
    let pairs: Vec<&str> = cx.args.each("env").into_iter().chain(words).collect();
    let mut out = Vec::new();
    for pair in pairs {
        out.push(match (pair.split_once('='), pair.strip_suffix('-')) {
            (Some((name, value)), _) => two(NAME_VALUE, name, value),
            (None, Some(name)) => two(REMOVED, name, ""),
            (None, None) => {
                return Err(Failure::new(format!("unknown environment variable: {pair}")));
            }
        });
    }
    if let Some(from) = cx.args.get("from") {
        imported(cx, from, &mut out)?;
    }
    let prefix = cx.args.text("prefix");
    for change in out.iter_mut().filter(|change| change["$patch"].is_null()) {
        change["name"] = json!(format!("{prefix}{}", text_at(change, "name")));
    }
    Ok(out)
}

/// A variable for each key of the ConfigMap or Secret that `--from` names.
fn imported(cx: &Cx<'_, '_>, from: &str, out: &mut Vec<Value>) -> Result<(), Failure> {
    for query in cx.queries(&[from.to_string()])? {
        let (kind, reference) = match query.kind {
            Known::Here(kind) if kind.info().name == "ConfigMap" => (kind, "configMapKeyRef"),
            Known::Here(kind) if kind.info().name == "Secret" => (kind, "secretKeyRef"),
            _ => return Err(Failure::new("unsupported resource specified in --from")),
        };
        let name = query.name.unwrap_or_default();
        let tree = cx.find(&ObjectRef::new(kind, cx.key(kind, &name)))?.to_value();
        let wanted = cx.args.all("keys");
        for (key, _) in super::value::entries(&tree, "data") {
            if cx.args.get("keys").is_some() && !wanted.contains(&&**key) {
                continue;
            }
            let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
            let variable = key.chars().map(plain).collect::<String>().to_uppercase();
            let shape = r#"{"name":"$0","valueFrom":{"REF":{"name":"$1","key":"$2"}}}"#;
            let values = [json!(variable), json!(name), json!(key)];
            out.push(shaped(&shape.replace("REF", reference), &values));
        }
    }
    Ok(())
}

fn env_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let (spec, path) = spec(cx, item)?;
    let changes = changes(cx)?;
    let wanted = cx.args.get("containers").unwrap_or("*").to_string();
    let (kind, owner) = (item.target.kind.info().name, item.target.key.name.clone());
    let (mut body, mut found, mut changed) = (Map::new(), false, false);
    let mut unresolved = false;
    for key in ["containers", "initContainers"] {
        for container in list(&spec, key) {
            let own = text_at(container, "name");
            if !chosen(&wanted, &own) {
                continue;
            }
            found = true;
            let mut after: Vec<Value> = list(container, "env").to_vec();
            for change in &changes {
                let at = after.iter().position(|old| old["name"] == change["name"]);
                let (old, new) = (at.map(|at| after[at].clone()), change.clone());
                if let Some(old) = &old
                    && cx.args.get("overwrite") == Some("false")
                    && old["value"] != new["value"]
                {
                    let (name, value) = (text_at(old, "name"), text_at(old, "value"));
                    return Err(Failure::new(format!(
                        "'{name}' already has a value ({value}), and --overwrite is false"
                    )));
                }
                match (at, new["$patch"].is_null()) {
                    (Some(at), true) => after[at] = new,
                    (Some(at), false) => drop(after.remove(at)),
                    (None, true) => after.push(new),
                    (None, false) => {}
                }
            }
            if cx.args.is_set("list") {
                cx.say(format!("# {kind} {owner}, container {own}"));
                unresolved |= list_variables(cx, item, &after);
            }
            if after != list(container, "env") {
                changed = true;
                let values = [json!(own), Value::Array(replaced(&after, container))];
                push(&mut body, key, shaped(r#"{"name":"$0","env":"$1"}"#, &values));
            }
        }
    }
    if !found {
        cx.warn(format!(
            "Warning: {kind}/{owner} does not have any containers matching {wanted:?}"
        ));
    }
    if unresolved {
        return Err(Failure::new("failed to retrieve valueFrom references"));
    }
    if cx.args.is_set("list") || !changed {
        return Ok(());
    }
    finish(cx, item, wrap(path, Value::Object(body)), "env updated")
}

/// The patch that makes the variables of `container` those in `after`.
fn replaced(after: &[Value], container: &Value) -> Vec<Value> {
    let before = list(container, "env");
    let gone = |old: &&Value| after.iter().all(|new| new["name"] != old["name"]);
    let removed = before.iter().filter(gone).map(|old| two(REMOVED, &text_at(old, "name"), ""));
    let mut out: Vec<Value> = removed.collect();
    for new in after.iter().filter(|new| !before.contains(new)) {
        let mut new = new.clone();
        let old = before.iter().find(|old| old["name"] == new["name"]);
        for key in ["value", "valueFrom"] {
            if old.is_some_and(|old| !old[key].is_null()) && new[key].is_null() {
                new[key] = Value::Null;
            }
        }
        out.push(new);
    }
    out
}

/// What a variable that refers to something comes to; `None` if it does not.
fn resolved(cx: &Cx<'_, '_>, item: &Item, variable: &Value) -> Result<Option<String>, String> {
    let Some((what, from)) = entries(variable, "valueFrom").next() else { return Ok(None) };
    let (kind, words) = match what.as_str() {
        "configMapKeyRef" => (Kind::ConfigMap, "config map"),
        "secretKeyRef" => (Kind::Secret, "secret"),
        "fieldRef" => {
            let object = cx.find(&item.target).map_err(|failure| failure.text)?;
            let path = text_at(from, "fieldPath");
            let known = ["metadata.name", "metadata.namespace", "metadata.uid"];
            if !known.contains(&&*path) {
                return Err(format!("unsupported fieldPath: {path}"));
            }
            return Ok(Some(text_at(&object.to_value(), &path)));
        }
        other => return Err(format!("{other} is not resolved here")),
    };
    let target = ObjectRef::new(kind, cx.key(kind, &text_at(from, "name")));
    let tree = cx.find(&target).map_err(|failure| {
        failure.text.split_once("): ").map_or(failure.text.clone(), |(_, why)| why.to_string())
    })?;
    let (tree, key) = (tree.to_value(), text_at(from, "key"));
    let Some(value) = tree["data"][&key].as_str() else {
        return Err(format!("key {key} not found in {words} {}", target.key.name));
    };
    let plain = if kind == Kind::Secret { from_base64(value) } else { None };
    Ok(Some(plain.unwrap_or(value.to_string())))
}

/// Lists variables, with `--resolve` by what they come to; whether any comes to nothing.
fn list_variables(cx: &mut Cx<'_, '_>, item: &Item, all: &[Value]) -> bool {
    let mut failed = Vec::new();
    for variable in all {
        let name = text_at(variable, "name");
        let value = match cx.args.is_set("resolve") {
            true => resolved(cx, item, variable),
            false => Ok(None),
        };
        match value {
            Ok(Some(value)) => cx.say(format!("{name}={value}")),
            value => {
                cx.say(listed(variable));
                failed.extend(value.err().map(|why| (name, why)));
            }
        }
    }
    for (name, why) in &failed {
        cx.warn(format!("error retrieving reference for {name}: {why}"));
    }
    !failed.is_empty()
}

/// One line of `--list`.
fn listed(variable: &Value) -> String {
    let name = text_at(variable, "name");
    let Some((kind, from)) = entries(variable, "valueFrom").next() else {
        return format!("{name}={}", text_at(variable, "value"));
    };
    let part = |key: &str| text_at(from, key);
    let from = match kind.as_str() {
        "configMapKeyRef" => format!("configmap {}, key {}", part("name"), part("key")),
        "secretKeyRef" => format!("secret {}, key {}", part("name"), part("key")),
        "fieldRef" => format!("field path {}", part("fieldPath")),
        _ => {
            let container = part("containerName");
            let slash = if container.is_empty() { "" } else { "/" };
            format!("resource field {container}{slash}{}", part("resource"))
        }
    };
    format!("# {name} from {from}")
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
                let values = [json!(own), Value::Object(parts.clone())];
                push(&mut body, "containers", shaped(r#"{"name":"$0","resources":"$1"}"#, &values));
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
        let mut selector = super::create::pairs(&given);
        let tree = object.to_value();
        for (key, _) in super::value::entries(&tree, "spec.selector") {
            selector.entry(key).or_insert(Value::Null);
        }
        let body = json!({"spec": {"selector": selector}});
        finish(cx, item, body, "selector updated")
    }))
}
