//! Containers, their volumes and how they are.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::pod::ResourceList;
use crate::api::json::Shape;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::{object, words};

words! {
    /// Whether ended containers are started again.
    pub enum RestartPolicy {
        /// Always.
        Always = "Always",
        /// Only after a failure.
        OnFailure = "OnFailure",
        /// Never.
        Never = "Never",
    }
}

object! {
    /// A volume of a Pod: a claim, or something that needs no disk.
    pub struct Volume {
        /// Its name in the Pod.
        name: Str = "name" always;
        /// The claim behind it.
        persistent_volume_claim: Option<PersistentVolumeClaimVolumeSource> =
            "persistentVolumeClaim";
        /// A scratch directory that ends with the Pod.
        empty_dir: Option<EmptyDirVolumeSource> = "emptyDir";
        /// Files from a ConfigMap.
        config_map: Option<ConfigMapVolumeSource> = "configMap";
        /// Files from a Secret.
        secret: Option<SecretVolumeSource> = "secret";
    }
    kept {
        "awsElasticBlockStore": Shape::Any;
        "azureDisk": Shape::Any;
        "azureFile": Shape::Any;
        "cephfs": Shape::Any;
        "cinder": Shape::Any;
        "csi": Shape::Any;
        "downwardAPI": Shape::Any;
        "ephemeral": Shape::Any;
        "fc": Shape::Any;
        "flexVolume": Shape::Any;
        "flocker": Shape::Any;
        "gcePersistentDisk": Shape::Any;
        "gitRepo": Shape::Any;
        "glusterfs": Shape::Any;
        "hostPath": Shape::Any;
        "image": Shape::Any;
        "iscsi": Shape::Any;
        "nfs": Shape::Any;
        "photonPersistentDisk": Shape::Any;
        "portworxVolume": Shape::Any;
        "projected": Shape::Any;
        "quobyte": Shape::Any;
        "rbd": Shape::Any;
        "scaleIO": Shape::Any;
        "storageos": Shape::Any;
        "vsphereVolume": Shape::Any;
    }
}

object! {
    /// The claim behind a volume.
    pub struct PersistentVolumeClaimVolumeSource {
        /// The claim's name, in the Pod's namespace.
        claim_name: Str = "claimName" always;
        /// Whether it is mounted read-only.
        read_only: bool = "readOnly";
    }
}

object! {
    /// A scratch directory.
    pub struct EmptyDirVolumeSource {}
    kept {
        "medium": Shape::Text;
        "sizeLimit": Shape::Quantity;
    }
}

object! {
    /// Files from a ConfigMap.
    pub struct ConfigMapVolumeSource {
        /// The ConfigMap.
        name: Str = "name";
        /// Whether the Pod may start without it.
        optional: Option<bool> = "optional";
    }
    kept {
        "items": Shape::Any;
        "defaultMode": Shape::Int32;
    }
}

object! {
    /// Files from a Secret.
    pub struct SecretVolumeSource {
        /// The Secret.
        secret_name: Str = "secretName";
        /// Whether the Pod may start without it.
        optional: Option<bool> = "optional";
    }
    kept {
        "items": Shape::Any;
        "defaultMode": Shape::Int32;
    }
}

