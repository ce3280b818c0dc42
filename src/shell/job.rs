//! A line at work: processes joined by pipes, each a script, a filter, a command of kubectl.
//! All of it is plain data, so that it can be left at any point and taken up again.
//!
//! Not here: what a script does next (`script`), what the other processes do (`tasks`).

use super::expand::Env;
use super::filter::Filter;
use super::screen::Screen;
use super::script::Frame;
use super::syntax::Block;
use super::words::file_name;
use super::{Place, Then};
use crate::base::time::{SimTime, Span};
use crate::kubectl::running::{Draft, Link, Running, Stream};

/// Steps in one go: enough for every ordinary line, few enough to answer at once.
const BUDGET: u32 = 4_000;

/// Bytes that a file may have.
const FILE_MAX: usize = 1 << 20;

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
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sink {
    Nothing,
    Screen(Stream),
    Pipe(usize),
    File(String),
}

/// Text between two processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    pub text: String,
    /// So much of it was read.
    pub at: usize,
    /// What comes through is collected: it needs no reader.
    pub kept: bool,
}

/// What a process does.
#[derive(Clone, Debug)]
pub(super) enum Task {
    Script(Vec<Frame>, Env),
    Filter(Filter),
    /// kubectl that reads its input before it begins.
    Reads(Vec<String>),
    /// Its line, what it waits for, and whether the simulator's remarks are left out.
    Kubectl(Running, String, Waits, bool),
    /// Until then; at once if the flag is set.
    Sleep(SimTime, bool),
    Settle,
    /// Until these jobs in the background have ended; with the flag they are in front now.
    Await(Vec<u32>, bool),
    Tee(Vec<String>),
    /// The words, how many at a time, and the mark that stands for them.
    Xargs(Vec<String>, usize, Option<String>),
    Watch(Watch),
    /// The inside of a container: namespace, Pod, and whether its prompt was shown.
    Inside(String, String, bool),
}

/// What a command of kubectl waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Waits {
    Nothing,
    Until(Option<SimTime>),
    Edit(Draft),
}

/// A command that is repeated.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub block: Block,
    pub head: String,
    pub every: Span,
    pub next: SimTime,
    /// The process that runs now, and the pipe it writes to.
    pub running: Option<(usize, usize)>,
}

/// A process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub task: Task,
    pub input: Source,
    pub output: Sink,
    pub errors: Sink,
    /// Who began it and waits for it.
    pub owner: Option<usize>,
    /// How it ended.
    pub code: Option<i32>,
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

/// What a step of a process came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Something was done.
    Moved,
    /// Nothing can be done now.
    Blocked,
}

