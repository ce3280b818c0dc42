//! What is worth knowing about a manifest that can be applied: annotations from the time
//! before their fields, and fields, or values of them, that are taken without effect.
//!
//! Upstream: the release notes and the deprecation guide of Kubernetes' documentation

use super::Notice;
use super::locate;
use super::yaml::{Node, Place, Yaml};
use crate::api::json::{Schema, Shape, Support};
use crate::api::kinds::Kind;
use crate::base::cron;
use crate::base::sorted::SortedSet;
use serde_json::Value;

/// Where notices of one document go.
pub(super) struct Notices<'n> {
    /// The number of the document.
    pub document: usize,
    /// The document.
    pub node: &'n Node,
    /// All notices.
    pub list: &'n mut Vec<Notice>,
}

impl Notices<'_> {
    /// Says something about the field at `path`.
    pub fn at(&mut self, path: &str, message: String) {
        let place = locate::key(self.node, path);
        self.push(place, path.to_string(), message);
    }

    fn push(&mut self, place: Place, path: String, message: String) {
        self.list.push(Notice { document: self.document, place, path, message });
    }
}

const ALPHA_CLASS: &str = "volume.alpha.kubernetes.io/storage-class";
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// Annotations that once did something, and what became of them.
const OLD: &[(&str, &str)] = &[
    (
        ALPHA_CLASS,
        "any value meant the default class of its time; today a claim without storageClassName \
         gets the default class, and so does this one",
    ),
    (
        BETA_CLASS,
        "named the class before Kubernetes 1.6; today spec.storageClassName does, and it is \
         taken from here",
    ),
    (
        "pod.alpha.kubernetes.io/initialized",
        "in Kubernetes 1.4 and 1.5 a set waited while this was \"false\"; it has no effect since",
    ),
    (
        "pod.alpha.kubernetes.io/init-containers",
        "held init containers before Kubernetes 1.6; today spec.initContainers does, and this \
         has no effect",
    ),
    (
        "pod.beta.kubernetes.io/init-containers",
        "held init containers before Kubernetes 1.6; today spec.initContainers does, and this \
         has no effect",
    ),
    (
        "pod.beta.kubernetes.io/hostname",
        "named the host before Kubernetes 1.3; today spec.hostname does, and this has no effect",
    ),
    (
        "pod.beta.kubernetes.io/subdomain",
        "named the subdomain before Kubernetes 1.3; today spec.subdomain does, and this has no \
         effect",
    ),
    (
        "scheduler.alpha.kubernetes.io/affinity",
        "held affinity before Kubernetes 1.6; today spec.affinity does, and this has no effect: \
         the rules in it do not hold",
    ),
    (
        "scheduler.alpha.kubernetes.io/tolerations",
        "held tolerations before Kubernetes 1.6; today spec.tolerations does, and this has no \
         effect",
    ),
    (
        "scheduler.alpha.kubernetes.io/taints",
        "held taints before Kubernetes 1.6; today spec.taints does, and this has no effect",
    ),
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "marked what must run before Kubernetes 1.16; today spec.priorityClassName does, and \
         this has no effect",
    ),
    (
        "service.alpha.kubernetes.io/tolerate-unready-endpoints",
        "published Pods that are not ready; today spec.publishNotReadyAddresses does, and this \
         has no effect",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "set kernel parameters before Kubernetes 1.11; it has no effect today",
    ),
];

/// Says what became of old annotations, and does what they asked for where it still can.
pub(super) fn annotations(tree: &mut Value, kind: Kind, say: &mut Notices) {
    let mut found = Vec::new();
    metas(say.node, "", &mut found);
    for (path, key) in found {
        if let Some((_, text)) = OLD.iter().find(|(old, _)| *old == key) {
            let place = locate::key(say.node, &path);
            say.push(place, path, format!("{key}: {text}"));
        }
    }
    let claims: Vec<&mut Value> = match kind {
        Kind::PersistentVolumeClaim => vec![tree],
        Kind::StatefulSet => {
            let list = tree.get_mut("spec").and_then(|spec| spec.get_mut("volumeClaimTemplates"));
            list.and_then(Value::as_array_mut).into_iter().flatten().collect()
        }
        _ => Vec::new(),
    };
    for claim in claims {
        let class = claim["metadata"]["annotations"][BETA_CLASS].clone();
        if let (Value::String(_), Some(Value::Object(spec))) = (&class, claim.get_mut("spec")) {
            spec.entry("storageClassName").or_insert(class);
        }
    }
}

/// The annotations of the object and of the templates in it: their paths and keys.
fn metas(node: &Node, path: &str, out: &mut Vec<(String, String)>) {
    match &node.value {
        Yaml::Map(entries) => {
            for entry in entries {
                let dot = if path.is_empty() { "" } else { "." };
                let at = format!("{path}{dot}{}", entry.key);
                match &entry.value.value {
                    Yaml::Map(inside) if entry.key == "annotations" => {
                        let keys =
                            inside.iter().map(|e| (format!("{at}.{}", e.key), e.key.clone()));
                        out.extend(keys);
                    }
                    _ => metas(&entry.value, &at, out),
                }
            }
        }
        Yaml::List(items) => {
            for (index, item) in items.iter().enumerate() {
                metas(item, &format!("{path}[{index}]"), out);
            }
        }
        Yaml::Scalar(..) => {}
    }
}

/// Says what has an effect in this kind, but not with every value.
pub(super) fn values(tree: &Value, kind: Kind, say: &mut Notices) {
    let zone = tree["spec"]["timeZone"].as_str().filter(|_| kind == Kind::CronJob);
    if let Some(zone) = zone.filter(|zone| cron::zone(zone).is_none()) {
        let message = format!("the zone {zone} is not known here: times count in UTC");
        say.at("spec.timeZone", message);
    }
}

/// Lists each field that is accepted without effect, once.
pub(super) fn kept(kind: Kind, say: &mut Notices) {
    let mut seen = SortedSet::new();
    let mut found = Vec::new();
    kept_in(say.node, kind.info().schema(), "", &mut seen, &mut found);
    for (place, path, message) in found {
        say.push(place, path, message);
    }
}

fn kept_in(
    node: &Node,
    schema: &'static Schema,
    path: &str,
    seen: &mut SortedSet<(&'static str, String)>,
    out: &mut Vec<(Place, String, String)>,
) {
    let Yaml::Map(entries) = &node.value else {
        return;
    };
    for entry in entries {
        let Some(field) = schema.field(&entry.key) else {
            continue;
        };
        let dot = if path.is_empty() { "" } else { "." };
        let at = format!("{path}{dot}{}", entry.key);
        let own = matches!(&*entry.key, "apiVersion" | "kind");
        if field.support == Support::Kept && !own {
            if !entry.value.is_null() && seen.insert((schema.name, entry.key.clone())) {
                let message = format!("{} is accepted and has no effect here", entry.key);
                out.push((entry.place, at, message));
            }
            continue;
        }
        match (field.shape, &entry.value.value) {
            (Shape::Object(inner), _) => kept_in(&entry.value, inner, &at, seen, out),
            (Shape::List(Shape::Object(inner)), Yaml::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    kept_in(item, inner, &format!("{at}[{index}]"), seen, out);
                }
            }
            _ => {}
        }
    }
}
