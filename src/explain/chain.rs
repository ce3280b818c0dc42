//! The chain of waits from a StatefulSet to the root of its trouble.

use super::sentence::{Piece, Sentence, clause, sentence};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::store::Store;
use crate::base::time::SimTime;
use crate::cluster::world::World;
use crate::trace::{Because, Source, Wait};

/// At most so many links: more nobody reads.
const LINKS_MAX: usize = 5;

/// Waits from the first that concerns the set to the root, which waits for nothing that waits.
pub type Chain = Vec<Wait>;

/// A StatefulSet that is not as it should be.
#[derive(Clone, Debug)]
pub struct Unready {
    /// The set; a Node if only that is not what it seems.
    pub set: ObjectRef,
    /// Why, from the set to the root; empty if nobody has said yet.
    pub chain: Chain,
}

impl Unready {
    /// The root of the trouble.
    pub fn root(&self) -> Option<&Wait> {
        self.chain.last()
    }

    /// Whether time alone will help: something is scheduled that ends the root.
    pub fn is_calm(&self) -> bool {
        self.root().is_none_or(|root| root.until.is_some() || helps_itself(&root.because))
    }

    /// One sentence: what waits, and for what in the end.
    pub fn sentence(&self, store: &Store, now: SimTime) -> Sentence {
        match &self.chain[..] {
            [] => vec![Piece::Object(self.set.clone()), Piece::Text(" is at work.".into())],
            [only] => sentence(only, store, now),
            [first, .., root] if says_little(first) => {
                let mut text = self.whose(root);
                text.extend(sentence(root, store, now));
                text
            }
            [first, .., root] => {
                let mut text = clause(first, store);
                text.push(Piece::Text(". ".into()));
                text.extend(sentence(root, store, now));
                text
            }
        }
    }
}

impl Unready {
    /// Which Pod the root is about, if the root does not say so itself.
    fn whose(&self, root: &Wait) -> Sentence {
        let pods = self.chain.iter().map(|wait| &wait.subject);
        match pods.rev().find(|subject| subject.kind == Kind::Pod) {
            Some(pod) if *pod != root.subject => {
                vec![Piece::Object(pod.clone()), Piece::Text(" waits: ".into())]
            }
            _ => Vec::new(),
        }
    }
}

/// Waits that end without anybody's deed, though no timer of the one who waits says when.
fn helps_itself(because: &Because) -> bool {
    matches!(
        because,
        Because::PredecessorNotReady
            | Because::PredecessorNotAvailable { .. }
            | Because::PredecessorTerminating
            | Because::SuccessorTerminating
            | Because::RolloutWaits
            | Because::PodNotReady
            | Because::PodNotAvailable { .. }
            | Because::Resizing { .. }
            | Because::Provisioning { .. }
            | Because::Attaching { .. }
            | Because::Detaching { .. }
            | Because::NotAttached { .. }
            | Because::VolumeInUse { .. }
            | Because::Mounting
            | Because::Starting
            | Because::GracePeriod
            | Because::ClaimInUse
            | Because::SchedulingBackoff
    )
}

/// Whether a first link only says what the root says better.
fn says_little(first: &Wait) -> bool {
    matches!(
        first.because,
        Because::IdentityHeld
            | Because::RolloutWaits
            | Because::PodNotReady
            | Because::ClaimUnbound
            | Because::NotAttached { .. }
    )
}

/// The StatefulSet that is blocked most: one that only a deed can help comes first, then the
/// one whose wait ends last. If all seem to be as they should be, a node that has fallen silent
/// and is still believed in counts. `None` if nothing waits.
pub fn most_blocked(world: &World) -> Option<Unready> {
    let sets = world.store().list::<StatefulSet>().filter(|set| !is_done(set));
    let unready = sets.map(|set| of_set(world, &Key::of(&set.meta)));
    let blocked = unready.max_by_key(|unready| {
        let until = unready.root().and_then(|root| root.until).map_or(0, |until| until.0);
        (!unready.is_calm(), !unready.chain.is_empty(), until)
    });
    blocked.or_else(|| silent_node(world))
}

fn silent_node(world: &World) -> Option<Unready> {
    let silent = |wait: &&Wait| matches!(wait.because, Because::NodeGrace { .. });
    let wait = world.waits.iter().find(silent)?;
    Some(Unready { set: wait.subject.clone(), chain: vec![wait.clone()] })
}

