//! Processes that are no scripts: filters, kubectl, `sleep`, `tee`, `xargs`, `watch`, and the
//! simulator's own words.

use super::filter::{self, Filter};
use super::inside;
use super::job::{Cx, Job, Process, Sink, Source, Step, Taken, Task, Waits, Watch};
use super::options::Options;
use super::script::Frame;
use super::syntax::{Chain, Command, Join, Piece, Pipeline, What};
use super::{Answer, Then, read};
use crate::base::time::Span;
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

/// `jobs`, `fg`, `bg`, `wait`, `kill`: about what runs in the background.
fn control(name: &str, words: &[String], cx: &mut Cx<'_>) -> Made {
    let all = cx.place.behind();
    let done = Task::Script(Vec::new(), super::Env::default());
    let given = words.iter().filter(|word| !word.starts_with('-') || word.len() == 1);
    let given: Vec<&String> = given.collect();
    let number = |word: &str| {
        let number = match word.strip_prefix('%') {
            Some("" | "+" | "%") => all.last()?.number,
            Some(number) => number.parse().ok()?,
            None => word.parse::<u32>().ok()?.checked_sub(super::script::FIRST_PROCESS)?,
        };
        all.iter().any(|job| job.number == number).then_some(number)
    };
    let mut chosen = Vec::new();
    for word in &given {
        let Some(number) = number(word) else {
            let what = if word.starts_with('%') { "no such job" } else { "no such process" };
            return Err((1, format!("bash: {name}: {word}: {what}\n")));
        };
        chosen.push(number);
    }
    if name == "kill" && given.is_empty() {
        return Err((2, "kill: usage: kill [-s sigspec] pid | jobspec ...\n".into()));
    }
    if matches!(name, "fg" | "bg") && given.is_empty() {
        match all.last() {
            Some(last) => chosen.push(last.number),
            None => return Err((1, format!("bash: {name}: current: no such job\n"))),
        }
    }
    let mut text = String::new();
    match name {
        "jobs" => {
            text = all.iter().map(|job| job.told("Running").replace('\n', " &\n")).collect();
        }
        "kill" => all.retain(|job| {
            let killed = chosen.contains(&job.number);
            text += &if killed { job.told("Terminated") } else { String::new() };
            !killed
        }),
        "bg" => text = format!("bash: bg: job {} already in background\n", chosen[0]),
        "fg" => {
            let own = |job: &&super::Behind| job.number == chosen[0];
            text = all.iter().find(own).map_or(String::new(), |job| format!("{}\n", job.line));
        }
        _ if chosen.is_empty() => chosen = all.iter().map(|job| job.number).collect(),
        _ => {}
    }
    cx.screen.write(Stream::Out, &text, &[]);
    Ok(match name {
        "fg" | "wait" => (Task::Await(chosen, name == "fg"), None, None),
        _ => (done, None, None),
    })
}

type Made = Result<(Task, Option<Source>, Option<Sink>), (i32, String)>;

impl Job {
    /// The task that `words` mean, and what it reads and writes where that is not what it is
    /// given. An error is an exit code and what is said.
    pub(super) fn made(
        &mut self,
        words: &[String],
        ends: &super::script::Ends,
        cx: &mut Cx<'_>,
    ) -> Made {
        let (name, rest) = (&*words[0], &words[1..]);
        match name {
            "kubectl" => {
                let reads =
                    words.iter().any(|word| word == "-" || word == "-f-" || word.ends_with("=-"));
                if let Some(task) = inside::task(rest, cx.place) {
                    return Ok((task, None, None));
                }
                return Ok(match reads {
                    true => (Task::Reads([rest, &[END.to_string()]].concat()), None, None),
                    false => (kubectl(rest, String::new()), None, None),
                });
            }
            "sleep" => {
                let span = rest.first().and_then(|text| span(text));
                let shown = rest.first().map_or("", String::as_str);
                let wrong = || (1, format!("sleep: invalid time interval '{shown}'\n"));
                return Ok((
                    Task::Sleep(cx.place.now() + span.ok_or_else(wrong)?, false),
                    None,
                    None,
                ));
            }
            "jobs" | "fg" | "bg" | "wait" | "kill" => return control(name, rest, cx),
            "tee" => return tee(rest, cx),
            "xargs" => return xargs(rest),
            "watch" => return watch(rest, cx),
            "help" => {
                cx.screen.write(Stream::Simulator, &super::hints::help(), &[]);
                return Ok((Task::Script(Vec::new(), super::Env::default()), None, None));
            }
            _ => {}
        }
        if filter::NAMES.contains(&name) {
            return self.filter(name, rest, ends, cx);
        }
        let Some(Answer { text, links, code, then }) = cx.place.word(words) else {
            return Err((127, format!("bash: {name}: command not found\n")));
        };
        cx.screen.write(Stream::Simulator, &text, &links);
        Ok(match then {
            Then::At(time) => (Task::Sleep(time, true), None, None),
            Then::Settled => (Task::Settle, None, None),
            Then::Now => {
                let env = super::Env { status: code, ..super::Env::default() };
                (Task::Script(Vec::new(), env), None, None)
            }
        })
    }

