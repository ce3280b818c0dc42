//! `kubectl wait`, and the end of objects that a `delete` waits for.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/wait/{wait,condition,json,delete,create}.go

use super::cx::{Cx, Failure, Flow, Outcome, Task};
use super::jsonpath::{JsonPath, shown};
use super::resource::named;
use super::value;
use crate::api::kinds::{Object, ObjectRef};
use crate::api::meta::Uid;
use crate::apiserver::status::Status;
use crate::base::time::{SimTime, Span};
use std::collections::VecDeque;

/// What a negative timeout means.
const WEEK: Span = Span::minutes(7 * 24 * 60);

fn timed_out(target: &ObjectRef) -> Failure {
    let plural = target.kind.info().resource();
    Failure::new(format!("timed out waiting for the condition on {plural}/{}", target.key.name))
}

/// Until when a command waits that has this `--timeout`.
pub fn deadline(cx: &Cx<'_, '_>, default: Span) -> SimTime {
    match cx.args.millis("timeout") {
        None => cx.now() + default,
        Some(millis) if millis < 0 => cx.now() + WEEK,
        Some(millis) => cx.now() + Span::millis(millis as u64),
    }
}

/// Objects whose end is waited for.
#[derive(Clone, Debug)]
pub struct Gone {
    left: VecDeque<(ObjectRef, Uid)>,
    until: SimTime,
}

impl Gone {
    /// Waits for the end of `left`, as long as `--timeout` says.
    pub fn new(cx: &Cx<'_, '_>, left: Vec<(ObjectRef, Uid)>) -> Gone {
        let until = match cx.args.millis("timeout") {
            None | Some(0) => cx.now() + WEEK,
            _ => deadline(cx, WEEK),
        };
        Gone { left: left.into(), until }
    }

    /// Looks whether they are gone.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        while let Some((target, uid)) = self.left.front() {
            let there = cx.store().find(target).is_some_and(|object| object.meta().uid == *uid);
            if there && cx.now() < self.until {
                return Ok(Flow::Wait(Some(self.until)));
            }
            if there {
                return Err(timed_out(target));
            }
            self.left.pop_front();
        }
        Ok(Flow::Done)
    }
}

/// What is waited for.
#[derive(Clone, Debug)]
enum For {
    Delete,
    Create,
    Condition(String, String),
    Path(JsonPath, Option<String>),
}

/// A `wait` under way.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// All of them, one after the other, for each object.
    wanted: Vec<For>,
    /// How many the first object has met.
    met: usize,
    left: VecDeque<(ObjectRef, Option<Uid>)>,
    until: SimTime,
}

/// What `--for` may say.
const TAKES: &str = "--for takes delete, create, condition=Ready or jsonpath='{.a.b}'=value.";

fn read(text: &str) -> Result<For, Failure> {
    let (kind, rest) = text.split_once('=').unwrap_or((text, ""));
    match kind.to_lowercase().as_str() {
        "delete" if rest.is_empty() => Ok(For::Delete),
        "create" if rest.is_empty() => Ok(For::Create),
        "condition" if !rest.is_empty() => {
            let (name, status) = rest.split_once('=').unwrap_or((rest, "true"));
            Ok(For::Condition(name.to_string(), status.to_string()))
        }
        "jsonpath" => {
            let end = rest.rfind('}').map(|end| end + 1).or_else(|| rest.find('='));
            let end = end.unwrap_or(rest.len());
            let (path, tail) = rest.split_at(end);
            let value = tail.trim().strip_prefix('=');
            if path.is_empty() || value == Some("") || !tail.is_empty() && value.is_none() {
                return Err(Failure::new(
                    "jsonpath wait format must be \
                     --for=jsonpath='{.status.readyReplicas}'=3 or \
                     --for=jsonpath='{.status.readyReplicas}'",
                ));
            }
            let value = value.map(|value| value.trim_matches(['"', '\'']).to_string());
            let path = JsonPath::relaxed(path).map_err(Failure::new)?;
            Ok(For::Path(path, value))
        }
        _ => Err(Failure::new(format!("unrecognized condition: {text:?}")).hint(TAKES)),
    }
}

