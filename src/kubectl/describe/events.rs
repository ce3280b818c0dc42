//! The Events about one object.
//!
//! Upstream: DescribeEvents in staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use crate::api::core::event::Event;
use crate::api::kinds::{Kind, Object};
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::kubectl::cx::Cx;
use std::rc::Rc;

/// When an Event was seen first and last.
fn times(event: &Event) -> (Option<SimTime>, Option<SimTime>) {
    let first = event.event_time.map(|time| time.0).or(event.first_timestamp);
    let last = match &event.series {
        Some(series) => series.last_observed_time.map(|time| time.0),
        None => event.last_timestamp.or(first),
    };
    (first, last)
}

/// When an Event was seen: `3s`, `3s (x2 over 5s)`.
pub fn seen(event: &Event, now: SimTime) -> String {
    let (first, last) = times(event);
    let ago = |time: Option<SimTime>| {
        time.map_or("<unknown>".to_string(), |time| now.since(time).human())
    };
    let count = event.series.as_ref().map_or(event.count, |series| series.count);
    match event.series.is_some() || event.count > 1 {
        true => format!("{} (x{count} over {})", ago(last), ago(first)),
        false => ago(first),
    }
}

/// What an Event tells, with the container it tells it of.
pub fn told(event: &Event) -> String {
    let message = event.message.trim();
    match &*event.involved_object.field_path {
        "" => message.to_string(),
        path => format!("{path}: {message}"),
    }
}

/// Events by when they were seen last.
pub fn ordered(mut events: Vec<Rc<Event>>) -> Vec<Rc<Event>> {
    sorted::sort_by(&mut events, |a, b| times(a).1.cmp(&times(b).1));
    events
}

/// Writes the Events about `object`.
pub(super) fn of(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let (meta, kind) = (object.meta(), object.kind());
    let about = |event: &&Rc<Event>| {
        let about = &event.involved_object;
        let uid = kind == Kind::Node || about.uid == meta.uid;
        about.name == meta.name
            && *about.kind == *kind.info().name
            && about.namespace == meta.namespace
            && uid
    };
    let events = ordered(cx.store().list::<Event>().filter(about).cloned().collect());
    if events.is_empty() {
        return w.pair("Events", "<none>");
    }
    w.line("Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------");
    let now = cx.now();
    for event in events {
        let source = match &*event.source.component {
            "" => &*event.reporting_component,
            component => component,
        };
        let (age, message) = (seen(&event, now), told(&event));
        w.line(format_args!("  {}\t{}\t{age}\t{source}\t{message}", event.kind, event.reason));
    }
}
