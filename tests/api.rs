//! The API server as its clients see it. `UPDATE=1 cargo test --test api` writes the transcripts
//! in `tests/api` anew.

#[path = "kubectl/hub.rs"]
mod hub;
#[path = "api/admission.rs"]
mod admission;
#[path = "api/requests.rs"]
mod requests;

use playground::api::core::pod::{Pod, PodPhase};
use playground::api::json::Reader;
use playground::api::kinds::{Key, Kind, Object};
use playground::apiserver::selector::Selector;
use playground::base::time::SimTime;
use playground::kubectl::running::Files;
use requests::{APPLY, JSON, MERGE, PODS, Rig, SETS, STRATEGIC, pod, set};
use serde_json::{Value, json};

/// Compares `text` with `tests/api/<name>.txt`; `UPDATE=1` writes that file instead.
fn is_golden(name: &str, text: &str) {
    let path = format!("{}/tests/api/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "tests/api/{name}.txt; UPDATE=1 writes it anew");
}

#[test]
fn selectors_of_labels() {
    let labels = [("app", "web"), ("tier", "db"), ("n", "7")];
    let mut map = playground::api::meta::Labels::default();
    labels.iter().for_each(|(key, value)| map.set(key, *value));
    let texts = "app=web|app==web|app = web|app!=web|tier=web|no!=x|app|!app|!no|no|app in (web)|\
        app in (db, web)|app notin (web)|no notin (web)|app in (db),tier|n>6|n>7|n<8|n<x|app>1|\
        app=|no=|app in ()|app in (,)|no in (,a)|app in (db,,web)|tier=db,app=web|app=web,|,app|\
        a=b=c|app in web|app in (web|app in (web db)|app in (=)|app in (web,=)|app (web)|app web|\
        =web|(app)|app,,tier|!app=web|!|app=(|app=a b|A_/x=1|a/b/c|app=_x|app in (_x,x_)|\
        in in (in)|notin|in=notin|app===web|  app  ,  tier  ||é|app=é";
    let mut out = String::new();
    for text in texts.split('|') {
        let said = match Selector::of_labels(text) {
            Ok(selector) => selector.matches_labels(&map).to_string(),
            Err(why) => format!("error: {why}"),
        };
        out.push_str(&format!("{text}\n    {said}\n"));
    }
    is_golden("selectors_of_labels", &out);
}

#[test]
fn selectors_of_fields() {
    let mut out = String::new();
    for (kind, text) in [
        (Kind::Pod, "metadata.name=web-0"),
        (Kind::Pod, "spec.nodeName=node-1,status.phase!=Running"),
        (Kind::Pod, "spec.host=node-1"),
        (Kind::Pod, "foo=bar"),
        (Kind::Pod, "status.phase"),
        (Kind::Pod, "status.phase=a=b"),
        (Kind::Pod, r"metadata.name=a\=b\,c\\d"),
        (Kind::Pod, r"metadata.name=a\b"),
        (Kind::Pod, r"metadata.name=a\"),
        (Kind::Pod, "status.phase==Running"),
        (Kind::Pod, "status.phase!==Running"),
        (Kind::Pod, " status.phase=Running"),
        (Kind::Pod, ",,"),
        (Kind::Pod, "=x"),
        (Kind::StatefulSet, "spec.foo=1"),
        (Kind::StatefulSet, "metadata.namespace=default"),
        (Kind::Node, "spec.unschedulable=true"),
        (Kind::Node, "spec.podCIDR=x"),
        (Kind::Event, "involvedObject.kind=Pod,type!=Normal,reason=Killing"),
        (Kind::Service, "spec.type=ClusterIP"),
    ] {
        let said = match Selector::parse(kind, "", text) {
            Ok(_) => "fine".to_string(),
            Err(status) => status.to_string(),
        };
        out.push_str(&format!("{} {text}\n    {said}\n", kind.info().plural));
    }
    is_golden("selectors_of_fields", &out);
}

const NONE: Value = Value::Null;

#[test]
fn reading() {
    let mut rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.send("POST", PODS, "", &pod(name).to_string());
    }
    for path in [
        "/api/v1/pods",
        "/api/v1/namespaces/other/pods",
        "/api/v1/namespaces/default/pods?labelSelector=n%20in%20(a,b)",
        "/api/v1/namespaces/default/pods?labelSelector=n+in+(a,b",
        "/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Db",
        "/api/v1/namespaces/default/pods?fieldSelector=status.phase!=Pending",
        "/api/v1/namespaces/default/pods?fieldSelector=foo=bar",
        "/api/v1/namespaces/default/pods?limit=x",
        "/api/v1/namespaces/default/pods?resourceVersion=abc",
        "/api/v1/namespaces/default/pods/a",
        "/api/v1/namespaces/default/pods/a/status",
        "/api/v1/namespaces/default/pods/a/scale",
        "/api/v1/namespaces/default/pods/a/foo",
        "/api/v1/namespaces/default/pods/a/status/more",
        "/api/v1/namespaces/default/pods/z",
        "/api/v1/namespaces/default/configmaps/a/status",
        "/api/v1/namespaces",
        "/api/v1/nodes/x",
        "/api/v1/namespaces/default/nodes/x",
        "/api/v1/namespaces/default/endpoints",
        "/api/v2/pods",
        "/apis/apps/v1beta1/statefulsets",
        "/apis/apps/v1/pods",
        "/apis",
        "/",
        "",
        "pods",
    ] {
        rig.ask("GET", path, "", &NONE, &[]);
    }
    is_golden("reading", &rig.out);
}

#[test]
fn creating() {
    let mut rig = Rig::new();
    rig.ask("POST", PODS, "", &pod("a"), &["/metadata/name", "/spec/restartPolicy"]);
    rig.ask("POST", PODS, "", &pod("a"), &[]);
    rig.ask("POST", &format!("{PODS}?dryRun=All"), "", &pod("b"), &["/metadata/name"]);
    rig.ask("GET", &format!("{PODS}/b"), "", &NONE, &[]);
    rig.ask("POST", &format!("{PODS}?dryRun=Some"), "", &pod("b"), &[]);
    let mut odd = pod("b");
    odd["spec"]["restartpolicy"] = json!("Never");
    for validation in ["Warn", "Ignore", "Strict", "Maybe", ""] {
        let path = format!("{PODS}?dryRun=All&fieldValidation={validation}");
        rig.ask("POST", &path, "", &odd, &["/spec/restartPolicy"]);
    }
    rig.ask("POST", PODS, "text/plain", &json!("x"), &[]);
    rig.ask("POST", PODS, "application/yaml", &json!("kind: Pod\nmetadata: {name: y}"), &[]);
    for text in ["", "x", "{", "[]", "3", "null", r#"{"kind":"Pod","metadata":[]}"#] {
        rig.ask("POST", PODS, "", &json!(text), &[]);
    }
    for (kind, version) in [("Service", "v1"), ("Pod", "v2"), ("Sock", "v1"), ("pod", "v1")] {
        let body = json!({"kind": kind, "apiVersion": version, "metadata": {"name": "x"}});
        rig.ask("POST", PODS, "", &body, &[]);
    }
    rig.ask("POST", PODS, "", &json!({"metadata": {"name": "x", "namespace": "other"}}), &[]);
    rig.ask("POST", "/api/v1/namespaces/no/pods", "", &pod("x"), &[]);
    rig.ask("POST", &format!("{PODS}/a"), "", &pod("x"), &[]);
    rig.ask("POST", &format!("{PODS}/a/status"), "", &pod("x"), &[]);
    for body in [
        json!({"metadata": {"name": null}}),
        json!({"metadata": null, "spec": null}),
        json!({"metadata": {"name": 7}}),
        json!({"metadata": {"name": "x", "labels": {"a": 1}}}),
        json!({"metadata": {"name": "x", "uid": "abc"}, "spec": {"containers": {}}}),
        json!({"metadata": {"name": "x"}, "spec": {"containers": [null]}}),
        json!({"metadata": {"name": "x"}, "spec": {"priority": 3_000_000_000_i64}}),
        json!({"metadata": {"name": "x"}, "Spec": {}}),
    ] {
        rig.ask("POST", PODS, "", &body, &[]);
    }
    is_golden("creating", &rig.out);
}

#[test]
fn changing() {
    let mut rig = Rig::new();
    let web = &format!("{SETS}/web");
    let generation = &["/metadata/generation", "/spec/replicas"];
    rig.ask("POST", SETS, "", &set(), generation);
    rig.ask("PUT", web, "", &set(), generation);
    let mut other = set();
    other["metadata"]["resourceVersion"] = json!("1");
    other["spec"]["replicas"] = json!(5);
    rig.ask("PUT", web, "", &other, generation);
    rig.ask("PUT", web, "", &other, generation);
    rig.ask("PUT", &format!("{SETS}/nope"), "", &set(), &[]);
    rig.ask("PUT", web, "", &json!({"metadata": {}}), &[]);
    rig.ask("PUT", SETS, "", &set(), &[]);
    let replicas = json!({"spec": {"replicas": 3}});
    rig.ask("PATCH", web, MERGE, &replicas, generation);
    rig.ask("PATCH", web, "", &replicas, &[]);
    rig.ask(
        "PATCH",
        &format!("{web}?dryRun=All"),
        STRATEGIC,
        &json!({"spec": {"replicas": 9}}),
        generation,
    );
    rig.ask("GET", web, "", &NONE, generation);
    let status = json!({"status": {"replicas": 3}});
    rig.ask("PATCH", web, MERGE, &status, &["/status/replicas"]);
    rig.ask("PATCH", &format!("{web}/status"), MERGE, &status, &["/status/replicas"]);
    let scale = &format!("{web}/scale");
    rig.ask("GET", scale, "", &NONE, &["/spec", "/status"]);
    rig.ask("PATCH", scale, MERGE, &json!({"spec": {"replicas": 4}}), &["/spec"]);
    rig.ask("PATCH", scale, MERGE, &json!({"spec": {"replicas": -4}}), &[]);
    rig.ask(
        "PUT",
        scale,
        "",
        &json!({"metadata": {"name": "web"}, "spec": {"replicas": "a"}}),
        &[],
    );
    rig.ask("POST", scale, "", &json!({}), &[]);
    rig.ask("DELETE", scale, "", &NONE, &[]);
    is_golden("changing", &rig.out);
}

#[test]
fn bad_patches() {
    let mut rig = Rig::new();
    let web = &format!("{SETS}/web");
    rig.send("POST", SETS, "", &set().to_string());
    for text in ["replicas", "[]", "{", ""] {
        rig.ask("PATCH", web, MERGE, &json!(text), &[]);
    }
    rig.ask("PATCH", web, JSON, &json!({"spec": {}}), &[]);
    rig.ask(
        "PATCH",
        web,
        JSON,
        &json!([{"op": "test", "path": "/spec/replicas", "value": 4}]),
        &[],
    );
    rig.ask(
        "PATCH",
        web,
        JSON,
        &json!([{"op": "add", "path": "/spec/template/spec/containers/-", "value": 4}]),
        &[],
    );
    for bad in [
        json!({"spec": {"replicas": "x"}}),
        json!({"spec": {"replicas": 1.5}}),
        json!({"spec": {"serviceName": 7}}),
        json!({"spec": {"template": []}}),
        json!({"spec": {"volumeClaimTemplates": "x"}}),
        json!({"metadata": {"labels": "x"}}),
        json!({"metadata": {"labels": {"a": true}}}),
        json!({"spec": {"replica": 3}}),
    ] {
        rig.ask("PATCH", web, STRATEGIC, &bad, &[]);
    }
    for validation in ["Strict", "Ignore"] {
        let path = format!("{web}?fieldValidation={validation}");
        rig.ask("PATCH", &path, STRATEGIC, &json!({"spec": {"replica": 3}}), &[]);
    }
    is_golden("bad_patches", &rig.out);
}

#[test]
fn deleting() {
    let mut rig = Rig::new();
    for name in ["a", "b", "c", "d"] {
        rig.send("POST", PODS, "", &pod(name).to_string());
    }
    rig.send("POST", SETS, "", &set().to_string());
    let web = &format!("{SETS}/web");
    for body in [
        json!({"preconditions": {"uid": "nope"}}),
        json!({"preconditions": {"resourceVersion": "1"}}),
        json!({"propagationPolicy": "Upwards"}),
        json!({"propagationPolicy": "Orphan", "orphanDependents": true}),
        json!({"gracePeriodSeconds": -1}),
        json!({"dryRun": ["All"]}),
        json!([]),
    ] {
        rig.ask("DELETE", web, "", &body, &["/metadata/finalizers"]);
    }
    let seen = &["/metadata/finalizers", "/metadata/deletionTimestamp"];
    rig.ask("DELETE", &format!("{web}?propagationPolicy=Foreground"), "", &NONE, seen);
    rig.ask("DELETE", &format!("{SETS}/nope"), "", &NONE, &[]);
    rig.ask("DELETE", &format!("{PODS}/a"), "", &NONE, &[]);
    rig.ask("DELETE", &format!("{PODS}?labelSelector=n!=c"), "", &NONE, &[]);
    rig.ask("GET", PODS, "", &NONE, &[]);
    let binding = json!({"target": {"kind": "Node", "name": "node-1"}});
    rig.ask("POST", &format!("{PODS}/c/binding"), "", &binding, &[]);
    rig.ask("POST", &format!("{PODS}/c/binding"), "", &binding, &[]);
    rig.ask("POST", &format!("{PODS}/z/eviction"), "", &json!({}), &[]);
    rig.ask("POST", &format!("{PODS}/c/eviction"), "", &json!({}), &[]);
    let grace = &["/metadata/deletionGracePeriodSeconds"];
    rig.ask("GET", &format!("{PODS}/c"), "", &NONE, grace);
    rig.ask("DELETE", &format!("{PODS}/c?gracePeriodSeconds=5"), "", &NONE, grace);
    rig.ask("DELETE", "/api/v1/namespaces/default", "", &NONE, &[]);
    is_golden("deleting", &rig.out);
}

/// Who owns what of the object at `path`, in YAML's order.
fn owners(rig: &mut Rig, path: &str) {
    let body = rig.send("GET", path, "", "").body;
    for manager in body["metadata"]["managedFields"].as_array().into_iter().flatten() {
        let text = |key: &str| manager[key].as_str().unwrap_or("").to_string();
        rig.out.push_str(&format!(
            "    {} {} {} {}\n        {}\n",
            text("manager"),
            text("operation"),
            text("subresource"),
            text("time"),
            manager["fieldsV1"]
        ));
    }
}

#[test]
fn server_side_apply() {
    let mut rig = Rig::new();
    let web = &format!("{SETS}/web");
    let as_manager = |name: &str| format!("{web}?fieldManager={name}");
    rig.ask("PATCH", web, APPLY, &set(), &[]);
    rig.ask("PATCH", &as_manager("a"), APPLY, &set(), &[]);
    owners(&mut rig, web);
    rig.ask("PATCH", &as_manager("a"), APPLY, &set(), &["/metadata/resourceVersion"]);
    let mut other = set();
    other["spec"]["replicas"] = json!(5);
    other["metadata"]["labels"] = json!({"tier": "x"});
    rig.ask("PATCH", &as_manager("b"), APPLY, &other, &[]);
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:2");
    rig.ask("PATCH", &as_manager("b"), APPLY, &other, &[]);
    rig.ask(
        "PATCH",
        &format!("{}&force=true", as_manager("b")),
        APPLY,
        &other,
        &["/spec/replicas"],
    );
    owners(&mut rig, web);
    // What b wants no more goes, unless a wants it too; what a set has no image any more.
    let few = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {}});
    rig.ask("PATCH", &as_manager("b"), APPLY, &few, &[]);
    let mut fewer = set();
    fewer["spec"]["replicas"].take();
    rig.ask("PATCH", &as_manager("b"), APPLY, &fewer, &[]);
    fewer["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:2");
    let seen = &["/spec/replicas", "/metadata/labels", "/metadata/uid"];
    rig.ask("PATCH", &as_manager("b"), APPLY, &fewer, seen);
    owners(&mut rig, web);
    // Others change things in other ways.
    let edit = json!({"metadata": {"finalizers": ["x/y"], "annotations": {"b": "1", "c": "2"}}});
    rig.ask("PATCH", &as_manager("kubectl-edit"), MERGE, &edit, &[]);
    rig.ask("PATCH", &format!("{web}/scale"), MERGE, &json!({"spec": {"replicas": 7}}), &[]);
    let status = json!({"status": {"replicas": 1}});
    rig.ask("PATCH", &format!("{web}/status"), MERGE, &status, &[]);
    owners(&mut rig, web);
    rig.ask("PATCH", &as_manager("b"), APPLY, &set(), &[]);
    let gone = json!({"metadata": {"annotations": {"b": null}, "finalizers": null}});
    rig.ask("PATCH", &as_manager("kubectl-edit"), MERGE, &gone, &[]);
    owners(&mut rig, web);
    rig.ask("PATCH", web, MERGE, &json!({"metadata": {"managedFields": []}}), &[]);
    owners(&mut rig, web);
    is_golden("server_side_apply", &rig.out);
}

