//! `kubectl run`: a Pod from words, and waiting for it where kubectl would attach.
//!
//! Not here: the inside of containers. A `run -it` waits until the Pod runs or has ended, says
//! so, and with `--rm` deletes it.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/run/run.go

use super::apply::{create_tree, deleted};
use super::cx::{Cx, Failure, Flow, Item, Outcome, Task};
use super::wait::Gone;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Kind, ObjectRef};
use crate::api::meta::Uid;
use crate::base::time::{SimTime, Span};
use crate::client::request::{Request, Verb};
use serde_json::{Map, Value, json};

/// Waiting for a Pod that would be attached to.
#[derive(Clone, Debug)]
pub struct Starting {
    pod: ObjectRef,
    uid: Uid,
    until: SimTime,
}

/// `a=1,b=2` as a tree.
fn pairs(given: &[&str]) -> Map<String, Value> {
    let pairs = given.iter().filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_string(), json!(value))).collect()
}

/// The Pod that the words mean.
fn pod(cx: &Cx<'_, '_>, name: &str) -> Value {
    let args = cx.args;
    let mut container = json!({"name": name, "image": args.text("image"), "resources": {}});
    let env: Vec<Value> = args
        .each("env")
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    if !env.is_empty() {
        container["env"] = Value::Array(env);
    }
    if let Some(port) = args.number("port") {
        container["ports"] = json!([{"containerPort": port}]);
    }
    if let Some(policy) = args.get("image-pull-policy") {
        container["imagePullPolicy"] = json!(policy);
    }
    if args.is_set("privileged") {
        container["securityContext"] = json!({"privileged": true});
    }
    let words = &args.words[1..];
    if !words.is_empty() {
        let key = if args.is_set("command") { "command" } else { "args" };
        container[key] = json!(words);
    }
    for (flag, key) in [("stdin", "stdin"), ("tty", "tty")] {
        if args.is_set(flag) {
            container[key] = json!(true);
        }
    }
    if args.is_set("stdin") && !args.is_set("leave-stdin-open") {
        container["stdinOnce"] = json!(true);
    }
    let labels = match args.get("labels") {
        Some(_) => pairs(&args.all("labels")),
        None => pairs(&[&format!("run={name}")]),
    };
    let mut tree = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {
            "containers": [container], "dnsPolicy": "ClusterFirst",
            "restartPolicy": args.get("restart").unwrap_or("Always"),
        },
        "status": {},
    });
    let annotations = pairs(&args.all("annotations"));
    if !annotations.is_empty() {
        tree["metadata"]["annotations"] = Value::Object(annotations);
    }
    if cx.dry_run() != Some(false) || args.get("namespace").is_some() {
        tree["metadata"]["namespace"] = json!(cx.namespace());
    }
    tree
}

/// `kubectl run`.
pub fn run(cx: &mut Cx<'_, '_>) -> Outcome {
    let args = cx.args;
    if args.get("image").is_none() {
        return Err(Failure::new("required flag(s) \"image\" not set"));
    }
    let Some(name) = args.words.first().cloned() else {
        return Err(Failure::usage("NAME is required for run", "run"));
    };
    let restart = args.get("restart").unwrap_or("Always");
    if !["Always", "OnFailure", "Never"].contains(&restart) {
        return Err(Failure::new(format!("invalid restart policy: {restart}")));
    }
    let attach = args.is_set("attach") || args.is_set("stdin") || args.is_set("tty");
    if args.is_set("tty") && !args.is_set("stdin") {
        return Err(Failure::new("-i/--stdin is required for containers with -t/--tty=true"));
    }
    if args.is_set("rm") && !attach {
        return Err(Failure::new("--rm should only be used for attached containers"));
    }
    if args.is_set("expose") && args.get("port").is_none() {
        return Err(Failure::new("--port must be set when exposing a service"));
    }
    let tree = cx.overridden(Kind::Pod, pod(cx, &name))?;
    let key = cx.key(Kind::Pod, &name);
    let target = ObjectRef::new(Kind::Pod, key);
    let item = Item { target: target.clone(), manifest: None, source: String::new() };
    if args.is_set("expose") {
        expose(cx, &name, &tree)?;
    }
    if !attach || cx.dry_run().is_some() {
        create_tree(cx, Kind::Pod, tree, &item)?;
        return Ok(Task::Done);
    }
    let answer = cx.send(&Request::new(Verb::Create, Kind::Pod, &target.key, tree))?;
    let uid = answer.object.meta().uid;
    let wait = cx.args.span("pod-running-timeout").unwrap_or(Span::minutes(1));
    let until = cx.now() + wait;
    Ok(Task::Run(Box::new(Starting { pod: target, uid, until })))
}

fn expose(cx: &mut Cx<'_, '_>, name: &str, pod: &Value) -> Result<(), Failure> {
    let port = cx.args.number("port");
    let tree = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": cx.namespace()},
        "spec": {
            "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
            "selector": pod["metadata"]["labels"],
        },
        "status": {"loadBalancer": {}},
    });
    let target = ObjectRef::new(Kind::Service, cx.key(Kind::Service, name));
    let item = Item { target, manifest: None, source: String::new() };
    create_tree(cx, Kind::Service, tree, &item).map(drop)
}

impl Starting {
    /// Looks whether the Pod runs; then it is time for what comes next.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Result<Flow, Task>, Failure> {
        let pod = cx.store().get::<Pod>(&self.pod.key).filter(|pod| pod.meta.uid == self.uid);
        let Some(pod) = pod.cloned() else {
            return Err(Failure::new(format!("pods {:?} not found", &*self.pod.key.name)));
        };
        let running = pod.status.container_statuses.iter().any(|own| own.state.running.is_some());
        let ended = pod.is_terminal();
        if !running && !ended {
            if cx.now() < self.until {
                return Ok(Ok(Flow::Wait(Some(self.until))));
            }
            cx.failures.push(Failure::new("timed out waiting for the condition"));
        }
        let name = cx.named(&self.pod);
        match (running, ended) {
            (true, _) => cx.note(format!(
                "{name} runs. kubectl would attach to it now; the inside of containers is not \
                 simulated."
            )),
            (_, true) => cx.note(format!("{name} has ended.")),
            _ => {}
        }
        if !cx.args.is_set("rm") {
            return Ok(Ok(Flow::Done));
        }
        let body = json!({"propagationPolicy": "Background"});
        cx.send(&Request::new(Verb::Delete, Kind::Pod, &self.pod.key, body))?;
        deleted(cx, &self.pod, false);
        let left = vec![(self.pod.clone(), self.uid)];
        Ok(Err(Task::Gone(Gone::new(cx, left))))
    }
}
