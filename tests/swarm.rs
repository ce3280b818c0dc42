//! Random clusters, random deeds, random faults: what may never be never is, and once the faults
//! are over everything is as wanted, or the cluster says for whom it waits.
//!
//! `SEEDS=n` plays the first n seeds instead of a few hundred (`./dev test` ten thousand, compiled
//! for speed), `FROM=n` begins later, `SEED=n` plays only that one, and `JOURNAL=file` with it the
//! deeds in that file, a line each as a failure prints them. `SHOW=1` prints what sets still wait
//! for at the end.

#[path = "kubectl/hub.rs"]
mod hub;
#[path = "swarm/others.rs"]
mod others;
#[path = "swarm/plan.rs"]
mod plan;
#[path = "swarm/run.rs"]
mod run;
#[path = "swarm/shrink.rs"]
mod shrink;

use plan::Plan;
use std::collections::BTreeMap;

/// Seeds of an ordinary run.
const SEEDS: u64 = 300;
/// Failures that are told; more of them are mostly more of the same.
const TOLD: usize = 3;

/// What came of some seeds.
#[derive(Default)]
struct Played {
    waiting: BTreeMap<String, Vec<u64>>,
    failures: Vec<(u64, String)>,
}

#[test]
fn swarm() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, last) = match number("SEED") {
        Some(seed) => (seed, seed + 1),
        None => (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(SEEDS)),
    };
    // Each thread takes the seeds of one remainder.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    let all = std::thread::scope(|scope| {
        let play = |thread: usize| move || play((first..last).skip(thread).step_by(threads));
        let runs: Vec<_> = (0..threads).map(|thread| scope.spawn(play(thread))).collect();
        let done = runs.into_iter().map(|run| run.join().expect("a run tells its failures"));
        done.collect::<Vec<Played>>()
    });
    let mut waiting: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut failures = Vec::new();
    for played in all {
        failures.extend(played.failures);
        for (root, seeds) in played.waiting {
            waiting.entry(root).or_default().extend(seeds);
        }
    }
    if std::env::var("SHOW").is_ok() {
        for (root, seeds) in &waiting {
            let few = &seeds[..seeds.len().min(4)];
            println!("{} seeds wait: {root}; such as {few:?}", seeds.len());
        }
    }
    failures.sort();
    let told: Vec<String> = failures.into_iter().take(TOLD).map(|(_, text)| text).collect();
    assert!(told.is_empty(), "\n{}", told.join("\n\n"));
}

fn play(seeds: impl Iterator<Item = u64>) -> Played {
    let mut played = Played::default();
    for seed in seeds {
        let mut plan = Plan::new(seed);
        if let Ok(path) = std::env::var("JOURNAL") {
            let text = std::fs::read_to_string(path).expect("JOURNAL names a file");
            plan.deeds = plan::read(&text).expect("JOURNAL holds a deed a line");
        }
        match run::run(&plan) {
            Ok(outcome) => {
                for root in outcome.waiting {
                    played.waiting.entry(root).or_default().push(seed);
                }
            }
            Err(failure) => played.failures.push((seed, shrink::report(&plan, &failure))),
        }
        if played.failures.len() == TOLD {
            break;
        }
    }
    played
}

/// The same seed plays the same film, and a journal survives being written down.
#[test]
fn same_seed_same_end() {
    for seed in [3, 4] {
        let plan = Plan::new(seed);
        let copy = Plan {
            deeds: plan::read(&plan::write(&plan.deeds)).expect("it was written"),
            ..Plan::new(seed)
        };
        let ends = [&plan, &copy].map(|plan| run::run(plan).map(|outcome| outcome.state));
        assert_eq!(ends[0], ends[1]);
    }
}
