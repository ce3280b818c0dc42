//! `awk`: rules of a condition and an action with `print`, `printf`, `next`, `exit`, variables,
//! fields, comparisons, patterns, whole numbers; `BEGIN` and `END`.
//!
//! Not here: arrays, `if`, loops, functions but `length`, numbers with fractions; a program
//! that needs them is refused with what is missing.
//!
//! Upstream: POSIX, awk

use super::filter::{compare_numbers, number};
use super::pattern::Pattern;
use super::sed::until;
use super::tree::{Node, Op, Operator, Reader, Tree, beginning, leaf, node, one, two};
use super::words::{printf, unescape};
use crate::base::sorted::SortedMap;
use std::rc::Rc;

/// A program of awk.
#[derive(Debug)]
pub struct Awk {
    /// Its parts are rules, each of a condition and what is done.
    program: Tree,
    variables: SortedMap<String, String>,
    fields: Vec<String>,
    begun: bool,
    over: bool,
}

/// The operators; the empty one joins texts.
const OPERATORS: &[Operator] = &[
    ("||", 0, 1, Op::Or),
    ("&&", 1, 2, Op::And),
    ("==", 2, 3, Op::Equal),
    ("!=", 2, 3, Op::Differs),
    ("<=", 2, 3, Op::LessOrEqual),
    (">=", 2, 3, Op::MoreOrEqual),
    ("<", 2, 3, Op::Less),
    (">", 2, 3, Op::More),
    ("!~", 2, 3, Op::Unlike),
    ("~", 2, 3, Op::Fits),
    ("+", 4, 5, Op::Add),
    ("-", 4, 5, Op::Subtract),
    ("*", 5, 6, Op::Multiply),
    ("/", 5, 6, Op::Divide),
    ("%", 5, 6, Op::Remainder),
    ("", 3, 4, Op::Join),
];

impl Awk {
    /// Reads a program; `between` is what `-F` says, `sets` are those of `-v`.
    pub fn new(program: &str, between: &str, sets: &[&str]) -> Result<Awk, String> {
        let mut reader = Reader::new(program, &[' ', '\t'], OPERATORS, operand)?;
        let mut rules = Vec::new();
        loop {
            lines(&mut reader);
            if reader.rest.is_empty() {
                break;
            }
            match rule(&mut reader) {
                Some(rule) => rules.push(rule),
                None if reader.error.is_empty() => {
                    return Err([
                        "syntax error near `",
                        beginning(reader.rest),
                        "'; rules with print, printf, next, exit and variables are what is here",
                    ]
                    .concat());
                }
                None => return Err(reader.error.into()),
            }
        }
        let (program, variables) = (node(Op::Rule, rules), SortedMap::new());
        let mut awk = Awk { program, variables, fields: vec![], begun: false, over: false };
        awk.set("OFS", " ".into());
        awk.set("FS", unescape(between));
        for set in sets {
            if let Some((name, value)) = set.split_once('=') {
                awk.set(name, unescape(value));
            }
        }
        Ok(awk)
    }

    fn begin(&mut self, out: &mut String) {
        if !self.begun {
            self.begun = true;
            self.run(Op::Begin, out);
        }
    }

    /// Takes a line. `false`: it wants no more.
    pub fn line(&mut self, line: &str, out: &mut String) -> bool {
        self.begin(out);
        if self.over {
            return false;
        }
        self.split(line);
        let count = self.variable("NR").parse::<u64>().unwrap_or(0) + 1;
        self.set("NR", count.to_string());
        self.set("NF", (self.fields.len() - 1).to_string());
        self.run(Op::Rule, out);
        !self.over || self.program.parts.iter().any(|rule| rule.op == Op::End)
    }

    /// The end of the input.
    pub fn end(&mut self, out: &mut String) {
        self.begin(out);
        self.over = false;
        self.run(Op::End, out);
    }

