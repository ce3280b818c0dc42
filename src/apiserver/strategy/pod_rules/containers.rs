//! The rules for containers: names, ports, environment, mounts, amounts, probes.
//!
//! Upstream: pkg/apis/core/validation/validation.go (validateContainers)

use super::handler;
use crate::api::core::container::{
    Container, ContainerPort, EnvVar, EnvVarSource, KeySelector, ResourceRequirements,
    RestartPolicy, VolumeMount,
};
use crate::api::core::pod::{PodSpec, ResourceList};
use crate::apiserver::strategy::check::{Check, Path};
use crate::apiserver::strategy::names;
use crate::base::Str;
use crate::base::sorted::SortedSet;
use serde_json::Value;

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
const MESSAGE_POLICIES: &[&str] = &["FallbackToLogsOnError", "File"];
const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The rules for all containers of a Pod.
pub(super) fn all(check: &mut Check, at: &Path, spec: &PodSpec, volumes: &SortedSet<&Str>) {
    let grace = spec.termination_grace_period_seconds.unwrap_or(30);
    let list = at.child("containers");
    if spec.containers.is_empty() {
        check.required(&list, "");
    }
    let mut taken = SortedSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = list.index(index);
        common(check, &at, container, volumes);
        if !container.name.is_empty() && !taken.insert(&container.name) {
            check.duplicate(&at.child("name"), &container.name);
        }
        running(check, &at, container, grace);
        host_network(check, &at, container, spec.host_network);
    }
    host_ports(check, &list, &spec.containers);
    let list = at.child("initContainers");
    for (index, container) in spec.init_containers.iter().enumerate() {
        let at = list.index(index);
        common(check, &at, container, volumes);
        if !container.name.is_empty() && !taken.insert(&container.name) {
            check.duplicate(&at.child("name"), &container.name);
        }
        if container.restart_policy == RestartPolicy::Always {
            running(check, &at, container, grace);
            continue;
        }
        let given = [
            ("lifecycle", container.lifecycle.is_some()),
            ("livenessProbe", container.liveness_probe.is_some()),
            ("readinessProbe", container.readiness_probe.is_some()),
            ("startupProbe", container.startup_probe.is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, given)| *given) {
            let detail = "may not be set for init containers without restartPolicy=Always";
            check.forbidden(&at.child(field), detail);
        }
    }
}

fn common(check: &mut Check, at: &Path, container: &Container, volumes: &SortedSet<&Str>) {
    if container.name.is_empty() {
        check.required(&at.child("name"), "");
    } else {
        check.all(&at.child("name"), &container.name, names::dns_label(&container.name));
    }
    check.require(!container.image.is_empty(), &at.child("image"));
    if let Some(policy) = container.rest.get("terminationMessagePolicy").and_then(Value::as_str) {
        check.word(&at.child("terminationMessagePolicy"), policy, MESSAGE_POLICIES);
    }
    ports(check, &at.child("ports"), &container.ports);
    env(check, &at.child("env"), &container.env);
    let list = at.child("envFrom");
    for (index, source) in container.env_from.iter().enumerate() {
        let at = list.index(index);
        check.all(&at.child("prefix"), &source.prefix, names::env_name(&source.prefix));
        match (&source.config_map_ref, &source.secret_ref) {
            (None, None) => {
                check.text(&at, "", "must specify one of: `configMapRef` or `secretRef`");
            }
            (Some(_), Some(_)) => {
                check.text(&at, "", "may not have more than one field specified at a time");
            }
            (Some(one), None) => {
                let at = at.child("configMapRef");
                check.all(&at.child("name"), &one.name, names::dns_subdomain(&one.name));
            }
            (None, Some(one)) => {
                let at = at.child("secretRef");
                check.all(&at.child("name"), &one.name, names::dns_subdomain(&one.name));
            }
        }
    }
    mounts(check, &at.child("volumeMounts"), &container.volume_mounts, volumes);
    let policy = at.child("imagePullPolicy");
    match &*container.image_pull_policy {
        "" => check.required(&policy, ""),
        word => check.word(&policy, word, PULL_POLICIES),
    }
    resources(check, &at.child("resources"), &container.resources);
}

