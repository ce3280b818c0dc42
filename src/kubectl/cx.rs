//! What a command works with, how it fails, and what it leaves to be done later.

use super::flags::Args;
use super::running::{Context, Draft, Link, Output, Stream};
use super::{drain, edit, get, resource, rollout, run, wait};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::Uid;
use crate::apiserver::managed::CLIENT_SIDE;
use crate::apiserver::patch::{self, Patch, PatchType};
use crate::apiserver::status::Status;
use crate::apiserver::store::Store;
use crate::apiserver::{Answer, ApiServer};
use crate::base::text::{LINK, LINK_END, LINK_TEXT};
use crate::base::time::SimTime;
use crate::client::request::{Answered, Request, Verb};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The annotation that `--record` writes.
pub const CAUSE: &str = "kubernetes.io/change-cause";

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kubectl prints, without the last line's end.
    pub text: String,
    /// What the simulator adds; may be empty.
    pub hint: String,
    /// The exit code.
    pub code: i32,
}

impl Failure {
    /// A failure of kubectl's own.
    pub fn new(text: impl std::fmt::Display) -> Failure {
        Failure::raw(format!("error: {text}"))
    }

    /// A failure whose text begins otherwise.
    pub fn raw(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), hint: String::new(), code: 1 }
    }

    /// A wrong use of the command `of`.
    pub fn usage(text: impl std::fmt::Display, of: &str) -> Failure {
        Failure::new(format!("{text}\nSee 'kubectl {of} -h' for help and examples"))
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = hint.into();
        self
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Failure {
        Failure::raw(status.to_string())
    }
}

/// What came of a command's beginning: it has ended, or goes on.
pub type Outcome = Result<Task, Failure>;

/// One object a command is about.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which object.
    pub target: ObjectRef,
    /// The object as a file has it; `None` if the command line names it.
    pub manifest: Option<crate::api::manifest::Manifest>,
    /// The file; empty if there is none.
    pub source: String,
}

/// What is done to each object in turn.
pub type Act = fn(&mut Cx<'_, '_>, &Item) -> Result<(), Failure>;

/// What of a command is still to be done.
#[derive(Clone, Debug)]
pub enum Task {
    /// Nothing.
    Done,
    /// The same to each object, one request after the other.
    Each {
        /// The objects that are left.
        items: VecDeque<Item>,
        /// What is done to each.
        act: Act,
        /// Not before.
        next: SimTime,
    },
    /// Waiting until objects are gone.
    Gone(wait::Gone),
    /// `get -w`.
    Watch(Box<get::Watch>),
    /// `wait`.
    Wait(Box<wait::Waiting>),
    /// `rollout status`.
    Rollout(Box<rollout::Following>),
    /// `drain`.
    Drain(Box<drain::Draining>),
    /// `run` that would attach.
    Run(Box<run::Starting>),
    /// `edit`.
    Edit(Box<edit::Editing>),
}

/// Whether a task can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It has ended.
    Done,
    /// Not before something changes, or this time.
    Wait(Option<SimTime>),
    /// The editor is wanted.
    Edit(Draft),
}

/// What a command works with.
pub struct Cx<'c, 'a> {
    /// What it was given.
    pub context: &'c mut Context<'a>,
    /// Its words and flags.
    pub args: &'c Args,
    /// Its own words: `rollout status`.
    pub name: &'static str,
    /// What `-f -` reads.
    pub stdin: &'c str,
    /// What it writes.
    pub output: &'c mut Output,
    /// The objects that marks in its texts name.
    pub linked: Vec<ObjectRef>,
    /// Whether a kind was said to be on its way out.
    pub warned: bool,
    /// How many trees were printed.
    pub printed: usize,
    /// The exit code so far.
    pub code: i32,
    /// Failures to be printed at the end.
    pub failures: Vec<Failure>,
    /// Objects whose end is waited for.
    pub leaving: Vec<(ObjectRef, Uid)>,
    /// What follows when all that went well.
    pub next: Option<fn(&mut Cx<'_, '_>) -> Outcome>,
}

impl Cx<'_, '_> {
    /// Now.
    pub fn now(&self) -> SimTime {
        self.context.hub.now()
    }

    /// The server, to read.
    pub fn server(&self) -> &ApiServer {
        self.context.hub.server()
    }

