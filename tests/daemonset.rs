//! DaemonSets in a whole cluster, as transcripts: what is done (`>`), then everything that is
//! written about the set, its Pods and revisions, and what people are told. Under
//! `tests/daemonset/`; `UPDATE=1` writes them anew.

#[path = "workloads/film.rs"]
mod film;

use film::{Film, with, workload};
use playground::api::kinds::Kind;
use playground::cluster::input::{Cascade, Input};
use playground::config::{Config, MachineConfig};
use serde_json::{Value, json};

const SET: Kind = Kind::DaemonSet;

/// The set `agent`; `spec` is laid over its spec.
fn agent(spec: Value) -> Value {
    let selector = json!({"selector": {"matchLabels": {"app": "agent"}}});
    with(workload("DaemonSet", "agent", selector, json!({})), "/spec", spec)
}

fn film(spec: Value) -> Film {
    let mut film = Film::new("daemonset");
    film.apply(agent(spec));
    film
}

fn image(image: &str) -> Value {
    let containers = json!([{"name": "main", "image": image}]);
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

fn act(film: &mut Film, input: &Input) {
    film.act(&input.command(), input, 900_000);
}

/// Gives node-b a taint, or takes it away.
fn taint(film: &mut Film, effect: &str, on: bool) {
    let (node, effect) = ("node-b".into(), effect.to_string());
    let taint = Input::Taint { node, key: "dedicated".into(), value: "db".into(), effect, on };
    act(film, &taint);
}

fn join(film: &mut Film, node: &str) {
    film.say(&format!("{node} joins"));
    let like = Config::default().machines[0].clone();
    film.world.join(&MachineConfig { name: node.into(), ..like });
    film.settle();
}

/// A Pod a node, also on one that joins, and none where the selector of nodes does not look.
#[test]
fn one_a_node() {
    let mut film = film(json!({}));
    let pod = film.pod(0);
    film.show(Kind::Pod, &pod, "/spec/affinity");
    film.show(Kind::Pod, &pod, "/spec/tolerations");
    join(&mut film, "node-d");
    film.patch(Kind::Node, "node-b", json!({"metadata": {"labels": {"disk": "ssd"}}}));
    let nodes = json!({"nodeSelector": {"disk": "ssd"}});
    film.patch(SET, "agent", json!({"spec": {"template": {"spec": nodes}}}));
    film.get(SET);
    film.patch(Kind::Node, "node-b", json!({"metadata": {"labels": {"disk": null}}}));
    film.check("one_a_node");
}

/// A closed node gets its Pod all the same. A taint NoSchedule leaves the Pod where it is, and is
/// no news to the set; NoExecute takes it away.
#[test]
fn taints() {
    let mut film = film(json!({}));
    act(&mut film, &Input::Cordon { node: "node-a".into(), on: true });
    let pod = film.pod(0);
    film.delete(Kind::Pod, &pod, Cascade::Background, 60_000);
    for effect in ["NoSchedule", "NoExecute"] {
        taint(&mut film, effect, true);
        film.get(SET);
        taint(&mut film, effect, false);
    }
    film.check("taints");
}

/// One node after the other. A dead one uses up what may be unavailable, for as long as it is
/// dead.
#[test]
fn rolling_update() {
    let mut film = film(json!({}));
    film.patch(SET, "agent", image("registry.k8s.io/nginx-slim:0.24"));
    film.power("node-b", false, 120_000);
    film.patch_for(SET, "agent", image("registry.k8s.io/nginx-slim:0.25"), 120_000);
    film.say_waits(SET, "agent");
    film.power("node-b", true, 900_000);
    film.check("rolling_update");
}

/// With maxSurge the new Pod is there before the old one goes.
#[test]
fn surge() {
    let rolling = json!({"maxSurge": 1, "maxUnavailable": 0});
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
    let mut film = film(json!({"updateStrategy": strategy}));
    film.patch(SET, "agent", image("registry.k8s.io/nginx-slim:0.24"));
    film.check("surge");
}

/// A broken image stops after one node; the old one back, that Pod is replaced first. The
/// revision of the old template is found again and gets a new number.
#[test]
fn broken_image() {
    let mut film = film(json!({"revisionHistoryLimit": 1}));
    film.patch_for(SET, "agent", image("registry.k8s.io/does-not-exist:1"), 30_000);
    film.say_waits(SET, "agent");
    film.patch(SET, "agent", image("registry.k8s.io/nginx-slim:0.21"));
    film.patch(SET, "agent", image("registry.k8s.io/nginx-slim:0.24"));
    film.check("broken_image");
}

/// OnDelete: Pods keep the old template until somebody deletes them.
#[test]
fn on_delete() {
    let mut film = film(json!({"updateStrategy": {"type": "OnDelete"}}));
    film.patch(SET, "agent", image("registry.k8s.io/nginx-slim:0.24"));
    film.say_waits(SET, "agent");
    let pod = film.pod(1);
    film.delete(Kind::Pod, &pod, Cascade::Background, 60_000);
    film.check("on_delete");
}

/// Ready is not yet available: the next node waits.
#[test]
fn min_ready_seconds() {
    let mut film = film(json!({"minReadySeconds": 4}));
    film.patch_for(SET, "agent", image("registry.k8s.io/nginx-slim:0.24"), 5_000);
    film.say_waits(SET, "agent");
    film.settle();
    film.check("min_ready_seconds");
}

/// A Pod that has failed is replaced at once, and again after a pause that doubles; one that has
/// succeeded is too.
#[test]
fn failed_pods() {
    let mut film = Film::new("daemonset");
    film.apply(agent(json!({})));
    for phase in ["Failed", "Failed", "Succeeded"] {
        let pod = film.pod(0);
        film.patch_for(Kind::Pod, &pod, json!({"status": {"phase": phase}}), 300);
        film.say_waits(SET, "agent");
        film.settle();
    }
    film.check("failed_pods");
}

/// A quota is in the way of the last Pod.
#[test]
fn failed_create() {
    let mut film = Film::new("daemonset");
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "2"}}});
    film.apply(quota);
    film.apply_for(agent(json!({})), 1_000);
    film.say_waits(SET, "agent");
    film.check("failed_create");
}

