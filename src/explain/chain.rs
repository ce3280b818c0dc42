//! The chain of waits from a StatefulSet to the root of its trouble.

use super::sentence::{AT_WORK, Piece, Sentence, THEN, WAITS, clause, farewell, plain, sentence};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::store::Store;
use crate::base::lang::Lang;
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::cluster::world::World;
use crate::infra::fault::{Fault, FaultKind};
use crate::trace::{Because, Source, Wait};

/// At most so many links: more nobody reads.
const LINKS_MAX: usize = 5;

/// Longer than this, the root must do.
const LENGTH_MAX: usize = 140;

/// Waits from the first that concerns the set to the root, which waits for nothing that waits.
pub type Chain = Vec<Wait>;

/// A StatefulSet that is not as it should be.
#[derive(Clone, Debug)]
pub struct Unready {
    /// The set or another workload; a Node if only that is not what it seems.
    pub set: ObjectRef,
    /// Why, from the set to the root; empty if nobody has said yet.
    pub chain: Chain,
}

impl Unready {
    /// The root of the trouble.
    pub fn root(&self) -> Option<&Wait> {
        self.chain.last()
    }

    /// What needs a deed, or has a reason, or lasts longest.
    fn weight(&self) -> (bool, bool, u64) {
        let until = self.root().and_then(|root| root.until).map_or(0, |until| until.0);
        (!self.is_calm(), !self.chain.is_empty(), until)
    }

    /// Whether time alone will help: something is scheduled that ends the root.
    pub fn is_calm(&self) -> bool {
        self.root().is_none_or(|root| root.until.is_some() || helps_itself(&root.because))
    }

    /// What waits, and for what in the end: one sentence, or two short ones.
    pub fn sentence(&self, store: &Store, now: SimTime, lang: Lang) -> Sentence {
        let say = |text| Piece::Text(lang.tr(text).into());
        let (first, root) = match &self.chain[..] {
            [] => return vec![Piece::Object(self.set.clone()), say(AT_WORK)],
            [only] => return sentence(only, store, now, lang),
            [first, .., root] => (first, root),
        };
        let last = match self.is_farewell() {
            true => farewell(root, store, now, lang),
            false => sentence(root, store, now, lang),
        };
        let whose = self.whose(root, lang);
        let mut both = clause(first, store, lang);
        both.push(say(THEN));
        if names_nobody(root) {
            both.extend(whose.iter().cloned());
        }
        both.extend(last.iter().cloned());
        if !says_little(first) && plain(&both).chars().count() <= LENGTH_MAX {
            return both;
        }
        [whose, last].concat()
    }

    /// Whether the Pod at the root is to go for good.
    fn is_farewell(&self) -> bool {
        let mut rules = self.chain.iter().map(|wait| &wait.because);
        matches!(rules.next(), Some(Because::SuccessorTerminating))
    }
}

impl Unready {
    /// Which Pod the root is about, if the root does not say so itself.
    fn whose(&self, root: &Wait, lang: Lang) -> Sentence {
        let pods = self.chain.iter().map(|wait| &wait.subject);
        match pods.rev().find(|subject| subject.kind == Kind::Pod) {
            Some(pod) if *pod != root.subject || names_nobody(root) => {
                vec![Piece::Object(pod.clone()), Piece::Text(lang.tr(WAITS).into())]
            }
            _ => Vec::new(),
        }
    }
}

