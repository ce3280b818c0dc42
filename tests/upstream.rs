//! Replays recorded runs of real Kubernetes and compares, by the rules in
//! `upstream/compare.rs`.
//!
//! The scenarios that come with the project are in `tests/upstream/scenarios`. `UPSTREAM_DIR`
//! names a folder with more of them, in the recordings' own form; `SCENARIO` picks those whose
//! name contains it, and `DETAIL` prints how they differ.

#[path = "upstream/compare.rs"]
mod compare;
#[path = "upstream/drive.rs"]
mod drive;
#[path = "upstream/normal.rs"]
mod normal;
#[path = "upstream/order.rs"]
mod order;
#[path = "upstream/raw.rs"]
mod raw;
#[path = "upstream/reduce.rs"]
mod reduce;
#[path = "upstream/scenario.rs"]
mod scenario;

use compare::Score;
use scenario::Scenario;
use std::path::Path;

#[test]
fn recorded_scenarios() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upstream/scenarios");
    let mut scenarios = Scenario::all(&own);
    if let Ok(folder) = std::env::var("UPSTREAM_DIR") {
        scenarios.extend(Scenario::all(Path::new(&folder)));
    }
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let detail = std::env::var("DETAIL").is_ok();
    let mut total = [Score::default(); 3];
    for scenario in scenarios.iter().filter(|scenario| scenario.name.contains(&wanted)) {
        if scenario.trace.is_empty() {
            continue;
        }
        let played = drive::play(scenario);
        let outcome = compare::compare(&scenario.trace, &played.trace);
        let scores = [outcome.objects, outcome.order, outcome.events];
        let [objects, order, events] = scores;
        println!("{}: objects {objects}, order {order}, events {events}", scenario.name);
        for (sum, score) in total.iter_mut().zip(scores) {
            sum.equal += score.equal;
            sum.total += score.total;
        }
        if std::env::var("DUMP").is_ok() {
            for record in &played.trace {
                println!("{}", serde_json::to_string(record).unwrap_or_default());
            }
        }
        if detail {
            for (name, text) in &outcome.differences {
                println!("  {name}\n{text}");
            }
        }
    }
    let [objects, order, events] = total;
    println!("total: objects {objects}, order {order}, events {events}");
}
