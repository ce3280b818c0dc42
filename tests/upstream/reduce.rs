//! Objects reduced to the fields that the recordings keep, one record a write.

use super::workloads;
use playground::api::kinds::{Kind, Object};
use playground::api::meta::ObjectMeta;
use playground::apiserver::store::Store;
use playground::apiserver::watch::Change;
use serde_json::{Map, Value, json};

/// The record of one write; `None` for kinds that are not recorded.
pub fn record(change: &Change, store: &Store, t_ms: u64) -> Option<Map<String, Value>> {
    let object = change.object()?;
    let mut out = Map::new();
    out.insert("rv".into(), json!(change.revision));
    out.insert("t_ms".into(), json!(t_ms));
    let verb = match (change.is_added(), change.is_removed()) {
        (true, _) => "ADDED",
        (_, true) => "DELETED",
        _ => "MODIFIED",
    };
    out.insert("type".into(), json!(verb));
    let kind = change.kind.info().name;
    out.insert("kind".into(), json!(kind));
    let value = object.to_value();
    if change.kind == Kind::Event {
        event(&value, &mut out);
    } else {
        common(object, &mut out);
        fields(change.kind, &value, store, &mut out)?;
    }
    let namespace = &object.meta().namespace;
    if !namespace.is_empty() && &**namespace != "default" {
        out.insert("ns".into(), json!(&**namespace));
    }
    Some(out)
}

/// What is recorded of any object: its kind, name, owners, finalizers.
pub fn object(object: &Object) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("kind".into(), json!(object.kind().info().name));
    common(object, &mut out);
    let namespace = &object.meta().namespace;
    if !namespace.is_empty() && &**namespace != "default" {
        out.insert("ns".into(), json!(&**namespace));
    }
    out
}

fn common(object: &Object, out: &mut Map<String, Value>) {
    let meta: &ObjectMeta = object.meta();
    let name = match (object.kind(), meta.name.rsplit_once('-')) {
        // The recordings leave out the ends of all names of slices.
        (Kind::EndpointSlice, Some((start, _))) => format!("{start}-*"),
        _ => meta.name.to_string(),
    };
    out.insert("name".into(), json!(name));
    out.insert("uid".into(), json!(&meta.uid.to_string()[..8]));
    if meta.is_terminating() {
        out.insert("deleting".into(), json!(true));
        out.insert("graceSeconds".into(), json!(meta.deletion_grace_period_seconds));
    }
    if !meta.finalizers.is_empty() {
        let all: Vec<&str> = meta.finalizers.iter().map(|f| &**f).collect();
        out.insert("finalizers".into(), json!(all));
    }
    if !meta.owner_references.is_empty() {
        let owner = |owner: &playground::api::meta::OwnerReference| {
            let star = if owner.controller == Some(true) { "*" } else { "" };
            let bang = if owner.block_owner_deletion == Some(true) { "!" } else { "" };
            format!("{}/{}{star}{bang}", owner.kind, owner.name)
        };
        let all: Vec<String> = meta.owner_references.iter().map(owner).collect();
        out.insert("owners".into(), json!(all));
    }
}

fn event(value: &Value, out: &mut Map<String, Value>) {
    let about = &value["involvedObject"];
    let text = |value: &Value| value.as_str().unwrap_or("").to_string();
    out.insert("obj".into(), json!(format!("{}/{}", text(&about["kind"]), text(&about["name"]))));
    out.insert("etype".into(), value["type"].clone());
    out.insert("reason".into(), value["reason"].clone());
    out.insert("message".into(), value["message"].clone());
    out.insert("count".into(), value["count"].clone());
    let source = match value["source"]["component"].as_str() {
        Some(component) => json!(component),
        None => value["reportingComponent"].clone(),
    };
    out.insert("source".into(), source);
    for (key, from) in [("action", &value["action"]), ("field", &about["fieldPath"])] {
        if from.as_str().is_some_and(|text| !text.is_empty()) {
            out.insert(key.into(), from.clone());
        }
    }
}

