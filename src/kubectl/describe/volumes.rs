//! Claims, volumes and their classes.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use super::writer::{date, labels, lasts, truth};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::base::Str;
use crate::kubectl::cx::Cx;
use crate::kubectl::value::{at, list, text, text_at};
use serde_json::Value;

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
            w.pair("Status", format_args!("Terminating (lasts {})", lasts(deleted, cx.now())));
        }
        None => w.fields("Status:status.phase"),
    }
}

pub(super) fn claim(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
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

pub(super) fn volume(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
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
    node_affinity(w);
    w.fields("Message:status.message");
    w.line("Source:");
    source(w);
}

pub(super) fn class(w: &mut Writer<'_>) {
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

fn node_affinity(w: &mut Writer<'_>) {
    let tree = w.tree;
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
}

fn source(w: &mut Writer<'_>) {
    let tree = w.tree;
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

/// The storage drivers of a node.
pub(super) fn drivers(w: &mut Writer<'_>) {
    w.line("Spec:");
    let all = list(w.tree, "spec.drivers");
    if all.is_empty() {
        return;
    }
    w.line("  Drivers:");
    for driver in all {
        w.line(format_args!("    {}:", text_at(driver, "name")));
        w.pair("      Node ID", text_at(driver, "nodeID"));
        if let Some(count) = at(driver, "allocatable.count").as_i64() {
            w.line("      Allocatables:");
            w.pair("        Count", count);
        }
        let keys: Vec<String> = list(driver, "topologyKeys").iter().map(text).collect();
        if !keys.is_empty() {
            w.pair("      Topology Keys", format_args!("[{}]", keys.join(" ")));
        }
    }
}
