//! Holds what came of the project's own recordings to what is written down: the scores that were
//! reached before, and the differences that are there for a reason.

use super::compare::{Outcome, Score};
use std::collections::BTreeMap;
use std::path::Path;

/// What came of each recording, by name.
pub type Outcomes = BTreeMap<String, Outcome>;

/// One line of the table: `s03_rolling: objects 375/375, order 196/196, events 42/42, errors 4/4`;
/// a dash where there are none.
pub fn line(name: &str, outcome: &Outcome) -> String {
    let Outcome { objects, order, events, errors, kubectl, .. } = outcome;
    let dash = |score: &Score| match score.total {
        0 => "–".to_string(),
        _ => score.to_string(),
    };
    let (errors, kubectl) = (dash(errors), dash(kubectl));
    format!(
        "{name}: objects {objects}, order {order}, events {events}, errors {errors}, kubectl \
         {kubectl}"
    )
}

/// Writes the table of scores anew.
pub fn write_scores(file: &Path, outcomes: &Outcomes) -> std::io::Result<()> {
    let lines = outcomes.iter().map(|(name, outcome)| line(name, outcome) + "\n");
    std::fs::write(file, lines.collect::<String>())
}

/// What is worse than the table says, in words.
pub fn fallen(table: &str, outcomes: &Outcomes) -> Vec<String> {
    let mut out = Vec::new();
    for before in table.lines() {
        let Some((name, scores)) = before.split_once(": ") else {
            out.push(format!("not a line of scores: {before}"));
            continue;
        };
        let Some(outcome) = outcomes.get(name) else { continue };
        let now = line(name, outcome);
        let scores_now = now.split_once(": ").map_or("", |(_, scores)| scores);
        let pairs = scores.split(", ").zip(scores_now.split(", "));
        if pairs.into_iter().any(|(before, now)| is_worse(before, now)) {
            out.push(format!("was {before}\nis  {now}"));
        }
    }
    out
}

/// Whether `objects 3/5` is worse than it was: a smaller part is equal.
fn is_worse(before: &str, now: &str) -> bool {
    let parts = |text: &str| -> Option<(u64, u64)> {
        let (equal, total) = text.rsplit_once(' ')?.1.split_once('/')?;
        Some((equal.parse().ok()?, total.parse().ok()?))
    };
    match (parts(before), parts(now)) {
        (Some((equal, total)), Some((equal_now, total_now))) => {
            equal_now * total.max(1) < equal * total_now.max(1)
        }
        _ if before == now => false,
        _ => true,
    }
}

/// Which differences that are listed with a reason are no longer there, or have none.
pub fn stale(list: &str, outcomes: &Outcomes) -> Vec<String> {
    let listed = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let is_stale = |line: &&str| {
        let parts: Vec<&str> = line.split(" | ").collect();
        match parts[..] {
            [name, difference, reason] if !reason.trim().is_empty() => {
                let outcome = outcomes.get(name);
                outcome.is_some_and(|outcome| !outcome.differences.contains_key(difference))
            }
            _ => true,
        }
    };
    list.lines().filter(listed).filter(is_stale).map(str::to_string).collect()
}
