//! Kinds whose layout is mostly a list of fields.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::pod::template;
use super::{Writer, network, pod, volumes, workloads};
use crate::api::kinds::{Kind, Object};
use crate::base::text::from_base64;
use crate::kubectl::cx::Cx;
use crate::kubectl::value::{at, entries, list, number, text, text_at};
use serde_json::Value;

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
        "CronJob" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; Schedule:spec.schedule; \
             Concurrency Policy:spec.concurrencyPolicy; Suspend:^spec.suspend; \
             Time Zone:+spec.timeZone; \
             Successful Job History Limit:+spec.successfulJobsHistoryLimit; \
             Failed Job History Limit:+spec.failedJobsHistoryLimit"
        }
        "Service" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; \
             Selector:=spec.selector; Type:spec.type; ?IP Family Policy:spec.ipFamilyPolicy; \
             IP Families:,spec.ipFamilies"
        }
        "PersistentVolumeClaim" => "StorageClass:spec.storageClassName",
        "PersistentVolume" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; \
             Finalizers:[metadata.finalizers; StorageClass:spec.storageClassName"
        }
        "CSINode" => {
            "Labels:#metadata.labels; Annotations:!metadata.annotations; \
             CreationTimestamp:@metadata.creationTimestamp"
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
        "StatefulSet" => workloads::stateful_set(cx, w, object),
        "Deployment" => workloads::deployment(cx, w, object),
        "ReplicaSet" => {
            pod::controlled_by(cx, w, object);
            let (now, wanted) =
                (number(w.tree, "status.replicas"), number(w.tree, "spec.replicas"));
            w.pair("Replicas", format_args!("{now} current / {wanted} desired"));
            workloads::pods_status(cx, w, object);
            template(w, at(w.tree, "spec.template"));
            workloads::replica_conditions(w);
        }
        "DaemonSet" => workloads::daemon_set(cx, w, object),
        "Job" => workloads::job(w),
        "CronJob" => workloads::cron_job(w),
        "Service" => network::service(cx, w, object),
        "PersistentVolumeClaim" => volumes::claim(cx, w, object),
        "PersistentVolume" => volumes::volume(cx, w, object),
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
        "CSINode" => volumes::drivers(w),
        "Endpoints" => network::endpoints(w),
        "EndpointSlice" => network::slice(w),
        "ServiceAccount" => {
            let secrets = list(w.tree, "imagePullSecrets").iter().map(|s| text_at(s, "name"));
            let lines: Vec<String> = secrets.collect();
            w.lines("Image pull secrets", "", &lines);
            w.lines("Mountable secrets", "", &[]);
            w.lines("Tokens", "", &[]);
        }
        "Namespace" => namespace(cx, w, object),
        "StorageClass" => volumes::class(w),
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
