//! A scheduler that remembers what it found of nodes decides as one that looks at all of them
//! again in every cycle: same random cluster, same random deeds, same words, same tables.

use crate::rig::Rig;
use playground::api::core::node::{Node, Taint};
use playground::api::core::pod::Pod;
use playground::api::kinds::{Key, Kind};
use playground::api::quantity::Quantity;
use playground::base::prng::Prng;
use serde_json::json;

/// What Pods ask for; the first are asked for most.
const WISHES: &[&str] = &[
    "",
    "",
    "resources: {requests: {cpu: 500m}}",
    "resources: {requests: {cpu: 500m}}",
    "resources: {requests: {cpu: 1500m, memory: 1Gi}}",
    "nodeSelector: {disk: ssd}",
    "tolerations: [{key: dedicated, operator: Exists}]",
    "tolerations: [{key: node.kubernetes.io/unschedulable, operator: Exists}]",
    "priorityClassName: high\nresources: {requests: {cpu: 3}}",
    "ports: [{containerPort: 80, hostPort: 80}]",
    "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, \
     preference: {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}}]}}",
    "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \
     kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}",
    "topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, \
     whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]",
];

fn pick<T: Copy>(chance: &mut Prng, all: &[T]) -> T {
    all[chance.below(all.len() as u64) as usize]
}

/// One deed, the same for every cluster it is done to.
fn deed(rig: &mut Rig, chance: &mut Prng, nodes: u64, number: u64) {
    let node = format!("node-{}", 1 + chance.below(nodes));
    match chance.below(12) {
        0 => rig.change::<Node>(&node, |node| node.spec.unschedulable ^= true),
        1 | 2 => {
            let effect = pick(chance, &["PreferNoSchedule", "NoSchedule", "PreferNoSchedule"]);
            rig.change::<Node>(&node, |node| {
                let taint =
                    Taint { key: "dedicated".into(), effect: effect.into(), ..Taint::default() };
                match node.spec.taints.is_empty() {
                    true => node.spec.taints.push(taint),
                    false => node.spec.taints.clear(),
                }
            });
        }
        3 => {
            let kind = pick(chance, &["ssd", "hdd"]);
            rig.change::<Node>(&node, |node| node.meta.labels.set("disk", kind));
        }
        4 => {
            let cpu = Quantity::units(pick(chance, &[1, 4, 8]));
            rig.change::<Node>(&node, |node| {
                node.status.allocatable.insert("cpu".into(), cpu.clone());
            });
        }
        5 | 6 => {
            let all: Vec<String> =
                rig.server.store.list::<Pod>().map(|pod| pod.meta.name.to_string()).collect();
            if let Some(name) = all.get(chance.below(all.len() as u64 + 1) as usize) {
                rig.delete(Kind::Pod, name);
            }
        }
        _ => {
            let wish = pick(chance, WISHES);
            for copy in 0..1 + chance.below(4) {
                rig.pod(&format!("p{number}-{copy}"), wish);
            }
        }
    }
    rig.settle();
}

/// Plays `deeds` deeds on `nodes` nodes; gives back how many visits each of both made.
fn compare(seed: u64, nodes: u64, deeds: u64) -> [u64; 2] {
    let mut rigs = [false, true].map(|forgetful| {
        let zones = ["zone-a", "zone-b", "zone-c"];
        let mut rig = Rig::new(nodes as usize, &zones);
        rig.forgetful = forgetful;
        let service = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"app": "web"}, "clusterIP": "None"},
        });
        rig.create(Kind::Service, service);
        let high = json!({"metadata": {"name": "high"}, "value": 10});
        rig.create(Kind::PriorityClass, high);
        rig
    });
    for number in 0..deeds {
        for rig in &mut rigs {
            let mut chance = Prng::new(seed).fork(&number.to_string());
            deed(rig, &mut chance, nodes, number);
        }
        let said = rigs.each_mut().map(Rig::transcript);
        assert_eq!(said[0], said[1], "seed {seed}, deed {number}");
        for pod in rigs[0].server.store.list::<Pod>() {
            let key = Key::of(&pod.meta);
            let tables = rigs.each_ref().map(|rig| rig.scheduler.decision(&key).cloned());
            assert_eq!(tables[0], tables[1], "seed {seed}, deed {number}, {key}");
        }
    }
    rigs.map(|rig| rig.visits)
}

#[test]
fn decides_as_one_that_forgets() {
    for seed in 0..40 {
        let [remembered, forgot] = compare(seed, 3 + seed % 7, 40);
        assert!(remembered <= forgot, "{remembered} visits instead of {forgot}");
    }
}

/// Where not all nodes are looked at, the same ones are.
#[test]
fn decides_as_one_that_forgets_among_many() {
    for seed in 100..103 {
        let [remembered, forgot] = compare(seed, 130, 60);
        assert!(remembered * 3 < forgot, "{remembered} visits instead of {forgot}");
    }
}
