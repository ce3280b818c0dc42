//! Claims, volumes and attachments: what is written, when, and what waits for what, against what
//! real clusters did (scenarios s01, s01b, s06d, s06e, s06f, s10c, s13a to s13n).

#[path = "volumes/hands.rs"]
mod hands;
#[path = "volumes/static_volumes.rs"]
mod static_volumes;

use hands::{Hands, recorded};
use playground::api::core::node::{Node, Taint};
use playground::api::core::volume::PersistentVolumeClaim;
use playground::api::kinds::{Key, Kind};
use playground::base::time::Span;
use playground::client::volumes::SELECTED_NODE;
use playground::cluster::world::Process;
use serde_json::json;

fn key(name: &str) -> Key {
    Key::new("default", name)
}

#[test]
fn provision_and_bind() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.run_to(1100);
    hands.note_waits();
    hands.run_to(3000);
    hands.note_waits();
    hands.check("provision_and_bind");
}

#[test]
fn wait_for_first_consumer() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "zonal", "ReadWriteOnce");
    hands.run_to(1100);
    hands.note_waits();
    hands.pod("web-0", "www-web-0", "");
    hands.run_to(1200);
    hands.change::<PersistentVolumeClaim>(&key("www-web-0"), |claim| {
        claim.meta.annotations.set(SELECTED_NODE, "node-2");
    });
    hands.run_to(3000);
    hands.note_waits();
    hands.check("wait_for_first_consumer");
}

/// Scenario s13b: a Pod moves to another node while all is well.
#[test]
fn move_to_another_node() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-1", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.pod("web-1", "www-web-1", "node-3");
    hands.run_to(2300);
    hands.note_waits();
    hands.run_to(4000);
    hands.in_use("node-3", &["www-web-1"]);
    hands.start("web-1");
    hands.run_to(6000);
    hands.say("the Pod is gone; its successor goes elsewhere");
    hands.vanish("web-1");
    hands.pod("web-1", "www-web-1", "node-1");
    hands.run_to(6500);
    hands.note_waits();
    hands.in_use("node-1", &["www-web-1"]);
    hands.run_to(8050);
    hands.in_use("node-3", &[]);
    hands.run_to(8500);
    hands.note_waits();
    hands.run_to(12_000);
    hands.note_waits();
    hands.check("move_to_another_node");
}

/// web-1 runs on node-1 with its volume attached, web-0 on node-3 with its own; then node-1
/// falls silent.
fn dead_node() -> Hands {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-1", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.pod("web-1", "www-web-1", "node-1");
    hands.run_to(4000);
    hands.in_use("node-1", &["www-web-1"]);
    hands.start("web-1");
    hands.skip_to(10_000);
    hands.silence("node-1");
    hands.skip_to(100_000);
    hands
}

/// Scenario s13d: the Pod is force-deleted, and six minutes later its volume moves.
#[test]
fn force_delete() {
    let mut hands = dead_node();
    hands.note_waits();
    hands.say("force delete; the successor is bound elsewhere");
    hands.vanish("web-1");
    hands.pod("web-1", "www-web-1", "node-2");
    hands.run_to(101_000);
    hands.in_use("node-2", &["www-web-1"]);
    hands.run_to(300_000);
    hands.note_waits();
    hands.run_to(470_000);
    hands.note_waits();
    hands.check("force_delete");
}

/// Scenario s13c: deleting the Node object releases nothing, it even takes longer.
#[test]
fn node_deleted() {
    let mut hands = dead_node();
    hands.say("the Node object and its CSINode go");
    hands.delete(Kind::Node, &Key::global("node-1"), None);
    hands.delete(Kind::CSINode, &Key::global("node-1"), None);
    hands.run_to(200_000);
    hands.say("the successor is bound elsewhere");
    hands.pod("web-1", "www-web-1", "node-2");
    hands.run_to(201_000);
    hands.note_waits();
    hands.run_to(600_000);
    hands.note_waits();
    hands.check("node_deleted");
}

/// Scenario s13e: out of service means at once, whatever the dead node said it uses; and so does
/// the taint when it comes later (s13e2).
#[test]
fn out_of_service() {
    let mut hands = dead_node();
    hands.vanish("web-1");
    hands.pod("web-1", "www-web-1", "node-2");
    hands.run_to(110_050);
    hands.say("out of service");
    hands.change::<Node>(&Key::global("node-1"), |node| {
        let (key, effect) = ("node.kubernetes.io/out-of-service".into(), "NoExecute".into());
        node.spec.taints.push(Taint { key, effect, ..Taint::default() });
    });
    hands.run_to(120_000);
    hands.note_waits();
    hands.check("out_of_service");
}

/// Scenario s13f: the node comes back and says that it let go.
#[test]
fn node_returns() {
    let mut hands = dead_node();
    hands.vanish("web-1");
    hands.pod("web-1", "www-web-1", "node-2");
    hands.run_to(110_000);
    hands.say("node-1 is back");
    hands.revive("node-1");
    hands.run_to(111_000);
    hands.note_waits();
    hands.in_use("node-1", &[]);
    hands.run_to(120_000);
    hands.note_waits();
    hands.check("node_returns");
}

/// Scenario s13n: a restarted controller manager begins to count again.
#[test]
fn restart_begins_the_six_minutes_anew() {
    let mut hands = dead_node();
    hands.vanish("web-1");
    hands.pod("web-1", "www-web-1", "node-2");
    hands.run_to(160_000);
    hands.say("the controller manager is restarted");
    hands.world.stop(Process::ControllerManager);
    hands.world.start(Process::ControllerManager);
    hands.run_to(161_000);
    hands.note_waits();
    hands.run_to(530_000);
    hands.note_waits();
    hands.check("restart");
}

