//! What can be done to a cluster from outside, as data: the journal is made of it.
//!
//! An input either happens whole or is refused with the reason, and then nothing changed.

use super::operate::is_about_machine;
use super::world::World;
use crate::api::core::node::{Node, Taint};
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::quantity::Quantity;
use crate::apiserver::apply::{Applied, ApplyReport, apply_text};
use crate::apiserver::managed::KUBECTL;
use crate::apiserver::{Answer, ApiServer, DeleteOptions, Propagation};
use crate::base::time::SimTime;
use crate::client::api::Client;
use crate::client::request::{Answered, Request, Verb};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::rc::Rc;

/// Something done from outside at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// `kubectl apply -f` of a text of manifests.
    Apply {
        /// The manifests.
        text: Rc<str>,
    },
    /// `kubectl delete`.
    Delete {
        /// The kind, as in manifests.
        kind: String,
        /// The namespace; empty for objects of the whole cluster.
        namespace: String,
        /// The name.
        name: String,
        /// Seconds of grace; the object's own if not given. 0 is `--force`.
        grace: Option<i64>,
        /// What becomes of what it owns.
        cascade: Cascade,
    },
    /// `kubectl scale statefulset`.
    Scale {
        /// The namespace.
        namespace: String,
        /// The StatefulSet.
        name: String,
        /// How many replicas.
        replicas: i32,
    },
    /// `kubectl taint node`: puts a taint on a Node or takes it away.
    Taint {
        /// The Node.
        node: String,
        /// The taint's key.
        key: String,
        /// The taint's value.
        value: String,
        /// The taint's effect.
        effect: String,
        /// Put on, or taken away.
        on: bool,
    },
    /// `kubectl cordon` and `kubectl uncordon`.
    Cordon {
        /// The Node.
        node: String,
        /// Closed to new Pods, or open.
        on: bool,
    },
    /// Breaks or mends something, or brings and takes machines: one of the commands of
    /// `cluster::operate`, such as `poweroff node-b`.
    Operate {
        /// The command.
        line: Rc<str>,
    },
    /// One write of a command.
    Request {
        /// The command.
        line: String,
        /// The write.
        request: Request,
    },
}

/// What becomes of what a deleted object owns: `kubectl delete --cascade`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cascade {
    /// It is collected afterwards.
    #[default]
    Background,
    /// It goes first.
    Foreground,
    /// It stays and loses its owner.
    Orphan,
}

/// What came of an input.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What kubectl or the simulator answers, line by line.
    pub lines: Vec<String>,
    /// Whether nothing was done.
    pub refused: bool,
    /// What came of the manifests, if some were applied.
    pub report: Option<Rc<ApplyReport>>,
    /// What came of a request.
    pub answer: Option<Answer<Answered>>,
}

impl Outcome {
    fn said(line: String) -> Outcome {
        Outcome { lines: vec![line], ..Outcome::default() }
    }

    fn refused(line: String) -> Outcome {
        Outcome { lines: vec![line], refused: true, ..Outcome::default() }
    }
}

impl World {
    /// Does `input` now.
    pub fn input(&mut self, input: &Input) -> Outcome {
        let before = std::mem::replace(&mut self.server.manager, KUBECTL.into());
        let outcome = self.do_input(input).unwrap_or_else(Outcome::refused);
        self.server.manager = before;
        self.announce();
        outcome
    }

    /// Lets somebody outside use the API now, as kubectl does. Not for the journal: an input
    /// says the same as data.
    pub fn request<T>(&mut self, act: impl FnOnce(&mut ApiServer, SimTime) -> T) -> T {
        let now = self.now;
        let answer = self.server.acting_as(KUBECTL, |server| act(server, now));
        self.announce();
        answer
    }

    fn do_input(&mut self, input: &Input) -> Result<Outcome, String> {
        match input {
            Input::Apply { text } => Ok(self.apply(text)),
            Input::Delete { kind, namespace, name, grace, cascade } => {
                self.delete(kind, &Key::new(&**namespace, &**name), *grace, *cascade)
            }
            Input::Scale { namespace, name, replicas } => {
                self.scale(&Key::new(&**namespace, &**name), *replicas)
            }
            Input::Taint { node, key, value, effect, on } => {
                self.taint(node, key, value, effect, *on)
            }
            Input::Cordon { node, on } => self.cordon(node, *on),
            Input::Request { request, .. } => Ok(self.send(request)),
            Input::Operate { line } => self.operate(line).map(Outcome::said),
        }
    }

