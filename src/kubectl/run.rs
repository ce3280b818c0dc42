//! `kubectl run`: a Pod from words, and waiting for it where kubectl would attach.
//!
//! Not here: the inside of containers. A `run -it` waits until the Pod runs or has ended, says
//! so, and with `--rm` deletes it.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/run/run.go

use super::apply::{create_tree, deleted};
use super::create::pairs;
use super::cx::{Cx, Failure, Flow, Item, Outcome, Task};
use super::value::shaped;
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

/// The Pod that the words mean.
fn pod(cx: &Cx<'_, '_>, name: &str) -> Value {
    let args = cx.args;
    let some = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { map.into() };
    let env = args.each("env").into_iter().filter_map(|pair| pair.split_once('='));
    let env: Vec<Value> = env.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let on = |flag: &str| json!(args.is_set(flag).then_some(true));
    let words = Some(&args.words[1..]).filter(|words| !words.is_empty());
    let is_command = args.is_set("command");
    let once = args.is_set("stdin") && !args.is_set("leave-stdin-open");
    let port = args.number("port").map(|port| json!([{"containerPort": port}]));
    let labels = match args.get("labels") {
        Some(_) => pairs(&args.all("labels").join(",")),
        None => pairs(&format!("run={name}")),
    };
    let spaced = cx.dry_run() != Some(false) || args.get("namespace").is_some();
    shaped(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"$0","labels":"$1",
        "annotations":"$2","namespace":"$3"},"spec":{"containers":[{"name":"$0","image":"$4",
        "resources":{},"env":"$5","ports":"$6","imagePullPolicy":"$7","command":"$8","args":"$9",
        "stdin":"$10","tty":"$11","stdinOnce":"$12","securityContext":"$13"}],
        "dnsPolicy":"ClusterFirst","restartPolicy":"$14"},"status":{}}"#,
        &[
            json!(name),
            Value::Object(labels),
            some(pairs(&args.all("annotations").join(","))),
            json!(spaced.then(|| cx.namespace())),
            json!(args.text("image")),
            json!(Some(env).filter(|env| !env.is_empty())),
            json!(port),
            json!(args.get("image-pull-policy")),
            json!(words.filter(|_| is_command)),
            json!(words.filter(|_| !is_command)),
            on("stdin"),
            on("tty"),
            json!(once.then_some(true)),
            json!(args.is_set("privileged").then(|| json!({"privileged": true}))),
            json!(args.get("restart").unwrap_or("Always")),
        ],
    )
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
    let tree = shaped(
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"$0","namespace":"$1"},
        "spec":{"ports":[{"port":"$2","protocol":"TCP","targetPort":"$2"}],"selector":"$3"},
        "status":{"loadBalancer":{}}}"#,
        &[json!(name), json!(cx.namespace()), json!(port), pod["metadata"]["labels"].clone()],
    );
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
