//! `awk`: rules of a condition and an action with `print`, `printf`, `next`, `exit`, variables,
//! fields, comparisons, patterns, whole numbers; `BEGIN` and `END`.
//!
//! Not here: arrays, `if`, loops, functions but `length`, numbers with fractions; a program
//! that needs them is refused with what is missing.
//!
//! Upstream: POSIX, awk

use super::filter::compare_numbers;
use super::pattern::Pattern;
use crate::base::sorted::SortedMap;
use std::cmp::Ordering;

/// A program of awk.
#[derive(Clone, Debug)]
pub struct Awk {
    rules: Vec<Rule>,
    variables: SortedMap<String, String>,
    fields: Vec<String>,
    begun: bool,
    over: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    when: When,
    actions: Vec<Action>,
}

#[derive(Clone, Debug)]
enum When {
    Begin,
    End,
    Always,
    If(Expr),
}

#[derive(Clone, Debug)]
enum Action {
    Print(Vec<Expr>),
    Printf(Vec<Expr>),
    Do(Expr),
    Next,
    Exit,
}

#[derive(Clone, Debug)]
enum Expr {
    Text(String),
    Number(String),
    Variable(String),
    Field(Box<Expr>),
    Match(Option<Box<Expr>>, Pattern, bool),
    Not(Box<Expr>),
    Two(&'static str, Box<Expr>, Box<Expr>),
    Set(String, Box<Expr>),
    Length(Option<Box<Expr>>),
}

struct Reader<'p> {
    rest: &'p str,
}

type Read<T> = Result<T, String>;

impl Awk {
    /// Reads a program; `between` is what `-F` says, `sets` are those of `-v`.
    pub fn new(program: &str, between: Option<String>, sets: &[String]) -> Read<Awk> {
        let mut variables = SortedMap::new();
        let sets = sets.iter().filter_map(|set| set.split_once('='));
        for (name, value) in sets.chain([("OFS", " "), ("FS", between.as_deref().unwrap_or(" "))]) {
            variables.insert(name.to_string(), unescape(value));
        }
        let mut reader = Reader { rest: program };
        let mut rules = Vec::new();
        loop {
            reader.lines();
            if reader.rest.is_empty() {
                return Ok(Awk { rules, variables, fields: vec![], begun: false, over: false });
            }
            rules.push(reader.rule()?);
        }
    }

    fn begin(&mut self, out: &mut String) {
        if !std::mem::replace(&mut self.begun, true) {
            self.run(&|when| matches!(when, When::Begin), out);
        }
    }

    /// Takes a line. `false`: it wants no more.
    pub fn line(&mut self, line: &str, out: &mut String) -> bool {
        self.begin(out);
        if self.over {
            return false;
        }
        let between = self.variable("FS");
        let parts: Vec<&str> = match &*between {
            " " => line.split_whitespace().collect(),
            between if between.chars().count() > 1 => split(line, between),
            between => line.split(between).collect(),
        };
        self.fields = std::iter::once(line).chain(parts).map(String::from).collect();
        let count = self.variable("NR").parse::<u64>().unwrap_or(0) + 1;
        self.variables.insert("NR".into(), count.to_string());
        self.variables.insert("NF".into(), (self.fields.len() - 1).to_string());
        self.run(&|when| matches!(when, When::Always | When::If(_)), out);
        !self.over || self.rules.iter().any(|rule| matches!(rule.when, When::End))
    }

    /// The end of the input.
    pub fn end(&mut self, out: &mut String) {
        self.begin(out);
        self.over = false;
        self.run(&|when| matches!(when, When::End), out);
    }

