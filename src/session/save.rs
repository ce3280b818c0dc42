//! A session as text: what a tab keeps over a reload, and what a link holds. The manifests as they
//! stand in the editor, everything that was done, and the moment looked at.
//!
//! Names are short and every text stands in it once; a text of an example is named, not repeated,
//! so that a link to one is short. Whatever is as on a first visit is left out.
//!
//! Not here: compression and the letters of an address (static/boot.js, static/share.js).

use super::examples::EXAMPLES;
use super::{Action, Branch, File, Session};
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::cluster::input::Input;
use crate::config::Config;
use crate::timeline::{Entry, Timeline};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The simulator that writes: another one may play the same deeds in another way.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// More machines than this are not read.
const MACHINES_MAX: usize = 1000;

/// So many times a budget of wakes is played to come to the moment that was looked at.
const PLAYED_MAX: u32 = 40;

/// How much of a session a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything, at the moment looked at.
    Moment,
    /// Everything that was done, at the start.
    Start,
    /// The manifests; the one shown is applied, nothing else was done.
    Manifests,
}

/// A session that was read.
#[derive(Debug)]
pub struct Loaded {
    /// The session.
    pub session: Session,
    /// The version of the simulator that wrote it.
    pub made_with: Str,
    /// It plays as it did where it was written, as far as can be told.
    pub same: bool,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    /// Version of the simulator.
    v: Str,
    /// Seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<u64>,
    /// Machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<usize>,
    /// Moment looked at, in milliseconds, and a mark of the state then.
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<(u64, Str)>,
    /// Speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<u32>,
    /// Number of the file shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<usize>,
    /// Texts; `=web` is the example web, and what begins with `=` or `'` has a `'` before it.
    t: Vec<Str>,
    /// Files that are not as on a first visit: name, text, what was applied of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    f: Option<Vec<(Str, usize, Option<usize>)>>,
    /// What was done; texts that were applied by their number.
    j: Vec<Entry>,
    /// Other futures, with the deed each began with and its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<Vec<(Str, u32, Vec<Entry>)>>,
    /// Number of this future.
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<u32>,
    /// Object picked: kind, namespace, name.
    #[serde(skip_serializing_if = "Option::is_none")]
    o: Option<(Str, Str, Str)>,
    /// Files of the shell that are no manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<Vec<(Str, Str)>>,
}

/// Each text once.
struct Texts(Vec<Str>);

impl Texts {
    fn number(&mut self, text: &Str) -> usize {
        let example = EXAMPLES.iter().find(|example| *example.text == **text);
        let text: Str = match example {
            Some(example) => format!("={}", example.id).into(),
            None if text.starts_with(['=', '\'']) => format!("'{text}").into(),
            None => text.clone(),
        };
        self.0.iter().position(|one| *one == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        })
    }

    fn text(&self, number: usize) -> Result<Str, String> {
        let text = self.0.get(number).ok_or("a text is missing in it")?;
        if let Some(id) = text.strip_prefix('=') {
            let example = EXAMPLES.iter().find(|example| example.id == id);
            return example
                .map(|example| example.text.into())
                .ok_or_else(|| format!("there is no example {id:?}"));
        }
        Ok(text.strip_prefix('\'').map_or_else(|| text.clone(), Str::from))
    }

    fn shorten(&mut self, journal: &[Entry]) -> Vec<Entry> {
        let entry = |entry: &Entry| match &entry.input {
            Input::Apply { text } => Entry {
                input: Input::Apply { text: self.number(text).to_string().into() },
                ..entry.clone()
            },
            _ => entry.clone(),
        };
        journal.iter().map(entry).collect()
    }

    fn restore(&self, journal: Vec<Entry>) -> Result<Vec<Entry>, String> {
        let mut out = Vec::new();
        for mut entry in journal {
            if let Input::Apply { text } = &mut entry.input {
                *text = self.text(text.parse().unwrap_or(usize::MAX))?;
            }
            out.push(entry);
        }
        Ok(out)
    }
}

/// A mark of the state: another film, in all likelihood, has another one.
fn mark(timeline: &Timeline) -> Str {
    let world = timeline.world();
    format!("{}.{}", world.store().revision(), world.counts.wakes).into()
}

/// What was applied of a file whose text is this, as far as the journal tells.
fn applied(journal: &[Entry], text: &Str) -> Option<Str> {
    let same = |entry: &&Entry| matches!(&entry.input, Input::Apply { text: one } if one == text);
    journal.iter().find(same).map(|_| text.clone())
}

