//! Addresses behind Services: what the two controllers for them write (scenarios s14h, s11d),
//! and that one Pod costs the same however many there are.

mod rig;

use playground::api::core::pod::Pod;
use playground::api::core::service::{Endpoints, Service};
use playground::api::discovery::EndpointSlice;
use playground::api::kinds::{Key, Kind};
use playground::apiserver::DeleteOptions;
use playground::base::time::SimTime;
use playground::config::Config;
use rig::Rig;
use serde_json::{Value, json};

fn key(name: &str) -> Key {
    Key::new("default", name)
}

fn service(rig: &mut Rig, name: &str, spec: Value) {
    let mut value = json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"app": "nginx"}, "clusterIP": "None", "type": "ClusterIP",
            "ports": [{"name": "web", "port": 80, "protocol": "TCP", "targetPort": 80}],
            "ipFamilies": ["IPv4"],
        },
    });
    if let (Value::Object(all), Value::Object(some)) = (&mut value["spec"], spec) {
        all.extend(some);
    }
    rig.create(Kind::Service, &value);
}

/// A Pod of a StatefulSet with the governing Service `nginx`, running on `node` or waiting.
fn member(rig: &mut Rig, name: &str, node: &str, number: u32) {
    let pod = json!({
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "nginx"}},
        "spec": {
            "hostname": name, "subdomain": "nginx", "terminationGracePeriodSeconds": 30,
            "containers": [{
                "name": "nginx", "image": "nginx",
                "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            }],
        },
    });
    rig.create(Kind::Pod, &pod);
    let bound = rig.server.bind(rig.now, &key(name), &node.into());
    assert!(bound.is_ok());
    ready(rig, name, Some(number), true);
}

/// What the kubelet says of a Pod: its address, whether it is ready.
fn ready(rig: &mut Rig, name: &str, number: Option<u32>, ready: bool) {
    let now = Some(rig.now.whole_second());
    rig.change_status::<Pod>(&key(name), |pod| {
        pod.status.phase = playground::api::core::pod::PodPhase::Running;
        if let Some(number) = number {
            pod.status.pod_ip = format!("10.244.{}.{}", number / 250, number % 250).into();
        }
        pod.status.conditions = vec![playground::api::meta::Condition {
            kind: "Ready".into(),
            status: if ready { "True".into() } else { "False".into() },
            last_transition_time: now,
            ..Default::default()
        }];
    });
}

fn cluster() -> Rig {
    let mut rig = Rig::new(Config::default());
    for node in ["node-1", "node-2", "node-3"] {
        rig.add_node(node, "");
    }
    rig.skip_to(6_000);
    rig
}

