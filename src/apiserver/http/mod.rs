//! The API server as HTTP sees it: a method, a path with its query, and a body give a status
//! code and a JSON body. Everything people and programs send the server in this form ends here,
//! so whatever it is, the answer is an object or a Status.
//!
//! Not here: watching, pages of lists, discovery, logs and `exec`, protobuf. A path that is not
//! served, known upstream or not, is not found.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,update,delete,get,rest}.go

mod route;

use super::managed::{self, Applied, KUBECTL};
use super::patch::{Patch, PatchType, json_fault};
use super::scale::no_such_resource;
use super::selector::Selector;
use super::status::{Cause, Status};
use super::{Answer, ApiServer, DryRun, scale, strategy};
use crate::api::json::{Json, Problem, Reader, decode_message};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::manifest::yaml;
use crate::base::time::SimTime;
pub use route::Route;
use serde_json::{Value, json};

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'r str,
    /// The path with its query: `/api/v1/namespaces/default/pods?labelSelector=app%3Dweb`.
    pub path: &'r str,
    /// The type of the body; empty means JSON.
    pub content_type: &'r str,
    /// The body.
    pub body: &'r str,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub code: u16,
    /// An object, a list, or a Status.
    pub body: Value,
    /// The texts of the Warning headers.
    pub warnings: Vec<String>,
}

impl ApiServer {
    /// Answers a request.
    pub fn handle(&mut self, now: SimTime, request: &Request<'_>) -> Response {
        let mut warnings = Vec::new();
        let params = route::params(request.path);
        let manager = params.iter().find(|(key, _)| key == "fieldManager");
        let manager = manager.map_or(KUBECTL, |(_, manager)| manager);
        let answer = |server: &mut ApiServer| server.answer(now, request, &mut warnings);
        let (code, body) = match self.acting_as(manager, answer) {
            Ok(answer) => answer,
            Err(status) => (status.code, status.to_value()),
        };
        Response { code, body, warnings }
    }

    fn answer(
        &mut self,
        now: SimTime,
        request: &Request<'_>,
        warnings: &mut Vec<String>,
    ) -> Answer<(u16, Value)> {
        let route = Route::parse(request.path).ok_or_else(no_such_resource)?;
        if route.kind == Kind::Endpoints {
            warnings.push(strategy::ENDPOINTS_WARNING.to_string());
        }
        let key = Key::new(route.namespace, route.name);
        match (request.method, route.subresource) {
            ("GET", _) => Ok((200, self.read(&route)?)),
            ("POST", "") if route.name.is_empty() => {
                let dry_run = route.dry_run("CreateOptions")?;
                let mut object = self.decode(&route, request, "CreateOptions", warnings)?;
                route.place(&mut object)?;
                say(warnings, strategy::warnings(&object));
                Ok((201, managed::to_value(&self.create_or_try(now, object, dry_run)?)))
            }
            ("POST", "binding") => self.bind_as_asked(now, &route, request),
            ("POST", "eviction") => {
                let body = body(request, "Eviction")?;
                let options = route.delete_options(&body["deleteOptions"])?;
                self.evict(now, &key, &options)?;
                Ok((201, success(Value::Null)))
            }
            ("PUT" | "PATCH", "scale") => self.scale_as_asked(now, &route, request),
            ("PUT", "" | "status") if !route.name.is_empty() => {
                self.put(now, &route, request, warnings)
            }
            ("PATCH", "" | "status") if !route.name.is_empty() => {
                self.patch_as_asked(now, &route, request, warnings)
            }
            ("DELETE", "") => self.delete_as_asked(now, &route, request, warnings),
            (_, "" | "status" | "scale" | "binding" | "eviction") => Err(method_not_allowed()),
            _ => Err(no_such_resource()),
        }
    }

    /// What is at `path`: an object, its scale, or a list.
    pub fn at_path(&self, path: &str) -> Answer<Value> {
        self.read(&Route::parse(path).ok_or_else(no_such_resource)?)
    }

    fn read(&self, route: &Route<'_>) -> Answer<Value> {
        let found = || self.found(route.kind, &Key::new(route.namespace, route.name));
        match route.subresource {
            "" if route.name.is_empty() => self.list(route),
            "" | "status" if !route.name.is_empty() => Ok(managed::to_value(&found()?)),
            "scale" => scale::of(&found()?),
            "status" | "binding" | "eviction" => Err(method_not_allowed()),
            _ => Err(no_such_resource()),
        }
    }

