//! The terminals' jobs within a session: they go on whenever something was written to the
//! cluster, and simulated time goes on while one of them waits.
//!
//! What they read and write they do at instants of simulated time, whatever the rhythm of the
//! pictures, so that the same lines give the same film.

use super::place::{Seat, settle_until};
use super::terminal::Tab;
use super::{Action, BUDGET, Before, Errand, File, LOOK_AHEAD, Session};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::infra::fault::WORDS;
use crate::kubectl::running::{Draft, Files, Stream, complete};
use crate::shell::{self, State, Then};
use crate::timeline::{Progress, Timeline};
use std::rc::Rc;

/// Rounds of all terminals at one instant: one may write what another waits for.
const ROUNDS: u32 = 20;

/// Wakes that are looked ahead to find where a watched step ends.
const AHEAD: u32 = 40;

/// Lets what was typed at a terminal go on.
fn run_front(tab: &mut Tab, seat: &mut Seat<'_>, several: bool) {
    loop {
        let now = seat.timeline.now();
        let Some(mut job) = tab.job.take() else {
            if tab.next(now) {
                continue;
            }
            break;
        };
        let state = job.run(seat, &mut tab.last().screen);
        if let State::Done(code) = state {
            tab.leaves |= job.leaves() && several;
            if job.leaves() && !several {
                tab.say(Stream::Simulator, "The only terminal stays open.\n");
            }
            tab.ended(job, code);
            tab.bound();
            continue;
        }
        tab.more |= state == State::More;
        tab.wish = job.wish();
        tab.job = Some(job);
        tab.bound();
        break;
    }
}

/// Lets what runs in the background of a terminal go on.
fn run_behind(tab: &mut Tab, seat: &mut Seat<'_>) {
    let mut at = 0;
    while at < seat.behind.len() {
        let mut one = seat.behind.remove(at);
        let state = one.job.run(seat, &mut tab.last().screen);
        let State::Done(code) = state else {
            tab.more |= state == State::More;
            seat.behind.insert(at, one);
            at += 1;
            continue;
        };
        // Whoever waits for it goes on.
        tab.more |= tab.job.is_some();
        let told = match code {
            0 => "Done".to_string(),
            code => format!("Exit {code}"),
        };
        if tab.job.as_ref().is_none_or(|job| job.holds() != Some(one.number)) {
            tab.say(Stream::Out, &one.told(&told));
        }
    }
}

impl Session {
    /// Something typed or pressed at a terminal.
    pub(super) fn at_terminal(&mut self, action: Action) {
        let now = self.timeline.now();
        let terminal = &mut self.terminal;
        match action {
            Action::Type(text) => {
                self.held = false;
                let tab = terminal.tab();
                if !tab.wish.reads || tab.job.is_none() {
                    terminal.remember(&text);
                }
                terminal.tab_mut().typed(&text, now);
            }
            Action::Interrupt => {
                let wish = std::mem::take(&mut terminal.tab_mut().wish);
                terminal.tab_mut().interrupt(now);
                if let Some(draft) = wish.edits {
                    self.close_draft(&draft.name);
                }
                if wish.then != Then::Now {
                    self.errand = None;
                }
            }
            Action::EndTyping => terminal.tab_mut().end_typing(),
            Action::Clear => terminal.tab_mut().clear(now),
            Action::OpenTab => terminal.open(),
            Action::CloseTab(n) => terminal.close(n),
            Action::ShowTab(n) => terminal.shown = n.min(terminal.tabs.len() - 1),
            _ => {}
        }
    }

    /// Who takes time into the own hand holds it, and who turns it back ends what waits.
    pub(super) fn hold(&mut self, action: &Action) {
        let now = self.timeline.now();
        match action {
            Action::Back | Action::Start | Action::Branch(_) => {
                self.interrupt("time was turned back")
            }
            Action::Seek(at) if *at < now => self.interrupt("time was turned back"),
            _ => {}
        }
        self.held |= matches!(
            action,
            Action::Pause
                | Action::Step
                | Action::Back
                | Action::Start
                | Action::Seek(_)
                | Action::Forward(_)
                | Action::Settle
        );
    }

    pub(super) fn interrupt(&mut self, why: &str) {
        self.terminal.interrupt_all(why);
    }

    /// Whether a command waits for which time is to go on.
    pub(super) fn awaits(&self) -> bool {
        let wishes = self.terminal.wishes();
        let timed = wishes.iter().any(|wish| wish.until.is_some());
        let watches = wishes.iter().any(|wish| wish.watches);
        !self.held && (timed || watches && !self.timeline.is_settled())
    }

