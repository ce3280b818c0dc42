//! StatefulSets and ControllerRevisions.
//!
//! Upstream: staging/src/k8s.io/api/apps/v1/types.go

use crate::api::core::pod::PodTemplateSpec;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::int_or_text::IntOrText;
use crate::api::meta::{Condition, LabelSelector, ObjectMeta};
use crate::base::Str;
use crate::{object, words};
use serde_json::Value;
use std::rc::Rc;

object! {
    /// A StatefulSet.
    pub struct StatefulSet {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<StatefulSetSpec> = "spec";
        /// How far it has come.
        status: StatefulSetStatus = "status" always;
    }
}

object! {
    /// What a StatefulSet wants.
    pub struct StatefulSetSpec {
        /// How many Pods; 1 if not given.
        replicas: Option<i32> = "replicas";
        /// Its Pods, by labels.
        selector: Option<LabelSelector> = "selector" always;
        /// What its Pods are made from.
        template: PodTemplateSpec = "template" always;
        /// What each Pod's claims are made from.
        volume_claim_templates: Rc<Vec<PersistentVolumeClaim>> = "volumeClaimTemplates";
        /// The headless Service that gives its Pods their DNS names.
        service_name: Str = "serviceName" always;
        /// One Pod after the other, or all at once.
        pod_management_policy: PodManagementPolicy = "podManagementPolicy";
        /// How a new template reaches the Pods.
        update_strategy: StatefulSetUpdateStrategy = "updateStrategy" always;
        /// How many old revisions are kept; 10 if not given.
        revision_history_limit: Option<i32> = "revisionHistoryLimit";
        /// Seconds a Pod must be ready before it counts as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// What becomes of claims when Pods or the set go.
        retention: Option<StatefulSetPersistentVolumeClaimRetentionPolicy> =
            "persistentVolumeClaimRetentionPolicy";
        /// Where ordinals start.
        ordinals: Option<StatefulSetOrdinals> = "ordinals";
    }
}

words! {
    /// One Pod after the other, or all at once.
    pub enum PodManagementPolicy {
        /// Each waits for the one before.
        OrderedReady = "OrderedReady",
        /// None waits for another.
        Parallel = "Parallel",
    }
}

words! {
    /// How a new template reaches the Pods.
    pub enum UpdateStrategyType {
        /// One Pod at a time, from the highest ordinal.
        RollingUpdate = "RollingUpdate",
        /// Whenever somebody deletes a Pod.
        OnDelete = "OnDelete",
    }
}

object! {
    /// How a new template reaches the Pods.
    pub struct StatefulSetUpdateStrategy {
        /// By itself, or on deletion.
        kind: UpdateStrategyType = "type";
        /// How far and how fast.
        rolling_update: Option<RollingUpdateStatefulSetStrategy> = "rollingUpdate";
    }
}

object! {
    /// How far and how fast a rolling update goes.
    pub struct RollingUpdateStatefulSetStrategy {
        /// The lowest ordinal that is updated; 0 if not given.
        partition: Option<i32> = "partition";
        /// How many may be unavailable at once, behind a gate; 1 if not given.
        max_unavailable: Option<IntOrText> = "maxUnavailable";
    }
}

words! {
    /// What becomes of a claim.
    pub enum RetentionPolicyType {
        /// It stays.
        Retain = "Retain",
        /// It goes too.
        Delete = "Delete",
    }
}

object! {
    /// What becomes of claims when Pods or the set go.
    pub struct StatefulSetPersistentVolumeClaimRetentionPolicy {
        /// When the set is deleted.
        when_deleted: RetentionPolicyType = "whenDeleted";
        /// When it is scaled down.
        when_scaled: RetentionPolicyType = "whenScaled";
    }
}

object! {
    /// Where ordinals start.
    pub struct StatefulSetOrdinals {
        /// The first ordinal.
        start: i32 = "start" always;
    }
}

object! {
    /// How far a StatefulSet has come.
    pub struct StatefulSetStatus {
        /// The generation its controller has seen.
        observed_generation: i64 = "observedGeneration";
        /// How many Pods exist.
        replicas: i32 = "replicas" always;
        /// How many are ready.
        ready_replicas: i32 = "readyReplicas";
        /// How many are at the current revision.
        current_replicas: i32 = "currentReplicas";
        /// How many are at the update revision.
        updated_replicas: i32 = "updatedReplicas";
        /// The revision Pods come from.
        current_revision: Str = "currentRevision";
        /// The revision Pods are to come from.
        update_revision: Str = "updateRevision";
        /// How often a revision's name was taken.
        collision_count: Option<i32> = "collisionCount";
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
        /// How many have been ready long enough.
        available_replicas: i32 = "availableReplicas" always;
    }
}

object! {
    /// A remembered template of a StatefulSet.
    pub struct ControllerRevision {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The template, as the patch that restores it.
        data: Rc<Value> = "data";
        /// Its number: the highest is the newest.
        revision: i64 = "revision" always;
    }
}

impl StatefulSet {
    /// How many Pods are wanted.
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    /// The first ordinal.
    pub fn start_ordinal(&self) -> i32 {
        self.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start)
    }

    /// Whether it acts without waiting for order.
    pub fn allows_burst(&self) -> bool {
        self.spec.pod_management_policy == PodManagementPolicy::Parallel
    }
}
