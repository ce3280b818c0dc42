//! `kubectl describe`: each kind as a list of labels and paths, and what needs more than that.
//!
//! Not here: kinds that have no layout of their own upstream either are printed whole
//! (`generic`), as upstream prints them.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/describe/describe.go,
//! staging/src/k8s.io/kubectl/pkg/cmd/describe/describe.go

mod events;
mod generic;
mod kinds;
mod network;
mod node;
mod pod;
mod volumes;
mod workloads;
mod writer;

pub use events::{ordered, seen};
pub use pod::template;
pub use workloads::{replica_sets, revision};
pub use writer::{Writer, selector};

use super::cx::{Cx, Failure, Item, Outcome, Task};
use super::get;
use super::resource::{Known, NOTHING};
use super::running::Stream;
use crate::api::kinds::{Kind, Object};
use crate::base::text::DESCRIBE;

/// `kubectl describe`.
pub fn describe(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    if words.is_empty() && cx.args.get("filename").is_none() {
        return Err(Failure::new(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for \
             a complete list of supported resources.",
        ));
    }
    let items = match cx.items(&words, true) {
        Ok(items) => items,
        Err(failure) if failure.text.ends_with(NOTHING) => return Err(failure),
        Err(failure) => return Err(failure),
    };
    let mut objects = Vec::new();
    for item in &items {
        cx.warn_of(item.target.kind);
        let found = found(cx, item, &items);
        match found {
            Ok(mut found) => objects.append(&mut found),
            Err(failure) => cx.failures.push(failure),
        }
    }
    if items.is_empty() {
        let queries = cx.queries(&words)?;
        let namespaced = |known: &Known| match known {
            Known::Here(kind) => kind.info().namespaced,
            Known::Elsewhere(_, namespaced) => *namespaced,
        };
        match queries.iter().all(|q| namespaced(&q.kind)) && !cx.args.is_set("all-namespaces") {
            true => cx.warn(format!("No resources found in {} namespace.", cx.namespace())),
            false => cx.warn("No resources found"),
        }
    }
    let events = match cx.args.get("show-events") {
        Some(shown) => shown == "true",
        None => objects.len() == 1,
    };
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            cx.write(Stream::Out, "\n\n");
        }
        let raw = one(cx, object, events);
        let text = DESCRIBE.clone().layout(&raw);
        cx.write(Stream::Out, &text);
    }
    Ok(Task::Done)
}

/// The object that `item` means, or those whose names begin with its name.
fn found(cx: &Cx<'_, '_>, item: &Item, all: &[Item]) -> Result<Vec<Object>, Failure> {
    let failure = match cx.find(&item.target) {
        Ok(object) => return Ok(vec![object]),
        Err(failure) => failure,
    };
    let key = &item.target.key;
    let begins = |object: &&Object| {
        let meta = object.meta();
        meta.namespace == key.namespace && meta.name.starts_with(&*key.name)
    };
    let near: Vec<Object> =
        cx.store().list_objects(item.target.kind).filter(begins).cloned().collect();
    if all.len() > 1 || near.is_empty() {
        let nearest = get::not_found(cx, item.target.kind, &key.name);
        return Err(failure.hint(nearest.hint));
    }
    Ok(near)
}

/// The object with tabs between cells, not laid out.
fn one(cx: &mut Cx<'_, '_>, object: &Object, events: bool) -> String {
    let tree = object.to_value();
    let mut w = Writer::new(&tree);
    let name = cx.link(&object.reference(), &object.meta().name);
    match object.kind() {
        Kind::Pod => pod::pod(cx, &mut w, object, &name),
        Kind::Node => node::node(cx, &mut w, object, &name),
        kind if kinds::known(kind) => kinds::kind(cx, &mut w, object, &name),
        _ => generic::whole(&mut w, &name),
    }
    if events && kinds::tells_events(object.kind()) {
        events::of(cx, &mut w, object);
    }
    w.text
}
