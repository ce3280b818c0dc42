//! The selected object in words: why it waits, what can be done, what it is.
//!
//! Not here: reasons and prices of ways out (`explain` has them).

use super::{
    Eye, Show, claims, deed, figure, history, nodes, sentence, short, state, told, volumes,
};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::service::Service;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::Str;
use crate::cluster::input::{Cascade, Input};
use crate::explain::{self, Way};
use crate::infra::fault::FaultKind;
use crate::kubectl::print;
use crate::timeline::film::PodState;
use crate::view::{
    Act, Because, Change, Density, Fact, Facts, Inspector, Intent, Link, NodeCard, Replaced, Run,
    State, Tab, Text, Try, Word,
};

/// The pane on the right.
pub(super) fn inspector(eye: &Eye<'_>, show: &Show, because: &Because) -> Inspector {
    let Some(subject) = eye.session.selected() else {
        let tries = tries(eye);
        let hint = eye.lang.sentence(hint(eye, &tries, because), &[], &[]);
        let mut view = Inspector { tries, hint, ..Inspector::default() };
        super::faults::faults(eye, None, &mut view);
        return view;
    };
    let mut view =
        Inspector { subject: Some(subject.clone()), kind: kind(subject), ..Inspector::default() };
    let key = &subject.key;
    match subject.kind {
        Kind::Pod => pod(eye, key, &mut view),
        Kind::Node => node(eye, key, &mut view),
        Kind::StatefulSet => set(eye, key, &mut view),
        Kind::PersistentVolumeClaim => claims::claim(eye, key, &mut view),
        Kind::Service => service(eye, key, &mut view),
        Kind::VolumeAttachment => claims::attachment(eye, key, &mut view),
        _ => other(eye, subject, &mut view),
    }
    why(eye, subject, &mut view);
    super::faults::faults(eye, Some(subject), &mut view);
    if eye.world.store().find(subject).is_none() && view.state.is_none() {
        view.state = Some((State::None, eye.say(Word::NotThere)));
    }
    if show.tab == Tab::Now { view } else { told::told(eye, subject, show, view) }
}

fn kind(subject: &ObjectRef) -> Text {
    let name = subject.kind.info().name;
    match &*subject.key.namespace {
        "" | "default" => name.into(),
        namespace => format!("{name}, {namespace}").into(),
    }
}

/// The chain of waits of the object, and the ways out.
fn why(eye: &Eye<'_>, subject: &ObjectRef, view: &mut Inspector) {
    let mut chain = explain::of_object(eye.world, subject);
    if chain.is_empty() && subject.kind == Kind::StatefulSet {
        chain = explain::of_set(eye.world, &subject.key).chain;
    }
    let Some(root) = chain.last() else { return };
    view.why = eye.say(Word::WhyItWaits);
    view.chain = chain
        .iter()
        .map(|wait| Link {
            text: sentence(&explain::sentence(wait, eye.world.store(), eye.world.now, eye.lang)),
        })
        .collect();
    view.jump = root.until.and_then(|at| {
        let text = explain::until(root, eye.world.store(), eye.world.now, eye.lang)?;
        Some((text.into(), at.0))
    });
    view.eta = match root.until {
        Some(_) => "".into(),
        None if eye.session.timeline().is_settled() => eye.say(Word::UntilYouAct),
        None => "".into(),
    };
    let ways = explain::ways_out(eye.world, &chain, eye.lang);
    view.ways_title = match ways.len() {
        1 => eye.say(Word::OneWayPrice),
        2 => eye.say(Word::TwoWaysPrice),
        3 => eye.say(Word::ThreeWaysPrice),
        _ => eye.say(Word::FourWaysPrice),
    };
    view.ways = ways.into_iter().map(way).collect();
    // What is a way out need not be offered twice.
    view.acts.retain(|act| view.ways.iter().all(|way| way.intent != act.intent));
}

fn way(way: Way) -> Act {
    Act {
        label: way.label.as_str().into(),
        price: vec![
            Run::Strong(way.price.as_str().into()),
            Run::Plain(format!(" {}", way.detail).as_str().into()),
        ],
        command: command(&way.input),
        intent: deed(way.input),
        enabled: true,
    }
}

