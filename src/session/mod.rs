//! What one person does here: a history, the manifests in the editor, the clock's pace. The
//! reducer of the page, without the page.
//!
//! Not here: anything of a browser; what things look like (`view`).

mod branch;
pub mod examples;
mod jobs;
mod limits;
pub mod mend;
mod place;
pub mod save;
pub mod terminal;
mod undo;

pub use branch::{BRANCHES_MAX, Branch};

use crate::api::kinds::ObjectRef;
use crate::apiserver::apply::ApplyReport;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};
use crate::cluster::input::{Input, Outcome};
use crate::config::Config;
use crate::timeline::{Progress, SETTLE_LIMIT, Timeline};
use examples::EXAMPLES;
use std::rc::Rc;
use terminal::Terminal;
use undo::Before;

/// Wakes taken in one go: enough for every ordinary step, few enough to answer at once.
const BUDGET: u64 = 500;

/// The same for whoever has a clock, and asks for more until a picture is due.
pub const SLICE: u64 = 32;

/// Wakes tried in advance to tell whether anything is still to come.
const LOOK_AHEAD: u64 = 2_000;

/// Simulated seconds per second at first.
const SPEED: u32 = 5;

/// Simulated seconds per second that one can choose.
pub const SPEEDS: &[u32] = &[1, 5, 20, 60];

/// Something the person wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// To the next moment at which anything has changed.
    Step,
    /// To the moment before.
    Back,
    /// To the beginning of this history.
    Start,
    /// Time runs.
    Play,
    /// Time stands.
    Pause,
    /// Until nothing is scheduled any more.
    Settle,
    /// Forward by so much.
    Forward(Span),
    /// To this time.
    Seek(SimTime),
    /// Simulated seconds per second.
    Speed(u32),
    /// So many real milliseconds have passed.
    Frame(u64),
    /// A new cluster with the current manifest applied.
    Reset,
    /// Takes the last deed back.
    Undo,
    /// Applies the manifest in the editor.
    Apply,
    /// The text in the editor has become this.
    Edit(Str),
    /// A file of this name and text was opened.
    Open(Str, Str),
    /// Shows the file of this number.
    File(usize),
    /// Shows the example of this number and starts a new cluster with it.
    Example(usize),
    /// Does something to the cluster.
    Do(Input),
    /// Picks an object, or none.
    Select(Option<ObjectRef>),
    /// Looks at the future of this number.
    Branch(u32),
    /// Shows the future of this number beside this one, or none.
    Compare(Option<u32>),
    /// Types this at the terminal shown.
    Type(Str),
    /// Ctrl+C at the terminal shown.
    Interrupt,
    /// Ctrl+D there.
    EndTyping,
    /// Ctrl+L there.
    Clear,
    /// Opens another terminal.
    OpenTab,
    /// Closes the terminal of this number in the row.
    CloseTab(usize),
    /// Shows it.
    ShowTab(usize),
}

/// A manifest in the editor.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Its name.
    pub name: Str,
    /// Its text as it is now.
    pub text: Str,
    /// What was last applied of it.
    pub applied: Option<Str>,
}

/// Work that goes on over several frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    Step,
    Settle(SimTime),
    Until(SimTime),
}

/// What one person does here.
#[derive(Debug)]
pub struct Session {
    timeline: Rc<Timeline>,
    files: Rc<Vec<File>>,
    current: usize,
    report: Option<(Str, Rc<ApplyReport>)>,
    selected: Option<ObjectRef>,
    playing: bool,
    speed: u32,
    errand: Option<Errand>,
    said: Str,
    refused: bool,
    undo: Rc<Vec<Before>>,
    others: Rc<Vec<Branch>>,
    number: u32,
    label: Str,
    compared: Option<u32>,
    terminal: Terminal,
    /// Files of the shell that are no manifests.
    papers: Rc<SortedMap<Str, Str>>,
    /// The person holds time although a command waits.
    held: bool,
    /// The last settle was given up.
    restless: bool,
    /// So many times a limit was reached and passed.
    passed: u64,
    /// Wakes taken in one go.
    budget: u64,
}

/// The examples at hand, none of them applied.
fn first_files() -> Vec<File> {
    let file = |example: &examples::Example| File {
        name: example.file.into(),
        text: example.text.into(),
        applied: None,
    };
    EXAMPLES[..examples::AT_HAND].iter().map(file).collect()
}

impl Default for Session {
    fn default() -> Self {
        Session::new(Config::default(), 0)
    }
}

