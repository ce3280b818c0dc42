//! One name that runs twice, in words: where, since when, whose doing it is, and what becomes of
//! what the first process writes.

use super::sentence::{Piece, Sentence};
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::lang::Lang;
use crate::base::time::{SimTime, Span};
use crate::cluster::incidents::{Deed, Incident};
use crate::cluster::world::World;
use crate::infra::disk::Reach;

const RUNS_TWICE: &str = "{subject} runs twice since {time}, on {node} and on {other}.";
const RAN_TWICE: &str = "{subject} ran twice from {time} on, on {node} and on {other}.";
const FORCED: &str = " It is your doing: at {deed} you deleted the Pod by force while it ran.";
const NODE_DELETED: &str = " It is your doing: at {deed} you deleted the Node {node} while it ran.";
const PROMISED: &str = " It is your doing: at {deed} you promised that {node} was off.";
const FENCED: &str = " The disk was taken from {node}: what is written there is lost.";
const BOTH_WRITE: &str = " Both write to the same disk.";

/// What incidents say.
pub const INCIDENTS: &[&str] =
    &[RUNS_TWICE, RAN_TWICE, FORCED, NODE_DELETED, PROMISED, FENCED, BOTH_WRITE];

/// What `incident` says.
pub fn incident(world: &World, incident: &Incident, lang: Lang) -> Sentence {
    let mut parts = vec![if incident.lasts { RUNS_TWICE } else { RAN_TWICE }];
    parts.extend(incident.cause.as_ref().map(|cause| match cause.deed {
        Deed::ForceDelete => FORCED,
        Deed::DeleteNode => NODE_DELETED,
        Deed::OutOfService => PROMISED,
    }));
    if incident.lasts {
        parts.extend(writing(world, incident));
    }
    let clock = |at: SimTime| Span(at.0).clock();
    let machine = |at: usize| {
        Piece::Object(ObjectRef::new(Kind::Node, Key::global(incident.double.nodes[at].clone())))
    };
    let mut out = Vec::new();
    for part in parts {
        let mut rest = lang.tr(part);
        while let Some((before, tail)) = rest.split_once('{') {
            let (name, after) = tail.split_once('}').unwrap_or((tail, ""));
            out.push(Piece::Text(before.to_string()));
            out.push(match name {
                "subject" => Piece::Object(ObjectRef::new(Kind::Pod, incident.double.key.clone())),
                "node" => machine(0),
                "other" => machine(1),
                "deed" => {
                    Piece::Text(incident.cause.as_ref().map_or(String::new(), |c| clock(c.at)))
                }
                _ => Piece::Text(clock(incident.double.at)),
            });
            rest = after;
        }
        out.push(Piece::Text(rest.to_string()));
    }
    out.retain(|piece| *piece != Piece::Text(String::new()));
    out
}

/// What becomes of what both write, if they have a disk.
fn writing(world: &World, incident: &Incident) -> Option<&'static str> {
    let processes = &world.infra.processes;
    let [first, second] = incident.double.pods.map(|pod| processes.get(&pod));
    let shared = first?.disks.iter().find(|disk| second.is_some_and(|it| it.disks.contains(disk)));
    let disk = world.infra.disks.get(shared?)?;
    let mount = disk.mounts.get(&first?.pod);
    match mount.is_some_and(|mount| mount.fenced) {
        true => Some(FENCED),
        false => (disk.reach == Reach::Shared || disk.torn.is_some()).then_some(BOTH_WRITE),
    }
}