/// A line at work.
#[derive(Clone, Debug)]
pub struct Job {
    pub(super) processes: Vec<Option<Process>>,
    pub(super) pipes: Vec<Option<Pipe>>,
    /// What was typed and not read yet.
    keys: Pipe,
    keys_closed: bool,
    /// The terminal is to be closed.
    pub(super) leaves: bool,
    /// The process whose turn it is.
    pub(super) at: usize,
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
        let root = Process {
            task: Task::Script(vec![Frame::Block(block, 0)], env),
            input: Source::Keys,
            output: Sink::Screen(Stream::Out),
            errors: Sink::Screen(Stream::Err),
            owner: None,
            code: None,
        };
        Job {
            processes: vec![Some(root)],
            pipes: Vec::new(),
            keys: Pipe::default(),
            keys_closed: false,
            leaves: false,
            at: 0,
        }
    }

    /// A job that runs `block` in the background: nothing is typed for it.
    pub fn behind(block: Block, env: Env) -> Job {
        Job { keys_closed: true, ..Job::new(block, env) }
    }

    /// The job in the background that it brings to the foreground, if it does.
    pub fn holds(&self) -> Option<u32> {
        let held = |process: &Process| match &process.task {
            Task::Await(numbers, true) if process.code.is_none() => numbers.first().copied(),
            _ => None,
        };
        self.processes.iter().flatten().find_map(held)
    }

    /// Goes on as far as it can now.
    pub fn run(&mut self, place: &mut dyn Place, screen: &mut Screen) -> State {
        let cx = &mut Cx { place, screen };
        let mut budget = BUDGET;
        loop {
            let mut moved = false;
            // Processes that are begun meanwhile have their turn in the next round.
            for id in 0..self.processes.len() {
                while self.step(id, cx) == Step::Moved {
                    moved = true;
                    budget -= 1;
                    if let Some(code) = self.code() {
                        return State::Done(code);
                    }
                    if budget == 0 {
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
    pub fn env(&self) -> Env {
        match self.processes.first() {
            Some(Some(Process { task: Task::Script(_, env), .. })) => env.clone(),
            _ => Env::default(),
        }
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
        let sooner = |a: Option<SimTime>, b: SimTime| Some(a.map_or(b, |a| a.min(b)));
        for process in self.processes.iter().flatten().filter(|process| process.code.is_none()) {
            match &process.task {
                Task::Sleep(until, true) => wish.then = Then::At(*until),
                Task::Sleep(until, false) => wish.until = sooner(wish.until, *until),
                Task::Settle => wish.then = Then::Settled,
                Task::Await(..) => {}
                Task::Watch(watch) if watch.running.is_none() => {
                    wish.until = sooner(wish.until, watch.next);
                }
                Task::Kubectl(_, _, Waits::Until(until), _) => {
                    wish.watches = true;
                    if let Some(until) = until {
                        wish.until = sooner(wish.until, *until);
                    }
                }
                Task::Kubectl(_, _, Waits::Edit(draft), _) => wish.edits = Some(draft.clone()),
                Task::Script(frames, _) if !matches!(frames.last(), Some(Frame::Read(_))) => {}
                _ if process.input == Source::Keys && !self.keys_closed => wish.reads = true,
                _ => {}
            }
        }
        wish
    }

    fn step(&mut self, id: usize, cx: &mut Cx<'_>) -> Step {
        let Some(mut process) = self.processes[id].take() else { return Step::Blocked };
        if process.code.is_some() {
            self.processes[id] = Some(process);
            return Step::Blocked;
        }
        // Whoever writes where nobody reads ends, and those with it whom it began.
        let unread = matches!(process.output, Sink::Pipe(pipe) if !self.is_read(pipe));
        if unread || process.owner.is_some_and(|owner| self.is_over(owner)) {
            process.code = Some(141);
            self.processes[id] = Some(process);
            return Step::Moved;
        }
        self.at = id;
        // While it is at work its place is not free.
        self.processes[id] = Some(Process { task: Task::Settle, ..process.clone_ends() });
        let step = match process.task {
            Task::Script(..) => self.script(&mut process, cx),
            _ => self.task(&mut process, cx),
        };
        self.processes[id] = Some(process);
        step
    }

    fn is_over(&self, id: usize) -> bool {
        self.processes[id].as_ref().is_none_or(|process| process.code.is_some())
    }

    fn is_read(&self, pipe: usize) -> bool {
        let reads =
            |process: &Process| process.code.is_none() && process.input == Source::Pipe(pipe);
        self.pipes[pipe].as_ref().is_some_and(|pipe| pipe.kept)
            || self.processes.iter().flatten().any(reads)
    }

    fn is_written(&self, pipe: usize) -> bool {
        let sink = Sink::Pipe(pipe);
        let writes =
            |one: &Process| one.code.is_none() && (one.output == sink || one.errors == sink);
        self.processes.iter().flatten().any(writes)
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

    /// A new pipe that holds `text`.
    pub(super) fn pipe(&mut self, text: String, kept: bool) -> usize {
        for at in 0..self.pipes.len() {
            let used = self.pipes[at].as_ref().is_some_and(|pipe| pipe.kept)
                || self.processes.iter().flatten().any(|process| process.touches(at));
            if !used {
                self.pipes[at] = None;
            }
        }
        put(&mut self.pipes, Pipe { text, at: 0, kept })
    }

    /// The exit code of a process that has ended; its place becomes free.
    pub(super) fn collect(&mut self, id: usize) -> Option<i32> {
        let code = self.processes[id].as_ref().map_or(Some(0), |process| process.code)?;
        self.processes[id] = None;
        Some(code)
    }

    /// The next line of an input.
    pub(super) fn take_line(&mut self, source: Source) -> Taken {
        let (pipe, open) = match source {
            Source::Nothing => return Taken::End,
            Source::Keys => (Some(&mut self.keys), !self.keys_closed),
            Source::Pipe(id) => {
                let open = self.is_written(id);
                (self.pipes[id].as_mut(), open)
            }
        };
        let Some(pipe) = pipe else { return Taken::End };
        let rest = &pipe.text[pipe.at..];
        let (line, length) = match rest.find('\n') {
            Some(end) => (&rest[..end], end + 1),
            None if open => return Taken::Later,
            None if rest.is_empty() => return Taken::End,
            None => (rest, rest.len()),
        };
        let line = line.to_string();
        pipe.at += length;
        if pipe.at == pipe.text.len() {
            pipe.text.clear();
            pipe.at = 0;
        }
        Taken::Line(line)
    }

    /// Writes to a sink.
    pub(super) fn write(&mut self, sink: &Sink, text: &str, links: &[Link], cx: &mut Cx<'_>) {
        match sink {
            Sink::Nothing => {}
            Sink::Screen(stream) => cx.screen.write(*stream, text, links),
            Sink::Pipe(pipe) => {
                cx.screen.remember(text, links);
                if let Some(pipe) = &mut self.pipes[*pipe] {
                    pipe.text.push_str(text);
                }
            }
            Sink::File(name) => {
                let files = cx.place.desk(false).files;
                let mut whole =
                    files.get(name.as_str()).map_or(String::new(), |old| old.to_string());
                if whole.len() + text.len() <= FILE_MAX {
                    whole.push_str(text);
                    files.insert(name.as_str().into(), whole.as_str().into());
                }
            }
        }
    }

    /// A sink for the file at `path`, which is emptied unless `append`.
    pub(super) fn file_sink(path: &str, append: bool, cx: &mut Cx<'_>) -> Result<Sink, String> {
        let name = file_name(path);
        if name == "/dev/null" {
            return Ok(Sink::Nothing);
        }
        if name.is_empty() || name.contains('/') {
            return Err(format!("bash: {path}: No such file or directory\n"));
        }
        let files = cx.place.desk(false).files;
        if !append || files.get(name).is_none() {
            files.insert(name.into(), "".into());
        }
        Ok(Sink::File(name.into()))
    }

    /// The texts of files, one after another. An error names the missing one.
    pub(super) fn file_text(paths: &[String], cx: &mut Cx<'_>) -> Result<String, String> {
        let mut text = String::new();
        for path in paths.iter().filter(|path| *path != "/dev/null") {
            let found = cx.place.desk(false).files.get(file_name(path)).cloned();
            text += &found.ok_or(format!("{path}: No such file or directory"))?;
            if !text.ends_with('\n') && !text.is_empty() {
                text.push('\n');
            }
        }
        Ok(text)
    }
}

impl Process {
    /// The same ends, no task.
    fn clone_ends(&self) -> Process {
        Process {
            task: Task::Settle,
            input: self.input,
            output: self.output.clone(),
            errors: self.errors.clone(),
            owner: self.owner,
            code: None,
        }
    }

    fn touches(&self, pipe: usize) -> bool {
        let sink = Sink::Pipe(pipe);
        self.input == Source::Pipe(pipe) || self.output == sink || self.errors == sink
    }
}

/// Puts `thing` into the first free place.
fn put<T>(places: &mut Vec<Option<T>>, thing: T) -> usize {
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
