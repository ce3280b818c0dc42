//! A cluster, and everything it writes about DaemonSets, Jobs and their Pods, a line a write.

use playground::api::batch::Job;
use playground::api::core::pod::Pod;
use playground::api::json::Json;
use playground::api::kinds::{Key, Kind, Object, ObjectRef};
use playground::apiserver::patch::{Patch, PatchType};
use playground::apiserver::watch::Change;
use playground::base::lang::Lang;
use playground::base::time::Span;
use playground::cluster::input::{Cascade, Input};
use playground::cluster::world::World;
use playground::config::Config;
use playground::explain::{plain, sentence};
use playground::kubectl::print::{self, Look};
use serde_json::{Value, json};

/// Longer than anything takes that is not waited for by people.
const LONG: u64 = 900_000;

pub struct Film {
    pub world: World,
    folder: &'static str,
    seen: u64,
    out: String,
}

fn key(kind: Kind, name: &str) -> Key {
    if kind.info().namespaced { Key::new("default", name) } else { Key::global(name) }
}

impl Film {
    /// A cluster of three nodes in which nothing runs; transcripts lie in `tests/<folder>`.
    pub fn new(folder: &'static str) -> Film {
        let world = World::new(Config::default());
        let mut film = Film { world, folder, seen: 0, out: String::new() };
        film.pass(6_000);
        film.out.clear();
        film
    }

    pub fn say(&mut self, text: &str) {
        self.out.push_str(&format!("> {text}\n"));
    }

    pub fn said(&mut self, lines: &[String]) {
        lines.iter().for_each(|line| self.out.push_str(&format!("  {}\n", masked(line))));
    }

    /// Time passes.
    pub fn pass(&mut self, millis: u64) {
        let until = self.world.now + Span::millis(millis);
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.write_down();
        }
        // It passes only as far as something is waited for.
        if millis != LONG {
            self.world.run_until(until, 1);
        }
    }

    /// Until nothing is due any more.
    pub fn settle(&mut self) {
        self.pass(LONG);
    }

    fn write_down(&mut self) {
        let changes: Vec<_> = self.world.server.log.after(self.seen).cloned().collect();
        self.seen = self.world.store().revision();
        for text in changes.iter().filter_map(|change| line(change)) {
            let now = self.world.now;
            self.out.push_str(&format!("{now}.{:03} {text}\n", now.0 % 1000));
        }
    }

    pub fn act(&mut self, what: &str, input: &Input, millis: u64) {
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
        let text = |value: &Value| value.as_str().unwrap_or("").to_string();
        let what = format!("apply {} {}", text(&object["kind"]), text(&object["metadata"]["name"]));
        self.act(&what, &Input::Apply { text: object.to_string().into() }, millis);
    }

    pub fn delete(&mut self, kind: Kind, name: &str, cascade: Cascade, millis: u64) {
        let (namespace, name) = (key(kind, name).namespace.to_string(), name.to_string());
        let kind = kind.info().name.to_string();
        let input = Input::Delete { kind, namespace, name, grace: None, cascade };
        let what = input.command();
        self.act(&what, &input, millis);
    }

    pub fn power(&mut self, node: &str, on: bool, millis: u64) {
        let input = Input::power(node, on);
        let what = input.command();
        self.act(&what, &input, millis);
    }

    pub fn component(&mut self, name: &str, on: bool) {
        let input = Input::component(name, on);
        let what = input.command();
        self.act(&what, &input, LONG);
    }

    pub fn patch_for(&mut self, kind: Kind, name: &str, body: Value, millis: u64) {
        self.say(&format!("patch {} {name} {body}", kind.info().singular));
        let mut patch = Patch::parse(PatchType::Merge, &body.to_string()).expect("it is JSON");
        patch.status = body.get("status").is_some();
        let key = key(kind, name);
        let done = self.world.request(|server, now| server.patch(now, kind, &key, &patch));
        if let Err(status) = done {
            self.said(&[status.to_string()]);
        }
        self.write_down();
        self.pass(millis);
    }

    pub fn patch(&mut self, kind: Kind, name: &str, body: Value) {
        self.patch_for(kind, name, body, LONG);
    }

    /// The name of the `nth` Pod: those that have not ended first, then in the order of names.
    pub fn pod(&self, nth: usize) -> String {
        let mut pods: Vec<_> = self.world.store().list::<Pod>().collect();
        pods.sort_by_key(|pod| pod.is_terminal());
        pods.get(nth).expect("there are so many").meta.name.to_string()
    }

    /// What is waited for, in sentences.
    pub fn say_waits(&mut self, kind: Kind, name: &str) {
        self.say("what is waited for");
        let subject = ObjectRef::new(kind, key(kind, name));
        let (now, store) = (self.world.now, self.world.store());
        let about = |wait: &&playground::trace::Wait| {
            wait.subject == subject || kind == Kind::DaemonSet && wait.subject.kind == Kind::Pod
        };
        let waits = self.world.waits.iter().filter(about);
        let lines: Vec<String> =
            waits.map(|wait| plain(&sentence(wait, store, now, Lang::En))).collect();
        self.said(&lines);
    }

    /// `kubectl get -o wide`.
    pub fn get(&mut self, kind: Kind) {
        self.say(&format!("kubectl get {} -o wide", kind.info().plural));
        let objects: Vec<Object> = self.world.store().list_objects(kind).cloned().collect();
        let look = Look { wide: true, ..Look::default() };
        let text = print::text(&objects, kind, look, self.world.now);
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_string()).collect();
        self.said(&lines);
    }

    /// A field as it is stored.
    pub fn show(&mut self, kind: Kind, name: &str, path: &str) {
        self.say(&format!("{path} of {} {name}", kind.info().singular));
        let object = self.world.store().object(kind, &key(kind, name)).expect("it is there");
        let value = object.to_value();
        let value = value.pointer(path).unwrap_or(&Value::Null).to_string();
        self.said(&[value]);
    }

    /// Compares with `tests/<folder>/<name>.txt`.
    pub fn check(&mut self, name: &str) {
        let folder = format!("{}/tests/{}", env!("CARGO_MANIFEST_DIR"), self.folder);
        let path = format!("{folder}/{name}.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &self.out).expect("the folder is there");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(self.out == expected, "{name} went differently:\n{}", self.out);
    }
}

