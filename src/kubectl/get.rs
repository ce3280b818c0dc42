//! `kubectl get`, and what it goes on with when it watches.
//!
//! Not here: `--chunk-size` and `--server-print` change nothing.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/get/get.go

use super::cx::{Cx, Failure, Flow, Outcome, Task};
use super::format::Format;
use super::print::{self, Look};
use super::resource::{Known, Query};
use super::running::Stream;
use super::value::number;
use super::{raw, sort, yaml};
use crate::api::kinds::{Kind, Object};
use crate::apiserver::selector::Selector;
use crate::apiserver::status::Status;
use crate::apiserver::watch::Change;
use crate::base::text::{self, TABLE, Tabs};
use std::rc::Rc;

/// The objects of one kind that were found.
struct Group {
    kind: Kind,
    objects: Vec<Object>,
}

/// What a `get` found, and what it did not.
#[derive(Default)]
struct Found {
    groups: Vec<Group>,
    failures: Vec<Failure>,
    /// Asked for more than one kind.
    mixed: bool,
    /// Whether any kind is the cluster's own.
    global: bool,
    /// Exactly one object was named.
    single: bool,
}

/// `kubectl get`.
pub fn get(cx: &mut Cx<'_, '_>) -> Outcome {
    let format = Format::of(cx)?;
    let watch = cx.args.is_set("watch") || cx.args.is_set("watch-only");
    if cx.args.is_set("output-watch-events") && !watch {
        let text = "--output-watch-events option can only be used with --watch or --watch-only";
        return Err(Failure::new(text));
    }
    if cx.args.is_set("show-labels") && !format.is_plain() {
        let name = cx.args.text("output").split('=').next().unwrap_or("");
        let text = format!("--show-labels option cannot be used with {name} printer");
        return Err(Failure::new(text));
    }
    let words = cx.args.words.clone();
    if let Some(path) = cx.args.get("raw") {
        return raw::get(cx, path, watch);
    }
    let part = cx.args.text("subresource");
    if !part.is_empty() {
        return subresource(cx, part, &words, &format);
    }
    let found = match cx.items_of_files(&words)? {
        Some(items) => {
            let asks = items.iter().map(|item| Query {
                kind: Known::Here(item.target.kind),
                name: Some(item.target.key.name.to_string()),
            });
            let many = items.len() > 1;
            let asks: Vec<Query> = asks.collect();
            let mut found = find(cx, &asks)?;
            found.single = !many;
            found
        }
        None if words.is_empty() => return Err(nothing_asked(cx)),
        None => {
            let asks = cx.queries(&words)?;
            if watch {
                return begin_watch(cx, &asks, format);
            }
            find(cx, &asks)?
        }
    };
    show(cx, &format, found)?;
    Ok(Task::Done)
}

/// `kubectl get --subresource`: a part of each object.
fn subresource(cx: &mut Cx<'_, '_>, part: &str, words: &[String], format: &Format) -> Outcome {
    if !["status", "scale", "resize"].contains(&part) {
        return Err(no_subresource(part));
    }
    let items = match cx.items_of_files(words)? {
        Some(items) => items,
        None => {
            if cx.queries(words)?.iter().any(|query| query.name.is_none()) {
                let text = "subresource cannot be used when bulk resources are specified";
                return Err(Failure::new(text));
            }
            cx.items(words, false)?
        }
    };
    let mut rows = vec![["NAME", "DESIRED", "AVAILABLE", "AGE"].map(String::from).to_vec()];
    for item in items {
        let (target, now) = (item.target, cx.now());
        let path = format!("{}/{part}", raw::path(&target));
        let tree = cx.server().at_path(&path)?;
        if !format.is_plain() {
            cx.print_tree(format, &tree)?;
        } else if part == "scale" {
            let age = cx.find(&target)?.meta().creation_timestamp;
            let name = target.key.name.to_string();
            let count = |path: &str| number(&tree, path).to_string();
            let (wanted, found) = (count("spec.replicas"), count("status.replicas"));
            rows.push(vec![
                name,
                wanted,
                found,
                age.map_or(String::new(), |age| now.since(age).human()),
            ]);
        } else {
            let (object, kind) = (cx.find(&target)?, target.kind);
            let look = Look { wide: cx.args.text("output") == "wide", ..Look::default() };
            cx.write(Stream::Out, &print::text(&[object], kind, look, now));
        }
    }
    if rows.len() > 1 {
        cx.write(Stream::Out, &text::columns(&rows));
    }
    Ok(Task::Done)
}

