//! Kinds whose layout is mostly a list of fields.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use super::pod::template;
use super::writer::{date, labels, or_none, truth};
use crate::api::core::pod::Pod;
use crate::api::core::pod::PodPhase;
use crate::api::discovery::EndpointSlice;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::base::Str;
use crate::base::text::from_base64;
use crate::kubectl::cx::Cx;
use crate::kubectl::value::{at, entries, list, number, text, text_at};
use serde_json::Value;
use std::rc::Rc;

const HEAD: &str = "Namespace:metadata.namespace";
const MARKS: &str = "Labels:#metadata.labels; Annotations:!metadata.annotations";

/// Whether the kind has a layout of its own here.
pub(super) fn known(kind: Kind) -> bool {
    table(kind.info().name).is_some()
}

/// Whether its description ends with Events.
pub(super) fn tells_events(kind: Kind) -> bool {
    !matches!(kind, Kind::Namespace | Kind::Secret | Kind::ResourceQuota | Kind::LimitRange)
}

/// What stands first; the rest is code.
fn table(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "StatefulSet" => {
            "CreationTimestamp:@metadata.creationTimestamp; Selector:~spec.selector; \
             Labels:#metadata.labels; Annotations:!metadata.annotations"
        }
        "Deployment" => {
            "CreationTimestamp:@metadata.creationTimestamp; Labels:#metadata.labels; \
             Annotations:!metadata.annotations; Selector:~spec.selector"
        }
        "ReplicaSet" => {
            "Selector:~spec.selector; Labels:#metadata.labels; Annotations:!metadata.annotations"
        }
        "DaemonSet" => {
            "Selector:~spec.selector; Node-Selector:=spec.template.spec.nodeSelector; \
             Labels:#metadata.labels; Annotations:!metadata.annotations"
        }
        "Job" => {
            "Selector:~spec.selector; Labels:#metadata.labels; Annotations:!metadata.annotations"
        }
        "Service" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; \
             Selector:=spec.selector; Type:spec.type; ?IP Family Policy:spec.ipFamilyPolicy; \
             ?IP Families:,spec.ipFamilies"
        }
        "PersistentVolumeClaim" => "StorageClass:spec.storageClassName",
        "PersistentVolume" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; \
             Finalizers:[metadata.finalizers; StorageClass:spec.storageClassName"
        }
        "ConfigMap" | "Secret" | "Endpoints" | "ServiceAccount" | "Namespace" => MARKS,
        "EndpointSlice" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; AddressType:addressType"
        }
        "StorageClass"
        | "PodDisruptionBudget"
        | "ResourceQuota"
        | "LimitRange"
        | "PriorityClass" => "",
        _ => return None,
    })
}

