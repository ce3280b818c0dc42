//! Printing what a template says.
//!
//! Upstream: Go's text/template/exec.go

use super::funcs;
use super::{Command, Node, Pipe, Template, Term, Val};
use serde_json::Value;

/// So deep may templates call each other.
const DEPTH: u32 = 100;

struct Run<'t> {
    template: &'t Template,
    strict: bool,
    variables: Vec<(String, Val)>,
    out: String,
    depth: u32,
}

enum Flow {
    On,
    Break,
    Continue,
}

type Done<T> = Result<T, String>;

pub(super) fn run(template: &Template, tree: &Value, strict: bool) -> (String, Done<()>) {
    let dot = Val::Json(tree.clone());
    let variables = vec![("$".to_string(), dot.clone())];
    let mut run = Run { template, strict, variables, out: String::new(), depth: 0 };
    let done = run.nodes(&template.body, &dot).map(drop);
    (run.out, done)
}

fn failed(command: &Command, what: &str) -> String {
    let (line, column) = command.place;
    let text = &command.text;
    format!("template: output:{line}:{column}: executing \"output\" at <{text}>: {what}")
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Val) -> Done<Flow> {
        for node in nodes {
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Print(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.names.is_empty() {
                        self.out.push_str(&funcs::shown(&value));
                    }
                }
                Node::Call(name, data) => {
                    let data = match data {
                        Some(pipe) => self.pipe(pipe, dot)?,
                        None => Val::Nil,
                    };
                    let Some(body) = self.template.defined.get(name) else {
                        return Err(format!(
                            "template: no template {name:?} associated with \
                                            template \"output\""
                        ));
                    };
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err("template: exceeded maximum template depth".to_string());
                    }
                    let kept = std::mem::take(&mut self.variables);
                    self.variables.push(("$".to_string(), data.clone()));
                    self.nodes(body, &data)?;
                    self.variables = kept;
                    self.depth -= 1;
                }
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
                Node::If(pipe, body, other) | Node::With(pipe, body, other) => {
                    let mark = self.variables.len();
                    let value = self.pipe(pipe, dot)?;
                    let inner = if matches!(node, Node::With(..)) { &value } else { dot };
                    let flow = match funcs::is_true(&value) {
                        true => self.nodes(body, inner)?,
                        false => self.nodes(other, dot)?,
                    };
                    self.variables.truncate(mark);
                    if !matches!(flow, Flow::On) {
                        return Ok(flow);
                    }
                }
                Node::Range(pipe, body, other) => self.range(pipe, body, other, dot)?,
            }
        }
        Ok(Flow::On)
    }

    fn range(&mut self, pipe: &Pipe, body: &[Node], other: &[Node], dot: &Val) -> Done<()> {
        let mark = self.variables.len();
        let bare = Pipe { names: Vec::new(), ..pipe.clone() };
        let items: Vec<(Val, Val)> = match self.pipe(&bare, dot)? {
            Val::Json(Value::Array(items)) => {
                let pair = |(n, item)| (Val::Int(n as i64), Val::Json(item));
                items.into_iter().enumerate().map(pair).collect()
            }
            Val::Json(Value::Object(map)) => {
                let pair = |(key, item)| (Val::Json(Value::String(key)), Val::Json(item));
                map.into_iter().map(pair).collect()
            }
            Val::Nil | Val::Json(Value::Null) => Vec::new(),
            Val::Int(n) => (0..n.min(100_000)).map(|n| (Val::Int(n), Val::Int(n))).collect(),
            other => {
                let command = pipe.commands.last().ok_or_else(String::new)?;
                let shown = funcs::shown(&other);
                return Err(failed(command, &format!("range can't iterate over {shown}")));
            }
        };
        if items.is_empty() {
            self.nodes(other, dot)?;
        }
        for (key, item) in items {
            self.variables.truncate(mark);
            match &pipe.names[..] {
                [] => {}
                [value] => self.variables.push((value.clone(), item.clone())),
                [index, value, ..] => {
                    self.variables.push((index.clone(), key));
                    self.variables.push((value.clone(), item.clone()));
                }
            }
            if let Flow::Break = self.nodes(body, &item)? {
                break;
            }
        }
        self.variables.truncate(mark);
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Val) -> Done<Val> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, value, dot)?);
        }
        let value = value.unwrap_or(Val::Nil);
        for name in &pipe.names {
            let known = self.variables.iter_mut().rev().find(|(own, _)| own == name);
            match known.filter(|_| pipe.sets) {
                Some(known) => known.1 = value.clone(),
                None => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, last: Option<Val>, dot: &Val) -> Done<Val> {
        let Term::Func(name) = &command.terms[0] else {
            if command.terms.len() > 1 || last.is_some() {
                let what = format!("can't give argument to non-function {}", command.text);
                return Err(failed(command, &what));
            }
            return self.term(&command.terms[0], command, dot);
        };
        let mut values = Vec::new();
        for term in &command.terms[1..] {
            let value = self.term(term, command, dot)?;
            // These two look no further than they must.
            let decides = (name == "and" && !funcs::is_true(&value))
                || (name == "or" && funcs::is_true(&value));
            if decides {
                return Ok(value);
            }
            values.push(value);
        }
        values.extend(last);
        let done = funcs::call(name, values);
        done.map_err(|why| failed(command, &format!("error calling {name}: {why}")))
    }

    fn term(&mut self, term: &Term, command: &Command, dot: &Val) -> Done<Val> {
        let (start, path) = match term {
            Term::Const(value) => return Ok(value.clone()),
            Term::Field(path) => (dot.clone(), path),
            Term::Variable(name, path) => {
                let known = self.variables.iter().rev().find(|(own, _)| own == name);
                let Some((_, value)) = known else {
                    return Err(failed(command, &format!("undefined variable: {name}")));
                };
                (value.clone(), path)
            }
            Term::Paren(pipe, path) => (self.pipe(pipe, dot)?, path),
            Term::Func(name) => {
                return funcs::call(name, Vec::new())
                    .map_err(|why| failed(command, &format!("error calling {name}: {why}")));
            }
        };
        let mut value = start;
        for key in path {
            value = match value {
                Val::Json(Value::Object(mut map)) => match map.remove(key) {
                    Some(inner) => Val::Json(inner),
                    None if self.strict => {
                        return Err(failed(command, &format!("map has no entry for key {key:?}")));
                    }
                    None => Val::Nil,
                },
                Val::Nil | Val::Json(Value::Null) => {
                    let what = format!("nil pointer evaluating interface {{}}.{key}");
                    return Err(failed(command, &what));
                }
                other => {
                    let kind = funcs::kind(&other);
                    let what = format!("can't evaluate field {key} in type {kind}");
                    return Err(failed(command, &what));
                }
            };
        }
        Ok(value)
    }
}
