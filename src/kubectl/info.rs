//! Commands about the cluster and kubectl itself: version, api-resources, config, auth.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/{version,clusterinfo,apiresources,config,auth}

use super::cx::{Cx, Failure, Outcome, Task};
use super::format::Format;
use super::running::Stream;
use super::value::shaped;
use crate::api::kinds::Kind;
use crate::api::manifest::hints::nearest;
use crate::base::text::TABLE;
use serde_json::json;

const VERSION: &str = "v1.36.2";
const KUSTOMIZE: &str = "v5.8.1";
const SERVER: &str = "https://127.0.0.1:6443";
/// The one context, and its cluster.
pub const CONTEXT: &str = "playground";
/// Who types.
pub const USER: &str = "admin";

/// What can be done to every kind.
const VERBS: &str = "create,delete,get,list,patch,update,watch";

/// Prints a table.
fn table(cx: &mut Cx<'_, '_>, rows: &[Vec<String>]) {
    let skip = usize::from(cx.args.is_set("no-headers"));
    let text: String = rows.iter().skip(skip).map(|row| row.join("\t") + "\n").collect();
    let text = TABLE.clone().layout(&text);
    cx.write(Stream::Out, &text);
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| cell.to_string()).collect()
}

pub use super::explain::explain;

/// `kubectl version`.
pub fn version(cx: &mut Cx<'_, '_>) -> Outcome {
    let about = json!({"gitVersion": VERSION, "major": "1", "minor": "36"});
    let mut tree = json!({"clientVersion": about, "kustomizeVersion": KUSTOMIZE});
    let client = cx.args.is_set("client");
    if !client {
        tree["serverVersion"] = about;
    }
    match cx.args.text("output") {
        "" => {
            cx.say(format!("Client Version: {VERSION}\nKustomize Version: {KUSTOMIZE}"));
            if !client {
                cx.say(format!("Server Version: {VERSION}"));
            }
        }
        "yaml" => cx.print_tree(&Format::Yaml, &tree)?,
        "json" => cx.print_tree(&Format::Json, &tree)?,
        _ => return Err(Failure::new("--output must be 'yaml' or 'json'")),
    }
    Ok(Task::Done)
}

/// What the server says of itself at `/version`.
pub fn version_raw(cx: &mut Cx<'_, '_>) {
    let tree =
        json!({"major": "1", "minor": "36", "gitVersion": VERSION, "platform": "linux/amd64"});
    let mut text = String::new();
    super::value::pretty(&tree, 0, &mut text);
    cx.write(Stream::Out, &text.replace("    ", "  "));
}

