//! Selectors as text: `app=web,tier in (a, b),!old` over labels, `status.phase!=Running` over
//! the few fields a kind lets one ask for. What cannot be read is said in upstream's words.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/labels/selector.go, pkg/fields/selector.go, and
//! the conversion functions of field labels, such as pkg/apis/core/v1/conversion.go

use super::Answer;
use super::status::Status;
use super::strategy::names::{label_value, qualified_name};
use crate::api::kinds::{Kind, Object};
use crate::api::meta::Labels;
use serde_json::Value;

/// What a list is narrowed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    /// Path, whether it must be so, value.
    fields: Vec<(String, bool, String)>,
}

/// One condition on a label.
#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    /// `in`, `notin`, `exists`, `!`, or a comparison as it is written.
    operator: String,
    values: Vec<String>,
}

impl Selector {
    /// Reads both kinds of selectors for lists of `kind`; an empty text asks for nothing. The
    /// refusal is a BadRequest.
    pub fn parse(kind: Kind, labels: &str, fields: &str) -> Answer<Selector> {
        let labels = Parser::new(labels).parse().map_err(Status::bad_request)?;
        let fields = parse_fields(kind, fields).map_err(Status::bad_request)?;
        Ok(Selector { labels, fields })
    }

    /// Reads a selector of labels. An error is the parser's sentence.
    pub fn of_labels(text: &str) -> Result<Selector, String> {
        let labels = Parser::new(text).parse()?;
        Ok(Selector { labels, fields: Vec::new() })
    }

    /// Whether `object` meets all conditions.
    pub fn matches(&self, object: &Object) -> bool {
        let meta = object.meta();
        self.matches_labels(&meta.labels)
            && (self.fields.is_empty() || {
                let tree = object.to_value();
                let is = |(path, wanted, value): &(String, bool, String)| {
                    (field(&tree, path) == *value) == *wanted
                };
                self.fields.iter().all(is)
            })
    }

    /// Whether `labels` meet the conditions on labels.
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|wanted| wanted.is_met(labels.get(&wanted.key).map(|v| &**v)))
    }
}

impl Requirement {
    fn is_met(&self, value: Option<&str>) -> bool {
        let among = |value: &str| self.values.iter().any(|wanted| wanted == value);
        let number = |text: &str| text.parse::<i64>().ok();
        match &*self.operator {
            "exists" => value.is_some(),
            "!" => value.is_none(),
            "notin" | "!=" => !value.is_some_and(among),
            ">" | "<" => {
                match (value.and_then(number), self.values.first().and_then(|v| number(v))) {
                    (Some(value), Some(limit)) if self.operator == ">" => value > limit,
                    (Some(value), Some(limit)) => value < limit,
                    _ => false,
                }
            }
            _ => value.is_some_and(among),
        }
    }

    /// What is wrong with it, in the words of the validation.
    fn faults(&self) -> Vec<String> {
        let invalid =
            |at: String, value: &str, why: &str| format!("{at}: Invalid value: {value:?}: {why}");
        let mut out = Vec::new();
        if let ">" | "<" = &*self.operator
            && let Some(value) = self.values.iter().find(|value| value.parse::<i64>().is_err())
        {
            let why = "for 'Gt', 'Lt' operators, the value must be an integer";
            out.push(invalid("values[0]".into(), value, why));
        }
        for (at, value) in self.values.iter().enumerate() {
            let problems = label_value(value);
            if !problems.is_empty() {
                out.push(invalid(
                    format!("values[{at}][{}]", self.key),
                    value,
                    &problems.join("; "),
                ));
            }
        }
        out
    }
}

/// The characters that mean something.
const SPECIAL: [char; 7] = ['=', '!', '(', ')', ',', '>', '<'];

