//! `kubectl explain`: the fields there are.
//!
//! Not here: Kubernetes' own words for what each field means; those are written at kubernetes.io.
//! A note says it shorter.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl

use super::cx::{Cx, Failure, Outcome, Task};
use super::resource::{Known, kind, not_here};
use crate::api::json::{Field, Schema, Shape, Support};
use crate::api::manifest::hints::nearest;

/// A type as `explain` names it.
fn shown(shape: Shape) -> String {
    match shape {
        Shape::Text => "string".to_string(),
        Shape::Int32 | Shape::Int64 => "integer".to_string(),
        Shape::Bool => "boolean".to_string(),
        Shape::IntOrText => "IntOrString".to_string(),
        Shape::Quantity => "Quantity".to_string(),
        Shape::Time => "Time".to_string(),
        Shape::Any => "Object".to_string(),
        Shape::List(of) => format!("[]{}", shown(*of)),
        Shape::Dict(of) => format!("map[string]{}", shown(*of)),
        Shape::Object(schema) => schema.name.to_string(),
    }
}

/// The fields below a shape.
fn inside(shape: Shape) -> Option<&'static Schema> {
    match shape {
        Shape::List(of) | Shape::Dict(of) => inside(*of),
        Shape::Object(schema) => Some(schema),
        _ => None,
    }
}

fn ordered(schema: &'static Schema) -> Vec<&'static Field> {
    let mut fields: Vec<&Field> = schema.fields.iter().collect();
    fields.sort_by_key(|field| field.key);
    fields
}

/// `kubectl explain`.
pub fn explain(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    let [word] = &words[..] else {
        let text = match words.is_empty() {
            true => {
                "You must specify the type of resource to explain. Use \"kubectl \
                     api-resources\" for a complete list of supported resources."
            }
            false => "We accept only this format: explain RESOURCE",
        };
        return Err(Failure::new(text));
    };
    let mut path = word.trim_end_matches('.').split('.');
    let kind = match kind(path.next().unwrap_or(""))? {
        Known::Here(kind) => kind,
        Known::Elsewhere(plural, _) => return Err(not_here(plural)),
    };
    let info = kind.info();
    if !info.group.is_empty() {
        cx.say(format!("GROUP:      {}", info.group));
    }
    cx.say(format!("KIND:       {}\nVERSION:    {}\n", info.name, info.version));
    let mut schema = Some(info.schema());
    let mut last: Option<Field> = None;
    let mut doc = "";
    for key in path {
        let found = schema.and_then(|schema| schema.field(key));
        let standard = matches!(key, "apiVersion" | "kind") && last.is_none();
        let Some(found) = found.copied().or(standard.then_some(Field {
            key: if key == "kind" { "kind" } else { "apiVersion" },
            shape: Shape::Text,
            support: Support::Simulated,
            always: true,
        })) else {
            let names = schema.into_iter().flat_map(|schema| schema.fields).map(|f| f.key);
            let hint =
                nearest(key, names).map_or(String::new(), |near| format!("Did you mean {near}?"));
            return Err(Failure::new(format!("field {key:?} does not exist")).hint(hint));
        };
        doc = schema.map_or("", |schema| schema.doc(key));
        last = Some(found);
        schema = inside(found.shape);
    }
    if let Some(field) = last {
        cx.say(format!("FIELD: {} <{}>\n", field.key, shown(field.shape)));
    }
    if let Some(schema) = schema {
        cx.say("FIELDS:");
        let mut lines = String::new();
        if last.is_none() {
            lines.push_str("  apiVersion\t<string>\n");
        }
        let deep = cx.args.is_set("recursive");
        fields(schema, 1, deep, &mut lines);
        cx.write(super::running::Stream::Out, &lines);
    }
    cx.note(match last.map(|field| field.support) {
        Some(Support::Kept) => {
            "This field is accepted here and has no effect. What it means is written at \
             kubernetes.io."
        }
        Some(Support::Simulated) if !doc.is_empty() => doc,
        _ => "What the fields mean is written at kubernetes.io.",
    });
    Ok(Task::Done)
}

fn fields(schema: &'static Schema, level: usize, deep: bool, out: &mut String) {
    for field in ordered(schema) {
        let indent = "  ".repeat(level);
        out.push_str(&format!("{indent}{}\t<{}>\n", field.key, shown(field.shape)));
        if let Some(inner) = inside(field.shape).filter(|_| deep && level < 12) {
            fields(inner, level + 1, deep, out);
        }
    }
}
