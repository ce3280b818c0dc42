//! `kubectl rollout`: status, history, undo, restart, pause, resume.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/rollout,
//! staging/src/k8s.io/kubectl/pkg/polymorphichelpers/{rollout_status,history,rollback,
//! objectrestarter,objectpauser}.go

use super::cx::{CAUSE, Cx, Failure, Flow, Item, Outcome, Task};
use super::describe::{self, Writer};
use super::resource::named;
use super::running::Stream;
use super::value::{at, number, text_at};
use super::wait::deadline;
use crate::api::kinds::{Kind, Object, ObjectRef};
use crate::apiserver::status::Status;
use crate::apiserver::watch::Change;
use crate::base::text::DESCRIBE;
use crate::base::time::{SimTime, Span};
use crate::client::request::{Request, Verb};
use serde_json::{Value, json};
use std::rc::Rc;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn targets(cx: &Cx<'_, '_>) -> Result<Vec<Item>, Failure> {
    let words = cx.args.words.clone();
    if words.is_empty() && cx.args.get("filename").is_none() {
        return Err(Failure::new("required resource not specified"));
    }
    cx.items(&words, true)
}

/// Go's name of a kind with its group: `ReplicaSet.apps`.
fn group_kind(kind: Kind) -> String {
    let info = kind.info();
    match info.group {
        "" => info.name.to_string(),
        group => format!("{}.{group}", info.name),
    }
}

/// A `rollout status` under way.
#[derive(Clone, Debug)]
pub struct Following {
    target: ObjectRef,
    cursor: Option<u64>,
    until: Option<SimTime>,
}

/// `kubectl rollout status`.
pub fn status(cx: &mut Cx<'_, '_>) -> Outcome {
    let items = targets(cx)?;
    let [item] = &items[..] else {
        return Err(Failure::new(format!(
            "rollout status is only supported on individual resources and resource collections - \
             {} resources were found",
            items.len()
        )));
    };
    cx.find(&item.target)?;
    let kind = item.target.kind;
    if !matches!(kind.info().name, "StatefulSet" | "Deployment" | "DaemonSet") {
        let text = format!("no status viewer has been implemented for {}", group_kind(kind));
        return Err(Failure::new(text));
    }
    let until = cx.args.span("timeout").map(|_| deadline(cx, Span::ZERO));
    let following = Following { target: item.target.clone(), cursor: None, until };
    Ok(Task::Rollout(Box::new(following)))
}

impl Following {
    /// Prints how far it has come, for each change.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        let mut states: Vec<Option<Object>> = Vec::new();
        match self.cursor {
            None => states.push(cx.store().find(&self.target).cloned()),
            Some(cursor) => {
                let own = |change: &&Rc<Change>| {
                    change.kind == self.target.kind && change.key == self.target.key
                };
                let changes = cx.server().log.after(cursor).filter(own);
                states.extend(changes.map(|change| change.new.clone()));
            }
        }
        self.cursor = Some(cx.store().revision());
        for state in states {
            let Some(object) = state else {
                return Err(Failure::new("object has been deleted"));
            };
            let (line, done) = progress(&object, cx.args.number("revision").unwrap_or(0))?;
            cx.say(line);
            if done || cx.args.get("watch") == Some("false") {
                return Ok(Flow::Done);
            }
        }
        if self.until.is_some_and(|until| until <= cx.now()) {
            return Err(Failure::new("timed out waiting for the condition"));
        }
        Ok(Flow::Wait(self.until))
    }
}

