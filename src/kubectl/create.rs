//! What makes objects from words: `create deployment`, `create secret generic`, …
//!
//! Not here: `--from-file` of folders; whether a key fits
//! its certificate.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/create

use super::apply::create_tree;
use super::cx::{Cx, Failure, Item, Outcome, Task};
use super::resource::{Known, Query};
use super::value::{at, shaped, text, text_at};
use crate::api::apps::go_json;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::sha256;
use crate::base::text::base64;
use serde_json::{Map, Value, json};

/// What to type instead of `create WORD`.
pub fn hint(word: &str) -> String {
    match word {
        "pod" | "pods" | "po" => "kubectl makes a Pod with kubectl run NAME --image=IMAGE.".into(),
        "statefulset" | "statefulsets" | "sts" => {
            "kubectl has no generator of StatefulSets: apply a manifest.".into()
        }
        "role" | "rolebinding" | "clusterrole" | "clusterrolebinding" | "ingress" | "ing"
        | "token" => format!("kubectl has create {word}; this simulator does not."),
        word => {
            let known = super::commands::COMMANDS.iter().filter_map(|command| {
                command.name.strip_prefix("create ").and_then(|name| name.split(' ').next())
            });
            let mut known: Vec<&str> = known.collect();
            known.dedup();
            match crate::api::manifest::hints::nearest(word, known.iter().copied()) {
                Some(near) => format!("Did you mean kubectl create {near}?"),
                None => format!("kubectl create takes -f FILE, or: {}", known.join(", ")),
            }
        }
    }
}

/// The one name that a generator takes.
fn name(cx: &Cx<'_, '_>) -> Result<String, Failure> {
    let given = &cx.args.words[..cx.args.dash.unwrap_or(cx.args.words.len())];
    match given {
        [name] => Ok(name.clone()),
        _ => Err(Failure::usage(
            format!("exactly one NAME is required, got {}", given.len()),
            cx.name,
        )),
    }
}

fn needs(cx: &Cx<'_, '_>, flag: &str) -> Result<(), Failure> {
    match cx.args.text(flag) {
        "" => Err(Failure::new(format!("required flag(s) {flag:?} not set"))),
        _ => Ok(()),
    }
}

const SPEC_AND_STATUS: &str = r#"{"metadata":{"name":"$0"},"spec":"$1","status":{}}"#;

/// An object that so far has a name alone.
fn named(cx: &Cx<'_, '_>) -> Result<Value, Failure> {
    Ok(shaped(r#"{"metadata":{"name":"$0"}}"#, &[json!(name(cx)?)]))
}

/// What stands after `--`.
fn command(cx: &Cx<'_, '_>) -> Option<Vec<String>> {
    let from = cx.args.dash?;
    Some(cx.args.words[from..].to_vec()).filter(|words| !words.is_empty())
}

/// Creates the object and says so; `what` stands in the failure.
fn make(cx: &mut Cx<'_, '_>, kind: &str, mut tree: Value, what: &str) -> Outcome {
    let Some(kind) = Kind::by_name(kind) else {
        return Err(super::resource::not_here(&format!("{}s", kind.to_lowercase())));
    };
    let info = kind.info();
    tree["apiVersion"] = json!(info.api_version());
    tree["kind"] = json!(info.name);
    if info.namespaced && (cx.dry_run() != Some(false) || cx.args.get("namespace").is_some()) {
        tree["metadata"]["namespace"] = json!(cx.namespace());
    }
    if cx.args.is_set("append-hash") {
        tree["metadata"]["name"] =
            json!(format!("{}-{}", text_at(&tree, "metadata.name"), hash(&tree)));
    }
    let tree = if cx.args.is_set("save-config") {
        crate::apiserver::apply::remembered(&tree)
    } else {
        tree
    };
    let target = ObjectRef::new(kind, Key::new("", ""));
    let item = Item { target, manifest: None, source: String::new() };
    create_tree(cx, kind, tree, &item).map_err(|failure| {
        let server = failure.text.strip_prefix("Error from server (").filter(|_| !what.is_empty());
        match server.and_then(|rest| rest.split_once("): ")) {
            Some((_, why)) => Failure::new(format!("failed to create {what}: {why}")),
            None => failure,
        }
    })?;
    Ok(Task::Done)
}

/// What `--append-hash` appends: it changes with the data.
///
/// Upstream: staging/src/k8s.io/kubectl/pkg/util/hash/hash.go
fn hash(tree: &Value) -> String {
    let mut about = json!({"kind": tree["kind"], "name": tree["metadata"]["name"], "data": {}});
    if let Some(data) = tree.get("data") {
        about["data"] = data.clone();
    }
    if tree["kind"] == "Secret" {
        about["type"] = json!(text(&tree["type"]));
    }
    let hex = sha256::hex(go_json(&about).as_bytes());
    // No vowels and nothing that looks like one, so that it makes no words.
    let safe = |c| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        c => c,
    };
    hex.chars().take(10).map(safe).collect()
}

/// A container named after its image: `nginx-slim` of `registry.k8s.io/nginx-slim:0.21`.
fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or("");
    let last = last.split([':', '@']).next().unwrap_or("");
    last.replace(['_', '.'], "-").to_lowercase()
}