/// Writes an object of such a kind.
pub(super) fn kind(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object, name: &str) {
    w.pair("Name", name);
    let kind = object.kind();
    if kind.info().namespaced {
        w.fields(HEAD);
    }
    w.fields(table(kind.info().name).unwrap_or(""));
    match kind.info().name {
        "StatefulSet" => stateful_set(cx, w, object),
        "Deployment" => deployment(cx, w, object),
        "ReplicaSet" => {
            if let Some(owner) = object.meta().controller_of() {
                w.pair("Controlled By", format_args!("{}/{}", owner.kind, owner.name));
            }
            let (now, wanted) =
                (number(w.tree, "status.replicas"), number(w.tree, "spec.replicas"));
            w.pair("Replicas", format_args!("{now} current / {wanted} desired"));
            pods_status(cx, w, object);
            template(w, at(w.tree, "spec.template"));
            replica_conditions(w);
        }
        "DaemonSet" => daemon_set(cx, w, object),
        "Job" => job(cx, w),
        "Service" => service(cx, w, object),
        "PersistentVolumeClaim" => claim(cx, w, object),
        "PersistentVolume" => volume(cx, w, object),
        "ConfigMap" => config_map(w),
        "Secret" => {
            w.text.push('\n');
            w.fields("Type:type");
            w.line("\nData\n====");
            for (key, value) in entries(w.tree, "data") {
                let size = bytes(&text(value));
                w.pair(key, format_args!("{size} bytes"));
            }
        }
        "Endpoints" => endpoints(w),
        "EndpointSlice" => slice(w),
        "ServiceAccount" => {
            let secrets = list(w.tree, "imagePullSecrets").iter().map(|s| text_at(s, "name"));
            let lines: Vec<String> = secrets.collect();
            w.lines("Image pull secrets", "", &lines);
            w.lines("Mountable secrets", "", &[]);
            w.lines("Tokens", "", &[]);
        }
        "Namespace" => namespace(cx, w, object),
        "StorageClass" => class(w),
        "PodDisruptionBudget" => budget(w),
        "ResourceQuota" => {
            w.line("Resource\tUsed\tHard\n--------\t----\t----");
            for (name, hard) in entries(w.tree, "status.hard") {
                let used = text(&at(w.tree, "status.used")[name]);
                w.line(format_args!("{name}\t{used}\t{}", text(hard)));
            }
        }
        "LimitRange" => limits(w, w.tree),
        _ => w.fields(
            "Value:value; GlobalDefault:globalDefault; PreemptionPolicy:preemptionPolicy; \
             Description:description; Annotations:=metadata.annotations",
        ),
    }
}

/// How many bytes a base64 text stands for.
fn bytes(text: &str) -> usize {
    from_base64(text).map_or(text.trim_end_matches('=').len() * 3 / 4, |plain| plain.len())
}

fn own_pods(cx: &Cx<'_, '_>, object: &Object) -> Vec<Rc<Pod>> {
    cx.store().pods_of(object.meta().uid).cloned().collect()
}

fn pods_status(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let pods = own_pods(cx, object);
    let count = |phase: PodPhase| pods.iter().filter(|pod| pod.status.phase == phase).count();
    let (running, waiting) = (count(PodPhase::Running), count(PodPhase::Pending));
    let (done, failed) = (count(PodPhase::Succeeded), count(PodPhase::Failed));
    w.pair(
        "Pods Status",
        format_args!("{running} Running / {waiting} Waiting / {done} Succeeded / {failed} Failed"),
    );
}

fn stateful_set(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    let (wanted, now) = (number(tree, "spec.replicas"), number(tree, "status.replicas"));
    w.pair("Replicas", format_args!("{wanted} desired | {now} total"));
    w.fields("Update Strategy:spec.updateStrategy.type");
    let rolling = at(tree, "spec.updateStrategy.rollingUpdate");
    if !rolling["partition"].is_null() {
        w.pair("  Partition", number(rolling, "partition"));
        if !rolling["maxUnavailable"].is_null() {
            w.pair("  MaxUnavailable", text_at(rolling, "maxUnavailable"));
        }
    }
    pods_status(cx, w, object);
    template(w, at(tree, "spec.template"));
    let claims = list(tree, "spec.volumeClaimTemplates");
    w.line(if claims.is_empty() { "Volume Claims:\t<none>" } else { "Volume Claims:" });
    for claim in claims {
        w.pair("  Name", text_at(claim, "metadata.name"));
        w.pair("  StorageClass", text_at(claim, "spec.storageClassName"));
        w.labels("Labels", "  ", at(claim, "metadata.labels"));
        w.labels("Annotations", "  ", at(claim, "metadata.annotations"));
        let capacity = text_at(claim, "spec.resources.requests.storage");
        w.pair("  Capacity", if capacity.is_empty() { "<default>" } else { &capacity });
        let modes = crate::kubectl::value::go(at(claim, "spec.accessModes"), false);
        w.pair("  Access Modes", modes);
    }
}

fn replica_conditions(w: &mut Writer<'_>) {
    let all = list(w.tree, "status.conditions");
    if all.is_empty() {
        return;
    }
    w.line("Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------");
    for own in all {
        let (kind, status) = (text_at(own, "type"), text_at(own, "status"));
        w.line(format_args!("  {kind} \t{status}\t{}", text_at(own, "reason")));
    }
}

