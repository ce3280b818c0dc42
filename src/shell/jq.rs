//! `jq` for paths: `.a.b`, `.a[0]`, `.a[]`, `."a-b"`, `|`, `,`, `select(.a == "b")`, `length`,
//! `keys`, `.a?`; with `-r` and `-c`.
//!
//! Not here: everything that makes new values; a program that does is refused.
//!
//! Upstream: jq 1.7

use super::options::Options;
use serde_json::Value;

/// A program of jq.
#[derive(Clone, Debug)]
pub struct Jq {
    pipes: Vec<Vec<Path>>,
}

/// One of the paths that commas separate.
type Path = Vec<Step>;

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(i64),
    Each,
    Select(Path, &'static str, Value),
    Length,
    Keys,
    /// What fails gives nothing.
    Maybe(Path),
}

struct Reader<'p> {
    rest: &'p str,
}

impl Jq {
    /// Reads a program. An error says what is wrong with it.
    pub fn new(program: &str) -> Result<Jq, String> {
        let mut reader = Reader { rest: program };
        let mut pipes = vec![vec![reader.path()?]];
        loop {
            if reader.skip("|") {
                pipes.push(vec![reader.path()?]);
            } else if reader.skip(",") {
                let path = reader.path()?;
                pipes.last_mut().expect("there is a first").push(path);
            } else if reader.rest.trim().is_empty() {
                return Ok(Jq { pipes });
            } else {
                return Err(reader.wrong());
            }
        }
    }

    /// Runs it on a text of JSON.
    pub fn run(&self, text: &str, options: &Options, out: &mut String) -> Result<(), String> {
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let value = value.map_err(|error| format!("error (at <stdin>:0): {error}"))?;
            let mut values = vec![value];
            for paths in &self.pipes {
                let mut next = Vec::new();
                for value in &values {
                    for path in paths {
                        follow(value, path, &mut next)?;
                    }
                }
                values = next;
            }
            for value in values {
                match &value {
                    Value::String(text) if options.has('r') || options.has('j') => {
                        out.push_str(text);
                    }
                    value if options.has('c') => out.push_str(&value.to_string()),
                    value => out.push_str(&format!("{value:#}")),
                }
                if !options.has('j') {
                    out.push('\n');
                }
            }
        }
        Ok(())
    }
}

fn follow(value: &Value, path: &[Step], out: &mut Vec<Value>) -> Result<(), String> {
    let Some((step, rest)) = path.split_first() else {
        out.push(value.clone());
        return Ok(());
    };
    let null = Value::Null;
    match step {
        Step::Key(key) => match value {
            Value::Object(map) => follow(map.get(key).unwrap_or(&null), rest, out),
            Value::Null => follow(&null, rest, out),
            other => {
                Err(format!("error (at <stdin>:0): Cannot index {} with \"{key}\"", kind(other)))
            }
        },
        Step::Index(at) => match value {
            Value::Array(list) => {
                let length = i64::try_from(list.len()).unwrap_or(0);
                let at = if *at < 0 { at + length } else { *at };
                let found = usize::try_from(at).ok().and_then(|at| list.get(at));
                follow(found.unwrap_or(&null), rest, out)
            }
            Value::Null => follow(&null, rest, out),
            other => Err(format!("error (at <stdin>:0): Cannot index {} with number", kind(other))),
        },
        Step::Each => match value {
            Value::Array(list) => list.iter().try_for_each(|one| follow(one, rest, out)),
            Value::Object(map) => map.values().try_for_each(|one| follow(one, rest, out)),
            other => Err(format!("error (at <stdin>:0): Cannot iterate over {}", kind(other))),
        },
        Step::Select(path, operator, wanted) => {
            let mut found = Vec::new();
            follow(value, path, &mut found)?;
            let holds = |one: &Value| match *operator {
                "==" => one == wanted,
                "!=" => one != wanted,
                ">" => one.as_i64() > wanted.as_i64(),
                "<" => one.as_i64() < wanted.as_i64(),
                _ => !matches!(one, Value::Null | Value::Bool(false)),
            };
            if found.iter().any(holds) { follow(value, rest, out) } else { Ok(()) }
        }
        Step::Maybe(path) => {
            let mut found = Vec::new();
            let _ = follow(value, path, &mut found);
            found.iter().try_for_each(|one| follow(one, rest, out))
        }
        Step::Length => {
            let length = match value {
                Value::Array(list) => list.len(),
                Value::Object(map) => map.len(),
                Value::String(text) => text.chars().count(),
                _ => 0,
            };
            follow(&length.into(), rest, out)
        }
        Step::Keys => match value {
            Value::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                crate::base::sorted::sort(&mut keys);
                let keys = keys.into_iter().map(|key| Value::from(key.as_str())).collect();
                follow(&Value::Array(keys), rest, out)
            }
            other => Err(format!("error (at <stdin>:0): {} has no keys", kind(other))),
        },
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Reader<'_> {
    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn wrong(&self) -> String {
        let rest: String = self.rest.trim().chars().take(20).collect();
        format!("error: only paths, select, length, keys, | and , are here, not '{rest}'")
    }

    fn path(&mut self) -> Result<Path, String> {
        let mut path = Vec::new();
        loop {
            let begun = !path.is_empty();
            if self.skip("[") {
                self.bracket(&mut path)?;
            } else if self.skip(".") {
                if self.rest.starts_with('[') {
                    continue;
                }
                if let Some(key) = self.key()? {
                    path.push(Step::Key(key));
                } else if begun {
                    return Err(self.wrong());
                }
            } else if begun && self.skip("?") {
                let last = path.pop();
                path.push(Step::Maybe(last.into_iter().collect()));
            } else if !begun && self.skip("length") {
                path.push(Step::Length);
            } else if !begun && self.skip("keys") {
                path.push(Step::Keys);
            } else if !begun && self.skip("select(") {
                path.push(self.select()?);
            } else {
                return Ok(path);
            }
        }
    }

    fn bracket(&mut self, path: &mut Path) -> Result<(), String> {
        if self.skip("]") {
            path.push(Step::Each);
            return Ok(());
        }
        let end = self.rest.find(']').ok_or_else(|| self.wrong())?;
        let inner = self.rest[..end].trim();
        path.push(match (inner.parse(), serde_json::from_str::<String>(inner)) {
            (Ok(at), _) => Step::Index(at),
            (_, Ok(key)) => Step::Key(key),
            _ => return Err(self.wrong()),
        });
        self.rest = &self.rest[end + 1..];
        Ok(())
    }

    fn key(&mut self) -> Result<Option<String>, String> {
        if self.rest.starts_with('"') {
            let end = self.rest[1..].find('"').ok_or_else(|| self.wrong())? + 1;
            let key = self.rest[1..end].to_string();
            self.rest = &self.rest[end + 1..];
            return Ok(Some(key));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (key, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Ok((!key.is_empty()).then(|| key.to_string()))
    }

    fn select(&mut self) -> Result<Step, String> {
        let path = self.path()?;
        let operators = ["==", "!=", ">", "<", ""];
        let operator = operators.into_iter().find(|operator| self.skip(operator)).unwrap_or("");
        let end = self.rest.find(')').ok_or_else(|| self.wrong())?;
        let text = self.rest[..end].trim();
        let wanted = match operator {
            "" if text.is_empty() => Value::Null,
            _ => serde_json::from_str(text).map_err(|_| self.wrong())?,
        };
        self.rest = &self.rest[end + 1..];
        Ok(Step::Select(path, operator, wanted))
    }
}
