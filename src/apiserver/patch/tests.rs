//! What patches make of trees.

use super::{PatchType, json_patch, merge, strategic};
use crate::api::kinds::Kind;
use serde_json::{Value, json};

fn pod(containers: Value) -> Value {
    json!({"spec": {"containers": containers}})
}

#[test]
fn operations_are_done_in_order_or_not_at_all() {
    let tree = json!({"a": [1, 2], "b/c": {"d": 3}});
    let apply = |operations: Value| {
        json_patch::apply(tree.clone(), operations.as_array().map_or(&[][..], |list| list))
    };
    let done = apply(json!([
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "add", "path": "/a/-", "value": 9},
        {"op": "move", "from": "/b~1c/d", "path": "/e"},
        {"op": "copy", "from": "/e", "path": "/a/0"},
        {"op": "remove", "path": "/b~1c"},
        {"op": "replace", "path": "/e"},
    ]));
    assert_eq!(done, Some(json!({"a": [3, 1, 2, 9], "e": null})));
    for bad in [
        json!([{"op": "replace", "path": "/a/7", "value": 1}]),
        json!([{"op": "remove", "path": "/nope"}]),
        json!([{"op": "frob", "path": "/a"}]),
        json!([{"op": "replace", "value": 1}]),
        json!([{"op": "test", "path": "/a/0", "value": 2}]),
    ] {
        assert_eq!(apply(bad), None);
    }
}

#[test]
fn merging_replaces_lists_and_null_removes() {
    let merged =
        merge(json!({"a": {"b": 1, "c": [1]}, "d": 2}), &json!({"a": {"b": null, "c": [2]}}));
    assert_eq!(merged, json!({"a": {"c": [2]}, "d": 2}));
}

#[test]
fn strategic_patches_know_the_keys_of_lists() {
    let schema = Some(Kind::Pod.info().schema());
    let current = pod(json!([{"name": "a", "image": "x", "env": [{"name": "E", "value": "1"}]}]));
    let patch = pod(json!([
        {"name": "a", "image": "y", "env": [
            {"name": "F", "value": "2"}, {"name": "E", "$patch": "delete"},
        ]},
        {"name": "b", "image": "z"},
    ]));
    let expected = pod(json!([
        {"name": "a", "image": "y", "env": [{"name": "F", "value": "2"}]},
        {"name": "b", "image": "z"},
    ]));
    assert_eq!(strategic::patch(&current, &patch, schema), expected);
    assert_eq!(PatchType::Strategic, PatchType::Strategic);
}

#[test]
fn applying_keeps_what_others_set() {
    let schema = Some(Kind::Pod.info().schema());
    let last =
        pod(json!([{"name": "a", "image": "x", "args": ["1"]}, {"name": "gone", "image": "g"}]));
    let wanted = pod(json!([{"name": "a", "image": "y"}, {"name": "new", "image": "n"}]));
    let there = pod(json!([
        {"name": "side", "image": "s"},
        {"name": "a", "image": "x", "args": ["1"], "imagePullPolicy": "Always"},
        {"name": "gone", "image": "g"},
    ]));
    let expected = pod(json!([
        {"name": "side", "image": "s"},
        {"name": "a", "image": "y", "imagePullPolicy": "Always"},
        {"name": "new", "image": "n"},
    ]));
    assert_eq!(strategic::three_way(&last, &wanted, &there, schema), expected);
}

#[test]
fn another_kind_of_volume_takes_the_place() {
    let schema = Some(Kind::Pod.info().schema());
    let volumes = |volume: Value| json!({"spec": {"volumes": [volume]}});
    let there = volumes(json!({"name": "v", "configMap": {"name": "c", "defaultMode": 420}}));
    let same = volumes(json!({"name": "v", "configMap": {"name": "c"}}));
    assert_eq!(strategic::three_way(&same, &same, &there, schema), there);
    let other = volumes(json!({"name": "v", "emptyDir": {}}));
    assert_eq!(strategic::three_way(&json!({}), &other, &there, schema), other);
}
