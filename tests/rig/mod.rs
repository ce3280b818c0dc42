//! The controller manager alone with an API server: what nodes and kubelets would write, a test
//! writes, and what the controllers make of it is read as a transcript.

#![allow(dead_code, reason = "each test uses its part")]

use playground::api::core::node::Node;
use playground::api::core::pod::Pod;
use playground::api::core::service::{EndpointAddress, EndpointSubset, Endpoints};
use playground::api::discovery::{Endpoint, EndpointSlice};
use playground::api::json::{MicroTime, Reader};
use playground::api::kinds::{Key, Kind, Object, Resource};
use playground::api::meta::{ObjectMeta, ResourceVersion, condition};
use playground::api::storage::Lease;
use playground::apiserver::watch::Change;
use playground::apiserver::{Answer, ApiServer, DeleteOptions};
use playground::base::prng::Prng;
use playground::base::time::{SimTime, Span};
use playground::base::timers::Timers;
use playground::config::Config;
use playground::controller::{Manager, Surroundings, Wake};
use playground::trace::{Wait, Waits};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone)]
enum Due {
    Deliver,
    Wake(Wake),
}

/// The controller manager with an API server.
pub struct Rig {
    pub now: SimTime,
    pub config: Config,
    pub server: ApiServer,
    pub waits: Waits,
    pub visits: u64,
    pub wakes: u64,
    manager: Manager,
    agenda: BTreeMap<(SimTime, u64), Due>,
    sequence: u64,
    seen: u64,
    printed: u64,
    log: Vec<String>,
    expected: bool,
}

impl Rig {
    pub fn new(config: Config) -> Rig {
        let mut rig = Rig {
            now: SimTime::ZERO,
            server: ApiServer::new(&Prng::new(config.seed)),
            config,
            waits: Waits::default(),
            visits: 0,
            wakes: 0,
            manager: Manager::default(),
            agenda: BTreeMap::new(),
            sequence: 0,
            seen: 0,
            printed: 0,
            log: Vec::new(),
            expected: false,
        };
        rig.restart();
        rig
    }

    /// Starts the controller manager with an empty memory.
    pub fn restart(&mut self) {
        self.agenda.clear();
        self.expected = false;
        let mut timers = Timers::default();
        self.manager.start(self.now, &self.server.store, &mut timers);
        self.seen = self.server.store.revision();
        self.plan(timers);
    }

    fn plan(&mut self, mut timers: Timers<Wake>) {
        for (at, wake) in timers.drain() {
            self.schedule(at, Due::Wake(wake));
        }
    }

    fn schedule(&mut self, at: SimTime, due: Due) {
        self.sequence += 1;
        self.agenda.insert((at.max(self.now), self.sequence), due);
    }

    /// Notes what was written and sees to it that it is heard of.
    fn announce(&mut self) {
        let written: Vec<Change> =
            self.server.log.after(self.printed).map(|change| (**change).clone()).collect();
        self.printed = self.server.store.revision();
        written.iter().for_each(|change| self.note(change));
        if self.seen < self.server.store.revision() && !self.expected {
            self.expected = true;
            self.schedule(self.now + self.config.timing.watch_lag, Due::Deliver);
        }
    }

    fn step(&mut self, until: SimTime) -> bool {
        let Some((at, due)) = self.agenda.first_key_value().map(|(at, due)| (*at, due.clone()))
        else {
            return false;
        };
        if at.0 > until {
            return false;
        }
        self.agenda.remove(&at);
        self.now = at.0;
        self.wakes += 1;
        let mut timers = Timers::default();
        match due {
            Due::Deliver => {
                self.expected = false;
                self.manager.deliver(&self.server.store);
                let changes: Vec<_> = self.server.log.after(self.seen).cloned().collect();
                self.seen = self.server.store.revision();
                self.server.log.trim(self.seen);
                for change in changes {
                    self.manager.observe(self.now, &change, &mut timers);
                }
            }
            Due::Wake(wake) => {
                let around = Surroundings {
                    now: self.now,
                    config: &self.config,
                    server: &mut self.server,
                    waits: &mut self.waits,
                    visits: &mut self.visits,
                };
                self.manager.wake(around, wake, &mut timers);
            }
        }
        self.plan(timers);
        self.announce();
        true
    }