    /// All objects.
    pub fn store(&self) -> &Store {
        &self.server().store
    }

    /// Sends a request; a dry run goes to a copy.
    pub fn send(&mut self, request: &Request) -> Answer<Answered> {
        let mut request = request.clone();
        if request.manager.is_empty() {
            request.manager = self.manager();
        }
        let cause = self.cause();
        let noted = |cause: &String| json!({"metadata": {"annotations": {CAUSE: cause}}});
        if let Some(cause) = &cause
            && matches!(
                request.verb,
                Verb::Create | Verb::Update | Verb::PatchMerge | Verb::PatchStrategic
            )
        {
            request.body = patch::merge(request.body, &noted(cause));
        }
        let request = &request;
        let answer = if request.dry_run {
            let (mut copy, now) = (self.server().clone(), self.now());
            request.send(&mut copy, now)
        } else {
            self.context.hub.send(request)
        };
        if let Ok(answered) = &answer {
            for warning in &answered.warnings {
                self.warn(format!("Warning: {warning}"));
            }
        }
        match (cause, request.verb) {
            (Some(cause), Verb::Scale | Verb::PatchJson) if answer.is_ok() && !request.dry_run => {
                let note =
                    Request { verb: Verb::PatchMerge, body: noted(&cause), ..request.clone() };
                self.context.hub.send(&note)
            }
            _ => answer,
        }
    }

    /// With `--record`, the command as it is remembered.
    fn cause(&self) -> Option<String> {
        if !self.args.is_set("record") {
            return None;
        }
        Some(format!("kubectl {} {}", self.name, self.args.line()).trim_end().to_string())
    }

    /// Who it is to the server: the field manager of its writes.
    fn manager(&self) -> String {
        if let Some(manager) = self.args.get("field-manager") {
            return manager.to_string();
        }
        match self.name.split(' ').next().unwrap_or("") {
            "scale" | "cordon" | "uncordon" | "drain" | "delete" => String::new(),
            _ if self.name == "apply set-last-applied" => String::new(),
            "apply" if !self.args.is_set("server-side") => CLIENT_SIDE.to_string(),
            "apply" => String::new(),
            verb => format!("kubectl-{verb}"),
        }
    }

    /// The object that `target` names, or the server's refusal.
    pub fn find(&self, target: &ObjectRef) -> Result<Object, Failure> {
        let found = self.store().find(target).map(|object| resource::fresh(object, self.now()));
        Ok(found.ok_or_else(|| Status::not_found(target.kind, &target.key.name))?)
    }

    /// The namespace a command works in.
    pub fn namespace(&self) -> String {
        match self.args.get("namespace") {
            Some(name) if !name.is_empty() => name.to_string(),
            _ => self.context.settings.namespace.to_string(),
        }
    }

    /// Where an object of `kind` called `name` is.
    pub fn key(&self, kind: Kind, name: &str) -> Key {
        match kind.info().namespaced {
            true => Key::new(self.namespace(), name),
            false => Key::global(name),
        }
    }

    /// Whether `--dry-run` is given, and if so whether the server is asked.
    pub fn dry_run(&self) -> Option<bool> {
        match self.args.get("dry-run") {
            Some("client" | "unchanged" | "true") => Some(false),
            Some("server") => Some(true),
            _ => None,
        }
    }