/// Without uids.
fn masked(text: &str) -> String {
    let mut words: Vec<String> =
        text.split_inclusive(['=', '"', ' ', ',']).map(String::from).collect();
    for word in &mut words {
        let bare = word.trim_end_matches(['"', ',', ' ']);
        if bare.len() == 36 && bare.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            *word = word.replacen(&bare.to_string(), "UID", 1);
        }
    }
    words.concat()
}

/// What a write did, if it is about such an object.
fn line(change: &Change) -> Option<String> {
    let object = change.object()?;
    let verb = match (change.is_added(), change.is_removed()) {
        (true, _) => "ADD",
        (_, true) => "DEL",
        _ => "MOD",
    };
    let name = &object.meta().name;
    let text = match object {
        Object::DaemonSet(set) => {
            let s = &set.status;
            format!(
                "set {name} gen={}/{} desired={} current={} ready={} updated={} available={} \
                 misscheduled={}",
                s.observed_generation,
                set.meta.generation,
                s.desired_number_scheduled,
                s.current_number_scheduled,
                s.number_ready,
                s.updated_number_scheduled,
                s.number_available,
                s.number_misscheduled
            )
        }
        Object::Job(job) => job_line(job),
        Object::ControllerRevision(revision) => format!("revision {name} {}", revision.revision),
        Object::Pod(pod) => {
            if verb == "MOD"
                && change.old::<Pod>().is_some_and(|old| pod_line(old) == pod_line(pod))
            {
                return None;
            }
            pod_line(pod)
        }
        Object::Event(event) => {
            let about = &event.involved_object;
            if !matches!(&*about.kind, "DaemonSet" | "Job") {
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
    let end = if object.meta().is_terminating() { " DELETING" } else { "" };
    Some(format!("{verb} {text}{end}"))
}

fn pod_line(pod: &Pod) -> String {
    let phase = pod.status.phase.write();
    let node = if pod.spec.node_name.is_empty() { "-" } else { &pod.spec.node_name };
    let ready = if pod.is_ready() { " Ready" } else { "" };
    let free = pod.meta.owner_references.is_empty();
    let held = if pod.meta.finalizers.is_empty() { "" } else { " held" };
    let restarts: i32 = pod.status.container_statuses.iter().map(|c| c.restart_count).sum();
    let restarts = if restarts > 0 { format!(" restarts={restarts}") } else { String::new() };
    format!(
        "pod {} {node} {}{ready}{restarts}{held}{}{}",
        pod.meta.name,
        phase.as_str().unwrap_or(""),
        if free { " free" } else { "" },
        if pod.is_terminating() { " going" } else { "" },
    )
}

fn job_line(job: &Job) -> String {
    let s = &job.status;
    let mut text = format!(
        "job {} active={} ready={} terminating={} succeeded={} failed={}",
        job.meta.name,
        s.active,
        s.ready.unwrap_or(0),
        s.terminating.unwrap_or(0),
        s.succeeded,
        s.failed
    );
    let uncounted = s.uncounted_terminated_pods.clone().unwrap_or_default();
    for (what, count) in
        [("succeeded", uncounted.succeeded.len()), ("failed", uncounted.failed.len())]
    {
        if count > 0 {
            text.push_str(&format!(" +{count} {what}"));
        }
    }
    for (what, all) in [("done", Some(&s.completed_indexes)), ("lost", s.failed_indexes.as_ref())] {
        if let Some(all) = all.filter(|all| !all.is_empty()) {
            text.push_str(&format!(" {what}={all}"));
        }
    }
    let held = s.conditions.iter().filter(|condition| &*condition.status == "True");
    let held: Vec<String> = held.map(|c| format!("{}:{}", c.kind, c.reason)).collect();
    if !held.is_empty() {
        text.push_str(&format!(" [{}]", held.join(" ")));
    }
    text
}

/// `under` laid over `object` at `path`.
pub fn with(mut object: Value, path: &str, under: Value) -> Value {
    if let Some(place) = object.pointer_mut(path) {
        for (key, value) in under.as_object().into_iter().flatten() {
            place[key] = value.clone();
        }
    }
    object
}

/// A manifest of `kind`, whose Pods run `container`.
pub fn workload(kind: &str, name: &str, spec: Value, container: Value) -> Value {
    let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    let base = json!({"name": "main", "image": "registry.k8s.io/nginx-slim:0.21"});
    let container = with(base, "", container);
    let object = json!({
        "apiVersion": version, "kind": kind, "metadata": {"name": name},
        "spec": {"template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [container]},
        }},
    });
    with(object, "/spec", spec)
}
