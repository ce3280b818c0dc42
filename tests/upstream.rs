//! Replays recorded runs of real Kubernetes and compares, by the rules in
//! `upstream/{compare,order,errors,normal}.rs`.
//!
//! Who of many gets to run first is chance in a real cluster. Where a recording tells how that
//! fell, the replay is given it as data, never what to write: `upstream/chance.rs` what the config
//! takes, `upstream/{pace,views,collector}.rs` who came to what how late.
//!
//! The scenarios that come with the project are in `tests/upstream/scenarios`. What must not get
//! worse is in `scores.txt` there (`UPDATE=1` writes it anew), which differences are there for a
//! reason in `differences.txt`; each of those must still be there.
//!
//! From the environment: `SCENARIO` picks the scenarios whose name contains it, `DETAIL` prints
//! how they differ, `UPSTREAM_DIR` names a folder with more scenarios, in the recordings' own
//! form; `CONVERT` names such a folder to be taken into the project. `REPLAY` and `OUT` name one
//! scenario's folder and where to write `trace.jsonl` and `kubectl/*.txt` as played, in the
//! recordings' form:
//! `./dev replay DIR OUT`.

#[path = "upstream/chance.rs"]
mod chance;
#[path = "upstream/cluster.rs"]
mod cluster;
#[path = "upstream/collector.rs"]
mod collector;
#[path = "upstream/compact.rs"]
mod compact;
#[path = "upstream/compare.rs"]
mod compare;
#[path = "upstream/drive.rs"]
mod drive;
#[path = "upstream/errors.rs"]
mod errors;
#[path = "upstream/normal.rs"]
mod normal;
#[path = "upstream/order.rs"]
mod order;
#[path = "upstream/pace.rs"]
mod pace;
#[path = "upstream/raw.rs"]
mod raw;
#[path = "upstream/reduce.rs"]
mod reduce;
#[path = "upstream/scenario.rs"]
mod scenario;
#[path = "upstream/jobs.rs"]
mod jobs;
#[path = "upstream/masks.rs"]
mod masks;
#[path = "upstream/typed.rs"]
mod typed;
#[path = "kubectl/hub.rs"]
mod hub;
#[path = "upstream/verdict.rs"]
mod verdict;
#[path = "upstream/views.rs"]
mod views;
#[path = "upstream/workloads.rs"]
mod workloads;

use compare::{Outcome, Score};
use scenario::Scenario;
use std::fs;
use std::path::{Path, PathBuf};
use verdict::Outcomes;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upstream")
}

fn folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

#[test]
fn recorded_scenarios() {
    if let Some(folder) = folder("CONVERT") {
        return convert(&folder);
    }
    if let Some(folder) = folder("REPLAY") {
        return replay(&folder);
    }
    let outcomes = play_all(&home().join("scenarios"));
    if let Some(folder) = folder("UPSTREAM_DIR") {
        play_all(&folder);
    }
    let scores = home().join("scores.txt");
    if std::env::var_os("UPDATE").is_some() && std::env::var_os("SCENARIO").is_none() {
        verdict::write_scores(&scores, &outcomes).expect("the file can be written");
    }
    let text = |path: &Path| fs::read_to_string(path).expect("a file of the project");
    let fallen = verdict::fallen(&text(&scores), &outcomes);
    assert!(fallen.is_empty(), "worse than before:\n{}", fallen.join("\n"));
    let stale = verdict::stale(&text(&home().join("differences.txt")), &outcomes);
    assert!(stale.is_empty(), "no differences any more, or no reasons:\n{}", stale.join("\n"));
}

/// Plays all scenarios in the folders below `root` and says how that went.
fn play_all(root: &Path) -> Outcomes {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let detail = std::env::var_os("DETAIL").is_some();
    let mut outcomes = Outcomes::new();
    let mut total = Outcome::default();
    let chosen = |scenario: &Scenario| scenario.name.contains(&wanted);
    for scenario in Scenario::all(root).into_iter().filter(chosen) {
        let played = drive::play(&scenario);
        // Of some recordings there are only requests and their answers.
        let mut outcome = match scenario.trace.is_empty() {
            true => Outcome::default(),
            false => compare::compare(&scenario.trace, &played.trace),
        };
        errors::errors(&scenario, &played, &mut outcome);
        typed::compare(&scenario.typed, &played, &mut outcome);
        println!("{}", verdict::line(&scenario.name, &outcome));
        if detail {
            for (name, text) in &outcome.differences {
                println!("  {name}\n{text}");
            }
        }
        let add = |sum: &mut Score, score: Score| {
            sum.equal += score.equal;
            sum.total += score.total;
        };
        add(&mut total.objects, outcome.objects);
        add(&mut total.order, outcome.order);
        add(&mut total.events, outcome.events);
        add(&mut total.errors, outcome.errors);
        add(&mut total.kubectl, outcome.kubectl);
        outcomes.insert(scenario.name, outcome);
    }
    println!("{}", verdict::line("total", &total));
    outcomes
}

/// Takes the recordings in the folders below `root` into the project.
fn convert(root: &Path) {
    for scenario in Scenario::all(root) {
        let into = home().join("scenarios").join(&scenario.name);
        compact::write(&scenario, &into).expect("the folder can be written");
    }
}

/// Plays one recorded scenario and writes down what the simulator wrote.
fn replay(folder: &Path) {
    let out = self::folder("OUT").expect("OUT names a folder");
    let scenario = Scenario::read(folder).expect("REPLAY names a recorded scenario's folder");
    let played = drive::play(&scenario);
    let text = compact::lines(&played.trace);
    let written = fs::create_dir_all(&out)
        .and_then(|()| fs::write(out.join("trace.jsonl"), text))
        .and_then(|()| typed::write_files(&scenario, &played, &out.join("kubectl")));
    let texts = written.expect("the folder can be written");
    println!("{}: {} records, {texts} texts", scenario.name, played.trace.len());
}

/// What `./dev replay` writes is read back as what was printed.
#[test]
fn replayed_texts_are_written() {
    let scenario = Scenario::read(&home().join("scenarios/s01d_gating")).expect("it is there");
    let played = drive::play(&scenario);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replayed");
    let count = typed::write_files(&scenario, &played, &out).expect("the folder can be written");
    assert_eq!(count, scenario.typed.len());
    let name = "command-003-get_events_--sort-by=.metadata.creationTimestamp.txt";
    let text = fs::read_to_string(out.join(name)).expect("it was written");
    let (head, body) = text.split_once('\n').expect("a command and its text");
    assert_eq!(head, "$ kubectl get events --sort-by=.metadata.creationTimestamp");
    assert!(body.starts_with("LAST SEEN"), "{body}");
}