    fn run(&mut self, wanted: &dyn Fn(&When) -> bool, out: &mut String) {
        let rules = std::mem::take(&mut self.rules);
        'all: for rule in rules.iter().filter(|rule| wanted(&rule.when)) {
            let applies = match &rule.when {
                When::If(condition) => truth(&self.value(condition)),
                _ => true,
            };
            for action in rule.actions.iter().filter(|_| applies) {
                match action {
                    Action::Print(what) if what.is_empty() => {
                        out.push_str(self.fields.first().map_or("", String::as_str));
                        out.push('\n');
                    }
                    Action::Print(what) => {
                        let all: Vec<String> = what.iter().map(|one| self.value(one)).collect();
                        out.push_str(&all.join(&self.variable("OFS")));
                        out.push('\n');
                    }
                    Action::Printf(what) => {
                        let all: Vec<String> = what.iter().map(|one| self.value(one)).collect();
                        let (form, rest) = all.split_first().expect("the reader wants one");
                        out.push_str(&super::words::printf(form, rest));
                    }
                    Action::Do(what) => drop(self.value(what)),
                    Action::Next => break 'all,
                    Action::Exit => {
                        self.over = true;
                        break 'all;
                    }
                }
            }
        }
        self.rules = rules;
    }

    fn variable(&self, name: &str) -> String {
        self.variables.get(name).cloned().unwrap_or_default()
    }

    fn value(&mut self, expr: &Expr) -> String {
        let line = |awk: &Awk| awk.fields.first().cloned().unwrap_or_default();
        match expr {
            Expr::Text(text) | Expr::Number(text) => text.clone(),
            Expr::Variable(name) => self.variable(name),
            Expr::Field(number) => {
                let number = self.value(number).parse::<usize>().ok();
                number.and_then(|n| self.fields.get(n)).cloned().unwrap_or_default()
            }
            Expr::Match(what, pattern, wanted) => {
                let text = match what {
                    Some(what) => self.value(what),
                    None => line(self),
                };
                flag(pattern.matches(&text) == *wanted)
            }
            Expr::Not(what) => flag(!truth(&self.value(what))),
            Expr::Length(what) => {
                let text = match what {
                    Some(what) => self.value(what),
                    None => line(self),
                };
                text.chars().count().to_string()
            }
            Expr::Set(name, what) => {
                let value = self.value(what);
                self.variables.insert(name.clone(), value.clone());
                value
            }
            Expr::Two(operator, left, right) => {
                let (a, b) = (self.value(left), self.value(right));
                let text = |expr: &Expr| matches!(expr, Expr::Text(_));
                two(operator, &a, &b, text(left) || text(right))
            }
        }
    }
}

fn two(operator: &str, a: &str, b: &str, as_text: bool) -> String {
    let number = |text: &str| {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
        text[..end].parse::<i64>().unwrap_or(0)
    };
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let (x, y) = (number(a), number(b));
    let order = match !as_text && is_number(a) && is_number(b) {
        true => compare_numbers(a, b),
        false => a.cmp(b),
    };
    match operator {
        "" => [a, b].concat(),
        "&&" => flag(truth(a) && truth(b)),
        "||" => flag(truth(a) || truth(b)),
        "==" => flag(order == Ordering::Equal),
        "!=" => flag(order != Ordering::Equal),
        "<" => flag(order == Ordering::Less),
        "<=" => flag(order != Ordering::Greater),
        ">" => flag(order == Ordering::Greater),
        ">=" => flag(order != Ordering::Less),
        "+" => x.saturating_add(y).to_string(),
        "-" => x.saturating_sub(y).to_string(),
        "*" => x.saturating_mul(y).to_string(),
        "/" => x.checked_div(y).unwrap_or(0).to_string(),
        _ => x.checked_rem(y).unwrap_or(0).to_string(),
    }
}

fn flag(is: bool) -> String {
    u8::from(is).to_string()
}

fn truth(value: &str) -> bool {
    !value.is_empty() && value != "0"
}

fn split<'l>(line: &'l str, between: &str) -> Vec<&'l str> {
    let Ok(pattern) = Pattern::new(between, true, false) else { return vec![line] };
    let (mut parts, mut from) = (Vec::new(), 0);
    while let Some((start, end)) = pattern.find(line, from).and_then(|found| found[0]) {
        if start == end {
            break;
        }
        parts.push(&line[from..start]);
        from = end;
    }
    parts.push(&line[from..]);
    parts
}

fn unescape(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\")
}

