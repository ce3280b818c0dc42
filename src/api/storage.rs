//! The storage group: classes, attachments, drivers.
//!
//! Upstream: staging/src/k8s.io/api/storage/v1/types.go

use super::json::{MicroTime, Shape};
use super::meta::{LabelSelector, ObjectMeta};
use super::quantity::Quantity;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use crate::object;

object! {
    /// A way of making volumes.
    pub struct StorageClass {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The driver that makes them.
        provisioner: Str = "provisioner" always;
        /// What the driver is told.
        parameters: SortedMap<Str, Str> = "parameters";
        /// What becomes of a volume after its claim: `Delete` or `Retain`.
        reclaim_policy: Option<Str> = "reclaimPolicy";
        /// Whether volumes may grow.
        allow_volume_expansion: Option<bool> = "allowVolumeExpansion";
        /// `Immediate` or `WaitForFirstConsumer`.
        volume_binding_mode: Option<Str> = "volumeBindingMode";
    }
    kept {
        "allowedTopologies": Shape::Any;
        "mountOptions": Shape::Any;
    }
}

object! {
    /// The wish that a volume be attached to a node, and how far that has come.
    pub struct VolumeAttachment {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: VolumeAttachmentSpec = "spec" always;
        /// How far it has come.
        status: VolumeAttachmentStatus = "status" always;
    }
}

object! {
    /// Which volume where, and by whom.
    pub struct VolumeAttachmentSpec {
        /// The driver.
        attacher: Str = "attacher" always;
        /// The volume.
        source: VolumeAttachmentSource = "source" always;
        /// The node.
        node_name: Str = "nodeName" always;
    }
}

object! {
    /// Which volume.
    pub struct VolumeAttachmentSource {
        /// The PersistentVolume.
        persistent_volume_name: Option<Str> = "persistentVolumeName";
    }
    kept {
        "inlineVolumeSpec": Shape::Any;
    }
}

object! {
    /// How far an attachment has come.
    pub struct VolumeAttachmentStatus {
        /// Whether the driver says it is attached.
        attached: bool = "attached" always;
        /// Why attaching failed last.
        attach_error: Option<VolumeError> = "attachError";
        /// Why detaching failed last.
        detach_error: Option<VolumeError> = "detachError";
    }
    kept {
        "attachmentMetadata": Shape::Any;
    }
}

object! {
    /// Why attaching or detaching failed.
    pub struct VolumeError {
        /// When.
        time: Option<SimTime> = "time";
        /// Why.
        message: Str = "message";
    }
    kept {
        "errorCode": Shape::Int32;
    }
}

object! {
    /// A driver as the cluster knows it.
    pub struct CSIDriver {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What it can do.
        spec: CSIDriverSpec = "spec" always;
    }
}

object! {
    /// What a driver can do.
    pub struct CSIDriverSpec {
        /// Whether volumes must be attached before they are mounted; yes if not given.
        attach_required: Option<bool> = "attachRequired";
        /// Whether it says how much room it has, and Pods are placed by that.
        storage_capacity: Option<bool> = "storageCapacity";
    }
    kept {
        "fsGroupPolicy": Shape::Text;
        "nodeAllocatableUpdatePeriodSeconds": Shape::Int64;
        "podInfoOnMount": Shape::Bool;
        "preventPodSchedulingIfMissing": Shape::Bool;
        "requiresRepublish": Shape::Bool;
        "seLinuxMount": Shape::Bool;
        "serviceAccountTokenInSecrets": Shape::Bool;
        "tokenRequests": Shape::Any;
        "volumeLifecycleModes": Shape::Any;
    }
}

object! {
    /// The drivers of one node.
    pub struct CSINode {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The drivers.
        spec: CSINodeSpec = "spec" always;
    }
}

object! {
    /// The drivers of one node.
    pub struct CSINodeSpec {
        /// The drivers.
        drivers: Vec<CSINodeDriver> = "drivers" always;
    }
}

object! {
    /// A driver on a node.
    pub struct CSINodeDriver {
        /// The driver.
        name: Str = "name" always;
        /// The driver's name for the node.
        node_id: Str = "nodeID" always;
        /// How many volumes the node can hold.
        allocatable: Option<VolumeNodeResources> = "allocatable";
        /// The labels by which the driver knows where a node is.
        topology_keys: Vec<Str> = "topologyKeys" always;
    }
}

object! {
    /// How many volumes a node can hold.
    pub struct VolumeNodeResources {
        /// So many.
        count: Option<i32> = "count";
    }
}

object! {
    /// How much room a driver has for volumes of one class in one place.
    pub struct CSIStorageCapacity {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The nodes that can reach what is there; `None` for none, an empty selector for all.
        node_topology: Option<LabelSelector> = "nodeTopology";
        /// The class.
        storage_class_name: Str = "storageClassName" always;
        /// How much room there is.
        capacity: Option<Quantity> = "capacity";
        /// How large one volume can be at most.
        maximum_volume_size: Option<Quantity> = "maximumVolumeSize";
    }
}

impl CSIStorageCapacity {
    /// How large a new volume can be: the more precise of both, if either is known.
    pub fn limit(&self) -> Option<&Quantity> {
        self.maximum_volume_size.as_ref().or(self.capacity.as_ref())
    }
}

object! {
    /// A sign of life; of a node, under its name in `kube-node-lease`.
    pub struct Lease {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The sign.
        spec: LeaseSpec = "spec" always;
    }
}

object! {
    /// A sign of life.
    pub struct LeaseSpec {
        /// Who gives it.
        holder_identity: Option<Str> = "holderIdentity";
        /// For how long it is good.
        lease_duration_seconds: Option<i32> = "leaseDurationSeconds";
        /// When it was last given. While `renewing` is set this is one of the regular
        /// renewals, and the later ones are derived from it.
        renew_time: Option<MicroTime> = "renewTime";
    }
    kept {
        "acquireTime": Shape::Time;
        "leaseTransitions": Shape::Int32;
        "preferredHolder": Shape::Text;
        "strategy": Shape::Text;
    }
    hidden {
        /// Whether its holder goes on renewing it in its rhythm. Those writes change nothing
        /// anybody acts on, so they are not made; the holder writes again when it stops.
        renewing: bool;
    }
}

object! {
    /// A name for a priority.
    pub struct PriorityClass {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The priority.
        value: i32 = "value" always;
        /// Whether Pods that name no class get it.
        global_default: bool = "globalDefault";
        /// What it is for.
        description: Str = "description";
        /// `Never` or `PreemptLowerPriority`.
        preemption_policy: Option<Str> = "preemptionPolicy";
    }
}
