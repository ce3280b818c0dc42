//! Nodes as the API server knows them.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::pod::ResourceList;
use super::scheduling::Toleration;
use crate::api::json::Shape;
use crate::api::meta::{Condition, ObjectMeta, condition};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::object;

object! {
    /// A Node: what is said of a machine.
    pub struct Node {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted of it.
        spec: NodeSpec = "spec" always;
        /// What its kubelet reports.
        status: NodeStatus = "status" always;
    }
}

object! {
    /// What is wanted of a Node.
    pub struct NodeSpec {
        /// The addresses of its Pods.
        pod_cidr: Str = "podCIDR";
        /// Why Pods should keep away.
        taints: Vec<Taint> = "taints";
        /// Whether new Pods are kept away (cordoned).
        unschedulable: bool = "unschedulable";
        /// The cloud's name for the machine.
        provider_id: Str = "providerID";
    }
    kept {
        "configSource": Shape::Any;
        "externalID": Shape::Text;
        "podCIDRs": Shape::Any;
    }
}

/// The taint of a node that does not answer.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// The taint of a node that answers that it is not ready, and of a new one.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";

object! {
    /// Why Pods should keep away from a node.
    pub struct Taint {
        /// Its key.
        key: Str = "key" always;
        /// Its value.
        value: Str = "value";
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        effect: Str = "effect" always;
        /// When it was put on.
        time_added: Option<SimTime> = "timeAdded";
    }
}

object! {
    /// What the kubelet reports of its machine.
    pub struct NodeStatus {
        /// What the machine has.
        capacity: ResourceList = "capacity";
        /// What is left of it for Pods.
        allocatable: ResourceList = "allocatable";
        /// What is so about it.
        conditions: Vec<Condition> = "conditions";
        /// Its addresses.
        addresses: Vec<NodeAddress> = "addresses";
        /// Its software.
        node_info: NodeSystemInfo = "nodeInfo";
        /// Attachable volumes its kubelet uses or still has mounted, sorted.
        volumes_in_use: Vec<Str> = "volumesInUse";
        /// Volumes the attach/detach controller says are attached, sorted.
        volumes_attached: Vec<AttachedVolume> = "volumesAttached";
    }
    kept {
        "config": Shape::Any;
        "daemonEndpoints": Shape::Any;
        "declaredFeatures": Shape::Any;
        "features": Shape::Any;
        "images": Shape::Any;
        "phase": Shape::Text;
        "runtimeHandlers": Shape::Any;
    }
}

object! {
    /// An address of a Node.
    pub struct NodeAddress {
        /// `InternalIP`, `Hostname`, …
        kind: Str = "type" always;
        /// The address.
        address: Str = "address" always;
    }
}

object! {
    /// A Node's software.
    pub struct NodeSystemInfo {
        /// The kubelet's version.
        kubelet_version: Str = "kubeletVersion" always;
        /// The system's name.
        os_image: Str = "osImage" always;
        /// The kernel's version.
        kernel_version: Str = "kernelVersion" always;
        /// The container runtime and its version.
        container_runtime_version: Str = "containerRuntimeVersion" always;
        /// `linux`.
        operating_system: Str = "operatingSystem" always;
        /// `amd64`.
        architecture: Str = "architecture" always;
    }
    kept {
        "bootID": Shape::Text;
        "kubeProxyVersion": Shape::Text;
        "machineID": Shape::Text;
        "swap": Shape::Any;
        "systemUUID": Shape::Text;
    }
}

object! {
    /// A volume attached to a Node.
    pub struct AttachedVolume {
        /// `kubernetes.io/csi/<driver>^<handle>`.
        name: Str = "name" always;
        /// The device; empty for CSI volumes.
        device_path: Str = "devicePath" always;
    }
}

impl Node {
    /// The status of its Ready condition: `True`, `False`, or `Unknown`.
    pub fn ready(&self) -> &str {
        condition(&self.status.conditions, "Ready").map_or("Unknown", |ready| &ready.status)
    }

    /// Whether its Ready condition is True.
    pub fn is_ready(&self) -> bool {
        self.ready() == "True"
    }

    /// The taint with this key and effect.
    pub fn taint(&self, key: &str, effect: &str) -> Option<&Taint> {
        self.spec.taints.iter().find(|taint| &*taint.key == key && &*taint.effect == effect)
    }

    /// The taints that keep new Pods with these tolerations away.
    pub fn untolerated(&self, tolerations: &[Toleration]) -> impl Iterator<Item = &Taint> {
        self.spec.taints.iter().filter(|taint| {
            matches!(&*taint.effect, "NoSchedule" | "NoExecute")
                && !tolerations.iter().any(|toleration| toleration.tolerates(taint))
        })
    }

    /// Its zone; empty if it has none.
    pub fn zone(&self) -> &str {
        self.meta.label("topology.kubernetes.io/zone").map_or("", |zone| zone)
    }
}
