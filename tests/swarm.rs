//! Random clusters, random deeds, random faults: what may never be never is, and once the faults
//! are over everything is as wanted, or the cluster says for whom it waits.
//!
//! `SEEDS=n` plays n seeds instead of a few hundred, `SEED=n` only that one, and `JOURNAL=file`
//! with it the deeds in that file, a line each as a failure prints them. `SHOW=1` prints what
//! sets still wait for at the end.

#[path = "kubectl/hub.rs"]
mod hub;
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

#[test]
fn swarm() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    let mut waiting: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in seeds {
        let mut plan = Plan::new(seed);
        if let Ok(path) = std::env::var("JOURNAL") {
            let text = std::fs::read_to_string(path).expect("JOURNAL names a file");
            plan.deeds = plan::read(&text).expect("JOURNAL holds a deed a line");
        }
        match run::run(&plan) {
            Ok(outcome) => {
                outcome
                    .waiting
                    .into_iter()
                    .for_each(|root| waiting.entry(root).or_default().push(seed));
            }
            Err(failure) => failures.push(shrink::report(&plan, &failure)),
        }
        if failures.len() == 3 {
            break;
        }
    }
    if std::env::var("SHOW").is_ok() {
        for (root, seeds) in &waiting {
            println!(
                "{} seeds wait: {root}; first {:?}",
                seeds.len(),
                &seeds[..seeds.len().min(4)]
            );
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
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
