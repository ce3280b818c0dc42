//! Owners and dependents: background, foreground and orphan deletion (scenarios s06b, s06d).

mod rig;

use playground::api::core::config::ConfigMap;
use playground::api::kinds::{Key, Kind};
use playground::apiserver::{DeleteOptions, Propagation};
use playground::config::Config;
use rig::Rig;
use serde_json::json;

fn key(name: &str) -> Key {
    Key::new("default", name)
}

/// A ConfigMap that belongs to others, each of which it blocks.
fn map(rig: &mut Rig, name: &str, owners: &[&str]) {
    let owner = |owner: &&str| {
        let found = rig.server.store.get::<ConfigMap>(&key(owner)).expect("the owner is there");
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "name": owner,
            "uid": found.meta.uid.to_string(), "blockOwnerDeletion": true,
        })
    };
    let owners: Vec<_> = owners.iter().map(owner).collect();
    let meta = json!({"name": name, "namespace": "default", "ownerReferences": owners});
    rig.create(Kind::ConfigMap, &json!({ "metadata": meta }));
}

/// A Pod that runs and belongs to the ConfigMap `owner`.
fn pod(rig: &mut Rig, name: &str, owner: &str) {
    rig.add_pod(name, "node-1", 300);
    let owner = rig.server.store.get::<ConfigMap>(&key(owner)).expect("it is there").meta.clone();
    rig.change::<playground::api::core::pod::Pod>(&key(name), |pod| {
        pod.meta.owner_references = vec![playground::api::meta::OwnerReference {
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            name: owner.name.clone(),
            uid: owner.uid,
            block_owner_deletion: Some(true),
            ..Default::default()
        }];
    });
}

fn delete(rig: &mut Rig, kind: Kind, name: &str, propagation: Propagation) {
    let options = DeleteOptions { propagation, ..DeleteOptions::default() };
    assert!(rig.delete(kind, &key(name), &options).is_ok());
}

/// A family: `top` owns `left`, `right` and the Pod; `left` owns `leaf`, `other` shares `right`.
fn family() -> Rig {
    let mut rig = Rig::new(Config::default());
    rig.add_node("node-1", "");
    map(&mut rig, "top", &[]);
    map(&mut rig, "other", &[]);
    map(&mut rig, "left", &["top"]);
    map(&mut rig, "leaf", &["left"]);
    map(&mut rig, "right", &["top", "other"]);
    pod(&mut rig, "web-0", "top");
    rig.skip_to(6_000);
    rig
}

#[test]
fn background() {
    let mut rig = family();
    delete(&mut rig, Kind::ConfigMap, "top", Propagation::Background);
    rig.settle();
    rig.check("garbage_collector/background");
}

#[test]
fn foreground() {
    let mut rig = family();
    delete(&mut rig, Kind::ConfigMap, "top", Propagation::Foreground);
    rig.run_to(7_000);
    rig.note_waits();
    map(&mut rig, "late", &["top"]);
    rig.run_to(8_000);
    let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    assert!(rig.delete(Kind::Pod, &key("web-0"), &now).is_ok());
    rig.settle();
    rig.note_waits();
    rig.check("garbage_collector/foreground");
}

#[test]
fn orphan() {
    let mut rig = family();
    delete(&mut rig, Kind::ConfigMap, "top", Propagation::Orphan);
    rig.settle();
    rig.check("garbage_collector/orphan");
}

/// An owner of that name with another uid is a stranger; one of an unknown kind is left alone.
#[test]
fn absent_owners() {
    let mut rig = family();
    let child = |name: &str, kind: &str, owner: &str| {
        let owner = json!({"apiVersion": "v1", "kind": kind, "name": owner,
            "uid": "00000000-0000-4000-8000-000000000001"});
        json!({"metadata": {
            "name": name, "namespace": "default", "ownerReferences": [owner],
        }})
    };
    rig.create(Kind::ConfigMap, &child("stranger", "ConfigMap", "top"));
    rig.create(Kind::ConfigMap, &child("nobody", "ConfigMap", "missing"));
    rig.create(Kind::ConfigMap, &child("unknown", "Gadget", "top"));
    rig.settle();
    rig.check("garbage_collector/absent_owners");
}

/// Deleting an owner looks at each dependent a few times, not at all of them for each.
#[test]
fn a_dependent_costs_the_same_among_many() {
    let cost = |count: u64| {
        let mut rig = Rig::new(Config::default());
        rig.add_node("node-1", "");
        map(&mut rig, "top", &[]);
        for n in 0..count {
            pod(&mut rig, &format!("web-{n}"), "top");
        }
        rig.skip_to(6_000);
        let before = rig.visits;
        delete(&mut rig, Kind::ConfigMap, "top", Propagation::Foreground);
        rig.run_to(7_000);
        let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
        for n in 0..count {
            assert!(rig.delete(Kind::Pod, &key(&format!("web-{n}")), &now).is_ok());
            rig.settle();
        }
        assert!(rig.server.store.get::<ConfigMap>(&key("top")).is_none());
        (rig.visits - before) / count
    };
    let (few, many) = (cost(20), cost(400));
    assert!(many <= few + 1, "{few} visits a dependent among few, {many} among many");
}