    /// Runs until `millis` and forgets what was written.
    pub fn skip_to(&mut self, millis: u64) {
        self.run_to(millis);
        self.log.clear();
    }

    /// Runs until `millis`.
    pub fn run_to(&mut self, millis: u64) {
        let mut steps = 0;
        while self.step(SimTime(millis)) {
            steps += 1;
            assert!(steps < 1_000_000, "no end in sight at {:?}", self.now);
        }
        self.now = self.now.max(SimTime(millis));
    }

    /// Runs until nothing is due any more.
    pub fn settle(&mut self) {
        self.run_to(self.now.0 + 100_000_000);
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<SimTime> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    pub fn create(&mut self, kind: Kind, value: &Value) -> Object {
        let object = Object::read(kind, value, &mut Reader::default());
        let made = self.server.create(self.now, object);
        self.announce();
        made.unwrap_or_else(|status| panic!("refused: {status}"))
    }

    pub fn delete(&mut self, kind: Kind, key: &Key, options: &DeleteOptions) -> Answer<Object> {
        let answer = self.server.delete(self.now, kind, key, options);
        self.announce();
        answer
    }

    /// Changes wishes.
    pub fn change<T: Resource>(&mut self, key: &Key, change: impl FnOnce(&mut T)) {
        let object = self.changed(key, change);
        self.server.update(self.now, object).unwrap_or_else(|status| panic!("refused: {status}"));
        self.announce();
    }

    /// Changes a status.
    pub fn change_status<T: Resource>(&mut self, key: &Key, change: impl FnOnce(&mut T)) {
        let object = self.changed(key, change);
        let answer = self.server.update_status(self.now, object);
        answer.unwrap_or_else(|status| panic!("refused: {status}"));
        self.announce();
    }

    fn changed<T: Resource>(&self, key: &Key, change: impl FnOnce(&mut T)) -> Object {
        let mut object = (**self.server.store.get::<T>(key).expect("it is there")).clone();
        change(&mut object);
        object.meta_mut().resource_version = ResourceVersion(0);
        T::wrap(std::rc::Rc::new(object))
    }

    /// What its kubelet writes when the node `name` starts: the node, its lease.
    pub fn add_node(&mut self, name: &str, zone: &str) {
        let labels = match zone {
            "" => serde_json::json!({"kubernetes.io/os": "linux"}),
            zone => serde_json::json!({"topology.kubernetes.io/zone": zone}),
        };
        self.create(Kind::Node, &serde_json::json!({"metadata": {"name": name, "labels": labels}}));
        let lease = serde_json::json!({
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name},
        });
        self.create(Kind::Lease, &lease);
        self.revive(name);
    }

    /// What the kubelet of `name` writes when it can: it is ready, its lease is renewed.
    pub fn revive(&mut self, name: &str) {
        let now = self.now;
        self.change::<Lease>(&Key::new("kube-node-lease", name), |lease| {
            lease.spec.renewing = true;
            lease.spec.renew_time = Some(MicroTime(now));
        });
        self.report(name, "True");
    }

    /// The kubelet of `name` reports its Ready condition.
    pub fn report(&mut self, name: &str, ready: &str) {
        let now = Some(self.now.whole_second());
        self.change_status::<Node>(&Key::global(name), |node| {
            let condition = playground::api::meta::Condition {
                kind: "Ready".into(),
                status: ready.into(),
                reason: "KubeletReady".into(),
                message: "kubelet is posting ready status".into(),
                last_heartbeat_time: now,
                last_transition_time: now,
                ..Default::default()
            };
            node.status.conditions.retain(|old| &*old.kind != "Ready");
            node.status.conditions.push(condition);
        });
    }

    /// The lease of `name` stops being renewed; the last renewal was at `renewed`.
    pub fn silence(&mut self, name: &str, renewed: u64) {
        self.change::<Lease>(&Key::new("kube-node-lease", name), |lease| {
            lease.spec.renewing = false;
            lease.spec.renew_time = Some(MicroTime(SimTime(renewed)));
        });
    }

