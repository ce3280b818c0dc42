//! Compares refusals: each action that the real server or kubectl refused or warned of, and each
//! single request of the scenarios that are made of such (`cases.jsonl`). Of a command its words
//! on standard error and its exit code; of a request its code, reason, message and causes.

use super::compare::Outcome;
use super::drive::Played;
use super::scenario::Scenario;
use playground::apiserver::http::Response;
use playground::base::time::Span;
use serde_json::{Value, json};

/// A single request of `cases.jsonl`, ready to be sent.
pub struct Case {
    /// What it is called.
    pub name: String,
    /// When, since the beginning of the recording.
    pub at: Span,
    /// Method, path, type of the body.
    pub request: [String; 3],
    /// The body; if it is null, the object that is there, changed as `edit` says.
    pub body: Value,
    /// How the object that is there is changed.
    pub edit: Option<Value>,
    /// What the real server answered: the HTTP status and the Status, or the object's kind.
    pub expected: (u64, Value),
}

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

/// When the recorder sent the requests that change an object as it is, and when the others.
const EDITS: Span = Span::millis(15_716);
const OTHERS: Span = Span::millis(17_000);
/// When it tried patches.
const PATCHES: Span = Span::millis(4_060);

/// What was sent where the recording holds only the answer.
fn edit(case: &str) -> Option<Value> {
    Some(match case {
        "put-no-resourceVersion" => {
            json!({"metadata": {"resourceVersion": null}, "spec": {"replicas": 3}})
        }
        "put-name-mismatch" => json!({"metadata": {"name": "x"}}),
        "put-uid-mismatch" => json!({"metadata": {"uid": "abc", "resourceVersion": null}}),
        "patch-stale-rv" => json!({"metadata": {"resourceVersion": "1"}}),
        _ => return None,
    })
}

/// Sets in `tree` what `edit` says; null takes away.
pub fn change(tree: &mut Value, edit: &Value) {
    for (key, value) in edit.as_object().into_iter().flatten() {
        match (value, tree.as_object_mut()) {
            (Value::Object(_), _) => change(&mut tree[key], value),
            (Value::Null, Some(map)) => drop(map.remove(key)),
            _ => tree[key] = value.clone(),
        }
    }
}

/// The single requests of a scenario, in order.
pub fn cases(scenario: &Scenario) -> Vec<Case> {
    let mut out: Vec<Case> =
        scenario.cases.iter().flat_map(|case| requests(scenario, case)).collect();
    out.sort_by_key(|case| case.at);
    out
}

fn requests(scenario: &Scenario, case: &Value) -> Vec<Case> {
    let text = |key: &str| case[key].as_str().unwrap_or("").to_string();
    let name = text("case");
    let one = |at: Span, request: [&str; 3], body: Value| Case {
        name: name.clone(),
        at,
        request: request.map(str::to_string),
        body,
        edit: None,
        expected: (case["http"].as_u64().unwrap_or(0), case["response"].clone()),
    };
    if let Some(manifest) = scenario.manifests.get(&text("manifest")) {
        let yaml = Value::from(manifest.as_str());
        let path = format!("{SETS}?dryRun=All");
        let lenient = one(Span::ZERO, ["POST", &path, "application/yaml"], yaml.clone());
        let path = format!("{path}&fieldValidation=Strict");
        let mut strict = one(Span::ZERO, ["POST", &path, "application/yaml"], yaml);
        strict.name.push_str(" (strict)");
        let code = case["http_strict"].as_u64().unwrap_or(0);
        let answer = &case["response_strict"];
        let answer = if answer == "same" { &case["response"] } else { answer };
        strict.expected = (code, answer.clone());
        return vec![lenient, strict];
    }
    if !case["patch"].is_null() {
        let path = format!("{SETS}/web?dryRun=All");
        let request = ["PATCH", &path, "application/json-patch+json"];
        return vec![one(PATCHES, request, case["patch"].clone())];
    }
    if let Some(edit) = edit(&name) {
        let method = if name.starts_with("put") { "PUT" } else { "PATCH" };
        let kind =
            if method == "PUT" { "application/json" } else { "application/merge-patch+json" };
        let path = format!("{SETS}/web");
        let mut case = one(EDITS, [method, &path, kind], Value::Null);
        match method {
            "PUT" => case.edit = Some(edit),
            _ => case.body = edit,
        }
        return vec![case];
    }
    if case["method"].is_null() {
        return Vec::new();
    }
    let (method, path, kind) = (text("method"), text("path"), text("ctype"));
    vec![one(OTHERS, [&method, &path, &kind], case["body"].clone())]
}

