//! What a person would have to write today for what a document means: the version of today, the
//! lines an older version let out, a selector that was forgotten.
//!
//! Not here: documents that are not written in lines of their own (JSON, braces, aliases), which
//! are left alone; applying older versions, which are read as they are (`api::manifest`); lost
//! indentation.

use crate::api::kinds::Kind;
use crate::api::manifest::yaml::{Entry, Node, Place, Yaml};
use crate::api::manifest::{self, Manifest};
use serde_json::{Map, Value, json};

/// At a place of the text: this becomes that.
struct Edit(Place, String, String);

/// Whether the text of `object`, which is not in today's words, can be rewritten: what it would
/// be added to is written in lines of its own.
pub fn can_mend(object: &Manifest) -> bool {
    let in_lines = |node: &Node| match &node.value {
        Yaml::Map(entries) => entries.first().is_some_and(|first| first.place == node.place),
        _ => true,
    };
    let inner = |node: &Node, keys: &[&str]| {
        in_lines(node) && keys.iter().filter_map(|key| node.get(key)).all(in_lines)
    };
    let old = ["updateStrategy", "strategy"];
    let spec = object.node.get("spec");
    let chooses = spec.and_then(|spec| spec.get("selector"));
    let nothing =
        chooses.is_some_and(|node| matches!(&node.value, Yaml::Map(all) if all.is_empty()));
    !nothing && inner(&object.node, &["metadata"]) && spec.is_none_or(|spec| inner(spec, &old))
}

/// `text` with its document `document` in today's words; `None` if nothing is to be rewritten.
pub fn mended(text: &str, document: usize) -> Option<String> {
    let mut all = Vec::new();
    for object in manifest::read(text).objects.iter().filter(|one| one.document == document) {
        all.extend(edits(object)?);
    }
    all.sort_by_key(|Edit(place, ..)| std::cmp::Reverse(*place));
    let mut lines: Vec<String> = text.split('\n').map(String::from).collect();
    for Edit(place, old, new) in &all {
        let line = lines.get_mut((place.line as usize).checked_sub(1)?)?;
        let (before, after) = line.split_at_checked((place.column as usize).checked_sub(1)?)?;
        *line = [before, &after.replacen(&**old, new, 1)].concat();
    }
    (!all.is_empty()).then(|| lines.join("\n"))
}

fn edits(object: &Manifest) -> Option<Vec<Edit>> {
    let mut tree = object.tree.clone();
    let labels = tree["spec"]["template"]["metadata"]["labels"].clone();
    let selects = [Kind::StatefulSet, Kind::Deployment, Kind::ReplicaSet, Kind::DaemonSet];
    if selects.contains(&object.kind) && tree["spec"]["selector"].is_null() && labels.is_object() {
        tree["spec"]["selector"] = json!({"matchLabels": labels});
    }
    let (key, place) = (String::new(), Place::default());
    let mut edits = Vec::new();
    grow(&Entry { key, place, value: object.node.clone() }, tree.as_object()?, &mut edits)?;
    Some(edits)
}

/// What `tree` has and the text of `entry` has not.
fn grow(entry: &Entry, tree: &Map<String, Value>, edits: &mut Vec<Edit>) -> Option<()> {
    let Yaml::Map(entries) = &entry.value.value else { return None };
    for (key, value) in tree {
        // Objects are put into a namespace when they are read; the text need not say so.
        let said = entries.iter().find(|one| one.key == *key);
        match (value, said.map(|said| (said, &said.value.value))) {
            (Value::Object(inner), Some((said, Yaml::Map(_)))) => grow(said, inner, edits)?,
            (Value::String(new), Some((said, Yaml::Scalar(Value::String(old), _))))
                if new != old =>
            {
                edits.push(Edit(said.value.place, old.clone(), new.clone()));
            }
            (_, None) if key != "namespace" => {
                let first = entries.first()?.place;
                let indent = " ".repeat((first.column as usize).checked_sub(1)?);
                if first.line <= entry.place.line || first != entry.value.place {
                    return None;
                }
                let lines = crate::kubectl::yaml::of(&json!({key: value}));
                let lines = lines.replace('\n', &["\n", &indent].concat());
                edits.push(Edit(first, String::new(), lines));
            }
            (_, Some((said, Yaml::Scalar(Value::Null, raw)))) if !value.is_null() => {
                edits.push(match &**raw {
                    "" => Edit(said.place, format!("{key}:"), format!("{key}: {value}")),
                    null => Edit(said.value.place, null.into(), value.to_string()),
                });
            }
            _ => {}
        }
    }
    Some(())
}