/// What is said of a part that objects do not have.
pub fn no_subresource(part: &str) -> Failure {
    let text = format!("invalid subresource value: {part:?}. Must be one of [resize scale status]");
    Failure::new(text)
}

fn nothing_asked(cx: &mut Cx<'_, '_>) -> Failure {
    cx.warn(
        "You must specify the type of resource to get. Use \"kubectl api-resources\" for a \
         complete list of supported resources.\n",
    );
    Failure::usage(
        "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed \
         description of that resource (e.g. kubectl explain pods).",
        "get",
    )
}

fn find(cx: &mut Cx<'_, '_>, asks: &[Query]) -> Result<Found, Failure> {
    let mut found = Found {
        single: asks.len() == 1 && asks[0].name.is_some(),
        global: cx.args.is_set("all-namespaces"),
        ..Found::default()
    };
    let mut seen: Vec<Known> = Vec::new();
    for ask in asks {
        let kind = match ask.kind {
            Known::Here(kind) => kind,
            Known::Elsewhere(plural, namespaced) => {
                let note = format!("This simulator does not simulate {plural}: there are none.");
                match &ask.name {
                    Some(name) => found.failures.push(
                        Failure::raw(format!(
                            "Error from server (NotFound): {plural} {name:?} not found"
                        ))
                        .hint(note),
                    ),
                    None => {
                        cx.note(note);
                        seen.push(ask.kind);
                    }
                }
                found.global |= !namespaced;
                continue;
            }
        };
        found.global |= !kind.info().namespaced;
        cx.warn_of(kind);
        let objects = match &ask.name {
            None => cx.select(kind)?,
            Some(_) if cx.args.is_set("all-namespaces") => {
                return Err(Failure::new(
                    "a resource cannot be retrieved by name across all namespaces",
                ));
            }
            Some(name) => {
                let key = cx.key(kind, name);
                match cx.store().object(kind, &key) {
                    Some(object) => vec![super::resource::fresh(object, cx.now())],
                    None if cx.args.is_set("ignore-not-found") => continue,
                    None => {
                        found.failures.push(not_found(cx, kind, name));
                        continue;
                    }
                }
            }
        };
        seen.push(ask.kind);
        match found.groups.last_mut().filter(|last| last.kind == kind) {
            Some(last) => last.objects.extend(objects),
            None => found.groups.push(Group { kind, objects }),
        }
    }
    found.mixed = seen.iter().any(|kind| *kind != seen[0]);
    Ok(found)
}

/// The refusal of a name that is not there, with the nearest one that is.
pub fn not_found(cx: &Cx<'_, '_>, kind: Kind, name: &str) -> Failure {
    let namespace = cx.key(kind, name).namespace;
    let all: Vec<String> = cx
        .store()
        .list_objects(kind)
        .filter(|object| object.meta().namespace == namespace)
        .map(|object| object.meta().name.to_string())
        .collect();
    let near = crate::api::manifest::hints::nearest(name, all.iter().map(String::as_str));
    let hint = near.map_or(String::new(), |near| format!("There is {near}."));
    Failure::from(Status::not_found(kind, name)).hint(hint)
}

