//! What a script does next: lists, pipelines, expansion, redirection. Its place in the tree is a
//! stack of frames.
//!
//! Not here: loops, conditions, functions (`flow`).
//!
//! Upstream: POSIX, Shell Command Language, Shell Commands

use super::expand::{Env, Expansion, globs};
use super::flow::{go_round, read_into};
use super::hints;
use super::job::{Cx, Ends, Job, Process, Sink, Source, Step, Taken, Task};
use super::syntax::{Block, Command, How, Join, Part, What};
use super::{Behind, words};
use crate::kubectl::running::Stream;

/// Jobs in the background have the next numbers as processes.
pub(super) const FIRST_PROCESS: u32 = 1000;

/// A place in the tree, and what is known there.
#[derive(Debug)]
pub(super) enum Frame {
    /// A command, and the outputs its words wanted so far.
    Run(Block, Vec<String>),
    /// A list, a loop or a condition at work; what place it has come to, and a loop's values.
    Round(Block, Vec<String>, usize),
    /// What comes now counts the other way round.
    Negate,
    /// A process to be waited for; the command above wants what it writes to this pipe.
    Wait(usize, Option<usize>),
    /// Ends a function: what the one around it was called with.
    Return(Vec<String>),
    /// Ends a redirected compound command.
    Restore(Ends),
    /// Reads a line into variables.
    Read(Vec<String>),
    /// Begins this unless what came before failed.
    Begin(Box<Task>),
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
            Frame::Run(command, outputs) => self.command(process, command, outputs, cx),
            Frame::Round(list, words, at) if list.what == What::List => {
                let Some(pipeline) = list.blocks.get(at).cloned() else { return Step::Moved };
                frames.push(Frame::Round(list, words, at + 1));
                self.pipeline(process, &pipeline, cx);
            }
            Frame::Round(command, words, at) => go_round(process, command, words, at),
            Frame::Negate => env.status = i32::from(env.status == 0),
            Frame::Wait(id, pipe) => {
                let Some(code) = self.collect(id) else {
                    frames.push(frame);
                    return Step::Blocked;
                };
                env.status = code;
                if let (Some(pipe), Some(Frame::Run(_, outputs))) = (pipe, frames.last_mut()) {
                    outputs.push(self.emptied(pipe));
                }
            }
            Frame::Restore(ends) => process.ends = ends,
            Frame::Return(args) => env.args = args,
            Frame::Begin(task) => {
                if env.status == 0 {
                    let mut inner = Process::script(Env::default(), process.ends);
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

    fn pipeline(&mut self, process: &mut Process, pipeline: &Command, cx: &mut Cx<'_>) {
        let failed = process.env.status != 0;
        let negated = match pipeline.what {
            What::Pipeline(Join::And, _) if failed => return,
            What::Pipeline(Join::Or, _) if !failed => return,
            What::Pipeline(_, negated) => negated,
            _ => false,
        };
        if negated {
            process.frames.push(Frame::Negate);
        }
        if let [command] = &pipeline.blocks[..] {
            return process.enter(command);
        }
        let (mut ids, mut ends) = (Vec::new(), process.ends);
        for (n, command) in pipeline.blocks.iter().enumerate() {
            let mut inner = process.inner(command);
            ends.output = match n + 1 == pipeline.blocks.len() {
                true => process.ends.output,
                false => Sink::Pipe(self.pipe(String::new())),
            };
            inner.ends = ends;
            ids.extend(self.begin_for(process, inner, cx));
            if let Sink::Pipe(pipe) = ends.output {
                ends.input = Source::Pipe(pipe);
            }
        }
        // The first one is waited for first; the last one's exit code counts.
        for id in ids.into_iter().rev() {
            process.frames.push(Frame::Wait(id, None));
            // From now on it has its reader.
            if let Some(Process { ends, .. }) = &self.processes[id]
                && ends.output != process.ends.output
                && let Sink::Pipe(pipe) = ends.output
                && let Some(pipe) = &mut self.pipes[pipe]
            {
                pipe.kept = false;
            }
        }
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
        if let Some(id) = self.begin_for(process, inner, cx) {
            process.frames.push(Frame::Wait(id, None));
        }
    }

    /// Expands the words of a command, redirects its ends, and begins it.
    fn command(
        &mut self,
        process: &mut Process,
        command: Block,
        outputs: Vec<String>,
        cx: &mut Cx<'_>,
    ) {
        let (env, files) = (&process.env, &*cx.place.desk(false).files);
        let mut expansion = Expansion {
            env,
            outputs: &outputs,
            used: 0,
            files,
            wanted: None,
            wrong: None,
            made: 0,
        };
        let parts = expansion.parts(&command);
        let (wanted, mut wrong) = (expansion.wanted, expansion.wrong);
        self.budget = self.budget.saturating_sub((expansion.made >> 8) as u32);
        if let Some(block) = wanted {
            process.frames.push(Frame::Run(command, outputs));
            let pipe = self.pipe(String::new());
            let mut inner = process.inner(&block);
            inner.ends.output = Sink::Pipe(pipe);
            return match self.begin_for(process, inner, cx) {
                Some(id) => process.frames.push(Frame::Wait(id, Some(pipe))),
                None => {
                    process.frames.clear();
                    process.env.status = 254;
                }
            };
        }
        if let Some([words, values, targets]) = parts {
            let mut ends = process.ends;
            for (redirect, target) in command.redirects.iter().zip(&targets) {
                if wrong.is_none() {
                    wrong = self.redirect(redirect.part, target, &mut ends, cx).err();
                }
            }
            if wrong.is_none() {
                return self.start(process, &command, [words, values], ends, cx);
            }
        }
        let text = wrong.unwrap_or_default();
        self.write(process.ends.errors, &["bash: ", &text, "\n"].concat(), cx);
        process.env.status = 1;
    }

    fn redirect(
        &mut self,
        redirect: Part,
        target: &str,
        ends: &mut Ends,
        cx: &mut Cx<'_>,
    ) -> Result<(), String> {
        let Part::Redirect(stream, how) = redirect else { return Ok(()) };
        let sink = match how {
            How::Text => {
                ends.input = Source::Pipe(self.pipe(target.into()));
                return Ok(());
            }
            How::Read => {
                let text = Job::file_text(&[target.into()], cx)?;
                ends.input = Source::Pipe(self.pipe(text));
                return Ok(());
            }
            How::Same(2) => ends.errors,
            How::Same(_) => ends.output,
            how => self.file_sink(target, how == How::Append, cx)?,
        };
        if stream != 2 {
            ends.output = sink;
        }
        if stream >= 2 {
            ends.errors = sink;
        }
        Ok(())
    }

    fn start(
        &mut self,
        process: &mut Process,
        command: &Block,
        [words, mut values]: [Vec<String>; 2],
        ends: Ends,
        cx: &mut Cx<'_>,
    ) {
        let env = &mut process.env;
        let what = command.what;
        if what == What::Simple {
            if !words.is_empty() {
                return self.simple(process, words, ends, cx);
            }
            if !command.redirects.is_empty() || !values.is_empty() {
                env.status = 0;
            }
            for (set, value) in command.sets.iter().zip(&mut values) {
                env.set(&set.text, std::mem::take(value));
            }
            return;
        }
        process.redirected(ends);
        let env = &mut process.env;
        let block = match what {
            What::Case => {
                env.status = 0;
                let fits = |pattern: &String| globs(pattern, &words[0]);
                words[1..].iter().position(fits).and_then(|at| command.blocks.get(at))
            }
            _ => command.blocks.first(),
        };
        let Some(block) = block else { return };
        match what {
            What::For | What::While | What::Until | What::If => {
                process.frames.push(Frame::Round(command.clone(), words, 0));
                if what == What::If {
                    process.enter(block);
                }
            }
            What::Subshell => {
                let inner = process.inner(block);
                self.begin_here(process, inner, cx);
            }
            What::Function => {
                env.functions.insert(command.name.clone(), block.clone());
                env.status = 0;
            }
            What::Behind => {
                env.status = 0;
                let job = Job::behind(block.clone(), env.clone());
                let all = cx.place.behind();
                let number = all.last().map_or(1, |last| last.number + 1);
                all.push(Behind { number, line: command.name.clone(), job });
                let text = format!("[{number}] {}\n", FIRST_PROCESS + number);
                self.write(ends.errors, &text, cx);
            }
            _ => process.enter(block),
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
        if let Some(text) = env.aliases.get(&words[0]).filter(|text| !text.trim().is_empty()) {
            let rest = words.split_off(1);
            words.clear();
            words.extend(text.split_whitespace().map(String::from));
            words.extend(rest);
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
        let mut inner = Process::script(Env::default(), ends);
        if let Some(task) = self.made(&words, &mut inner, cx) {
            inner.task = task;
            return self.begin_here(process, inner, cx);
        }
        process.env.status = inner.env.status;
        if process.env.status == 127 && ends.errors != Sink::Nothing {
            cx.screen.write(Stream::Simulator, &hints::unknown(&words[0]), &[]);
        }
    }
}

impl Process {
    /// A script that a process of its own does with a copy of what this one knows.
    fn inner(&self, block: &Block) -> Process {
        let mut inner = Process::script(self.env.clone(), self.ends);
        inner.enter(block);
        inner
    }

    /// Does a list or a command next.
    pub(super) fn enter(&mut self, block: &Block) {
        self.frames.push(match block.what {
            What::List => Frame::Round(block.clone(), Vec::new(), 0),
            _ => Frame::Run(block.clone(), Vec::new()),
        });
    }

    /// Has these ends for what comes next.
    pub(super) fn redirected(&mut self, ends: Ends) {
        if ends != self.ends {
            self.frames.push(Frame::Restore(std::mem::replace(&mut self.ends, ends)));
        }
    }
}
