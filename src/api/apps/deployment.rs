//! Deployments and ReplicaSets.
//!
//! Upstream: staging/src/k8s.io/api/apps/v1/types.go

use crate::api::core::pod::PodTemplateSpec;
use crate::api::int_or_text::IntOrText;
use crate::api::meta::{Condition, LabelSelector, ObjectMeta};
use crate::{object, words};
use std::rc::Rc;

object! {
    /// A Deployment.
    pub struct Deployment {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<DeploymentSpec> = "spec";
        /// How far it has come.
        status: DeploymentStatus = "status" always;
    }
}

object! {
    /// What a Deployment wants.
    pub struct DeploymentSpec {
        /// How many Pods; 1 if not given.
        replicas: Option<i32> = "replicas";
        /// Its ReplicaSets and Pods, by labels.
        selector: Option<LabelSelector> = "selector" always;
        /// What its Pods are made from.
        template: PodTemplateSpec = "template" always;
        /// How a new template reaches the Pods.
        strategy: DeploymentStrategy = "strategy" always;
        /// Seconds a Pod must be ready before it counts as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// How many old ReplicaSets are kept; 10 if not given.
        revision_history_limit: Option<i32> = "revisionHistoryLimit";
        /// Whether new templates have to wait.
        paused: bool = "paused";
        /// Seconds without progress after which it says so; 600 if not given.
        progress_deadline_seconds: Option<i32> = "progressDeadlineSeconds";
    }
}

words! {
    /// How a new template reaches the Pods.
    pub enum DeploymentStrategyType {
        /// All old Pods go before the first new one comes.
        Recreate = "Recreate",
        /// A few at a time.
        RollingUpdate = "RollingUpdate",
    }
}

object! {
    /// How a new template reaches the Pods.
    pub struct DeploymentStrategy {
        /// All at once, or a few at a time.
        kind: DeploymentStrategyType = "type";
        /// How many at a time.
        rolling_update: Option<RollingUpdateDeployment> = "rollingUpdate";
    }
}

object! {
    /// How many Pods a rolling update may add and take away.
    pub struct RollingUpdateDeployment {
        /// How many may be missing; 25 % if not given.
        max_unavailable: Option<IntOrText> = "maxUnavailable";
        /// How many there may be too many; 25 % if not given.
        max_surge: Option<IntOrText> = "maxSurge";
    }
}

object! {
    /// How far a Deployment has come.
    pub struct DeploymentStatus {
        /// The generation its controller has seen.
        observed_generation: i64 = "observedGeneration";
        /// How many Pods exist that are not terminating.
        replicas: i32 = "replicas";
        /// How many of them are of the newest template.
        updated_replicas: i32 = "updatedReplicas";
        /// How many of them are ready.
        ready_replicas: i32 = "readyReplicas";
        /// How many of them have been ready long enough.
        available_replicas: i32 = "availableReplicas";
        /// How many are missing from what its ReplicaSets want.
        unavailable_replicas: i32 = "unavailableReplicas";
        /// How many Pods are terminating.
        terminating_replicas: Option<i32> = "terminatingReplicas";
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
        /// How often a ReplicaSet's name was taken.
        collision_count: Option<i32> = "collisionCount";
    }
}

object! {
    /// A ReplicaSet.
    pub struct ReplicaSet {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<ReplicaSetSpec> = "spec";
        /// How far it has come.
        status: ReplicaSetStatus = "status" always;
    }
}

object! {
    /// What a ReplicaSet wants.
    pub struct ReplicaSetSpec {
        /// How many Pods; 1 if not given.
        replicas: Option<i32> = "replicas";
        /// Seconds a Pod must be ready before it counts as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// Its Pods, by labels.
        selector: Option<LabelSelector> = "selector" always;
        /// What its Pods are made from.
        template: PodTemplateSpec = "template" always;
    }
}

object! {
    /// How far a ReplicaSet has come.
    pub struct ReplicaSetStatus {
        /// How many Pods exist that are not terminating.
        replicas: i32 = "replicas" always;
        /// How many of them have all labels of the template.
        fully_labeled_replicas: i32 = "fullyLabeledReplicas";
        /// How many of them are ready.
        ready_replicas: i32 = "readyReplicas";
        /// How many of them have been ready long enough.
        available_replicas: i32 = "availableReplicas";
        /// How many Pods are terminating.
        terminating_replicas: Option<i32> = "terminatingReplicas";
        /// The generation its controller has seen.
        observed_generation: i64 = "observedGeneration";
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
    }
}

impl Deployment {
    /// How many Pods are wanted.
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    /// Whether it replaces Pods a few at a time.
    pub fn is_rolling(&self) -> bool {
        self.spec.strategy.kind == DeploymentStrategyType::RollingUpdate
    }

    /// How many Pods there may be too many, and how many may be missing, in a rolling update.
    pub fn fenceposts(&self) -> (i32, i32) {
        let Some(rolling) =
            self.spec.strategy.rolling_update.as_ref().filter(|_| self.is_rolling())
        else {
            return (0, 0);
        };
        let scaled = |amount: &Option<IntOrText>, up: bool| {
            let number = amount.as_ref().and_then(|a| a.scaled(self.replicas().into(), up));
            i32::try_from(number.unwrap_or(0)).unwrap_or(i32::MAX)
        };
        let surge = scaled(&rolling.max_surge, true);
        match scaled(&rolling.max_unavailable, false) {
            // Percentages of few Pods may both come to nothing: then it could not move.
            0 if surge == 0 => (0, 1),
            unavailable => (surge, unavailable),
        }
    }

    /// How many Pods there may be too many.
    pub fn max_surge(&self) -> i32 {
        self.fenceposts().0
    }

    /// How many Pods may be missing.
    pub fn max_unavailable(&self) -> i32 {
        self.fenceposts().1.min(self.replicas())
    }
}

impl ReplicaSet {
    /// How many Pods are wanted.
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }
}
