//! Commands that read lines and write lines: `cat`, `grep`, `head`, `tail`, `wc`, `sort`,
//! `uniq`, `cut`, `tr`, `base64`; `sed`, `awk` and `jq` have files of their own.
//!
//! Each takes one line at a time, so that what a watch prints flows through at once.
//!
//! Not here: files' names in what `grep` and `wc` print; bytes that are no text.
//!
//! Upstream: GNU coreutils and grep

use super::awk::Awk;
use super::jq::Jq;
use super::options::Options;
use super::pattern::Pattern;
use super::sed::Sed;
use crate::base::sorted;
use std::cmp::Ordering;

/// A command that reads lines.
#[derive(Clone, Debug)]
pub struct Filter {
    kind: Kind,
    options: Options,
    lines: Vec<String>,
    count: u64,
    amount: i64,
    /// How many lines after a match are still to be printed, and the last one that was.
    after: u64,
    printed: u64,
}

#[derive(Clone, Debug)]
enum Kind {
    Cat,
    Grep(Vec<Pattern>),
    Head,
    Tail,
    Wc(u64, u64),
    Sort,
    Uniq,
    Cut(Vec<(usize, usize)>),
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

impl Filter {
    /// The filter that `name` with `words` means, and the files it is to read; none if it
    /// reads its input. An error is what the command says.
    pub fn new(name: &str, words: &[String]) -> Result<(Filter, Vec<String>), String> {
        Filter::read(name, words).map_err(|error| match error.starts_with("Usage") {
            true => error,
            false => format!("{name}: {error}"),
        })
    }

    fn read(name: &str, words: &[String]) -> Result<(Filter, Vec<String>), String> {
        let known = match name {
            "grep" | "egrep" => "vinocEFwqse:hA:B:C:",
            "head" | "tail" => "n:c:qf",
            "wc" => "lwcm",
            "sort" => "rnuk:t:f",
            "uniq" => "cdu",
            "cut" => "d:f:c:s",
            "tr" => "ds",
            "base64" => "dw:",
            "sed" => "nEre:i",
            "awk" => "F:v:",
            "jq" => "rcej",
            _ => "nAeus",
        };
        let mut options = Options::read(words, known, name == "awk")?;
        let mut first = |options: &mut Options| match options.rest.is_empty() {
            true if name.ends_with("grep") => Err(GREP_USAGE.to_string()),
            true => Err("a program is missing".to_string()),
            false => Ok(options.rest.remove(0)),
        };
        let mut amount = 10;
        let kind = match name {
            "grep" | "egrep" => grep(name, &mut options, &mut first)?,
            "head" | "tail" if options.has('f') => return Err("-f: a file here never grows".into()),
            "head" | "tail" => {
                let text = options.value('n').unwrap_or("10");
                let wrong = || format!("invalid number of lines: '{text}'");
                amount = text.trim_start_matches('+').parse().map_err(|_| wrong())?;
                if name == "head" { Kind::Head } else { Kind::Tail }
            }
            "wc" => Kind::Wc(0, 0),
            "sort" => Kind::Sort,
            "uniq" => Kind::Uniq,
            "cut" => cut(&options)?,
            "tr" => {
                let mut set = || Some(characters(&first(&mut options).ok()?));
                let from = set().ok_or("missing operand")?;
                Kind::Tr(from, set().unwrap_or_default())
            }
            "base64" => Kind::Base64,
            "sed" => {
                let scripts: Vec<String> = match options.value('e') {
                    Some(_) => {
                        let all = options.set.iter().filter(|(letter, _)| *letter == 'e');
                        all.map(|(_, script)| script.clone()).collect()
                    }
                    None => vec![first(&mut options)?],
                };
                let extended = options.has('E') || options.has('r');
                Kind::Sed(Sed::new(&scripts.join("\n"), extended, options.has('n'))?)
            }
            "awk" => {
                let sets = options.set.iter().filter(|(letter, _)| *letter == 'v');
                let sets: Vec<String> = sets.map(|(_, set)| set.clone()).collect();
                let between = options.value('F').map(String::from);
                Kind::Awk(Awk::new(&first(&mut options)?, between, &sets)?)
            }
            "jq" => Kind::Jq(Jq::new(&first(&mut options)?)?),
            _ => Kind::Cat,
        };
        let files = std::mem::take(&mut options.rest);
        let lines = Vec::new();
        Ok((Filter { kind, options, lines, count: 0, amount, after: 0, printed: 0 }, files))
    }