/// `kubectl wait`.
pub fn wait(cx: &mut Cx<'_, '_>) -> Outcome {
    let given = cx.args.each("for");
    if given.is_empty() {
        return Err(Failure::new("unrecognized condition: []").hint(TAKES));
    }
    let wanted = given.into_iter().map(read).collect::<Result<Vec<For>, Failure>>()?;
    let creates = wanted.iter().any(|own| matches!(own, For::Create));
    let deletes = wanted.iter().any(|own| matches!(own, For::Delete));
    let words = cx.args.words.clone();
    let items = cx.items(&words, false)?;
    let mut left = VecDeque::new();
    for item in &items {
        let uid = cx.store().find(&item.target).map(|object| object.meta().uid);
        if uid.is_some() || creates {
            left.push_back((item.target.clone(), uid));
        } else if !deletes {
            let (kind, name) = (item.target.kind, &item.target.key.name);
            cx.failures.push(Status::not_found(kind, name).into());
        }
    }
    if items.is_empty() && !deletes {
        return Err(Failure::new("no matching resources found"));
    }
    let until = deadline(cx, Span::seconds(30));
    Ok(Task::Wait(Box::new(Waiting { wanted, met: 0, left, until })))
}

impl Waiting {
    /// Looks what has come true.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        while let Some((target, uid)) = self.left.front().cloned() {
            let object = cx.store().find(&target).cloned();
            let met = match &self.wanted[self.met] {
                For::Delete => object.as_ref().is_none_or(|object| Some(object.meta().uid) != uid),
                For::Create => object.is_some(),
                For::Condition(name, status) => {
                    object.as_ref().is_some_and(|object| condition(object, name, status))
                }
                For::Path(path, wanted) => match &object {
                    Some(object) => matches(path, wanted.as_deref(), object)?,
                    None => false,
                },
            };
            if !met && cx.now() < self.until {
                return Ok(Flow::Wait(Some(self.until)));
            }
            self.met += 1;
            if !met || self.met == self.wanted.len() {
                self.met = 0;
                self.left.pop_front();
            }
            if met {
                let shown = named(&target);
                let line = format!("{} condition met", cx.link(&target, &shown));
                cx.say(line);
            } else if object.is_none() && uid.is_none() {
                return Err(Failure::new("timed out waiting for the condition"));
            } else {
                cx.failures.push(timed_out(&target));
            }
        }
        Ok(Flow::Done)
    }
}

fn condition(object: &Object, name: &str, status: &str) -> bool {
    let tree = object.to_value();
    let is_old = |tree: &serde_json::Value, path: &str| {
        let seen = value::at(tree, path).as_i64();
        seen.is_some_and(|seen| seen < object.meta().generation)
    };
    if is_old(&tree, "status.observedGeneration") {
        return false;
    }
    let all = value::list(&tree, "status.conditions").iter();
    let mut own = all.filter(|own| value::text_at(own, "type").eq_ignore_ascii_case(name));
    own.next().is_some_and(|own| {
        value::text_at(own, "status").eq_ignore_ascii_case(status)
            && !is_old(own, "observedGeneration")
    })
}

fn matches(path: &JsonPath, wanted: Option<&str>, object: &Object) -> Result<bool, Failure> {
    let found: Vec<serde_json::Value> =
        path.find(&object.to_value(), false).map_err(Failure::new)?.into_iter().flatten().collect();
    let Some(wanted) = wanted else { return Ok(!found.is_empty()) };
    match &found[..] {
        [] => Ok(false),
        [one] if one.is_array() || one.is_object() => {
            Err(Failure::new("jsonpath leads to a nested object or list which is not supported"))
        }
        [one] => Ok(shown(one).trim() == wanted.trim()),
        _ => Err(Failure::new("given jsonpath expression matches more than one value")),
    }
}
