//! The manifest with its findings, events and deeds, tables.
//!
//! Not here: what is wrong with a manifest (see `found`), kubectl's columns (see `kubectl`).

use super::{Eye, Found, Show, figure, nodes, volumes};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::event::Event as Told;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::cluster::input::Input;
use crate::kubectl::print;
use crate::session::examples::EXAMPLES;
use crate::timeline::film::PodState;
use crate::view::{Editor, Event, Intent, Lang, Severity, Table, Text, Word, clock};
use std::rc::Rc;

/// Events that are listed at first: a new one moves all others, and what is laid out anew costs
/// more than the step itself.
const EVENTS: usize = 40;

/// Rows of a table at first.
const ROWS: usize = 100;

/// The left pane.
pub(super) fn editor(eye: &Eye<'_>, found: &Found) -> Editor {
    let file = eye.session.file();
    let files = eye.session.files();
    let fresh = file.applied.as_ref() != Some(&file.text);
    Editor {
        files: files.iter().map(|file| file.name.clone()).collect(),
        current: u32::try_from(eye.session.current()).unwrap_or(0),
        text: file.text.clone(),
        found: found.list.clone(),
        summary: found.summary.clone(),
        broken: found.list.iter().any(|one| one.severity == Severity::Error),
        can_apply: fresh && !(found.unreadable && found.text == file.text),
        state: eye.say(if fresh { Word::NotApplied } else { Word::MatchesCluster }),
        examples: EXAMPLES.iter().map(|example| eye.lang.tr(example.title).into()).collect(),
    }
}

/// Events and deeds, of one object or all, newest first, and how many more there are. Lines that
/// are in `listed` are kept.
pub(super) fn events<'w>(
    eye: &Eye<'w>,
    of: Option<&ObjectRef>,
    show: &Show,
    listed: &mut Listed,
) -> (Rc<Vec<Rc<Event>>>, u32) {
    let (filter, room) = (&*show.filter, EVENTS * show.pages);
    let journal = eye.session.timeline().journal().iter();
    let about = |entry: &crate::timeline::Entry| {
        let subject = entry.input.subject();
        let named = subject.as_ref().is_some_and(|subject| subject.key.name.contains(filter));
        (named || filter.is_empty()) && (of.is_none() || subject.as_ref() == of)
    };
    // A deed of the same second stands where it happened among what was written.
    let deeds = journal.take(eye.session.timeline().done()).zip(1..);
    let deed = |(entry, number): (&'w crate::timeline::Entry, usize)| {
        let revision = eye.film.revision_after(number);
        (SimTime(entry.at).whole_second(), revision, Line::Deed(entry, number))
    };
    let mut all: Vec<Row<'_>> = deeds.filter(|(entry, _)| about(entry)).map(deed).collect();
    all.dedup_by(|one, before| one.0 == before.0 && one.2.goes_on(&before.2));
    let store = eye.world.store();
    let told = || {
        store.told().rev().filter(|event| {
            event.involved_object.name.contains(filter) && of.is_none_or(|of| is_about(event, of))
        })
    };
    let line =
        |event: &'w Rc<Told>| (last_seen(event), event.meta.resource_version.0, Line::Told(event));
    // Whatever was written before so many others was also seen before them.
    let (deeds, most) = (all.len(), of.map_or(room, |_| usize::MAX));
    all.extend(told().take(most).map(line));
    let count = match of {
        Some(_) => all.len(),
        None if filter.is_empty() => deeds + store.count(Kind::Event),
        None => deeds + told().count(),
    };
    if all.len() > room {
        all.select_nth_unstable_by(room, |a, b| (b.0, b.1).cmp(&(a.0, a.1)));
        all.truncate(room);
    }
    sorted::sort_by_key(&mut all, |line| std::cmp::Reverse((line.0, line.1)));
    listed.list(eye, &all);
    let events = listed.rows.iter().map(|row| row.event.clone()).collect();
    (Rc::new(events), u32::try_from(count.saturating_sub(room)).unwrap_or(0))
}