    /// Whether it changes its files (`sed -i`).
    pub fn in_place(&self) -> bool {
        matches!(self.kind, Kind::Sed(_)) && self.options.has('i')
    }

    /// Takes a line, without its end. `false`: it wants no more.
    pub fn line(&mut self, line: &str, out: &mut String) -> bool {
        self.count += 1;
        let mut say = |line: &str| {
            out.push_str(line);
            out.push('\n');
        };
        match &mut self.kind {
            Kind::Cat if self.options.has('n') => say(&format!("{:6}\t{line}", self.count)),
            Kind::Cat => say(line),
            Kind::Grep(_) => return self.grep(line, out),
            Kind::Head => {
                if self.amount >= 0 {
                    if self.count <= self.amount.unsigned_abs() {
                        say(line);
                    }
                    return self.count < self.amount.unsigned_abs();
                }
                self.lines.push(line.into());
            }
            Kind::Tail if self.options.value('n').is_some_and(|text| text.starts_with('+')) => {
                if self.count >= self.amount.unsigned_abs() {
                    say(line);
                }
            }
            Kind::Wc(words, bytes) => {
                *words += line.split_whitespace().count() as u64;
                *bytes += line.len() as u64 + 1;
            }
            Kind::Uniq => {
                if self.lines.first().is_some_and(|last| last != line) {
                    self.uniq(out);
                }
                self.lines.push(line.into());
            }
            Kind::Cut(ranges) => {
                if let Some(cut) = cut_line(line, ranges, &self.options) {
                    say(&cut);
                }
            }
            Kind::Tr(from, to) => {
                let changed = translate(&format!("{line}\n"), from, to, &self.options);
                out.push_str(&changed);
            }
            Kind::Sed(sed) => return sed.line(line, self.count, out),
            Kind::Awk(awk) => return awk.line(line, out),
            _ => self.lines.push(line.into()),
        }
        true
    }

    /// The end of the input: its exit code, or what it complains of.
    pub fn end(&mut self, out: &mut String) -> Result<i32, String> {
        match &mut self.kind {
            Kind::Grep(_) => {
                if self.options.has('c') {
                    out.push_str(&format!("{}\n", self.amount - 10));
                }
                return Ok(i32::from(self.amount == 10));
            }
            Kind::Head | Kind::Tail => {
                let amount = usize::try_from(self.amount.unsigned_abs()).unwrap_or(usize::MAX);
                let skip = self.lines.len().saturating_sub(amount);
                let (early, late) = self.lines.split_at(skip);
                let shown = if matches!(self.kind, Kind::Head) { early } else { late };
                shown.iter().for_each(|line| out.extend([line, "\n"]));
            }
            Kind::Wc(words, bytes) => {
                let counts = [('l', self.count), ('w', *words), ('c', *bytes)];
                let shown =
                    |letter: &char| self.options.set.is_empty() || self.options.has(*letter);
                let shown: Vec<u64> =
                    counts.into_iter().filter(|(c, _)| shown(c)).map(|(_, n)| n).collect();
                match &shown[..] {
                    [one] => out.push_str(&one.to_string()),
                    all => all.iter().for_each(|n| out.push_str(&format!("{n:7} "))),
                }
                *out = format!("{}\n", out.trim_end());
            }
            Kind::Sort => self.sort(out),
            Kind::Uniq => self.uniq(out),
            Kind::Base64 => out.push_str(&base64(&self.lines.join("\n"), self.options.has('d'))?),
            Kind::Awk(awk) => awk.end(out),
            Kind::Jq(jq) => jq.run(&self.lines.join("\n"), &self.options, out)?,
            _ => {}
        }
        Ok(0)
    }

