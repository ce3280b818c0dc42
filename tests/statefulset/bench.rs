//! A small cluster for the StatefulSet controller alone: the API server, the controller manager
//! with few of its controllers, and kubelets that do nothing until they are told.
//!
//! Not here: scheduling, volumes, node failures; those have tests of their own.

use playground::api::apps::stateful_set::StatefulSet;
use playground::api::core::pod::{Pod, PodPhase};
use playground::api::core::volume::PersistentVolumeClaim;
use playground::api::json::Reader;
use playground::api::kinds::{Key, Kind, Object};
use playground::api::meta::{Condition, ResourceVersion, set_condition};
use playground::apiserver::store::Store;
use playground::apiserver::watch::Change;
use playground::apiserver::{ApiServer, DeleteOptions};
use playground::base::prng::Prng;
use playground::base::time::{SimTime, Span};
use playground::base::timers::Timers;
use playground::config::Config;
use playground::controller::{ControllerId, Manager, Surroundings, Wake};
use playground::trace::{Source, Wait, Waits};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub struct Bench {
    pub now: SimTime,
    pub config: Config,
    pub server: ApiServer,
    pub waits: Waits,
    pub visits: u64,
    pub reconciles: u64,
    /// Every write since the start, oldest first.
    pub writes: Vec<Rc<Change>>,
    /// Keep `writes`; off for large runs.
    pub recording: bool,
    /// Pods that are never Ready.
    pub held: BTreeSet<String>,
    manager: Manager,
    agenda: BTreeMap<(SimTime, u64), Wake>,
    sequence: u64,
    cursor: u64,
}

/// Whose wakes are heeded.
const CONTROLLERS: [ControllerId; 2] = [ControllerId::StatefulSet, ControllerId::Disruption];

impl Bench {
    pub fn new(config: Config) -> Bench {
        let mut server = ApiServer::new(&Prng::new(config.seed));
        server.config.max_unavailable_stateful_set = config.flags.max_unavailable_stateful_set;
        let mut bench = Bench {
            now: SimTime::ZERO,
            server,
            config,
            waits: Waits::default(),
            visits: 0,
            reconciles: 0,
            writes: Vec::new(),
            recording: true,
            held: BTreeSet::new(),
            manager: Manager::default(),
            agenda: BTreeMap::new(),
            sequence: 0,
            cursor: 0,
        };
        bench.restart();
        bench
    }

    pub fn store(&self) -> &Store {
        &self.server.store
    }

    /// Starts the controller manager with an empty memory.
    pub fn restart(&mut self) {
        self.agenda.clear();
        self.deliver();
        let mut timers = Timers::default();
        self.manager.start(self.now, &self.server.store, &mut timers);
        self.schedule(timers);
    }

    fn schedule(&mut self, mut timers: Timers<Wake>) {
        for (at, wake) in timers.drain() {
            let (Wake::Work(id, _) | Wake::Later(id, _)) = &wake;
            if CONTROLLERS.contains(id) {
                self.sequence += 1;
                self.agenda.insert((at.max(self.now), self.sequence), wake);
            }
        }
    }

    /// Shows the manager what was written; says whether there was anything.
    fn deliver(&mut self) -> bool {
        let changes: Vec<Rc<Change>> = self.server.log.after(self.cursor).cloned().collect();
        if changes.is_empty() {
            return false;
        }
        self.cursor = self.server.store.revision();
        self.server.log.trim(self.cursor);
        self.manager.deliver(&self.server.store);
        let mut timers = Timers::default();
        for change in &changes {
            self.manager.observe(self.now, change, &mut timers);
        }
        self.schedule(timers);
        self.garbage(&changes);
        self.protection(&changes);
        if self.recording {
            self.writes.extend(changes);
        }
        true
    }

    /// Lets go of claims that are being deleted once no Pod uses them.
    fn protection(&mut self, changes: &[Rc<Change>]) {
        for change in changes {
            let claims: Vec<Key> = match change.object() {
                Some(Object::Pod(pod)) if change.is_removed() => {
                    pod.claim_names().map(|name| Key::new("default", name.clone())).collect()
                }
                Some(Object::PersistentVolumeClaim(_)) => vec![change.key.clone()],
                _ => continue,
            };
            for key in claims {
                let Some(claim) = self.server.store.get::<PersistentVolumeClaim>(&key) else {
                    continue;
                };
                let used = self.server.store.pods_using(&key).next().is_some();
                if used || !claim.meta.is_terminating() {
                    continue;
                }
                let mut claim = (**claim).clone();
                claim.meta.finalizers.retain(|name| !name.ends_with("pvc-protection"));
                let object = Object::PersistentVolumeClaim(Rc::new(claim));
                self.server.update(self.now, object).expect("nothing else changed it");
            }
        }
    }

