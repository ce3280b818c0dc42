//! The reader of manifests against a library, on the examples and on thousands of texts
//! made from them by small accidents. Where both read a text, they read the same; what the
//! library refuses, ours refuses too.

use playground::api::manifest::yaml;
use playground::base::prng::Prng;
use serde::Deserialize;
use serde_json::Value;

/// Any other seed must do as well.
const SEED: u64 = 12;

const ROUNDS: usize = 5000;

const TEXTS: [&str; 3] = [
    include_str!("../static/examples/web.yaml"),
    include_str!("../static/examples/zookeeper.yaml"),
    include_str!("upstream/apiserver/odd.yaml"),
];

/// What the library makes of a text: its documents, or its refusal.
fn theirs(text: &str) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text).take(50) {
        let value = serde_yaml::Value::deserialize(document).map_err(|e| e.to_string())?;
        let value = serde_json::to_value(&value).map_err(|e| e.to_string())?;
        if !value.is_null() {
            all.push(value);
        }
    }
    Ok(all)
}

/// What ours makes of it.
fn ours(text: &str) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for document in yaml::read(text) {
        let node = document.root.map_err(|f| format!("{}: {}", f.place.line, f.message))?;
        let value = node.to_json();
        if !value.is_null() {
            all.push(value);
        }
    }
    Ok(all)
}

/// Equal but for what YAML 1.1 and 1.2 read differently, which is only ever a scalar.
fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && agree(a, b))
        }
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        _ => true,
    }
}

/// One small accident: characters lost, doubled, swapped, put in; lines moved.
fn accident(text: &str, prng: &mut Prng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    for _ in 0..=prng.below(2) {
        let at = prng.below(lines.len() as u64) as usize;
        let line = &lines[at];
        let middle = prng.below(line.chars().count() as u64 + 1) as usize;
        let (head, tail): (String, String) =
            (line.chars().take(middle).collect(), line.chars().skip(middle).collect());
        let put = [" ", "  ", ":", ": ", "- ", "#", " #", "'", "\"", "[", "]", "{", "}", ",", "|"];
        let put = put[prng.below(put.len() as u64) as usize];
        lines[at] = match prng.below(6) {
            0 => format!("{head}{put}{tail}"),
            1 => head + &tail.chars().skip(1).collect::<String>(),
            2 => format!("  {line}"),
            3 => line.strip_prefix("  ").unwrap_or(line).to_string(),
            4 => String::new(),
            _ => line.trim_start().to_string(),
        };
    }
    lines.join("\n") + "\n"
}

#[test]
fn examples_are_read_as_the_library_reads_them() {
    for text in TEXTS {
        assert_eq!(ours(text), theirs(text));
    }
}

#[test]
fn accidents_are_read_as_the_library_reads_them() {
    let mut prng = Prng::new(SEED);
    let mut wrong = Vec::new();
    let mut both = 0;
    for _ in 0..ROUNDS {
        let text = TEXTS[prng.below(3) as usize];
        let text = accident(text, &mut prng);
        match (ours(&text), theirs(&text)) {
            (Ok(a), Ok(b)) if a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| agree(a, b)) => {
                both += 1;
            }
            (Err(_), Err(_)) => {}
            (a, b) => wrong.push((text, a, b)),
        }
    }
    let first = wrong.iter().take(25).map(|(text, a, b)| {
        let base = TEXTS.iter().min_by_key(|base| text.len().abs_diff(base.len()));
        let base = base.expect("there are some");
        let differs = |(a, b): &(&str, &str)| a != b;
        let lines: Vec<(usize, (&str, &str))> = text
            .lines()
            .zip(base.lines())
            .enumerate()
            .filter(|(_, p)| differs(p))
            .take(3)
            .collect();
        let short = |read: &Result<Vec<Value>, String>| match read {
            Ok(all) => format!("{} documents", all.len()),
            Err(why) => why.clone(),
        };
        format!("{lines:?}\n  ours {}, theirs {}", short(a), short(b))
    });
    let first: Vec<String> = first.collect();
    assert!(wrong.is_empty(), "{} of {ROUNDS} differ:\n{}", wrong.len(), first.join("\n"));
    assert!(both > ROUNDS / 4, "only {both} were readable");
}