object! {
    /// A container.
    pub struct Container {
        /// Its name in the Pod.
        name: Str = "name" always;
        /// Its image.
        image: Str = "image";
        /// What is run instead of the image's entry point.
        command: Vec<Str> = "command";
        /// Its arguments.
        args: Vec<Str> = "args";
        /// The ports it listens on.
        ports: Vec<ContainerPort> = "ports";
        /// Its environment.
        env: Vec<EnvVar> = "env";
        /// Environment from ConfigMaps and Secrets.
        env_from: Vec<EnvFromSource> = "envFrom";
        /// What it needs and may use.
        resources: ResourceRequirements = "resources" always;
        /// Where its volumes are mounted.
        volume_mounts: Vec<VolumeMount> = "volumeMounts";
        /// Its restart policy, for sidecars among the init containers.
        restart_policy: RestartPolicy = "restartPolicy";
        /// Restarts it when it fails.
        liveness_probe: Option<Probe> = "livenessProbe";
        /// Takes it out of Services while it fails.
        readiness_probe: Option<Probe> = "readinessProbe";
        /// Holds the other probes back until it passes.
        startup_probe: Option<Probe> = "startupProbe";
        /// What is run after its start and before its stop.
        lifecycle: Option<Lifecycle> = "lifecycle";
        /// When its image is pulled.
        image_pull_policy: Str = "imagePullPolicy";
    }
    kept {
        "resizePolicy": Shape::Any;
        "restartPolicyRules": Shape::Any;
        "securityContext": Shape::Any;
        "stdin": Shape::Bool;
        "stdinOnce": Shape::Bool;
        "terminationMessagePath": Shape::Text;
        "terminationMessagePolicy": Shape::Text;
        "tty": Shape::Bool;
        "volumeDevices": Shape::Any;
        "workingDir": Shape::Text;
    }
}

object! {
    /// A port a container listens on.
    pub struct ContainerPort {
        /// Its name, which Services may use.
        name: Str = "name";
        /// The same port on the node, taken by one Pod only.
        host_port: i32 = "hostPort";
        /// Its number.
        container_port: i32 = "containerPort" always;
        /// `TCP`, `UDP` or `SCTP`.
        protocol: Str = "protocol";
        /// The node's address for `hostPort`.
        host_ip: Str = "hostIP";
    }
}

object! {
    /// One variable of the environment.
    pub struct EnvVar {
        /// Its name.
        name: Str = "name" always;
        /// Its value.
        value: Str = "value";
        /// Where its value comes from.
        value_from: Option<EnvVarSource> = "valueFrom";
    }
}

object! {
    /// Where a variable's value comes from.
    pub struct EnvVarSource {
        /// A key of a ConfigMap.
        config_map_key_ref: Option<KeySelector> = "configMapKeyRef";
        /// A key of a Secret.
        secret_key_ref: Option<KeySelector> = "secretKeyRef";
        /// A field of the Pod.
        field_ref: Option<ObjectFieldSelector> = "fieldRef";
    }
    kept {
        "fileKeyRef": Shape::Any;
        "resourceFieldRef": Shape::Any;
    }
}

object! {
    /// A key of a ConfigMap or Secret.
    pub struct KeySelector {
        /// The object.
        name: Str = "name";
        /// The key.
        key: Str = "key" always;
        /// Whether the container may start without it.
        optional: Option<bool> = "optional";
    }
}

object! {
    /// A field of the Pod.
    pub struct ObjectFieldSelector {
        /// The version the path is written in.
        api_version: Str = "apiVersion";
        /// The field, such as `metadata.name`.
        field_path: Str = "fieldPath" always;
    }
}

object! {
    /// Environment from a whole ConfigMap or Secret.
    pub struct EnvFromSource {
        /// What is put before each name.
        prefix: Str = "prefix";
        /// The ConfigMap.
        config_map_ref: Option<OptionalRef> = "configMapRef";
        /// The Secret.
        secret_ref: Option<OptionalRef> = "secretRef";
    }
}

object! {
    /// An object by name that may be missing if so said.
    pub struct OptionalRef {
        /// The object.
        name: Str = "name";
        /// Whether the container may start without it.
        optional: Option<bool> = "optional";
    }
}

object! {
    /// What a container needs and may use.
    pub struct ResourceRequirements {
        /// The most it may use.
        limits: ResourceList = "limits";
        /// What must be free on its node.
        requests: ResourceList = "requests";
    }
    kept {
        "claims": Shape::Any;
    }
}

