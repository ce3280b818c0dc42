//! Commands about whole objects: apply, create -f, replace, delete, diff.
//!
//! Not here: sets of applied objects (`--applyset`); `apply --force` where a field cannot be
//! changed; `delete -i`.
//!
//! Beside it: `prune`.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/{apply,create,replace,delete,diff}

use super::cx::{Cx, Failure, Item, Outcome, Task};
use super::format::Format;
use super::running::Stream;
use super::value::pretty;
use super::{create as generators, yaml};
use crate::api::apps::go_json;
use crate::api::kinds::{Kind, Object, ObjectRef};
use crate::apiserver::apply::{LAST_APPLIED, Plan, plan, remembered};
use crate::apiserver::status::Status;
use crate::apiserver::strategy;
use crate::base::names;
use crate::client::request::{Request, Verb};
use serde_json::{Value, json};

/// A refusal as kubectl prints it of an object from a file: what breaks rules stands alone, all
/// else says what was tried.
fn refusal(status: Status, tried: &str, item: &Item) -> Failure {
    if status.reason == "Invalid" || item.source.is_empty() {
        return status.into();
    }
    let message = format!("error when {tried} {:?}: {}", item.source, status.message);
    Status { message, ..status }.into()
}

/// The tree in the file of `item`.
fn tree_of(item: &Item) -> Value {
    item.manifest.as_ref().map_or(Value::Null, |manifest| manifest.tree.clone())
}

/// What was done, or the object, as `-o` wants it.
fn done(cx: &mut Cx<'_, '_>, object: &Object, word: &str) -> Result<(), Failure> {
    let format = Format::of(cx)?;
    if !format.is_plain() {
        return cx.print(&format, std::slice::from_ref(object), false);
    }
    let name = cx.named(&object.reference());
    let dry = cx.dry_words();
    cx.say(format!("{name} {word}{dry}"));
    Ok(())
}

/// The objects of the files that `-f` names, without which a command is nothing.
fn needs_files(cx: &mut Cx<'_, '_>) -> Result<Vec<Item>, Failure> {
    if cx.args.get("filename").is_none() && cx.args.get("kustomize").is_none() {
        return Err(Failure::new("must specify one of -f and -k"));
    }
    if let Some(word) = cx.args.words.first() {
        return Err(Failure::usage(format!("Unexpected args: {}", shown(&cx.args.words)), cx.name)
            .hint(format!("Put the file after -f: kubectl {} -f {word}", cx.name)));
    }
    let items = cx.items_of_files(&[])?.unwrap_or_default();
    if cx.args.text("validate") == "warn" {
        let unknown = items.iter().filter_map(|item| item.manifest.as_ref());
        unknown.flat_map(|manifest| &manifest.unknown).for_each(|why| {
            cx.warn(format!("Warning: {why}"));
        });
    }
    Ok(items)
}

/// Words as Go prints them: `[a b]`.
fn shown(words: &[String]) -> String {
    format!("[{}]", words.join(" "))
}

/// `kubectl apply`.
pub fn apply(cx: &mut Cx<'_, '_>) -> Outcome {
    let args = cx.args;
    let forced = args.is_set("force");
    if forced && args.is_set("server-side") {
        return Err(Failure::new("--force cannot be used with --server-side"));
    }
    if args.is_set("prune") {
        super::prune::begin(cx)?;
    }
    let items = needs_files(cx)?;
    for item in &items {
        if item.target.key.name.is_empty() {
            let tree = tree_of(item);
            return Err(Failure::new(match tree["metadata"]["generateName"].as_str() {
                Some(prefix) => format!("from {prefix}: cannot use generate name with apply"),
                None => "resource name may not be empty".to_string(),
            }));
        }
    }
    Ok(Task::each(items, apply_one))
}

/// What kubectl says below the conflicts of a server-side apply.
const ADVICE: &str = "\
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

