//! Terminals: tabs of lines typed and what came of them, each with a shell of its own. All of
//! it is data; the session lets their jobs go on as simulated time does.
//!
//! Not here: how a job reaches the cluster (`place`), how it looks (`view`).

use crate::api::kinds::ObjectRef;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::kubectl::running::{Settings, Stream};
use crate::shell::{Behind, Block, Env, Fault, Job, Screen, Wish, read};
use std::rc::Rc;

/// Terminals open at one time.
pub const TABS_MAX: usize = 6;

/// Lines of output kept in a tab.
const LINES_MAX: usize = 2_000;

/// Typed lines remembered.
const HISTORY_MAX: usize = 500;

/// All terminals.
#[derive(Debug)]
pub struct Terminal {
    /// The tabs, in order.
    pub tabs: Vec<Tab>,
    /// The one shown.
    pub shown: usize,
    /// What was typed before, oldest first.
    pub history: Rc<Vec<Str>>,
    /// What `kubectl config` keeps.
    pub settings: Settings,
    made: u32,
}

/// One terminal.
#[derive(Debug)]
pub struct Tab {
    /// Its number, from 1; never used twice.
    pub number: u32,
    /// What was typed and what came of it, oldest first.
    pub entries: Vec<Rc<Entry>>,
    /// Lines of output that are gone.
    pub dropped: u32,
    /// What runs now.
    pub job: Option<Job>,
    /// What it waits for.
    pub wish: Wish,
    /// What runs in the background.
    pub behind: Vec<Behind>,
    /// A command that needs another line.
    pub pending: String,
    /// Commands that are to follow.
    queue: Vec<(Str, Result<Block, Fault>)>,
    /// The undo of what runs was noted.
    pub(super) noted: bool,
    /// It did as much as it may in one go.
    pub(super) more: bool,
    /// It is to be closed.
    pub(super) leaves: bool,
    env: Env,
}

/// Something typed and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number within the tab.
    pub number: u32,
    /// When it was typed.
    pub at: SimTime,
    /// What was typed; more than one line if it took more.
    pub line: Str,
    /// What was written.
    pub screen: Screen,
    /// How it ended; not yet if it still runs.
    pub code: Option<i32>,
}

impl Default for Terminal {
    fn default() -> Terminal {
        let mut terminal = Terminal {
            tabs: Vec::new(),
            shown: 0,
            history: Rc::default(),
            settings: Settings::default(),
            made: 0,
        };
        terminal.open();
        terminal
    }
}

impl Terminal {
    /// The tab shown.
    pub fn tab(&self) -> &Tab {
        &self.tabs[self.shown]
    }

    /// The tab shown, to change.
    pub(super) fn tab_mut(&mut self) -> &mut Tab {
        &mut self.tabs[self.shown]
    }

    /// Opens another tab and shows it.
    pub fn open(&mut self) {
        if self.tabs.len() == TABS_MAX {
            return;
        }
        self.made += 1;
        self.tabs.push(Tab {
            number: self.made,
            entries: Vec::new(),
            dropped: 0,
            job: None,
            wish: Wish::default(),
            behind: Vec::new(),
            pending: String::new(),
            queue: Vec::new(),
            noted: false,
            more: false,
            leaves: false,
            env: Env::default(),
        });
        self.shown = self.tabs.len() - 1;
    }

    /// Closes a tab and what runs in it; the last one is emptied instead.
    pub fn close(&mut self, n: usize) {
        if n >= self.tabs.len() {
            return;
        }
        self.tabs.remove(n);
        if self.tabs.is_empty() {
            self.open();
        }
        if self.shown > n || self.shown >= self.tabs.len() {
            self.shown = self.shown.saturating_sub(1);
        }
    }

    /// Remembers what was typed.
    pub fn remember(&mut self, line: &str) {
        let line = line.trim_end();
        if line.trim().is_empty() || self.history.last().is_some_and(|last| **last == *line) {
            return;
        }
        let history = Rc::make_mut(&mut self.history);
        history.push(line.into());
        if history.len() > HISTORY_MAX {
            history.remove(0);
        }
    }

    /// Ends everything that runs, and says why.
    pub fn interrupt_all(&mut self, why: &str) {
        for tab in &mut self.tabs {
            if tab.is_at_work() {
                tab.behind.clear();
                tab.interrupt(SimTime::ZERO);
                tab.say(Stream::Simulator, &["Ended: ", why, ".\n"].concat());
            }
        }
    }

    /// What all of them wait for: those in front, then those behind.
    pub fn wishes(&self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for tab in &self.tabs {
            if tab.job.is_some() {
                wishes.push(tab.wish.clone());
            }
        }
        for tab in &self.tabs {
            for behind in &tab.behind {
                wishes.push(behind.job.wish());
            }
        }
        wishes
    }
}

impl Tab {
    /// Whether anything runs, in front or behind.
    pub fn is_at_work(&self) -> bool {
        self.job.is_some() || !self.behind.is_empty()
    }

    /// Takes what was typed or pasted: gives it to what runs, or splits it into commands.
    pub fn typed(&mut self, text: &str, now: SimTime) {
        if self.wish.reads && self.job.is_some() {
            for line in text.lines() {
                self.say(Stream::Out, &[line, "\n"].concat());
                self.job.iter_mut().for_each(|job| job.type_line(line));
            }
            return;
        }
        let text = text.strip_suffix('\n').unwrap_or(text);
        for line in text.split('\n') {
            self.pending.push_str(line);
            let whole = read(&self.pending);
            if let Err(Fault::Unfinished(_)) = whole {
                self.pending.push('\n');
            } else {
                let line = std::mem::take(&mut self.pending);
                self.queue.push((line.into(), whole));
            }
        }
        self.next(now);
    }

