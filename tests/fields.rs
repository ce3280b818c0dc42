//! Fields that may stand in a manifest, for completion and hover in the editor:
//! static/fields.json is written from the tables by which objects are read (`UPDATE=1`), so it
//! knows what the page knows.

use playground::api::json::{Schema, Shape, Support};
use playground::api::kinds::Kind;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Kinds that nobody writes into a manifest.
const NOT_WRITTEN: &[Kind] =
    &[Kind::Event, Kind::EndpointSlice, Kind::Lease, Kind::ControllerRevision];

/// The type as the editor shows it, and the type whose fields stand below.
fn type_of(shape: Shape) -> (String, Option<&'static Schema>) {
    let plain = |name: &str| (name.to_string(), None);
    match shape {
        Shape::Text => plain("string"),
        Shape::Int32 | Shape::Int64 => plain("integer"),
        Shape::Bool => plain("boolean"),
        Shape::IntOrText => plain("integer or string"),
        Shape::Quantity => plain("quantity"),
        Shape::Time => plain("time"),
        Shape::Any => plain("object"),
        Shape::List(of) => {
            let (name, below) = type_of(*of);
            (format!("[]{name}"), below)
        }
        Shape::Dict(of) => (format!("map to {}", type_of(*of).0), None),
        Shape::Object(schema) => (schema.name.to_string(), Some(schema)),
    }
}

/// One name for each set of fields: some kept types share a name upstream.
#[derive(Default)]
struct Types {
    names: BTreeMap<usize, String>,
    written: BTreeMap<String, String>,
}

impl Types {
    fn name(&mut self, schema: &'static Schema, root: bool) -> String {
        let id = std::ptr::from_ref(schema) as usize;
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        let mut name = schema.name.to_string();
        while self.written.contains_key(&name) {
            name.push('\'');
        }
        self.names.insert(id, name.clone());
        self.written.insert(name.clone(), String::new());
        let mut fields = Vec::new();
        for field in schema.fields.iter().filter(|field| !(root && field.key == "status")) {
            let (mut label, below) = type_of(field.shape);
            if field.support == Support::Kept {
                label.push_str(", not simulated");
            }
            let below =
                below.map_or(String::new(), |below| format!(",\"{}\"", self.name(below, false)));
            fields.push(format!("\"{}\":[\"{label}\"{below}]", field.key));
        }
        self.written.insert(name.clone(), format!("{{{}}}", fields.join(",")));
        name
    }
}

fn fields() -> String {
    let mut types = Types::default();
    let written = Kind::ALL.iter().filter(|kind| !NOT_WRITTEN.contains(kind));
    let kinds: Vec<String> = written
        .map(|kind| {
            let info = kind.info();
            format!("\"{}\":\"{}\"", info.name, types.name(info.schema(), true))
        })
        .collect();
    let mut out = format!("{{\"kinds\":{{{}}},\n\"types\":{{", kinds.join(","));
    for (i, (name, fields)) in types.written.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(out, "{comma}\n\"{name}\":{fields}");
    }
    out + "\n}}\n"
}

#[test]
fn the_editor_knows_the_fields_of_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/static/fields.json");
    let fields = fields();
    let parsed: serde_json::Value = serde_json::from_str(&fields).expect("it is JSON");
    assert_eq!(parsed["types"]["StatefulSetSpec"]["replicas"][0], "integer");
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(path, &fields).expect("the file can be written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(there, fields, "UPDATE=1 cargo test --test fields writes it anew");
}
