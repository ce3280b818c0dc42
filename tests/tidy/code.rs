//! Reads the project's files and finds what the house rules speak of: names, numbers, functions.
//! Not here: the rules (../tidy.rs), and anything that would need a real parser.

use std::fs;
use std::path::Path;

pub struct Source {
    /// Relative to the crate, with forward slashes.
    pub path: String,
    pub text: String,
}

fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file of the project, in order of path; build output is left out.
pub fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    walk(crate_dir(), "", &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|f| f.path == "src/lib.rs"), "no sources found");
    found
}

fn walk(dir: &Path, prefix: &str, found: &mut Vec<Source>) {
    const SKIP: &[&str] = &[".git", "target", "dist", "node_modules", "shots"];
    for entry in fs::read_dir(dir).expect("a folder of the crate can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if SKIP.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(Source { path, text });
        }
    }
}

pub fn rust_sources() -> Vec<Source> {
    let rust = |f: &Source| f.path.ends_with(".rs");
    sources().into_iter().filter(rust).collect()
}

/// The code alone: comments and the insides of strings and characters become blanks, line by line.
pub fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped_until(&chars, at);
        if end > at {
            let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
            out.extend(chars[at..end].iter().map(blank));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment, string or character that starts at `at` ends; `at` itself if none does.
fn skipped_until(chars: &[char], at: usize) -> usize {
    let is = |offset: usize, c: char| chars.get(at + offset) == Some(&c);
    let find = |from: usize, end: &str| {
        let end: Vec<char> = end.chars().collect();
        let hit = (from..chars.len()).find(|&i| chars[i..].starts_with(&end));
        hit.map_or(chars.len(), |i| i + end.len())
    };
    let word_before = at > 0 && is_word(chars[at - 1]);
    match chars[at] {
        '/' if is(1, '/') => find(at, "\n") - 1,
        '/' if is(1, '*') => find(at + 2, "*/"),
        '"' => escaped_until(chars, at + 1, '"'),
        'r' if !word_before && (is(1, '"') || is(1, '#')) => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            if is(1 + hashes, '"') {
                find(at + hashes + 2, &format!("\"{}", "#".repeat(hashes)))
            } else {
                at
            }
        }
        // A character, not a lifetime: 'x' or '\…'.
        '\'' if is(1, '\\') || is(2, '\'') => escaped_until(chars, at + 1, '\''),
        _ => at,
    }
}

fn escaped_until(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `line` holds `word`, not as a part of a longer name.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let inside = |edge: Option<char>, c: Option<char>| {
            edge.is_some_and(is_word) && c.is_some_and(is_word)
        };
        !inside(word.chars().next(), before) && !inside(word.chars().next_back(), after)
    })
}

/// Whether the line holds a number with a fraction. `pair.0.1` is none.
pub fn has_float(line: &str) -> bool {
    line.match_indices('.').any(|(at, _)| {
        let digits = line[..at].chars().rev().take_while(char::is_ascii_digit).count();
        let before = line[..at - digits].chars().next_back();
        let after = line[at + 1..].chars().next();
        digits > 0
            && after.is_some_and(|c| c.is_ascii_digit())
            && !before.is_some_and(|c| is_word(c) || c == '.')
    })
}

/// Names that follow `crate::`, one or a braced list of them, with their line numbers.
pub fn crate_names(code: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        for item in list_items(rest) {
            let name: String = item.trim().chars().take_while(|c| is_word(*c)).collect();
            if !name.is_empty() {
                names.push((line, name));
            }
        }
    }
    names
}

/// `{a::{b, c}, d}` is `a::{b, c}` and `d`; anything else is one item.
fn list_items(text: &str) -> Vec<&str> {
    let Some(list) = text.strip_prefix('{') else {
        return vec![text];
    };
    let (mut items, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '}' if depth == 0 => {
                items.push(&list[start..at]);
                break;
            }
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    items
}

/// Functions as (line, name, lines).
pub fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let name: String = code[at + 3..].chars().take_while(|c| is_word(*c)).collect();
        let (mut depth, mut end) = (0, None);
        for (offset, c) in code[at..].char_indices() {
            match c {
                ';' if depth == 0 => break,
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => {
                    depth -= 1;
                    if c == '}' && depth == 0 {
                        end = Some(at + offset);
                        break;
                    }
                }
                _ => {}
            }
        }
        if let (Some(end), false) = (end, name.is_empty()) {
            let line = code[..at].matches('\n').count() + 1;
            found.push((line, name, code[at..end].matches('\n').count() + 1));
        }
    }
    found
}
