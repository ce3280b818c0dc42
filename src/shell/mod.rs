//! A small shell around kubectl, because tutorials use one: quoting, variables, `$(…)`, loops,
//! pipes, redirections into the page's own few files, and the small commands that go with them.
//!
//! A line becomes a tree (`read`, `syntax`), and the tree a [`Job`]: a machine that goes on as
//! far as it can now and then says what it waits for, while simulated time goes on. It never
//! touches the cluster itself: what it needs it asks of a [`Place`], which journals what is
//! written, so that the same lines at the same times give the same film.
//!
//! The simulator's own words (`advance`, `settle`, `poweroff`, …) are the place's; the shell
//! knows their names only to say what exists. Whatever it does not know it says plainly: in
//! bash's words first, then in the simulator's own voice the nearest thing there is.
//!
//! Not here: arrays with names for places or with gaps, directories; stopped jobs (Ctrl+Z), an
//! editor or typed input for jobs in the background; local variables are the script's.
//!
//! Upstream: POSIX, Shell Command Language, and bash where it differs

mod awk;
mod complete;
mod ends;
mod expand;
mod filter;
mod flow;
mod grep;
mod hints;
mod inside;
mod job;
mod jq;
mod options;
mod pattern;
mod quote;
mod read;
mod script;
mod screen;
mod sed;
mod syntax;
mod tasks;
mod tree;
mod words;

pub use complete::{common, pasted, words_at};
pub use expand::Env;
pub use job::{Job, State, Wish};
pub use read::{Fault, read};
pub use screen::{Line, Screen};
pub use syntax::Block;
pub use tasks::span;
pub use words::Desk;

use crate::base::time::SimTime;
use crate::kubectl::running::{Link, Poll, Running, Stream};

/// What the simulator answers to a word of its own.
#[derive(Debug, Default)]
pub struct Answer {
    /// What it says, line by line.
    pub text: String,
    /// Which bytes of it name which objects.
    pub links: Vec<Link>,
    /// The exit code.
    pub code: i32,
    /// What is to happen before the next command.
    pub then: Then,
}

/// What one waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    #[default]
    Now,
    /// Time is to run on to here at once.
    At(SimTime),
    /// Time is to run on at once until nothing is scheduled any more.
    Settled,
}

/// A job in the background.
#[derive(Debug)]
pub struct Behind {
    /// Its number, from 1.
    pub number: u32,
    /// What was typed, without the `&`.
    pub line: String,
    /// What runs.
    pub job: Job,
}

impl Behind {
    /// How `jobs` lists it.
    pub fn told(&self, state: &str) -> String {
        format!("[{}]+  {state:<24}{}\n", self.number, self.line)
    }
}

/// What surrounds a shell.
pub trait Place {
    /// Now.
    fn now(&self) -> SimTime;
    /// Whether nothing is scheduled any more that a person could see.
    fn is_settled(&self) -> bool;
    /// Lets a command of kubectl go on; `line` is the whole command, for the journal.
    fn poll(&mut self, line: &str, running: &mut Running) -> Poll;
    /// Does a line in the container of a Pod: what it wrote, and how its shell ended if it did.
    fn inside(
        &mut self,
        namespace: &str,
        pod: &str,
        line: &str,
    ) -> (Vec<(Stream, String)>, Option<i32>);
    /// Where names are looked for first.
    fn namespace(&self) -> String;
    /// The jobs in the background of this terminal.
    fn behind(&mut self) -> &mut Vec<Behind>;
    /// Whether there is such a Pod where names are looked for first.
    fn has_pod(&self, word: &str) -> bool;
    /// Does what a word of the simulator says; `None` if it is not one.
    fn word(&mut self, words: &[String]) -> Option<Answer>;
    /// The files and what else the small commands work with.
    fn desk(&mut self, seen: bool) -> Desk<'_>;
}

/// The simulator's own words, and what each does, for `help` and for hints.
pub const SIMULATOR: &[(&str, &str)] = &[
    ("advance 30s", "let simulated time run on by so much, at once"),
    ("settle", "let it run until nothing is scheduled any more"),
    ("poweroff node-b", "switch a machine off; poweron switches it on"),
    ("shutdown node-b", "end a machine's Pods in order, then switch it off"),
    ("partition node-b", "cut a machine off from the network; heal connects it"),
    ("stop kube-scheduler", "stop a component; start starts it"),
    ("fault crash-loop web-1", "break something else; `fault` alone lists what"),
    ("mend all", "mend what is broken; `faults` lists it"),
    ("add-machine node-d", "bring another machine; remove-machine takes one away"),
    ("why pod/web-1", "say why it waits; `why` alone: what is blocked most"),
    ("help", "this list"),
];

/// Whether the word is the simulator's and is about a machine.
pub fn takes_machines(word: &str) -> bool {
    matches!(word, "poweroff" | "poweron" | "shutdown" | "partition" | "heal" | "remove-machine")
}

/// Whether `word` is a command here.
pub fn known(word: &str) -> bool {
    all_words().contains(&word)
}

/// The names of all commands.
pub fn all_words() -> Vec<&'static str> {
    let mut all = vec!["kubectl"];
    for (line, _) in SIMULATOR {
        all.push(line.split(' ').next().unwrap_or(line));
    }
    all.extend_from_slice(&["poweron", "heal", "start", "faults", "remove-machine"]);
    all.extend_from_slice(filter::NAMES);
    all.extend_from_slice(words::NAMES);
    all
}
