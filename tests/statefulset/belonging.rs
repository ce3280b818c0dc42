//! Who belongs to a set: Pods let go and adopted, claims that stay, wait or go.

use crate::bench::{Bench, key, web};
use crate::cases::{ready, writes};
use playground::api::apps::stateful_set::ControllerRevision;
use playground::api::core::volume::PersistentVolumeClaim;
use playground::api::kinds::{Kind, Object};
use playground::api::meta::ResourceVersion;
use playground::base::time::Span;
use serde_json::json;
use std::rc::Rc;

#[test]
fn a_pod_whose_label_is_taken_away_is_let_go_and_holds_the_name_silently() {
    let mut bench = ready(2, json!({}));
    let relabel = |bench: &mut Bench, app: &str| {
        let mut pod = (*bench.pod("web-1").expect("it exists")).clone();
        pod.meta.resource_version = ResourceVersion(0);
        pod.meta.labels.set("app", app);
        bench.server.update(bench.now, Object::Pod(Rc::new(pod))).expect("a good edit");
    };
    relabel(&mut bench, "other");
    let before = bench.events().len();
    bench.advance(Span::seconds(2));
    assert!(bench.pod("web-1").expect("it exists").meta.owner_references.is_empty());
    assert_eq!(bench.set().status.replicas, 1);
    assert_eq!(bench.events().len(), before, "nobody is told");
    assert_eq!(bench.waiting(), "pod/web-1 on pod/web-1: IdentityHeld\n");
    relabel(&mut bench, "nginx");
    bench.settle();
    assert!(bench.pod("web-1").expect("it exists").meta.controller_of().is_some());
    assert_eq!(bench.set().status.replicas, 2);
}

#[test]
fn orphans_are_adopted_in_the_sync_that_finds_them() {
    let mut bench = ready(3, json!({}));
    let old = bench.set();
    for pod in bench.pods() {
        let mut pod = (*pod).clone();
        pod.meta.resource_version = ResourceVersion(0);
        pod.meta.owner_references.clear();
        bench.server.update(bench.now, Object::Pod(Rc::new(pod))).expect("a good edit");
    }
    for revision in bench.store().list::<ControllerRevision>().cloned().collect::<Vec<_>>() {
        let mut revision = (*revision).clone();
        revision.meta.resource_version = ResourceVersion(0);
        revision.meta.owner_references.clear();
        let object = Object::ControllerRevision(Rc::new(revision));
        bench.server.update(bench.now, object).expect("a good edit");
    }
    bench.delete(Kind::StatefulSet, "web");
    bench.delete(Kind::Pod, "web-0");
    bench.step("web-0");
    bench.settle();
    assert_eq!(bench.names(), "web-1 web-2");
    writes(&mut bench);
    bench.create(Kind::StatefulSet, &web(2, &json!({})));
    bench.settle();
    let expected = [
        "ADD StatefulSet web",
        "MOD ControllerRevision web-f99c84b4b",
        "MOD Pod web-1",
        "MOD Pod web-2",
        "ADD Pod web-0",
        "ADD Event Create Pod web-0 in StatefulSet web successful",
        "MOD StatefulSet web replicas=2 ready=2 cur=2 upd=2",
        "MOD StatefulSet web replicas=3 ready=2 cur=3 upd=3",
    ];
    let seen: Vec<String> =
        writes(&mut bench).into_iter().filter(|w| !w.starts_with("MOD Event")).collect();
    assert_eq!(seen, expected);
    bench.converge();
    assert_eq!(bench.names(), "web-0 web-1");
    assert_ne!(bench.set().meta.uid, old.meta.uid);
}

#[test]
fn a_claim_that_is_being_deleted_holds_its_pod_up() {
    let mut bench = ready(1, json!({}));
    let mut claim =
        (**bench.store().get::<PersistentVolumeClaim>(&key("www-web-0")).expect("it exists"))
            .clone();
    claim.meta.resource_version = ResourceVersion(0);
    claim.meta.finalizers = vec!["example.com/hold".into()];
    let object = Object::PersistentVolumeClaim(Rc::new(claim.clone()));
    bench.server.update(bench.now, object).expect("a good edit");
    bench.delete(Kind::PersistentVolumeClaim, "www-web-0");
    bench.delete(Kind::Pod, "web-0");
    bench.step("web-0");
    bench.settle();
    let text = "FailedCreate Create Pod web-0 in StatefulSet web failed error: pvc www-web-0 is \
                being deleted";
    assert!(bench.events().contains(&text.to_string()));
    assert!(bench.waiting().contains("on persistentvolumeclaim/www-web-0: ClaimTerminating"));
    let mut claim =
        (**bench.store().get::<PersistentVolumeClaim>(&key("www-web-0")).expect("it exists"))
            .clone();
    claim.meta.resource_version = ResourceVersion(0);
    claim.meta.finalizers.clear();
    let object = Object::PersistentVolumeClaim(Rc::new(claim));
    bench.server.update(bench.now, object).expect("a good edit");
    if bench.store().count(Kind::PersistentVolumeClaim) > 0 {
        bench.delete(Kind::PersistentVolumeClaim, "www-web-0");
    }
    bench.converge();
    assert!(bench.pod("web-0").expect("it is back").is_ready());
}

fn owners(bench: &Bench, claim: &str) -> Vec<String> {
    let claim = bench.store().get::<PersistentVolumeClaim>(&key(claim)).expect("it exists");
    let owner = |o: &playground::api::meta::OwnerReference| {
        assert_eq!((o.controller, o.block_owner_deletion), (Some(true), Some(true)));
        format!("{}/{}", o.kind, o.name)
    };
    claim.meta.owner_references.iter().map(owner).collect()
}

#[test]
fn claims_belong_to_whom_the_policy_says() {
    let policy = |deleted: &str, scaled: &str| {
        json!({"persistentVolumeClaimRetentionPolicy":
            {"whenDeleted": deleted, "whenScaled": scaled}})
    };
    let mut bench = ready(3, policy("Retain", "Delete"));
    assert!(owners(&bench, "www-web-2").is_empty());
    bench.scale(1);
    bench.settle();
    assert_eq!(owners(&bench, "www-web-2"), ["Pod/web-2"]);
    assert_eq!(owners(&bench, "www-web-1"), ["Pod/web-1"]);
    bench.converge();
    assert_eq!(bench.store().count(Kind::PersistentVolumeClaim), 1);

    let mut bench = ready(2, policy("Delete", "Delete"));
    assert_eq!(owners(&bench, "www-web-1"), ["StatefulSet/web"]);
    writes(&mut bench);
    bench.edit(|set| Rc::make_mut(&mut set.spec).retention = None);
    bench.settle();
    assert!(owners(&bench, "www-web-1").is_empty());
    let seen = writes(&mut bench);
    let event = "ADD Event Update Pod web-1 in StatefulSet web successful".to_string();
    assert!(seen.contains(&event), "{seen:?}");
}
