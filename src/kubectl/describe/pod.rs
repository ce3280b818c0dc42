//! Pods and templates of Pods.
//!
//! Upstream: describePod, DescribePodTemplate, describeContainers and describeVolumes in
//! staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use super::writer::{date, lasts, or_none, truth};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::kubectl::cx::Cx;
use crate::kubectl::value::{at, entries, go, list, number, text, text_at};
use serde_json::Value;

const RESTARTS: &str = "Restart Count";

/// A Pod.
pub(super) fn pod(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object, name: &str) {
    let tree = w.tree;
    w.pair("Name", name);
    w.fields(
        "Namespace:metadata.namespace; ?Priority:spec.priority; \
         ?Priority Class Name:spec.priorityClassName; \
         ?Runtime Class Name:spec.runtimeClassName; ?Service Account:spec.serviceAccountName",
    );
    match &*text_at(tree, "spec.nodeName") {
        "" => w.pair("Node", "<none>"),
        node => {
            let target = ObjectRef::new(Kind::Node, Key::global(node));
            let node = cx.link(&target, node);
            w.pair("Node", format_args!("{node}/{}", text_at(tree, "status.hostIP")));
        }
    }
    w.fields(
        "?Start Time:@status.startTime; Labels:#metadata.labels; \
              Annotations:!metadata.annotations",
    );
    match object.meta().deletion_timestamp.filter(|_| text_at(tree, "status.phase") != "Failed") {
        Some(deleted) => {
            w.pair("Status", format_args!("Terminating (lasts {})", lasts(deleted, cx.now())));
            let grace = number(tree, "metadata.deletionGracePeriodSeconds");
            w.pair("Termination Grace Period", format_args!("{grace}s"));
        }
        None => w.fields("Status:status.phase"),
    }
    w.fields("?Reason:status.reason; ?Message:status.message");
    w.fields("IP:status.podIP");
    let ips = list(tree, "status.podIPs");
    if ips.is_empty() {
        w.pair("IPs", "<none>");
    } else {
        w.line("IPs:");
        ips.iter().for_each(|ip| w.pair("  IP", text_at(ip, "ip")));
    }
    controlled_by(cx, w, object);
    w.fields("?NominatedNodeName:status.nominatedNodeName");
    if !list(tree, "spec.initContainers").is_empty() {
        let statuses = Some(at(tree, "status.initContainerStatuses"));
        containers(w, "Init Containers", at(tree, "spec.initContainers"), statuses, "");
    }
    let statuses = Some(at(tree, "status.containerStatuses"));
    containers(w, "Containers", at(tree, "spec.containers"), statuses, "");
    conditions(w);
    volumes(w, at(tree, "spec.volumes"), "");
    w.fields("QoS Class:status.qosClass; Node-Selectors:#spec.nodeSelector");
    tolerations(w, "Tolerations", at(tree, "spec.tolerations"));
    spread(w, "", at(tree, "spec.topologySpreadConstraints"));
}

/// Who manages the object, if somebody does.
pub(super) fn controlled_by(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    if let Some(owner) = object.meta().controller_of() {
        let shown = format!("{}/{}", owner.kind, owner.name);
        let shown = match Kind::by_name(&owner.kind) {
            Some(kind) => {
                let key = Key::new(object.meta().namespace.clone(), owner.name.clone());
                cx.link(&ObjectRef::new(kind, key), &shown)
            }
            None => shown,
        };
        w.pair("Controlled By", shown);
    }
}

fn conditions(w: &mut Writer<'_>) {
    let tree = w.tree;
    let gates = list(tree, "spec.readinessGates");
    let all = list(tree, "status.conditions");
    if !gates.is_empty() {
        w.line("Readiness Gates:\n  Type\tStatus");
        for gate in gates {
            let kind = text_at(gate, "conditionType");
            let own = all.iter().find(|own| text_at(own, "type") == kind);
            let status = own.map_or("<none>".to_string(), |own| text_at(own, "status"));
            w.line(format_args!("  {kind} \t{status} "));
        }
    }
    if !all.is_empty() {
        w.line("Conditions:\n  Type\tStatus");
        for own in all {
            w.line(format_args!("  {} \t{} ", text_at(own, "type"), text_at(own, "status")));
        }
    }
}

