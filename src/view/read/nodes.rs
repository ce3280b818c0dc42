//! One machine: what it is, and the sheet the API server keeps about it.
//!
//! Not here: deciding whether a node is dead (the node lifecycle controller does).

use super::history::Ended;
use super::{Eye, deed, figure, ordinal};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::meta::condition;
use crate::api::quantity::Quantity;
use crate::api::storage::Lease;
use crate::base::Str;
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::cluster::input::Input;
use crate::infra::fault::FaultKind;
use crate::infra::machine::Machine;
use crate::timeline::film::PodState;
use crate::view::{
    Density, NodeCard, PodCard, PodKind, Pods, Sentence, State, Text, Word, node_subject,
};
use std::rc::Rc;

/// Chips that are drawn on one node.
const CHIPS_MAX: usize = 30;

/// The key of the taint by which a person says that a machine is off for good.
pub(super) const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// How many Pods a node has.
pub(super) fn count(eye: &Eye<'_>, name: &Str) -> usize {
    eye.world.store().pods_on(name).count()
}

/// The card of the machine or Node `name`.
pub(super) fn card(eye: &Eye<'_>, name: &Str, density: Density, ended: &[Ended]) -> NodeCard {
    let store = eye.world.store();
    let node = store.get::<Node>(&Key::global(name.clone()));
    let machine = eye.world.infra.machines.get(name);
    let on = machine.is_some_and(|machine| machine.powered);
    let reachable = machine.is_some_and(|machine| machine.powered && machine.connected);
    let ready = node.is_some_and(|node| node.is_ready());
    let (belief, word) = belief(eye, name);
    let shifted = node.is_some() && (!reachable || !ready);
    let (cpu, memory) = load(eye, name, machine);
    NodeCard {
        subject: node_subject(name),
        zone: machine.map_or("".into(), |machine| machine.zone.clone()),
        belief,
        word,
        chips: node.map_or(Vec::new(), |node| chips(eye, node)),
        on,
        power: deed(Input::power(name, !on)),
        known: node.is_some(),
        shifted,
        really: really(eye, machine, node.is_some(), shifted),
        cpu,
        memory,
        pods: pods(eye, name, density, ended),
        all: all(eye, name, density),
        picked: eye.picked(Kind::Node, "", name),
    }
}

fn chips(eye: &Eye<'_>, node: &Node) -> Vec<Text> {
    let mut chips = Vec::new();
    if node.spec.unschedulable {
        chips.push(eye.say(Word::Cordoned));
    }
    if node.spec.taints.iter().any(|taint| &*taint.key == OUT_OF_SERVICE) {
        chips.push(eye.say(Word::OutOfServiceChip));
    }
    chips
}

/// What the API server believes of a node, as drawn and in words.
pub(super) fn belief(eye: &Eye<'_>, name: &Str) -> (State, Text) {
    let node = eye.world.store().get::<Node>(&Key::global(name.clone()));
    let machine = eye.world.infra.machines.get(name);
    let Some(node) = node else { return (State::None, eye.say(Word::NoNodeObject)) };
    let ready = condition(&node.status.conditions, "Ready");
    let since = ready.and_then(|ready| ready.last_transition_time).unwrap_or(eye.world.now);
    match node.ready() {
        "True" => {
            let silent = machine.is_some_and(|machine| !machine.powered || !machine.connected);
            match machine.filter(|_| silent) {
                Some(machine) => (State::Ready, fading(eye, &node.meta.name, machine.since)),
                None => (State::Ready, eye.say(Word::Ready)),
            }
        }
        "False" => (State::NotReady, eye.say(Word::NotReady)),
        _ => (State::Unknown, eye.fill(Word::UnknownFor, &[("time", &eye.ago(since))])),
    }
}

/// "Ready, 12 of 50 s": how long the last sign of life is still good.
fn fading(eye: &Eye<'_>, name: &Str, since: SimTime) -> Text {
    let lease = eye.world.store().get::<Lease>(&Key::new("kube-node-lease", name.clone()));
    let renewed =
        lease.filter(|lease| !lease.spec.renewing).and_then(|lease| lease.spec.renew_time);
    let silent = eye.world.now.since(renewed.map_or(since, |time| time.0)).0 / 1000;
    let grace = eye.world.config.flags.node_monitor_grace_period.0 / 1000;
    let places = [("time", &*silent.to_string()), ("grace", &*grace.to_string())];
    eye.fill(Word::ReadyFading, &places)
}

/// What the machine really does, when that is not what the sheet says.
fn really(
    eye: &Eye<'_>,
    machine: Option<&Machine>,
    known: bool,
    shifted: bool,
) -> Option<(Text, Text)> {
    let Some(machine) = machine else { return Some((eye.say(Word::NoMachine), "".into())) };
    let ago = |since| eye.fill(Word::Ago, &[("time", &eye.ago(since))]);
    let down = eye.world.infra.faults.get(FaultKind::Shutdown, &machine.name);
    if let Some(down) = down {
        return Some((eye.say(Word::ShuttingDown), ago(down.since)));
    }
    let ago = ago(machine.since);
    if !machine.powered {
        Some((eye.say(Word::PoweredOff), ago))
    } else if !machine.connected {
        Some((eye.say(Word::CutOff), ago))
    } else if shifted && machine.since > SimTime::ZERO {
        Some((eye.say(Word::PoweredOn), ago))
    } else if !known {
        Some((eye.say(Word::RunsUnknown), "".into()))
    } else {
        None
    }
}

