//! The hash of a Pod template that names ReplicaSets and the revisions of DaemonSets, such as
//! `594549dcc8`. Upstream it is taken over a dump of Go's structs, so the table below has their
//! fields in Go's order, those of 1.36 and no others: one more changes every name.
//!
//! Not here: the fields of volumes and settings that hardly anybody uses. A template that has
//! them gets a name of its own all the same, but not the one of a real cluster.
//!
//! Upstream: ComputeHash in pkg/controller/controller_utils.go,
//! staging/src/k8s.io/apimachinery/pkg/util/dump/dump.go,
//! staging/src/k8s.io/api/core/v1/types.go

use super::go_json;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::json::Json;
use crate::base::names::{fnv32a, safe_encode};
use serde_json::Value;

/// A struct a line: its name, then its fields as `Name:Type` or, where the name in JSON does not
/// follow from Go's, `Name/json:Type`; `=Type` for one whose fields stand in the outer object.
/// Types: s string, i int32, l int64, b bool, m map of strings, r ResourceList, q Quantity,
/// p IntOrString, t Time, u UID, `.X` a string called X, else a struct; after `*` or `[]`.
const TYPES: &str = "\
PodTemplateSpec ObjectMeta/metadata:ObjectMeta Spec:PodSpec
ObjectMeta Name:s GenerateName:s Namespace:s SelfLink:s UID:u ResourceVersion:s Generation:l \
CreationTimestamp:t DeletionTimestamp:*t DeletionGracePeriodSeconds:*l Labels:m Annotations:m \
OwnerReferences:[]OwnerReference Finalizers:[]s ManagedFields:[]ManagedFieldsEntry
PodSpec Volumes:[]Volume InitContainers:[]Container Containers:[]Container \
EphemeralContainers:[]EphemeralContainer RestartPolicy:.RestartPolicy \
TerminationGracePeriodSeconds:*l ActiveDeadlineSeconds:*l DNSPolicy:.DNSPolicy NodeSelector:m \
ServiceAccountName:s DeprecatedServiceAccount/serviceAccount:s AutomountServiceAccountToken:*b \
NodeName:s HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace:*b \
SecurityContext:*PodSecurityContext ImagePullSecrets:[]LocalObjectReference Hostname:s \
Subdomain:s Affinity:*Affinity SchedulerName:s Tolerations:[]Toleration \
HostAliases:[]HostAlias PriorityClassName:s Priority:*i DNSConfig:*PodDNSConfig \
ReadinessGates:[]PodReadinessGate RuntimeClassName:*s EnableServiceLinks:*b \
PreemptionPolicy:*.PreemptionPolicy Overhead:r \
TopologySpreadConstraints:[]TopologySpreadConstraint SetHostnameAsFQDN:*b OS:*PodOS \
HostUsers:*b SchedulingGates:[]PodSchedulingGate ResourceClaims:[]PodResourceClaim \
Resources:*ResourceRequirements HostnameOverride:*s SchedulingGroup:*PodSchedulingGroup
Container Name:s Image:s Command:[]s Args:[]s WorkingDir:s Ports:[]ContainerPort \
EnvFrom:[]EnvFromSource Env:[]EnvVar Resources:ResourceRequirements \
ResizePolicy:[]ContainerResizePolicy RestartPolicy:*.ContainerRestartPolicy \
RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount \
VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe \
Lifecycle:*Lifecycle TerminationMessagePath:s \
TerminationMessagePolicy:.TerminationMessagePolicy ImagePullPolicy:.PullPolicy \
SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY:b
ContainerPort Name:s HostPort:i ContainerPort:i Protocol:.Protocol HostIP:s
EnvFromSource Prefix:s ConfigMapRef:*ConfigMapEnvSource SecretRef:*SecretEnvSource
ConfigMapEnvSource =LocalObjectReference Optional:*b
SecretEnvSource =LocalObjectReference Optional:*b
LocalObjectReference Name:s
EnvVar Name:s Value:s ValueFrom:*EnvVarSource
EnvVarSource FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector \
ConfigMapKeyRef:*ConfigMapKeySelector SecretKeyRef:*SecretKeySelector FileKeyRef:*FileKeySelector
ObjectFieldSelector APIVersion:s FieldPath:s
ResourceFieldSelector ContainerName:s Resource:s Divisor:q
ConfigMapKeySelector =LocalObjectReference Key:s Optional:*b
SecretKeySelector =LocalObjectReference Key:s Optional:*b
ResourceRequirements Limits:r Requests:r Claims:[]ResourceClaim
VolumeMount Name:s ReadOnly:b RecursiveReadOnly:*.RecursiveReadOnlyMode MountPath:s SubPath:s \
MountPropagation:*.MountPropagationMode SubPathExpr:s
VolumeDevice Name:s DevicePath:s
Probe =ProbeHandler InitialDelaySeconds:i TimeoutSeconds:i PeriodSeconds:i SuccessThreshold:i \
FailureThreshold:i TerminationGracePeriodSeconds:*l
ProbeHandler Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction GRPC:*GRPCAction
ExecAction Command:[]s
HTTPGetAction Path:s Port:p Host:s Scheme:.URIScheme HTTPHeaders:[]HTTPHeader
HTTPHeader Name:s Value:s
TCPSocketAction Port:p Host:s
GRPCAction Port:i Service:*s
Lifecycle PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal:*.Signal
LifecycleHandler Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction \
Sleep:*SleepAction
SleepAction Seconds:l
SecurityContext Capabilities:*Capabilities Privileged:*b SELinuxOptions:*SELinuxOptions \
WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*l RunAsGroup:*l RunAsNonRoot:*b \
ReadOnlyRootFilesystem:*b AllowPrivilegeEscalation:*b ProcMount:*.ProcMountType \
SeccompProfile:*SeccompProfile AppArmorProfile:*AppArmorProfile
Capabilities Add:[].Capability Drop:[].Capability
SeccompProfile Type:.SeccompProfileType LocalhostProfile:*s
PodSecurityContext SELinuxOptions:*SELinuxOptions \
WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*l RunAsGroup:*l RunAsNonRoot:*b \
SupplementalGroups:[]l SupplementalGroupsPolicy:*.SupplementalGroupsPolicy FSGroup:*l \
Sysctls:[]Sysctl FSGroupChangePolicy:*.PodFSGroupChangePolicy SeccompProfile:*SeccompProfile \
AppArmorProfile:*AppArmorProfile SELinuxChangePolicy:*.PodSELinuxChangePolicy
Sysctl Name:s Value:s
Volume Name:s =VolumeSource
VolumeSource HostPath:*HostPathVolumeSource EmptyDir:*EmptyDirVolumeSource \
GCEPersistentDisk:*GCEPersistentDiskVolumeSource \
AWSElasticBlockStore:*AWSElasticBlockStoreVolumeSource GitRepo:*GitRepoVolumeSource \
Secret:*SecretVolumeSource NFS:*NFSVolumeSource ISCSI:*ISCSIVolumeSource \
Glusterfs:*GlusterfsVolumeSource PersistentVolumeClaim:*PersistentVolumeClaimVolumeSource \
RBD:*RBDVolumeSource FlexVolume:*FlexVolumeSource Cinder:*CinderVolumeSource \
CephFS/cephfs:*CephFSVolumeSource Flocker:*FlockerVolumeSource \
DownwardAPI:*DownwardAPIVolumeSource FC:*FCVolumeSource AzureFile:*AzureFileVolumeSource \
ConfigMap:*ConfigMapVolumeSource VsphereVolume:*VsphereVirtualDiskVolumeSource \
Quobyte:*QuobyteVolumeSource AzureDisk:*AzureDiskVolumeSource \
PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource Projected:*ProjectedVolumeSource \
PortworxVolume:*PortworxVolumeSource ScaleIO:*ScaleIOVolumeSource \
StorageOS/storageos:*StorageOSVolumeSource CSI:*CSIVolumeSource \
Ephemeral:*EphemeralVolumeSource Image:*ImageVolumeSource
HostPathVolumeSource Path:s Type:*.HostPathType
EmptyDirVolumeSource Medium:.StorageMedium SizeLimit:*q
SecretVolumeSource SecretName:s Items:[]KeyToPath DefaultMode:*i Optional:*b
KeyToPath Key:s Path:s Mode:*i
NFSVolumeSource Server:s Path:s ReadOnly:b
PersistentVolumeClaimVolumeSource ClaimName:s ReadOnly:b
ConfigMapVolumeSource =LocalObjectReference Items:[]KeyToPath DefaultMode:*i Optional:*b
DownwardAPIVolumeSource Items:[]DownwardAPIVolumeFile DefaultMode:*i
DownwardAPIVolumeFile Path:s FieldRef:*ObjectFieldSelector \
ResourceFieldRef:*ResourceFieldSelector Mode:*i
Affinity NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAntiAffinity
NodeAffinity RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector \
PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
NodeSelector NodeSelectorTerms:[]NodeSelectorTerm
NodeSelectorTerm MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement
NodeSelectorRequirement Key:s Operator:.NodeSelectorOperator Values:[]s
PreferredSchedulingTerm Weight:i Preference:NodeSelectorTerm
PodAffinity RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm \
PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
PodAntiAffinity RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm \
PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
WeightedPodAffinityTerm Weight:i PodAffinityTerm:PodAffinityTerm
PodAffinityTerm LabelSelector:*LabelSelector Namespaces:[]s TopologyKey:s \
NamespaceSelector:*LabelSelector MatchLabelKeys:[]s MismatchLabelKeys:[]s
LabelSelector MatchLabels:m MatchExpressions:[]LabelSelectorRequirement
LabelSelectorRequirement Key:s Operator:.LabelSelectorOperator Values:[]s
Toleration Key:s Operator:.TolerationOperator Value:s Effect:.TaintEffect TolerationSeconds:*l
HostAlias IP:s Hostnames:[]s
PodReadinessGate ConditionType:.PodConditionType
TopologySpreadConstraint MaxSkew:i TopologyKey:s \
WhenUnsatisfiable:.UnsatisfiableConstraintAction LabelSelector:*LabelSelector MinDomains:*i \
NodeAffinityPolicy:*.NodeInclusionPolicy NodeTaintsPolicy:*.NodeInclusionPolicy MatchLabelKeys:[]s
PodSchedulingGate Name:s
";