    /// Takes a line apart.
    fn split(&mut self, line: &str) {
        let between = self.variable("FS");
        self.fields.clear();
        self.fields.push(line.into());
        let blanks = between == " ";
        let rest = if blanks { line.trim() } else { line };
        let pattern = match between.chars().count() {
            _ if blanks => Pattern::new("\\s+", true, false),
            0 | 1 => Ok(Pattern::plain(&between, false)),
            _ => Pattern::new(&between, true, false),
        };
        let mut from = 0;
        while let Ok(pattern) = &pattern
            && let Some((start, end)) = pattern.span(rest, from)
            && start < end
        {
            self.fields.push(rest[from..start].into());
            from = end;
        }
        if !blanks || from < rest.len() {
            self.fields.push(rest[from..].into());
        }
    }

    /// Runs the rules of a sort.
    fn run(&mut self, sort: Op, out: &mut String) {
        let program = self.program.clone();
        for rule in program.parts.iter().filter(|rule| rule.op == sort) {
            if !truth(&self.value(&rule.parts[0])) {
                continue;
            }
            for action in &rule.parts[1..] {
                match action.op {
                    Op::Print => {
                        let shown = self.values(action).join(&self.variable("OFS"));
                        out.push_str(&shown);
                        out.push('\n');
                    }
                    Op::Printf => {
                        let shown = self.values(action);
                        out.push_str(&printf(&shown[0], &shown[1..]));
                    }
                    Op::Next => return,
                    Op::Exit => {
                        self.over = true;
                        return;
                    }
                    _ => drop(self.value(action)),
                }
            }
        }
    }

    fn variable(&self, name: &str) -> String {
        self.variables.get(name).cloned().unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.into(), value);
    }

    fn values(&mut self, of: &Node) -> Vec<String> {
        of.parts.iter().map(|part| self.value(part)).collect()
    }

    fn value(&mut self, of: &Node) -> String {
        let text = of.value.as_str().unwrap_or("");
        let args = self.values(of);
        let a = args.first().map_or("", String::as_str);
        let number = match of.op {
            Op::Literal | Op::Text => return text.into(),
            Op::Variable => return self.variable(text),
            Op::Join => return args.concat(),
            Op::Field => {
                let number = a.parse::<usize>().ok();
                return number.and_then(|n| self.fields.get(n)).cloned().unwrap_or_default();
            }
            Op::Set => {
                self.set(text, a.into());
                return a.into();
            }
            Op::Fits | Op::Unlike => {
                let fits = of.pattern.as_ref().is_some_and(|pattern| pattern.matches(a));
                i64::from(fits == (of.op == Op::Fits))
            }
            Op::Not => i64::from(!truth(a)),
            Op::Length => a.chars().count() as i64,
            op => {
                let as_text = of.parts.iter().any(|part| part.op == Op::Text);
                calculated(op, a, args.get(1).map_or("", String::as_str), as_text)
            }
        };
        number.to_string()
    }
}

fn calculated(op: Op, a: &str, b: &str, as_text: bool) -> i64 {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let (x, y) = (number(a).0, number(b).0);
    match op {
        Op::Add => x.saturating_add(y),
        Op::Subtract => x.saturating_sub(y),
        Op::Multiply => x.saturating_mul(y),
        Op::Divide => x.checked_div(y).unwrap_or(0),
        Op::Remainder => x.checked_rem(y).unwrap_or(0),
        Op::And => i64::from(truth(a) && truth(b)),
        Op::Or => i64::from(truth(a) || truth(b)),
        op => {
            let order = match !as_text && is_number(a) && is_number(b) {
                true => compare_numbers(a, b),
                false => a.cmp(b),
            };
            i64::from(op.holds(order))
        }
    }
}

fn truth(value: &str) -> bool {
    !value.is_empty() && value != "0"
}

/// Leaves behind what may stand between rules and between actions.
fn lines(reader: &mut Reader<'_>) {
    reader.rest = reader.rest.trim_start_matches([' ', '\t', '\n', ';']);
}

/// The line as a whole.
fn line() -> Tree {
    one(Op::Field, literal("0"))
}

