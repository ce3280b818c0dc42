//! Reading a template.
//!
//! Upstream: staging/src/k8s.io/client-go/util/jsonpath/parser.go

use super::{Block, Node};
use serde_json::Value;

struct Parser<'t> {
    rest: &'t str,
}

type Read<T> = Result<T, String>;

/// The pieces of a template.
pub(super) fn template(text: &str) -> Read<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        if at > 0 {
            blocks.push(vec![Node::Text(rest[..at].to_string())]);
        }
        let mut parser = Parser { rest: &rest[at + 1..] };
        let mut block = Vec::new();
        parser.action(&mut block)?;
        blocks.push(block);
        rest = parser.rest;
    }
    if !rest.is_empty() {
        blocks.push(vec![Node::Text(rest.to_string())]);
    }
    Ok(blocks)
}

/// What would stand between braces, alone.
fn alone(text: &str) -> Read<Block> {
    let text = format!("{text}}}");
    let mut parser = Parser { rest: &text };
    let mut block = Vec::new();
    parser.action(&mut block)?;
    Ok(block)
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take(&mut self, end: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Up to and over the closing brace.
    fn action(&mut self, block: &mut Block) -> Read<()> {
        loop {
            if self.eat("}") {
                return Ok(());
            }
            if self.eat("[?(") {
                block.push(self.filter()?);
                continue;
            }
            if self.rest.starts_with("..") {
                if block.last() == Some(&Node::Recursive) {
                    return Err("invalid multiple recursive descent".to_string());
                }
                self.eat("..");
                block.push(Node::Recursive);
                if self.rest.starts_with(|c: char| c == '_' || c.is_alphanumeric()) {
                    self.field(block);
                }
                continue;
            }
            match self.next() {
                None | Some('\n' | '\r') => return Err("unclosed action".to_string()),
                Some(' ' | '@' | '$') => {}
                Some('[') => self.array(block)?,
                Some(quote @ ('"' | '\'')) => block.push(Node::Text(self.quoted(quote)?)),
                Some('.') => self.field(block),
                Some(c) if c == '+' || c == '-' || c.is_ascii_digit() => {
                    block.push(self.number(c)?);
                }
                Some(c) if c == '_' || c.is_alphanumeric() => {
                    let end = self.rest.find(is_terminator).unwrap_or(self.rest.len());
                    let word = format!("{c}{}", self.take(end));
                    block.push(match &*word {
                        "true" | "false" => Node::Literal(Value::Bool(word == "true")),
                        "range" => Node::Range,
                        "end" => Node::End,
                        _ => return Err(format!("unrecognized identifier {word}")),
                    });
                }
                Some(c) => {
                    let code = u32::from(c);
                    return Err(format!("unrecognized character in action: U+{code:04X} '{c}'"));
                }
            }
        }
    }

    fn field(&mut self, block: &mut Block) {
        let mut name = String::new();
        while let Some(c) = self.rest.chars().next().filter(|c| !is_terminator(*c)) {
            self.next();
            match c {
                '\\' => name.extend(self.next()),
                c => name.push(c),
            }
        }
        block.push(if name == "*" { Node::Wildcard } else { Node::Field(name) });
    }

    fn number(&mut self, first: char) -> Read<Node> {
        let is_part = |c: char| c == '.' || c.is_ascii_digit();
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let text = format!("{first}{}", self.take(end));
        let number = serde_json::from_str(text.trim_start_matches('+'));
        number.map(Node::Literal).map_err(|_| format!("cannot parse number {text}"))
    }

    /// What stands in quotes, the closing one included.
    fn quoted(&mut self, quote: char) -> Read<String> {
        let mut out = String::new();
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_string()),
                Some(c) if c == quote => return Ok(out),
                Some('\\') => match self.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some(c) if c == quote || c == '\\' => out.push(c),
                    Some(c) => {
                        let shown = format!("{quote}{out}\\{c}");
                        return Err(format!("unquote string {shown} error invalid syntax"));
                    }
                    None => return Err("unterminated quoted string".to_string()),
                },
                Some(c) => out.push(c),
            }
        }
    }

    fn array(&mut self, block: &mut Block) -> Read<()> {
        let end = self.rest.find([']', '\n']).filter(|end| self.rest[*end..].starts_with(']'));
        let Some(end) = end else { return Err("unterminated array".to_string()) };
        let text = self.take(end);
        self.eat("]");
        if text == "*" {
            block.push(Node::Slice(None, None, None));
            return Ok(());
        }
        if text.contains(',') {
            let parts = text.split(',').map(|part| alone(&format!("[{}]", part.trim())));
            block.push(Node::Union(parts.collect::<Read<Vec<Block>>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            block.extend(alone(&format!(".{key}"))?);
            return Ok(());
        }
        let part = |text: &str| -> Read<Option<i64>> {
            let digits = text.strip_prefix('-').unwrap_or(text);
            if !digits.chars().all(|c| c.is_ascii_digit()) {
                return Err(String::new());
            }
            match text {
                "" => Ok(None),
                "-" => Err(format!("array index {text} is not a number")),
                text => text.parse().map(Some).map_err(|_| String::new()),
            }
        };
        let parts: Read<Vec<Option<i64>>> = text.split(':').map(part).collect();
        let bad = |why: String| match &*why {
            "" => format!("invalid array index {text}"),
            _ => why,
        };
        block.push(match &parts.map_err(bad)?[..] {
            [Some(one)] => Node::Index(*one),
            [from, to] => Node::Slice(*from, *to, None),
            [from, to, step] => Node::Slice(*from, *to, *step),
            _ => return Err(format!("invalid array index {text}")),
        });
        Ok(())
    }

    fn filter(&mut self) -> Read<Node> {
        let mut quote = None;
        let mut closed = false;
        let mut end = None;
        let mut before = ' ';
        for (at, c) in self.rest.char_indices() {
            match c {
                '\n' => break,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                '"' | '\'' if before != '\\' && quote == Some(c) => closed = true,
                ')' if quote.is_some() == closed => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
            before = c;
        }
        let Some(end) = end else { return Err("unterminated filter".to_string()) };
        let text = self.take(end);
        self.eat(")");
        if !self.eat("]") {
            return Err("unclosed array expect ]".to_string());
        }
        let is_op = |c: char| matches!(c, '!' | '<' | '>' | '=');
        let Some(at) = text.find(is_op).filter(|at| *at > 0) else {
            return Ok(Node::Filter(alone(text)?, "exists".to_string(), Vec::new()));
        };
        let tail = &text[at..];
        let long = tail.find(|c| !is_op(c)).unwrap_or(tail.len());
        if long == tail.len() {
            return Ok(Node::Filter(alone(text)?, "exists".to_string(), Vec::new()));
        }
        let (op, right) = tail.split_at(long);
        Ok(Node::Filter(alone(&text[..at])?, op.to_string(), alone(right)?))
    }
}