/// The line that does the same at the terminal: kubectl's, or the simulator's own word.
fn command(input: &Input) -> Text {
    input.command().as_str().into()
}

fn act(eye: &Eye<'_>, label: Word, price: Word, name: &str, input: Input) -> Act {
    Act {
        label: eye.fill(label, &[("name", name)]),
        price: eye.lang.sentence(price, &[("name", name)], &[]),
        command: command(&input),
        intent: deed(input),
        enabled: true,
    }
}

fn delete(kind: Kind, key: &Key, grace: Option<i64>) -> Input {
    Input::Delete {
        kind: kind.info().name.into(),
        namespace: key.namespace.to_string(),
        name: key.name.to_string(),
        grace,
        cascade: Cascade::Background,
    }
}

pub(super) fn fact(eye: &Eye<'_>, name: Word, value: impl AsRef<str>) -> Fact {
    Fact { name: eye.say(name), value: value.as_ref().into(), code: false }
}

pub(super) fn facts(eye: &Eye<'_>, title: Word, facts: Vec<Fact>) -> Facts {
    let facts = facts.into_iter().filter(|fact| !fact.value.is_empty()).collect();
    Facts { title: eye.say(title), facts }
}

fn pod(eye: &Eye<'_>, key: &Key, view: &mut Inspector) {
    let store = eye.world.store();
    let look = eye.film.seat_at(key, eye.world.now);
    let Some(pod) = store.get::<Pod>(key) else {
        let seat = key.name.rsplit_once('-');
        let kept = seat.is_some_and(|(set, _)| {
            store.get::<StatefulSet>(&Key::new(key.namespace.clone(), set)).is_some()
        });
        let word = if kept { Word::NoPodNow } else { Word::NotThere };
        view.state = Some((State::None, eye.say(word)));
        view.ordinal = seat.and_then(|(_, digits)| digits.parse().ok());
        return;
    };
    let how = PodState::of(pod, store);
    view.ordinal = super::ordinal(pod);
    view.state = Some((state(how), figure::word(eye, pod, how)));
    let name = &*key.name;
    if !pod.is_terminating() {
        let price = match pod.meta.controller_of() {
            Some(_) if view.ordinal.is_some() => Word::DeletePodPrice,
            Some(_) => Word::DeleteOtherPodPrice,
            None => Word::DeleteLonePodPrice,
        };
        view.acts.push(act(eye, Word::DeletePod, price, name, delete(Kind::Pod, key, None)));
    }
    view.acts.push(act(
        eye,
        Word::ForceDelete,
        Word::ForceDeletePrice,
        name,
        delete(Kind::Pod, key, Some(0)),
    ));
    let incarnation = look.map_or(1, |look| look.incarnation);
    if view.ordinal.is_some() && incarnation > 1 {
        view.replaced = replaced(eye, pod, key, incarnation);
    }
    let status = &pod.status;
    let asked: Vec<String> = pod
        .spec
        .containers
        .iter()
        .flat_map(|one| one.resources.requests.iter())
        .map(|(what, amount)| format!("{what} {amount}"))
        .collect();
    let revision = pod.meta.label("controller-revision-hash").cloned().unwrap_or_default();
    view.facts.push(facts(
        eye,
        Word::FactsNow,
        vec![
            fact(eye, Word::FactNode, &pod.spec.node_name),
            fact(eye, Word::FactAddress, &status.pod_ip),
            fact(eye, Word::FactUid, short(&pod.meta.uid.to_string())),
            fact(eye, Word::FactAge, age(eye, pod.meta.creation_timestamp)),
            fact(eye, Word::FactRequests, asked.join(", ")),
            fact(eye, Word::FactRevision, revision),
        ],
    ));
    view.placing = super::placing::placing(eye, key);
    environment(eye, pod, view);
}

pub(super) fn age(eye: &Eye<'_>, created: Option<crate::base::time::SimTime>) -> String {
    created.map_or(String::new(), |created| eye.ago(created))
}

/// What a running container finds in its environment.
fn environment(eye: &Eye<'_>, pod: &Pod, view: &mut Inspector) {
    let Some(process) = eye.world.infra.processes.get(&pod.meta.uid) else { return };
    for container in &process.containers {
        let pair = |(name, value): &(Text, Text)| Fact {
            name: name.clone(),
            value: value.clone(),
            code: true,
        };
        let title = eye.fill(Word::EnvironmentOf, &[("container", &container.name)]);
        let facts: Vec<Fact> = container.environment.iter().map(pair).collect();
        if !facts.is_empty() {
            view.facts.push(Facts { title, facts });
        }
    }
}

