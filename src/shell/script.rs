//! What a script does next: lists, pipelines, loops, conditions, expansion, redirection. Its
//! place in the tree is a stack of frames.
//!
//! Upstream: POSIX, Shell Command Language, Shell Commands

use super::expand::{Expansion, Stop, globs};
use super::flow::{go_round, read_into};
use super::hints;
use super::job::{Cx, Job, Process, Sink, Source, Step, Taken, Task};
use super::syntax::{Block, Chain, Command, How, Join, Piece, Pipeline, Redirect, What, Word};
use super::{Behind, words};
use crate::kubectl::running::Stream;
use std::rc::Rc;

/// Jobs in the background have the next numbers as processes.
pub(super) const FIRST_PROCESS: u32 = 1000;

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
    /// Ends a function: what the one around it was called with.
    Return(Vec<String>),
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
            Frame::Output(id, pipe) => return self.collected(process, id, pipe),
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
            Frame::Return(args) => env.args = args,
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

    /// Takes the output that a word wants, once it is whole.
    fn collected(&mut self, process: &mut Process, id: usize, pipe: usize) -> Step {
        let Task::Script(frames, env) = &mut process.task else { return Step::Blocked };
        let Some(code) = self.collect(id) else {
            frames.push(Frame::Output(id, pipe));
            return Step::Blocked;
        };
        env.status = code;
        let text = self.pipes[pipe].take().unwrap_or_default().text;
        if let Some(Frame::Run(_, outputs)) = frames.last_mut() {
            outputs.push(text);
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
        // In `[[ ]]` nothing is split.
        let whole = matches!(words.first().map(Vec::as_slice),
            Some([Piece::Text(first, false)]) if first == "[[");
        let mut words = match whole {
            true => words.iter().map(|word| expansion.one(word)).collect::<Result<_, _>>()?,
            false => expansion.words(words)?,
        };
        if let What::Case(subject, arms) = &command.what {
            let patterns = arms.iter().flat_map(|(patterns, _)| patterns);
            for word in std::iter::once(subject).chain(patterns) {
                words.push(expansion.one(word)?);
            }
        }
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
                    env.set(&name, value);
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
            What::Case(_, arms) => {
                env.status = 0;
                let mut patterns = words.iter().skip(1);
                for (own, block) in arms {
                    let mut own = patterns.by_ref().take(own.len());
                    let fits = own.any(|pattern| globs(pattern, &words[0]));
                    own.for_each(drop);
                    if fits {
                        return frames.push(Frame::Block(block.clone(), 0));
                    }
                }
            }
            What::Function(name, body) => {
                env.functions.insert(name.clone(), body.clone());
                env.status = 0;
            }
            What::Behind(block, text) => {
                env.status = 0;
                let job = Job::behind(block.clone(), env.clone());
                let all = cx.place.behind();
                let number = all.last().map_or(1, |last| last.number + 1);
                all.push(Behind { number, line: text.clone(), job });
                let text = format!("[{number}] {}\n", FIRST_PROCESS + number);
                self.write(&ends.2, &text, &[], cx);
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
        let Task::Script(_, env) = &mut process.task else { return };
        if let Some(text) = env.aliases.get(&words[0]).filter(|text| !text.is_empty()) {
            let text: Vec<String> = text.split_whitespace().map(String::from).collect();
            words.splice(0..1, text);
        }
        if self.flow(process, &words, &ends, cx) {
            return;
        }
        let Task::Script(_, env) = &mut process.task else { return };
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
