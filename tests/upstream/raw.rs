//! What only the whole objects of a recording tell: when it began. Revisions of templates that
//! hold a date depend on it, and so does whatever counts in whole seconds.

use playground::base::time::{SimTime, Span};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// When the recording in `folder` began; `None` if it has no whole objects.
pub fn start(folder: &Path) -> Option<SimTime> {
    let file = folder.join("trace.raw.jsonl.gz");
    let text = Command::new("gzip").arg("-dc").arg(file).output().ok()?.stdout;
    let text = String::from_utf8(text).ok()?;
    // A date says the whole second in which something was written.
    let mut bounds: Option<(SimTime, SimTime)> = None;
    for record in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let Some(date) = date(&record).and_then(SimTime::parse_rfc3339) else {
            continue;
        };
        let t = Span::millis(record["t_ms"].as_u64()?);
        let (earliest, latest) = (date - t, date + Span::millis(999) - t);
        bounds = Some(match bounds {
            Some((from, to)) => (from.max(earliest), to.min(latest)),
            None => (earliest, latest),
        });
    }
    let (from, to) = bounds?;
    Some(SimTime(from.0.midpoint(to.0)))
}

/// The date that a write has left behind.
fn date(record: &Value) -> Option<&str> {
    let (kind, object) = (record["kind"].as_str()?, &record["object"]);
    match record["type"].as_str()? {
        "ADDED" if kind != "Event" => object["metadata"]["creationTimestamp"].as_str(),
        _ => None,
    }
}
