//! A whole cluster whose Pods are given their nodes by hand, and a film of every write.

use playground::api::core::container::ContainerStatus;
use playground::api::core::pod::Pod;
use playground::api::json::Reader;
use playground::api::kinds::{Key, Kind, Object};
use playground::api::meta::ResourceVersion;
use playground::apiserver::DeleteOptions;
use playground::apiserver::watch::Change;
use playground::base::time::SimTime;
use playground::cluster::input::Input;
use playground::cluster::world::World;
use playground::config::{Config, MachineConfig, Storage};
use playground::trace::Source;
use serde_json::{Value, json};

/// A cluster and what was written so far.
pub struct Film {
    pub world: World,
    printed: u64,
    lines: Vec<String>,
}

/// The recordings' machines and times: no pull, 0.8 s to start, nothing to mount.
pub fn recorded() -> Config {
    let machines = (1..=3)
        .map(|n| MachineConfig {
            name: format!("node-{n}").into(),
            zone: "".into(),
            cpu: "4".into(),
            memory: "8Gi".into(),
            pods: 110,
            volumes: None,
        })
        .collect();
    let mut config = Config { machines, ..Config::default() };
    config.storage = Storage::None;
    config.timing.image_pull = playground::base::time::Span::ZERO;
    config.timing.container_start = playground::base::time::Span::millis(800);
    config.timing.mount = playground::base::time::Span::ZERO;
    config.timing.unmount = playground::base::time::Span::ZERO;
    config
}

impl Film {
    pub fn new(config: Config) -> Film {
        let world = World::new(config);
        let printed = world.store().revision();
        Film { world, printed, lines: Vec::new() }
    }

    /// A Pod on `node`, with `spec` laid over a plain one.
    pub fn pod(&mut self, name: &str, node: &str, spec: Value) {
        let mut whole = json!({
            "nodeName": node,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "containers": [{"name": "nginx", "image": "nginx:1"}],
            // The pod garbage collector and the eviction leave these Pods alone.
            "tolerations": [{"operator": "Exists"}],
        });
        for (key, value) in spec.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        let meta = json!({"name": name, "namespace": "default"});
        self.create(Kind::Pod, &json!({"metadata": meta, "spec": whole}));
    }

    pub fn create(&mut self, kind: Kind, value: &Value) {
        let object = Object::read(kind, value, &mut Reader::default());
        let now = self.world.now;
        self.world.server.create(now, object).expect("the object is new");
        self.note();
    }

    /// A claim for a volume of the default class.
    pub fn claim(&mut self, name: &str) {
        let spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "standard",
        });
        let meta = json!({"name": name, "namespace": "default"});
        self.create(Kind::PersistentVolumeClaim, &json!({"metadata": meta, "spec": spec}));
    }

    pub fn delete(&mut self, name: &str, grace: Option<i64>) {
        let now = self.world.now;
        let options = DeleteOptions { grace_period_seconds: grace, ..DeleteOptions::default() };
        let key = Key::new("default", name);
        self.world.server.delete(now, Kind::Pod, &key, &options).expect("the Pod is there");
        self.note();
    }

    pub fn delete_node(&mut self, name: &str) {
        let now = self.world.now;
        let (key, options) = (Key::global(name), DeleteOptions::default());
        self.world.server.delete(now, Kind::Node, &key, &options).expect("the Node is there");
        self.note();
    }

    /// Changes an object from outside.
    pub fn change(&mut self, kind: Kind, key: &Key, change: impl FnOnce(&mut Object)) {
        let mut object = self.world.store().object(kind, key).cloned().expect("it is there");
        change(&mut object);
        object.meta_mut().resource_version = ResourceVersion(0);
        let now = self.world.now;
        let status = matches!(object, Object::Node(_));
        let server = &mut self.world.server;
        let answer =
            if status { server.update_status(now, object) } else { server.update(now, object) };
        answer.expect("the change is allowed");
        self.note();
    }

    pub fn operate(&mut self, line: &str) {
        self.say(&format!("--- {line}"));
        assert!(!self.world.input(&Input::operate(line)).refused);
        self.note();
    }

    pub fn power(&mut self, node: &str, on: bool) {
        self.say(&format!("--- power of {node} {}", if on { "on" } else { "off" }));
        assert!(!self.world.input(&Input::power(node, on)).refused);
        self.note();
    }

    pub fn network(&mut self, node: &str, on: bool) {
        self.say(&format!("--- network of {node} {}", if on { "on" } else { "off" }));
        assert!(!self.world.input(&Input::network(node, on)).refused);
        self.note();
    }

    /// Runs until `millis` after the start.
    pub fn to(&mut self, millis: u64) {
        // What a test wrote by hand is heard of after any input, such as one that is refused.
        self.world.input(&Input::Cordon { node: "nowhere".into(), on: true });
        while self.world.take_wake(SimTime(millis)) {
            self.note();
        }
        self.world.run_until(SimTime(millis), 1);
    }

    /// Notes what the kubelets say they wait for, and what really runs.
    pub fn waits(&mut self) {
        let store = self.world.store();
        let keys = store.list::<Pod>().map(|pod| Key::of(&pod.meta));
        let mut said = Vec::new();
        for key in keys {
            for wait in self.world.waits.said_by(Source::Kubelet, Kind::Pod, &key) {
                let until = wait.until.map_or("-".into(), seconds);
                let on = wait.on.as_ref().map_or(String::new(), |on| format!(" on {on}"));
                let text = format!("waits{on}: {:?} until {until}", wait.because);
                said.push(format!("    {} {text}", wait.subject));
            }
        }
        said.iter().for_each(|line| self.say(line));
    }

    /// Notes what really runs.
    pub fn processes(&mut self) {
        let line = |process: &playground::infra::process::Process| {
            let names: Vec<&str> = process.containers.iter().map(|c| &*c.name).collect();
            let since = seconds(process.started);
            format!("    {} runs {names:?} on {} since {since}", process.key.name, process.node)
        };
        let mut lines: Vec<String> = self.world.infra.processes.values().map(line).collect();
        lines.sort();
        if lines.is_empty() {
            lines.push("    nothing runs".into());
        }
        lines.iter().for_each(|line| self.say(line));
    }

    /// Notes where disks are and how much was written to them.
    pub fn disks(&mut self) {
        let line = |disk: &playground::infra::disk::Disk| {
            let attached: Vec<&str> = disk.attached.iter().map(|node| &**node).collect();
            let writers: Vec<&str> = disk.writers().map(|(_, node)| &**node).collect();
            let writes = disk.stamp(self.world.now).writes;
            format!("    disk on {attached:?}, written from {writers:?}, {writes} writes")
        };
        let lines: Vec<String> = self.world.infra.disks.values().map(line).collect();
        lines.iter().for_each(|line| self.say(line));
    }

    pub fn say(&mut self, line: &str) {
        self.lines.push(line.to_string());
    }

    fn note(&mut self) {
        let after = self.world.server.log.after(self.printed).cloned().collect::<Vec<_>>();
        self.printed = self.world.store().revision();
        for change in after {
            if let Some(line) = line(&change) {
                self.lines.push(format!("{} {line}", seconds(self.world.now)));
            }
        }
    }

    /// Compares the film with `tests/kubelet/<name>.txt`; `UPDATE=1` writes that file instead.
    pub fn check(&self, name: &str) {
        let actual = self.lines.join("\n") + "\n";
        let path = format!("{}/tests/kubelet/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &actual).expect("the folder is there");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(actual == expected, "{name} went differently:\n{actual}");
    }
}

