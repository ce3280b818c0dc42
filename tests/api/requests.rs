//! A server and the requests that are sent to it, one after the other, as a transcript.

use playground::apiserver::ApiServer;
use playground::apiserver::http::{Request, Response};
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use serde_json::{Value, json};

/// Where Pods, and where StatefulSets are.
pub const PODS: &str = "/api/v1/namespaces/default/pods";
/// Where StatefulSets are.
pub const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
/// Types of patches.
pub const JSON: &str = "application/json-patch+json";
/// Types of patches.
pub const MERGE: &str = "application/merge-patch+json";
/// Types of patches.
pub const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// Types of patches.
pub const APPLY: &str = "application/apply-patch+yaml";

/// A server that is asked.
pub struct Rig {
    /// It.
    pub server: ApiServer,
    /// Everything that was said.
    pub out: String,
    now: SimTime,
}

impl Rig {
    /// An empty one.
    pub fn new() -> Rig {
        let server = ApiServer::new(&Prng::new(7));
        Rig { server, out: String::new(), now: SimTime(60_000) }
    }

    /// Sends a request without writing it down.
    pub fn send(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Response {
        self.now.0 += 1000;
        let request = Request { method, path, content_type, body };
        self.server.handle(self.now, &request)
    }

    /// Sends a request and writes down the refusal, or what `show` picks of the object.
    pub fn ask(&mut self, method: &str, path: &str, kind: &str, body: &Value, show: &[&str]) {
        let text = match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            tree => tree.to_string(),
        };
        let Response { code, body, warnings } = self.send(method, path, kind, &text);
        let kind = kind.trim_start_matches("application/");
        self.out.push_str(format!("{method} {path} {kind}").trim_end());
        self.out.push('\n');
        if !text.is_empty() {
            self.out.push_str(&format!("{text}\n"));
        }
        self.out.extend(warnings.iter().map(|warning| format!("    Warning: {warning}\n")));
        self.out.push_str(&format!("    {code} {}\n", told(&body, show)));
    }
}

/// What is worth showing of an answer.
fn told(body: &Value, show: &[&str]) -> String {
    if body["kind"] == "Status" {
        let mut status = body.clone();
        if let Value::Object(map) = &mut status {
            let told = ["message", "reason", "status", "details"];
            map.retain(|key, value| told.contains(&&**key) && *value != json!({}));
        }
        return status.to_string();
    }
    let mut out = body["kind"].to_string();
    if let Some(items) = body["items"].as_array() {
        let names: Vec<String> =
            items.iter().map(|item| item["metadata"]["name"].to_string()).collect();
        out.push_str(&format!(" [{}]", names.join(", ")));
    }
    for pointer in show {
        out.push_str(&format!(" {pointer}={}", body.pointer(pointer).unwrap_or(&Value::Null)));
    }
    out
}

/// A Pod as one writes it.
pub fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web", "n": name}},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]},
    })
}

/// A StatefulSet as one writes it.
pub fn set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {
            "serviceName": "nginx", "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{
                    "name": "nginx", "image": "nginx:1",
                    "ports": [{"containerPort": 80, "name": "web"}],
                }]},
            },
        },
    })
}