    /// Whether what happens must be shown to a command at once.
    pub(super) fn is_watched(&self) -> bool {
        self.terminal.wishes().iter().any(|wish| wish.watches || wish.until.is_some())
    }

    /// Whether a terminal has more to do at this instant.
    pub(super) fn has_more(&self) -> bool {
        self.terminal.tabs.iter().any(|tab| tab.more)
    }

    /// When the first command goes on by itself.
    pub(super) fn soonest(&self) -> Option<SimTime> {
        self.terminal.wishes().iter().filter_map(|wish| wish.until).min()
    }

    /// Lets time run to `until`, showing commands what happens on the way. With `waiting` it
    /// ends when none of them waits any more.
    pub(super) fn run_until(&mut self, until: SimTime, waiting: bool) -> Progress {
        if !self.is_watched() {
            let budget = self.budget;
            return self.history().run_until(until, budget);
        }
        let begun = self.timeline.world().counts.wakes;
        loop {
            let now = self.timeline.now();
            let next = self.soonest().filter(|at| *at > now).map_or(until, |at| at.min(until));
            if self.history().run_to_news(next, BUDGET) == Progress::More {
                return Progress::More;
            }
            self.run_jobs();
            if self.timeline.now() >= until || waiting && !self.awaits() {
                return Progress::Done;
            }
            if self.has_more() || self.timeline.world().counts.wakes > begun + BUDGET {
                return Progress::More;
            }
        }
    }

    /// A step while a command watches: to where a step of a copy ends.
    pub(super) fn step_watched(&mut self) {
        let mut copy: Timeline = (*self.timeline).clone();
        for _ in 0..AHEAD {
            if copy.step(BUDGET) == Progress::Done {
                break;
            }
        }
        self.begin(Errand::Until(copy.now()));
    }

    /// A settle while a command watches.
    pub(super) fn settle_watched(&mut self, limit: SimTime) -> Progress {
        let mut copy: Timeline = (*self.timeline).clone();
        copy.settle(limit, BUDGET);
        let progress = self.run_until(copy.now(), false);
        self.history().look_ahead(LOOK_AHEAD);
        match progress {
            Progress::Done if self.timeline.is_at_rest() || self.timeline.now() >= limit => {
                Progress::Done
            }
            _ => Progress::More,
        }
    }

    /// Lets all terminals go on as far as they can at this instant.
    pub(super) fn run_jobs(&mut self) {
        if !self.terminal.tabs.iter().any(Tab::is_at_work) {
            return;
        }
        for _ in 0..ROUNDS {
            let before = self.timeline.world().store().revision();
            for n in 0..self.terminal.tabs.len() {
                self.run_tab(n);
            }
            if self.timeline.world().store().revision() == before {
                break;
            }
        }
        if let Some(left) = self.terminal.tabs.iter().position(|tab| tab.leaves) {
            self.terminal.close(left);
        }
        self.restless = false;
        let now = self.timeline.now();
        let leaps = self.errand.is_none() && !self.held;
        for wish in self.terminal.wishes() {
            if let Some(draft) = wish.edits {
                self.open_draft(draft);
            }
            let errand = match wish.then {
                Then::Now => continue,
                Then::At(at) => Errand::Until(at),
                Then::Settled => Errand::Settle(settle_until(now)),
            };
            if leaps && self.errand.is_none() {
                self.errand = Some(errand);
            }
        }
    }

    fn run_tab(&mut self, n: usize) {
        let mut files = self.shelf();
        let (before, was) = (self.before("".into()), files.clone());
        let was_past = self.timeline.is_past();
        self.history().look_ahead(LOOK_AHEAD);
        let terminal = &mut self.terminal;
        let several = terminal.tabs.len() > 1;
        let tab = &mut terminal.tabs[n];
        tab.more = false;
        let mut seat = Seat {
            timeline: Rc::make_mut(&mut self.timeline),
            files: &mut files,
            settings: &mut terminal.settings,
            history: &terminal.history,
            restless: self.restless,
            behind: std::mem::take(&mut tab.behind),
            deed: None,
        };
        run_behind(tab, &mut seat);
        run_front(tab, &mut seat, several);
        run_behind(tab, &mut seat);
        tab.behind = std::mem::take(&mut seat.behind);
        let mut deed = seat.deed.take();
        let acted = deed.is_some();
        if files != was {
            let line = tab.entries.last().map_or(String::new(), |entry| entry.line.to_string());
            deed.get_or_insert(line);
        }
        let noted = tab.noted;
        tab.noted |= deed.is_some();
        if let Some(label) = deed {
            if acted && was_past {
                let old = self.number;
                self.keep_future(before.timeline.clone(), &label);
                let text = format!(
                    "This was the past: here begins branch {}; what had happened is kept as \
                     branch {old}.\n",
                    self.number
                );
                self.terminal.tabs[n].say(Stream::Simulator, &text);
            }
            if !noted {
                self.report = None;
                self.push(Before { label: label.as_str().into(), ..before });
            }
        }
        self.put_back(&was, &files);
    }

