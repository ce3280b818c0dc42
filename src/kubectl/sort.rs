//! `--sort-by`.
//!
//! Objects that compare equal keep their order; upstream's sort does not promise that.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/get/sorter.go

use super::cx::Failure;
use super::jsonpath::JsonPath;
use crate::api::kinds::Object;
use crate::api::quantity::Quantity;
use serde_json::Value;
use std::cmp::Ordering;

/// Orders `objects` by the field `path`.
pub fn by(path: &str, objects: &mut Vec<Object>) -> Result<(), Failure> {
    let field = JsonPath::relaxed(path).map_err(Failure::new)?;
    let key = |object: &Object| -> Option<Value> {
        let found = field.find(&object.to_value(), false).ok()?;
        found.into_iter().flatten().next()
    };
    let mut keyed: Vec<(Option<Value>, Object)> =
        objects.drain(..).map(|object| (key(&object), object)).collect();
    if !keyed.is_empty() && keyed.iter().all(|(key, _)| key.is_none()) {
        return Err(Failure::new(format!(
            "couldn't find any field with path {:?} in the list of objects",
            format!("{{.{}}}", path.trim_matches(['{', '}']).trim_start_matches('.'))
        )));
    }
    crate::base::sorted::sort_by(&mut keyed, |(a, _), (b, _)| compare(a.as_ref(), b.as_ref()));
    objects.extend(keyed.into_iter().map(|(_, object)| object));
    Ok(())
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_i64().cmp(&b.as_i64()),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::String(a)), Some(Value::String(b))) => {
            match (Quantity::parse(a), Quantity::parse(b)) {
                (Some(a), Some(b)) => a.as_milli().cmp(&b.as_milli()),
                _ => natural(a, b),
            }
        }
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Digits within a text count as numbers: `web-9` before `web-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (digits(a), digits(b));
            let (p, q) = (a[..m].trim_start_matches('0'), b[..n].trim_start_matches('0'));
            let order = p.len().cmp(&q.len()).then(p.cmp(q));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (&a[m..], &b[n..]);
            continue;
        }
        if x != y {
            return x.cmp(&y);
        }
        (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
    }
}
