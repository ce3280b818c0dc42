//! The seats of each StatefulSet: all of them while they are few, else a window around what is
//! picked or in trouble.
//!
//! Not here: drawing, and the ruler's looks.

use super::{Eye, claims_of, figure, short, state, volumes};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::roster::Roster;
use crate::timeline::film::PodState;
use crate::view::{Occupant, Seat, SeatWindow, State, Text, Word};
use std::rc::Rc;

/// Seats that are all shown.
const ALL_SHOWN: usize = 8;

/// Seats in a window, when not all are shown.
const WINDOW: usize = 5;

/// Of these, so many above the seat that matters: few, for the last ones may be below the fold.
const ABOVE: u32 = 1;

/// Events that are looked through for what was last told.
const TOLD_MAX: usize = 40;

/// Marks on a ruler.
const MARKS_MAX: u32 = 200;

/// The seats of all sets.
pub(super) fn windows(eye: &Eye<'_>) -> Vec<SeatWindow> {
    eye.world.store().list::<StatefulSet>().map(|set| window(eye, set)).collect()
}

/// The key of the Pod that sits at `ordinal`.
pub(super) fn pod_key(set: &StatefulSet, ordinal: u32) -> Key {
    Key::new(set.meta.namespace.clone(), format!("{}-{ordinal}", set.meta.name))
}

/// The ordinals that are wanted, as the first and the one behind the last.
pub(super) fn range(set: &StatefulSet) -> (u32, u32) {
    let start = figure::number(set.start_ordinal());
    (start, start.saturating_add(figure::number(set.replicas())))
}

fn window(eye: &Eye<'_>, set: &StatefulSet) -> SeatWindow {
    let (start, end) = range(set);
    let roster = eye.world.store().roster(set.meta.uid);
    let leaving = roster.len() - roster.count(start..end);
    let total = (end - start) as usize + leaving as usize;
    let marks = if total > ALL_SHOWN { marks(eye, set, &roster, (start, end)) } else { Vec::new() };
    let ordinals: Vec<u32> = if total <= ALL_SHOWN {
        let (below, above) = (roster.members(0..start), roster.members(end..u32::MAX));
        below.chain(start..end).chain(above).collect()
    } else {
        let first = first_shown(eye, set, (start, end), &marks);
        (first..end.min(first + WINDOW as u32)).collect()
    };
    let cut = total > ALL_SHOWN;
    let ruler = |ordinal: u32| (ordinal - start) * 10_000 / (end - start).max(1);
    let bounds = ordinals.first().copied().zip(ordinals.last().copied()).filter(|_| cut);
    let said = bounds.map_or("".into(), |(first, last)| {
        let places = [first, last, end - start].map(|n| n.to_string());
        eye.fill(
            Word::SeatsShown,
            &[("first", &*places[0]), ("last", &*places[1]), ("all", &*places[2])],
        )
    });
    SeatWindow {
        set: ObjectRef::new(Kind::StatefulSet, Key::of(&set.meta)),
        shown: ordinals
            .iter()
            .map(|at| Rc::new(seat(eye, set, *at, !(start..end).contains(at))))
            .collect(),
        total: u32::try_from(total).unwrap_or(u32::MAX),
        window: bounds.map(|(first, last)| (ruler(first), ruler(last + 1))),
        marks: marks.iter().map(|(at, state)| (ruler(*at), *state)).collect(),
        said,
    }
}

/// Seats whose Pod is not Ready: all of them, or the first in each of so many equal parts.
fn marks(
    eye: &Eye<'_>,
    set: &StatefulSet,
    roster: &Roster,
    (start, end): (u32, u32),
) -> Vec<(u32, State)> {
    let store = eye.world.store();
    let part = (end - start).div_ceil(MARKS_MAX).max(1);
    let parts = (start..end).step_by(part as usize);
    let first = |at: u32| roster.unhealthy(at..end.min(at + part)).next();
    let mark = |ordinal: u32| {
        let pod = store.get::<Pod>(&pod_key(set, ordinal))?;
        Some((ordinal, state(PodState::of(pod, store))))
    };
    parts.filter_map(first).filter_map(mark).collect()
}