/// Compares all refusals of a scenario.
pub fn errors(scenario: &Scenario, played: &Played, outcome: &mut Outcome) {
    let mut compare = |name: String, expected: String, got: String| {
        let (expected, got) = (mask(&expected), mask(&got));
        outcome.errors.total += 1;
        if expected == got {
            outcome.errors.equal += 1;
        } else {
            let text = format!("    expected {expected}\n         got {got}\n");
            outcome.differences.insert(format!("error {name}"), text);
        }
    };
    for (number, action) in scenario.actions.iter().enumerate() {
        let answer = played.answers.iter().find(|answer| answer.number == number);
        let stderr = action["stderr"].as_str().unwrap_or("");
        let code = action["rc"].as_i64().unwrap_or(0);
        if action["kind"] == "kubectl" && (code != 0 || !stderr.is_empty()) {
            let got = answer.map_or("nothing".to_string(), |answer| {
                format!("{} {}", answer.code, answer.stderr.trim_end())
            });
            let name = format!("{number} {}", action["cmd"].as_str().unwrap_or(""));
            compare(name, format!("{code} {}", stderr.trim_end()), got);
        }
        let status = action["status"].as_u64().unwrap_or(0);
        if action["kind"] == "api" && status >= 400 {
            let got = answer.and_then(|answer| answer.response.as_ref());
            let got = got.map_or("nothing".to_string(), |r| told(r.code.into(), &r.body));
            let name = format!("{number} {}", action["path"].as_str().unwrap_or(""));
            compare(name, told(status, &action["response"]), got);
        }
    }
    for (case, Response { code, body, .. }) in cases(scenario).iter().zip(&played.cases) {
        let (status, expected) = &case.expected;
        compare(case.name.clone(), told(*status, expected), told((*code).into(), body));
    }
}

/// What counts of an answer: of an object only its kind.
fn told(code: u64, body: &Value) -> String {
    let part = |key: &str| body[key].as_str().unwrap_or("").to_string();
    match body {
        Value::String(kind) => format!("{code} {kind}"),
        _ if body["kind"] != "Status" => format!("{code} {}", part("kind")),
        _ => {
            let causes = &body["details"]["causes"];
            format!("{code} {} {}\n{causes}", part("reason"), part("message"))
        }
    }
}

/// Replaces what differs from run to run: uids, versions, times.
fn mask(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let is_hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !is_hex(c)).unwrap_or(rest.len());
        let starts = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let version = "resourceVersion\\\":\\\"";
        if starts && word == 36 && rest[..word].matches('-').count() == 4 {
            out.push_str("UID");
            rest = &rest[word..];
        } else if out.ends_with(version) || out.ends_with("resourceVersion\\\\\\\":\\\\\\\"") {
            out.push('N');
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            out.push_str(&rest[..1.min(rest.len())]);
            rest = &rest[1.min(rest.len())..];
        } else if starts && is_time(rest) {
            out.push_str("TIME");
            rest = &rest[20..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Whether a text begins as `2026-11-23T04:31:45Z` does.
fn is_time(text: &str) -> bool {
    let shape = "dddd-dd-ddTdd:dd:ddZ";
    let fits = |(c, want): (char, char)| if want == 'd' { c.is_ascii_digit() } else { c == want };
    text.len() >= shape.len() && text.chars().zip(shape.chars()).all(fits)
}
