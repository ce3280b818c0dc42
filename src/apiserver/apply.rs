//! `kubectl apply` of a text: its objects are created, changed or left as they are, by what
//! was applied last, what is to be, and what is there.
//!
//! A text with an object that cannot be read is not applied at all. If the server refuses
//! an object, the others are applied all the same, as kubectl does; the report says which.
//!
//! Not here: server-side apply (`managed::apply`), pruning.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/apply/{apply,patcher}.go

use super::managed::CLIENT_SIDE;
use super::patch::strategic::three_way;
use super::status::{Cause, Status};
use super::{Answer, ApiServer, strategy};
use crate::api::apps::go_json;
use crate::api::core::service::Service;
use crate::api::json::Reader;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::manifest::yaml::Place;
use crate::api::manifest::{self, Manifest, Manifests, Notice, Problem};
use crate::base::time::SimTime;
use serde_json::{Map, Value};

/// The annotation that remembers what was applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What came of a text of manifests.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// What came of each object, in the order of the text; empty if nothing was applied.
    pub outcomes: Vec<Outcome>,
    /// What kept the text from being applied, and what the server refused, with places.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notices: Vec<Notice>,
    /// What the server warns of.
    pub warnings: Vec<String>,
    /// What kubectl prints if nothing was applied, with `{}` for the file's name.
    said: Vec<String>,
}

/// What came of one object.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The object.
    pub reference: ObjectRef,
    /// The number of its document, from 0.
    pub document: usize,
    /// Where it begins.
    pub place: Place,
    /// Whether there was no such object before.
    pub is_new: bool,
    /// What came of it.
    pub result: Applied,
}

/// What came of applying an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It is new.
    Created,
    /// It was changed.
    Configured,
    /// It was as it should be.
    Unchanged,
    /// The server refused it.
    Refused(Status),
}

impl ApplyReport {
    /// Whether everything was applied.
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    /// What kubectl prints of a text it reads from its input, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.lines_of("STDIN")
    }

    /// What kubectl prints of the file `source`, line by line.
    pub fn lines_of(&self, source: &str) -> Vec<String> {
        let warnings = self.warnings.iter().map(|warning| format!("Warning: {warning}"));
        let mut lines: Vec<String> = warnings.collect();
        let mut refusals = Vec::new();
        for outcome in &self.outcomes {
            let word = match &outcome.result {
                Applied::Created => "created",
                Applied::Configured => "configured",
                Applied::Unchanged => "unchanged",
                Applied::Refused(status) => {
                    refusals.push(outcome.refusal(status, source));
                    continue;
                }
            };
            let ObjectRef { kind, key } = &outcome.reference;
            lines.push(format!("{}/{} {word}", kind.info().qualified(), key.name));
        }
        let said = self.said.iter().map(|line| line.replace("{}", source));
        lines.extend(refusals.iter().flat_map(|text| text.lines()).map(str::to_string));
        lines.extend(said);
        lines
    }
}

impl Outcome {
    /// A refusal as kubectl prints it: what breaks rules stands alone, all else says what
    /// was tried.
    fn refusal(&self, status: &Status, source: &str) -> String {
        if status.reason == "Invalid" {
            return status.to_string();
        }
        let tried = if self.is_new { "creating" } else { "patching" };
        let message = format!("error when {tried} {source:?}: {}", status.message);
        Status { message, ..status.clone() }.to_string()
    }
}

/// Applies a text of manifests.
pub fn apply_text(server: &mut ApiServer, now: SimTime, text: &str) -> ApplyReport {
    apply_text_in(server, now, text, "default")
}

/// The same; objects that name no namespace go to `namespace`.
pub fn apply_text_in(
    server: &mut ApiServer,
    now: SimTime,
    text: &str,
    namespace: &str,
) -> ApplyReport {
    let read = manifest::read_in(text, namespace);
    let Manifests { objects, mut problems, mut notices, mut said, .. } = read;
    for problem in objects.iter().filter_map(nameless) {
        said.push(format!("error: {}", problem.message));
        problems.push(problem);
    }
    if !problems.is_empty() {
        return ApplyReport { problems, notices, said, ..ApplyReport::default() };
    }
    let mut report = ApplyReport::default();
    for manifest in &objects {
        let key = key_of(manifest);
        let is_new = server.store.object(manifest.kind, &key).is_none();
        let warnings = &mut report.warnings;
        let apply = |server: &mut ApiServer| apply_one(server, now, manifest, warnings);
        let result = match server.acting_as(CLIENT_SIDE, apply) {
            Ok(applied) => applied,
            Err(status) => {
                refused(manifest, &status, &mut report.problems);
                Applied::Refused(status)
            }
        };
        let reference = ObjectRef::new(manifest.kind, key);
        let (document, place) = (manifest.document, manifest.at("kind"));
        report.outcomes.push(Outcome { reference, document, place, is_new, result });
    }
    notices.extend(objects.iter().filter_map(|manifest| missing_service(server, manifest)));
    report.notices = notices;
    report
}

fn key_of(manifest: &Manifest) -> Key {
    let namespace = manifest.tree["metadata"]["namespace"].as_str().unwrap_or("");
    Key::new(namespace, manifest.name())
}

/// Apply needs names: it must find the object again.
fn nameless(manifest: &Manifest) -> Option<Problem> {
    let meta = &manifest.tree["metadata"];
    if !manifest.name().is_empty() {
        return None;
    }
    let message = match meta["generateName"].as_str().filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("from {prefix}: cannot use generate name with apply"),
        None => "resource name may not be empty".to_string(),
    };
    Some(Problem {
        document: manifest.document,
        place: manifest.at("metadata"),
        path: "metadata.name".into(),
        message,
        hint: "give the object a name under metadata".into(),
    })
}

