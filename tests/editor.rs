//! What is found in manifests: each text of the catalogue is opened and applied, and what the
//! editor lists then is kept in tests/editor/*.txt (`UPDATE=1` rewrites them).
//!
//! Not here: how YAML is read in detail (tests/yaml.rs), what the editor looks like.

use playground::api::manifest::{self, Manifests};
use playground::session::mend::mended;
use playground::session::{Action, Session};
use playground::view::read::Found;
use playground::view::{Lang, Severity};
use serde_json::Value;

/// A StatefulSet that is fine, into which a case puts what is wrong.
const SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  replicas: 2
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      containers:
      - name: nginx
        image: nginx
";

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: nginx
spec:
  clusterIP: None
  selector:
    app: nginx
  ports:
  - port: 80
---
";

const ENV: &str = "        env:
        - name: A
          value: yes
";

const ASKS: &str = "        resources:
          requests:
            cpu: ten
";

const PORT: &str = "        ports:
        - containerPort: 70000
";

const LIST: &str = "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: a
";

const JSON: &str =
    "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}}";

/// The set behind its Service, with one piece of text in place of another.
fn with(from: &str, to: &str) -> String {
    assert!(SET.contains(from), "{from}");
    [SERVICE, &SET.replacen(from, to, 1)].concat()
}

/// What is wrong, and how it is written.
fn catalogue() -> Vec<(&'static str, String)> {
    let lost: String = SET.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let anchored = with("      app: nginx", "      app: &app nginx");
    let anchored = anchored.replacen("        app: nginx\n    s", "        app: *app\n    s", 1);
    vec![
        ("tab indentation", with("  replicas", "\treplicas")),
        ("unclosed quote", with("name: web", "name: \"web")),
        ("unclosed bracket", with("app: nginx\n  template", "app: [nginx\n  template")),
        ("bad indentation", with("  replicas: 2", "   replicas: 2")),
        ("duplicate key", with("  replicas: 2", "  replicas: 2\n  replicas: 3")),
        ("unknown field", with("replicas", "replica")),
        ("wrong type", with("replicas: 2", "replicas: \"3\"")),
        ("yes where text is needed", with("        image", &[ENV, "        image"].concat())),
        ("number as label", with("        app: nginx", "        app: nginx\n        tier: 1")),
        ("unknown kind", with("kind: StatefulSet", "kind: Statefulset")),
        ("unknown version", with("apps/v1", "apps/v2")),
        ("version of another kind", with("apps/v1\nkind: StatefulSet", "v1\nkind: DaemonSet")),
        (
            "kind that is not here",
            with("apps/v1\nkind: StatefulSet", "v1\nkind: ReplicationController"),
        ),
        ("retired API", with("apps/v1", "apps/v1beta1")),
        ("no selector", with("  selector:\n    matchLabels:\n      app: nginx\n", "")),
        ("selector is not the template's", with("      app: nginx", "      app: apache")),
        ("no governing Service", SET.to_string()),
        (
            "governing Service with an address",
            [&SERVICE.replace("  clusterIP: None\n", ""), SET].concat(),
        ),
        ("bad name", with("name: web", "name: Web_1")),
        ("bad quantity", [&with("image: nginx", "image: nginx"), ASKS].concat()),
        ("bad port", [&with("image: nginx", "image: nginx"), PORT].concat()),
        ("template braces", with("replicas: 2", "replicas: {{ .Values.replicas }}")),
        ("merge keys", with("      labels:\n", "      labels:\n        <<: {tier: front}\n")),
        ("anchors", anchored),
        ("full-width colon", with("replicas: 2", "replicas\u{ff1a}2")),
        ("typographic quotes", with("name: web", "name: \u{201c}web\u{201d}")),
        ("no-break spaces", with("  replicas", "\u{a0}\u{a0}replicas")),
        ("indentation lost", lost),
        ("several documents", [SERVICE, SET].concat()),
        ("a List", LIST.into()),
        ("JSON", JSON.into()),
        ("empty", String::new()),
        ("too long", " ".repeat(1024 * 1024 + 1)),
    ]
}

/// What the editor lists when the text stands in it and was applied.
fn found(session: &mut Session, text: &str) -> String {
    session.apply(Action::Open("a.yaml".into(), text.into()));
    session.apply(Action::Apply);
    let found = Found::of(session, Lang::En);
    let mut out = String::new();
    for one in found.list.iter() {
        let severity = match one.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Note => "Note",
        };
        let parts = [&*one.field, &one.message].into_iter().filter(|part| !part.is_empty());
        let text = parts.collect::<Vec<_>>().join(": ");
        out.push_str(&format!("  {severity}, line {}: {text}\n", one.line));
        if !one.hint.is_empty() {
            out.push_str(&format!("    {}\n", one.hint));
        }
        if one.mend.is_some() {
            out.push_str("    [Rewrite this document]\n");
        }
    }
    if out.is_empty() { "  nothing\n".into() } else { out }
}