    /// Begins the next command, if none runs. Also says whether it did.
    pub fn next(&mut self, now: SimTime) -> bool {
        if self.job.is_some() || self.queue.is_empty() {
            return false;
        }
        let (line, whole) = self.queue.remove(0);
        self.noted = false;
        match whole {
            Ok(block) if block.is_empty() => self.enter(line, now, Some(0)),
            Ok(block) => {
                self.enter(line, now, None);
                self.job = Some(Job::new(block, self.env.clone()));
            }
            Err(fault) => {
                self.enter(line, now, Some(2));
                match fault {
                    Fault::Unknown(text) => self.say(Stream::Simulator, &(text + "\n")),
                    Fault::Wrong(text) | Fault::Unfinished(text) => {
                        self.say(Stream::Err, &["bash: ", &*text, "\n"].concat());
                    }
                }
            }
        }
        true
    }

    fn enter(&mut self, line: Str, at: SimTime, code: Option<i32>) {
        let number = self.entries.last().map_or(1, |entry| entry.number + 1);
        let screen = Screen::default();
        self.entries.push(Rc::new(Entry { number, at, line, screen, code }));
        self.bound();
    }

    /// Writes to the last entry.
    pub(super) fn say(&mut self, stream: Stream, text: &str) {
        self.last().screen.write(stream, text, &[]);
    }

    /// Lets the oldest lines go when there are too many.
    pub(super) fn bound(&mut self) {
        let size = |entry: &Rc<Entry>| entry.screen.lines.len() + 1;
        let mut all: usize = self.entries.iter().map(size).sum();
        while all > LINES_MAX && self.entries.len() > 1 {
            let gone = size(&self.entries.remove(0));
            all -= gone;
            self.dropped += gone as u32;
        }
    }

    pub(super) fn last(&mut self) -> &mut Entry {
        Rc::make_mut(self.entries.last_mut().expect("what runs has its entry"))
    }

    /// What runs has ended.
    pub(super) fn ended(&mut self, job: Job, code: i32) {
        self.env = job.env();
        self.env.status = code;
        let last = self.last();
        last.code = Some(code);
        if last.screen.wiped {
            self.forget(1);
        }
        self.wish = Wish::default();
        self.more = false;
    }

    /// Forgets all entries but the last so many.
    fn forget(&mut self, kept: usize) {
        self.entries.drain(..self.entries.len().saturating_sub(kept));
        self.dropped = 0;
    }

    /// Ctrl+C: ends what runs, or gives up what was begun to be typed.
    pub fn interrupt(&mut self, now: SimTime) {
        self.queue.clear();
        if let Some(job) = self.job.take() {
            let held = job.holds();
            self.behind.retain(|behind| Some(behind.number) != held);
            self.say(Stream::Out, "^C\n");
            self.ended(job, 130);
        } else if !self.pending.is_empty() {
            let line = std::mem::take(&mut self.pending);
            self.enter(line.trim_end().into(), now, Some(130));
            self.say(Stream::Out, "^C\n");
        }
    }

    /// What the alias `name` stands for.
    pub fn alias(&self, name: &str) -> Option<&str> {
        self.env.aliases.get(name).map(String::as_str)
    }

    /// Ctrl+D: what runs has read all there is.
    pub fn end_typing(&mut self) {
        self.job.iter_mut().for_each(Job::end_typing);
    }

    /// Ctrl+L: forgets what was shown; what runs goes on, and what it says is still shown.
    pub fn clear(&mut self, now: SimTime) {
        if self.job.is_none() && !self.behind.is_empty() {
            self.enter("".into(), now, Some(0));
        }
        self.forget(usize::from(self.is_at_work()));
    }

    /// Everything shown, as text, for transcripts: each command behind its clock.
    pub fn text(&self) -> String {
        self.text_after(0)
    }

    /// The same of the entries after the one of this number.
    pub fn text_after(&self, number: u32) -> String {
        let mut out = String::new();
        for entry in self.entries.iter().filter(|entry| entry.number > number) {
            let clock = entry.at.since(SimTime::ZERO).clock();
            let line = entry.line.replace('\n', "\n> ");
            out.push_str(&format!("t={clock} $ {line}\n"));
            for line in &entry.screen.lines {
                let mark = match line.stream {
                    Stream::Out => "",
                    Stream::Err => "! ",
                    Stream::Simulator => "~ ",
                };
                out.push_str(&format!("{mark}{}\n", line.text));
            }
            match entry.code {
                None => out.push_str("(goes on)\n"),
                Some(0) => {}
                Some(code) => out.push_str(&format!("(exit code {code})\n")),
            }
        }
        out
    }

    /// The objects that the last lines name, each once, in order.
    pub fn objects(&self) -> Vec<ObjectRef> {
        let mut all: Vec<ObjectRef> = Vec::new();
        let lines = self.entries.iter().flat_map(|entry| &entry.screen.lines);
        for link in lines.flat_map(|line| &line.links) {
            if !all.contains(&link.object) {
                all.push(link.object.clone());
            }
        }
        all
    }
}