/// How far a rollout has come, and whether it is over.
fn progress(object: &Object, revision: i64) -> Result<(String, bool), Failure> {
    let tree = object.to_value();
    let name = &object.meta().name;
    let (generation, seen) = (object.meta().generation, number(&tree, "status.observedGeneration"));
    let status = |path: &str| number(&tree, &format!("status.{path}"));
    let waits = |line: String| Ok((line, false));
    match object.kind().info().name {
        "StatefulSet" => stateful(&tree, generation, seen),
        "DaemonSet" => {
            only_rolling(&tree)?;
            let wanted = status("desiredNumberScheduled");
            let (updated, ready) = (status("updatedNumberScheduled"), status("numberAvailable"));
            let head = format!("Waiting for daemon set \"{name}\" rollout to finish: ");
            if generation > seen {
                return waits("Waiting for daemon set spec update to be observed...".into());
            }
            if updated < wanted {
                return waits(format!(
                    "{head}{updated} out of {wanted} new pods have been updated..."
                ));
            }
            if ready < wanted {
                return waits(format!("{head}{ready} of {wanted} updated pods are available..."));
            }
            Ok((format!("daemon set \"{name}\" successfully rolled out"), true))
        }
        _ => {
            let own = describe::revision(object);
            if revision > 0 && revision != own {
                return Err(Failure::new(format!(
                    "desired revision ({revision}) is different from the running revision ({own})"
                )));
            }
            if generation > seen {
                return waits("Waiting for deployment spec update to be observed...".into());
            }
            let late = |own: &Value| text_at(own, "reason") == "ProgressDeadlineExceeded";
            if super::value::list(&tree, "status.conditions").iter().any(late) {
                return Err(Failure::new(format!(
                    "deployment \"{name}\" exceeded its progress deadline"
                )));
            }
            let wanted = number(&tree, "spec.replicas");
            let (updated, all) = (status("updatedReplicas"), status("replicas"));
            let ready = status("availableReplicas");
            let head = format!("Waiting for deployment \"{name}\" rollout to finish: ");
            if updated < wanted {
                return waits(format!(
                    "{head}{updated} out of {wanted} new replicas have been updated..."
                ));
            }
            if all > updated {
                let old = all - updated;
                return waits(format!("{head}{old} old replicas are pending termination..."));
            }
            if ready < updated {
                return waits(format!(
                    "{head}{ready} of {updated} updated replicas are available..."
                ));
            }
            Ok((format!("deployment \"{name}\" successfully rolled out"), true))
        }
    }
}

fn only_rolling(tree: &Value) -> Result<(), Failure> {
    match &*text_at(tree, "spec.updateStrategy.type") {
        "RollingUpdate" => Ok(()),
        _ => Err(Failure::new("rollout status is only available for RollingUpdate strategy type")),
    }
}

fn stateful(tree: &Value, generation: i64, seen: i64) -> Result<(String, bool), Failure> {
    only_rolling(tree)?;
    if seen == 0 || generation > seen {
        return Ok(("Waiting for statefulset spec update to be observed...".into(), false));
    }
    let status = |path: &str| number(tree, &format!("status.{path}"));
    let wanted = number(tree, "spec.replicas");
    let (ready, updated) = (status("readyReplicas"), status("updatedReplicas"));
    if ready < wanted {
        return Ok((format!("Waiting for {} pods to be ready...", wanted - ready), false));
    }
    let rolling = at(tree, "spec.updateStrategy.rollingUpdate");
    let (new, old) =
        (text_at(tree, "status.updateRevision"), text_at(tree, "status.currentRevision"));
    if !rolling.is_null() {
        let due = wanted - number(rolling, "partition");
        if updated < due {
            return Ok((
                format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {due} new pods \
                     have been updated..."
                ),
                false,
            ));
        }
        let line =
            format!("partitioned roll out complete: {updated} new pods have been updated...");
        return Ok((line, true));
    }
    if new != old {
        let line = format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {new}..."
        );
        return Ok((line, false));
    }
    let now = status("currentReplicas");
    Ok((format!("statefulset rolling update complete {now} pods at revision {old}..."), true))
}

/// The remembered revisions of an object: number, change cause, template, oldest first.
fn revisions(cx: &Cx<'_, '_>, object: &Object) -> Vec<(i64, String, Value, Object)> {
    let mut out = Vec::new();
    let uid = object.meta().uid;
    let cause = |own: &Object| {
        let cause = own.meta().annotations.get(CAUSE);
        cause.map_or("<none>".to_string(), |cause| cause.to_string())
    };
    if object.kind().info().name == "Deployment" {
        for set in describe::replica_sets(cx, object) {
            let template = at(&set.to_value(), "spec.template").clone();
            out.push((describe::revision(&set), cause(&set), template, set));
        }
    } else {
        let refs = cx.store().dependents(uid).filter(|own| own.kind == Kind::ControllerRevision);
        for own in refs.filter_map(|own| cx.store().find(&own)) {
            let tree = own.to_value();
            let mut template = at(&tree, "data.spec.template").clone();
            if let Value::Object(map) = &mut template {
                map.remove("$patch");
            }
            out.push((number(&tree, "revision"), cause(own), template, own.clone()));
        }
    }
    crate::base::sorted::sort_by_key(&mut out, |(number, ..)| *number);
    out
}