/// The first seat of the window: before the picked one, else before the first in trouble, else
/// before the first that is not taken; when all is well, before the one last told of, so that a
/// seat stays in sight when its Pod is back.
fn first_shown(
    eye: &Eye<'_>,
    set: &StatefulSet,
    (start, end): (u32, u32),
    marks: &[(u32, State)],
) -> u32 {
    let prefix = format!("{}-", set.meta.name);
    let picked = eye.session.selected().filter(|one| one.key.namespace == set.meta.namespace);
    let digits = picked.and_then(|one| one.key.name.rsplit_once(&*prefix));
    let picked = digits.and_then(|(_, digits)| digits.parse().ok());
    let taken = start.saturating_add(figure::number(set.status.replicas));
    let told = || last_told(eye, set, &prefix).filter(|_| taken >= end);
    let around = picked.or(marks.first().map(|(at, _)| *at)).or_else(told).unwrap_or(taken);
    let last = end.saturating_sub(WINDOW as u32).max(start);
    around.saturating_sub(ABOVE).clamp(start, last)
}

/// The seat of the set's Pod that one of the newest events is about.
fn last_told(eye: &Eye<'_>, set: &StatefulSet, prefix: &str) -> Option<u32> {
    let newest = eye.world.store().told().rev().take(TOLD_MAX).map(|event| &event.involved_object);
    let mut pods =
        newest.filter(|about| &*about.kind == "Pod" && *about.namespace == *set.meta.namespace);
    pods.find_map(|about| about.name.strip_prefix(prefix)?.parse().ok())
}

fn seat(eye: &Eye<'_>, set: &StatefulSet, ordinal: u32, leaving: bool) -> Seat {
    let key = pod_key(set, ordinal);
    let claims = claims_of(set, ordinal);
    let claim_key = claims.first().map(|name| Key::new(key.namespace.clone(), name.clone()));
    let volume = claim_key.as_ref().and_then(|key| volumes::volume(eye, key));
    let pod = eye.world.store().get::<Pod>(&key).filter(|pod| super::ordinal(pod).is_some());
    let service = &set.spec.service_name;
    Seat {
        dns: match &**service {
            "" => key.name.clone(),
            service => format!("{}.{service}", key.name).into(),
        },
        domain: match &**service {
            "" => "".into(),
            _ => format!(".{}.svc.cluster.local", key.namespace).into(),
        },
        claim: volume.as_ref().map(|volume| volume.claim.meta.name.clone()),
        attached: volume.as_ref().map_or("".into(), |volume| volume.words(eye).0),
        volume: volume.as_ref().map_or("".into(), |v| short(&v.claim.spec.volume_name)),
        stamp: volume.as_ref().and_then(|volume| volume.stamp(eye)),
        occupant: pod.map(|pod| occupant(eye, set, pod, &key)),
        leaving,
        picked: eye.picked(Kind::Pod, &key.namespace, &key.name),
        subject: ObjectRef::new(Kind::Pod, key),
        ordinal,
    }
}

fn occupant(eye: &Eye<'_>, set: &StatefulSet, pod: &Pod, key: &Key) -> Occupant {
    let how = PodState::of(pod, eye.world.store());
    let drawn = state(how);
    let look = eye.film.seat_at(key, eye.world.now);
    let incarnation = look.map_or(1, |look| look.incarnation);
    let count = incarnation.to_string();
    let place: Text = if pod.is_assigned() {
        eye.fill(Word::PodOn, &[("node", &pod.spec.node_name), ("count", &count)])
    } else {
        eye.fill(Word::PodNowhere, &[("count", &count)])
    };
    let before = super::history::before(eye, key, incarnation);
    let ip = &pod.status.pod_ip;
    // While Pods differ in their revision, that matters more than an address.
    let rolls = figure::rolls(set);
    let new = pod.meta.label("controller-revision-hash") == Some(&set.status.update_revision);
    Occupant {
        state: drawn,
        word: match how {
            PodState::Failed => figure::word(eye, pod, how),
            _ => figure::bare(eye, drawn),
        },
        place,
        ip: match &**ip {
            _ if rolls => eye.say(if new { Word::NewRevision } else { Word::OldRevision }),
            "" => eye.say(Word::NoAddress),
            _ => ip.clone(),
        },
        was: before
            .map(|look| look.ip.clone())
            .filter(|was| !rolls && !was.is_empty() && was != ip),
    }
}