    fn filter(
        &mut self,
        name: &str,
        words: &[String],
        ends: &super::script::Ends,
        cx: &mut Cx<'_>,
    ) -> Made {
        let (filter, files) =
            Filter::new(name, words).map_err(|error| (2, format!("{error}\n")))?;
        let mut files: Vec<String> = files.into_iter().filter(|file| file != "-").collect();
        if files.is_empty() {
            if filter.in_place() {
                return Err((1, "sed: no input files\n".into()));
            }
            return Ok((Task::Filter(filter), None, None));
        }
        let mut missing = (0, String::new());
        if !filter.in_place() {
            // What is there is read all the same.
            for file in std::mem::take(&mut files) {
                match Job::file_text(std::slice::from_ref(&file), cx) {
                    Ok(_) => files.push(file),
                    Err(error) => missing = (1, format!("{}{name}: {error}\n", missing.1)),
                }
            }
        }
        if files.is_empty() {
            return Err(missing);
        }
        self.write(&ends.2.clone(), &missing.1, &[], cx);
        let text = Job::file_text(&files, cx);
        let text = text.map_err(|error| (2, format!("{name}: can't read {error}\n")))?;
        let input = Source::Pipe(self.pipe(text, true));
        let output = match filter.in_place() {
            true => Job::file_sink(&files[0], false, cx).ok(),
            false => None,
        };
        Ok((Task::Filter(filter), Some(input), output))
    }

    /// Does one step of a process that is no script.
    pub(super) fn task(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        match &mut process.task {
            Task::Sleep(until, _) => {
                if cx.place.now() < *until {
                    return Step::Blocked;
                }
                process.code = Some(0);
                Step::Moved
            }
            Task::Settle => {
                if !cx.place.is_settled() {
                    return Step::Blocked;
                }
                process.code = Some(0);
                Step::Moved
            }
            Task::Await(numbers, _) => {
                let all = cx.place.behind();
                if all.iter().any(|job| numbers.contains(&job.number)) {
                    return Step::Blocked;
                }
                process.code = Some(0);
                Step::Moved
            }
            Task::Kubectl(..) => self.kubectl(process, cx),
            Task::Watch(_) => self.watch(process, cx),
            Task::Inside(..) => self.inside(process, cx),
            _ => match self.take_line(process.input) {
                Taken::Later => Step::Blocked,
                Taken::Line(line) => {
                    self.take(process, &line, cx);
                    Step::Moved
                }
                Taken::End => {
                    self.end(process, cx);
                    Step::Moved
                }
            },
        }
    }

    /// Gives a line to a process.
    fn take(&mut self, process: &mut Process, line: &str, cx: &mut Cx<'_>) {
        let mut out = String::new();
        match &mut process.task {
            Task::Filter(filter) => {
                let more = filter.line(line, &mut out);
                self.write(&process.output.clone(), &out, &[], cx);
                if !more {
                    self.end(process, cx);
                }
                return;
            }
            Task::Tee(files) => {
                out = format!("{line}\n");
                for file in files.clone() {
                    self.write(&Sink::File(file), &out, &[], cx);
                }
            }
            Task::Reads(words) => {
                // The text is collected behind the words.
                words.push(line.to_string());
            }
            Task::Xargs(words, _, _) => words.push(line.to_string()),
            _ => {}
        }
        self.write(&process.output.clone(), &out, &[], cx);
    }