/// `kubectl create deployment`.
pub fn deployment(cx: &mut Cx<'_, '_>) -> Outcome {
    needs(cx, "image")?;
    let name = json!(name(cx)?);
    let command = json!(command(cx));
    let port = json!(cx.args.number("port").filter(|port| *port > 0));
    let ports = if port.is_null() { port } else { shaped(r#"[{"containerPort":"$0"}]"#, &[port]) };
    let container = |image: &str| {
        let own = json!(container_name(image));
        let values = [own, json!(image), command.clone(), ports.clone()];
        let shape = r#"{"name":"$0","image":"$1","resources":{},"command":"$2","ports":"$3"}"#;
        shaped(shape, &values)
    };
    let containers: Vec<Value> = cx.args.all("image").into_iter().map(container).collect();
    let replicas = json!(cx.args.number("replicas").unwrap_or(1));
    let tree = shaped(
        r#"{"metadata":{"name":"$0","labels":{"app":"$0"}},"spec":{"replicas":"$1",
        "selector":{"matchLabels":{"app":"$0"}},"strategy":{},"template":{
        "metadata":{"labels":{"app":"$0"}},"spec":{"containers":"$2"}}},"status":{}}"#,
        &[name, replicas, Value::Array(containers)],
    );
    make(cx, "Deployment", tree, "deployment")
}

fn job_spec(cx: &Cx<'_, '_>, name: &str, restart: &str) -> Value {
    shaped(
        r#"{"template":{"metadata":{},"spec":{"containers":[{"name":"$0","image":"$1",
        "resources":{},"command":"$2"}],"restartPolicy":"$3"}}}"#,
        &[json!(name), json!(cx.args.text("image")), json!(command(cx)), json!(restart)],
    )
}

/// `kubectl create job`.
pub fn job(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = name(cx)?;
    let (image, from) = (cx.args.text("image"), cx.args.text("from"));
    if image.is_empty() == from.is_empty() {
        return Err(Failure::new("either --image or --from must be specified"));
    }
    if !from.is_empty() {
        let tree = from_cron_job(cx, &name, from)?;
        return make(cx, "Job", tree, "job");
    }
    let spec = job_spec(cx, &name, "Never");
    let tree = shaped(SPEC_AND_STATUS, &[json!(name), spec]);
    make(cx, "Job", tree, "job")
}

