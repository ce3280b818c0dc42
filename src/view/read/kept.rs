//! What is kept from one picture to the next: a part that has not changed is not read again.
//!
//! Whether it has changed is told by pointers to what it was made of, so that it does not matter
//! by which way the session came to the moment it shows.
//!
//! Not here: anything that a picture could not do without; from nothing the same one is made.

use super::Eye;
use super::record::Listed;
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::store::Load;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::infra::fault::FaultKind;
use crate::infra::machine::Machine;
use crate::view::{Density, Lang, NodeCard, PodCard, PodKind, Screen, State};
use std::rc::Rc;

/// What is kept of the picture before.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The picture.
    pub(super) screen: Option<Screen>,
    /// Its machines, and those of the future beside it.
    pub(super) cards: [Cards; 2],
    pub(super) listed: Listed,
    /// How much was read anew for it.
    pub read: Read,
}

/// Counted work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Cards of machines.
    pub nodes: u64,
    /// Pods on them.
    pub pods: u64,
    /// Lines of the list of events.
    pub events: u64,
}

/// Cards of machines, and what they were made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Cards {
    /// What all of them depend on.
    pub like: Option<(Lang, Density, usize)>,
    pub list: Rc<SortedMap<Str, Card>>,
}

/// One card.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub card: Rc<NodeCard>,
    made_of: MadeOf,
    /// Something on it counts time, waits or is picked.
    lively: bool,
}

/// What a card tells of.
#[derive(Clone, Debug)]
struct MadeOf {
    load: Option<Rc<Load>>,
    node: Option<Rc<Node>>,
    machine: Option<Machine>,
    broken: Vec<FaultKind>,
}

impl MadeOf {
    fn now(eye: &Eye<'_>, name: &Str) -> MadeOf {
        let store = eye.world.store();
        MadeOf {
            load: store.load(name).cloned(),
            node: store.get(&Key::global(name.clone())).cloned(),
            machine: eye.world.infra.machines.get(name).cloned(),
            broken: super::nodes::broken(eye, name).map(|fault| fault.kind).collect(),
        }
    }

    fn is(&self, other: &MadeOf) -> bool {
        same(self.load.as_ref(), other.load.as_ref())
            && same(self.node.as_ref(), other.node.as_ref())
            && self.machine == other.machine
            && self.broken == other.broken
    }
}

fn same<T>(one: Option<&Rc<T>>, other: Option<&Rc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Rc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Whether a card will be another one although nothing was written.
fn is_lively(card: &NodeCard) -> bool {
    let moves = |pod: &Rc<PodCard>| {
        let rests = matches!(pod.state, State::Ready | State::NotReady | State::Failed);
        pod.picked || !rests || matches!(pod.kind, PodKind::Ended | PodKind::Orphan)
    };
    let counts = card.shifted || card.really.is_some() || card.belief == State::Unknown;
    card.picked || counts || card.pods.shown.iter().any(moves)
}

impl Cards {
    /// The cards of the machines `names`: those that are as they were, and for the others what
    /// `make` makes of their names. `busy` says of which machines nothing can be kept.
    pub fn keep(
        &mut self,
        eye: &Eye<'_>,
        (names, density): (&[Str], Density),
        busy: impl Fn(&Str) -> bool,
        make: impl FnOnce(&[&Str], u64) -> Vec<NodeCard>,
        read: &mut Read,
    ) -> Vec<Rc<NodeCard>> {
        let like = Some((eye.lang, density, names.len()));
        let same = self.like == like;
        self.like = like;
        let (picked, faults) = (picked_on(eye), &eye.world.infra.faults);
        let mut before = std::mem::take(&mut self.list);
        if !same {
            before = Rc::default();
        }
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        let mut cards = Vec::new();
        for name in names {
            let made_of = MadeOf::now(eye, name);
            let down = faults.get(FaultKind::Shutdown, name).is_some();
            let free = !down && picked.as_ref() != Some(name) && !busy(name);
            let card = before.get(name).filter(|it| free && !it.lively && it.made_of.is(&made_of));
            if card.is_none() {
                others.push(name);
                read.pods += made_of.load.as_ref().map_or(0, |load| u64::from(load.pods));
            }
            kept.push((made_of, card.map(|it| it.card.clone())));
        }
        read.nodes += others.len() as u64;
        let mut made = make(&others, read.pods).into_iter();
        let mut list = SortedMap::default();
        for (name, (made_of, card)) in names.iter().zip(kept) {
            let Some(card) = card.or_else(|| made.next().map(Rc::new)) else { break };
            let lively = is_lively(&card);
            cards.push(card.clone());
            list.insert(name.clone(), Card { card, made_of, lively });
        }
        self.list = Rc::new(list);
        cards
    }
}

/// The machine that is picked, or whose Pod is.
fn picked_on(eye: &Eye<'_>) -> Option<Str> {
    let ObjectRef { kind, key } = eye.session.selected()?;
    match kind {
        Kind::Node => Some(key.name.clone()),
        Kind::Pod => Some(eye.world.store().get::<Pod>(key)?.spec.node_name.clone()),
        _ => None,
    }
}