fn literal(digits: &str) -> Tree {
    leaf(Op::Literal, digits.into())
}

fn rule(reader: &mut Reader<'_>) -> Option<Tree> {
    let sort = if reader.skip("BEGIN") {
        Op::Begin
    } else if reader.skip("END") {
        Op::End
    } else {
        Op::Rule
    };
    let always = sort != Op::Rule || reader.rest.starts_with('{');
    let mut parts = vec![if always { literal("1") } else { reader.level(0)? }];
    if !always && !reader.skip("{") {
        parts.push(one(Op::Print, line()));
        return Some(node(sort, parts));
    }
    if always {
        reader.expect("{")?;
    }
    loop {
        lines(reader);
        if reader.skip("}") {
            return Some(node(sort, parts));
        }
        parts.push(action(reader)?);
    }
}

/// Words that begin actions, and what they do; those without are not here.
const ACTIONS: &[(&str, Option<Op>)] = &[
    ("print", Some(Op::Print)),
    ("printf", Some(Op::Printf)),
    ("next", Some(Op::Next)),
    ("exit", Some(Op::Exit)),
    ("if", None),
    ("for", None),
    ("while", None),
    ("do", None),
    ("delete", None),
    ("function", None),
];

fn action(reader: &mut Reader<'_>) -> Option<Tree> {
    let before = reader.rest;
    let word = reader.word();
    let op = match ACTIONS.iter().find(|(own, _)| *own == word) {
        Some((_, Some(op))) => *op,
        found => {
            reader.rest = before;
            return if found.is_some() { None } else { reader.level(0) };
        }
    };
    let mut list = Vec::new();
    if matches!(op, Op::Print | Op::Printf) {
        reader.blanks();
        while !reader.rest.is_empty() && !reader.rest.starts_with(['}', ';', '\n', '>', '|']) {
            list.push(reader.level(0)?);
            if !reader.skip(",") {
                break;
            }
            reader.blanks();
        }
        if list.is_empty() && op == Op::Printf {
            return None;
        }
        if list.is_empty() {
            list.push(line());
        }
    }
    Some(node(op, list))
}

fn operand(reader: &mut Reader<'_>) -> Option<Tree> {
    if reader.skip("(") {
        return reader.closed(")");
    }
    if reader.skip("!") {
        return Some(one(Op::Not, reader.operand()?));
    }
    if reader.skip("$") {
        return Some(one(Op::Field, reader.operand()?));
    }
    if reader.skip("/") {
        let text = until(&mut reader.rest, '/')?;
        return reader.matching(Op::Fits, line(), &text);
    }
    if reader.skip("\"") {
        let text = until(&mut reader.rest, '"')?;
        return Some(leaf(Op::Text, unescape(&text).into()));
    }
    match reader.word() {
        "" => None,
        "length" => {
            let of = match reader.skip("(") && !reader.skip(")") {
                true => reader.closed(")")?,
                false => line(),
            };
            Some(one(Op::Length, of))
        }
        word if word.starts_with(|c: char| c.is_ascii_digit()) => Some(literal(word)),
        word => variable(reader, word),
    }
}

/// A variable, or what is put into it.
fn variable(reader: &mut Reader<'_>, name: &str) -> Option<Tree> {
    let old = leaf(Op::Variable, name.into());
    let changes = [("+=", Op::Add), ("-=", Op::Subtract), ("++", Op::Add), ("--", Op::Subtract)];
    let value = if let Some((token, op)) = changes.iter().find(|(token, _)| reader.skip(token)) {
        let by = if token.ends_with('=') { reader.level(0)? } else { literal("1") };
        two(*op, old, by)
    } else if !reader.rest.starts_with("==") && reader.skip("=") {
        reader.level(0)?
    } else if reader.rest.starts_with(['[', '(']) {
        return None;
    } else {
        return Some(old);
    };
    Some(Rc::new(Node { op: Op::Set, value: name.into(), pattern: None, parts: vec![value] }))
}