    fn send(&mut self, request: &Request) -> Outcome {
        let answer = request.send(&mut self.server, self.now);
        let lines = answer.as_ref().err().map(|status| status.to_string()).into_iter().collect();
        Outcome { lines, refused: answer.is_err(), report: None, answer: Some(answer) }
    }

    fn apply(&mut self, text: &str) -> Outcome {
        let report = apply_text(&mut self.server, self.now, text);
        let lines = report.lines();
        let is_refused = |outcome: &Applied| matches!(outcome, Applied::Refused(_));
        let refused = report.outcomes.iter().all(|outcome| is_refused(&outcome.result));
        Outcome { lines, refused, report: Some(Rc::new(report)), answer: None }
    }

    fn delete(
        &mut self,
        kind: &str,
        key: &Key,
        grace: Option<i64>,
        cascade: Cascade,
    ) -> Result<Outcome, String> {
        let kind = Kind::by_name(kind).ok_or_else(|| unknown_kind(kind))?;
        let options = DeleteOptions {
            grace_period_seconds: grace,
            propagation: match cascade {
                Cascade::Background => Propagation::Background,
                Cascade::Foreground => Propagation::Foreground,
                Cascade::Orphan => Propagation::Orphan,
            },
            ..DeleteOptions::default()
        };
        let answer = self.server.delete(self.now, kind, key, &options);
        answer.map_err(|status| status.to_string())?;
        let how = if grace == Some(0) { "force deleted" } else { "deleted" };
        let place = if key.namespace.is_empty() {
            String::new()
        } else {
            format!(" from {} namespace", key.namespace)
        };
        Ok(Outcome::said(format!("{} {:?} {how}{place}", kind.info().qualified(), &*key.name)))
    }

    fn scale(&mut self, key: &Key, replicas: i32) -> Result<Outcome, String> {
        let scaled = self.server.scale(self.now, Kind::StatefulSet, key, replicas);
        scaled.map_err(|status| status.to_string())?;
        Ok(Outcome::said(format!("statefulset.apps/{} scaled", key.name)))
    }

    fn taint(
        &mut self,
        node: &str,
        key: &str,
        value: &str,
        effect: &str,
        on: bool,
    ) -> Result<Outcome, String> {
        let at = Key::global(node);
        let found = self.client().get::<Node>(&at).map_err(|status| status.to_string())?;
        match (found.taint(key, effect), on) {
            (None, false) => {
                return Err(format!("error: taint \"{key}:{effect}\" not found"));
            }
            (Some(old), true) if &*old.value == value => {
                return Err(format!(
                    "error: node {node} already has {key} taint(s) with same effect(s) and \
                     --overwrite is false"
                ));
            }
            _ => {}
        }
        let taint = Taint {
            key: key.into(),
            value: value.into(),
            effect: effect.into(),
            ..Taint::default()
        };
        let written = self.client().patch::<Node>(&at, |node| {
            node.spec.taints.retain(|old| !(*old.key == *key && *old.effect == *effect));
            if on {
                node.spec.taints.insert(0, taint);
            }
        });
        written.map_err(|status| status.to_string())?;
        let how = if on { "tainted" } else { "untainted" };
        Ok(Outcome::said(format!("node/{node} {how}")))
    }

    fn cordon(&mut self, node: &str, on: bool) -> Result<Outcome, String> {
        let at = Key::global(node);
        let found = self.client().get::<Node>(&at).map_err(|status| status.to_string())?;
        let word = if on { "cordoned" } else { "uncordoned" };
        if found.spec.unschedulable == on {
            return Ok(Outcome::said(format!("node/{node} already {word}")));
        }
        let written = self.client().patch::<Node>(&at, |node| node.spec.unschedulable = on);
        written.map_err(|status| status.to_string())?;
        Ok(Outcome::said(format!("node/{node} {word}")))
    }

    fn client(&mut self) -> Client<'_> {
        Client { now: self.now, server: &mut self.server }
    }
}

