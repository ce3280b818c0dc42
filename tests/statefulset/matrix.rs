//! Scenarios × policies: both orders, every claim policy, every strategy, with and without
//! minReadySeconds. Between any two steps chance moves one Pod one phase; after every step the
//! invariants are checked; at the end everything must have come to rest as wanted.

use crate::bench::{Bench, key, web};
use playground::api::apps::stateful_set::{StatefulSet, UpdateStrategyType};
use playground::api::core::pod::{Pod, PodPhase};
use playground::api::core::volume::PersistentVolumeClaim;
use playground::api::kinds::{Kind, Object};
use playground::api::meta::{ResourceVersion, Uid, condition};
use playground::apiserver::roster::{Roster, ordinal_in, revision_of};
use playground::base::prng::Prng;
use playground::base::time::Span;
use playground::config::Config;
use playground::trace::Because;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

type Scenario = fn(&mut Bench, &mut Chance);

const SCENARIOS: &[(&str, Scenario)] = &[
    ("scale", scale),
    ("update", update),
    ("update twice and go back", update_twice),
    ("broken revision", broken_revision),
    ("pods deleted and failing", pods_go),
    ("labels taken away and given back", labels),
    ("ordinals move", ordinals),
    ("policies change", policies),
    ("restarts", restarts),
];

