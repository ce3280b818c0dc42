//! DaemonSets: one Pod a node.
//!
//! Upstream: staging/src/k8s.io/api/apps/v1/types.go

use super::stateful_set::UpdateStrategyType;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::int_or_text::IntOrText;
use crate::api::meta::{Condition, LabelSelector, ObjectMeta};
use crate::object;
use std::rc::Rc;

object! {
    /// A DaemonSet.
    pub struct DaemonSet {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<DaemonSetSpec> = "spec";
        /// How far it has come.
        status: DaemonSetStatus = "status" always;
    }
}

object! {
    /// What a DaemonSet wants.
    pub struct DaemonSetSpec {
        /// Its Pods, by labels.
        selector: Option<LabelSelector> = "selector" always;
        /// What its Pods are made from.
        template: PodTemplateSpec = "template" always;
        /// How a new template reaches the Pods.
        update_strategy: DaemonSetUpdateStrategy = "updateStrategy" always;
        /// Seconds a Pod must be ready before it counts as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// How many old revisions are kept; 10 if not given.
        revision_history_limit: Option<i32> = "revisionHistoryLimit";
    }
}

object! {
    /// How a new template reaches the Pods.
    pub struct DaemonSetUpdateStrategy {
        /// By itself, or on deletion.
        kind: UpdateStrategyType = "type";
        /// How fast.
        rolling_update: Option<RollingUpdateDaemonSet> = "rollingUpdate";
    }
}

object! {
    /// How fast a rolling update goes. One of the two is zero.
    pub struct RollingUpdateDaemonSet {
        /// How many nodes may be without an available Pod; 1 if not given.
        max_unavailable: Option<IntOrText> = "maxUnavailable";
        /// How many nodes may have a second Pod; 0 if not given.
        max_surge: Option<IntOrText> = "maxSurge";
    }
}

object! {
    /// How far a DaemonSet has come, in nodes.
    pub struct DaemonSetStatus {
        /// That should have a Pod and have one.
        current_number_scheduled: i32 = "currentNumberScheduled" always;
        /// That have a Pod and should not.
        number_misscheduled: i32 = "numberMisscheduled" always;
        /// That should have a Pod.
        desired_number_scheduled: i32 = "desiredNumberScheduled" always;
        /// That should have a Pod, and it is ready.
        number_ready: i32 = "numberReady" always;
        /// The generation its controller has seen.
        observed_generation: i64 = "observedGeneration";
        /// That should have a Pod, and it is at the newest revision.
        updated_number_scheduled: i32 = "updatedNumberScheduled";
        /// That should have a Pod, and it has been ready long enough.
        number_available: i32 = "numberAvailable";
        /// That should have a Pod, and none is available.
        number_unavailable: i32 = "numberUnavailable";
        /// How often a revision's name was taken.
        collision_count: Option<i32> = "collisionCount";
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
    }
}