fn deployment(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    let status = |path: &str| number(tree, &format!("status.{path}"));
    w.pair(
        "Replicas",
        format_args!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            number(tree, "spec.replicas"),
            status("updatedReplicas"),
            status("replicas"),
            status("availableReplicas"),
            status("unavailableReplicas")
        ),
    );
    w.fields("StrategyType:spec.strategy.type");
    w.pair("MinReadySeconds", number(tree, "spec.minReadySeconds"));
    let rolling = at(tree, "spec.strategy.rollingUpdate");
    if !rolling.is_null() {
        let (most, surge) = (text_at(rolling, "maxUnavailable"), text_at(rolling, "maxSurge"));
        w.pair("RollingUpdateStrategy", format_args!("{most} max unavailable, {surge} max surge"));
    }
    template(w, at(tree, "spec.template"));
    replica_conditions(w);
    let is_paused = at(tree, "spec.paused") == &Value::Bool(true);
    let sets = replica_sets(cx, object);
    let newest = sets.iter().map(|set| revision(set)).max();
    let mut old = Vec::new();
    let mut new = "<none>".to_string();
    for set in &sets {
        let value = set.to_value();
        let (now, wanted) = (number(&value, "status.replicas"), number(&value, "spec.replicas"));
        let name = cx.link(&set.reference(), &set.meta().name);
        let shown = format!("{name} ({now}/{wanted} replicas created)");
        let same = is_current(&value, tree);
        if same && Some(revision(set)) == newest || same && !is_paused && new == "<none>" {
            new = shown;
        } else {
            old.push(shown);
        }
    }
    w.pair("OldReplicaSets", or_none(old.join(", ")));
    w.pair("NewReplicaSet", new);
}

/// The ReplicaSets of a Deployment.
pub fn replica_sets(cx: &Cx<'_, '_>, object: &Object) -> Vec<Object> {
    let Some(kind) = Kind::by_name("ReplicaSet") else { return Vec::new() };
    let refs = cx.store().dependents(object.meta().uid).filter(|own| own.kind == kind);
    let refs: Vec<ObjectRef> = refs.collect();
    refs.iter().filter_map(|own| cx.store().find(own).cloned()).collect()
}