/// The template of a workload's Pods.
pub fn template(w: &mut Writer<'_>, tree: &Value) {
    w.line("Pod Template:");
    w.labels("  Labels", "", at(tree, "metadata.labels"));
    if entries(tree, "metadata.annotations").next().is_some() {
        w.annotations("  Annotations", "", at(tree, "metadata.annotations"));
    }
    let spec = &tree["spec"];
    let optional = |w: &mut Writer<'_>, label: &str, path: &str| {
        let value = text_at(spec, path);
        if !value.is_empty() {
            w.pair(label, value);
        }
    };
    optional(w, "  Service Account", "serviceAccountName");
    if !list(spec, "initContainers").is_empty() {
        containers(w, "Init Containers", &spec["initContainers"], None, "  ");
    }
    containers(w, "Containers", &spec["containers"], None, "  ");
    volumes(w, &spec["volumes"], "  ");
    spread(w, "  ", &spec["topologySpreadConstraints"]);
    optional(w, "  Priority Class Name", "priorityClassName");
    w.labels("  Node-Selectors", "", &spec["nodeSelector"]);
    tolerations(w, "  Tolerations", &spec["tolerations"]);
}

fn containers(w: &mut Writer<'_>, label: &str, all: &Value, statuses: Option<&Value>, space: &str) {
    w.line(format_args!("{space}{label}:"));
    let indent = if space.is_empty() { "" } else { " " };
    for container in all.as_array().into_iter().flatten() {
        let name = text_at(container, "name");
        let own = statuses.and_then(Value::as_array).into_iter().flatten();
        let status = own.into_iter().find(|status| text_at(status, "name") == name);
        w.line(format_args!("  {indent}{name}:"));
        basics(w, container, status);
        for (label, key) in [("Command", "command"), ("Args", "args")] {
            if !list(container, key).is_empty() {
                w.line(format_args!("    {label}:"));
                for word in list(container, key).iter().map(text) {
                    word.split('\n').for_each(|line| w.line(format_args!("      {line}")));
                }
            }
        }
        if let Some(status) = status {
            state(w, "State", &status["state"]);
            if !at(status, "lastState.terminated").is_null() {
                state(w, "Last State", &status["lastState"]);
            }
            w.pair("    Ready", truth(status["ready"] == true));
            w.pair(&format!("    {RESTARTS}"), number(status, "restartCount"));
        }
        for (label, key) in [("Limits", "limits"), ("Requests", "requests")] {
            let amounts = at(container, &format!("resources.{key}"));
            if entries(amounts, "").next().is_some() {
                w.line(format_args!("    {label}:"));
                entries(amounts, "")
                    .for_each(|(name, amount)| w.pair(&format!("      {name}"), text(amount)));
            }
        }
        for (label, key) in [
            ("Liveness", "livenessProbe"),
            ("Readiness", "readinessProbe"),
            ("Startup", "startupProbe"),
        ] {
            if !container[key].is_null() {
                w.pair(&format!("    {label}"), probe(&container[key]));
            }
        }
        environment(w, container);
        mounts(w, container);
    }
}

fn basics(w: &mut Writer<'_>, container: &Value, status: Option<&Value>) {
    if let Some(status) = status {
        w.pair("    Container ID", text_at(status, "containerID"));
    }
    w.pair("    Image", text_at(container, "image"));
    if let Some(status) = status {
        w.pair("    Image ID", text_at(status, "imageID"));
    }
    for (label, key) in [("Port", "containerPort"), ("Host Port", "hostPort")] {
        let ports: Vec<String> = list(container, "ports")
            .iter()
            .map(|port| {
                let protocol = text_at(port, "protocol");
                let protocol = if protocol.is_empty() { "TCP".to_string() } else { protocol };
                let plain = format!("{}/{protocol}", number(port, key));
                match &*text_at(port, "name") {
                    "" => plain,
                    name => format!("{plain} ({name})"),
                }
            })
            .collect();
        let many = if ports.len() > 1 { "s" } else { "" };
        w.pair(&format!("    {label}{many}"), or_none(ports.join(", ")));
    }
}

