//! A cluster, and everything it writes about a set, a line a write.

use playground::api::core::pod::Pod;
use playground::api::json::Json;
use playground::api::kinds::{Key, Kind, Object};
use playground::api::meta::ObjectMeta;
use playground::apiserver::patch::{Patch, PatchType};
use playground::apiserver::watch::Change;
use playground::base::time::Span;
use playground::cluster::input::{Cascade, Input};
use playground::cluster::world::World;
use playground::config::Config;
use playground::trace::Source;
use serde_json::{Value, json};

/// Longer than anything takes that is not waited for by people.
const LONG: u64 = 900_000;

pub struct Film {
    world: World,
    seen: u64,
    out: String,
}

/// The set `web`; `spec` is laid over its spec.
pub fn set(spec: Value) -> Value {
    let mut set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "serviceName": "nginx", "selector": {"matchLabels": {"app": "nginx"}},
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {"containers": [{
                    "name": "nginx", "image": "registry.k8s.io/nginx-slim:0.21",
                }]},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "www"}, "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
            }}],
        },
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        set["spec"][key] = value.clone();
    }
    set
}

fn key(kind: Kind, name: &str) -> Key {
    if kind.info().namespaced { Key::new("default", name) } else { Key::global(name) }
}

impl Film {
    /// A cluster without a set.
    pub fn empty() -> Film {
        Film::of(Config::default())
    }

    fn of(config: Config) -> Film {
        let mut film = Film { world: World::new(config), seen: 0, out: String::new() };
        film.pass(6_000);
        film.out.clear();
        film
    }

    /// A cluster in which the set `web` stands; how it came to be is not told.
    pub fn new(spec: Value) -> Film {
        Film::with_gate(spec, false)
    }

    pub fn with_gate(spec: Value, gate: bool) -> Film {
        let mut config = Config::default();
        config.flags.max_unavailable_stateful_set = gate;
        let mut film = Film::of(config);
        film.apply(set(spec));
        film.out.clear();
        film
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(&format!("> {text}\n"));
    }

    fn said(&mut self, lines: &[String]) {
        lines.iter().for_each(|line| self.out.push_str(&format!("  {line}\n")));
    }

    fn pass(&mut self, millis: u64) {
        let until = self.world.now + Span::millis(millis);
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.write_down();
        }
        // Time passes only if something was waited for.
        if millis != LONG {
            self.world.run_until(until, 1);
        }
    }

    fn write_down(&mut self) {
        let changes: Vec<_> = self.world.server.log.after(self.seen).cloned().collect();
        self.seen = self.world.store().revision();
        for text in changes.iter().filter_map(|change| line(change)) {
            let now = self.world.now;
            self.out.push_str(&format!("{now}.{:03} {text}\n", now.0 % 1000));
        }
    }

    fn act(&mut self, what: &str, input: &Input, millis: u64) {
        self.say(what);
        let lines = self.world.input(input).lines;
        self.said(&lines);
        self.write_down();
        self.pass(millis);
    }

    pub fn apply(&mut self, object: Value) {
        self.apply_for(object, LONG);
    }

    pub fn apply_for(&mut self, object: Value, millis: u64) {
        let what = format!(
            "apply {} {}",
            object["kind"].as_str().unwrap_or(""),
            object["metadata"]["name"].as_str().unwrap_or("")
        );
        self.act(&what, &Input::Apply { text: object.to_string().into() }, millis);
    }

    pub fn delete(&mut self, kind: Kind, name: &str, cascade: Cascade) {
        let (namespace, name) = ("default".to_string(), name.to_string());
        let kind = kind.info().name.to_string();
        let input = Input::Delete { kind, namespace, name, grace: None, cascade };
        let what = input.command();
        self.act(&what, &input, LONG);
    }

    pub fn delete_for(&mut self, kind: Kind, name: &str, millis: u64) {
        let (namespace, name) = ("default".to_string(), name.to_string());
        let (kind, cascade) = (kind.info().name.to_string(), Cascade::Background);
        let input = Input::Delete { kind, namespace, name, grace: None, cascade };
        let what = input.command();
        self.act(&what, &input, millis);
    }

    pub fn component(&mut self, name: &str, on: bool) {
        let input = Input::component(name, on);
        let what = input.command();
        self.act(&what, &input, LONG);
    }

    fn patched(&mut self, how: PatchType, kind: Kind, name: &str, body: Value, status: bool) {
        self.say(&format!("patch {} {name} {body}", kind.info().singular));
        let mut patch = Patch::parse(how, &body.to_string()).expect("it is JSON");
        patch.status = status;
        let key = key(kind, name);
        let done = self.world.request(|server, now| server.patch(now, kind, &key, &patch));
        if let Err(status) = done {
            self.said(&[status.to_string()]);
        }
        self.write_down();
        self.pass(LONG);
    }

    pub fn patch(&mut self, kind: Kind, name: &str, body: Value) {
        self.patched(PatchType::Merge, kind, name, body, false);
    }

    pub fn edit(&mut self, spec: Value) {
        self.patch(Kind::StatefulSet, "web", json!({ "spec": spec }));
    }

    pub fn image(&mut self, image: &str) {
        let containers = json!([{"name": "nginx", "image": image}]);
        let body = json!({"spec": {"template": {"spec": {"containers": containers}}}});
        self.patched(PatchType::Strategic, Kind::StatefulSet, "web", body, false);
    }

    /// A Pod ends for good, as one that its node has evicted or whose work is done.
    pub fn end_pod(&mut self, name: &str, phase: &str) {
        let body = json!({"status": {"phase": phase}});
        self.patched(PatchType::Merge, Kind::Pod, name, body, true);
    }

    /// What the set waits for.
    pub fn say_waits(&mut self) {
        self.say("what is waited for");
        let set = key(Kind::StatefulSet, "web");
        let waits = self.world.waits.said_by(Source::StatefulSet, Kind::StatefulSet, &set);
        let lines: Vec<String> = waits
            .iter()
            .map(|wait| {
                let on = wait.on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
                format!("{}{on}: {:?}", wait.subject, wait.because)
            })
            .collect();
        self.said(&lines);
    }

    /// The update strategy as it is stored.
    pub fn show_strategy(&mut self) {
        self.say("the strategy as it is stored");
        let set = self.world.store().object(Kind::StatefulSet, &key(Kind::StatefulSet, "web"));
        let value = set.expect("it is there").to_value();
        self.said(&[value["spec"]["updateStrategy"].to_string()]);
    }

    /// Compares with `tests/sets/<name>.txt`.
    pub fn check(&mut self, name: &str) {
        let path = format!("{}/tests/sets/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &self.out).expect("the folder is there");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(self.out == expected, "{name} went differently:\n{}", self.out);
    }
}