/// What a first visit finds in the editor.
fn first_files(journal: &[Entry]) -> Vec<File> {
    let mut files = super::first_files();
    for file in &mut files {
        file.applied = applied(journal, &file.text);
    }
    files
}

impl Session {
    /// The session as text.
    pub fn save(&self, extent: Extent) -> String {
        let timeline = &self.timeline;
        let mut texts = Texts(Vec::new());
        let start;
        let journal = match extent {
            Extent::Manifests => {
                let text = self.file().text.clone();
                start = [Entry { at: 0, input: Input::Apply { text } }];
                &start
            }
            _ => timeline.journal(),
        };
        let (first, mut files) = (first_files(journal), (*self.files).clone());
        if extent == Extent::Manifests {
            for file in &mut files {
                file.applied = applied(journal, &file.text);
            }
        }
        let j = texts.shorten(journal);
        let f = (files != first).then(|| {
            let file = |file: &File| {
                let applied = file.applied.as_ref().map(|text| texts.number(text));
                (file.name.clone(), texts.number(&file.text), applied)
            };
            files.iter().map(file).collect()
        });
        let others = self.others.iter().filter(|_| extent != Extent::Manifests);
        let b: Vec<_> = others
            .map(|one| (one.label.clone(), one.number, texts.shorten(one.timeline.journal())))
            .collect();
        let config = &timeline.world().config;
        let usual = Config::default();
        let now = Some(timeline.now().0).filter(|now| extent == Extent::Moment && *now > 0);
        let picked = self.selected.as_ref().filter(|_| extent == Extent::Moment);
        let saved = Saved {
            v: VERSION.into(),
            s: Some(config.seed).filter(|seed| *seed != usual.seed),
            m: Some(config.machines.len()).filter(|count| *count != usual.machines.len()),
            n: now.map(|now| (now, mark(timeline))),
            p: Some(self.speed).filter(|speed| *speed != super::SPEED),
            c: Some(self.current).filter(|current| *current > 0),
            t: texts.0,
            f,
            j,
            i: Some(self.number).filter(|_| !b.is_empty()),
            b: Some(b).filter(|others| !others.is_empty()),
            o: picked.map(|one| {
                (one.kind.info().name.into(), one.key.namespace.clone(), one.key.name.clone())
            }),
            x: Some(&self.papers)
                .filter(|papers| !papers.is_empty() && extent != Extent::Manifests)
                .map(|papers| {
                    papers.iter().map(|(name, text)| (name.clone(), text.clone())).collect()
                }),
        };
        serde_json::to_string(&saved).unwrap_or_default()
    }

    /// The session that `save` wrote. An error says why the text is none.
    pub fn load(text: &str) -> Result<Loaded, String> {
        let saved: Saved = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let texts = Texts(saved.t);
        let mut config = Config::default();
        config.seed = saved.s.unwrap_or(config.seed);
        if let Some(count) = saved.m {
            config = config.with_machines(count.min(MACHINES_MAX));
        }
        let journal = texts.restore(saved.j)?;
        let mut files = Vec::new();
        for (name, text, applied) in saved.f.into_iter().flatten() {
            let applied = applied.map(|number| texts.text(number)).transpose()?;
            files.push(File { name, text: texts.text(text)?, applied });
        }
        if files.is_empty() {
            files = first_files(&journal);
        }
        let mut session = Session::empty(config.clone());
        session.current = saved.c.unwrap_or(0).min(files.len() - 1);
        session.files = Rc::new(files);
        session.timeline = Rc::new(Timeline::new(config.clone(), journal));
        session.number = saved.i.unwrap_or(1);
        let mut others = Vec::new();
        for (label, number, journal) in saved.b.into_iter().flatten().take(super::BRANCHES_MAX) {
            let timeline = Rc::new(Timeline::new(config.clone(), texts.restore(journal)?));
            others.push(Branch { label, number, timeline });
        }
        session.others = Rc::new(others);
        session.papers = Rc::new(saved.x.into_iter().flatten().collect());
        session.selected = saved.o.and_then(|(kind, namespace, name)| {
            Some(ObjectRef::new(Kind::by_name(&kind)?, Key::new(namespace, name)))
        });
        session.apply(Action::Speed(saved.p.unwrap_or(super::SPEED)));
        let (now, expected) = saved.n.unwrap_or_default();
        session.apply(Action::Seek(SimTime(now)));
        for _ in 0..PLAYED_MAX {
            session.apply(Action::Frame(0));
        }
        // How a very long session ends is not waited for.
        let told = session.is_busy() || mark(&session.timeline) == expected;
        let same = expected.is_empty() || told;
        Ok(Loaded { session, made_with: saved.v, same })
    }
}
