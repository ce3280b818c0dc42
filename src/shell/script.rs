//! What a script does next: lists, pipelines, loops, conditions, expansion, redirection. Its
//! place in the tree is a stack of frames.
//!
//! Upstream: POSIX, Shell Command Language, Shell Commands

use super::expand::{Env, Expansion, Stop};
use super::hints;
use super::job::{Cx, Job, Process, Sink, Source, Step, Taken, Task};
use super::syntax::{Block, Chain, Command, How, Join, Pipeline, Redirect, What, Word};
use super::words;
use crate::kubectl::running::Stream;
use std::rc::Rc;

/// A place in the tree, and what is known there.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// The next statement of a block.
    Block(Block, usize),
    /// The next pipeline of a statement.
    Chain(Rc<Chain>, usize),
    /// What comes now counts the other way round.
    Negate,
    /// A command, and the outputs its words wanted so far.
    Run(Rc<Command>, Vec<String>),
    /// The process whose output a word wants, and the pipe it writes to.
    Output(usize, usize),
    /// Processes to be waited for; the last one's exit code counts.
    Wait(Vec<usize>),
    /// A loop over values.
    For(Rc<Command>, Rc<Vec<String>>, usize),
    /// A loop; the flag tells whether its condition was just asked.
    While(Rc<Command>, bool),
    /// The arm of a condition that was just asked.
    If(Rc<Command>, usize),
    /// Ends a redirected compound command.
    Restore(Source, Sink, Sink),
    /// Reads a line into variables.
    Read(Vec<String>),
    /// Begins this unless what came before failed.
    Begin(Box<Task>),
}

/// A process's ends: input, output, errors.
pub(super) type Ends = (Source, Sink, Sink);

impl Job {
    /// Does one step of a script.
    pub(super) fn script(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Task::Script(frames, env) = &mut process.task else { return Step::Blocked };
        let Some(frame) = frames.pop() else {
            process.code = Some(env.status);
            return Step::Moved;
        };
        match frame {
            Frame::Block(block, at) => {
                if let Some(chain) = block.get(at) {
                    frames.push(Frame::Block(block.clone(), at + 1));
                    frames.push(Frame::Chain(chain.clone(), 0));
                }
            }
            Frame::Chain(chain, at) => {
                let Some((join, pipeline)) = chain.get(at) else { return Step::Moved };
                frames.push(Frame::Chain(chain.clone(), at + 1));
                let skipped = match join {
                    Join::First => false,
                    Join::And => env.status != 0,
                    Join::Or => env.status == 0,
                };
                if !skipped {
                    self.pipeline(process, pipeline, cx);
                }
            }
            Frame::Negate => env.status = i32::from(env.status == 0),
            Frame::Run(command, outputs) => self.command(process, command, outputs, cx),
            Frame::Output(id, pipe) => {
                let Some(code) = self.collect(id) else {
                    frames.push(Frame::Output(id, pipe));
                    return Step::Blocked;
                };
                env.status = code;
                let text = self.pipes[pipe].take().unwrap_or_default().text;
                if let Some(Frame::Run(_, outputs)) = frames.last_mut() {
                    outputs.push(text);
                }
            }
            Frame::Wait(mut ids) => {
                while let Some(id) = ids.first() {
                    let Some(code) = self.collect(*id) else {
                        frames.push(Frame::Wait(ids));
                        return Step::Blocked;
                    };
                    env.status = code;
                    ids.remove(0);
                }
            }
            frame @ (Frame::For(..) | Frame::While(..) | Frame::If(..)) => {
                go_round(frame, frames, env);
            }
            Frame::Restore(input, output, errors) => {
                (process.input, process.output, process.errors) = (input, output, errors);
            }
            Frame::Begin(task) => {
                if env.status == 0 {
                    self.begin_here(process, *task, cx);
                }
            }
            Frame::Read(names) => match self.take_line(process.input) {
                Taken::Later => {
                    frames.push(Frame::Read(names));
                    return Step::Blocked;
                }
                Taken::End => env.status = 1,
                Taken::Line(line) => read_into(env, &names, &line),
            },
        }
        Step::Moved
    }

