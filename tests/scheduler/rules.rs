//! The scheduler's rules beyond resources and volumes: spreading, neighbours, ports, priorities,
//! scores; and that its work does not grow with the number of Pods.

use crate::rig::Rig;
use playground::api::core::node::{Node, Taint};
use playground::api::core::pod::Pod;
use playground::api::kinds::Kind;
use std::collections::BTreeMap;
use std::rc::Rc;

fn cordon(rig: &mut Rig, node: &str, on: bool) {
    rig.change::<Node>(node, |node| node.spec.unschedulable = on);
    rig.settle();
}

/// How many of `pods` each node has.
fn by_node(rig: &Rig, pods: &[&str]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for pod in pods {
        *counts.entry(rig.node_of(pod)).or_default() += 1;
    }
    counts
}

const EIGHT: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// s14g: Pods of a Service or a set are spread over nodes without any rule of theirs.
#[test]
fn spread_by_default() {
    let mut rig = Rig::new(4, &["x", "y"]);
    rig.apply(
        "{kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}], selector: {app: web}}}",
    );
    for name in EIGHT {
        rig.pod(name, "");
    }
    let counts = by_node(&rig, &EIGHT);
    assert_eq!(counts.values().copied().collect::<Vec<usize>>(), [2, 2, 2, 2], "{counts:?}");
}

const OVER_ZONES: &str = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: \
                          topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, \
                          labelSelector: {matchLabels: {app: web}}}]";

/// s14g: one zone is cordoned, its Pods still count, and the other zone stops at one more.
#[test]
fn spread_over_zones() {
    let mut rig = Rig::new(4, &["x", "y"]);
    cordon(&mut rig, "node-1", true);
    cordon(&mut rig, "node-3", true);
    rig.pod("a", OVER_ZONES);
    assert!(["node-2", "node-4"].contains(&rig.node_of("a").as_str()));
    rig.pod("b", OVER_ZONES);
    assert_eq!(
        rig.why("b"),
        "0/4 nodes are available: 2 node(s) didn't match pod topology spread constraints, 2 \
         node(s) were unschedulable. no new claims to deallocate, preemption: 0/4 nodes are \
         available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful \
         for scheduling."
    );
    cordon(&mut rig, "node-3", false);
    assert_eq!(rig.node_of("b"), "node-3");
    rig.pod("c", &OVER_ZONES.replace("topology.kubernetes.io/zone", "rack"));
    let missing = "4 node(s) didn't match pod topology spread constraints (missing required label)";
    let found = rig.why("c");
    assert!(found.contains("missing required label"), "{missing}: {found}");
}

/// minDomains 3 with two zones: one Pod a zone, the rest waits.
#[test]
fn too_few_domains() {
    let mut rig = Rig::new(4, &["x", "y"]);
    let spec = OVER_ZONES.replace("maxSkew: 1", "maxSkew: 1, minDomains: 3");
    for name in ["a", "b", "c"] {
        rig.pod(name, &spec);
    }
    assert!(!rig.node_of("b").is_empty());
    assert_eq!(rig.node_of("c"), "");
    rig.add_node("node-5", "z");
    rig.settle();
    assert_eq!(rig.node_of("c"), "node-5");
}

fn near(labels: &str, kind: &str) -> String {
    format!(
        "affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: \
         topology.kubernetes.io/zone, labelSelector: {{matchLabels: {labels}}}}}]}}}}"
    )
}

#[test]
fn neighbours() {
    let mut rig = Rig::new(4, &["x", "y"]);
    rig.pod("near", &near("{app: db}", "podAffinity"));
    let why = "0/4 nodes are available: 4 node(s) didn't match pod affinity rules.";
    assert!(rig.why("near").starts_with(why), "{}", rig.why("near"));
    // The first of a group that wants to be near itself may go anywhere; the others follow.
    rig.pod("db-0", &format!("labels: {{app: db}}\n{}", near("{app: db}", "podAffinity")));
    let zone = |node: &str| if ["node-1", "node-3"].contains(&node) { "x" } else { "y" };
    let home = zone(&rig.node_of("db-0")).to_string();
    assert_eq!(zone(&rig.node_of("near")), home);
    // Whom a placed Pod does not want near goes elsewhere.
    rig.pod("shy", &near("{app: loud}", "podAntiAffinity"));
    let loud = "labels: {app: loud}";
    rig.pod("loud", loud);
    assert_ne!(zone(&rig.node_of("loud")), zone(&rig.node_of("shy")));
    for node in ["node-1", "node-2", "node-3", "node-4"] {
        if zone(node) != zone(&rig.node_of("shy")) {
            cordon(&mut rig, node, true);
        }
    }
    rig.pod("loud-2", loud);
    let why = "2 node(s) didn't satisfy existing pods anti-affinity rules";
    assert!(rig.why("loud-2").contains(why), "{}", rig.why("loud-2"));
    rig.delete(Kind::Pod, "shy");
    rig.settle();
    assert!(!rig.node_of("loud-2").is_empty());
}

#[test]
fn ports_of_the_node() {
    let mut rig = Rig::new(3, &[]);
    for name in ["a", "b", "c", "d"] {
        rig.pod(name, "ports: [{containerPort: 80, hostPort: 80}]");
    }
    assert_eq!(
        rig.why("d"),
        "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports. \
         no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption \
         victims found for incoming pod."
    );
    rig.delete(Kind::Pod, "b");
    rig.settle();
    assert!(!rig.node_of("d").is_empty());
}

