//! The scheduler alone with an API server: what everybody else would write, a test writes, and
//! what the scheduler makes of it is read as a transcript.

use playground::api::core::node::Node;
use playground::api::core::pod::Pod;
use playground::api::json::Reader;
use playground::api::kinds::{Key, Kind, Object, Resource};
use playground::api::meta::{ResourceVersion, condition};
use playground::apiserver::store::Store;
use playground::apiserver::watch::Change;
use playground::apiserver::{ApiServer, DeleteOptions};
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use playground::base::timers::Timers;
use playground::client::ControlPlane;
use playground::client::recorder::Recorder;
use playground::config::Config;
use playground::scheduler::decision::{Points, Verdict};
use playground::scheduler::{Scheduler, Wake};
use playground::trace::{Wait, Waits};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Clone)]
enum Due {
    Deliver,
    Wake(Wake),
}

/// The scheduler with an API server.
pub struct Rig {
    pub now: SimTime,
    pub server: ApiServer,
    pub waits: Waits,
    pub visits: u64,
    pub scheduler: Scheduler,
    /// Whether the scheduler is made to look at every node again in every cycle.
    pub forgetful: bool,
    config: Config,
    recorder: Recorder,
    cache: Store,
    agenda: BTreeMap<(SimTime, u64), Due>,
    sequence: u64,
    seen: u64,
    printed: u64,
    log: Vec<String>,
    expected: bool,
}

impl Rig {
    /// A cluster with a namespace and no nodes.
    pub fn empty() -> Rig {
        let config = Config::default();
        let mut rig = Rig {
            now: SimTime::ZERO,
            server: ApiServer::new(&Prng::new(config.seed)),
            waits: Waits::default(),
            visits: 0,
            scheduler: Scheduler::default(),
            forgetful: false,
            config,
            recorder: Recorder::newer("default-scheduler"),
            cache: Store::default(),
            agenda: BTreeMap::new(),
            sequence: 0,
            seen: 0,
            printed: 0,
            log: Vec::new(),
            expected: false,
        };
        rig.create(Kind::Namespace, json!({"metadata": {"name": "default"}}));
        rig
    }

    /// A cluster of `node-1` to `node-<n>`, 4 CPU and 8Gi each, in the zones given in turn.
    pub fn new(n: usize, zones: &[&str]) -> Rig {
        let mut rig = Rig::empty();
        for i in 1..=n {
            let zone = zones.get((i - 1) % zones.len().max(1)).copied().unwrap_or("");
            rig.add_node(&format!("node-{i}"), zone);
        }
        rig.settle();
        rig.log.clear();
        rig
    }

    pub fn add_node(&mut self, name: &str, zone: &str) {
        let mut labels = json!({"kubernetes.io/hostname": name});
        if !zone.is_empty() {
            labels["topology.kubernetes.io/zone"] = json!(zone);
        }
        let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
        self.create(
            Kind::Node,
            json!({
                "metadata": {"name": name, "labels": labels},
                "status": {"allocatable": allocatable},
            }),
        );
        // A new Node is tainted until it has been seen Ready; here nobody looks.
        let key = Key::global(name);
        let mut node = (**self.server.store.get::<Node>(&key).expect("it was made")).clone();
        node.spec.taints.clear();
        let written = self.server.update(self.now, Object::Node(Rc::new(node)));
        written.expect("a Node may lose its taints");
    }

