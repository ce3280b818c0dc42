//! A line at work: processes joined by pipes, each a script, a filter, a command of kubectl.
//! All of it is plain data, so that it can be left at any point and taken up again.
//!
//! Not here: what a script does next (`script`), what the other processes do (`tasks`), what
//! they read and write (`ends`).

use super::expand::Env;
use super::filter::Filter;
use super::screen::Screen;
use super::script::Frame;
use super::syntax::Block;
use super::{Place, Then};
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::kubectl::running::{Draft, Running, Stream};

/// Steps in one go: enough for every ordinary line, few enough to answer at once.
const BUDGET: u32 = 4_000;

/// Processes at one time.
const PROCESSES_MAX: usize = 64;

/// Whence a process reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Nothing,
    /// What is typed while it runs.
    Keys,
    Pipe(usize),
}

/// Whither a process writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sink {
    Nothing,
    Screen(Stream),
    Pipe(usize),
    /// One of the files that the job has named.
    File(usize),
}

/// A process's ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ends {
    pub input: Source,
    pub output: Sink,
    pub errors: Sink,
}

/// Text between two processes.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub text: String,
    /// So much of it was read.
    pub at: usize,
    /// What comes through is collected: it needs no reader.
    pub kept: bool,
}

/// What a process does.
#[derive(Debug)]
pub(super) enum Task {
    /// What its frames say.
    Script,
    Filter(Filter),
    /// kubectl that reads its input before it begins: its words, and what it read.
    Reads(Vec<String>, String),
    /// Its line, what it waits for, and whether the simulator's remarks are left out.
    Kubectl(Running, String, Waits, bool),
    /// Until then; at once if the flag is set.
    Sleep(SimTime, bool),
    Settle,
    /// Until these jobs in the background have ended; with the flag they are in front now.
    Await(Vec<u32>, bool),
    /// Its output and the files.
    Tee(Vec<Sink>),
    Xargs(Xargs),
    Watch(Watch),
    /// The inside of a container: namespace, Pod, and whether its prompt was shown.
    Inside(String, String, bool),
}

/// What a command of kubectl waits for.
#[derive(Debug)]
pub(super) enum Waits {
    Nothing,
    Until(Option<SimTime>),
    Edit(Draft),
}

/// Commands that are made of what is read.
#[derive(Debug)]
pub(super) struct Xargs {
    pub command: Vec<String>,
    /// What was read.
    pub text: String,
    /// How many words at a time.
    pub size: usize,
    /// What a line stands for in the words, one at a time.
    pub mark: Option<String>,
}

/// A command that is repeated.
#[derive(Debug)]
pub(super) struct Watch {
    pub block: Block,
    pub head: String,
    pub every: Span,
    pub next: SimTime,
    /// The process that runs now, and the pipe it writes to.
    pub running: Option<(usize, usize)>,
}

/// A process.
#[derive(Debug)]
pub(super) struct Process {
    pub task: Task,
    /// What a script does next, the first thing last.
    pub frames: Vec<Frame>,
    /// What a script knows.
    pub env: Env,
    pub ends: Ends,
    /// Who began it and waits for it.
    pub owner: Option<usize>,
    /// How it ended.
    pub code: Option<i32>,
}

impl Process {
    /// A script in which nothing stands yet.
    pub fn script(env: Env, ends: Ends) -> Process {
        let frames = Vec::new();
        Process { task: Task::Script, frames, env, ends, owner: None, code: None }
    }

    pub(super) fn touches(&self, pipe: usize) -> bool {
        self.ends.input == Source::Pipe(pipe) || self.fills(pipe)
    }

    pub(super) fn fills(&self, pipe: usize) -> bool {
        let sink = Sink::Pipe(pipe);
        self.ends.output == sink || self.ends.errors == sink
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has ended with this exit code.
    Done(i32),
    /// It waits: see `Job::wish`.
    Waits,
    /// It has not, but so much was done that others must have their turn.
    More,
}

/// What a job waits for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// It goes on by itself at this time.
    pub until: Option<SimTime>,
    /// Time is to run on at once.
    pub then: Then,
    /// It reads what is typed.
    pub reads: bool,
    /// It waits for what happens in the cluster.
    pub watches: bool,
    /// It wants this text edited.
    pub edits: Option<Draft>,
}