impl Session {
    /// A first visit: the example of this number applied at the start, time standing.
    pub fn new(config: Config, example: usize) -> Session {
        let mut session = Session::empty(config);
        let example = EXAMPLES[example.min(EXAMPLES.len() - 1)];
        session.open(example.file.into(), example.text.into());
        session.apply_first();
        session.undo = Rc::default();
        session.said = "".into();
        session
    }

    /// A cluster in which nothing was done yet.
    fn empty(config: Config) -> Session {
        Session {
            timeline: Rc::new(Timeline::new(config, Vec::new())),
            files: Rc::new(first_files()),
            current: 0,
            report: None,
            selected: None,
            playing: false,
            speed: SPEED,
            errand: None,
            said: "".into(),
            refused: false,
            undo: Rc::default(),
            others: Rc::default(),
            number: 1,
            label: "".into(),
            compared: None,
            terminal: Terminal::default(),
            papers: Rc::default(),
            held: false,
            restless: false,
            passed: 0,
            budget: BUDGET,
        }
    }

    /// This session, opened over another one, to which `Undo` goes back.
    pub fn over(mut self, before: &Session, label: &str) -> Session {
        self.undo = before.undo.clone();
        let back = before.before(label.into());
        self.push(back);
        self
    }

    /// This session, doing no more in one go than `wakes`.
    pub fn sliced(self, wakes: u64) -> Session {
        Session { budget: wakes, ..self }
    }

    /// The history and the moment looked at.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The manifests in the editor.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The number of the manifest shown.
    pub fn current(&self) -> usize {
        self.current
    }

    /// The manifest shown.
    pub fn file(&self) -> &File {
        &self.files[self.current]
    }

    /// What came of the manifest shown when it was last applied, while its text is still that.
    pub fn report(&self) -> Option<&Rc<ApplyReport>> {
        let (text, report) = self.report.as_ref()?;
        (*text == self.file().text).then_some(report)
    }

    /// The object picked.
    pub fn selected(&self) -> Option<&ObjectRef> {
        self.selected.as_ref()
    }

    /// Whether time runs: the person lets it, or a command at the terminal waits.
    pub fn is_playing(&self) -> bool {
        self.playing || self.awaits()
    }

    /// Whether a piece of work goes on over several frames: `Frame` continues it.
    pub fn is_busy(&self) -> bool {
        self.errand.is_some() || self.has_more()
    }

    /// The terminals.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Simulated seconds per second.
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// What the last deed did or why it was refused, in one sentence; empty at first.
    pub fn said(&self) -> &Str {
        &self.said
    }

    /// Whether the last deed was refused.
    pub fn was_refused(&self) -> bool {
        self.refused
    }

    /// What `Undo` would take back.
    pub fn undo_label(&self) -> Option<&Str> {
        self.undo.last().map(|before| &before.label)
    }

    /// Does what the person wants.
    pub fn apply(&mut self, action: Action) {
        self.obey(action);
        self.stop_at_limit();
        if self.errand.is_none() {
            self.run_jobs();
        }
        self.follow();
        if self.errand.is_none() {
            self.history().look_ahead(LOOK_AHEAD);
            self.playing &= !self.timeline.is_settled();
        }
    }

    fn obey(&mut self, action: Action) {
        match action {
            Action::Frame(millis) => return self.frame(millis),
            Action::Edit(text) => return self.edit(text),
            Action::Select(object) => return self.selected = object,
            Action::Speed(speed) => return self.speed = speed.clamp(1, 60),
            Action::Compare(number) => return self.compared = number,
            Action::Type(..)
            | Action::Interrupt
            | Action::EndTyping
            | Action::Clear
            | Action::OpenTab
            | Action::CloseTab(_)
            | Action::ShowTab(_) => return self.at_terminal(action),
            _ => {}
        }
        self.errand = None;
        self.refused = false;
        match action {
            Action::Play => {
                self.held = false;
                return self.playing = true;
            }
            Action::File(n) => return self.current = n.min(self.files.len() - 1),
            _ => self.playing = false,
        }
        self.hold(&action);
        match action {
            Action::Step => self.begin(Errand::Step),
            Action::Settle => {
                let limit = self.timeline.now() + SETTLE_LIMIT;
                self.begin(Errand::Settle(limit));
            }
            Action::Forward(span) => self.begin(Errand::Until(self.timeline.now() + span)),
            Action::Seek(at) if at > self.timeline.film().known() || self.is_watched() => {
                self.begin(Errand::Until(at));
            }
            Action::Seek(at) => self.history().seek(at),
            Action::Back => drop(self.history().step_back()),
            Action::Start => self.history().seek(SimTime::ZERO),
            Action::Reset => self.reset(),
            Action::Undo => self.take_back(),
            Action::Apply => self.apply_manifest(),
            Action::Open(name, text) => self.open(name, text),
            Action::Example(n) => self.example(n),
            Action::Do(input) => self.act(input),
            Action::Branch(number) => self.switch(number),
            _ => {}
        }
    }

