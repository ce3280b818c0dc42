//! The cluster that a recording was made with: its machines, how fast its stand-ins were, its
//! flags, and what chance decided.

use super::chance;
use super::compare::Record;
use super::scenario::Scenario;
use playground::base::time::{SimTime, Span};
use playground::config::{Config, Flags, MachineConfig, Replay, Storage, Timing};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The cluster stands this long before the first action if the recording does not say when it
/// was made.
const WARM_UP: Span = Span::minutes(2);

/// When the recording began.
pub fn start(scenario: &Scenario) -> SimTime {
    let told = scenario.about["start"].as_str().and_then(SimTime::parse_rfc3339);
    told.unwrap_or(SimTime::ZERO + WARM_UP)
}

/// The machines there are at first: three, and those that the recording knows without having
/// seen them come.
fn machines(scenario: &Scenario) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = (1..=3).map(|n| format!("node-{n}")).collect();
    let mut seen = BTreeSet::new();
    for record in scenario.trace.iter().filter(|record| record["kind"] == "Node") {
        let name = record["name"].as_str().unwrap_or("");
        if seen.insert(name) && record["type"] != "ADDED" {
            known.insert(name.to_string());
        }
    }
    let runs = |record: &&Record| record.get("hasIP").is_some_and(|ip| ip == &Value::Bool(true));
    let pods = scenario.trace.iter().filter(runs).filter_map(|record| record.get("node")?.as_str());
    let new = |name: &&str| !seen.contains(name);
    known.extend(pods.filter(new).map(str::to_string));
    known
}

/// The stand-ins' settings at the start. The recording notes those of its end: what was set on the
/// way had its usual value before.
pub fn settings(scenario: &Scenario) -> Value {
    let usual = json!({
        "start_delay": 0.8, "ready_delay": 0.5, "term_delay": 0.8, "prov_delay": 0.3,
        "attach_delay": 0.5, "detach_delay": 0.5, "mount_delay": 0.1, "umount_delay": 0.2,
        "viu_period": 2.0, "run_delay": 1.0, "vol_limit": 0, "exclusive": 0,
        "stuck_umount": 0, "attach_error": "", "attach_error_node": "", "detach_error": "",
    });
    let mut settings = scenario.about["fake_kubelet"].clone();
    if settings["umount_delay"].is_null() {
        // Without an attach step there is nothing to mount, but the calls take their time.
        settings["mount_delay"] = json!(0.0);
        settings["umount_delay"] = json!(0.012);
    }
    let changes = scenario.actions.iter().filter(|action| action["kind"] == "fake-config");
    for (key, value) in usual.as_object().into_iter().flatten() {
        if settings[key].is_null() || changes.clone().any(|change| !change[key].is_null()) {
            settings[key] = value.clone();
        }
    }
    settings
}

/// One machine.
pub fn machine(about: &Value, name: &str) -> MachineConfig {
    let text = |key: &str, default: &str| about[key].as_str().unwrap_or(default).into();
    let number = |key: &str| match &about[key] {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    MachineConfig {
        name: name.into(),
        zone: "".into(),
        cpu: text("cpu", "4"),
        memory: text("mem", "8Gi"),
        pods: number("pods").unwrap_or(110),
        volumes: number("vol_limit").filter(|&limit| limit > 0).map(|limit| limit as i32),
    }
}

/// The whole of it.
pub fn config(scenario: &Scenario) -> Config {
    let delays = &settings(scenario);
    let mut timing = Timing {
        image_pull: Span::ZERO,
        boot: Span::ZERO,
        lease_renewal: seconds(&delays["hb"]).unwrap_or(Span::seconds(10)),
        call: Span::millis(4),
        turn: Span::millis(20),
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
    let changes = scenario.actions.iter().filter_map(|action| seconds(&action["viu_period"]));
    let longest = changes.chain([timing.node_status]).max().unwrap_or(timing.node_status);
    let replay = Replay {
        placements: chance::placements(&scenario.trace),
        names: chance::names(&scenario.trace),
        early: chance::early(&scenario.trace),
        run_time: "oracle/run-time".into(),
        ends: chance::ends(&scenario.trace),
        attachments: chance::attachments(&scenario.trace),
        courses: chance::courses(&scenario.trace, start(scenario)),
        status_phases: chance::status_phases(&scenario.trace, start(scenario), longest),
    };
    Config {
        seed: 1,
        machines: machines(scenario).iter().map(|name| machine(delays, name)).collect(),
        storage: Storage::NoAttach,
        timing,
        flags,
        replay: replay.into(),
    }
}

fn seconds(value: &Value) -> Option<Span> {
    Some(Span::millis((value.as_f64()? * 1000.0).round() as u64))
}

/// Sets what `from` says of how long things take.
pub fn set_timing(timing: &mut Timing, from: &Value) {
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