impl Wish {
    fn wake(&mut self, at: SimTime) {
        self.until = Some(self.until.map_or(at, |until| until.min(at)));
    }
}

/// What a step of a process came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Something was done.
    Moved,
    /// Nothing can be done now.
    Blocked,
}

/// A line at work.
#[derive(Debug)]
pub struct Job {
    pub(super) processes: Vec<Option<Process>>,
    pub(super) pipes: Vec<Option<Pipe>>,
    /// Files it writes to.
    pub(super) files: Vec<Str>,
    /// What was typed and not read yet.
    pub(super) keys: Pipe,
    pub(super) keys_closed: bool,
    /// The terminal is to be closed.
    pub(super) leaves: bool,
    /// The process whose turn it is.
    pub(super) at: usize,
    /// Steps left until others have their turn; much text counts for more.
    pub(super) budget: u32,
}

/// What processes work with.
pub(super) struct Cx<'c> {
    pub place: &'c mut dyn Place,
    pub screen: &'c mut Screen,
}

/// A line read from somewhere.
pub(super) enum Taken {
    Line(String),
    /// There may come one.
    Later,
    End,
}

impl Job {
    /// A job that runs `block`.
    pub fn new(block: Block, env: Env) -> Job {
        let ends = Ends {
            input: Source::Keys,
            output: Sink::Screen(Stream::Out),
            errors: Sink::Screen(Stream::Err),
        };
        let mut root = Process::script(env, ends);
        root.enter(&block);
        Job {
            processes: vec![Some(root)],
            pipes: Vec::new(),
            files: Vec::new(),
            keys: Pipe::default(),
            keys_closed: false,
            leaves: false,
            at: 0,
            budget: 0,
        }
    }

    /// A job that runs `block` in the background: nothing is typed for it.
    pub fn behind(block: Block, env: Env) -> Job {
        let mut job = Job::new(block, env);
        job.keys_closed = true;
        job
    }

    /// The job in the background that it brings to the foreground, if it does.
    pub fn holds(&self) -> Option<u32> {
        for process in self.processes.iter().flatten() {
            if let (Task::Await(numbers, true), None) = (&process.task, process.code) {
                return numbers.first().copied();
            }
        }
        None
    }

    /// Goes on as far as it can now.
    pub fn run(&mut self, place: &mut dyn Place, screen: &mut Screen) -> State {
        let cx = &mut Cx { place, screen };
        self.budget = BUDGET;
        loop {
            let mut moved = false;
            // Processes that are begun meanwhile have their turn in the next round.
            for id in 0..self.processes.len() {
                while self.step(id, cx) == Step::Moved {
                    moved = true;
                    self.budget = self.budget.saturating_sub(1);
                    if let Some(code) = self.code() {
                        return State::Done(code);
                    }
                    if self.budget == 0 {
                        return State::More;
                    }
                }
            }
            if !moved {
                return State::Waits;
            }
        }
    }

    /// How the whole line ended.
    fn code(&self) -> Option<i32> {
        self.processes.first()?.as_ref()?.code
    }

    /// What the script of the line knows, to go on with.
    pub fn env(self) -> Env {
        let root = self.processes.into_iter().next().flatten();
        root.map(|root| root.env).unwrap_or_default()
    }

    /// Whether the terminal is to be closed after it.
    pub fn leaves(&self) -> bool {
        self.leaves
    }

    /// Types a line for whatever reads it.
    pub fn type_line(&mut self, line: &str) {
        self.keys.text.push_str(line);
        self.keys.text.push('\n');
    }

    /// Ends what is typed (Ctrl+D).
    pub fn end_typing(&mut self) {
        self.keys_closed = true;
    }

