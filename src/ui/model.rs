//! The one state of the page: a session, what the page itself chose, and the screen made of both.
//!
//! Not here: effects. Copying, remembering, moving the cursor happen before or after `reduce`.

use super::platform;
use crate::base::time::{SimTime, Span};
use crate::session::save::{Extent, VERSION};
use crate::session::{Action, SLICE, SPEEDS, Session};
use crate::view::read::{self, Found, Kept, Show};
use crate::view::{
    Inspector, Intent, Lang, Look, Options, Pane, Run, Screen, Subject, Tab, Text, Theme, Word,
};
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use yew::Reducible;

/// From this speed on nobody can follow a movement: changes are shown at once.
const STILL_FROM: u32 = 20;

/// Milliseconds of work for one picture.
const WORK: u64 = 10;

/// While a long piece of work goes on, what has come of it is shown after so many milliseconds;
/// after twice as many the next time, so that showing it never is most of the work.
const SHOWN_AFTER: u64 = 250;

/// The state of the page.
#[derive(Clone)]
pub struct Model {
    /// Shared with the states before, which nobody asks about it: what runs is not copied.
    session: Rc<RefCell<Session>>,
    show: Show,
    found: Found,
    screen: Screen,
    /// The screen with what is drawn one picture later.
    rest: Option<Screen>,
    look: Look,
    kept: Kept,
    /// When something was last shown, in milliseconds of the clock on the wall.
    shown: u64,
    /// So many milliseconds later something is shown again, if a long piece of work goes on.
    pause: u64,
    note: Option<Text>,
    applied: u32,
}

/// What reaches the reducer.
pub enum Message {
    /// A person wants something.
    Want(Intent),
    /// So many real milliseconds have passed.
    Frame(u64),
    /// The person has stopped typing for a moment.
    Quiet,
    /// This language is there.
    Speak(Lang),
    /// The browser keeps nothing.
    NotKept,
    /// The answer to a press has been drawn.
    Answered,
}

impl Model {
    /// What an address and this tab's past lead to.
    pub fn first(lang: Lang) -> Model {
        let options = Options::read(platform::query);
        let kept = platform::kept().and_then(|text| Session::load(&text).ok());
        let (link, trouble) = (platform::link(), platform::trouble());
        let opened = (!link.is_empty()).then(|| Session::load(&link));
        let mut note = match &trouble[..] {
            "" => None,
            "newer" => Some(lang.fill(Word::LinkNewer, &[])),
            why => Some(lang.fill(Word::LinkDamaged, &[("why", why)])),
        };
        let fresh = kept.is_none() || !platform::again();
        let session = match opened {
            Some(Ok(loaded)) => {
                if !loaded.same || *loaded.made_with != *VERSION {
                    let places = [("version", &*loaded.made_with)];
                    note = Some(lang.fill(Word::LinkDiffers, &places));
                }
                Some(loaded.session)
            }
            Some(Err(why)) => {
                note = Some(lang.fill(Word::LinkDamaged, &[("why", &why)]));
                None
            }
            None if fresh && trouble.is_empty() && options.asks() => Some(options.session()),
            None => None,
        };
        let before = kept.map(|kept| kept.session);
        let mut session = match (session, before) {
            (Some(session), Some(before)) => session.over(&before, lang.say(Word::OpenLink)),
            (Some(session), None) | (None, Some(session)) => session,
            (None, None) => options.session(),
        };
        if fresh {
            options.apply(&mut session);
        }
        let typed: Vec<Text> = serde_json::from_str(&platform::typed_before()).unwrap_or_default();
        let session = session.with_history(typed);
        let theme = options.theme.unwrap_or_else(platform::remembered_theme);
        let mut model = Model::new(session, theme, lang);
        model.note = note.map(Text::from);
        model.look.embedded = platform::query("embed").is_some_and(|it| it == "1" || it == "mini");
        model.look.readonly = options.readonly;
        model.look.pane = options.view.unwrap_or_default();
        model
    }

    fn new(session: Session, theme: Theme, lang: Lang) -> Model {
        let session = session.sliced(SLICE);
        let show = Show::first(lang);
        let found = Found::of(&session, show.lang);
        let mut kept = Kept::default();
        let screen = read::screen(&session, show.clone(), &found, &mut kept);
        let look = Look { theme, ..Look::default() };
        let (rest, note, applied) = (None, None, 0);
        let session = Rc::new(RefCell::new(session));
        Model { session, show, found, screen, rest, look, kept, shown: 0, pause: 0, note, applied }
    }

    /// What is shown.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What the page chose.
    pub fn look(&self) -> Look {
        self.look
    }