/// What is broken, or silent, does not say for whom.
fn names_nobody(wait: &Wait) -> bool {
    matches!(wait.because, Because::Fault { .. } | Because::ZoneDisruption { .. })
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
            | Because::PreStop
            | Because::ClaimInUse
            | Because::SchedulingBackoff
            | Because::ReplicasNotAvailable
            | Because::OldReplicasStay
            | Because::OldPodRemains
            | Because::PodNotEnded
            | Because::PodTerminating
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
/// one whose wait ends last. If all seem to be as they should be, other workloads have a say, and
/// then a node that has fallen silent and is still believed in. `None` if nothing waits.
pub fn most_blocked(world: &World) -> Option<Unready> {
    let sets = world.store().list::<StatefulSet>();
    let unready = sets.filter_map(|set| {
        let unready = of_set(world, &Key::of(&set.meta));
        let waits = unready.chain.first().is_some_and(|first| !is_idle(&first.because));
        (waits || !is_done(set)).then_some(unready)
    });
    let worst = unready.max_by_key(Unready::weight).or_else(|| other(world));
    worst.or_else(|| going_down(world, None)).or_else(|| silent_node(world))
}

/// A Pod of `set`, or of any, that is still as it should be on a machine that is shutting down.
fn going_down(world: &World, set: Option<&Key>) -> Option<Unready> {
    let owner = |wait: &Wait| {
        let pod = world.store().get::<Pod>(&wait.subject.key)?;
        let owner = pod.meta.controller_of()?;
        let kind = Kind::by_name(&owner.kind)?;
        Some(ObjectRef::new(kind, Key::new(pod.meta.namespace.clone(), owner.name.clone())))
    };
    let down = world.waits.iter().filter(|wait| {
        matches!(wait.because, Because::ShuttingDown { .. } | Because::ShutdownTurn { .. })
            && stands(world, wait)
    });
    let wanted = ObjectRef::new(Kind::StatefulSet, set.cloned().unwrap_or(Key::global("")));
    down.map(|wait| Unready {
        set: owner(wait).unwrap_or_else(|| wait.subject.clone()),
        chain: vec![wait.clone()],
    })
    .find(|unready| set.is_none() || unready.set == wanted)
}

/// Workloads that are no StatefulSets.
const OTHERS: [Kind; 4] = [Kind::Deployment, Kind::DaemonSet, Kind::Job, Kind::ReplicaSet];

/// The one of these that is blocked most.
fn other(world: &World) -> Option<Unready> {
    let all = OTHERS.into_iter().flat_map(|kind| world.store().list_objects(kind));
    let waiting = all.filter_map(|object| {
        let set = object.reference();
        let chain = of_object(world, &set);
        let waits = chain.first().is_some_and(|first| !is_idle(&first.because));
        waits.then_some(Unready { set, chain })
    });
    waiting.max_by_key(Unready::weight)
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
    match said.max_by_key(|wait| weight(wait)) {
        Some(first) => follow(world, first.clone(), &mut chain),
        None => match going_down(world, Some(key)) {
            Some(down) => chain = down.chain,
            None => chain.extend(unheard(world, MANAGER).map(|fault| blame(&set, fault))),
        },
    }
    Unready { set, chain }
}

/// The chain that begins with the wait of `subject` that matters most.
pub fn of_object(world: &World, subject: &ObjectRef) -> Chain {
    let mut chain = Vec::new();
    let first = foremost(world, subject, None);
    let first = first.or_else(|| {
        let pod = world.store().get::<Pod>(&subject.key).filter(|_| subject.kind == Kind::Pod)?;
        let fault = match pod.is_assigned() {
            false => unheard(world, "kube-scheduler"),
            true if !pod.is_ready() || pod.is_terminating() => unheard(world, "kubelet"),
            true => None,
        };
        Some(blame(subject, fault?))
    });
    if let Some(first) = first {
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
        let of_on = foremost(world, &on, Some(&wait));
        next = match of_on {
            // A Pod waits as its node does: it is said once.
            Some(same) if on.kind == Kind::Node && same.because == wait.because => None,
            Some(other) => Some(other),
            None => fault_behind(world, &wait, &on).map(|fault| blame(&on, fault)),
        };
        chain.push(wait);
    }
}

const MANAGER: &str = "kube-controller-manager";

/// The end of a chain: what `fault` does to `subject`.
fn blame(subject: &ObjectRef, fault: &Fault) -> Wait {
    let because = Because::Fault { text: fault.to_string().into() };
    Wait { subject: subject.clone(), on: None, because, since: fault.since, until: None }
}

/// The fault that keeps a component from hearing what there is to do.
fn unheard<'w>(world: &'w World, component: &str) -> Option<&'w Fault> {
    let faults = &world.infra.faults;
    faults.get(FaultKind::Stopped, component).or_else(|| faults.get(FaultKind::Lag, component))
}