fn show(cx: &mut Cx<'_, '_>, format: &Format, mut found: Found) -> Result<(), Failure> {
    if let Some(path) = cx.args.get("sort-by") {
        match format {
            Format::Plain | Format::Wide => {
                for group in &mut found.groups {
                    sort::by(path, &mut group.objects)?;
                }
            }
            _ => {
                let mut all: Vec<Object> = Vec::new();
                found.groups.iter_mut().for_each(|group| all.append(&mut group.objects));
                sort::by(path, &mut all)?;
                let kind = found.groups.first().map_or(Kind::Pod, |group| group.kind);
                found.groups = vec![Group { kind, objects: all }];
            }
        }
    }
    if format.is_plain() {
        tables(cx, format, &found);
    } else {
        let all: Vec<Object> =
            found.groups.iter().flat_map(|group| group.objects.iter().cloned()).collect();
        let nothing = all.is_empty() && found.single;
        if !nothing && (found.failures.is_empty() || !all.is_empty()) {
            cx.print(format, &all, !found.single)?;
        }
    }
    cx.failures.append(&mut found.failures);
    Ok(())
}

fn tables(cx: &mut Cx<'_, '_>, format: &Format, found: &Found) {
    let mut written = false;
    for group in found.groups.iter().filter(|group| !group.objects.is_empty()) {
        if written && !cx.args.is_set("no-headers") {
            cx.say("");
        }
        let table = table(cx, format, group.kind, &group.objects, found.mixed, true);
        let text = TABLE.clone().layout(&table);
        cx.write(Stream::Out, &text);
        written = true;
    }
    if !written && found.failures.is_empty() && !cx.args.is_set("ignore-not-found") {
        match found.global {
            true => cx.warn("No resources found"),
            false => cx.warn(format!("No resources found in {} namespace.", cx.namespace())),
        }
    }
}

/// The lines of a table, cells parted by tabs.
fn table(
    cx: &mut Cx<'_, '_>,
    format: &Format,
    kind: Kind,
    objects: &[Object],
    mixed: bool,
    heads: bool,
) -> String {
    let look = Look {
        wide: matches!(format, Format::Wide),
        no_headers: false,
        all_namespaces: cx.args.is_set("all-namespaces"),
        with_kind: mixed || cx.args.is_set("show-kind"),
        labels: false,
    };
    let mut rows = print::table(objects, kind, look, cx.now());
    let name_at = rows[0].iter().position(|head| head == "NAME");
    let columns = cx.args.all("label-columns");
    for (row, object) in rows.iter_mut().zip(std::iter::once(None).chain(objects.iter().map(Some)))
    {
        if let (Some(at), Some(object)) = (name_at, object) {
            row[at] = cx.link(&object.reference(), &row[at]);
        }
        for column in &columns {
            row.push(match object {
                None => column.rsplit('/').next().unwrap_or("").to_uppercase(),
                Some(object) => {
                    object.meta().label(column).map_or(String::new(), |v| v.to_string())
                }
            });
        }
        if cx.args.is_set("show-labels") {
            row.push(match object {
                None => "LABELS".to_string(),
                Some(object) => super::rows::labels(&object.meta().labels),
            });
        }
    }
    let hidden = !heads || cx.args.is_set("no-headers");
    rows.iter().skip(usize::from(hidden)).map(|row| row.join("\t") + "\n").collect()
}

/// A `get` that goes on.
#[derive(Clone, Debug)]
pub struct Watch {
    kind: Kind,
    name: Option<String>,
    format: Format,
    selector: Selector,
    /// The last revision that was looked at.
    cursor: u64,
    tabs: Tabs,
    printed: bool,
}

/// Watches all objects of `kind`, as `events -w` does.
pub fn watch_kind(cx: &mut Cx<'_, '_>, kind: Kind) -> Outcome {
    begin_watch(cx, &[Query { kind: Known::Here(kind), name: None }], Format::Plain)
}

