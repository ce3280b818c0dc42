//! `kubectl apply`. The real one (branch api) replaces this file whole; it keeps
//! `apply_text`, `ApplyReport::outcomes` and `ApplyReport::lines`.

use super::ApiServer;
use crate::base::time::SimTime;

/// What came of a text of manifests.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// What came of each object; empty if nothing was applied.
    pub outcomes: Vec<String>,
}

impl ApplyReport {
    /// What kubectl prints, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.outcomes.clone()
    }
}

/// Applies a text of manifests.
pub fn apply_text(_server: &mut ApiServer, _now: SimTime, _text: &str) -> ApplyReport {
    ApplyReport::default()
}