    fn history(&mut self) -> &mut Timeline {
        Rc::make_mut(&mut self.timeline)
    }

    fn begin(&mut self, errand: Errand) {
        self.errand = Some(errand);
        self.go_on();
    }

    /// Works on the errand for one budget.
    fn go_on(&mut self) {
        let budget = self.budget;
        let Some(errand) = self.errand else { return };
        let progress = match errand {
            Errand::Step if self.is_watched() => return self.step_watched(),
            Errand::Settle(limit) if self.is_watched() => self.settle_watched(limit),
            Errand::Step => self.history().step(budget),
            Errand::Settle(limit) => self.history().settle(limit, budget),
            Errand::Until(at) => self.run_until(at, false),
        };
        if progress == Progress::Done {
            self.errand = None;
            if let Errand::Settle(_) = errand
                && !self.timeline.is_at_rest()
            {
                self.restless = true;
                self.said = "not settled after 30 minutes: something goes on and on".into();
            }
        }
    }

    fn frame(&mut self, millis: u64) {
        if self.errand.is_some() {
            return self.go_on();
        }
        if self.has_more() || !self.is_playing() {
            return;
        }
        // A tab that slept must not wake up to a burst.
        let millis = millis.min(100);
        let until = self.timeline.now() + Span(millis * u64::from(self.speed));
        if self.run_until(until, !self.playing) == Progress::More {
            self.errand = Some(Errand::Until(until));
        }
    }

    fn act(&mut self, input: Input) {
        let label = input.command();
        self.remember(label.clone());
        self.deed(input, &label);
    }

    /// Does something from outside, and keeps the future that it leaves.
    fn deed(&mut self, input: Input, label: &str) -> Outcome {
        let before = self.timeline.is_past().then(|| self.timeline.clone());
        let outcome = self.history().act(input);
        self.refused = outcome.refused;
        self.said = outcome.lines.join("\n").into();
        if outcome.refused {
            self.forget_last();
        } else if let Some(before) = before {
            self.keep_future(before, label);
        }
        outcome
    }

    fn apply_manifest(&mut self) {
        if self.edited() {
            return;
        }
        let text = self.file().text.clone();
        let label = format!("apply {}", self.file().name);
        self.remember(label.clone());
        let outcome = self.deed(Input::Apply { text: text.clone() }, &label);
        self.report = outcome.report.map(|report| (text.clone(), report));
        if !outcome.refused {
            let current = self.current;
            Rc::make_mut(&mut self.files)[current].applied = Some(text);
        }
    }

    fn edit(&mut self, text: Str) {
        let current = self.current;
        Rc::make_mut(&mut self.files)[current].text = text;
    }

    fn open(&mut self, name: Str, text: Str) {
        self.remember(format!("open {name}"));
        let files = Rc::make_mut(&mut self.files);
        match files.iter().position(|file| file.name == name) {
            Some(n) => {
                files[n].text = text;
                self.current = n;
            }
            None => {
                files.push(File { name, text, applied: None });
                self.current = files.len() - 1;
            }
        }
    }

    fn example(&mut self, n: usize) {
        let Some(example) = EXAMPLES.get(n) else { return };
        self.remember(format!("example {}", example.title));
        let depth = self.undo.len();
        self.open(example.file.into(), example.text.into());
        self.start_over();
        Rc::make_mut(&mut self.undo).truncate(depth);
    }

    fn reset(&mut self) {
        self.remember("reset".to_string());
        let depth = self.undo.len();
        self.start_over();
        Rc::make_mut(&mut self.undo).truncate(depth);
    }

    /// A new cluster with the manifest shown applied to it.
    fn start_over(&mut self) {
        let config = (*self.timeline.world().config).clone();
        self.interrupt("the cluster is a new one");
        self.timeline = Rc::new(Timeline::new(config, Vec::new()));
        self.others = Rc::default();
        self.number = 1;
        self.label = "".into();
        self.selected = None;
        for file in Rc::make_mut(&mut self.files) {
            file.applied = None;
        }
        self.apply_first();
    }

    /// Applies the manifest shown, if anything is written there.
    fn apply_first(&mut self) {
        if !self.file().text.is_empty() {
            self.apply_manifest();
        }
    }
}
