//! A cluster without kubelets and scheduler: what those would do, a test does by hand. What is
//! written of claims, volumes, attachments and nodes is read as a transcript.

use playground::api::core::container::{ContainerState, ContainerStateRunning, ContainerStatus};
use playground::api::core::node::Node;
use playground::api::core::pod::{Pod, PodPhase};
use playground::api::core::volume::{PersistentVolume, PersistentVolumeClaim};
use playground::api::json::{MicroTime, Reader};
use playground::api::kinds::{Key, Kind, Object, Resource};
use playground::api::meta::{Condition, ResourceVersion, set_condition};
use playground::api::storage::{CSINode, Lease, VolumeAttachment};
use playground::apiserver::DeleteOptions;
use playground::apiserver::watch::Change;
use playground::base::Str;
use playground::base::time::{SimTime, Span};
use playground::client::volumes;
use playground::cluster::world::{Process, World};
use playground::config::{Config, Storage};
use playground::infra::machine::Machine;
use playground::trace::Wait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The cluster and what was written in it.
pub struct Hands {
    pub world: World,
    printed: u64,
    log: Vec<String>,
    /// Plain names for attachments and volumes, also for those that are gone.
    names: BTreeMap<Str, String>,
}

/// The recordings' delays.
pub fn recorded() -> Config {
    let mut config = Config { storage: Storage::Playground, ..Config::default() };
    config.machines = Vec::new();
    config.timing.provision = Span::millis(300);
    config.timing.attach = Span::millis(500);
    config.timing.detach = Span::millis(500);
    config
}

impl Hands {
    pub fn new(config: Config) -> Hands {
        let mut world = World::new(config.clone());
        world.stop(Process::Scheduler);
        world.stop(Process::Kubelets);
        for object in playground::csi::boot_objects(config.storage) {
            // A cluster that has them already keeps its own.
            let _ = world.server.create(SimTime::ZERO, object);
        }
        world.announce();
        let mut hands = Hands {
            printed: world.store().revision(),
            world,
            log: Vec::new(),
            names: BTreeMap::new(),
        };
        for (name, zone) in [("node-1", "a"), ("node-2", "b"), ("node-3", "c")] {
            hands.add_node(name, zone);
        }
        hands.skip_to(1000);
        hands
    }

    /// Runs until `millis`.
    pub fn run_to(&mut self, millis: u64) {
        self.note_writes();
        let mut steps = 0;
        while self.world.take_wake(SimTime(millis)) {
            self.note_writes();
            steps += 1;
            assert!(steps < 100_000, "no end in sight at {:?}", self.world.now);
        }
        self.world.now = self.world.now.max(SimTime(millis));
    }

    /// Runs until `millis` and forgets what was written.
    pub fn skip_to(&mut self, millis: u64) {
        self.run_to(millis);
        self.log.clear();
    }

    /// Writes a line into the transcript.
    pub fn say(&mut self, text: &str) {
        self.log.push(format!("# {text}\n"));
    }

    pub fn create(&mut self, kind: Kind, value: &Value) {
        let object = Object::read(kind, value, &mut Reader::default());
        let made = self.world.server.create(self.world.now, object);
        made.unwrap_or_else(|status| panic!("refused: {status}"));
        self.world.announce();
    }

    pub fn delete(&mut self, kind: Kind, key: &Key, grace: Option<i64>) {
        let options = DeleteOptions { grace_period_seconds: grace, ..DeleteOptions::default() };
        let gone = self.world.server.delete(self.world.now, kind, key, &options);
        gone.unwrap_or_else(|status| panic!("refused: {status}"));
        self.world.announce();
    }

    /// Changes wishes.
    pub fn change<T: Resource>(&mut self, key: &Key, change: impl FnOnce(&mut T)) {
        let object = self.changed(key, change);
        let done = self.world.server.update(self.world.now, object);
        done.unwrap_or_else(|status| panic!("refused: {status}"));
        self.world.announce();
    }

    /// Changes a status.
    pub fn change_status<T: Resource>(&mut self, key: &Key, change: impl FnOnce(&mut T)) {
        let object = self.changed(key, change);
        let done = self.world.server.update_status(self.world.now, object);
        done.unwrap_or_else(|status| panic!("refused: {status}"));
        self.world.announce();
    }

    fn changed<T: Resource>(&self, key: &Key, change: impl FnOnce(&mut T)) -> Object {
        let mut object = (**self.world.store().get::<T>(key).expect("it is there")).clone();
        change(&mut object);
        object.meta_mut().resource_version = ResourceVersion(0);
        T::wrap(Rc::new(object))
    }

