//! What a person can do about a wait, and the price of it.

use super::chain::{Chain, full, silenced};
use crate::api::core::node::{NOT_READY, Node, Taint, UNREACHABLE};
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::quantity::Quantity;
use crate::base::Str;
use crate::base::lang::Lang;
use crate::cluster::input::{Cascade, Input};
use crate::cluster::world::World;
use crate::infra::fault::Fault;
use crate::trace::{Because, Wait};

/// Something a person can do about a wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// What it is, as the label of a button.
    pub label: String,
    /// The price, in a word or two.
    pub price: String,
    /// The price, in a sentence.
    pub detail: String,
    /// What is done.
    pub input: Input,
}

/// Label, price in a word or two, price in a sentence; `{name}` is what it is done to.
type Texts = [&'static str; 3];

const POWER_ON: Texts =
    ["Power on {name}", "Costs nothing.", "The kubelet comes back and says what stopped."];
const HEAL: Texts = [
    "Heal the network of {name}",
    "Costs nothing.",
    "The kubelet is heard again and says what runs.",
];
const OUT_OF_SERVICE: Texts = [
    "Mark {name} out of service",
    "You promise that {name} is off.",
    "Its Pods and attachments are dropped at once. If you are wrong, there are two writers.",
];
const DELETE_NODE: Texts = [
    "Delete Node object {name}",
    "Slow but usual.",
    "The old Pod goes within a minute; its volume is detached by force 6 minutes later.",
];
const FORCE_DELETE: Texts = [
    "Force delete {name}",
    "It may run twice.",
    "The old {name} could still be writing; its volume stays where it is.",
];
const DELETE_POD: Texts = [
    "Delete {name}",
    "It stops, and comes back new.",
    "Same name, same claim, same volume; another uid and address.",
];

const ASK_LESS: Texts = [
    "Ask for less: {name}",
    "It grows by what is free.",
    "A claim may ask for less again, as long as it asks for more than its volume has.",
];

const MEND: Texts =
    ["Mend it: {name}", "Costs nothing.", "What was broken on purpose works again."];

/// What ways out say.
pub const WAYS: &[Texts] =
    &[POWER_ON, HEAL, OUT_OF_SERVICE, DELETE_NODE, FORCE_DELETE, DELETE_POD, ASK_LESS, MEND];

const WAYS_MAX: usize = 4;

/// The ways out of the trouble that `chain` explains, best first; at most four.
pub fn ways_out(world: &World, chain: &Chain, lang: Lang) -> Vec<Way> {
    let Some(root) = chain.last() else { return Vec::new() };
    let pod = chain.iter().rev().map(|wait| &wait.subject).find(|o| o.kind == Kind::Pod);
    let ways = match &root.because {
        Because::KubeletSilent { node }
        | Because::Toleration { node, .. }
        | Because::NodeGrace { node }
        | Because::EvictionRate { node }
        | Because::ForceDetach { node }
        | Because::MultiAttach { node } => {
            let held =
                matches!(root.because, Because::ForceDetach { .. } | Because::MultiAttach { .. });
            dead_node(world, node, if held { None } else { pod })
        }
        Because::ZoneDisruption { .. } => {
            let node = root.on.as_ref().unwrap_or(&root.subject);
            dead_node(world, &node.key.name, pod)
        }
        Because::Unschedulable { .. } => shut_out(world, &root.subject.key),
        Because::OnDelete | Because::BrokenRevision | Because::CrashLoopBackOff { .. } => {
            vec![(DELETE_POD, root.subject.key.name.clone(), delete(&root.subject, None))]
        }
        Because::Fault { .. } if let Some(node) = silent_behind(world, root) => {
            dead_node(world, node, pod)
        }
        Because::Fault { text } => {
            let named = |fault: &&Fault| **text == *fault.to_string();
            let before = chain.iter().rev().nth(1);
            let like = before.map(|wait| full(world, wait)).unwrap_or_default();
            let others = like.into_iter().filter(|fault| !named(fault));
            let faults = world.faults().filter(named).chain(others).take(WAYS_MAX);
            let remedies = faults.map(|fault| Str::from(fault.remedy()));
            let mend = remedies.map(|remedy| (MEND, remedy.clone(), Input::operate(&*remedy)));
            mend.chain(before.and_then(|wait| ask_less(world, wait))).collect()
        }
        _ => Vec::new(),
    };
    let way = |(texts, name, input): Raw| {
        let [label, price, detail] = texts.map(|text| lang.put(text, &[("name", &name)]));
        Way { label, price, detail, input }
    };
    ways.into_iter().map(way).collect()
}

/// A way before it is put into words: what it says, to what it is done, what is done.
type Raw = (Texts, Str, Input);

/// What can be done about a node that does not answer; `pod` is the Pod stuck on it.
fn dead_node(world: &World, node: &Str, pod: Option<&ObjectRef>) -> Vec<Raw> {
    // Whoever waits may not have heard yet that the Pod is gone.
    let pod = pod.filter(|pod| world.store().find(pod).is_some());
    let mut ways: Vec<Raw> = back(world, node).into_iter().collect();
    if world.store().get::<Node>(&Key::global(node.clone())).is_some() {
        ways.push((OUT_OF_SERVICE, node.clone(), out_of_service(node)));
        let object = ObjectRef::new(Kind::Node, Key::global(node.clone()));
        ways.extend(pod.map(|_| (DELETE_NODE, node.clone(), delete(&object, None))));
    }
    ways.extend(pod.map(|pod| (FORCE_DELETE, pod.key.name.clone(), delete(pod, Some(0)))));
    ways
}

/// The node whose power or network is what `root` blames.
fn silent_behind<'w>(world: &'w World, root: &Wait) -> Option<&'w Str> {
    let pod = world.store().get::<Pod>(&root.subject.key)?;
    let fault = silenced(world, &pod.spec.node_name)?;
    let same = matches!(&root.because, Because::Fault { text } if **text == *fault.to_string());
    same.then_some(&fault.target)
}