    fn found(&self, kind: Kind, key: &Key) -> Answer<Object> {
        let found = self.store.object(kind, key).cloned();
        found.ok_or_else(|| Status::not_found(kind, &key.name))
    }

    /// The objects that a request about many means.
    fn chosen(&self, route: &Route<'_>) -> Answer<Vec<Object>> {
        let (labels, fields) = (route.param("labelSelector"), route.param("fieldSelector"));
        let selector = Selector::parse(route.kind, labels, fields)?;
        let here = |object: &&Object| {
            (route.namespace.is_empty() || *object.meta().namespace == *route.namespace)
                && selector.matches(object)
        };
        Ok(self.store.list_objects(route.kind).filter(here).cloned().collect())
    }

    fn list(&self, route: &Route<'_>) -> Answer<Value> {
        let limit = route.param("limit");
        if !limit.is_empty() && limit.parse::<i64>().is_err() {
            let why = format!("strconv.ParseInt: parsing {limit:?}: invalid syntax");
            return Err(Status::bad_request(why));
        }
        let chosen = self.chosen(route)?;
        let version = route.param("resourceVersion");
        if !version.is_empty() && version.parse::<u64>().is_err() {
            let mut status = Status::failure(format!(
                "resourceVersion: Invalid value: {version:?}: strconv.ParseUint: parsing \
                 {version:?}: invalid syntax"
            ));
            status.code = 500;
            return Err(status);
        }
        let info = route.kind.info();
        let items: Vec<Value> = chosen.iter().map(managed::to_value).collect();
        Ok(json!({
            "kind": format!("{}List", info.name), "apiVersion": info.api_version(),
            "metadata": {"resourceVersion": self.store.revision().to_string()}, "items": items,
        }))
    }

    fn put(
        &mut self,
        now: SimTime,
        route: &Route<'_>,
        request: &Request<'_>,
        warnings: &mut Vec<String>,
    ) -> Answer<(u16, Value)> {
        let dry_run = route.dry_run("UpdateOptions")?;
        let mut object = self.decode(route, request, "UpdateOptions", warnings)?;
        let meta = object.meta();
        route.named(&meta.name, &meta.namespace)?;
        object.meta_mut().namespace = route.namespace.into();
        say(warnings, strategy::warnings(&object));
        let object = match (route.subresource, dry_run) {
            ("status", DryRun::Off) => self.update_status(now, object)?,
            ("status", DryRun::All) => self.clone().update_status(now, object)?,
            _ => self.update_or_try(now, object, dry_run)?,
        };
        Ok((200, managed::to_value(&object)))
    }

    fn patch_as_asked(
        &mut self,
        now: SimTime,
        route: &Route<'_>,
        request: &Request<'_>,
        warnings: &mut Vec<String>,
    ) -> Answer<(u16, Value)> {
        let key = Key::new(route.namespace, route.name);
        let kind = match request.content_type {
            "application/apply-patch+yaml" if route.subresource.is_empty() => {
                return self.apply_as_asked(now, route, request, warnings);
            }
            "application/json-patch+json" => PatchType::Json,
            "application/merge-patch+json" => PatchType::Merge,
            "application/strategic-merge-patch+json" => PatchType::Strategic,
            _ => {
                return Err(unsupported(
                    "application/json-patch+json, application/merge-patch+json, \
                     application/strategic-merge-patch+json, application/apply-patch+yaml",
                ));
            }
        };
        if !route.param("force").is_empty() {
            let cause = Cause::forbidden("force", "may not be specified for non-apply patch");
            return Err(Status::bad_options("PatchOptions", vec![cause]));
        }
        let mut patch = Patch::parse(kind, request.body)?;
        patch.status = route.subresource == "status";
        patch.dry_run = route.dry_run("PatchOptions")?;
        let validation = route.validation("PatchOptions")?;
        let done = self.patch_strictly(now, route.kind, &key, &patch, validation == "Strict")?;
        if validation != "Ignore" {
            warnings.extend(done.warnings);
        }
        Ok((200, managed::to_value(&done.object)))
    }

    fn apply_as_asked(
        &mut self,
        now: SimTime,
        route: &Route<'_>,
        request: &Request<'_>,
        warnings: &mut Vec<String>,
    ) -> Answer<(u16, Value)> {
        let key = Key::new(route.namespace, route.name);
        let tree = Patch::parse(PatchType::Merge, request.body)?.body;
        let dry_run = route.dry_run("PatchOptions")?;
        let force = matches!(route.param("force"), "true" | "1");
        let manager = route.param("fieldManager");
        let is_new = self.store.object(route.kind, &key).is_none();
        let applied = Applied { tree: &tree, manager, force, dry_run };
        let done = self.apply(now, route.kind, &key, &applied)?;
        say(warnings, done.warnings);
        Ok((if is_new { 201 } else { 200 }, managed::to_value(&done.object)))
    }

