//! What is turned away at the door, or comes in changed: quotas, limits, priorities, accounts,
//! namespaces.

use crate::is_golden;
use crate::requests::{PODS, Rig, pod};
use serde_json::{Value, json};

const CORE: &str = "/api/v1/namespaces/default";

fn with(name: &str, spec: Value) -> Value {
    let mut pod = pod(name);
    for (key, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn sized(name: &str, resources: Value) -> Value {
    let mut pod = pod(name);
    pod["spec"]["containers"][0]["resources"] = resources;
    pod
}

#[test]
fn quotas_and_limits() {
    let mut rig = Rig::new();
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {
        "pods": "2", "requests.cpu": "1", "persistentvolumeclaims": "0",
    }}});
    let quotas = &format!("{CORE}/resourcequotas");
    rig.ask("POST", quotas, "", &quota, &["/spec/hard"]);
    rig.ask("POST", PODS, "", &pod("none"), &[]);
    rig.ask("POST", PODS, "", &sized("much", json!({"requests": {"cpu": "2"}})), &[]);
    rig.ask("POST", PODS, "", &sized("a", json!({"requests": {"cpu": "400m"}})), &[]);
    rig.ask("POST", PODS, "", &sized("b", json!({"limits": {"cpu": "700m"}})), &[]);
    rig.ask("POST", PODS, "", &sized("b", json!({"limits": {"cpu": "500m"}})), &[]);
    rig.ask("POST", PODS, "", &sized("c", json!({"requests": {"cpu": "1m"}})), &[]);
    rig.ask("GET", &format!("{quotas}/q"), "", &Value::Null, &["/status"]);
    let claim = json!({"metadata": {"name": "c"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    }});
    rig.ask("POST", &format!("{CORE}/persistentvolumeclaims"), "", &claim, &[]);
    rig.ask("DELETE", &format!("{PODS}/a"), "", &Value::Null, &[]);
    rig.ask("GET", &format!("{quotas}/q"), "", &Value::Null, &["/status/used"]);
    rig.ask("DELETE", &format!("{quotas}/q"), "", &Value::Null, &[]);
    let limits = json!({"metadata": {"name": "l"}, "spec": {"limits": [{
        "type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "250m"},
        "max": {"cpu": "1"}, "min": {"cpu": "100m"}, "maxLimitRequestRatio": {"cpu": "2"},
    }]}});
    rig.ask("POST", &format!("{CORE}/limitranges"), "", &limits, &[]);
    let resources = &["/spec/containers/0/resources", "/metadata/annotations"];
    rig.ask("POST", PODS, "", &pod("plain"), resources);
    for cpu in ["2", "50m", "400m"] {
        let pod = sized("x", json!({"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}));
        rig.ask("POST", PODS, "", &pod, resources);
    }
    let wide = sized("y", json!({"requests": {"cpu": "200m"}, "limits": {"cpu": "900m"}}));
    rig.ask("POST", PODS, "", &wide, &[]);
    is_golden("quotas_and_limits", &rig.out);
}

#[test]
fn priorities_accounts_and_namespaces() {
    let mut rig = Rig::new();
    let seen = &["/spec/priority", "/spec/priorityClassName", "/spec/preemptionPolicy"];
    rig.ask("POST", PODS, "", &pod("a"), seen);
    let named = |name: &str, class: &str| with(name, json!({"priorityClassName": class}));
    rig.ask("POST", PODS, "", &named("b", "high"), seen);
    let classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
    let class = json!({"metadata": {"name": "high"}, "value": 1000, "globalDefault": true});
    rig.ask("POST", classes, "", &class, &["/preemptionPolicy"]);
    let big = json!({"metadata": {"name": "huge"}, "value": 2_000_000_000});
    rig.ask("POST", classes, "", &big, &[]);
    let system = json!({"metadata": {"name": "system-x"}, "value": 3});
    rig.ask("POST", classes, "", &system, &[]);
    rig.ask("POST", PODS, "", &named("b", "high"), seen);
    rig.ask("POST", PODS, "", &pod("c"), seen);
    rig.ask("POST", PODS, "", &with("d", json!({"priority": 7})), &[]);
    rig.ask("POST", PODS, "", &named("e", "system-node-critical"), seen);
    let change = json!({"metadata": {"name": "high"}, "value": 7, "globalDefault": true});
    rig.ask("PUT", &format!("{classes}/high"), "", &change, &[]);
    let account = |name: &str| with("f", json!({"serviceAccountName": name}));
    rig.ask("POST", PODS, "", &account("nobody"), &[]);
    let made = json!({"metadata": {"name": "nobody"}, "automountServiceAccountToken": false});
    rig.ask("POST", &format!("{CORE}/serviceaccounts"), "", &made, &[]);
    let shown = &["/spec/serviceAccountName", "/spec/volumes"];
    rig.ask("POST", PODS, "", &account("nobody"), shown);
    rig.ask("POST", "/api/v1/namespaces", "", &json!({"metadata": {"name": "shop"}}), &[]);
    let shop = "/api/v1/namespaces/shop";
    rig.ask("POST", &format!("{shop}/pods"), "", &pod("a"), &["/metadata/namespace"]);
    rig.ask("DELETE", shop, "", &Value::Null, &["/status/phase", "/spec/finalizers"]);
    rig.ask("POST", &format!("{shop}/pods"), "", &pod("b"), &[]);
    rig.ask("DELETE", shop, "", &Value::Null, &["/status/phase"]);
    is_golden("priorities_accounts_and_namespaces", &rig.out);
}