    /// What a kubelet writes when its node starts.
    pub fn add_node(&mut self, name: &str, zone: &str) {
        let labels = json!({"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone});
        self.create(Kind::Node, &json!({"metadata": {"name": name, "labels": labels}}));
        let lease = json!({
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name},
        });
        self.create(Kind::Lease, &lease);
        self.create(Kind::CSINode, &json!({"metadata": {"name": name}}));
        let drivers = playground::csi::node_drivers(self.world.config.storage, &name.into(), None);
        self.change::<CSINode>(&Key::global(name), |node| node.spec.drivers = drivers);
        let machine = Machine {
            name: name.into(),
            zone: zone.into(),
            ..self.world.infra.machines.values().next().cloned().unwrap_or_else(no_machine)
        };
        self.world.infra.add_machine(machine);
        self.revive(name);
    }

    /// The kubelet renews its lease (again).
    pub fn revive(&mut self, name: &str) {
        let now = self.world.now;
        self.change::<Lease>(&Key::new("kube-node-lease", name), |lease| {
            lease.spec.renewing = true;
            lease.spec.renew_time = Some(MicroTime(now));
        });
        self.ready(name, "True");
    }

    /// The kubelet's lease is renewed no more.
    pub fn silence(&mut self, name: &str) {
        self.change::<Lease>(&Key::new("kube-node-lease", name), |lease| {
            lease.spec.renewing = false;
        });
    }

    /// The node's Ready condition.
    pub fn ready(&mut self, name: &str, status: &str) {
        let now = self.world.now;
        self.change_status::<Node>(&Key::global(name), |node| {
            let (kind, status) = ("Ready".into(), status.into());
            let condition = Condition { kind, status, ..Condition::default() };
            set_condition(&mut node.status.conditions, condition, now);
        });
    }

    /// What the kubelet of `node` says it uses, by claim.
    pub fn in_use(&mut self, node: &str, claims: &[&str]) {
        let name = |claim: &&str| {
            let volume = self.volume_of(claim);
            let csi = volume.spec.csi.as_ref().expect("it is a CSI volume");
            volumes::unique_name(&csi.driver, &csi.volume_handle)
        };
        let list: Vec<Str> = claims.iter().map(name).collect();
        self.change_status::<Node>(&Key::global(node), |node| node.status.volumes_in_use = list);
    }

    /// The kubelet of `node` says that it uses nothing.
    pub fn forget_use(&mut self, node: &str) {
        self.change_status::<Node>(&Key::global(node), |node| node.status.volumes_in_use.clear());
    }

    /// The volume behind a claim that is bound.
    pub fn volume_of(&self, claim: &str) -> Rc<PersistentVolume> {
        let key = Key::new("default", claim);
        volumes::volume_behind(self.world.store(), &key).expect("it is bound")
    }

    /// A claim of 1Gi of a class; of the default class if it is empty.
    pub fn claim(&mut self, name: &str, class: &str, mode: &str) {
        let mut spec =
            json!({"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}});
        if !class.is_empty() {
            spec["storageClassName"] = json!(class);
        }
        let meta = json!({"name": name, "namespace": "default"});
        self.create(Kind::PersistentVolumeClaim, &json!({"metadata": meta, "spec": spec}));
    }

    /// A Pod that uses the claim, bound to `node` if one is given.
    pub fn pod(&mut self, name: &str, claim: &str, node: &str) {
        let pod = json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "containers": [{"name": "nginx", "image": "nginx"}],
                "terminationGracePeriodSeconds": 30,
                "volumes": [{"name": "www", "persistentVolumeClaim": {"claimName": claim}}],
            },
        });
        self.create(Kind::Pod, &pod);
        if !node.is_empty() {
            let (now, key) = (self.world.now, Key::new("default", name));
            let bound = self.world.server.bind(now, &key, &node.into());
            bound.unwrap_or_else(|status| panic!("refused: {status}"));
            self.world.announce();
        }
    }

    /// The Pod's container runs.
    pub fn start(&mut self, name: &str) {
        self.change_status::<Pod>(&Key::new("default", name), |pod| {
            pod.status.phase = PodPhase::Running;
            let running = Some(ContainerStateRunning::default());
            let state = ContainerState { running, ..ContainerState::default() };
            let status =
                ContainerStatus { name: "nginx".into(), state, ..ContainerStatus::default() };
            pod.status.container_statuses = vec![status];
        });
    }

    /// The Pod object goes, now.
    pub fn vanish(&mut self, name: &str) {
        self.delete(Kind::Pod, &Key::new("default", name), Some(0));
    }

    /// Puts all waits there are into the transcript, a line each.
    pub fn note_waits(&mut self) {
        let seconds = |at: SimTime| format!("{}.{:03}", at.0 / 1000, at.0 % 1000);
        let line = |wait: &Wait| {
            let until = wait.until.map(|at| format!(" until {}", seconds(at)));
            let on = wait.on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
            let (subject, because, since) = (&wait.subject, &wait.because, seconds(wait.since));
            let until = until.unwrap_or_default();
            format!("  {subject}{on} waits: {because:?} since {since}{until}\n")
        };
        let lines: Vec<String> = self.world.waits.iter().map(line).collect();
        for line in lines {
            let line = self.plain(&line);
            self.log.push(line);
        }
    }

