//! The house rules, as tests. Each failure names file and line, the rule, and what to do instead.
//! The tables at the top are the rules; add a row there, with its reason, rather than an exception.
//!
//! Not here: what rustc and clippy can hold (Cargo.toml, .clippy.toml).

use std::collections::BTreeMap;

#[path = "tidy/code.rs"]
mod code;
use code::is_word;
use code::{Source, code_of, crate_names, functions, has_float, has_word, rust_sources, sources};

/// Which module of src may name which others. Layers from the ground up; a module not listed fails.
const EDGES: &str = "
    base       :
    config     : base
    api        : base
    trace      : base api
    apiserver  : base config api trace
    client     : base config api trace apiserver infra
    infra      : base api
    controller : base config api trace apiserver client
    scheduler  : base config api trace apiserver client
    kubelet    : base config api trace apiserver client infra csi
    csi        : base config api trace apiserver client infra
    cluster    : base config api trace apiserver client infra controller scheduler kubelet csi
    timeline   : base config api trace apiserver client infra cluster
    explain    : base config api trace apiserver infra cluster
    kubectl    : base config api trace apiserver client
    shell      : base api kubectl
    session    : base config api trace apiserver client infra cluster timeline kubectl explain shell
    view       : base config api trace apiserver client infra scheduler cluster timeline kubectl \
                 explain shell session
    ui         : base api session view
";

/// Where a ban holds.
#[derive(Clone, Copy, PartialEq)]
enum Scope {
    /// src without ui and main.rs: the simulator and what it shows.
    BelowUi,
    /// src/ui without src/ui/platform.
    UiAbovePlatform,
    /// src/ui.
    Ui,
    /// All of src.
    Src,
    /// All Rust files.
    Rust,
}
use Scope::{BelowUi, Rust, Src, Ui, UiAbovePlatform};

/// What code must not name: where, the words, what to do instead.
const BANS: &[(Scope, &[&str], &str)] = &[
    (
        BelowUi,
        &[
            "yew",
            "web_sys",
            "js_sys",
            "gloo",
            "gloo_timers",
            "wasm_bindgen",
            "wasm_bindgen_futures",
        ],
        "below ui nothing knows a browser: return plain data and let src/ui show it",
    ),
    (
        BelowUi,
        &["std::time", "Instant", "SystemTime"],
        "the model has one clock: base::time::SimTime and Span",
    ),
    (BelowUi, &["rand", "getrandom", "fastrand"], "chance comes from a named fork of base::prng"),
    (BelowUi, &["HashMap", "HashSet"], "its order is not defined: use BTreeMap or base::map"),
    (BelowUi, &["f32", "f64"], "floats differ between builds: use integers, base::prng::Ratio"),
    (BelowUi, &["std::thread", "thread_local", "async", "await"], "one thread: ask to be woken"),
    (
        BelowUi,
        &["std::cell", "RefCell", "OnceCell", "LazyCell", "UnsafeCell", "static mut"],
        "no hidden changes: what changes is a field of World, reached by &mut",
    ),
    (
        BelowUi,
        &["Mutex", "RwLock", "OnceLock", "LazyLock", "std::sync::atomic"],
        "one thread, no hidden changes: a field of World, reached by &mut",
    ),
    (
        Src,
        &[".unwrap()"],
        "return the error, or .expect(\"the invariant that makes it impossible\")",
    ),
    (UiAbovePlatform, &["web_sys", "js_sys", "gloo", "gloo_timers"], "wrap it in src/ui/platform"),
    (
        Ui,
        &["from_html_unchecked", "innerHTML", "inner_html", "set_inner_html"],
        "text reaches the page as text nodes and attributes only",
    ),
    (Ui, &[" style="], "the policy forbids it: a class, or SVG attributes for geometry"),
    (Ui, &["use_reducer_eq"], "use_reducer: reduce returns self when nothing changed"),
    (Rust, &["#[ignore"], "mend the test or delete it"),
    (Rust, &["should_panic"], "return an error and assert on its text"),
    (Rust, &["todo!", "unimplemented!"], "write it, or say under 'Not here:' that it is left out"),
    (Rust, &["dbg!"], "remove it"),
    (Src, &["super::super"], "name it from crate::, so that it can be checked"),
];

/// Where serde's derives belong: inputs, journal, saved sessions. Objects have `object!`.
const TEXT_FORMS: &[&str] =
    &["src/client/request.rs", "src/cluster/input.rs", "src/timeline/", "src/session/save.rs"];