    /// Patches of a scale are merge patches here, whatever they say they are.
    fn scale_as_asked(
        &mut self,
        now: SimTime,
        route: &Route<'_>,
        request: &Request<'_>,
    ) -> Answer<(u16, Value)> {
        let key = Key::new(route.namespace, route.name);
        let scale = match request.method {
            "PUT" => body(request, "Scale")?,
            _ => {
                let patch = Patch::parse(PatchType::Merge, request.body)?;
                super::patch::merge(scale::of(&self.found(route.kind, &key)?)?, &patch.body)
            }
        };
        let mut reader = Reader::default();
        let replicas = reader.inside("spec".into(), |reader| {
            let spec = &scale["spec"];
            let given = if spec.is_null() { None } else { reader.object(spec, "ScaleSpec") };
            let given = given.and_then(|spec| spec.get("replicas")).filter(|n| !n.is_null());
            let read = |reader: &mut Reader| given.map_or(0, |given| i32::read(given, reader));
            reader.inside("replicas".into(), read)
        });
        if let Some(message) = decode_message("Scale", "v1", &reader.problems) {
            return Err(Status::bad_request(message));
        }
        route.named(scale["metadata"]["name"].as_str().unwrap_or(""), "")?;
        let dry_run = route.dry_run("UpdateOptions")? == DryRun::All;
        let mut copy = self.clone();
        let server = if dry_run { &mut copy } else { self };
        Ok((200, scale::of(&server.scale(now, route.kind, &key, replicas)?)?))
    }

    fn delete_as_asked(
        &mut self,
        now: SimTime,
        route: &Route<'_>,
        request: &Request<'_>,
        warnings: &mut Vec<String>,
    ) -> Answer<(u16, Value)> {
        let body =
            if request.body.is_empty() { Value::Null } else { body(request, "DeleteOptions")? };
        let options = route.delete_options(&body)?;
        let silent = body["orphanDependents"].is_null()
            && body["propagationPolicy"].is_null()
            && route.param("propagationPolicy").is_empty();
        if silent && route.kind == Kind::Job {
            warnings.push(strategy::ORPHANS_WARNING.to_string());
        }
        let mut targets = Vec::new();
        if route.name.is_empty() {
            targets.extend(self.chosen(route)?);
        } else {
            targets.push(self.found(route.kind, &Key::new(route.namespace, route.name))?);
        }
        let wanted = body["preconditions"]["uid"].as_str();
        for target in &targets {
            if let Some(wanted) = wanted.filter(|uid| **uid != *target.meta().uid.to_string()) {
                return Err(super::deletion::other_uid(target, wanted));
            }
        }
        for target in &targets {
            self.delete(now, route.kind, &target.key(), &options)?;
        }
        let [target] = &targets[..] else {
            return Ok((200, success(Value::Null)));
        };
        Ok((200, self.what_is_left(target)))
    }

    /// The answer to the deletion of `target`: what is left of it, or that it is gone.
    pub fn what_is_left(&self, target: &Object) -> Value {
        if let Some(left) = self.store.find(&target.reference()) {
            return managed::to_value(left);
        }
        let info = target.kind().info();
        let mut details = json!({"name": &*target.meta().name, "kind": info.plural});
        if !info.group.is_empty() {
            details["group"] = json!(info.group);
        }
        details["uid"] = json!(target.meta().uid.to_string());
        success(details)
    }

    fn bind_as_asked(
        &mut self,
        now: SimTime,
        route: &Route<'_>,
        request: &Request<'_>,
    ) -> Answer<(u16, Value)> {
        let body = body(request, "Binding")?;
        let node = body["target"]["name"].as_str().unwrap_or("");
        if node.is_empty() {
            return Err(Status::failure("target.name: Required value"));
        }
        let dry_run = route.dry_run("CreateOptions")? == DryRun::All;
        let mut copy = self.clone();
        let server = if dry_run { &mut copy } else { self };
        server.bind(now, &Key::new(route.namespace, route.name), &node.into())?;
        Ok((201, success(Value::Null)))
    }