const STRATEGIES: &[(&str, bool)] = &[
    (r#"{"type":"RollingUpdate","rollingUpdate":{"partition":0}}"#, false),
    (r#"{"type":"RollingUpdate","rollingUpdate":{"partition":2}}"#, false),
    (r#"{"type":"RollingUpdate"}"#, false),
    (r#"{"type":"OnDelete"}"#, false),
    (r#"{"type":"RollingUpdate","rollingUpdate":{"partition":1,"maxUnavailable":2}}"#, true),
];

#[test]
fn every_scenario_holds_under_every_policy() {
    let mut runs = 0;
    for order in ["OrderedReady", "Parallel"] {
        for claims in
            [["Retain", "Retain"], ["Retain", "Delete"], ["Delete", "Retain"], ["Delete", "Delete"]]
        {
            for (strategy, gate) in STRATEGIES {
                for min_ready in [0, 2] {
                    for (name, scenario) in SCENARIOS {
                        let spec = spec(order, claims, strategy, min_ready);
                        let what = format!("{name}: {spec}");
                        run(&what, &spec, *gate, *scenario, runs);
                        runs += 1;
                    }
                }
            }
        }
    }
    assert_eq!(runs, 2 * 4 * 5 * 2 * SCENARIOS.len() as u64);
}

fn spec(order: &str, claims: [&str; 2], strategy: &str, min_ready: u32) -> Value {
    let strategy: Value = serde_json::from_str(strategy).expect("a strategy");
    json!({
        "podManagementPolicy": order, "updateStrategy": strategy, "minReadySeconds": min_ready,
        "persistentVolumeClaimRetentionPolicy":
            {"whenDeleted": claims[0], "whenScaled": claims[1]},
    })
}

fn run(what: &str, spec: &Value, gate: bool, scenario: Scenario, seed: u64) {
    let mut config = Config::default();
    config.flags.max_unavailable_stateful_set = gate;
    let mut bench = Bench::new(config);
    let mut chance = Chance { prng: Prng::new(seed), what: what.into(), known: BTreeMap::new() };
    bench.create(Kind::StatefulSet, &web(4, spec));
    chance.play(&mut bench, 6);
    scenario(&mut bench, &mut chance);
    chance.rest(&mut bench);
}

/// Chance, and what it saw last.
struct Chance {
    prng: Prng,
    what: String,
    known: BTreeMap<String, Uid>,
}

impl Chance {
    /// `steps` times: one Pod moves, the controller reacts, the invariants hold.
    fn play(&mut self, bench: &mut Bench, steps: u32) {
        self.settle(bench);
        for _ in 0..steps {
            let names: Vec<String> = bench.pods().iter().map(|p| p.meta.name.to_string()).collect();
            if !names.is_empty() {
                bench.step(&names[self.prng.below(names.len() as u64) as usize]);
            }
            if self.prng.below(4) == 0 {
                bench.advance(Span::seconds(1));
            }
            self.settle(bench);
        }
    }

    /// Something was done: the controller reacts, the invariants hold.
    fn settle(&mut self, bench: &mut Bench) {
        bench.settle();
        let problems = self.check(bench);
        assert!(problems.is_empty(), "{}\n{problems:?}\n{}", self.what, bench.describe());
    }

    /// Lets everything come to rest, and checks that it is as wanted.
    fn rest(&mut self, bench: &mut Bench) {
        for _ in 0..400 {
            self.settle(bench);
            if !bench.step_all() {
                bench.advance(Span::seconds(30));
                if !bench.step_all() && !nudge(bench) {
                    break;
                }
            }
        }
        let problems = at_rest(bench);
        assert!(problems.is_empty(), "{}\n{problems:?}\n{}", self.what, bench.describe());
    }

    fn check(&mut self, bench: &Bench) -> Vec<String> {
        let mut problems = Vec::new();
        let set = bench.set();
        let pods = members(bench, &set);
        let mut plain = Roster::default();
        pods.values().for_each(|pod| plain.insert(&set.meta.name, pod));
        if bench.store().roster(set.meta.uid) != plain {
            problems.push("the roster is not what a plain scan gives".to_string());
        }
        if !set.allows_burst() {
            problems.extend(self.broken_order(bench, &set, &pods));
        }
        self.known = bench.pods().iter().map(|p| (p.meta.name.to_string(), p.meta.uid)).collect();
        problems.extend(wrong_counts(bench, &set, &pods));
        problems
    }

    /// OrderedReady: a Pod that is new has only available ones below it, and no other new one
    /// beside it.
    fn broken_order(
        &self,
        bench: &Bench,
        set: &StatefulSet,
        pods: &BTreeMap<u32, Rc<Pod>>,
    ) -> Vec<String> {
        let is_new = |pod: &Rc<Pod>| self.known.get(&*pod.meta.name) != Some(&pod.meta.uid);
        let new: Vec<u32> = pods.iter().filter(|(_, p)| is_new(p)).map(|(o, _)| *o).collect();
        let mut problems = Vec::new();
        if new.len() > 1 {
            problems.push(format!("{new:?} were created together"));
        }
        for ordinal in new {
            let below = wanted(set).start..ordinal;
            let ready = |o: u32| pods.get(&o).is_some_and(|pod| available(bench, set, pod));
            if let Some(bad) = below.into_iter().find(|&o| !ready(o)) {
                problems.push(format!("{ordinal} was created although {bad} was not available"));
            }
        }
        problems
    }
}

/// As in Kubernetes, a set forgets to come back when a claim that was to go with an earlier Pod
/// is gone at last. Any change wakes it.
fn nudge(bench: &mut Bench) -> bool {
    let forgotten = bench.said().iter().any(|wait| {
        let gone = wait.on.as_ref().is_some_and(|on| bench.store().find(on).is_none());
        gone && wait.because == Because::ClaimTerminating
    });
    if forgotten {
        bench.edit(|set| set.meta.annotations.set("nudged", "yes"));
    }
    forgotten
}

fn wanted(set: &StatefulSet) -> Range<u32> {
    let start = set.start_ordinal() as u32;
    start..start + set.replicas() as u32
}

fn members(bench: &Bench, set: &StatefulSet) -> BTreeMap<u32, Rc<Pod>> {
    let pods = bench.pods().into_iter();
    let own = pods.filter(|p| p.meta.controller_of().is_some_and(|o| o.uid == set.meta.uid));
    own.filter_map(|pod| Some((ordinal_in("web", &pod.meta.name)?, pod))).collect()
}

fn running_and_ready(pod: &Pod) -> bool {
    pod.status.phase == PodPhase::Running && pod.is_ready()
}

fn available(bench: &Bench, set: &StatefulSet, pod: &Pod) -> bool {
    let ready = condition(&pod.status.conditions, "Ready");
    let since = ready.and_then(|ready| ready.last_transition_time).unwrap_or_default();
    let min_ready = set.spec.min_ready_seconds;
    let long = min_ready == 0 || since + Span::seconds(min_ready as u64) < bench.now;
    running_and_ready(pod) && !pod.is_terminating() && long
}

/// The status against a plain count.
fn wrong_counts(bench: &Bench, set: &StatefulSet, pods: &BTreeMap<u32, Rc<Pod>>) -> Option<String> {
    let count = |good: &dyn Fn(&Pod) -> bool| pods.values().filter(|pod| good(pod)).count() as i32;
    let at = |revision: &str| count(&|p| !p.is_terminating() && *revision_of(p) == *revision);
    let s = &set.status;
    let seen = (s.replicas, s.ready_replicas, s.updated_replicas, s.observed_generation);
    let is =
        (pods.len() as i32, count(&running_and_ready), at(&s.update_revision), set.meta.generation);
    let waits_for_clock = bench.said().iter().any(|wait| wait.until.is_some());
    let current = s.current_replicas == at(&s.current_revision) || waits_for_clock;
    (seen != is || !current).then(|| format!("status says {seen:?}, a count gives {is:?}"))
}

fn at_rest(bench: &Bench) -> Vec<String> {
    let mut problems = Vec::new();
    let set = bench.set();
    let pods = members(bench, &set);
    let ordinals: Vec<u32> = pods.keys().copied().collect();
    if ordinals != wanted(&set).collect::<Vec<u32>>() {
        problems.push(format!("ordinals {ordinals:?}"));
    }
    if pods.values().any(|pod| !available(bench, &set, pod)) {
        problems.push("not all are available".to_string());
    }
    let endless =
        |because: &Because| matches!(because, Because::OnDelete | Because::Partition { .. });
    if bench.said().iter().any(|wait| !endless(&wait.because)) {
        problems.push("something still waits".to_string());
    }
    let rolling = set.spec.update_strategy.rolling_update.as_ref();
    let partition = rolling.and_then(|r| r.partition).unwrap_or(0) as u32;
    let rolls = set.spec.update_strategy.kind == UpdateStrategyType::RollingUpdate;
    let old = |(ordinal, pod): (&u32, &Rc<Pod>)| {
        let below = *ordinal < wanted(&set).start + partition;
        rolls && !below && revision_of(pod) != set.status.update_revision
    };
    if pods.iter().any(old) {
        problems.push("not all are at the update revision".to_string());
    }
    if set.status.available_replicas != set.replicas() {
        problems.push("status does not say that all are available".to_string());
    }
    problems.extend(wrong_claims(bench, &set, &pods));
    problems
}

/// Each Pod has its claim, with the owners that the policy wants.
fn wrong_claims(bench: &Bench, set: &StatefulSet, pods: &BTreeMap<u32, Rc<Pod>>) -> Vec<String> {
    let retention = set.spec.retention.clone().unwrap_or_default();
    let (deleted, scaled) = (retention.when_deleted.as_str(), retention.when_scaled.as_str());
    let expected: BTreeSet<Uid> =
        if deleted == "Delete" { BTreeSet::from([set.meta.uid]) } else { BTreeSet::new() };
    let mut problems = Vec::new();
    for ordinal in pods.keys() {
        let name = key(&format!("www-web-{ordinal}"));
        let Some(claim) = bench.store().get::<PersistentVolumeClaim>(&name) else {
            problems.push(format!("{name} is missing"));
            continue;
        };
        let owners: BTreeSet<Uid> = claim.meta.owner_references.iter().map(|o| o.uid).collect();
        if owners != expected {
            problems.push(format!("{name} has the wrong owners under {deleted}, {scaled}"));
        }
    }
    problems
}

// ---- the scenarios -------------------------------------------------------------------------

fn scale(bench: &mut Bench, chance: &mut Chance) {
    for replicas in [6, 2, 5, 0, 3] {
        bench.scale(replicas);
        chance.play(bench, 10);
    }
}

fn update(bench: &mut Bench, chance: &mut Chance) {
    chance.rest(bench);
    bench.image("registry.k8s.io/nginx-slim:0.24");
    chance.play(bench, 12);
    bench.scale(6);
    chance.play(bench, 8);
}

fn update_twice(bench: &mut Bench, chance: &mut Chance) {
    for version in ["0.24", "0.25", "0.21", "0.25"] {
        bench.image(&format!("registry.k8s.io/nginx-slim:{version}"));
        chance.play(bench, 7);
    }
}

fn broken_revision(bench: &mut Bench, chance: &mut Chance) {
    chance.rest(bench);
    bench.image("registry.k8s.io/broken:1");
    chance.play(bench, 12);
    bench.image("registry.k8s.io/nginx-slim:0.21");
    chance.play(bench, 4);
    // What people do: an ordered set does not replace what is not Ready.
    for pod in bench.pods() {
        if pod.spec.containers[0].image.contains("broken") && !pod.is_terminating() {
            bench.delete(Kind::Pod, &pod.meta.name);
            chance.play(bench, 2);
        }
    }
    chance.play(bench, 8);
    // Those that were created from the broken revision meanwhile, under a partition.
    while let Some(pod) = bench
        .pods()
        .into_iter()
        .find(|pod| pod.spec.containers[0].image.contains("broken") && !pod.is_terminating())
    {
        bench.delete(Kind::Pod, &pod.meta.name);
        chance.play(bench, 10);
    }
}

fn pods_go(bench: &mut Bench, chance: &mut Chance) {
    for _ in 0..8 {
        let pods = bench.pods();
        if let Some(pod) = pods.get(chance.prng.below(pods.len().max(1) as u64) as usize) {
            let name = pod.meta.name.to_string();
            if chance.prng.below(2) == 0 && pod.is_assigned() && !pod.is_terminating() {
                bench.fail(&name);
            } else {
                bench.delete(Kind::Pod, &name);
            }
        }
        chance.play(bench, 4);
    }
}

fn relabel(bench: &mut Bench, name: &str, app: &str) {
    let Some(pod) = bench.pod(name) else { return };
    let mut pod = (*pod).clone();
    pod.meta.resource_version = ResourceVersion(0);
    pod.meta.labels.set("app", app);
    bench.server.update(bench.now, Object::Pod(Rc::new(pod))).expect("a good edit");
}

fn labels(bench: &mut Bench, chance: &mut Chance) {
    for name in ["web-1", "web-3", "web-0"] {
        relabel(bench, name, "other");
        chance.play(bench, 3);
        bench.advance(Span::seconds(1));
        relabel(bench, name, "nginx");
        chance.play(bench, 3);
    }
}

fn ordinals(bench: &mut Bench, chance: &mut Chance) {
    for start in [2, 1, 4] {
        bench.edit(|set| {
            let ordinals = Rc::make_mut(&mut set.spec).ordinals.get_or_insert_default();
            ordinals.start = start;
        });
        chance.play(bench, 12);
    }
}

fn policies(bench: &mut Bench, chance: &mut Chance) {
    let wanted = bench.set().spec.retention.clone();
    bench.edit(|set| Rc::make_mut(&mut set.spec).retention = None);
    chance.play(bench, 4);
    bench.scale(2);
    chance.play(bench, 4);
    bench.edit(|set| Rc::make_mut(&mut set.spec).retention = wanted);
    chance.play(bench, 4);
    bench.scale(5);
    chance.play(bench, 4);
}

fn restarts(bench: &mut Bench, chance: &mut Chance) {
    for replicas in [3, 5] {
        bench.scale(replicas);
        bench.restart();
        chance.play(bench, 5);
        bench.image(&format!("registry.k8s.io/nginx-slim:0.{replicas}"));
        bench.restart();
        chance.play(bench, 5);
    }
}