    /// The session.
    pub fn session(&self) -> Ref<'_, Session> {
        self.session.borrow()
    }

    /// The language spoken.
    pub fn lang(&self) -> Lang {
        self.show.lang
    }

    /// Something to know about the page, until it is put away.
    pub fn note(&self) -> Option<&Text> {
        self.note.as_ref()
    }

    /// How often the manifest was applied.
    pub fn applied(&self) -> u32 {
        self.applied
    }

    /// Whether frames are wanted: time runs, or a piece of work goes on.
    pub fn runs(&self) -> bool {
        let session = self.session();
        session.is_playing() || session.is_busy()
    }

    /// Whether the rest of the answer to a press is still to be drawn.
    pub fn has_rest(&self) -> bool {
        self.rest.is_some()
    }

    /// What a press is about comes first: the figure, the seats, the reason, the clock. The chart,
    /// the record and the inspector follow with the next picture, so that nobody waits for their
    /// layout.
    fn answer_first(&mut self, before: &Screen) {
        let now = self.screen.clone();
        let same = |inspector: &Inspector| (inspector.subject.clone(), inspector.tab);
        if same(&now.inspector) == same(&before.inspector) {
            self.screen.inspector = before.inspector.clone();
        }
        self.screen.timeline = before.timeline.clone();
        self.screen.table = before.table.clone();
        self.screen.events = before.events.clone();
        self.screen.events_more = before.events_more;
        self.rest = Some(now);
    }

    fn answered(&self) -> Rc<Model> {
        let mut next = self.clone();
        next.screen = next.rest.take().unwrap_or(next.screen);
        Rc::new(next)
    }

    fn with_look(&self, change: impl FnOnce(&mut Look)) -> Rc<Model> {
        let mut next = self.clone();
        change(&mut next.look);
        Rc::new(next)
    }

    fn with_note(&self, note: Option<Text>) -> Rc<Model> {
        Rc::new(Model { note, ..self.clone() })
    }

    fn with_show(&self, show: Show) -> Rc<Model> {
        let mut next = self.clone();
        let session = self.session();
        if next.show.lang != show.lang {
            next.found = Found::of(&session, show.lang);
        }
        next.show = show;
        next.refresh(&session);
        Rc::new(next)
    }

    fn with(&self, action: Action, pane: Option<Pane>) -> Rc<Model> {
        let typing = matches!(action, Action::Edit(_));
        let applying = action == Action::Apply;
        let frame = matches!(action, Action::Frame(_));
        let deed = matches!(
            action,
            Action::Apply | Action::Do(_) | Action::Undo | Action::Reset | Action::Example(_)
        );
        let silent = typing
            || matches!(action, Action::Frame(_) | Action::Select(_) | Action::Speed(_))
            || matches!(action, Action::File(_) | Action::Open(..) | Action::Type(_))
            || matches!(action, Action::Interrupt | Action::EndTyping | Action::Clear)
            || matches!(action, Action::OpenTab | Action::CloseTab(_) | Action::ShowTab(_));
        let long = frame
            || matches!(action, Action::Step | Action::Settle | Action::Forward(_))
            || matches!(action, Action::Seek(_));
        let begun = platform::millis();
        let mut next = self.clone();
        let session = &mut *self.session.borrow_mut();
        let (was_busy, was_said) = (session.is_busy(), session.said().clone());
        session.apply(action);
        next.look.busy = session.is_busy();
        // A press is answered at once; what comes of it is shown when it is there.
        if !frame {
            (next.shown, next.pause) = (begun, SHOWN_AFTER);
        }
        if long && next.goes_on(session, begun) {
            return Rc::new(next);
        }
        next.applied += u32::from(applying && !session.was_refused());
        // The last picture of a run is one of it.
        let runs = session.is_playing() || (frame && self.look.still);
        next.look.still = runs && session.speed() >= STILL_FROM;
        next.look.pane = pane.unwrap_or(next.look.pane);
        if !typing {
            next.look_through(session);
        }
        next.refresh(session);
        let done = was_busy && !session.is_busy();
        if deed || *session.said() != was_said {
            next.screen.said = self.show.lang.told(session.said()).into();
        } else if !silent || done {
            next.screen.said = read::news(self.show.lang, &self.screen, &next.screen);
        } else {
            next.screen.said = self.screen.said.clone();
        }
        if !silent && !session.is_playing() {
            next.answer_first(&self.screen);
        }
        Rc::new(next)
    }

    /// Looks through the manifest, if it or what came of it has changed.
    fn look_through(&mut self, session: &Session) {
        if !self.found.is_of(session) {
            self.found = Found::of(session, self.show.lang);
        }
    }

    fn quiet(&self) -> Rc<Model> {
        let mut next = self.clone();
        let said = next.screen.said.clone();
        let session = self.session();
        next.look_through(&session);
        next.refresh(&session);
        next.screen.said = said;
        Rc::new(next)
    }

    /// Goes on with a long piece of work for about one picture; whether there is more of it, and
    /// nothing to be shown yet.
    fn goes_on(&mut self, session: &mut Session, begun: u64) -> bool {
        while session.is_busy() && platform::millis() < begun + WORK {
            session.apply(Action::Frame(0));
        }
        self.look.busy = session.is_busy();
        self.look.busy && platform::millis() < self.shown + self.pause
    }

    /// A long piece of work, seen to from picture to picture.
    fn work(&self) -> Rc<Model> {
        let mut next = self.clone();
        let session = &mut *self.session.borrow_mut();
        if next.goes_on(session, platform::millis()) {
            return Rc::new(next);
        }
        next.refresh(session);
        next.screen.said = match next.look.busy {
            true => self.screen.said.clone(),
            false => read::news(self.show.lang, &self.screen, &next.screen),
        };
        Rc::new(next)
    }

    fn refresh(&mut self, session: &Session) {
        self.screen = read::screen(session, self.show.clone(), &self.found, &mut self.kept);
        self.rest = None;
        self.shown = platform::millis();
        self.pause = if self.look.busy { self.pause * 2 } else { SHOWN_AFTER };
    }

    /// What is wanted of the page alone, and not of the session.
    fn turned(&self, intent: &Intent) -> Option<Rc<Model>> {
        Some(match *intent {
            Intent::Pane(pane) => self.with_look(|look| look.pane = pane),
            Intent::Theme => self.with_look(|look| look.theme = look.theme.next()),
            Intent::Fold(fold) => self.with_look(|look| look.folded = Some(fold)),
            Intent::Show(table) => {
                let mut next = self.with_show(Show { table, pages: 1, ..self.show.clone() });
                Rc::make_mut(&mut next).look.tables = true;
                next
            }
            Intent::Tab(tab) => self.with_show(Show { tab, ..self.show.clone() }),
            Intent::Filter(ref filter) => {
                self.with_show(Show { filter: filter.clone(), pages: 1, ..self.show.clone() })
            }
            Intent::More => {
                let pages = self.show.pages + 1;
                self.with_show(Show { pages, ..self.show.clone() })
            }
            Intent::Terminal(on) => self.with_look(|look| look.tables = !on),
            Intent::Tall(tall) => self.with_look(|look| look.tall = tall),
            Intent::Dismiss => self.with_note(None),
            Intent::First(line) => {
                let mut acts = self.screen.inspector.acts.iter();
                let act = acts.find(|act| act.intent.line().is_some_and(|it| it.starts_with(line)));
                return self.want(act?.intent.clone());
            }
            Intent::Escape if self.look.embedded && self.look.pane != Pane::Cluster => {
                self.with_look(|look| look.pane = Pane::Cluster)
            }
            _ => return None,
        })
    }

    fn want(&self, intent: Intent) -> Option<Rc<Model>> {
        if let Some(next) = self.turned(&intent) {
            return Some(next);
        }
        let first = matches!(intent, Intent::Ways(_) | Intent::Why);
        let pane = match &intent {
            Intent::Ways(_) | Intent::Why => Some(Pane::Inspector),
            Intent::Diff => Some(Pane::Terminal),
            Intent::Select(None) | Intent::Escape if self.look.pane == Pane::Inspector => {
                Some(Pane::Cluster)
            }
            _ => None,
        };
        let action = match intent {
            Intent::Type(text) => Action::Type(text),
            Intent::Interrupt => Action::Interrupt,
            Intent::EndTyping => Action::EndTyping,
            Intent::ClearTerminal => Action::Clear,
            Intent::OpenTab => Action::OpenTab,
            Intent::CloseTab(n) => Action::CloseTab(n as usize),
            Intent::ShowTab(n) => Action::ShowTab(n as usize),
            Intent::Escape => Action::Select(None),
            Intent::Why => Action::Select(Some(self.blocked()?)),
            Intent::Slower => Action::Speed(self.speed(-1)),
            Intent::Faster => Action::Speed(self.speed(1)),
            Intent::Branch(number) => Action::Branch(number),
            Intent::Compare(number) => Action::Compare(number),
            Intent::Open(name, text) if name.ends_with(".sfs.json") => {
                return Some(self.with_session(&text));
            }
            Intent::Diff => Action::Type(self.diff_line()),
            Intent::Step => Action::Step,
            Intent::Back => Action::Back,
            Intent::Start => Action::Start,
            Intent::Play => Action::Play,
            Intent::Pause => Action::Pause,
            Intent::Settle => Action::Settle,
            Intent::Forward(millis) => Action::Forward(Span(millis)),
            Intent::Rewind(millis) => {
                let now = self.session().timeline().now().0;
                Action::Seek(SimTime(now.saturating_sub(millis)))
            }
            Intent::Seek(place) => Action::Seek(self.time_at(place)),
            Intent::To(millis) => Action::Seek(SimTime(millis)),
            Intent::Speed(speed) => Action::Speed(speed),
            Intent::Reset => Action::Reset,
            Intent::Undo => Action::Undo,
            Intent::Apply => Action::Apply,
            Intent::Example(n) => Action::Example(n as usize),
            Intent::Edit(text) => Action::Edit(text),
            Intent::Open(name, text) => Action::Open(name, text),
            Intent::File(n) => Action::File(n as usize),
            Intent::Select(subject) => Action::Select(subject),
            Intent::Ways(subject) => Action::Select(Some(subject)),
            Intent::Do(input) => Action::Do(input),
            _ => return None,
        };
        let mut next = self.with(action, pane);
        if pane == Some(Pane::Terminal) {
            let look = &mut Rc::make_mut(&mut next).look;
            (look.tables, look.folded) = (false, look.folded.map(|_| false));
        }
        // What can be done stands on the first tab.
        Some(if first { next.with_show(Show { tab: Tab::Now, ..next.show.clone() }) } else { next })
    }

    /// The manifest against the cluster, as a line for the terminal.
    fn diff_line(&self) -> Text {
        let session = self.session();
        let file = shlex::try_quote(&session.file().name).unwrap_or_default();
        let none = self.show.lang.say(Word::NoDiff);
        format!("kubectl diff -f {file} && echo {none:?}").into()
    }

    /// What the line under the figure is about.
    fn blocked(&self) -> Option<Subject> {
        let because = &self.screen.because;
        let named = because.text.iter().find_map(|run| match run {
            Run::Object(subject) => Some(subject),
            _ => None,
        });
        because.ways.as_ref().map(|(_, subject)| subject).or(named).cloned()
    }

    /// The speed so many steps up.
    fn speed(&self, up: isize) -> u32 {
        let at = SPEEDS.iter().position(|speed| *speed == self.session().speed()).unwrap_or(0);
        SPEEDS[at.saturating_add_signed(up).min(SPEEDS.len() - 1)]
    }

    /// A session that was saved as a file, over the one there is.
    fn with_session(&self, text: &str) -> Rc<Model> {
        let lang = self.show.lang;
        match Session::load(text) {
            Ok(loaded) => {
                let session = loaded.session.over(&self.session(), lang.say(Word::OpenLink));
                let session = session.sliced(SLICE);
                let mut next = self.clone();
                next.found = Found::of(&session, lang);
                next.refresh(&session);
                next.session = Rc::new(RefCell::new(session));
                Rc::new(next)
            }
            Err(why) => self.with_note(Some(lang.fill(Word::LinkDamaged, &[("why", &why)]).into())),
        }
    }

    /// What the dialog that shares is told, as JSON.
    pub fn shared(&self) -> String {
        let session = self.session();
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let fields = [
            ("moment", &*session.save(Extent::Moment)),
            ("start", &*session.save(Extent::Start)),
            ("manifests", &*session.save(Extent::Manifests)),
            ("yaml", &*session.file().text),
            ("name", &*session.file().name),
            ("clock", &*self.screen.transport.clock),
        ];
        let field = |(name, text): (&str, &str)| format!("\"{name}\":{}", quoted(text));
        format!("{{{}}}", fields.map(field).join(","))
    }

    /// The time at a place of the timeline, as far as it is known.
    fn time_at(&self, place: u32) -> SimTime {
        let session = self.session();
        let timeline = session.timeline();
        let known = timeline.film().known().max(timeline.now());
        read::time_at(place, known).min(known)
    }
}

/// Whether it would change the cluster or a manifest.
fn is_deed(intent: &Intent) -> bool {
    use Intent::{Apply, Do, Edit, Example, First, Open, Reset, Type, Undo};
    matches!(
        intent,
        Do(_) | First(_) | Apply | Edit(_) | Open(..) | Example(_) | Reset | Type(_) | Undo
    )
}

impl Reducible for Model {
    type Action = Message;

    fn reduce(self: Rc<Self>, message: Message) -> Rc<Self> {
        match message {
            Message::Frame(_) if self.session().is_busy() => self.work(),
            Message::Frame(millis) if self.runs() => self.with(Action::Frame(millis), None),
            Message::Frame(_) => self,
            Message::Quiet if self.found.is_of(&self.session()) => self,
            Message::Quiet => self.quiet(),
            Message::Speak(lang) => self.with_show(Show { lang, ..self.show.clone() }),
            Message::Answered => self.answered(),
            Message::NotKept => self.with_note(Some(self.show.lang.say(Word::NotSaved).into())),
            Message::Want(intent) if self.look.readonly && is_deed(&intent) => self,
            Message::Want(intent) => self.want(intent).unwrap_or(self),
        }
    }
}