fn fields(kind: Kind, value: &Value, store: &Store, out: &mut Map<String, Value>) -> Option<()> {
    let (spec, status) = (&value["spec"], &value["status"]);
    match kind {
        Kind::Service => {
            out.insert("clusterIP".into(), spec["clusterIP"].clone());
            out.insert("svcType".into(), spec["type"].clone());
            let publish = spec["publishNotReadyAddresses"].as_bool().unwrap_or(false);
            out.insert("publishNotReady".into(), json!(publish));
        }
        Kind::Endpoints => {
            out.insert("subsets".into(), list(&value["subsets"], subset));
        }
        Kind::EndpointSlice => {
            out.insert("endpoints".into(), sorted(list(&value["endpoints"], endpoint)));
        }
        Kind::StatefulSet => stateful_set(value, out),
        Kind::Deployment | Kind::ReplicaSet => deployment(kind, value, out),
        Kind::DaemonSet => workloads::daemon_set(value, out),
        Kind::Job => workloads::job(value, out),
        Kind::ControllerRevision => {
            out.insert("revision".into(), value["revision"].clone());
            out.insert("labels".into(), value["metadata"]["labels"].clone());
            let template = &value["data"]["spec"]["template"];
            out.insert("image".into(), images(&template["spec"]));
        }
        Kind::Pod => pod(value, out),
        Kind::PersistentVolumeClaim => claim(value, out),
        Kind::PersistentVolume => volume(value, out),
        Kind::StorageClass => {
            out.insert("provisioner".into(), value["provisioner"].clone());
            out.insert("mode".into(), value["volumeBindingMode"].clone());
            out.insert("reclaim".into(), value["reclaimPolicy"].clone());
            out.insert("expand".into(), value["allowVolumeExpansion"].clone());
        }
        Kind::Node => node(value, store, out),
        Kind::PodDisruptionBudget => {
            out.insert("minAvailable".into(), spec["minAvailable"].clone());
            out.insert("maxUnavailable".into(), spec["maxUnavailable"].clone());
            let counts = [
                ("allowed", "disruptionsAllowed"),
                ("current", "currentHealthy"),
                ("desired", "desiredHealthy"),
                ("expected", "expectedPods"),
            ];
            for (short, long) in counts {
                out.insert(short.into(), status[long].clone());
            }
            let keys = status["disruptedPods"].as_object();
            let names: Vec<&String> = keys.iter().flat_map(|map| map.keys()).collect();
            out.insert("disrupted".into(), json!(names));
            out.insert("conds".into(), conditions(&status["conditions"], false));
        }
        Kind::VolumeAttachment => attachment(value, store, out),
        Kind::CSINode => {
            let driver =
                |driver: &Value| json!([driver["name"], driver["allocatable"]["count"].clone()]);
            out.insert("drivers".into(), list(&spec["drivers"], driver));
        }
        _ => return None,
    }
    Some(())
}

fn list(value: &Value, each: impl Fn(&Value) -> Value) -> Value {
    value.as_array().map_or(json!([]), |all| all.iter().map(each).collect())
}

/// Addresses come in the order of their IPs, which differ from run to run.
fn sorted(list: Value) -> Value {
    let Value::Array(mut all) = list else { return list };
    all.sort_by_key(Value::to_string);
    Value::Array(all)
}

/// Type to status, reason, message, without empty ones at the end.
pub fn conditions(value: &Value, messages: bool) -> Value {
    let mut out = Map::new();
    for condition in value.as_array().into_iter().flatten() {
        let mut parts = vec![condition["status"].clone()];
        let keys: &[&str] = if messages { &["reason", "message"] } else { &["reason"] };
        parts.extend(keys.iter().map(|key| condition[*key].clone()));
        while parts.last().is_some_and(|part| part.as_str().unwrap_or("").is_empty()) {
            parts.pop();
        }
        let name = condition["type"].as_str().unwrap_or("").to_string();
        out.insert(name, Value::Array(parts));
    }
    Value::Object(out)
}

/// The images of a Pod's containers.
pub fn images(spec: &Value) -> Value {
    list(&spec["containers"], |container| container["image"].clone())
}

fn subset(value: &Value) -> Value {
    let address = |address: &Value| {
        let name = address["targetRef"]["name"].as_str().unwrap_or("");
        match address["hostname"].as_str() {
            Some(host) => json!(format!("{host}@{name}")),
            None => json!(format!("@{name}")),
        }
    };
    json!({
        "ready": sorted(list(&value["addresses"], address)),
        "notReady": sorted(list(&value["notReadyAddresses"], address)),
    })
}

fn endpoint(value: &Value) -> Value {
    json!([value["targetRef"]["name"], value["hostname"], value["conditions"]])
}

fn stateful_set(value: &Value, out: &mut Map<String, Value>) {
    let (spec, status) = (&value["spec"], &value["status"]);
    let zero = |value: &Value| if value.is_null() { json!(0) } else { value.clone() };
    out.insert("gen".into(), value["metadata"]["generation"].clone());
    out.insert("observed".into(), status["observedGeneration"].clone());
    out.insert("specReplicas".into(), spec["replicas"].clone());
    let counts = [
        ("replicas", "replicas"),
        ("ready", "readyReplicas"),
        ("current", "currentReplicas"),
        ("updated", "updatedReplicas"),
        ("available", "availableReplicas"),
    ];
    for (short, long) in counts {
        out.insert(short.into(), zero(&status[long]));
    }
    out.insert("currentRevision".into(), status["currentRevision"].clone());
    out.insert("updateRevision".into(), status["updateRevision"].clone());
    out.insert("collisionCount".into(), status["collisionCount"].clone());
    out.insert("strategy".into(), spec["updateStrategy"]["type"].clone());
    out.insert("rollingUpdate".into(), spec["updateStrategy"]["rollingUpdate"].clone());
    out.insert("pmp".into(), spec["podManagementPolicy"].clone());
    out.insert("image".into(), images(&spec["template"]["spec"]));
    let policy = "persistentVolumeClaimRetentionPolicy";
    for key in [policy, "minReadySeconds", "ordinals"] {
        if !spec[key].is_null() {
            out.insert(key.into(), spec[key].clone());
        }
    }
}