    /// Tells a process that its input has ended.
    fn end(&mut self, process: &mut Process, cx: &mut Cx<'_>) {
        let mut out = String::new();
        match &mut process.task {
            Task::Filter(filter) => match filter.end(&mut out) {
                Ok(code) => process.code = Some(code),
                Err(error) => {
                    process.code = Some(5);
                    self.write(&process.errors.clone(), &format!("{error}\n"), &[], cx);
                }
            },
            Task::Reads(words) => {
                let at = words.iter().position(|word| word == END).unwrap_or(words.len());
                let text: String =
                    words.drain(at..).skip(1).flat_map(|line| [line, "\n".into()]).collect();
                process.task = kubectl(words, text);
                return;
            }
            Task::Xargs(words, size, mark) => {
                process.task =
                    Task::Script(batches(words, *size, mark.as_deref()), super::Env::default());
                process.input = Source::Nothing;
                return;
            }
            _ => process.code = Some(0),
        }
        self.write(&process.output.clone(), &out, &[], cx);
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
        let moved = process.code.is_some() || !poll.chunks.is_empty();
        for chunk in poll.chunks {
            let sink = match chunk.stream {
                Stream::Out => process.output.clone(),
                Stream::Err => process.errors.clone(),
                Stream::Simulator if *quiet || process.errors == Sink::Nothing => continue,
                Stream::Simulator => Sink::Screen(Stream::Simulator),
            };
            self.write(&sink, &chunk.text, &chunk.links, cx);
        }
        if moved { Step::Moved } else { Step::Blocked }
    }

    fn inside(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Task::Inside(namespace, pod, greeted) = &mut process.task else { return Step::Blocked };
        let output = process.output.clone();
        if !std::mem::replace(greeted, true) {
            let text = "If you don't see a command prompt, try pressing enter.\n/ # ";
            self.write(&output, text, &[], cx);
            return Step::Moved;
        }
        let line = match self.take_line(process.input) {
            Taken::Later => return Step::Blocked,
            Taken::Line(line) => line,
            Taken::End => "exit".to_string(),
        };
        let (said, ended) = cx.place.inside(namespace, pod, &line);
        for (stream, text) in said {
            self.write(&Sink::Screen(stream), &text, &[], cx);
        }
        process.code = ended;
        if ended.is_none() {
            self.write(&output, "/ # ", &[], cx);
        }
        Step::Moved
    }

    fn watch(&mut self, process: &mut Process, cx: &mut Cx<'_>) -> Step {
        let Task::Watch(watch) = &mut process.task else { return Step::Blocked };
        let Some((id, pipe)) = watch.running else {
            if cx.place.now() < watch.next {
                return Step::Blocked;
            }
            let block = watch.block.clone();
            let pipe = self.pipe(String::new(), true);
            let inner = Task::Script(vec![Frame::Block(block, 0)], super::Env::default());
            let ends = (Source::Nothing, Sink::Pipe(pipe), Sink::Pipe(pipe));
            let begun = self.begin_for(process, inner, ends, cx);
            let Task::Watch(watch) = &mut process.task else { return Step::Blocked };
            watch.running = begun.map(|id| (id, pipe));
            if begun.is_none() {
                process.code = Some(254);
            }
            return Step::Moved;
        };
        if self.collect(id).is_none() {
            return Step::Blocked;
        }
        let text = self.pipes[pipe].take().unwrap_or_default().text;
        let Task::Watch(watch) = &mut process.task else { return Step::Blocked };
        watch.running = None;
        watch.next = cx.place.now() + watch.every;
        let shown: String = text.split_inclusive('\n').take(WATCH_ROWS).collect();
        if let Sink::Screen(_) = process.output {
            cx.screen.begin_frame();
        }
        let shown = match &*watch.head {
            "" => shown,
            head => {
                let clock = cx.place.now().since(crate::base::time::SimTime::ZERO).clock();
                format!("{head}   t={clock}\n\n{shown}")
            }
        };
        self.write(&process.output.clone(), &shown, &[], cx);
        Step::Moved
    }
}