fn replaced(eye: &Eye<'_>, pod: &Pod, key: &Key, incarnation: u32) -> Option<Replaced> {
    let old = history::before(eye, key, incarnation)?;
    let set = pod.meta.controller_of()?;
    let set =
        eye.world.store().get::<StatefulSet>(&Key::new(key.namespace.clone(), set.name.clone()))?;
    let ordinal = super::ordinal(pod)?;
    let claim = super::claims_of(set, ordinal).into_iter().next();
    let volume = claim
        .as_ref()
        .and_then(|claim| volumes::volume(eye, &Key::new(key.namespace.clone(), claim.clone())));
    let mut stayed = vec![(eye.say(Word::FactName), key.name.clone())];
    if !set.spec.service_name.is_empty() {
        let dns =
            format!("{}.{}.{}.svc.cluster.local", key.name, set.spec.service_name, key.namespace);
        stayed.push((eye.say(Word::FactDns), dns.as_str().into()));
    }
    if let Some(volume) = &volume {
        stayed.push((eye.say(Word::FactClaim), volume.claim.meta.name.clone()));
        stayed.push((eye.say(Word::FactVolume), short(&volume.claim.spec.volume_name)));
    }
    let change = |name: Word, now: Text, was: Text| Change { name: eye.say(name), now, was };
    let address = match &*pod.status.pod_ip {
        "" => eye.say(Word::NoAddress),
        _ => pod.status.pod_ip.clone(),
    };
    let hash = |n: u32| Text::from(format!("#{n}").as_str());
    let changed = vec![
        change(Word::FactPod, hash(incarnation), hash(old.incarnation)),
        change(Word::FactNode, pod.spec.node_name.clone(), old.node.clone()),
        change(Word::FactAddress, address, old.ip.clone()),
        change(Word::FactUid, short(&pod.meta.uid.to_string()), short(&old.uid.to_string())),
    ];
    let places = [("count", &*incarnation.to_string()), ("ordinal", &*ordinal.to_string())];
    Some(Replaced {
        title: eye.fill(Word::PodOfSeat, &places),
        stayed,
        stamp: volume.as_ref().and_then(|volume| volume.stamp(eye)),
        changed: changed.into_iter().filter(|one| one.now != one.was).collect(),
        story: history::story(eye, key, incarnation),
    })
}

fn node(eye: &Eye<'_>, key: &Key, view: &mut Inspector) {
    let name = &*key.name;
    let store = eye.world.store();
    let node = store.get::<Node>(key);
    let machine = eye.world.infra.machines.get(&key.name);
    let card = nodes::card(eye, &key.name, &nodes::Room::of(eye, Density::Chip, &[], 0), &[]);
    view.state = Some((card.belief, card.word.clone()));
    if let Some(machine) = machine {
        let (label, price) = if machine.powered {
            (Word::PowerOffNode, Word::PowerOffPrice)
        } else {
            (Word::PowerOnNode, Word::PowerOnPrice)
        };
        let input = Input::power(name, !machine.powered);
        let mut power = act(eye, label, price, name, input);
        power.label = eye.fill(label, &[("node", name)]);
        view.acts.push(power);
        let down = eye.world.infra.faults.get(FaultKind::Shutdown, name);
        if machine.powered && down.is_none() {
            let input = Input::operate(format!("shutdown {name}"));
            view.acts.push(act(eye, Word::ShutDownNode, Word::ShutDownPrice, name, input));
        }
    }
    if let Some(node) = node {
        let (label, price, on) = if node.spec.unschedulable {
            (Word::Uncordon, Word::UncordonPrice, false)
        } else {
            (Word::Cordon, Word::CordonPrice, true)
        };
        let cordon = Input::Cordon { node: name.into(), on };
        view.acts.push(act(eye, label, price, name, cordon));
        let marked = node.spec.taints.iter().any(|taint| &*taint.key == nodes::OUT_OF_SERVICE);
        let (label, price) = if marked {
            (Word::BackInService, Word::BackInServicePrice)
        } else {
            (Word::MarkOutOfService, Word::MarkOutOfServicePrice)
        };
        let taint = Input::Taint {
            node: name.into(),
            key: nodes::OUT_OF_SERVICE.into(),
            value: "nodeshutdown".into(),
            effect: "NoExecute".into(),
            on: !marked,
        };
        view.acts.push(act(eye, label, price, name, taint));
        let removal = delete(Kind::Node, key, None);
        view.acts.push(act(eye, Word::DeleteNode, Word::DeleteNodePrice, name, removal));
    }
    of_node(eye, &key.name, card, view);
}