/// Which revision a ReplicaSet is.
pub fn revision(set: &Object) -> i64 {
    let text = set.meta().annotations.get("deployment.kubernetes.io/revision");
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Whether a ReplicaSet was made from the template that the Deployment has now.
fn is_current(set: &Value, deployment: &Value) -> bool {
    let mut own = at(set, "spec.template").clone();
    if let Some(labels) = own["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
    }
    &own == at(deployment, "spec.template")
}

fn daemon_set(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    for (label, path) in [
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        w.line(format_args!("{label}: {}", number(tree, &format!("status.{path}"))));
    }
    pods_status(cx, w, object);
    template(w, at(tree, "spec.template"));
}

fn job(cx: &Cx<'_, '_>, w: &mut Writer<'_>) {
    w.fields(
        "?Parallelism:spec.parallelism; ?Completions:spec.completions; \
         ?Completion Mode:spec.completionMode; ?Suspend:spec.suspend; \
         ?Backoff Limit:spec.backoffLimit; \
         ?TTL Seconds After Finished:spec.ttlSecondsAfterFinished; \
         ?Start Time:@status.startTime; ?Completed At:@status.completionTime",
    );
    let tree = w.tree;
    let time =
        |path: &str| at(tree, path).as_str().and_then(crate::base::time::SimTime::parse_rfc3339);
    if let (Some(from), Some(to)) = (time("status.startTime"), time("status.completionTime")) {
        w.pair("Duration", to.since(from).human());
    }
    if let Some(seconds) = at(tree, "spec.activeDeadlineSeconds").as_i64() {
        w.pair("Active Deadline Seconds", format_args!("{seconds}s"));
    }
    let status = |path: &str| number(tree, &format!("status.{path}"));
    w.pair(
        "Pods Statuses",
        format_args!(
            "{} Active ({} Ready) / {} Succeeded / {} Failed",
            status("active"),
            status("ready"),
            status("succeeded"),
            status("failed")
        ),
    );
    if text_at(tree, "spec.completionMode") == "Indexed" {
        w.pair("Completed Indexes", or_none(text_at(tree, "status.completedIndexes")));
    }
    template(w, at(tree, "spec.template"));
    let _ = cx;
}

fn service(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    w.fields("IP:spec.clusterIP");
    let ips: Vec<String> = list(tree, "spec.clusterIPs").iter().map(text).collect();
    w.pair("IPs", or_none(ips.join(",")));
    w.fields(
        "?External IPs:,spec.externalIPs; ?Desired LoadBalancer IP:spec.loadBalancerIP; \
         ?External Name:spec.externalName",
    );
    let key = object.key();
    let slices: Vec<Rc<EndpointSlice>> = cx
        .store()
        .list_in::<EndpointSlice>(&key.namespace)
        .filter(|slice| slice.meta.label("kubernetes.io/service-name") == Some(&key.name))
        .cloned()
        .collect();
    for port in list(tree, "spec.ports") {
        let name = text_at(port, "name");
        let shown = if name.is_empty() { "<unset>" } else { &name };
        let protocol = text_at(port, "protocol");
        w.pair("Port", format_args!("{shown}\t{}/{protocol}", number(port, "port")));
        w.pair("TargetPort", format_args!("{}/{protocol}", text_at(port, "targetPort")));
        if number(port, "nodePort") != 0 {
            let node = number(port, "nodePort");
            w.pair("NodePort", format_args!("{shown}\t{node}/{protocol}"));
        }
        w.pair("Endpoints", addresses(&slices, &name));
    }
    w.fields(
        "Session Affinity:spec.sessionAffinity; \
         ?External Traffic Policy:spec.externalTrafficPolicy; \
         ?Internal Traffic Policy:spec.internalTrafficPolicy",
    );
}

/// The ready addresses behind the port called `name`: three, and how many more.
fn addresses(slices: &[Rc<EndpointSlice>], name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_string();
    }
    let mut all = Vec::new();
    for slice in slices {
        for port in slice.ports.iter() {
            if port.name.as_deref().unwrap_or("") != name {
                continue;
            }
            for endpoint in slice.endpoints.iter() {
                if endpoint.conditions.ready == Some(false) {
                    continue;
                }
                let number = port.port.unwrap_or(0);
                all.extend(endpoint.addresses.iter().map(|ip| format!("{ip}:{number}")));
            }
        }
    }
    match all.len() {
        0..=3 => all.join(","),
        many => format!("{} + {} more...", all[..3].join(","), many - 3),
    }
}

fn short_modes(modes: &Value) -> String {
    let short = |mode: &Value| match &*text(mode) {
        "ReadWriteOnce" => "RWO".to_string(),
        "ReadOnlyMany" => "ROX".to_string(),
        "ReadWriteMany" => "RWX".to_string(),
        "ReadWriteOncePod" => "RWOP".to_string(),
        other => other.to_string(),
    };
    let all: Vec<String> = modes.as_array().into_iter().flatten().map(short).collect();
    all.join(",")
}

fn phase(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    match object.meta().deletion_timestamp {
        Some(deleted) => {
            w.pair(
                "Status",
                format_args!("Terminating (lasts {})", cx.now().since(deleted).human()),
            );
        }
        None => w.fields("Status:status.phase"),
    }
}

