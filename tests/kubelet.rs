//! Kubelets: what they write of their Pods and Nodes, and when, with Pods given nodes by hand.
//! The sequences are those of the recordings of a real control plane (s01, s05a, s06a, s07a,
//! s14e) where a recording has them.

#[path = "kubelet/film.rs"]
mod film;
#[path = "kubelet/swarm.rs"]
mod swarm;

use film::{Film, recorded};
use playground::api::kinds::{Key, Kind, Object};
use playground::base::time::Span;
use playground::config::Config;
use serde_json::json;
use std::rc::Rc;

#[test]
fn runs_and_stops() {
    let mut film = Film::new(recorded());
    film.pod("web-0", "node-1", json!({}));
    film.to(100);
    film.waits();
    film.to(5_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.delete("web-0", None);
    film.to(5_100);
    film.waits();
    film.to(10_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.check("runs_and_stops");
}

#[test]
fn pulls_its_image_once() {
    let mut film = Film::new(Config::default());
    film.pod("web-0", "node-a", json!({}));
    film.to(1_000);
    film.waits();
    film.to(10_000);
    film.pod("web-1", "node-a", json!({}));
    film.to(20_000);
    film.check("pulls_its_image_once");
}

#[test]
fn power_goes_and_returns() {
    let mut film = Film::new(recorded());
    film.pod("web-0", "node-1", json!({}));
    film.pod("web-1", "node-1", json!({}));
    film.to(5_000);
    film.power("node-1", false);
    film.processes();
    film.to(6_000);
    film.delete("web-1", None);
    film.to(20_000);
    film.waits();
    film.power("node-1", true);
    film.to(60_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.check("power_goes_and_returns");
}

/// What each write and each process is, second by second; and with kubelets that have no time to
/// end Pods, as they have none unless they are told, nobody is told anything.
#[test]
fn shutdown_in_order() {
    for (name, seconds) in [("shutdown_in_order", 30), ("shutdown_without_time", 0)] {
        let mut config = recorded();
        config.timing.container_stop = Span::millis(800);
        config.flags.shutdown_grace_period = Span::seconds(seconds);
        let mut film = Film::new(config);
        film.pod("web-0", "node-1", json!({}));
        film.pod("web-1", "node-1", json!({"priorityClassName": "system-node-critical"}));
        film.to(5_000);
        film.operate("shutdown node-1");
        film.to(5_400);
        film.processes();
        film.waits();
        film.to(20_000);
        film.processes();
        film.check(name);
    }
}

#[test]
fn network_goes_and_returns() {
    let mut config = recorded();
    config.timing.container_stop = Span::millis(800);
    let mut film = Film::new(config);
    film.pod("web-0", "node-1", json!({}));
    film.pod("web-1", "node-1", json!({}));
    film.pod("web-2", "node-1", json!({}));
    film.to(5_000);
    film.network("node-1", false);
    film.to(6_000);
    film.delete("web-1", None);
    film.delete("web-2", Some(0));
    film.to(70_000);
    film.processes();
    film.network("node-1", true);
    film.to(90_000);
    film.processes();
    film.check("network_goes_and_returns");
}

#[test]
fn image_that_is_not_there() {
    let mut film = Film::new(recorded());
    film.pod(
        "web-0",
        "node-1",
        json!({"containers": [
            {"name": "nginx", "image": "registry.k8s.io/does-not-exist:1"},
        ]}),
    );
    film.to(1_000);
    film.waits();
    film.to(45_000);
    film.waits();
    film.processes();
    film.delete("web-0", None);
    film.to(50_000);
    film.check("image_that_is_not_there");
}

#[test]
fn containers_that_end() {
    let mut film = Film::new(recorded());
    let image = |image: &str| json!([{"name": "main", "image": image}]);
    film.pod("crash", "node-1", json!({"containers": image("crash:1")}));
    film.pod(
        "done",
        "node-2",
        json!({
            "containers": image("exit0:1"), "restartPolicy": "OnFailure",
        }),
    );
    film.pod(
        "failed",
        "node-2",
        json!({
            "containers": image("exit1:1"), "restartPolicy": "Never",
        }),
    );
    film.pod(
        "again",
        "node-3",
        json!({
            "containers": image("exit1:1"), "restartPolicy": "OnFailure",
        }),
    );
    film.to(40_000);
    film.waits();
    film.processes();
    film.delete("crash", None);
    film.delete("done", None);
    film.to(41_000);
    film.check("containers_that_end");
}

#[test]
fn init_containers_go_first() {
    let mut film = Film::new(recorded());
    film.pod(
        "web-0",
        "node-1",
        json!({
            "initContainers": [
                {"name": "first", "image": "busybox:1"},
                {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"},
                {"name": "second", "image": "busybox:1"},
            ],
        }),
    );
    film.pod(
        "web-1",
        "node-2",
        json!({
            "initContainers": [{"name": "bad", "image": "exit1:1"}], "restartPolicy": "Never",
        }),
    );
    film.to(1_000);
    film.waits();
    film.to(10_000);
    film.processes();
    film.delete("web-0", None);
    film.to(20_000);
    assert_eq!(film.world.next_due(), None);
    film.check("init_containers_go_first");
}

#[test]
fn probes_pass_in_their_time() {
    let mut config = recorded();
    config.timing.ready_delay = Span::seconds(2);
    let mut film = Film::new(config);
    let with = |probes: serde_json::Value| {
        let mut container = json!({"name": "nginx", "image": "nginx:1"});
        for (key, value) in probes.as_object().into_iter().flatten() {
            container[key] = value.clone();
        }
        json!({"containers": [container]})
    };
    let probe = |delay: i32| {
        let exec = json!({"command": ["true"]});
        json!({"initialDelaySeconds": delay, "periodSeconds": 1, "exec": exec})
    };
    film.pod("web-0", "node-1", with(json!({"readinessProbe": probe(1)})));
    film.pod(
        "web-1",
        "node-1",
        with(json!({
            "startupProbe": probe(3), "readinessProbe": probe(0),
        })),
    );
    film.pod(
        "web-2",
        "node-1",
        with(json!({
            "image": "neverready:1", "readinessProbe": probe(1),
        })),
    );
    film.to(1_000);
    film.waits();
    film.to(60_000);
    film.waits();
    assert_eq!(film.world.next_due(), None);
    film.check("probes_pass_in_their_time");
}

#[test]
fn settings_come_late() {
    let mut film = Film::new(recorded());
    let key = |key: &str| json!({"configMapKeyRef": {"name": "zk-config", "key": key}});
    film.pod(
        "zk-0",
        "node-1",
        json!({"containers": [{
            "name": "zk", "image": "zk:1",
            "env": [
                {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "TICK", "valueFrom": key("tick")},
                {"name": "FLAGS", "value": "--tick=$(TICK) --name=$(NAME) $(NONE) $$5"},
            ],
        }]}),
    );
    film.to(4_000);
    film.waits();
    film.processes();
    let map = |data: serde_json::Value| {
        let meta = json!({"name": "zk-config", "namespace": "default"});
        json!({"metadata": meta, "data": data})
    };
    film.create(Kind::ConfigMap, &map(json!({"heap": "2G"})));
    film.to(15_000);
    film.waits();
    film.change(Kind::ConfigMap, &Key::new("default", "zk-config"), |object| {
        if let Object::ConfigMap(map) = object {
            let map = Rc::make_mut(map);
            Rc::make_mut(&mut map.data).insert("tick".into(), "2000".into());
        }
    });
    film.to(30_000);
    film.processes();
    let all = film.world.infra.processes.values().flat_map(|process| &process.containers);
    let environment = all.flat_map(|container| container.environment.iter());
    let lines: Vec<String> = environment.map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(lines, ["NAME=zk-0", "TICK=2000", "FLAGS=--tick=2000 --name=zk-0 $(NONE) $5"]);
    assert_eq!(film.world.next_due(), None);
    film.check("settings_come_late");
}

#[test]
fn ends_take_their_time() {
    let mut film = Film::new(recorded());
    let hook = json!({"preStop": {"sleep": {"seconds": 3}}});
    film.pod(
        "sleeps",
        "node-1",
        json!({
            "containers": [{"name": "nginx", "image": "nginx:1", "lifecycle": hook}],
        }),
    );
    film.pod(
        "stubborn",
        "node-1",
        json!({
            "containers": [{"name": "nginx", "image": "stubborn:1"}],
            "terminationGracePeriodSeconds": 5,
        }),
    );
    film.pod("forced", "node-1", json!({}));
    film.pod("late", "node-1", json!({"activeDeadlineSeconds": 4}));
    film.to(2_000);
    film.delete("sleeps", None);
    film.delete("stubborn", None);
    film.delete("forced", Some(0));
    film.to(2_100);
    film.processes();
    film.waits();
    film.to(20_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.check("ends_take_their_time");
}

/// Deleted before it has started while a finalizer holds it: it ends once, and nobody goes on
/// writing.
#[test]
fn held_unstarted() {
    let mut film = Film::new(recorded());
    film.pod("web-0", "node-1", json!({}));
    film.change(Kind::Pod, &Key::new("default", "web-0"), |pod| {
        let Object::Pod(pod) = pod else { unreachable!("it is a Pod") };
        Rc::make_mut(pod).meta.finalizers.push("example.com/hold".into());
    });
    film.to(300);
    film.delete("web-0", None);
    film.to(5_000);
    film.waits();
    assert_eq!(film.world.next_due(), None);
    film.check("held_unstarted");
}

/// A Pod with a network disk, bound by hand to one node and then to another.
#[test]
fn disk_moves() {
    let mut film = Film::new(Config::default());
    film.claim("www-web-0");
    film.to(3_000);
    film.pod("web-0", "node-a", with_disk("www-web-0"));
    film.to(3_500);
    film.waits();
    film.to(40_000);
    film.processes();
    film.disks();
    film.delete("web-0", None);
    film.to(40_950);
    film.waits();
    film.to(41_010);
    film.pod("web-0", "node-b", with_disk("www-web-0"));
    film.to(42_000);
    film.waits();
    film.to(80_000);
    film.processes();
    film.disks();
    film.check("disk_moves");
}

/// The machine is cut off; the Pod is deleted by force and runs elsewhere before it returns.
#[test]
fn forced_while_cut_off() {
    let mut film = Film::new(Config::default());
    film.claim("www-web-0");
    film.to(3_000);
    film.pod("web-0", "node-a", with_disk("www-web-0"));
    film.to(40_000);
    film.network("node-a", false);
    film.delete("web-0", Some(0));
    film.to(41_000);
    film.pod("web-0", "node-b", with_disk("www-web-0"));
    film.to(60_000);
    film.waits();
    film.processes();
    film.network("node-a", true);
    film.to(100_000);
    film.processes();
    film.disks();
    film.check("forced_while_cut_off");
}

/// The machine of a Pod with a disk loses power and gets it back.
#[test]
fn disk_through_a_power_cut() {
    let mut film = Film::new(Config::default());
    film.claim("www-web-0");
    film.to(3_000);
    film.pod("web-0", "node-a", with_disk("www-web-0"));
    film.to(40_000);
    film.power("node-a", false);
    film.disks();
    film.to(70_000);
    film.disks();
    film.power("node-a", true);
    film.to(120_000);
    film.processes();
    film.disks();
    assert_eq!(film.world.next_due(), None);
    film.check("disk_through_a_power_cut");
}

fn with_disk(claim: &str) -> serde_json::Value {
    json!({"volumes": [{"name": "www", "persistentVolumeClaim": {"claimName": claim}}]})
}

/// A Node deleted while its kubelet runs stays away until the kubelet starts anew.
#[test]
fn node_object_deleted() {
    let mut film = Film::new(recorded());
    film.pod("web-0", "node-1", json!({}));
    film.to(5_000);
    film.delete_node("node-1");
    film.to(120_000);
    film.processes();
    film.power("node-1", false);
    film.to(130_000);
    film.power("node-1", true);
    film.to(240_000);
    film.processes();
    assert_eq!(film.world.next_due(), None);
    film.check("node_object_deleted");
}

#[test]
fn probes_that_fail_later() {
    let mut config = recorded();
    config.timing.run_time = Span::seconds(20);
    let mut film = Film::new(config.clone());
    let probe = |delay: i32, period: i32| {
        let exec = json!({"command": ["true"]});
        json!({"initialDelaySeconds": delay, "periodSeconds": period, "exec": exec})
    };
    film.pod(
        "web-0",
        "node-1",
        json!({"containers": [{
            "name": "nginx", "image": "hangs:1",
            "readinessProbe": probe(0, 1), "livenessProbe": probe(5, 2),
        }]}),
    );
    film.to(32_000);
    film.waits();
    film.to(60_000);
    film.check("probes_that_fail_later");

    config.timing.ready_delay = Span::seconds(60);
    let mut film = Film::new(config);
    film.pod(
        "web-0",
        "node-1",
        json!({"containers": [{
            "name": "nginx", "image": "slow:1", "startupProbe": probe(0, 5),
        }]}),
    );
    film.to(20_000);
    film.check("never_up");
}