/// What a write did, if it is about a set.
fn line(change: &Change) -> Option<String> {
    let object = change.object()?;
    let verb = match (change.is_added(), change.is_removed()) {
        (true, _) => "ADD",
        (_, true) => "DEL",
        _ => "MOD",
    };
    let name = &object.meta().name;
    let text = match object {
        Object::StatefulSet(set) => {
            let s = &set.status;
            let collisions = s.collision_count.filter(|count| *count > 0);
            let collisions = collisions.map(|n| format!(" collisions={n}")).unwrap_or_default();
            format!(
                "set {name} gen={}/{} replicas={} ready={} available={} current={} updated={} \
                 {}->{}{collisions}",
                s.observed_generation,
                set.meta.generation,
                s.replicas,
                s.ready_replicas,
                s.available_replicas,
                s.current_replicas,
                s.updated_replicas,
                s.current_revision,
                s.update_revision
            )
        }
        Object::ControllerRevision(revision) => format!("revision {name} {}", revision.revision),
        Object::Pod(pod) => {
            let old = change.old::<Pod>();
            if old.is_some_and(|old| same(old, pod)) && verb == "MOD" {
                return None;
            }
            let ready = if pod.is_ready() { " Ready" } else { "" };
            let phase = pod.status.phase.write();
            format!("pod {name} {} {}{ready}", revision(pod), phase.as_str().unwrap_or(""))
        }
        Object::PersistentVolumeClaim(claim) => {
            let phase = claim.status.phase.write();
            let volume = &claim.spec.volume_name;
            let volume = if volume.starts_with("pvc-") { "pvc-…" } else { volume };
            format!("claim {name} {} {volume}", phase.as_str().unwrap_or(""))
        }
        Object::PersistentVolume(volume) if !name.starts_with("pvc-") => {
            let phase = volume.status.phase.write();
            format!("volume {name} {}", phase.as_str().unwrap_or(""))
        }
        Object::Event(event) => {
            let about = &event.involved_object;
            if &*about.kind != "StatefulSet" {
                return None;
            }
            let count = event.count.max(1);
            return Some(format!(
                "    {} {} ×{count}: {}",
                about.name, event.reason, event.message
            ));
        }
        _ => return None,
    };
    Some(format!("{verb} {text}{}", owners(object.meta())))
}

fn revision(pod: &Pod) -> &str {
    pod.meta.label("controller-revision-hash").map_or("-", |revision| revision)
}

/// Whether nothing that is shown has changed.
fn same(old: &Pod, new: &Pod) -> bool {
    old.is_ready() == new.is_ready()
        && old.status.phase == new.status.phase
        && old.is_terminating() == new.is_terminating()
        && old.meta.owner_references == new.meta.owner_references
        && old.meta.labels == new.meta.labels
}

/// Owners and finalizers, as far as they tell something.
fn owners(meta: &ObjectMeta) -> String {
    let owners = meta.owner_references.iter().map(|owner| format!(" of {}", owner.name));
    let mut text: String = owners.collect();
    if meta.is_terminating() {
        text.push_str(" DELETING");
    }
    text
}
