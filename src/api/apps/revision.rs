//! What a ControllerRevision remembers of a StatefulSet, and the hash in its name.
//!
//! Not here: when revisions are made and which are kept; see the StatefulSet controller.
//!
//! Upstream: pkg/controller/statefulset/stateful_set_utils.go (getPatch) and
//! pkg/controller/history/controller_history.go (HashControllerRevision)

use super::stateful_set::StatefulSet;
use crate::api::core::pod::PodTemplateSpec;
use crate::api::json::Json;
use crate::base::names::{fnv32, safe_encode};
use serde_json::{Map, Value};

/// The patch that restores the template `set` has now. Exact only for a set with its defaults
/// filled in.
pub fn revision_data(set: &StatefulSet) -> Value {
    template_data(&set.spec.template)
}

/// The patch that restores `template`: `{"spec":{"template":{…}}}` with `"$patch":"replace"` in
/// the template.
pub fn template_data(template: &PodTemplateSpec) -> Value {
    let mut template = template.write();
    if let Value::Object(map) = &mut template {
        map.insert("$patch".into(), Value::String("replace".into()));
    }
    let wrap = |key: &str, value| Value::Object(Map::from_iter([(key.to_string(), value)]));
    wrap("spec", wrap("template", template))
}

/// The hash that ends a revision's name, such as `f99c84b4b` of `web-f99c84b4b`.
pub fn revision_hash(data: &Value, collision_count: i32) -> String {
    let text = format!("{}{collision_count}", go_json(data));
    safe_encode(&fnv32(text.as_bytes()).to_string())
}

/// JSON as Go prints it: keys sorted, no spaces, and the characters that mean something in
/// HTML escaped.
pub fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::Reader;
    use serde_json::json;

    fn set(container_extra: Value, spec_extra: Value) -> StatefulSet {
        let mut container = json!({
            "name": "nginx", "image": "registry.k8s.io/nginx-slim:0.21",
            "imagePullPolicy": "IfNotPresent", "resources": {},
            "ports": [{"containerPort": 80, "name": "web", "protocol": "TCP"}],
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "volumeMounts": [{"mountPath": "/usr/share/nginx/html", "name": "www"}],
        });
        let mut spec = json!({
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {},
            "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
        });
        let merge = |into: &mut Value, extra: Value| {
            for (key, value) in extra.as_object().cloned().unwrap_or_default() {
                into[key] = value;
            }
        };
        merge(&mut container, container_extra);
        merge(&mut spec, spec_extra);
        spec["containers"] = json!([container]);
        let template = json!({"metadata": {"labels": {"app": "nginx"}}, "spec": spec});
        let mut reader = Reader::default();
        let set = StatefulSet::read(&json!({"spec": {"template": template}}), &mut reader);
        assert_eq!(reader.problems, []);
        set
    }

    /// Names that Kubernetes 1.36.2 gave.
    #[test]
    fn revision_names_are_kubernetes_own() {
        let probe = json!({
            "failureThreshold": 3, "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
            "initialDelaySeconds": 1, "periodSeconds": 1, "successThreshold": 1,
            "timeoutSeconds": 1,
        });
        let affinity = json!({"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{
                "labelSelector": {"matchLabels": {"app": "nginx"}},
                "topologyKey": "kubernetes.io/hostname",
            }],
        }});
        let account = json!({"serviceAccount": "nope", "serviceAccountName": "nope"});
        let recorded = [
            ("f99c84b4b", set(json!({}), json!({}))),
            ("5db97546dd", set(json!({"readinessProbe": probe}), json!({}))),
            ("b979f4c8b", set(json!({}), json!({"affinity": affinity}))),
            ("8cff65fb7", set(json!({}), account)),
        ];
        for (name, set) in recorded {
            assert_eq!(revision_hash(&revision_data(&set), 0), name);
        }
    }

    #[test]
    fn html_is_escaped_as_go_does() {
        assert_eq!(go_json(&json!({"a": "<b> & c"})), r#"{"a":"\u003cb\u003e \u0026 c"}"#);
    }
}
