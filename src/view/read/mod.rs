//! Makes a [`Screen`] of a session: reads everything, changes nothing, decides nothing.
//!
//! What is (machines, disks, processes) comes from `infra`, what is believed from the store, what
//! was before from the film, and why something waits from `explain`.
//!
//! Not here: rules of Kubernetes, and any markup.

mod figure;
mod claims;
mod faults;
mod found;
mod history;
mod inspect;
mod kept;
mod nodes;
mod placing;
mod record;
mod seats;
mod terminal;
mod told;
mod volumes;

pub use found::Found;
pub use history::time_at;
pub use kept::{Kept, Read};

use super::{Because, Intent, Lang, Run, Screen, Sentence, Tab, Text, Transport, Word, clock};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::cluster::world::World;
use crate::explain::{self, Piece};
use crate::session::Session;
use crate::timeline::film::{Film, PodState};
use kept::Cards;
use std::rc::Rc;

/// What the page itself chooses about what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// The language.
    pub lang: Lang,
    /// The kind whose table is shown.
    pub table: Kind,
    /// What is shown about the selected object.
    pub tab: Tab,
    /// Only events and rows with this in their object's name are listed.
    pub filter: Text,
    /// So many times as much is listed as at first.
    pub pages: usize,
}

impl Show {
    /// What is shown at first.
    pub fn first(lang: Lang) -> Show {
        Show { lang, table: Kind::Pod, tab: Tab::Now, filter: "".into(), pages: 1 }
    }
}

/// What all readers need.
#[derive(Clone, Copy)]
struct Eye<'s> {
    lang: Lang,
    session: &'s Session,
    world: &'s World,
    film: &'s Film,
}

impl Eye<'_> {
    fn picked(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.session.selected().is_some_and(|picked| {
            picked.kind == kind && *picked.key.namespace == *namespace && *picked.key.name == *name
        })
    }

    fn say(&self, word: Word) -> Text {
        self.lang.say(word).into()
    }

    fn fill(&self, word: Word, places: &[(&str, &str)]) -> Text {
        self.lang.fill(word, places).into()
    }

    /// How long ago, as people say it.
    fn ago(&self, at: crate::base::time::SimTime) -> String {
        super::span(self.world.now.since(at).0)
    }
}

/// The whole page at the moment the session looks at. What `kept` holds of the picture before is
/// not made again where it would be the same; the picture itself does not depend on it.
pub fn screen(session: &Session, show: Show, found: &Found, kept: &mut Kept) -> Screen {
    let world = session.timeline().world();
    let eye = Eye { lang: show.lang, session, world, film: session.timeline().film() };
    let read = &mut Read::default();
    let seats = seats::windows(&eye);
    let (events, more) = record::events(&eye, None, &show, &mut kept.listed);
    let because = because(&eye);
    let [here, there] = &mut kept.cards;
    let (stage, beside) = (figure::stage(&eye, here, read), beside(&eye, there));
    let old = kept.screen.as_ref();
    let table = old.map(|old| &old.table);
    let said = eye.lang.told(session.said());
    let inspector = inspect::inspector(&eye, &show, &because);
    let screen = Screen {
        title: title(&eye),
        undo: session.undo_label().cloned(),
        editor: keep(old.map(|old| &old.editor), record::editor(&eye, found)),
        beside,
        branches: keep(old.map(|old| &old.branches), branches(&eye)),
        timeline: keep(old.map(|old| &old.timeline), history::timeline(&eye, &seats, &stage)),
        stage: keep(old.map(|old| &old.stage), stage),
        seats: keep(old.map(|old| &old.seats), seats),
        transport: Rc::new(transport(&eye, &because)),
        because: keep(old.map(|old| &old.because), because),
        inspector: keep(old.map(|old| &old.inspector), inspector),
        events,
        events_more: more,
        terminal: keep(old.map(|old| &old.terminal), terminal::terminal(&eye)),
        table: keep(table, record::table(&eye, &show, table)),
        filter: show.filter,
        notice: Some(Text::from(&*said)).filter(|said| session.was_refused() && !said.is_empty()),
        said: said.into(),
    };
    kept.read = Read { events: kept.listed.made, ..*read };
    kept.screen = Some(screen.clone());
    screen
}

