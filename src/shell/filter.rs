//! Commands that read lines and write lines: `cat`, `head`, `tail`, `wc`, `sort`, `uniq`, `cut`,
//! `tr`, `base64`; `grep`, `sed`, `awk` and `jq` have files of their own.
//!
//! Each takes one line at a time, so that what a watch prints flows through at once.
//!
//! Not here: files' names in what `wc` prints; bytes that are no text.
//!
//! Upstream: GNU coreutils

use super::awk::Awk;
use super::grep::Grep;
use super::jq::Jq;
use super::options::Options;
use super::sed::Sed;
use crate::base::sorted;
use crate::base::text::{base64, from_base64};
use std::cmp::Ordering;

/// A command that reads lines.
#[derive(Debug)]
pub struct Filter {
    kind: Kind,
    options: Options,
    lines: Vec<String>,
    /// How many lines, words and bytes came.
    count: u64,
    words: u64,
    bytes: u64,
    /// How many lines `head` and `tail` are to print.
    amount: i64,
}

#[derive(Debug)]
enum Kind {
    Cat,
    Grep(Grep),
    Head,
    /// `tail` from a line on.
    From,
    Tail,
    Wc,
    Sort,
    Uniq,
    Cut(Vec<(usize, usize)>),
    /// The characters that are changed, and those that they become.
    Tr(Vec<char>, Vec<char>),
    Base64,
    Sed(Sed),
    Awk(Awk),
    Jq(Jq),
}

/// The names of all of them.
pub const NAMES: &[&str] = &[
    "awk", "base64", "cat", "cut", "egrep", "grep", "head", "jq", "less", "more", "sed", "sort",
    "tail", "tr", "uniq", "wc",
];

const GREP_USAGE: &str =
    "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.";

const NO_PROGRAM: &str = "a program is missing";

/// What a filter does, before its words are read.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Awk,
    Base64,
    Cat,
    Cut,
    Egrep,
    Grep,
    Head,
    Jq,
    Sed,
    Sort,
    Tail,
    Tr,
    Uniq,
    Wc,
}

