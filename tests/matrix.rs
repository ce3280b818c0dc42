//! Scenarios × policies in a whole cluster: both orders, every claim retention policy, every
//! update strategy, with maxUnavailable behind its gate and without. After every wake the
//! referee (`cluster::invariants`) finds nothing that may not be, and what this file adds holds;
//! at the end everything is as wanted.
//!
//! `tests/statefulset/matrix.rs` does the same to the controller alone, with Pods that move by
//! chance. `SHOW=name` prints the runs whose name contains it.

#[path = "matrix/scenarios.rs"]
mod scenarios;
#[path = "matrix/stand.rs"]
mod stand;

use scenarios::SCENARIOS;
use serde_json::{Value, json};
use stand::Stand;

/// An update strategy, and whether the gate MaxUnavailableStatefulSet is on.
const STRATEGIES: [(&str, bool); 6] = [
    (r#"{"type":"RollingUpdate","rollingUpdate":{"partition":0}}"#, false),
    (r#"{"type":"RollingUpdate","rollingUpdate":{"partition":2}}"#, false),
    (r#"{"type":"RollingUpdate"}"#, false),
    (r#"{"type":"OnDelete"}"#, false),
    (r#"{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":2}}"#, false),
    (r#"{"type":"RollingUpdate","rollingUpdate":{"partition":1,"maxUnavailable":2}}"#, true),
];

const RETENTION: [[&str; 2]; 4] =
    [["Retain", "Retain"], ["Retain", "Delete"], ["Delete", "Retain"], ["Delete", "Delete"]];

/// All runs of the scenarios whose number is `part` modulo the number of parts.
fn play(part: usize) {
    let show = std::env::var("SHOW").unwrap_or_default();
    let mut runs = 0;
    for (name, scenario) in SCENARIOS.iter().skip(part).step_by(2) {
        for order in ["OrderedReady", "Parallel"] {
            for retention in RETENTION {
                for (strategy, gate) in STRATEGIES {
                    let spec = spec(order, retention, strategy);
                    let what = format!("{name}: {spec} gate={gate}");
                    if !what.contains(&show) {
                        continue;
                    }
                    let mut stand = Stand::new(what, &spec, gate);
                    scenario(&mut stand);
                    stand.rest();
                    stand.judge();
                    runs += 1;
                }
            }
        }
    }
    assert!(runs > 0 || !show.is_empty());
}

#[test]
fn every_scenario_holds_under_every_policy() {
    play(0);
}

#[test]
fn every_other_scenario_holds_under_every_policy() {
    play(1);
}

fn spec(order: &str, [deleted, scaled]: [&str; 2], strategy: &str) -> Value {
    let strategy: Value = serde_json::from_str(strategy).expect("a strategy");
    json!({
        "podManagementPolicy": order, "updateStrategy": strategy,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": deleted, "whenScaled": scaled},
    })
}
