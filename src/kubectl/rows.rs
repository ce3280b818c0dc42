//! The cells of one object's row, wide ones included, in the order of its kind's columns.
//!
//! Upstream: pkg/printers/internalversion/printers.go

use super::{describe, work_rows};
use crate::api::apps::stateful_set::{ControllerRevision, StatefulSet};
use crate::api::core::event::Event;
use crate::api::core::node::Node;
use crate::api::core::pod::{Pod, PodTemplateSpec, ResourceList};
use crate::api::core::service::{Endpoints, Service};
use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim};
use crate::api::discovery::EndpointSlice;
use crate::api::int_or_text::IntOrText;
use crate::api::json::Json;
use crate::api::kinds::Object;
use crate::api::meta::{LabelSelector, Labels, condition};
use crate::api::policy::PodDisruptionBudget;
use crate::api::storage::{StorageClass, VolumeAttachment};
use crate::base::Str;
use crate::base::time::SimTime;
use serde_json::Value;

const NONE: &str = "<none>";

/// The cells of `object`.
pub fn row(object: &Object, now: SimTime) -> Vec<String> {
    let age = age(object.meta().creation_timestamp, now);
    let name = object.meta().name.to_string();
    match object {
        Object::Pod(pod) => pod_row(pod, name, age, now),
        Object::Node(node) => node_row(node, name, age),
        Object::StatefulSet(set) => set_row(set, name, age),
        Object::Deployment(deployment) => work_rows::deployment(deployment, name, age),
        Object::ReplicaSet(set) => {
            let counts = [set.replicas(), set.status.replicas, set.status.ready_replicas];
            let mut cells = vec![name];
            cells.extend(counts.map(|count| count.to_string()));
            cells.push(age);
            cells.extend(containers(&set.spec.template));
            cells.push(selector(&set.spec.selector));
            cells
        }
        Object::DaemonSet(set) => work_rows::daemon_set(set, name, age),
        Object::Job(job) => work_rows::job(job, name, age, now),
        Object::CronJob(own) => work_rows::cron_job(own, name, age, now),
        Object::ControllerRevision(revision) => revision_row(revision, name, age),
        Object::Service(service) => service_row(service, name, age),
        Object::Endpoints(endpoints) => vec![name, endpoints_cell(endpoints), age],
        Object::EndpointSlice(slice) => slice_row(slice, name, age),
        Object::PersistentVolumeClaim(claim) => claim_row(claim, name, age),
        Object::PersistentVolume(volume) => volume_row(volume, name, age),
        Object::StorageClass(class) => class_row(class, name, age),
        Object::VolumeAttachment(attachment) => attachment_row(attachment, name, age),
        Object::PodDisruptionBudget(budget) => budget_row(budget, name, age),
        Object::ConfigMap(map) => {
            let binary = map.rest.get("binaryData").and_then(|data| data.as_object());
            let count = map.data.len() + binary.map_or(0, |data| data.len());
            vec![name, count.to_string(), age]
        }
        Object::Secret(secret) => {
            vec![name, secret.kind.to_string(), secret.data.len().to_string(), age]
        }
        Object::Namespace(namespace) => vec![name, namespace.status.phase.to_string(), age],
        Object::CSIDriver(driver) => driver_row(object, driver.spec.attach_required, name, age),
        Object::CSINode(node) => vec![name, node.spec.drivers.len().to_string(), age],
        Object::CSIStorageCapacity(room) => {
            let capacity = room.capacity.as_ref().map_or(String::new(), |has| has.to_string());
            vec![name, room.storage_class_name.to_string(), or_unset(&capacity)]
        }
        Object::Lease(lease) => {
            vec![name, lease.spec.holder_identity.as_deref().unwrap_or("").to_string(), age]
        }
        Object::PriorityClass(class) => {
            let policy = class.preemption_policy.as_deref().unwrap_or("PreemptLowerPriority");
            let (value, global) = (class.value.to_string(), class.global_default.to_string());
            vec![name, value, global, age, policy.to_string()]
        }
        Object::Event(event) => event_row(event, now),
        Object::ResourceQuota(quota) => work_rows::quota(quota, name, age),
        // The one kind without columns of its own.
        Object::LimitRange(range) => {
            let made = range.meta.creation_timestamp;
            vec![name, made.map_or_else(String::new, SimTime::rfc3339)]
        }
        _ => vec![name, age],
    }
}

