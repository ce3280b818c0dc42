//! A command as a value that can be left and taken up again: `get -w`, `wait`, `rollout status`,
//! `drain` and a `delete` that waits go on while simulated time goes on.
//!
//! Whoever runs one polls it once, shows what it wrote, and polls it again when what it waits
//! for has come, until it is `Done`. To end it early (Ctrl+C, exit code 130) drop it.

pub use super::complete::complete;

use super::commands::{self, COMMANDS, Called};
use super::cx::{Cx, Failure, Flow, Outcome, Task};
use super::flags::Args;
use super::{help, raw, refused};
use crate::api::kinds::ObjectRef;
use crate::api::meta::Uid;
use crate::apiserver::{Answer, ApiServer};
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::client::request::{Answered, Request};
use std::ops::Range;

/// The cluster as kubectl reaches it.
pub trait Hub {
    /// Now.
    fn now(&self) -> SimTime;
    /// What is to be read; never to be written to.
    fn server(&self) -> &ApiServer;
    /// Sends a write. The hub notes it in its journal and sees to it that everybody hears of
    /// it. Requests with `dry_run` do not come here.
    fn send(&mut self, request: &Request) -> Answer<Answered>;
}

/// Texts by path, such as `web.yaml` or `sets/web.yaml`; an address (`https://…`) is a path too.
pub type Files = SortedMap<Str, Str>;

/// What kubectl keeps in its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The namespace of the current context.
    pub namespace: Str,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { namespace: "default".into() }
    }
}

/// What a command works with.
pub struct Context<'a> {
    /// The cluster.
    pub hub: &'a mut dyn Hub,
    /// The files there are.
    pub files: &'a Files,
    /// What `kubectl config` changes.
    pub settings: &'a mut Settings,
    /// Between two requests of a `delete` or `cordon` about several objects; zero sends them
    /// all at once.
    pub pace: Span,
}

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// The simulator's own voice: shown in another colour, never piped on.
    Simulator,
}

/// Something written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where to.
    pub stream: Stream,
    /// Whole lines, most often.
    pub text: String,
    /// Which bytes of the text name which objects, from the left.
    pub links: Vec<Link>,
}

/// A piece of a text that names an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The bytes of the text.
    pub range: Range<usize>,
    /// What they name. It need not exist any more.
    pub object: ObjectRef,
}

/// A text to be changed in the editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What kubectl would call the file.
    pub name: Str,
    /// The text.
    pub text: Str,
}

/// How far a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has ended with this exit code.
    Done(i32),
    /// It goes on as soon as anything is written to the cluster, and at this time if there is
    /// one. Poll it after each wake that wrote something: it reads the log of changes, which
    /// is kept until every process has heard of them.
    Waits {
        /// When it would go on by itself.
        until: Option<SimTime>,
    },
    /// `kubectl edit` (and `create --edit`) wants this text changed: give the new text to
    /// `Running::edited` and poll again.
    Edits(Draft),
}

/// What one poll gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// What was written since, in order.
    pub chunks: Vec<Chunk>,
    /// How far it is.
    pub progress: Progress,
}

/// Collects what a command writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    chunks: Vec<Chunk>,
}

impl Output {
    /// Writes `text` as it is.
    pub fn write(&mut self, stream: Stream, text: &str) {
        self.write_linked(stream, text, Vec::new());
    }

