//! Nodes.
//!
//! Upstream: describeNode and describeNodeResource in
//! staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use super::writer::{date, or_none};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::quantity::Quantity;
use crate::kubectl::cx::Cx;
use crate::kubectl::resource::fresh;
use crate::kubectl::value::{at, entries, list, text, text_at};
use serde_json::Value;
use std::rc::Rc;

const ROLE: &str = "node-role.kubernetes.io/";

/// A Node.
pub(super) fn node(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object, name: &str) {
    let tree = w.tree;
    w.pair("Name", name);
    let roles: Vec<&str> =
        entries(tree, "metadata.labels").filter_map(|(key, _)| key.strip_prefix(ROLE)).collect();
    w.pair("Roles", or_none(roles.join(",")));
    w.fields(
        "Labels:#metadata.labels; Annotations:!metadata.annotations; \
         CreationTimestamp:@metadata.creationTimestamp",
    );
    let mut taints: Vec<&Value> = list(tree, "spec.taints").iter().collect();
    taints.sort_by_key(|taint| format!("{},{}", text_at(taint, "effect"), text_at(taint, "key")));
    let shown = |taint: &&Value| {
        let value = match &*text_at(taint, "value") {
            "" => String::new(),
            value => format!("={value}"),
        };
        format!("{}{value}:{}", text_at(taint, "key"), text_at(taint, "effect"))
    };
    let taints: Vec<String> = taints.iter().map(shown).collect();
    w.lines("Taints", "", &taints);
    w.pair("Unschedulable", at(tree, "spec.unschedulable") == &Value::Bool(true));
    lease(cx, w, object);
    w.line(
        "Conditions:\n  \
         Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n  \
         ----\t------\t-----------------\t------------------\t------\t-------",
    );
    for own in list(tree, "status.conditions") {
        w.line(format_args!(
            "  {} \t{} \t{} \t{} \t{} \t{}",
            text_at(own, "type"),
            text_at(own, "status"),
            date(&own["lastHeartbeatTime"]),
            date(&own["lastTransitionTime"]),
            text_at(own, "reason"),
            text_at(own, "message")
        ));
    }
    w.line("Addresses:");
    for address in list(tree, "status.addresses") {
        w.pair(&format!("  {}", text_at(address, "type")), text_at(address, "address"));
    }
    for (label, path) in [("Capacity", "status.capacity"), ("Allocatable", "status.allocatable")] {
        w.line(format_args!("{label}:"));
        for (name, amount) in entries(tree, path) {
            w.pair(&format!("  {name}"), text(amount));
        }
    }
    w.line("System Info:");
    for (label, key) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        w.pair(&format!("  {label}"), text_at(tree, &format!("status.nodeInfo.{key}")));
    }
    w.fields("?PodCIDR:spec.podCIDR; ?PodCIDRs:,spec.podCIDRs; ?ProviderID:spec.providerID");
    resources(cx, w, object);
}

fn lease(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let key = Key::new("kube-node-lease", object.meta().name.clone());
    let found = cx.store().object(Kind::Lease, &key);
    let lease = found.map(|lease| fresh(lease, cx.now()).to_value());
    let Some(lease) = lease else {
        return w.line("Lease:\tFailed to get lease: leases.coordination.k8s.io not found");
    };
    w.line("Lease:");
    let time = |key: &str| match at(&lease, "spec")[key].as_str() {
        Some(time) => date(&Value::from(time)),
        None => "<unset>".to_string(),
    };
    let holder = text_at(&lease, "spec.holderIdentity");
    w.pair("  HolderIdentity", if holder.is_empty() { "<unset>" } else { &holder });
    w.pair("  AcquireTime", time("acquireTime"));
    w.pair("  RenewTime", time("renewTime"));
}

/// An amount as a part of another, in whole percent.
fn percent(part: &Quantity, whole: Option<&Quantity>) -> i64 {
    let whole = whole.map_or(0, Quantity::as_milli);
    if whole == 0 { 0 } else { part.as_milli().saturating_mul(100) / whole }
}

fn resources(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    let mut pods: Vec<Rc<Pod>> =
        cx.store().pods_on(&object.meta().name).filter(|pod| !pod.is_terminal()).cloned().collect();
    pods.sort_by_key(|pod| Key::of(&pod.meta));
    let allocatable = |name: &str| {
        let path = at(tree, "status.allocatable");
        Quantity::parse(&text(&path[name]))
    };
    let whole = |name: &str| {
        allocatable(name).or_else(|| Quantity::parse(&text(&at(tree, "status.capacity")[name])))
    };
    w.pair("Non-terminated Pods", format_args!("({} in total)", pods.len()));
    w.line(
        "  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n  \
         ---------\t----\t\t------------\t----------\t---------------\t-------------\t---",
    );
    let sum = |pod: &Pod, name: &str, limits: bool| pod_amount(pod, name, limits);
    let share = |amount: &Quantity, name: &str| {
        format!("{amount} ({}%)", percent(amount, whole(name).as_ref()))
    };
    for pod in &pods {
        let key = Key::of(&pod.meta);
        let name = cx.link(&ObjectRef::new(Kind::Pod, key), &pod.meta.name);
        let cells: Vec<String> =
            [("cpu", false), ("cpu", true), ("memory", false), ("memory", true)]
                .iter()
                .map(|(name, limits)| share(&sum(pod, name, *limits), name))
                .collect();
        let created = pod.meta.creation_timestamp.unwrap_or(crate::base::time::SimTime::ZERO);
        let age = cx.now().since(created).human();
        w.line(format_args!("  {}\t{name}\t\t{}\t{age}", pod.meta.namespace, cells.join("\t")));
    }
    w.line(
        "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  \
         Resource\tRequests\tLimits\n  --------\t--------\t------",
    );
    let mut names = vec!["cpu".to_string(), "memory".into(), "ephemeral-storage".into()];
    names.extend(
        entries(tree, "status.allocatable")
            .map(|(name, _)| name.clone())
            .filter(|name| name.starts_with("hugepages-")),
    );
    for name in &names {
        let total = |limits: bool| {
            let none = Quantity::units(0);
            pods.iter().fold(none, |all, pod| all.plus(&sum(pod, name, limits)))
        };
        let (requests, limits) = (share(&total(false), name), share(&total(true), name));
        w.line(format_args!("  {name}\t{requests}\t{limits}"));
    }
}

/// What all containers of a Pod ask for, or may use at most.
fn pod_amount(pod: &Pod, name: &str, limits: bool) -> Quantity {
    let none = Quantity::units(0);
    pod.spec.containers.iter().fold(none, |all, container| {
        let own = match limits {
            true => container.resources.limits.get(name),
            false => container.resources.requests.get(name),
        };
        own.map_or(all.clone(), |amount| all.plus(amount))
    })
}
