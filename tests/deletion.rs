//! Deleting, evicting and applying again, as a watcher sees it: each write of the server is
//! a line. The expectations are those of recordings of Kubernetes 1.36.

use playground::api::core::pod::Pod;
use playground::api::json::Reader;
use playground::api::kinds::{Key, Kind, Object};
use playground::api::meta::{ResourceVersion, Uid};
use playground::apiserver::apply::apply_text;
use playground::apiserver::patch::{Patch, PatchType};
use playground::apiserver::{ApiServer, DeleteOptions, DryRun, Propagation};
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use serde_json::{Value, json};

const NOW: SimTime = SimTime(60_250);

struct Rig {
    server: ApiServer,
    seen: u64,
}

impl Rig {
    fn new() -> Rig {
        Rig { server: ApiServer::new(&Prng::new(3)), seen: 0 }
    }

    fn create(&mut self, tree: Value) -> Object {
        let kind = Kind::by_name(tree["kind"].as_str().unwrap_or_default()).expect("ours");
        let object = Object::read(kind, &tree, &mut Reader::default());
        self.server.create(SimTime(5000), object).unwrap_or_else(|status| panic!("{status}"))
    }

    fn status(&mut self, kind: Kind, name: &str, body: Value) {
        let body = json!({"status": body});
        let patch = Patch { kind: PatchType::Merge, body, status: true, dry_run: DryRun::Off };
        let key = Key::new("default", name);
        self.server.patch(NOW, kind, &key, &patch).unwrap_or_else(|status| panic!("{status}"));
    }

    fn patch(&mut self, kind: Kind, name: &str, body: Value) {
        let patch = Patch { kind: PatchType::Merge, body, status: false, dry_run: DryRun::Off };
        let key = Key::new("default", name);
        self.server.patch(NOW, kind, &key, &patch).unwrap_or_else(|status| panic!("{status}"));
    }

    /// A Pod that runs and is ready on a node.
    fn pod(&mut self, name: &str) {
        self.create(json!({
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "nginx"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]},
        }));
        let key = Key::new("default", name);
        self.server.bind(NOW, &key, &"node-1".into()).unwrap_or_else(|status| panic!("{status}"));
        let ready = json!([{"type": "Ready", "status": "True"}]);
        self.status(Kind::Pod, name, json!({"phase": "Running", "conditions": ready}));
    }

    fn delete(&mut self, kind: Kind, name: &str, options: &DeleteOptions) -> String {
        let key = Key::new("default", name);
        let said = self.server.delete(NOW, kind, &key, options);
        said.map_or_else(|status| status.to_string(), |_| String::new())
    }

    fn evict(&mut self, name: &str) -> String {
        let key = Key::new("default", name);
        let said = self.server.evict(NOW, &key, &DeleteOptions::default());
        said.map_or_else(
            |status| {
                let cause = status.causes.first().map_or("", |cause| &cause.message);
                format!("{} {} {cause}", status.code, status.message)
            },
            |()| String::new(),
        )
    }

    /// What was written since the last look.
    fn writes(&mut self) -> Vec<String> {
        let seen = std::mem::replace(&mut self.seen, self.server.store.revision());
        let changes = self.server.log.after(seen);
        changes
            .map(|change| {
                let object = change.object().expect("a change has an object");
                let word = match (change.is_added(), change.is_removed()) {
                    (true, _) => "ADDED",
                    (_, true) => "DELETED",
                    _ => "MODIFIED",
                };
                let meta = object.meta();
                let end = meta.deletion_timestamp.map_or(String::new(), |at| {
                    let grace = meta.deletion_grace_period_seconds.unwrap_or(-1);
                    format!(" until {} grace {grace}", at.0 / 1000)
                });
                let waits = meta.finalizers.join(",");
                format!("{word} {} gen {}{end} [{waits}]", object.reference(), meta.generation)
            })
            .collect()
    }
}

fn seconds(grace: i64) -> DeleteOptions {
    DeleteOptions { grace_period_seconds: Some(grace), ..DeleteOptions::default() }
}

#[test]
fn pods_get_their_grace_and_it_only_becomes_shorter() {
    let mut rig = Rig::new();
    rig.pod("web-0");
    rig.writes();
    rig.delete(Kind::Pod, "web-0", &DeleteOptions::default());
    rig.delete(Kind::Pod, "web-0", &seconds(60));
    rig.delete(Kind::Pod, "web-0", &DeleteOptions::default());
    rig.delete(Kind::Pod, "web-0", &seconds(10));
    rig.delete(Kind::Pod, "web-0", &seconds(0));
    let expected = [
        "MODIFIED pod/web-0 gen 2 until 90 grace 30 []",
        "MODIFIED pod/web-0 gen 2 until 70 grace 10 []",
        "MODIFIED pod/web-0 gen 2 until 60 grace 0 []",
        "DELETED pod/web-0 gen 2 until 60 grace 0 []",
    ];
    assert_eq!(rig.writes(), expected);
    let again = rig.delete(Kind::Pod, "web-0", &DeleteOptions::default());
    assert_eq!(again, "Error from server (NotFound): pods \"web-0\" not found");
}