    /// Writes `text` with its links.
    pub fn write_linked(&mut self, stream: Stream, text: &str, links: Vec<Link>) {
        if text.is_empty() {
            return;
        }
        match self.chunks.last_mut().filter(|last| last.stream == stream) {
            Some(last) => {
                let at = last.text.len();
                last.text.push_str(text);
                last.links.extend(links.into_iter().map(|link| Link {
                    range: link.range.start + at..link.range.end + at,
                    object: link.object,
                }));
            }
            None => self.chunks.push(Chunk { stream, text: text.to_string(), links }),
        }
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Vec<Chunk> {
        std::mem::take(&mut self.chunks)
    }
}

/// A command under way.
#[derive(Clone, Debug)]
pub struct Running {
    words: Vec<String>,
    stdin: String,
    args: Args,
    name: &'static str,
    task: Option<Task>,
    code: i32,
    failures: Vec<Failure>,
    leaving: Vec<(ObjectRef, Uid)>,
    next: Option<fn(&mut Cx<'_, '_>) -> Outcome>,
}

/// Begins a command: `words` are those after `kubectl`, `stdin` is what `-f -` reads.
pub fn start(words: &[String], stdin: String) -> Running {
    Running {
        words: words.to_vec(),
        stdin,
        args: Args::default(),
        name: "",
        task: None,
        code: 0,
        failures: Vec::new(),
        leaving: Vec::new(),
        next: None,
    }
}

impl Running {
    /// Lets it go on as far as it can now.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll {
        let mut output = Output::default();
        let begun = match self.task.take() {
            Some(task) => Ok(task),
            None => self.find().map(|_| Task::Done),
        };
        let run = COMMANDS.iter().find(|command| command.name == self.name);
        let mut cx = Cx {
            context,
            args: &self.args,
            name: self.name,
            stdin: &self.stdin,
            output: &mut output,
            linked: Vec::new(),
            warned: false,
            printed: 0,
            code: self.code,
            failures: std::mem::take(&mut self.failures),
            leaving: std::mem::take(&mut self.leaving),
            next: self.next.take(),
        };
        let first = matches!(begun, Ok(Task::Done)) && self.code == 0;
        let task = match (begun, run) {
            (Err(failure), _) => Err(failure),
            (Ok(Task::Done), Some(command)) if first => {
                let writes = ["create", "replace", "delete"].contains(&command.name);
                let writes = cx.args.get("raw").filter(|_| writes);
                refused::flags(&mut cx).and_then(|()| match writes {
                    Some(path) => raw::write(&mut cx, path),
                    None => (command.run)(&mut cx),
                })
            }
            (Ok(task), _) => Ok(task),
        };
        let go = |cx: &mut Cx<'_, '_>, task: Outcome| {
            let mut task = task?;
            let flow = task.poll(cx)?;
            Ok((task, flow))
        };
        let mut flow = go(&mut cx, task);
        while let (Ok((_, Flow::Done)), Some(next)) = (&flow, cx.next) {
            cx.next = None;
            let task = next(&mut cx);
            flow = go(&mut cx, task);
        }
        let progress = match flow {
            Ok((task, Flow::Wait(until))) => {
                self.task = Some(task);
                Progress::Waits { until }
            }
            Ok((task, Flow::Edit(draft))) => {
                self.task = Some(task);
                Progress::Edits(draft)
            }
            ended => {
                let failures = std::mem::take(&mut cx.failures);
                failures.iter().for_each(|failure| cx.fail(failure));
                if let Err(failure) = ended {
                    cx.fail(&failure);
                }
                Progress::Done(cx.code)
            }
        };
        self.next = cx.next;
        let (code, failures) = (cx.code, std::mem::take(&mut cx.failures));
        let leaving = std::mem::take(&mut cx.leaving);
        (self.code, self.failures, self.leaving) = (code, failures, leaving);
        Poll { chunks: output.take(), progress }
    }

    /// Finds the command and reads its flags.
    fn find(&mut self) -> Result<(), Failure> {
        let (command, places) = match commands::find(&self.words) {
            Called::Command(command, places) => (command, places),
            Called::Unknown(word) if word == "help" => {
                let at = self.words.iter().position(|own| *own == word).unwrap_or(0);
                return Err(help::help(&self.words[at + 1..]));
            }
            Called::Family(name, word) => return Err(help::family(&name, word.as_deref())),
            Called::Unknown(word) => return Err(help::unknown(&word)),
        };
        let rest = self.words.iter().enumerate().filter(|(at, _)| !places.contains(at));
        let rest: Vec<String> = rest.map(|(_, word)| word.clone()).collect();
        let known = command.all_flags();
        self.name = command.name;
        if command.flags == commands::ANY {
            return Ok(());
        }
        self.args = Args::parse(&rest, &known).map_err(|why| help::flag(command, &known, &why))?;
        if self.args.is_set("help") {
            return Err(help::usage(command));
        }
        Ok(())
    }

    /// The text that `Progress::Edits` asked for.
    pub fn edited(&mut self, text: String) {
        if let Some(Task::Edit(editing)) = &mut self.task {
            editing.text = Some(text);
        }
    }
}
