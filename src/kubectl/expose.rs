//! `kubectl expose`: a Service before what is there.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/expose/expose.go

use super::change::sent;
use super::create::{amount, pairs};
use super::cx::{Cx, Failure, Item, Outcome, Task};
use super::format::Format;
use super::value::{at, entries, list, number, shaped, text_at};
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::client::request::Verb;
use serde_json::{Map, Value, json};

/// `kubectl expose`.
pub fn expose(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    Ok(Task::each(cx.items(&words, true)?, expose_one))
}

fn expose_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let kind = item.target.kind.info();
    if !["Pod", "Service", "Deployment", "ReplicaSet"].contains(&kind.name) {
        let dot = if kind.group.is_empty() { "" } else { "." };
        let text = format!("cannot expose a {}{dot}{}", kind.name, kind.group);
        return Err(
            Failure::new(text).hint("Write a Service whose selector has the labels of the Pods.")
        );
    }
    let tree = cx.find(&item.target)?.to_value();
    let selector = selector(cx, kind.name, &tree)?;
    let ports = ports(cx, kind.name, &tree)?;
    let args = cx.args;
    let name = args.get("name").unwrap_or(&item.target.key.name).to_string();
    let labels = match args.get("labels") {
        Some(given) => pairs(given),
        None => entries(&tree, "metadata.labels").map(|(k, v)| (k.clone(), v.clone())).collect(),
    };
    let server = cx.dry_run() != Some(false);
    let service = shaped(
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"$0","labels":"$1",
        "namespace":"$2"},"spec":{"ports":"$3","selector":"$4","type":"$5","clusterIP":"$6",
        "sessionAffinity":"$7","loadBalancerIP":"$8","externalIPs":"$9"},
        "status":{"loadBalancer":{}}}"#,
        &[
            json!(name),
            json!(Some(labels).filter(|labels| !labels.is_empty())),
            json!(server.then(|| text_at(&tree, "metadata.namespace"))),
            Value::Array(ports),
            Value::Object(selector),
            json!(args.get("type")),
            json!(args.get("cluster-ip")),
            json!(args.get("session-affinity")),
            json!(args.get("load-balancer-ip")),
            json!(args.get("external-ip").map(|_| args.all("external-ip"))),
        ],
    );
    let service = cx.overridden(Kind::Service, service)?;
    let key = Key::new(item.target.key.namespace.clone(), &*name);
    let target = ObjectRef::new(Kind::Service, key);
    let made = cx.named(&target);
    if server {
        return sent(cx, &target, Verb::Create, service, &format!("{made} exposed"));
    }
    let format = Format::of(cx)?;
    if !format.is_plain() {
        return cx.print_tree(&format, &service);
    }
    cx.say(format!("{made} exposed (dry run)"));
    Ok(())
}

/// Which Pods the Service is to find.
fn selector(cx: &Cx<'_, '_>, kind: &str, tree: &Value) -> Result<Map<String, Value>, Failure> {
    let path = match kind {
        "Pod" => "metadata.labels",
        "Service" => "spec.selector",
        _ => "spec.selector.matchLabels",
    };
    let selector = match cx.args.get("selector") {
        Some(given) => pairs(given),
        None => at(tree, path).as_object().cloned().unwrap_or_default(),
    };
    if !selector.is_empty() {
        return Ok(selector);
    }
    let why = match kind {
        "Pod" => "the pod has no labels and cannot be exposed",
        _ => "the object has no selector and cannot be exposed",
    };
    Err(Failure::new(format!(
        "couldn't retrieve selectors via --selector flag or introspection: {why}"
    )))
}

/// The ports: those that `--port` says, or those of the object.
fn ports(cx: &Cx<'_, '_>, kind: &str, tree: &Value) -> Result<Vec<Value>, Failure> {
    let spec = if kind == "Pod" { "spec" } else { "spec.template.spec" };
    let found: Vec<i64> = match kind {
        "Service" => list(tree, "spec.ports").iter().map(|port| number(port, "port")).collect(),
        _ => list(tree, &format!("{spec}.containers"))
            .iter()
            .flat_map(|container| list(container, "ports"))
            .map(|port| number(port, "containerPort"))
            .collect(),
    };
    let given: Vec<i64> = cx.args.all("port").iter().filter_map(|port| port.parse().ok()).collect();
    let numbers = if given.is_empty() { found } else { given };
    if numbers.is_empty() {
        return Err(Failure::new("couldn't find port via --port flag or introspection")
            .hint("Say which port with --port=80."));
    }
    let protocol = cx.args.get("protocol").unwrap_or("TCP");
    let target = cx.args.get("target-port").map(amount);
    let entry = |(n, port): (usize, &i64)| {
        let target = target.clone().unwrap_or(json!(port));
        let mut entry = json!({"port": port, "protocol": protocol, "targetPort": target});
        if numbers.len() > 1 {
            entry["name"] = json!(format!("port-{}", n + 1));
        }
        entry
    };
    Ok(numbers.iter().enumerate().map(entry).collect())
}
