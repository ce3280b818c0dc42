//! Tables as kubectl prints them: columns by kind, one row an object.
//!
//! Upstream: pkg/printers/internalversion/printers.go (columns and cells),
//! staging/src/k8s.io/cli-runtime/pkg/printers/tableprinter.go (layout)

use super::rows;
use crate::api::kinds::{Kind, Object};
use crate::base::text;
use crate::base::time::SimTime;

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
}

/// The columns of `kind`, wide ones marked, in kubectl's order.
pub fn columns(kind: Kind) -> Vec<Column> {
    let (plain, wide) = headings(kind);
    let column = |wide: bool| {
        move |&name: &&'static str| match name.strip_prefix('*') {
            Some(name) => Column { name, wide: true },
            None => Column { name, wide },
        }
    };
    plain.iter().map(column(false)).chain(wide.iter().map(column(true))).collect()
}

/// What `-o wide` shows of everything that is made from a template and has a selector.
const WORKLOAD: &[&str] = &["CONTAINERS", "IMAGES", "SELECTOR"];

const DAEMON_SET: &[&str] =
    &["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"];

const CRON_JOB: &[&str] =
    &["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"];

const CLAIM: &[&str] = &[
    "NAME",
    "STATUS",
    "VOLUME",
    "CAPACITY",
    "ACCESS MODES",
    "STORAGECLASS",
    "VOLUMEATTRIBUTESCLASS",
    "AGE",
];

const DRIVER: &[&str] = &[
    "NAME",
    "ATTACHREQUIRED",
    "PODINFOONMOUNT",
    "STORAGECAPACITY",
    "TOKENREQUESTS",
    "REQUIRESREPUBLISH",
    "MODES",
    "AGE",
];

const VOLUME: &[&str] = &[
    "NAME",
    "CAPACITY",
    "ACCESS MODES",
    "RECLAIM POLICY",
    "STATUS",
    "CLAIM",
    "STORAGECLASS",
    "VOLUMEATTRIBUTESCLASS",
    "REASON",
    "AGE",
];

fn headings(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Pod => (
            &["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
            &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
        ),
        Kind::Node => (
            &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
            &["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
        ),
        Kind::StatefulSet => (&["NAME", "READY", "AGE"], &["CONTAINERS", "IMAGES"]),
        Kind::Deployment => (&["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], WORKLOAD),
        Kind::ReplicaSet => (&["NAME", "DESIRED", "CURRENT", "READY", "AGE"], WORKLOAD),
        Kind::DaemonSet => (DAEMON_SET, WORKLOAD),
        Kind::Job => (&["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"], WORKLOAD),
        Kind::CronJob => (CRON_JOB, WORKLOAD),
        Kind::ControllerRevision => (&["NAME", "CONTROLLER", "REVISION", "AGE"], &[]),
        Kind::Service => {
            (&["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"], &["SELECTOR"])
        }
        Kind::Endpoints => (&["NAME", "ENDPOINTS", "AGE"], &[]),
        Kind::EndpointSlice => (&["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"], &[]),
        Kind::PersistentVolumeClaim => (CLAIM, &["VOLUMEMODE"]),
        Kind::PersistentVolume => (VOLUME, &["VOLUMEMODE"]),
        Kind::StorageClass => (
            &[
                "NAME",
                "PROVISIONER",
                "RECLAIMPOLICY",
                "VOLUMEBINDINGMODE",
                "ALLOWVOLUMEEXPANSION",
                "AGE",
            ],
            &[],
        ),
        Kind::VolumeAttachment => (&["NAME", "ATTACHER", "PV", "NODE", "ATTACHED", "AGE"], &[]),
        Kind::PodDisruptionBudget => {
            (&["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"], &[])
        }
        Kind::ConfigMap => (&["NAME", "DATA", "AGE"], &[]),
        Kind::Secret => (&["NAME", "TYPE", "DATA", "AGE"], &[]),
        Kind::Namespace => (&["NAME", "STATUS", "AGE"], &[]),
        Kind::CSIDriver => (DRIVER, &[]),
        Kind::CSINode => (&["NAME", "DRIVERS", "AGE"], &[]),
        Kind::CSIStorageCapacity => (&["NAME", "STORAGECLASSNAME", "CAPACITY"], &[]),
        Kind::Lease => (&["NAME", "HOLDER", "AGE"], &[]),
        Kind::ResourceQuota => (&["NAME", "REQUEST", "LIMIT", "AGE"], &[]),
        Kind::LimitRange => (&["NAME", "CREATED AT"], &[]),
        Kind::PriorityClass => {
            (&["NAME", "VALUE", "GLOBAL-DEFAULT", "AGE", "PREEMPTIONPOLICY"], &[])
        }
        // `*` marks wide ones between the others.
        Kind::Event => (
            &["LAST SEEN", "TYPE", "REASON", "OBJECT", "*SUBOBJECT", "*SOURCE", "MESSAGE"],
            &["FIRST SEEN", "COUNT", "NAME"],
        ),
        _ => (&["NAME", "AGE"], &[]),
    }
}

/// How a table is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With the wide columns.
    pub wide: bool,
    /// Without headings.
    pub no_headers: bool,
    /// With the namespace in front.
    pub all_namespaces: bool,
    /// With `kind/` before each name.
    pub with_kind: bool,
    /// With the labels at the end.
    pub labels: bool,
}

/// The rows of a table, headings first: what `kubectl get` lays out in columns.
pub fn table(objects: &[Object], kind: Kind, look: Look, now: SimTime) -> Vec<Vec<String>> {
    let columns = columns(kind);
    let shown = |wide: bool| look.wide || !wide;
    let mut out = Vec::with_capacity(objects.len() + 1);
    if !look.no_headers {
        let mut head = Vec::new();
        if look.all_namespaces && kind.info().namespaced {
            head.push("NAMESPACE".to_string());
        }
        let names = columns.iter().filter(|column| shown(column.wide));
        head.extend(names.map(|column| column.name.to_string()));
        if look.labels {
            head.push("LABELS".to_string());
        }
        out.push(head);
    }
    for object in objects {
        let mut cells = rows::row(object, now);
        let name = columns.iter().position(|column| column.name == "NAME");
        if let Some(cell) = name.and_then(|at| cells.get_mut(at)).filter(|_| look.with_kind) {
            *cell = format!("{}/{cell}", kind.info().qualified());
        }
        let mut row = Vec::new();
        if look.all_namespaces && kind.info().namespaced {
            row.push(object.meta().namespace.to_string());
        }
        let pairs = columns.iter().zip(cells);
        row.extend(pairs.filter(|(column, _)| shown(column.wide)).map(|(_, cell)| cell));
        if look.labels {
            row.push(rows::labels(&object.meta().labels));
        }
        out.push(row);
    }
    out
}

/// The table as text.
pub fn text(objects: &[Object], kind: Kind, look: Look, now: SimTime) -> String {
    text::columns(&table(objects, kind, look, now))
}
