//! From words as written to words as commands get them: braces, variables, output of commands,
//! sums, splitting, names of files.
//!
//! Not here: running the commands whose output is wanted. Expansion stops and says which one
//! is needed; once its output is there it begins again from the front.
//!
//! Upstream: POSIX, Shell Command Language, Word Expansions

use super::syntax::{Block, Command, Piece, Word};
use crate::base::sorted::SortedMap;
use std::rc::Rc;

/// What a script knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Env {
    /// Variables.
    pub variables: SortedMap<String, String>,
    /// Aliases.
    pub aliases: SortedMap<String, String>,
    /// Functions.
    pub functions: SortedMap<String, Rc<Command>>,
    /// What a function was called with.
    pub args: Vec<String>,
    /// How the last command ended.
    pub status: i32,
}

/// Ends each element of an array: what holds none is a plain value, the only element.
const END: char = '\u{1f}';

fn elements(value: &str) -> impl Iterator<Item = &str> {
    value.split_terminator(END)
}

impl Env {
    /// The value of a variable, of all or one element of an array: `a`, `a[@]`, `a[1]`, or all
    /// places, `!a[@]`; `a[+]` is all of it as it is kept.
    fn look(&self, name: &str) -> Vec<&str> {
        let (own, place) = name.split_once('[').unwrap_or((name, "0]"));
        let value = self.variables.get(own).map_or("", String::as_str);
        match place.trim_end_matches(']') {
            "+" => vec![value],
            "@" | "*" => elements(value).collect(),
            place => self
                .place(place, value)
                .and_then(|at| elements(value).nth(at))
                .into_iter()
                .collect(),
        }
    }

    /// Which element of `value` is meant by a sum; a negative one counts from the end.
    fn place(&self, text: &str, value: &str) -> Option<usize> {
        let text = text.replace('$', "");
        let at = Sum { rest: &text, env: self }.level(0)?;
        let count = i64::try_from(elements(value).count()).ok()?;
        usize::try_from(if at < 0 { at + count } else { at }).ok()
    }

    /// Sets a variable, or an element of an array.
    pub fn set(&mut self, name: &str, value: String) {
        let Some((own, place)) = name.split_once('[') else {
            self.variables.insert(name.to_string(), value);
            return;
        };
        let before = self.variables.get(own).cloned().unwrap_or_default();
        let at = self.place(place.trim_end_matches(']'), &before).unwrap_or(0).min(9999);
        let mut all: Vec<&str> = elements(&before).collect();
        all.resize(all.len().max(at + 1), "");
        all[at] = &value;
        self.variables.insert(own.to_string(), listed(all.into_iter()));
    }
}

fn listed<'e>(elements: impl Iterator<Item = &'e str>) -> String {
    elements.flat_map(|element| [element, "\u{1f}"]).collect()
}

/// Why an expansion stops.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The output of this is needed.
    Output(Block),
    /// Bash's words for what is wrong.
    Wrong(String),
}

/// Expands words, given the outputs of the commands in them, in order.
pub struct Expansion<'e> {
    /// What the script knows.
    pub env: &'e Env,
    /// Outputs that are there.
    pub outputs: &'e [String],
    /// How many of them were used.
    pub used: usize,
    /// The names of all files.
    pub files: Vec<&'e str>,
}

/// Whether it makes a word of each of its elements.
fn is_many(piece: &Piece) -> bool {
    let Piece::Variable(name, true, None) = piece else { return false };
    name == "@" || name.ends_with("[@]")
}

/// A word being built: its text, and whether it is a pattern of file names.
#[derive(Default)]
struct Field {
    text: String,
    is_pattern: bool,
    exists: bool,
}

