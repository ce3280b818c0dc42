//! Hand-made moments, for the style page and the tests of the drawing: no engine made them.
//!
//! Here are the parts they are put together from; `down` and `more` hold the moments.
//!
//! Not here: anything that ships (the feature `styles` guards it) or that proves the engine right.

use super::*;
use crate::api::kinds::Kind;
use crate::cluster::input::{Cascade, Input};

mod down;
mod more;

pub use down::{faults, node_down, running};
pub use more::{five, many, replaced, zookeeper};

pub(super) const WEB: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: nginx
spec:
  clusterIP: None
  selector:
    app: nginx
  ports:
    - name: web
      port: 80
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  replicas: 3
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      containers:
        - name: nginx
          image: registry.k8s.io/nginx-slim:0.8
";

pub(super) fn text(text: impl AsRef<str>) -> Text {
    text.as_ref().into()
}

pub(super) fn pod_subject(name: &str) -> Subject {
    subject(Kind::Pod, "default", name)
}

pub(super) fn plain_run(text: &str) -> Run {
    Run::Plain(text.into())
}

/// A Pod of a seat.
pub fn pod(set: &str, ordinal: u32, incarnation: u32, state: State, word: &str) -> PodCard {
    let name = format!("{set}-{ordinal}");
    let ready = matches!(state, State::Ready | State::Terminating | State::Unknown);
    PodCard {
        key: text(format!("{name}#{incarnation}")),
        said: text(format!("{name}, {word}")),
        subject: pod_subject(&name),
        kind: PodKind::Seated,
        ordinal: Some(ordinal),
        incarnation,
        state,
        word: text(word),
        ready: text(if ready { "1/1" } else { "0/1" }),
        picked: false,
    }
}

/// A node that is what it is believed to be.
pub fn node(letter: &str, pods: Vec<PodCard>) -> NodeCard {
    let load = u32::try_from(pods.len()).unwrap_or(0) * 25;
    NodeCard {
        subject: node_subject(&format!("node-{letter}")),
        zone: text(format!("zone-{letter}")),
        belief: State::Ready,
        word: text("Ready"),
        chips: vec![],
        on: true,
        power: power(letter, false),
        known: true,
        shifted: false,
        really: None,
        cpu: load,
        memory: load * 5 / 4,
        pods: Pods { shown: pods.into_iter().map(Rc::new).collect(), more: 0 },
        all: Vec::new(),
        picked: false,
    }
}

/// The same without power, still in the books.
pub fn node_off(
    letter: &str,
    belief: State,
    word: &str,
    since: &str,
    pods: Vec<PodCard>,
) -> NodeCard {
    NodeCard {
        belief,
        word: text(word),
        on: false,
        power: power(letter, true),
        shifted: true,
        really: Some((text("powered off"), text(since))),
        ..node(letter, pods)
    }
}

/// A volume.
pub fn drum(claim: &str, ordinal: u32, node: Option<usize>, word: &str) -> Drum {
    Drum {
        subject: subject(Kind::PersistentVolumeClaim, "default", claim),
        ordinal: Some(ordinal),
        kind: if node.is_some() { DrumKind::Attached } else { DrumKind::Free },
        size: text("1 Gi, ReadWriteOnce"),
        short: text(word.replace("attached to", "on")),
        word: text(word),
        node,
        user: node.map(|node| (node, 0)),
        waiting: false,
        picked: false,
    }
}

pub(super) fn head(set: &str, ready: u32, replicas: u32, service: &str) -> SetHead {
    SetHead {
        subject: subject(Kind::StatefulSet, "default", set),
        ready,
        replicas,
        note: None,
        service: Some((text(service), text(format!("headless, {ready} endpoints")))),
        budget: None,
    }
}

/// A seat with somebody in it.
pub fn seat(set: &str, service: &str, claim: &str, ordinal: u32, occupant: Occupant) -> Seat {
    let name = format!("{set}-{ordinal}");
    Seat {
        dns: text(format!("{name}.{service}")),
        domain: text(".default.svc.cluster.local"),
        claim: Some(text(format!("{claim}-{name}"))),
        attached: text(
            occupant
                .place
                .split(',')
                .next()
                .map_or(String::new(), |node| format!("attached to {node}")),
        ),
        volume: text(["pvc-3f2a", "pvc-8c1d", "pvc-b07e"][ordinal as usize % 3]),
        stamp: Some((
            text(["212", "57", "208"][ordinal as usize % 3]),
            text(["b3d0", "a41e", "77c2"][ordinal as usize % 3]),
        )),
        subject: pod_subject(&name),
        ordinal,
        occupant: Some(occupant),
        leaving: false,
        picked: false,
    }
}