/// What is so about a machine and its Node.
fn of_node(eye: &Eye<'_>, name: &Str, card: NodeCard, view: &mut Inspector) {
    let node = eye.world.store().get::<Node>(&Key::global(name.clone()));
    let machine = eye.world.infra.machines.get(name);
    let taints = node.map_or(Vec::new(), |node| {
        node.spec.taints.iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect()
    });
    let really = card.really.map(|(what, ago)| format!("{what} {ago}"));
    let broken = nodes::broken(eye, name).map(|fault| super::faults::said(eye, fault).to_string());
    let really: Vec<String> = really.into_iter().chain(broken).collect();
    view.facts.push(facts(
        eye,
        Word::FactsNow,
        vec![
            fact(eye, Word::FactReally, really.join(", ")),
            fact(eye, Word::FactZone, &card.zone),
            fact(eye, Word::FactPods, nodes::count(eye, name).to_string()),
            fact(
                eye,
                Word::FactCapacity,
                machine.map_or(String::new(), |m| format!("cpu {}, memory {}", m.cpu, m.memory)),
            ),
            fact(eye, Word::FactAsked, format!("cpu {} %, memory {} %", card.cpu, card.memory)),
            fact(eye, Word::FactTaints, taints.join(", ")),
        ],
    ));
}

fn set(eye: &Eye<'_>, key: &Key, view: &mut Inspector) {
    let Some(set) = eye.world.store().get::<StatefulSet>(key) else { return };
    let (ready, wanted) = (set.status.ready_replicas, set.replicas());
    let drawn = if ready == wanted { State::Ready } else { State::NotReady };
    view.state = Some((drawn, figure::readiness(eye, set)));
    let scale = |replicas: i32, label: Word, price: Word| {
        let input = Input::Scale {
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            replicas,
        };
        let last = figure::number(set.start_ordinal() + wanted.max(replicas) - 1);
        let seat = format!("{}-{last}", key.name);
        let mut act = act(eye, label, price, &seat, input);
        act.label = eye.fill(label, &[("replicas", &replicas.to_string())]);
        act
    };
    view.acts.push(scale(wanted + 1, Word::ScaleTo, Word::ScaleUpPrice));
    if wanted > 0 {
        view.acts.push(scale(wanted - 1, Word::ScaleTo, Word::ScaleDownPrice));
    }
    let status = &set.status;
    let revision = |name: &str| name.rsplit('-').next().unwrap_or("").to_string();
    let update = match status.update_revision != status.current_revision {
        true => revision(&status.update_revision),
        false => String::new(),
    };
    view.facts.push(facts(
        eye,
        Word::FactsNow,
        vec![
            fact(eye, Word::FactPolicy, set.spec.pod_management_policy.as_str()),
            fact(eye, Word::FactStrategy, set.spec.update_strategy.kind.as_str()),
            fact(eye, Word::FactService, &set.spec.service_name),
            fact(eye, Word::FactRevision, revision(&status.current_revision)),
            fact(eye, Word::FactUpdate, update),
            fact(eye, Word::FactAge, age(eye, set.meta.creation_timestamp)),
        ],
    ));
}

fn service(eye: &Eye<'_>, key: &Key, view: &mut Inspector) {
    let Some(service) = eye.world.store().get::<Service>(key) else { return };
    let selector: Vec<String> =
        service.spec.selector.iter().map(|(name, value)| format!("{name}={value}")).collect();
    view.facts.push(facts(
        eye,
        Word::FactsNow,
        vec![
            fact(eye, Word::FactAddress, &service.spec.cluster_ip),
            fact(eye, Word::FactSelector, selector.join(", ")),
        ],
    ));
}