/// `kubectl rollout history`.
pub fn history(cx: &mut Cx<'_, '_>) -> Outcome {
    let wanted = cx.args.number("revision").unwrap_or(0);
    if wanted < 0 {
        return Err(Failure::new(format!("revision must be a positive integer: {wanted}")));
    }
    for item in targets(cx)? {
        let object = cx.find(&item.target)?;
        let kind = item.target.kind;
        if !matches!(kind.info().name, "StatefulSet" | "Deployment" | "DaemonSet") {
            let text = format!("no history viewer has been implemented for {:?}", group_kind(kind));
            return Err(Failure::new(text));
        }
        let all = revisions(cx, &object);
        let name = cx.named(&item.target);
        if wanted > 0 {
            let Some((_, _, template, own)) = all.iter().find(|(n, ..)| *n == wanted) else {
                return Err(Failure::new("unable to find the specified revision"));
            };
            let mut template = template.clone();
            if let Some(cause) = own.meta().annotations.get(CAUSE)
                && kind.info().name == "Deployment"
            {
                template["metadata"]["annotations"][CAUSE] = json!(&**cause);
            }
            let mut w = Writer::new(&template);
            describe::template(&mut w, &template);
            let text = w.text;
            cx.say(format!("{name} with revision #{wanted}\n{text}"));
            continue;
        }
        if all.is_empty() {
            cx.say(format!("{name} \nNo rollout history found."));
            continue;
        }
        let mut table = "REVISION\tCHANGE-CAUSE\n".to_string();
        for (number, cause, ..) in &all {
            table.push_str(&format!("{number}\t{cause}\n"));
        }
        let table = DESCRIBE.clone().layout(&table);
        cx.write(Stream::Out, &format!("{name} \n{table}\n"));
    }
    Ok(Task::Done)
}

/// `kubectl rollout undo`.
pub fn undo(cx: &mut Cx<'_, '_>) -> Outcome {
    Ok(Task::each(targets(cx)?, undo_one))
}

fn undo_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let object = cx.find(&item.target)?;
    let kind = item.target.kind;
    let info = kind.info();
    let name = &object.meta().name;
    if !matches!(info.name, "StatefulSet" | "Deployment" | "DaemonSet") {
        let text = format!("no rollbacker has been implemented for {:?}", group_kind(kind));
        return Err(Failure::new(text));
    }
    if object.meta().annotations.get(LAST_APPLIED).is_some() {
        cx.warn(format!(
            "Warning: resource {}/{name} was previously managed with 'kubectl apply'. Rolling back \
             will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on \
             future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous \
             configuration file instead.",
            info.plural
        ));
    }
    let tree = object.to_value();
    let all = revisions(cx, &object);
    let wanted = cx.args.number("to-revision").unwrap_or(0);
    let found = match wanted {
        0 => all.iter().rev().nth(1),
        number => all.iter().find(|(own, ..)| *own == number),
    };
    let Some((number, _, template, own)) = found else {
        return Err(Failure::new(match wanted {
            0 if info.name == "Deployment" => {
                format!("no rollout history found for deployment \"{name}\"")
            }
            0 => "no last revision to roll back to".to_string(),
            number => format!("unable to find specified revision {number} in history"),
        }));
    };
    if at(&tree, "spec.paused") == &Value::Bool(true) {
        return Err(Failure::new(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout \
             resume' and try again",
        ));
    }
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
    }
    let shown = named(&item.target);
    let shown = cx.link(&item.target, &shown);
    if cx.dry_run() == Some(false) {
        let mut w = Writer::new(&template);
        describe::template(&mut w, &template);
        let text = w.text;
        cx.say(format!("{shown} {text}"));
        return Ok(());
    }
    if &template == at(&tree, "spec.template") {
        let why = format!("(current template already matches revision {number})");
        cx.say(format!("{shown} skipped rollback {why}"));
        return Ok(());
    }
    let (verb, body) = match info.name {
        "Deployment" => (Verb::PatchJson, back_to(&tree, &own.to_value(), template)),
        _ => (Verb::PatchStrategic, at(&own.to_value(), "data").clone()),
    };
    let mut request = Request::new(verb, kind, &item.target.key, body);
    request.dry_run = cx.dry_run().is_some();
    cx.send(&request)?;
    let dry = cx.dry_words();
    cx.say(format!("{shown} rolled back{dry}"));
    Ok(())
}

