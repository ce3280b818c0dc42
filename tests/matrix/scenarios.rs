//! What is done to a set of four, whatever its policies.

use crate::stand::Stand;
use playground::api::kinds::Kind;
use playground::cluster::input::{Cascade, Input};
use serde_json::json;

pub type Scenario = fn(&mut Stand);

pub const SCENARIOS: [(&str, Scenario); 14] = [
    ("scale", scale),
    ("scale in a hurry", hurry),
    ("update", update),
    ("update twice and go back", twice),
    ("broken image", broken),
    ("scale while updating", both),
    ("pods deleted", pods_deleted),
    ("pods evicted", pods_evicted),
    ("labels", labels),
    ("ordinals", ordinals),
    ("deleted and made again", made_again),
    ("policies", policies),
    ("controller manager away", manager_away),
    ("a node cut off", node_cut_off),
];

fn image(version: u32) -> String {
    format!("registry.k8s.io/nginx-slim:0.{version}")
}

fn scale(stand: &mut Stand) {
    for replicas in [6, 2, 0, 3] {
        stand.scale(replicas);
        stand.rest();
    }
}

fn hurry(stand: &mut Stand) {
    for (replicas, millis) in [(6, 900), (1, 700), (5, 300), (0, 1_500), (3, 0)] {
        stand.scale(replicas);
        stand.pass(millis);
    }
}

fn update(stand: &mut Stand) {
    stand.image(&image(24));
}

fn twice(stand: &mut Stand) {
    for (version, millis) in [(24, 3_000), (25, 2_500), (21, 4_000), (25, 0)] {
        stand.image(&image(version));
        stand.pass(millis);
    }
}

/// An image that is not there, then the old one again. An ordered set does not replace a Pod
/// that is not Ready; people do.
fn broken(stand: &mut Stand) {
    stand.image("registry.k8s.io/does-not-exist:1");
    stand.pass(20_000);
    stand.image(&image(21));
    stand.pass(20_000);
    for _ in 0..8 {
        let pods = stand.pods();
        let bad = |image: &str| image.contains("does-not-exist");
        let Some(pod) = pods.values().find(|pod| bad(&pod.spec.containers[0].image)) else {
            break;
        };
        let name = pod.meta.name.to_string();
        stand.delete(Kind::Pod, &name, Cascade::Background);
        stand.pass(30_000);
    }
}

fn both(stand: &mut Stand) {
    stand.image(&image(24));
    stand.pass(2_000);
    stand.scale(6);
    stand.pass(5_000);
    stand.scale(3);
}

fn pods_deleted(stand: &mut Stand) {
    for (ordinals, millis) in [(vec![1], 500), (vec![3, 0], 4_000), (vec![0, 1, 2, 3], 1_000)] {
        let pods = stand.pods();
        for ordinal in ordinals.iter().filter(|ordinal| pods.contains_key(ordinal)) {
            stand.delete(Kind::Pod, &format!("web-{ordinal}"), Cascade::Background);
        }
        stand.pass(millis);
    }
}

fn pods_evicted(stand: &mut Stand) {
    let budget = r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget",
        "metadata":{"name":"web"},
        "spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"nginx"}}}}"#;
    stand.act(&Input::Apply { text: budget.into() });
    stand.rest();
    for ordinal in [0, 3, 1, 2, 0, 3] {
        stand.evict(&format!("web-{ordinal}"));
        stand.pass(1_500);
    }
}

/// A Pod is let go and taken back.
fn labels(stand: &mut Stand) {
    for ordinal in [1, 3] {
        let name = format!("web-{ordinal}");
        stand.patch(Kind::Pod, &name, json!({"metadata": {"labels": {"app": "other"}}}));
        stand.pass(3_000);
        stand.patch(Kind::Pod, &name, json!({"metadata": {"labels": {"app": "nginx"}}}));
        stand.pass(3_000);
    }
}

fn ordinals(stand: &mut Stand) {
    for (start, millis) in [(2, 4_000), (1, 20_000), (5, 0)] {
        stand.edit(json!({"ordinals": {"start": start}}));
        stand.pass(millis);
    }
}

fn made_again(stand: &mut Stand) {
    for cascade in [Cascade::Orphan, Cascade::Foreground, Cascade::Background] {
        stand.delete(Kind::StatefulSet, "web", cascade);
        stand.rest();
        stand.apply();
        stand.rest();
    }
}

/// Claims change owners as the policy changes.
fn policies(stand: &mut Stand) {
    stand.claims_may_go = true;
    for (deleted, scaled) in [("Delete", "Delete"), ("Retain", "Delete"), ("Delete", "Retain")] {
        let policy = json!({"whenDeleted": deleted, "whenScaled": scaled});
        stand.edit(json!({"persistentVolumeClaimRetentionPolicy": policy}));
        stand.pass(2_000);
        stand.scale(2);
        stand.rest();
        stand.scale(4);
        stand.rest();
    }
}

/// What happens while nobody looks is caught up with.
fn manager_away(stand: &mut Stand) {
    for replicas in [6, 3] {
        stand.act(&Input::component("kube-controller-manager", false));
        stand.scale(replicas);
        stand.image(&image(20 + replicas as u32));
        stand.delete(Kind::Pod, "web-1", Cascade::Background);
        stand.pass(5_000);
        stand.act(&Input::component("kube-controller-manager", true));
        stand.pass(2_500);
    }
}

/// Longer than evictions take; nobody forces anything, so nothing runs twice.
fn node_cut_off(stand: &mut Stand) {
    stand.act(&Input::network("node-b", false));
    stand.pass(400_000);
    stand.scale(5);
    stand.pass(5_000);
    stand.act(&Input::network("node-b", true));
}