fn claim(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    phase(cx, w, object);
    let volume = text_at(tree, "spec.volumeName");
    let shown = match &*volume {
        "" => String::new(),
        name => cx.link(&ObjectRef::new(Kind::PersistentVolume, Key::global(name)), name),
    };
    w.pair("Volume", shown);
    w.fields(
        "Labels:#metadata.labels; Annotations:!metadata.annotations; \
         Finalizers:[metadata.finalizers",
    );
    let bound = !volume.is_empty();
    let (capacity, modes) = match bound {
        true => {
            (text_at(tree, "status.capacity.storage"), short_modes(at(tree, "status.accessModes")))
        }
        false => (String::new(), String::new()),
    };
    w.pair("Capacity", capacity);
    w.pair("Access Modes", modes);
    w.fields("?VolumeMode:spec.volumeMode");
    if !at(tree, "spec.dataSource").is_null() {
        w.line("DataSource:");
        w.fields(
            "  APIGroup:spec.dataSource.apiGroup; Kind:spec.dataSource.kind; \
             Name:spec.dataSource.name",
        );
    }
    let key = object.key();
    let pods: Vec<Str> = cx
        .store()
        .pods_using(&key)
        .filter(|pod| !pod.is_terminal())
        .map(|pod| pod.meta.name.clone())
        .collect();
    let linked: Vec<String> = pods
        .iter()
        .map(|name| {
            let at = Key::new(key.namespace.clone(), name.clone());
            cx.link(&ObjectRef::new(Kind::Pod, at), name)
        })
        .collect();
    w.lines("Used By", "", &linked);
    let conditions = list(tree, "status.conditions");
    if !conditions.is_empty() {
        w.line(
            "Conditions:\n  Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage\n  \
             ----\t------\t-----------------\t------------------\t------\t-------",
        );
        for own in conditions {
            w.line(format_args!(
                "  {} \t{} \t{} \t{} \t{} \t{}",
                text_at(own, "type"),
                text_at(own, "status"),
                date(&own["lastProbeTime"]),
                date(&own["lastTransitionTime"]),
                text_at(own, "reason"),
                text_at(own, "message")
            ));
        }
    }
}

fn volume(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    phase(cx, w, object);
    let claim = at(tree, "spec.claimRef");
    let shown = match claim.is_null() {
        true => String::new(),
        false => {
            let key = Key::new(text_at(claim, "namespace"), text_at(claim, "name"));
            let shown = key.to_string();
            cx.link(&ObjectRef::new(Kind::PersistentVolumeClaim, key), &shown)
        }
    };
    w.pair("Claim", shown);
    w.fields("Reclaim Policy:spec.persistentVolumeReclaimPolicy");
    w.pair("Access Modes", short_modes(at(tree, "spec.accessModes")));
    w.fields("?VolumeMode:spec.volumeMode; Capacity:spec.capacity.storage");
    let terms = list(tree, "spec.nodeAffinity.required.nodeSelectorTerms");
    if terms.is_empty() {
        w.pair("Node Affinity", "<none>");
    } else {
        w.pair("Node Affinity", "");
        w.pair("  Required Terms", "");
        for (n, term) in terms.iter().enumerate() {
            let shown = |wanted: &Value| {
                let operator = text_at(wanted, "operator").to_lowercase();
                let values: Vec<String> = list(wanted, "values").iter().map(text).collect();
                let key = text_at(wanted, "key");
                match values.is_empty() {
                    true => format!("{key} {operator}"),
                    false => format!("{key} {operator} [{}]", values.join(", ")),
                }
            };
            let lines: Vec<String> = list(term, "matchExpressions").iter().map(shown).collect();
            w.lines(&format!("Term {n}"), "    ", &lines);
        }
    }
    w.fields("Message:status.message");
    w.line("Source:");
    let source = |key: &str| at(tree, &format!("spec.{key}"));
    let told = |w: &mut Writer<'_>, of: &Value, what: &str, table: &[(&str, &str)]| {
        w.pair("    Type", what);
        for (label, path) in table {
            w.pair(&format!("    {label}"), text_at(of, path));
        }
    };
    if !source("csi").is_null() {
        let csi = source("csi");
        told(
            w,
            csi,
            "CSI (a Container Storage Interface (CSI) volume source)",
            &[("Driver", "driver"), ("FSType", "fsType"), ("VolumeHandle", "volumeHandle")],
        );
        w.pair("    ReadOnly", csi["readOnly"] == true);
        w.labels("VolumeAttributes", "    ", &csi["volumeAttributes"]);
    } else if !source("hostPath").is_null() {
        told(
            w,
            source("hostPath"),
            "HostPath (bare host directory volume)",
            &[("Path", "path"), ("HostPathType", "type")],
        );
    } else if !source("local").is_null() {
        let what = "LocalVolume (a persistent volume backed by local storage on a node)";
        told(w, source("local"), what, &[("Path", "path")]);
    } else if !source("nfs").is_null() {
        told(
            w,
            source("nfs"),
            "NFS (an NFS mount that lasts the lifetime of a pod)",
            &[("Server", "server"), ("Path", "path")],
        );
        w.pair("    ReadOnly", source("nfs")["readOnly"] == true);
    } else {
        w.line("    <unknown>");
    }
}

