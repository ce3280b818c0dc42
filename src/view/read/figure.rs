//! The figure: heads of sets, what is not placed, machines, volumes, the ribbon.
//!
//! Not here: a single machine (see `nodes`), a single volume (see `volumes`).

use super::kept::{Cards, Read};
use super::{Eye, nodes, ordinal, state, volumes};
use crate::api::apps::stateful_set::{PodManagementPolicy, StatefulSet};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::service::Service;
use crate::api::discovery::EndpointSlice;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::policy::PodDisruptionBudget;
use crate::base::Str;
use crate::base::sorted;
use crate::timeline::film::PodState;
use crate::trace::{Because, Source};
use crate::view::{Budget, Density, PodCard, PodKind, SetHead, Stage, State, Text, Tray, Word};
use std::rc::Rc;

/// Pods without a node that are drawn.
const TRAY_MAX: usize = 3;

/// Reasons beside them.
const REASONS_MAX: usize = 3;

/// Machines that are all in sight on a large page.
const FIT: usize = 6;

/// The stage; what is in `cards` is kept.
pub(super) fn stage(eye: &Eye<'_>, cards: &mut Cards, read: &mut Read) -> Stage {
    let names = in_order(eye);
    let ended = super::history::ended(eye);
    let most = names.iter().map(|name| nodes::count(eye, name)).max().unwrap_or(0);
    let graves = |name: &Str| ended.iter().filter(|grave| grave.node == *name).count();
    let with_ended = names.iter().map(|name| nodes::count(eye, name) + graves(name)).max();
    let density = Density::of(if most > 8 { most } else { with_ended.unwrap_or(0) });
    let busy = |name: &Str| ended.iter().any(|grave| grave.node == *name);
    let make = |some: &[&Str], pods: u64| {
        let room = nodes::Room::of(eye, density, &names, pods);
        some.iter().map(|name| nodes::card(eye, name, &room, &ended)).collect()
    };
    let nodes = cards.keep(eye, (&names, density), busy, make, read);
    let (drums, drums_more) = volumes::drums(eye, &names, &nodes);
    let place = |wanted: &dyn Fn(&PodCard) -> bool| {
        nodes.iter().enumerate().find_map(|(n, node)| {
            let at = node.pods.shown.iter().position(|card| wanted(card))?;
            Some((n, at))
        })
    };
    let ribbon = ended.iter().max_by_key(|grave| grave.ended).and_then(|grave| {
        let name = &grave.key.name;
        let same = |card: &PodCard| card.subject.key.name == *name;
        let old = place(&|card| same(card) && card.kind == PodKind::Ended)?;
        let new = place(&|card| same(card) && card.kind == PodKind::Seated)?;
        Some((old, new))
    });
    Stage {
        heads: eye.world.store().list::<StatefulSet>().map(|set| head(eye, set)).collect(),
        density,
        tray: tray(eye),
        nodes,
        drums,
        drums_more,
        ribbon,
        past: eye.session.timeline().is_past(),
    }
}

