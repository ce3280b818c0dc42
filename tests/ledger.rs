//! The field ledger: the table in `tests/golden/fields.md` is that of the types (`UPDATE=1` writes
//! it anew), and a field that is kept without effect is told of, printed back, and part of a
//! template's hash.

use playground::api::apps::stateful_set::StatefulSet;
use playground::api::apps::{revision_data, revision_hash};
use playground::api::json::{Reader, Schema, Shape, Support};
use playground::api::kinds::{Kind, Object};
use playground::api::ledger::{Entry, ledger, standing, types};
use playground::api::manifest;
use serde_json::{Value, json};

/// The fields of a type with this standing, as the table lists them.
fn cell(schema: &Schema, support: Support) -> String {
    let fields = schema.fields.iter().filter(|field| field.support == support);
    let names: Vec<String> = fields.map(|field| format!("`{}`", field.key)).collect();
    if names.is_empty() { "–".to_string() } else { names.join(" ") }
}

fn table() -> String {
    let mut out = String::from(
        "# Fields\n\nWritten by `UPDATE=1 cargo test --test ledger`. A field in no row is unknown: \
         kubectl refuses it, and the API server drops it with a warning.\n\n\
         | Kind | Version | Fields simulated | Kept without effect | Types |\n|-|-|-|-|-|\n",
    );
    let mut all: Vec<&Schema> = Vec::new();
    for kind in Kind::ALL {
        let info = kind.info();
        let count = |support| ledger(*kind).iter().filter(|e| e.support == support).count();
        let types = types(*kind);
        let names: Vec<&str> = types.iter().map(|schema| schema.name).collect();
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            info.name,
            info.api_version(),
            count(Support::Simulated),
            count(Support::Kept),
            names.join(" ")
        ));
        let is_new = |schema: &&Schema| !all.iter().any(|known| known.name == schema.name);
        let new: Vec<&Schema> = types.into_iter().filter(is_new).collect();
        all.extend(new);
    }
    all.sort_by_key(|schema| schema.name);
    out.push_str("\n| Type | Simulated | Kept without effect |\n|-|-|-|\n");
    for schema in all {
        let (simulated, kept) = (cell(schema, Support::Simulated), cell(schema, Support::Kept));
        out.push_str(&format!("| {} | {simulated} | {kept} |\n", schema.name));
    }
    out
}

#[test]
fn the_table_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/fields.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, table()).expect("the file can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(table(), written, "UPDATE=1 writes tests/golden/fields.md anew");
}

#[test]
fn each_type_has_one_table() {
    let mut seen: Vec<&Schema> = Vec::new();
    for schema in Kind::ALL.iter().flat_map(|kind| types(*kind)) {
        let keys = |schema: &Schema| -> Vec<&str> { schema.fields.iter().map(|f| f.key).collect() };
        match seen.iter().find(|known| known.name == schema.name) {
            Some(known) => assert_eq!(keys(known), keys(schema), "{}", schema.name),
            None => seen.push(schema),
        }
    }
}

#[test]
fn simulated_fields_say_what_they_mean() {
    for entry in Kind::ALL.iter().flat_map(|kind| ledger(*kind)) {
        let told = !entry.doc.is_empty();
        let last = entry.path.rsplit('.').next().unwrap_or("").trim_end_matches("[]");
        let inside_kept = entry.support == Support::Kept;
        assert!(told || inside_kept, "{:?} {}: {last} has no comment", entry.kind, entry.path);
        assert_eq!(standing(entry.kind, &entry.path), Some(entry.support), "{}", entry.path);
    }
    assert_eq!(standing(Kind::Pod, "spec.containers[0].imag"), None);
    assert_eq!(standing(Kind::Pod, "metadata.labels.a.b/c"), Some(Support::Simulated));
}

/// A value of `shape` that nothing makes smaller.
fn value(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!("x"),
        Shape::Int32 | Shape::Int64 => json!(7),
        Shape::Bool => json!(true),
        Shape::IntOrText => json!("50%"),
        Shape::Quantity => json!("1"),
        Shape::Time => json!("2026-01-01T00:00:00Z"),
        Shape::Any => json!({"x": "y"}),
        Shape::List(item) => json!([value(*item)]),
        Shape::Dict(item) => json!({"x": value(*item)}),
        Shape::Object(schema) => match schema.fields.first() {
            Some(field) => json!({ field.key: value(field.shape) }),
            None => json!({}),
        },
    }
}

/// Puts `value` at `path`.
fn put(tree: &mut Value, path: &str, value: Value) {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let (name, is_list) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
    if tree.is_null() {
        *tree = json!({});
    }
    let mut at = &mut tree[if name == "*" { "x" } else { name }];
    if is_list {
        if !at.is_array() {
            *at = json!([{}]);
        }
        at = &mut at[0];
    }
    match rest {
        Some(rest) => put(at, rest, value),
        None => *at = value,
    }
}

fn get<'t>(tree: &'t Value, path: &str) -> &'t Value {
    path.split('.').fold(tree, |tree, step| match step.strip_suffix("[]") {
        Some(name) => &tree[name][0],
        None => &tree[if step == "*" { "x" } else { step }],
    })
}

/// Whether a field is kept without effect. What an object is, is no field of it, though templates
/// of claims print it.
fn is_kept(entry: &Entry) -> bool {
    let own = ["apiVersion", "kind"].iter().any(|key| entry.path.ends_with(key));
    entry.support == Support::Kept && !own
}

fn read(kind: Kind, tree: &Value) -> Object {
    Object::read(kind, tree, &mut Reader::default())
}

#[test]
fn kept_fields_survive() {
    let mut count = 0;
    for entry in Kind::ALL.iter().flat_map(|kind| ledger(*kind)) {
        if !is_kept(&entry) {
            continue;
        }
        let (mut tree, wanted) = (json!({}), value(entry.shape));
        put(&mut tree, &entry.path, wanted.clone());
        let printed = read(entry.kind, &tree).to_value();
        assert_eq!(get(&printed, &entry.path), &wanted, "{:?} {}", entry.kind, entry.path);
        count += 1;
    }
    assert!(count > 500, "{count}");
}

#[test]
fn kept_fields_are_told_of_and_hashed() {
    let base = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {
            "containers": [{"name": "nginx"}], "initContainers": [{"name": "first"}],
            "volumes": [{"name": "v"}],
        }}},
    });
    let hash = |tree: &Value| {
        let object = read(Kind::StatefulSet, tree);
        let set = object.typed::<StatefulSet>().expect("it is one");
        revision_hash(&revision_data(set), 0)
    };
    let mut hashed = 0;
    for entry in ledger(Kind::StatefulSet) {
        if !is_kept(&entry) {
            continue;
        }
        let mut tree = base.clone();
        put(&mut tree, &entry.path, value(entry.shape));
        let read = manifest::read(&tree.to_string());
        let path = entry.path.replace("[]", "[0]").replace(".*", ".x");
        let told = read.notices.iter().any(|notice| path.starts_with(&notice.path));
        assert!(told, "{}: {:?} {:?}", entry.path, read.notices, read.problems);
        if entry.path.starts_with("spec.template.") {
            assert_ne!(hash(&tree), hash(&base), "{}", entry.path);
            hashed += 1;
        }
    }
    assert!(hashed > 80, "{hashed}");
}