fn ports(check: &mut Check, at: &Path, ports: &[ContainerPort]) {
    let mut taken = SortedSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let name = at.child("name");
        if !port.name.is_empty() {
            let problems = names::port_name(&port.name);
            if problems.is_empty() && !taken.insert(&port.name) {
                check.duplicate(&name, &port.name);
            }
            check.all(&name, &port.name, problems);
        }
        match port.container_port {
            0 => check.required(&at.child("containerPort"), ""),
            number => check.port(&at.child("containerPort"), number.into()),
        }
        if port.host_port != 0 {
            check.port(&at.child("hostPort"), port.host_port.into());
        }
        match &*port.protocol {
            "" => check.required(&at.child("protocol"), ""),
            word => check.word(&at.child("protocol"), word, PROTOCOLS),
        }
    }
}

fn host_network(check: &mut Check, at: &Path, container: &Container, used: bool) {
    let list = at.child("ports");
    for (index, port) in container.ports.iter().enumerate().filter(|_| used) {
        if port.host_port != 0 && port.host_port != port.container_port {
            let at = list.index(index);
            let detail = "must match `hostPort` when `hostNetwork` is true";
            check.plain(&at.child("containerPort"), port.container_port, detail);
        }
    }
}

fn host_ports(check: &mut Check, at: &Path, containers: &[Container]) {
    let mut taken = SortedSet::new();
    for (outer, container) in containers.iter().enumerate() {
        for (inner, port) in container.ports.iter().enumerate().filter(|(_, p)| p.host_port != 0) {
            let what = format!("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
            if !taken.insert(what.clone()) {
                let (container, list) = (at.index(outer), "ports");
                let list = container.child(list);
                let port = list.index(inner);
                check.duplicate(&port.child("hostPort"), &what);
            }
        }
    }
}

fn env(check: &mut Check, at: &Path, env: &[EnvVar]) {
    for (index, variable) in env.iter().enumerate() {
        let at = at.index(index);
        if variable.name.is_empty() {
            check.required(&at.child("name"), "");
        } else {
            check.all(&at.child("name"), &variable.name, names::env_name(&variable.name));
        }
        if let Some(source) = &variable.value_from {
            env_source(check, &at.child("valueFrom"), source, !variable.value.is_empty());
        }
    }
}

fn env_source(check: &mut Check, at: &Path, source: &EnvVarSource, has_value: bool) {
    let mut count = source.rest.0.as_ref().map_or(0, |kept| kept.len());
    if let Some(field) = &source.field_ref {
        count += 1;
        let at = at.child("fieldRef");
        let path = at.child("fieldPath");
        let keyed = ["metadata.labels['", "metadata.annotations['"];
        if field.field_path.is_empty() {
            check.required(&path, "");
        } else if !ENV_FIELDS.contains(&&*field.field_path)
            && !keyed.iter().any(|start| field.field_path.starts_with(start))
        {
            let detail = format!(
                "error converting fieldPath: field label not supported: {}",
                field.field_path
            );
            check.text(&path, &field.field_path, &detail);
        }
    }
    let keys =
        [("configMapKeyRef", &source.config_map_key_ref), ("secretKeyRef", &source.secret_key_ref)];
    for (name, key) in keys {
        if let Some(key) = key {
            count += 1;
            key_ref(check, &at.child(name), key);
        }
    }
    match count {
        0 => check.text(
            at,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
             `secretKeyRef` or `fileKeyRef`",
        ),
        _ if has_value => check.text(at, "", "may not be specified when `value` is not empty"),
        1 => {}
        _ => check.text(at, "", "may not have more than one field specified at a time"),
    }
}

fn key_ref(check: &mut Check, at: &Path, key: &KeySelector) {
    check.all(&at.child("name"), &key.name, names::dns_subdomain(&key.name));
    if key.key.is_empty() {
        check.required(&at.child("key"), "");
    } else {
        check.all(&at.child("key"), &key.key, names::config_map_key(&key.key));
    }
}

fn mounts(check: &mut Check, at: &Path, mounts: &[VolumeMount], volumes: &SortedSet<&Str>) {
    let mut taken = SortedSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let at = at.index(index);
        check.require(!mount.name.is_empty(), &at.child("name"));
        if !volumes.contains(&mount.name) {
            check.not_found(&at.child("name"), &mount.name);
        }
        check.require(!mount.mount_path.is_empty(), &at.child("mountPath"));
        if !taken.insert(&mount.mount_path) {
            check.text(&at.child("mountPath"), &mount.mount_path, "must be unique");
        }
        if let Some(path) = mount.rest.get("subPath").and_then(Value::as_str) {
            let sub = at.child("subPath");
            if path.starts_with('/') {
                check.text(&sub, path, "must be a relative path");
            }
            if path.split('/').any(|part| part == "..") {
                check.text(&sub, path, "must not contain '..'");
            }
        }
    }
}