/// A filter's name, what it does, its options as `Options` wants them, and what it says if its
/// first word is missing; nothing if it needs none.
type Known = (&'static str, Does, &'static str, &'static str);

const KNOWN: &[Known] = &[
    ("grep", Does::Grep, "vinocEFwqse:hA:B:C:", GREP_USAGE),
    ("egrep", Does::Egrep, "vinocEFwqse:hA:B:C:", GREP_USAGE),
    ("head", Does::Head, "n:c:qf", ""),
    ("tail", Does::Tail, "n:c:qf", ""),
    ("wc", Does::Wc, "lwcm", ""),
    ("sort", Does::Sort, "rnuk:t:f", ""),
    ("uniq", Does::Uniq, "cdu", ""),
    ("cut", Does::Cut, "d:f:c:s", ""),
    ("tr", Does::Tr, "ds", "missing operand"),
    ("base64", Does::Base64, "dw:", ""),
    ("sed", Does::Sed, "nEre:i", NO_PROGRAM),
    ("awk", Does::Awk, "F:v:", NO_PROGRAM),
    ("jq", Does::Jq, "rcej", NO_PROGRAM),
];

/// `cat` and those that do the same here.
const CAT: &Known = &("", Does::Cat, "nAeus", "");

impl Filter {
    /// The filter that `name` with `words` means, and the files it is to read; none if it
    /// reads its input. An error is what the command says.
    pub fn new(name: &str, words: &[String]) -> Result<(Filter, Vec<String>), String> {
        let known = KNOWN.iter().find(|(own, ..)| *own == name).unwrap_or(CAT);
        let read = Options::read(words, known.2, known.1 == Does::Awk);
        let made = read.and_then(|options| Filter::made(known, options));
        made.map_err(|error| match &*error {
            GREP_USAGE => error,
            _ => [name, ": ", &error].concat(),
        })
    }

    fn made(known: &Known, mut options: Options) -> Result<(Filter, Vec<String>), String> {
        let kind = kind(known, &mut options)?;
        let text = options.value('n').unwrap_or("10");
        let amount = text.trim_start_matches('+').parse();
        if amount.is_err() && matches!(kind, Kind::Head | Kind::From | Kind::Tail) {
            return Err(["invalid number of lines: '", text, "'"].concat());
        }
        let (amount, lines) = (amount.unwrap_or(0), Vec::new());
        let files = std::mem::take(&mut options.rest);
        Ok((Filter { kind, options, lines, count: 0, words: 0, bytes: 0, amount }, files))
    }

    /// Whether it changes its files (`sed -i`).
    pub fn in_place(&self) -> bool {
        matches!(self.kind, Kind::Sed(_)) && self.options.has('i')
    }

    /// Takes a line, without its end. `false`: it wants no more.
    pub fn line(&mut self, line: &str, out: &mut String) -> bool {
        self.count += 1;
        let amount = self.amount.unsigned_abs();
        let shown = match &mut self.kind {
            Kind::Cat => {
                if self.options.has('n') {
                    out.push_str(&format!("{:6}\t", self.count));
                }
                true
            }
            Kind::Head if self.amount >= 0 => self.count <= amount,
            Kind::From => self.count >= amount,
            Kind::Grep(grep) => return grep.line(line, &self.options, out),
            Kind::Wc => {
                self.words += line.split_whitespace().count() as u64;
                self.bytes += line.len() as u64 + 1;
                false
            }
            Kind::Uniq => {
                if self.lines.first().is_some_and(|last| last != line) {
                    self.uniq(out);
                }
                self.lines.push(line.into());
                false
            }
            Kind::Cut(ranges) => {
                cut(line, ranges, &self.options, out);
                false
            }
            Kind::Tr(from, to) => {
                translate(line, from, to, &self.options, out);
                false
            }
            Kind::Sed(sed) => return sed.line(line, self.count, out),
            Kind::Awk(awk) => return awk.line(line, out),
            _ => {
                self.lines.push(line.into());
                false
            }
        };
        if shown {
            say(out, &[line]);
        }
        !matches!(self.kind, Kind::Head) || self.amount < 0 || self.count < amount
    }

    /// The end of the input: its exit code, or what it complains of.
    pub fn end(&mut self, out: &mut String) -> Result<i32, String> {
        match &mut self.kind {
            Kind::Grep(grep) => return Ok(grep.end(&self.options, out)),
            Kind::Head | Kind::Tail => {
                let amount = usize::try_from(self.amount.unsigned_abs()).unwrap_or(usize::MAX);
                let skip = self.lines.len().saturating_sub(amount);
                let (early, late) = self.lines.split_at(skip);
                let shown = if matches!(self.kind, Kind::Head) { early } else { late };
                shown.iter().for_each(|line| say(out, &[line]));
            }
            Kind::Wc => self.counts(out),
            Kind::Sort => self.sort(out),
            Kind::Uniq => self.uniq(out),
            Kind::Base64 if self.options.has('d') => {
                let text: String = self.lines.concat().split_whitespace().collect();
                out.push_str(&from_base64(&text).ok_or("invalid input")?);
            }
            Kind::Base64 => {
                let text = self.lines.join("\n") + "\n";
                say(out, &[&base64(text.as_bytes())]);
            }
            Kind::Awk(awk) => awk.end(out),
            Kind::Jq(jq) => jq.run(&self.lines.join("\n"), &self.options, out)?,
            _ => {}
        }
        Ok(0)
    }

    fn counts(&self, out: &mut String) {
        let mut shown = Vec::new();
        for (letter, count) in [('l', self.count), ('w', self.words), ('c', self.bytes)] {
            if self.options.set.is_empty() || self.options.has(letter) {
                shown.push(format!("{count:7}"));
            }
        }
        let text = shown.join(" ");
        say(out, &[if shown.len() == 1 { text.trim_start() } else { &text }]);
    }

    fn sort(&mut self, out: &mut String) {
        let options = &self.options;
        let key = options.value('k').unwrap_or("");
        let numeric = options.has('n') || key.contains('n');
        let reverse = options.has('r') || key.contains('r');
        let digits = key.find(|c: char| !c.is_ascii_digit()).unwrap_or(key.len());
        let place = key[..digits].parse::<usize>().ok();
        let mut keys = Vec::new();
        for line in &self.lines {
            keys.push(match place {
                Some(n) => field(line, n.max(1), options.value('t')),
                None => line,
            });
        }
        let places = sorted::order(keys.len(), &|a, b| {
            let order = match numeric {
                true => compare_numbers(keys[a], keys[b]),
                false => keys[a].cmp(keys[b]),
            };
            let order = order.then_with(|| self.lines[a].cmp(&self.lines[b]));
            if reverse { order.reverse() } else { order }
        });
        let mut last = None;
        for at in places {
            let line = &self.lines[at];
            if !options.has('u') || last != Some(line) {
                say(out, &[line]);
            }
            last = Some(line);
        }
    }

    fn uniq(&mut self, out: &mut String) {
        let lines = std::mem::take(&mut self.lines);
        let Some(line) = lines.first() else { return };
        let hidden =
            self.options.has('d') && lines.len() < 2 || self.options.has('u') && lines.len() > 1;
        if hidden {
            return;
        }
        if self.options.has('c') {
            out.push_str(&format!("{:7} ", lines.len()));
        }
        say(out, &[line]);
    }
}

/// Takes the next word that is no option.
fn next(options: &mut Options) -> Option<String> {
    if options.rest.is_empty() { None } else { Some(options.rest.remove(0)) }
}

/// What a filter does. It takes its program from the options.
fn kind(known: &Known, options: &mut Options) -> Result<Kind, String> {
    let (_, does, _, missing) = *known;
    let program = match does {
        Does::Grep | Does::Egrep | Does::Sed if options.has('e') => options.all('e').join("\n"),
        _ if missing.is_empty() => String::new(),
        _ => next(options).ok_or(missing)?,
    };
    let extended = options.has('E');
    Ok(match does {
        Does::Grep | Does::Egrep => {
            Kind::Grep(Grep::new(&program, extended || does == Does::Egrep, options)?)
        }
        Does::Head | Does::Tail if options.has('f') => {
            return Err("-f: a file here never grows".into());
        }
        Does::Head => Kind::Head,
        Does::Tail if options.value('n').is_some_and(|text| text.starts_with('+')) => Kind::From,
        Does::Tail => Kind::Tail,
        Does::Wc => Kind::Wc,
        Does::Sort => Kind::Sort,
        Does::Uniq => Kind::Uniq,
        Does::Cut => Kind::Cut(ranges(options)?),
        Does::Tr => {
            let to = next(options).unwrap_or_default();
            Kind::Tr(characters(&program), characters(&to))
        }
        Does::Base64 => Kind::Base64,
        Does::Sed => Kind::Sed(Sed::new(&program, extended || options.has('r'), options.has('n'))?),
        Does::Awk => {
            let between = options.value('F').unwrap_or(" ");
            Kind::Awk(Awk::new(&program, between, &options.all('v'))?)
        }
        Does::Jq => Kind::Jq(Jq::new(&program)?),
        Does::Cat => Kind::Cat,
    })
}

/// Writes a line, of its parts.
pub(super) fn say(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
    out.push('\n');
}

/// The field of this number, from 1; empty if there is none.
fn field<'l>(line: &'l str, number: usize, between: Option<&str>) -> &'l str {
    match between {
        Some(between) => line.split(between).nth(number - 1),
        None => line.split_whitespace().nth(number - 1),
    }
    .unwrap_or("")
}

