//! Services of every type: what is stored, what may change and what is refused (scenario s14h),
//! and how Endpoints made by hand become EndpointSlices.

mod rig;

use playground::api::core::service::{Endpoints, Service};
use playground::api::kinds::{Key, Kind, Object};
use playground::apiserver::apply::apply_text;
use playground::apiserver::patch::{Patch, PatchType};
use playground::apiserver::{ApiServer, DeleteOptions};
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use playground::config::Config;
use rig::Rig;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

const MANIFESTS: &str = "tests/upstream/scenarios/s14h_services/manifests";
const ACTIONS: &str = include_str!("upstream/scenarios/s14h_services/actions.jsonl");

fn key(name: &str) -> Key {
    Key::new("default", name)
}

fn manifest(file: &str) -> String {
    let path = format!("{}/{MANIFESTS}/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("it was recorded")
}

/// Every recorded apply and patch of the scenario that was refused, in its words.
#[test]
fn refusals_are_as_recorded() {
    let mut server = ApiServer::new(&Prng::new(1));
    let now = SimTime(5000);
    assert!(!apply_text(&mut server, now, &manifest("svc.yaml")).lines().is_empty());
    let mut count = 0;
    for line in ACTIONS.lines() {
        let action: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| action[key].as_str().unwrap_or("").to_string();
        let (command, expected) = (text("cmd"), text("stderr"));
        let words: Vec<&str> = command.split(' ').collect();
        let said = match words[..] {
            ["kubectl", "apply", "-f", file] if file.starts_with('e') => {
                apply_text(&mut server, now, &manifest(file)).lines_of(file).join("\n") + "\n"
            }
            ["kubectl", "patch", "svc", name, "-p", body] => {
                let patch = Patch::parse(PatchType::Strategic, body.trim_matches('\''));
                let patch = patch.expect("it is JSON");
                let done = server.patch(now, Kind::Service, &key(name), &patch);
                done.map_or_else(|status| format!("{status}\n"), |_| String::new())
            }
            _ => continue,
        };
        assert_eq!(said, expected, "{command}");
        count += 1;
    }
    assert_eq!(count, 14);
}

/// The spec of a Service, as it is stored, on one line.
fn spec(rig: &Rig, name: &str) -> String {
    let service = rig.server.store.get::<Service>(&key(name)).expect("it is there").clone();
    Object::Service(service).to_value()["spec"].to_string()
}

/// One Service from type to type, by patches.
#[test]
fn types() {
    let mut rig = Rig::new(Config::default());
    let ports = json!([{"name": "web", "port": 80}, {"name": "admin", "port": 81}]);
    let given = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "nginx"}, "ports": ports},
    });
    rig.create(Kind::Service, &given);
    let mut out = format!("created\n  {}\n", spec(&rig, "web"));
    let patches = [
        json!({"spec": {"type": "NodePort"}}),
        json!({"spec": {"ports": [{"port": 80, "nodePort": 30080}]}}),
        json!({"spec": {"type": "LoadBalancer"}}),
        json!({"spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false}}),
        json!({"spec": {"type": "ClusterIP"}}),
        json!({"spec": {"clusterIP": "None"}}),
        json!({"spec": {"ipFamilies": ["IPv6"]}}),
        json!({"spec": {"type": "ExternalName", "externalName": "db.example.com"}}),
        json!({"spec": {"type": "ExternalName"}}),
        json!({"spec": {"type": "ClusterIP", "externalName": null}}),
        json!({"spec": {"type": "NodePort", "clusterIP": "None"}}),
        json!({"spec": {"type": "Gateway"}}),
        json!({"spec": {"ports": [{"port": 82, "name": "more", "nodePort": 30090}]}}),
    ];
    for body in patches {
        out.push_str(&format!("{body}\n"));
        let patch = Patch::parse(PatchType::Strategic, &body.to_string()).expect("it is JSON");
        let before = spec(&rig, "web");
        match rig.server.patch(rig.now, Kind::Service, &key("web"), &patch) {
            Ok(_) if spec(&rig, "web") == before => out.push_str("  no change\n"),
            Ok(_) => out.push_str(&format!("  {}\n", spec(&rig, "web"))),
            Err(status) => out.push_str(&format!("  {status}\n")),
        }
    }
    check("services/types", &out);
}

/// Node ports and addresses that are asked for: taken once, outside the range, given back.
#[test]
fn allocation() {
    let mut rig = Rig::new(Config::default());
    let mut out = String::new();
    let mut make = |rig: &mut Rig, name: &str, spec: Value| {
        out.push_str(&format!("{name} {spec}\n"));
        let given = json!({"metadata": {"name": name, "namespace": "default"}, "spec": spec});
        let object = Object::read(Kind::Service, &given, &mut Default::default());
        match rig.server.create(rig.now, object) {
            Ok(_) => out.push_str(&format!("  {}\n", self::spec(rig, name))),
            Err(status) => out.push_str(&format!("  {status}\n")),
        }
    };
    let port = |port: i32| json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]});
    make(&mut rig, "a", port(30080));
    make(&mut rig, "b", port(30080));
    make(&mut rig, "b", port(80));
    let both = json!([
        {"name": "t", "port": 53, "protocol": "TCP", "nodePort": 30053},
        {"name": "u", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]);
    make(&mut rig, "dns", json!({"type": "NodePort", "ports": both}));
    let twice = json!([
        {"name": "t", "port": 54, "nodePort": 30054}, {"name": "u", "port": 55, "nodePort": 30054},
    ]);
    make(&mut rig, "twice", json!({"type": "NodePort", "ports": twice}));
    let both = json!([
        {"name": "t", "port": 54, "protocol": "TCP"}, {"name": "u", "port": 54, "protocol": "UDP"},
    ]);
    make(&mut rig, "both", json!({"type": "NodePort", "ports": both}));
    let none = json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false,
        "ports": [{"port": 80}]});
    make(&mut rig, "none", none);
    let families = json!({"ipFamilies": ["IPv6"], "ports": [{"port": 80}]});
    make(&mut rig, "six", families);
    let policy = json!({"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]});
    make(&mut rig, "dual", policy);
    make(&mut rig, "headless", json!({"clusterIP": "None"}));
    make(&mut rig, "headless-selects", json!({"clusterIP": "None", "selector": {"app": "nginx"}}));
    make(&mut rig, "c", json!({"clusterIP": "10.96.0.50", "ports": [{"port": 80}]}));
    make(&mut rig, "d", json!({"clusterIP": "10.96.0.50", "ports": [{"port": 80}]}));
    make(&mut rig, "d", json!({"clusterIP": "10.1.1.1", "ports": [{"port": 80}]}));
    make(&mut rig, "d", json!({"clusterIP": "nonsense", "ports": [{"port": 80}]}));
    assert!(rig.delete(Kind::Service, &key("a"), &DeleteOptions::default()).is_ok());
    assert!(rig.delete(Kind::Service, &key("c"), &DeleteOptions::default()).is_ok());
    make(&mut rig, "b", port(30080));
    make(&mut rig, "d", json!({"clusterIP": "10.96.0.50", "ports": [{"port": 80}]}));
    check("services/allocation", &out);
}

/// Compares `actual` with `tests/<name>.txt`; `UPDATE=1` writes that file instead.
fn check(name: &str, actual: &str) {
    let path = format!("{}/tests/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, actual).expect("the folder is there");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "{name} went differently:\n{actual}");
}

fn by_hand(rig: &mut Rig, change: impl FnOnce(&mut Endpoints)) {
    rig.change::<Endpoints>(&key("db"), change);
    rig.settle();
}

#[test]
fn mirroring() {
    let mut rig = Rig::new(Config::default());
    rig.skip_to(6_000);
    let service = |name: &str| {
        let meta = json!({"name": name, "namespace": "default"});
        json!({"metadata": meta, "spec": {"ports": [{"name": "web", "port": 80}]}})
    };
    let subset = |ready: &[&str], not_ready: &[&str], name: &str, port: i32| {
        let all = |ips: &[&str]| ips.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>();
        json!({"addresses": all(ready), "notReadyAddresses": all(not_ready),
            "ports": [{"name": name, "port": port}]})
    };
    let endpoints = |name: &str, subsets: Value| {
        let meta = json!({"name": name, "namespace": "default", "labels": {"tier": "db"},
            "annotations": {"note": "by hand"}});
        json!({"metadata": meta, "subsets": subsets})
    };
    // Without a Service nothing is mirrored; with one it is, each set of ports for itself.
    let subsets = json!([
        subset(&["192.0.2.50"], &["192.0.2.51"], "web", 80),
        subset(&["192.0.2.60"], &[], "admin", 81),
    ]);
    rig.create(Kind::Endpoints, &endpoints("db", subsets.clone()));
    rig.settle();
    rig.create(Kind::Service, &service("db"));
    rig.settle();
    // A change of one subset changes its slice; a subset that goes takes its slice along.
    by_hand(&mut rig, |db| {
        let mut addresses = (*db.subsets[0].addresses).clone();
        addresses.extend(db.subsets[0].not_ready_addresses.iter().cloned());
        db.subsets[0].addresses = Rc::new(addresses);
        db.subsets[0].not_ready_addresses = Rc::default();
    });
    by_hand(&mut rig, |db| drop(db.subsets.remove(1)));
    // Nothing to say, nothing to write.
    by_hand(&mut rig, |db| {
        db.meta
            .annotations
            .set("endpoints.kubernetes.io/last-change-trigger-time", "2026-01-01T00:00:00Z")
    });
    // They may ask not to be mirrored, and think again.
    let skip = "endpointslice.kubernetes.io/skip-mirror";
    by_hand(&mut rig, |db| db.meta.labels.set(skip, "true"));
    by_hand(&mut rig, |db| {
        db.meta.labels.remove(skip);
    });
    // With a selector the addresses are another controller's business.
    rig.change::<Service>(&key("db"), |service| {
        Rc::make_mut(&mut service.spec).selector.set("app", "nginx");
    });
    rig.settle();
    rig.create(Kind::Service, &service("other"));
    rig.create(Kind::Endpoints, &endpoints("other", subsets));
    rig.settle();
    assert!(rig.delete(Kind::Endpoints, &key("other"), &DeleteOptions::default()).is_ok());
    rig.settle();
    rig.check("services/mirroring");
}

#[test]
fn a_mirrored_slice_is_as_recorded() {
    let mut rig = Rig::new(Config::default());
    let applied = apply_text(&mut rig.server, rig.now, &manifest("svc.yaml"));
    assert_eq!(applied.lines().len(), 13);
    let applied = apply_text(&mut rig.server, rig.now, &manifest("manual.yaml"));
    assert!(applied.lines().contains(&"endpoints/manual created".to_string()));
    rig.restart();
    rig.settle();
    let slices = rig.server.store.list_objects(Kind::EndpointSlice).cloned();
    let slices: BTreeMap<String, Value> = slices
        .map(|slice| {
            let mut value = slice.to_value();
            let meta = value["metadata"].as_object_mut().expect("it has some");
            let name = meta["name"].as_str().expect("it has one").to_string();
            meta.retain(|key, _| key == "labels" || key == "generateName");
            (name[..name.rfind('-').unwrap_or(name.len())].to_string(), value)
        })
        .collect();
    let expected = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"generateName": "manual-", "labels": {
            "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
            "kubernetes.io/service-name": "manual",
        }},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.50"], "conditions": {"ready": true}}],
        "ports": [{"name": "web", "protocol": "TCP", "port": 80}],
    });
    assert_eq!(slices["manual"], expected);
    // What was made by hand stays as it is, and nothing is made of it.
    assert!(rig.server.store.get::<Endpoints>(&key("manual2")).is_none());
}