/// Whether a set has all it wants.
fn is_done(set: &StatefulSet) -> bool {
    let status = &set.status;
    let wanted = set.replicas();
    status.observed_generation == set.meta.generation
        && status.replicas == wanted
        && status.ready_replicas == wanted
        && status.available_replicas == wanted
        && (status.update_revision == status.current_revision || status.updated_replicas == wanted)
}

/// Why the StatefulSet at `key` is not as it should be.
pub fn of_set(world: &World, key: &Key) -> Unready {
    let set = ObjectRef::new(Kind::StatefulSet, key.clone());
    let said = world.waits.said_by(Source::StatefulSet, Kind::StatefulSet, key);
    let mut chain = Vec::new();
    let said = said.iter().filter(|wait| stands(world, wait));
    if let Some(first) = said.max_by_key(|wait| weight(wait)) {
        follow(world, first.clone(), &mut chain);
    }
    Unready { set, chain }
}

/// The chain that begins with the wait of `subject` that matters most.
pub fn of_object(world: &World, subject: &ObjectRef) -> Chain {
    let mut chain = Vec::new();
    if let Some(first) = foremost(world, subject, None) {
        follow(world, first, &mut chain);
    }
    chain
}

fn follow(world: &World, first: Wait, chain: &mut Chain) {
    let mut next = Some(first);
    while let Some(wait) = next {
        let on = wait.on.clone().unwrap_or_else(|| wait.subject.clone());
        let seen = |other: &Wait| chain.iter().any(|link| link == other);
        if seen(&wait) || chain.len() == LINKS_MAX {
            return;
        }
        next = foremost(world, &on, Some(&wait));
        chain.push(wait);
    }
}

/// The wait of `subject` that matters most, `but` not this one.
fn foremost(world: &World, subject: &ObjectRef, but: Option<&Wait>) -> Option<Wait> {
    let others = world.waits.of(subject).filter(|wait| Some(*wait) != but);
    let standing = others.filter(|wait| stands(world, wait));
    let fresh =
        standing.filter(|wait| but.is_none_or(|but| rank(&wait.because) >= rank(&but.because)));
    fresh.max_by_key(|wait| weight(wait)).cloned()
}

/// Whether a wait can still hold: what was said of a Pod that is gone by now waits only for
/// those who said it to hear of that.
fn stands(world: &World, wait: &Wait) -> bool {
    let of_what_is = matches!(wait.because, Because::IdentityHeld) || rank(&wait.because) > 1;
    let gone = wait.subject.kind == Kind::Pod && world.store().find(&wait.subject).is_none();
    !(gone && of_what_is)
}

/// The deeper a rule lies, the higher: order, then place, then volume, then container, then
/// node.
fn rank(because: &Because) -> u8 {
    match because {
        Because::PredecessorNotReady
        | Because::PredecessorNotAvailable { .. }
        | Because::PredecessorTerminating
        | Because::SuccessorTerminating
        | Because::ScaleDownBlocked
        | Because::RolloutWaits
        | Because::PodNotReady
        | Because::PodNotAvailable { .. }
        | Because::Partition { .. }
        | Because::OnDelete
        | Because::BrokenRevision
        | Because::IdentityHeld => 0,
        Because::Refused { .. } | Because::ClaimTerminating | Because::Budget => 1,
        Because::SchedulingBackoff => 2,
        Because::Unschedulable { .. } => 3,
        Because::ClaimUnbound | Because::NotAttached { .. } | Because::Mounting => 4,
        Because::MultiAttach { .. } => 5,
        // Whoever clears up says more than whoever is silent.
        Because::PodGCTick { .. } | Because::NodeQuarantine { .. } => 7,
        _ => 6,
    }
}

/// What matters most among several waits of one object: a rule that lies deeper, one that no
/// timer ends, the longest.
fn weight(wait: &Wait) -> (u8, bool, u64) {
    let idle = matches!(wait.because, Because::Partition { .. } | Because::OnDelete);
    let rank = if idle { 0 } else { 1 + rank(&wait.because) };
    (rank, wait.until.is_none(), wait.until.map_or(0, |until| until.0))
}
