//! What others say of the selected object: its YAML and events as the API server holds them,
//! kubectl's description, the Pods that had its name.
//!
//! Not here: printing (`kubectl` does it, reading only), reasons (see `inspect`).

use super::record::{self, Listed};
use super::{Eye, Show, short};
use crate::api::core::event::Event;
use crate::api::kinds::{Kind, ObjectRef};
use crate::apiserver::apply::LAST_APPLIED;
use crate::apiserver::{Answer, ApiServer, status::Status};
use crate::base::time::{SimTime, Span};
use crate::client::request::{Answered, Request};
use crate::cluster::world::World;
use crate::kubectl::running::{Context, Files, Hub, Settings, start};
use crate::kubectl::yaml;
use crate::view::{Facts, Inspector, Tab, Text, Word, clock};
use serde_json::Value;

/// So many times as many events are listed of one object as of all.
const PAGES: usize = 5;

/// The API server for those who only read.
struct Reader<'w>(&'w World);

impl Hub for Reader<'_> {
    fn now(&self) -> SimTime {
        self.0.now
    }

    fn server(&self) -> &ApiServer {
        &self.0.server
    }

    fn send(&mut self, _: &Request) -> Answer<Answered> {
        Err(Status::failure("only to be read"))
    }
}

/// The parts of `now` that stay, and what the tab shows.
pub(super) fn told(eye: &Eye<'_>, subject: &ObjectRef, show: &Show, now: Inspector) -> Inspector {
    let tab = show.tab;
    let Inspector { subject: picked, kind, ordinal, state, acts, .. } = now;
    let mut view =
        Inspector { subject: picked, kind, ordinal, state, acts, tab, ..Inspector::default() };
    match tab {
        Tab::Yaml => view.lines = lines(eye, subject),
        Tab::Events => {
            let show = Show { pages: PAGES * show.pages, ..Show::first(eye.lang) };
            let listed = &mut Listed::default();
            (view.events, view.events_more) = record::events(eye, Some(subject), &show, listed);
        }
        Tab::History if subject.kind == Kind::Pod => view.facts = pods(eye, subject),
        Tab::History if subject.kind == Kind::StatefulSet => {
            view.lines = said(eye, &["rollout", "history"], subject);
        }
        Tab::Describe => view.lines = said(eye, &["describe"], subject),
        _ => {}
    }
    view
}

/// What kubectl says.
fn said(eye: &Eye<'_>, words: &[&str], subject: &ObjectRef) -> Vec<(bool, Text)> {
    let object = [subject.kind.info().singular, "/", &*subject.key.name].concat();
    let mut words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
    words.extend([object, "-n".into(), subject.key.namespace.to_string()]);
    if subject.key.namespace.is_empty() {
        words.truncate(words.len() - 2);
    }
    let poll = start(&words, String::new()).poll(&mut Context {
        hub: &mut Reader(eye.world),
        files: &Files::default(),
        settings: &mut Settings::default(),
        pace: Span::ZERO,
    });
    poll.chunks.iter().map(|chunk| (false, chunk.text.as_str().into())).collect()
}

/// The object as YAML, line by line; what was applied otherwise is marked.
fn lines(eye: &Eye<'_>, subject: &ObjectRef) -> Vec<(bool, Text)> {
    let Some(object) = eye.world.store().find(subject) else { return Vec::new() };
    let mut tree = object.to_value();
    if let Some(meta) = tree["metadata"].as_object_mut() {
        meta.remove("managedFields");
    }
    let live = yaml::of(&tree);
    let applied = object.meta().annotations.get(LAST_APPLIED);
    let applied = applied.and_then(|text| serde_json::from_str::<Value>(text).ok());
    put(&mut tree, &applied.unwrap_or_default());
    let was = yaml::of(&tree);
    let both = live.split_inclusive('\n').zip(was.split_inclusive('\n'));
    both.map(|(line, was)| (line != was, line.into())).collect()
}

/// Puts what `with` says into the places that `tree` has.
fn put(tree: &mut Value, with: &Value) {
    match (tree, with) {
        (Value::Object(tree), Value::Object(with)) => {
            let here = with.iter().filter(|(key, _)| *key != "annotations");
            for (key, value) in here {
                tree.get_mut(key).into_iter().for_each(|place| put(place, value));
            }
        }
        (Value::Array(tree), Value::Array(with)) if tree.len() == with.len() => {
            tree.iter_mut().zip(with).for_each(|(place, value)| put(place, value));
        }
        (Value::String(place), Value::String(value)) if !value.contains('\n') => {
            place.clone_from(value);
        }
        (place @ (Value::Number(_) | Value::Bool(_)), Value::Number(_) | Value::Bool(_)) => {
            place.clone_from(with);
        }
        _ => {}
    }
}

/// The Pods that had this name, newest first.
fn pods(eye: &Eye<'_>, subject: &ObjectRef) -> Vec<Facts> {
    let fact = |name, value: &str| super::inspect::fact(eye, name, value);
    let mut looks = eye.film.seat(&subject.key).take_while(|(at, _)| *at <= eye.world.now);
    let mut all: Vec<Facts> = Vec::new();
    let mut next = looks.next();
    while let Some((began, mut last)) = next {
        let mut ended = None;
        next = None;
        for (at, look) in looks.by_ref() {
            if look.state.is_none() {
                ended.get_or_insert(at);
            } else if look.incarnation != last.incarnation {
                ended.get_or_insert(at);
                next = Some((at, look));
                break;
            } else {
                last = look;
            }
        }
        let uid = last.uid.to_string();
        let told = eye.world.store().list::<Event>().filter(|event| {
            record::is_about(event, subject) && event.involved_object.uid.to_string() == uid
        });
        let told = told.max_by_key(|event| (record::last_seen(event), event.meta.resource_version));
        all.push(super::inspect::facts(
            eye,
            Word::FactPod,
            vec![
                fact(Word::FactUid, &short(&uid)),
                fact(Word::FactNode, &last.node),
                fact(Word::FactAddress, &last.ip),
                fact(Word::FactBegan, &clock(began.0)),
                fact(Word::FactEnded, &ended.map_or(String::new(), |at| clock(at.0))),
                fact(Word::FactLastEvent, told.map_or("", |event| &*event.reason)),
            ],
        ));
        if let Some(facts) = all.last_mut() {
            facts.title = format!("{} #{}", subject.key.name, last.incarnation).into();
        }
    }
    all.reverse();
    all
}
