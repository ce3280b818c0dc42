//! The field ledger: what each field of each kind is worth here. A field that is not in it is
//! unknown: kubectl refuses it, and the API server drops it with a warning.
//!
//! Not here: fields that Kubernetes has and the playground does not know.

use super::json::{Field, Schema, Shape, Support};
use super::kinds::Kind;

/// One field.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The kind.
    pub kind: Kind,
    /// Where, such as `spec.template.spec.containers[].image`; `[]` is an item of a list, `*` a
    /// value of a map.
    pub path: String,
    /// What it holds.
    pub shape: Shape,
    /// Whether it has an effect. What is inside a field without effect has none either.
    pub support: Support,
    /// What it means, in a sentence or two; empty for a field without effect.
    pub doc: &'static str,
}

/// All fields of `kind`, each before those inside it, in the order of the types.
pub fn ledger(kind: Kind) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut each = |path: String, schema: &Schema, field: &Field, support: Support| {
        let doc = schema.doc(field.key);
        out.push(Entry { kind, path, shape: field.shape, support, doc });
    };
    walk(kind.info().schema(), "", Support::Simulated, &mut each);
    out
}

/// What the field at `path` of `kind` is worth; `None` if it is unknown. Places in lists may be
/// given (`containers[0]`), and keys of maps.
pub fn standing(kind: Kind, path: &str) -> Option<Support> {
    let mut shape = Shape::Object(kind.info().schema());
    let mut support = Support::Simulated;
    for step in path.split(['.', '[']).map(|step| step.trim_end_matches(']')) {
        shape = match shape {
            Shape::Object(schema) => {
                let field = schema.field(step)?;
                if field.support == Support::Kept {
                    support = Support::Kept;
                }
                field.shape
            }
            // Keys of maps may hold dots, so what follows is not told from the key.
            Shape::Dict(item) if inside(*item).1.is_none() => return Some(support),
            Shape::List(item) | Shape::Dict(item) => *item,
            Shape::Any => Shape::Any,
            _ => return None,
        };
    }
    Some(support)
}

/// The types that `kind` is made of, each once, in the order in which they are met.
pub fn types(kind: Kind) -> Vec<&'static Schema> {
    let mut out = vec![kind.info().schema()];
    let mut at = 0;
    while let Some(schema) = out.get(at).copied() {
        at += 1;
        let inner = schema.fields.iter().filter_map(|field| inside(field.shape).1);
        for inner in inner {
            if !out.iter().any(|known| known.name == inner.name) {
                out.push(inner);
            }
        }
    }
    out
}

/// How a path goes on inside a shape, and the type that is there.
fn inside(shape: Shape) -> (String, Option<&'static Schema>) {
    match shape {
        Shape::Object(schema) => (String::new(), Some(schema)),
        Shape::List(item) => {
            let (path, schema) = inside(*item);
            (format!("[]{path}"), schema)
        }
        Shape::Dict(item) => {
            let (path, schema) = inside(*item);
            (format!(".*{path}"), schema)
        }
        _ => (String::new(), None),
    }
}

fn walk(
    schema: &'static Schema,
    path: &str,
    support: Support,
    each: &mut impl FnMut(String, &Schema, &Field, Support),
) {
    for field in schema.fields {
        let dot = if path.is_empty() { "" } else { "." };
        let at = format!("{path}{dot}{}", field.key);
        let support = if field.support == Support::Kept { Support::Kept } else { support };
        each(at.clone(), schema, field, support);
        if let (steps, Some(inner)) = inside(field.shape) {
            walk(inner, &format!("{at}{steps}"), support, each);
        }
    }
}
