//! Makes a journal that fails as short as it can be.

use super::plan::{Plan, write};
use super::run::{Failure, run};

/// What is said of a failure: the seed, what happened, and the shortest journal that does it.
pub fn report(plan: &Plan, failure: &Failure) -> String {
    let (plan, failure) = shrink(plan, failure);
    format!(
        "seed {}: {}\n{}\nagain: SEED={} JOURNAL=file cargo test --test swarm, with the lines \
         above in the file; the manifests:\n{}",
        plan.seed,
        failure.text,
        write(&plan.deeds),
        plan.seed,
        plan.manifests
    )
}

/// Leaves out what the failure does not need: large pieces first, then single deeds.
fn shrink(plan: &Plan, failure: &Failure) -> (Plan, Failure) {
    let mut best = (plan.clone(), failure.clone());
    let mut piece = plan.deeds.len().max(1);
    while piece > 0 {
        let mut from = 0;
        while from < best.0.deeds.len() {
            let mut shorter = best.0.clone();
            let to = (from + piece).min(shorter.deeds.len());
            shorter.deeds.drain(from..to);
            match run(&shorter) {
                Err(other) if other.kind == failure.kind => best = (shorter, other),
                _ => from += piece,
            }
        }
        piece /= 2;
    }
    best
}
