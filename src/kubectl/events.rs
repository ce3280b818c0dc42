//! `kubectl events`.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/events/{events,event_printer}.go

use super::cx::{Cx, Failure, Outcome, Task};
use super::describe::{ordered, seen};
use super::format::Format;
use super::get;
use super::resource::Known;
use super::running::Stream;
use crate::api::core::event::Event;
use crate::api::kinds::{Kind, Object, ObjectRef};
use crate::base::text::TABLE;
use std::rc::Rc;

/// `kubectl events`.
pub fn events(cx: &mut Cx<'_, '_>) -> Outcome {
    let types: Vec<String> = cx.args.all("types").iter().map(|one| one.to_string()).collect();
    if types.iter().any(|one| !["normal", "warning"].contains(&&*one.to_lowercase())) {
        return Err(Failure::new("valid --types are Normal or Warning"));
    }
    let about = match cx.args.get("for") {
        None => None,
        Some(text) => {
            let Some((kind, name)) =
                text.split_once('/').filter(|(k, n)| !k.is_empty() && !n.is_empty())
            else {
                return Err(Failure::new(format!("--for must be in resource/name form: {text}")));
            };
            Some((super::resource::kind(kind)?, name.to_string()))
        }
    };
    if cx.args.is_set("watch") {
        return get::watch_kind(cx, Kind::Event);
    }
    let everywhere = cx.args.is_set("all-namespaces");
    let namespace = cx.namespace();
    let chosen = |event: &&Rc<Event>| {
        let of = &event.involved_object;
        let meant = match &about {
            Some((Known::Here(kind), name)) => *of.kind == *kind.info().name && *of.name == **name,
            Some(_) => false,
            None => true,
        };
        meant
            && (everywhere || *event.meta.namespace == *namespace)
            && (types.is_empty() || types.iter().any(|one| event.kind.eq_ignore_ascii_case(one)))
    };
    let all = ordered(cx.store().list::<Event>().filter(chosen).cloned().collect());
    let format = Format::of(cx)?;
    if !format.is_plain() {
        let objects: Vec<Object> = all.into_iter().map(Object::Event).collect();
        cx.print(&format, &objects, true)?;
        return Ok(Task::Done);
    }
    if all.is_empty() {
        match everywhere {
            true => cx.warn("No events found."),
            false => cx.warn(format!("No events found in {namespace} namespace.")),
        }
        return Ok(Task::Done);
    }
    table(cx, &all, everywhere);
    Ok(Task::Done)
}

fn table(cx: &mut Cx<'_, '_>, all: &[Rc<Event>], everywhere: bool) {
    let mut table = String::new();
    if !cx.args.is_set("no-headers") {
        let head = if everywhere { "NAMESPACE\t" } else { "" };
        table.push_str(&format!("{head}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n"));
    }
    for event in all {
        if everywhere {
            table.push_str(&format!("{}\t", event.meta.namespace));
        }
        let of = &event.involved_object;
        let shown = format!("{}/{}", of.kind, of.name);
        let shown = match Kind::by_name(&of.kind) {
            Some(kind) => {
                let key = crate::api::kinds::Key::new(of.namespace.clone(), of.name.clone());
                cx.link(&ObjectRef::new(kind, key), &shown)
            }
            None => shown,
        };
        let age = seen(event, cx.now());
        let (kind, reason, message) = (&event.kind, &event.reason, event.message.trim());
        table.push_str(&format!("{age}\t{kind}\t{reason}\t{shown}\t{message}\n"));
    }
    let text = TABLE.clone().layout(&table);
    cx.write(Stream::Out, &text);
}
