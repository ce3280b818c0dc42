//! Looking into objects as trees.

use serde_json::Value;

/// The value at a path such as `spec.template.spec`; null if there is none. Keys with dots
/// cannot be named.
pub fn at<'v>(mut tree: &'v Value, path: &str) -> &'v Value {
    for key in path.split('.').filter(|key| !key.is_empty()) {
        tree = &tree[key];
    }
    tree
}

/// A text as it is, anything else as JSON; nothing for null.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text at a path.
pub fn text_at(tree: &Value, path: &str) -> String {
    text(at(tree, path))
}

/// The number at a path; 0 if there is none.
pub fn number(tree: &Value, path: &str) -> i64 {
    at(tree, path).as_i64().unwrap_or(0)
}

/// The items of the list at a path.
pub fn list<'v>(tree: &'v Value, path: &str) -> &'v [Value] {
    at(tree, path).as_array().map_or(&[], Vec::as_slice)
}

/// The entries of the object at a path.
pub fn entries<'v>(tree: &'v Value, path: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    at(tree, path).as_object().into_iter().flatten()
}