/// What to say when a machine is silent and nobody has noticed, not even whoever waits for it.
pub(super) fn unnoticed(eye: &Eye<'_>) -> Option<Sentence> {
    let silent = |machine: &&Machine| !machine.powered || !machine.connected;
    let nodes = eye.world.infra.machines.values().filter(silent);
    let believed = |machine: &&Machine| {
        let node = eye.world.store().get::<Node>(&Key::global(machine.name.clone()));
        node.is_some_and(|node| node.is_ready())
    };
    let machine = nodes.filter(believed).max_by_key(|machine| machine.since)?;
    let really = if machine.powered { Word::CutOff } else { Word::PoweredOff };
    let object = node_subject(&machine.name);
    let places = [("really", eye.lang.say(really))];
    Some(eye.lang.sentence(Word::NotNoticed, &places, &[("node", object)]))
}

/// CPU and memory that Pods ask for, in percent of what the machine has.
fn load(eye: &Eye<'_>, name: &Str, machine: Option<&Machine>) -> (u32, u32) {
    let Some(machine) = machine else { return (0, 0) };
    let (mut cpu, mut memory) = (0i64, 0i64);
    for pod in eye.world.store().pods_on(name).filter(|pod| !pod.is_terminal()) {
        for container in pod.spec.containers.iter() {
            let asked = |what: &str| container.resources.requests.get(what);
            cpu = cpu.saturating_add(asked("cpu").map_or(0, Quantity::as_milli));
            memory = memory.saturating_add(asked("memory").map_or(0, Quantity::as_units));
        }
    }
    let percent = |part: i64, whole: i64| {
        u32::try_from(part.saturating_mul(100) / whole.max(1)).unwrap_or(0).min(100)
    };
    (percent(cpu, machine.cpu.as_milli()), percent(memory, machine.memory.as_units()))
}

fn pods(eye: &Eye<'_>, name: &Str, density: Density, ended: &[Ended]) -> Pods {
    let most = if density == Density::Chip { CHIPS_MAX } else { usize::MAX };
    let mut all: Vec<&Rc<Pod>> = eye.world.store().pods_on(name).collect();
    sorted::sort_by_key(&mut all, |pod| (ordinal(pod), pod.meta.name.clone()));
    let more = u32::try_from(all.len().saturating_sub(most)).unwrap_or(0);
    let mut shown: Vec<Rc<PodCard>> =
        all.into_iter().take(most).map(|pod| Rc::new(figure::card(eye, pod))).collect();
    if density <= Density::Tight {
        let graves = ended.iter().filter(|grave| grave.node == *name);
        shown.extend(graves.map(|grave| Rc::new(grave_card(eye, grave))));
        shown.extend(orphans(eye, name).map(Rc::new));
    }
    Pods { shown, more }
}

fn grave_card(eye: &Eye<'_>, grave: &Ended) -> PodCard {
    let time = crate::view::clock(grave.ended.0);
    let word = eye.fill(Word::EndedAt, &[("time", &time)]);
    PodCard {
        key: format!("{}-ended", grave.uid).into(),
        kind: PodKind::Ended,
        ordinal: Some(grave.ordinal),
        incarnation: grave.incarnation,
        state: State::None,
        ready: "".into(),
        picked: false,
        said: eye.fill(Word::PodSaidEnded, &[("pod", &grave.key.name), ("time", &time)]),
        word,
        subject: ObjectRef::new(Kind::Pod, grave.key.clone()),
    }
}

/// Processes on a machine that no Pod object stands for any more.
fn orphans<'e>(eye: &'e Eye<'_>, name: &'e Str) -> impl Iterator<Item = PodCard> + 'e {
    let here = eye.world.infra.processes.values().filter(move |one| one.node == *name);
    let lost = here.filter(|one| {
        let pod = eye.world.store().get::<Pod>(&one.key);
        pod.is_none_or(|pod| pod.meta.uid != one.pod)
    });
    lost.map(|one| {
        let looks = eye.film.seat(&one.key);
        let look = looks.filter(|(_, look)| look.uid == one.pod).last();
        let digits = one.key.name.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok());
        let word = eye.fill(Word::StillRunsFor, &[("time", &eye.ago(one.started))]);
        PodCard {
            key: format!("{}-orphan", one.pod).into(),
            kind: PodKind::Orphan,
            ordinal: digits,
            incarnation: look.map_or(1, |(_, look)| look.incarnation),
            state: State::Unknown,
            ready: "".into(),
            picked: false,
            said: eye.fill(Word::PodSaidOrphan, &[("pod", &one.key.name), ("node", name)]),
            word,
            subject: ObjectRef::new(Kind::Pod, one.key.clone()),
        }
    })
}

/// What all Pods of a full node have in common.
fn all(eye: &Eye<'_>, name: &Str, density: Density) -> Option<(State, Text)> {
    if density != Density::Chip {
        return None;
    }
    let store = eye.world.store();
    let mut states = store.pods_on(name).map(|pod| PodState::of(pod, store));
    let first = states.next()?;
    let mut count = 1u32;
    for state in states {
        if state != first {
            return None;
        }
        count += 1;
    }
    Some((super::state(first), eye.fill(Word::AllOf, &[("count", &count.to_string())])))
}
