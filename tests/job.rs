//! Jobs in a whole cluster, as transcripts: what is done (`>`), then everything that is written
//! about the Job and its Pods, and what people are told. Under `tests/job/`; `UPDATE=1` writes
//! them anew.

#[path = "workloads/film.rs"]
mod film;

use film::{Film, with, workload};
use playground::api::kinds::Kind;
use playground::apiserver::http::Request;
use playground::cluster::input::Cascade;
use serde_json::{Value, json};

const JOB: Kind = Kind::Job;

/// The Job `work`, whose Pods run `script`; `spec` is laid over its spec.
fn work(spec: Value, script: &str) -> Value {
    let container = json!({"command": ["sh", "-c", script]});
    let job = workload("Job", "work", spec, container);
    with(job, "/spec/template/spec", json!({"restartPolicy": "Never"}))
}

fn film(spec: Value, script: &str) -> Film {
    let mut film = Film::new("job");
    film.apply(work(spec, script));
    film
}

/// One Pod that runs to its end. What was made is deleted with the Job, or stays without it.
#[test]
fn once() {
    let mut film = film(json!({}), "echo hello; sleep 3");
    film.get(JOB);
    film.show(JOB, "work", "/spec/selector");
    film.show(JOB, "work", "/metadata/labels");
    film.show(JOB, "work", "/status/conditions/0/message");
    film.delete(JOB, "work", Cascade::Background, 10_000);
    film.check("once");
}

/// Five completions, two at a time; then a Job that does not say how many.
#[test]
fn parallel() {
    let mut film = film(json!({"completions": 5, "parallelism": 2}), "sleep 3");
    film.delete(JOB, "work", Cascade::Background, 10_000);
    film.apply(work(json!({"parallelism": 2}), "sleep 3"));
    film.get(JOB);
    film.check("parallel");
}

/// Each Pod has an index, and so have its name, its host and its environment.
#[test]
fn indexed() {
    let spec = json!({"completions": 4, "parallelism": 3, "completionMode": "Indexed"});
    let mut film = film(spec, "sleep 3");
    let pod = film.pod(1);
    film.show(Kind::Pod, &pod, "/metadata/annotations");
    film.show(Kind::Pod, &pod, "/spec/hostname");
    film.show(Kind::Pod, &pod, "/spec/containers/0/env");
    film.check("indexed");
}

/// Failures are borne up to the limit, with pauses of 10 s, 20 s, …
#[test]
fn backoff() {
    let mut film = Film::new("job");
    film.apply_for(work(json!({"backoffLimit": 2}), "sleep 1; exit 3"), 10_000);
    film.say_waits(JOB, "work");
    film.settle();
    film.get(JOB);
    film.check("backoff");
}

/// Each index has failures of its own: one that fails too often does not keep the others.
#[test]
fn backoff_per_index() {
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed",
        "backoffLimitPerIndex": 1, "maxFailedIndexes": 2});
    let mut film = Film::new("job");
    film.apply_for(work(spec, "sleep 60"), 4_000);
    for _ in 0..2 {
        let pod = film.pod(0);
        film.patch_for(Kind::Pod, &pod, json!({"status": {"phase": "Failed"}}), 2_000);
        film.say_waits(JOB, "work");
        film.pass(14_000);
    }
    film.settle();
    film.check("backoff_per_index");
}

/// OnFailure: the kubelet starts the container again, and the restarts count.
#[test]
fn on_failure() {
    let mut film = Film::new("job");
    let job = work(json!({"backoffLimit": 2}), "sleep 1; false");
    film.apply(with(job, "/spec/template/spec", json!({"restartPolicy": "OnFailure"})));
    film.check("on_failure");
}

/// Too slow; and deleted some time after.
#[test]
fn deadline() {
    let spec = json!({"activeDeadlineSeconds": 10, "ttlSecondsAfterFinished": 20});
    let mut film = Film::new("job");
    film.apply_for(work(spec, "sleep 60"), 20_000);
    film.say_waits(JOB, "work");
    film.settle();
    film.check("deadline");
}

/// Suspended before it begins, let go on, stopped while it runs, let go on again.
#[test]
fn suspend() {
    let mut film = Film::new("job");
    film.apply(work(json!({"suspend": true, "activeDeadlineSeconds": 30}), "sleep 20"));
    film.say_waits(JOB, "work");
    film.get(JOB);
    let suspend = |on: bool| json!({"spec": {"suspend": on}});
    film.patch_for(JOB, "work", suspend(false), 8_000);
    film.patch_for(JOB, "work", suspend(true), 10_000);
    film.patch(JOB, "work", suspend(false));
    film.check("suspend");
}