fn holds(name: &str, text: &str) {
    let path = format!("{}/tests/editor/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there, text, "UPDATE=1 cargo test --test editor writes it anew");
}

#[test]
fn y_4_what_is_wrong_is_found() {
    let mut out = String::new();
    for (name, text) in catalogue() {
        out.push_str(&format!("{name}\n{}", found(&mut empty(), &text)));
    }
    holds("catalogue", &out);
}

/// A cluster without anything in it.
fn empty() -> Session {
    let mut session = Session::default();
    session.apply(Action::Open("a.yaml".into(), "".into()));
    session.apply(Action::Reset);
    session
}

#[test]
fn y_5_what_is_not_simulated_is_said_once() {
    let probe = "        livenessProbe:\n          tcpSocket:\n            port: 80\n";
    let two = "      - name: b\n        image: nginx\n        stdin: true\n        tty: true\n";
    let text = [&with("image: nginx", "image: nginx\n        stdin: true"), probe, two].concat();
    let zone = |name| format!("  timeZone: {name}\n  schedule: '0 3 * * *'\n");
    let own = |name| {
        format!("---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}}}\nspec:\n")
    };
    let job = "  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: \
               [{name: c, image: x}]}}}}\n";
    let zones = [("a", "Europe/Berlin"), ("b", "Asia/Shanghai"), ("c", "null"), ("d", "Mars")];
    let text = text + &zones.map(|(own_name, name)| own(own_name) + &zone(name) + job).concat();
    holds("not_simulated", &found(&mut empty(), &text));
}

#[test]
fn y_6_what_may_not_change_is_named_with_what_may() {
    let mut session = empty();
    let first = found(&mut session, &[SERVICE, SET].concat());
    let changed = with("serviceName: nginx", "serviceName: other").replace("2", "3");
    let then = found(&mut session, &changed);
    holds("immutable", &format!("first\n{first}changed\n{then}"));
}

/// What one press on what is said about a document writes into the text, and that it means the
/// same then: each object with its defaults of its time, in words of today.
#[test]
fn y_4_a_press_rewrites_a_document_in_todays_words() {
    let example = |name: usize| playground::session::examples::EXAMPLES[name].text.to_string();
    let old = with("apps/v1", "apps/v1beta1");
    let bare = old.replace("  selector:\n    matchLabels:\n      app: nginx\n", "");
    let nested = bare.replace("  replicas: 2", "  replicas: 2\n  updateStrategy:\n    type:");
    let first = "apiVersion: extensions/v1beta1 # old\nkind: Deployment\nmetadata:\n  name: a\n\
                 spec:\n  template:\n    metadata:\n      labels:\n        on: \"yes\"\n    \
                 spec:\n      containers:\n      - name: a\n        image: nginx\n";
    let json = "{\"apiVersion\": \"policy/v1beta1\", \"kind\": \"PodDisruptionBudget\", \
                \"metadata\": {\"name\": \"a\"}, \"spec\": {\"minAvailable\": 1}}";
    let mut out = String::new();
    for (name, text) in [
        ("the article's set", example(0)),
        ("the article's ensemble", example(1)),
        ("no selector", with("  selector:\n    matchLabels:\n      app: nginx\n", "")),
        ("no selector in an old version", bare),
        ("a strategy without a type", nested),
        ("a first Deployment", first.to_string()),
        ("an alias", old.replace("      app: nginx\n  t", "      app: &a nginx\n  t")),
        ("a List", [LIST, "- ", &old[SERVICE.len()..].replace('\n', "\n  ")].concat()),
        ("JSON", json.to_string()),
        ("nothing to do", SET.to_string()),
    ] {
        out.push_str(&format!("{name}\n"));
        let before = manifest::read(&text);
        let found = Found::of(&opened(&text), Lang::En);
        let offered: Vec<u32> = found.list.iter().filter_map(|one| one.mend).collect();
        for document in offered {
            let made = mended(&text, document as usize).expect("what is offered can be had");
            out.push_str(&changes(&text, &made));
            let trees =
                |read: &Manifests| read.objects.iter().map(|one| one.tree.clone()).collect();
            let (now, then): (Vec<Value>, Vec<Value>) =
                (trees(&manifest::read(&made)), trees(&before));
            if name != "no selector" {
                assert_eq!(now, then, "{name}: it means the same");
            }
            let again = Found::of(&opened(&made), Lang::En);
            assert!(again.list.iter().all(|one| one.mend != Some(document)), "{name}: once");
        }
    }
    holds("rewritten", &out);
}

/// A text that was opened and applied.
fn opened(text: &str) -> Session {
    let mut session = empty();
    session.apply(Action::Open("a.yaml".into(), text.into()));
    session.apply(Action::Apply);
    session
}

/// Lines that came and went.
fn changes(old: &str, new: &str) -> String {
    let (mut old, mut out) = (old.lines().peekable(), String::new());
    for line in new.lines() {
        if old.peek() == Some(&line) {
            old.next();
            continue;
        }
        if line.contains("apiVersion") || old.peek().is_some_and(|old| old.ends_with("type:")) {
            out.push_str(&format!("  - {}\n", old.next().unwrap_or("")));
        }
        out.push_str(&format!("  + {line}\n"));
    }
    assert_eq!(old.next(), None, "nothing else went");
    out
}