/// The Job `name` as the CronJob that `--from` names would make it.
fn from_cron_job(cx: &Cx<'_, '_>, name: &str, from: &str) -> Result<Value, Failure> {
    if command(cx).is_some() {
        return Err(Failure::new("cannot specify --from and command"));
    }
    let queries = cx.queries(&[from.to_string()])?;
    let [Query { kind: Known::Here(kind), name: Some(own) }] = &queries[..] else {
        return Err(Failure::new("from must be an existing cronjob"));
    };
    let found = cx.find(&ObjectRef::new(*kind, cx.key(*kind, own)))?;
    if *kind != Kind::CronJob {
        let info = kind.info();
        let package = format!("{}{}", info.group.split('.').next().unwrap_or(""), info.version);
        return Err(Failure::new(format!("unknown object type *{package}.{}", info.name)));
    }
    let tree = found.to_value();
    let template = at(&tree, "spec.jobTemplate");
    let mut notes = template["metadata"]["annotations"].clone();
    notes["cronjob.kubernetes.io/instantiate"] = json!("manual");
    Ok(shaped(
        r#"{"metadata":{"name":"$0","annotations":"$1","labels":"$2","ownerReferences":[{
        "apiVersion":"batch/v1","kind":"CronJob","name":"$3","uid":"$4","controller":true}]},
        "spec":"$5","status":{}}"#,
        &[
            json!(name),
            notes,
            template["metadata"]["labels"].clone(),
            json!(own),
            at(&tree, "metadata.uid").clone(),
            template["spec"].clone(),
        ],
    ))
}

/// `kubectl create cronjob`.
pub fn cron_job(cx: &mut Cx<'_, '_>) -> Outcome {
    needs(cx, "image")?;
    needs(cx, "schedule")?;
    let name = name(cx)?;
    let restart = cx.args.get("restart").unwrap_or("OnFailure");
    let spec = job_spec(cx, &name, restart);
    let tree = shaped(
        r#"{"metadata":{"name":"$0"},
        "spec":{"jobTemplate":{"metadata":{"name":"$0"},"spec":"$1"},"schedule":"$2"},
        "status":{}}"#,
        &[json!(name), spec, json!(cx.args.text("schedule"))],
    );
    make(cx, "CronJob", tree, "cronjob")
}

/// `kubectl create namespace`.
pub fn namespace(cx: &mut Cx<'_, '_>) -> Outcome {
    let tree = shaped(SPEC_AND_STATUS, &[json!(name(cx)?), json!({})]);
    make(cx, "Namespace", tree, "")
}

/// `kubectl create serviceaccount`.
pub fn service_account(cx: &mut Cx<'_, '_>) -> Outcome {
    let tree = named(cx)?;
    make(cx, "ServiceAccount", tree, "serviceaccount")
}

/// `a=1,b=2` as a tree.
pub fn pairs(given: &str) -> Map<String, Value> {
    let pairs = given.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_string(), json!(value.trim()))).collect()
}

/// A number, or a text such as `50%`.
pub fn amount(given: &str) -> Value {
    given.parse::<i64>().map_or_else(|_| json!(given), |number| json!(number))
}

/// `kubectl create poddisruptionbudget`.
pub fn budget(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = name(cx)?;
    needs(cx, "selector").map_err(|_| Failure::new("a selector must be specified"))?;
    let mut spec = json!({"selector": {"matchLabels": pairs(cx.args.text("selector"))}});
    match (cx.args.text("min-available"), cx.args.text("max-unavailable")) {
        ("", "") => {
            return Err(Failure::new("one of min-available or max-unavailable must be specified"));
        }
        (least, "") => spec["minAvailable"] = amount(least),
        ("", most) => spec["maxUnavailable"] = amount(most),
        _ => {
            return Err(Failure::new("min-available and max-unavailable cannot be both specified"));
        }
    }
    let tree = shaped(
        r#"{"metadata":{"name":"$0"},"spec":"$1","status":{"currentHealthy":0,
        "desiredHealthy":0,"disruptionsAllowed":0,"expectedPods":0}}"#,
        &[json!(name), spec],
    );
    make(cx, "PodDisruptionBudget", tree, "poddisruptionbudgets")
}

