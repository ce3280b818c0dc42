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
use crate::infra::fault::{Fault, FaultKind};
use crate::infra::machine::Machine;
use crate::infra::process::Process;
use crate::timeline::film::PodState;
use crate::view::{
    Density, NodeCard, PodCard, PodKind, Pods, Sentence, State, Text, Word, node_subject,
};
use std::rc::Rc;

/// Chips that are drawn on one node, at least and at most, and on all of them together.
const CHIPS: (usize, usize, usize) = (2, 30, 200);

/// The key of the taint by which a person says that a machine is off for good.
pub(super) const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// How many Pods a node has.
pub(super) fn count(eye: &Eye<'_>, name: &Str) -> usize {
    eye.world.store().load(name).map_or(0, |load| load.pods as usize)
}

/// What the cards of all machines need to know.
pub(super) struct Room<'e> {
    density: Density,
    /// How many chips fit on each.
    chips: usize,
    /// Processes that no Pod object stands for any more.
    lost: Vec<&'e Process>,
    /// The Pods of each machine, where they were read all at once.
    groups: Vec<(&'e str, Vec<&'e Rc<Pod>>)>,
}

impl<'e> Room<'e> {
    /// On these machines, of which so many Pods are to be read.
    pub fn of(eye: &Eye<'e>, density: Density, names: &'e [Str], pods: u64) -> Room<'e> {
        let (least, most, all) = CHIPS;
        let chips = (all / names.len().max(1)).clamp(least, most);
        let store = eye.world.store();
        let lost =
            |one: &&Process| store.get::<Pod>(&one.key).is_none_or(|pod| pod.meta.uid != one.pod);
        let drawn = density <= Density::Tight;
        let running = eye.world.infra.processes.values().filter(|_| drawn);
        let mut groups: Vec<_> = Vec::new();
        // To look up each of many costs more than to go through all.
        if pods as usize > store.count(Kind::Pod) / 4 {
            groups.extend(names.iter().map(|name| (&**name, Vec::new())));
            sorted::sort_by_key(&mut groups, |(name, _)| *name);
            for pod in store.list::<Pod>() {
                let node = &*pod.spec.node_name;
                if let Ok(at) = groups.binary_search_by(|(name, _)| (*name).cmp(node)) {
                    groups[at].1.push(pod);
                }
            }
        }
        Room {
            density,
            chips: if density == Density::Chip { chips } else { usize::MAX },
            lost: running.filter(lost).collect(),
            groups,
        }
    }

    /// The Pods on a machine, ordered by namespace and name.
    fn pods<'a>(&self, eye: &Eye<'a>, name: &'a Str) -> Vec<&'a Rc<Pod>>
    where
        'e: 'a,
    {
        match self.groups.binary_search_by(|(one, _)| (*one).cmp(name)) {
            Ok(at) => self.groups[at].1.clone(),
            Err(_) => eye.world.store().pods_on(name).collect(),
        }
    }
}

/// Whether what is and what is believed are not both well.
pub(super) fn troubled(eye: &Eye<'_>, name: &Str) -> bool {
    let node = eye.world.store().get::<Node>(&Key::global(name.clone()));
    let reachable = |machine: &Machine| machine.powered && machine.connected;
    !node.is_some_and(|node| node.is_ready())
        || !eye.world.infra.machines.get(name).is_some_and(reachable)
}

/// The card of the machine or Node `name`.
pub(super) fn card(eye: &Eye<'_>, name: &Str, room: &Room<'_>, ended: &[Ended]) -> NodeCard {
    let all = room.pods(eye, name);
    let store = eye.world.store();
    let node = store.get::<Node>(&Key::global(name.clone()));
    let machine = eye.world.infra.machines.get(name);
    let on = machine.is_some_and(|machine| machine.powered);
    let reachable = machine.is_some_and(|machine| machine.powered && machine.connected);
    let ready = node.is_some_and(|node| node.is_ready());
    let (belief, word) = belief(eye, name);
    let shifted = node.is_some() && (!reachable || !ready);
    let (cpu, memory) = load(&all, machine);
    NodeCard {
        subject: node_subject(name),
        zone: machine.map_or("".into(), |machine| machine.zone.clone()),
        belief,
        word,
        chips: chips(eye, node, name),
        on,
        power: deed(Input::power(name, !on)),
        known: node.is_some(),
        shifted,
        really: really(eye, machine, node.is_some(), shifted),
        cpu,
        memory,
        all: tally(eye, &all, node, room.density),
        pods: pods(eye, name, all, room, ended),
        picked: eye.picked(Kind::Node, "", name),
    }
}