/// Somebody.
pub fn occupant(state: State, node: &str, incarnation: u32, ip: &str) -> Occupant {
    let word = if state == State::NotReady { Word::NotReady } else { state.word() };
    Occupant {
        state,
        word: text(Lang::En.say(word)),
        place: text(format!("{node}, Pod #{incarnation}")),
        ip: text(ip),
        was: None,
    }
}

pub(super) fn window(set: &str, seats: Vec<Seat>) -> Vec<SeatWindow> {
    vec![SeatWindow {
        set: subject(Kind::StatefulSet, "default", set),
        total: u32::try_from(seats.len()).unwrap_or(0),
        shown: seats.into_iter().map(Rc::new).collect(),
        window: None,
        marks: vec![],
        said: text(""),
    }]
}

pub(super) fn segment(from: u32, to: u32, state: State, label: &str) -> Segment {
    Segment { from, to, state, label: text(label) }
}

pub(super) fn bar(name: &str, now: u32) -> NodeLane {
    NodeLane { name: text(name), spans: vec![Span { from: 0, to: now, on: true }], beliefs: vec![] }
}

pub(super) fn ticks(count: u32, seconds: u64) -> Vec<Tick> {
    let tick =
        |i: u32| Tick { at: 10_000 / count * i, label: text(clock(u64::from(i) * seconds * 1000)) };
    (0..count).map(tick).collect()
}

pub(super) fn event(at: &str, kind: &str, object: &str, reason: &str, message: &str) -> Event {
    Event {
        id: 0,
        at: text(at),
        kind: text(kind),
        reason: text(reason),
        subject: object.strip_prefix("pod/").map(pod_subject),
        object: text(object),
        message: text(message),
        count: 1,
        now: false,
        seek: None,
    }
}

pub(super) fn pods_table(rows: &[[&str; 7]]) -> Table {
    let heads = ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"];
    let row = |cells: &[&str; 7]| {
        Rc::new((Some(pod_subject(cells[0])), false, cells.iter().map(text).collect()))
    };
    Table {
        kind: Kind::Pod,
        heads: heads.iter().map(text).collect(),
        rows: rows.iter().map(row).collect(),
        more: 0,
        names: 0,
    }
}

pub(super) fn tries() -> Vec<Try> {
    let one = |icon, label: &str, about: &str, deed: Input| Try {
        icon,
        label: text(label),
        text: text(about),
        intent: Intent::Do(deed),
        enabled: true,
    };
    vec![
        one(
            "i-power",
            "Power off node-b",
            "See how long the API server still believes in web-1, and what happens to its volume.",
            Input::power("node-b", false),
        ),
        one(
            "i-trash",
            "Delete Pod web-1",
            "A new Pod comes back with the same name, the same volume and another IP address.",
            delete("Pod", "default", "web-1", None),
        ),
        one(
            "i-scale",
            "Scale web to 5",
            "New seats are added in order: web-3 first, then web-4.",
            Input::Scale { namespace: "default".into(), name: "web".into(), replicas: 5 },
        ),
    ]
}

/// An editor with a text and what was found in it.
pub fn editor(manifest: &str, found: Vec<Diagnostic>) -> Editor {
    Editor {
        files: vec![text("web.yaml"), text("zookeeper.yaml")],
        current: 0,
        text: text(manifest),
        can_apply: false,
        state: text(if found.is_empty() { "Matches the cluster" } else { "Not applied yet" }),
        summary: text(if found.is_empty() { "" } else { "2 errors, 2 notes" }),
        broken: !found.is_empty(),
        found: Rc::new(found),
        examples: vec![text("Web (nginx)"), text("ZooKeeper, from the 2017 article")],
    }
}

pub(super) fn transport(clock: &str) -> Transport {
    Transport {
        clock: text(clock),
        can_step: true,
        can_back: true,
        playing: false,
        speed: 5,
        settled: text(""),
        jump: None,
        yield_primary: false,
    }
}

/// `kubectl delete`.
pub(super) fn delete(kind: &str, namespace: &str, name: &str, grace: Option<i64>) -> Input {
    Input::Delete {
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
        grace,
        cascade: Cascade::Background,
    }
}

fn power(letter: &str, on: bool) -> Intent {
    Intent::Do(Input::power(&format!("node-{letter}"), on))
}