#[test]
fn services() {
    let mut rig = cluster();
    service(&mut rig, "nginx", json!({}));
    service(&mut rig, "early", json!({"publishNotReadyAddresses": true}));
    service(
        &mut rig,
        "named",
        json!({"clusterIP": "10.96.0.9", "ports": [
            {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"},
            {"name": "lost", "port": 81, "protocol": "TCP", "targetPort": "lost"},
        ]}),
    );
    service(&mut rig, "bare", json!({"ports": []}));
    service(&mut rig, "nobody", json!({"selector": {"app": "else"}}));
    service(&mut rig, "hand", json!({"selector": {}}));
    service(
        &mut rig,
        "alias",
        json!({
            "type": "ExternalName", "externalName": "a.example.com", "clusterIP": "",
        }),
    );
    rig.run_to(8_000);
    member(&mut rig, "web-0", "node-1", 10);
    rig.run_to(9_000);
    member(&mut rig, "web-1", "node-2", 2);
    rig.run_to(10_000);
    ready(&mut rig, "web-1", None, false);
    rig.run_to(11_000);
    ready(&mut rig, "web-1", None, true);
    rig.run_to(12_000);
    assert!(rig.delete(Kind::Pod, &key("web-1"), &DeleteOptions::default()).is_ok());
    rig.run_to(13_000);
    let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    assert!(rig.delete(Kind::Pod, &key("web-1"), &now).is_ok());
    rig.run_to(14_000);
    rig.change::<Service>(&key("named"), |service| {
        let spec = std::rc::Rc::make_mut(&mut service.spec);
        spec.selector.set("app", "else");
        service.meta.labels.set("tier", "front");
    });
    rig.run_to(15_000);
    assert!(rig.delete(Kind::Service, &key("named"), &DeleteOptions::default()).is_ok());
    rig.settle();
    rig.check("endpoints/services");
}

#[test]
fn objects_are_as_recorded() {
    let mut rig = cluster();
    service(&mut rig, "nginx", json!({}));
    member(&mut rig, "web-0", "node-1", 10);
    rig.settle();
    let slices = rig.server.store.list::<EndpointSlice>();
    for slice in slices.cloned().collect::<Vec<_>>() {
        rig.note_object(&playground::api::kinds::Object::EndpointSlice(slice));
    }
    let endpoints = rig.server.store.list::<Endpoints>();
    for endpoints in endpoints.cloned().collect::<Vec<_>>() {
        rig.note_object(&playground::api::kinds::Object::Endpoints(endpoints));
    }
    rig.check("endpoints/objects");
}

/// A hundred addresses a slice; gaps are filled; somebody deletes a slice.
#[test]
fn many_slices() {
    let mut rig = cluster();
    service(&mut rig, "nginx", json!({}));
    rig.settle();
    for n in 0..250 {
        member(&mut rig, &format!("web-{n}"), "node-1", n);
        rig.settle();
    }
    let sizes = |rig: &Rig| {
        let slices = rig.server.store.list::<EndpointSlice>();
        let mut sizes: Vec<usize> = slices.map(|slice| slice.endpoints.len()).collect();
        sizes.sort();
        sizes
    };
    assert_eq!(sizes(&rig), [50, 100, 100]);
    let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    for n in 0..30 {
        assert!(rig.delete(Kind::Pod, &key(&format!("web-{n}")), &now).is_ok());
    }
    rig.settle();
    assert_eq!(sizes(&rig).iter().sum::<usize>(), 220);
    let slice = rig.server.store.list::<EndpointSlice>().next().map(|slice| slice.meta.clone());
    let name = slice.expect("there are slices").name;
    assert!(rig.delete(Kind::EndpointSlice, &key(&name), &now).is_ok());
    rig.settle();
    assert_eq!(sizes(&rig).iter().sum::<usize>(), 220);
    rig.restart();
    rig.settle();
    assert_eq!(sizes(&rig).iter().sum::<usize>(), 220);
}

/// Objects looked at and wakes for each of the Pods `from..to` that becomes ready.
fn cost(from: u32, to: u32) -> (u64, u64) {
    let mut rig = cluster();
    service(&mut rig, "nginx", json!({}));
    for n in 0..from {
        member(&mut rig, &format!("web-{n}"), "node-1", n);
    }
    rig.settle();
    let before = (rig.visits, rig.wakes);
    for n in from..to {
        member(&mut rig, &format!("web-{n}"), "node-1", n);
        rig.now = rig.now.max(SimTime(rig.now.0 + 10));
        rig.settle();
    }
    ((rig.visits - before.0) / u64::from(to - from), (rig.wakes - before.1) / u64::from(to - from))
}

#[test]
fn a_pod_costs_the_same_among_many() {
    let few = cost(0, 100);
    let many = cost(3000, 3100);
    assert!(many.0 <= few.0 + 2, "visits a Pod: {} among few, {} among many", few.0, many.0);
    assert!(many.1 <= few.1 + 2, "wakes a Pod: {} among few, {} among many", few.1, many.1);
}

/// No more than a thousand addresses, the lowest ones, and a mark that some are missing.
#[test]
fn over_capacity() {
    let mut rig = cluster();
    service(&mut rig, "nginx", json!({}));
    for n in 0..1002 {
        member(&mut rig, &format!("web-{n}"), "node-1", n);
    }
    rig.settle();
    let shown = |rig: &Rig| {
        let endpoints = rig.server.store.get::<Endpoints>(&key("nginx")).expect("it is there");
        let mark = endpoints.meta.annotations.get("endpoints.kubernetes.io/over-capacity");
        (endpoints.subsets[0].addresses.len(), mark.is_some())
    };
    assert_eq!(shown(&rig), (1000, true));
    let now = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
    for n in 0..2 {
        assert!(rig.delete(Kind::Pod, &key(&format!("web-{n}")), &now).is_ok());
        rig.settle();
    }
    assert_eq!(shown(&rig), (1000, false));
}
