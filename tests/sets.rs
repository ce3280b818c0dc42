//! StatefulSets in a whole cluster, as transcripts: what is done (`>`), then everything that is
//! written about the set, its Pods, revisions and claims, and what people are told. Under
//! `tests/sets/`; `UPDATE=1` writes them anew.
//!
//! The controller alone, write by write, is in `tests/statefulset`; times and orders of real
//! Kubernetes in `tests/upstream`.

#[path = "sets/film.rs"]
mod film;

use film::Film;
use playground::api::kinds::Kind;
use playground::cluster::input::Cascade;
use serde_json::json;

/// A template change back to what was before finds the old revision and gives it a new number;
/// no more than revisionHistoryLimit old ones are kept.
#[test]
fn revisions() {
    let mut film = Film::new(json!({"replicas": 1, "revisionHistoryLimit": 2}));
    for version in [24, 25, 26, 24] {
        film.image(&format!("registry.k8s.io/nginx-slim:0.{version}"));
    }
    film.check("revisions");
}

/// A revision of that name with other data is there already: the hash is made anew with the
/// number of collisions.
#[test]
fn collision() {
    let mut film = Film::empty();
    film.apply(json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {"name": "web-65fcb86bbd"}, "revision": 1, "data": {"other": true},
    }));
    film.apply(film::set(json!({"replicas": 1})));
    film.check("collision");
}

/// An ordered set waits for a Pod that will never be Ready, even if the old template is back;
/// only deleting the Pod helps. A Parallel one replaces it.
#[test]
fn forced_rollback() {
    for (order, name) in [("OrderedReady", "forced_rollback"), ("Parallel", "free_rollback")] {
        let mut film = Film::new(json!({"replicas": 2, "podManagementPolicy": order}));
        film.image("registry.k8s.io/does-not-exist:1");
        film.image("registry.k8s.io/nginx-slim:0.21");
        film.say_waits();
        if order == "OrderedReady" {
            film.delete(Kind::Pod, "web-1", Cascade::Background);
        }
        film.check(name);
    }
}

/// A Pod that has ended, well or not, is deleted and made again at once.
#[test]
fn ended_pods() {
    let mut film = Film::new(json!({"replicas": 2}));
    film.end_pod("web-0", "Failed");
    film.end_pod("web-1", "Succeeded");
    film.check("ended_pods");
}

/// The labels are taken off a Pod: it is let go, its name stays taken, and nobody is told. A
/// Pod with the labels and a name of the set's is adopted, and goes if its ordinal is too high.
#[test]
fn adoption() {
    let mut film = Film::new(json!({"replicas": 2}));
    film.patch(Kind::Pod, "web-1", json!({"metadata": {"labels": {"app": "other"}}}));
    film.say_waits();
    film.patch(Kind::Pod, "web-1", json!({"metadata": {"labels": {"app": "nginx"}}}));
    let meta = json!({"name": "web-7", "labels": {"app": "nginx"}});
    film.apply(json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {
        "containers": [{"name": "nginx", "image": "registry.k8s.io/nginx-slim:0.21"}],
    }}));
    film.check("adoption");
}

/// What an orphan maker leaves behind the next set of that name takes over as it is.
#[test]
fn orphans() {
    let retention = json!({"whenDeleted": "Delete", "whenScaled": "Retain"});
    let spec = json!({"replicas": 2, "persistentVolumeClaimRetentionPolicy": retention});
    let mut film = Film::new(spec.clone());
    film.delete(Kind::StatefulSet, "web", Cascade::Orphan);
    film.apply(film::set(spec));
    film.delete(Kind::StatefulSet, "web", Cascade::Foreground);
    film.check("orphans");
}

/// A quota is in the way: an Event each time, with growing pauses; nothing wakes the set when
/// there is room again.
#[test]
fn failed_create() {
    let mut film = Film::empty();
    let quota = |pods: u32| {
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
            "spec": {"hard": {"pods": pods.to_string()}}})
    };
    film.apply(quota(1));
    film.apply_for(film::set(json!({"replicas": 2})), 20_000);
    film.say_waits();
    film.apply(quota(5));
    film.check("failed_create");
}

/// A claim that is going holds its Pod up; then there is a new one, with nothing on it.
#[test]
fn stale_claim() {
    let mut film = Film::new(json!({"replicas": 1}));
    film.delete_for(Kind::PersistentVolumeClaim, "www-web-0", 2_000);
    film.delete(Kind::Pod, "web-0", Cascade::Background);
    film.check("stale_claim");
}