/// What only some places may name: the word, the paths it may stand in, what to do instead.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("rpds", &["src/base/map.rs"], "use base::map"),
    ("serde_yaml", &[], "read manifests through api::manifest, write with kubectl::yaml"),
    ("unsafe_libyaml", &["src/api/manifest/yaml/"], "read manifests through api::manifest"),
    ("Serialize", TEXT_FORMS, "only the journal and what is saved have a text form of serde's"),
    ("Deserialize", TEXT_FORMS, "only the journal and what is saved have a text form of serde's"),
];

const MAX_LINES: usize = 500;
const MAX_FUNCTION: usize = 70;
const MAX_COLUMNS: usize = 100;

/// Files that may be longer than MAX_LINES, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Text that no file may hold, put together so that this one does not hold it.
const FOREIGN: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine: make it relative, or take it from a variable"),
    (concat!("/ro", "ot/"), "a path of one machine: make it relative, or use $HOME"),
    (concat!("/ho", "me/"), "a path of one machine: make it relative, or use $HOME"),
    (concat!("/Us", "ers/"), "a path of one machine: make it relative, or use $HOME"),
    (concat!("/t", "mp/"), "use mktemp, std::env::temp_dir or os.tmpdir"),
    (concat!("crates", ".io"), "a package host: the ordinary client knows it"),
    (concat!("npm", "js."), "a package host: the ordinary client knows it"),
    (concat!("py", "pi.org"), "a package host: the ordinary client knows it"),
    (concat!("deb", ".debian"), "a package host: the ordinary client knows it"),
    (concat!("static.", "rust-lang"), "a package host: the ordinary client knows it"),
    (concat!("\"res", "olved\":"), "a package host: lock files name versions and checksums only"),
];

/// Files that are not ours to word: the tool writes the first, the second was recorded.
const FOREIGN_EXEMPT: &[&str] = &["Cargo.lock", "tests/upstream/"];

// ---- the rules: each returns its problems ------------------------------------------------

fn in_scope(path: &str, scope: Scope) -> bool {
    let ui = path.starts_with("src/ui/") || path == "src/ui.rs";
    match scope {
        BelowUi => path.starts_with("src/") && !ui && path != "src/main.rs",
        UiAbovePlatform => ui && !path.starts_with("src/ui/platform"),
        Ui => ui,
        Src => path.starts_with("src/"),
        Rust => true,
    }
}

fn banned_words(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let code = code_of(&file.text);
    for (index, line) in code.lines().enumerate() {
        let place = format!("{}:{}", file.path, index + 1);
        for (scope, words, instead) in BANS {
            for word in words.iter().filter(|word| has_word(line, word)) {
                if in_scope(&file.path, *scope) {
                    problems.push(format!("{place}: no `{word}` here; {instead}"));
                }
            }
        }
        for (word, places, instead) in ONLY_IN {
            let allowed = places.iter().any(|place| file.path.starts_with(place));
            if in_scope(&file.path, BelowUi) && !allowed && has_word(line, word) {
                problems.push(format!("{place}: `{word}` only in {places:?}; {instead}"));
            }
        }
        if in_scope(&file.path, BelowUi) && has_float(line) {
            problems.push(format!("{place}: a float; use integers, base::prng::Ratio"));
        }
    }
    problems
}

/// The first part of a path below src: `src/api/core/pod.rs` is in `api`.
fn module_of(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap_or(path);
    let end = rest.find(['/', '.']).unwrap_or(rest.len());
    &rest[..end]
}

/// Macros exported from somewhere in src stand at the crate's root: name to module.
fn exported_macros(files: &[Source]) -> BTreeMap<String, String> {
    let mut macros = BTreeMap::new();
    for file in files.iter().filter(|f| f.path.starts_with("src/")) {
        for part in code_of(&file.text).split("macro_rules! ").skip(1) {
            let name: String = part.chars().take_while(|c| is_word(*c)).collect();
            macros.insert(name, module_of(&file.path).to_string());
        }
    }
    macros
}

fn forbidden_edges(file: &Source, macros: &BTreeMap<String, String>) -> Vec<String> {
    let module = module_of(&file.path);
    if !file.path.starts_with("src/") || matches!(module, "lib" | "main") {
        return Vec::new();
    }
    let row = |line: &'static str| line.split_once(':').filter(|(m, _)| m.trim() == module);
    let rows: Vec<&str> = EDGES.lines().filter_map(row).map(|(_, allowed)| allowed).collect();
    if rows.is_empty() {
        return vec![format!("{}:1: module `{module}` is not in EDGES; add its row", file.path)];
    }
    let allowed: Vec<&str> = rows.iter().flat_map(|row| row.split_whitespace()).collect();
    let mut problems = Vec::new();
    for (line, name) in crate_names(&code_of(&file.text)) {
        let target = macros.get(&name).unwrap_or(&name);
        if target != module && !allowed.contains(&target.as_str()) {
            problems.push(format!(
                "{}:{line}: `{module}` may not name `{target}`, only itself and {allowed:?}; \
                 move the shared part down, or pass plain data",
                file.path
            ));
        }
    }
    problems
}