/// Any other kind: what `kubectl get` prints of it.
fn other(eye: &Eye<'_>, subject: &ObjectRef, view: &mut Inspector) {
    let Some(object) = eye.world.store().find(subject) else { return };
    let one = std::slice::from_ref(object);
    let rows = print::table(one, subject.kind, print::Look::default(), eye.world.now);
    let [heads, cells] = &rows[..] else { return };
    let told = heads.iter().zip(cells).skip(1).map(|(head, cell)| Fact {
        name: head.as_str().into(),
        value: cell.as_str().into(),
        code: true,
    });
    view.facts.push(Facts { title: eye.say(Word::FactsNow), facts: told.collect() });
    if OWNERS.contains(&subject.kind) {
        let (name, removal) = (&*subject.key.name, delete(subject.kind, &subject.key, None));
        view.acts.push(act(eye, Word::DeletePod, Word::DeleteOwnerPrice, name, removal));
    }
}

/// Kinds that make Pods without seats.
const OWNERS: [Kind; 5] =
    [Kind::Deployment, Kind::ReplicaSet, Kind::DaemonSet, Kind::Job, Kind::CronJob];

/// So many seats before the last are looked at for a Pod that has a node.
const LAST_SEATS: u32 = 50;

/// What leads on, when nothing is selected.
fn hint(eye: &Eye<'_>, tries: &[Try], because: &Because) -> Word {
    match (eye.session.timeline().is_settled(), because.ways.is_some()) {
        _ if tries.is_empty() => Word::NoSets,
        (true, true) => Word::TryWays,
        (true, false) if because.calm => Word::TryOne,
        _ => Word::NothingSelectedHint,
    }
}

/// Three things to try with the first StatefulSet there is.
fn tries(eye: &Eye<'_>) -> Vec<Try> {
    let store = eye.world.store();
    let Some(set) = store.list::<StatefulSet>().next() else { return Vec::new() };
    let roster = store.roster(set.meta.uid);
    let last = roster.last_outside(0..0);
    let seats = last.into_iter().flat_map(|last| (last.saturating_sub(LAST_SEATS)..=last).rev());
    let seats = seats.filter(|at| roster.contains(*at));
    let mut seats =
        seats.filter_map(|at| store.get::<Pod>(&super::seats::pod_key(set, at))).peekable();
    let first = seats.peek().copied();
    let pod = seats.find(|pod| pod.is_assigned()).or(first);
    let (start, end) = super::seats::range(set);
    let seat = pod.map_or_else(
        || super::seats::pod_key(set, start.max(end.saturating_sub(1))),
        |pod| Key::of(&pod.meta),
    );
    let node = pod.map(|pod| pod.spec.node_name.clone()).filter(|name| !name.is_empty());
    let on = node.as_ref().is_some_and(|node| eye.world.infra.is_powered(node));
    let node = node.or_else(|| eye.world.infra.machines.keys().next().cloned()).unwrap_or_default();
    let wanted = set.replicas();
    let replicas = wanted.saturating_add(2);
    let next = format!("{}-{end}", set.meta.name);
    let one = |icon, label: Text, text: Text, input: Input, enabled| Try {
        icon,
        label,
        text,
        intent: Intent::Do(input),
        enabled,
    };
    let scale = Input::Scale {
        namespace: set.meta.namespace.to_string(),
        name: set.meta.name.to_string(),
        replicas,
    };
    let many = replicas.to_string();
    let places = [("set", &*set.meta.name), ("replicas", &*many), ("pod", &*next)];
    vec![
        one(
            "i-power",
            eye.fill(Word::PowerOffNode, &[("node", &node)]),
            eye.fill(Word::TryPowerOff, &[("pod", &seat.name)]),
            Input::power(&node, false),
            on,
        ),
        one(
            "i-trash",
            eye.fill(Word::TryDelete, &[("pod", &seat.name)]),
            eye.say(Word::TryDeleteText),
            delete(Kind::Pod, &seat, None),
            pod.is_some(),
        ),
        one(
            "i-scale",
            eye.fill(Word::TryScale, &places),
            eye.fill(Word::TryScaleText, &places),
            scale,
            true,
        ),
    ]
}