/// A Pod with the labels is adopted and goes, since its node has one; one without them is let go
/// and replaced. What is orphaned stays, for the next set of that name.
#[test]
fn belonging() {
    let mut film = film(json!({}));
    let pod = film.pod(0);
    film.patch(Kind::Pod, &pod, json!({"metadata": {"labels": {"app": "other"}}}));
    film.patch(Kind::Pod, &pod, json!({"metadata": {"labels": {"app": "agent"}}}));
    film.delete(SET, "agent", Cascade::Orphan, 10_000);
    film.apply(agent(json!({})));
    film.delete(SET, "agent", Cascade::Foreground, 60_000);
    film.check("belonging");
}

/// The controller manager is away meanwhile, and finds out.
#[test]
fn manager_away() {
    let mut film = film(json!({}));
    film.component("kube-controller-manager", false);
    film.patch(SET, "agent", image("registry.k8s.io/nginx-slim:0.24"));
    join(&mut film, "node-d");
    film.component("kube-controller-manager", true);
    film.check("manager_away");
}

/// What the server does not take.
#[test]
fn refused() {
    let mut film = film(json!({}));
    let rolling = |rolling: Value| {
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
        agent(json!({"updateStrategy": strategy}))
    };
    for bad in [
        agent(json!({"selector": {"matchLabels": {"app": "other"}}})),
        agent(json!({"selector": {}})),
        agent(json!({"minReadySeconds": -1, "revisionHistoryLimit": -1})),
        agent(json!({"updateStrategy": {"type": "Sometimes"}})),
        rolling(json!({"maxUnavailable": 0})),
        rolling(json!({"maxUnavailable": 1, "maxSurge": "10%"})),
        rolling(json!({"maxUnavailable": "150%"})),
        with(agent(json!({})), "/spec/template/spec", json!({"restartPolicy": "Never"})),
        with(agent(json!({})), "/spec/template/spec", json!({"activeDeadlineSeconds": 5})),
    ] {
        film.apply(bad);
    }
    film.show(SET, "agent", "/spec/updateStrategy");
    film.check("refused");
}

/// Written for an older server.
#[test]
fn old_version() {
    let mut film = Film::new("daemonset");
    let old = workload("DaemonSet", "agent", json!({}), json!({}));
    film.apply(with(old, "", json!({"apiVersion": "extensions/v1beta1"})));
    film.show(SET, "agent", "/spec/selector");
    film.show(SET, "agent", "/spec/updateStrategy");
    film.check("old_version");
}
