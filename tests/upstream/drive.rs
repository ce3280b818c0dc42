//! Plays a recorded scenario's actions against the simulator and writes down what it wrote.
//!
use super::chance;
use super::cluster::{config, machine, set_timing, settings, start};
use super::compare::Record;
use super::errors::{self, Case};
use super::jobs::{Job, typed};
use super::pace::Pace;
use super::reduce;
use super::scenario::Scenario;
use playground::api::core::node::Node;
use playground::api::core::pod::Pod;
use playground::api::kinds::Key;
use playground::api::storage::{CSINode, VolumeNodeResources};
use playground::apiserver::http::{Request, Response};
use playground::base::Str;
use playground::base::time::{SimTime, Span};
use playground::client::api::Client;
use playground::cluster::input::Input;
use playground::cluster::world::{Process, World};
use playground::infra::Backend;
use playground::kubectl::running::Files;
use serde_json::{Value, json};
use std::rc::Rc;

/// A command has reached the server by then.
const STARTING: Span = Span::millis(200);

/// What makes a stand-in keep a Pod's readiness as it is.
const HOLD: &str = "oracle/hold-ready";

/// What one action answered.
pub struct Answer {
    /// The action's number.
    pub number: usize,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub code: i64,
    /// What the server answered if the action was a request.
    pub response: Option<Response>,
}

/// A played scenario.
#[derive(Default)]
pub struct Played {
    /// What was written, in the recordings' form.
    pub trace: Vec<Record>,
    /// What the commands and requests answered.
    pub answers: Vec<Answer>,
    /// What the single requests answered, in their order.
    pub cases: Vec<Response>,
    /// What typed commands answered that are no actions, by their numbers.
    pub typed: Vec<Answer>,
}

/// Plays `scenario` to the end of its recording.
pub fn play(scenario: &Scenario) -> Played {
    let mut driver = Driver::new(scenario);
    let mut cases = errors::cases(scenario).into_iter().peekable();
    let mut typed = typed(scenario).into_iter().peekable();
    for (number, action) in scenario.actions.iter().enumerate() {
        let at = Span::millis(takes_effect(scenario, action));
        while let Some(case) = cases.next_if(|case| case.at < at) {
            driver.type_until(&mut typed, case.at);
            driver.case(&case);
        }
        driver.type_until(&mut typed, at);
        driver.run_until(driver.start + at);
        driver.act(number, action);
    }
    for case in cases {
        driver.type_until(&mut typed, case.at);
        driver.case(&case);
    }
    driver.type_until(&mut typed, Span(u64::MAX / 4));
    let last = scenario.trace.last().and_then(|record| record["t_ms"].as_u64()).unwrap_or(0);
    let whole = scenario.about["seconds"].as_f64().unwrap_or(0.0) * 1000.0;
    driver.run_until(driver.start + Span::millis(last.max(whole as u64)));
    for mut job in std::mem::take(&mut driver.jobs) {
        driver.keep(&mut job);
    }
    driver.played
}

/// What kubelets tell but the stand-ins did not: that they start, that their node is Ready.
fn is_untold(record: &Record) -> bool {
    record.get("reason").is_some_and(|reason| reason == "NodeReady" || reason == "Starting")
        && record.get("source").is_some_and(|source| source == "kubelet")
}

