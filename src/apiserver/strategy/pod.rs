//! Pods: the defaults of everything made from a template, what creation resets, and what
//! may change.
//!
//! Not here: defaults of volume kinds that nobody has used for years (rbd, iscsi, scaleIO,
//! azureDisk), pod-level resources, the merge of matchLabelKeys into selectors.
//!
//! Upstream: pkg/apis/core/v1/defaults.go, pkg/registry/core/pod/strategy.go

use super::check::{Check, Path};
use super::{Config, meta, pod_rules};
use crate::api::core::container::{Container, LifecycleHandler, Probe, RestartPolicy, Volume};
use crate::api::core::pod::{Pod, PodPhase, PodSpec, PodStatus, ResourceList};
use crate::api::json::Rest;
use crate::api::meta::{Condition, ObjectMeta};
use crate::base::time::SimTime;
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// How the volume is called through which a Pod reaches the API; five characters follow.
pub const API_ACCESS: &str = "kube-api-access-";

/// Fills in what every Pod and every template gets. Copies nothing that is complete.
pub fn default_spec(spec: &mut Rc<PodSpec>) {
    if !is_complete(spec) {
        complete(Rc::make_mut(spec));
    }
}

/// Whether `complete` would change nothing: true for what a controller made from a template
/// that has its defaults.
fn is_complete(spec: &PodSpec) -> bool {
    spec.restart_policy != RestartPolicy::Unset
        && spec.termination_grace_period_seconds.is_some()
        && !spec.scheduler_name.is_empty()
        && spec.rest.get("dnsPolicy").is_some()
        && spec.rest.get("securityContext").is_some()
        && spec.containers.iter().chain(spec.init_containers.iter()).all(is_complete_container)
        && spec.volumes.iter().all(is_complete_volume)
}

fn is_complete_container(container: &Container) -> bool {
    let source = |env: &crate::api::core::container::EnvVar| {
        let field = env.value_from.as_ref().and_then(|source| source.field_ref.as_ref());
        field.is_none_or(|field| !field.api_version.is_empty())
    };
    let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
    !container.image_pull_policy.is_empty()
        && container.rest.get("terminationMessagePath").is_some()
        && container.ports.iter().all(|port| !port.protocol.is_empty())
        && container.env.iter().all(source)
        && probes.into_iter().flatten().all(|probe| probe.failure_threshold != 0)
}

/// Rather one too few: of other kinds only what every Pod mounts is known to be complete.
fn is_complete_volume(volume: &Volume) -> bool {
    let access = || {
        let projected = volume.rest.get("projected").and_then(|source| source.get("defaultMode"));
        projected.is_some() && volume.name.starts_with(API_ACCESS)
    };
    volume.persistent_volume_claim.is_some() || volume.empty_dir.is_some() || access()
}

fn complete(spec: &mut PodSpec) {
    if spec.restart_policy == RestartPolicy::Unset {
        spec.restart_policy = RestartPolicy::Always;
    }
    spec.termination_grace_period_seconds.get_or_insert(30);
    if spec.scheduler_name.is_empty() {
        spec.scheduler_name = "default-scheduler".into();
    }
    let rest = &mut spec.rest;
    rest.set_default("dnsPolicy", json!("ClusterFirst"));
    rest.set_default("securityContext", json!({}));
    rest.drop_false(&["hostIPC", "hostPID"]);
    // The account has two names; the older one follows the newer.
    let older = rest.get("serviceAccount").and_then(Value::as_str).unwrap_or("");
    if spec.service_account_name.is_empty() && !older.is_empty() {
        spec.service_account_name = older.into();
    }
    if !spec.service_account_name.is_empty() {
        rest.set("serviceAccount", json!(&*spec.service_account_name));
    }
    spec.volumes.iter_mut().for_each(default_volume);
    Rc::make_mut(&mut spec.containers).iter_mut().for_each(default_container);
    if !spec.init_containers.is_empty() {
        Rc::make_mut(&mut spec.init_containers).iter_mut().for_each(default_container);
    }
}

fn wants_source(volume: &Volume) -> bool {
    volume.persistent_volume_claim.is_none()
        && volume.empty_dir.is_none()
        && volume.config_map.is_none()
        && volume.secret.is_none()
        && volume.rest.is_empty()
}