fn resources(check: &mut Check, at: &Path, resources: &ResourceRequirements) {
    amounts(check, &at.child("limits"), &resources.limits);
    let requests = at.child("requests");
    amounts(check, &requests, &resources.requests);
    for (name, amount) in &resources.requests {
        let Some(limit) = resources.limits.get(name) else {
            continue;
        };
        let shared = name.starts_with("hugepages-") || name.contains('/');
        if shared && amount != limit {
            let detail = format!("must be equal to {name} limit of {limit}");
            check.text(&requests, &amount.to_string(), &detail);
        } else if amount > limit {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            check.text(&requests, &amount.to_string(), &detail);
        }
    }
}

/// The rules for amounts of what containers use.
pub(super) fn amounts(check: &mut Check, at: &Path, list: &ResourceList) {
    for (name, amount) in list {
        let at = at.key(name);
        let problems = names::qualified_name(name);
        let known = matches!(&**name, "cpu" | "memory" | "ephemeral-storage")
            || name.starts_with("hugepages-");
        if problems.is_empty() && !name.contains('/') && !known {
            if !matches!(&**name, "storage" | "pods" | "services" | "secrets" | "configmaps") {
                check.text(&at, name, "must be a standard resource type or fully qualified");
            }
            check.text(&at, name, "must be a standard resource for containers");
        }
        check.all(&at, name, problems);
        if amount.is_negative() {
            check.text(&at, &amount.to_string(), "must be greater than or equal to 0");
        }
        if name.contains('/') && amount.as_milli() % 1000 != 0 {
            check.text(&at, &amount.to_string(), "must be an integer");
        }
    }
}

/// The rules for what is done to a container while it runs.
fn running(check: &mut Check, at: &Path, container: &Container, grace: i64) {
    if let Some(hook) = container.lifecycle.as_ref().and_then(|l| l.pre_stop.as_ref()) {
        let at = at.child("lifecycle");
        let at = at.child("preStop");
        handler(check, &at, &hook.rest, usize::from(hook.sleep.is_some()));
        if let Some(sleep) = &hook.sleep
            && !(0..=grace).contains(&sleep.seconds)
        {
            let detail = format!(
                "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            );
            check.plain(&at.child("sleep"), sleep.seconds, &detail);
        }
    }
    let probes = [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (name, probe) in probes {
        let Some(probe) = probe else {
            continue;
        };
        let at = at.child(name);
        handler(check, &at, &probe.rest, 0);
        let counts = [
            ("initialDelaySeconds", probe.initial_delay_seconds),
            ("timeoutSeconds", probe.timeout_seconds),
            ("periodSeconds", probe.period_seconds),
            ("successThreshold", probe.success_threshold),
            ("failureThreshold", probe.failure_threshold),
        ];
        for (field, value) in counts {
            check.non_negative(&at.child(field), value.into());
        }
        if name != "readinessProbe" && probe.success_threshold != 1 {
            check.plain(&at.child("successThreshold"), probe.success_threshold, "must be 1");
        }
    }
}