/// The same; where they do not all fit, first those in trouble, then those that hold Pods of the
/// StatefulSet picked, or of any.
fn in_order(eye: &Eye<'_>) -> Vec<Str> {
    let names = node_names(eye);
    if names.len() <= FIT {
        return names;
    }
    let store = eye.world.store();
    let set = eye.session.selected().and_then(|picked| match picked.kind {
        Kind::StatefulSet => Some(picked.key.name.clone()),
        Kind::Pod => Some(store.get::<Pod>(&picked.key)?.meta.controller_of()?.name.clone()),
        _ => None,
    });
    let rank = |name: &Str| {
        let mut pods = store.pods_on(name).filter_map(|pod| pod.meta.controller_of());
        let holds = pods.any(|owner| {
            &*owner.kind == "StatefulSet" && set.as_ref().is_none_or(|set| owner.name == *set)
        });
        if nodes::troubled(eye, name) { 0 } else { 2 - u32::from(holds) }
    };
    let mut ranked: Vec<(u32, Str)> = names.into_iter().map(|name| (rank(&name), name)).collect();
    sorted::sort_by_key(&mut ranked, |(rank, _)| *rank);
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// Machines and Nodes, by name.
fn node_names(eye: &Eye<'_>) -> Vec<Str> {
    let named = eye.world.store().list::<Node>().map(|node| node.meta.name.clone());
    let mut names: Vec<Str> = named.collect();
    let machines = &eye.world.infra.machines;
    if names.len() == machines.size() && names.iter().eq(machines.keys()) {
        return names;
    }
    names.extend(machines.keys().cloned());
    sorted::sort(&mut names);
    names.dedup();
    names
}

fn head(eye: &Eye<'_>, set: &StatefulSet) -> SetHead {
    let parallel = set.spec.pod_management_policy == PodManagementPolicy::Parallel;
    let mut note = if parallel { vec!["Parallel".to_string()] } else { Vec::new() };
    if rolls(set) {
        note.push(updated(eye, set));
    }
    let service = Key::new(set.meta.namespace.clone(), set.spec.service_name.clone());
    SetHead {
        subject: ObjectRef::new(Kind::StatefulSet, Key::of(&set.meta)),
        ready: number(set.status.ready_replicas),
        replicas: number(set.replicas()),
        note: (!note.is_empty()).then(|| note.join(", ").into()),
        service: (!service.name.is_empty()).then(|| self::service(eye, &service)),
        budget: budget(eye, set),
    }
}

/// Whether not all Pods are of the revision that is wanted.
pub(super) fn rolls(set: &StatefulSet) -> bool {
    set.status.update_revision != set.status.current_revision
}

/// "2 of 3 updated, partition 1".
fn updated(eye: &Eye<'_>, set: &StatefulSet) -> String {
    let (n, all) = (set.status.updated_replicas.to_string(), set.replicas().to_string());
    let text = eye.fill(Word::Updated, &[("n", &n), ("all", &all)]);
    let update = set.spec.update_strategy.rolling_update.as_ref();
    match update.and_then(|update| update.partition).filter(|partition| *partition > 0) {
        Some(partition) => format!("{text}, partition {partition}"),
        None => text.to_string(),
    }
}

/// A number that is never negative here.
pub(super) fn number(n: i32) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

/// "2 of 3 ready".
pub(super) fn readiness(eye: &Eye<'_>, set: &StatefulSet) -> Text {
    let (ready, all) = (set.status.ready_replicas.to_string(), set.replicas().to_string());
    eye.fill(Word::Of, &[("ready", &ready), ("all", &all)])
}

/// A Service's name, and how many take part.
pub(super) fn service(eye: &Eye<'_>, key: &Key) -> (Text, Text) {
    let Some(service) = eye.world.store().get::<Service>(key) else {
        return (key.name.clone(), eye.say(Word::ServiceMissing));
    };
    let slices = eye.world.store().list_in::<EndpointSlice>(&key.namespace);
    let mine = slices.filter(|slice| {
        slice.meta.label("kubernetes.io/service-name").is_some_and(|name| *name == key.name)
    });
    let ready = |slice: &Rc<EndpointSlice>| {
        slice.endpoints.iter().filter(|one| one.conditions.ready != Some(false)).count()
    };
    let count: usize = mine.map(ready).sum();
    let headless = &*service.spec.cluster_ip == "None";
    let word = if headless { Word::Headless } else { Word::WithAddress };
    let many = if count == 1 { Word::OneEndpoint } else { Word::Endpoints };
    let count = eye.fill(many, &[("count", &count.to_string())]);
    (key.name.clone(), eye.fill(word, &[("count", &count), ("ip", &service.spec.cluster_ip)]))
}

/// The budget over the set's Pods, if there is one.
fn budget(eye: &Eye<'_>, set: &StatefulSet) -> Option<Budget> {
    let labels = &set.spec.template.meta.labels;
    let mut budgets = eye.world.store().list_in::<PodDisruptionBudget>(&set.meta.namespace);
    let budget = budgets
        .find(|one| one.spec.selector.as_ref().is_some_and(|selector| selector.matches(labels)))?;
    let status = &budget.status;
    Some(Budget {
        name: budget.meta.name.clone(),
        healthy: number(status.current_healthy),
        needs: number(status.desired_healthy),
        expected: number(status.expected_pods),
        allowed: number(status.disruptions_allowed),
    })
}

fn tray(eye: &Eye<'_>) -> Tray {
    let mut tray = Tray::default();
    let nowhere: Str = "".into();
    let pods: Vec<_> = eye.world.store().pods_on(&nowhere).take(TRAY_MAX).collect();
    if let Some(first) = pods.first() {
        tray.reasons = reasons(eye, first);
    }
    let all = nodes::count(eye, &nowhere).saturating_sub(pods.len());
    tray.more = u32::try_from(all).unwrap_or(u32::MAX);
    tray.pods = pods.into_iter().map(|pod| Rc::new(card(eye, pod))).collect();
    tray
}

/// Why a Pod has no node, as kube-scheduler found it.
fn reasons(eye: &Eye<'_>, pod: &Pod) -> Vec<(Text, Text)> {
    let key = Key::of(&pod.meta);
    let said = eye.world.waits.said_by(Source::Scheduler, Kind::Pod, &key);
    let message = said.iter().find_map(|wait| match &wait.because {
        Because::Unschedulable { message } => Some(message),
        _ => None,
    });
    let Some(message) = message else { return Vec::new() };
    let why = eye.world.decision(&key).map(|decision| &decision.why);
    let Some(why) = why.filter(|why| !why.reasons.is_empty()) else {
        // It has not even been tried.
        return vec![("".into(), message.clone())];
    };
    let heads = [Text::from(why.head())].into_iter().chain(std::iter::repeat("".into()));
    heads.zip(why.reasons.iter().take(REASONS_MAX).cloned()).collect()
}

/// The card of a Pod that the API server holds.
pub(super) fn card(eye: &Eye<'_>, pod: &Pod) -> PodCard {
    let key = Key::of(&pod.meta);
    let look = eye.film.seat_at(&key, eye.world.now);
    let how = PodState::of(pod, eye.world.store());
    let seat = ordinal(pod);
    let incarnation = look.map_or(1, |look| look.incarnation);
    let drawn = state(how);
    let word = word(eye, pod, how);
    let statuses = &pod.status.container_statuses;
    let ready = statuses.iter().filter(|s| s.ready && s.state.running.is_some()).count();
    let ready: Text = format!("{ready}/{}", pod.spec.containers.len()).into();
    let node = if pod.is_assigned() { &*pod.spec.node_name } else { "" };
    let said = said(eye, &key.name, &word, node, seat.map(|_| incarnation));
    PodCard {
        key: pod.meta.uid.to_string().into(),
        kind: if seat.is_some() { PodKind::Seated } else { PodKind::Anonymous },
        ordinal: seat,
        incarnation,
        state: drawn,
        word,
        ready,
        picked: eye.picked(Kind::Pod, &key.namespace, &key.name),
        said,
        subject: ObjectRef::new(Kind::Pod, key),
    }
}

fn said(eye: &Eye<'_>, name: &str, word: &str, node: &str, incarnation: Option<u32>) -> Text {
    let count = incarnation.unwrap_or(1).to_string();
    let places = [("pod", name), ("state", word), ("node", node), ("count", &*count)];
    let sentence = match (node.is_empty(), incarnation) {
        (true, _) => Word::PodSaidNowhere,
        (false, Some(2..)) => Word::PodSaidAgain,
        (false, _) => Word::PodSaid,
    };
    eye.fill(sentence, &places)
}

/// The state of a Pod in words, with what there is to count down.
pub(super) fn word(eye: &Eye<'_>, pod: &Pod, how: PodState) -> Text {
    let plain = state(how).word();
    match how {
        PodState::Terminating => {
            let grace = pod.meta.deletion_timestamp.unwrap_or(eye.world.now);
            let left = grace.since(eye.world.now).0;
            if left > 0 {
                eye.fill(Word::TerminatingGrace, &[("time", &crate::view::span(left))])
            } else {
                eye.fill(Word::TerminatingOver, &[("time", &eye.ago(grace))])
            }
        }
        PodState::Failed => crate::kubectl::rows::pod_status(pod).into(),
        PodState::Succeeded => "Completed".into(),
        PodState::Creating => match creating(eye, pod) {
            Some(word) => eye.say(word),
            None => eye.say(Word::Creating),
        },
        _ => eye.say(plain),
    }
}

/// What a Pod on its way is doing.
fn creating(eye: &Eye<'_>, pod: &Pod) -> Option<Word> {
    let reference = ObjectRef::new(Kind::Pod, Key::of(&pod.meta));
    let said = eye.world.waits.said_by(Source::Kubelet, Kind::Pod, &reference.key);
    said.iter().find_map(|wait| match wait.because {
        Because::NotAttached { .. } | Because::Attaching { .. } | Because::MultiAttach { .. } => {
            Some(Word::CreatingAttach)
        }
        Because::Mounting => Some(Word::CreatingMount),
        Because::ImagePull { .. } => Some(Word::CreatingPull),
        Because::InitContainer { .. } => Some(Word::CreatingInit),
        Because::Starting => Some(Word::CreatingStart),
        _ => None,
    })
}

/// The word for a state that no Pod object tells more about.
pub(super) fn bare(eye: &Eye<'_>, drawn: State) -> Text {
    eye.say(if drawn == State::NotReady { Word::NotReady } else { drawn.word() })
}
