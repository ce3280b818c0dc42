//! The scheduler's choices and words, against what real clusters did (scenarios s01, s10a-c, s13b,
//! s13h, s13j, s14g).

#[path = "scheduler/memo.rs"]
mod memo;
#[path = "scheduler/rig.rs"]
mod rig;
#[path = "scheduler/rules.rs"]
mod rules;

use playground::api::core::node::{Node, Taint};
use playground::api::core::pod::{Pod, PodPhase};
use playground::api::core::volume::PersistentVolume;
use playground::api::core::volume::{ClaimPhase, PersistentVolumeClaim, VolumePhase};
use playground::api::kinds::{Key, Kind};
use rig::Rig;
use std::rc::Rc;

const HELPLESS: &str = "no new claims to deallocate, preemption: 0/3 nodes are available: \
                        3 Preemption is not helpful for scheduling.";

fn taint(rig: &mut Rig, node: &str, key: &str, effect: &str) {
    rig.change::<Node>(node, |node| {
        if node.taint(key, effect).is_none() {
            let taint = Taint { key: key.into(), effect: effect.into(), ..Taint::default() };
            node.spec.taints.push(taint);
        }
    });
    rig.settle();
}

fn cordon(rig: &mut Rig, node: &str, on: bool) {
    rig.change::<Node>(node, |node| node.spec.unschedulable = on);
    rig.settle();
}

/// s10b: the words for Pods that fit nowhere, and how they follow the nodes.
#[test]
fn words() {
    let mut rig = Rig::new(3, &[]);
    rig.pod("sel", "nodeSelector: {disk: ssd}");
    rig.pod("cpu", "resources: {requests: {cpu: 64}}");
    rig.pod("mem", "resources: {requests: {cpu: 64, memory: 100Gi}}");
    rig.pod("claim", "volumes: [{name: a, persistentVolumeClaim: {claimName: nope}}]");
    let free = |what: &str| format!("0/3 nodes are available: {what}. {HELPLESS}");
    assert_eq!(rig.why("sel"), free("3 node(s) didn't match Pod's node affinity/selector"));
    assert_eq!(rig.why("cpu"), free("3 Insufficient cpu"));
    assert_eq!(rig.why("mem"), free("3 Insufficient cpu, 3 Insufficient memory"));
    let missing = "0/3 nodes are available: persistentvolumeclaim \"nope\" not found. not found";
    assert_eq!(rig.why("claim"), missing);
    taint(&mut rig, "node-1", "dedicated", "NoSchedule");
    assert_eq!(rig.why("cpu"), free("1 node(s) had untolerated taint(s), 2 Insufficient cpu"));
    assert_eq!(
        rig.why("sel"),
        free(
            "1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node \
              affinity/selector"
        )
    );
    taint(&mut rig, "node-2", "dedicated", "NoExecute");
    cordon(&mut rig, "node-3", true);
    assert_eq!(
        rig.why("mem"),
        free("1 node(s) were unschedulable, 2 node(s) had untolerated taint(s)")
    );
    rig.pod("taints", "");
    cordon(&mut rig, "node-3", false);
    assert_eq!(rig.node_of("taints"), "node-3");
    rig.note_waits();
    rig.check("words");
    assert_eq!(rig.next_due(), None);
}

/// s10a: a set that wants a node for each Pod.
#[test]
fn anti_affinity() {
    let mut rig = Rig::new(3, &[]);
    let spec = "{affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]\
                }}}";
    for name in ["web-0", "web-1", "web-2", "web-3"] {
        rig.pod(name, spec);
    }
    let nodes: std::collections::BTreeSet<String> =
        ["web-0", "web-1", "web-2"].iter().map(|name| rig.node_of(name)).collect();
    assert_eq!(nodes.len(), 3);
    assert_eq!(
        rig.why("web-3"),
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. no new claims \
         to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for \
         incoming pod."
    );
    let node = rig.node_of("web-0");
    cordon(&mut rig, &node, true);
    assert_eq!(
        rig.why("web-3"),
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match pod \
         anti-affinity rules. no new claims to deallocate, preemption: 0/3 nodes are available: \
         1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming \
         pod."
    );
    rig.delete(Kind::Pod, "web-0");
    cordon(&mut rig, &node, false);
    assert_eq!(rig.node_of("web-3"), node);
}

