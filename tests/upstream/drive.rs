//! Plays a recorded scenario's actions against the simulator and writes down what it wrote.

use super::compare::Record;
use super::reduce;
use super::scenario::Scenario;
use playground::api::kinds::{Key, Kind};
use playground::apiserver::DeleteOptions;
use playground::apiserver::patch::{Patch, PatchType};
use playground::base::time::{SimTime, Span};
use playground::cluster::input::Input;
use playground::cluster::world::{Process, World};
use playground::config::{Config, Flags, MachineConfig, Storage, Timing};
use playground::kubectl::command;
use serde_json::Value;

/// The cluster stands this long before the first action, as the recorded ones stood.
const WARM_UP: Span = Span::minutes(2);

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
}

/// A played scenario.
pub struct Played {
    /// What was written, in the recordings' form.
    pub trace: Vec<Record>,
    /// What the commands answered.
    pub answers: Vec<Answer>,
}

/// Plays `scenario` to the end of its recording.
pub fn play(scenario: &Scenario) -> Played {
    let mut driver = Driver::new(scenario);
    for (number, action) in scenario.actions.iter().enumerate() {
        let at = action["t_ms"].as_u64().unwrap_or(0);
        driver.run_until(driver.start + Span::millis(at));
        driver.act(number, action);
    }
    let last = scenario.trace.last().and_then(|record| record["t_ms"].as_u64()).unwrap_or(0);
    let whole = scenario.about["seconds"].as_f64().unwrap_or(0.0) * 1000.0;
    driver.run_until(driver.start + Span::millis(last.max(whole as u64)));
    driver.played
}

struct Driver<'s> {
    world: World,
    scenario: &'s Scenario,
    start: SimTime,
    revision: u64,
    played: Played,
    /// Commands that go on: when they try again.
    again: Vec<(SimTime, String)>,
}

impl Driver<'_> {
    fn new(scenario: &Scenario) -> Driver<'_> {
        let mut world = World::new(config(scenario));
        let start = SimTime::ZERO + WARM_UP;
        while !world.run_until(start, 1_000_000) {}
        let revision = world.store().revision();
        let played = Played { trace: Vec::new(), answers: Vec::new() };
        Driver { world, scenario, start, revision, played, again: Vec::new() }
    }

    fn run_until(&mut self, until: SimTime) {
        while let Some(at) = self.again.iter().position(|(at, _)| *at <= until) {
            let (at, line) = self.again.remove(at);
            self.run_wakes(at);
            self.kubectl(usize::MAX, &line);
            self.write_down();
        }
        self.run_wakes(until);
    }

    fn run_wakes(&mut self, until: SimTime) {
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.write_down();
        }
        self.world.run_until(until, 1);
    }

    fn write_down(&mut self) {
        let t_ms = self.world.now.since(self.start).0;
        for change in self.world.server.log.after(self.revision) {
            self.played.trace.extend(reduce::record(change, self.world.store(), t_ms));
        }
        self.revision = self.world.store().revision();
    }

    fn act(&mut self, number: usize, action: &Value) {
        match action["kind"].as_str().unwrap_or("") {
            "kubectl" => self.kubectl(number, action["cmd"].as_str().unwrap_or("")),
            "api" => self.request(action),
            "fake-kubelet" => self.machine(action),
            "fake-config" => self.reconfigure(action),
            "control-plane" => {
                self.world.stop(Process::ControllerManager);
                self.world.start(Process::ControllerManager);
            }
            _ => {}
        }
        self.write_down();
    }

    fn kubectl(&mut self, number: usize, line: &str) {
        let files = &self.scenario.manifests;
        let reply = self.world.request(|server, now| command::run(server, now, files, line));
        if let Some(pause) = reply.again {
            self.again.push((self.world.now + pause, line.to_string()));
        }
        self.played.answers.push(Answer {
            number,
            stdout: reply.stdout,
            stderr: reply.stderr,
            code: reply.code,
        });
    }

    fn machine(&mut self, action: &Value) {
        let on = action["verb"].as_str() != Some("kill");
        for node in action["node"].as_str().unwrap_or("").split(',') {
            // The stand-ins are deaf and dumb when killed, and their containers run on.
            self.world.input(&Input::Network { node: node.to_string(), on });
        }
    }

    fn request(&mut self, action: &Value) {
        let path = action["path"].as_str().unwrap_or("");
        let parts: Vec<&str> = path.split('/').collect();
        let at = |n: usize| parts.get(n).copied().unwrap_or("");
        let key = Key::new(at(4), at(6));
        let Some(kind) = Kind::by_word(at(5)) else { return };
        let subresource = at(7);
        self.world
            .request(|server, now| {
                if subresource == "eviction" {
                    return server.evict(now, &key, &DeleteOptions::default());
                }
                let how = action["ctype"].as_str().unwrap_or("");
                let how = match how {
                    "application/merge-patch+json" => PatchType::Merge,
                    "application/json-patch+json" => PatchType::Json,
                    _ => PatchType::Strategic,
                };
                let mut patch = Patch::parse(how, &action["body"].to_string())?;
                patch.status = subresource == "status";
                server.patch(now, kind, &key, &patch).map(drop)
            })
            .unwrap_or_default();
    }

    fn reconfigure(&mut self, action: &Value) {
        let mut config = (*self.world.config).clone();
        set_timing(&mut config.timing, action);
        self.world.config = config.into();
    }
}

fn config(scenario: &Scenario) -> Config {
    let delays = &scenario.about["fake_kubelet"];
    let text = |key: &str, default: &str| delays[key].as_str().unwrap_or(default).into();
    let machine = |n: u32| MachineConfig {
        name: format!("node-{n}").into(),
        zone: "".into(),
        cpu: text("cpu", "4"),
        memory: text("mem", "8Gi"),
        pods: 110,
        volumes: None,
    };
    let mut timing = Timing {
        image_pull: Span::ZERO,
        boot: Span::ZERO,
        lease_renewal: seconds(&delays["hb"]).unwrap_or(Span::seconds(10)),
        ..Timing::default()
    };
    set_timing(&mut timing, delays);
    let name = &scenario.name;
    let mut flags = Flags::default();
    // Short leases came with short flags.
    if timing.lease_renewal == Span::seconds(2) {
        flags.node_monitor_grace_period = Span::seconds(8);
        flags.node_monitor_period = Span::seconds(1);
        flags.default_toleration_seconds = match name.get(..4).unwrap_or("") {
            "s07g" => 60,
            "s13f" => 8,
            _ => 5,
        };
    }
    flags.max_unavailable_stateful_set = name.starts_with("s11f");
    Config {
        seed: 1,
        machines: (1..=3).map(machine).collect(),
        storage: Storage::NoAttach,
        timing,
        flags,
    }
}

fn seconds(value: &Value) -> Option<Span> {
    Some(Span::millis((value.as_f64()? * 1000.0).round() as u64))
}

fn set_timing(timing: &mut Timing, from: &Value) {
    let targets: [(&str, &mut Span); 10] = [
        ("start_delay", &mut timing.container_start),
        ("ready_delay", &mut timing.ready_delay),
        ("term_delay", &mut timing.container_stop),
        ("prov_delay", &mut timing.provision),
        ("attach_delay", &mut timing.attach),
        ("detach_delay", &mut timing.detach),
        ("mount_delay", &mut timing.mount),
        ("umount_delay", &mut timing.unmount),
        ("viu_period", &mut timing.node_status),
        ("run_delay", &mut timing.run_time),
    ];
    for (key, target) in targets {
        if let Some(span) = seconds(&from[key]) {
            *target = span;
        }
    }
}
