//! The API server against recordings of Kubernetes 1.36: what it stores, what it refuses.
//!
//! The data under tests/upstream/apiserver is one case a line.

use playground::api::json::{Reader, decode_message};
use playground::api::kinds::{Key, Kind, Object};
use playground::apiserver::apply::{Applied, apply_text};
use playground::apiserver::patch::{Patch, PatchType};
use playground::apiserver::status::Status;
use playground::apiserver::{ApiServer, DryRun};
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use serde_json::{Value, json};

const CREATE: &str = include_str!("upstream/apiserver/create.jsonl");
const UPDATE: &str = include_str!("upstream/apiserver/update.jsonl");
const WEB: &str = include_str!("upstream/apiserver/web.yaml");
const STORED: &str = include_str!("upstream/apiserver/stored.jsonl");

/// A server with the default class and the accounts of the recordings.
fn server() -> ApiServer {
    let mut server = ApiServer::new(&Prng::new(1));
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "provisioner": "example.com/fake",
        "metadata": {"name": "standard", "annotations": {
            "storageclass.kubernetes.io/is-default-class": "true",
        }},
    });
    create(&mut server, &class).expect("the class is fine");
    server
}

fn read(tree: &Value) -> Result<Object, Status> {
    let name = tree["kind"].as_str().expect("recorded with its kind");
    let kind = Kind::by_name(name).expect("a kind of ours");
    let mut reader = Reader::default();
    let object = Object::read(kind, tree, &mut reader);
    match decode_message(name, kind.info().version, &reader.problems) {
        Some(message) => Err(Status::bad_request(message)),
        None => Ok(object),
    }
}

fn create(server: &mut ApiServer, tree: &Value) -> Result<Object, Status> {
    server.create(SimTime(5000), read(tree)?)
}

/// Puts fixed words in the place of what differs from run to run.
fn mask(mut tree: Value) -> Value {
    fn walk(tree: &mut Value, key: &str) {
        match tree {
            Value::Object(map) => map.iter_mut().for_each(|(key, value)| walk(value, key)),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, key)),
            Value::String(text) if text.starts_with("kube-api-access-") => {
                *text = "kube-api-access-x".into();
            }
            Value::String(text) if text.starts_with("2026-") && text.ends_with('Z') => {
                *text = "T".into();
            }
            Value::String(text) if key.starts_with("clusterIP") && text.starts_with("10.") => {
                *text = "IP".into();
            }
            Value::Number(_) if key == "nodePort" => *tree = json!(1),
            _ => {}
        }
    }
    if let Value::Object(meta) = &mut tree["metadata"] {
        for key in ["uid", "resourceVersion", "creationTimestamp"] {
            meta.remove(key);
        }
    }
    walk(&mut tree, "");
    tree
}

/// The paths where two trees differ, with what is there.
fn differences(at: &str, ours: &Value, theirs: &Value, out: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let (a, b) = (a.get(key), b.get(key));
                let (a, b) = (a.unwrap_or(&json!("-")).clone(), b.unwrap_or(&json!("-")).clone());
                differences(&format!("{at}.{key}"), &a, &b, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{at}[{index}]"), a, b, out);
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{at}: ours {a}, theirs {b}")),
    }
}

#[test]
fn objects_are_stored_as_kubernetes_stores_them() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in STORED.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let at = case["scenario"].as_str().expect("every case has one");
        let mut server = server();
        server.config.max_unavailable_stateful_set = at == "s11f_maxunavailable_on";
        let namespace = &case["given"]["metadata"]["namespace"];
        if namespace.as_str().is_some_and(|namespace| namespace != "default") {
            let namespace = json!({"kind": "Namespace", "metadata": {"name": namespace}});
            create(&mut server, &namespace).expect("the namespace is fine");
        }
        let stored = match create(&mut server, &case["given"]) {
            Ok(stored) => mask(stored.to_value()),
            Err(status) => json!({"refused": status.to_string()}),
        };
        differences(at, &stored, &mask(case["stored"].clone()), &mut wrong);
        count += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(count > 80);
}

/// What kubectl says of a case, with our words in the same form.
fn said(server: &mut ApiServer, yaml: &str, file: &str) -> (String, Option<Status>) {
    let report = apply_text(server, SimTime(5000), yaml);
    let mut lines: String = report.lines_of(file).join("\n") + "\n";
    // The recordings were dry runs: of success they show the warnings only.
    for (what, _) in [("statefulset.apps/web created\n", ()), ("service/nginx created\n", ())] {
        lines = lines.replace(what, "");
    }
    let refused = report.outcomes.into_iter().find_map(|outcome| match outcome.result {
        Applied::Refused(status) => Some(status),
        _ => None,
    });
    (lines.trim_start_matches('\n').to_string(), refused)
}