fn apply_on_server(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let target = &item.target;
    let mut request = Request::new(Verb::Apply, target.kind, &target.key, tree_of(item));
    request.force = cx.args.is_set("force-conflicts");
    request.dry_run = cx.dry_run().is_some();
    match cx.send(&request) {
        Ok(answer) => done(cx, &answer.object, "serverside-applied"),
        Err(status) if status.is_conflict() => {
            Err(Failure::new(format!("{}\n{ADVICE}", status.message)))
        }
        Err(status) => Err(refusal(status, "patching", item)),
    }
}

fn apply_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let Some(manifest) = &item.manifest else { return Ok(()) };
    if cx.args.is_set("server-side") {
        return apply_on_server(cx, item);
    }
    let kind = item.target.kind;
    let mut warnings = Vec::new();
    let planned = plan(cx.server(), manifest, &mut warnings);
    warnings.iter().for_each(|warning| cx.warn(format!("Warning: {warning}")));
    let (verb, tree, tried, word) = match planned {
        Plan::Create(tree) => (Verb::Create, tree, "creating", "created"),
        Plan::Update(tree) => (Verb::Update, tree, "patching", "configured"),
        Plan::Same => {
            let object = cx.find(&item.target)?;
            return done(cx, &object, "unchanged");
        }
    };
    if cx.dry_run() == Some(false) {
        let mut reader = crate::api::json::Reader::default();
        return done(cx, &Object::read(kind, &tree, &mut reader), word);
    }
    let mut request = Request::new(verb, kind, &item.target.key, tree);
    request.dry_run = cx.dry_run().is_some();
    let answer = cx.send(&request).map_err(|status| {
        let stuck = cx.args.is_set("force") && status.reason == "Invalid";
        let why =
            "kubectl would delete it now and create it anew; here kubectl replace --force does.";
        refusal(status, tried, item).hint(if stuck { why } else { "" })
    })?;
    done(cx, &answer.object, word)
}

/// What was applied to an object last.
pub fn last_applied(object: &Object) -> Option<Value> {
    serde_json::from_str(object.meta().annotations.get(LAST_APPLIED)?).ok()
}

/// The patch that lets an object remember `tree` as what was applied last.
pub fn remember(tree: &Value) -> Value {
    json!({"metadata": {"annotations": {LAST_APPLIED: go_json(tree) + "\n"}}})
}

/// `kubectl apply view-last-applied`.
pub fn view_last_applied(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    let format = cx.args.get("output").unwrap_or("yaml").to_string();
    if !["yaml", "json"].contains(&&*format) {
        let text = format!(
            "Unexpected -o output mode: {format}, the flag 'output' must be one of yaml|json"
        );
        return Err(Failure::usage(text, cx.name));
    }
    for item in cx.items(&words, true)? {
        let object = cx.find(&item.target)?;
        let Some(tree) = last_applied(&object) else {
            let (kind, name) = (item.target.kind.info().plural, &item.target.key.name);
            cx.note(format!("{kind}/{name} was not applied from here."));
            continue;
        };
        if format == "yaml" {
            cx.write(Stream::Out, &yaml::of(&tree));
            continue;
        }
        // Two spaces a level, where kubectl's own JSON has four.
        let mut text = String::new();
        pretty(&tree, 0, &mut text);
        for line in text.lines() {
            let body = line.trim_start();
            let indent = (line.len() - body.len()) / 2;
            cx.say(format!("{:indent$}{body}", ""));
        }
    }
    Ok(Task::Done)
}

