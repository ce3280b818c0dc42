//! Finds the line of a field from its path, as errors name it.

use super::yaml::{Node, Place, Yaml};

/// Where the value at `path` stands, or the nearest value around it.
pub(super) fn find(root: &Node, path: &str) -> Place {
    walk(root, path).1
}

/// Where the last key of `path` stands.
pub(super) fn key(root: &Node, path: &str) -> Place {
    walk(root, path).0
}

/// The places of the last key found on `path` and of its value.
fn walk(root: &Node, path: &str) -> (Place, Place) {
    let (mut node, mut rest) = (root, path);
    let mut found = (root.place, root.place);
    loop {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let next = match &node.value {
            Yaml::Map(entries) => {
                // Keys may hold dots themselves: the longest that fits is meant.
                let fits = |key: &str| {
                    let bracketed = rest.strip_prefix('[').and_then(|r| r.strip_prefix(key));
                    match (rest.strip_prefix(key), bracketed) {
                        (Some(after), _) if after.is_empty() || after.starts_with(['.', '[']) => {
                            Some(after)
                        }
                        (_, Some(after)) => after.strip_prefix(']'),
                        _ => None,
                    }
                };
                let all = entries.iter().filter_map(|entry| Some((entry, fits(&entry.key)?)));
                let best = all.min_by_key(|(_, after)| after.len());
                best.map(|(entry, after)| (entry.place, &entry.value, after))
            }
            Yaml::List(items) => rest.strip_prefix('[').and_then(|inside| {
                let (index, after) = inside.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                Some((item.place, item, after))
            }),
            Yaml::Scalar(..) => None,
        };
        let Some((key, value, after)) = next else {
            return found;
        };
        // A value on lines of its own is found at its key, which says what it is.
        let inline = value.place.line == key.line;
        found = (key, if inline { value.place } else { key });
        (node, rest) = (value, after);
        if rest.is_empty() {
            return found;
        }
    }
}