/// When the server heard of an action: a command needs some time to start, so that is when its
/// first write came.
fn takes_effect(scenario: &Scenario, action: &Value) -> u64 {
    let begun = action["t_ms"].as_u64().unwrap_or(0);
    let ended = action["end_ms"].as_u64().unwrap_or(begun).min(begun + STARTING.0);
    let before = action["rv"].as_u64();
    let at = |record: &Record| record["t_ms"].as_u64().unwrap_or(0);
    let within =
        |record: &&Record| record["rv"].as_u64() > before && (begun..=ended).contains(&at(record));
    let command = action["cmd"].as_str().unwrap_or("");
    let words: Vec<&str> = command.split([' ', '/']).collect();
    let file = words.iter().find_map(|word| scenario.manifests.get(*word));
    // Others write meanwhile: better a write of what the command or its file names.
    let is_meant = |record: &&Record| {
        let name = record.get("name").and_then(Value::as_str).unwrap_or("");
        let line = format!("name: {name}");
        let in_file = |file: &String| file.lines().any(|text| text.trim().ends_with(&line));
        words.contains(&name) || !name.is_empty() && file.is_some_and(in_file)
    };
    let during = scenario.trace.iter().filter(within);
    let first = during.clone().find(is_meant).or_else(|| during.clone().next());
    first.map_or(begun, at)
}

pub(super) struct Driver<'s> {
    pub(super) world: World,
    scenario: &'s Scenario,
    pub(super) start: SimTime,
    revision: u64,
    pub(super) played: Played,
    pub(super) files: Files,
    /// Commands that go on.
    pub(super) jobs: Vec<Job>,
    /// How fast whom was in the recording.
    pace: Pace,
}

impl Answer {
    /// Nothing yet.
    pub fn new(number: usize) -> Answer {
        let (stdout, stderr) = (String::new(), String::new());
        Answer { number, stdout, stderr, code: 0, response: None }
    }
}