/// `kubectl apply set-last-applied`.
pub fn set_last_applied(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut changed = Vec::new();
    for item in cx.items_of_files(&[])?.unwrap_or_default() {
        let object = cx.find(&item.target)?;
        let name = &item.target.key.name;
        let last = last_applied(&object);
        if last.is_none() && !cx.args.is_set("create-annotation") {
            return Err(Failure::new(format!(
                "no last-applied-configuration annotation found on resource: {name}, to create \
                 the annotation, run the command with --create-annotation"
            )));
        }
        if last.as_ref() == Some(&tree_of(&item)) {
            cx.say(format!("set-last-applied {name}: no changes required."));
        } else {
            changed.push(item);
        }
    }
    Ok(Task::each(changed, |cx, item| {
        let body = remember(&tree_of(item));
        let mut request = Request::new(Verb::PatchMerge, item.target.kind, &item.target.key, body);
        request.dry_run = cx.dry_run().is_some();
        let answer = cx.send(&request)?;
        done(cx, &answer.object, "configured")
    }))
}

/// `kubectl create -f`.
pub fn create(cx: &mut Cx<'_, '_>) -> Outcome {
    if cx.args.get("filename").is_none() && cx.args.get("kustomize").is_none() {
        if let Some(first) = cx.args.words.first() {
            let (word, rest) = (&**first, cx.args.words[1..].join(" "));
            if let "service" | "svc" | "secret" = word {
                let word = if word == "svc" { "service" } else { word };
                let rest = Some(rest).filter(|rest| !rest.is_empty());
                return Err(super::help::family(&format!("create {word}"), rest.as_deref()));
            }
            let text = format!("Unexpected args: {}", shown(&cx.args.words));
            return Err(Failure::usage(text, "create").hint(generators::hint(first)));
        }
        return Err(Failure::new("must specify one of -f and -k"));
    }
    let items = needs_files(cx)?;
    if cx.args.is_set("edit") {
        return Ok(super::edit::begin(items.iter().map(tree_of).collect(), Vec::new(), "create"));
    }
    Ok(Task::each(items, |cx, item| {
        let mut tree = tree_of(item);
        if cx.args.is_set("save-config") {
            tree = remembered(&tree);
        }
        create_tree(cx, item.target.kind, tree, item).map(drop)
    }))
}

/// Creates the object `tree`, or shows it, and says so.
pub fn create_tree(
    cx: &mut Cx<'_, '_>,
    kind: Kind,
    tree: Value,
    item: &Item,
) -> Result<Object, Failure> {
    let mut reader = crate::api::json::Reader::default();
    let object = Object::read(kind, &tree, &mut reader);
    if cx.dry_run() == Some(false) {
        let format = Format::of(cx)?;
        match format.is_plain() {
            true => done(cx, &object, "created")?,
            false if matches!(format, Format::Name) => {
                cx.print(&format, std::slice::from_ref(&object), false)?;
            }
            false => cx.print_tree(&format, &tree)?,
        }
        return Ok(object);
    }
    let warnings = strategy::warnings(&object);
    let mut request = Request::new(Verb::Create, kind, &object.key(), tree);
    request.dry_run = cx.dry_run().is_some();
    let answer = cx.send(&request).map_err(|status| refusal(status, "creating", item))?;
    warnings.iter().for_each(|warning| cx.warn(format!("Warning: {warning}")));
    done(cx, &answer.object, "created")?;
    Ok(answer.object)
}

/// `kubectl replace`.
pub fn replace(cx: &mut Cx<'_, '_>) -> Outcome {
    let forced = cx.args.is_set("force");
    let items = needs_files(cx)?;
    if !forced && cx.args.number("grace-period").is_some_and(|grace| grace >= 0) {
        return Err(Failure::new("--grace-period must have --force specified"));
    }
    if !forced && cx.args.millis("timeout").is_some_and(|millis| millis != 0) {
        return Err(Failure::new("--timeout must have --force specified"));
    }
    if forced && cx.dry_run().is_some() {
        return Err(Failure::new("--dry-run can not be used when --force is set"));
    }
    if forced {
        cx.next = Some(|cx| Ok(Task::each(needs_files(cx)?, replace_one)));
        return Ok(Task::each(items, delete_one));
    }
    Ok(Task::each(items, replace_one))
}

