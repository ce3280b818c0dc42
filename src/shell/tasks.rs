//! Processes that are no scripts: filters, kubectl, `sleep`, `tee`, `xargs`, `watch`, and the
//! simulator's own words.

use super::filter::{self, Filter};
use super::inside;
use super::job::{Cx, Ends, Job, Process, Sink, Source, Step, Taken, Task, Waits, Watch, Xargs};
use super::options::Options;
use super::script::{FIRST_PROCESS, Frame};
use super::syntax::{Block, Command, Piece, Pipeline, What, Word};
use super::{Answer, Behind, Env, Then, read};
use crate::base::time::{SimTime, Span};
use crate::kubectl::running::{self, Progress, Stream};
use std::rc::Rc;

/// Rows of a watched command that are shown.
const WATCH_ROWS: usize = 60;

/// A length of time as commands take it: `30`, `0.5`, `30s`, `1m30s`, `2h`.
pub fn span(text: &str) -> Option<Span> {
    let (mut total, mut rest) = (0u64, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let next = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = match &after[..next] {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
        total = total.checked_add(whole.checked_mul(unit)?)?.checked_add(part * unit / 1_000)?;
        rest = &after[next..];
    }
    (!text.is_empty()).then_some(Span(total))
}

/// An exit code and what is said instead of doing anything.
type Failed = (i32, String);

/// What `name` says is wrong.
fn failed(code: i32, name: &str, what: &[&str]) -> Failed {
    (code, [&[name, ": "], what, &["\n"]].concat().concat())
}

/// The job in the background that a word means.
fn meant(all: &[Behind], word: &str) -> Option<u32> {
    let number = match word.strip_prefix('%') {
        Some("" | "+" | "%") => all.last()?.number,
        Some(number) => number.parse().ok()?,
        None => word.parse::<u32>().ok()?.checked_sub(FIRST_PROCESS)?,
    };
    all.iter().any(|job| job.number == number).then_some(number)
}

/// `jobs`, `fg`, `bg`, `wait`, `kill`: about what runs in the background.
fn control(
    name: &str,
    words: &[String],
    process: &mut Process,
    cx: &mut Cx<'_>,
) -> Result<(), Failed> {
    let all = cx.place.behind();
    let spoken = ["bash: ", name].concat();
    let mut chosen = Vec::new();
    for word in words {
        if word.starts_with('-') && word.len() > 1 {
            continue;
        }
        let Some(number) = meant(all, word) else {
            let what = if word.starts_with('%') { "no such job" } else { "no such process" };
            return Err(failed(1, &spoken, &[word, ": ", what]));
        };
        chosen.push(number);
    }
    if chosen.is_empty() {
        match (name, all.last()) {
            ("kill", _) => {
                let what = "usage: kill [-s sigspec] pid | jobspec ...";
                return Err(failed(2, name, &[what]));
            }
            ("fg" | "bg", Some(last)) => chosen.push(last.number),
            ("fg" | "bg", None) => return Err(failed(1, &spoken, &["current: no such job"])),
            ("wait", _) => chosen.extend(all.iter().map(|job| job.number)),
            _ => {}
        }
    }
    let mut text = String::new();
    let mut at = 0;
    while let Some(job) = all.get(at) {
        let is_meant = chosen.contains(&job.number);
        at += 1;
        match name {
            "jobs" => text.push_str(&job.told("Running").replace('\n', " &\n")),
            "kill" if is_meant => {
                text.push_str(&job.told("Terminated"));
                at -= 1;
                all.remove(at);
            }
            "fg" if job.number == chosen[0] => text = [&*job.line, "\n"].concat(),
            "bg" if job.number == chosen[0] => {
                text = format!("bash: bg: job {} already in background\n", job.number);
            }
            _ => {}
        }
    }
    cx.screen.write(Stream::Out, &text, &[]);
    if matches!(name, "fg" | "wait") {
        process.task = Task::Await(chosen, name == "fg");
    }
    Ok(())
}

impl Job {
    /// Makes of `process`, which is an empty script, what `words` mean.
    pub(super) fn made(
        &mut self,
        words: &[String],
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Result<(), Failed> {
        let (name, rest) = (&*words[0], &words[1..]);
        match name {
            "kubectl" => {
                let reads = |word: &String| matches!(&**word, "-" | "-f-") || word.ends_with("=-");
                if let Some(frames) = inside::frames(rest, cx.place) {
                    process.frames = frames;
                } else if rest.iter().any(reads) {
                    process.task = Task::Reads(rest.to_vec(), String::new());
                } else {
                    process.task = kubectl(rest, String::new(), false);
                }
            }
            "sleep" => {
                let shown = rest.first().map_or("", String::as_str);
                let Some(span) = span(shown) else {
                    return Err(failed(1, name, &["invalid time interval '", shown, "'"]));
                };
                process.task = Task::Sleep(cx.place.now() + span, false);
            }
            "jobs" | "fg" | "bg" | "wait" | "kill" => return control(name, rest, process, cx),
            "tee" => process.task = self.tee(rest, cx)?,
            "xargs" => process.task = xargs(rest)?,
            "watch" => process.task = watch(rest, cx)?,
            "help" => cx.screen.write(Stream::Simulator, &super::hints::help(), &[]),
            _ if filter::NAMES.contains(&name) => return self.filter(name, rest, process, cx),
            _ => {
                let Some(Answer { text, links, code, then }) = cx.place.word(words) else {
                    return Err(failed(127, "bash", &[name, ": command not found"]));
                };
                cx.screen.write(Stream::Simulator, &text, &links);
                process.env.status = code;
                match then {
                    Then::At(time) => process.task = Task::Sleep(time, true),
                    Then::Settled => process.task = Task::Settle,
                    Then::Now => {}
                }
            }
        }
        Ok(())
    }

    fn filter(
        &mut self,
        name: &str,
        words: &[String],
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Result<(), Failed> {
        let (filter, mut files) = Filter::new(name, words).map_err(|error| (2, error + "\n"))?;
        files.retain(|file| file != "-");
        let in_place = filter.in_place();
        process.task = Task::Filter(filter);
        if files.is_empty() {
            return match in_place {
                true => Err(failed(1, name, &["no input files"])),
                false => Ok(()),
            };
        }
        if in_place {
            let text = Job::file_text(&files, cx);
            let text = text.map_err(|error| failed(2, name, &["can't read ", &error]))?;
            process.ends.input = Source::Pipe(self.pipe(text));
            process.ends.output =
                self.file_sink(&files[0], false, cx).unwrap_or(process.ends.output);
            return Ok(());
        }
        let (mut text, mut missing, mut found) = (String::new(), String::new(), false);
        // What is there is read all the same.
        for file in files {
            match Job::file_text(&[file], cx) {
                Ok(more) => {
                    text.push_str(&more);
                    found = true;
                }
                Err(error) => missing.push_str(&failed(1, name, &[&error]).1),
            }
        }
        if !found {
            return Err((1, missing));
        }
        self.write(process.ends.errors, &missing, cx);
        process.ends.input = Source::Pipe(self.pipe(text));
        Ok(())
    }

    fn tee(&mut self, words: &[String], cx: &mut Cx<'_>) -> Result<Task, Failed> {
        let options = options("tee", words, "ai", false)?;
        let mut sinks = Vec::new();
        for path in &options.rest {
            let sink = self.file_sink(path, options.has('a'), cx);
            sinks.push(sink.map_err(|error| failed(1, "tee", &[&error]))?);
        }
        Ok(Task::Tee(sinks))
    }

    /// Does one step of a process that is no script.
    pub(super) fn task(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let over = match &mut process.task {
            Task::Sleep(until, _) => cx.place.now() >= *until,
            Task::Settle => cx.place.is_settled(),
            Task::Await(numbers, _) => {
                let behind = cx.place.behind();
                !numbers.iter().any(|number| behind.iter().any(|job| job.number == *number))
            }
            Task::Kubectl(..) => return self.kubectl(process, cx),
            Task::Inside(..) => return self.inside(process, cx),
            Task::Watch(_) => return self.watch(process, cx),
            _ => {
                match self.take_line(process.ends.input) {
                    Taken::Later => return Step::Blocked,
                    Taken::Line(line) => self.take(process, line, cx),
                    Taken::End => self.end(process, cx),
                }
                return Step::Moved;
            }
        };
        if !over {
            return Step::Blocked;
        }
        process.code = Some(0);
        Step::Moved
    }

    /// Gives a line to a process.
    fn take(&mut self, process: &mut Process, mut line: String, cx: &mut Cx<'_>) {
        match &mut process.task {
            Task::Filter(filter) => {
                let mut out = String::new();
                let more = filter.line(&line, &mut out);
                self.write(process.ends.output, &out, cx);
                if !more {
                    self.end(process, cx);
                }
            }
            Task::Tee(sinks) => {
                line.push('\n');
                for sink in sinks.iter().chain([&process.ends.output]) {
                    self.write(*sink, &line, cx);
                }
            }
            Task::Reads(_, text) => {
                text.push_str(&line);
                text.push('\n');
            }
            Task::Xargs(xargs) => xargs.lines.push(line),
            _ => {}
        }
    }

    /// Tells a process that its input has ended.
    fn end(&mut self, process: &mut Process, cx: &mut Cx<'_>) {
        match &mut process.task {
            Task::Filter(filter) => {
                let mut out = String::new();
                let end = filter.end(&mut out);
                process.code = Some(*end.as_ref().unwrap_or(&5));
                if let Err(error) = end {
                    self.write(process.ends.errors, &(error + "\n"), cx);
                }
                self.write(process.ends.output, &out, cx);
            }
            Task::Reads(words, text) => process.task = kubectl(words, std::mem::take(text), false),
            Task::Xargs(xargs) => {
                process.frames = vec![Frame::Block(batches(xargs), 0)];
                process.task = Task::Script;
                process.ends.input = Source::Nothing;
            }
            _ => process.code = Some(0),
        }
    }

    fn kubectl(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Task::Kubectl(running, line, waits, quiet) = &mut process.task else {
            return Step::Blocked;
        };
        if matches!(waits, Waits::Edit(_)) {
            return Step::Blocked;
        }
        let poll = cx.place.poll(line, running);
        match poll.progress {
            Progress::Done(code) => process.code = Some(code),
            Progress::Waits { until } => *waits = Waits::Until(until),
            Progress::Edits(draft) => *waits = Waits::Edit(draft),
        }
        let ends = process.ends;
        let quiet = *quiet || ends.errors == Sink::Nothing;
        let moved = process.code.is_some() || !poll.chunks.is_empty();
        for chunk in poll.chunks {
            let sink = match chunk.stream {
                Stream::Out => ends.output,
                Stream::Err => ends.errors,
                Stream::Simulator if quiet => Sink::Nothing,
                Stream::Simulator => Sink::Screen(Stream::Simulator),
            };
            self.write_linked(sink, &chunk.text, &chunk.links, cx);
        }
        if moved { Step::Moved } else { Step::Blocked }
    }

    fn inside(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Task::Inside(namespace, pod, greeted) = &mut process.task else { return Step::Blocked };
        let output = process.ends.output;
        if !std::mem::replace(greeted, true) {
            let text = "If you don't see a command prompt, try pressing enter.\n/ # ";
            self.write(output, text, cx);
            return Step::Moved;
        }
        let line = match self.take_line(process.ends.input) {
            Taken::Later => return Step::Blocked,
            Taken::Line(line) => line,
            Taken::End => "exit".to_string(),
        };
        let (said, ended) = cx.place.inside(namespace, pod, &line);
        for (stream, text) in said {
            self.write(Sink::Screen(stream), &text, cx);
        }
        process.code = ended;
        if ended.is_none() {
            self.write(output, "/ # ", cx);
        }
        Step::Moved
    }

    fn watch(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Task::Watch(watch) = &mut process.task else { return Step::Blocked };
        let Some((id, pipe)) = watch.running else {
            if cx.place.now() < watch.next {
                return Step::Blocked;
            }
            let frames = vec![Frame::Block(watch.block.clone(), 0)];
            let pipe = self.pipe(String::new());
            let (input, output) = (Source::Nothing, Sink::Pipe(pipe));
            let ends = Ends { input, output, errors: output };
            let begun = self.begin_for(process, Process::script(frames, Env::default(), ends), cx);
            match (&mut process.task, begun) {
                (Task::Watch(watch), Some(id)) => watch.running = Some((id, pipe)),
                _ => process.code = Some(254),
            }
            return Step::Moved;
        };
        if self.collect(id).is_none() {
            return Step::Blocked;
        }
        watch.running = None;
        watch.next = cx.place.now() + watch.every;
        let mut shown = String::new();
        if !watch.head.is_empty() {
            let clock = cx.place.now().since(SimTime::ZERO).clock();
            shown = [&*watch.head, "   t=", &*clock, "\n\n"].concat();
        }
        let text = self.emptied(pipe);
        shown.extend(text.split_inclusive('\n').take(WATCH_ROWS));
        if let Sink::Screen(_) = process.ends.output {
            cx.screen.begin_frame();
        }
        self.write(process.ends.output, &shown, cx);
        Step::Moved
    }
}

/// A command of kubectl that reads `text`.
pub(super) fn kubectl(words: &[String], text: String, quiet: bool) -> Task {
    let mut line = "kubectl".to_string();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    Task::Kubectl(running::start(words, text), line, Waits::Nothing, quiet)
}

/// Reads the options of the command `name`.
fn options(name: &str, words: &[String], known: &str, first: bool) -> Result<Options, Failed> {
    Options::read(words, known, first).map_err(|error| failed(1, name, &[&error]))
}

fn xargs(words: &[String]) -> Result<Task, Failed> {
    let mut options = options("xargs", words, "n:I:rt0P:", true)?;
    let size = match options.value('n').map(str::parse) {
        None => usize::MAX,
        Some(Ok(size)) if size > 0 => size,
        _ => return Err(failed(1, "xargs", &["value for -n option should be >= 1"])),
    };
    let mark = options.value('I').map(String::from);
    let mut command = std::mem::take(&mut options.rest);
    if command.is_empty() {
        command.push("echo".into());
    }
    Ok(Task::Xargs(Xargs { command, lines: Vec::new(), size, mark }))
}

/// The commands that xargs makes of its words and what it read.
fn batches(xargs: &Xargs) -> Block {
    let literal = |word: &str| vec![Piece::text(word, true)];
    let mut block = Vec::new();
    let mut add = |words: Vec<Word>| {
        let mut command = Command::new(What::Simple);
        command.words = words;
        block.push(Pipeline::of(command));
    };
    if let Some(mark) = &xargs.mark {
        for line in &xargs.lines {
            add(xargs.command.iter().map(|word| literal(&word.replace(mark, line))).collect());
        }
        return Rc::new(block);
    }
    let mut given = Vec::new();
    for line in &xargs.lines {
        given.extend(line.split_whitespace());
    }
    let mut rest = &given[..];
    loop {
        let (batch, after) = rest.split_at(rest.len().min(xargs.size));
        let mut words: Vec<Word> = xargs.command.iter().map(|word| literal(word)).collect();
        words.extend(batch.iter().map(|word| literal(word)));
        add(words);
        rest = after;
        if rest.is_empty() {
            return Rc::new(block);
        }
    }
}

fn watch(words: &[String], cx: &mut Cx<'_>) -> Result<Task, Failed> {
    let options = options("watch", words, "n:tdcbegx", true)?;
    let text = options.value('n').unwrap_or("2");
    let Some(every) = span(text) else {
        return Err(failed(1, "watch", &["failed to parse argument: '", text, "'"]));
    };
    if options.rest.is_empty() {
        return Err((1, "Usage:\n watch [options] command\n".into()));
    }
    let line = options.rest.join(" ");
    let Ok(block) = read(&line) else {
        return Err(failed(2, "sh", &[&line, ": syntax error"]));
    };
    let every = every.max(Span(100));
    let tenths = every.0 / 100;
    let head = match options.has('t') {
        true => String::new(),
        false => format!("Every {}.{}s: {line}", tenths / 10, tenths % 10),
    };
    Ok(Task::Watch(Watch { block, head, every, next: cx.place.now(), running: None }))
}