/// `kubectl create priorityclass`.
pub fn priority_class(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = name(cx)?;
    let policy = cx.args.get("preemption-policy").unwrap_or("PreemptLowerPriority");
    let global = cx.args.is_set("global-default").then_some(true);
    let tree = shaped(
        r#"{"metadata":{"name":"$0"},"value":"$1","preemptionPolicy":"$2","globalDefault":"$3",
        "description":"$4"}"#,
        &[
            json!(name),
            json!(cx.args.number("value").unwrap_or(0)),
            json!(policy),
            json!(global),
            json!(cx.args.get("description")),
        ],
    );
    make(cx, "PriorityClass", tree, "priorityclass")
}

/// `kubectl create quota`.
pub fn quota(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = name(cx)?;
    let hard = Some(pairs(cx.args.text("hard"))).filter(|hard| !hard.is_empty());
    let scopes = cx.args.get("scopes").map(|_| cx.args.all("scopes"));
    let tree = shaped(
        r#"{"metadata":{"name":"$0"},"spec":{"hard":"$1","scopes":"$2"},"status":{}}"#,
        &[json!(name), json!(hard), json!(scopes)],
    );
    make(cx, "ResourceQuota", tree, "resourcequota")
}

/// Keys and values of `--from-literal`, `--from-file` and `--from-env-file`; a file without key
/// has the `usual` one, or its own name if that is empty.
fn data(cx: &Cx<'_, '_>, usual: &str) -> Result<Map<String, Value>, Failure> {
    let mut data = Map::new();
    for literal in cx.args.each("from-literal") {
        let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let text = format!("invalid literal source {literal}, expected key=value");
            return Err(Failure::new(text));
        };
        data.insert(key.to_string(), json!(value));
    }
    let read = |path: &str| {
        cx.context.files.get(path).cloned().ok_or_else(|| {
            let text = format!("error reading {path}: no such file or directory");
            Failure::new(text).hint(super::resource::no_file(path, cx.context.files).hint)
        })
    };
    for given in cx.args.each("from-file") {
        let (key, path) = match given.split_once('=') {
            Some((key, path)) => (key, path),
            None if !usual.is_empty() => (usual, given),
            None => (given.rsplit('/').next().unwrap_or(given), given),
        };
        data.insert(key.to_string(), json!(&*read(path)?));
    }
    for path in cx.args.each("from-env-file") {
        let text = read(path)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let found = lines.filter_map(|line| line.split_once('='));
        data.extend(found.map(|(key, value)| (key.to_string(), json!(value))));
    }
    Ok(data)
}

/// `kubectl create configmap`.
pub fn config_map(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut tree = named(cx)?;
    let data = data(cx, "")?;
    if !data.is_empty() {
        tree["data"] = Value::Object(data);
    }
    make(cx, "ConfigMap", tree, "configmap")
}

/// `kubectl create secret generic|docker-registry|tls`.
pub fn secret(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut tree = named(cx)?;
    let (kind, data) = match cx.name {
        "create secret tls" => ("kubernetes.io/tls", key_pair(cx)?),
        "create secret docker-registry" => ("kubernetes.io/dockerconfigjson", registry(cx)?),
        _ => (cx.args.text("type"), data(cx, "")?),
    };
    let hidden = |(key, value): (String, Value)| (key, json!(base64(text(&value).as_bytes())));
    let data: Map<String, Value> = data.into_iter().map(hidden).collect();
    if !data.is_empty() {
        tree["data"] = Value::Object(data);
    }
    if !kind.is_empty() {
        tree["type"] = json!(kind);
    }
    make(cx, "Secret", tree, "secret")
}