fn default_volume(volume: &mut Volume) {
    if wants_source(volume) {
        volume.empty_dir = Some(Default::default());
    }
    if let Some(source) = &mut volume.config_map {
        source.rest.set_default("defaultMode", json!(420));
    }
    if let Some(source) = &mut volume.secret {
        source.rest.set_default("defaultMode", json!(420));
    }
    if let Some(source) = volume.rest.object_mut("hostPath") {
        source.entry("type").or_insert(json!(""));
    }
    if let Some(source) = volume.rest.object_mut("downwardAPI") {
        source.entry("defaultMode").or_insert(json!(420));
        default_field_refs(source);
    }
    if let Some(source) = volume.rest.object_mut("projected") {
        source.entry("defaultMode").or_insert(json!(420));
        for part in items_mut(source, "sources") {
            if let Some(Value::Object(token)) = part.get_mut("serviceAccountToken") {
                token.entry("expirationSeconds").or_insert(json!(3600));
            }
            if let Some(Value::Object(api)) = part.get_mut("downwardAPI") {
                default_field_refs(api);
            }
        }
    }
    if let Some(source) = volume.rest.object_mut("ephemeral")
        && let Some(Value::Object(spec)) =
            source.get_mut("volumeClaimTemplate").and_then(|template| template.get_mut("spec"))
    {
        spec.entry("volumeMode").or_insert(json!("Filesystem"));
    }
}

fn items_mut<'v>(
    map: &'v mut Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'v mut Map<String, Value>> {
    let list = map.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn default_field_refs(source: &mut Map<String, Value>) {
    for item in items_mut(source, "items") {
        if let Some(Value::Object(field)) = item.get_mut("fieldRef") {
            field.entry("apiVersion").or_insert(json!("v1"));
        }
    }
}

fn default_container(container: &mut Container) {
    for port in &mut container.ports {
        if port.protocol.is_empty() {
            port.protocol = "TCP".into();
        }
    }
    for source in container.env.iter_mut().filter_map(|env| env.value_from.as_mut()) {
        if let Some(field) = &mut source.field_ref
            && field.api_version.is_empty()
        {
            field.api_version = "v1".into();
        }
    }
    let probes = [
        &mut container.liveness_probe,
        &mut container.readiness_probe,
        &mut container.startup_probe,
    ];
    probes.into_iter().flatten().for_each(default_probe);
    if let Some(lifecycle) = &mut container.lifecycle {
        if let Some(handler) = &mut lifecycle.pre_stop {
            default_handler(handler);
        }
        if let Some(start) = lifecycle.rest.object_mut("postStart")
            && let Some(Value::Object(get)) = start.get_mut("httpGet")
        {
            default_http_get(get);
        }
    }
    if container.image_pull_policy.is_empty() {
        let latest = image_tag(&container.image) == "latest";
        container.image_pull_policy = if latest { "Always" } else { "IfNotPresent" }.into();
    }
    let rest = &mut container.rest;
    rest.set_default("terminationMessagePath", json!("/dev/termination-log"));
    rest.set_default("terminationMessagePolicy", json!("File"));
    rest.drop_false(&["stdin", "stdinOnce", "tty"]);
}

/// The tag of an image: `latest` if it has neither tag nor digest.
pub fn image_tag(image: &str) -> &str {
    let (name, digest) = match image.split_once('@') {
        Some((name, _)) => (name, true),
        None => (image, false),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, tag)) => tag,
        None if digest => "",
        None => "latest",
    }
}

fn default_probe(probe: &mut Probe) {
    let or = |value: &mut i32, default| {
        if *value == 0 {
            *value = default;
        }
    };
    or(&mut probe.timeout_seconds, 1);
    or(&mut probe.period_seconds, 10);
    or(&mut probe.success_threshold, 1);
    or(&mut probe.failure_threshold, 3);
    if let Some(get) = probe.rest.object_mut("httpGet") {
        default_http_get(get);
    }
    if let Some(call) = probe.rest.object_mut("grpc") {
        call.entry("service").or_insert(json!(""));
    }
}

fn default_handler(handler: &mut LifecycleHandler) {
    if let Some(get) = handler.rest.object_mut("httpGet") {
        default_http_get(get);
    }
}

fn default_http_get(get: &mut Map<String, Value>) {
    get.entry("path").or_insert(json!("/"));
    get.entry("scheme").or_insert(json!("HTTP"));
}