/// The hash of `template`; `collision_count` is how often its name was taken, if that was ever
/// noted.
pub fn template_hash(template: &PodTemplateSpec, collision_count: Option<i32>) -> String {
    let mut text = String::new();
    typed("PodTemplateSpec", Some(&template.write()), &mut text);
    let mut bytes = text.into_bytes();
    if let Some(count) = collision_count {
        bytes.extend(u64::from(count as u32).to_le_bytes());
    }
    safe_encode(&fnv32a(&bytes).to_string())
}

/// The type in parentheses and the value.
fn typed(kind: &str, value: Option<&Value>, out: &mut String) {
    let base = kind.trim_start_matches(['*', '[', ']']);
    out.push('(');
    out.push_str(&kind[..kind.len() - base.len()]);
    out.push_str(go_type(base));
    if go_type(base) == "v1." {
        out.push_str(base.trim_start_matches('.'));
    }
    out.push(')');
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => matches!(base, "m" | "r") && map.is_empty(),
        _ => false,
    };
    let value = value.filter(|value| !empty(value));
    match value {
        None if base != kind || matches!(base, "m" | "r") => out.push_str("<nil>"),
        Some(Value::Array(items)) if kind.starts_with("[]") => {
            list(out, items.iter(), |item, out| plain(base, item, out));
        }
        value => plain(base, value.unwrap_or(&Value::Null), out),
    }
}