    /// Deletes what belonged only to what is gone.
    fn garbage(&mut self, changes: &[Rc<Change>]) {
        for change in changes.iter().filter(|change| change.is_removed()) {
            let Some(gone) = change.object().map(|object| object.meta().uid) else { continue };
            let dependents: Vec<_> = self.server.store.dependents(gone).collect();
            for reference in dependents {
                let options = DeleteOptions::default();
                let _ = self.server.delete(self.now, reference.kind, &reference.key, &options);
            }
        }
    }

    fn wake(&mut self, wake: Wake) {
        self.reconciles += u64::from(matches!(wake, Wake::Work(ControllerId::StatefulSet, _)));
        let mut timers = Timers::default();
        let around = Surroundings {
            now: self.now,
            config: &self.config,
            server: &mut self.server,
            waits: &mut self.waits,
            visits: &mut self.visits,
        };
        self.manager.wake(around, wake, &mut timers);
        self.schedule(timers);
    }

    /// Runs until `until`: deliveries come 2 ms after the writes, timers when they are due.
    pub fn run_until(&mut self, until: SimTime) {
        loop {
            while let Some(entry) = self.agenda.first_entry()
                && entry.key().0 <= self.now
            {
                let wake = entry.remove();
                self.wake(wake);
            }
            let written = self.server.store.revision() > self.cursor;
            let next = if written {
                self.now + Span::millis(2)
            } else {
                self.agenda.first_key_value().map_or(SimTime(u64::MAX), |((at, _), _)| *at)
            };
            if next > until {
                break;
            }
            self.now = next;
            self.deliver();
        }
        self.now = until;
    }

    pub fn advance(&mut self, span: Span) {
        self.run_until(self.now + span);
    }

    /// Lets the controllers do what is due now, and what follows from it at once.
    pub fn settle(&mut self) {
        self.advance(Span::millis(20));
    }

    // ---- what users do ---------------------------------------------------------------------

    pub fn create(&mut self, kind: Kind, value: &Value) {
        let mut reader = Reader::default();
        let object = Object::read(kind, value, &mut reader);
        assert_eq!(reader.problems, []);
        self.server.create(self.now, object).expect("a good object");
    }

    pub fn set(&self) -> Rc<StatefulSet> {
        self.try_set().expect("the set exists")
    }

    pub fn try_set(&self) -> Option<Rc<StatefulSet>> {
        self.store().get::<StatefulSet>(&key("web")).cloned()
    }

    /// Changes the set as an edit does.
    pub fn edit(&mut self, change: impl FnOnce(&mut StatefulSet)) {
        let mut set = (*self.set()).clone();
        change(&mut set);
        // Whether or not the server counts generations by itself.
        let before = self.set().meta.generation;
        set.meta.resource_version = ResourceVersion(0);
        let new = self.server.update(self.now, Object::StatefulSet(Rc::new(set)));
        let new = new.expect("a good edit");
        if new.meta().generation == before {
            let mut new = new;
            new.meta_mut().generation += 1;
            new.meta_mut().resource_version = ResourceVersion(0);
            self.server.update(self.now, new).expect("a good edit");
        }
    }

    pub fn scale(&mut self, replicas: i32) {
        self.edit(|set| Rc::make_mut(&mut set.spec).replicas = Some(replicas));
    }

    pub fn image(&mut self, image: &str) {
        self.edit(|set| {
            let template = &mut Rc::make_mut(&mut set.spec).template;
            let containers = &mut Rc::make_mut(&mut template.spec).containers;
            Rc::make_mut(containers)[0].image = image.into();
        });
    }

    pub fn delete(&mut self, kind: Kind, name: &str) {
        let options = DeleteOptions::default();
        self.server.delete(self.now, kind, &key(name), &options).expect("it exists");
    }

    // ---- what kubelets and the scheduler do --------------------------------------------------

    pub fn pods(&self) -> Vec<Rc<Pod>> {
        self.store().list::<Pod>().cloned().collect()
    }

    pub fn pod(&self, name: &str) -> Option<Rc<Pod>> {
        self.store().get::<Pod>(&key(name)).cloned()
    }

    pub fn names(&self) -> String {
        let names: Vec<String> = self.pods().iter().map(|p| p.meta.name.to_string()).collect();
        names.join(" ")
    }

    /// Moves a Pod one step: bound, Running and Ready (never, if its image says `broken`), gone.
    /// Says whether there was a step to make.
    pub fn step(&mut self, name: &str) -> bool {
        let Some(pod) = self.pod(name) else { return false };
        let mut new = (*pod).clone();
        if pod.is_terminating() {
            let at_once = DeleteOptions { grace_period_seconds: Some(0), ..Default::default() };
            self.server.delete(self.now, Kind::Pod, &key(name), &at_once).expect("it exists");
            return true;
        }
        if !pod.is_assigned() {
            self.server.bind(self.now, &key(name), &"node-1".into()).expect("it can be bound");
            return true;
        }
        let broken = pod.spec.containers[0].image.contains("broken");
        let broken = broken || self.held.contains(name);
        if pod.is_terminal() || pod.is_ready() || (broken && pod.status.phase == PodPhase::Running)
        {
            return false;
        }
        new.status.phase = PodPhase::Running;
        ready(&mut new, !broken, self.now);
        self.update_pod_status(new);
        true
    }