    /// Reads the object in a body as `fieldValidation` wants it.
    fn decode(
        &self,
        route: &Route<'_>,
        request: &Request<'_>,
        options: &str,
        warnings: &mut Vec<String>,
    ) -> Answer<Object> {
        let validation = route.validation(options)?;
        let info = route.kind.info();
        let tree = body(request, info.name)?;
        fits(route.kind, &tree)?;
        let mut reader = Reader::default();
        let object = Object::read(route.kind, &tree, &mut reader);
        let unknown = |problem: &Problem| matches!(problem, Problem::Unknown(_));
        if validation == "Strict" || !reader.problems.iter().all(unknown) {
            if let Some(message) = decode_message(info.name, info.version, &reader.problems) {
                return Err(Status::bad_request(message));
            }
        } else if validation != "Ignore" {
            warnings.extend(reader.problems.iter().map(Problem::message));
        }
        Ok(object)
    }
}

/// Whether a tree says that it is of another kind.
pub fn fits(kind: Kind, tree: &Value) -> Answer<()> {
    let info = kind.info();
    let text = |key: &str, usual: &str| tree[key].as_str().unwrap_or(usual).to_string();
    let (name, version) = (text("kind", info.name), text("apiVersion", &info.api_version()));
    if name == info.name && version == info.api_version() {
        return Ok(());
    }
    let short = version.rsplit('/').next().unwrap_or("").to_string();
    let served = |kind: &Kind| kind.info().name == name && kind.info().api_version() == version;
    let why = match Kind::ALL.iter().any(served) {
        true => format!(
            "converting ({short}.{name}) to ({}.{}): unknown conversion",
            if info.group.is_empty() { "core" } else { info.group },
            info.name
        ),
        false => format!(
            "no kind {name:?} is registered for version {version:?} in scheme \
             \"pkg/api/legacyscheme/scheme.go:30\""
        ),
    };
    Err(Status::bad_request(format!(
        "{name} in version {short:?} cannot be handled as a {}: {why}",
        info.name
    )))
}

/// The tree in a body that should hold a `kind`.
pub fn body(request: &Request<'_>, kind: &str) -> Answer<Value> {
    let text = request.body;
    let parsed = match request.content_type {
        "" | "application/json" => serde_json::from_str(text).ok(),
        "application/yaml" => match &mut yaml::read(text)[..] {
            [document] => document.root.as_ref().ok().map(|node| node.to_json()),
            _ => None,
        },
        _ => {
            return Err(unsupported(
                "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
    };
    let odd = |tree: &Value| {
        let odd = |key: &&str| !matches!(tree[*key], Value::Null | Value::String(_));
        ["apiVersion", "kind"].into_iter().find(odd)
    };
    let why = match parsed {
        Some(tree @ Value::Object(_)) => match odd(&tree) {
            None => return Ok(tree),
            Some(key) => format!(
                "json: cannot unmarshal {} into Go struct field .{key} of type string",
                super::patch::go_kind(&tree[key])
            ),
        },
        Some(Value::Null) => return Ok(json!({})),
        Some(other) => format!(
            "json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \
             \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
            super::patch::go_kind(&other)
        ),
        None => json_fault(text),
    };
    Err(Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get \
         version/kind; json parse error: {why} ({})",
        summary(text)
    )))
}

/// The beginning of a body that is no object; in hexadecimal digits unless it looks like one.
fn summary(text: &str) -> String {
    let most = 30;
    let bytes = text.as_bytes();
    let cut = &bytes[..bytes.len().min(most)];
    let tail = if bytes.len() > most { " ..." } else { "" };
    match bytes.first() {
        None => "<empty>".to_string(),
        Some(b'{') => format!("{}{tail}", String::from_utf8_lossy(cut)),
        Some(_) => {
            let hex: String = cut.iter().map(|byte| format!("{byte:02x}")).collect();
            hex + tail
        }
    }
}

/// The server says each warning once.
fn say(warnings: &mut Vec<String>, more: Vec<String>) {
    for warning in more {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// A Status that says that it is done.
pub fn success(details: Value) -> Value {
    let mut status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    if !details.is_null() {
        status["details"] = details;
    }
    status
}

fn method_not_allowed() -> Status {
    let message = "the server does not allow this method on the requested resource";
    let mut status = Status::bad_request(message);
    (status.code, status.reason) = (405, "MethodNotAllowed");
    status
}

fn unsupported(accepted: &str) -> Status {
    let mut status = Status::bad_request(format!(
        "the body of the request was in an unknown format - accepted media types include: \
         {accepted}"
    ));
    (status.code, status.reason) = (415, "UnsupportedMediaType");
    status
}