/// Stands between the words of a command and the text it reads.
const END: &str = "\0";

fn kubectl(words: &[String], text: String) -> Task {
    let words: Vec<String> = words.iter().filter(|word| *word != END).cloned().collect();
    let line = std::iter::once("kubectl").chain(words.iter().map(String::as_str));
    let line = line.collect::<Vec<_>>().join(" ");
    Task::Kubectl(running::start(&words, text), line, Waits::Nothing, false)
}

fn tee(words: &[String], cx: &mut Cx<'_>) -> Made {
    let wrong = |error| (1, format!("tee: {error}\n"));
    let options = Options::read(words, "ai", false).map_err(wrong)?;
    let mut files = Vec::new();
    for path in &options.rest {
        match Job::file_sink(path, options.has('a'), cx) {
            Ok(Sink::File(name)) => files.push(name),
            Ok(_) => {}
            Err(error) => return Err((1, error.replace("bash:", "tee:"))),
        }
    }
    Ok((Task::Tee(files), None, None))
}

fn xargs(words: &[String]) -> Made {
    let wrong = |error| (1, format!("xargs: {error}\n"));
    let options = Options::read(words, "n:I:rt0P:", true).map_err(wrong)?;
    let size = match options.value('n').map(str::parse) {
        None => usize::MAX,
        Some(Ok(size)) if size > 0 => size,
        _ => return Err((1, "xargs: value for -n option should be >= 1\n".into())),
    };
    let mut words = options.rest.clone();
    if words.is_empty() {
        words.push("echo".into());
    }
    words.push(END.into());
    Ok((Task::Xargs(words, size, options.value('I').map(String::from)), None, None))
}

/// The commands that xargs makes of its words and what it read, as frames, the first on top.
fn batches(words: &[String], size: usize, mark: Option<&str>) -> Vec<Frame> {
    let at = words.iter().position(|word| word == END).unwrap_or(words.len());
    let (command, lines) = (&words[..at], &words[(at + 1).min(words.len())..]);
    let literal = |word: &str| vec![Piece::Text(word.to_string(), true)];
    let mut made = Vec::new();
    if let Some(mark) = mark {
        for line in lines {
            made.push(command.iter().map(|word| literal(&word.replace(mark, line))).collect());
        }
    } else {
        let given: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
        for batch in given.chunks(size.min(given.len().max(1))) {
            let all = command.iter().map(String::as_str).chain(batch.iter().copied());
            made.push(all.map(literal).collect());
        }
        if given.is_empty() {
            made.push(command.iter().map(|word| literal(word)).collect::<Vec<_>>());
        }
    }
    let frame = |words: Vec<_>| {
        let command = Command { what: What::Simple(Vec::new(), words), redirects: Vec::new() };
        let pipeline = Pipeline { negated: false, commands: vec![Rc::new(command)] };
        let chain: Chain = vec![(Join::First, Rc::new(pipeline))];
        Frame::Chain(Rc::new(chain), 0)
    };
    made.into_iter().rev().map(frame).collect()
}

fn watch(words: &[String], cx: &mut Cx<'_>) -> Made {
    let wrong = |error| (1, format!("watch: {error}\n"));
    let options = Options::read(words, "n:tdcbegx", true).map_err(wrong)?;
    let every = match options.value('n') {
        Some(text) => {
            span(text).ok_or((1, format!("watch: failed to parse argument: '{text}'\n")))?
        }
        None => Span::seconds(2),
    };
    if options.rest.is_empty() {
        return Err((1, "Usage:\n watch [options] command\n".into()));
    }
    let line = options.rest.join(" ");
    let block = match read(&line) {
        Ok(block) => block,
        Err(_) => return Err((2, format!("sh: {line}: syntax error\n"))),
    };
    let every = every.max(Span(100));
    let tenths = every.0 / 100;
    let head = match options.has('t') {
        true => String::new(),
        false => format!("Every {}.{}s: {line}", tenths / 10, tenths % 10),
    };
    Ok((Task::Watch(Watch { block, head, every, next: cx.place.now(), running: None }), None, None))
}