fn too_long(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let path = &file.path;
    let lines = file.text.lines().count();
    if lines > MAX_LINES && !LONG_FILES.iter().any(|(long, _)| long == path) {
        problems
            .push(format!("{path}:1: {lines} lines, at most {MAX_LINES}; find the second idea"));
    }
    for (index, line) in file.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > MAX_COLUMNS {
            let line = index + 1;
            problems.push(format!("{path}:{line}: {columns} columns, at most {MAX_COLUMNS}; wrap"));
        }
    }
    for (line, name, lines) in functions(&code_of(&file.text)) {
        if lines > MAX_FUNCTION {
            problems.push(format!(
                "{path}:{line}: `{name}` has {lines} lines, at most {MAX_FUNCTION}; split it"
            ));
        }
    }
    problems
}

fn foreign_text(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    if FOREIGN_EXEMPT.iter().any(|exempt| file.path.starts_with(exempt)) {
        return problems;
    }
    for (index, line) in file.text.lines().enumerate() {
        for (text, instead) in FOREIGN.iter().filter(|(text, _)| line.contains(text)) {
            problems.push(format!("{}:{}: `{text}` is {instead}", file.path, index + 1));
        }
    }
    problems
}

fn check(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

// ---- the tests ---------------------------------------------------------------------------

#[test]
fn modules_name_only_what_they_may() {
    let files = rust_sources();
    let macros = exported_macros(&files);
    check(files.iter().flat_map(|file| forbidden_edges(file, &macros)).collect());
}

#[test]
fn nothing_banned_is_named() {
    check(rust_sources().iter().flat_map(banned_words).collect());
}

#[test]
fn files_functions_and_lines_are_short() {
    check(rust_sources().iter().flat_map(too_long).collect());
}

#[test]
fn every_file_says_what_it_is() {
    let mute = rust_sources().into_iter().filter(|file| !file.text.starts_with("//!"));
    let say = |file: Source| format!("{}:1: open with `//!`: what it is and is not", file.path);
    check(mute.map(say).collect());
}

#[test]
fn no_machine_and_no_package_host_is_named() {
    check(sources().iter().flat_map(foreign_text).collect());
}

/// The rules themselves, on samples: what each must find and what it must leave alone.
#[test]
fn the_rules_find_what_they_are_for() {
    let file = |path: &str, text: &str| Source { path: path.to_string(), text: text.to_string() };
    let count = |path: &str, text: &str| banned_words(&file(path, text)).len();
    assert_eq!(count("src/api/a.rs", "let x: f64 = a.unwrap();\nlet y = 1.5;"), 3);
    assert_eq!(count("src/api/a.rs", "// f64\nlet s = \"f64 1.5\"; let t = pair.0.1; my_f64()"), 0);
    assert_eq!(count("src/api/a.rs", "let c = '\"'; let b: &'a str = r#\"f32 \" f32\"#; f32"), 1);
    assert_eq!(count("src/ui/a.rs", "use web_sys::Window; let a: f64; <p style={x}>"), 2);
    assert_eq!(count("src/ui/platform/a.rs", "use web_sys::Window;"), 0);
    assert_eq!(count("src/cluster/a.rs", "use rpds::List; #[derive(Serialize)]"), 2);

    let macros = BTreeMap::from([("object".to_string(), "api".to_string())]);
    let edges = |path: &str, text: &str| forbidden_edges(&file(path, text), &macros).len();
    assert_eq!(edges("src/controller/a.rs", "use crate::infra::Disk;\nuse crate::base::time;"), 1);
    assert_eq!(edges("src/api/a.rs", "use crate::{base::{map, text}, client::Api, object};"), 1);
    assert_eq!(edges("src/base/a.rs", "crate::object!();"), 1);
    assert_eq!(edges("src/elsewhere.rs", ""), 1);

    let body = "    call();\n".repeat(MAX_FUNCTION);
    let long = format!("fn short() {{}}\npub fn long(a: [u8; 2]) {{\n{body}}}\n");
    assert_eq!(too_long(&file("src/a.rs", &long)).len(), 1);
    assert_eq!(too_long(&file("src/a.rs", &"//\n".repeat(MAX_LINES + 1))).len(), 1);
    let path = format!("cd {}here", FOREIGN[0].0);
    assert_eq!(foreign_text(&file("dev", &path)).len(), 1);
}
