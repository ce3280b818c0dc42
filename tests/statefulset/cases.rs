//! One thing at a time: writes, Events, waits, revisions, claims, adoption.

use crate::bench::{Bench, key, web};
use playground::api::apps::stateful_set::ControllerRevision;
use playground::api::kinds::{Kind, Object};
use playground::apiserver::watch::Change;
use playground::apiserver::{DeleteOptions, Propagation};
use playground::base::time::Span;
use playground::config::Config;
use serde_json::{Value, json};
use std::rc::Rc;

pub fn bench(replicas: i32, spec: Value) -> Bench {
    let mut bench = Bench::new(Config::default());
    bench.create(Kind::StatefulSet, &web(replicas, &spec));
    bench
}

pub fn ready(replicas: i32, spec: Value) -> Bench {
    let mut bench = bench(replicas, spec);
    bench.converge();
    bench
}

/// One line a write: what became of which object; for sets, the status.
fn line(change: &Rc<Change>) -> String {
    let verb = match (change.is_added(), change.is_removed()) {
        (true, _) => "ADD",
        (_, true) => "DEL",
        _ => "MOD",
    };
    let name = format!("{verb} {} {}", change.kind.info().name, change.key.name);
    match change.object() {
        Some(Object::StatefulSet(set)) if !change.is_added() => {
            let s = &set.status;
            format!(
                "{name} replicas={} ready={} cur={} upd={}",
                s.replicas, s.ready_replicas, s.current_replicas, s.updated_replicas
            )
        }
        Some(Object::Event(event)) => format!("{verb} Event {}", event.message),
        Some(Object::Pod(pod)) if pod.is_terminating() => format!("{name} DELETING"),
        _ => name,
    }
}

/// The writes since the last call.
pub fn writes(bench: &mut Bench) -> Vec<String> {
    std::mem::take(&mut bench.writes).iter().map(line).collect()
}

#[test]
fn a_set_is_created_one_pod_after_the_other() {
    let mut bench = bench(2, json!({}));
    bench.settle();
    let expected = [
        "ADD StatefulSet web",
        "ADD ControllerRevision web-f99c84b4b",
        "ADD PersistentVolumeClaim www-web-0",
        "ADD Event Create Claim www-web-0 Pod web-0 in StatefulSet web success",
        "ADD Pod web-0",
        "ADD Event Create Pod web-0 in StatefulSet web successful",
        "MOD StatefulSet web replicas=0 ready=0 cur=0 upd=0",
        "MOD StatefulSet web replicas=1 ready=0 cur=1 upd=1",
    ];
    assert_eq!(writes(&mut bench), expected);
    assert_eq!(bench.waiting(), "pod/web-1 on pod/web-0: PredecessorNotReady\n");
    bench.step("web-0");
    bench.settle();
    writes(&mut bench);
    bench.step("web-0");
    bench.settle();
    let expected = [
        "MOD Pod web-0",
        "ADD PersistentVolumeClaim www-web-1",
        "ADD Event Create Claim www-web-1 Pod web-1 in StatefulSet web success",
        "ADD Pod web-1",
        "ADD Event Create Pod web-1 in StatefulSet web successful",
        "MOD StatefulSet web replicas=1 ready=1 cur=1 upd=1",
        "MOD StatefulSet web replicas=2 ready=1 cur=2 upd=2",
    ];
    assert_eq!(writes(&mut bench), expected);
    assert_eq!(bench.waiting(), "statefulset/web on pod/web-1: PodNotReady\n");
    bench.converge();
    assert_eq!(bench.waiting(), "");
    assert_eq!(bench.set().status.observed_generation, bench.set().meta.generation);
}