impl Expansion<'_> {
    /// Expands words to any number of words.
    pub fn words(&mut self, words: &[Word]) -> Result<Vec<String>, Stop> {
        let mut out = Vec::new();
        for word in words.iter().flat_map(braces) {
            let mut fields = vec![Field::default()];
            let many = word.iter().any(is_many);
            for piece in &word {
                // Without any elements there is no word, though there are quotes.
                if !(many && matches!(piece, Piece::Text(text, true) if text.is_empty())) {
                    self.piece(piece, &mut fields)?;
                }
            }
            for field in fields.into_iter().filter(|field| field.exists) {
                let before = out.len();
                if field.is_pattern {
                    let files = self.files.iter().filter(|name| globs(&field.text, name));
                    out.extend(files.map(|name| name.to_string()));
                }
                if out.len() == before {
                    out.push(field.text);
                }
            }
        }
        Ok(out)
    }

    /// Expands a word to exactly one.
    pub fn one(&mut self, word: &Word) -> Result<String, Stop> {
        let mut text = String::new();
        for piece in word {
            if let Piece::List(words) = piece {
                let words = self.words(words)?;
                if !text.is_empty() && !text.ends_with(END) {
                    text.push(END);
                }
                text.push_str(&listed(words.iter().map(String::as_str)));
                continue;
            }
            text.push_str(&self.value(piece)?);
        }
        Ok(text)
    }

    fn piece(&mut self, piece: &Piece, fields: &mut Vec<Field>) -> Result<(), Stop> {
        let last = fields.last_mut().expect("there is a first");
        match piece {
            Piece::Text(text, quoted) => {
                last.is_pattern |= !quoted && text.contains(['*', '?']);
                last.exists = true;
                last.text.push_str(text);
            }
            Piece::Variable(name, ..) if is_many(piece) => {
                let parts = match &**name {
                    "@" => self.env.args.clone(),
                    name => self.all(name),
                };
                for (n, arg) in parts.iter().enumerate() {
                    if n > 0 {
                        fields.push(Field::default());
                    }
                    let last = fields.last_mut().expect("there is a first");
                    last.exists = true;
                    last.text.push_str(arg);
                }
            }
            Piece::Variable(_, true, _) | Piece::Output(_, true) | Piece::Sum(_) => {
                let value = self.value(piece)?;
                last.exists = true;
                last.text.push_str(&value);
            }
            piece => {
                let value = self.value(piece)?;
                if value.starts_with(char::is_whitespace) && last.exists {
                    fields.push(Field::default());
                }
                for (n, part) in value.split_whitespace().enumerate() {
                    if n > 0 {
                        fields.push(Field::default());
                    }
                    let last = fields.last_mut().expect("there is a first");
                    last.exists = true;
                    last.text.push_str(part);
                }
                if value.trim_start().ends_with(char::is_whitespace) {
                    fields.push(Field::default());
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, piece: &Piece) -> Result<String, Stop> {
        Ok(match piece {
            Piece::Text(text, _) => text.clone(),
            Piece::List(_) => String::new(),
            Piece::Variable(name, _, None) => self.variable(name),
            Piece::Variable(name, _, Some(("length", _)))
                if name.ends_with("[@]") || name.ends_with("[*]") =>
            {
                self.all(name).len().to_string()
            }
            Piece::Variable(name, _, Some((form, word))) => {
                let (value, word) = (self.variable(name), self.one(word)?);
                match *form {
                    ":-" | "-" if value.is_empty() => word,
                    ":-" | "-" => value,
                    "length" => value.chars().count().to_string(),
                    "/" | "//" => replaced(&value, &word, *form == "//"),
                    _ => trimmed(&value, form, &word).to_string(),
                }
            }
            Piece::Output(block, _) => match self.outputs.get(self.used) {
                Some(output) => {
                    self.used += 1;
                    output.trim_end_matches('\n').to_string()
                }
                None => return Err(Stop::Output(block.clone())),
            },
            Piece::Sum(word) => {
                let text = self.one(word)?;
                let wrong = || Stop::Wrong(format!("{text}: syntax error in expression"));
                let mut sum = Sum { rest: &text, env: self.env };
                let value = sum.level(0).filter(|_| sum.rest.trim().is_empty());
                value.ok_or_else(wrong)?.to_string()
            }
        })
    }

    /// All elements of an array, or, after `!`, their places.
    fn all(&self, name: &str) -> Vec<String> {
        match name.strip_prefix('!') {
            Some(name) => (0..self.env.look(name).len()).map(|at| at.to_string()).collect(),
            None => self.env.look(name).into_iter().map(String::from).collect(),
        }
    }

    fn variable(&self, name: &str) -> String {
        match name {
            "?" => self.env.status.to_string(),
            "#" => self.env.args.len().to_string(),
            "$" => "1".into(),
            "0" => "bash".into(),
            "@" | "*" => self.env.args.join(" "),
            name if name.starts_with(|c: char| c.is_ascii_digit()) => {
                let at = name.parse::<usize>().unwrap_or(0);
                self.env.args.get(at.wrapping_sub(1)).cloned().unwrap_or_default()
            }
            name => self.all(name).join(" "),
        }
    }
}

/// Whole numbers with `+ - * / % < <= > >= == !=` and parentheses.
struct Sum<'s> {
    rest: &'s str,
    env: &'s Env,
}

/// Operators by how strongly they bind, weakest first.
const LEVELS: [&[&str]; 3] = [&["<=", ">=", "==", "!=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

impl Sum<'_> {
    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn level(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(level) else { return self.atom() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.skip(operator)) {
            let right = self.level(level + 1)?;
            left = match *operator {
                "+" => left.checked_add(right)?,
                "-" => left.checked_sub(right)?,
                "*" => left.checked_mul(right)?,
                "/" => left.checked_div(right)?,
                "%" => left.checked_rem(right)?,
                "<" => i64::from(left < right),
                "<=" => i64::from(left <= right),
                ">" => i64::from(left > right),
                ">=" => i64::from(left >= right),
                "==" => i64::from(left == right),
                _ => i64::from(left != right),
            };
        }
        Some(left)
    }

    fn atom(&mut self) -> Option<i64> {
        if self.skip("(") {
            let value = self.level(0)?;
            return self.skip(")").then_some(value);
        }
        if self.skip("-") {
            return self.atom()?.checked_neg();
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().ok();
        }
        let value = super::read::is_name(word).then(|| self.env.look(word))?;
        value.first().map_or(Some(0), |value| value.parse().ok())
    }
}

/// `{1..3}` and `{a,b}` in unquoted text make several words of one.
fn braces(word: &Word) -> Vec<Word> {
    for (n, piece) in word.iter().enumerate() {
        let Piece::Text(text, false) = piece else { continue };
        for (open, _) in text.match_indices('{') {
            let Some(close) = text[open..].find('}').map(|at| at + open) else { break };
            let inner = &text[open + 1..close];
            let parts: Vec<String> = match (inner.split_once(".."), inner.contains(',')) {
                (Some((from, to)), _) => range(from, to),
                (None, true) if !inner.contains('{') => {
                    inner.split(',').map(String::from).collect()
                }
                _ => Vec::new(),
            };
            if parts.is_empty() {
                continue;
            }
            let make = |part: String| {
                let mut made = word[..n].to_vec();
                let text = format!("{}{part}{}", &text[..open], &text[close + 1..]);
                made.push(Piece::Text(text, false));
                made.extend_from_slice(&word[n + 1..]);
                braces(&made)
            };
            return parts.into_iter().flat_map(make).collect();
        }
    }
    vec![word.clone()]
}

fn range(from: &str, to: &str) -> Vec<String> {
    let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) else { return Vec::new() };
    let count = from.abs_diff(to).min(999);
    let step = if from <= to { 1 } else { -1 };
    (0..=count).map(|n| (from + step * i64::try_from(n).unwrap_or(0)).to_string()).collect()
}

/// `value` without the beginning (`#`) or the end (`%`) that `pattern` means: the shortest one,
/// or the longest if the sign is doubled.
fn trimmed<'v>(value: &'v str, form: &str, pattern: &str) -> &'v str {
    let mut cuts: Vec<usize> = value.char_indices().map(|(at, _)| at).collect();
    cuts.push(value.len());
    if (form.len() == 2) == form.starts_with('#') {
        cuts.reverse();
    }
    let front = form.starts_with('#');
    let cut = cuts.into_iter().find(|at| {
        let (before, after) = value.split_at(*at);
        globs(pattern, if front { before } else { after })
    });
    match (cut, front) {
        (None, _) => value,
        (Some(at), true) => &value[at..],
        (Some(at), false) => &value[..at],
    }
}

/// `value` with what a pattern means replaced: `how` is `pattern/text`.
fn replaced(value: &str, how: &str, all: bool) -> String {
    let (pattern, text) = how.split_once('/').unwrap_or((how, ""));
    let (mut out, mut rest) = (String::new(), value);
    while !rest.is_empty() && !pattern.is_empty() {
        let ends = rest.char_indices().rev().map(|(at, c)| at + c.len_utf8());
        match ends.into_iter().find(|end| globs(pattern, &rest[..*end])) {
            Some(end) => {
                out.push_str(text);
                rest = &rest[end..];
                if !all {
                    break;
                }
            }
            None => {
                let step = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(&rest[..step]);
                rest = &rest[step..];
            }
        }
    }
    out + rest
}

/// Whether the text `name` is one that `pattern` means.
pub(super) fn globs(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = rest.as_str();
            name.char_indices().any(|(at, _)| globs(rest, &name[at..])) || globs(rest, "")
        }
        Some(c) => {
            let mut left = name.chars();
            left.next().is_some_and(|one| c == '?' || c == one)
                && globs(rest.as_str(), left.as_str())
        }
    }
}