fn go_type(base: &str) -> &'static str {
    match base {
        "s" => "string",
        "i" => "int32",
        "l" => "int64",
        "b" => "bool",
        "m" => "map[string]string",
        "r" => "v1.ResourceList",
        "q" => "resource.Quantity",
        "p" => "intstr.IntOrString",
        "t" => "v1.Time",
        "u" => "types.UID",
        _ => "v1.",
    }
}

fn list<T>(out: &mut String, items: impl Iterator<Item = T>, each: impl Fn(T, &mut String)) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(' ');
        }
        each(item, out);
    }
    out.push(']');
}

/// The value alone.
fn plain(base: &str, value: &Value, out: &mut String) {
    let text = |value: &Value| value.as_str().unwrap_or("").to_string();
    match base {
        "i" | "l" => out.push_str(&value.as_i64().unwrap_or(0).to_string()),
        "b" => out.push_str(&value.as_bool().unwrap_or(false).to_string()),
        "m" | "r" => {
            let mut pairs: Vec<_> = value.as_object().into_iter().flatten().collect();
            crate::base::sorted::sort_by_key(&mut pairs, |(key, _)| (*key).clone());
            out.push_str("map");
            list(out, pairs.into_iter(), |(key, value), out| {
                out.push_str(key);
                out.push(':');
                plain(if base == "r" { "q" } else { "s" }, value, out);
            });
        }
        "q" => quantity(&text(value), out),
        "p" => {
            let (kind, number) = (i32::from(value.is_string()), value.as_i64().unwrap_or(0));
            let text = text(value);
            out.push_str(&format!(
                "{{Type:(intstr.Type){kind} IntVal:(int32){number} StrVal:(string){text}}}"
            ));
        }
        "t" => {
            let zero = "wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>";
            out.push_str(&format!("{{Time:(time.Time){{{zero}}}}}"));
        }
        "s" | "u" => out.push_str(&text(value)),
        base if base.starts_with('.') => out.push_str(&text(value)),
        base => structure(base, value, out),
    }
}