/// What `cut` is to print: from where to where, from 1.
fn ranges(options: &Options) -> Result<Vec<(usize, usize)>, String> {
    let list = options.value('f').or(options.value('c'));
    let list = list.ok_or("you must specify a list of bytes, characters, or fields")?;
    let number = |text: &str, other| match text {
        "" => other,
        text => text.parse().unwrap_or(0),
    };
    let mut ranges = Vec::new();
    for part in list.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (number(from, 1), number(to, usize::MAX));
        if from == 0 || to == 0 {
            return Err(format!("invalid field value '{list}'"));
        }
        ranges.push((from, to));
    }
    Ok(ranges)
}

fn cut(line: &str, ranges: &[(usize, usize)], options: &Options, out: &mut String) {
    let chosen = |n: usize| ranges.iter().any(|(from, to)| *from <= n && n <= *to);
    if options.value('f').is_none() {
        out.extend(line.chars().zip(1..).filter(|(_, n)| chosen(*n)).map(|(c, _)| c));
        out.push('\n');
        return;
    }
    let between = options.value('d').unwrap_or("\t");
    if line.contains(between) {
        let mut fields = Vec::new();
        for (field, n) in line.split(between).zip(1..) {
            if chosen(n) {
                fields.push(field);
            }
        }
        say(out, &[&fields.join(between)]);
    } else if !options.has('s') {
        say(out, &[line]);
    }
}

/// Classes of characters in sets of `tr`, and their members.
const CLASSES: &[(&str, &str)] =
    &[("[:upper:]", "A-Z"), ("[:lower:]", "a-z"), ("[:space:]", " \\n\\t"), ("[:digit:]", "0-9")];

/// The characters that a set of `tr` means.
fn characters(set: &str) -> Vec<char> {
    let mut plain = set.to_string();
    for (class, members) in CLASSES {
        plain = plain.replace(class, members);
    }
    let (mut out, mut rest) = (Vec::new(), plain.chars());
    while let Some(mut c) = rest.next() {
        if c == '\\' {
            c = match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                other => other.unwrap_or('\\'),
            };
        }
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to > c => {
                rest = ahead;
                for c in c..=to {
                    out.push(c);
                }
            }
            _ => out.push(c),
        }
    }
    out
}

fn translate(line: &str, from: &[char], to: &[char], options: &Options, out: &mut String) {
    let mut last = None;
    for c in line.chars().chain(['\n']) {
        let at = from.iter().position(|one| *one == c);
        let new = match at {
            Some(_) if options.has('d') => continue,
            Some(at) if !to.is_empty() => to[at.min(to.len() - 1)],
            _ => c,
        };
        if !(options.has('s') && at.is_some() && last == Some(new)) {
            out.push(new);
        }
        last = Some(new);
    }
}

/// Compares as `sort -n` does: by the number at the beginning.
pub fn compare_numbers(a: &str, b: &str) -> Ordering {
    number(a).cmp(&number(b))
}

/// The number that a text begins with: its whole part, and millionths.
pub(super) fn number(text: &str) -> (i64, i64) {
    let text = text.trim_start();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mut whole, mut part, mut unit) = (0i64, 0, None);
    for c in digits.chars() {
        match (c.to_digit(10), unit) {
            (Some(digit), None) => whole = whole.saturating_mul(10).saturating_add(digit.into()),
            (Some(digit), Some(one)) => {
                part += i64::from(digit) * one;
                unit = Some(one / 10);
            }
            (None, None) if c == '.' => unit = Some(100_000),
            _ => break,
        }
    }
    if digits.len() < text.len() { (-whole, -part) } else { (whole, part) }
}
