//! What a person can do about a wait, and the price of it.

use super::chain::Chain;
use crate::api::core::node::Node;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::cluster::input::{Cascade, Input};
use crate::cluster::world::World;
use crate::infra::fault::Fault;
use crate::trace::Because;

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

/// The ways out of the trouble that `chain` explains, best first; at most four.
pub fn ways_out(world: &World, chain: &Chain) -> Vec<Way> {
    let Some(root) = chain.last() else { return Vec::new() };
    let pod = chain.iter().rev().map(|wait| &wait.subject).find(|o| o.kind == Kind::Pod);
    match &root.because {
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
        Because::OnDelete | Because::BrokenRevision | Because::CrashLoopBackOff { .. } => {
            vec![delete_pod(&root.subject)]
        }
        Because::Fault { text } => {
            let faults = world.faults().filter(|fault| **text == *fault.to_string());
            faults.map(mend).collect()
        }
        _ => Vec::new(),
    }
}

/// Ending a fault.
fn mend(fault: &Fault) -> Way {
    let remedy = fault.remedy();
    Way {
        label: format!("Mend it: {remedy}"),
        price: "Costs nothing.".into(),
        detail: "What was broken on purpose works again.".into(),
        input: Input::operate(remedy),
    }
}

/// What can be done about a node that does not answer; `pod` is the Pod stuck on it.
fn dead_node(world: &World, node: &str, pod: Option<&ObjectRef>) -> Vec<Way> {
    let mut ways = Vec::new();
    // Whoever waits may not have heard yet that the Pod is gone.
    let pod = pod.filter(|pod| world.store().find(pod).is_some());
    let machine = world.infra.machines.get(node);
    if machine.is_some_and(|machine| !machine.powered) {
        ways.push(Way {
            label: format!("Power on {node}"),
            price: "Costs nothing.".into(),
            detail: "The kubelet comes back and says what stopped.".into(),
            input: Input::power(node, true),
        });
    } else if machine.is_some_and(|machine| !machine.connected) {
        ways.push(Way {
            label: format!("Heal the network of {node}"),
            price: "Costs nothing.".into(),
            detail: "The kubelet is heard again and says what runs.".into(),
            input: Input::network(node, true),
        });
    }
    if world.store().get::<Node>(&Key::global(node)).is_some() {
        ways.push(out_of_service(node));
        ways.extend(pod.map(|_| delete_node(node)));
    }
    ways.extend(pod.map(force_delete));
    ways
}

/// Promising that a node is off.
pub fn out_of_service(node: &str) -> Way {
    Way {
        label: format!("Mark {node} out of service"),
        price: format!("You promise that {node} is off."),
        detail: "Its Pods and attachments are dropped at once. If you are wrong, there are two \
                 writers."
            .into(),
        input: Input::Taint {
            node: node.into(),
            key: "node.kubernetes.io/out-of-service".into(),
            value: "nodeshutdown".into(),
            effect: "NoExecute".into(),
            on: true,
        },
    }
}

/// Removing what the API server knows of a node.
pub fn delete_node(node: &str) -> Way {
    Way {
        label: format!("Delete Node object {node}"),
        price: "Slow but usual.".into(),
        detail: "The old Pod goes within a minute; its volume is detached by force 6 minutes \
                 later."
            .into(),
        input: Input::Delete {
            kind: "Node".into(),
            namespace: String::new(),
            name: node.into(),
            grace: None,
            cascade: Cascade::Background,
        },
    }
}

/// Removing a Pod object without waiting for its process.
pub fn force_delete(pod: &ObjectRef) -> Way {
    let name = &pod.key.name;
    Way {
        label: format!("Force delete {name}"),
        price: "It may run twice.".into(),
        detail: format!("The old {name} could still be writing; its volume stays where it is."),
        input: delete(pod, Some(0)),
    }
}

/// Deleting a Pod so that it comes back.
pub fn delete_pod(pod: &ObjectRef) -> Way {
    let name = &pod.key.name;
    Way {
        label: format!("Delete {name}"),
        price: "It stops, and comes back new.".into(),
        detail: "Same name, same claim, same volume; another uid and address.".into(),
        input: delete(pod, None),
    }
}

fn delete(pod: &ObjectRef, grace: Option<i64>) -> Input {
    Input::Delete {
        kind: pod.kind.info().name.into(),
        namespace: pod.key.namespace.to_string(),
        name: pod.key.name.to_string(),
        grace,
        cascade: Cascade::Background,
    }
}