#[test]
fn a_pod_is_made_as_kubernetes_makes_it() {
    let bench = ready(1, json!({}));
    let pod = Object::Pod(bench.pod("web-0").expect("it was created")).to_value();
    let meta = &pod["metadata"];
    assert_eq!(meta["generateName"], "web-");
    assert_eq!(
        meta["labels"],
        json!({
            "app": "nginx", "apps.kubernetes.io/pod-index": "0",
            "controller-revision-hash": "web-f99c84b4b",
            "statefulset.kubernetes.io/pod-name": "web-0",
        })
    );
    assert_eq!(
        meta["ownerReferences"],
        json!([{
            "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web",
            "uid": bench.set().meta.uid.to_string(), "controller": true,
            "blockOwnerDeletion": true,
        }])
    );
    assert_eq!(pod["spec"]["hostname"], "web-0");
    assert_eq!(pod["spec"]["subdomain"], "nginx");
    let volume = json!({"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}});
    assert_eq!(pod["spec"]["volumes"][0], volume);
    let revision = bench.store().get::<ControllerRevision>(&key("web-f99c84b4b"));
    let labels = &revision.expect("it was created").meta.labels;
    assert_eq!(labels.get("controller.kubernetes.io/hash").map(|l| &**l), Some("f99c84b4b"));
}

#[test]
fn pods_share_what_their_template_says() {
    let bench = ready(3, json!({}));
    let pods = bench.pods();
    assert!(Rc::ptr_eq(&pods[0].spec.containers, &pods[2].spec.containers));
    bench.store().list::<ControllerRevision>().for_each(|r| assert_eq!(r.revision, 1));
}

#[test]
fn parallel_creates_all_at_once() {
    let mut bench = bench(4, json!({"podManagementPolicy": "Parallel"}));
    bench.settle();
    assert_eq!(bench.names(), "web-0 web-1 web-2 web-3");
    let statuses: Vec<String> =
        writes(&mut bench).into_iter().filter(|w| w.starts_with("MOD StatefulSet")).collect();
    assert_eq!(
        statuses,
        [
            "MOD StatefulSet web replicas=0 ready=0 cur=0 upd=0",
            "MOD StatefulSet web replicas=4 ready=0 cur=4 upd=4"
        ]
    );
}

#[test]
fn scaling_down_takes_the_highest_first_and_keeps_claims() {
    let mut bench = ready(3, json!({}));
    bench.scale(1);
    bench.settle();
    assert!(bench.pod("web-2").expect("still there").is_terminating());
    assert!(!bench.pod("web-1").expect("still there").is_terminating());
    assert_eq!(bench.waiting(), "pod/web-1 on pod/web-2: SuccessorTerminating\n");
    bench.converge();
    assert_eq!(bench.names(), "web-0");
    assert_eq!(bench.store().count(Kind::PersistentVolumeClaim), 3);
}

#[test]
fn an_unready_pod_blocks_scaling_down_unless_it_is_the_next_to_go() {
    let mut bench = ready(4, json!({}));
    bench.unready("web-1");
    bench.scale(2);
    bench.converge();
    assert_eq!(bench.names(), "web-0 web-1 web-2 web-3");
    assert_eq!(bench.waiting(), "pod/web-3 on pod/web-1: ScaleDownBlocked\n");
    let mut bench = ready(3, json!({}));
    bench.unready("web-2");
    bench.scale(2);
    bench.converge();
    assert_eq!(bench.names(), "web-0 web-1");
}

#[test]
fn a_rolling_update_goes_from_the_top_and_writes_the_recorded_counts() {
    let mut bench = ready(3, json!({}));
    writes(&mut bench);
    bench.image("registry.k8s.io/nginx-slim:0.24");
    bench.settle();
    let seen = writes(&mut bench);
    assert!(seen.contains(&"ADD ControllerRevision web-7d8559755f".to_string()), "{seen:?}");
    assert!(seen.contains(&"MOD StatefulSet web replicas=3 ready=3 cur=2 upd=0".to_string()));
    assert!(bench.pod("web-2").expect("still there").is_terminating());
    assert_eq!(
        bench.waiting(),
        "pod/web-2 on pod/web-2: IdentityHeld\n\
        pod/web-1 on pod/web-2: RolloutWaits\n"
    );
    bench.converge();
    let status = bench.set().status.clone();
    assert_eq!(&*status.current_revision, "web-7d8559755f");
    assert_eq!((status.current_replicas, status.updated_replicas), (3, 3));
    let deleted: Vec<String> = writes(&mut bench)
        .into_iter()
        .filter(|w| w.contains("DELETING") || w.starts_with("DEL Pod"))
        .collect();
    let mut order: Vec<&str> =
        deleted.iter().map(|w| w.split(' ').nth(2).expect("a name")).collect();
    order.dedup();
    assert_eq!(order, ["web-2", "web-1", "web-0"]);
}

#[test]
fn going_back_gives_the_old_revision_a_new_number() {
    let mut bench = ready(1, json!({"revisionHistoryLimit": 2}));
    for version in 24..29 {
        bench.image(&format!("registry.k8s.io/nginx-slim:0.{version}"));
        bench.converge();
    }
    let numbers = |bench: &Bench| {
        let revisions = bench.store().list::<ControllerRevision>();
        let mut numbers: Vec<i64> = revisions.map(|r| r.revision).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&bench), [4, 5, 6]);
    bench.image("registry.k8s.io/nginx-slim:0.26");
    bench.converge();
    assert_eq!(numbers(&bench), [5, 6, 7]);
}

#[test]
fn a_taken_revision_name_is_a_collision() {
    let mut bench = Bench::new(Config::default());
    let other = json!({"metadata": {"name": "web-f99c84b4b", "namespace": "default"},
        "data": {"other": true}, "revision": 1});
    bench.create(Kind::ControllerRevision, &other);
    bench.create(Kind::StatefulSet, &web(1, &json!({})));
    bench.converge();
    let status = bench.set().status.clone();
    assert_eq!(status.collision_count, Some(1));
    assert_ne!(&*status.update_revision, "web-f99c84b4b");
}

#[test]
fn a_partition_keeps_the_pods_below_it() {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    let mut bench = ready(4, json!({"updateStrategy": strategy}));
    bench.image("registry.k8s.io/nginx-slim:0.24");
    bench.converge();
    let revisions = |bench: &Bench| -> Vec<String> {
        let revision = |p: &Rc<_>| playground::apiserver::roster::revision_of(p).to_string();
        bench.pods().iter().map(revision).collect()
    };
    let expected = ["web-f99c84b4b", "web-f99c84b4b", "web-7d8559755f", "web-7d8559755f"];
    assert_eq!(revisions(&bench), expected);
    assert_eq!(bench.waiting(), "pod/web-1: Partition\n");
    bench.delete(Kind::Pod, "web-0");
    bench.delete(Kind::Pod, "web-3");
    bench.converge();
    assert_eq!(revisions(&bench), expected);
}

#[test]
fn without_a_partition_a_deleted_pod_comes_back_at_the_current_revision() {
    let mut bench = ready(3, json!({"updateStrategy": {"type": "RollingUpdate"}}));
    bench.image("registry.k8s.io/nginx-slim:0.24");
    bench.settle();
    bench.delete(Kind::Pod, "web-0");
    bench.step("web-0");
    bench.settle();
    let pod = bench.pod("web-0").expect("it comes back");
    assert_eq!(&*playground::apiserver::roster::revision_of(&pod), "web-f99c84b4b");
    bench.converge();
    assert_eq!(bench.set().status.updated_replicas, 3);
}

#[test]
fn on_delete_waits_for_people() {
    let mut bench = ready(2, json!({"updateStrategy": {"type": "OnDelete"}}));
    bench.image("registry.k8s.io/nginx-slim:0.24");
    bench.converge();
    assert_eq!(bench.waiting(), "pod/web-1: OnDelete\n");
    bench.delete(Kind::Pod, "web-0");
    bench.delete(Kind::Pod, "web-1");
    bench.converge();
    let status = bench.set().status.clone();
    assert_eq!(status.updated_replicas, 2);
    assert_eq!(&*status.current_revision, "web-f99c84b4b");
    assert_eq!(status.current_replicas, 0);
}

#[test]
fn a_broken_revision_traps_an_ordered_set_and_not_a_parallel_one() {
    for policy in ["OrderedReady", "Parallel"] {
        let mut bench = ready(3, json!({"podManagementPolicy": policy}));
        bench.image("registry.k8s.io/broken:1");
        bench.converge();
        assert!(!bench.pod("web-2").expect("it exists").is_ready());
        bench.image("registry.k8s.io/nginx-slim:0.21");
        bench.converge();
        let healed = bench.pod("web-2").expect("it exists").is_ready();
        assert_eq!(healed, policy == "Parallel");
        if policy == "OrderedReady" {
            let trap = "pod/web-2 on pod/web-2: BrokenRevision\n";
            assert!(bench.waiting().starts_with(trap), "{}", bench.waiting());
            bench.delete(Kind::Pod, "web-2");
            bench.converge();
            assert!(bench.pod("web-2").expect("it exists").is_ready());
        }
    }
}

#[test]
fn with_max_unavailable_several_are_replaced_at_once() {
    let mut config = Config::default();
    config.flags.max_unavailable_stateful_set = true;
    let mut bench = Bench::new(config);
    let rolling = json!({"partition": 0, "maxUnavailable": 2});
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
    bench.create(Kind::StatefulSet, &web(5, &json!({"updateStrategy": strategy})));
    bench.converge();
    writes(&mut bench);
    bench.image("registry.k8s.io/nginx-slim:0.24");
    bench.settle();
    let going = |bench: &Bench| bench.pods().iter().filter(|pod| pod.is_terminating()).count();
    assert_eq!(going(&bench), 2);
    assert!(
        writes(&mut bench).contains(&"MOD StatefulSet web replicas=5 ready=5 cur=3 upd=0".into())
    );
    bench.converge();
    assert_eq!(bench.set().status.updated_replicas, 5);
}

#[test]
fn min_ready_seconds_gates_the_next_pod() {
    let mut bench = bench(2, json!({"minReadySeconds": 4}));
    bench.advance(Span::millis(362));
    bench.step("web-0");
    bench.step("web-0");
    bench.advance(Span::seconds(3));
    assert_eq!(bench.names(), "web-0");
    assert_eq!(bench.waiting(), "pod/web-1 on pod/web-0: PredecessorNotAvailable\n");
    assert!(bench.said()[0].until.is_some());
    bench.advance(Span::seconds(2));
    assert_eq!(bench.names(), "web-0 web-1");
    bench.converge();
    let status = bench.set().status.clone();
    assert_eq!((status.ready_replicas, status.available_replicas), (2, 2));
}

#[test]
fn ordinals_move_up_before_down() {
    let mut bench = ready(3, json!({"ordinals": {"start": 5}}));
    assert_eq!(bench.names(), "web-5 web-6 web-7");
    bench.edit(|set| {
        let ordinals = &mut Rc::make_mut(&mut set.spec).ordinals;
        ordinals.as_mut().expect("it has a start").start = 3;
    });
    bench.settle();
    assert_eq!(bench.names(), "web-3 web-5 web-6 web-7");
    bench.converge();
    assert_eq!(bench.names(), "web-3 web-4 web-5");
}

#[test]
fn a_failed_pod_is_replaced() {
    let mut bench = ready(2, json!({}));
    writes(&mut bench);
    bench.fail("web-0");
    bench.settle();
    assert!(bench.pod("web-0").is_none_or(|pod| pod.is_terminating() || !pod.is_terminal()));
    bench.converge();
    assert!(bench.pod("web-0").expect("it is back").is_ready());
    let events = bench.events().join("\n");
    assert!(events.contains("SuccessfulDelete Delete Pod web-0 in StatefulSet web successful"));
}

#[test]
fn a_set_that_is_being_deleted_only_counts() {
    let mut bench = ready(2, json!({}));
    let options =
        DeleteOptions { propagation: Propagation::Foreground, ..DeleteOptions::default() };
    let deleted = bench.server.delete(bench.now, Kind::StatefulSet, &key("web"), &options);
    deleted.expect("it exists");
    bench.delete(Kind::Pod, "web-1");
    bench.step("web-1");
    bench.settle();
    assert_eq!(bench.names(), "web-0");
    assert_eq!(bench.set().status.replicas, 1);
}

#[test]
fn after_a_restart_a_missing_pod_comes_first() {
    let mut bench = ready(3, json!({}));
    bench.delete(Kind::Pod, "web-1");
    bench.step("web-1");
    bench.scale(4);
    bench.restart();
    bench.settle();
    assert_eq!(bench.names(), "web-0 web-1 web-2");
    bench.converge();
    assert_eq!(bench.names(), "web-0 web-1 web-2 web-3");
}