    pub fn fail(&mut self, name: &str) {
        let mut pod = (*self.pod(name).expect("it exists")).clone();
        pod.status.phase = PodPhase::Failed;
        ready(&mut pod, false, self.now);
        self.update_pod_status(pod);
    }

    /// Makes a Pod not Ready, for good.
    pub fn unready(&mut self, name: &str) {
        self.held.insert(name.to_string());
        let mut pod = (*self.pod(name).expect("it exists")).clone();
        ready(&mut pod, false, self.now);
        self.update_pod_status(pod);
    }

    fn update_pod_status(&mut self, mut pod: Pod) {
        pod.meta.resource_version = ResourceVersion(0);
        self.server.update_status(self.now, Object::Pod(Rc::new(pod))).expect("it exists");
    }

    /// Moves every Pod one step; says whether any moved.
    pub fn step_all(&mut self) -> bool {
        let names: Vec<_> = self.pods().iter().map(|pod| pod.meta.name.clone()).collect();
        let moved: Vec<bool> = names.iter().map(|name| self.step(name)).collect();
        moved.contains(&true)
    }

    /// Lets everybody do their work until nothing moves any more.
    pub fn converge(&mut self) {
        for _ in 0..2000 {
            self.settle();
            if !self.step_all() {
                // Pauses after failures and minReadySeconds.
                self.advance(Span::seconds(8));
                if !self.step_all() {
                    return;
                }
            }
        }
        panic!("no end in sight:\n{}", self.describe());
    }

    pub fn said(&self) -> &[Wait] {
        self.waits.said_by(Source::StatefulSet, Kind::StatefulSet, &key("web"))
    }

    /// What waits, a line each: `pod/web-1 on pod/web-0: PredecessorNotReady`.
    pub fn waiting(&self) -> String {
        let line = |wait: &Wait| {
            let because = format!("{:?}", wait.because);
            let rule = because.split([' ', '{']).next().unwrap_or("");
            match &wait.on {
                Some(on) => format!("{} on {on}: {rule}\n", wait.subject),
                None => format!("{}: {rule}\n", wait.subject),
            }
        };
        self.said().iter().map(line).collect()
    }

    pub fn describe(&self) -> String {
        let mut out = format!("at {} ms\n", self.now.0);
        if let Some(set) = self.try_set() {
            out.push_str(&format!("{:?}\n", set.status));
        }
        for pod in self.pods() {
            let revision = pod.meta.label("controller-revision-hash").cloned();
            out.push_str(&format!(
                "{} {:?} ready={} terminating={} {:?}\n",
                pod.meta.name,
                pod.status.phase,
                pod.is_ready(),
                pod.is_terminating(),
                revision
            ));
        }
        out + &self.waiting()
    }

    /// All messages of Events about the set, with their reasons, in the order of their making.
    pub fn events(&self) -> Vec<String> {
        let event = |change: &Rc<Change>| match &change.new {
            Some(Object::Event(e)) if &*e.involved_object.kind == "StatefulSet" => {
                Some(format!("{} {}", e.reason, e.message))
            }
            _ => None,
        };
        self.writes.iter().filter_map(event).collect()
    }
}

fn ready(pod: &mut Pod, ready: bool, now: SimTime) {
    let status = if ready { "True" } else { "False" };
    let condition =
        Condition { kind: "Ready".into(), status: status.into(), ..Condition::default() };
    set_condition(&mut pod.status.conditions, condition, now);
}

pub fn key(name: &str) -> Key {
    Key::new("default", name)
}

/// A set called `web` with all defaults filled in; `spec` is laid over its spec.
pub fn web(replicas: i32, spec: &Value) -> Value {
    let container = json!({
        "name": "nginx", "image": "registry.k8s.io/nginx-slim:0.21",
        "imagePullPolicy": "IfNotPresent", "resources": {},
        "ports": [{"containerPort": 80, "name": "web", "protocol": "TCP"}],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"mountPath": "/usr/share/nginx/html", "name": "www"}],
    });
    let claim = json!({
        "metadata": {"name": "www"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    let mut set = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas, "serviceName": "nginx",
            "selector": {"matchLabels": {"app": "nginx"}},
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {
                    "containers": [container], "dnsPolicy": "ClusterFirst",
                    "restartPolicy": "Always", "securityContext": {},
                    "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
                },
            },
            "volumeClaimTemplates": [claim],
            "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain", "whenScaled": "Retain",
            },
        },
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        set["spec"][key] = value.clone();
    }
    set
}