fn deployment(kind: Kind, value: &Value, out: &mut Map<String, Value>) {
    let (meta, spec, status) = (&value["metadata"], &value["spec"], &value["status"]);
    out.insert("gen".into(), meta["generation"].clone());
    out.insert("observed".into(), status["observedGeneration"].clone());
    out.insert("specReplicas".into(), spec["replicas"].clone());
    out.insert("terminating".into(), status["terminatingReplicas"].clone());
    out.insert("image".into(), images(&spec["template"]["spec"]));
    let ours = |key: &str| {
        key.starts_with("deployment.kubernetes.io/") || key == "kubernetes.io/change-cause"
    };
    let annotations = meta["annotations"].as_object().into_iter().flatten();
    let kept = annotations.filter(|(key, _)| ours(key)).map(|(k, v)| (k.clone(), v.clone()));
    out.insert("ann".into(), Value::Object(kept.collect()));
    let counts: &[(&str, &str)] = if kind == Kind::ReplicaSet {
        out.insert("hash".into(), meta["labels"]["pod-template-hash"].clone());
        &[("fullyLabeled", "fullyLabeledReplicas")]
    } else {
        out.insert("strategy".into(), spec["strategy"]["type"].clone());
        out.insert("rollingUpdate".into(), spec["strategy"]["rollingUpdate"].clone());
        out.insert("paused".into(), json!(spec["paused"].as_bool().unwrap_or(false)));
        out.insert("conds".into(), conditions(&status["conditions"], true));
        &[("updated", "updatedReplicas"), ("unavailable", "unavailableReplicas")]
    };
    let common =
        [("replicas", "replicas"), ("ready", "readyReplicas"), ("available", "availableReplicas")];
    for (short, long) in common.iter().chain(counts) {
        out.insert((*short).into(), json!(status[*long].as_i64().unwrap_or(0)));
    }
}

fn pod(value: &Value, out: &mut Map<String, Value>) {
    let (spec, status, meta) = (&value["spec"], &value["status"], &value["metadata"]);
    let labels = if meta["labels"].is_null() { json!({}) } else { meta["labels"].clone() };
    out.insert("rev".into(), labels["controller-revision-hash"].clone());
    out.insert("labels".into(), labels);
    out.insert("gen".into(), meta["generation"].clone());
    out.insert("node".into(), spec["nodeName"].clone());
    out.insert("phase".into(), status["phase"].clone());
    out.insert("image".into(), images(spec));
    let conditions = conditions(&status["conditions"], true);
    let ready = conditions["Ready"][0].as_str() == Some("True");
    out.insert("ready".into(), json!(ready));
    out.insert("conds".into(), conditions);
    let container = |status: &Value| {
        let state = status["state"].as_object().and_then(|state| state.iter().next());
        let (name, reason) =
            state.map_or((Value::Null, Value::Null), |(n, s)| (json!(n), s["reason"].clone()));
        json!([name, reason, status["ready"], status["restartCount"]])
    };
    out.insert("containers".into(), list(&status["containerStatuses"], container));
    let claims = spec["volumes"].as_array().into_iter().flatten();
    let claims = claims.map(|volume| volume["persistentVolumeClaim"]["claimName"].clone());
    let claims: Vec<Value> = claims.filter(|claim| !claim.is_null()).collect();
    out.insert("claims".into(), json!(claims));
    out.insert("hasIP".into(), json!(status["podIP"].as_str().is_some_and(|ip| !ip.is_empty())));
    let rest = [
        ("nominated", &status["nominatedNodeName"]),
        ("reason", &status["reason"]),
        ("message", &status["message"]),
        ("index", &meta["annotations"]["batch.kubernetes.io/job-completion-index"]),
        ("pinned", pinned(spec)),
    ];
    for (key, from) in rest {
        if from.as_str().is_some_and(|text| !text.is_empty()) {
            out.insert(key.into(), from.clone());
        }
    }
}

fn pinned(spec: &Value) -> &Value {
    let required =
        &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    &required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]
}

