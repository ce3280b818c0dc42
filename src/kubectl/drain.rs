//! `kubectl cordon`, `uncordon` and `drain`.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go,
//! staging/src/k8s.io/kubectl/pkg/drain/{drain,filters,cordon}.go

use super::cx::{Cx, Failure, Flow, Item, Outcome, Task};
use super::get;
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::meta::Uid;
use crate::apiserver::selector::Selector;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::client::request::{Request, Verb};
use serde_json::{Value, json};
use std::rc::Rc;

/// How long a refused eviction waits before the next.
const RETRY: Span = Span::seconds(5);

/// `kubectl cordon`.
pub fn cordon(cx: &mut Cx<'_, '_>) -> Outcome {
    let nodes = nodes(cx, "cordon")?;
    Ok(Task::each(nodes, |cx, item| mark(cx, item, true)))
}

/// `kubectl uncordon`.
pub fn uncordon(cx: &mut Cx<'_, '_>) -> Outcome {
    let nodes = nodes(cx, "uncordon")?;
    Ok(Task::each(nodes, |cx, item| mark(cx, item, false)))
}

fn nodes(cx: &Cx<'_, '_>, verb: &str) -> Result<Vec<Item>, Failure> {
    let names = &cx.args.words;
    let chosen = cx.args.get("selector").is_some();
    if names.is_empty() && !chosen {
        return Err(Failure::usage(format!("USAGE: {verb} NODE [flags]"), verb));
    }
    if !names.is_empty() && chosen {
        let text = format!(
            "error: cannot specify both a node name and a --selector option\n\
                            See 'kubectl {verb} -h' for help and examples"
        );
        return Err(Failure::raw(text));
    }
    let item = |target: ObjectRef| Item { target, manifest: None, source: String::new() };
    if chosen {
        return Ok(cx.select(Kind::Node)?.iter().map(|node| item(node.reference())).collect());
    }
    let mut out = Vec::new();
    for name in names {
        let name = name.trim_start_matches("node/").trim_start_matches("nodes/");
        let target = ObjectRef::new(Kind::Node, Key::global(name));
        if cx.store().find(&target).is_none() {
            return Err(get::not_found(cx, Kind::Node, name));
        }
        out.push(item(target));
    }
    Ok(out)
}

fn mark(cx: &mut Cx<'_, '_>, item: &Item, on: bool) -> Result<(), Failure> {
    let node = cx.find(&item.target)?;
    let closed = node.typed::<Node>().is_some_and(|node| node.spec.unschedulable);
    let word = if on { "cordoned" } else { "uncordoned" };
    let name = cx.named(&item.target);
    let dry = cx.dry_words();
    if closed == on {
        cx.say(format!("{name} already {word}{dry}"));
        return Ok(());
    }
    let body = json!({"spec": {"unschedulable": if on { json!(true) } else { Value::Null }}});
    let mut request = Request::new(Verb::PatchStrategic, Kind::Node, &item.target.key, body);
    request.dry_run = cx.dry_run().is_some();
    cx.send(&request)?;
    cx.say(format!("{name} {word}{dry}"));
    Ok(())
}

/// A `drain` under way.
#[derive(Clone, Debug)]
pub struct Draining {
    nodes: Vec<Item>,
    /// The Pods of the first node still to be asked to go; `None` before it was looked at.
    pods: Option<Vec<Rc<Pod>>>,
    /// Those that were asked and are waited for.
    leaving: Vec<(Key, Uid)>,
    retry: Option<SimTime>,
    until: Option<SimTime>,
}

/// `kubectl drain`.
pub fn drain(cx: &mut Cx<'_, '_>) -> Outcome {
    let nodes = nodes(cx, "drain")?;
    for node in &nodes {
        mark(cx, node, true)?;
    }
    let until = cx.args.span("timeout").map(|span| cx.now() + span);
    let draining = Draining { nodes, pods: None, leaving: Vec::new(), retry: None, until };
    Ok(Task::Drain(Box::new(draining)))
}

