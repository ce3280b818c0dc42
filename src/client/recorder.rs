//! Writes Events, folding repeated ones.
//!
//! Upstream: staging/src/k8s.io/client-go/tools/record/{event,events_cache}.go and, for the
//! scheduler's newer form, tools/events/event_recorder.go

use crate::api::core::event::{Event, EventSeries, EventSource};
use crate::api::core::volume::ObjectReference;
use crate::api::json::MicroTime;
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{ObjectMeta, ResourceVersion};
use crate::apiserver::ApiServer;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

/// Whether an Event is an ordinary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Ordinary.
    Normal,
    /// Something somebody should look at.
    Warning,
}

/// The recorder of one component.
#[derive(Clone, Debug)]
pub struct Recorder {
    component: Str,
    host: Str,
    form: Form,
    /// The Event that an identical one is counted on, and how often it was told.
    told: Map<Told, (Str, i32)>,
    /// Different messages of similar Events in the last ten minutes.
    similar: Map<Told, Similar>,
    /// How many more Events an object may have, and since when that is counted.
    spam: Map<(Str, Str), (u32, SimTime)>,
    made: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Older,
    Newer,
}

/// Object (kind/namespace/name/uid), reason with type, message.
type Told = (Str, Str, Str);

#[derive(Clone, Debug)]
struct Similar {
    messages: Rc<Vec<Str>>,
    last: SimTime,
}

/// How many names are tried for an Event.
const TRIES: u32 = 32;
const SIMILAR_MAX: usize = 10;
const SIMILAR_SPAN: Span = Span::minutes(10);
const SPAM_BURST: u32 = 25;
const SPAM_REFILL: Span = Span::minutes(5);