fn claim(value: &Value, out: &mut Map<String, Value>) {
    let (spec, status) = (&value["spec"], &value["status"]);
    out.insert("phase".into(), status["phase"].clone());
    let bound = spec["volumeName"].as_str().is_some_and(|name| !name.is_empty());
    out.insert("volume".into(), json!(bound));
    out.insert("sc".into(), spec["storageClassName"].clone());
    out.insert("request".into(), spec["resources"]["requests"]["storage"].clone());
    out.insert("capacity".into(), status["capacity"]["storage"].clone());
    if !value["metadata"]["labels"].is_null() {
        out.insert("labels".into(), labels(value));
    }
    let annotations = &value["metadata"]["annotations"];
    let kept = annotations.as_object().into_iter().flatten();
    let kept = kept.filter(|(key, _)| !key.contains("last-applied-configuration"));
    let kept: Map<String, Value> = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
    out.insert("ann".into(), Value::Object(kept));
}

fn labels(value: &Value) -> Value {
    let labels = &value["metadata"]["labels"];
    if labels.is_null() { json!({}) } else { labels.clone() }
}

fn volume(value: &Value, out: &mut Map<String, Value>) {
    let spec = &value["spec"];
    out.insert("phase".into(), value["status"]["phase"].clone());
    let claim = &spec["claimRef"];
    if let (Some(namespace), Some(name)) = (claim["namespace"].as_str(), claim["name"].as_str()) {
        out.insert("claim".into(), json!(format!("{namespace}/{name}")));
    } else {
        out.insert("claim".into(), Value::Null);
    }
    let uid = claim["uid"].as_str().map(|uid| json!(&uid[..8]));
    out.insert("claimUid".into(), uid.unwrap_or(Value::Null));
    out.insert("policy".into(), spec["persistentVolumeReclaimPolicy"].clone());
    out.insert("capacity".into(), spec["capacity"]["storage"].clone());
    out.insert("sc".into(), spec["storageClassName"].clone());
    for (key, from) in [("driver", &spec["csi"]["driver"]), ("nodeAffinity", &spec["nodeAffinity"])]
    {
        if !from.is_null() {
            out.insert(key.into(), from.clone());
        }
    }
}

/// `namespace/claim` of the volume that a driver's handle or a unique name means.
fn claim_of(store: &Store, name: &str) -> String {
    let handle = name.rsplit('^').next().unwrap_or(name);
    let key = playground::api::kinds::Key::global(handle);
    let volume = store.get::<playground::api::core::volume::PersistentVolume>(&key);
    let claim = volume.and_then(|volume| volume.spec.claim_ref.clone());
    claim.map_or(handle.to_string(), |claim| format!("{}/{}", claim.namespace, claim.name))
}

fn node(value: &Value, store: &Store, out: &mut Map<String, Value>) {
    let (spec, status) = (&value["spec"], &value["status"]);
    out.insert("conds".into(), conditions(&status["conditions"], true));
    let taint = |taint: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("").to_string();
        let value = match text(&taint["value"]) {
            value if value.is_empty() => value,
            value => format!("={value}"),
        };
        json!(format!("{}{value}:{}", text(&taint["key"]), text(&taint["effect"])))
    };
    out.insert("taints".into(), list(&spec["taints"], taint));
    let cordoned = spec["unschedulable"].as_bool().unwrap_or(false);
    out.insert("unschedulable".into(), json!(cordoned));
    let names = |all: &Value, of: fn(&Value) -> &Value| {
        let all = all.as_array().into_iter().flatten();
        let mut names: Vec<String> =
            all.map(|one| claim_of(store, of(one).as_str().unwrap_or(""))).collect();
        names.sort();
        names
    };
    out.insert("volumesInUse".into(), json!(names(&status["volumesInUse"], |one| one)));
    out.insert("volumesAttached".into(), json!(names(&status["volumesAttached"], |o| &o["name"])));
}

fn attachment(value: &Value, store: &Store, out: &mut Map<String, Value>) {
    let (spec, status) = (&value["spec"], &value["status"]);
    out.insert("attacher".into(), spec["attacher"].clone());
    out.insert("node".into(), spec["nodeName"].clone());
    let volume = spec["source"]["persistentVolumeName"].as_str().unwrap_or("");
    out.insert("pv".into(), json!(claim_of(store, volume)));
    out.insert("attached".into(), status["attached"].clone());
    let annotations = &value["metadata"]["annotations"];
    out.insert("ann".into(), if annotations.is_null() { json!({}) } else { annotations.clone() });
    for (key, error) in [("attachError", "attachError"), ("detachError", "detachError")] {
        if !status[error]["message"].is_null() {
            out.insert(key.into(), status[error]["message"].clone());
        }
    }
}