/// Operators by how strongly they bind, weakest first; the empty one joins texts.
const LEVELS: [&[&str]; 6] = [
    &["||"],
    &["&&"],
    &["==", "!=", "<=", ">=", "<", ">", "!~", "~"],
    &[""],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn lines(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', ';']);
    }

    fn skip(&mut self, token: &str) -> bool {
        self.blanks();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn wrong<T>(&self) -> Read<T> {
        let rest: String = self.rest.chars().take(20).collect();
        Err(format!(
            "syntax error near `{rest}'; rules with print, printf, next, exit and \
                     variables are what is here"
        ))
    }

    fn rule(&mut self) -> Read<Rule> {
        let when = if self.skip("BEGIN") {
            When::Begin
        } else if self.skip("END") {
            When::End
        } else if self.rest.starts_with('{') {
            When::Always
        } else {
            When::If(self.level(0)?)
        };
        if !self.skip("{") {
            return match when {
                When::If(_) => Ok(Rule { when, actions: vec![Action::Print(Vec::new())] }),
                _ => self.wrong(),
            };
        }
        let mut actions = Vec::new();
        loop {
            self.lines();
            if self.skip("}") {
                return Ok(Rule { when, actions });
            }
            actions.push(self.action()?);
        }
    }

    fn action(&mut self) -> Read<Action> {
        let word_end = self.rest.find(|c: char| !c.is_ascii_alphabetic());
        let (word, after) = self.rest.split_at(word_end.unwrap_or(self.rest.len()));
        match word {
            "print" | "printf" => {
                self.rest = after;
                let mut list = Vec::new();
                self.blanks();
                while !self.rest.is_empty() && !self.rest.starts_with(['}', ';', '\n', '>', '|']) {
                    list.push(self.level(0)?);
                    if !self.skip(",") {
                        break;
                    }
                    self.blanks();
                }
                match word {
                    "print" => Ok(Action::Print(list)),
                    _ if list.is_empty() => self.wrong(),
                    _ => Ok(Action::Printf(list)),
                }
            }
            "next" | "exit" => {
                self.rest = after;
                Ok(if word == "next" { Action::Next } else { Action::Exit })
            }
            "if" | "for" | "while" | "do" | "delete" | "function" => self.wrong(),
            _ => Ok(Action::Do(self.level(0)?)),
        }
    }

    fn level(&mut self, level: usize) -> Read<Expr> {
        let Some(operators) = LEVELS.get(level) else { return self.atom() };
        let mut left = self.level(level + 1)?;
        loop {
            self.blanks();
            if operators == &[""] {
                let begins = |c: char| c.is_ascii_alphanumeric() || "$\"(".contains(c);
                if !self.rest.starts_with(begins) {
                    return Ok(left);
                }
            }
            let Some(operator) = operators.iter().find(|operator| self.skip(operator)) else {
                return Ok(left);
            };
            if operator.ends_with('~') {
                self.blanks();
                let text = match self.level(level + 1)? {
                    Expr::Match(None, pattern, _) => Ok(pattern),
                    Expr::Text(text) => Pattern::new(&text, true, false),
                    _ => return self.wrong(),
                };
                left = Expr::Match(Some(Box::new(left)), text?, *operator == "~");
                continue;
            }
            left = Expr::Two(operator, Box::new(left), Box::new(self.level(level + 1)?));
        }
    }

    fn atom(&mut self) -> Read<Expr> {
        self.blanks();
        if self.skip("(") {
            let inner = self.level(0)?;
            return if self.skip(")") { Ok(inner) } else { self.wrong() };
        }
        if self.skip("!") {
            return Ok(Expr::Not(Box::new(self.atom()?)));
        }
        if self.skip("$") {
            return Ok(Expr::Field(Box::new(self.atom()?)));
        }
        if self.skip("/") {
            let mut end = 0;
            let bytes = self.rest.as_bytes();
            while end < bytes.len() && bytes[end] != b'/' {
                end += 1 + usize::from(bytes[end] == b'\\');
            }
            if end >= bytes.len() {
                return self.wrong();
            }
            let pattern = Pattern::new(&self.rest[..end].replace("\\/", "/"), true, false)?;
            self.rest = &self.rest[end + 1..];
            return Ok(Expr::Match(None, pattern, true));
        }
        if self.skip("\"") {
            let mut end = 0;
            let bytes = self.rest.as_bytes();
            while end < bytes.len() && bytes[end] != b'"' {
                end += 1 + usize::from(bytes[end] == b'\\');
            }
            if end >= bytes.len() {
                return self.wrong();
            }
            let text = unescape(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            return Ok(Expr::Text(text));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (word, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if word.is_empty() {
            return self.wrong();
        }
        self.rest = after;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Expr::Number(word.into()));
        }
        if word == "length" {
            let what = if self.skip("(") && !self.skip(")") {
                let inner = self.level(0)?;
                if !self.skip(")") {
                    return self.wrong();
                }
                Some(Box::new(inner))
            } else {
                None
            };
            return Ok(Expr::Length(what));
        }
        self.variable(word)
    }

    /// A variable, or what is put into it.
    fn variable(&mut self, name: &str) -> Read<Expr> {
        let old = || Box::new(Expr::Variable(name.into()));
        let set = |value| Ok(Expr::Set(name.into(), Box::new(value)));
        for (token, operator) in [("+=", "+"), ("-=", "-"), ("++", "+"), ("--", "-")] {
            if self.skip(token) {
                let by = match token.ends_with('=') {
                    true => self.level(0)?,
                    false => Expr::Number("1".into()),
                };
                return set(Expr::Two(operator, old(), Box::new(by)));
            }
        }
        self.blanks();
        if self.rest.starts_with('=') && !self.rest.starts_with("==") {
            self.skip("=");
            return set(self.level(0)?);
        }
        if self.rest.starts_with(['[', '(']) {
            return self.wrong();
        }
        Ok(*old())
    }
}
