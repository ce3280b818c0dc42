//! The figure's things: machines with the sheet the API server keeps about them, Pods in them,
//! drums below them.
//!
//! Not here: where the lines between them run (see `figure`).

use super::{Intent, State, Subject, Text};
use std::rc::Rc;

/// The header line of one StatefulSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetHead {
    /// The set.
    pub subject: Subject,
    /// Ready Pods.
    pub ready: u32,
    /// Replicas asked for.
    pub replicas: u32,
    /// "Parallel", and how far a rollout is, when worth saying.
    pub note: Option<Text>,
    /// Its Service: name and what it does, "headless, 2 endpoints".
    pub service: Option<(Text, Text)>,
    /// A disruption budget over its Pods.
    pub budget: Option<Budget>,
}

/// A PodDisruptionBudget in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: Text,
    /// Healthy Pods it counts.
    pub healthy: u32,
    /// Healthy Pods it wants to keep.
    pub needs: u32,
    /// Pods it expects.
    pub expected: u32,
    /// Evictions it would allow now.
    pub allowed: u32,
}

/// How much of a Pod fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Density {
    /// One Pod a node: a full card.
    Card,
    /// Two to eight.
    Tight,
    /// Up to twenty: plate and glyph.
    Compact,
    /// More: the number and its state.
    Chip,
}

impl Density {
    /// What fits when the fullest node holds `most` Pods.
    pub fn of(most: usize) -> Density {
        match most {
            0..=1 => Density::Card,
            2..=8 => Density::Tight,
            9..=20 => Density::Compact,
            _ => Density::Chip,
        }
    }
}

/// What stands behind a Pod card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodKind {
    /// The Pod that holds its seat now.
    Seated,
    /// A Pod of something else than a StatefulSet: no plate, no seat.
    Anonymous,
    /// An earlier Pod of a seat that has a new one: hatched out, its plate an empty socket.
    Ended,
    /// A process without a Pod object: the object was deleted by force and it may still write.
    Orphan,
}

/// A Pod on the figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodCard {
    /// Its UID: a replacement is another card.
    pub key: Text,
    /// What picking it picks.
    pub subject: Subject,
    /// What kind of card.
    pub kind: PodKind,
    /// Its ordinal; `None` without a seat.
    pub ordinal: Option<u32>,
    /// The how-manieth Pod of this name, from one.
    pub incarnation: u32,
    /// Its state.
    pub state: State,
    /// The state in words: "Terminating, 12 s".
    pub word: Text,
    /// Ready containers: "1/1".
    pub ready: Text,
    /// It is the one the person picked.
    pub picked: bool,
    /// Everything above in one sentence, for people who do not see the card.
    pub said: Text,
}

/// The Pods of a node, as many as fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pods {
    /// Those shown, by seat.
    pub shown: Vec<Rc<PodCard>>,
    /// How many more there are.
    pub more: u32,
}

/// A machine, and what the API server believes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeCard {
    /// The node.
    pub subject: Subject,
    /// Its zone.
    pub zone: Text,
    /// The Node object's condition as drawn; `None` when the object is gone.
    pub belief: State,
    /// The belief in words: "Ready, 12 of 50 s".
    pub word: Text,
    /// Short facts on chips: "cordoned".
    pub chips: Vec<Text>,
    /// The machine has power.
    pub on: bool,
    /// Takes its power away, or gives it back.
    pub power: Intent,
    /// The Node object exists.
    pub known: bool,
    /// Belief and machine differ: the sheet slides off.
    pub shifted: bool,
    /// What the machine really does, when it is not what is believed: "powered off", "5:52 ago".
    pub really: Option<(Text, Text)>,
    /// CPU asked for, in percent of what is there.
    pub cpu: u32,
    /// Memory asked for, in percent of what is there.
    pub memory: u32,
    /// Pods on it, according to the API server.
    pub pods: Pods,
    /// How many of its Pods are in which state, when there are many.
    pub all: Vec<(State, Text)>,
    /// Picked by the person.
    pub picked: bool,
}

/// How a drum is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrumKind {
    /// Attached to a machine.
    Attached,
    /// On its way off a machine.
    Detaching,
    /// Bound, attached to nothing.
    Free,
    /// The claim has no volume yet.
    Unbound,
    /// A disk inside one machine.
    Local,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drum {
    /// Its claim.
    pub subject: Subject,
    /// The seat it belongs to.
    pub ordinal: Option<u32>,
    /// How it is drawn.
    pub kind: DrumKind,
    /// Size and access: "1 Gi, ReadWriteOnce".
    pub size: Text,
    /// Attachment in words: "attached to node-b".
    pub word: Text,
    /// The same in two words: "on node-b".
    pub short: Text,
    /// The node it is attached to, by position in [`Stage::nodes`].
    pub node: Option<usize>,
    /// The Pod that uses it: position of the node and of the card on it.
    pub user: Option<(usize, usize)>,
    /// The attachment is still under way.
    pub waiting: bool,
    /// Picked by the person.
    pub picked: bool,
}

/// Pods without a node, and why.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tray {
    /// Those shown.
    pub pods: Vec<Rc<PodCard>>,
    /// How many more there are.
    pub more: u32,
    /// For the first of them: node and reason.
    pub reasons: Vec<(Text, Text)>,
}

/// The figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// StatefulSets, one line each.
    pub heads: Vec<SetHead>,
    /// How Pods are drawn, the same on all nodes.
    pub density: Density,
    /// Pods without a node.
    pub tray: Tray,
    /// Machines.
    pub nodes: Vec<Rc<NodeCard>>,
    /// Volumes, in the order of their seats; none of them when there are too many to draw.
    pub drums: Vec<Drum>,
    /// Volumes in words, when they are not drawn.
    pub drums_more: Option<Text>,
    /// From where to where a name went, as (node, card) pairs: old, new.
    pub ribbon: Option<((usize, usize), (usize, usize))>,
    /// The person looks at the past.
    pub past: bool,
}

impl Stage {
    /// Whether volumes are drawn one by one.
    pub fn has_shelf(&self) -> bool {
        self.drums_more.is_none() && !self.drums.is_empty()
    }
}