    /// Stops the scheduler and starts it with an empty memory.
    pub fn restart(&mut self) {
        self.agenda.clear();
        self.expected = false;
        self.scheduler = Scheduler::default();
        self.cache = self.server.store.clone();
        self.seen = self.cache.revision();
        let store = self.cache.clone();
        for kind in Kind::ALL {
            for object in store.list_objects(*kind) {
                let change = Change {
                    revision: self.seen,
                    kind: *kind,
                    key: object.key(),
                    old: None,
                    new: Some(object.clone()),
                };
                self.act(|scheduler, cx, timers| scheduler.observe(cx, &change, timers));
            }
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Scheduler, &mut ControlPlane<'_>, &mut Timers<Wake>)) {
        if self.forgetful {
            self.scheduler.forget_verdicts();
        }
        let mut timers = Timers::default();
        let mut cx = ControlPlane {
            now: self.now,
            config: &self.config,
            cache: self.cache.clone(),
            server: &mut self.server,
            recorder: &mut self.recorder,
            waits: &mut self.waits,
            visits: &mut self.visits,
        };
        act(&mut self.scheduler, &mut cx, &mut timers);
        for (at, wake) in timers.drain() {
            self.schedule(at, Due::Wake(wake));
        }
    }

    fn schedule(&mut self, at: SimTime, due: Due) {
        self.sequence += 1;
        self.agenda.insert((at.max(self.now), self.sequence), due);
    }

    fn announce(&mut self) {
        let written: Vec<Rc<Change>> = self.server.log.after(self.printed).cloned().collect();
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
        match due {
            Due::Deliver => {
                self.expected = false;
                self.cache = self.server.store.clone();
                let changes: Vec<Rc<Change>> = self.server.log.after(self.seen).cloned().collect();
                self.seen = self.server.store.revision();
                self.server.log.trim(self.seen);
                for change in changes {
                    self.act(|scheduler, cx, timers| scheduler.observe(cx, &change, timers));
                }
            }
            Due::Wake(wake) => self.act(|scheduler, cx, timers| scheduler.wake(cx, wake, timers)),
        }
        self.announce();
        true
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

    /// Runs for a second, in which everything that does not wait for time is done.
    pub fn settle(&mut self) {
        self.run_to(self.now.0 + 999);
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<SimTime> {
        let expected = |at: SimTime, due: &Due| match due {
            Due::Deliver => true,
            Due::Wake(wake) => self.scheduler.expects(at, wake),
        };
        let mut all = self.agenda.iter();
        all.find(|((at, _), due)| expected(*at, due)).map(|((at, _), _)| *at)
    }

    pub fn create(&mut self, kind: Kind, value: Value) {
        let object = Object::read(kind, &value, &mut Reader::default());
        let made = self.server.create(self.now, object);
        made.unwrap_or_else(|status| panic!("refused: {status}"));
        self.announce();
    }

    /// Creates the objects of some YAML, in the namespace `default` where they live in one.
    pub fn apply(&mut self, yaml: &str) {
        for document in serde_yaml::Deserializer::from_str(yaml) {
            let mut value = Value::deserialize(document).expect("the YAML is in order");
            let kind = value["kind"].as_str().and_then(Kind::by_name).expect("a known kind");
            if kind.info().namespaced && value["metadata"]["namespace"].is_null() {
                value["metadata"]["namespace"] = json!("default");
            }
            self.create(kind, value);
        }
    }

    /// A Pod of one container; `spec` (YAML) is added to its spec.
    pub fn pod(&mut self, name: &str, spec: &str) {
        let mut fields: Value = serde_yaml::from_str(spec).expect("the YAML is in order");
        if !fields.is_object() {
            fields = json!({});
        }
        let mut container = json!({"name": "c", "image": "nginx"});
        for key in ["resources", "ports"] {
            if let Some(value) = fields.as_object_mut().and_then(|fields| fields.remove(key)) {
                container[key] = value;
            }
        }
        fields["containers"] = json!([container]);
        let labels = fields.as_object_mut().and_then(|fields| fields.remove("labels"));
        let value = json!({
            "metadata": {
                "name": name, "namespace": "default",
                "labels": labels.unwrap_or(json!({"app": "web"})),
            },
            "spec": fields,
        });
        self.create(Kind::Pod, value);
        self.settle();
    }

    pub fn delete(&mut self, kind: Kind, name: &str) {
        let namespace = if kind.info().namespaced { "default" } else { "" };
        let key = Key::new(namespace, name);
        let options = DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::default() };
        let answer = self.server.delete(self.now, kind, &key, &options);
        answer.unwrap_or_else(|status| panic!("refused: {status}"));
        self.announce();
    }

    /// Changes an object, wishes and status alike.
    pub fn change<T: Resource>(&mut self, name: &str, change: impl Fn(&mut T)) {
        let namespace = if T::KIND.info().namespaced { "default" } else { "" };
        let key = Key::new(namespace, name);
        for part in [ApiServer::update, ApiServer::update_status] {
            let old = self.server.store.get::<T>(&key).expect("it is there");
            let mut object = (**old).clone();
            change(&mut object);
            object.meta_mut().resource_version = ResourceVersion(0);
            let answer = part(&mut self.server, self.now, T::wrap(Rc::new(object)));
            answer.unwrap_or_else(|status| panic!("refused: {status}"));
        }
        self.announce();
    }

    /// The node of a Pod; empty if it has none.
    pub fn node_of(&self, name: &str) -> String {
        let pod = self.server.store.get::<Pod>(&Key::new("default", name));
        pod.expect("it is there").spec.node_name.to_string()
    }

    /// What its PodScheduled condition says.
    pub fn why(&self, name: &str) -> String {
        let pod = self.server.store.get::<Pod>(&Key::new("default", name)).expect("it is there");
        let found = condition(&pod.status.conditions, "PodScheduled");
        found.map(|c| c.message.to_string()).unwrap_or_default()
    }

    /// The table of the latest decision on a Pod, a line a node, ordered by name.
    pub fn table(&self, name: &str) -> String {
        let decision = self.scheduler.decision(&Key::new("default", name)).expect("one was made");
        let mut lines: Vec<String> = Vec::new();
        for row in &decision.rows {
            let what = match &row.verdict {
                Verdict::Fits { total, .. } => {
                    let scores = row.scores();
                    assert_eq!(scores.iter().map(|p| p.score * p.weight).sum::<i64>(), *total);
                    let points = |p: &Points| format!("{} {}", p.plugin.name(), p.score * p.weight);
                    let scores: Vec<String> = scores.iter().map(points).collect();
                    format!("{total}: {}", scores.join(", "))
                }
                Verdict::Filtered { plugin, reason } => format!("{}: {reason}", plugin.name()),
            };
            lines.push(format!("{} {what}", row.node));
        }
        lines.sort();
        lines.join("\n")
    }

    /// What was written since the last call: a line each, with the time in seconds.
    pub fn transcript(&mut self) -> String {
        std::mem::take(&mut self.log).concat()
    }

    fn note(&mut self, change: &Change) {
        let Some(text) = line(change) else { return };
        let verb = match (&change.old, &change.new) {
            (None, _) => "ADD",
            (_, None) => "DEL",
            _ => "MOD",
        };
        let (s, ms) = (self.now.0 / 1000, self.now.0 % 1000);
        let line = format!("{s}.{ms:03} {verb} {text}\n");
        if self.log.last() != Some(&line) {
            self.log.push(line);
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

    /// Compares the transcript with `tests/scheduler/<name>.txt`; `UPDATE=1` writes that file
    /// instead.
    pub fn check(&mut self, name: &str) {
        let actual = self.transcript();
        let path = format!("{}/tests/scheduler/{name}.txt", env!("CARGO_MANIFEST_DIR"));
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
        Object::Pod(pod) => {
            let mut text = format!("Pod {name} node={}", pod.spec.node_name);
            if !pod.status.nominated_node_name.is_empty() && !pod.is_assigned() {
                text.push_str(&format!(" nominated={}", pod.status.nominated_node_name));
            }
            if pod.is_terminating() {
                text.push_str(" DELETING");
            }
            // What binding writes beside the node is not the scheduler's.
            if pod.is_assigned() {
                return Some(text);
            }
            for found in &pod.status.conditions {
                let (kind, status) = (&found.kind, &found.status);
                text.push_str(&format!(" {kind}={status}/{} {}", found.reason, found.message));
            }
            text
        }
        Object::Event(event) => format!(
            "Event {} Pod/{} {} x{} {}",
            event.kind,
            event.involved_object.name,
            event.reason,
            event.series.as_ref().map_or(1, |series| series.count),
            match event.message.split_once("Preempted by pod ") {
                Some((_, rest)) => format!("Preempted by pod <uid>{}", &rest[36..]),
                None => event.message.to_string(),
            }
        ),
        Object::PersistentVolumeClaim(claim) => {
            let annotations: Vec<String> =
                claim.meta.annotations.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("Claim {name} volume={} {}", claim.spec.volume_name, annotations.join(" "))
        }
        Object::PersistentVolume(volume) => {
            let of = volume.spec.claim_ref.as_ref().map(|kept| kept.name.to_string());
            format!("Volume {name} claim={}", of.unwrap_or_default())
        }
        Object::Node(node) => format!("Node {name} unschedulable={}", node.spec.unschedulable),
        _ => return None,
    })
}
