//! What a shell reaches from a session: the cluster through the timeline's journal, the files of
//! the editor, and the simulator's own words. A terminal speaks English in every language of the
//! page, as kubectl does.

use super::SETTLE_LIMIT;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::apiserver::{Answer, ApiServer};
use crate::base::Str;
use crate::base::lang::Lang;
use crate::base::time::{SimTime, Span};
use crate::client::request::{self, Request};
use crate::cluster::input::Input;
use crate::cluster::world::World;
use crate::explain::{self, Piece};
use crate::kubectl::inside::{self, Answered};
use crate::kubectl::running::{Context, Files, Hub, Link, Poll, Running, Settings};
use crate::shell::{self, Behind, Desk, Place, Then};
use crate::timeline::Timeline;
use crate::trace::Wait;

/// The place of one terminal, for one go.
pub(super) struct Seat<'s> {
    pub timeline: &'s mut Timeline,
    pub files: &'s mut Files,
    pub settings: &'s mut Settings,
    pub history: &'s [Str],
    /// A settle was given up: nothing comes to rest.
    pub restless: bool,
    /// What runs in the background.
    pub behind: Vec<Behind>,
    /// The first command that changed something.
    pub deed: Option<String>,
}

/// The API server as a command of kubectl reaches it.
struct Wire<'w> {
    timeline: &'w mut Timeline,
    line: &'w str,
    deed: &'w mut Option<String>,
}

impl Hub for Wire<'_> {
    fn now(&self) -> SimTime {
        self.timeline.now()
    }

    fn server(&self) -> &ApiServer {
        &self.timeline.world().server
    }

    fn send(&mut self, request: &Request) -> Answer<request::Answered> {
        let input = Input::Request { line: self.line.to_string(), request: request.clone() };
        let outcome = self.timeline.act(input);
        if !outcome.refused {
            self.deed.get_or_insert_with(|| self.line.to_string());
        }
        outcome.answer.expect("a request is answered")
    }
}

impl Place for Seat<'_> {
    fn now(&self) -> SimTime {
        self.timeline.now()
    }

    fn is_settled(&self) -> bool {
        self.restless || self.timeline.is_at_rest()
    }

    fn poll(&mut self, line: &str, running: &mut Running) -> Poll {
        let mut wire = Wire { timeline: self.timeline, line, deed: &mut self.deed };
        running.poll(&mut Context {
            hub: &mut wire,
            files: self.files,
            settings: self.settings,
            pace: Span::ZERO,
        })
    }

    fn inside(&mut self, namespace: &str, pod: &str, line: &str) -> Answered {
        let store = self.timeline.world().store();
        let name = pod.strip_prefix("pod/").unwrap_or(pod);
        inside::answer(store, self.timeline.now(), &Key::new(namespace, name), line)
    }

    fn has_pod(&self, word: &str) -> bool {
        inside::pod(self.timeline.world().store(), &self.settings.namespace, word).is_some()
    }

    fn behind(&mut self) -> &mut Vec<Behind> {
        &mut self.behind
    }

    fn namespace(&self) -> String {
        self.settings.namespace.to_string()
    }

    fn word(&mut self, words: &[String]) -> Option<shell::Answer> {
        let (name, rest) = words.split_first()?;
        let now = self.timeline.now();
        Some(match (&**name, rest) {
            ("advance", [text]) => match shell::span(text) {
                Some(span) => waits(Then::At(now + span)),
                None => refused(&format!("{text:?} is no length of time; 30s, 5m, 1h30m are")),
            },
            ("advance", _) => refused("by how much? For instance: advance 30s"),
            ("settle", _) => waits(Then::Settled),
            ("why", [subject, ..]) => {
                let subject = [subject.as_str(), rest.get(1).map_or("", |name| name.as_str())];
                why(self.timeline.world(), &self.settings.namespace, subject)
            }
            ("why", []) => why_any(self.timeline.world()),
            ("faults", _) => {
                let faults = self.timeline.world().faults();
                let lines: String =
                    faults.map(|one| format!("{one}. Mend it: {}\n", one.remedy())).collect();
                said(if lines.is_empty() { "Nothing is broken.\n".into() } else { lines })
            }
            (
                "poweroff" | "poweron" | "shutdown" | "partition" | "heal" | "stop" | "start"
                | "fault" | "mend" | "add-machine" | "remove-machine",
                _,
            ) => {
                let line = words.join(" ");
                let outcome = self.timeline.act(Input::operate(line.clone()));
                let text = outcome.lines.join("\n");
                if outcome.refused {
                    return Some(refused(&text));
                }
                self.deed.get_or_insert(line);
                said(format!("{text}\n"))
            }
            _ => return None,
        })
    }

    fn desk(&mut self, seen: bool) -> Desk<'_> {
        Desk { now: self.timeline.now(), files: self.files, history: self.history, seen }
    }
}

fn said(text: String) -> shell::Answer {
    shell::Answer { text, ..shell::Answer::default() }
}

fn refused(text: &str) -> shell::Answer {
    shell::Answer { text: format!("{text}\n"), code: 1, ..shell::Answer::default() }
}

fn waits(then: Then) -> shell::Answer {
    shell::Answer { then, ..shell::Answer::default() }
}

/// `why pod/web-1`, `why pod web-1`, `why web-1`; `own` is the namespace of the context.
fn why(world: &World, own: &str, [word, name]: [&str; 2]) -> shell::Answer {
    let (kind, name) = match word.split_once('/') {
        Some(pair) => pair,
        None if name.is_empty() => ("pod", word),
        None => (word, name),
    };
    let Some(kind) = Kind::by_word(kind) else {
        return refused(&format!("there is no kind {kind:?}"));
    };
    let namespace = if kind.info().namespaced { own } else { "" };
    let subject = ObjectRef::new(kind, Key::new(namespace, name));
    let mut chain = explain::of_object(world, &subject);
    if chain.is_empty() && kind == Kind::StatefulSet {
        chain = explain::of_set(world, &subject.key).chain;
    }
    if chain.is_empty() {
        return match world.store().find(&subject) {
            Some(Object::Pod(pod)) if !pod.is_ready() && !pod.is_terminal() => {
                said(format!("{subject} is at work.\n"))
            }
            Some(_) => said(format!("{subject} waits for nothing.\n")),
            None => refused(&format!("there is no {subject}, and nothing waits for it")),
        };
    }
    told(world, &chain)
}

/// `why` alone: what is blocked most.
fn why_any(world: &World) -> shell::Answer {
    match explain::most_blocked(world) {
        Some(unready) => told(world, &unready.chain),
        None => said("Nothing waits.\n".into()),
    }
}

fn told(world: &World, chain: &[Wait]) -> shell::Answer {
    let (mut text, mut links) = (String::new(), Vec::new());
    for wait in chain {
        for piece in explain::sentence(wait, world.store(), world.now, Lang::En) {
            let start = text.len();
            match piece {
                Piece::Text(words) => text.push_str(&words),
                Piece::Object(object) => {
                    text.push_str(&object.key.name);
                    links.push(Link { range: start..text.len(), object });
                }
            }
        }
        text.push('\n');
    }
    for way in explain::ways_out(world, &chain.to_vec(), Lang::En) {
        let (command, price, detail) = (way.input.command(), way.price, way.detail);
        text.push_str(&format!("A way out: {command}\n  {price} {detail}\n"));
    }
    shell::Answer { text, links, ..shell::Answer::default() }
}

/// When a settle that began at `now` is given up.
pub(super) fn settle_until(now: SimTime) -> SimTime {
    now + SETTLE_LIMIT
}
