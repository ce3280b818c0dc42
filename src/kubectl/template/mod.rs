//! Go templates as kubectl users write them: `{{range .items}}{{.metadata.name}}{{"\n"}}{{end}}`.
//!
//! As in kubectl, numbers of an object are floats and those of a template are integers, so that
//! `eq .spec.replicas 3` is an error.
//!
//! Not here: fractions, methods, `call`, `html`, `js`, `urlquery`.
//!
//! Upstream: Go's text/template, staging/src/k8s.io/cli-runtime/pkg/printers/template.go

mod eval;
mod funcs;
mod parse;

use crate::base::sorted::SortedMap;
use serde_json::Value;

/// A template that has been read.
#[derive(Clone, Debug, Default)]
pub struct Template {
    body: Vec<Node>,
    defined: SortedMap<String, Vec<Node>>,
}

/// A value in a template.
#[derive(Clone, Debug, PartialEq)]
enum Val {
    /// Nothing, such as a key that is not there.
    Nil,
    /// An integer of the template.
    Int(i64),
    /// Anything of an object; its numbers are floats.
    Json(Value),
}

/// A value written in a template.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Const(Val),
    /// `.`, `.a.b`.
    Field(Vec<String>),
    /// `$x`, `$x.a.b`.
    Variable(String, Vec<String>),
    /// `( … )`, `( … ).a.b`.
    Paren(Box<Pipe>, Vec<String>),
    /// A function's name.
    Func(String),
}

/// A command: a function or value, and its arguments. With where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
struct Command {
    terms: Vec<Term>,
    text: String,
    place: (usize, usize),
}

/// Commands, each given the result of the one before.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pipe {
    /// Variables it declares or, with `true`, sets.
    names: Vec<String>,
    sets: bool,
    commands: Vec<Command>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Print(Pipe),
    If(Pipe, Vec<Node>, Vec<Node>),
    With(Pipe, Vec<Node>, Vec<Node>),
    Range(Pipe, Vec<Node>, Vec<Node>),
    Call(String, Option<Pipe>),
    Break,
    Continue,
}

impl Template {
    /// Reads a template. The error is Go's own.
    pub fn parse(text: &str) -> Result<Template, String> {
        parse::template(text)
    }

    /// What it prints of `tree`; before an error, what it printed so far.
    pub fn print(&self, tree: &Value, strict: bool) -> (String, Result<(), String>) {
        eval::run(self, tree, strict)
    }
}
