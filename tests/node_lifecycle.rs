//! Silent nodes: what the node lifecycle, taint eviction and pod garbage controllers write, and
//! when, against what real clusters did (scenarios s07a, b, d, e, f, g, h, z).

mod rig;

use playground::api::core::node::{Node, Taint};
use playground::api::core::pod::Pod;
use playground::api::kinds::{Key, Kind};
use playground::apiserver::DeleteOptions;
use playground::config::Config;
use rig::{Rig, short};

fn cluster(config: Config, nodes: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(config);
    for (name, zone) in nodes {
        rig.add_node(name, zone);
    }
    rig
}

const THREE: &[(&str, &str)] = &[("node-1", ""), ("node-2", ""), ("node-3", "")];
const ZONES: &[(&str, &str)] = &[("node-a", "a"), ("node-b", "b"), ("node-c", "c")];

fn pod(name: &str) -> Key {
    Key::new("default", name)
}

#[test]
fn nothing_is_due_while_all_leases_are_renewed() {
    let mut rig = cluster(Config::default(), THREE);
    rig.add_pod("web-0", "node-1", 300);
    rig.run_to(20_000);
    assert_eq!(rig.next_due(), None);
    rig.check("node_lifecycle/nothing_is_due_while_all_leases_are_renewed");
}

#[test]
fn default_times() {
    let mut rig = cluster(Config::default(), ZONES);
    rig.add_pod("web-1", "node-b", 300);
    rig.skip_to(15_223);
    rig.silence("node-b", 8_000);
    rig.run_to(20_000);
    rig.note_waits();
    rig.run_to(100_000);
    rig.note_waits();
    rig.run_to(500_000);
    rig.note_waits();
    assert_eq!(rig.next_due(), None);
    rig.check("node_lifecycle/default_times");
}

/// s07g: back before the toleration ends.
#[test]
fn back_in_time() {
    let mut rig = cluster(short(), THREE);
    rig.add_pod("web-1", "node-3", 60);
    rig.skip_to(5_352);
    rig.silence("node-3", 4_300);
    rig.run_to(17_760);
    rig.revive("node-3");
    rig.settle();
    rig.note_waits();
    rig.check("node_lifecycle/back_in_time");
}

/// s07a: back after the eviction.
#[test]
fn back_too_late() {
    let mut rig = cluster(short(), THREE);
    rig.add_pod("web-1", "node-2", 5);
    rig.skip_to(5_352);
    rig.silence("node-2", 4_300);
    rig.run_to(27_127);
    rig.transcript();
    rig.revive("node-2");
    rig.settle();
    rig.check("node_lifecycle/back_too_late");
}

/// s07b: the Node object is deleted.
#[test]
fn node_deleted() {
    let mut rig = cluster(short(), THREE);
    rig.add_pod("web-1", "node-1", 5);
    rig.skip_to(5_371);
    rig.silence("node-1", 5_000);
    rig.skip_to(22_983);
    let node = Key::global("node-1");
    assert!(rig.delete(Kind::Node, &node, &DeleteOptions::default()).is_ok());
    rig.run_to(23_500);
    rig.note_waits();
    rig.run_to(60_000);
    rig.note_waits();
    rig.run_to(83_036);
    let lease = Key::new("kube-node-lease", "node-1");
    assert!(rig.delete(Kind::Lease, &lease, &DeleteOptions::default()).is_ok());
    rig.add_node("node-1", "");
    rig.settle();
    rig.note_waits();
    rig.check("node_lifecycle/node_deleted");
}

/// s07d: out of service.
#[test]
fn out_of_service() {
    let mut rig = cluster(short(), THREE);
    rig.add_pod("web-1", "node-3", 5);
    rig.skip_to(5_345);
    rig.silence("node-3", 5_000);
    rig.skip_to(23_182);
    rig.change::<Node>(&Key::global("node-3"), |node| {
        let taint = Taint {
            key: "node.kubernetes.io/out-of-service".into(),
            value: "nodeshutdown".into(),
            effect: "NoExecute".into(),
            ..Taint::default()
        };
        node.spec.taints.insert(0, taint);
    });
    rig.run_to(25_000);
    rig.note_waits();
    rig.settle();
    rig.note_waits();
    rig.check("node_lifecycle/out_of_service");
}

/// s07e: two of three dead is no disruption, only slower.
#[test]
fn two_of_three() {
    let mut rig = cluster(short(), THREE);
    rig.add_pod("web-0", "node-1", 5);
    rig.add_pod("web-1", "node-2", 5);
    rig.skip_to(5_425);
    rig.silence("node-1", 4_900);
    rig.silence("node-2", 4_900);
    rig.run_to(14_000);
    rig.note_waits();
    rig.settle();
    rig.check("node_lifecycle/two_of_three");
}

/// s07h: three of five dead.
#[test]
fn partial_disruption() {
    let five: Vec<(String, &str)> = (1..=5).map(|n| (format!("node-{n}"), "z")).collect();
    let five: Vec<(&str, &str)> = five.iter().map(|(name, zone)| (&**name, *zone)).collect();
    let mut rig = cluster(short(), &five);
    for n in 1..=3 {
        rig.add_pod(&format!("web-{n}"), &format!("node-{n}"), 5);
    }
    rig.skip_to(5_000);
    rig.silence("node-1", 4_000);
    rig.run_to(10_000);
    rig.silence("node-2", 9_500);
    rig.silence("node-3", 9_500);
    rig.run_to(60_000);
    rig.note_waits();
    rig.revive("node-1");
    rig.settle();
    rig.check("node_lifecycle/partial_disruption");
}