#[test]
fn bad_objects_are_refused_in_kubernetes_words() {
    let mut count = 0;
    for line in CREATE.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| case[key].as_str().expect("recorded").to_string();
        let (name, file) = (text("case"), format!("{}.yaml", text("case")));
        let (lines, refused) = said(&mut server(), &text("yaml"), &file);
        assert_eq!(lines, text("kubectl"), "{name}");
        if let Some(status) = refused {
            // There the object had been sent to another namespace than its own.
            let http = if name == "wrong-namespace" { json!(404) } else { case["http"].clone() };
            assert_eq!(json!(status.code), http, "{name}");
            if status.code == 422 {
                assert_eq!(status.message, text("message"), "{name}");
                let causes = status.to_value()["details"]["causes"].clone();
                assert_eq!(causes, case["causes"], "{name}");
            }
        }
        count += 1;
    }
    assert_eq!(count, 47);
}

/// A set as it was when the changes were recorded: two Pods that run, their claims bound.
fn running() -> ApiServer {
    let mut server = server();
    let now = SimTime(5000);
    let report = apply_text(&mut server, now, WEB);
    assert_eq!(report.lines(), ["service/nginx created", "statefulset.apps/web created"]);
    let claim = json!({
        "kind": "PersistentVolumeClaim", "metadata": {"name": "www-web-0", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            "volumeName": "pvc-1",
        },
    });
    create(&mut server, &claim).expect("the claim is fine");
    let status = |body: Value| Patch {
        kind: PatchType::Merge,
        body: json!({"status": body}),
        status: true,
        dry_run: DryRun::Off,
    };
    let bound = status(json!({"phase": "Bound", "capacity": {"storage": "1Gi"}}));
    let key = Key::new("default", "www-web-0");
    let claim = Kind::PersistentVolumeClaim;
    server.patch(now, claim, &key, &bound).expect("the status is fine");
    let pod = json!({
        "kind": "Pod", "metadata": {"name": "web-0", "namespace": "default"},
        "spec": {"containers": [{
            "name": "nginx", "image": "nginx:1", "ports": [{"name": "web", "containerPort": 80}],
        }]},
    });
    create(&mut server, &pod).expect("the Pod is fine");
    let key = Key::new("default", "web-0");
    server.bind(now, &key, &"node-2".into()).expect("it has no node yet");
    let counts = status(json!({
        "replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "updatedReplicas": 2,
        "availableReplicas": 2,
    }));
    let key = Key::new("default", "web");
    server.patch(now, Kind::StatefulSet, &key, &counts).expect("the status is fine");
    server
}

/// Does what a case does; what came of it, and its words if it was refused.
fn deed(server: &mut ApiServer, case: &Value) -> Result<(), Status> {
    let now = SimTime(9000);
    let key = Key::new("default", case["name"].as_str().unwrap_or_default());
    match case["do"].as_str().expect("every case does something") {
        "create" => create(server, &case["body"]).map(drop),
        "scale" => server.scale(now, Kind::StatefulSet, &key, -1).map(drop),
        "bind" => server.bind(now, &key, &"node-3".into()).map(drop),
        _ => {
            let kind = Kind::by_name(case["kind"].as_str().expect("recorded")).expect("ours");
            let patch = Patch {
                kind: match case["type"].as_str().expect("recorded") {
                    "json" => PatchType::Json,
                    "merge" => PatchType::Merge,
                    _ => PatchType::Strategic,
                },
                body: case["body"].clone(),
                status: case["status"] == true,
                dry_run: DryRun::Off,
            };
            server.patch(now, kind, &key, &patch).map(drop)
        }
    }
}

#[test]
fn bad_changes_are_refused_in_kubernetes_words() {
    for line in UPDATE.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let name = &case["case"];
        let said = deed(&mut running(), &case);
        let code = said.as_ref().map_or_else(|status| status.code, |()| 200);
        // Creation says 201; all the same here.
        let http = case["http"].as_u64().expect("recorded");
        assert_eq!(u64::from(code), if http == 201 { 200 } else { http }, "{name}: {said:?}");
        let Err(status) = said else {
            continue;
        };
        if let Some(text) = case["kubectl"].as_str() {
            assert_eq!(status.to_string(), text.trim_end(), "{name}");
        }
        let message = case["message"].as_str().expect("recorded");
        // The difference of two Pods as Go prints them is not simulated.
        let message = match message.split_once("\n@@ -136") {
            Some((head, _)) => head,
            None => message,
        };
        if !message.is_empty() {
            assert_eq!(
                status.message,
                message.replace("pvc-ccd559a9-f66f-4553-9b47-fb168a46d32d", "pvc-1"),
                "{name}"
            );
        }
    }
}
