//! Budgets: what the disruption controller counts, as recorded, and that it looks at no Pod twice.

use crate::bench::{Bench, key, web};
use playground::api::kinds::{Kind, Object};
use playground::api::meta::{Condition, ResourceVersion, condition, set_condition};
use playground::api::policy::PodDisruptionBudget;
use playground::apiserver::DeleteOptions;
use playground::apiserver::watch::Change;
use playground::base::prng::Prng;
use playground::base::time::Span;
use playground::config::Config;
use serde_json::{Value, json};
use std::rc::Rc;

fn bench(replicas: i32, budget: Value) -> Bench {
    let mut bench = Bench::new(Config::default());
    bench.create(Kind::StatefulSet, &web(replicas, &json!({"podManagementPolicy": "Parallel"})));
    bench.converge();
    protect(&mut bench, budget);
    bench
}

fn protect(bench: &mut Bench, mut spec: Value) {
    spec["selector"] = json!({"matchLabels": {"app": "nginx"}});
    let meta = json!({"name": "web-pdb", "namespace": "default"});
    bench.create(Kind::PodDisruptionBudget, &json!({"metadata": meta, "spec": spec}));
    bench.settle();
}

fn budget(bench: &Bench) -> Rc<PodDisruptionBudget> {
    bench.store().get::<PodDisruptionBudget>(&key("web-pdb")).expect("it exists").clone()
}

/// Allowed, healthy, desired, expected, and the condition's reason.
fn status(bench: &Bench) -> (i32, i32, i32, i32, String) {
    let budget = budget(bench);
    let s = &budget.status;
    assert_eq!(s.observed_generation, budget.meta.generation);
    let reason = condition(&s.conditions, "DisruptionAllowed").map(|c| c.reason.to_string());
    let counts = (s.disruptions_allowed, s.current_healthy, s.desired_healthy, s.expected_pods);
    (counts.0, counts.1, counts.2, counts.3, reason.unwrap_or_default())
}

#[test]
fn counts_are_kubernetes_own() {
    let reasons = ["SufficientPods".to_string(), "InsufficientPods".to_string()];
    let [good, bad] = reasons;
    for (spec, expected) in [
        (json!({"maxUnavailable": 1}), (1, 3, 2, 3, good.clone())),
        (json!({"minAvailable": 3}), (0, 3, 3, 3, bad.clone())),
        (json!({"minAvailable": "50%"}), (1, 3, 2, 3, good.clone())),
        (json!({"maxUnavailable": "40%"}), (2, 3, 1, 3, good.clone())),
        (json!({"maxUnavailable": "100%"}), (3, 3, 0, 3, good)),
    ] {
        assert_eq!(status(&bench(3, spec)), expected);
    }
    let mut bench = bench(3, json!({"maxUnavailable": 1}));
    bench.unready("web-1");
    bench.settle();
    assert_eq!(status(&bench), (0, 2, 2, 3, bad));
}

#[test]
fn an_eviction_is_on_the_list_until_the_pod_terminates() {
    let mut bench = bench(3, json!({"maxUnavailable": 1}));
    bench.server.evict(bench.now, &key("web-2"), &DeleteOptions::default()).expect("allowed");
    let told: Vec<String> =
        budget(&bench).status.disrupted_pods.keys().map(|name| name.to_string()).collect();
    assert_eq!(told, ["web-2"]);
    let refused = bench.server.evict(bench.now, &key("web-1"), &DeleteOptions::default());
    assert_eq!(refused.expect_err("one is enough").code, 429);
    bench.settle();
    assert!(budget(&bench).status.disrupted_pods.is_empty());
    assert_eq!(status(&bench).0, 0);
    bench.converge();
    assert_eq!(status(&bench).0, 1);
}

#[test]
fn an_eviction_that_came_to_nothing_is_forgotten_after_two_minutes() {
    let mut bench = bench(3, json!({"maxUnavailable": 1}));
    let mut new = (*budget(&bench)).clone();
    new.meta.resource_version = ResourceVersion(0);
    new.status.disrupted_pods.insert("web-2".into(), bench.now.whole_second());
    let object = Object::PodDisruptionBudget(Rc::new(new));
    bench.server.update_status(bench.now, object).expect("it exists");
    let mut pod = (*bench.pod("web-2").expect("it exists")).clone();
    pod.meta.resource_version = ResourceVersion(0);
    let target = Condition {
        kind: "DisruptionTarget".into(),
        status: "True".into(),
        reason: "EvictionByEvictionAPI".into(),
        ..Condition::default()
    };
    set_condition(&mut pod.status.conditions, target, bench.now);
    bench.server.update_status(bench.now, Object::Pod(Rc::new(pod))).expect("it exists");
    bench.settle();
    assert_eq!(status(&bench).1, 2);
    bench.advance(Span::seconds(110));
    assert_eq!(status(&bench).1, 2);
    bench.advance(Span::seconds(12));
    assert_eq!(status(&bench).1, 3);
    assert!(budget(&bench).status.disrupted_pods.is_empty());
    let pod = bench.pod("web-2").expect("it exists");
    let target = condition(&pod.status.conditions, "DisruptionTarget").expect("it stays");
    assert_eq!(&*target.status, "False");
}

fn told(bench: &Bench, reason: &str) -> usize {
    let reason_of = |change: &Rc<Change>| match &change.new {
        Some(Object::Event(event)) => Some(event.reason.clone()),
        _ => None,
    };
    bench.writes.iter().filter_map(reason_of).filter(|told| **told == *reason).count()
}

#[test]
fn budgets_without_pods_or_with_strange_ones_say_so() {
    let mut bench = Bench::new(Config::default());
    protect(&mut bench, json!({"maxUnavailable": 1}));
    assert_eq!(status(&bench).0, 0);
    assert_eq!(told(&bench, "NoPods"), 2);
    let pod = json!({
        "metadata": {"name": "lone", "namespace": "default", "labels": {"app": "nginx"}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    });
    bench.create(Kind::Pod, &pod);
    bench.settle();
    assert!(told(&bench, "UnmanagedPods") > 0);
    assert_eq!(status(&bench).3, 0);
}

/// However the counts came about, they are what a list of all Pods gives.
#[test]
fn tallies_are_what_a_plain_scan_gives() {
    let mut bench = bench(5, json!({"minAvailable": 2}));
    let mut prng = Prng::new(3);
    for round in 0..300 {
        let name = format!("web-{}", prng.below(5));
        match prng.below(6) {
            0 if bench.pod(&name).is_some() => bench.delete(Kind::Pod, &name),
            1 if bench.pod(&name).is_some_and(|pod| pod.is_assigned()) => {
                bench.unready(&name);
                bench.held.clear();
            }
            _ => drop(bench.step(&name)),
        }
        if round == 150 {
            bench.restart();
        }
        bench.settle();
        let well =
            |pod: &&Rc<playground::api::core::pod::Pod>| pod.is_ready() && !pod.is_terminating();
        let pods = bench.pods();
        let counts = (pods.iter().filter(well).count() as i32, pods.len() as i32);
        let seen = status(&bench);
        assert_eq!((seen.1, seen.3), counts, "{}", bench.describe());
    }
}

#[test]
fn a_change_of_one_pod_does_not_look_at_the_others() {
    let visits = |replicas: i32| {
        let mut bench = bench(replicas, json!({"maxUnavailable": 1}));
        bench.visits = 0;
        bench.unready("web-1");
        bench.settle();
        assert_eq!(status(&bench).0, 0);
        bench.visits
    };
    assert_eq!(visits(200), visits(20));
}
