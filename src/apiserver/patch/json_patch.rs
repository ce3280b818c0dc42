//! RFC 6902: a list of operations, all or none.
//!
//! Upstream: gopkg.in/evanphx/json-patch.v4, which leaves out missing values silently

use serde_json::Value;

/// Applies `operations` to `tree`; `None` if one of them cannot be done.
pub(super) fn apply(mut tree: Value, operations: &[Value]) -> Option<Value> {
    for operation in operations {
        let text = |key: &str| operation.get(key).and_then(Value::as_str);
        let path = text("path")?;
        let value = || operation.get("value").cloned().unwrap_or(Value::Null);
        match text("op")? {
            "add" => add(&mut tree, path, value())?,
            "remove" => drop(remove(&mut tree, path)?),
            "replace" => *find(&mut tree, path)? = value(),
            "move" => {
                let moved = remove(&mut tree, text("from")?)?;
                add(&mut tree, path, moved)?;
            }
            "copy" => {
                let copied = find(&mut tree, text("from")?)?.clone();
                add(&mut tree, path, copied)?;
            }
            "test" => {
                if *find(&mut tree, path)? != value() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(tree)
}

/// The steps of a path; `None` if it is none.
fn steps(path: &str) -> Option<Vec<String>> {
    if path.is_empty() {
        return Some(Vec::new());
    }
    let steps = path.strip_prefix('/')?.split('/');
    Some(steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'t>(tree: &'t mut Value, path: &str) -> Option<&'t mut Value> {
    steps(path)?.iter().try_fold(tree, |tree, step| match tree {
        Value::Object(map) => map.get_mut(step),
        Value::Array(items) => {
            let at = index(step, items.len())?;
            items.get_mut(at)
        }
        _ => None,
    })
}

/// A place in a list; negative ones count from its end.
fn index(step: &str, length: usize) -> Option<usize> {
    match step.parse::<i64>().ok()? {
        at if at < 0 => usize::try_from(length as i64 + at).ok(),
        at => usize::try_from(at).ok(),
    }
}

fn parent<'t>(tree: &'t mut Value, path: &str) -> Option<(&'t mut Value, String)> {
    let last = steps(path)?.pop()?;
    let end = path.rfind('/')?;
    Some((find(tree, &path[..end])?, last))
}

fn add(tree: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *tree = value;
        return Some(());
    }
    let (parent, step) = parent(tree, path)?;
    match parent {
        Value::Object(map) => drop(map.insert(step, value)),
        Value::Array(items) if step == "-" => items.push(value),
        Value::Array(items) => {
            let at = index(&step, items.len()).filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(tree: &mut Value, path: &str) -> Option<Value> {
    let (parent, step) = parent(tree, path)?;
    match parent {
        Value::Object(map) => map.remove(&step),
        Value::Array(items) => {
            let at = index(&step, items.len()).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}