/// When, at which revision, what.
type Row<'w> = (SimTime, u64, Line<'w>);

/// The list of events as it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    lang: Option<Lang>,
    rows: Rc<Vec<ListedRow>>,
    /// Rows that were made anew.
    pub made: u64,
}

#[derive(Debug)]
struct ListedRow {
    revision: u64,
    /// What it tells of; `None` for a deed.
    told: Option<Rc<Told>>,
    event: Rc<Event>,
}

impl Listed {
    /// Lists these; rows that say the same stay the same.
    fn list(&mut self, eye: &Eye<'_>, all: &[Row<'_>]) {
        let same = self.lang == Some(eye.lang);
        let mut before = self.rows.iter().filter(|_| same).peekable();
        let mut rows = Vec::new();
        self.made = 0;
        for (at, revision, line) in all {
            // Of what is told, newer revisions mostly come first.
            while before.next_if(|row| row.revision > *revision).is_some() {}
            let now = *at == eye.world.now.whole_second();
            let told = line.told().cloned();
            let kept = before.peek().filter(|row| {
                let one = row.told.as_ref().zip(told.as_ref());
                row.event.now == now && one.is_some_and(|(row, one)| Rc::ptr_eq(row, one))
            });
            let event = match kept {
                Some(row) => row.event.clone(),
                None => {
                    self.made += 1;
                    Rc::new(line.event(eye, *at))
                }
            };
            rows.push(ListedRow { revision: *revision, told, event });
        }
        self.lang = Some(eye.lang);
        self.rows = Rc::new(rows);
    }
}

enum Line<'w> {
    Told(&'w Rc<Told>),
    /// A deed, and which one it was, counted from 1.
    Deed(&'w crate::timeline::Entry, usize),
}

/// Whether an event is about this object.
pub(super) fn is_about(event: &Told, of: &ObjectRef) -> bool {
    let about = &event.involved_object;
    (&*about.kind, &about.namespace, &about.name)
        == (of.kind.info().name, &of.key.namespace, &of.key.name)
}

/// When an event was last told.
pub(super) fn last_seen(event: &Told) -> SimTime {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time);
    let newer = series.or(event.event_time).map(|time| time.0);
    let first = event.first_timestamp.or(event.meta.creation_timestamp);
    event.last_timestamp.or(newer).or(first).unwrap_or_default().whole_second()
}

impl Line<'_> {
    fn told(&self) -> Option<&Rc<Told>> {
        match self {
            Line::Told(event) => Some(event),
            Line::Deed(..) => None,
        }
    }

    /// One more request of the command that made the one `before`.
    fn goes_on(&self, before: &Line<'_>) -> bool {
        let (Line::Deed(one, _), Line::Deed(before, _)) = (self, before) else { return false };
        match (&one.input, &before.input) {
            (Input::Request { line, .. }, Input::Request { line: other, .. }) => line == other,
            _ => false,
        }
    }

    fn event(&self, eye: &Eye<'_>, at: SimTime) -> Event {
        let time: Text = clock(at.0).into();
        let now = at == eye.world.now.whole_second();
        match self {
            Line::Deed(entry, number) => Event {
                id: 2 * (*number as u64) + 1,
                at: time,
                kind: "".into(),
                reason: "".into(),
                object: eye.say(Word::You),
                subject: entry.input.subject(),
                message: entry.input.command().into(),
                count: 1,
                now,
                seek: Some(Intent::To(entry.at)),
            },
            Line::Told(event) => {
                let about = &event.involved_object;
                let kind = Kind::by_name(&about.kind);
                let key = Key::new(about.namespace.clone(), about.name.clone());
                let series = event.series.as_ref().map(|series| series.count);
                Event {
                    id: 2 * event.meta.resource_version.0,
                    at: time,
                    kind: event.kind.clone(),
                    reason: event.reason.clone(),
                    object: format!("{}/{}", short_kind(&about.kind), about.name).into(),
                    subject: kind.map(|kind| ObjectRef::new(kind, key)),
                    message: event.message.trim().into(),
                    count: series.unwrap_or(event.count).unsigned_abs().max(1),
                    now,
                    seek: Some(Intent::To(at.0)),
                }
            }
        }
    }
}