    /// A Pod that runs on `node` and bears silent nodes for `seconds`.
    pub fn add_pod(&mut self, name: &str, node: &str, seconds: i64) {
        let bears = |key: &str| {
            serde_json::json!({
                "key": format!("node.kubernetes.io/{key}"), "operator": "Exists",
                "effect": "NoExecute", "tolerationSeconds": seconds,
            })
        };
        let pod = serde_json::json!({
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "nginx"}},
            "spec": {
                "containers": [{"name": "nginx", "image": "nginx"}],
                "terminationGracePeriodSeconds": 30,
                "tolerations": [bears("not-ready"), bears("unreachable")],
            },
        });
        self.create(Kind::Pod, &pod);
        if !node.is_empty() {
            self.bind(name, node);
        }
    }

    /// Binds a Pod to `node`, where it runs and is ready at once.
    pub fn bind(&mut self, name: &str, node: &str) {
        let key = Key::new("default", name);
        let bound = self.server.bind(self.now, &key, &node.into());
        bound.unwrap_or_else(|status| panic!("refused: {status}"));
        self.announce();
        let status = serde_json::json!({
            "phase": "Running",
            "podIP": format!("10.0.0.{}", self.sequence % 250 + 1),
            "conditions": [{"type": "Ready", "status": "True"}],
        });
        self.change_status::<Pod>(&key, |pod| {
            pod.status = playground::api::json::Json::read(&status, &mut Reader::default());
        });
    }

    /// What was written since the last call: a line each, with the time in seconds.
    pub fn transcript(&mut self) -> String {
        std::mem::take(&mut self.log).concat()
    }

    fn note(&mut self, change: &Change) {
        if let Some(text) = line(change) {
            let verb = match (&change.old, &change.new) {
                (None, _) => "ADD",
                (_, None) => "DEL",
                _ => "MOD",
            };
            let (s, ms) = (self.now.0 / 1000, self.now.0 % 1000);
            self.log.push(format!("{s}.{ms:03} {verb} {text}\n"));
        }
    }

    /// Puts all waits there are into the transcript, a line each.
    pub fn note_waits(&mut self) {
        let line = |wait: &Wait| {
            let seconds = |at: SimTime| format!("{}.{:03}", at.0 / 1000, at.0 % 1000);
            let until = wait.until.map(|at| format!(" until {}", seconds(at)));
            let on = wait.on.as_ref().map(|on| format!(" on {on}"));
            format!(
                "  {}{} waits: {:?} since {}{}\n",
                wait.subject,
                on.unwrap_or_default(),
                wait.because,
                seconds(wait.since),
                until.unwrap_or_default()
            )
        };
        let lines: Vec<String> = self.waits.iter().map(line).collect();
        self.log.extend(lines);
    }

    /// Puts a whole object into the transcript, as JSON without uids and versions.
    pub fn note_object(&mut self, object: &Object) {
        let mut value = object.to_value();
        mask(&mut value);
        self.log.push(format!("{value:#}\n"));
    }

    /// Compares the transcript with `tests/<name>.txt`; `UPDATE=1` writes that file instead.
    pub fn check(&mut self, name: &str) {
        let actual = self.transcript();
        let path = format!("{}/tests/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &actual).expect("the folder is there");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(actual == expected, "{name} went differently:\n{actual}");
    }
}