    /// All files as the shell has them.
    fn shelf(&self) -> Files {
        let mut files = (*self.papers).clone();
        for file in self.files.iter() {
            files.insert(file.name.clone(), file.text.clone());
        }
        for (address, text) in super::examples::ADDRESSES {
            files.insert((*address).into(), (*text).into());
        }
        files
    }

    /// Takes over what the shell made of the files.
    fn put_back(&mut self, before: &Files, after: &Files) {
        if before == after {
            return;
        }
        let is_manifest =
            |name: &str| [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
        let current = self.file().name.clone();
        let documents = Rc::make_mut(&mut self.files);
        let papers = Rc::make_mut(&mut self.papers);
        documents.retain(|file| after.get(&file.name).is_some());
        papers.retain(|name, _| after.get(name).is_some());
        for (name, text) in after.iter().filter(|(name, text)| before.get(&**name) != Some(*text)) {
            match documents.iter_mut().find(|file| file.name == *name) {
                Some(file) => file.text = text.clone(),
                None if is_manifest(name) => {
                    let (name, text) = (name.clone(), text.clone());
                    documents.push(File { name, text, applied: None });
                }
                None => drop(papers.insert(name.clone(), text.clone())),
            }
        }
        if documents.is_empty() {
            documents.push(File { name: "web.yaml".into(), text: "".into(), applied: None });
        }
        let at = documents.iter().position(|file| file.name == current);
        self.current = at.unwrap_or(0);
    }

    /// What could stand in the place of the last word of `before` at the terminal shown: where in
    /// `before` it begins, and whole words in order.
    pub fn complete(&self, before: &str) -> (usize, Vec<String>) {
        let (mut words, start) = shell::words_at(before);
        if let Some(name) = words.first()
            && let Some(text) = self.terminal.tab().alias(name).filter(|_| words.len() > 1)
        {
            let text: Vec<String> = text.split_whitespace().map(String::from).collect();
            words.splice(0..1, text);
        }
        let files = self.shelf();
        let (own, world) = (&self.terminal.settings.namespace, self.timeline.world());
        let last = words.last().cloned().unwrap_or_default();
        let (mut found, few) = (Vec::new(), words.len() == 2);
        let mut add = |word: &str| {
            if word.starts_with(&last) && !word.contains("://") {
                found.push(word.to_string());
            }
        };
        match &*words[0] {
            _ if words.len() == 1 => shell::all_words().into_iter().for_each(add),
            "kubectl" => found = complete(&words[1..], own, &world.server, &files),
            "why" => {
                words[0] = "get".to_string();
                found = complete(&words, own, &world.server, &files);
            }
            "fault" if few => WORDS.iter().for_each(|word| add(word.name)),
            "stop" | "start" if few => {
                add("kube-controller-manager");
                add("kube-scheduler");
            }
            name if shell::takes_machines(name) => {
                world.infra.machines.keys().for_each(|name| add(name));
            }
            _ => files.keys().for_each(|name| add(name)),
        }
        crate::base::sorted::sort(&mut found);
        found.dedup();
        (start, found)
    }

    /// The same session with these lines typed before.
    pub fn with_history(mut self, lines: Vec<Str>) -> Session {
        self.terminal.history = Rc::new(lines);
        self
    }

    /// Opens in the editor what a command wants edited.
    fn open_draft(&mut self, Draft { name, text }: Draft) {
        if self.files.iter().all(|file| file.name != name) {
            let files = Rc::make_mut(&mut self.files);
            files.push(File { name, text, applied: None });
            self.current = files.len() - 1;
        }
    }

    /// If the text in the editor is one that a command waits for, gives it to the command.
    pub(super) fn edited(&mut self) -> bool {
        let File { name, text, .. } = self.file().clone();
        for tab in &mut self.terminal.tabs {
            if tab.wish.edits.as_ref().is_some_and(|draft| draft.name == name) {
                tab.wish.edits = None;
                tab.job.iter_mut().for_each(|job| job.edited(&text));
                self.close_draft(&name);
                self.held = false;
                return true;
            }
        }
        false
    }

    /// Takes a text out of the editor that was there for a command alone.
    fn close_draft(&mut self, name: &str) {
        let files = Rc::make_mut(&mut self.files);
        files.retain(|file| *file.name != *name);
        self.current = self.current.min(files.len().saturating_sub(1));
    }
}
