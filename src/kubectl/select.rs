//! Selectors of labels (`app=web,tier in (a,b),!old`) and of fields (`status.phase=Running`).
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/labels/selector.go, pkg/fields/selector.go,
//! and the labels that each kind's conversion knows (pkg/apis/core/v1/conversion.go)

use super::value;
use crate::api::kinds::{Kind, Object};
use crate::api::meta::Labels;
use crate::apiserver::status::Status;
use crate::apiserver::strategy::names;

/// A selector of labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    wants: Vec<(String, Op, Vec<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Exists,
    Missing,
    In,
    NotIn,
    Above,
    Below,
}

/// The pieces of a selector; the last is empty.
fn scan(text: &str) -> Vec<String> {
    let is_symbol = |c: char| "=!(),><".contains(c);
    let (mut out, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '=' if rest.starts_with("==") => 2,
            '!' if rest.starts_with("!=") => 2,
            c if is_symbol(c) => 1,
            _ => rest.find(|c: char| is_symbol(c) || c.is_whitespace()).unwrap_or(rest.len()),
        };
        out.push(rest[..end].to_string());
        rest = rest[end..].trim_start();
    }
    out.push(String::new());
    out
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(['=', '!', '(', ')', ',', '>', '<'])
}

impl Selector {
    /// Reads a selector. The error is the parser's own.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let tokens = scan(text);
        let mut at = 0;
        let mut wants = Vec::new();
        loop {
            let token = &*tokens[at];
            if token.is_empty() {
                return Ok(Selector { wants });
            }
            if !is_word(token) && token != "!" {
                let expected = "!, identifier, or 'end of string'";
                return Err(format!("found '{token}', expected: {expected}"));
            }
            let want = requirement(&tokens, &mut at);
            wants.push(want.map_err(|why| format!("unable to parse requirement: {why}"))?);
            match &*tokens[at] {
                "" => {}
                "," => {
                    at += 1;
                    let next = &*tokens[at];
                    if !is_word(next) && next != "!" {
                        return Err(format!("found '{next}', expected: identifier after ','"));
                    }
                }
                other => {
                    return Err(format!("found '{other}', expected: ',' or 'end of string'"));
                }
            }
        }
    }

    /// Whether `labels` meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.wants.iter().all(|(key, op, values)| {
            let value = labels.get(key);
            let among = |value: &str| values.iter().any(|one| one == value);
            let number = |text: &str| text.parse::<i64>().ok();
            let compare = || number(value?).zip(number(values.first()?));
            match op {
                Op::Exists => value.is_some(),
                Op::Missing => value.is_none(),
                Op::In => value.is_some_and(|value| among(value)),
                Op::NotIn => value.is_none_or(|value| !among(value)),
                Op::Above => compare().is_some_and(|(value, limit)| value > limit),
                Op::Below => compare().is_some_and(|(value, limit)| value < limit),
            }
        })
    }
}

fn requirement(tokens: &[String], at: &mut usize) -> Result<(String, Op, Vec<String>), String> {
    let mut next = || {
        *at += 1;
        tokens.get(*at - 1).map_or("", String::as_str)
    };
    let mut key = next();
    let missing = key == "!";
    if missing {
        key = next();
    }
    if !is_word(key) {
        return Err(format!("found '{key}', expected: identifier"));
    }
    let faults = names::qualified_name(key);
    if !faults.is_empty() {
        return Err(format!("<nil>: Invalid value: {key:?}: {}", faults.join("; ")));
    }
    if missing || matches!(&*tokens[*at], "" | ",") {
        let op = if missing { Op::Missing } else { Op::Exists };
        return Ok((key.to_string(), op, Vec::new()));
    }
    let mut next = || {
        *at += 1;
        tokens.get(*at - 1).map_or("", String::as_str)
    };
    let op = match next() {
        "=" | "==" => Op::In,
        "!=" => Op::NotIn,
        ">" => Op::Above,
        "<" => Op::Below,
        "in" => {
            let values = list(tokens, at)?;
            return checked(key, Op::In, values);
        }
        "notin" => {
            let values = list(tokens, at)?;
            return checked(key, Op::NotIn, values);
        }
        other => {
            return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt"));
        }
    };
    let value = match &*tokens[*at] {
        "" | "," => "",
        value => {
            *at += 1;
            value
        }
    };
    if !value.is_empty() && !is_word(value) {
        return Err(format!("found '{value}', expected: identifier"));
    }
    checked(key, op, vec![value.to_string()])
}

