//! Reads programs of jq.
//!
//! Not here: what `jq` leaves out; it is refused.
//!
//! Upstream: jq 1.7, src/parser.y

use super::{Expr, FUNCTIONS, LEVELS};
use serde_json::{Value, json};

/// Reads a program of jq.
pub(super) struct Reader<'p> {
    /// What is left of it.
    pub rest: &'p str,
    /// How many filters are open.
    pub depth: u32,
}

/// How deep filters may stand in each other.
const DEPTH: u32 = 40;

/// A filter of two.
pub(super) fn both(make: fn(Box<Expr>, Box<Expr>) -> Expr, a: Expr, b: Expr) -> Expr {
    make(Box::new(a), Box::new(b))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl Reader<'_> {
    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(after) = rest.strip_prefix(token) else { return false };
        if token.ends_with(is_word) && after.starts_with(is_word)
            || token == "/" && after.starts_with('/')
        {
            return false;
        }
        self.rest = after;
        true
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.skip(token) { Ok(()) } else { Err(self.wrong()) }
    }

    pub(super) fn wrong(&self) -> String {
        let rest: String = self.rest.trim().chars().take(20).collect();
        if rest.is_empty() {
            return "error: syntax error, unexpected end of file".into();
        }
        let names = FUNCTIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        format!("error: not here: '{rest}'. Here are paths, |, ',', //, [], {{}}, {names}")
    }

    fn word(&mut self) -> &str {
        let rest = self.rest.trim_start();
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        self.rest = after;
        word
    }

    pub(super) fn pipe(&mut self) -> Result<Expr, String> {
        let mut left = self.other()?;
        while self.skip(",") {
            left = both(Expr::Comma, left, self.other()?);
        }
        if self.skip("|") {
            left = both(Expr::Pipe, left, self.pipe()?);
        }
        Ok(left)
    }

    fn other(&mut self) -> Result<Expr, String> {
        let left = self.level(0)?;
        if self.skip("//") { Ok(both(Expr::Else, left, self.other()?)) } else { Ok(left) }
    }

    fn level(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else { return self.path() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.skip(operator)) {
            left = Expr::Call(operator, vec![left, self.level(level + 1)?]);
        }
        Ok(left)
    }

    /// A term, and what follows it: `.a`, `[0]`, `[]`, `?`.
    fn path(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.wrong());
        }
        let mut of = self.term()?;
        loop {
            if self.skip("?") {
                of = Expr::Maybe(Box::new(of));
            } else if self.rest.starts_with('[') {
                self.rest = &self.rest[1..];
                of = self.bracket(of)?;
            } else if self.rest.starts_with(".[") {
                self.rest = &self.rest[1..];
            } else if self.rest.starts_with('.') {
                self.rest = &self.rest[1..];
                of = self.key(of)?;
            } else {
                self.depth -= 1;
                return Ok(of);
            }
        }
    }

    fn bracket(&mut self, of: Expr) -> Result<Expr, String> {
        if self.skip("]") {
            return Ok(Expr::Each(Box::new(of)));
        }
        let key = self.pipe()?;
        self.expect("]")?;
        Ok(both(Expr::At, of, key))
    }

    fn key(&mut self, of: Expr) -> Result<Expr, String> {
        let key = match self.rest.starts_with('"') {
            true => self.text()?,
            false => Expr::Literal(self.word().into()),
        };
        match &key {
            Expr::Literal(word) if word == "" => Err(self.wrong()),
            _ => Ok(both(Expr::At, of, key)),
        }
    }

    fn term(&mut self) -> Result<Expr, String> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return Err(self.wrong()) };
        match first {
            '"' => return self.text(),
            '.' => {
                self.rest = &self.rest[1..];
                let named = self.rest.starts_with(|c| is_word(c) || c == '"');
                return if named { self.key(Expr::Here) } else { Ok(Expr::Here) };
            }
            '(' => {
                self.rest = &self.rest[1..];
                let inner = self.pipe()?;
                self.expect(")")?;
                return Ok(inner);
            }
            '[' => {
                self.rest = &self.rest[1..];
                if self.skip("]") {
                    return Ok(Expr::Literal(json!([])));
                }
                let inner = self.pipe()?;
                self.expect("]")?;
                return Ok(Expr::List(Box::new(inner)));
            }
            '{' => {
                self.rest = &self.rest[1..];
                return self.object();
            }
            '-' if self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                self.rest = &self.rest[1..];
                let number: Option<i64> = self.word().parse().ok();
                return number.map(|n| Expr::Literal(json!(-n))).ok_or_else(|| self.wrong());
            }
            _ => {}
        }
        let before = self.rest;
        let word = self.word();
        if let Ok(value) = serde_json::from_str::<Value>(word) {
            return Ok(Expr::Literal(value));
        }
        let known = FUNCTIONS.iter().find(|(name, _)| *name == word).copied();
        let Some((name, count)) = known else {
            self.rest = before;
            return Err(self.wrong());
        };
        let mut args = Vec::new();
        if count > 0 {
            self.expect("(")?;
            args.push(self.pipe()?);
            self.expect(")")?;
        }
        Ok(Expr::Call(name, args))
    }

    fn object(&mut self) -> Result<Expr, String> {
        let mut parts = Vec::new();
        while !self.skip("}") {
            if !parts.is_empty() {
                self.expect(",")?;
            }
            self.rest = self.rest.trim_start();
            let key = match self.rest.chars().next() {
                Some('"') => self.text()?,
                Some('(') => self.term()?,
                _ => Expr::Literal(self.word().into()),
            };
            if let Expr::Literal(word) = &key
                && word == ""
            {
                return Err(self.wrong());
            }
            let value = match self.skip(":") {
                true => self.other()?,
                false => both(Expr::At, Expr::Here, key.clone()),
            };
            parts.extend([key, value]);
        }
        Ok(Expr::Object(parts))
    }

    /// A text in quotes, which may hold filters in `\(…)`.
    fn text(&mut self) -> Result<Expr, String> {
        self.rest = &self.rest[1..];
        let (mut parts, mut plain) = (Vec::new(), String::new());
        loop {
            let mut chars = self.rest.chars();
            let c = chars.next().ok_or_else(|| self.wrong())?;
            self.rest = chars.as_str();
            match c {
                '"' if parts.is_empty() => return Ok(Expr::Literal(plain.into())),
                '"' => {
                    parts.push(Expr::Literal(plain.into()));
                    return Ok(Expr::Text(parts));
                }
                '\\' if self.rest.starts_with('(') => {
                    self.rest = &self.rest[1..];
                    parts.push(Expr::Literal(std::mem::take(&mut plain).into()));
                    parts.push(self.pipe()?);
                    self.expect(")")?;
                }
                '\\' => {
                    let escaped = self.rest.chars().next().ok_or_else(|| self.wrong())?;
                    self.rest = &self.rest[escaped.len_utf8()..];
                    plain.push(match escaped {
                        'n' => '\n',
                        't' => '\t',
                        other => other,
                    });
                }
                c => plain.push(c),
            }
        }
    }
}
