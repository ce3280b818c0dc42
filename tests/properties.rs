//! Whatever is sent to the API server, whatever kind it is about: it answers with an object or
//! with a Status that says why not, it does all of it or nothing, and what it stores can be read.
//!
//! `SEED=n` adds another beginning; a failure prints the request.

#[path = "properties/make.rs"]
mod make;

use make::{Maker, sample};
use playground::api::json::Reader;
use playground::api::kinds::{Key, Kind, Object};
use playground::apiserver::apply::apply_text;
use playground::apiserver::http::{Request, Response};
use playground::apiserver::{ApiServer, strategy};
use playground::base::prng::Prng;
use playground::base::time::SimTime;
use playground::client::request::{Request as Write, Verb};
use serde_json::{Value, json};

/// Requests to each kind in one run.
const REQUESTS: usize = 150;

/// Which reasons go with which codes.
const REASONS: &[(u16, &[&str])] = &[
    (400, &["BadRequest"]),
    (403, &["Forbidden"]),
    (404, &["NotFound"]),
    (405, &["MethodNotAllowed"]),
    (409, &["Conflict", "AlreadyExists"]),
    (415, &["UnsupportedMediaType"]),
    (422, &["Invalid"]),
    (429, &["TooManyRequests"]),
    (500, &["", "InternalError"]),
];

fn seeds() -> Vec<u64> {
    let more = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    [1, 2].into_iter().chain(more).collect()
}

/// A server on which there is something of each kind.
fn server() -> ApiServer {
    let mut server = ApiServer::new(&Prng::new(5));
    for kind in Kind::ALL {
        let path = collection(*kind, "default");
        let body = sample(*kind).to_string();
        let request = Request { method: "POST", path: &path, content_type: "", body: &body };
        let Response { code, body, .. } = server.handle(SimTime(1000), &request);
        assert_eq!(code, 201, "{kind:?}: {body}");
    }
    server
}

fn collection(kind: Kind, namespace: &str) -> String {
    let info = kind.info();
    let group = match info.group {
        "" => format!("/api/{}", info.version),
        group => format!("/apis/{group}/{}", info.version),
    };
    match info.namespaced {
        true => format!("{group}/namespaces/{namespace}/{}", info.plural),
        false => format!("{group}/{}", info.plural),
    }
}

/// A body for `method`, with its type.
fn body(
    maker: &mut Maker,
    method: &str,
    kind: Kind,
    name: &str,
    tree: Value,
) -> (&'static str, Value) {
    match method {
        "GET" | "HEAD" => ("", Value::Null),
        "DELETE" => match maker.once_in(2) {
            true => ("", maker.junk(3)),
            false => ("", json!({"preconditions": {"uid": "x"}, "orphanDependents": true})),
        },
        "PATCH" => match maker.0.below(4) {
            0 => ("application/json-patch+json", maker.json_patch(&tree)),
            1 => ("application/merge-patch+json", maker.merge_patch(kind, &tree)),
            2 => ("application/strategic-merge-patch+json", maker.merge_patch(kind, &tree)),
            _ => {
                let mut tree = sample(kind);
                tree["metadata"]["name"] = json!(name);
                match maker.once_in(2) {
                    true => maker.vary(&mut tree, kind),
                    false => maker.spoil(&mut tree),
                }
                ("application/apply-patch+yaml", tree)
            }
        },
        _ => {
            let mut tree = match maker.0.below(3) {
                0 => tree,
                _ => sample(kind),
            };
            if !maker.once_in(3) {
                maker.vary(&mut tree, kind);
            }
            let names = [name, name, name, "made", "", "A b"];
            if let Value::Object(meta) = &mut tree["metadata"] {
                meta.insert("name".into(), json!(maker.pick(&names)));
                meta.insert("namespace".into(), json!(maker.pick(&["", "", "", "default", "x"])));
                ["uid", "resourceVersion"].iter().for_each(|key| drop(meta.remove(*key)));
            }
            if maker.once_in(3) {
                maker.spoil(&mut tree);
            }
            (*maker.pick(&["", "application/json", "application/yaml"]), tree)
        }
    }
}