#[test]
fn pods_without_a_node_and_ended_ones_go_at_once() {
    let mut rig = Rig::new();
    rig.pod("done");
    rig.status(Kind::Pod, "done", json!({"phase": "Succeeded"}));
    rig.create(json!({
        "kind": "Pod", "metadata": {"name": "waits", "namespace": "default"},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]},
    }));
    rig.writes();
    rig.delete(Kind::Pod, "done", &DeleteOptions::default());
    rig.delete(Kind::Pod, "waits", &seconds(30));
    let expected = [
        "MODIFIED pod/done gen 2 until 60 grace 0 []",
        "DELETED pod/done gen 2 until 60 grace 0 []",
        "MODIFIED pod/waits gen 2 until 60 grace 0 []",
        "DELETED pod/waits gen 2 until 60 grace 0 []",
    ];
    assert_eq!(rig.writes(), expected);
}

#[test]
fn finalizers_must_agree() {
    let mut rig = Rig::new();
    rig.create(json!({
        "kind": "PersistentVolumeClaim", "metadata": {"name": "www-web-0", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }));
    rig.writes();
    let claim = Kind::PersistentVolumeClaim;
    rig.delete(claim, "www-web-0", &DeleteOptions::default());
    rig.delete(claim, "www-web-0", &DeleteOptions::default());
    rig.patch(claim, "www-web-0", json!({"metadata": {"finalizers": null}}));
    let name = "persistentvolumeclaim/www-web-0 gen 0 until 60 grace 0";
    let waiting = format!("MODIFIED {name} [kubernetes.io/pvc-protection]");
    let gone = format!("DELETED {name} [kubernetes.io/pvc-protection]");
    assert_eq!(rig.writes(), [waiting, gone]);
}

#[test]
fn owners_wait_for_the_garbage_collector_if_asked() {
    let web = include_str!("upstream/apiserver/web.yaml");
    for (propagation, finalizer) in
        [(Propagation::Foreground, "foregroundDeletion"), (Propagation::Orphan, "orphan")]
    {
        let mut rig = Rig::new();
        apply_text(&mut rig.server, NOW, web);
        rig.writes();
        let options = DeleteOptions { propagation, ..DeleteOptions::default() };
        rig.delete(Kind::StatefulSet, "web", &options);
        let expected = format!("MODIFIED statefulset/web gen 2 until 60 grace 0 [{finalizer}]");
        assert_eq!(rig.writes(), [expected]);
    }
    let mut rig = Rig::new();
    apply_text(&mut rig.server, NOW, web);
    rig.writes();
    rig.delete(Kind::StatefulSet, "web", &DeleteOptions::default());
    assert_eq!(rig.writes(), ["DELETED statefulset/web gen 1 []"]);
}

#[test]
fn preconditions_are_held() {
    let mut rig = Rig::new();
    rig.pod("web-0");
    let other = DeleteOptions { uid: Some(Uid(7)), ..DeleteOptions::default() };
    let said = rig.delete(Kind::Pod, "web-0", &other);
    assert!(said.contains("the UID in the precondition (00000000-0000-0000-0000-000000000007)"));
    let stale =
        DeleteOptions { resource_version: Some(ResourceVersion(1)), ..DeleteOptions::default() };
    let said = rig.delete(Kind::Pod, "web-0", &stale);
    assert!(said.ends_with("The object might have been modified"), "{said}");
    rig.writes();
    let dry = DeleteOptions { dry_run: true, ..DeleteOptions::default() };
    assert_eq!((rig.delete(Kind::Pod, "web-0", &dry), rig.writes()), (String::new(), vec![]));
}

fn budget(rig: &mut Rig, name: &str, status: Value) {
    rig.create(json!({
        "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": "default"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "nginx"}}},
    }));
    rig.status(Kind::PodDisruptionBudget, name, status);
}

#[test]
fn evictions_ask_the_budget() {
    let mut rig = Rig::new();
    rig.pod("web-0");
    rig.pod("web-1");
    let healthy = json!({
        "observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2,
        "desiredHealthy": 1, "expectedPods": 2,
    });
    budget(&mut rig, "web-pdb", healthy);
    rig.writes();
    assert_eq!(rig.evict("web-1"), "");
    let expected = [
        "MODIFIED poddisruptionbudget/web-pdb gen 1 []",
        "MODIFIED pod/web-1 gen 1 []",
        "MODIFIED pod/web-1 gen 2 until 90 grace 30 []",
    ];
    assert_eq!(rig.writes(), expected);
    let pod = rig.server.store.get::<Pod>(&Key::new("default", "web-1")).expect("it is there");
    let target = pod.status.conditions.iter().find(|c| &*c.kind == "DisruptionTarget");
    assert_eq!(target.map(|c| &*c.message), Some("Eviction API: evicting"));
    let refused = "429 Cannot evict pod as it would violate the pod's disruption budget. The \
                   disruption budget web-pdb needs 1 healthy pods and has 2 currently";
    assert_eq!(rig.evict("web-0"), refused);
    assert_eq!(rig.evict("web-9"), "404 pods \"web-9\" not found ");
    budget(&mut rig, "second", json!({"observedGeneration": 1}));
    assert!(rig.evict("web-0").starts_with("500 Internal error occurred: This pod has more than"));
}

