//! Commands under way in a replay: begun at their times, polled after each write and when their
//! own time comes, their answers kept.

use super::drive::{Answer, Driver};
use super::hub::{Wire, words};
use super::scenario::Scenario;
use playground::base::time::{SimTime, Span};
use playground::kubectl::running::{self, Context, Progress, Running, Settings, Stream};

/// After its beginning a command that waits has its first answer.
const FIRST_ANSWER: Span = Span::millis(70);

/// Before its end a command that reads has its last answer.
const LAST_ANSWER: Span = Span::millis(6);

/// Between the requests of one command about several objects.
const NEXT_OBJECT: Span = Span::millis(8);

/// A command under way.
pub struct Job {
    running: Running,
    /// Whether it is one of the typed commands, not of the actions.
    typed: bool,
    answer: Answer,
    /// When it goes on by itself.
    pub until: Option<SimTime>,
    /// The store's revision when it was last looked at.
    revision: u64,
}

/// The typed commands that are no actions: when their first request was answered, number, line.
pub fn typed(scenario: &Scenario) -> Vec<(Span, usize, String)> {
    let mut out = Vec::new();
    for (number, typed) in scenario.typed.iter().enumerate().filter(|(_, t)| t.action.is_none()) {
        let waits = ["wait", "rollout"].contains(&typed.command.split(' ').nth(1).unwrap_or(""));
        let at = match waits {
            true => (typed.at + FIRST_ANSWER.0).min(typed.end),
            false => typed.end.saturating_sub(LAST_ANSWER.0).max(typed.at),
        };
        out.push((Span(at), number, typed.command.clone()));
    }
    out.sort_by_key(|(at, ..)| *at);
    out
}

impl Driver<'_> {
    /// Begins a command; `typed` says that its number is one of the typed commands.
    pub(super) fn begin(&mut self, number: usize, line: &str, typed: bool) {
        let answer = Answer::new(number);
        let running = running::start(&words(line), String::new());
        let mut job = Job { running, typed, answer, until: None, revision: 0 };
        if !self.poll(&mut job) {
            self.jobs.push(job);
        }
    }

    /// Lets a command go on; whether it has ended.
    pub(super) fn poll(&mut self, job: &mut Job) -> bool {
        let mut settings = Settings::default();
        let poll = job.running.poll(&mut Context {
            hub: &mut Wire(&mut self.world),
            files: &self.files,
            settings: &mut settings,
            pace: NEXT_OBJECT,
        });
        for chunk in poll.chunks {
            match chunk.stream {
                Stream::Out => job.answer.stdout.push_str(&chunk.text),
                Stream::Err => job.answer.stderr.push_str(&chunk.text),
                Stream::Simulator => {}
            }
        }
        job.revision = self.world.store().revision();
        let done = match poll.progress {
            Progress::Done(code) => {
                job.answer.code = code.into();
                true
            }
            Progress::Waits { until } => {
                job.until = until;
                false
            }
            Progress::Edits(_) => true,
        };
        if done {
            self.keep(job);
        }
        done
    }

    pub(super) fn keep(&mut self, job: &mut Job) {
        let answer = std::mem::replace(&mut job.answer, Answer::new(0));
        match job.typed {
            true => self.played.typed.push(answer),
            false => self.played.answers.push(answer),
        }
    }

    /// Lets all commands go on that something may have happened for.
    pub(super) fn poll_jobs(&mut self) {
        let revision = self.world.store().revision();
        let now = self.world.now;
        let due = |job: &Job| job.revision < revision || job.until.is_some_and(|at| at <= now);
        let (ready, waiting): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut self.jobs).into_iter().partition(due);
        self.jobs = waiting;
        for mut job in ready {
            if !self.poll(&mut job) {
                self.jobs.push(job);
            }
        }
    }

    /// Types what is to be typed before `until`.
    pub(super) fn type_until(
        &mut self,
        typed: &mut std::iter::Peekable<std::vec::IntoIter<(Span, usize, String)>>,
        until: Span,
    ) {
        while let Some((at, number, line)) = typed.next_if(|(at, ..)| *at < until) {
            self.run_until(self.start + at);
            self.begin(number, &line, true);
        }
    }
}
