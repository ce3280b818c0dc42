//! Runs every transcript under `tests/transcripts`: a command, then everything the system
//! said. `UPDATE=1 cargo test --test transcripts` rewrites them; commit what you understand.
//!
//! A file holds cases, each begun by `--- name ---`, each with a cluster of its own. Commands:
//!   $ kubectl get|apply|delete|scale|taint|cordon|uncordon   as kubectl, a small part of it
//!   poweroff node-b, fault never-ready pod/web-0, mend all, …: see `cluster::operate`
//!   advance 30s, settle, step, back, seek 42s
//!   show waits|because|chain|ways|seats|findings|faults|processes|disks
//!   file NAME … end   a manifest to apply by that name
//! A line that begins with `#` is a remark.

#[path = "transcripts/harness.rs"]
mod harness;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "there are no transcripts");
    let filter = std::env::var("TRANSCRIPT").unwrap_or_default();
    let (mut differing, mut seen) = (Vec::new(), BTreeSet::new());
    for file in files.iter().filter(|file| file.to_string_lossy().contains(&filter)) {
        let expected = std::fs::read_to_string(file).expect("a transcript is readable text");
        let got = harness::run_file(&expected, &mut seen);
        if got == expected {
            continue;
        }
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(file, &got).expect("a transcript can be written");
            continue;
        }
        let name = file.strip_prefix(&root).expect("it lies below the root").display();
        differing.push(format!("{name}\n{}", first_difference(&expected, &got)));
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    if filter.is_empty() {
        let missing: Vec<_> = rules().into_iter().filter(|rule| !seen.contains(rule)).collect();
        assert!(missing.is_empty(), "rules that no transcript shows: {missing:?}");
    }
}

/// All rules by which something can wait.
fn rules() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/trace.rs");
    let source = std::fs::read_to_string(source).expect("the rules are in a file");
    let body = source.split("pub enum Because {").nth(1).and_then(|rest| rest.split("\n}").next());
    let lines = body.expect("the rules are an enum").lines();
    let names = lines.filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| line.trim_end_matches([',', '{', ' ']).to_string()).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            files.push(path);
        }
    }
}

fn first_difference(expected: &str, got: &str) -> String {
    let (mut a, mut b) = (expected.lines(), got.lines());
    for line in 1.. {
        let (left, right) = (a.next(), b.next());
        if left != right || left.is_none() {
            let show = |side: Option<&str>| side.unwrap_or("(the end)").to_string();
            return format!(
                "  line {line}\n  expected: {}\n  got:      {}",
                show(left),
                show(right)
            );
        }
    }
    String::new()
}