fn replace_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let kind = item.target.kind;
    let verb = if cx.args.is_set("force") { Verb::Create } else { Verb::Update };
    if verb == Verb::Update && cx.store().find(&item.target).is_none() {
        let status = Status::not_found(kind, &item.target.key.name);
        return Err(refusal(status, "replacing", item));
    }
    let mut tree = tree_of(item);
    if cx.args.is_set("save-config") {
        tree = remembered(&tree);
    }
    let mut request = Request::new(verb, kind, &item.target.key, tree);
    request.dry_run = cx.dry_run().is_some();
    let answer = cx.send(&request).map_err(|status| match verb {
        Verb::Create => status.into(),
        _ => refusal(status, "replacing", item),
    })?;
    done(cx, &answer.object, "replaced")
}

/// `kubectl delete`.
pub fn delete(cx: &mut Cx<'_, '_>) -> Outcome {
    let args = cx.args;
    let grace = args.number("grace-period");
    let is_force = args.is_set("force");
    if args.is_set("now") && grace.is_some_and(|grace| grace != -1) {
        return Err(Failure::new("--now and --grace-period cannot be specified together"));
    }
    if is_force && grace.is_some_and(|grace| grace > 0) {
        let text = "--force and --grace-period greater than 0 cannot be specified together";
        return Err(Failure::new(text));
    }
    let cascade = args.get("cascade").unwrap_or("background");
    if let "true" | "false" = cascade {
        let instead = if cascade == "true" { "background" } else { "orphan" };
        cx.warn(format!(
            "warning: --cascade={cascade} is deprecated (boolean value) and can be replaced with \
             --cascade={instead}."
        ));
    }
    if !["background", "foreground", "orphan", "true", "false"].contains(&cascade) {
        return Err(Failure::new(format!(
            "invalid cascade value ({cascade}). Must be \"background\", \"foreground\", or \
             \"orphan\""
        )));
    }
    if !["", "name"].contains(&args.text("output")) {
        let output = args.text("output");
        let text = format!("unexpected -o output mode: {output}. We only support '-o name'");
        return Err(Failure::usage(text, "delete"));
    }
    let words = args.words.clone();
    let items = cx.items(&words, false)?;
    if items.is_empty() {
        cx.say("No resources found");
    }
    if is_force && cx.dry_run().is_none() {
        cx.warn(
            "Warning: Immediate deletion does not wait for confirmation that the running resource \
             has been terminated. The resource may continue to run on the cluster indefinitely.",
        );
    }
    let global = |item: &&Item| !item.target.kind.info().namespaced;
    if args.get("namespace").is_some() && items.iter().any(|item| global(&item)) {
        cx.warn("Warning: deleting cluster-scoped resources, not scoped to the provided namespace");
    }
    Ok(Task::each(items, delete_one))
}

fn delete_one(cx: &mut Cx<'_, '_>, item: &Item) -> Result<(), Failure> {
    let target = &item.target;
    let args = cx.args;
    let found = cx.store().find(target).map(|object| object.meta().uid);
    let Some(uid) = found else {
        if args.is_set("ignore-not-found") || args.is_set("all") || cx.name == "replace" {
            return Ok(());
        }
        return Err(match item.manifest {
            None => super::get::not_found(cx, target.kind, &target.key.name),
            Some(_) => {
                let status = Status::not_found(target.kind, &target.key.name);
                refusal(status, "deleting", item)
            }
        });
    };
    let is_force = args.is_set("force") && cx.name == "delete";
    let grace = match (is_force, args.is_set("now"), args.number("grace-period")) {
        (true, ..) => Some(0),
        (_, true, _) => Some(1),
        // Without --force nothing goes at once.
        (_, _, Some(0)) => Some(1),
        (_, _, grace) => grace.filter(|seconds| *seconds >= 0),
    };
    let request = removal(cx, target, grace);
    if cx.dry_run() != Some(false) {
        cx.send(&request).map_err(|status| refusal(status, "deleting", item))?;
    }
    deleted(cx, target, is_force && grace == Some(0));
    if args.get("wait") != Some("false") && cx.dry_run().is_none() {
        cx.leaving.push((target.clone(), uid));
    }
    Ok(())
}