fn unknown_kind(kind: &str) -> String {
    format!("error: the server doesn't have a resource type {kind:?}")
}

impl Input {
    /// A command of `cluster::operate`.
    pub fn operate(line: impl Into<Rc<str>>) -> Input {
        Input::Operate { line: line.into() }
    }

    /// Switches the machine `node` on or off.
    pub fn power(node: &str, on: bool) -> Input {
        Input::operate(format!("{} {node}", if on { "poweron" } else { "poweroff" }))
    }

    /// Lets a claim ask for a volume of this size.
    pub fn ask_for(claim: &Key, size: &Quantity) -> Input {
        let body = json!({"spec": {"resources": {"requests": {"storage": size.to_string()}}}});
        let within = within(&claim.namespace);
        let line = format!("kubectl patch pvc {} -p '{body}'{within}", claim.name);
        let kind = Kind::PersistentVolumeClaim;
        Input::Request { line, request: Request::new(Verb::PatchMerge, kind, claim, body) }
    }

    /// Connects the machine `node` to the network or cuts it off.
    pub fn network(node: &str, on: bool) -> Input {
        Input::operate(format!("{} {node}", if on { "heal" } else { "partition" }))
    }

    /// Starts or stops the component `name` of the control plane.
    pub fn component(name: &str, on: bool) -> Input {
        Input::operate(format!("{} {name}", if on { "start" } else { "stop" }))
    }

    /// What it is, in the imperative, as kubectl or the simulator's own words would say it.
    pub fn command(&self) -> String {
        match self {
            Input::Apply { .. } => "kubectl apply -f -".to_string(),
            Input::Delete { kind, namespace, name, grace, cascade } => {
                let singular = Kind::by_name(kind).map_or(&**kind, |kind| kind.info().singular);
                let mut line = format!("kubectl delete {singular} {name}{}", within(namespace));
                match grace {
                    Some(0) => line.push_str(" --force --grace-period=0"),
                    Some(seconds) => line.push_str(&format!(" --grace-period={seconds}")),
                    None => {}
                }
                match cascade {
                    Cascade::Background => {}
                    Cascade::Foreground => line.push_str(" --cascade=foreground"),
                    Cascade::Orphan => line.push_str(" --cascade=orphan"),
                }
                line
            }
            Input::Scale { namespace, name, replicas } => {
                let within = within(namespace);
                format!("kubectl scale statefulset {name} --replicas={replicas}{within}")
            }
            Input::Taint { node, key, value, effect, on } => {
                let value = if value.is_empty() { String::new() } else { format!("={value}") };
                let minus = if *on { "" } else { "-" };
                format!("kubectl taint node {node} {key}{value}:{effect}{minus}")
            }
            Input::Cordon { node, on: true } => format!("kubectl cordon {node}"),
            Input::Cordon { node, on: false } => format!("kubectl uncordon {node}"),
            Input::Request { line, .. } => line.clone(),
            Input::Operate { line } => line.to_string(),
        }
    }

    /// The object it is about, if there is one.
    pub fn subject(&self) -> Option<ObjectRef> {
        let node = |name: &str| ObjectRef::new(Kind::Node, Key::global(name));
        match self {
            Input::Request { request, .. } => {
                let key = Key::new(&*request.namespace, &*request.name);
                Some(ObjectRef::new(Kind::by_name(&request.kind)?, key))
            }
            Input::Apply { .. } => None,
            Input::Delete { kind, namespace, name, .. } => {
                Some(ObjectRef::new(Kind::by_name(kind)?, Key::new(&**namespace, &**name)))
            }
            Input::Scale { namespace, name, .. } => {
                Some(ObjectRef::new(Kind::StatefulSet, Key::new(&**namespace, &**name)))
            }
            Input::Taint { node: name, .. } | Input::Cordon { node: name, .. } => Some(node(name)),
            Input::Operate { line } => {
                line.split(' ').nth(1).filter(|_| is_about_machine(line)).map(node)
            }
        }
    }
}

/// The flag that says where, if it must be said.
fn within(namespace: &str) -> String {
    match namespace {
        "" | "default" => String::new(),
        namespace => format!(" -n {namespace}"),
    }
}