impl Driver<'_> {
    fn new(scenario: &Scenario) -> Driver<'_> {
        let mut world = World::new(config(scenario));
        world.infra.backend.careless = true;
        set_backend(&mut world.infra.backend, &settings(scenario));
        let start = start(scenario);
        let period = world.config.flags.node_monitor_period;
        // A rhythm of a second makes no difference.
        let slow = period > Span::seconds(1);
        if let Some(at) = chance::manager_start(&scenario.trace, start, period).filter(|_| slow) {
            while !world.run_until(at, 1_000_000) {}
            world.stop(Process::ControllerManager);
            world.start(Process::ControllerManager);
        }
        while !world.run_until(start, 1_000_000) {}
        if !world.config.replay.courses.is_empty() {
            // Its news come one by one, as over a watch.
            let lag = Input::operate("fault lag kube-controller-manager 1ms");
            assert!(!world.input(&lag).refused);
        }
        applied(&mut world);
        // What the cluster said while it began was deleted before each recording.
        for namespace in ["default", "kube-system"] {
            let path = format!("/api/v1/namespaces/{namespace}/events");
            let request = Request { method: "DELETE", path: &path, content_type: "", body: "" };
            world.request(|server, now| server.handle(now, &request));
        }
        let revision = world.store().revision();
        let played = Played::default();
        let text = |(name, text): (&String, &String)| (name.as_str().into(), text.as_str().into());
        let mut files = Files::new();
        for (name, text) in scenario.manifests.iter().map(text) {
            files.insert(name, text);
        }
        let pace = Pace::of(&scenario.trace, start);
        Driver { world, scenario, start, revision, played, files, jobs: Vec::new(), pace }
    }

    pub(super) fn run_until(&mut self, until: SimTime) {
        while let Some(first) = self.jobs.iter().filter_map(|job| job.until).min()
            && first <= until
        {
            self.run_wakes(first);
            self.poll_jobs();
            self.write_down();
        }
        self.run_wakes(until);
    }

    fn run_wakes(&mut self, until: SimTime) {
        while self.world.next_due().is_some_and(|due| due <= until) {
            if !self.pace.hold_back(&mut self.world) {
                self.world.take_wake(until);
                self.poll_jobs();
            }
            self.write_down();
        }
        self.world.run_until(until, 1);
    }

    fn write_down(&mut self) {
        let t_ms = self.world.now.since(self.start).0;
        for change in self.world.server.log.after(self.revision) {
            let record = reduce::record(change, self.world.store(), t_ms);
            if let Some(record) = &record {
                self.pace.note(record, change.revision);
            }
            self.played.trace.extend(record.filter(|record| !is_untold(record)));
        }
        self.revision = self.world.store().revision();
    }

    fn act(&mut self, number: usize, action: &Value) {
        match action["kind"].as_str().unwrap_or("") {
            "kubectl" => self.command(number, action["cmd"].as_str().unwrap_or("")),
            "api" => self.request(number, action),
            "fake-kubelet" => self.machine(action),
            "fake-config" => self.reconfigure(action),
            "control-plane" => self.control_plane(action["what"].as_str().unwrap_or("")),
            _ => {}
        }
        self.write_down();
    }

    /// `what` names a component and whether it was stopped, started or both.
    fn control_plane(&mut self, what: &str) {
        let process = match what.contains("scheduler") {
            true => Process::Scheduler,
            false => Process::ControllerManager,
        };
        let says = |words: &[&str]| words.iter().any(|word| what.contains(word));
        let again = what.contains("restart");
        if again || says(&["stop", "kill", "down", "pause"]) {
            self.world.stop(process);
        }
        if again || says(&[" start", " up", "started", "revive", "resume"]) {
            self.world.start(process);
        }
    }

    fn command(&mut self, number: usize, line: &str) {
        if line.contains(&format!("{HOLD}-")) {
            self.let_go(line);
        }
        // A stand-in whose Node is gone does nothing any more; a kubelet would.
        if let Some(node) = line.strip_prefix("kubectl delete node ") {
            self.world.input(&Input::network(node.trim(), false));
        }
        self.begin(number, line, false);
    }

    /// The Pods that `line` names are ready again.
    fn let_go(&mut self, line: &str) {
        let pods: Vec<_> = self.world.store().list::<Pod>().cloned().collect();
        for pod in pods {
            if line.split(' ').any(|word| word == &*pod.meta.name) {
                self.world.ail(&Key::of(&pod.meta), false);
            }
        }
    }

    fn machine(&mut self, action: &Value) {
        let verb = action["verb"].as_str().unwrap_or("");
        let on = verb != "kill";
        for node in action["node"].as_str().unwrap_or("").split(',') {
            if verb == "add" {
                let machine = machine(&settings(self.scenario), node);
                self.world.join(&machine);
                continue;
            }
            let known = self.world.store().get::<Node>(&Key::global(node)).is_some();
            if on && !known {
                // Back at work, a stand-in registers again, as a kubelet does that starts.
                self.world.input(&Input::power(node, false));
                self.world.input(&Input::network(node, on));
                self.world.input(&Input::power(node, on));
                continue;
            }
            // The stand-ins are deaf and dumb when killed, and their containers run on.
            self.world.input(&Input::network(node, on));
        }
    }

    fn request(&mut self, number: usize, action: &Value) {
        let text = |key: &str| action[key].as_str().unwrap_or("");
        let path = text("path");
        let parts: Vec<&str> = path.split('/').collect();
        let at = |n: usize| parts.get(n).copied().unwrap_or("");
        let key = Key::new(at(4), at(6));
        let held = |pod: &Rc<Pod>| pod.meta.annotations.get(HOLD).is_some();
        if at(7) == "status" && self.world.store().get::<Pod>(&key).is_some_and(held) {
            // A stand-in leaves a status that was written by hand as it is; a kubelet says of
            // itself that its Pod is not ready.
            self.world.ail(&key, true);
            return;
        }
        let response = self.send([text("method"), path, text("ctype")], &action["body"]);
        let response = Some(response);
        self.played.answers.push(Answer { response, ..Answer::new(number) });
    }

    fn send(&mut self, [method, path, content_type]: [&str; 3], body: &Value) -> Response {
        let body = match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            tree => tree.to_string(),
        };
        let request = Request { method, path, content_type, body: &body };
        self.world.request(|server, now| server.handle(now, &request))
    }

    /// A single request.
    fn case(&mut self, case: &Case) {
        self.run_until(self.start + case.at);
        let [method, path, kind] = &case.request;
        let mut body = case.body.clone();
        if let Some(edit) = &case.edit {
            body = self.send(["GET", path, ""], &Value::Null).body;
            errors::change(&mut body, edit);
        }
        let response = self.send([method, path, kind], &body);
        self.played.cases.push(response);
        self.write_down();
    }

    fn reconfigure(&mut self, action: &Value) {
        let mut config = (*self.world.config).clone();
        set_timing(&mut config.timing, action);
        self.world.config = config.into();
        set_backend(&mut self.world.infra.backend, action);
        if let Some(stuck) = action["stuck_umount"].as_f64() {
            let verb = if stuck != 0.0 { "fault" } else { "mend" };
            let machines: Vec<Str> = self.world.infra.machines.keys().cloned().collect();
            for name in machines {
                self.world.input(&Input::operate(format!("{verb} device-stuck {name}")));
            }
        }
        if let Some(limit) = action["vol_limit"].as_i64() {
            self.limit_volumes(limit as i32);
        }
    }

    /// All nodes take so many volumes of the block driver from now on; 0 for any number.
    fn limit_volumes(&mut self, limit: i32) {
        self.world.request(|server, now| {
            let mut client = Client { now, server };
            for name in client
                .server
                .store
                .list::<CSINode>()
                .map(|n| n.meta.name.clone())
                .collect::<Vec<_>>()
            {
                let _ = client.patch::<CSINode>(&Key::global(name), |node| {
                    let drivers = node.spec.drivers.iter_mut();
                    for driver in drivers.filter(|driver| &*driver.name == "block.example.com") {
                        let count = (limit > 0).then_some(limit);
                        driver.allocatable = count.map(|count| VolumeNodeResources {
                            count: Some(count),
                            ..VolumeNodeResources::default()
                        });
                    }
                });
            }
        });
    }
}