    /// Gives the text that was asked for to be edited; `None` if the edit was given up.
    pub fn edited(&mut self, text: &str) {
        for process in self.processes.iter_mut().flatten() {
            if let Task::Kubectl(running, _, waits @ Waits::Edit(_), _) = &mut process.task {
                running.edited(text.to_string());
                *waits = Waits::Nothing;
            }
        }
    }

    /// What it waits for.
    pub fn wish(&self) -> Wish {
        let mut wish = Wish::default();
        for process in self.processes.iter().flatten().filter(|process| process.code.is_none()) {
            match &process.task {
                Task::Sleep(until, true) => wish.then = Then::At(*until),
                Task::Sleep(until, false) => wish.wake(*until),
                Task::Settle => wish.then = Then::Settled,
                Task::Await(..) => {}
                Task::Watch(watch) if watch.running.is_none() => wish.wake(watch.next),
                Task::Kubectl(_, _, Waits::Until(until), _) => {
                    wish.watches = true;
                    if let Some(until) = until {
                        wish.wake(*until);
                    }
                }
                Task::Kubectl(_, _, Waits::Edit(draft), _) => wish.edits = Some(draft.clone()),
                Task::Script if !matches!(process.frames.last(), Some(Frame::Read(_))) => {}
                _ if process.ends.input == Source::Keys && !self.keys_closed => wish.reads = true,
                _ => {}
            }
        }
        wish
    }

    fn step(&mut self, id: usize, cx: &mut Cx<'_>) -> Step {
        let Some(process) = &self.processes[id] else { return Step::Blocked };
        if process.code.is_some() {
            return Step::Blocked;
        }
        let (ends, owner) = (process.ends, process.owner);
        // Whoever writes where nobody reads ends, and those with it whom it began.
        let unread = matches!(ends.output, Sink::Pipe(pipe) if !self.is_read(pipe));
        let ends_now = unread || owner.is_some_and(|owner| self.is_over(owner));
        // While it is at work its place is not free.
        let mut place = Process::script(Env::default(), ends);
        place.owner = owner;
        let Some(mut process) = self.processes[id].replace(place) else { return Step::Blocked };
        self.at = id;
        let step = match process.task {
            _ if ends_now => {
                process.code = Some(141);
                Step::Moved
            }
            Task::Script => self.script(&mut process, cx),
            _ => self.task(&mut process, cx),
        };
        self.processes[id] = Some(process);
        step
    }

    fn is_over(&self, id: usize) -> bool {
        self.processes[id].as_ref().is_none_or(|process| process.code.is_some())
    }

    /// Whether a process at work is so.
    pub(super) fn has(&self, is: &dyn Fn(&Process) -> bool) -> bool {
        self.processes.iter().flatten().any(|process| process.code.is_none() && is(process))
    }

    fn is_read(&self, pipe: usize) -> bool {
        self.pipes[pipe].as_ref().is_some_and(|pipe| pipe.kept)
            || self.has(&|process| process.ends.input == Source::Pipe(pipe))
    }

    /// Begins a process; `None` if there are too many.
    pub(super) fn begin(&mut self, process: Process) -> Option<usize> {
        for id in 1..self.processes.len() {
            let Some(Process { code: Some(_), owner, .. }) = &self.processes[id] else { continue };
            if owner.is_some_and(|owner| self.is_over(owner)) {
                self.processes[id] = None;
            }
        }
        if self.processes.len() >= PROCESSES_MAX && self.processes.iter().all(Option::is_some) {
            return None;
        }
        Some(put(&mut self.processes, process))
    }

    /// The exit code of a process that has ended; its place becomes free.
    pub(super) fn collect(&mut self, id: usize) -> Option<i32> {
        let code = self.processes[id].as_ref().map_or(Some(0), |process| process.code)?;
        self.processes[id] = None;
        Some(code)
    }
}

/// Puts `thing` into the first free place.
pub(super) fn put<T>(places: &mut Vec<Option<T>>, thing: T) -> usize {
    match places.iter().position(Option::is_none) {
        Some(at) => {
            places[at] = Some(thing);
            at
        }
        None => {
            places.push(Some(thing));
            places.len() - 1
        }
    }
}
