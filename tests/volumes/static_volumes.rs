//! Volumes that somebody made by hand, classes that come late, and the ends of both.

use super::hands::{Hands, recorded};
use super::key;
use playground::api::core::volume::{PersistentVolume, PersistentVolumeClaim};
use playground::api::kinds::{Key, Kind};
use playground::api::quantity::Quantity;
use playground::client::volumes::DEFAULT_CLASS;
use playground::config::{Config, Storage};
use serde_json::json;
use std::rc::Rc;

fn volume(hands: &mut Hands, name: &str, size: &str, class: &str, claim: Option<&str>) {
    let mut spec = json!({
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": class,
        "csi": {"driver": "block.example.com", "volumeHandle": name},
    });
    if let Some(claim) = claim {
        spec["claimRef"] = json!({"namespace": "default", "name": claim});
    }
    let meta = json!({"name": name});
    hands.create(Kind::PersistentVolume, &json!({"metadata": meta, "spec": spec}));
}

/// Scenario s01c: the smallest volume that fits; a claim that names its volume; a volume that
/// names its claim.
#[test]
fn static_volumes() {
    let mut hands = Hands::new(recorded());
    volume(&mut hands, "pv-5", "5Gi", "manual", None);
    volume(&mut hands, "pv-2", "2Gi", "manual", None);
    volume(&mut hands, "pv-half", "500Mi", "manual", None);
    volume(&mut hands, "pv-mine", "1Gi", "manual", Some("later"));
    hands.run_to(2000);
    assert_eq!(hands.world.infra.disks.size(), 4, "the disks were there before");
    hands.say("two claims at once; the smaller volume goes to the first");
    hands.claim("data-0", "manual", "ReadWriteOnce");
    hands.claim("data-1", "manual", "ReadWriteOnce");
    hands.run_to(3000);
    hands.say("a third finds nothing, and its class does not exist");
    hands.claim("data-2", "manual", "ReadWriteOnce");
    hands.run_to(4000);
    hands.note_waits();
    hands.say("the claim that a volume waits for");
    hands.claim("later", "manual", "ReadWriteOnce");
    hands.run_to(5000);
    hands.say("a new volume is found at the next resync");
    volume(&mut hands, "pv-new", "1Gi", "manual", None);
    hands.run_to(20_000);
    hands.note_waits();
    hands.say("a released volume is kept, and never bound again");
    hands.delete(Kind::PersistentVolumeClaim, &key("data-0"), None);
    hands.run_to(21_000);
    hands.claim("data-0", "manual", "ReadWriteOnce");
    hands.run_to(40_000);
    hands.note_waits();
    hands.check("static_volumes");
}

/// A claim loses its volume when the volume's object is deleted by force of its finalizers.
#[test]
fn lost() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    let name = Key::global(hands.volume_of("www-web-0").meta.name.clone());
    hands.delete(Kind::PersistentVolume, &name, None);
    hands.run_to(3000);
    hands.note_waits();
    hands.say("the finalizer is taken off by hand");
    hands.change::<PersistentVolume>(&name, |volume| volume.meta.finalizers.clear());
    hands.run_to(4000);
    hands.check("lost");
}

/// A default class that comes late is filled in at the next resync.
#[test]
fn default_class_comes_late() {
    let config = Config { storage: Storage::NoAttach, ..recorded() };
    let mut hands = Hands::new(config);
    let class = Key::global("standard");
    hands.delete(Kind::StorageClass, &class, None);
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.run_to(2000);
    hands.note_waits();
    hands.say("a default class");
    let class = json!({
        "metadata": {"name": "late", "annotations": {DEFAULT_CLASS: "true"}},
        "provisioner": "example.com/fake",
    });
    hands.create(Kind::StorageClass, &class);
    hands.run_to(20_000);
    hands.note_waits();
    hands.check("default_class_comes_late");
}

/// Scenario s06e: a claim in use goes with its Pod, and its volume with it, once it is detached.
#[test]
fn claim_in_use_is_deleted() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-1", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.pod("web-1", "www-web-1", "node-1");
    hands.run_to(4000);
    hands.in_use("node-1", &["www-web-1"]);
    hands.skip_to(6000);
    hands.delete(Kind::PersistentVolumeClaim, &key("www-web-1"), None);
    hands.run_to(8000);
    hands.note_waits();
    hands.say("the Pod goes, the kubelet still has the volume");
    hands.vanish("web-1");
    hands.run_to(9000);
    hands.note_waits();
    hands.forget_use("node-1");
    hands.run_to(15_000);
    hands.note_waits();
    assert_eq!(hands.world.infra.disks.size(), 0, "the disk is destroyed");
    hands.check("claim_in_use");
}

/// Scenario s06f and what follows it where there is an external-resizer: the claim asks for more.
#[test]
fn grow() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.change::<PersistentVolumeClaim>(&key("www-web-0"), |claim| {
        let more = Quantity::parse("2Gi").expect("it is a quantity");
        let spec = Rc::make_mut(&mut claim.spec);
        spec.resources.requests.insert("storage".into(), more);
    });
    hands.run_to(2100);
    hands.note_waits();
    hands.run_to(4000);
    hands.note_waits();
    hands.check("grow");
}

/// Where no driver grows volumes, the claim waits for ever (s06f).
#[test]
fn grow_without_a_resizer() {
    let mut hands = Hands::new(Config { storage: Storage::NoAttach, ..recorded() });
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.skip_to(2000);
    hands.change::<PersistentVolumeClaim>(&key("www-web-0"), |claim| {
        let more = Quantity::parse("2Gi").expect("it is a quantity");
        let spec = Rc::make_mut(&mut claim.spec);
        spec.resources.requests.insert("storage".into(), more);
    });
    hands.run_to(4000);
    hands.check("grow_without_a_resizer");
}

/// A claim that is deleted while its volume is being made leaves no volume behind.
#[test]
fn claim_deleted_while_its_volume_is_made() {
    let mut hands = Hands::new(recorded());
    hands.claim("www-web-0", "", "ReadWriteOnce");
    hands.run_to(1100);
    hands.delete(Kind::PersistentVolumeClaim, &key("www-web-0"), None);
    hands.run_to(5000);
    hands.note_waits();
    assert_eq!(hands.world.infra.disks.size(), 0, "the disk is destroyed");
    hands.check("claim_deleted_early");
}

/// Volumes of a zonal class that waits for nobody: the claims of a set go round the zones, and
/// the claims of one Pod go together.
#[test]
fn zones_in_turn() {
    let mut hands = Hands::new(recorded());
    let class = json!({
        "metadata": {"name": "spread"},
        "provisioner": "block.example.com",
        "parameters": {"topology": "zone"},
    });
    hands.create(Kind::StorageClass, &class);
    for name in ["www-web-0", "www-web-1", "www-web-2", "log-web-0"] {
        hands.claim(name, "spread", "ReadWriteOnce");
    }
    hands.run_to(2000);
    let zone = |name: &str| {
        let volume = hands.volume_of(name);
        let affinity = volume.spec.node_affinity.clone().and_then(|it| it.required);
        let term = affinity.expect("it is zonal").node_selector_terms[0].clone();
        term.match_expressions[0].values[0].to_string()
    };
    let zones = ["www-web-0", "www-web-1", "www-web-2"].map(zone);
    let mut all = zones.clone();
    all.sort();
    assert_eq!(all, ["a", "b", "c"]);
    assert_eq!(zone("log-web-0"), zones[0]);
}