fn config_map(w: &mut Writer<'_>) {
    w.line("\nData\n====");
    let tree = w.tree;
    for (key, value) in entries(tree, "data") {
        w.line(format_args!("{key}:\n----\n{}\n", text(value)));
    }
    w.line("\nBinaryData\n====");
    for (key, value) in entries(tree, "binaryData") {
        w.line(format_args!("{key}: {} bytes", bytes(&text(value))));
    }
    w.text.push('\n');
}

fn endpoints(w: &mut Writer<'_>) {
    w.line("Subsets:");
    for subset in list(w.tree, "subsets") {
        let ips = |key: &str| {
            let all: Vec<String> = list(subset, key).iter().map(|a| text_at(a, "ip")).collect();
            or_none(all.join(","))
        };
        w.pair("  Addresses", ips("addresses"));
        w.pair("  NotReadyAddresses", ips("notReadyAddresses"));
        ports(w, list(subset, "ports"), "  ");
        w.text.push('\n');
    }
}

fn ports(w: &mut Writer<'_>, ports: &[Value], indent: &str) {
    if ports.is_empty() {
        return;
    }
    w.line(format_args!("{indent}Ports:\n{indent}  Name\tPort\tProtocol"));
    w.line(format_args!("{indent}  ----\t----\t--------"));
    for port in ports {
        let name = text_at(port, "name");
        let name = if name.is_empty() { "<unset>" } else { &name };
        let (number, protocol) = (text_at(port, "port"), text_at(port, "protocol"));
        w.line(format_args!("{indent}  {name}\t{number}\t{protocol}"));
    }
}

fn slice(w: &mut Writer<'_>) {
    let tree = w.tree;
    if list(tree, "ports").is_empty() {
        w.line("Ports: <unset>");
    }
    ports(w, list(tree, "ports"), "");
    let all = list(tree, "endpoints");
    if all.is_empty() {
        return w.line("Endpoints: <none>");
    }
    w.line("Endpoints:");
    for endpoint in all {
        let ips: Vec<String> = list(endpoint, "addresses").iter().map(text).collect();
        let or_unset = |text: String| if text.is_empty() { "<unset>".to_string() } else { text };
        w.pair("  - Addresses", ips.join(","));
        w.line("    Conditions:");
        w.pair("      Ready", or_unset(text_at(endpoint, "conditions.ready")));
        w.pair("    Hostname", or_unset(text_at(endpoint, "hostname")));
        if !endpoint["targetRef"].is_null() {
            let of = &endpoint["targetRef"];
            w.pair(
                "    TargetRef",
                format_args!("{}/{}", text_at(of, "kind"), text_at(of, "name")),
            );
        }
        w.pair("    NodeName", or_unset(text_at(endpoint, "nodeName")));
        w.pair("    Zone", or_unset(text_at(endpoint, "zone")));
    }
}

