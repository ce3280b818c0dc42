//! The API server against recordings of Kubernetes 1.36: what it stores, what it refuses.
//!
//! The data under tests/upstream/apiserver is one case a line.

use playground::api::json::{Reader, decode_message};
use playground::api::kinds::{Kind, Object};
use playground::apiserver::ApiServer;
use playground::apiserver::status::Status;
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use serde_json::{Value, json};

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