fn structure(name: &str, value: &Value, out: &mut String) {
    let fields = |line: &'static str| line.strip_prefix(name)?.strip_prefix(' ');
    let Some(fields) = TYPES.lines().find_map(fields) else {
        out.push_str(&go_json(value));
        return;
    };
    out.push('{');
    for (at, field) in fields.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let (name, kind) = field.split_once(':').unwrap_or((field, ""));
        if let Some(inner) = name.strip_prefix('=') {
            out.push_str(&format!("{inner}:(v1.{inner})"));
            structure(inner, value, out);
            continue;
        }
        let (name, key) = match name.split_once('/') {
            Some((name, key)) => (name, key.to_string()),
            None => (name, json_name(name)),
        };
        out.push_str(name);
        out.push(':');
        typed(kind, value.get(&key), out);
    }
    out.push('}');
}

/// `httpGet` of `HTTPGet`: the capitals it begins with become small, but for the last if a
/// word begins there.
fn json_name(go: &str) -> String {
    let capitals = go.bytes().take_while(u8::is_ascii_uppercase).count();
    let small = if capitals == go.len() { capitals } else { capitals.saturating_sub(1).max(1) };
    format!("{}{}", go[..small].to_ascii_lowercase(), &go[small..])
}

/// As Go keeps an amount: `500m` is 500 with the scale -3. It keeps the text only where it needs
/// no thought to see that it is canonical.
fn quantity(text: &str, out: &mut String) {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = text.split_at(digits);
    let number: i64 = number.parse().unwrap_or(0);
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == suffix);
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let scale = decimal.iter().position(|known| *known == suffix).map_or(0, |at| at as i32 * 3 - 9);
    let (value, scale, format) = match binary {
        Some(at) => (number << (10 * (at + 1)).min(62), 0, "BinarySI"),
        None => (number, scale, "DecimalSI"),
    };
    let kept = match binary {
        Some(_) => number & 7 != 0,
        None => !text[..digits].ends_with("000"),
    };
    let text = if kept { text } else { "" };
    out.push_str(&format!(
        "{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} \
         Format:(resource.Format){format}}}"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::Reader;
    use serde_json::json;

    fn template(app: &str, tag: &str, ports: Value) -> PodTemplateSpec {
        let container = json!({
            "name": "nginx", "image": format!("registry.k8s.io/nginx-slim:{tag}"),
            "imagePullPolicy": "IfNotPresent", "resources": {}, "ports": ports,
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        });
        let spec = json!({
            "containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "securityContext": {}, "schedulerName": "default-scheduler",
            "terminationGracePeriodSeconds": 30,
        });
        let template = json!({"metadata": {"labels": {"app": app}}, "spec": spec});
        PodTemplateSpec::read(&template, &mut Reader::default())
    }

    /// Names that Kubernetes 1.36.2 gave.
    #[test]
    fn hashes_are_kubernetes_own() {
        let port = json!([{"name": "web", "containerPort": 80, "protocol": "TCP"}]);
        let recorded = [
            ("594549dcc8", template("agent", "0.21", json!([]))),
            ("7d4b4bf975", template("agent", "0.24", json!([]))),
            ("69c4fcc8ff", template("site", "0.21", port)),
        ];
        for (hash, template) in recorded {
            assert_eq!(template_hash(&template, None), hash);
        }
    }

    #[test]
    fn names_in_json_follow_from_go_s() {
        let pairs = [
            ("HTTPGet", "httpGet"),
            ("SELinuxOptions", "seLinuxOptions"),
            ("TTY", "tty"),
            ("Name", "name"),
            ("HostPID", "hostPID"),
            ("FSGroup", "fsGroup"),
        ];
        for (go, json) in pairs {
            assert_eq!(json_name(go), json);
        }
    }
}