/// One request, by chance: method, path, type of the body, body.
fn request(maker: &mut Maker, kind: Kind, server: &ApiServer) -> [String; 4] {
    let namespace = if maker.once_in(30) { "nope" } else { "default" };
    let base = collection(kind, namespace);
    let name = *maker.pick(&["web", "web", "web", "web", "made", "nope"]);
    let there = server.store.list_objects(kind).find(|object| *object.meta().name == *name);
    let tree = there.map_or_else(|| sample(kind), Object::to_value);
    let subresource = match maker.0.below(8) {
        0 => "/status",
        1 => *maker.pick(&["/scale", "/binding", "/eviction", "/log", "/", "/status/x"]),
        _ => "",
    };
    let method = *maker
        .pick(&["GET", "POST", "POST", "PUT", "PUT", "PATCH", "PATCH", "PATCH", "DELETE", "HEAD"]);
    let mut query = Vec::new();
    let params = [
        "dryRun=All",
        "dryRun=x",
        "fieldValidation=Strict",
        "fieldValidation=Ignore",
        "fieldManager=me",
        "fieldManager=you",
        "force=true",
        "labelSelector=app in (a,web)",
        "labelSelector=a in (",
        "fieldSelector=metadata.name=web",
        "fieldSelector=x",
        "propagationPolicy=Orphan",
        "propagationPolicy=x",
        "gracePeriodSeconds=-1",
        "limit=x",
    ];
    while maker.once_in(2) {
        query.push(*maker.pick(&params));
    }
    let mut path = match (method, maker.once_in(20)) {
        ("POST", false) if !matches!(subresource, "/binding" | "/eviction") => base.clone(),
        _ => format!("{base}/{name}{subresource}"),
    };
    let (content_type, body) = body(maker, method, kind, name, tree);
    if content_type.starts_with("application/apply") {
        query.push("fieldManager=me");
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    [method.into(), path, content_type.into(), body]
}

/// What is wrong with an answer.
fn fault(response: &Response, wrote: bool, dry_run: bool) -> Option<String> {
    let Response { code, body, .. } = response;
    if *code < 400 {
        let is_answer = body["kind"].is_string() && body["apiVersion"].is_string();
        return match (is_answer, wrote && dry_run) {
            (false, _) => Some("no kind".to_string()),
            (_, true) => Some("a dry run wrote".to_string()),
            _ => None,
        };
    }
    let reason = body["reason"].as_str().unwrap_or("");
    let known = REASONS.iter().any(|(of, list)| of == code && list.contains(&reason));
    let told = body["message"].as_str().is_some_and(|text| !text.is_empty());
    let right = body["kind"] == "Status" && body["status"] == "Failure" && body["code"] == *code;
    match (known && told && right, wrote) {
        (false, _) => Some("not the Status that belongs to the code".to_string()),
        (_, true) => Some("refused, and written all the same".to_string()),
        _ => None,
    }
}

/// What is wrong with an object that was stored.
fn unreadable(object: &Object, server: &ApiServer) -> Option<String> {
    let tree = object.to_value();
    let mut reader = Reader::default();
    let again = Object::read(object.kind(), &tree, &mut reader);
    if let Some(problem) = reader.problems.first() {
        return Some(format!("cannot be read back: {}", problem.message()));
    }
    if again.to_value() != tree {
        return Some("is another object when read back".to_string());
    }
    let mut defaulted = object.clone();
    strategy::default(&mut defaulted, &server.config);
    (defaulted.to_value() != tree).then(|| format!("gets more defaults: {}", defaulted.to_value()))
}

#[test]
fn any_request_gets_an_answer() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in seeds() {
        for kind in Kind::ALL {
            let mut maker = Maker(Prng::new(seed).fork(kind.info().name));
            let mut server = server();
            for n in 0..REQUESTS {
                let [method, path, content_type, body] = request(&mut maker, *kind, &server);
                let words = format!("{method} {path} {content_type}\n{body}");
                let asked = Request {
                    method: &method,
                    path: &path,
                    content_type: &content_type,
                    body: &body,
                };
                let before = server.store.revision();
                let response = server.handle(SimTime(2000 + 100 * n as u64), &asked);
                let wrote = server.store.revision() != before;
                let dry_run = path.contains("dryRun=All");
                if let Some(fault) = fault(&response, wrote, dry_run) {
                    panic!("{fault}: {words}\n{} {}", response.code, response.body);
                }
                for change in server.log.after(before) {
                    let fault = change.new.as_ref().and_then(|new| unreadable(new, &server));
                    assert_eq!(fault, None, "{words}");
                }
                match response.code < 400 {
                    true => accepted += 1,
                    false => refused += 1,
                }
                if server.store.count(*kind) == 0 {
                    server = self::server();
                }
            }
        }
    }
    // Both must be common, or nothing is tested.
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

/// What kubectl sends, with bodies by chance.
fn write(maker: &mut Maker, kind: Kind, server: &ApiServer) -> Write {
    let verbs = [
        Verb::Create,
        Verb::Update,
        Verb::PatchJson,
        Verb::PatchMerge,
        Verb::PatchStrategic,
        Verb::PatchStatus,
        Verb::Delete,
        Verb::Evict,
        Verb::Scale,
        Verb::Apply,
        Verb::Apply,
    ];
    let verb = *maker.pick(&verbs);
    let mut tree = sample(kind);
    let namespace = if kind.info().namespaced { "default" } else { "" };
    tree["metadata"]["namespace"] = json!(namespace);
    match maker.once_in(2) {
        true => maker.vary(&mut tree, kind),
        false => maker.spoil(&mut tree),
    }
    let name = *maker.pick(&["web", "web", "made", ""]);
    let key = Key::new(namespace, name);
    let there = server.store.object(kind, &key).map_or_else(|| sample(kind), Object::to_value);
    let body = match verb {
        Verb::PatchJson => maker.json_patch(&there),
        Verb::PatchMerge | Verb::PatchStrategic | Verb::PatchStatus => {
            maker.merge_patch(kind, &there)
        }
        Verb::Delete | Verb::Evict | Verb::Scale => maker.junk(2),
        _ => tree,
    };
    let mut write = Write::new(verb, kind, &key, body);
    write.dry_run = maker.once_in(5);
    write.force = maker.once_in(3);
    write.manager = maker.pick(&["", "kubectl-edit", "kubectl-client-side-apply"]).to_string();
    write
}

#[test]
fn any_write_of_kubectl_is_whole() {
    for seed in seeds() {
        for kind in Kind::ALL {
            let mut maker = Maker(Prng::new(seed).fork(kind.info().name));
            let mut server = server();
            for n in 0..REQUESTS / 3 {
                let write = write(&mut maker, *kind, &server);
                let before = server.store.revision();
                let answer = write.send(&mut server, SimTime(2000 + 100 * n as u64));
                let wrote = server.store.revision() != before;
                let whole = !wrote || answer.is_ok() && !write.dry_run;
                assert!(whole, "{write:?}: {answer:?}");
                for change in server.log.after(before) {
                    let fault = change.new.as_ref().and_then(|new| unreadable(new, &server));
                    assert_eq!(fault, None, "{write:?}");
                }
                if server.store.count(*kind) == 0 {
                    server = self::server();
                }
            }
        }
    }
}

#[test]
fn any_manifest_is_applied_or_refused() {
    for seed in seeds() {
        for kind in Kind::ALL {
            let mut maker = Maker(Prng::new(seed).fork(kind.info().name));
            let mut server = server();
            for n in 0..REQUESTS / 3 {
                let mut tree = sample(*kind);
                match maker.once_in(2) {
                    true => maker.vary(&mut tree, *kind),
                    false => maker.spoil(&mut tree),
                }
                let before = server.store.revision();
                let report = apply_text(&mut server, SimTime(2000 + n as u64), &tree.to_string());
                assert!(!report.lines().is_empty(), "{tree}");
                let wrote = server.store.revision() != before;
                assert!(!wrote || report.is_fine(), "{tree}: {:?}", report.lines());
            }
        }
    }
}