/// A Pod that is deleted counts as failed and is replaced after a pause, or, with the policy
/// Failed, when it has ended.
#[test]
fn deleted_pods() {
    for (policy, name) in [("TerminatingOrFailed", "deleted_pod"), ("Failed", "deleted_pod_strict")]
    {
        let mut film = Film::new("job");
        let mut job = work(json!({"podReplacementPolicy": policy}), "sleep 20");
        // It does not end when it is told to, so that it is going for a while.
        job["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/stubborn:1".into();
        film.apply_for(job, 6_000);
        let pod = film.pod(0);
        film.delete(Kind::Pod, &pod, Cascade::Background, 5_000);
        film.say_waits(JOB, "work");
        film.settle();
        film.check(name);
    }
}

/// What a failure means depends on how the Pod failed: this one ends the Job.
#[test]
fn failing_at_once() {
    let spec = |rule: Value| json!({"podFailurePolicy": {"rules": [rule]}});
    let codes = json!({"containerName": "main", "operator": "In", "values": [3, 42]});
    let rule = spec(json!({"action": "FailJob", "onExitCodes": codes}));
    let mut film = film(with(rule, "", json!({"completions": 2, "parallelism": 2})), "exit 42");
    film.show(JOB, "work", "/status/conditions/1/message");
    film.show(JOB, "work", "/spec/podReplacementPolicy");
    film.check("failing_at_once");
}

/// These do not count: Pods that somebody wanted away.
#[test]
fn failing_for_nothing() {
    let condition = json!({"type": "DisruptionTarget"});
    let rule = json!({"action": "Ignore", "onPodConditions": [condition]});
    let mut film = Film::new("job");
    let policy = json!({"podFailurePolicy": {"rules": [rule]}, "backoffLimit": 0});
    film.apply_for(work(policy, "sleep 60"), 6_000);
    film.show(JOB, "work", "/spec/podFailurePolicy");
    let pod = film.pod(0);
    let conditions = json!([{"type": "DisruptionTarget", "status": "True"}]);
    let status = json!({"status": {"phase": "Failed", "conditions": conditions}});
    film.patch(Kind::Pod, &pod, status);
    film.check("failing_for_nothing");
}

/// Indexes that have failed for good at their first failure; then those that fail for nothing.
#[test]
fn failing_indexes() {
    let rules = json!([
        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [42]}},
        {"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [42]}},
    ]);
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed",
        "backoffLimitPerIndex": 1, "podFailurePolicy": {"rules": rules}});
    let mut film = film(spec.clone(), "exit 42");
    film.delete(JOB, "work", Cascade::Background, 10_000);
    film.apply_for(work(spec, "sleep 1; exit 7"), 30_000);
    let pod = film.pod(1);
    film.show(Kind::Pod, &pod, "/metadata/annotations");
    film.say_waits(JOB, "work");
    film.check("failing_indexes");
}

/// Some indexes are enough: the others are stopped.
#[test]
fn enough() {
    let rules = json!([{"succeededIndexes": "0,2-3", "succeededCount": 2}]);
    let spec = json!({"completions": 4, "parallelism": 2, "completionMode": "Indexed",
        "successPolicy": {"rules": rules}});
    let mut film = film(spec, "sleep 5");
    film.show(JOB, "work", "/status/conditions/1/message");
    film.get(JOB);
    film.check("enough");
}

/// A dead node: its Pod goes for ever, the Job has another after the pause.
#[test]
fn dead_node() {
    let mut film = Film::new("job");
    film.apply_for(work(json!({"completions": 3, "parallelism": 3}), "sleep 400"), 6_000);
    film.power("node-b", false, 400_000);
    film.say_waits(JOB, "work");
    film.settle();
    film.power("node-b", true, 60_000);
    film.check("dead_node");
}

/// Fewer at a time, and more.
#[test]
fn parallelism_changes() {
    let mut film = Film::new("job");
    film.apply_for(work(json!({"completions": 4, "parallelism": 3}), "sleep 10"), 6_000);
    film.patch_for(JOB, "work", json!({"spec": {"parallelism": 1}}), 2_000);
    film.patch(JOB, "work", json!({"spec": {"parallelism": 4}}));
    film.check("parallelism_changes");
}

