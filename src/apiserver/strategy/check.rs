//! What rules are written with: a path to the field at hand, which costs nothing until
//! something is wrong, and the list of what is wrong.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/validation/field

use crate::api::apps::go_json;
use crate::api::json::Json;
use crate::apiserver::status::Cause;
use std::fmt::{self, Display};

/// Where a field is: `spec.template.spec.containers[0].image`.
#[derive(Clone, Copy)]
pub struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Name(&'p str),
    Index(usize),
    Key(&'p str),
}

impl<'p> Path<'p> {
    /// A field of the object itself.
    pub fn root(name: &'p str) -> Path<'p> {
        Path { parent: None, step: Step::Name(name) }
    }

    /// The field `name` of this one.
    pub fn child(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Name(name) }
    }

    /// The item `at` of this list.
    pub fn index(&'p self, at: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(at) }
    }

    /// The value of `key` in this map.
    pub fn key(&'p self, key: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Key(key) }
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match (self.step, self.parent) {
            (Step::Name(name), None) => f.write_str(name),
            (Step::Name(name), Some(_)) => write!(f, ".{name}"),
            (Step::Index(at), _) => write!(f, "[{at}]"),
            (Step::Key(key), _) => write!(f, "[{key}]"),
        }
    }
}

/// What is wrong with an object so far.
#[derive(Debug, Default)]
pub struct Check {
    /// All of it, in the order it was found.
    pub causes: Vec<Cause>,
}

impl Check {
    /// `at` is missing.
    pub fn required(&mut self, at: &Path, detail: &str) {
        self.causes.push(Cause::required(at.to_string(), detail));
    }

    /// `at` is missing unless `present`.
    pub fn require(&mut self, present: bool, at: &Path) {
        if !present {
            self.required(at, "");
        }
    }

    /// The text `value` at `at` breaks a rule.
    pub fn text(&mut self, at: &Path, value: &str, detail: &str) {
        self.causes.push(Cause::invalid(at.to_string(), format_args!("{value:?}"), detail));
    }

    /// The number (or anything that prints without quotes) at `at` breaks a rule.
    pub fn plain(&mut self, at: &Path, value: impl Display, detail: &str) {
        self.causes.push(Cause::invalid(at.to_string(), value, detail));
    }

    /// The object at `at` breaks a rule; it is shown as JSON.
    pub fn tree(&mut self, at: &Path, value: &impl Json, detail: &str) {
        let value = if value.is_absent() { "null".to_string() } else { go_json(&value.write()) };
        self.causes.push(Cause::invalid(at.to_string(), value, detail));
    }

    /// `at` may not be given here.
    pub fn forbidden(&mut self, at: &Path, detail: &str) {
        self.causes.push(Cause::forbidden(at.to_string(), detail));
    }

    /// The word at `at` is none of `known`, which are shown in order.
    pub fn unsupported(&mut self, at: &Path, value: &str, known: &[&str]) {
        self.causes.push(Cause::unsupported(at.to_string(), value, known));
    }

    /// The word at `at` must be one of `known`, which are shown in order.
    pub fn word(&mut self, at: &Path, value: &str, known: &[&str]) {
        if !known.contains(&value) {
            self.unsupported(at, value, known);
        }
    }

    /// The text at `at` stands twice.
    pub fn duplicate(&mut self, at: &Path, value: &str) {
        self.causes.push(Cause::duplicate(at.to_string(), format_args!("{value:?}")));
    }

    /// The number at `at` stands twice.
    pub fn duplicate_number(&mut self, at: &Path, value: i64) {
        self.causes.push(Cause::duplicate(at.to_string(), value));
    }

    /// The text at `at` names something that is not there.
    pub fn not_found(&mut self, at: &Path, value: &str) {
        self.causes.push(Cause::not_found(at.to_string(), value));
    }

    /// The number at `at` must not be below zero.
    pub fn non_negative(&mut self, at: &Path, value: i64) {
        if value < 0 {
            self.plain(at, value, "must be greater than or equal to 0");
        }
    }

    /// The port at `at` must be one.
    pub fn port(&mut self, at: &Path, value: i64) {
        if !(1..=65535).contains(&value) {
            self.plain(at, value, "must be between 1 and 65535, inclusive");
        }
    }

    /// All `problems` with the text at `at`.
    pub fn all(&mut self, at: &Path, value: &str, problems: Vec<String>) {
        for problem in problems {
            self.text(at, value, &problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_upstream_s() {
        let spec = Path::root("spec");
        let containers = spec.child("containers");
        let first = containers.index(0);
        assert_eq!(first.child("image").to_string(), "spec.containers[0].image");
        let limits = first.child("limits");
        assert_eq!(limits.key("cpu").to_string(), "spec.containers[0].limits[cpu]");
    }
}