/// s07f: all dead.
#[test]
fn full_disruption() {
    let mut rig = cluster(short(), ZONES);
    rig.add_pod("web-0", "node-a", 60);
    rig.add_pod("web-1", "node-b", 60);
    rig.skip_to(5_000);
    rig.silence("node-a", 4_000);
    rig.run_to(20_000);
    rig.silence("node-b", 19_500);
    rig.silence("node-c", 19_500);
    rig.run_to(60_000);
    rig.note_waits();
    rig.revive("node-c");
    rig.settle();
    rig.check("node_lifecycle/full_disruption");
}

#[test]
fn cordon_and_conditions() {
    let mut rig = cluster(Config::default(), THREE);
    rig.add_pod("web-0", "node-1", 300);
    rig.skip_to(11_000);
    rig.change::<Node>(&Key::global("node-1"), |node| node.spec.unschedulable = true);
    rig.run_to(12_000);
    rig.report("node-1", "False");
    rig.run_to(20_000);
    rig.change::<Node>(&Key::global("node-1"), |node| node.spec.unschedulable = false);
    rig.silence("node-1", 19_000);
    rig.run_to(100_000);
    rig.revive("node-1");
    rig.settle();
    rig.check("node_lifecycle/cordon_and_conditions");
}

#[test]
fn never_reported() {
    let mut rig = Rig::new(Config::default());
    rig.create(Kind::Node, &serde_json::json!({"metadata": {"name": "ghost"}}));
    rig.add_node("node-1", "");
    rig.settle();
    rig.check("node_lifecycle/never_reported");
}

/// Pods without a node that are being deleted, and too many that have ended.
#[test]
fn leftovers() {
    let mut config = Config::default();
    config.flags.terminated_pod_gc_threshold = 1;
    let mut rig = cluster(config, THREE);
    rig.skip_to(21_000);
    rig.add_pod("pending", "", 300);
    rig.change::<Pod>(&pod("pending"), |pod| pod.meta.finalizers = vec!["example.com/x".into()]);
    assert!(rig.delete(Kind::Pod, &pod("pending"), &DeleteOptions::default()).is_ok());
    for name in ["done-a", "done-b"] {
        rig.add_pod(name, "node-1", 300);
        rig.change_status::<Pod>(&pod(name), |pod| {
            pod.status.phase = playground::api::core::pod::PodPhase::Succeeded;
        });
    }
    rig.run_to(22_000);
    rig.note_waits();
    rig.settle();
    rig.note_waits();
    rig.check("node_lifecycle/leftovers");
}

/// A Pod that is deleted while nobody knows yet that its node is silent.
#[test]
fn deleted_in_the_grace_period() {
    let mut rig = cluster(Config::default(), ZONES);
    rig.add_pod("web-1", "node-b", 300);
    rig.skip_to(15_000);
    rig.silence("node-b", 14_000);
    rig.run_to(16_000);
    assert!(rig.delete(Kind::Pod, &pod("web-1"), &DeleteOptions::default()).is_ok());
    rig.run_to(17_000);
    rig.note_waits();
    rig.run_to(70_000);
    rig.note_waits();
    let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    assert!(rig.delete(Kind::Pod, &pod("web-1"), &now).is_ok());
    rig.settle();
    rig.note_waits();
    rig.check("node_lifecycle/deleted_in_the_grace_period");
}

/// The controller manager restarts: tolerations are counted anew, nobody is tainted twice.
#[test]
fn restart() {
    let mut rig = cluster(Config::default(), ZONES);
    rig.add_pod("web-1", "node-b", 300);
    rig.skip_to(15_000);
    rig.silence("node-b", 14_000);
    rig.run_to(100_000);
    rig.restart();
    rig.settle();
    rig.check("node_lifecycle/restart");
}

/// Leases that are said to be renewed lead to the same as leases that are written each time.
#[test]
fn renewals_not_written_change_nothing() {
    let film = |written: bool| {
        let mut rig = cluster(Config::default(), ZONES);
        rig.add_pod("web-1", "node-b", 300);
        rig.skip_to(6_000);
        for renewal in (7_300..=67_300).step_by(10_000) {
            rig.run_to(renewal);
            if written {
                rig.silence("node-b", renewal);
            }
        }
        rig.run_to(70_000);
        if !written {
            rig.silence("node-b", 67_300);
        }
        rig.settle();
        rig.transcript()
    };
    assert_eq!(film(true), film(false));
}

/// More than half of a large zone is dead: one node in 100 s.
#[test]
fn large_zone() {
    let names: Vec<String> = (10..70).map(|n| format!("node-{n}")).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "z")).collect();
    let mut rig = cluster(Config::default(), &nodes);
    rig.skip_to(11_000);
    for name in &names[..40] {
        rig.silence(name, 10_500);
    }
    rig.skip_to(66_000);
    let wait = rig.waits.iter().filter(|wait| wait.until.is_some()).count();
    assert_eq!(wait, 39);
    rig.run_to(66_000 + 350_000);
    let text = rig.transcript();
    let tainted = text.lines().filter(|line| line.contains("unreachable:NoExecute"));
    let times: Vec<&str> = tainted.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(times, ["165.100", "265.100", "365.100"]);
}