/// Deleted while it runs: the Pods are let go of by the Job and by their finalizer.
#[test]
fn deleted_while_running() {
    for (cascade, name) in [
        (Cascade::Background, "deleted_in_background"),
        (Cascade::Foreground, "deleted_in_foreground"),
        (Cascade::Orphan, "orphaned"),
    ] {
        let mut film = Film::new("job");
        film.apply_for(work(json!({}), "sleep 20"), 6_000);
        film.delete(JOB, "work", cascade, 30_000);
        film.check(name);
    }
}

/// The controller manager is away while Pods end; none is counted twice.
#[test]
fn manager_away() {
    let mut film = Film::new("job");
    film.apply_for(work(json!({"completions": 3, "parallelism": 2}), "sleep 4"), 5_000);
    film.component("kube-controller-manager", false);
    film.component("kube-controller-manager", true);
    film.check("manager_away");
}

/// A quota is in the way of the second Pod.
#[test]
fn failed_create() {
    let mut film = Film::new("job");
    film.apply(json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "1"}}}));
    film.apply_for(work(json!({"completions": 2, "parallelism": 2}), "sleep 60"), 1_000);
    film.say_waits(JOB, "work");
    film.check("failed_create");
}

/// What the server does not take, at first and later.
#[test]
fn refused() {
    let mut film = film(json!({}), "sleep 1");
    let indexed = |spec: Value| with(json!({"completionMode": "Indexed"}), "", spec);
    let failures = json!([
        {"action": "", "onExitCodes": {"operator": "", "values": []}},
        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7, 0, 7]}},
        {"action": "Count", "onExitCodes": {"containerName": "x", "operator": "Is", "values": [1]},
            "onPodConditions": [{"type": "", "status": "Yes"}]},
        {"action": "Retry"},
    ]);
    let policy = json!({"rules": failures});
    let failures =
        json!({"podFailurePolicy": policy, "podReplacementPolicy": "TerminatingOrFailed"});
    let successes = json!([
        {},
        {"succeededIndexes": "0-1", "succeededCount": 3},
        {"succeededIndexes": "2,1", "succeededCount": 4},
    ]);
    for (nth, bad) in [
        with(work(json!({}), "true"), "/spec/template/spec", json!({"restartPolicy": "Always"})),
        work(json!({"parallelism": -1, "completions": -1, "backoffLimit": -1}), "true"),
        work(json!({"completionMode": "Sometimes", "podReplacementPolicy": "Never"}), "true"),
        work(indexed(json!({"parallelism": 2})), "true"),
        work(json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": 1}), "true"),
        work(indexed(json!({"completions": 2, "maxFailedIndexes": 3})), "true"),
        work(indexed(json!({"completions": 2, "parallelism": 100_001})), "true"),
        work(json!({"selector": {"matchLabels": {"app": "work"}}}), "true"),
        work(json!({"managedBy": "me", "successPolicy": {"rules": []}}), "true"),
        work(failures, "true"),
        work(indexed(json!({"completions": 3, "successPolicy": {"rules": successes}})), "true"),
    ]
    .into_iter()
    .enumerate()
    {
        film.apply(with(bad, "/metadata", json!({"name": format!("bad-{nth}")})));
    }
    for change in [
        json!({"completions": 2}),
        json!({"completionMode": "Indexed"}),
        json!({"template": {"spec": {"nodeSelector": {"disk": "ssd"}}}}),
        json!({"selector": {"matchLabels": {"app": "work"}}}),
    ] {
        film.patch(JOB, "work", json!({ "spec": change }));
    }
    film.check("refused");
}

/// Who does not say what is to become of the Pods keeps them, and is told so.
#[test]
fn deleted_without_a_word() {
    let mut film = Film::new("job");
    film.apply_for(work(json!({}), "sleep 20"), 6_000);
    for path in ["jobs?fieldSelector=status.successful%3D1", "jobs/work"] {
        film.say(&format!("DELETE {path}"));
        let path = format!("/apis/batch/v1/namespaces/default/{path}");
        let request = Request { method: "DELETE", path: &path, content_type: "", body: "" };
        let response = film.world.request(|server, now| server.handle(now, &request));
        film.said(&response.warnings);
        film.settle();
    }
    film.check("deleted_without_a_word");
}