fn begin_watch(cx: &mut Cx<'_, '_>, asks: &[Query], format: Format) -> Outcome {
    let [Query { kind: Known::Here(kind), name }] = asks else {
        if asks.iter().any(|ask| matches!(ask.kind, Known::Elsewhere(..))) || asks.is_empty() {
            return Err(Failure::raw("").hint("This simulator has nothing of that kind to watch."));
        }
        let text = match asks.iter().any(|ask| ask.name.is_some()) {
            true => {
                "watch is only supported on individual resources and resource collections - \
                     more than 1 resource was found"
            }
            false => "you may only specify a single resource type",
        };
        return Err(Failure::new(text));
    };
    if name.is_some() && cx.args.is_set("all-namespaces") {
        let text = "a resource cannot be retrieved by name across all namespaces";
        return Err(Failure::new(text));
    }
    let (labels, fields) = (cx.args.text("selector"), cx.args.text("field-selector"));
    let selector = Selector::parse(*kind, labels, fields)?;
    let mut watch = Watch {
        kind: *kind,
        name: name.clone(),
        format,
        selector,
        cursor: cx.store().revision(),
        tabs: Tabs { remembered: Some(Vec::new()), ..TABLE },
        printed: false,
    };
    if let Some(name) = name
        && cx.store().object(*kind, &cx.key(*kind, name)).is_none()
    {
        return Err(not_found(cx, *kind, name));
    }
    if !cx.args.is_set("watch-only") {
        let all: Vec<Object> = cx.store().list_objects(*kind).cloned().collect();
        let all: Vec<Object> = all.into_iter().filter(|o| watch.wants(cx, o)).collect();
        watch.print(cx, &all, "ADDED")?;
    }
    Ok(Task::Watch(Box::new(watch)))
}

impl Watch {
    fn wants(&self, cx: &Cx<'_, '_>, object: &Object) -> bool {
        let meta = object.meta();
        let everywhere = cx.args.is_set("all-namespaces") || !self.kind.info().namespaced;
        (everywhere || *meta.namespace == *cx.namespace())
            && self.name.as_ref().is_none_or(|name| *meta.name == **name)
            && self.selector.matches(object)
    }

    fn print(
        &mut self,
        cx: &mut Cx<'_, '_>,
        objects: &[Object],
        event: &str,
    ) -> Result<(), Failure> {
        let events = cx.args.is_set("output-watch-events");
        if !self.format.is_plain() {
            for object in objects {
                let mut tree = cx.tree(&self.format, object);
                if events {
                    tree = serde_json::json!({"type": event, "object": tree});
                }
                match &self.format {
                    Format::Yaml => {
                        let mark = if self.printed { "---\n" } else { "" };
                        let text = format!("{mark}{}", yaml::of(&tree));
                        cx.write(Stream::Out, &text);
                    }
                    Format::Columns(columns) => {
                        let text = cx.custom(columns, std::slice::from_ref(object), &mut self.tabs);
                        let skip =
                            if self.printed { text.find('\n').map_or(0, |n| n + 1) } else { 0 };
                        cx.write(Stream::Out, &text[skip..]);
                    }
                    Format::Name => cx.print(&self.format, std::slice::from_ref(object), false)?,
                    _ => cx.print_tree(&self.format, &tree)?,
                }
                self.printed = true;
            }
            return Ok(());
        }
        if objects.is_empty() {
            return Ok(());
        }
        let mut text = table(cx, &self.format, self.kind, objects, false, !self.printed);
        if events {
            let head = !self.printed && !cx.args.is_set("no-headers");
            let mark = |(n, line): (usize, &str)| match n == 0 && head {
                true => format!("EVENT\t{line}"),
                false => format!("{event}\t{line}"),
            };
            text = text.split_inclusive('\n').enumerate().map(mark).collect();
        }
        let text = self.tabs.layout(&text);
        cx.write(Stream::Out, &text);
        self.printed = true;
        Ok(())
    }

    /// Prints what has changed since.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        let changes: Vec<Rc<Change>> =
            cx.server().log.after(self.cursor).filter(|c| c.kind == self.kind).cloned().collect();
        self.cursor = cx.store().revision();
        for change in changes {
            let before = change.old.as_ref().is_some_and(|object| self.wants(cx, object));
            let after = change.new.as_ref().is_some_and(|object| self.wants(cx, object));
            let event = match (before, after) {
                (false, true) => "ADDED",
                (true, true) => "MODIFIED",
                (true, false) => "DELETED",
                (false, false) => continue,
            };
            if let Some(object) = change.object() {
                self.print(cx, std::slice::from_ref(object), event)?;
            }
        }
        Ok(Flow::Wait(None))
    }
}