fn seconds(at: SimTime) -> String {
    format!("{}.{:03}", at.0 / 1000, at.0 % 1000)
}

fn line(change: &Change) -> Option<String> {
    let object = change.object()?;
    let what = match (change.is_added(), change.is_removed()) {
        (true, _) => "ADD",
        (_, true) => "DEL",
        _ => "MOD",
    };
    let text = match object {
        Object::Pod(pod) => pod_text(pod),
        Object::Event(event) if &*event.source.component == "kubelet" => {
            let about = &event.involved_object;
            format!(
                "Event {}/{} {} {} x{} {}",
                about.kind, about.name, event.kind, event.reason, event.count, event.message
            )
        }
        Object::VolumeAttachment(wish) => {
            format!("VolumeAttachment to {} {}", wish.spec.node_name, wish.status.attached)
        }
        Object::Lease(lease) => {
            let at = lease.spec.renew_time.map_or("-".into(), |at| seconds(at.0));
            format!("Lease {} renewing={} at {at}", lease.meta.name, lease.spec.renewing)
        }
        Object::Node(node) => {
            let taints: Vec<&str> = node.spec.taints.iter().map(|taint| &*taint.key).collect();
            let used = node.status.volumes_in_use.len();
            let attached = node.status.volumes_attached.len();
            format!(
                "Node {} Ready={} {taints:?} in use {used} attached {attached}",
                node.meta.name,
                node.ready()
            )
        }
        _ => return None,
    };
    Some(format!("{what} {text}"))
}

fn pod_text(pod: &Pod) -> String {
    let mut text = format!("Pod {} {}", pod.meta.name, pod.status.phase.as_str());
    if !pod.status.reason.is_empty() {
        text += &format!("/{}", pod.status.reason);
    }
    if let Some(grace) = pod.meta.deletion_grace_period_seconds {
        text += &format!(" deleting({grace})");
    }
    if !pod.status.pod_ip.is_empty() {
        text += &format!(" {}", pod.status.pod_ip);
    }
    for condition in &pod.status.conditions {
        let short: String = condition.kind.chars().filter(char::is_ascii_uppercase).collect();
        text += &format!(" {short}={}", &condition.status[..1]);
        if !condition.reason.is_empty() {
            text += &format!("({})", condition.reason);
        }
    }
    for status in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
        text += &container_text(status);
    }
    text
}

fn container_text(status: &ContainerStatus) -> String {
    let state = match &status.state {
        state if state.running.is_some() => "running".to_string(),
        state => match (&state.waiting, &state.terminated) {
            (Some(waiting), _) => format!("waiting:{}", waiting.reason),
            (_, Some(end)) => format!("{}({})", end.reason, end.exit_code),
            _ => "-".to_string(),
        },
    };
    let ready = if status.ready { " ready" } else { "" };
    let last = status.last_state.terminated.as_ref();
    let last = last.map_or(String::new(), |end| format!(" last {}({})", end.reason, end.exit_code));
    format!(" [{} {state}{ready} restarts {}{last}]", status.name, status.restart_count)
}
