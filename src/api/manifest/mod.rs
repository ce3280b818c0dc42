//! From a text to objects: YAML or JSON, several documents, lists, older API versions. What
//! is wrong is said with its line, in Kubernetes' words where it has them, and with a hint.
//!
//! Not here: rules of the API server (its refusals find their lines through `Manifest::at`).
//!
//! Upstream: staging/src/k8s.io/cli-runtime/pkg/resource/builder.go,
//! staging/src/k8s.io/apimachinery/pkg/util/yaml/decoder.go

pub mod hints;
mod locate;
mod notices;
mod versions;
pub mod yaml;

use crate::api::json::{Problem as Fault, Reader, decode_message};
use crate::api::kinds::{Kind, Object};
use crate::base::sorted;
use serde_json::{Map, Value};
use yaml::{Node, Place, Yaml};

/// Something that keeps a text from being applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The number of the document, from 0.
    pub document: usize,
    /// Where; line 0 if unknown.
    pub place: Place,
    /// The field, such as `spec.replicas`; empty if it is not about one.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it; may be empty.
    pub hint: String,
}

/// Something worth knowing about a text that can be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The number of the document, from 0.
    pub document: usize,
    /// Where; line 0 if unknown.
    pub place: Place,
    /// The field it is about; empty if it is not about one.
    pub path: String,
    /// What is worth knowing.
    pub message: String,
}

/// One object of a text.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The number of its document, from 0.
    pub document: usize,
    /// Its kind.
    pub kind: Kind,
    /// What it says, in today's version, with its namespace.
    pub tree: Value,
    /// What was said of fields that nobody knows and that were dropped.
    pub unknown: Vec<String>,
    /// What it says as it is written.
    pub node: Node,
}

/// All objects of a text, and what is to be said about it.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The objects, in the order of the text; those with problems are missing.
    pub objects: Vec<Manifest>,
    /// What keeps the text from being applied.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notices: Vec<Notice>,
    /// What kubectl prints instead of applying the text, with `{}` for the file's name.
    pub said: Vec<String>,
    /// Where objects go that name no namespace.
    namespace: String,
    /// Fields that nobody knows are dropped.
    loose: bool,
}

impl Manifest {
    /// Where the field `path` stands, or the nearest field around it that does.
    pub fn at(&self, path: &str) -> Place {
        locate::find(&self.node, path)
    }

    /// Its name; empty if it has none.
    pub fn name(&self) -> &str {
        self.tree["metadata"]["name"].as_str().unwrap_or("")
    }

    /// As an object; what it does not say is left at its default.
    pub fn object(&self) -> Object {
        Object::read(self.kind, &self.tree, &mut Reader::default())
    }
}

/// Reads a text. Never fails: what is wrong is in `problems`.
pub fn read(text: &str) -> Manifests {
    read_in(text, "default")
}

/// The same; objects that name no namespace go to `namespace`.
pub fn read_in(text: &str, namespace: &str) -> Manifests {
    read_as(text, namespace, false)
}

/// The same; if `loose`, fields that nobody knows are dropped, not problems.
pub fn read_as(text: &str, namespace: &str, loose: bool) -> Manifests {
    let mut out = Manifests { namespace: namespace.to_string(), loose, ..Manifests::default() };
    let documents = yaml::read(text);
    for (document, read) in documents.into_iter().enumerate() {
        if let (Some(place), Ok(_)) = (read.copied, &read.root) {
            let message = "anchors and merge keys are expanded here, as Kubernetes expands them: \
                           what is stored has a copy in each place"
                .to_string();
            out.notices.push(Notice { document, place, path: String::new(), message });
        }
        match read.root {
            Ok(node) => out.document(document, node),
            Err(fault) => {
                let message = format!("yaml: line {}: {}", fault.place.line, fault.message);
                let hint = hints::syntax(text, &fault);
                out.said.push(format!(
                    "error: error parsing {{}}: error converting YAML to JSON: {message}"
                ));
                let path = String::new();
                let place = fault.place;
                out.problems.push(Problem { document, place, path, message, hint });
            }
        }
    }
    if out.objects.is_empty() && out.problems.is_empty() {
        let message = "no objects passed to apply".to_string();
        out.said.push(format!("error: {message}"));
        let hint = "the text holds no object: an object has apiVersion, kind and metadata";
        out.problems.push(Problem {
            document: 0,
            place: Place { line: 1, column: 1 },
            path: String::new(),
            message,
            hint: hint.to_string(),
        });
    }
    out
}

impl Manifests {
    fn problem(&mut self, document: usize, place: Place, path: &str, message: String, hint: &str) {
        let (path, hint) = (path.to_string(), hint.to_string());
        self.problems.push(Problem { document, place, path, message, hint });
    }

