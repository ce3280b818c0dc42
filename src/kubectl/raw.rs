//! `--raw`: a path of the server, read or written as it stands.
//!
//! Not here: discovery, metrics, logs; writing many objects, or status and finalizers; keys of
//! answers in the order of Go's structs.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/rawhttp/raw.go

use super::cx::{Cx, Failure, Outcome, Task};
use super::running::Stream;
use crate::api::apps::go_json;
use crate::api::json::{Problem, Reader};
use crate::api::kinds::{Key, Object, ObjectRef};
use crate::apiserver::http::{self, Route};
use crate::apiserver::managed;
use crate::client::request::{Request, Verb};
use serde_json::Value;

/// The path of an object.
pub fn path(object: &ObjectRef) -> String {
    let (info, key) = (object.kind.info(), &object.key);
    let group = if info.group.is_empty() { "api" } else { "apis" };
    let namespace = match &*key.namespace {
        "" => String::new(),
        name => format!("namespaces/{name}/"),
    };
    format!("/{group}/{}/{namespace}{}/{}", info.api_version(), info.plural, key.name)
}

fn must_be_path(path: &str) -> Result<(), Failure> {
    match path.starts_with('/') {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "--raw must be a valid URL path: parse {path:?}: invalid URI for request"
        ))),
    }
}

fn elsewhere(path: &str) -> Failure {
    let text = "Error from server (NotFound): the server could not find the requested resource";
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let lists = matches!(steps[..], ["api"] | ["api", _] | ["apis"] | ["apis", _] | ["apis", _, _]);
    Failure::raw(text).hint(match lists || steps[0] == "openapi" {
        true => "Kubernetes lists here what it serves; this simulator has kubectl api-resources.",
        false => "Paths here: /api/v1/…, /apis/GROUP/VERSION/…, /version, /healthz.",
    })
}

/// `kubectl get --raw PATH`: what the server answers, in one line.
pub fn get(cx: &mut Cx<'_, '_>, path: &str, watch: bool) -> Outcome {
    let args = cx.args;
    let why = match () {
        () if !args.words.is_empty() || args.get("filename").is_some() => {
            "arguments may not be passed when --raw is specified"
        }
        () if watch || !args.text("selector").is_empty() => {
            "--raw may not be specified with other flags that filter the server request or alter \
             the output"
        }
        () if !args.text("output").is_empty() => "--raw and --output are mutually exclusive",
        () => "",
    };
    if !why.is_empty() {
        return Err(Failure::new(why));
    }
    must_be_path(path)?;
    match path {
        "/healthz" | "/livez" | "/readyz" => cx.write(Stream::Out, "ok"),
        "/version" => super::info::version_raw(cx),
        _ if Route::parse(path).is_none() => return Err(elsewhere(path)),
        _ => {
            let tree = cx.server().at_path(path)?;
            cx.say(go_json(&tree));
        }
    }
    Ok(Task::Done)
}

/// `kubectl create|replace|delete --raw PATH -f FILE`.
pub fn write(cx: &mut Cx<'_, '_>, path: &str) -> Outcome {
    let args = cx.args;
    let files = args.all("filename");
    let many = if cx.name == "delete" { files.len() > 1 } else { files.len() != 1 };
    let why = match () {
        () if args.is_set("edit") => "--raw and --edit are mutually exclusive",
        () if many => "--raw can only use a single local file or stdin",
        () if files.iter().any(|file| file.contains("://")) => "--raw cannot read from a url",
        () if args.is_set("recursive") => "--raw and --recursive are mutually exclusive",
        () if !args.text("output").is_empty() => "--raw and --output are mutually exclusive",
        () => "",
    };
    if !why.is_empty() {
        return Err(Failure::new(why));
    }
    must_be_path(path)?;
    let route = Route::parse(path).ok_or_else(|| elsewhere(path))?;
    let mut text = "{}".to_string();
    if let Some(file) = files.first() {
        text = match *file {
            "-" => cx.stdin.to_string(),
            file => match cx.context.files.get(file) {
                Some(text) => text.to_string(),
                None => return Err(super::resource::no_file(file, cx.context.files)),
            },
        };
    }
    let verb = match (cx.name, route.name, route.subresource) {
        ("create", "", "") => Verb::Create,
        ("create", _, "eviction") => Verb::Evict,
        ("replace", name, "") if !name.is_empty() => Verb::Update,
        ("replace", _, "scale") => Verb::Scale,
        ("delete", name, "") if !name.is_empty() => Verb::Delete,
        _ => {
            let text = "Error from server (MethodNotAllowed): the server does not allow this \
                        method on the requested resource";
            return Err(Failure::raw(text));
        }
    };
    let sent = http::Request { method: "POST", path, content_type: "", body: &text };
    let mut body = http::body(&sent, route.kind.info().name)?;
    if let Verb::Create | Verb::Update = verb {
        http::fits(route.kind, &body)?;
        let mut reader = Reader::default();
        let object = Object::read(route.kind, &body, &mut reader);
        let unknown = |problem: &Problem| matches!(problem, Problem::Unknown(_));
        if reader.problems.iter().all(unknown) {
            reader.problems.iter().for_each(|problem| {
                cx.warn(format!("Warning: {}", problem.message()));
            });
            body = object.to_value();
        }
        body["metadata"]["namespace"] = route.namespace.into();
    }
    match verb {
        Verb::Scale => body = body["spec"]["replicas"].take(),
        Verb::Evict => body = body["deleteOptions"].take(),
        _ => {}
    }
    let key = Key::new(route.namespace, route.name);
    let answer = cx.send(&Request::new(verb, route.kind, &key, body))?;
    let tree = match verb {
        Verb::Evict => http::success(Value::Null),
        Verb::Delete => cx.server().what_is_left(&answer.object),
        Verb::Scale => cx.server().at_path(path)?,
        _ => managed::to_value(&answer.object),
    };
    cx.say(go_json(&tree));
    Ok(Task::Done)
}
