//! The main story as a journal, for tests that play it natively and as wasm.

use playground::base::time::SimTime;
use playground::cluster::input::{Cascade, Input};
use playground::config::Config;
use playground::session::examples::EXAMPLES;
use playground::timeline::{Entry, Progress, Timeline};

/// The hash of the cluster after the story, natively and as wasm; `UPDATE=1 cargo test --test
/// timeline` writes it anew.
pub const HASH: &str = include_str!("story.hash");

/// Applies an example.
pub fn apply(example: usize) -> Input {
    Input::Apply { text: EXAMPLES[example].text.into() }
}

/// Power on or off.
pub fn power(node: &str, on: bool) -> Input {
    Input::power(node, on)
}

/// The main story: apply, wait, power off, wait, delete by force, wait.
pub fn story() -> Vec<Entry> {
    let delete = Input::Delete {
        kind: "Pod".into(),
        namespace: "default".into(),
        name: "web-1".into(),
        grace: Some(0),
        cascade: Cascade::Background,
    };
    let entry = |at: u64, input| Entry { at: at * 1000, input };
    vec![
        entry(0, apply(0)),
        entry(120, power("node-b", false)),
        entry(600, delete),
        entry(1200, power("node-b", true)),
    ]
}

/// The cluster after `journal`, `until` seconds from its start.
pub fn play(journal: Vec<Entry>, until: u64) -> Timeline {
    let mut timeline = Timeline::new(Config::default(), journal);
    assert_eq!(timeline.run_until(SimTime(until * 1000), 10_000_000), Progress::Done);
    timeline
}
