//! What the film remembers: lanes and flags of the timeline, Pods that ended, who sat where.
//!
//! Not here: recording (see `timeline::film`).

use super::{Eye, seats, state};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::kinds::Key;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::time::{SimTime, Span as Time};
use crate::client::request::Verb;
use crate::cluster::input::Input;
use crate::timeline::Entry;
use crate::timeline::film::{NodeLook, PodState, SeatLook};
use crate::view::{
    Belief, Flag, Lane, NodeLane, SeatWindow, Segment, Span, Stage, State, Text, Tick, Timeline,
    Word, clock,
};

/// Lanes for seats.
const LANES_MAX: usize = 12;

/// Bars for machines.
const BARS_MAX: usize = 8;

/// Seats that are looked through for Pods that ended.
const SEATS_MAX: u32 = 60;

/// Lines of the story of a replacement.
const STORY_MAX: usize = 8;

/// How long an ended Pod stays on the figure after its successor was made.
const GRAVE: Time = Time::minutes(10);

/// Distances between labelled moments, in seconds.
const STEPS: [u64; 13] =
    [10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800];

/// A Pod that ended and whose seat has another one.
pub(super) struct Ended {
    /// Its name.
    pub key: Key,
    /// Its ordinal.
    pub ordinal: u32,
    /// The how-manieth of its name.
    pub incarnation: u32,
    /// Its uid.
    pub uid: Uid,
    /// Its node.
    pub node: Str,
    /// When its object went.
    pub ended: SimTime,
}

/// How the seat's Pod before `incarnation` last was, while it had a node.
pub(super) fn before<'e>(eye: &Eye<'e>, key: &Key, incarnation: u32) -> Option<&'e SeatLook> {
    let looks = eye.film.seat(key).take_while(|(at, _)| *at <= eye.world.now);
    let old = looks.map(|(_, look)| look).filter(|look| {
        look.incarnation < incarnation && look.state.is_some() && !look.node.is_empty()
    });
    old.last()
}

/// When the seat's Pod of this incarnation was first seen.
fn first_seen(eye: &Eye<'_>, key: &Key, incarnation: u32) -> SimTime {
    let mut looks = eye.film.seat(key).take_while(|(at, _)| *at <= eye.world.now);
    looks.find(|(_, look)| look.incarnation == incarnation).map_or(eye.world.now, |(at, _)| at)
}

/// Pods that ended not long ago on another node than their successor's.
pub(super) fn ended(eye: &Eye<'_>) -> Vec<Ended> {
    let mut found = Vec::new();
    for set in eye.world.store().list::<StatefulSet>() {
        let (start, end) = seats::range(set);
        for ordinal in start..end.min(start + SEATS_MAX) {
            let key = seats::pod_key(set, ordinal);
            let Some(look) = eye.film.seat_at(&key, eye.world.now) else { continue };
            if look.state.is_none() || look.incarnation < 2 {
                continue;
            }
            let Some(old) = before(eye, &key, look.incarnation) else { continue };
            let ended = first_seen(eye, &key, look.incarnation);
            if old.node == look.node || eye.world.now.since(ended) > GRAVE {
                continue;
            }
            found.push(Ended {
                key,
                ordinal,
                incarnation: old.incarnation,
                uid: old.uid,
                node: old.node.clone(),
                ended,
            });
        }
    }
    found
}

/// The time at a place of the chart, in ten-thousandths of its width, given the last known time.
pub fn time_at(place: u32, known: SimTime) -> SimTime {
    SimTime(u64::from(place) * width(known) / 10_000)
}

/// The time that the whole chart spans: what is known and a little more.
fn width(known: SimTime) -> u64 {
    let least = (known.0 + known.0 / 12).max(60_000);
    let step = step(least);
    least.div_ceil(step / 2).saturating_mul(step / 2)
}

fn step(width: u64) -> u64 {
    STEPS.iter().map(|seconds| seconds * 1_000).find(|step| width / step <= 8).unwrap_or(width / 8)
}