/// A kind as kubectl takes it, short where the name is long.
fn short_kind(kind: &str) -> String {
    match kind {
        "PersistentVolumeClaim" => "pvc".to_string(),
        "PersistentVolume" => "pv".to_string(),
        _ => kind.to_lowercase(),
    }
}

/// The table of one kind, as `kubectl get` prints it, and what the figure says about each object.
/// Rows that `old` has are kept.
pub(super) fn table(eye: &Eye<'_>, show: &Show, old: Option<&Rc<Table>>) -> Table {
    let (kind, filter, room) = (show.table, &*show.filter, ROWS * show.pages);
    let store = eye.world.store();
    let mut before = old.into_iter().flat_map(|old| &old.rows).peekable();
    let named = || store.list_objects(kind).filter(|one| one.meta().name.contains(filter));
    let all = if filter.is_empty() { store.count(kind) } else { named().count() };
    let objects: Vec<Object> = named().take(room).cloned().collect();
    // Pods say where they are; the other kinds' wide columns say little here.
    let namespaces = objects.iter().any(|object| !is_default(object));
    let look = print::Look {
        wide: kind == Kind::Pod,
        all_namespaces: namespaces,
        ..print::Look::default()
    };
    let mut rows = print::table(&objects, kind, look, eye.world.now).into_iter();
    let heads = rows.next().unwrap_or_default();
    let keep = |i: &usize| {
        !matches!(&*heads[*i], "NOMINATED NODE" | "READINESS GATES" | "VOLUMEATTRIBUTESCLASS")
    };
    let kept: Vec<usize> = (0..heads.len()).filter(keep).collect();
    let cells =
        |row: &[String]| kept.iter().map(|i| row[*i].as_str().into()).collect::<Vec<Text>>();
    let row = |(object, row): (&Object, Vec<String>)| {
        let reference = object.reference();
        let picked = eye.session.selected() == Some(&reference);
        let mut cells = cells(&row);
        cells.extend(word(eye, &reference));
        // A row that says the same stays the same.
        while before.next_if(|row| row.0.as_ref() < Some(&reference)).is_some() {}
        let new = (Some(reference), picked, cells);
        before.next_if(|row| ***row == new).cloned().unwrap_or_else(|| Rc::new(new))
    };
    let mut heads = cells(&heads);
    if objects.first().is_some_and(|object| word(eye, &object.reference()).is_some()) {
        heads.push(eye.say(Word::FigureHead));
    }
    Table {
        kind,
        heads,
        rows: objects.iter().zip(rows).map(row).collect(),
        more: u32::try_from(all.saturating_sub(room)).unwrap_or(0),
        names: usize::from(namespaces && kind.info().namespaced),
    }
}

/// What the figure says about an object, for the kinds it draws.
fn word(eye: &Eye<'_>, object: &ObjectRef) -> Option<Text> {
    let (store, key) = (eye.world.store(), &object.key);
    match object.kind {
        Kind::Pod => {
            let pod = store.get::<Pod>(key)?;
            Some(figure::word(eye, pod, PodState::of(pod, store)))
        }
        Kind::Node => Some(nodes::belief(eye, &key.name).1),
        Kind::StatefulSet => Some(figure::readiness(eye, store.get::<StatefulSet>(key)?)),
        Kind::PersistentVolumeClaim => Some(volumes::volume(eye, key)?.words(eye).0),
        Kind::Service => Some(figure::service(eye, key).1),
        _ => None,
    }
}

fn is_default(object: &Object) -> bool {
    matches!(&*object.meta().namespace, "" | "default")
}
