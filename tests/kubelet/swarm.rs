//! Random trouble, then none: whatever was done to machines, Nodes and Pods, in the end the set
//! is whole again, each Pod runs once, and every disk is where its Pod is.

use crate::film::Film;
use playground::api::core::pod::Pod;
use playground::api::kinds::{Key, Kind};
use playground::base::prng::Prng;
use playground::cluster::input::{Cascade, Input};
use playground::cluster::invariants::findings;
use playground::config::Config;
use serde_json::json;

#[test]
fn trouble_ends() {
    for seed in 0..24 {
        let done = trouble(seed);
        assert!(done.is_ok(), "seed {seed}: {}", done.unwrap_err());
    }
}

fn trouble(seed: u64) -> Result<(), String> {
    let mut chance = Prng::new(seed).fork("trouble");
    let mut film = Film::new(Config { seed, ..Config::default() });
    let order = if seed.is_multiple_of(2) { "Parallel" } else { "OrderedReady" };
    film.create(Kind::StatefulSet, &set(order));
    let mut at = 0;
    for _ in 0..30 {
        at += 1 + chance.below(60_000);
        film.to(at);
        let input = any(&mut chance);
        film.world.input(&input);
    }
    for node in ["node-a", "node-b", "node-c"] {
        let name = node.to_string();
        if film.world.store().object(Kind::Node, &Key::global(node)).is_none() {
            // Only a kubelet that starts anew registers its Node again.
            film.world.input(&Input::power(&name, false));
        }
        film.world.input(&Input::power(&name, true));
        film.world.input(&Input::network(&name, true));
        film.world.input(&Input::Cordon { node: name, on: false });
    }
    film.to(at + 3_600_000);
    whole(&film)
}

fn any(chance: &mut Prng) -> Input {
    let node = format!("node-{}", ["a", "b", "c"][chance.below(3) as usize]);
    let pod = format!("web-{}", chance.below(3));
    let on = chance.below(2) == 0;
    let delete = |kind: &str, name: String, grace: Option<i64>| {
        let namespace = if kind == "Pod" { "default" } else { "" };
        let (kind, namespace) = (kind.into(), namespace.into());
        Input::Delete { kind, namespace, name, grace, cascade: Cascade::default() }
    };
    match chance.below(9) {
        0 | 1 => Input::power(&node, on),
        2 | 3 => Input::network(&node, on),
        4 | 5 => delete("Pod", pod, None),
        6 => delete("Pod", pod, Some(0)),
        7 => delete("Node", node, None),
        _ => Input::Cordon { node, on },
    }
}

fn whole(film: &Film) -> Result<(), String> {
    let world = &film.world;
    let pods: Vec<_> = world.store().list::<Pod>().collect();
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    if ready != 3 || world.infra.processes.size() != 3 {
        let waits: Vec<String> = world
            .waits
            .iter()
            .map(|wait| format!("{}: {:?}", wait.subject, wait.because))
            .collect();
        return Err(format!("{ready} of {} Pods are ready: {}", pods.len(), waits.join(", ")));
    }
    for pod in pods {
        let process = world.infra.processes.get(&pod.meta.uid);
        if process.is_none_or(|process| process.node != pod.spec.node_name) {
            return Err(format!("{} does not run where it is said to", pod.meta.name));
        }
    }
    for disk in world.infra.disks.values() {
        let nodes: Vec<_> = disk.mounts.values().map(|mount| &mount.node).collect();
        if !nodes.iter().copied().eq(disk.attached.iter()) {
            return Err(format!("{} is mounted on {nodes:?}", disk.handle));
        }
    }
    match (findings(world).first(), world.next_due()) {
        (None, None) => Ok(()),
        (finding, due) => Err(format!("{finding:?}, and something is due at {due:?}")),
    }
}

fn set(order: &str) -> serde_json::Value {
    let labels = json!({"app": "web"});
    let container = json!({
        "name": "nginx", "image": "nginx:1",
        "volumeMounts": [{"name": "www", "mountPath": "/www"}],
    });
    let claim = json!({
        "metadata": {"name": "www"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "serviceName": "web", "replicas": 3, "podManagementPolicy": order,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            "volumeClaimTemplates": [claim],
        },
    })
}