/// `kubectl cluster-info`.
pub fn cluster_info(cx: &mut Cx<'_, '_>) -> Outcome {
    cx.say(format!("Kubernetes control plane is running at {SERVER}"));
    cx.say("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
    Ok(Task::Done)
}

/// `kubectl api-versions`.
pub fn api_versions(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut all: Vec<String> = Kind::ALL.iter().map(|kind| kind.info().api_version()).collect();
    all.sort();
    all.dedup();
    all.iter().for_each(|version| cx.say(version));
    cx.note("These are the versions the simulator serves; Kubernetes has more.");
    Ok(Task::Done)
}

/// `kubectl api-resources`.
pub fn api_resources(cx: &mut Cx<'_, '_>) -> Outcome {
    let mut kinds: Vec<Kind> = Kind::ALL.to_vec();
    kinds.sort_by_key(|kind| (kind.info().group, kind.info().plural));
    match cx.args.text("sort-by") {
        "" => {}
        "name" => kinds.sort_by_key(|kind| kind.info().plural),
        "kind" => kinds.sort_by_key(|kind| kind.info().name),
        _ => return Err(Failure::new("--sort-by accepts only name or kind")),
    }
    let group = cx.args.get("api-group");
    let namespaced = cx.args.get("namespaced").map(|value| value == "true");
    let all = super::resource::kinds("all")?;
    let among = |kind: Kind| all.contains(&super::resource::Known::Here(kind));
    let args = cx.args;
    let known = args.all("verbs").iter().all(|verb| VERBS.split(',').any(|own| own == *verb));
    let wanted = args.all("categories");
    kinds.retain(|kind| {
        let info = kind.info();
        let categories = wanted.is_empty() || wanted.contains(&"all") && among(*kind);
        categories
            && known
            && group.is_none_or(|group| info.group == group)
            && namespaced.is_none_or(|wanted| info.namespaced == wanted)
    });
    let output = cx.args.text("output").to_string();
    match &*output {
        "name" => kinds.iter().for_each(|kind| cx.say(kind.info().resource())),
        "" | "wide" => {
            let mut rows = vec![row(&["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"])];
            if output == "wide" {
                rows[0].extend(["VERBS".to_string(), "CATEGORIES".to_string()]);
            }
            for kind in kinds {
                let info = kind.info();
                let mut cells = vec![
                    info.plural.to_string(),
                    info.short.join(","),
                    info.api_version(),
                    info.namespaced.to_string(),
                    info.name.to_string(),
                ];
                if output == "wide" {
                    cells.push(VERBS.to_string());
                    cells.push(if among(kind) { "all".to_string() } else { String::new() });
                }
                rows.push(cells);
            }
            table(cx, &rows);
        }
        other => {
            let text = format!("--output {other} is not available");
            return Err(Failure::new(text));
        }
    }
    cx.note("These are the kinds the simulator serves; Kubernetes has more.");
    Ok(Task::Done)
}

/// `kubectl auth can-i`.
pub fn can_i(cx: &mut Cx<'_, '_>) -> Outcome {
    let args = cx.args;
    let list = args.is_set("list");
    let why = match &args.words[..] {
        [] if list => "",
        _ if list => "list option must be specified with no arguments",
        [_, _] => "",
        _ => {
            "you must specify two arguments: verb resource or verb resource/resourceName.\n\
             See 'kubectl auth can-i -h' for help and examples."
        }
    };
    let with = |flag: &str| args.get(flag).is_some();
    let why = match why {
        "" if list && (with("quiet") || with("all-namespaces") || with("subresource")) => {
            "list option can't be specified with neither quiet, all-namespaces nor subresource \
             options"
        }
        "" if !list && with("no-headers") => "--no-headers cannot be set without --list specified",
        why => why,
    };
    if !why.is_empty() {
        return Err(Failure::new(why));
    }
    if list {
        let head = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"];
        let rows = [row(&head), row(&["*.*", "[]", "[]", "[*]"]), row(&["", "[*]", "[]", "[*]"])];
        table(cx, &rows);
        return Ok(Task::Done);
    }
    let (verb, word) = (&args.words[0], args.words[1].split('/').next().unwrap_or(""));
    let (lower, kind) = (word.to_lowercase(), Kind::by_word(word).map(Kind::info));
    let place = |word: &str, group: &str| match group {
        "" => format!("'{word}'"),
        group => format!("'{word}' in group '{group}'"),
    };
    if kind.is_none() && !["*", "users", "groups", ""].contains(&&*lower) {
        let (name, group) = lower.split_once('.').unwrap_or((&lower, ""));
        let place = place(name, group);
        cx.warn(format!("Warning: the server doesn't have a resource type {place}\n"));
    }
    if let Some(info) = kind.filter(|info| !info.namespaced && !args.is_set("all-namespaces")) {
        let group = if info.group.is_empty() { "" } else { &format!(" in group '{}'", info.group) };
        let plural = info.plural;
        cx.warn(format!("Warning: resource '{plural}' is not namespace scoped{group}\n"));
    }
    let verbs = match word {
        "" => "get put post head options delete patch *",
        _ => {
            "get list watch create update patch delete deletecollection use bind impersonate * \
             approve sign escalate attest"
        }
    };
    let asked = word.is_empty() || !args.is_set("all-namespaces");
    if asked && !verbs.split(' ').any(|known| known == verb) {
        cx.warn(format!("Warning: verb '{verb}' is not a known verb\n"));
    }
    if !cx.args.is_set("quiet") {
        cx.say("yes");
    }
    Ok(Task::Done)
}

/// `kubectl auth whoami`.
pub fn whoami(cx: &mut Cx<'_, '_>) -> Outcome {
    let groups = "[system:masters system:authenticated]";
    let rows = [row(&["ATTRIBUTE", "VALUE"]), row(&["Username", USER]), row(&["Groups", groups])];
    table(cx, &rows);
    Ok(Task::Done)
}

/// `kubectl config current-context`.
pub fn current_context(cx: &mut Cx<'_, '_>) -> Outcome {
    cx.say(CONTEXT);
    Ok(Task::Done)
}

/// The namespace that the context names; nothing for the usual one.
fn set_namespace(cx: &Cx<'_, '_>) -> String {
    match &*cx.context.settings.namespace {
        "default" => String::new(),
        namespace => namespace.to_string(),
    }
}

/// `kubectl config get-contexts`.
pub fn get_contexts(cx: &mut Cx<'_, '_>) -> Outcome {
    if cx.args.text("output") == "name" {
        cx.say(CONTEXT);
        return Ok(Task::Done);
    }
    let namespace = set_namespace(cx);
    let rows = [
        row(&["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]),
        row(&["*", CONTEXT, CONTEXT, USER, &namespace]),
    ];
    table(cx, &rows);
    Ok(Task::Done)
}

/// `kubectl config get-clusters`.
pub fn get_clusters(cx: &mut Cx<'_, '_>) -> Outcome {
    cx.say(format!("NAME\n{CONTEXT}"));
    Ok(Task::Done)
}

/// `kubectl config get-users`.
pub fn get_users(cx: &mut Cx<'_, '_>) -> Outcome {
    cx.say(format!("NAME\n{USER}"));
    Ok(Task::Done)
}

/// The name must be that of the one context there is.
fn known_context(name: &str) -> Result<(), Failure> {
    match name {
        CONTEXT => Ok(()),
        other => {
            let near = nearest(other, [CONTEXT].into_iter());
            Err(Failure::new(format!("no context exists with the name: {other:?}")).hint(
                near.map_or(format!("The one context is {CONTEXT}."), |near| {
                    format!("Did you mean {near}?")
                }),
            ))
        }
    }
}

/// `kubectl config use-context`.
pub fn use_context(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = cx.args.words.first().cloned().unwrap_or_default();
    known_context(&name)?;
    cx.say(format!("Switched to context {name:?}."));
    Ok(Task::Done)
}

/// `kubectl config set-context`.
pub fn set_context(cx: &mut Cx<'_, '_>) -> Outcome {
    let name = match cx.args.words.first() {
        Some(name) if !cx.args.is_set("current") => name.clone(),
        None if !cx.args.is_set("current") => {
            let text = "you must specify a non-empty context name or --current";
            return Err(Failure::new(text));
        }
        _ => CONTEXT.to_string(),
    };
    if name != CONTEXT {
        return Err(Failure::raw("")
            .hint(format!("This simulator has one context, {CONTEXT}: take --current.")));
    }
    if let Some(namespace) = cx.args.get("namespace") {
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        cx.context.settings.namespace = namespace.into();
    }
    cx.say(format!("Context {name:?} modified."));
    Ok(Task::Done)
}

/// `kubectl config view`.
pub fn view(cx: &mut Cx<'_, '_>) -> Outcome {
    let namespace = Some(set_namespace(cx)).filter(|namespace| !namespace.is_empty());
    let tree = shaped(
        r#"{"apiVersion":"v1","kind":"Config","current-context":"$0",
        "clusters":[{"name":"$0","cluster":{"server":"$1"}}],
        "contexts":[{"name":"$0","context":{"cluster":"$0","user":"$2","namespace":"$3"}}],
        "users":[{"name":"$2","user":{"token":"REDACTED"}}]}"#,
        &[json!(CONTEXT), json!(SERVER), json!(USER), json!(namespace)],
    );
    let format = match Format::of(cx)? {
        Format::Plain => Format::Yaml,
        format => format,
    };
    cx.print_tree(&format, &tree)?;
    Ok(Task::Done)
}