const CLASSES: &str = "
kind: StorageClass
metadata: {name: now}
provisioner: example.com/fake
volumeBindingMode: Immediate
---
kind: StorageClass
metadata: {name: later}
provisioner: example.com/fake
volumeBindingMode: WaitForFirstConsumer
---
kind: StorageClass
metadata: {name: by-hand}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
";

fn claim(rig: &mut Rig, name: &str, class: &str, mode: &str) {
    rig.apply(&format!(
        "{{kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{accessModes: [{mode}], \
         storageClassName: {class}, resources: {{requests: {{storage: 1Gi}}}}}}}}"
    ));
}

/// A volume of 1Gi that only `nodes` reach; of every node if there are none.
fn volume(rig: &mut Rig, name: &str, class: &str, nodes: &[&str]) {
    let affinity = match nodes {
        [] => String::new(),
        nodes => format!(
            ", nodeAffinity: {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: \
             kubernetes.io/hostname, operator: In, values: [{}]}}]}}]}}}}",
            nodes.join(", ")
        ),
    };
    rig.apply(&format!(
        "{{kind: PersistentVolume, metadata: {{name: {name}}}, spec: {{capacity: {{storage: 1Gi}}, \
         accessModes: [ReadWriteOnce], storageClassName: {class}, csi: {{driver: \
         example.com/fake, volumeHandle: {name}}}{affinity}}}, status: {{phase: Available}}}}"
    ));
    rig.change::<PersistentVolume>(name, |pv| pv.status.phase = VolumePhase::Available);
}

/// What the volume controller does in the end: both know of each other.
fn bind(rig: &mut Rig, claim: &str, volume: &str) {
    rig.change::<PersistentVolume>(volume, |pv| pv.status.phase = VolumePhase::Bound);
    rig.change::<PersistentVolumeClaim>(claim, |pvc| {
        Rc::make_mut(&mut pvc.spec).volume_name = volume.into();
        pvc.meta.annotations.set("pv.kubernetes.io/bind-completed", "yes");
        pvc.status.phase = ClaimPhase::Bound;
    });
}

fn pod_with(rig: &mut Rig, name: &str, claim: &str) {
    let spec = format!("volumes: [{{name: a, persistentVolumeClaim: {{claimName: {claim}}}}}]");
    rig.pod(name, &spec);
}

/// s01: an Immediate claim must be bound first; the Pod follows its volume's node.
#[test]
fn immediate_claim() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "www-web-0", "now", "ReadWriteOnce");
    pod_with(&mut rig, "web-0", "www-web-0");
    rig.note_waits();
    volume(&mut rig, "pv-0", "now", &["node-2"]);
    rig.settle();
    bind(&mut rig, "www-web-0", "pv-0");
    rig.settle();
    rig.note_waits();
    assert_eq!(rig.node_of("web-0"), "node-2");
    rig.check("immediate_claim");
}

/// s01b: a claim that waits for its first consumer; the Pod is bound on the full second.
#[test]
fn wait_for_first_consumer() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "www-web-0", "later", "ReadWriteOnce");
    pod_with(&mut rig, "web-0", "www-web-0");
    rig.note_waits();
    let chosen = {
        let key = Key::new("default", "www-web-0");
        let claim = rig.server.store.get::<PersistentVolumeClaim>(&key).expect("it is there");
        claim.meta.annotations.get("volume.kubernetes.io/selected-node").cloned()
    };
    let chosen = chosen.expect("a node was selected");
    rig.run_to(3_500);
    volume(&mut rig, "pv-0", "later", &[&chosen]);
    bind(&mut rig, "www-web-0", "pv-0");
    rig.settle();
    rig.settle();
    assert_eq!(rig.node_of("web-0"), &*chosen);
    rig.check("wait_for_first_consumer");
}

/// Volumes made by hand: the smallest free one that the node reaches, or none.
#[test]
fn existing_volumes() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "a", "by-hand", "ReadWriteOnce");
    claim(&mut rig, "b", "by-hand", "ReadWriteOnce");
    pod_with(&mut rig, "web-0", "a");
    let none = "3 node(s) didn't find available persistent volumes to bind";
    assert_eq!(rig.why("web-0"), format!("0/3 nodes are available: {none}. {HELPLESS}"));
    volume(&mut rig, "disk-3", "by-hand", &["node-3"]);
    rig.settle();
    pod_with(&mut rig, "web-1", "b");
    assert_eq!(rig.why("web-1"), format!("0/3 nodes are available: {none}. {HELPLESS}"));
    bind(&mut rig, "a", "disk-3");
    rig.run_to(rig.now.0 + 3_000);
    assert_eq!(rig.node_of("web-0"), "node-3");
    rig.check("existing_volumes");
}