/// The request to delete `target` as the flags say.
pub fn removal(cx: &Cx<'_, '_>, target: &ObjectRef, grace: Option<i64>) -> Request {
    let policy = match cx.args.get("cascade") {
        Some("orphan" | "false") => "Orphan",
        Some("foreground") => "Foreground",
        _ => "Background",
    };
    let mut body = json!({"propagationPolicy": policy});
    if let Some(seconds) = grace {
        body["gracePeriodSeconds"] = json!(seconds);
    }
    let mut request = Request::new(Verb::Delete, target.kind, &target.key, body);
    request.dry_run = cx.dry_run().is_some();
    request
}

/// Says that an object was deleted.
pub fn deleted(cx: &mut Cx<'_, '_>, target: &ObjectRef, is_force: bool) {
    if cx.args.text("output") == "name" {
        let name = cx.named(target);
        return cx.say(name);
    }
    let how = if is_force { "force deleted" } else { "deleted" };
    let place = match &*target.key.namespace {
        "" => String::new(),
        namespace => format!(" from {namespace} namespace"),
    };
    let name = cx.link(target, &target.key.name);
    let (kind, dry) = (target.kind.info().qualified(), cx.dry_words());
    cx.say(format!("{kind} \"{name}\" {how}{place}{dry}"));
}

/// `kubectl diff`.
pub fn diff(cx: &mut Cx<'_, '_>) -> Outcome {
    let items = needs_files(cx)?;
    for item in &items {
        let Some(manifest) = &item.manifest else { continue };
        let kind = item.target.kind;
        let live = cx.store().find(&item.target).cloned();
        let mut warnings = Vec::new();
        let planned = plan(cx.server(), manifest, &mut warnings);
        let (verb, tree) = match planned {
            Plan::Same => continue,
            Plan::Create(tree) => (Verb::Create, tree),
            Plan::Update(mut tree) => {
                // A diff leaves the memory of what was applied as it is.
                let last = live.as_ref().and_then(|o| o.meta().annotations.get(LAST_APPLIED));
                if let Some(last) = last {
                    tree["metadata"]["annotations"][LAST_APPLIED] = json!(&**last);
                }
                (Verb::Update, tree)
            }
        };
        let mut request = Request::new(verb, kind, &item.target.key, tree);
        request.dry_run = true;
        let merged = match cx.send(&request) {
            Ok(answer) => answer.object,
            Err(status) => {
                let failure = refusal(status, "patching", item);
                return Err(Failure { code: 2, ..failure });
            }
        };
        let old = live.map_or(String::new(), |live| yaml::text(&live));
        let new = yaml::text(&merged);
        if old == new {
            continue;
        }
        let text = difference(cx, &item.target, &old, &new);
        cx.write(Stream::Out, &text);
        cx.code = 1;
    }
    Ok(Task::Done)
}

/// The head and the pieces of `diff -u -N`.
fn difference(cx: &Cx<'_, '_>, target: &ObjectRef, old: &str, new: &str) -> String {
    let info = target.kind.info();
    let group = if info.group.is_empty() { "" } else { "." };
    let file = format!(
        "{}{group}{}.{}.{}.{}",
        info.group, info.version, info.name, target.key.namespace, target.key.name
    );
    let dir = |side: &str| {
        let number = names::fnv32a(format!("{side}{file}{}", cx.now().0).as_bytes());
        format!("/{}/{side}-{number}/{file}", "tmp")
    };
    let (live, merged) = (dir("LIVE"), dir("MERGED"));
    let time = cx.now().rfc3339_micro().replace('T', " ").replace('Z', "000 +0000");
    let pieces = super::diff::unified(old, new);
    format!("diff -u -N {live} {merged}\n--- {live}\t{time}\n+++ {merged}\t{time}\n{pieces}")
}