    fn pipeline(&mut self, process: &mut Process, pipeline: &Rc<Pipeline>, cx: &mut Cx<'_>) {
        let Task::Script(frames, env) = &mut process.task else { return };
        if pipeline.negated {
            frames.push(Frame::Negate);
        }
        if let [command] = &pipeline.commands[..] {
            frames.push(Frame::Run(command.clone(), Vec::new()));
            return;
        }
        let env = env.clone();
        let (mut ids, mut input) = (Vec::new(), process.input);
        for (n, command) in pipeline.commands.iter().enumerate() {
            let last = n + 1 == pipeline.commands.len();
            let output = match last {
                true => process.output.clone(),
                false => Sink::Pipe(self.pipe(String::new(), true)),
            };
            let ends = (input, output.clone(), process.errors.clone());
            let frames = vec![Frame::Run(command.clone(), Vec::new())];
            ids.extend(self.begin_for(process, Task::Script(frames, env.clone()), ends, cx));
            if let Sink::Pipe(pipe) = output {
                input = Source::Pipe(pipe);
            }
        }
        // From now on each has its reader.
        for id in &ids {
            let output = self.processes[*id].as_ref().map(|process| process.output.clone());
            if let Some(Sink::Pipe(pipe)) = output.filter(|output| *output != process.output)
                && let Some(pipe) = &mut self.pipes[pipe]
            {
                pipe.kept = false;
            }
        }
        let Task::Script(frames, _) = &mut process.task else { return };
        frames.push(Frame::Wait(ids));
    }

    /// Begins a process for `process`, or says that there are too many.
    pub(super) fn begin_for(
        &mut self,
        process: &mut Process,
        task: Task,
        (input, output, errors): Ends,
        cx: &mut Cx<'_>,
    ) -> Option<usize> {
        let owner = Some(self.at);
        let begun = self.begin(Process { task, input, output, errors, owner, code: None });
        if begun.is_none() {
            let text = "bash: fork: retry: Resource temporarily unavailable\n";
            self.write(&process.errors.clone(), text, &[], cx);
        }
        begun
    }

    /// Begins a process that has the ends of the script, which waits for it.
    fn begin_here(&mut self, process: &mut Process, task: Task, cx: &mut Cx<'_>) {
        let ends = (process.input, process.output.clone(), process.errors.clone());
        let begun = self.begin_for(process, task, ends, cx);
        if let Task::Script(frames, _) = &mut process.task {
            frames.push(Frame::Wait(begun.into_iter().collect()));
        }
    }

    fn command(
        &mut self,
        process: &mut Process,
        command: Rc<Command>,
        outputs: Vec<String>,
        cx: &mut Cx<'_>,
    ) {
        match self.expanded(process, &command, &outputs, cx) {
            Ok((words, sets, ends)) => self.start(process, &command, words, sets, ends, cx),
            Err(Stop::Output(block)) => {
                let Task::Script(frames, env) = &mut process.task else { return };
                frames.push(Frame::Run(command, outputs));
                let inner = Task::Script(vec![Frame::Block(block, 0)], env.clone());
                let pipe = self.pipe(String::new(), true);
                let ends = (process.input, Sink::Pipe(pipe), process.errors.clone());
                if let Some(id) = self.begin_for(process, inner, ends, cx) {
                    let Task::Script(frames, _) = &mut process.task else { return };
                    frames.push(Frame::Output(id, pipe));
                } else if let Task::Script(frames, env) = &mut process.task {
                    frames.clear();
                    env.status = 254;
                }
            }
            Err(Stop::Wrong(text)) => {
                let text = if text.ends_with('\n') { text } else { format!("bash: {text}\n") };
                self.write(&process.errors.clone(), &text, &[], cx);
                if let Task::Script(_, env) = &mut process.task {
                    env.status = 1;
                }
            }
        }
    }

