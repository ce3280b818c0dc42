//! Claims and volumes.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::pod::ResourceList;
use super::scheduling::NodeSelector;
use crate::api::json::Shape;
use crate::api::meta::{Condition, LabelSelector, Labels, ObjectMeta, Uid};
use crate::base::Str;
use crate::base::time::SimTime;
use crate::{object, words};
use std::rc::Rc;

object! {
    /// A claim: the wish for a volume, and the volume it got.
    pub struct PersistentVolumeClaim {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: Rc<PersistentVolumeClaimSpec> = "spec";
        /// What it got.
        status: PersistentVolumeClaimStatus = "status";
    }
    kept {
        "apiVersion": Shape::Text;
        "kind": Shape::Text;
    }
}

object! {
    /// What a claim wants.
    pub struct PersistentVolumeClaimSpec {
        /// How it is used: `ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany`,
        /// `ReadWriteOncePod`.
        access_modes: Vec<Str> = "accessModes";
        /// Labels the volume must have.
        selector: Option<LabelSelector> = "selector";
        /// How large it must be, under `storage`.
        resources: VolumeResourceRequirements = "resources" always;
        /// The volume it is bound to.
        volume_name: Str = "volumeName";
        /// The class that makes its volume; `""` asks for a volume of no class.
        storage_class_name: Option<Str> = "storageClassName";
        /// `Filesystem` or `Block`.
        volume_mode: Str = "volumeMode";
    }
    kept {
        "dataSource": Shape::Any;
        "dataSourceRef": Shape::Any;
        "volumeAttributesClassName": Shape::Text;
    }
}

object! {
    /// How large a volume must be.
    pub struct VolumeResourceRequirements {
        /// At least.
        requests: ResourceList = "requests";
        /// At most.
        limits: ResourceList = "limits";
    }
}

words! {
    /// Whether a claim has its volume.
    pub enum ClaimPhase {
        /// Not yet.
        Pending = "Pending",
        /// It has.
        Bound = "Bound",
        /// Its volume is gone.
        Lost = "Lost",
    }
}

object! {
    /// What a claim got.
    pub struct PersistentVolumeClaimStatus {
        /// Whether it has its volume.
        phase: ClaimPhase = "phase";
        /// How its volume may be used.
        access_modes: Vec<Str> = "accessModes";
        /// How large its volume is, under `storage`.
        capacity: ResourceList = "capacity";
        /// What is so about it, such as a resize under way.
        conditions: Vec<Condition> = "conditions";
        /// How far a growth has come, under `storage`.
        allocated_resource_statuses: Labels = "allocatedResourceStatuses";
        /// The size last asked of the driver, under `storage`.
        allocated_resources: ResourceList = "allocatedResources";
    }
    kept {
        "currentVolumeAttributesClassName": Shape::Text;
        "modifyVolumeStatus": Shape::Any;
    }
}

object! {
    /// A volume: a disk somewhere, and whose it is.
    pub struct PersistentVolume {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What it is.
        spec: Rc<PersistentVolumeSpec> = "spec";
        /// Whether it is taken.
        status: PersistentVolumeStatus = "status";
    }
}

object! {
    /// What a volume is.
    pub struct PersistentVolumeSpec {
        /// How large it is, under `storage`.
        capacity: ResourceList = "capacity";
        /// A disk behind a CSI driver.
        csi: Option<CSIPersistentVolumeSource> = "csi";
        /// A directory of one node.
        local: Option<LocalVolumeSource> = "local";
        /// How it may be used.
        access_modes: Vec<Str> = "accessModes";
        /// The claim it is bound or promised to.
        claim_ref: Option<ObjectReference> = "claimRef";
        /// What becomes of it after its claim: `Delete`, `Retain`, `Recycle`.
        reclaim_policy: Str = "persistentVolumeReclaimPolicy";
        /// Its class.
        storage_class_name: Str = "storageClassName";
        /// `Filesystem` or `Block`.
        volume_mode: Str = "volumeMode";
        /// The nodes that can reach it.
        node_affinity: Option<VolumeNodeAffinity> = "nodeAffinity";
    }
    kept {
        "awsElasticBlockStore": Shape::Any;
        "azureDisk": Shape::Any;
        "azureFile": Shape::Any;
        "cephfs": Shape::Any;
        "cinder": Shape::Any;
        "fc": Shape::Any;
        "flexVolume": Shape::Any;
        "flocker": Shape::Any;
        "gcePersistentDisk": Shape::Any;
        "glusterfs": Shape::Any;
        "hostPath": Shape::Any;
        "iscsi": Shape::Any;
        "mountOptions": Shape::Any;
        "nfs": Shape::Any;
        "photonPersistentDisk": Shape::Any;
        "portworxVolume": Shape::Any;
        "quobyte": Shape::Any;
        "rbd": Shape::Any;
        "scaleIO": Shape::Any;
        "storageos": Shape::Any;
        "volumeAttributesClassName": Shape::Text;
        "vsphereVolume": Shape::Any;
    }
}

object! {
    /// A disk behind a CSI driver.
    pub struct CSIPersistentVolumeSource {
        /// The driver.
        driver: Str = "driver" always;
        /// The driver's name for the disk.
        volume_handle: Str = "volumeHandle" always;
    }
    kept {
        "controllerExpandSecretRef": Shape::Any;
        "controllerPublishSecretRef": Shape::Any;
        "fsType": Shape::Text;
        "nodeExpandSecretRef": Shape::Any;
        "nodePublishSecretRef": Shape::Any;
        "nodeStageSecretRef": Shape::Any;
        "readOnly": Shape::Bool;
        "volumeAttributes": Shape::Any;
    }
}

object! {
    /// A directory of one node.
    pub struct LocalVolumeSource {
        /// The directory.
        path: Str = "path" always;
    }
    kept {
        "fsType": Shape::Text;
    }
}

object! {
    /// Which object is meant.
    pub struct ObjectReference {
        /// Its kind.
        kind: Str = "kind";
        /// Its namespace.
        namespace: Str = "namespace";
        /// Its name.
        name: Str = "name";
        /// Its uid.
        uid: Uid = "uid";
        /// Its group and version.
        api_version: Str = "apiVersion";
        /// Its revision.
        resource_version: Str = "resourceVersion";
        /// The part of it that is meant.
        field_path: Str = "fieldPath";
    }
}

object! {
    /// The nodes that can reach a volume.
    pub struct VolumeNodeAffinity {
        /// What must hold of them.
        required: Option<NodeSelector> = "required";
    }
}

words! {
    /// Whether a volume is taken.
    pub enum VolumePhase {
        /// Not yet usable.
        Pending = "Pending",
        /// Free.
        Available = "Available",
        /// Taken.
        Bound = "Bound",
        /// Its claim is gone; its data is not.
        Released = "Released",
        /// Reclaiming it failed.
        Failed = "Failed",
    }
}

object! {
    /// Whether a volume is taken.
    pub struct PersistentVolumeStatus {
        /// Whether it is taken.
        phase: VolumePhase = "phase";
        /// Why, in a sentence.
        message: Str = "message";
        /// Why, in a word.
        reason: Str = "reason";
        /// When its phase last changed.
        last_phase_transition_time: Option<SimTime> = "lastPhaseTransitionTime";
    }
}

impl PersistentVolumeClaim {
    /// Whether it has its volume.
    pub fn is_bound(&self) -> bool {
        self.status.phase == ClaimPhase::Bound
    }
}
