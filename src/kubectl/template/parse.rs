//! Reading a template.
//!
//! Upstream: Go's text/template/parse

use super::{Command, Node, Pipe, Template, Term, Val};
use serde_json::Value;

type Read<T> = Result<T, String>;

/// A piece of the text: outside of braces, or inside.
enum Piece {
    Text(String),
    Action(Vec<Token>, usize),
}

#[derive(Clone, Debug, PartialEq)]
struct Token {
    text: String,
    /// Whether a blank stood before it.
    spaced: bool,
    /// Line and column.
    place: (usize, usize),
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    template: Template,
    line: usize,
    /// The last `else if`, as a block.
    otherwise: Vec<Node>,
}

pub(super) fn template(text: &str) -> Read<Template> {
    let pieces = cut(text)?;
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        template: Template::default(),
        line: 1,
        otherwise: Vec::new(),
    };
    let (body, end) = parser.block()?;
    if let Some(word) = end {
        return Err(parser.error(&format!("unexpected {{{{{word}}}}}")));
    }
    parser.template.body = body;
    Ok(parser.template)
}

fn place_of(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    (line, at - before.rfind('\n').map_or(0, |end| end + 1))
}

fn error_at(line: usize, what: &str) -> String {
    format!("template: output:{line}: {what}")
}

/// Takes the text apart at its braces; `{{-` and `-}}` eat the blanks around them.
fn cut(text: &str) -> Read<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut trim = false;
    loop {
        let open = text[at..].find("{{").map(|open| at + open);
        let mut plain = &text[at..open.unwrap_or(text.len())];
        if trim {
            plain = plain.trim_start();
        }
        let Some(open) = open else {
            pieces.push(Piece::Text(plain.to_string()));
            return Ok(pieces);
        };
        let mut from = open + 2;
        let blank = |c: char| c.is_ascii_whitespace();
        if text[from..].starts_with('-') && text[from + 1..].starts_with(blank) {
            plain = plain.trim_end();
            from += 1;
        }
        pieces.push(Piece::Text(plain.to_string()));
        let line = place_of(text, open).0;
        let inside = text[from..].trim_start();
        if inside.starts_with("/*") {
            let Some(end) = text[from..].find("*/") else {
                return Err(error_at(line, "unclosed comment"));
            };
            let rest = text[from + end + 2..].trim_start();
            trim = rest.starts_with('-');
            let rest = rest.strip_prefix('-').unwrap_or(rest);
            let Some(rest) = rest.strip_prefix("}}") else {
                return Err(error_at(line, "comment ends before closing delimiter"));
            };
            at = text.len() - rest.len();
            continue;
        }
        let (tokens, end, trims) = tokens(text, from)?;
        trim = trims;
        at = end;
        pieces.push(Piece::Action(tokens, line));
    }
}

/// The tokens from `at` to the closing braces, where that ends, and whether it trims.
fn tokens(text: &str, mut at: usize) -> Read<(Vec<Token>, usize, bool)> {
    let mut out: Vec<Token> = Vec::new();
    let mut spaced = false;
    loop {
        let rest = &text[at..];
        let line = place_of(text, at).0;
        if rest.starts_with("}}") {
            return Ok((out, at + 2, false));
        }
        if spaced && rest.starts_with("-}}") {
            return Ok((out, at + 3, true));
        }
        let Some(first) = rest.chars().next() else {
            return Err(error_at(line, "unclosed action"));
        };
        if first.is_whitespace() {
            spaced = true;
            at += first.len_utf8();
            continue;
        }
        let is_part = |c: char| c == '_' || c.is_alphanumeric();
        let word =
            |from: usize| rest[from..].find(|c| !is_part(c)).map_or(rest.len(), |end| end + from);
        let end = match first {
            '"' | '\'' => {
                let mut escaped = false;
                let close = rest.char_indices().skip(1).find(|(_, c)| {
                    let closes = *c == first && !escaped;
                    escaped = *c == '\\' && !escaped;
                    closes || *c == '\n'
                });
                match close {
                    Some((end, c)) if c == first => end + 1,
                    _ => return Err(error_at(line, "unterminated quoted string")),
                }
            }
            '`' => match rest[1..].find('`') {
                Some(end) => end + 2,
                None => return Err(error_at(line, "unterminated raw quoted string")),
            },
            ':' if rest.starts_with(":=") => 2,
            '.' | '$' => word(1),
            '+' | '-' | '0'..='9' => {
                rest[1..].find(|c: char| !is_part(c) && c != '.').map_or(rest.len(), |n| n + 1)
            }
            '(' | ')' | '|' | ',' | '=' => 1,
            c if is_part(c) => word(0),
            c => {
                let what = format!("unexpected {c:?} in command").replace('\'', "\"");
                return Err(error_at(line, &what));
            }
        };
        let token = rest[..end].to_string();
        out.push(Token { text: token, spaced, place: place_of(text, at) });
        spaced = false;
        at += end;
    }
}