    /// Compares the transcript with `tests/volumes/<name>.txt`; `UPDATE=1` writes that file.
    pub fn check(&mut self, name: &str) {
        let actual = std::mem::take(&mut self.log).concat();
        let path = format!("{}/tests/volumes/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &actual).expect("the folder is there");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(actual == expected, "{name} went differently:\n{actual}");
    }

    fn note_writes(&mut self) {
        let changes: Vec<Rc<Change>> = self.world.server.log.after(self.printed).cloned().collect();
        self.printed = self.world.store().revision();
        for change in changes {
            let verb = match (&change.old, &change.new) {
                (None, _) => "ADD",
                (_, None) => "DEL",
                _ => "MOD",
            };
            let Some(text) = line(&change) else { continue };
            let (s, ms) = (self.world.now.0 / 1000, self.world.now.0 % 1000);
            let text = self.plain(&text);
            self.log.push(format!("{s}.{ms:03} {verb} {text}\n"));
        }
    }

    /// Says `vol(www-web-0)` and `va(www-web-0@node-1)` instead of uids and hashes.
    fn plain(&mut self, text: &str) -> String {
        let store = self.world.store();
        for claim in store.list::<PersistentVolumeClaim>() {
            let uid = format!("pvc-{}", claim.meta.uid).into();
            self.names.insert(uid, format!("vol({})", claim.meta.name));
        }
        for va in store.list::<VolumeAttachment>() {
            let volume = va.spec.source.persistent_volume_name.clone().unwrap_or_default();
            let volume = store.get::<PersistentVolume>(&Key::global(volume));
            let of = volume.and_then(|volume| volumes::claim_of(volume)).map(|claim| claim.name);
            let of = of.unwrap_or("?".into());
            self.names.insert(va.meta.name.clone(), format!("va({of}@{})", va.spec.node_name));
        }
        let plain = |text: String, (name, plain): (&Str, &String)| text.replace(&**name, plain);
        self.names.iter().fold(text.to_string(), plain)
    }
}

fn no_machine() -> Machine {
    let machine = json!({"cpu": "4", "memory": "16Gi"});
    let amount = |key: &str| {
        let text = machine[key].as_str().expect("it is text");
        playground::api::quantity::Quantity::parse(text).expect("it is a quantity")
    };
    Machine {
        number: 0,
        name: "".into(),
        zone: "".into(),
        cpu: amount("cpu"),
        memory: amount("memory"),
        pods: 110,
        volumes: None,
        powered: true,
        connected: true,
        since: SimTime::ZERO,
    }
}

fn line(change: &Change) -> Option<String> {
    let object = change.object()?;
    let name = &object.meta().name;
    let going = if object.meta().is_terminating() { " DELETING" } else { "" };
    Some(match object {
        Object::PersistentVolumeClaim(claim) => {
            let size = claim.status.capacity.get("storage").map(|q| format!(" {q}"));
            let volume = match &*claim.spec.volume_name {
                "" => String::new(),
                volume => format!(" -> {volume}"),
            };
            let marks: Vec<&str> = claim
                .meta
                .annotations
                .iter()
                .map(|(key, _)| key.rsplit_once('/').map_or(&**key, |(_, name)| name))
                .collect();
            let (phase, size) = (claim.status.phase.as_str(), size.unwrap_or_default());
            let class = claim.spec.storage_class_name.clone().unwrap_or("-".into());
            let marks = marks.join(" ");
            format!("Claim {name} {class} {phase}{size}{volume} [{marks}]{going}")
        }
        Object::PersistentVolume(volume) => {
            let finalizers: Vec<&str> =
                volume.meta.finalizers.iter().map(|f| f.split('/').next().unwrap_or("")).collect();
            let (phase, finalizers) = (volume.status.phase.as_str(), finalizers.join(" "));
            format!("Volume {name} {phase} {} [{finalizers}]{going}", volumes::capacity(volume))
        }
        Object::VolumeAttachment(va) => {
            let error = |error: &Option<playground::api::storage::VolumeError>| {
                error.as_ref().map(|error| format!(" error: {}", error.message))
            };
            let errors = error(&va.status.attach_error).or(error(&va.status.detach_error));
            let held = if va.meta.finalizers.is_empty() { "" } else { " held" };
            let errors = errors.unwrap_or_default();
            format!("Attachment {name} attached={}{held}{going}{errors}", va.status.attached)
        }
        Object::Node(node) => {
            let short = |name: &Str| {
                volumes::split_unique_name(name).map_or("?", |(_, handle)| handle).to_string()
            };
            let uses: Vec<String> = node.status.volumes_in_use.iter().map(short).collect();
            let has: Vec<String> =
                node.status.volumes_attached.iter().map(|it| short(&it.name)).collect();
            let (ready, uses, has) = (node.ready(), uses.join(" "), has.join(" "));
            format!("Node {name} Ready={ready} inUse=[{uses}] attached=[{has}]{going}")
        }
        Object::Pod(pod) => {
            format!("Pod {name} {} on {}{going}", pod.status.phase.as_str(), pod.spec.node_name)
        }
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