/// What applying one object comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// It is new: this tree is to be created.
    Create(Value),
    /// It is there: this tree is to take its place.
    Update(Value),
    /// It is as it should be.
    Same,
}

/// Finds out what applying `manifest` comes to, and what the server warns of.
pub fn plan(server: &ApiServer, manifest: &Manifest, warnings: &mut Vec<String>) -> Plan {
    let kind = manifest.kind;
    let modified = remembered(&manifest.tree);
    let Some(old) = server.store.object(kind, &key_of(manifest)) else {
        let object = Object::read(kind, &modified, &mut Reader::default());
        warnings.extend(strategy::warnings(&object));
        return Plan::Create(modified);
    };
    let current = old.to_value();
    let last = old.meta().annotations.get(LAST_APPLIED);
    if last.is_none() {
        warnings.push(format!(
            "resource {}/{} is missing the {LAST_APPLIED} annotation which is required by \
             kubectl apply. kubectl apply should only be used on resources created declaratively \
             by either kubectl create --save-config or kubectl apply. The missing annotation \
             will be patched automatically.",
            kind.info().plural,
            old.meta().name
        ));
    }
    let original = last.and_then(|last| serde_json::from_str(last).ok()).unwrap_or(Value::Null);
    let merged = three_way(&original, &modified, &current, Some(kind.info().schema()));
    if merged == current {
        return Plan::Same;
    }
    let object = Object::read(kind, &merged, &mut Reader::default());
    warnings.extend(strategy::warnings(&object));
    Plan::Update(merged)
}

fn apply_one(
    server: &mut ApiServer,
    now: SimTime,
    manifest: &Manifest,
    warnings: &mut Vec<String>,
) -> Answer<Applied> {
    let read = |tree| Object::read(manifest.kind, tree, &mut Reader::default());
    match plan(server, manifest, warnings) {
        Plan::Create(tree) => server.create(now, read(&tree)).map(|_| Applied::Created),
        Plan::Update(tree) => server.update(now, read(&tree)).map(|_| Applied::Configured),
        Plan::Same => Ok(Applied::Unchanged),
    }
}

/// The tree with a memory of itself.
pub fn remembered(tree: &Value) -> Value {
    let mut tree = tree.clone();
    let Some(meta) = tree.get_mut("metadata").and_then(Value::as_object_mut) else {
        return tree;
    };
    let annotations = meta.entry("annotations").or_insert(Value::Null);
    if !annotations.is_object() {
        *annotations = Value::Object(Map::new());
    }
    if let Value::Object(annotations) = annotations {
        annotations.remove(LAST_APPLIED);
    }
    let memory = go_json(&tree) + "\n";
    tree["metadata"]["annotations"][LAST_APPLIED] = Value::String(memory);
    tree
}

/// Says where in the text the server's refusal points.
fn refused(manifest: &Manifest, status: &Status, problems: &mut Vec<Problem>) {
    let mut say = |path: &str, message: String, hint: &str| {
        problems.push(Problem {
            document: manifest.document,
            place: manifest.at(if path.is_empty() { "kind" } else { path }),
            path: path.to_string(),
            message,
            hint: hint.to_string(),
        });
    };
    if status.causes.is_empty() || status.reason != "Invalid" {
        say("", status.message.clone(), "");
        return;
    }
    for cause in &status.causes {
        // Labels and annotations of templates are named without their metadata.
        let path = cause
            .field
            .replace("template.labels", "template.metadata.labels")
            .replace("template.annotations", "template.metadata.annotations");
        say(&path, cause.to_string(), hint(cause));
    }
}

/// How to mend the usual slips.
fn hint(cause: &Cause) -> &'static str {
    let has = |part: &str| cause.message.contains(part);
    match &*cause.field {
        "spec.selector" if cause.reason == "FieldValueRequired" => {
            "say which Pods are the set's: spec.selector.matchLabels with the labels of \
             spec.template.metadata"
        }
        _ if has("“") => "the quotes are typographic ones: use plain quotes",
        _ if has("`selector` does not match template `labels`") => {
            "spec.selector and spec.template.metadata.labels must agree"
        }
        _ if cause.reason == "FieldValueNotFound" && cause.field.contains("volumeMounts") => {
            "name a volume of the Pod or one of spec.volumeClaimTemplates"
        }
        "spec" if has("updates to statefulset spec") => {
            "for anything else delete the set, its Pods may stay (--cascade=orphan), and apply \
             it again"
        }
        "spec" if has("spec is immutable after creation") => {
            "delete the claim and make it anew; a bound claim can only be made larger"
        }
        _ => "",
    }
}

/// A set without its headless Service works, but its Pods have no names in DNS.
fn missing_service(server: &ApiServer, manifest: &Manifest) -> Option<Notice> {
    if manifest.kind != Kind::StatefulSet {
        return None;
    }
    let path = "spec.serviceName";
    let name = manifest.tree["spec"]["serviceName"].as_str().unwrap_or("");
    let key = Key::new(key_of(manifest).namespace, name);
    let message = match server.store.get::<Service>(&key) {
        _ if name.is_empty() => {
            "without spec.serviceName the Pods get no DNS names of their own".to_string()
        }
        None => format!("there is no Service {name}: the Pods get no DNS names until it exists"),
        Some(service) if !service.is_headless() => {
            format!("the Service {name} is not headless (clusterIP: None)")
        }
        Some(_) => return None,
    };
    let (document, place) = (manifest.document, manifest.at(path));
    Some(Notice { document, place, path: path.to_string(), message })
}