/// The chart.
pub(super) fn timeline(eye: &Eye<'_>, windows: &[SeatWindow], stage: &Stage) -> Timeline {
    let known = eye.film.known().max(eye.world.now);
    let whole = width(known);
    let place = move |at: SimTime| u32::try_from(at.0 * 10_000 / whole).unwrap_or(10_000);
    let step = step(whole);
    let count = whole / step;
    let ticks = (0..=count).filter(|i| i * step * 10 < whole * 10 - step);
    let tick = |i: u64| Tick { at: place(SimTime(i * step)), label: clock(i * step).into() };
    let many = windows.iter().filter(|window| !window.shown.is_empty()).count() > 1;
    let shown = windows.iter().flat_map(|window| {
        let first = window.shown.first().filter(|_| many).map(|seat| &seat.subject);
        window.shown.iter().map(move |seat| (seat, first == Some(&seat.subject)))
    });
    let seats: u32 = windows.iter().map(|window| window.total).sum();
    let lanes: Vec<Lane> = shown
        .take(LANES_MAX)
        .map(|(seat, first)| Lane {
            ordinal: seat.ordinal,
            set: match seat.subject.key.name.rsplit_once('-') {
                Some((set, _)) if first => set.into(),
                _ => "".into(),
            },
            segments: segments(eye, &seat.subject.key, known, &place),
        })
        .collect();
    let names = stage.nodes.iter().map(|node| &node.subject.key.name);
    let bars = names.take(BARS_MAX).map(|name| bar(eye, name, known, &place));
    let now = clock(eye.world.now.0);
    Timeline {
        ticks: ticks.map(tick).collect(),
        flags: flags(eye, &place),
        lanes_more: seats.saturating_sub(u32::try_from(lanes.len()).unwrap_or(0)),
        lanes,
        nodes: bars.collect(),
        nodes_more: u32::try_from(stage.nodes.len().saturating_sub(BARS_MAX)).unwrap_or(0),
        now: place(eye.world.now),
        known: place(known),
        said: eye.fill(Word::TimelineSaid, &[("time", &now), ("what", eye.session.said())]),
        clock: now.into(),
    }
}

fn segments(
    eye: &Eye<'_>,
    key: &Key,
    known: SimTime,
    place: &dyn Fn(SimTime) -> u32,
) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    let mut looks = eye.film.seat(key).peekable();
    while let Some((at, look)) = looks.next() {
        let until = looks.peek().map_or(known, |(next, _)| *next);
        let Some(how) = look.state else { continue };
        let drawn = state(how);
        let label = label(eye, look, how);
        let (from, to) = (place(at), place(until));
        match out.last_mut() {
            Some(last) if last.state == drawn && last.label == label && last.to == from => {
                last.to = to;
            }
            _ if to > from || how == PodState::Ready => {
                out.push(Segment { from, to: to.max(from + 1), state: drawn, label });
            }
            _ => {}
        }
    }
    out
}

/// What to write in a stretch of a lane.
fn label(eye: &Eye<'_>, look: &SeatLook, how: PodState) -> Text {
    let node = &look.node;
    let again = look.incarnation > 1;
    let count = look.incarnation.to_string();
    let places = [("node", &**node), ("count", &*count)];
    match how {
        PodState::Unknown => eye.fill(Word::LaneUnknown, &places),
        PodState::Ready | PodState::NotReady if again => eye.fill(Word::LaneAgain, &places),
        PodState::Ready | PodState::NotReady => node.clone(),
        _ if again => eye.fill(Word::LaneCount, &places),
        _ => "".into(),
    }
}

fn bar(eye: &Eye<'_>, name: &Str, known: SimTime, place: &dyn Fn(SimTime) -> u32) -> NodeLane {
    let mut lane = NodeLane { name: name.clone(), spans: Vec::new(), beliefs: Vec::new() };
    let mut looks = eye.film.node(name).peekable();
    while let Some((at, look)) = looks.next() {
        let until = looks.peek().map_or(known, |(next, _)| *next);
        let (from, to) = (place(at), place(until));
        let NodeLook { powered, connected, ready } = look;
        let on = *powered && *connected;
        match lane.spans.last_mut() {
            Some(last) if last.on == on => last.to = to,
            _ => lane.spans.push(Span { from, to, on }),
        }
        let believed = &**ready == "True";
        if believed != on && !ready.is_empty() {
            lane.beliefs.push(Belief { from, to, ready: believed });
        }
    }
    lane
}