/// What names `object` in other objects, as it is now.
pub fn reference_to(object: &Object) -> ObjectReference {
    let (meta, info) = (object.meta(), object.kind().info());
    ObjectReference {
        kind: info.name.into(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid,
        api_version: info.api_version().into(),
        resource_version: meta.resource_version.0.to_string().into(),
        ..ObjectReference::default()
    }
}

impl Recorder {
    /// The recorder of `component`, in the older form (count, firstTimestamp).
    pub fn new(component: &str) -> Recorder {
        Recorder {
            component: component.into(),
            host: "".into(),
            form: Form::Older,
            told: Map::new(),
            similar: Map::new(),
            spam: Map::new(),
            made: 0,
        }
    }

    /// The recorder of `component`, in the newer form (eventTime, series).
    pub fn newer(component: &str) -> Recorder {
        Recorder { form: Form::Newer, ..Recorder::new(component) }
    }

    /// The recorder of `component` on the node `host`.
    pub fn on_host(component: &str, host: Str) -> Recorder {
        Recorder { host, ..Recorder::new(component) }
    }

    /// Tells something about `object`: a new Event, or one more on the count of an old one.
    pub fn record(
        &mut self,
        server: &mut ApiServer,
        now: SimTime,
        object: &Object,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        self.record_about(server, now, reference_to(object), kind, reason, message);
    }

    /// The same about a reference, which may name a part of an object.
    pub fn record_about(
        &mut self,
        server: &mut ApiServer,
        now: SimTime,
        about: ObjectReference,
        kind: EventKind,
        reason: &str,
        message: &str,
    ) {
        let word = if kind == EventKind::Warning { "Warning" } else { "Normal" };
        let identity: Str = match self.form {
            Form::Older => format!(
                "{}/{}/{}/{}/{}",
                about.kind, about.namespace, about.name, about.uid, about.field_path
            ),
            // Identical to the newer recorder are Events about the same version of the object,
            // whatever they say.
            Form::Newer => format!(
                "{}/{}/{}/{}",
                about.kind, about.namespace, about.name, about.resource_version
            ),
        }
        .into();
        let group: Str = format!("{word}/{reason}").into();
        let combined = self.form == Form::Older && self.combines(now, &identity, &group, message);
        let message: Str = match combined {
            true => format!("(combined from similar events): {message}").into(),
            false => message.into(),
        };
        // What is combined is one Event whose message changes.
        let whole = combined || self.form == Form::Newer;
        let told = (identity.clone(), group, if whole { "".into() } else { message.clone() });
        let known = self.told.get(&told).cloned();
        if self.form == Form::Older && self.is_spam(now, &identity) {
            if let Some((name, count)) = known {
                self.told.insert_mut(told, (name, count + 1));
            }
            return;
        }
        let namespace: Str =
            if about.namespace.is_empty() { "default".into() } else { about.namespace.clone() };
        if let Some((name, count)) = known {
            let key = Key::new(namespace.clone(), name.clone());
            if self.count_one_more(server, now, &key, count + 1, &message) {
                self.told.insert_mut(told, (name, count + 1));
                return;
            }
        }
        let mut event = self.event(now, about, word, reason, message, &namespace, &"".into());
        // Another recorder may have taken the name in the same millisecond.
        for _ in 0..TRIES {
            self.made += 1;
            let number = (now.0 << 20) | (self.made & 0xf_ffff);
            event.meta.name = format!("{}.{number:x}", event.involved_object.name).into();
            match server.create(now, Object::Event(Rc::new(event.clone()))) {
                Err(status) if status.is_already_exists() => {}
                Err(_) => return,
                Ok(_) => {
                    self.told.insert_mut(told, (event.meta.name, 1));
                    return;
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn event(
        &self,
        now: SimTime,
        about: ObjectReference,
        word: &str,
        reason: &str,
        message: Str,
        namespace: &Str,
        name: &Str,
    ) -> Event {
        let meta =
            ObjectMeta { name: name.clone(), namespace: namespace.clone(), ..Default::default() };
        let mut event = Event {
            meta,
            involved_object: about,
            reason: reason.into(),
            message,
            kind: word.into(),
            reporting_component: self.component.clone(),
            reporting_instance: self.host.clone(),
            ..Event::default()
        };
        match self.form {
            Form::Older => {
                event.source = EventSource {
                    component: self.component.clone(),
                    host: self.host.clone(),
                    ..Default::default()
                };
                event.first_timestamp = Some(now.whole_second());
                event.last_timestamp = Some(now.whole_second());
                event.count = 1;
            }
            Form::Newer => event.event_time = Some(MicroTime(now)),
        }
        event
    }

    /// Counts one more on the Event at `key`; `false` if it is gone.
    fn count_one_more(
        &self,
        server: &mut ApiServer,
        now: SimTime,
        key: &Key,
        n: i32,
        message: &Str,
    ) -> bool {
        let Some(Object::Event(event)) = server.store.object(Kind::Event, key).cloned() else {
            return false;
        };
        let mut event = (*event).clone();
        event.meta.resource_version = ResourceVersion(0);
        match self.form {
            Form::Older => {
                event.count = n;
                event.message = message.clone();
                event.last_timestamp = Some(now.whole_second());
            }
            Form::Newer => {
                let last_observed_time = Some(MicroTime(now));
                event.series =
                    Some(EventSeries { count: n, last_observed_time, ..Default::default() });
            }
        }
        server.update(now, Object::Event(Rc::new(event))).is_ok()
    }

    /// Whether the message is combined with similar ones: it is when it is the tenth different
    /// one of the last ten minutes. Then one of the ten is forgotten; upstream whichever comes
    /// to hand, here the oldest, which is the least likely to come again.
    fn combines(&mut self, now: SimTime, identity: &Str, group: &Str, message: &str) -> bool {
        let at = (identity.clone(), group.clone(), Str::from(""));
        let mut similar = match self.similar.get(&at) {
            Some(similar) if now.since(similar.last) <= SIMILAR_SPAN => similar.clone(),
            _ => Similar { messages: Rc::default(), last: now },
        };
        similar.last = now;
        let known = similar.messages.iter().any(|other| **other == *message);
        if !known {
            Rc::make_mut(&mut similar.messages).push(message.into());
        }
        let full = similar.messages.len() >= SIMILAR_MAX;
        if full {
            Rc::make_mut(&mut similar.messages).remove(0);
        }
        self.similar.insert_mut(at, similar);
        full
    }

    /// Whether the object has used up its Events: 25, and one more every 5 minutes.
    fn is_spam(&mut self, now: SimTime, identity: &Str) -> bool {
        let at = (self.component.clone(), identity.clone());
        let (mut left, mut since) = self.spam.get(&at).copied().unwrap_or((SPAM_BURST, now));
        let refills = now.since(since).0 / SPAM_REFILL.0;
        if refills > 0 {
            left = SPAM_BURST.min(left + refills.min(25) as u32);
            since = since + Span(refills * SPAM_REFILL.0);
        }
        let spam = left == 0;
        self.spam.insert_mut(at, (left.saturating_sub(1), since));
        spam
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_different_message_is_combined() {
        let mut recorder = Recorder::new("statefulset-controller");
        let (object, group) = (Str::from("StatefulSet/default/web"), Str::from("Normal/Created"));
        let mut combines = |second: u64, message: &str| {
            recorder.combines(SimTime(second * 1000), &object, &group, message)
        };
        assert!((0..9).all(|n| !combines(n, &format!("message {n}"))));
        assert!(combines(9, "message 9"));
        assert!(!combines(10, "message 1"), "one that is remembered is told plainly");
        assert!(combines(11, "message 0"), "the oldest was forgotten");
        assert!(!combines(700, "message 20"), "after ten minutes it begins anew");
    }
}