/// The fault without which `wait`, the last that anybody said, would not be or be shorter. What
/// follows from lost power and network mostly says itself which node is silent: they are to blame
/// where nobody has noticed, or nobody minds.
fn fault_behind<'w>(world: &'w World, wait: &Wait, on: &ObjectRef) -> Option<&'w Fault> {
    let faults = &world.infra.faults;
    let work = |kind: FaultKind, work: &str| faults.get(kind, work);
    let pod = world.store().get::<Pod>(&on.key).filter(|_| on.kind == Kind::Pod);
    let of_pod = |kind| pod.and_then(|pod| faults.of_pod(kind, &pod.meta));
    match &wait.because {
        Because::ImagePull { image } => faults.get(FaultKind::ImageSlow, image),
        Because::ImagePullBackOff { image } => faults.get(FaultKind::ImageFails, image),
        Because::ReadinessProbe => of_pod(FaultKind::NeverReady),
        Because::CrashLoopBackOff { .. } => of_pod(FaultKind::CrashLoop),
        Because::Unmounting { node } | Because::VolumeInUse { node } => {
            let stuck = |kind| faults.get(kind, node);
            stuck(FaultKind::UnmountStuck).or_else(|| stuck(FaultKind::DeviceStuck))
        }
        Because::KubeletLate { node } => faults.get(FaultKind::SlowKubelet, node),
        Because::Attaching { .. } => work(FaultKind::DiskSlow, "attach"),
        Because::Detaching { .. } => work(FaultKind::DiskSlow, "detach"),
        Because::Provisioning { .. } => work(FaultKind::DiskSlow, "provision"),
        Because::NoRoom { system } => faults.get(FaultKind::DiskRoom, system),
        Because::Unschedulable { .. } | Because::SchedulingBackoff
            if let Some(fault) = full(world, wait).into_iter().next() =>
        {
            Some(fault)
        }
        Because::DriverError { message } => {
            let failing = faults.iter().filter(|fault| fault.kind == FaultKind::DiskFails);
            failing.into_iter().find(|fault| message.ends_with(&*fault.target))
        }
        Because::Fault { .. } => None,
        because
            if wait.until.is_none()
                && helps_itself(because)
                && let Some(fault) = pod.and_then(|pod| silenced(world, &pod.spec.node_name)) =>
        {
            Some(fault)
        }
        _ if pod.is_some_and(|pod| !pod.is_assigned()) => unheard(world, "kube-scheduler"),
        _ => unheard(world, MANAGER).filter(|_| wait.until.is_none_or(|at| at <= world.now)),
    }
}

/// Why nothing is heard of the machine `name`.
pub(super) fn silenced<'w>(world: &'w World, name: &str) -> Option<&'w Fault> {
    let faults = &world.infra.faults;
    let silent = [FaultKind::PowerOff, FaultKind::Partition];
    silent.into_iter().find_map(|kind| faults.get(kind, name))
}

/// The disk systems that have too little room for a Pod without a node, the fullest first.
pub(super) fn full<'w>(world: &'w World, wait: &Wait) -> Vec<&'w Fault> {
    let mut faults: Vec<&Fault> = Vec::new();
    let decision = world.decision(&wait.subject.key).filter(|_| wait.subject.kind == Kind::Pod);
    for (node, claim) in decision.iter().flat_map(|decision| &decision.full) {
        let claim = world.store().get::<PersistentVolumeClaim>(claim);
        let system = claim.and_then(|claim| world.disk_system(claim, node));
        let fault = system.and_then(|system| world.infra.faults.get(FaultKind::DiskRoom, &system));
        faults.extend(fault.filter(|fault| !faults.contains(fault)));
    }
    sorted::sort_by_key(&mut faults, |fault| world.infra.room(&fault.target));
    faults
}

/// The wait of `subject` that matters most, `but` not this one.
fn foremost(world: &World, subject: &ObjectRef, but: Option<&Wait>) -> Option<Wait> {
    let others = world.waits.of(subject).filter(|wait| Some(*wait) != but);
    let standing = others.filter(|wait| stands(world, wait));
    // A claim may wait for its Pod, and then what the Pod waits for lies deeper, whatever it is.
    let fresh = standing.filter(|wait| {
        but.is_none_or(|but| {
            let claim = matches!(but.because, Because::WaitForFirstConsumer);
            claim || rank(&wait.because) >= rank(&but.because)
        })
    });
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
        | Because::IdentityHeld => 0,
        Because::Refused { .. } | Because::ClaimTerminating => 1,
        Because::SchedulingBackoff => 2,
        Because::Unschedulable { .. } => 3,
        Because::ClaimUnbound | Because::NotAttached { .. } | Because::Mounting => 4,
        Because::MultiAttach { .. } => 5,
        // Why it fails no longer matters.
        Because::BrokenRevision => 8,
        // Whoever clears up says more than whoever is silent.
        Because::PodGCTick { .. } | Because::NodeQuarantine { .. } => 7,
        Because::ShuttingDown { .. } | Because::ShutdownTurn { .. } => 7,
        _ => 6,
    }
}

/// Rules that somebody has chosen, and that hold for as long as they stand.
fn is_idle(because: &Because) -> bool {
    matches!(
        because,
        Because::Partition { .. }
            | Because::OnDelete
            | Because::Paused
            | Because::Suspended
            | Because::NextSchedule
            | Because::TimeToLive
    )
}

/// What matters most among several waits of one object: a rule that lies deeper, one that no
/// timer ends, the longest.
fn weight(wait: &Wait) -> (u8, bool, u64) {
    let rank = if is_idle(&wait.because) { 0 } else { 1 + rank(&wait.because) };
    (rank, wait.until.is_none(), wait.until.map_or(0, |until| until.0))
}