    /// The words of a command, the variables it sets, and its ends.
    #[allow(clippy::type_complexity)]
    fn expanded(
        &mut self,
        process: &Process,
        command: &Command,
        outputs: &[String],
        cx: &mut Cx<'_>,
    ) -> Result<(Vec<String>, Vec<(String, String)>, Ends), Stop> {
        let Task::Script(_, env) = &process.task else { return Err(Stop::Wrong(String::new())) };
        let names: Vec<_> =
            cx.place.desk(false).files.iter().map(|(name, _)| name.clone()).collect();
        let files = names.iter().map(|name| &**name).filter(|name| !name.contains('/')).collect();
        let mut expansion = Expansion { env, outputs, used: 0, files };
        let empty: &[Word] = &[];
        let (sets, words) = match &command.what {
            What::Simple(sets, words) => (&sets[..], &words[..]),
            What::For(_, words, _) => (&[][..], &words[..]),
            _ => (&[][..], empty),
        };
        let words = expansion.words(words)?;
        let set = |(name, word): &(String, Word)| Ok((name.clone(), expansion.one(word)?));
        let sets = sets.iter().map(set).collect::<Result<_, _>>()?;
        let targets = command.redirects.iter().map(|redirect| expansion.one(&redirect.word));
        let targets: Vec<String> = targets.collect::<Result<_, _>>()?;
        let mut ends = (process.input, process.output.clone(), process.errors.clone());
        for (redirect, target) in command.redirects.iter().zip(targets) {
            self.redirect(redirect, &target, &mut ends, cx).map_err(Stop::Wrong)?;
        }
        Ok((words, sets, ends))
    }

    fn redirect(
        &mut self,
        redirect: &Redirect,
        target: &str,
        ends: &mut Ends,
        cx: &mut Cx<'_>,
    ) -> Result<(), String> {
        match redirect.how {
            How::Text => ends.0 = Source::Pipe(self.pipe(target.into(), true)),
            How::Read => {
                let text = Job::file_text(&[target.to_string()], cx);
                let text = text.map_err(|error| format!("bash: {error}\n"))?;
                ends.0 = Source::Pipe(self.pipe(text, true));
            }
            How::Same(to) => {
                let sink = if to == 2 { ends.2.clone() } else { ends.1.clone() };
                if redirect.stream == 2 { ends.2 = sink } else { ends.1 = sink }
            }
            How::Write | How::Append => {
                let sink = Job::file_sink(target, redirect.how == How::Append, cx)?;
                if redirect.stream >= 2 {
                    ends.2 = sink.clone();
                }
                if redirect.stream != 2 {
                    ends.1 = sink;
                }
            }
        }
        Ok(())
    }

    fn start(
        &mut self,
        process: &mut Process,
        command: &Rc<Command>,
        words: Vec<String>,
        sets: Vec<(String, String)>,
        ends: Ends,
        cx: &mut Cx<'_>,
    ) {
        let Task::Script(frames, env) = &mut process.task else { return };
        if let What::Simple(..) = command.what {
            if words.is_empty() {
                if !command.redirects.is_empty() || !sets.is_empty() {
                    env.status = 0;
                }
                for (name, value) in sets {
                    env.variables.insert(name, value);
                }
                return;
            }
            return self.simple(process, words, ends, cx);
        }
        if !command.redirects.is_empty() {
            let before = (process.input, process.output.clone(), process.errors.clone());
            frames.push(Frame::Restore(before.0, before.1, before.2));
            (process.input, process.output, process.errors) = ends.clone();
        }
        match &command.what {
            What::For(..) => frames.push(Frame::For(command.clone(), Rc::new(words), 0)),
            What::While(..) => frames.push(Frame::While(command.clone(), false)),
            What::If(arms, _) => {
                frames.push(Frame::If(command.clone(), 0));
                frames.push(Frame::Block(arms[0].0.clone(), 0));
            }
            What::Group(false, block) => frames.push(Frame::Block(block.clone(), 0)),
            What::Group(true, block) => {
                let inner = Task::Script(vec![Frame::Block(block.clone(), 0)], env.clone());
                let begun = self.begin_for(process, inner, ends, cx);
                if let Task::Script(frames, _) = &mut process.task {
                    frames.push(Frame::Wait(begun.into_iter().collect()));
                }
            }
            What::Simple(..) => {}
        }
    }