impl Draining {
    /// Goes on with the first node that is not empty yet.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        while let Some(node) = self.nodes.first().map(|item| item.target.clone()) {
            if self.pods.is_none() {
                self.pods = Some(leavers(cx, &node.key.name)?);
            }
            let late = self.until.is_some_and(|until| until <= cx.now());
            let due = self.retry.is_none_or(|at| at <= cx.now());
            if due {
                self.ask(cx, late)?;
            }
            self.hear(cx);
            let refused = self.pods.as_ref().is_some_and(|pods| !pods.is_empty());
            if refused || !self.leaving.is_empty() {
                // Who sleeps before the next try hears of the end of time only then.
                if late && (due || !refused) {
                    return Err(self.gives_up(cx, &node));
                }
                let until = self.until.filter(|_| !late);
                return Ok(Flow::Wait(self.retry.into_iter().chain(until).min()));
            }
            let name = cx.named(&node);
            let dry = cx.dry_words();
            cx.say(format!("{name} drained{dry}"));
            self.nodes.remove(0);
            self.pods = None;
        }
        Ok(Flow::Done)
    }

    /// Asks each Pod to go, or only says so if it is `late`.
    fn ask(&mut self, cx: &mut Cx<'_, '_>, late: bool) -> Result<(), Failure> {
        let pods = self.pods.take().unwrap_or_default();
        self.retry = None;
        let mut refused = Vec::new();
        let dry = cx.dry_run();
        let dry_words = cx.dry_words();
        let plain = cx.args.is_set("disable-eviction");
        let verb = if plain { Verb::Delete } else { Verb::Evict };
        let mut body = json!({});
        if let Some(seconds) = cx.args.number("grace-period").filter(|n| *n >= 0) {
            body["gracePeriodSeconds"] = json!(seconds);
        }
        // All at once upstream, where of threads started in a row the last runs first.
        for pod in pods.iter().rev() {
            let key = Key::of(&pod.meta);
            let target = ObjectRef::new(Kind::Pod, key.clone());
            let name = cx.link(&target, &key.to_string());
            let word = if plain { "deleting" } else { "evicting" };
            cx.say(format!("{word} pod {name}{dry_words}"));
            if late {
                refused.push(pod.clone());
            }
            if late || dry.is_some() {
                continue;
            }
            match cx.send(&Request::new(verb, Kind::Pod, &key, body.clone())) {
                Ok(_) => self.leaving.push((key, pod.meta.uid)),
                Err(status) if status.is_not_found() => {}
                Err(status) if status.code == 429 => {
                    cx.warn(format!(
                        "error when evicting pods/{:?} -n {:?} (will retry after 5s): {}",
                        &*key.name, &*key.namespace, status.message
                    ));
                    refused.push(pod.clone());
                }
                Err(status) => {
                    let (name, namespace) = (&*key.name, &*key.namespace);
                    let text = format!(
                        "error when evicting pods/{name:?} -n {namespace:?}: {}",
                        status.message
                    );
                    return Err(Failure::new(text));
                }
            }
        }
        if !refused.is_empty() {
            self.retry = Some(cx.now() + RETRY);
        }
        refused.reverse();
        self.pods = Some(refused);
        Ok(())
    }

    /// Notes which Pods are gone.
    fn hear(&mut self, cx: &mut Cx<'_, '_>) {
        let word = if cx.args.is_set("disable-eviction") { "deleted" } else { "evicted" };
        let mut gone = Vec::new();
        let store = cx.store();
        self.leaving.retain(|(key, uid)| {
            let there = store.get::<Pod>(key).is_some_and(|pod| pod.meta.uid == *uid);
            if !there {
                gone.push(key.clone());
            }
            there
        });
        for key in gone {
            let target = ObjectRef::new(Kind::Pod, key.clone());
            let name = cx.link(&target, &format!("pod/{}", key.name));
            cx.say(format!("{name} {word}"));
        }
    }

    fn gives_up(&self, cx: &mut Cx<'_, '_>, node: &ObjectRef) -> Failure {
        let time = cx.args.text("timeout");
        let refused = self.pods.iter().flatten().map(|pod| {
            let (name, namespace) = (&*pod.meta.name, &*pod.meta.namespace);
            let what = format!("error when evicting pods/{name:?} -n {namespace:?}");
            (format!("{what}: global timeout reached: {time}"), name)
        });
        let left = self.leaving.iter().map(|(key, _)| {
            let (name, namespace) = (&*key.name, &*key.namespace);
            let what = format!(
                "error when waiting for pod {name:?} in namespace {namespace:?} to terminate"
            );
            (format!("{what}: context deadline exceeded"), name)
        });
        let all: Vec<(String, &str)> = refused.chain(left).collect();
        let errors: Vec<String> = all.iter().rev().map(|(error, _)| error.clone()).collect();
        let list = listed(&errors);
        let name = &node.key.name;
        let mut text =
            format!("There are pending pods in node {name:?} when an error occurred: {list}");
        all.iter().for_each(|(_, pod)| text.push_str(&format!("\npod/{pod}")));
        cx.warn(text);
        unable(name, &list, &errors)
    }
}

/// One as it is, several as Go prints a list of errors.
fn listed(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn unable(node: &str, list: &str, errors: &[String]) -> Failure {
    Failure::new(format!(
        "unable to drain node {node:?} due to error: {list}, continuing command...\nThere are \
         pending nodes to be drained:\n {node}\n{}",
        errors.join("\n")
    ))
}

/// The Pods of a node that have to go, or why they may not be asked.
fn leavers(cx: &mut Cx<'_, '_>, node: &Str) -> Result<Vec<Rc<Pod>>, Failure> {
    let selector = Selector::of_labels(cx.args.text("pod-selector")).map_err(Failure::new)?;
    let mut pods: Vec<Rc<Pod>> = cx.store().pods_on(node).cloned().collect();
    pods.retain(|pod| selector.matches_labels(&pod.meta.labels));
    pods.sort_by_key(|pod| Key::of(&pod.meta));
    let mut out = Vec::new();
    let (mut daemons, mut local, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for pod in pods {
        let shown = format!("{}/{}", pod.meta.namespace, pod.meta.name);
        let owner = pod.meta.controller_of();
        let ended = pod.is_terminal();
        if !ended && owner.is_some_and(|owner| &*owner.kind == "DaemonSet") {
            daemons.push(shown);
            continue;
        }
        let has_local = pod.spec.volumes.iter().any(|volume| volume.empty_dir.is_some());
        if !ended && has_local && !cx.args.is_set("delete-emptydir-data") {
            local.push(shown);
        } else if !ended && owner.is_none() && !cx.args.is_set("force") {
            alone.push(shown);
        } else {
            out.push(pod);
        }
    }
    let mut why = Vec::new();
    if !daemons.is_empty() && !cx.args.is_set("ignore-daemonsets") {
        why.push((
            "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
            &daemons,
        ));
    }
    if !local.is_empty() {
        why.push((
            "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
            &local,
        ));
    }
    if !alone.is_empty() {
        why.push((
            "cannot delete Pods that declare no controller (use --force to override)",
            &alone,
        ));
    }
    if !why.is_empty() {
        let why: Vec<String> =
            why.iter().map(|(text, pods)| format!("{text}: {}", pods.join(", "))).collect();
        return Err(unable(node, &listed(&why), &why));
    }
    if !daemons.is_empty() {
        cx.warn(format!("Warning: ignoring DaemonSet-managed Pods: {}", daemons.join(", ")));
    }
    Ok(out)
}