/// What was there, if it is the same.
fn keep<T: PartialEq>(old: Option<&Rc<T>>, new: T) -> Rc<T> {
    old.filter(|old| ***old == new).cloned().unwrap_or_else(|| Rc::new(new))
}

/// The figure of the future beside this one.
fn beside(eye: &Eye<'_>, cards: &mut Cards) -> Option<(Text, Rc<super::Stage>)> {
    let session = &eye.session.beside()?;
    let (world, film) = (session.timeline().world(), session.timeline().film());
    let title = eye.fill(Word::Beside, &[("n", &session.number().to_string())]);
    let eye = Eye { lang: eye.lang, session, world, film };
    Some((title, Rc::new(figure::stage(&eye, cards, &mut Read::default()))))
}

fn branches(eye: &Eye<'_>) -> super::Branches {
    let session = eye.session;
    let name = |number: u32, label: &str| {
        let n = number.to_string();
        let word = if label.is_empty() { Word::BranchIs } else { Word::BranchOf };
        (number, eye.fill(word, &[("n", &n), ("what", label)]))
    };
    let mut all: Vec<_> = session.others().iter().map(|one| name(one.number, &one.label)).collect();
    if !all.is_empty() {
        all.push(name(session.number(), session.label()));
        all.sort_unstable();
    }
    super::Branches { all, current: session.number(), compared: session.compared() }
}

/// What changed for the seats between two moments, in one sentence for people who do not see the
/// figure; when no seat changed, why it waits.
pub fn news(lang: Lang, before: &Screen, after: &Screen) -> Text {
    let time = &after.transport.clock;
    let old = before.seats.iter().flat_map(|window| &window.shown);
    let was = |seat: &super::Seat| {
        let same = old.clone().find(|one| one.subject == seat.subject);
        same.and_then(|one| one.occupant.as_ref()).map(|one| (one.word.clone(), one.place.clone()))
    };
    let mut parts = Vec::new();
    for seat in after.seats.iter().flat_map(|window| &window.shown) {
        let is = seat.occupant.as_ref().map(|one| (one.word.clone(), one.place.clone()));
        if is != was(seat) && parts.len() < 3 {
            let word = is.map_or_else(|| lang.say(Word::NoPod).into(), |(word, _)| word);
            let pod = &seat.subject.key.name;
            parts.push(lang.fill(Word::NewsOf, &[("pod", pod), ("state", &word)]));
        }
    }
    let what = if parts.is_empty() { super::plain(&after.because.text) } else { parts.join("; ") };
    lang.fill(Word::News, &[("time", time), ("what", &what)]).into()
}

fn title(eye: &Eye<'_>) -> Text {
    let file = eye.session.file();
    let examples = crate::session::examples::EXAMPLES.iter();
    let known = examples.clone().find(|example| *example.text == *file.text);
    known.map_or_else(|| file.name.clone(), |example| eye.lang.tr(example.title).into())
}

/// A sentence of the engine as one of the page.
fn sentence(pieces: &[Piece]) -> Sentence {
    let run = |piece: &Piece| match piece {
        Piece::Text(text) => Run::Plain(text.as_str().into()),
        Piece::Object(object) => Run::Object(object.clone()),
    };
    pieces.iter().map(run).collect()
}

fn because(eye: &Eye<'_>) -> Because {
    let unready = explain::most_blocked(eye.world);
    // A name that runs twice is worse than one that will be well by itself.
    let twice = eye.world.incidents().into_iter().rfind(|incident| incident.lasts);
    if let Some(twice) = twice.filter(|_| unready.as_ref().is_none_or(|it| it.is_calm())) {
        let text = sentence(&explain::incident(eye.world, &twice, eye.lang));
        return Because { text, calm: false, ways: None };
    }
    let Some(unready) = unready else {
        let text = nodes::unnoticed(eye).unwrap_or_else(|| all_well(eye));
        return Because { text, calm: true, ways: None };
    };
    let ways = explain::ways_out(eye.world, &unready.chain, eye.lang);
    let about = unready.chain.iter().map(|wait| &wait.subject);
    let pod = about.clone().find(|object| object.kind == Kind::Pod);
    let subject = pod.or(about.clone().next_back()).unwrap_or(&unready.set).clone();
    let label = match ways.len() {
        0 => None,
        1 => Some(eye.say(Word::OneWay)),
        2 => Some(eye.say(Word::TwoWays)),
        3 => Some(eye.say(Word::ThreeWays)),
        _ => Some(eye.say(Word::FourWays)),
    };
    Because {
        text: sentence(&unready.sentence(eye.world.store(), eye.world.now, eye.lang)),
        calm: unready.is_calm(),
        ways: label.map(|label| (label, subject)),
    }
}