fn state(w: &mut Writer<'_>, label: &str, state: &Value) {
    let label = format!("    {label}");
    let (running, ended) = (&state["running"], &state["terminated"]);
    let optional = |w: &mut Writer<'_>, label: &str, value: String| {
        if !value.is_empty() && value != "0" {
            w.pair(&format!("      {label}"), value);
        }
    };
    if !running.is_null() {
        w.pair(&label, "Running");
        w.pair("      Started", date(&running["startedAt"]));
    } else if !ended.is_null() {
        w.pair(&label, "Terminated");
        optional(w, "Reason", text_at(ended, "reason"));
        optional(w, "Message", text_at(ended, "message"));
        w.pair("      Exit Code", number(ended, "exitCode"));
        optional(w, "Signal", text_at(ended, "signal"));
        w.pair("      Started", date(&ended["startedAt"]));
        w.pair("      Finished", date(&ended["finishedAt"]));
    } else {
        w.pair(&label, "Waiting");
        optional(w, "Reason", text_at(state, "waiting.reason"));
    }
}

fn probe(probe: &Value) -> String {
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number(probe, "initialDelaySeconds"),
        number(probe, "timeoutSeconds"),
        number(probe, "periodSeconds"),
        number(probe, "successThreshold"),
        number(probe, "failureThreshold")
    );
    let (exec, http, tcp) = (&probe["exec"], &probe["httpGet"], &probe["tcpSocket"]);
    let address = |at: &Value| format!("{}:{}", text_at(at, "host"), text_at(at, "port"));
    if !exec.is_null() {
        return format!("exec {} {attributes}", go(&exec["command"], false));
    }
    if !http.is_null() {
        let scheme = text_at(http, "scheme").to_lowercase();
        let scheme = if scheme.is_empty() { "http".to_string() } else { scheme };
        let path = text_at(http, "path");
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        return format!("http-get {scheme}://{}{slash}{path} {attributes}", address(http));
    }
    if !tcp.is_null() {
        return format!("tcp-socket {} {attributes}", address(tcp));
    }
    if !probe["grpc"].is_null() {
        let service = text_at(probe, "grpc.service");
        return format!("grpc <pod>:{} {service} {attributes}", text_at(probe, "grpc.port"));
    }
    format!("unknown {attributes}")
}

fn environment(w: &mut Writer<'_>, container: &Value) {
    let optional = |source: &Value| source["optional"] == true;
    let from = list(container, "envFrom");
    if !from.is_empty() {
        w.line("    Environment Variables from:");
        for source in from {
            let (what, own) = match source["configMapRef"].is_null() {
                false => ("ConfigMap", &source["configMapRef"]),
                true => ("Secret", &source["secretRef"]),
            };
            let prefix = match &*text_at(source, "prefix") {
                "" => String::new(),
                prefix => format!(" with prefix '{prefix}'"),
            };
            let name = text_at(own, "name");
            let may = optional(own);
            w.line(format_args!("      {name}\t{what}{prefix}\tOptional: {may}"));
        }
    }
    let own = list(container, "env");
    w.line(if own.is_empty() { "    Environment:\t<none>" } else { "    Environment:" });
    for variable in own {
        let name = format!("      {}", text_at(variable, "name"));
        let source = &variable["valueFrom"];
        if source.is_null() {
            let value = text_at(variable, "value");
            let mut lines = value.split('\n');
            w.pair(&name, lines.next().unwrap_or(""));
            lines.for_each(|line| w.line(format_args!("      \t{line}")));
            continue;
        }
        let (field, resource) = (&source["fieldRef"], &source["resourceFieldRef"]);
        let (secret, map) = (&source["secretKeyRef"], &source["configMapKeyRef"]);
        if !field.is_null() {
            let (version, path) = (text_at(field, "apiVersion"), text_at(field, "fieldPath"));
            let value = field_value(w.tree, &path);
            w.pair(&name, format_args!("{value} ({version}:{path})"));
        } else if !resource.is_null() {
            w.pair(&name, format_args!("0 ({})", text_at(resource, "resource")));
        } else if !secret.is_null() {
            let (key, of, may) =
                (text_at(secret, "key"), text_at(secret, "name"), optional(secret));
            let shown = format!("<set to the key '{key}' in secret '{of}'>\tOptional: {may}");
            w.pair(&name, shown);
        } else {
            let (key, of, may) = (text_at(map, "key"), text_at(map, "name"), optional(map));
            let shown = format!("<set to the key '{key}' of config map '{of}'>\tOptional: {may}");
            w.pair(&name, shown);
        }
    }
}