/// Labels as `--show-labels` prints them.
pub fn labels(labels: &Labels) -> String {
    if labels.is_empty() {
        return NONE.to_string();
    }
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

fn age(created: Option<SimTime>, now: SimTime) -> String {
    created.map_or("<unknown>".to_string(), |created| now.since(created).human())
}

fn or_none(text: &str) -> String {
    if text.is_empty() { NONE.to_string() } else { text.to_string() }
}

/// What kubectl shows under STATUS.
///
/// Upstream: printPod in pkg/printers/internalversion/printers.go
pub fn pod_status(pod: &Pod) -> String {
    let mut reason = match &*pod.status.reason {
        "" => pod.status.phase.as_str().to_string(),
        reason => reason.to_string(),
    };
    let gated = condition(&pod.status.conditions, "PodScheduled");
    if gated.is_some_and(|scheduled| &*scheduled.reason == "SchedulingGated") {
        reason = "SchedulingGated".to_string();
    }
    let initializing = init_reason(pod);
    match &initializing {
        Some(init) => reason = init.clone(),
        None => {
            let mut running = false;
            for status in pod.status.container_statuses.iter().rev() {
                let (waiting, ended) = (&status.state.waiting, &status.state.terminated);
                if let Some(waiting) = waiting.as_ref().filter(|w| !w.reason.is_empty()) {
                    reason = waiting.reason.to_string();
                } else if let Some(ended) = ended.as_ref() {
                    reason = ended_reason(&ended.reason, ended.exit_code);
                } else if status.ready && status.state.running.is_some() {
                    running = true;
                }
            }
            if reason == "Completed" && running {
                reason = if pod.is_ready() { "Running" } else { "NotReady" }.to_string();
            }
        }
    }
    if pod.is_terminating() && &*pod.status.reason == "NodeLost" {
        return "Unknown".to_string();
    }
    if pod.is_terminating() && !pod.is_terminal() {
        return "Terminating".to_string();
    }
    reason
}

fn ended_reason(reason: &Str, exit_code: i32) -> String {
    if reason.is_empty() { format!("ExitCode:{exit_code}") } else { reason.to_string() }
}

fn init_reason(pod: &Pod) -> Option<String> {
    let count = pod.spec.init_containers.len();
    for (n, status) in pod.status.init_container_statuses.iter().enumerate() {
        let (waiting, ended) = (&status.state.waiting, &status.state.terminated);
        if ended.as_ref().is_some_and(|ended| ended.exit_code == 0) {
            continue;
        }
        if status.started == Some(true) && status.state.running.is_some() {
            continue;
        }
        if let Some(ended) = ended {
            return Some(format!("Init:{}", ended_reason(&ended.reason, ended.exit_code)));
        }
        return Some(match waiting {
            Some(w) if !w.reason.is_empty() && &*w.reason != "PodInitializing" => {
                format!("Init:{}", w.reason)
            }
            _ => format!("Init:{n}/{count}"),
        });
    }
    None
}

fn pod_row(pod: &Pod, name: String, age: String, now: SimTime) -> Vec<String> {
    let statuses = &pod.status.container_statuses;
    let ready = statuses.iter().filter(|s| s.ready && s.state.running.is_some()).count();
    let restarts: i32 = statuses.iter().map(|status| status.restart_count).sum();
    let last = statuses.iter().filter_map(|s| s.last_state.terminated.as_ref()?.finished_at).max();
    let restarts = match last {
        Some(last) if restarts > 0 => format!("{restarts} ({} ago)", now.since(last).human()),
        _ => restarts.to_string(),
    };
    let gates = match pod.spec.readiness_gates.len() {
        0 => NONE.to_string(),
        count => {
            let met = |gate: &&crate::api::core::scheduling::PodReadinessGate| {
                condition(&pod.status.conditions, &gate.condition_type)
                    .is_some_and(|condition| &*condition.status == "True")
            };
            format!("{}/{count}", pod.spec.readiness_gates.iter().filter(met).count())
        }
    };
    vec![
        name,
        format!("{ready}/{}", pod.spec.containers.len()),
        pod_status(pod),
        restarts,
        age,
        or_none(&pod.status.pod_ip),
        or_none(&pod.spec.node_name),
        or_none(&pod.status.nominated_node_name),
        gates,
    ]
}

fn node_row(node: &Node, name: String, age: String) -> Vec<String> {
    let mut status = match condition(&node.status.conditions, "Ready") {
        Some(ready) if &*ready.status == "True" => "Ready".to_string(),
        Some(_) => "NotReady".to_string(),
        None => "Unknown".to_string(),
    };
    if node.spec.unschedulable {
        status.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        let found = node.status.addresses.iter().find(|address| &*address.kind == kind);
        found.map_or(NONE.to_string(), |address| address.address.to_string())
    };
    let roles: Vec<&str> = node
        .meta
        .labels
        .iter()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let info = &node.status.node_info;
    vec![
        name,
        status,
        or_none(&roles.join(",")),
        age,
        info.kubelet_version.to_string(),
        address("InternalIP"),
        address("ExternalIP"),
        info.os_image.to_string(),
        format!("{} ({})", info.kernel_version, info.architecture),
        info.container_runtime_version.to_string(),
    ]
}

fn set_row(set: &StatefulSet, name: String, age: String) -> Vec<String> {
    let mut cells = vec![name, format!("{}/{}", set.status.ready_replicas, set.replicas()), age];
    cells.extend(containers(&set.spec.template));
    cells
}

/// The names and the images of a template's containers.
pub(super) fn containers(template: &PodTemplateSpec) -> [String; 2] {
    let join = |text: fn(&crate::api::core::container::Container) -> &Str| {
        let all = template.spec.containers.iter().map(|container| text(container).to_string());
        all.collect::<Vec<_>>().join(",")
    };
    [join(|container| &container.name), join(|container| &container.image)]
}

/// A selector as upstream's FormatLabelSelector prints it.
pub(super) fn selector(selector: &Option<LabelSelector>) -> String {
    let tree = selector.as_ref().map_or(Value::Null, LabelSelector::write);
    or_none(&describe::selector(&tree))
}

fn revision_row(revision: &ControllerRevision, name: String, age: String) -> Vec<String> {
    let owner = revision.meta.controller_of().map_or(NONE.to_string(), |owner| {
        let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
        let dot = if group.is_empty() { "" } else { "." };
        format!("{}{dot}{group}/{}", owner.kind.to_lowercase(), owner.name)
    });
    vec![name, owner, revision.revision.to_string(), age]
}

fn service_row(service: &Service, name: String, age: String) -> Vec<String> {
    let spec = &service.spec;
    let kind = if spec.kind.is_empty() { "ClusterIP" } else { &spec.kind };
    let external = match kind {
        "ExternalName" => spec.external_name.to_string(),
        "LoadBalancer" => "<pending>".to_string(),
        _ => NONE.to_string(),
    };
    let ports: Vec<String> = spec
        .ports
        .iter()
        .map(|port| {
            let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
            match port.node_port {
                0 => format!("{}/{protocol}", port.port),
                node => format!("{}:{node}/{protocol}", port.port),
            }
        })
        .collect();
    let address = if kind == "ExternalName" { NONE.to_string() } else { or_none(&spec.cluster_ip) };
    let ports = or_none(&ports.join(","));
    vec![name, kind.to_string(), address, external, ports, age, labels(&spec.selector)]
}

/// At most three addresses, then how many more.
fn endpoints_cell(endpoints: &Endpoints) -> String {
    let mut all = Vec::new();
    for subset in &endpoints.subsets {
        for address in subset.addresses.iter() {
            if subset.ports.is_empty() {
                all.push(address.ip.to_string());
            }
            for port in &subset.ports {
                all.push(format!("{}:{}", address.ip, port.port.unwrap_or(0)));
            }
        }
    }
    if endpoints.subsets.is_empty() { NONE.to_string() } else { capped(&all) }
}

fn capped(all: &[String]) -> String {
    match all.len() {
        0..=3 => all.join(","),
        many => format!("{} + {} more...", all[..3].join(","), many - 3),
    }
}

fn slice_row(slice: &EndpointSlice, name: String, age: String) -> Vec<String> {
    let unset = "<unset>".to_string();
    let ports: Vec<String> =
        slice.ports.iter().map(|port| port.port.map_or(NONE.into(), |p| p.to_string())).collect();
    let addresses: Vec<String> =
        slice.endpoints.iter().flat_map(|e| e.addresses.iter().map(|a| a.to_string())).collect();
    let or_unset = |all: &[String]| if all.is_empty() { unset.clone() } else { capped(all) };
    vec![name, slice.address_type.to_string(), or_unset(&ports), or_unset(&addresses), age]
}

fn access_modes(modes: &[Str]) -> String {
    let short = |mode: &Str| match &**mode {
        "ReadWriteOnce" => "RWO".to_string(),
        "ReadOnlyMany" => "ROX".to_string(),
        "ReadWriteMany" => "RWX".to_string(),
        "ReadWriteOncePod" => "RWOP".to_string(),
        other => other.to_string(),
    };
    modes.iter().map(short).collect::<Vec<_>>().join(",")
}

fn storage(list: &ResourceList) -> String {
    list.get("storage").map_or(String::new(), |amount| amount.to_string())
}

fn claim_row(claim: &PersistentVolumeClaim, name: String, age: String) -> Vec<String> {
    let bound = !claim.spec.volume_name.is_empty();
    let phase =
        if claim.meta.is_terminating() { "Terminating" } else { claim.status.phase.as_str() };
    vec![
        name,
        phase.to_string(),
        claim.spec.volume_name.to_string(),
        if bound { storage(&claim.status.capacity) } else { String::new() },
        if bound { access_modes(&claim.status.access_modes) } else { String::new() },
        claim.spec.storage_class_name.as_deref().unwrap_or("").to_string(),
        "<unset>".to_string(),
        age,
        or_unset(&claim.spec.volume_mode),
    ]
}

fn or_unset(text: &str) -> String {
    if text.is_empty() { "<unset>".to_string() } else { text.to_string() }
}

fn volume_row(volume: &PersistentVolume, name: String, age: String) -> Vec<String> {
    let phase =
        if volume.meta.is_terminating() { "Terminating" } else { volume.status.phase.as_str() };
    let claim = volume.spec.claim_ref.as_ref();
    vec![
        name,
        storage(&volume.spec.capacity),
        access_modes(&volume.spec.access_modes),
        volume.spec.reclaim_policy.to_string(),
        phase.to_string(),
        claim.map_or(String::new(), |claim| format!("{}/{}", claim.namespace, claim.name)),
        volume.spec.storage_class_name.to_string(),
        "<unset>".to_string(),
        volume.status.reason.to_string(),
        age,
        or_unset(&volume.spec.volume_mode),
    ]
}

fn class_row(class: &StorageClass, name: String, age: String) -> Vec<String> {
    let default = "storageclass.kubernetes.io/is-default-class";
    let is_default = class.meta.annotations.get(default).is_some_and(|value| &**value == "true");
    let name = if is_default { format!("{name} (default)") } else { name };
    let policy = class.reclaim_policy.as_deref().unwrap_or("Delete").to_string();
    let mode = class.volume_binding_mode.as_deref().unwrap_or("Immediate").to_string();
    let grows = class.allow_volume_expansion.unwrap_or(false).to_string();
    vec![name, class.provisioner.to_string(), policy, mode, grows, age]
}

fn attachment_row(attachment: &VolumeAttachment, name: String, age: String) -> Vec<String> {
    let volume = attachment.spec.source.persistent_volume_name.as_deref().unwrap_or("");
    let spec = &attachment.spec;
    let attached = attachment.status.attached.to_string();
    vec![
        name,
        spec.attacher.to_string(),
        volume.to_string(),
        spec.node_name.to_string(),
        attached,
        age,
    ]
}

fn budget_row(budget: &PodDisruptionBudget, name: String, age: String) -> Vec<String> {
    let amount = |amount: &Option<IntOrText>| {
        amount.as_ref().map_or("N/A".to_string(), |amount| amount.to_string())
    };
    let (least, most) = (amount(&budget.spec.min_available), amount(&budget.spec.max_unavailable));
    vec![name, least, most, budget.status.disruptions_allowed.to_string(), age]
}

fn event_row(event: &Event, now: SimTime) -> Vec<String> {
    let first = event.first_timestamp.or(event.event_time.map(|time| time.0));
    let last = match (&event.series, event.last_timestamp) {
        (Some(series), _) => series.last_observed_time.map(|time| time.0),
        (None, Some(last)) => Some(last),
        (None, None) => first,
    };
    let count = event.series.as_ref().map_or(event.count.max(1), |series| series.count);
    let ago = |time: Option<SimTime>| age(time, now);
    let about = &event.involved_object;
    let source = match (&*event.source.component, &*event.source.host) {
        ("", _) => event.reporting_component.to_string(),
        (component, "") => component.to_string(),
        (component, host) => format!("{component}, {host}"),
    };
    vec![
        ago(last),
        event.kind.to_string(),
        event.reason.to_string(),
        format!("{}/{}", about.kind.to_lowercase(), about.name),
        about.field_path.to_string(),
        source,
        event.message.trim().to_string(),
        ago(first),
        count.to_string(),
        event.meta.name.to_string(),
    ]
}

fn driver_row(object: &Object, attach: Option<bool>, name: String, age: String) -> Vec<String> {
    let tree = object.to_value();
    let spec = &tree["spec"];
    let flag = |key: &str| (spec[key] == true).to_string();
    let modes: Vec<&str> = spec["volumeLifecycleModes"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|m| m.as_str())
        .collect();
    let tokens: Vec<&str> = spec["tokenRequests"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|token| token["audience"].as_str())
        .collect();
    vec![
        name,
        attach.unwrap_or(true).to_string(),
        flag("podInfoOnMount"),
        flag("storageCapacity"),
        or_unset(&tokens.join(",")),
        flag("requiresRepublish"),
        or_none(&modes.join(",")),
        age,
    ]
}