fn flags(eye: &Eye<'_>, place: &dyn Fn(SimTime) -> u32) -> Vec<Flag> {
    let entries = eye.session.timeline().journal().iter();
    let worth = |entry: &&Entry| entry.at > 0 || !matches!(entry.input, Input::Apply { .. });
    let flag = |entry: &Entry| Flag {
        at: place(SimTime(entry.at)),
        label: eye.say(deed_word(&entry.input)),
        you: true,
    };
    entries.filter(worth).map(flag).collect()
}

/// A deed in two words.
pub(super) fn deed_word(input: &Input) -> Word {
    match input {
        Input::Apply { .. } => Word::DeedApply,
        Input::Delete { kind, .. } if kind == "Node" => Word::DeedDeleteNode,
        Input::Delete { grace: Some(0), .. } => Word::DeedForce,
        Input::Delete { .. } => Word::DeedDelete,
        Input::Scale { .. } => Word::DeedScale,
        Input::Taint { on: true, .. } => Word::DeedTaint,
        Input::Taint { .. } => Word::DeedUntaint,
        Input::Cordon { on: true, .. } => Word::DeedCordon,
        Input::Cordon { .. } => Word::DeedUncordon,
        Input::Request { request, .. } => match request.verb {
            Verb::Create => Word::DeedApply,
            Verb::Delete | Verb::Evict if request.kind == "Node" => Word::DeedDeleteNode,
            Verb::Delete | Verb::Evict if request.body["gracePeriodSeconds"] == 0 => {
                Word::DeedForce
            }
            Verb::Delete | Verb::Evict => Word::DeedDelete,
            Verb::Scale => Word::DeedScale,
            _ => Word::DeedChange,
        },
        Input::Operate { line } => match line.split(' ').next().unwrap_or("") {
            "poweron" => Word::DeedPowerOn,
            "poweroff" => Word::DeedPowerOff,
            "shutdown" => Word::DeedShutDown,
            "heal" => Word::DeedHeal,
            "partition" => Word::DeedCut,
            "start" => Word::DeedStart,
            "stop" => Word::DeedStop,
            "mend" => Word::DeedMend,
            "add-machine" => Word::DeedAddMachine,
            "remove-machine" => Word::DeedRemoveMachine,
            _ => Word::DeedBreak,
        },
    }
}

/// What happened to a seat since its Pod before: clock and sentence.
pub(super) fn story(eye: &Eye<'_>, key: &Key, incarnation: u32) -> Vec<(Text, Text)> {
    let looks = eye.film.seat(key).take_while(|(at, _)| *at <= eye.world.now);
    // Of one instant: the mark, what was done about it, what came of that.
    let mut story: Vec<(SimTime, u8, Text)> = Vec::new();
    let mut last: Option<(u32, State)> = None;
    for (at, look) in looks.filter(|(_, look)| look.incarnation + 1 >= incarnation) {
        let drawn = look.state.map_or(State::None, state);
        let mark = (look.incarnation, drawn);
        if last == Some(mark) || (look.incarnation < incarnation && drawn != State::Terminating) {
            continue;
        }
        last = Some(mark);
        let count = look.incarnation.to_string();
        let places = [("count", &*count), ("node", &*look.node)];
        let word = match drawn {
            State::None => Word::StoryGone,
            State::Terminating => Word::StoryTerminating,
            State::Pending => Word::StoryPending,
            State::Creating => Word::StoryCreating,
            State::Ready => Word::StoryReady,
            _ => continue,
        };
        let rank = if drawn == State::Terminating { 0 } else { 2 };
        story.push((at, rank, eye.fill(word, &places)));
    }
    let (Some(begun), Some(ended)) = (story.first(), story.last()) else { return Vec::new() };
    let (begun, ended) = (begun.0, ended.0);
    let journal = eye.session.timeline().journal().iter().take(eye.session.timeline().done());
    let deeds = journal.filter(|entry| (begun..=ended).contains(&SimTime(entry.at)));
    let deeds = deeds.map(|entry| {
        let what = entry.input.command();
        (SimTime(entry.at), 1, eye.fill(Word::StoryDeed, &[("what", &what)]))
    });
    story.extend(deeds.collect::<Vec<_>>());
    story.sort_by_key(|(at, rank, _)| (*at, *rank));
    let skip = story.len().saturating_sub(STORY_MAX);
    story.into_iter().skip(skip).map(|(at, _, text)| (clock(at.0).into(), text)).collect()
}