/// Scenario s13m: a node that is well keeps what it says it uses, for ever.
#[test]
fn healthy_node_that_never_unmounts() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-1", "", "ReadWriteOnce");
    hands.pod("web-1", "www-web-1", "node-1");
    hands.run_to(4000);
    hands.in_use("node-1", &["www-web-1"]);
    hands.skip_to(6000);
    hands.vanish("web-1");
    hands.pod("web-1", "www-web-1", "node-2");
    hands.run_to(1_000_000);
    hands.note_waits();
    hands.in_use("node-1", &[]);
    hands.run_to(1_005_000);
    hands.check("healthy_node");
}

/// Scenario s13h: two Pods share a volume; on one node they may, on two they may not, unless the
/// volume is made for many.
#[test]
fn shared_by_two_pods() {
    let mut hands = Hands::new(recorded());
    hands.claim("one", "", "ReadWriteOnce");
    hands.claim("many", "", "ReadWriteMany");
    hands.skip_to(2000);
    hands.pod("y1", "one", "node-1");
    hands.pod("y2", "one", "node-1");
    hands.run_to(4000);
    hands.pod("y3", "one", "node-2");
    hands.run_to(5000);
    hands.note_waits();
    hands.say("a volume for many");
    hands.pod("z1", "many", "node-1");
    hands.pod("z2", "many", "node-2");
    hands.run_to(8000);
    hands.vanish("z2");
    hands.run_to(10_000);
    hands.note_waits();
    hands.check("shared");
}

fn broken(hands: &mut Hands, claim: &str, attach: Option<&str>, detach: Option<&str>) {
    let volume = hands.volume_of(claim);
    let handle = volume.spec.csi.as_ref().expect("it is a CSI volume").volume_handle.clone();
    let mut disk = hands.world.infra.disks.get(&handle).expect("it is made").clone();
    disk.attach_error = attach.map(Into::into);
    disk.detach_error = detach.map(Into::into);
    hands.world.infra.disks.insert_mut(handle, disk);
}

const UNAVAILABLE: &str =
    "rpc error: code = Internal desc = could not attach volume: backend unavailable";

/// Scenario s13i: the backend does not attach; the pauses grow on both sides.
#[test]
fn attach_errors() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    broken(&mut hands, "www-web-0", Some(UNAVAILABLE), None);
    hands.pod("web-0", "www-web-0", "node-1");
    hands.run_to(20_000);
    hands.note_waits();
    hands.say("the backend is well again");
    broken(&mut hands, "www-web-0", None, None);
    hands.run_to(60_000);
    hands.note_waits();
    hands.check("attach_errors");
}

/// Scenario s13i: a volume whose attach failed is in doubt, and its attachment is deleted before
/// the volume is attached elsewhere.
#[test]
fn attach_errors_and_the_pod_moves() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    broken(&mut hands, "www-web-0", Some(UNAVAILABLE), None);
    hands.pod("web-0", "www-web-0", "node-1");
    hands.run_to(3000);
    hands.in_use("node-1", &["www-web-0"]);
    hands.skip_to(6000);
    broken(&mut hands, "www-web-0", None, None);
    hands.vanish("web-0");
    hands.pod("web-0", "www-web-0", "node-2");
    hands.run_to(6300);
    hands.in_use("node-1", &[]);
    hands.run_to(15_000);
    hands.note_waits();
    hands.check("attach_errors_and_the_pod_moves");
}

/// Scenario s13i: after a failed detach nothing but the backend keeps the volume from being
/// attached twice.
#[test]
fn detach_errors() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.pod("web-0", "www-web-0", "node-1");
    hands.run_to(4000);
    hands.in_use("node-1", &["www-web-0"]);
    hands.in_use("node-1", &[]);
    hands.skip_to(5000);
    let text = "rpc error: code = Internal desc = could not detach volume";
    broken(&mut hands, "www-web-0", None, Some(text));
    hands.vanish("web-0");
    hands.pod("web-0", "www-web-0", "node-2");
    hands.run_to(9500);
    hands.note_waits();
    hands.say("the backend is well again");
    broken(&mut hands, "www-web-0", None, None);
    hands.run_to(25_000);
    hands.note_waits();
    hands.check("detach_errors");
}

/// Scenario s13l: the driver takes longer than the controller waits for it.
#[test]
fn slow_attach() {
    let mut config = recorded();
    config.timing.attach = Span::seconds(140);
    let mut hands = Hands::new(config);
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.pod("web-0", "www-web-0", "node-1");
    hands.run_to(150_000);
    hands.note_waits();
    hands.check("slow_attach");
}

/// A Node that is registered anew uses nothing: what it had is detached.
#[test]
fn node_registered_anew() {
    let mut hands = dead_node();
    hands.vanish("web-1");
    hands.delete(Kind::Node, &Key::global("node-1"), None);
    hands.run_to(110_000);
    hands.note_waits();
    hands.say("the machine is back, and its kubelet registers");
    let meta = json!({"name": "node-1"});
    hands.create(Kind::Node, &json!({"metadata": meta}));
    hands.ready("node-1", "True");
    hands.run_to(112_000);
    hands.note_waits();
    hands.check("node_registered_anew");
}
