//! Deployments and ReplicaSets in a whole cluster, as transcripts: a command, then everything
//! that is written about them, their Pods and what people are told of them. Under
//! `tests/deployment/`; `UPDATE=1` writes them anew.
//!
//! Commands: `$ kubectl …` that writes, `advance 5s`, `settle`, `poweroff node-a`, `show waits`,
//! `file NAME` … `end`. Times and orders of real Kubernetes are in `tests/upstream`.

#[path = "kubectl/hub.rs"]
mod hub;

use playground::api::kinds::Object;
use playground::api::meta::Condition;
use playground::apiserver::watch::Change;
use playground::base::lang::Lang;
use playground::base::time::Span;
use playground::cluster::input::Input;
use playground::cluster::world::World;
use playground::config::Config;
use playground::explain;
use playground::kubectl::running::Files;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longer than anything takes that is not waited for by people.
const LONG: Span = Span::minutes(15);

struct Film {
    world: World,
    files: Files,
    seen: u64,
    last: BTreeMap<String, String>,
    out: String,
}

impl Film {
    fn new() -> Film {
        let mut film = Film {
            world: World::new(Config::default()),
            files: Files::default(),
            seen: 0,
            last: BTreeMap::new(),
            out: String::new(),
        };
        film.pass(Span::seconds(6));
        film.out.clear();
        film
    }

    fn say(&mut self, text: &str) {
        text.lines().for_each(|line| self.out.push_str(&format!("  {line}\n")));
    }

    fn command(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["$", ..] => {
                let said = hub::said(&mut hub::Wire(&mut self.world), &self.files, &line[2..]);
                self.say(&said);
                self.write_down();
            }
            ["advance", span] => {
                let seconds = span.trim_end_matches('s').parse().expect("so many seconds");
                self.pass(Span::seconds(seconds));
            }
            ["settle"] => self.settle(),
            ["show", "waits"] => {
                let world = &self.world;
                let say = |wait| explain::sentence(wait, world.store(), world.now, Lang::En);
                let all: Vec<String> =
                    world.waits.iter().map(|wait| explain::plain(&say(wait))).collect();
                all.iter().for_each(|line| self.say(line));
            }
            _ => {
                let lines = self.world.input(&Input::operate(line)).lines;
                lines.iter().for_each(|line| self.say(line));
                self.write_down();
            }
        }
    }

    fn pass(&mut self, span: Span) {
        let until = self.world.now + span;
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.write_down();
        }
        self.world.run_until(until, 1);
    }

    fn settle(&mut self) {
        let until = self.world.now + LONG;
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.write_down();
        }
    }

    fn write_down(&mut self) {
        let changes: Vec<_> = self.world.server.log.after(self.seen).cloned().collect();
        self.seen = self.world.store().revision();
        for change in &changes {
            let Some(text) = state(change) else { continue };
            let about = format!("{} {}", change.kind.info().name, change.key);
            let verb = match (change.is_added(), change.is_removed()) {
                (true, _) => "ADD",
                (_, true) => "DEL",
                _ => "MOD",
            };
            if verb == "MOD" && self.last.get(&about) == Some(&text) {
                continue;
            }
            self.last.insert(about, text.clone());
            let now = self.world.now;
            self.say(&format!("{now}.{:03} {verb} {text}", now.0 % 1000));
        }
    }
}

/// What matters of an object that was written.
fn state(change: &Change) -> Option<String> {
    let object = change.object()?;
    let name = &object.meta().name;
    let deleting = if object.meta().is_terminating() { " DELETING" } else { "" };
    let generations = |seen: i64| format!("gen {}/{seen}", object.meta().generation);
    let annotation = |key: &str| {
        let key = format!("deployment.kubernetes.io/{key}");
        object.meta().annotations.get(&key).map_or("-".to_string(), |text| text.to_string())
    };
    let terminating = |count: Option<i32>| count.map_or("-".into(), |count| count.to_string());
    Some(match object {
        Object::Deployment(it) => {
            let s = &it.status;
            format!(
                "Deployment {name} {} wants {}: {} Pods, {} new, {} ready, {} available, {} \
                 unavailable, {} terminating; revision {}{deleting}{}",
                generations(s.observed_generation),
                it.replicas(),
                s.replicas,
                s.updated_replicas,
                s.ready_replicas,
                s.available_replicas,
                s.unavailable_replicas,
                terminating(s.terminating_replicas),
                annotation("revision"),
                conditions(&s.conditions),
            )
        }
        Object::ReplicaSet(it) => {
            let s = &it.status;
            format!(
                "ReplicaSet {name} {} wants {}: {} Pods, {} ready, {} available, {} \
                 terminating; revision {}, of {}/{}{deleting}{}",
                generations(s.observed_generation),
                it.replicas(),
                s.replicas,
                s.ready_replicas,
                s.available_replicas,
                terminating(s.terminating_replicas),
                annotation("revision"),
                annotation("desired-replicas"),
                annotation("max-replicas"),
                conditions(&s.conditions),
            )
        }
        Object::Pod(pod) => {
            let owner =
                pod.meta.controller_of().map_or("nobody".into(), |owner| owner.name.clone());
            let ready = if pod.is_ready() { " ready" } else { "" };
            format!("Pod {name} of {owner} {}{ready}{deleting}", pod.status.phase.as_str())
        }
        Object::Event(event) => {
            let about = &event.involved_object;
            if !matches!(&*about.kind, "Deployment" | "ReplicaSet") {
                return None;
            }
            let (reason, message, count) = (&event.reason, &event.message, event.count);
            format!("Event x{count} {}/{} {reason}: {message}", about.kind, about.name)
        }
        Object::PodDisruptionBudget(budget) => {
            let s = &budget.status;
            format!(
                "PodDisruptionBudget {name} expects {}, needs {}, has {}, allows {}",
                s.expected_pods, s.desired_healthy, s.current_healthy, s.disruptions_allowed
            )
        }
        _ => return None,
    })
}

fn conditions(all: &[Condition]) -> String {
    let one = |condition: &Condition| {
        let (kind, status, reason) = (&condition.kind, &condition.status, &condition.reason);
        format!("; {kind}={status} {reason}")
    };
    all.iter().map(one).collect()
}

/// Plays a file and gives it back with what was said this time.
fn play(text: &str) -> String {
    let mut film = Film::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("  ") {
            continue;
        }
        film.out.push_str(line);
        film.out.push('\n');
        if let Some(name) = line.strip_prefix("file ") {
            let manifest: Vec<&str> = lines.by_ref().take_while(|line| *line != "end").collect();
            film.out.push_str(&format!("{}\nend\n", manifest.join("\n")));
            film.files.insert(name.into(), manifest.join("\n").into());
        } else if !line.is_empty() && !line.starts_with('#') {
            film.command(line);
        }
    }
    film.out
}

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deployment");
    let files = std::fs::read_dir(&root).expect("the folder is there");
    let mut files: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert!(files.len() > 5, "there are transcripts");
    let mut differing = Vec::new();
    for file in files {
        let expected = std::fs::read_to_string(&file).expect("a transcript is readable text");
        let got = play(&expected);
        if got == expected {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &got).expect("a transcript can be written");
            continue;
        }
        let at = expected.lines().zip(got.lines()).position(|(old, new)| old != new);
        let at = at.unwrap_or(expected.lines().count().min(got.lines().count()));
        let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_string();
        let name = file.file_name().unwrap_or_default().display();
        let (old, new) = (line(&expected), line(&got));
        differing.push(format!("{name}:{}\n  before: {old}\n  now:    {new}", at + 1));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