fn checked(
    key: &str,
    op: Op,
    values: Vec<String>,
) -> Result<(String, Op, Vec<String>), String> {
    for (n, value) in values.iter().enumerate() {
        if matches!(op, Op::Above | Op::Below) && value.parse::<i64>().is_err() {
            let why = "for 'Gt', 'Lt' operators, the value must be an integer";
            return Err(format!("values[0][{key}]: Invalid value: {value:?}: {why}"));
        }
        let faults = names::label_value(value);
        if !faults.is_empty() {
            let why = faults.join("; ");
            return Err(format!("values[{n}][{key}]: Invalid value: {value:?}: {why}"));
        }
    }
    Ok((key.to_string(), op, values))
}

/// `(a,b)`.
fn list(tokens: &[String], at: &mut usize) -> Result<Vec<String>, String> {
    if tokens[*at] != "(" {
        return Err(format!("found '{}' expected: '('", tokens[*at]));
    }
    *at += 1;
    let mut values = vec![String::new()];
    let mut full = false;
    loop {
        let token = &*tokens[*at];
        match token {
            ")" => {
                *at += 1;
                return Ok(values);
            }
            "," => {
                values.push(String::new());
                full = false;
            }
            word if is_word(word) && !full => {
                if let Some(last) = values.last_mut() {
                    *last = word.to_string();
                }
                full = true;
            }
            other if full => return Err(format!("found '{other}', expected: ',' or ')'")),
            other => {
                return Err(format!("found '{other}', expected: ',', ')' or identifier"));
            }
        }
        *at += 1;
    }
}

/// What can be selected by besides `metadata.name` and `metadata.namespace`.
const FIELDS: &[(&str, &str)] = &[
    (
        "Pod",
        "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName \
         spec.hostNetwork status.phase status.podIP status.nominatedNodeName",
    ),
    (
        "Event",
        "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid \
         involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath \
         reason reportingComponent source type",
    ),
    ("Node", "spec.unschedulable"),
    ("Namespace", "status.phase"),
    ("Secret", "type"),
    ("Service", "spec.clusterIP spec.type"),
    ("ReplicaSet", "status.replicas"),
    ("Job", "status.successful"),
];

/// A selector of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    wants: Vec<(String, bool, String)>,
}

impl Fields {
    /// Reads a selector of fields of `kind`. The error is the server's.
    pub fn parse(text: &str, kind: Kind) -> Result<Fields, String> {
        let mut wants = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let found = ["!=", "==", "="].iter().find_map(|op| Some((part.split_once(op)?, *op)));
            let Some(((key, value), op)) = found else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            let info = kind.info();
            let own = FIELDS.iter().find(|(name, _)| *name == info.name);
            let mut known = own.map_or("", |(_, keys)| keys).split_ascii_whitespace();
            if key != "metadata.name" && key != "metadata.namespace" && !known.any(|k| k == key) {
                let what = match own {
                    Some(_) => format!("field label not supported: {key}"),
                    None => format!(
                        "{key:?} is not a known field selector: only \"metadata.name\", \
                         \"metadata.namespace\""
                    ),
                };
                return Err(what);
            }
            wants.push((key.to_string(), op != "!=", value.to_string()));
        }
        Ok(Fields { wants })
    }

    /// Whether `object` meets it.
    pub fn matches(&self, object: &Object) -> bool {
        if self.wants.is_empty() {
            return true;
        }
        let tree = object.to_value();
        self.wants.iter().all(|(key, equal, wanted)| {
            let key = match (&**key, object) {
                ("source", Object::Event(_)) => "source.component",
                (key, _) => key,
            };
            let found = value::text(value::at(&tree, key));
            let found = match (&*found, key) {
                ("", "spec.unschedulable" | "spec.hostNetwork") => "false",
                (found, _) => found,
            };
            (found == wanted) == *equal
        })
    }
}

/// What the server says of a selector it cannot read.
pub fn refusal(kind: Kind, labels: &str, fields: &str, why: &str) -> Status {
    let info = kind.info();
    let group = match info.group {
        "" => format!("/{}", info.version),
        group => format!("{group}/{}", info.version),
    };
    Status::bad_request(format!(
        "Unable to find \"{group}, Resource={}\" that match label selector {labels:?}, field \
         selector {fields:?}: {why}",
        info.plural
    ))
}