/// What to say when no StatefulSet waits.
fn all_well(eye: &Eye<'_>) -> Sentence {
    let Some(set) = eye.world.store().list::<StatefulSet>().next() else {
        return eye.lang.sentence(Word::NoSets, &[], &[]);
    };
    let object = ObjectRef::new(Kind::StatefulSet, Key::of(&set.meta));
    let count = set.replicas().to_string();
    let word = if eye.world.store().count(Kind::StatefulSet) > 1 {
        Word::AllSetsWell
    } else if set.replicas() == 0 {
        Word::SetIsEmpty
    } else {
        Word::SetIsWell
    };
    eye.lang.sentence(word, &[("count", &count)], &[("set", object)])
}

fn transport(eye: &Eye<'_>, because: &Because) -> Transport {
    let settled = eye.session.timeline().is_settled();
    let now = eye.world.now;
    Transport {
        clock: clock(now.0).into(),
        can_step: !settled,
        can_back: now.0 > 0 || eye.session.timeline().done() > 1,
        playing: eye.session.is_playing(),
        speed: eye.session.speed(),
        jump: jump(eye),
        settled: if settled { eye.say(Word::SettledUntilYouAct) } else { "".into() },
        yield_primary: settled && because.ways.is_some(),
    }
}

/// To when the next timer ends that is worth waiting for.
fn jump(eye: &Eye<'_>) -> Option<(Text, u64)> {
    let soon = eye.world.now + crate::base::time::Span::seconds(3);
    let store = eye.world.store();
    let mut first: Option<(SimTime, String)> = None;
    for wait in eye.world.waits.iter() {
        let Some(at) = wait.until.filter(|at| *at > soon) else { continue };
        if first.as_ref().is_none_or(|(least, _)| at <= *least)
            && let Some(text) = explain::until(wait, store, eye.world.now, eye.lang)
        {
            let said = (at, text);
            first = Some(first.map_or(said.clone(), |first| first.min(said)));
        }
    }
    first.map(|(at, text)| (text.into(), at.0))
}

/// How a Pod is drawn.
fn state(state: PodState) -> super::State {
    match state {
        PodState::Ready => super::State::Ready,
        PodState::NotReady => super::State::NotReady,
        PodState::Pending => super::State::Pending,
        PodState::Creating => super::State::Creating,
        PodState::Terminating => super::State::Terminating,
        PodState::Failed => super::State::Failed,
        PodState::Succeeded => super::State::None,
        PodState::Unknown => super::State::Unknown,
    }
}

/// The ordinal of a Pod of a StatefulSet: the digits behind the set's name.
fn ordinal(pod: &Pod) -> Option<u32> {
    let owner = pod.meta.controller_of().filter(|owner| &*owner.kind == "StatefulSet")?;
    pod.meta.name.strip_prefix(&*owner.name)?.strip_prefix('-')?.parse().ok()
}

/// A name without the long tail that makes it unique: "pvc-3f2a".
fn short(name: &str) -> Text {
    name.char_indices().nth(8).map_or(name, |(at, _)| &name[..at]).into()
}

/// What a press does to the cluster.
fn deed(input: crate::cluster::input::Input) -> Intent {
    Intent::Do(input)
}

/// The claims of one seat, in the order of their templates.
fn claims_of(set: &StatefulSet, ordinal: u32) -> Vec<Str> {
    let templates = set.spec.volume_claim_templates.iter();
    let name = |claim: &crate::api::core::volume::PersistentVolumeClaim| {
        format!("{}-{}-{ordinal}", claim.meta.name, set.meta.name).into()
    };
    templates.map(name).collect()
}