fn registry(cx: &Cx<'_, '_>) -> Result<Map<String, Value>, Failure> {
    const KEY: &str = ".dockerconfigjson";
    if cx.args.get("from-file").is_some() {
        return data(cx, KEY);
    }
    let (user, password) = (cx.args.text("docker-username"), cx.args.text("docker-password"));
    let server = cx.args.get("docker-server").unwrap_or("https://index.docker.io/v1/");
    if user.is_empty() || password.is_empty() || server.is_empty() {
        return Err(Failure::new(
            "either --from-file or the combination of --docker-username, --docker-password and \
             --docker-server is required",
        ));
    }
    // In the order of Go's struct.
    let mut entry = vec![("username", user), ("password", password)];
    entry.extend(cx.args.get("docker-email").map(|mail| ("email", mail)));
    let auth = base64(format!("{user}:{password}").as_bytes());
    entry.push(("auth", &auth));
    let part = |(key, value): (&str, &str)| format!("{key:?}:{}", go_json(&json!(value)));
    let parts: Vec<String> = entry.into_iter().map(part).collect();
    let content = format!("{{\"auths\":{{{}:{{{}}}}}}}", go_json(&json!(server)), parts.join(","));
    Ok(std::iter::once((KEY.to_string(), json!(content))).collect())
}

fn key_pair(cx: &Cx<'_, '_>) -> Result<Map<String, Value>, Failure> {
    let (cert, key) = (cx.args.text("cert"), cx.args.text("key"));
    if cert.is_empty() || key.is_empty() {
        return Err(Failure::new("key and cert must be specified"));
    }
    let read = |path: &str, what: &str| {
        let Some(text) = cx.context.files.get(path) else {
            let text = format!("Cannot read file {path}, open {path}: no such file or directory");
            return Err(
                Failure::new(text).hint(super::resource::no_file(path, cx.context.files).hint)
            );
        };
        match text.contains("-----BEGIN ") {
            true => Ok(json!(&**text)),
            false => {
                let text = format!("tls: failed to find any PEM data in {what} input");
                Err(Failure::new(text))
            }
        }
    };
    let cert = read(cert, "certificate")?;
    Ok(Map::from_iter([("tls.crt".to_string(), cert), ("tls.key".to_string(), read(key, "key")?)]))
}

/// `kubectl create service clusterip|nodeport|loadbalancer|externalname`.
pub fn service(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = name(cx)?;
    let kind = match cx.name.rsplit(' ').next().unwrap_or("") {
        "clusterip" => "ClusterIP",
        "nodeport" => "NodePort",
        "loadbalancer" => "LoadBalancer",
        _ => "ExternalName",
    };
    let headless = cx.args.text("clusterip") == "None";
    let mut ports = Vec::new();
    for pair in cx.args.all("tcp") {
        let (port, target) = pair.split_once(':').unwrap_or((pair, pair));
        let Ok(number) = port.parse::<i64>() else {
            let text = format!("invalid tcp port: {pair}");
            return Err(Failure::new(text));
        };
        let node = cx.args.number("node-port").filter(|node| *node > 0);
        let entry = shaped(
            r#"{"name":"$0","port":"$1","protocol":"TCP","targetPort":"$2","nodePort":"$3"}"#,
            &[json!(pair.replace(':', "-")), json!(number), amount(target), json!(node)],
        );
        ports.push(entry);
    }
    if ports.is_empty() && kind != "ExternalName" && !headless {
        return Err(Failure::new("at least one tcp port specifier must be provided"));
    }
    if kind == "ExternalName" {
        needs(cx, "external-name")?;
    }
    let ports = Some(ports).filter(|ports| !ports.is_empty());
    let host = cx.args.get("external-name").filter(|_| kind == "ExternalName");
    let tree = shaped(
        r#"{"metadata":{"name":"$0","labels":{"app":"$0"}},"spec":{"selector":{"app":"$0"},
        "type":"$1","ports":"$2","clusterIP":"$3","externalName":"$4"},
        "status":{"loadBalancer":{}}}"#,
        &[json!(name), json!(kind), json!(ports), json!(headless.then_some("None")), json!(host)],
    );
    make(cx, "Service", tree, &format!("{kind} service"))
}
