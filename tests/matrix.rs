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

/// All runs in one order. The set as it stands at first is made once for each of its policies.
fn play(order: &str) {
    let show = std::env::var("SHOW").unwrap_or_default();
    for retention in RETENTION {
        for (strategy, gate) in STRATEGIES {
            let spec = spec(order, retention, strategy);
            let stands = Stand::new(&spec, gate);
            for (name, scenario) in SCENARIOS {
                let what = format!("{name}: {spec} gate={gate}");
                if what.contains(&show) {
                    let mut stand = stands.named(what);
                    scenario(&mut stand);
                    stand.rest();
                    stand.judge();
                }
            }
        }
    }
}

#[test]
fn ordered_sets_hold() {
    play("OrderedReady");
}

#[test]
fn parallel_sets_hold() {
    play("Parallel");
}

fn spec(order: &str, [deleted, scaled]: [&str; 2], strategy: &str) -> Value {
    let strategy: Value = serde_json::from_str(strategy).expect("a strategy");
    json!({
        "podManagementPolicy": order, "updateStrategy": strategy,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": deleted, "whenScaled": scaled},
    })
}
