//! Events: what components tell people.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::volume::ObjectReference;
use crate::api::json::MicroTime;
use crate::api::meta::ObjectMeta;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::object;

object! {
    /// Something worth telling about an object.
    pub struct Event {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The object it is about.
        involved_object: ObjectReference = "involvedObject" always;
        /// What happened, in a word.
        reason: Str = "reason";
        /// What happened, in a sentence.
        message: Str = "message";
        /// Who tells it, older form.
        source: EventSource = "source";
        /// When it was first told.
        first_timestamp: Option<SimTime> = "firstTimestamp";
        /// When it was last told.
        last_timestamp: Option<SimTime> = "lastTimestamp";
        /// How often it was told; zero in the newer form.
        count: i32 = "count";
        /// `Normal` or `Warning`.
        kind: Str = "type";
        /// When it was first told, newer form.
        event_time: Option<MicroTime> = "eventTime" always;
        /// How often it was told, newer form.
        series: Option<EventSeries> = "series";
        /// What was done, newer form.
        action: Str = "action";
        /// Who tells it, newer form.
        reporting_component: Str = "reportingComponent" always;
        /// Which instance of it.
        reporting_instance: Str = "reportingInstance" always;
        /// Another object it is about.
        related: Option<ObjectReference> = "related";
    }

}

object! {
    /// Who tells an Event.
    pub struct EventSource {
        /// The component.
        component: Str = "component";
        /// Its node.
        host: Str = "host";
    }

}

object! {
    /// How often an Event was told.
    pub struct EventSeries {
        /// How often.
        count: i32 = "count";
        /// When last.
        last_observed_time: Option<MicroTime> = "lastObservedTime";
    }

}