    /// ` (dry run)`, ` (server dry run)` or nothing.
    pub fn dry_words(&self) -> &'static str {
        match self.dry_run() {
            Some(false) => " (dry run)",
            Some(true) => " (server dry run)",
            None => "",
        }
    }

    /// `tree` as `--overrides` changes it.
    pub fn overridden(&self, kind: Kind, tree: Value) -> Result<Value, Failure> {
        let Some(text) = self.args.get("overrides").filter(|text| !text.is_empty()) else {
            return Ok(tree);
        };
        let how = match self.args.get("override-type").unwrap_or("merge") {
            "json" => PatchType::Json,
            "merge" => PatchType::Merge,
            "strategic" => PatchType::Strategic,
            other => return Err(Failure::new(format!("invalid override type: {other}"))),
        };
        let patch = Patch::parse(how, text).and_then(|patch| patch.on(&tree, kind));
        patch.map_err(|_| Failure::new("Invalid JSON Patch"))
    }

    /// Writes a line to standard output.
    pub fn say(&mut self, line: impl std::fmt::Display) {
        self.write(Stream::Out, &format!("{line}\n"));
    }

    /// Writes a line to standard error.
    pub fn warn(&mut self, line: impl std::fmt::Display) {
        self.write(Stream::Err, &format!("{line}\n"));
    }

    /// Says that a kind is on its way out, once.
    pub fn warn_of(&mut self, kind: Kind) {
        if kind == Kind::Endpoints && !self.warned {
            self.warned = true;
            self.warn(
                "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 \
                 EndpointSlice",
            );
        }
    }

    /// Says a line in the simulator's own voice.
    pub fn note(&mut self, line: impl std::fmt::Display) {
        self.write(Stream::Simulator, &format!("{line}\n"));
    }

    /// `text` as a link to an object.
    pub fn link(&mut self, object: &ObjectRef, text: &str) -> String {
        self.linked.push(object.clone());
        format!("{LINK}{}{LINK_TEXT}{text}{LINK_END}", self.linked.len() - 1)
    }

    /// `statefulset.apps/web`, as a link.
    pub fn named(&mut self, object: &ObjectRef) -> String {
        let text = resource::named(object);
        self.link(object, &text)
    }

    /// Writes `text`, whose marks become links.
    pub fn write(&mut self, stream: Stream, text: &str) {
        let (mut plain, mut links) = (String::with_capacity(text.len()), Vec::new());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(LINK) {
            let (number, after) = after.split_once(LINK_TEXT).unwrap_or(("", after));
            let (shown, after) = after.split_once(LINK_END).unwrap_or((after, ""));
            plain.push_str(before);
            let from = plain.len();
            plain.push_str(shown);
            let object = number.parse::<usize>().ok().and_then(|at| self.linked.get(at));
            links.extend(
                object.map(|object| Link { range: from..plain.len(), object: object.clone() }),
            );
            rest = after;
        }
        plain.push_str(rest);
        self.output.write_linked(stream, &plain, links);
    }

    /// Prints why something failed.
    pub fn fail(&mut self, failure: &Failure) {
        self.code = self.code.max(failure.code);
        let text = failure.text.trim_end_matches('\n');
        match failure.code {
            _ if text.is_empty() => {}
            0 => self.say(text),
            _ => self.warn(text),
        }
        if !failure.hint.is_empty() {
            self.note(failure.hint.clone());
        }
    }
}

impl Task {
    /// `act` on all of `items`.
    pub fn each(items: Vec<Item>, act: Act) -> Task {
        Task::Each { items: items.into(), act, next: SimTime::ZERO }
    }

    /// Goes on as far as it can.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        match self {
            Task::Done => Ok(Flow::Done),
            Task::Each { items, act, next } => {
                let act = *act;
                if cx.now() < *next {
                    return Ok(Flow::Wait(Some(*next)));
                }
                while let Some(item) = items.pop_front() {
                    if let Err(failure) = act(cx, &item) {
                        cx.failures.push(failure);
                    }
                    let paced = ["delete", "cordon", "uncordon"].contains(&cx.name);
                    if !items.is_empty() && paced && cx.context.pace.0 > 0 {
                        *next = cx.now() + cx.context.pace;
                        return Ok(Flow::Wait(Some(*next)));
                    }
                }
                let leaving = std::mem::take(&mut cx.leaving);
                if leaving.is_empty() || !cx.failures.is_empty() {
                    if !cx.failures.is_empty() {
                        cx.next = None;
                    }
                    return Ok(Flow::Done);
                }
                *self = Task::Gone(wait::Gone::new(cx, leaving));
                self.poll(cx)
            }
            Task::Gone(gone) => gone.poll(cx),
            Task::Watch(watch) => watch.poll(cx),
            Task::Wait(waiting) => waiting.poll(cx),
            Task::Rollout(following) => following.poll(cx),
            Task::Drain(draining) => draining.poll(cx),
            Task::Run(starting) => {
                let next = starting.poll(cx)?;
                match next {
                    Ok(flow) => Ok(flow),
                    Err(task) => {
                        *self = task;
                        self.poll(cx)
                    }
                }
            }
            Task::Edit(editing) => editing.poll(cx),
        }
    }
}
