//! What a script does next: lists, pipelines, expansion, redirection. Its place in the tree is a
//! stack of frames.
//!
//! Not here: loops, conditions, functions (`flow`).
//!
//! Upstream: POSIX, Shell Command Language, Shell Commands

use super::expand::{Expansion, Stop, globs};
use super::flow::{go_round, read_into};
use super::hints;
use super::job::{Cx, Ends, Job, Process, Sink, Source, Step, Taken, Task};
use super::syntax::{Block, Command, How, Join, Pipeline, Redirect, What};
use super::{Behind, words};
use crate::base::Str;
use crate::kubectl::running::Stream;
use std::rc::Rc;

/// Jobs in the background have the next numbers as processes.
pub(super) const FIRST_PROCESS: u32 = 1000;

/// A place in the tree, and what is known there.
#[derive(Debug)]
pub(super) enum Frame {
    /// The next pipeline of a block.
    Block(Block, usize),
    /// What comes now counts the other way round.
    Negate,
    /// A command, and the outputs its words wanted so far.
    Run(Rc<Command>, Vec<String>),
    /// The process whose output a word wants, and the pipe it writes to.
    Output(usize, usize),
    /// Processes to be waited for, the first one last; the last one's exit code counts.
    Wait(Vec<usize>),
    /// A loop over values: how many it had.
    For(Rc<Command>, Vec<String>, usize),
    /// A loop; the flag tells whether its condition was just asked.
    While(Rc<Command>, bool),
    /// The block of a condition that was just asked.
    If(Rc<Command>, usize),
    /// Ends a function: what the one around it was called with.
    Return(Vec<String>),
    /// Ends a redirected compound command.
    Restore(Ends),
    /// Reads a line into variables.
    Read(Vec<String>),
    /// Begins this unless what came before failed.
    Begin(Box<Task>),
}

/// What a command is once its words are expanded.
struct Expanded {
    words: Vec<String>,
    /// Values of the variables it sets.
    values: Vec<String>,
    ends: Ends,
}