/// The recorder made the class and the driver with kubectl apply, which leaves its memory.
fn applied(world: &mut World) {
    let group = "/apis/storage.k8s.io/v1";
    for path in ["storageclasses/standard", "csidrivers/block.example.com"] {
        let path = format!("{group}/{path}");
        let Ok(mut tree) = world.server.at_path(&path) else { continue };
        let mut meta = json!({"name": tree["metadata"]["name"], "annotations": {}});
        if let Some(annotations) = tree["metadata"]["annotations"].as_object() {
            meta["annotations"] = json!(annotations);
        }
        tree["metadata"] = meta;
        if let Some(spec) = tree.get_mut("spec").and_then(Value::as_object_mut) {
            spec.retain(|key, _| ["attachRequired", "podInfoOnMount"].contains(&&**key));
        }
        let key = "kubectl.kubernetes.io/last-applied-configuration";
        let memory = format!("{tree}\n");
        let body = json!({"metadata": {"annotations": {key: memory}}}).to_string();
        let content_type = "application/merge-patch+json";
        let request = Request { method: "PATCH", path: &path, content_type, body: &body };
        world.request(|server, now| server.handle(now, &request));
    }
}

/// Errors of the backend, as far as `from` speaks of them.
fn set_backend(backend: &mut Backend, from: &Value) {
    let text = |key: &str| from[key].as_str().map(|text| Some(text).filter(|t| !t.is_empty()));
    let set = |key: &str, target: &mut Option<Str>| {
        if let Some(text) = text(key) {
            *target = text.map(Str::from);
        }
    };
    set("attach_error", &mut backend.attach_error);
    set("attach_error_node", &mut backend.attach_error_on);
    set("detach_error", &mut backend.detach_error);
    let flag = |key: &str| from[key].as_f64().map(|number| number != 0.0);
    backend.careless = flag("exclusive").map_or(backend.careless, |exclusive| !exclusive);
}