/// Fills in what only a Pod gets.
pub fn default_pod(pod: &mut Pod) {
    default_spec(&mut pod.spec);
    let spec = &pod.spec;
    let both = || spec.containers.iter().chain(spec.init_containers.iter());
    let lacks_request = |container: &Container| {
        let resources = &container.resources;
        resources.limits.keys().any(|name| !resources.requests.contains_key(name))
    };
    let lacks_host_port = |container: &Container| {
        spec.host_network && container.ports.iter().any(|port| port.host_port == 0)
    };
    let incomplete = both().any(|c| lacks_request(c) || lacks_host_port(c));
    if !incomplete && spec.rest.get("enableServiceLinks").is_some() {
        return;
    }
    let spec = Rc::make_mut(&mut pod.spec);
    spec.rest.set_default("enableServiceLinks", json!(true));
    if !incomplete {
        return;
    }
    for list in [&mut spec.containers, &mut spec.init_containers] {
        for container in Rc::make_mut(list) {
            for (name, limit) in container.resources.limits.clone() {
                container.resources.requests.get_or_insert_with(name, || limit);
            }
            for port in container.ports.iter_mut().filter(|_| spec.host_network) {
                if port.host_port == 0 {
                    port.host_port = port.container_port;
                }
            }
        }
    }
}

/// What a new Pod starts with, whatever its maker wrote there.
pub fn prepare_create(pod: &mut Pod, now: SimTime) {
    pod.meta.generation = 1;
    pod.status = PodStatus {
        phase: PodPhase::Pending,
        qos_class: qos_class(&pod.spec).into(),
        ..PodStatus::default()
    };
    if !pod.spec.scheduling_gates.is_empty() {
        pod.status.conditions.push(Condition {
            kind: "PodScheduled".into(),
            status: "False".into(),
            reason: "SchedulingGated".into(),
            message: "Scheduling is blocked due to non-empty scheduling gates".into(),
            last_transition_time: Some(now.whole_second()),
            ..Condition::default()
        });
    }
}

/// What an update keeps of the Pod it replaces.
pub fn prepare_update(new: &mut Pod, old: &Pod) {
    new.status = old.status.clone();
    if !Rc::ptr_eq(&new.spec, &old.spec) && new.spec != old.spec {
        new.meta.generation = old.meta.generation + 1;
    }
}

/// What a status update keeps of the Pod it replaces.
pub fn prepare_status(new: &mut Pod, old: &Pod) {
    new.spec = old.spec.clone();
    new.meta.owner_references = old.meta.owner_references.clone();
    if new.status.qos_class.is_empty() {
        new.status.qos_class = old.status.qos_class.clone();
    }
}