    fn document(&mut self, document: usize, node: Node) {
        if node.is_null() {
            return;
        }
        let Yaml::Map(_) = node.value else {
            let what = match &node.value {
                Yaml::List(_) => "array",
                Yaml::Scalar(Value::String(_), _) => "string",
                Yaml::Scalar(Value::Bool(_), _) => "bool",
                _ => "number",
            };
            let message = format!(
                "json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
            );
            let hint = hints::not_a_map(&node);
            self.said.push(format!("error: unable to decode \"{{}}\": {message}"));
            self.problem(document, node.place, "", message, hint);
            return;
        };
        let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or("").to_string();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if kind == "List" || kind.ends_with("List") && node.get("items").is_some() {
            let items = match node.get("items").map(|items| &items.value) {
                Some(Yaml::List(items)) => items.clone(),
                _ => Vec::new(),
            };
            items.into_iter().for_each(|item| self.document(document, item));
            return;
        }
        let unset = [("apiVersion", &version), ("kind", &kind)];
        let unset: Vec<String> = unset
            .into_iter()
            .filter(|(_, value)| value.is_empty())
            .map(|(key, _)| format!("{key} not set"))
            .collect();
        if !unset.is_empty() {
            let list = match &unset[..] {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            let message = format!("error validating data: {list}");
            self.said.push(format!(
                "error: error validating \"{{}}\": {message}; if you choose to ignore these \
                 errors, turn validation off with --validate=false"
            ));
            let hint = "every object begins with apiVersion and kind, such as apps/v1 and \
                        StatefulSet";
            self.problem(document, node.place, "", message, hint);
            return;
        }
        self.object(document, node, &version, &kind);
    }

    /// What kubectl prints of a document that cannot be read: the metadata it reads itself,
    /// the rest is the server's.
    fn say_faults(&mut self, kind: Kind, faults: &[Fault]) {
        let info = kind.info();
        let own = |fault: &&Fault| {
            matches!(fault, Fault::Type { .. }) && fault.path().starts_with("metadata")
        };
        if let Some(fault) = faults.iter().find(own) {
            self.said.push(format!("error: unable to decode \"{{}}\": {}", fault.message()));
        } else if let Some(message) = decode_message(info.name, info.version, faults) {
            self.said.push(format!(
                "Error from server (BadRequest): error when creating \"{{}}\": {message}"
            ));
        }
    }

    fn object(&mut self, document: usize, node: Node, version: &str, name: &str) {
        let Some(known) = versions::find(version, name) else {
            let message = format!("no matches for kind {name:?} in version {version:?}");
            let hint = hints::unknown_kind(version, name);
            let meta = |key: &str| node.get("metadata").and_then(|meta| meta.get(key)?.as_str());
            self.said.push(format!(
                "error: resource mapping not found for name: {:?} namespace: {:?} from \"{{}}\": \
                 {message}",
                meta("name").unwrap_or(""),
                meta("namespace").unwrap_or("")
            ));
            self.said.push("ensure CRDs are installed first".to_string());
            let place = node.get("kind").map_or(node.place, |kind| kind.place);
            self.problem(document, place, "kind", message, &hint);
            return;
        };
        let kind = known.kind;
        let mut tree = node.to_json();
        let before = self.problems.len();
        let mut reader = Reader::default();
        Object::read(kind, &tree, &mut reader);
        let mut faults = reader.problems;
        let mut unknown = Vec::new();
        if self.loose && faults.iter().all(|fault| matches!(fault, Fault::Unknown(_))) {
            for fault in std::mem::take(&mut faults) {
                drop_field(&mut tree, fault.path());
                unknown.push(fault.message());
            }
        }
        self.say_faults(kind, &faults);
        sorted::sort_by_key(&mut faults, |fault| locate::find(&node, fault.path()));
        for fault in &faults {
            let place = match fault {
                Fault::Unknown(path) => locate::key(&node, path),
                other => locate::find(&node, other.path()),
            };
            let hint = hints::fault(kind, &node, fault);
            let path = fault.path().to_string();
            let message = fault.message();
            self.problems.push(Problem { document, place, path, message, hint });
        }
        if self.problems.len() > before {
            return;
        }
        let mut say = notices::Notices { document, node: &node, list: &mut self.notices };
        versions::modernize(&mut tree, &known, &mut say);
        notices::annotations(&mut tree, kind, &mut say);
        notices::values(&tree, kind, &mut say);
        notices::kept(kind, &mut say);
        if let Value::Object(map) = &mut tree {
            let info = kind.info();
            map.insert("apiVersion".into(), Value::String(info.api_version()));
            place_in_namespace(map, info.namespaced, &self.namespace);
        }
        self.objects.push(Manifest { document, kind, tree, unknown, node });
    }
}

/// Takes the field at a path such as `spec.containers[0].imag` out of a tree.
fn drop_field(mut tree: &mut Value, path: &str) {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    for part in parent.split('.').filter(|part| !part.is_empty()) {
        let (key, places) = part.split_once('[').unwrap_or((part, ""));
        let Some(inner) = tree.get_mut(key) else { return };
        tree = inner;
        for place in places.split('[').filter(|place| !place.is_empty()) {
            let place = place.trim_end_matches(']').parse::<usize>().ok();
            let Some(inner) = place.and_then(|place| tree.get_mut(place)) else { return };
            tree = inner;
        }
    }
    if let Value::Object(map) = tree {
        map.remove(last);
    }
}

/// Objects that name no namespace go to `namespace`; those of the whole cluster to none.
fn place_in_namespace(map: &mut Map<String, Value>, namespaced: bool, namespace: &str) {
    let meta = map.entry("metadata").or_insert(Value::Object(Map::new()));
    let Value::Object(meta) = meta else {
        return;
    };
    let given = meta.get("namespace").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if !namespaced {
        meta.remove("namespace");
    } else if !given {
        meta.insert("namespace".into(), Value::String(namespace.into()));
    }
}

#[cfg(test)]
mod tests;
