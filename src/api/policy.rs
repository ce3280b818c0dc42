//! The policy group: how many Pods may be missing at once.
//!
//! Upstream: staging/src/k8s.io/api/policy/v1/types.go

use super::int_or_text::IntOrText;
use super::meta::{Condition, LabelSelector, ObjectMeta};
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use crate::object;

object! {
    /// A budget for voluntary disruption.
    pub struct PodDisruptionBudget {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: PodDisruptionBudgetSpec = "spec";
        /// What may be taken now.
        status: PodDisruptionBudgetStatus = "status" always;
    }
}

object! {
    /// What a budget wants.
    pub struct PodDisruptionBudgetSpec {
        /// At least so many must be healthy.
        min_available: Option<IntOrText> = "minAvailable";
        /// The Pods it protects.
        selector: Option<LabelSelector> = "selector";
        /// At most so many may be unhealthy.
        max_unavailable: Option<IntOrText> = "maxUnavailable";
        /// Whether Pods that are not healthy may be evicted: `IfHealthyBudget`, `AlwaysAllow`.
        unhealthy_pod_eviction_policy: Option<Str> = "unhealthyPodEvictionPolicy";
    }
}

object! {
    /// What may be taken now.
    pub struct PodDisruptionBudgetStatus {
        /// The generation its controller has seen.
        observed_generation: i64 = "observedGeneration";
        /// Pods whose eviction was granted but not yet seen, and when.
        disrupted_pods: SortedMap<Str, SimTime> = "disruptedPods";
        /// How many may be evicted now.
        disruptions_allowed: i32 = "disruptionsAllowed" always;
        /// How many are healthy.
        current_healthy: i32 = "currentHealthy" always;
        /// How many must be healthy.
        desired_healthy: i32 = "desiredHealthy" always;
        /// How many it protects.
        expected_pods: i32 = "expectedPods" always;
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
    }
}
