//! What the reader makes of texts, and what it says of broken ones.

use super::{Yaml, read};
use serde_json::{Value, json};

fn one(text: &str) -> Value {
    let documents = read(text);
    assert_eq!(documents.len(), 1, "{text}");
    match &documents[0].root {
        Ok(node) => node.to_json(),
        Err(fault) => {
            json!(format!("{}:{} {}", fault.place.line, fault.place.column, fault.message))
        }
    }
}

#[test]
fn blocks_follow_indentation() {
    let text = "a:\n- x: 1\n  w: 2\n-\n  z: [1, {b: c}]\nd: # note\n  e: f\ng:\nh: - i\n";
    assert_eq!(one(text), json!("9:4 block sequence entries are not allowed in this context"));
    let text = "a:\n- x: 1\n  w: 2\n-\n  z: [1, {b: c}]\n- - 1\n  - 2\nd: # note\n  e: f\ng:\n";
    let expected = json!({
        "a": [{"x": 1, "w": 2}, {"z": [1, {"b": "c"}]}, [1, 2]], "d": {"e": "f"}, "g": null,
    });
    assert_eq!(one(text), expected);
}

#[test]
fn scalars_fold_and_keep() {
    let text = "a: one\n  two\n\n  three # note\nb: 'it''s'\nc: \"x\\ty \\u00e9\n  z\"\n\
                d: http://a:80/#b\n";
    let expected = json!({
        "a": "one two\nthree", "b": "it's", "c": "x\ty é z", "d": "http://a:80/#b",
    });
    assert_eq!(one(text), expected);
    let text =
        "a: |\n  x\n   y\n\nb: >-\n  p\n  q\n\n  r\n    s\n  t\nc: |+\n  z\n\nd: |2\n    w\n";
    let expected = json!({"a": "x\n y\n", "b": "p q\nr\n  s\nt", "c": "z\n\n", "d": "  w\n"});
    assert_eq!(one(text), expected);
}

#[test]
fn anchors_and_merges_expand() {
    let text = "base: &b {x: 1, w: 2}\nuse:\n  <<: *b\n  w: 3\nagain: *b\n";
    let expected = json!({
        "base": {"x": 1, "w": 2}, "use": {"x": 1, "w": 3}, "again": {"x": 1, "w": 2},
    });
    assert_eq!(one(text), expected);
    assert_eq!(one("a: &x 1\nb: !!str 5\nc: *x\n"), json!({"a": 1, "b": "5", "c": 1}));
}

#[test]
fn documents_are_split_and_json_is_yaml() {
    let documents = read("# only a note\n---\na: 1\n---\n\n--- {b: 2}\n...\n---\n- [\n");
    let lines: Vec<u32> = documents.iter().map(|document| document.line).collect();
    assert_eq!(lines, [3, 6, 9]);
    assert!(documents[2].root.is_err());
    let text = "{\n\t\"a\": [1, true, null, \"\\ud83d\\ude00\"],\n\t\"b\":{\"c\":\"d\"}\n}\n";
    assert_eq!(one(text), json!({"a": [1, true, null, "😀"], "b": {"c": "d"}}));
}

#[test]
fn faults_say_where_and_why() {
    let cases = [
        ("a:\n\tb: 1\n", "2:1 found character that cannot start any token"),
        ("a: 1\nb: 2\na: 3\n", "3:1 key \"a\" already set in map"),
        ("a: b: c\n", "1:5 mapping values are not allowed in this context"),
        ("a: b\n  c: d\n", "2:4 mapping values are not allowed in this context"),
        ("a:\n  b: 1\n   c: 2\n", "3:5 mapping values are not allowed in this context"),
        (
            "a:\n  - 1\n   - 2\nb: \"x\n",
            "5:1 found unexpected end of stream, while scanning a quoted scalar that begins in \
             line 4",
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "3:2 did not find expected key, while parsing a block mapping that begins in line \
             1",
        ),
        (
            "a: 1\nb\n",
            "3:1 could not find expected ':', while scanning a simple key that begins in line 2",
        ),
        (
            "a: [1, 2\nb: 3\n",
            "2:2 did not find expected ',' or ']', while parsing a flow sequence that begins in \
             line 1",
        ),
        ("a: {{ .Values.x }}\n", "1:5 a key must be a plain text"),
        ("a: *x\n", "1:4 unknown anchor 'x' referenced"),
        ("a: @x\n", "1:4 found character that cannot start any token"),
        ("a: \"\\q\"\n", "1:5 found unknown escape character"),
    ];
    let got: Vec<Value> = cases.iter().map(|(text, _)| one(text)).collect();
    let expected: Vec<Value> = cases.iter().map(|(_, expected)| json!(expected)).collect();
    assert_eq!(got, expected);
}

#[test]
fn bounds_hold() {
    let bomb: String = (1..30)
        .map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1))
        .fold("a0: &a0 [x, x, x]\n".to_string(), |all, line| all + &line);
    assert!(one(&bomb).to_string().contains("excessive aliasing"));
    assert!(one(&"[".repeat(100_000)).to_string().contains("exceeded max depth"));
    assert!(one(&" ".repeat(1_100_000)).to_string().contains("larger than 1024 KiB"));
}

#[test]
fn places_are_those_of_the_text() {
    let documents = read("---\na:\n- b: 1\n");
    let root = documents[0].root.as_ref().expect("it is fine");
    let Yaml::Map(entries) = &root.value else { unreachable!("it is a map") };
    let Yaml::List(items) = &entries[0].value.value else { unreachable!("it is a list") };
    assert_eq!((entries[0].place.line, items[0].place.line, items[0].place.column), (2, 3, 3));
}