#[test]
fn pods_that_are_not_ready_follow_their_policy() {
    let mut rig = Rig::new();
    rig.pod("web-0");
    let conditions = json!([{"type": "Ready", "status": "False"}]);
    rig.status(Kind::Pod, "web-0", json!({"conditions": conditions}));
    let short = json!({
        "observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 2,
        "desiredHealthy": 3, "expectedPods": 3,
    });
    budget(&mut rig, "web-pdb", short);
    assert!(rig.evict("web-0").starts_with("429"));
    let always = json!({"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}});
    rig.patch(Kind::PodDisruptionBudget, "web-pdb", always);
    assert_eq!(rig.evict("web-0"), "");
}

#[test]
fn applying_again_changes_what_the_text_says_and_nothing_else() {
    let web = include_str!("upstream/apiserver/web.yaml");
    let mut rig = Rig::new();
    let apply = |rig: &mut Rig, text: &str| apply_text(&mut rig.server, NOW, text).lines();
    let created = ["service/nginx created", "statefulset.apps/web created"];
    assert_eq!(apply(&mut rig, web), created);
    // The server has filled in claim templates, and that list is compared as a whole: kubectl
    // sends a patch each time, and says so, though the server finds nothing to write.
    let same = ["service/nginx unchanged", "statefulset.apps/web configured"];
    rig.writes();
    assert_eq!(apply(&mut rig, web), same);
    assert_eq!(rig.writes(), Vec::<String>::new());
    let key = Key::new("default", "web");
    rig.server.scale(NOW, Kind::StatefulSet, &key, 3).expect("it may be scaled");
    let newer = web.replace("nginx-slim:0.21", "nginx-slim:0.24");
    let changed = ["service/nginx unchanged", "statefulset.apps/web configured"];
    assert_eq!(apply(&mut rig, &newer), changed);
    let set = rig.server.store.object(Kind::StatefulSet, &key).expect("it is there").to_value();
    // The text says two replicas, so the scaling is undone; the generation counts all.
    assert_eq!((&set["spec"]["replicas"], &set["metadata"]["generation"]), (&json!(2), &json!(3)));
    let other = web.replace("storage: 1Gi", "storage: 2Gi");
    let report = apply_text(&mut rig.server, NOW, &other);
    assert_eq!(report.problems.len(), 1);
    assert!(report.lines()[1].starts_with("The StatefulSet \"web\" is invalid: spec: Forbidden"));
}

#[test]
fn nothing_is_applied_of_a_text_that_cannot_be_read() {
    let mut rig = Rig::new();
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\na: [\n";
    let report = apply_text(&mut rig.server, NOW, text);
    assert_eq!((report.outcomes.len(), report.problems.len(), rig.writes().len()), (0, 1, 0));
    let text = text.replace("a: [", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: Bad\nspec: {}");
    let report = apply_text(&mut rig.server, NOW, &text);
    assert_eq!(report.lines()[0], "configmap/a created");
    let lines: Vec<u32> = report.problems.iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [9, 10]);
}

/// Texts with accidents in them: applying never panics, and what it says has a place.
#[test]
fn any_text_can_be_applied_or_refused() {
    let texts = [
        include_str!("../static/examples/web.yaml"),
        include_str!("../static/examples/zookeeper.yaml"),
    ];
    let values = ["-1", "yes", "''", "[]", "{}", "99999999999", "1.5", "~", "a b", "null", "x: y"];
    let mut prng = Prng::new(5);
    let mut applied = 0;
    for _ in 0..1500 {
        let mut rig = Rig::new();
        apply_text(&mut rig.server, NOW, texts[0]);
        let text = texts[prng.below(2) as usize];
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        for _ in 0..=prng.below(3) {
            let at = prng.below(lines.len() as u64) as usize;
            let value = values[prng.below(values.len() as u64) as usize];
            lines[at] = match (prng.below(4), lines[at].split_once(':')) {
                (0, Some((key, _))) => format!("{key}: {value}"),
                (1, Some((key, rest))) => format!("{key}x:{rest}"),
                (2, _) => format!("  {}", lines[at]),
                _ => String::new(),
            };
        }
        let report = apply_text(&mut rig.server, NOW, &lines.join("\n"));
        applied += usize::from(report.is_fine());
        assert!(report.is_fine() || !report.lines().is_empty());
        let placed = |problem: &playground::api::manifest::Problem| problem.place.line > 0;
        assert!(report.problems.iter().all(placed));
    }
    assert!(applied > 50, "{applied}");
}