/// Words and signs of a selector of labels, one after the other; the end is an empty one.
struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parser<'t> {
        Parser { rest: text }
    }

    fn next(&mut self) -> &'t str {
        let (token, rest) = self.split();
        self.rest = rest;
        token
    }

    fn peek(&self) -> &'t str {
        self.split().0
    }

    fn split(&self) -> (&'t str, &'t str) {
        let text = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let length = match text.chars().next() {
            Some(_) if text.starts_with("==") || text.starts_with("!=") => 2,
            Some(c) if SPECIAL.contains(&c) => 1,
            _ => {
                let ends = |c: char| SPECIAL.contains(&c) || " \t\r\n".contains(c);
                text.find(ends).unwrap_or(text.len())
            }
        };
        text.split_at(length)
    }

    fn parse(&mut self) -> Result<Vec<Requirement>, String> {
        let mut out = Vec::new();
        loop {
            match self.peek() {
                "" => return Ok(out),
                word if is_word(word) || word == "!" => {}
                other => {
                    return Err(format!(
                        "found '{other}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
            let wrap = |why| format!("unable to parse requirement: {why}");
            out.push(self.requirement().map_err(wrap)?);
            match self.next() {
                "" => return Ok(out),
                "," => {
                    let after = self.peek();
                    if !is_word(after) && after != "!" {
                        return Err(format!("found '{after}', expected: identifier after ','"));
                    }
                }
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut key = self.next();
        let mut operator = "";
        if key == "!" {
            operator = "!";
            key = self.next();
        }
        if !is_word(key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        let problems = qualified_name(key);
        if !problems.is_empty() {
            return Err(format!("<nil>: Invalid value: {key:?}: {}", problems.join("; ")));
        }
        let mut values = Vec::new();
        if operator.is_empty() && matches!(self.peek(), "" | ",") {
            operator = "exists";
        } else if operator.is_empty() {
            operator = self.next();
            values = match operator {
                "in" | "notin" => self.values()?,
                "=" | "==" | "!=" | ">" | "<" => vec![self.exact_value()?],
                other => {
                    return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt"));
                }
            };
        }
        values.sort();
        values.dedup();
        let requirement = Requirement { key: key.into(), operator: operator.into(), values };
        match &requirement.faults()[..] {
            [] => Ok(requirement),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    /// `(a, b)`; a missing value is an empty one.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.next() {
            "(" => {}
            other => return Err(format!("found '{other}' expected: '('")),
        }
        if !matches!(self.peek(), ")" | ",") && !is_word(self.peek()) {
            return Err(format!("found '{}', expected: ',', ')' or identifier", self.peek()));
        }
        let mut out = Vec::new();
        loop {
            let word = self.peek();
            out.push(if is_word(word) { self.next().to_string() } else { String::new() });
            match self.next() {
                ")" => return Ok(out),
                "," if is_word(self.peek()) || matches!(self.peek(), ")" | ",") => {}
                "," => {
                    return Err(format!("found '{}', expected: ',', or identifier", self.peek()));
                }
                other if is_word(word) => {
                    return Err(format!("found '{other}', expected: ',' or ')'"));
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
        }
    }

    fn exact_value(&mut self) -> Result<String, String> {
        match self.peek() {
            "" | "," => Ok(String::new()),
            word if is_word(word) => Ok(self.next().to_string()),
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(SPECIAL)
}

/// The fields one may ask for, beside the name and the namespace.
fn known_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        Kind::Node => &["spec.unschedulable"],
        Kind::Namespace => &["status.phase"],
        Kind::Job => &["status.successful"],
        Kind::Secret => &["type"],
        Kind::Service => &["spec.clusterIP", "spec.type"],
        Kind::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        _ => &[],
    }
}

/// The value of the field `path` as selectors compare it.
fn field(tree: &Value, path: &str) -> String {
    let path = match path {
        "source" => "source.component",
        "status.podIPs" => "status.podIP",
        "status.successful" => "status.succeeded",
        other => other,
    };
    let found = path.split('.').try_fold(tree, |tree, step| tree.get(step));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None if matches!(path, "spec.unschedulable" | "spec.hostNetwork") => "false".to_string(),
        None if path == "status.succeeded" => "0".to_string(),
        None => String::new(),
    }
}

fn parse_fields(kind: Kind, text: &str) -> Result<Vec<(String, bool, String)>, String> {
    let mut terms = split_terms(text);
    terms.sort();
    let mut out = Vec::new();
    for term in terms.iter().filter(|term| !term.is_empty()) {
        let at = term.find(['=', '!']).into_iter().flat_map(|from| from..term.len());
        let operator = |at: &usize| {
            let rest = term.get(*at..)?;
            ["!=", "==", "="].into_iter().find(|operator| rest.starts_with(operator))
        };
        let found = at.into_iter().find_map(|at| Some((at, operator(&at)?)));
        let Some((at, operator)) = found else {
            return Err(format!("invalid selector: '{text}'; can't understand '{term}'"));
        };
        let (path, value) = (&term[..at], unescape(&term[at + operator.len()..])?);
        let name = match (kind, path) {
            (Kind::Pod, "spec.host") => "spec.nodeName",
            (Kind::Namespace, "name") => "metadata.name",
            (_, other) => other,
        };
        let own = known_fields(kind);
        if !["metadata.name", "metadata.namespace"].contains(&name) && !own.contains(&name) {
            return Err(match own {
                [] => format!(
                    "{path:?} is not a known field selector: only \"metadata.name\", \
                     \"metadata.namespace\""
                ),
                _ => format!("field label not supported: {path}"),
            });
        }
        out.push((name.to_string(), operator != "!=", value));
    }
    Ok(out)
}

/// Splits at commas that no backslash precedes.
fn split_terms(text: &str) -> Vec<&str> {
    let (mut out, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                out.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&text[from..]);
    out
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                other => {
                    let tail: String = other.into_iter().collect();
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{tail}"
                    ));
                }
            },
            ',' | '=' => {
                let code = u32::from(c);
                return Err(format!(
                    "invalid field selector: unescaped character in value: {code}"
                ));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}