object! {
    /// Where a volume is mounted.
    pub struct VolumeMount {
        /// The volume.
        name: Str = "name" always;
        /// Whether it is read-only.
        read_only: bool = "readOnly";
        /// The path in the container.
        mount_path: Str = "mountPath" always;
    }
    kept {
        "mountPropagation": Shape::Text;
        "recursiveReadOnly": Shape::Text;
        "subPath": Shape::Text;
        "subPathExpr": Shape::Text;
    }
}

object! {
    /// A repeated check of a container.
    pub struct Probe {
        /// Seconds after the start before the first check.
        initial_delay_seconds: i32 = "initialDelaySeconds";
        /// Seconds a check may take.
        timeout_seconds: i32 = "timeoutSeconds";
        /// Seconds between checks.
        period_seconds: i32 = "periodSeconds";
        /// Passes in a row that make it pass.
        success_threshold: i32 = "successThreshold";
        /// Failures in a row that make it fail.
        failure_threshold: i32 = "failureThreshold";
    }
    kept {
        "exec": Shape::Any;
        "grpc": Shape::Any;
        "httpGet": Shape::Any;
        "tcpSocket": Shape::Any;
        "terminationGracePeriodSeconds": Shape::Int64;
    }
}

object! {
    /// What is run after a container's start and before its stop.
    pub struct Lifecycle {
        /// Before its stop.
        pre_stop: Option<LifecycleHandler> = "preStop";
    }
    kept {
        "postStart": Shape::Any;
        "stopSignal": Shape::Text;
    }
}

object! {
    /// What is run.
    pub struct LifecycleHandler {
        /// Waits so many seconds.
        sleep: Option<SleepAction> = "sleep";
    }
    kept {
        "exec": Shape::Any;
        "httpGet": Shape::Any;
        "tcpSocket": Shape::Any;
    }
}

object! {
    /// A wait.
    pub struct SleepAction {
        /// How long.
        seconds: i64 = "seconds" always;
    }
}

object! {
    /// How a container is.
    pub struct ContainerStatus {
        /// The container.
        name: Str = "name" always;
        /// What it is doing.
        state: ContainerState = "state";
        /// What it did before its last restart.
        last_state: ContainerState = "lastState" always;
        /// Whether its readiness probe passes.
        ready: bool = "ready" always;
        /// How often it was restarted.
        restart_count: i32 = "restartCount" always;
        /// Its image.
        image: Str = "image" always;
        /// Its image, exactly.
        image_id: Str = "imageID" always;
        /// The runtime's name for it.
        container_id: Str = "containerID";
        /// Whether it has passed its startup probe.
        started: Option<bool> = "started";
    }
    kept {
        "allocatedResources": Shape::Any;
        "allocatedResourcesStatus": Shape::Any;
        "resources": Shape::Any;
        "stopSignal": Shape::Text;
        "user": Shape::Any;
        "volumeMounts": Shape::Any;
    }
}

object! {
    /// What a container is doing: one of three.
    pub struct ContainerState {
        /// Not started.
        waiting: Option<ContainerStateWaiting> = "waiting";
        /// Running.
        running: Option<ContainerStateRunning> = "running";
        /// Ended.
        terminated: Option<ContainerStateTerminated> = "terminated";
    }
}

object! {
    /// Not started, and why.
    pub struct ContainerStateWaiting {
        /// Why, in a word.
        reason: Str = "reason";
        /// Why, in a sentence.
        message: Str = "message";
    }
}

object! {
    /// Running since.
    pub struct ContainerStateRunning {
        /// Since when.
        started_at: Option<SimTime> = "startedAt";
    }
}

object! {
    /// Ended, how and when.
    pub struct ContainerStateTerminated {
        /// Its exit code.
        exit_code: i32 = "exitCode" always;
        /// Why, in a word.
        reason: Str = "reason";
        /// Why, in a sentence.
        message: Str = "message";
        /// When it started.
        started_at: Option<SimTime> = "startedAt";
        /// When it ended.
        finished_at: Option<SimTime> = "finishedAt";
        /// The runtime's name for it.
        container_id: Str = "containerID";
    }
    kept {
        "signal": Shape::Int32;
    }
}