fn namespace(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    w.fields("Status:status.phase");
    let name = object.meta().name.clone();
    let within = |kind: Kind| -> Vec<Value> {
        let own = cx.store().list_objects(kind).filter(|own| own.meta().namespace == name);
        own.map(Object::to_value).collect()
    };
    let quotas = within(Kind::ResourceQuota);
    w.text.push('\n');
    match quotas.is_empty() {
        true => w.line("No resource quota."),
        false => w.line("Resource Quotas"),
    }
    for quota in &quotas {
        w.line(format_args!("  Name:\t{}", text_at(quota, "metadata.name")));
        w.line("  Resource\tUsed\tHard\n  --------\t---\t---");
        for (resource, hard) in entries(quota, "status.hard") {
            let used = text(&at(quota, "status.used")[resource]);
            w.line(format_args!("  {resource}\t{used}\t{}", text(hard)));
        }
    }
    let ranges = within(Kind::LimitRange);
    w.text.push('\n');
    match ranges.is_empty() {
        true => w.line("No LimitRange resource."),
        false => w.line("Resource Limits"),
    }
    for range in &ranges {
        let mut inner = Writer::new(range);
        limits(&mut inner, range);
        inner.text.lines().for_each(|line| w.line(format_args!(" {line}")));
    }
}

fn limits(w: &mut Writer<'_>, tree: &Value) {
    w.line(
        "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio\n\
         ----\t--------\t---\t---\t---------------\t-------------\t-----------------------",
    );
    const COLUMNS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    for limit in list(tree, "spec.limits") {
        let mut names: Vec<&String> = COLUMNS
            .iter()
            .flat_map(|column| entries(limit, column).map(|(name, _)| name))
            .collect();
        names.sort();
        names.dedup();
        for name in names {
            let cell = |column: &&str| match &*text(&limit[*column][name]) {
                "" => "-".to_string(),
                amount => amount.to_string(),
            };
            let cells: Vec<String> = COLUMNS.iter().map(cell).collect();
            w.line(format_args!("{}\t{name}\t{}", text_at(limit, "type"), cells.join("\t")));
        }
    }
}

fn class(w: &mut Writer<'_>) {
    let tree = w.tree;
    let default = "storageclass.kubernetes.io/is-default-class";
    let is_default = at(tree, "metadata.annotations")[default] == "true";
    w.pair("IsDefaultClass", if is_default { "Yes" } else { "No" });
    w.pair("Annotations", labels(at(tree, "metadata.annotations")));
    w.fields("Provisioner:provisioner; Parameters:=parameters");
    let grows = match at(tree, "allowVolumeExpansion").as_bool() {
        Some(yes) => truth(yes),
        None => "<unset>",
    };
    w.pair("AllowVolumeExpansion", grows);
    let options: Vec<String> = list(tree, "mountOptions").iter().map(text).collect();
    match options.is_empty() {
        true => w.pair("MountOptions", "<none>"),
        false => {
            w.line("MountOptions:");
            options.iter().for_each(|option| w.line(format_args!("  {option}")));
        }
    }
    w.fields("?ReclaimPolicy:reclaimPolicy; ?VolumeBindingMode:volumeBindingMode");
    let topologies = list(tree, "allowedTopologies");
    if !topologies.is_empty() {
        w.pair("AllowedTopologies", "");
        for (n, term) in topologies.iter().enumerate() {
            let shown = |wanted: &Value| {
                let values: Vec<String> = list(wanted, "values").iter().map(text).collect();
                format!("{} in [{}]", text_at(wanted, "key"), values.join(", "))
            };
            let lines: Vec<String> =
                list(term, "matchLabelExpressions").iter().map(shown).collect();
            w.lines(&format!("Term {n}"), "  ", &lines);
        }
    }
}

fn budget(w: &mut Writer<'_>) {
    w.fields("?Min available:spec.minAvailable; ?Max unavailable:spec.maxUnavailable");
    let tree = w.tree;
    match at(tree, "spec.selector").is_null() {
        true => w.pair("Selector", "<unset>"),
        false => w.fields("Selector:~spec.selector"),
    }
    w.line("Status:");
    for (label, path) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        w.pair(&format!("    {label}"), number(tree, &format!("status.{path}")));
    }
}