/// Claims get and lose owners as the policy and the number of replicas change.
#[test]
fn retention() {
    let mut film = Film::new(json!({"replicas": 2}));
    for (deleted, scaled) in [("Retain", "Delete"), ("Delete", "Delete")] {
        let policy = json!({"whenDeleted": deleted, "whenScaled": scaled});
        film.edit(json!({"persistentVolumeClaimRetentionPolicy": policy}));
        film.edit(json!({"replicas": 1}));
        film.edit(json!({"replicas": 2}));
    }
    film.delete(Kind::StatefulSet, "web", Cascade::Background);
    film.check("retention");
}

/// Stages of a rollout: the partition moves down; a Pod below it comes back as it was.
#[test]
fn partition() {
    let rolling = |partition: u32| {
        json!({"updateStrategy": {"type": "RollingUpdate",
            "rollingUpdate": {"partition": partition}}})
    };
    let mut film = Film::new(json!({"replicas": 3}));
    film.edit(rolling(2));
    film.image("registry.k8s.io/nginx-slim:0.24");
    film.delete(Kind::Pod, "web-0", Cascade::Background);
    film.edit(rolling(0));
    film.check("partition");
}

/// OnDelete waits for people, and never says that it is done until the strategy is another.
#[test]
fn on_delete() {
    let mut film = Film::new(json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}));
    film.image("registry.k8s.io/nginx-slim:0.24");
    film.say_waits();
    for pod in ["web-0", "web-1"] {
        film.delete(Kind::Pod, pod, Cascade::Background);
    }
    film.edit(json!({"updateStrategy": {"type": "RollingUpdate"}}));
    film.check("on_delete");
}

/// Ready is not yet available.
#[test]
fn min_ready_seconds() {
    let mut film = Film::new(json!({"replicas": 2, "minReadySeconds": 5}));
    film.image("registry.k8s.io/nginx-slim:0.24");
    film.check("min_ready_seconds");
}

/// First what is missing, then what is too much.
#[test]
fn ordinals_start() {
    let mut film = Film::new(json!({"replicas": 2, "ordinals": {"start": 5}}));
    film.edit(json!({"ordinals": {"start": 4}}));
    film.check("ordinals_start");
}

/// While the controller manager is away wishes are written and nothing comes of them; when it is
/// back it first makes what is missing, then scales, then updates.
#[test]
fn manager_away() {
    let mut film = Film::new(json!({"replicas": 2}));
    film.component("kube-controller-manager", false);
    film.edit(json!({"replicas": 3}));
    film.image("registry.k8s.io/nginx-slim:0.24");
    film.delete(Kind::Pod, "web-0", Cascade::Background);
    film.component("kube-controller-manager", true);
    film.check("manager_away");
}

/// Volumes grow where their class lets them, and never shrink.
#[test]
fn claims_grow() {
    let mut film = Film::new(json!({"replicas": 1}));
    let ask = |size: &str| json!({"spec": {"resources": {"requests": {"storage": size}}}});
    film.patch(Kind::PersistentVolumeClaim, "www-web-0", ask("2Gi"));
    film.patch(Kind::PersistentVolumeClaim, "www-web-0", ask("1Gi"));
    film.patch(Kind::StorageClass, "standard", json!({"allowVolumeExpansion": false}));
    film.patch(Kind::PersistentVolumeClaim, "www-web-0", ask("3Gi"));
    film.edit(json!({"volumeClaimTemplates": []}));
    film.check("claims_grow");
}

/// Volumes made by hand: each claim takes the smallest that fits; what was retained is never
/// bound again by itself.
#[test]
fn static_volumes() {
    let mut film = Film::empty();
    for (name, size) in [("big", "5Gi"), ("fits", "2Gi"), ("small", "500Mi")] {
        film.apply(json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"],
                "storageClassName": "standard", "persistentVolumeReclaimPolicy": "Retain",
                "csi": {"driver": "block.example.com", "volumeHandle": name}},
        }));
    }
    film.apply(film::set(json!({"replicas": 2})));
    film.edit(json!({"replicas": 1}));
    film.delete(Kind::PersistentVolumeClaim, "www-web-1", Cascade::Background);
    film.edit(json!({"replicas": 2}));
    film.check("static_volumes");
}

/// With the gate MaxUnavailableStatefulSet off, maxUnavailable is dropped without a word.
#[test]
fn max_unavailable() {
    for (gate, name) in [(false, "max_unavailable_off"), (true, "max_unavailable_on")] {
        let rolling = json!({"partition": 0, "maxUnavailable": 2});
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
        let mut film = Film::with_gate(json!({"replicas": 4, "updateStrategy": strategy}), gate);
        film.show_strategy();
        film.image("registry.k8s.io/nginx-slim:0.24");
        film.check(name);
    }
}
