//! StatefulSets, Deployments, DaemonSets, Jobs and CronJobs.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use super::pod::template;
use super::writer::or_none;
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Kind, Object, ObjectRef};
use crate::base::time::SimTime;
use crate::kubectl::cx::Cx;
use crate::kubectl::value::{at, go, list, number, text_at};
use serde_json::Value;
use std::rc::Rc;

fn own_pods(cx: &Cx<'_, '_>, object: &Object) -> Vec<Rc<Pod>> {
    cx.store().pods_of(object.meta().uid).cloned().collect()
}

pub(super) fn pods_status(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let pods = own_pods(cx, object);
    let count = |phase: PodPhase| pods.iter().filter(|pod| pod.status.phase == phase).count();
    let (running, waiting) = (count(PodPhase::Running), count(PodPhase::Pending));
    let (done, failed) = (count(PodPhase::Succeeded), count(PodPhase::Failed));
    w.pair(
        "Pods Status",
        format_args!("{running} Running / {waiting} Waiting / {done} Succeeded / {failed} Failed"),
    );
}

pub(super) fn stateful_set(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
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
        let modes = go(at(claim, "spec.accessModes"), false);
        w.pair("  Access Modes", modes);
    }
}

pub(super) fn replica_conditions(w: &mut Writer<'_>) {
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

pub(super) fn deployment(cx: &mut Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
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
    let newest = sets.iter().map(revision).max();
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

pub(super) fn daemon_set(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
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

pub(super) fn job(w: &mut Writer<'_>) {
    w.fields(
        "?Parallelism:spec.parallelism; ?Completions:spec.completions; \
         ?Completion Mode:spec.completionMode; ?Suspend:spec.suspend; \
         ?Backoff Limit:spec.backoffLimit; \
         ?TTL Seconds After Finished:spec.ttlSecondsAfterFinished; \
         ?Start Time:@status.startTime; ?Completed At:@status.completionTime",
    );
    let tree = w.tree;
    let time = |path: &str| at(tree, path).as_str().and_then(SimTime::parse_rfc3339);
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
}

pub(super) fn cron_job(w: &mut Writer<'_>) {
    let tree = w.tree;
    match at(tree, "spec.startingDeadlineSeconds").as_i64() {
        Some(seconds) => w.pair("Starting Deadline Seconds", format_args!("{seconds}s")),
        None => w.fields("Starting Deadline Seconds:+spec.startingDeadlineSeconds"),
    }
    let spec = at(tree, "spec.jobTemplate.spec");
    match spec["selector"].is_null() {
        true => w.pair("Selector", "<unset>"),
        false => w.fields("Selector:~spec.jobTemplate.spec.selector"),
    }
    w.fields(
        "Parallelism:+spec.jobTemplate.spec.parallelism; \
         Completions:+spec.jobTemplate.spec.completions",
    );
    if let Some(seconds) = spec["activeDeadlineSeconds"].as_i64() {
        w.pair("Active Deadline Seconds", format_args!("{seconds}s"));
    }
    template(w, &spec["template"]);
    match at(tree, "status.lastScheduleTime").is_null() {
        true => w.pair("Last Schedule Time", "<unset>"),
        false => w.fields("Last Schedule Time:@status.lastScheduleTime"),
    }
    let active: Vec<String> =
        list(tree, "status.active").iter().map(|job| text_at(job, "name")).collect();
    w.pair("Active Jobs", or_none(active.join(", ")));
}