impl Parser {
    fn error(&self, what: &str) -> String {
        error_at(self.line, what)
    }

    /// Nodes up to `end`, `else` or the end of the text, and which of them it was.
    fn block(&mut self) -> Read<(Vec<Node>, Option<String>)> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, line) = match piece {
                Piece::Text(text) => {
                    if !text.is_empty() {
                        nodes.push(Node::Text(text));
                    }
                    continue;
                }
                Piece::Action(tokens, line) => (tokens, line),
            };
            self.line = line;
            let first = tokens.first().map_or("", |token| token.text.as_str());
            match first {
                "" => return Err(self.error("missing value for command")),
                "end" => return Ok((nodes, Some("end".to_string()))),
                "else" => {
                    let words: Vec<&str> = tokens.iter().map(|t| &*t.text).collect();
                    if words.len() > 1 {
                        // `else if`: the rest is a block of its own, whose end ends this too.
                        let inner = self.control(words[1], &tokens[2..])?;
                        self.otherwise = vec![inner];
                        return Ok((nodes, Some("else if".to_string())));
                    }
                    return Ok((nodes, Some("else".to_string())));
                }
                "if" | "with" | "range" => nodes.push(self.control(first, &tokens[1..])?),
                "break" => nodes.push(Node::Break),
                "continue" => nodes.push(Node::Continue),
                "define" | "block" => {
                    let name = self.name(tokens.get(1), first)?;
                    let (body, _) = self.block()?;
                    self.template.defined.insert(name.clone(), body);
                    if first == "block" {
                        nodes.push(Node::Call(name, Some(self.pipe(&tokens[2..], first)?)));
                    }
                }
                "template" => {
                    let name = self.name(tokens.get(1), first)?;
                    let data = match &tokens[2..] {
                        [] => None,
                        rest => Some(self.pipe(rest, first)?),
                    };
                    nodes.push(Node::Call(name, data));
                }
                _ => nodes.push(Node::Print(self.pipe(&tokens, "command")?)),
            }
        }
        Ok((nodes, None))
    }

    fn name(&self, token: Option<&Token>, what: &str) -> Read<String> {
        let name = token.and_then(|token| unquote(&token.text));
        name.ok_or_else(|| self.error(&format!("unexpected token in {what} clause")))
    }

    fn control(&mut self, word: &str, tokens: &[Token]) -> Read<Node> {
        let pipe = self.pipe(tokens, word)?;
        let (body, end) = self.block()?;
        let other = match end.as_deref() {
            Some("else") => {
                let (other, end) = self.block()?;
                if end.as_deref() != Some("end") {
                    return Err(self.error("expected end; found {{else}}"));
                }
                other
            }
            Some("else if") => std::mem::take(&mut self.otherwise),
            Some(_) => Vec::new(),
            None => return Err(self.error("unexpected EOF")),
        };
        Ok(match word {
            "if" => Node::If(pipe, body, other),
            "with" => Node::With(pipe, body, other),
            _ => Node::Range(pipe, body, other),
        })
    }

    fn pipe(&self, tokens: &[Token], what: &str) -> Read<Pipe> {
        let mut pipe = Pipe::default();
        let mut rest = tokens;
        let assign = rest.iter().position(|t| t.text == ":=" || t.text == "=");
        if let Some(at) = assign.filter(|_| rest[0].text.starts_with('$')) {
            pipe.sets = rest[at].text == "=";
            let names = rest[..at].iter().filter(|token| token.text != ",");
            pipe.names = names.map(|token| token.text.clone()).collect();
            rest = &rest[at + 1..];
        }
        if rest.is_empty() {
            return Err(self.error(&format!("missing value for {what}")));
        }
        let mut at = 0;
        loop {
            pipe.commands.push(self.command(rest, &mut at)?);
            match rest.get(at).map(|token| &*token.text) {
                Some("|") => at += 1,
                None => return Ok(pipe),
                Some(other) => {
                    return Err(self.error(&format!("unexpected {other:?} in {what}")));
                }
            }
        }
    }

    fn command(&self, tokens: &[Token], at: &mut usize) -> Read<Command> {
        let mut terms: Vec<Term> = Vec::new();
        let mut text = String::new();
        let mut place = tokens.get(*at).map_or((self.line, 0), |token| token.place);
        while let Some(token) = tokens.get(*at).filter(|t| t.text != "|" && t.text != ")") {
            if token.spaced && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&token.text);
            *at += 1;
            // `$x.a`, `(…).a`: what follows without a blank belongs to it.
            let chained = !token.spaced && token.text.starts_with('.');
            let name = || token.text[1..].to_string();
            let alone = terms.len() == 1;
            let last = terms.last_mut().filter(|_| chained);
            if let Some(Term::Field(path) | Term::Variable(_, path) | Term::Paren(_, path)) = last {
                // As in Go, a chain stands where its second part does.
                if alone && path.len() < 2 {
                    place = token.place;
                }
                path.push(name());
                continue;
            }
            terms.push(match &*token.text {
                "(" => {
                    let close = closing(&tokens[*at..]);
                    let Some(close) = close else {
                        return Err(self.error("unclosed left paren"));
                    };
                    let inner = self.pipe(&tokens[*at..*at + close], "parenthesized pipeline")?;
                    *at += close + 1;
                    Term::Paren(Box::new(inner), Vec::new())
                }
                "." => Term::Field(Vec::new()),
                "nil" => Term::Const(Val::Nil),
                "true" | "false" => Term::Const(Val::Json(Value::Bool(token.text == "true"))),
                word if word.starts_with('.') => Term::Field(vec![name()]),
                word if word.starts_with('$') => Term::Variable(word.to_string(), Vec::new()),
                word if word.starts_with(['"', '`', '\'']) => match unquote(word) {
                    Some(text) if word.starts_with('\'') => {
                        Term::Const(Val::Int(text.chars().next().map_or(0, |c| c as i64)))
                    }
                    Some(text) => Term::Const(Val::Json(Value::String(text))),
                    None => return Err(self.error("invalid syntax")),
                },
                word if word.starts_with(|c: char| c == '-' || c == '+' || c.is_ascii_digit()) => {
                    match (word.parse::<i64>(), word.split_once('.')) {
                        (Ok(number), _) => Term::Const(Val::Int(number)),
                        (_, Some((whole, part))) if part.trim_matches('0').is_empty() => {
                            let whole: i64 = whole.parse().unwrap_or(0);
                            Term::Const(Val::Json(Value::from(whole)))
                        }
                        _ => {
                            return Err(self.error(&format!("bad number syntax: {word:?}")));
                        }
                    }
                }
                word if super::funcs::is_known(word) => Term::Func(word.to_string()),
                word => {
                    return Err(self.error(&format!("function {word:?} not defined")));
                }
            });
        }
        if terms.is_empty() {
            return Err(self.error("missing value for command"));
        }
        Ok(Command { terms, text, place })
    }
}

/// Where the parenthesis closes that stands before `tokens`.
fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        match &*token.text {
            "(" => depth += 1,
            ")" if depth == 0 => return true,
            ")" => depth -= 1,
            _ => {}
        }
        false
    })
}

/// What stands in quotes, escapes resolved.
fn unquote(text: &str) -> Option<String> {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.strip_suffix('`').map(str::to_string);
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '"' | '\'') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}