    fn grep(&mut self, line: &str, out: &mut String) -> bool {
        let Kind::Grep(patterns) = &self.kind else { return false };
        let has = |letter| self.options.has(letter);
        let around = |letter| {
            let text = self.options.value(letter).or(self.options.value('C'));
            text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0)
        };
        let (before, after) = (around('B'), around('A'));
        let aside = |at: u64, line: &str| match has('n') {
            true => format!("{at}-{line}\n"),
            false => format!("{line}\n"),
        };
        if patterns.iter().any(|pattern| pattern.matches(line)) == has('v') {
            if self.after > 0 {
                out.push_str(&aside(self.count, line));
                (self.after, self.printed) = (self.after - 1, self.count);
            } else {
                self.lines.push(line.into());
                let most = usize::try_from(before).unwrap_or(usize::MAX);
                self.lines.drain(..self.lines.len().saturating_sub(most));
            }
            return true;
        }
        self.amount += 1;
        if has('q') {
            return false;
        }
        if before + after > 0 && !has('c') && !has('o') {
            let from = self.count - self.lines.len() as u64;
            if self.printed > 0 && from > self.printed + 1 {
                out.push_str("--\n");
            }
            for (at, line) in (from..).zip(&self.lines) {
                out.push_str(&aside(at, line));
            }
            (self.after, self.printed) = (after, self.count);
        }
        self.lines.clear();
        let number = if has('n') { format!("{}:", self.count) } else { String::new() };
        if has('o') && !has('c') {
            let mut from = 0;
            while let Some((start, end)) =
                patterns.iter().find_map(|pattern| pattern.find(line, from)?[0])
            {
                if start < end {
                    out.extend([&*number, &line[start..end], "\n"]);
                }
                let next = line[end..].chars().next().map_or(1, char::len_utf8);
                from = if end > start { end } else { end + next };
                if from > line.len() {
                    break;
                }
            }
        } else if !has('c') {
            out.extend([&*number, line, "\n"]);
        }
        true
    }

    fn sort(&mut self, out: &mut String) {
        let options = std::mem::take(&mut self.options);
        let key = options.value('k').and_then(|key| {
            let digits = key.trim_end_matches(|c: char| !c.is_ascii_digit());
            digits.split([',', '.']).next()?.parse::<usize>().ok()
        });
        let numeric = options.has('n') || options.value('k').is_some_and(|key| key.contains('n'));
        let reverse = options.has('r') || options.value('k').is_some_and(|key| key.contains('r'));
        let of = |line: &str| match (key, options.value('t')) {
            (Some(n), Some(between)) => line.split(between).nth(n.max(1) - 1).map(String::from),
            (Some(n), None) => line.split_whitespace().nth(n.max(1) - 1).map(String::from),
            _ => Some(line.to_string()),
        };
        sorted::sort_by(&mut self.lines, |a, b| {
            let (left, right) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
            let order = match numeric {
                true => compare_numbers(&left, &right),
                false => left.cmp(&right),
            };
            let order = order.then_with(|| a.cmp(b));
            if reverse { order.reverse() } else { order }
        });
        if options.has('u') {
            self.lines.dedup();
        }
        self.lines.iter().for_each(|line| out.extend([line, "\n"]));
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
        out.extend([line, "\n"]);
    }
}

type First<'f> = dyn FnMut(&mut Options) -> Result<String, String> + 'f;

fn grep(name: &str, options: &mut Options, first: &mut First<'_>) -> Result<Kind, String> {
    let counts = options.set.iter().filter(|(letter, _)| "ABC".contains(*letter));
    if let Some((_, text)) = counts.into_iter().find(|(_, text)| text.parse::<u32>().is_err()) {
        return Err(format!("{text}: invalid context length argument"));
    }
    let given = options.set.iter().filter(|(letter, _)| *letter == 'e');
    let mut texts: Vec<String> = given.map(|(_, text)| text.clone()).collect();
    if texts.is_empty() {
        texts.push(first(options)?);
    }
    let (extended, fold) = (name == "egrep" || options.has('E'), options.has('i'));
    let pattern = |text: &String| match (options.has('F'), options.has('w')) {
        (true, _) => Ok(Pattern::plain(text, fold)),
        (_, true) => Pattern::new(&format!("\\b{text}\\b"), extended, fold),
        _ => Pattern::new(text, extended, fold),
    };
    Ok(Kind::Grep(texts.iter().map(pattern).collect::<Result<_, _>>()?))
}