/// What a fieldRef gives in a Pod; nothing in a template.
fn field_value(tree: &Value, path: &str) -> String {
    if tree["kind"] != "Pod" {
        return String::new();
    }
    let keyed = path.split_once("['").and_then(|(map, key)| Some((map, key.strip_suffix("']")?)));
    match keyed {
        Some((map, key)) => text(&at(tree, map)[key]),
        None => text_at(tree, path),
    }
}

fn mounts(w: &mut Writer<'_>, container: &Value) {
    let mut all: Vec<&Value> = list(container, "volumeMounts").iter().collect();
    w.line(if all.is_empty() { "    Mounts:\t<none>" } else { "    Mounts:" });
    all.sort_by_key(|mount| text_at(mount, "mountPath"));
    for mount in all {
        let how = if mount["readOnly"] == true { "ro" } else { "rw" };
        let part = match &*text_at(mount, "subPath") {
            "" => String::new(),
            path => format!(",path={path:?}"),
        };
        let (path, name) = (text_at(mount, "mountPath"), text_at(mount, "name"));
        w.line(format_args!("      {path} from {name} ({how}{part})"));
    }
    let devices = list(container, "volumeDevices");
    if !devices.is_empty() {
        w.line("    Devices:");
        for device in devices {
            let (path, name) = (text_at(device, "devicePath"), text_at(device, "name"));
            w.line(format_args!("      {path} from {name}"));
        }
    }
}

/// Sources of volumes: their key, what they are, and what is told of them (`Label:path`).
const SOURCES: &[(&str, &str, &str)] = &[
    (
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        "ClaimName:claimName;ReadOnly:?readOnly",
    ),
    (
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        "Medium:medium;SizeLimit:<sizeLimit",
    ),
    ("hostPath", "HostPath (bare host directory volume)", "Path:path;HostPathType:type"),
    (
        "secret",
        "Secret (a volume populated by a Secret)",
        "SecretName:secretName;\
        Optional:?optional",
    ),
    (
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        "Name:name;\
        Optional:?optional",
    ),
    (
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        "Server:server;Path:path;\
        ReadOnly:?readOnly",
    ),
    (
        "csi",
        "CSI (a Container Storage Interface (CSI) volume source)",
        "Driver:driver;\
        FSType:fsType;ReadOnly:?readOnly",
    ),
];

fn told(w: &mut Writer<'_>, source: &Value, table: &str) {
    for entry in table.split(';') {
        let (label, path) = entry.split_once(':').unwrap_or((entry, ""));
        let label = format!("    {label}");
        match (path.strip_prefix('?'), path.strip_prefix('<')) {
            (Some(path), _) => w.pair(&label, source[path] == true),
            (_, Some(path)) if source[path].is_null() => w.pair(&label, "<unset>"),
            (_, Some(path)) => w.pair(&label, text(&source[path])),
            _ => w.pair(&label, text(&source[path])),
        }
    }
}

