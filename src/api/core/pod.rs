//! Pods: what runs, where, and how far it has come.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::container::{Container, ContainerStatus, RestartPolicy, Volume};
use super::scheduling::{
    Affinity, PodReadinessGate, PodSchedulingGate, Toleration, TopologySpreadConstraint,
};
use crate::api::json::Shape;
use crate::api::meta::{Condition, Labels, ObjectMeta, condition};
use crate::api::quantity::Quantity;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use crate::{object, words};
use std::rc::Rc;

/// The priority from which on a Pod is critical: that of `system-cluster-critical`.
pub const CRITICAL: i32 = 2_000_000_000;

/// Amounts by resource name: `cpu`, `memory`, `storage`, …
pub type ResourceList = SortedMap<Str, Quantity>;

object! {
    /// A Pod.
    pub struct Pod {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<PodSpec> = "spec";
        /// How far it has come.
        status: PodStatus = "status";
    }
}

object! {
    /// What a workload makes Pods from.
    pub struct PodTemplateSpec {
        /// Labels and annotations of the Pods.
        meta: ObjectMeta = "metadata";
        /// What the Pods want.
        spec: Rc<PodSpec> = "spec";
    }
}

object! {
    /// What a Pod wants.
    pub struct PodSpec {
        /// Its volumes.
        volumes: Vec<Volume> = "volumes";
        /// Containers that run to their end, in order, before the others start.
        init_containers: Rc<Vec<Container>> = "initContainers";
        /// Its containers.
        containers: Rc<Vec<Container>> = "containers" always;
        /// Whether ended containers are started again.
        restart_policy: RestartPolicy = "restartPolicy";
        /// Seconds between the request to stop and the kill.
        termination_grace_period_seconds: Option<i64> = "terminationGracePeriodSeconds";
        /// Seconds it may run at all.
        active_deadline_seconds: Option<i64> = "activeDeadlineSeconds";
        /// Labels its node must have.
        node_selector: Labels = "nodeSelector";
        /// The account it acts as.
        service_account_name: Str = "serviceAccountName";
        /// Its node, once chosen.
        node_name: Str = "nodeName";
        /// Its host name.
        hostname: Str = "hostname";
        /// The headless Service under which it has a DNS name.
        subdomain: Str = "subdomain";
        /// Rules for where it may or would rather run.
        affinity: Option<Rc<Affinity>> = "affinity";
        /// Who chooses its node.
        scheduler_name: Str = "schedulerName";
        /// Taints it bears.
        tolerations: Vec<Toleration> = "tolerations";
        /// The class its priority comes from.
        priority_class_name: Str = "priorityClassName";
        /// Its priority.
        priority: Option<i32> = "priority";
        /// `Never`, or `PreemptLowerPriority`.
        preemption_policy: Str = "preemptionPolicy";
        /// Rules for spreading over zones and nodes.
        topology_spread_constraints: Vec<TopologySpreadConstraint> = "topologySpreadConstraints";
        /// What the runtime itself takes, added to requests.
        overhead: ResourceList = "overhead";
        /// Whether it uses the node's network.
        host_network: bool = "hostNetwork";
        /// Conditions that must be set from outside before it counts as ready.
        readiness_gates: Vec<PodReadinessGate> = "readinessGates";
        /// Things that keep it from being scheduled until they are removed.
        scheduling_gates: Vec<PodSchedulingGate> = "schedulingGates";
    }
    kept {
        "automountServiceAccountToken": Shape::Bool;
        "dnsConfig": Shape::Any;
        "dnsPolicy": Shape::Text;
        "enableServiceLinks": Shape::Bool;
        "ephemeralContainers": Shape::Any;
        "hostAliases": Shape::Any;
        "hostIPC": Shape::Bool;
        "hostPID": Shape::Bool;
        "hostUsers": Shape::Bool;
        "hostnameOverride": Shape::Text;
        "imagePullSecrets": Shape::Any;
        "os": Shape::Any;
        "resourceClaims": Shape::Any;
        "resources": Shape::Any;
        "runtimeClassName": Shape::Text;
        "securityContext": Shape::Any;
        "serviceAccount": Shape::Text;
        "setHostnameAsFQDN": Shape::Bool;
        "shareProcessNamespace": Shape::Bool;
        "workloadRef": Shape::Any;
    }
}

words! {
    /// Where a Pod is in its life.
    pub enum PodPhase {
        /// Accepted, not all containers started.
        Pending = "Pending",
        /// On a node, at least one container started.
        Running = "Running",
        /// All containers ended well.
        Succeeded = "Succeeded",
        /// All containers ended, one badly.
        Failed = "Failed",
        /// Nobody knows.
        Unknown = "Unknown",
    }
}

object! {
    /// How far a Pod has come.
    pub struct PodStatus {
        /// The spec's generation the kubelet has seen.
        observed_generation: i64 = "observedGeneration";
        /// Where it is in its life.
        phase: PodPhase = "phase";
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
        /// Why it is in its phase, in a sentence.
        message: Str = "message";
        /// Why it is in its phase, in a word.
        reason: Str = "reason";
        /// The node it would have if lower priorities made room.
        nominated_node_name: Str = "nominatedNodeName";
        /// Its node's address.
        host_ip: Str = "hostIP";
        /// Its address.
        pod_ip: Str = "podIP";
        /// When the kubelet took it on.
        start_time: Option<SimTime> = "startTime";
        /// Its init containers.
        init_container_statuses: Vec<ContainerStatus> = "initContainerStatuses";
        /// Its containers.
        container_statuses: Vec<ContainerStatus> = "containerStatuses";
        /// How its resources are served.
        qos_class: Str = "qosClass";
    }
    kept {
        "allocatedResources": Shape::Any;
        "ephemeralContainerStatuses": Shape::Any;
        "extendedResourceClaimStatus": Shape::Any;
        "hostIPs": Shape::Any;
        "podIPs": Shape::Any;
        "resize": Shape::Text;
        "resourceClaimStatuses": Shape::Any;
        "resources": Shape::Any;
    }
}

impl PodSpec {
    /// The one node that its required affinity names, as that of DaemonSets' Pods does.
    pub fn pinned_to(&self) -> Option<&str> {
        let required = self.affinity.as_ref()?.node_affinity.as_ref()?.required.as_ref()?;
        let field = required.node_selector_terms.first()?.match_fields.first()?;
        let named = &*field.key == "metadata.name" && &*field.operator == "In";
        field.values.first().filter(|_| named).map(|name| &**name)
    }
}

impl Pod {
    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.meta.is_terminating()
    }

    /// Whether its Ready condition is True.
    pub fn is_ready(&self) -> bool {
        condition(&self.status.conditions, "Ready").is_some_and(|ready| &*ready.status == "True")
    }

    /// Whether it has ended, well or badly.
    pub fn is_terminal(&self) -> bool {
        matches!(self.status.phase, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// Whether it has a node.
    pub fn is_assigned(&self) -> bool {
        !self.spec.node_name.is_empty()
    }

    /// The claims behind its volumes, by name.
    pub fn claim_names(&self) -> impl Iterator<Item = &Str> {
        let claims = self.spec.volumes.iter().flat_map(|v| &v.persistent_volume_claim);
        claims.map(|claim| &claim.claim_name)
    }
}