    fn simple(
        &mut self,
        process: &mut Process,
        mut words: Vec<String>,
        ends: Ends,
        cx: &mut Cx<'_>,
    ) {
        let Task::Script(frames, env) = &mut process.task else { return };
        if let Some(text) = env.aliases.get(&words[0]).filter(|text| !text.is_empty()) {
            let text: Vec<String> = text.split_whitespace().map(String::from).collect();
            words.splice(0..1, text);
        }
        match &*words[0] {
            "exit" => {
                let code = words.get(1).and_then(|code| code.parse().ok());
                env.status = code.unwrap_or(env.status);
                frames.clear();
                self.leaves |= process.owner.is_none();
                return;
            }
            "break" | "continue" => {
                let stays = words[0] == "continue";
                return leave_loop(process, stays);
            }
            "read" => {
                let names = words.iter().skip(1).filter(|word| !word.starts_with('-'));
                let names: Vec<String> = names.cloned().collect();
                if ends.0 != process.input {
                    let own = (process.input, process.output.clone(), process.errors.clone());
                    frames.push(Frame::Restore(own.0, own.1, own.2));
                    process.input = ends.0;
                }
                frames.push(Frame::Read(names));
                return;
            }
            "clear" => {
                cx.screen.clear();
                env.status = 0;
                return;
            }
            _ => {}
        }
        let seen = matches!(ends.1, Sink::Screen(_));
        if let Some(said) = words::run(&words, env, &mut cx.place.desk(seen)) {
            env.status = said.code;
            self.write(&ends.1, &said.out, &[], cx);
            return self.write(&ends.2, &said.err, &[], cx);
        }
        match self.made(&words, &ends, cx) {
            Ok((task, input, output)) => {
                let ends = (input.unwrap_or(ends.0), output.unwrap_or(ends.1), ends.2);
                let begun = self.begin_for(process, task, ends, cx);
                if let Task::Script(frames, _) = &mut process.task {
                    frames.push(Frame::Wait(begun.into_iter().collect()));
                }
            }
            Err((code, text)) => {
                let Task::Script(_, env) = &mut process.task else { return };
                env.status = code;
                self.write(&ends.2, &text, &[], cx);
                if code == 127 && ends.2 != Sink::Nothing {
                    cx.screen.write(Stream::Simulator, &hints::unknown(&words[0]), &[]);
                }
            }
        }
    }
}

/// The next round of a loop, or the arm of a condition.
fn go_round(frame: Frame, frames: &mut Vec<Frame>, env: &mut Env) {
    match frame {
        Frame::For(command, values, at) => {
            if let (Some(value), What::For(name, _, body)) = (values.get(at), &command.what) {
                env.variables.insert(name.clone(), value.clone());
                frames.push(Frame::For(command.clone(), values.clone(), at + 1));
                frames.push(Frame::Block(body.clone(), 0));
            }
        }
        Frame::While(command, asked) => {
            let What::While(until, test, body) = &command.what else { return };
            let (test, body) = (test.clone(), body.clone());
            if asked && (env.status == 0) == *until {
                env.status = 0;
                return;
            }
            frames.push(Frame::While(command.clone(), !asked));
            frames.push(Frame::Block(if asked { body } else { test }, 0));
        }
        Frame::If(command, arm) => {
            let What::If(arms, other) = &command.what else { return };
            if env.status == 0 {
                frames.push(Frame::Block(arms[arm].1.clone(), 0));
            } else if let Some((test, _)) = arms.get(arm + 1) {
                let test = test.clone();
                frames.push(Frame::If(command.clone(), arm + 1));
                frames.push(Frame::Block(test, 0));
            } else {
                env.status = 0;
                frames.extend(other.clone().map(|block| Frame::Block(block, 0)));
            }
        }
        _ => {}
    }
}

/// `break` and `continue`.
fn leave_loop(process: &mut Process, stays: bool) {
    let Task::Script(frames, env) = &mut process.task else { return };
    env.status = 0;
    while let Some(frame) = frames.pop() {
        match frame {
            Frame::Restore(input, output, errors) => {
                (process.input, process.output, process.errors) = (input, output, errors);
            }
            Frame::While(command, _) if stays => {
                frames.push(Frame::While(command, false));
                return;
            }
            frame @ Frame::For(..) if stays => {
                frames.push(frame);
                return;
            }
            Frame::While(..) | Frame::For(..) => return,
            _ => {}
        }
    }
}

/// Splits a line over variables; the last one takes the rest.
fn read_into(env: &mut Env, names: &[String], line: &str) {
    env.status = 0;
    let reply = ["REPLY".to_string()];
    let names = if names.is_empty() { &reply[..] } else { names };
    let mut rest = line.trim();
    for (n, name) in names.iter().enumerate() {
        let end = rest.find(char::is_whitespace).filter(|_| n + 1 < names.len());
        let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
        env.variables.insert(name.clone(), value.to_string());
        rest = after.trim_start();
    }
}