/// Letting a node be heard again, if it is not.
fn back(world: &World, node: &Str) -> Option<Raw> {
    let machine = world.infra.machines.get(node)?;
    match (machine.powered, machine.connected) {
        (false, _) => Some((POWER_ON, node.clone(), Input::power(node, true))),
        (true, false) => Some((HEAL, node.clone(), Input::network(node, true))),
        (true, true) => None,
    }
}

/// Bringing back the nodes that a Pod may not go to only because nothing is heard of them.
fn shut_out(world: &World, pod: &Key) -> Vec<Raw> {
    let Some(spec) = world.store().get::<Pod>(pod).map(|pod| &pod.spec) else { return Vec::new() };
    let of_silence = |taint: &Taint| [UNREACHABLE, NOT_READY].contains(&&*taint.key);
    let only_silent = |name: &&Str| {
        let node = world.store().get::<Node>(&Key::global((*name).clone()));
        node.is_some_and(|node| node.untolerated(&spec.tolerations).all(of_silence))
    };
    let tainted = world.decision(pod).into_iter().flat_map(|decision| decision.tainted());
    tainted.filter(only_silent).filter_map(|node| back(world, node)).take(WAYS_MAX).collect()
}

/// Taking back a growth to what there is room for, if there is any.
fn ask_less(world: &World, wait: &Wait) -> Option<Raw> {
    let Because::NoRoom { system } = &wait.because else { return None };
    let key = &wait.subject.key;
    let claim = world.store().get::<PersistentVolumeClaim>(key).filter(|it| it.is_bound())?;
    let free = world.infra.room(system).filter(|free| *free > 0)?;
    let size = claim.status.capacity.get("storage")?.plus(&Quantity::bytes(free));
    let what = format!("{} {size}", key.name);
    Some((ASK_LESS, what.into(), Input::ask_for(key, &size)))
}

/// Promising that a node is off.
fn out_of_service(node: &str) -> Input {
    Input::Taint {
        node: node.into(),
        key: "node.kubernetes.io/out-of-service".into(),
        value: "nodeshutdown".into(),
        effect: "NoExecute".into(),
        on: true,
    }
}

fn delete(object: &ObjectRef, grace: Option<i64>) -> Input {
    Input::Delete {
        kind: object.kind.info().name.into(),
        namespace: object.key.namespace.to_string(),
        name: object.key.name.to_string(),
        grace,
        cascade: Cascade::Background,
    }
}