impl Job {
    /// Does one step of a script.
    pub(super) fn script(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Process { frames, env, .. } = process;
        let Some(frame) = frames.pop() else {
            process.code = Some(env.status);
            return Step::Moved;
        };
        match frame {
            Frame::Block(block, at) => {
                let Some(pipeline) = block.get(at) else { return Step::Moved };
                frames.push(Frame::Block(block.clone(), at + 1));
                let skipped = match pipeline.join {
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
                    frames.push(frame);
                    return Step::Blocked;
                };
                env.status = code;
                if let Some(Frame::Run(_, outputs)) = frames.last_mut() {
                    outputs.push(self.emptied(pipe));
                }
            }
            Frame::Wait(mut ids) => {
                while let Some(id) = ids.pop() {
                    let Some(code) = self.collect(id) else {
                        ids.push(id);
                        frames.push(Frame::Wait(ids));
                        return Step::Blocked;
                    };
                    env.status = code;
                }
            }
            Frame::For(..) | Frame::While(..) | Frame::If(..) => go_round(frame, frames, env),
            Frame::Restore(ends) => process.ends = ends,
            Frame::Return(args) => env.args = args,
            Frame::Begin(task) => {
                if env.status == 0 {
                    let mut inner = process.inner(Vec::new());
                    inner.task = *task;
                    self.begin_here(process, inner, cx);
                }
            }
            Frame::Read(names) => match self.take_line(process.ends.input) {
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

    fn pipeline(&mut self, process: &mut Process, pipeline: &Pipeline, cx: &mut Cx<'_>) {
        if pipeline.negated {
            process.frames.push(Frame::Negate);
        }
        let run = |command: &Rc<Command>| Frame::Run(command.clone(), Vec::new());
        let (mut ids, mut ends) = (Vec::new(), process.ends);
        for (n, command) in pipeline.commands.iter().enumerate() {
            if pipeline.commands.len() == 1 {
                return process.frames.push(run(command));
            }
            let mut inner = process.inner(vec![run(command)]);
            ends.output = match n + 1 == pipeline.commands.len() {
                true => process.ends.output,
                false => Sink::Pipe(self.pipe(String::new())),
            };
            inner.ends = ends;
            // The first one is waited for first.
            ids.extend(self.begin_for(process, inner, cx));
            if let Sink::Pipe(pipe) = ends.output {
                ends.input = Source::Pipe(pipe);
            }
        }
        // From now on each has its reader.
        for id in &ids {
            if let Some(Process { ends, .. }) = &self.processes[*id]
                && ends.output != process.ends.output
                && let Sink::Pipe(pipe) = ends.output
                && let Some(pipe) = &mut self.pipes[pipe]
            {
                pipe.kept = false;
            }
        }
        ids.reverse();
        process.frames.push(Frame::Wait(ids));
    }

    /// Begins a process for `process`, or says that there are too many.
    pub(super) fn begin_for(
        &mut self,
        process: &Process,
        mut inner: Process,
        cx: &mut Cx<'_>,
    ) -> Option<usize> {
        inner.owner = Some(self.at);
        let begun = self.begin(inner);
        if begun.is_none() {
            let text = "bash: fork: retry: Resource temporarily unavailable\n";
            self.write(process.ends.errors, text, cx);
        }
        begun
    }

    /// Begins a process for the script, which waits for it.
    fn begin_here(&mut self, process: &mut Process, inner: Process, cx: &mut Cx<'_>) {
        let begun = self.begin_for(process, inner, cx);
        process.frames.push(Frame::Wait(begun.into_iter().collect()));
    }

    fn command(
        &mut self,
        process: &mut Process,
        command: Rc<Command>,
        outputs: Vec<String>,
        cx: &mut Cx<'_>,
    ) {
        match self.expanded(process, &command, &outputs, cx) {
            Ok(expanded) => self.start(process, &command, expanded, cx),
            Err(Stop::Output(block)) => {
                process.frames.push(Frame::Run(command, outputs));
                let pipe = self.pipe(String::new());
                let mut inner = process.inner(vec![Frame::Block(block, 0)]);
                inner.ends.output = Sink::Pipe(pipe);
                match self.begin_for(process, inner, cx) {
                    Some(id) => process.frames.push(Frame::Output(id, pipe)),
                    None => {
                        process.frames.clear();
                        process.env.status = 254;
                    }
                }
            }
            Err(Stop::Wrong(text)) => {
                self.write(process.ends.errors, &["bash: ", &text, "\n"].concat(), cx);
                process.env.status = 1;
            }
        }
    }

    /// The words of a command, the values it sets, and its ends.
    fn expanded(
        &mut self,
        process: &Process,
        command: &Command,
        outputs: &[String],
        cx: &mut Cx<'_>,
    ) -> Result<Expanded, Stop> {
        let files: Vec<Str> = cx.place.desk(false).files.keys().cloned().collect();
        let (env, files) = (&process.env, &files[..]);
        let mut expansion = Expansion { env, outputs, used: 0, files, stop: None };
        let Some([words, values, targets]) = expansion.parts(command) else {
            return Err(expansion.stop.unwrap_or(Stop::Wrong(String::new())));
        };
        let mut ends = process.ends;
        for (redirect, target) in command.redirects.iter().zip(targets) {
            self.redirect(redirect, target, &mut ends, cx).map_err(Stop::Wrong)?;
        }
        Ok(Expanded { words, values, ends })
    }

    fn redirect(
        &mut self,
        redirect: &Redirect,
        target: String,
        ends: &mut Ends,
        cx: &mut Cx<'_>,
    ) -> Result<(), String> {
        let sink = match redirect.how {
            How::Text => {
                ends.input = Source::Pipe(self.pipe(target));
                return Ok(());
            }
            How::Read => {
                let text = Job::file_text(&[target], cx)?;
                ends.input = Source::Pipe(self.pipe(text));
                return Ok(());
            }
            How::Same(2) => ends.errors,
            How::Same(_) => ends.output,
            how => self.file_sink(&target, how == How::Append, cx)?,
        };
        match (redirect.stream, redirect.how) {
            (2, _) => ends.errors = sink,
            (3, _) => (ends.output, ends.errors) = (sink, sink),
            _ => ends.output = sink,
        }
        Ok(())
    }

    fn start(
        &mut self,
        process: &mut Process,
        command: &Rc<Command>,
        Expanded { words, values, ends }: Expanded,
        cx: &mut Cx<'_>,
    ) {
        let Process { frames, env, .. } = process;
        let (what, blocks) = (command.what, &command.blocks);
        if what == What::Simple {
            if !words.is_empty() {
                return self.simple(process, words, ends, cx);
            }
            if !command.redirects.is_empty() || !values.is_empty() {
                env.status = 0;
            }
            for ((name, _), value) in command.sets.iter().zip(values) {
                env.set(name, value);
            }
            return;
        }
        if ends != process.ends {
            frames.push(Frame::Restore(std::mem::replace(&mut process.ends, ends)));
        }
        match what {
            What::For => frames.push(Frame::For(command.clone(), words, 0)),
            What::While | What::Until => frames.push(Frame::While(command.clone(), false)),
            What::If => {
                frames.push(Frame::If(command.clone(), 0));
                frames.push(Frame::Block(blocks[0].clone(), 0));
            }
            What::Subshell => {
                let inner = process.inner(vec![Frame::Block(blocks[0].clone(), 0)]);
                self.begin_here(process, inner, cx);
            }
            What::Case => {
                env.status = 0;
                let fits = |pattern: &String| globs(pattern, &words[0]);
                if let Some(at) = words[1..].iter().position(fits) {
                    frames.push(Frame::Block(blocks[at].clone(), 0));
                }
            }
            What::Function => {
                env.functions.insert(command.name.clone(), blocks[0].clone());
                env.status = 0;
            }
            What::Behind => {
                env.status = 0;
                let job = Job::behind(blocks[0].clone(), env.clone());
                let all = cx.place.behind();
                let number = all.last().map_or(1, |last| last.number + 1);
                all.push(Behind { number, line: command.name.clone(), job });
                let text = format!("[{number}] {}\n", FIRST_PROCESS + number);
                self.write(ends.errors, &text, cx);
            }
            _ => frames.push(Frame::Block(blocks[0].clone(), 0)),
        }
    }

    fn simple(
        &mut self,
        process: &mut Process,
        mut words: Vec<String>,
        ends: Ends,
        cx: &mut Cx<'_>,
    ) {
        let env = &mut process.env;
        if let Some(text) = env.aliases.get(&words[0]).filter(|text| !text.is_empty()) {
            let text: Vec<String> = text.split_whitespace().map(String::from).collect();
            words.splice(0..1, text);
        }
        if self.flow(process, &words, ends, cx) {
            return;
        }
        let env = &mut process.env;
        let seen = matches!(ends.output, Sink::Screen(_));
        if let Some(said) = words::run(&words, env, &mut cx.place.desk(seen)) {
            env.status = said.code;
            self.write(ends.output, &said.out, cx);
            return self.write(ends.errors, &said.err, cx);
        }
        let mut inner = Process::script(Vec::new(), Default::default(), ends);
        match self.made(&words, &mut inner, cx) {
            Ok(()) => self.begin_here(process, inner, cx),
            Err((code, text)) => {
                process.env.status = code;
                self.write(ends.errors, &text, cx);
                if code == 127 && ends.errors != Sink::Nothing {
                    cx.screen.write(Stream::Simulator, &hints::unknown(&words[0]), &[]);
                }
            }
        }
    }
}

impl Process {
    /// A script that a process of its own does with a copy of what this one knows.
    fn inner(&self, frames: Vec<Frame>) -> Process {
        Process::script(frames, self.env.clone(), self.ends)
    }
}