#[test]
fn bad_server_side_apply() {
    let mut rig = Rig::new();
    let web = &format!("{SETS}/web");
    let path = &format!("{web}?fieldManager=a");
    for edit in [
        json!({"apiVersion": "v1"}),
        json!({"metadata": {"name": "x"}}),
        json!({"metadata": {"managedFields": []}}),
        json!({"spec": {"replica": 3, "replicas": "x"}}),
        json!({"spec": {"serviceName": 7}}),
        json!({"spec": {"template": []}}),
        json!({"spec": {"volumeClaimTemplates": {}}}),
        json!({"spec": {"replicas": 3_000_000_000_i64}}),
        json!({"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}),
        json!({"spec": {"template": {"spec": {"containers": [{"name": "x"}, {"name": "x"}]}}}}),
        json!({"spec": {"template": {"spec": {"hostNetwork": "yes"}}}}),
        json!({"spec": {"template": null}}),
    ] {
        let mut tree = set();
        for (key, value) in edit.as_object().into_iter().flatten() {
            match (value, key.as_str()) {
                (Value::Object(map), _) => map.iter().for_each(|(inner, value)| {
                    tree[key][inner] = value.clone();
                }),
                _ => tree[key] = value.clone(),
            }
        }
        rig.ask("PATCH", path, APPLY, &tree, &[]);
    }
    rig.ask("PATCH", path, APPLY, &json!([]), &[]);
    rig.ask("PATCH", path, APPLY, &json!("{"), &[]);
    rig.ask("PATCH", &format!("{web}?force=true"), MERGE, &json!({}), &[]);
    is_golden("bad_server_side_apply", &rig.out);
}

const WEB: &str = include_str!("upstream/scenarios/s12b_apply/manifests/web.yaml");
const WEB24: &str = include_str!("upstream/scenarios/s12b_apply/manifests/web24.yaml");

/// The recording `s12b_apply`: client-side apply, then server-side apply of two managers.
#[test]
fn from_client_side_to_server_side_apply() {
    let mut rig = Rig::new();
    let web = &format!("{SETS}/web");
    let mut files = Files::new();
    files.insert("web.yaml".into(), WEB.into());
    files.insert("web24.yaml".into(), WEB24.into());
    for (second, line) in [
        "kubectl apply -f web.yaml",
        "kubectl scale sts web --replicas=3",
        "kubectl apply -f web24.yaml",
        "kubectl apply --server-side -f web24.yaml",
        "kubectl apply --server-side --field-manager=other -f web.yaml",
        "kubectl apply --server-side --field-manager=other --force-conflicts -f web.yaml",
        "kubectl set image sts/web nginx=registry.k8s.io/nginx-slim:0.24",
        "kubectl label sts web tier=fe",
        "kubectl apply --server-side -f web24.yaml",
        "kubectl apply --server-side --field-manager=other -f web.yaml",
    ]
    .into_iter()
    .enumerate()
    {
        let now = SimTime(100_000 + 1000 * second as u64);
        let said = hub::said(&mut hub::Bare(now, &mut rig.server), &files, line);
        rig.out.push_str(&format!("$ {line}\n{said}"));
        owners(&mut rig, web);
    }
    rig.out.push_str("The Service:\n");
    owners(&mut rig, "/api/v1/namespaces/default/services/nginx");
    is_golden("from_client_side_to_server_side_apply", &rig.out);
}

/// Objects that components make carry no managers: who set what is derived.
#[test]
fn managers_of_what_components_make() {
    let mut rig = Rig::new();
    let mut tree = pod("web-0");
    tree["metadata"]["namespace"] = json!("default");
    tree["spec"]["volumes"] = json!([{"name": "www", "emptyDir": {}}]);
    let mount = json!([{"name": "www", "mountPath": "/www"}]);
    tree["spec"]["containers"][0]["volumeMounts"] = mount;
    let object = Object::read(Kind::Pod, &tree, &mut Reader::default());
    rig.server.create(SimTime(70_000), object).expect("the Pod is fine");
    let key = Key::new("default", "web-0");
    let path = &format!("{PODS}/web-0");
    owners(&mut rig, path);
    rig.server.bind(SimTime(71_000), &key, &"node-1".into()).expect("it has no node");
    let mut pod = (**rig.server.store.get::<Pod>(&key).expect("it is there")).clone();
    pod.status.phase = PodPhase::Running;
    let object = Object::Pod(pod.into());
    rig.server.update_status(SimTime(72_000), object).expect("the status is fine");
    owners(&mut rig, path);
    let edit = json!({"metadata": {"labels": {"app": "other"}}});
    rig.ask("PATCH", &format!("{path}?fieldManager=kubectl-label"), MERGE, &edit, &[]);
    owners(&mut rig, path);
    let mut wanted = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0"}});
    wanted["spec"] = json!({"containers": [{"name": "nginx", "image": "nginx:2"}]});
    rig.ask("PATCH", &format!("{path}?fieldManager=me"), APPLY, &wanted, &[]);
    is_golden("managers_of_what_components_make", &rig.out);
}