/// The patch that makes a Deployment what its ReplicaSet remembers.
fn back_to(deployment: &Value, set: &Value, template: Value) -> Value {
    let own = |key: &str| key == LAST_APPLIED || key.starts_with("deployment.kubernetes.io/");
    let mut annotations = serde_json::Map::new();
    let entries = |tree, own_ones: bool| {
        let all = super::value::entries(tree, "metadata.annotations");
        all.filter(move |(key, _)| own(key) == own_ones)
    };
    for (key, value) in entries(deployment, true).chain(entries(set, false)) {
        annotations.insert(key.clone(), value.clone());
    }
    json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ])
}

/// `kubectl rollout restart`.
pub fn restart(cx: &mut Cx<'_, '_>) -> Outcome {
    Ok(Task::each(targets(cx)?, |cx, item| {
        let object = cx.find(&item.target)?;
        let info = item.target.kind.info();
        let name = &object.meta().name;
        let tree = object.to_value();
        if !matches!(info.name, "StatefulSet" | "Deployment" | "DaemonSet") {
            let text = format!("{} {name:?} restarting is not supported", info.resource());
            return Err(Failure::new(text));
        }
        if at(&tree, "spec.paused") == &Value::Bool(true) {
            return Err(Failure::new(format!(
                "{} {name:?} can't restart paused deployment (run rollout resume first)",
                info.resource()
            )));
        }
        let now = cx.now().rfc3339();
        let path = at(&tree, "spec.template.metadata.annotations");
        if path["kubectl.kubernetes.io/restartedAt"] == json!(now) {
            return Err(Failure::new(
                "if restart has already been triggered within the past second, please wait \
                 before attempting to trigger another",
            ));
        }
        let annotations = json!({"kubectl.kubernetes.io/restartedAt": now});
        let body = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
        changed(cx, &item.target, body, "restarted")
    }))
}

fn changed(
    cx: &mut Cx<'_, '_>,
    target: &ObjectRef,
    body: Value,
    word: &str,
) -> Result<(), Failure> {
    let mut request = Request::new(Verb::PatchStrategic, target.kind, &target.key, body);
    request.dry_run = cx.dry_run().is_some();
    if cx.dry_run() != Some(false) {
        cx.send(&request)?;
    }
    let (name, dry) = (cx.named(target), cx.dry_words());
    cx.say(format!("{name} {word}{dry}"));
    Ok(())
}

/// `kubectl rollout pause`.
pub fn pause(cx: &mut Cx<'_, '_>) -> Outcome {
    Ok(Task::each(targets(cx)?, |cx, item| mark(cx, item, true)))
}

/// `kubectl rollout resume`.
pub fn resume(cx: &mut Cx<'_, '_>) -> Outcome {
    Ok(Task::each(targets(cx)?, |cx, item| mark(cx, item, false)))
}

fn mark(cx: &mut Cx<'_, '_>, item: &Item, on: bool) -> Result<(), Failure> {
    let found = cx.store().find(&item.target).cloned();
    let info = item.target.kind.info();
    let name = &item.target.key.name;
    let Some(object) = found else {
        return Err(Status::not_found(item.target.kind, name).into());
    };
    if info.name != "Deployment" {
        let word = if on { "pausing" } else { "resuming" };
        return Err(Failure::new(format!("{} {name:?} {word} is not supported", info.resource())));
    }
    let paused = at(&object.to_value(), "spec.paused") == &Value::Bool(true);
    if paused == on {
        let how = if on { "already paused" } else { "not paused" };
        return Err(Failure::new(format!("{} {name:?} is {how}", info.resource())));
    }
    let value = if on { json!(true) } else { Value::Null };
    let word = if on { "paused" } else { "resumed" };
    changed(cx, &item.target, json!({"spec": {"paused": value}}), word)
}