fn chips(eye: &Eye<'_>, node: Option<&Rc<Node>>, name: &Str) -> Vec<Text> {
    let mut chips = Vec::new();
    if node.is_some_and(|node| node.spec.unschedulable) {
        chips.push(eye.say(Word::Cordoned));
    }
    let mut taints = node.into_iter().flat_map(|node| node.spec.taints.iter());
    if taints.any(|taint| &*taint.key == OUT_OF_SERVICE) {
        chips.push(eye.say(Word::OutOfServiceChip));
    }
    // By the word that breaks and mends it.
    chips.extend(broken(eye, name).map(|fault| fault.kind.word().name.into()));
    chips
}

/// What is broken about a machine on purpose, beside power and network.
pub(super) fn broken<'e>(eye: &Eye<'e>, name: &'e Str) -> impl Iterator<Item = &'e Fault> {
    let about = move |fault: &&Fault| fault.target == *name && fault.kind > FaultKind::Partition;
    eye.world.infra.faults.iter().filter(about)
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
        let time = eye.ago(down.since);
        return Some((eye.say(Word::ShuttingDown), eye.fill(Word::For, &[("time", &time)])));
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
fn load(pods: &[&Rc<Pod>], machine: Option<&Machine>) -> (u32, u32) {
    let Some(machine) = machine else { return (0, 0) };
    let (mut cpu, mut memory) = (0i64, 0i64);
    for pod in pods.iter().filter(|pod| !pod.is_terminal()) {
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

fn pods(eye: &Eye<'_>, name: &Str, all: Vec<&Rc<Pod>>, room: &Room<'_>, ended: &[Ended]) -> Pods {
    // Seats first, what has ended last.
    let rank = |pod: &Pod, at: Option<u32>| (pod.is_terminal(), at.unwrap_or(u32::MAX));
    let mut seated: Vec<((bool, u32), &Rc<Pod>)> =
        all.into_iter().map(|pod| (rank(pod, ordinal(pod)), pod)).collect();
    sorted::sort_by(&mut seated, |(at, one), (other_at, other)| {
        (at, &one.meta.name).cmp(&(other_at, &other.meta.name))
    });
    let more = u32::try_from(seated.len().saturating_sub(room.chips)).unwrap_or(0);
    let cards = seated.into_iter().take(room.chips);
    let mut shown: Vec<Rc<PodCard>> =
        cards.map(|(_, pod)| Rc::new(figure::card(eye, pod))).collect();
    if room.density <= Density::Tight {
        // Before what is drawn lower than a card.
        let at = shown.iter().position(|card| card.state == State::None).unwrap_or(shown.len());
        for grave in ended.iter().rev().filter(|grave| grave.node == *name) {
            shown.insert(at, Rc::new(grave_card(eye, grave)));
        }
        let here = room.lost.iter().filter(|one| one.node == *name);
        shown.extend(here.map(|one| Rc::new(orphan(eye, name, one))));
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

/// A process that no Pod object stands for any more.
fn orphan(eye: &Eye<'_>, node: &Str, one: &Process) -> PodCard {
    let looks = eye.film.seat(&one.key);
    let look = looks.filter(|(_, look)| look.uid == one.pod).last();
    let digits = one.key.name.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok());
    PodCard {
        key: format!("{}-orphan", one.pod).into(),
        kind: PodKind::Orphan,
        ordinal: digits,
        incarnation: look.map_or(1, |(_, look)| look.incarnation),
        state: State::Unknown,
        ready: "".into(),
        picked: false,
        said: eye.fill(Word::PodSaidOrphan, &[("pod", &one.key.name), ("node", node)]),
        word: eye.fill(Word::StillRunsFor, &[("time", &eye.ago(one.started))]),
        subject: ObjectRef::new(Kind::Pod, one.key.clone()),
    }
}

/// How many Pods of a full node are in which state.
fn tally(
    eye: &Eye<'_>,
    pods: &[&Rc<Pod>],
    node: Option<&Rc<Node>>,
    density: Density,
) -> Vec<(State, Text)> {
    if density != Density::Chip {
        return Vec::new();
    }
    let mut counts: Vec<(PodState, usize)> = Vec::new();
    for pod in pods {
        let how = PodState::on(pod, || node);
        match counts.iter_mut().find(|(one, _)| *one == how) {
            Some((_, count)) => *count += 1,
            None => counts.push((how, 1)),
        }
    }
    let alone = counts.len() == 1;
    let text = |(how, count): (PodState, usize)| {
        let (drawn, count) = (super::state(how), count.to_string());
        let text = match (alone, how) {
            (true, _) => eye.fill(Word::AllOf, &[("count", &count)]),
            (false, PodState::Succeeded) => format!("{count} Completed").into(),
            (false, _) => format!("{count} {}", eye.lang.say(drawn.word())).into(),
        };
        (drawn, text)
    };
    counts.into_iter().map(text).collect()
}