/// A Pod of higher priority makes room; budgets choose who goes, and the promise is kept.
#[test]
fn preemption() {
    let mut rig = Rig::new(2, &[]);
    rig.apply("{kind: PriorityClass, metadata: {name: high}, value: 1000}");
    rig.apply(
        "{kind: PriorityClass, metadata: {name: meek}, value: 1000, preemptionPolicy: Never}",
    );
    cordon(&mut rig, "node-2", true);
    rig.pod("kept", "labels: {app: kept}\nresources: {requests: {cpu: 2}}");
    rig.pod("loose", "resources: {requests: {cpu: 2}}");
    rig.apply(
        "{kind: PodDisruptionBudget, metadata: {name: kept}, spec: {minAvailable: 1, selector: \
         {matchLabels: {app: kept}}}}",
    );
    rig.settle();
    rig.transcript();
    rig.pod("big", "priorityClassName: high\nresources: {requests: {cpu: 2}}");
    rig.note_waits();
    assert_eq!(rig.node_of("big"), "");
    let leaving = |rig: &Rig, name: &str| {
        let key = playground::api::kinds::Key::new("default", name);
        rig.server.store.get::<Pod>(&key).is_none_or(|pod| pod.is_terminating())
    };
    assert!(leaving(&rig, "loose") && !leaving(&rig, "kept"));
    // Another of the same priority does not take the room that is being made.
    rig.pod("late", "priorityClassName: meek\nresources: {requests: {cpu: 2}}");
    if rig.server.store.get::<Pod>(&playground::api::kinds::Key::new("default", "loose")).is_some()
    {
        rig.delete(Kind::Pod, "loose");
    }
    rig.settle();
    assert_eq!(rig.node_of("big"), "node-1");
    assert_eq!(rig.node_of("late"), "");
    rig.check("preemption");
}

/// The table of a decision: filters and weighted scores.
#[test]
fn table() {
    let mut rig = Rig::new(4, &["x", "y"]);
    cordon(&mut rig, "node-4", true);
    rig.change::<Node>("node-2", |node| {
        if node.spec.taints.is_empty() {
            node.spec.taints.push(Taint {
                key: "slow".into(),
                effect: "PreferNoSchedule".into(),
                ..Taint::default()
            });
        }
    });
    rig.pod(
        "one",
        "nodeSelector: {kubernetes.io/hostname: node-1}\nresources: {requests: {cpu: 2}}",
    );
    rig.pod("two", "resources: {requests: {cpu: 1, memory: 2Gi}}");
    assert_eq!(
        rig.table("two"),
        "node-1 423: TaintToleration 300, NodeResourcesFit 48, \
         NodeResourcesBalancedAllocation 75\n\
         node-2 175: TaintToleration 0, NodeResourcesFit 75, \
         NodeResourcesBalancedAllocation 100\n\
         node-3 475: TaintToleration 300, NodeResourcesFit 75, \
         NodeResourcesBalancedAllocation 100\n\
         node-4 NodeUnschedulable: node(s) were unschedulable"
    );
    assert_eq!(rig.node_of("two"), "node-3");
}

#[test]
fn no_nodes_and_a_restart() {
    let mut rig = Rig::empty();
    rig.pod("a", "");
    assert_eq!(rig.why("a"), "no nodes available to schedule pods");
    assert_eq!(rig.next_due(), None);
    rig.add_node("node-1", "");
    rig.settle();
    assert_eq!(rig.node_of("a"), "node-1");
    rig.pod("b", "resources: {requests: {cpu: 8}}");
    rig.restart();
    rig.settle();
    assert!(rig.why("b").starts_with("0/1 nodes are available: 1 Insufficient cpu."));
    rig.change::<Node>("node-1", |node| {
        node.status
            .allocatable
            .insert("cpu".into(), playground::api::quantity::Quantity::units(16));
    });
    rig.settle();
    assert_eq!(rig.node_of("b"), "node-1");
}

#[test]
fn gates() {
    let mut rig = Rig::new(1, &[]);
    rig.pod("a", "schedulingGates: [{name: example.com/wait}]");
    assert_eq!(rig.node_of("a"), "");
    rig.change::<Pod>("a", |pod| Rc::make_mut(&mut pod.spec).scheduling_gates.clear());
    rig.settle();
    assert_eq!(rig.node_of("a"), "node-1");
}

/// Objects looked at while `pods` Pods of a Service get nodes.
fn visits(nodes: usize, pods: usize) -> u64 {
    let mut rig = Rig::new(nodes, &["x", "y", "z"]);
    rig.apply(
        "{kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}], selector: {app: web}}}",
    );
    for i in 0..10 {
        rig.pod(&format!("first-{i}"), "");
    }
    let before = rig.visits;
    for i in 0..pods {
        rig.pod(&format!("pod-{i}"), "");
        assert!(!rig.node_of(&format!("pod-{i}")).is_empty());
    }
    rig.visits - before
}

/// Choosing a node looks at nodes, not at Pods.
#[test]
fn work_does_not_grow_with_pods() {
    assert_eq!(visits(10, 800), visits(10, 400) * 2);
    // A thousand nodes: 42 of a hundred must fit.
    assert!(visits(1000, 50) <= 50 * (420 + 10), "{}", visits(1000, 50));
}