fn cut(options: &Options) -> Result<Kind, String> {
    let list = options.value('f').or(options.value('c'));
    let list = list.ok_or("you must specify a list of bytes, characters, or fields")?;
    let range = |part: &str| {
        let number = |text: &str, other| match text {
            "" => Some(other),
            text => text.parse().ok().filter(|n| *n > 0),
        };
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some((number(from, 1)?, number(to, usize::MAX)?))
    };
    let ranges: Option<Vec<_>> = list.split(',').map(range).collect();
    ranges.map(Kind::Cut).ok_or(format!("invalid field value '{list}'"))
}

fn cut_line(line: &str, ranges: &[(usize, usize)], options: &Options) -> Option<String> {
    let chosen = |n: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&n));
    if options.value('f').is_none() {
        return Some(line.chars().zip(1..).filter(|(_, n)| chosen(*n)).map(|(c, _)| c).collect());
    }
    let between = options.value('d').unwrap_or("\t");
    if !line.contains(between) {
        return (!options.has('s')).then(|| line.to_string());
    }
    let fields = line.split(between).zip(1..).filter(|(_, n)| chosen(*n));
    Some(fields.map(|(field, _)| field).collect::<Vec<_>>().join(between))
}

/// The characters that a set of `tr` means.
fn characters(set: &str) -> Vec<char> {
    let plain = set.replace("[:upper:]", "A-Z").replace("[:lower:]", "a-z");
    let plain = plain.replace("[:space:]", " \\n\\t").replace("[:digit:]", "0-9");
    let (mut out, mut rest) = (Vec::new(), plain.chars());
    while let Some(c) = rest.next() {
        let c = match c {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(c) => c,
                None => '\\',
            },
            c => c,
        };
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to > c => {
                out.extend(c..=to);
                rest = ahead;
            }
            _ => out.push(c),
        }
    }
    out
}

fn translate(text: &str, from: &[char], to: &[char], options: &Options) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let at = from.iter().position(|one| *one == c);
        let new = match at {
            Some(_) if options.has('d') => continue,
            Some(at) if !to.is_empty() => to[at.min(to.len() - 1)],
            _ => c,
        };
        if !(options.has('s') && at.is_some() && out.ends_with(new)) {
            out.push(new);
        }
    }
    out
}

/// Compares as `sort -n` does: by the number at the beginning.
pub fn compare_numbers(a: &str, b: &str) -> Ordering {
    let number = |text: &str| {
        let text = text.trim_start();
        let (minus, text) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let rest = text[end..].strip_prefix('.').unwrap_or("");
        let part: String = rest.chars().take_while(char::is_ascii_digit).take(6).collect();
        let whole: i128 = text[..end].parse().unwrap_or(0);
        let part: i128 = format!("{part:0<6}").parse().unwrap_or(0);
        minus * (whole * 1_000_000 + part)
    };
    number(a).cmp(&number(b))
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(text: &str, decode: bool) -> Result<String, String> {
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    if !decode {
        for chunk in format!("{text}\n").as_bytes().chunks(3) {
            let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
            let bits = bits << (8 * (3 - chunk.len()));
            let digit = |n: usize| match n <= chunk.len() {
                true => DIGITS[(bits >> (18 - 6 * n) & 63) as usize],
                false => b'=',
            };
            out.extend((0..4).map(digit));
        }
        out.push(b'\n');
    }
    for byte in text.bytes().filter(|byte| decode && !byte.is_ascii_whitespace() && *byte != b'=') {
        let digit = DIGITS.iter().position(|digit| *digit == byte).ok_or("invalid input")?;
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    String::from_utf8(out).map_err(|_| "invalid input".to_string())
}