/// s10c, s13b2: a Pod whose volume only one node reaches, and that node is cordoned.
#[test]
fn volume_on_a_cordoned_node() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "a", "now", "ReadWriteOnce");
    volume(&mut rig, "pv-a", "now", &["node-1"]);
    bind(&mut rig, "a", "pv-a");
    cordon(&mut rig, "node-1", true);
    pod_with(&mut rig, "web-1", "a");
    let what = "1 node(s) were unschedulable, 2 node(s) didn't match PersistentVolume's node \
                affinity";
    assert_eq!(rig.why("web-1"), format!("0/3 nodes are available: {what}. {HELPLESS}"));
    cordon(&mut rig, "node-1", false);
    assert_eq!(rig.node_of("web-1"), "node-1");
}

/// s13h: ReadWriteOncePod.
#[test]
fn one_pod_at_a_time() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "z", "now", "ReadWriteOncePod");
    volume(&mut rig, "pv-z", "now", &[]);
    bind(&mut rig, "z", "pv-z");
    pod_with(&mut rig, "z1", "z");
    pod_with(&mut rig, "z2", "z");
    assert_eq!(
        rig.why("z2"),
        "0/3 nodes are available: 3 node(s) unavailable due to PersistentVolumeClaim with \
         ReadWriteOncePod access mode already in-use by another pod. no new claims to \
         deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for \
         incoming pod."
    );
    rig.change::<Pod>("z1", |pod| pod.status.phase = PodPhase::Succeeded);
    rig.settle();
    assert!(!rig.node_of("z2").is_empty());
}

/// s13j: one volume a node; the slot is free when the attachment is gone.
#[test]
fn attach_limit() {
    let mut rig = Rig::new(1, &[]);
    rig.apply(CLASSES);
    rig.apply(
        "{kind: CSINode, metadata: {name: node-1}, spec: {drivers: [{name: example.com/fake, \
         nodeID: node-1, topologyKeys: [], allocatable: {count: 1}}]}}",
    );
    for name in ["a", "b"] {
        claim(&mut rig, name, "now", "ReadWriteOnce");
        volume(&mut rig, &format!("pv-{name}"), "now", &[]);
        bind(&mut rig, name, &format!("pv-{name}"));
    }
    pod_with(&mut rig, "web-a", "a");
    rig.apply(
        "{kind: VolumeAttachment, metadata: {name: csi-a}, spec: {attacher: example.com/fake, \
         nodeName: node-1, source: {persistentVolumeName: pv-a}}}",
    );
    pod_with(&mut rig, "web-b", "b");
    let full = "0/1 nodes are available: 1 node(s) exceed max volume count. no new claims to \
                deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found \
                for incoming pod.";
    assert_eq!(rig.why("web-b"), full);
    rig.delete(Kind::Pod, "web-a");
    rig.settle();
    assert_eq!(rig.why("web-b"), full);
    rig.delete(Kind::VolumeAttachment, "csi-a");
    rig.settle();
    assert_eq!(rig.node_of("web-b"), "node-1");
}

/// The driver never makes the volume: after ten minutes the Pod is tried again, for the same node.
#[test]
fn stalled_driver() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "a", "later", "ReadWriteOnce");
    pod_with(&mut rig, "web-0", "a");
    rig.run_to(620_000);
    rig.note_waits();
    rig.check("stalled_driver");
}

/// The driver gives up on the node (it takes the mark off the claim): another node is tried.
#[test]
fn driver_gives_up() {
    let mut rig = Rig::new(3, &[]);
    rig.apply(CLASSES);
    claim(&mut rig, "a", "later", "ReadWriteOnce");
    pod_with(&mut rig, "web-0", "a");
    rig.run_to(2_500);
    rig.change::<PersistentVolumeClaim>("a", |pvc| {
        pvc.meta.annotations.remove("volume.kubernetes.io/selected-node");
    });
    rig.run_to(10_000);
    rig.delete(Kind::Pod, "web-0");
    rig.settle();
    rig.settle();
    rig.note_waits();
    rig.check("driver_gives_up");
    assert_eq!(rig.next_due(), None);
}