fn volumes(w: &mut Writer<'_>, all: &Value, space: &str) {
    let Some(all) = all.as_array().filter(|all| !all.is_empty()) else {
        return w.line(format_args!("{space}Volumes:\t<none>"));
    };
    w.line(format_args!("{space}Volumes:"));
    let indent = if space.is_empty() { "" } else { " " };
    for volume in all {
        w.line(format_args!("  {indent}{}:", text_at(volume, "name")));
        let known = SOURCES.iter().find(|(key, ..)| !volume[*key].is_null());
        if let Some((key, what, table)) = known {
            w.pair("    Type", what);
            told(w, &volume[*key], table);
        } else if !volume["projected"].is_null() {
            projected(w, &volume["projected"]);
        } else if !volume["downwardAPI"].is_null() {
            w.pair("    Type", "DownwardAPI (a volume populated by information about the pod)");
            w.line("    Items:");
            for item in list(volume, "downwardAPI.items") {
                let (from, to) = (text_at(item, "fieldRef.fieldPath"), text_at(item, "path"));
                w.line(format_args!("      {from} -> {to}"));
            }
        } else if !volume["ephemeral"].is_null() {
            w.pair(
                "    Type",
                "EphemeralVolume (an inline specification for a volume that gets \
                                created and deleted with the pod)",
            );
            let claim = at(volume, "ephemeral.volumeClaimTemplate");
            let class = text_at(claim, "spec.storageClassName");
            w.pair("    StorageClass", class);
            w.pair("    Volume", text_at(claim, "spec.volumeName"));
            w.labels("Labels", "    ", at(claim, "metadata.labels"));
            w.annotations("Annotations", "    ", at(claim, "metadata.annotations"));
            w.pair("    Capacity", "");
            w.pair("    Access Modes", "");
        } else {
            w.line("    <unknown>");
        }
    }
}

fn projected(w: &mut Writer<'_>, volume: &Value) {
    w.pair("    Type", "Projected (a volume that contains injected data from multiple sources)");
    for source in list(volume, "sources") {
        let (secret, map) = (&source["secret"], &source["configMap"]);
        if !secret.is_null() {
            told(w, secret, "SecretName:name;Optional:?optional");
        } else if !source["downwardAPI"].is_null() {
            w.pair("    DownwardAPI", true);
        } else if !map.is_null() {
            told(w, map, "ConfigMapName:name;Optional:?optional");
        } else {
            told(w, &source["serviceAccountToken"], "TokenExpirationSeconds:expirationSeconds");
        }
    }
}

fn tolerations(w: &mut Writer<'_>, label: &str, all: &Value) {
    let mut all: Vec<&Value> = all.as_array().into_iter().flatten().collect();
    all.sort_by_key(|toleration| text_at(toleration, "key"));
    let shown = |toleration: &&Value| {
        let mut out = text_at(toleration, "key");
        for (sign, key) in [("=", "value"), (":", "effect")] {
            let value = text_at(toleration, key);
            if !value.is_empty() {
                out.push_str(&format!("{sign}{value}"));
            }
        }
        if text_at(toleration, "operator") == "Exists" && text_at(toleration, "value").is_empty() {
            out.push_str(if out.is_empty() { "op=Exists" } else { " op=Exists" });
        }
        if let Some(seconds) = toleration["tolerationSeconds"].as_i64() {
            out.push_str(&format!(" for {seconds}s"));
        }
        out
    };
    let lines: Vec<String> = all.iter().map(shown).collect();
    w.lines(label, "", &lines);
}

fn spread(w: &mut Writer<'_>, space: &str, all: &Value) {
    let mut all: Vec<&Value> = all.as_array().into_iter().flatten().collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|constraint| text_at(constraint, "topologyKey"));
    let shown = |constraint: &&Value| {
        let selector = match constraint["labelSelector"].is_null() {
            true => String::new(),
            false => {
                format!(" for selector {}", super::writer::selector(&constraint["labelSelector"]))
            }
        };
        format!(
            "{}:{} when max skew {} is exceeded{selector}",
            text_at(constraint, "topologyKey"),
            text_at(constraint, "whenUnsatisfiable"),
            number(constraint, "maxSkew")
        )
    };
    let lines: Vec<String> = all.iter().map(shown).collect();
    w.lines("Topology Spread Constraints", space, &lines);
}