fn line(change: &Change) -> Option<String> {
    let object = change.object()?;
    let name = &object.meta().name;
    Some(match object {
        Object::Node(node) => {
            let taints: Vec<String> = node
                .spec
                .taints
                .iter()
                .map(|t| {
                    format!("{}:{}", t.key.trim_start_matches("node.kubernetes.io/"), t.effect)
                })
                .collect();
            let ready = condition(&node.status.conditions, "Ready");
            let ready = ready.map_or("-".into(), |c| format!("{}/{}", c.status, c.reason));
            format!("Node {name} Ready={ready} [{}]", taints.join(" "))
        }
        Object::Pod(pod) => {
            let ready = if pod.is_ready() { "Y" } else { "N" };
            let mut text = format!("Pod {name} {} ready={ready}", pod.status.phase.as_str());
            if pod.is_terminating() {
                let grace = pod.meta.deletion_grace_period_seconds.unwrap_or(-1);
                text.push_str(&format!(" DELETING({grace})"));
            }
            if let Some(target) = condition(&pod.status.conditions, "DisruptionTarget") {
                text.push_str(&format!(" {}", target.reason));
            }
            if !pod.meta.finalizers.is_empty() {
                text.push_str(&format!(" {:?}", pod.meta.finalizers));
            }
            text
        }
        Object::ConfigMap(map) => {
            let owner = |it: &playground::api::meta::OwnerReference| format!(" of {}", it.name);
            let owners: String = map.meta.owner_references.iter().map(owner).collect();
            let deleting = if map.meta.is_terminating() { " DELETING" } else { "" };
            format!("ConfigMap {name}{owners}{deleting} {:?}", map.meta.finalizers)
        }
        Object::Service(_) => format!("Service {name}"),
        Object::Endpoints(endpoints) => endpoints_line(endpoints),
        Object::EndpointSlice(slice) => slice_line(slice),
        Object::Event(event) => format!(
            "Event {}/{} {} x{} [{}] {}",
            event.involved_object.kind,
            event.involved_object.name,
            event.reason,
            event.count,
            event.source.component,
            event.message
        ),
        _ => return None,
    })
}

fn endpoints_line(endpoints: &Endpoints) -> String {
    let name = &endpoints.meta.name;

    let list = |all: &Vec<std::rc::Rc<EndpointAddress>>| {
        let text = |a: &std::rc::Rc<EndpointAddress>| {
            let pod = a.target_ref.as_ref().map_or("?", |target| &target.name);
            if a.hostname.is_empty() { pod.into() } else { format!("{}@{pod}", a.hostname) }
        };
        all.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let subset = |subset: &EndpointSubset| {
        let ports: Vec<_> = subset.ports.iter().filter_map(|port| port.port).collect();
        let (ready, others) = (&subset.addresses, &subset.not_ready_addresses);
        format!(" {ports:?} ready=[{}] not=[{}]", list(ready), list(others))
    };
    let subsets: String = endpoints.subsets.iter().map(subset).collect();
    format!("Endpoints {name}{subsets}{}", trigger(&endpoints.meta))
}

fn slice_line(slice: &EndpointSlice) -> String {
    let endpoint = |e: &std::rc::Rc<Endpoint>| {
        let c = &e.conditions;
        let flag = |on: Option<bool>, text: &'static str| match on {
            Some(true) => text,
            _ => "",
        };
        let host = e.hostname.as_ref().map_or("".into(), |host| format!("{host}@"));
        let pod = e.target_ref.as_ref().map_or("?", |target| &target.name);
        let (ready, serving) = (flag(c.ready, "r"), flag(c.serving, "s"));
        format!(" {host}{pod}:{ready}{serving}{}", flag(c.terminating, "t"))
    };
    let ports: Vec<_> = slice.ports.iter().filter_map(|port| port.port).collect();
    let all: String = slice.endpoints.iter().map(endpoint).collect();
    let service = slice.meta.label("kubernetes.io/service-name").map_or("?", |name| name);
    format!("EndpointSlice {service}-* {ports:?}{all}{}", trigger(&slice.meta))
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("uid");
            map.remove("resourceVersion");
            if map.contains_key("generateName") {
                map.remove("name");
            }
            map.values_mut().for_each(mask);
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

fn trigger(meta: &ObjectMeta) -> String {
    let at = meta.annotations.get("endpoints.kubernetes.io/last-change-trigger-time");
    at.map_or(String::new(), |at| format!(" ({})", &at[14..19]))
}

/// A configuration with the short times that some recordings have.
pub fn short() -> Config {
    let mut config = Config::default();
    config.flags.node_monitor_grace_period = Span::seconds(8);
    config.flags.node_monitor_period = Span::seconds(1);
    config
}