/// How a Pod's resources are served: `Guaranteed` if every container's CPU and memory have
/// limits that equal their requests, `BestEffort` if nothing has any, else `Burstable`.
///
/// Upstream: pkg/apis/core/v1/helper/qos/qos.go
pub fn qos_class(spec: &PodSpec) -> &'static str {
    let served = ["cpu", "memory"];
    let amount =
        |list: &ResourceList, name: &str| list.get(name).filter(|q| q.as_milli() > 0).cloned();
    let mut any = false;
    let mut guaranteed = true;
    for container in spec.containers.iter().chain(spec.init_containers.iter()) {
        for name in served {
            let limit = amount(&container.resources.limits, name);
            let request = amount(&container.resources.requests, name);
            any |= limit.is_some() || request.is_some();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// The rules for a new Pod.
pub fn validate_create(check: &mut Check, pod: &Pod, _: &Config) {
    pod_rules::spec(check, &Path::root("spec"), &pod.spec, &pod.meta, &[]);
}

/// What may change: images, deadlines, added tolerations, gates that go.
pub fn validate_update(check: &mut Check, new: &Pod, old: &Pod) {
    let at = Path::root("spec");
    if Rc::ptr_eq(&new.spec, &old.spec) {
        return;
    }
    for (list, new, old) in [
        ("containers", &new.spec.containers, &old.spec.containers),
        ("initContainers", &new.spec.init_containers, &old.spec.init_containers),
    ] {
        if new.len() != old.len() {
            let detail = "pod updates may not add or remove containers";
            check.forbidden(&at.child(list), detail);
            return;
        }
    }
    let deadline = at.child("activeDeadlineSeconds");
    match (new.spec.active_deadline_seconds, old.spec.active_deadline_seconds) {
        (Some(new), Some(old)) if new > old => {
            check.plain(&deadline, new, "must be less than or equal to previous value");
        }
        (Some(new), _) if !(1..=i64::from(i32::MAX)).contains(&new) => {
            let detail = format!("must be between 1 and {}, inclusive", i32::MAX);
            check.plain(&deadline, new, &detail);
        }
        (None, Some(_)) => {
            check.plain(&deadline, "null", "must not update from a positive integer to nil value");
        }
        _ => {}
    }
    let kept = old.spec.tolerations.iter().all(|old| new.spec.tolerations.contains(old));
    if !kept {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        check.forbidden(&at.child("tolerations"), detail);
    }
    let gates = |pod: &Pod| pod.spec.scheduling_gates.clone();
    if gates(new).iter().any(|gate| !gates(old).contains(gate)) {
        let detail = format!(
            "only deletion is allowed, but found new scheduling gate '{}'",
            gates(new).iter().find(|gate| !gates(old).contains(gate)).map_or("", |g| &g.name)
        );
        check.forbidden(&at.child("schedulingGates"), &detail);
    }
    if munged(&new.spec, &old.spec) != *old.spec {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,\
            `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
            additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to \
            be set to 1 if it was previously negative)";
        check.forbidden(&at, detail);
    }
    pod_rules::spec(check, &at, &new.spec, &new.meta, &[]);
}

/// `new` with everything that may change put back to what it was.
fn munged(new: &PodSpec, old: &PodSpec) -> PodSpec {
    let mut spec = new.clone();
    for (list, old) in
        [(&mut spec.containers, &old.containers), (&mut spec.init_containers, &old.init_containers)]
    {
        for (container, old) in Rc::make_mut(list).iter_mut().zip(old.iter()) {
            container.image = old.image.clone();
        }
    }
    spec.active_deadline_seconds = old.active_deadline_seconds;
    spec.tolerations = old.tolerations.clone();
    if !old.scheduling_gates.is_empty() {
        spec.scheduling_gates = old.scheduling_gates.clone();
        // A gated Pod's wishes for nodes may become narrower; here: may change.
        spec.node_selector = old.node_selector.clone();
        spec.affinity = old.affinity.clone();
    }
    if old.termination_grace_period_seconds.is_some_and(|n| n < 0)
        && new.termination_grace_period_seconds == Some(1)
    {
        spec.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    spec
}

/// The rules for a template, with the volumes that claims will add.
pub fn validate_template(
    check: &mut Check,
    at: &Path,
    template: (&ObjectMeta, &PodSpec),
    claims: &[Volume],
) {
    let (template_meta, spec) = template;
    meta::labels(check, &at.child("labels"), &template_meta.labels);
    meta::annotations(check, &at.child("annotations"), &template_meta.annotations);
    pod_rules::spec(check, &at.child("spec"), spec, template_meta, claims);
}

/// What the server warns of in `spec`, which stands at `at`.
pub fn warnings(spec: &PodSpec, at: &str, out: &mut Vec<String>) {
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        out.push(format!(
            "{at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and \
             will be treated as 1"
        ));
    }
    for (outer, container) in spec.containers.iter().enumerate() {
        let at = format!("{at}.containers[{outer}]");
        for (index, port) in container.ports.iter().enumerate() {
            let same = |other: &crate::api::core::container::ContainerPort| {
                (other.container_port, &other.protocol, other.host_port, &other.host_ip)
                    == (port.container_port, &port.protocol, port.host_port, &port.host_ip)
            };
            if let Some(first) = container.ports[..index].iter().position(same) {
                out.push(format!(
                    "{at}.ports[{index}]: duplicate port definition with {at}.ports[{first}]"
                ));
            }
        }
        for (index, env) in container.env.iter().enumerate() {
            if container.env[..index].iter().any(|other| other.name == env.name) {
                out.push(format!(
                    "{at}.env[{index}]: hides previous definition of {:?}, which may be dropped \
                     when using apply",
                    env.name
                ));
            }
        }
    }
}

/// What every new Pod mounts so that it can reach the API.
pub fn api_access() -> Rest {
    let token = json!({"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}});
    let root = json!({"configMap": {
        "name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}],
    }});
    let field = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
    let namespace = json!({"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}});
    let mut rest = Rest::default();
    rest.set("projected", json!({"sources": [token, root, namespace], "defaultMode": 420}));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_decide_the_pull_policy() {
        let tags = ["nginx", "nginx:1.2", "host:5000/nginx", "a/b@sha256:00", "a:latest"];
        let tags = tags.map(image_tag);
        assert_eq!(tags, ["latest", "1.2", "latest", "", "latest"]);
    }
}
