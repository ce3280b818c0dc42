//! Processes that are no scripts: filters, kubectl, `sleep`, `tee`, `xargs`, `watch`, and the
//! simulator's own words.

use super::filter::{self, Filter};
use super::inside;
use super::job::{Cx, Ends, Job, Process, Sink, Source, Step, Taken, Task, Waits, Watch, Xargs};
use super::options::Options;
use super::script::FIRST_PROCESS;
use super::syntax::{Block, Command, Piece, What};
use super::{Answer, Behind, Env, Then, read};
use crate::base::time::{SimTime, Span};
use crate::kubectl::running::{self, Progress, Stream};

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
        let thousandths = [whole, [part, "000"].concat().get(..3)?].concat();
        let amount = thousandths.parse::<u64>().ok()?.checked_mul(unit)?;
        total = total.checked_add(amount / 1_000)?;
        rest = &after[next..];
    }
    (!text.is_empty()).then_some(Span(total))
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

impl Job {
    /// Says what is wrong with a command that was to become a process, and how it ended.
    fn fail(
        &mut self,
        code: i32,
        what: &[&str],
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Option<Task> {
        process.env.status = code;
        self.write(process.ends.errors, &(what.concat() + "\n"), cx);
        None
    }

    /// `jobs`, `fg`, `bg`, `wait`, `kill`: about what runs in the background.
    fn control(
        &mut self,
        words: &[String],
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Option<Task> {
        let (name, all) = (&*words[0], cx.place.behind());
        let (one, kills) = (matches!(name, "fg" | "bg"), name == "kill");
        let (mut chosen, mut missing) = (Vec::new(), None);
        for word in &words[1..] {
            if word.starts_with('-') && word.len() > 1 || one && !chosen.is_empty() {
                continue;
            }
            match meant(all, word) {
                Some(number) => chosen.push(number),
                None => missing = missing.or(Some(&**word)),
            }
        }
        if chosen.is_empty() && missing.is_none() {
            match all.last() {
                _ if kills => {
                    let what = "kill: usage: kill [-s sigspec] pid | jobspec ...";
                    return self.fail(2, &[what], process, cx);
                }
                Some(last) if one => chosen.push(last.number),
                None if one => missing = Some("current"),
                _ => chosen.extend(all.iter().map(|job| job.number)),
            }
        }
        if let Some(word) = missing {
            let what = if one || word.starts_with('%') { "job" } else { "process" };
            let what = ["bash: ", name, ": ", word, ": no such ", what];
            return self.fail(1, &what, process, cx);
        }
        let (mut text, mut at) = (String::new(), 0);
        while let Some(job) = all.get(at) {
            at += 1;
            if !chosen.contains(&job.number) {
                continue;
            }
            match name {
                "jobs" | "kill" => {
                    text.push_str(&job.told(if kills { "Terminated" } else { "Running" }));
                    if kills {
                        at -= 1;
                        all.remove(at);
                    } else {
                        text.pop();
                        text.push_str(" &\n");
                    }
                }
                "fg" => text = [&*job.line, "\n"].concat(),
                "bg" => text = format!("bash: bg: job {} already in background\n", job.number),
                _ => {}
            }
        }
        cx.screen.write(Stream::Out, &text, &[]);
        Some(match name {
            "fg" | "wait" => Task::Await(chosen, one),
            _ => Task::Script,
        })
    }

    /// What `words` mean that `process`, which is an empty script, is to do; nothing if something
    /// is wrong with them, which it says.
    pub(super) fn made(
        &mut self,
        words: &[String],
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Option<Task> {
        let (name, rest) = (&*words[0], &words[1..]);
        match name {
            "kubectl" => {
                let reads = |word: &String| matches!(&**word, "-" | "-f-") || word.ends_with("=-");
                if let Some(frames) = inside::frames(rest, cx.place) {
                    process.frames = frames;
                } else if rest.iter().any(reads) {
                    return Some(Task::Reads(rest.to_vec(), String::new()));
                } else {
                    return Some(kubectl(rest, String::new(), false));
                }
            }
            "sleep" => {
                let shown = rest.first().map_or("", String::as_str);
                let Some(span) = span(shown) else {
                    let what = ["sleep: invalid time interval '", shown, "'"];
                    return self.fail(1, &what, process, cx);
                };
                return Some(Task::Sleep(cx.place.now() + span, false));
            }
            "jobs" | "fg" | "bg" | "wait" | "kill" => return self.control(words, process, cx),
            "tee" => return self.tee(words, process, cx),
            "xargs" => return self.xargs(words, process, cx),
            "watch" => return self.watches(words, process, cx),
            "help" => cx.screen.write(Stream::Simulator, &super::hints::help(), &[]),
            _ if filter::NAMES.contains(&name) => return self.filter(words, process, cx),
            _ => {
                let Some(Answer { text, links, code, then }) = cx.place.word(words) else {
                    let what = ["bash: ", name, ": command not found"];
                    return self.fail(127, &what, process, cx);
                };
                cx.screen.write(Stream::Simulator, &text, &links);
                process.env.status = code;
                return Some(match then {
                    Then::At(time) => Task::Sleep(time, true),
                    Then::Settled => Task::Settle,
                    Then::Now => Task::Script,
                });
            }
        }
        Some(Task::Script)
    }

    fn filter(&mut self, words: &[String], process: &mut Process, cx: &mut Cx<'_>) -> Option<Task> {
        let name = &*words[0];
        let (filter, mut files) = match Filter::new(name, &words[1..]) {
            Ok(made) => made,
            Err(error) => return self.fail(2, &[&error], process, cx),
        };
        files.retain(|file| file != "-");
        let in_place = filter.in_place();
        let task = Task::Filter(filter);
        if files.is_empty() {
            return match in_place {
                true => self.fail(1, &[name, ": no input files"], process, cx),
                false => Some(task),
            };
        }
        let (mut text, mut found) = (String::new(), false);
        // What is there is read all the same, unless it is to be changed.
        for file in files.chunks(if in_place { files.len() } else { 1 }) {
            match Job::file_text(file, cx) {
                Ok(more) => {
                    text.push_str(&more);
                    found = true;
                }
                Err(error) if in_place => {
                    return self.fail(2, &[name, ": can't read ", &error], process, cx);
                }
                Err(error) => {
                    self.fail(1, &[name, ": ", &error], process, cx);
                }
            }
        }
        process.ends.input = Source::Pipe(self.pipe(text));
        if in_place && let Ok(sink) = self.file_sink(&files[0], false, cx) {
            process.ends.output = sink;
        }
        found.then_some(task)
    }

    /// Reads the options of a command.
    fn options(
        &mut self,
        words: &[String],
        known: &str,
        first: bool,
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Option<Options> {
        match Options::read(&words[1..], known, first) {
            Ok(options) => Some(options),
            Err(error) => {
                self.fail(1, &[&words[0], ": ", &error], process, cx);
                None
            }
        }
    }

    fn tee(&mut self, words: &[String], process: &mut Process, cx: &mut Cx<'_>) -> Option<Task> {
        let options = self.options(words, "ai", false, process, cx)?;
        let mut sinks = vec![process.ends.output];
        for path in &options.rest {
            match self.file_sink(path, options.has('a'), cx) {
                Ok(sink) => sinks.push(sink),
                Err(error) => return self.fail(1, &["tee: ", &error], process, cx),
            }
        }
        Some(Task::Tee(sinks))
    }

    fn xargs(&mut self, words: &[String], process: &mut Process, cx: &mut Cx<'_>) -> Option<Task> {
        let mut options = self.options(words, "n:I:rt0P:", true, process, cx)?;
        let mark = options.value('I').map(String::from);
        let size = match options.value('n').map(str::parse) {
            None => usize::MAX,
            Some(Ok(size)) if size > 0 => size,
            _ => {
                let what = "xargs: value for -n option should be >= 1";
                return self.fail(1, &[what], process, cx);
            }
        };
        let mut command = std::mem::take(&mut options.rest);
        if command.is_empty() {
            command.push("echo".into());
        }
        Some(Task::Xargs(Xargs { command, text: String::new(), size, mark }))
    }

    fn watches(
        &mut self,
        words: &[String],
        process: &mut Process,
        cx: &mut Cx<'_>,
    ) -> Option<Task> {
        let options = self.options(words, "n:tdcbegx", true, process, cx)?;
        let text = options.value('n').unwrap_or("2");
        let Some(every) = span(text) else {
            let what = ["watch: failed to parse argument: '", text, "'"];
            return self.fail(1, &what, process, cx);
        };
        if options.rest.is_empty() {
            return self.fail(1, &["Usage:\n watch [options] command"], process, cx);
        }
        let line = options.rest.join(" ");
        let Ok(block) = read(&line) else {
            return self.fail(2, &["sh: ", &line, ": syntax error"], process, cx);
        };
        let every = every.max(Span(100));
        let tenths = every.0 / 100;
        let head = match options.has('t') {
            true => String::new(),
            false => format!("Every {}.{}s: {line}", tenths / 10, tenths % 10),
        };
        Some(Task::Watch(Watch { block, head, every, next: cx.place.now(), running: None }))
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
                for sink in sinks {
                    self.write(*sink, &line, cx);
                }
            }
            Task::Reads(_, text) | Task::Xargs(Xargs { text, .. }) => {
                text.push_str(&line);
                text.push('\n');
            }
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
                let block = batches(xargs);
                process.enter(&block);
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
            let pipe = self.pipe(String::new());
            let (input, output) = (Source::Nothing, Sink::Pipe(pipe));
            let mut inner = Process::script(Env::default(), Ends { input, output, errors: output });
            inner.enter(&watch.block);
            let begun = self.begin_for(process, inner, cx);
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

/// The commands that xargs makes of its words and what it read.
fn batches(xargs: &Xargs) -> Block {
    let literal = |word: &str| vec![Piece::text(word, true)];
    let mark = xargs.mark.as_deref();
    let mut given = Vec::new();
    for line in xargs.text.split_terminator('\n') {
        match mark {
            Some(_) => given.push(line),
            None => given.extend(line.split_whitespace()),
        }
    }
    let (mut block, mut rest) = (Vec::new(), &given[..]);
    // Without a mark it runs once though nothing was read.
    let size = if mark.is_some() { 1 } else { xargs.size };
    while !rest.is_empty() || block.is_empty() && mark.is_none() {
        let (batch, after) = rest.split_at(rest.len().min(size));
        rest = after;
        let mut command = Command::new(What::Simple);
        for word in &xargs.command {
            command.words.push(match mark {
                Some(mark) => literal(&word.replace(mark, batch[0])),
                None => literal(word),
            });
        }
        if mark.is_none() {
            command.words.extend(batch.iter().map(|word| literal(word)));
        }
        block.push(command.alone());
    }
    Command::of(What::List, block)
}
