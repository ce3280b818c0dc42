//! The commands of transcripts, run against a session.

use playground::api::core::volume::PersistentVolumeClaim;
use playground::api::kinds::{Key, Kind, Object};
use playground::apiserver::{Answer, ApiServer};
use playground::base::lang::Lang;
use playground::base::time::{SimTime, Span};
use playground::client::request::{Answered, Request};
use playground::cluster::input::{Cascade, Input};
use playground::cluster::invariants::{self, Finding};
use playground::config::Config;
use playground::explain;
use playground::infra::fault::Fault;
use playground::kubectl::print::{self, Look};
use playground::kubectl::running::{self, Context, Files, Hub, Settings};
use playground::kubectl::yaml;
use playground::session::examples::EXAMPLES;
use playground::timeline::{Progress, SETTLE_LIMIT, Timeline};
use playground::trace::Because;
use playground::trace::Wait;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Runs a whole file and gives it back with what the system said this time.
/// Adds to `seen` the rules by which something waited meanwhile.
pub fn run_file(text: &str, seen: &mut BTreeSet<String>) -> String {
    let mut out = String::new();
    let mut run = Run::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("--- ") {
            run = Run::new();
        }
        if line.is_empty() || line.starts_with('#') || line.starts_with("--- ") {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if let Some(name) = line.strip_prefix("file ") {
            let mut manifest = String::new();
            for line in lines.by_ref() {
                out.push_str(line);
                out.push('\n');
                if line == "end" {
                    break;
                }
                manifest.push_str(line);
                manifest.push('\n');
            }
            run.files.insert(name.to_string(), manifest);
            continue;
        }
        // What was said last time.
        while lines.peek().is_some_and(|next| next.starts_with("  ")) {
            lines.next();
        }
        let answer = run.command(line);
        let world = run.timeline.world();
        let chain = explain::most_blocked(world).map_or(Vec::new(), |unready| unready.chain);
        seen.extend(world.waits.iter().chain(&chain).map(|wait| rule_of(&wait.because)));
        for said in answer {
            out.push_str(format!("  {said}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// The cluster as a command of kubectl reaches it.
struct Wire<'t> {
    timeline: &'t mut Timeline,
    line: &'t str,
}

impl Hub for Wire<'_> {
    fn now(&self) -> SimTime {
        self.timeline.now()
    }

    fn server(&self) -> &ApiServer {
        &self.timeline.world().server
    }

    fn send(&mut self, request: &Request) -> Answer<Answered> {
        let (line, request) = (self.line.to_string(), request.clone());
        self.timeline.act(Input::Request { line, request }).answer.expect("requests are answered")
    }
}

struct Run {
    timeline: Timeline,
    files: BTreeMap<String, String>,
}

impl Run {
    fn new() -> Run {
        let examples = EXAMPLES.iter().map(|e| (e.file.to_string(), e.text.to_string()));
        Run { timeline: Timeline::new(Config::default(), Vec::new()), files: examples.collect() }
    }

    fn command(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["$", "kubectl", ref rest @ ..] => self.kubectl(rest),
            ["advance", span] => self.advance(parse_span(span)),
            ["settle"] => self.settle(),
            ["step"] => {
                assert_eq!(self.timeline.step(1_000_000), Progress::Done);
                vec![self.clock()]
            }
            ["back"] => {
                let moved = self.timeline.step_back();
                vec![if moved { self.clock() } else { "already at the start".into() }]
            }
            ["seek", span] => {
                self.timeline.seek(SimTime(parse_span(span).0));
                vec![self.clock()]
            }
            ["show", what] => self.show(what),
            _ => self.act(Input::operate(line)),
        }
    }

    fn clock(&self) -> String {
        let now = self.timeline.now();
        format!("t={now}.{:03}", now.0 % 1000)
    }

    fn act(&mut self, input: Input) -> Vec<String> {
        let outcome = self.timeline.act(input);
        outcome.lines.iter().flat_map(|text| text.lines()).map(String::from).collect()
    }

    fn advance(&mut self, span: Span) -> Vec<String> {
        let until = self.timeline.now() + span;
        assert_eq!(self.timeline.run_until(until, 10_000_000), Progress::Done);
        vec![self.clock()]
    }

    fn settle(&mut self) -> Vec<String> {
        let limit = self.timeline.now() + SETTLE_LIMIT;
        assert_eq!(self.timeline.settle(limit, 10_000_000), Progress::Done);
        let settled = if self.timeline.is_settled() { "" } else { " (not settled)" };
        vec![format!("{}{settled}", self.clock())]
    }

    fn kubectl(&mut self, words: &[&str]) -> Vec<String> {
        match words {
            ["apply", "-f", file] => {
                let text = self.files.get(*file).expect("the file is given before").as_str();
                let text = text.into();
                self.act(Input::Apply { text })
            }
            ["get", kinds, rest @ ..] => self.get(kinds, rest),
            ["delete", kind, name, rest @ ..] => {
                let kind = Kind::by_word(kind).expect("a known kind");
                let namespace = if kind.info().namespaced { "default" } else { "" };
                self.act(Input::Delete {
                    kind: kind.info().name.into(),
                    namespace: namespace.into(),
                    name: (*name).into(),
                    grace: rest.contains(&"--force").then_some(0),
                    cascade: match rest {
                        ["--cascade=orphan"] => Cascade::Orphan,
                        ["--cascade=foreground"] => Cascade::Foreground,
                        _ => Cascade::Background,
                    },
                })
            }
            ["scale", "statefulset", name, replicas] => {
                let replicas = replicas.trim_start_matches("--replicas=");
                self.act(Input::Scale {
                    namespace: "default".into(),
                    name: (*name).into(),
                    replicas: replicas.parse().expect("a number of replicas"),
                })
            }
            ["taint", "node", node, taint] if taint.contains(":No") => {
                let on = !taint.ends_with('-');
                let (pair, effect) =
                    taint.trim_end_matches('-').split_once(':').expect("key=value:Effect");
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                let [node, key, value, effect] = [node, key, value, effect].map(String::from);
                self.act(Input::Taint { node, key, value, effect, on })
            }
            ["cordon", node] => self.act(Input::Cordon { node: (*node).into(), on: true }),
            ["uncordon", node] => self.act(Input::Cordon { node: (*node).into(), on: false }),
            _ => self.whole(words),
        }
    }

    /// Any other command of kubectl, to its end.
    fn whole(&mut self, words: &[&str]) -> Vec<String> {
        let line = format!("kubectl {}", words.join(" "));
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let mut running = running::start(&words, String::new());
        let (files, mut settings) = (Files::new(), Settings::default());
        let (mut said, limit) = (String::new(), self.timeline.now() + SETTLE_LIMIT);
        loop {
            let mut hub = Wire { timeline: &mut self.timeline, line: &line };
            let settings = &mut settings;
            let mut cx = Context { hub: &mut hub, files: &files, settings, pace: Span::ZERO };
            let poll = running.poll(&mut cx);
            poll.chunks.iter().for_each(|chunk| said.push_str(&chunk.text));
            match poll.progress {
                running::Progress::Done(0) => break,
                running::Progress::Done(code) => {
                    said.push_str(&format!("(exit code {code})\n"));
                    break;
                }
                _ => assert!(self.timeline.now() < limit, "{line} never ends"),
            }
            let next = self.timeline.now() + Span::millis(50);
            self.timeline.run_until(next, u64::MAX);
        }
        said.lines().map(String::from).collect()
    }

    fn get(&self, kinds: &str, rest: &[&str]) -> Vec<String> {
        let store = self.timeline.world().store();
        let many = kinds.contains(',');
        let mut out = Vec::new();
        for word in kinds.split(',') {
            let kind = Kind::by_word(word).unwrap_or_else(|| panic!("no kind {word:?}"));
            let name = rest.iter().find(|word| !word.starts_with('-'));
            if rest.contains(&"-oyaml") {
                let namespace = if kind.info().namespaced { "default" } else { "" };
                let key = Key::new(namespace, *name.expect("a name with -oyaml"));
                let object = store.object(kind, &key).expect("the object is there");
                out.extend(yaml::text(object).lines().map(String::from));
                continue;
            }
            let shown = |object: &&Object| {
                let meta = object.meta();
                (meta.namespace.is_empty() || &*meta.namespace == "default")
                    && name.is_none_or(|name| *meta.name == **name)
            };
            let objects: Vec<Object> = store.list_objects(kind).filter(shown).cloned().collect();
            let look = Look {
                wide: rest.contains(&"-owide"),
                with_kind: many,
                labels: rest.contains(&"--show-labels"),
                ..Look::default()
            };
            if objects.is_empty() {
                out.push(match name {
                    Some(name) => {
                        format!(
                            "Error from server (NotFound): {} {name:?} not found",
                            kind.info().resource()
                        )
                    }
                    None => "No resources found in default namespace.".to_string(),
                });
                continue;
            }
            let now = self.timeline.now();
            out.extend(print::text(&objects, kind, look, now).lines().map(String::from));
        }
        out
    }

    fn show(&self, what: &str) -> Vec<String> {
        let world = self.timeline.world();
        match what {
            "waits" => world
                .waits
                .iter()
                .map(|wait| {
                    let text = explain::plain(&explain::sentence(
                        wait,
                        world.store(),
                        world.now,
                        Lang::En,
                    ));
                    format!("{}: {text} Since {}.", wait.subject, wait.since)
                })
                .collect(),
            "because" => match explain::most_blocked(world) {
                Some(unready) => {
                    vec![explain::plain(&unready.sentence(world.store(), world.now, Lang::En))]
                }
                None => vec!["nothing waits".to_string()],
            },
            "ways" => {
                let chain = explain::most_blocked(world).map(|unready| unready.chain);
                let ways = explain::ways_out(world, &chain.unwrap_or_default(), Lang::En);
                let way =
                    |way: &explain::Way| format!("{}: {} {}", way.label, way.price, way.detail);
                ways.iter().map(way).collect()
            }
            "seats" => self.seats(),
            "processes" => {
                let line = |process: &playground::infra::process::Process| {
                    format!("{} runs on {}", process.key.name, process.node)
                };
                world.infra.processes.values().map(line).collect()
            }
            "disks" => world
                .infra
                .disks
                .values()
                .map(|disk| {
                    let attached: Vec<String> =
                        disk.attached.iter().map(|node| node.to_string()).collect();
                    format!("{} attached to [{}]", disk.handle, attached.join(", "))
                })
                .collect(),
            _ => self.show_trouble(what),
        }
    }

    fn show_trouble(&self, what: &str) -> Vec<String> {
        let world = self.timeline.world();
        match what {
            "faults" => {
                let line =
                    |fault: &Fault| format!("{} | {fault} | {}", fault.command(), fault.remedy());
                let all: Vec<String> = world.faults().map(line).collect();
                if all.is_empty() { vec!["nothing is broken".to_string()] } else { all }
            }
            "chain" => {
                let chain = explain::most_blocked(world).map(|unready| unready.chain);
                let say = |wait: &Wait| explain::sentence(wait, world.store(), world.now, Lang::En);
                let chain = chain.unwrap_or_default();
                chain.iter().map(|wait| explain::plain(&say(wait))).collect()
            }
            "findings" => {
                let mut all = Vec::new();
                for incident in world.incidents() {
                    all.push(explain::plain(&explain::incident(world, &incident, Lang::En)));
                }
                let others = invariants::findings(world);
                let others = others.iter().filter(|it| !matches!(it, Finding::TwoProcesses { .. }));
                all.extend(others.map(|finding| format!("{finding:?}")));
                if all.is_empty() { vec!["nothing amiss".to_string()] } else { all }
            }
            "writers" => {
                let mut all = Vec::new();
                for disk in world.infra.disks.values() {
                    for (pod, mount) in disk.mounts.iter() {
                        let name =
                            world.infra.processes.get(pod).map_or("nobody", |it| &it.key.name);
                        let how = match (mount.fenced, mount.writing) {
                            (true, _) => "writes into the void",
                            (false, Some(_)) => "writes",
                            (false, None) => "does not write",
                        };
                        let writes = disk.stamp(world.now).writes;
                        let disk = &disk.handle[..12];
                        all.push(format!("{disk} {writes}: {name} on {} {how}", mount.node));
                    }
                }
                all
            }
            _ => panic!("there is nothing to show under {what:?}"),
        }
    }
}

impl Run {
    /// What stays of each Pod's name, and what passes.
    fn seats(&self) -> Vec<String> {
        let world = self.timeline.world();
        let claims = world.store().list::<PersistentVolumeClaim>();
        let line = |claim: &Rc<PersistentVolumeClaim>| {
            let pod = claim.meta.name.split_once('-').map_or("", |(_, pod)| pod);
            let look = self.timeline.film().seat_at(&Key::new("default", pod), world.now);
            let passes = look.map_or("never a Pod".to_string(), |look| match look.state {
                None => format!("no Pod now, was #{}", look.incarnation),
                Some(state) => format!(
                    "Pod #{} {state:?} on {} at {}, uid {}",
                    look.incarnation,
                    look.node,
                    look.ip,
                    &look.uid.to_string()[..8]
                ),
            });
            let volume = &*claim.spec.volume_name;
            let disk = world.infra.disks.get(volume);
            let data = disk.map_or(String::new(), |disk| {
                let stamp = disk.stamp(world.now);
                format!("{} writes {}", stamp.writes, stamp.checksum)
            });
            format!("{pod} keeps {} {} with {data}; {passes}", claim.meta.name, &volume[..12])
        };
        claims.map(line).collect()
    }
}

/// The name of a rule, without what it holds.
fn rule_of(because: &Because) -> String {
    let text = format!("{because:?}");
    text.split(' ').next().unwrap_or(&text).to_string()
}

fn parse_span(text: &str) -> Span {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().expect("a number of time");
    match unit {
        "ms" => Span::millis(number),
        "s" => Span::seconds(number),
        "m" => Span::minutes(number),
        "h" => Span::minutes(number * 60),
        _ => panic!("no unit of time: {unit:?}"),
    }
}
