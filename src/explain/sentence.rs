//! One sentence a wait. The sentences stand in `templates`; this file fills them in.

use super::templates::{GOING, Places, going, outcome, template};
use crate::api::core::volume::PersistentVolume;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::storage::VolumeAttachment;
use crate::apiserver::store::Store;
use crate::base::lang::Lang;
use crate::base::time::{SimTime, Span};
use crate::trace::Wait;

const ANOTHER: &str = "another object";
const STOP: &str = ".";
const TO_GO: &str = " ({time} to go).";
const SECONDS: &str = "{time} s";
const MINUTES: &str = "{time} min";
const HOURS: &str = "{time} h";
pub(super) const THEN: &str = ". ";
pub(super) const AT_WORK: &str = " is at work.";
pub(super) const WAITS: &str = " waits: ";

/// What is said around the templates.
pub const AROUND: &[&str] =
    &[ANOTHER, STOP, TO_GO, SECONDS, MINUTES, HOURS, THEN, AT_WORK, WAITS, GOING];

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// An object, shown by its name.
    Object(ObjectRef),
}

/// A sentence whose objects can be pointed at.
pub type Sentence = Vec<Piece>;

/// The sentence as plain text.
pub fn plain(sentence: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Object(object) => object.key.name.to_string(),
    };
    sentence.iter().map(piece).collect()
}

/// What `wait` says, seen at `now`.
pub fn sentence(wait: &Wait, store: &Store, now: SimTime, lang: Lang) -> Sentence {
    let mut out = clause(wait, store, lang);
    out.push(Piece::Text(end(wait, now, lang)));
    out
}

/// The same of a Pod that is to go for good, so that nobody speaks of replacing it.
pub(super) fn farewell(wait: &Wait, store: &Store, now: SimTime, lang: Lang) -> Sentence {
    let mut out = filled(wait, store, lang, going(&wait.because));
    out.push(Piece::Text(end(wait, now, lang)));
    out
}

/// The same without its end: neither a full stop nor when the wait ends.
pub fn clause(wait: &Wait, store: &Store, lang: Lang) -> Sentence {
    filled(wait, store, lang, template(&wait.because))
}

fn filled(
    wait: &Wait,
    store: &Store,
    lang: Lang,
    (text, places): (&'static str, Places<'_>),
) -> Sentence {
    let (mut out, mut words, mut rest) = (Vec::new(), String::new(), lang.tr(text));
    while let Some((before, tail)) = rest.split_once('{') {
        words.push_str(before);
        let (name, after) = tail.split_once('}').unwrap_or((tail, ""));
        rest = after;
        let object = match name {
            "subject" => Some(shown(&wait.subject, store)),
            "on" => wait.on.as_ref().map(|on| shown(on, store)),
            "node" => places.node.map(|node| ObjectRef::new(Kind::Node, Key::global(node.clone()))),
            _ => None,
        };
        match (object, name) {
            (Some(object), _) => {
                if !words.is_empty() {
                    out.push(Piece::Text(std::mem::take(&mut words)));
                }
                out.push(Piece::Object(object));
            }
            (None, "span") => words.push_str(&spell(places.span.unwrap_or(Span::ZERO), lang)),
            (None, "number") => words.push_str(&places.number.unwrap_or(0).to_string()),
            (None, "verdict") => words.push_str(places.text.map_or("", |text| verdict(text))),
            (None, "text") => words.push_str(places.text.map_or("", |text| trimmed(text))),
            (None, _) => words.push_str(lang.tr(ANOTHER)),
        }
    }
    words.push_str(rest);
    if !words.is_empty() {
        out.push(Piece::Text(words));
    }
    out
}

/// What happens when the timer of `wait` ends, and when: "+4:12 until web-1 is evicted".
pub fn until(wait: &Wait, store: &Store, now: SimTime, lang: Lang) -> Option<String> {
    let at = wait.until.filter(|at| *at > now)?;
    let text = outcome(&wait.because)?;
    let time = spell(at.since(now), Lang::En);
    let time = time.strip_suffix(" min").unwrap_or(&time);
    let (_, places) = template(&wait.because);
    let subject = shown(&wait.subject, store).key.name;
    let node = places.node.map_or("", |node| node);
    Some(lang.put(text, &[("time", time), ("subject", &subject), ("node", node)]))
}

/// When the wait ends by itself, if a timer decides, and the full stop.
fn end(wait: &Wait, now: SimTime, lang: Lang) -> String {
    match wait.until {
        Some(until) if until > now => lang.put(TO_GO, &[("time", &spell(until.since(now), lang))]),
        _ => lang.tr(STOP).to_string(),
    }
}

/// What a person calls an object: an attachment is known by the claim it serves.
fn shown(object: &ObjectRef, store: &Store) -> ObjectRef {
    let attachment = store.get::<VolumeAttachment>(&object.key);
    let attachment = attachment.filter(|_| object.kind == Kind::VolumeAttachment);
    let volume = match attachment {
        Some(attachment) => attachment.spec.source.persistent_volume_name.clone(),
        None if object.kind == Kind::PersistentVolume => Some(object.key.name.clone()),
        None => None,
    };
    let volume = volume.and_then(|name| store.get::<PersistentVolume>(&Key::global(name)));
    let claim = volume.and_then(|volume| volume.spec.claim_ref.as_ref());
    match claim {
        Some(claim) => {
            let key = Key::new(claim.namespace.clone(), claim.name.clone());
            ObjectRef::new(Kind::PersistentVolumeClaim, key)
        }
        None => object.clone(),
    }
}

/// What the scheduler says of the nodes; that preemption would not help either is no news.
fn verdict(text: &str) -> &str {
    trimmed(text.split(". ").next().unwrap_or(text))
}

fn trimmed(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}

/// A length of time as a person says it: `8 s`, `4:12 min`, `1:04:12 h`.
pub fn spell(span: Span, lang: Lang) -> String {
    let rounded = Span(span.0.div_ceil(1000) * 1000);
    let (template, time) = match rounded.0 / 1000 {
        seconds @ 0..=59 => (SECONDS, seconds.to_string()),
        seconds @ 60..=3599 => (MINUTES, format!("{}:{:02}", seconds / 60, seconds % 60)),
        _ => (HOURS, rounded.clock()),
    };
    lang.put(template, &[("time", &time)])
}
