//! Commands that answer at once: `echo`, `printf`, `test`, `seq`, `date`, `ls`, `rm` and the
//! like, on the page's own few files.
//!
//! Not here: directories, permissions, other users; formats of `printf` with fractions.
//!
//! Upstream: bash's builtins and GNU coreutils

use super::expand::Env;
use super::filter::say;
use super::options::Options;
use super::tree::Op;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::kubectl::running::Files;
use std::cmp::Ordering;

/// What a command said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// To its output.
    pub out: String,
    /// To its errors.
    pub err: String,
    /// Its exit code.
    pub code: i32,
}

/// The names of all of them.
pub const NAMES: &[&str] = &[
    ":", "[", "[[", "alias", "bg", "cd", "clear", "command", "cp", "date", "echo", "exit",
    "export", "false", "fg", "history", "jobs", "kill", "local", "ls", "mv", "printf", "pwd",
    "read", "return", "rm", "seq", "set", "shift", "sleep", "tee", "test", "touch", "true", "type",
    "unalias", "unset", "wait", "watch", "which", "whoami", "xargs",
];

/// What they work with.
pub struct Desk<'d> {
    /// Now.
    pub now: SimTime,
    /// Files by name.
    pub files: &'d mut Files,
    /// What was typed before.
    pub history: &'d [Str],
    /// Output goes to the screen, so lists may be laid out for eyes.
    pub seen: bool,
}

/// The name of a file without what leads to the only directory there is.
pub fn file_name(path: &str) -> &str {
    let path = path.strip_prefix("~/").or(path.strip_prefix("/playground/")).unwrap_or(path);
    path.strip_prefix("./").unwrap_or(path)
}

impl Said {
    /// Says what is wrong, without the command's name, and nothing else.
    fn fail(&mut self, code: i32, parts: &[&str]) {
        (self.code, self.err) = (code, parts.concat());
        self.out.clear();
    }

    /// Says what cannot be done with a file that is missing.
    fn missing(&mut self, what: &str, path: &str) {
        self.fail(1, &["cannot ", what, " '", path, "'", NO_FILE]);
    }

    /// Reads a command's options, or says what is wrong with them.
    fn options(&mut self, words: &[String], known: &str) -> Option<Options> {
        match Options::read(words, known, false) {
            Ok(options) => Some(options),
            Err(error) => {
                self.fail(1, &[&error]);
                None
            }
        }
    }
}

/// Does what `words` say, if it is one of these.
pub fn run(words: &[String], env: &mut Env, desk: &mut Desk<'_>) -> Option<Said> {
    let (name, rest) = words.split_first()?;
    let mut said = Said::default();
    match &**name {
        ":" | "true" | "set" => {}
        "false" => said.code = 1,
        "echo" => said.out = echo(rest),
        "printf" => match rest.split_first() {
            Some((form, rest)) => said.out = printf(form, rest),
            None => said.fail(2, &["usage: printf [-v var] format [arguments]"]),
        },
        "test" | "[" | "[[" => test(name, rest, desk, &mut said),
        "seq" => seq(rest, &mut said),
        "date" => date(rest, desk.now, &mut said),
        "pwd" => said.out = "/playground\n".into(),
        "whoami" => said.out = "you\n".into(),
        "cd" => match rest.first().map_or("~", String::as_str) {
            "~" | "." | "/playground" => {}
            other => said.fail(1, &[other, NO_FILE]),
        },
        "export" | "local" | "alias" | "unset" | "unalias" => assign(name, rest, env, &mut said),
        "history" => {
            for (at, line) in desk.history.iter().enumerate() {
                said.out.push_str(&format!("{:5}  {line}\n", at + 1));
            }
        }
        "ls" => ls(rest, desk, &mut said),
        "rm" | "cp" | "mv" | "touch" => files(name, rest, desk, &mut said),
        "which" | "type" | "command" => {
            for word in rest {
                match super::known(word) {
                    _ if word.starts_with('-') => {}
                    true if name == "type" => say(&mut said.out, &[word, " is here"]),
                    true => say(&mut said.out, &["/usr/bin/", word]),
                    false => said.code = 1,
                }
            }
        }
        _ => return None,
    }
    if !said.err.is_empty() {
        // Bash speaks for its builtins.
        let by = if matches!(&**name, "cd" | "test" | "[" | "[[") { "bash: " } else { "" };
        said.err = [by, name, ": ", &said.err, "\n"].concat();
    }
    Some(said)
}

const NO_FILE: &str = ": No such file or directory";

fn echo(words: &[String]) -> String {
    let (mut words, mut end, mut escapes) = (words, "\n", false);
    while let Some((first, rest)) = words.split_first() {
        match &**first {
            "-n" => end = "",
            "-e" => escapes = true,
            "-ne" | "-en" => (end, escapes) = ("", true),
            _ => break,
        }
        words = rest;
    }
    let text = words.join(" ") + end;
    if escapes { unescape(&text) } else { text }
}

/// `text` with its `\n`, `\t` and `\\` resolved.
pub(super) fn unescape(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text.chars());
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('\\') | None => out.push('\\'),
                Some(c) => out.extend(['\\', c]),
            },
            c => out.push(c),
        }
    }
    out
}

/// `form` with its places filled: `%s`, `%d`, `%-10s`, `%05d`, `%%`; repeated while there are
/// words left.
pub fn printf(form: &str, words: &[String]) -> String {
    let (form, mut words, mut out) = (unescape(form), words.iter(), String::new());
    loop {
        let before = words.len();
        let mut rest = form.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let (mut left, mut zero, mut width) = (false, false, 0);
            let kind = loop {
                match rest.next() {
                    Some('-') => left = true,
                    Some('0') if width == 0 => zero = true,
                    Some(c) if c.is_ascii_digit() => {
                        width = (width * 10 + c as usize - '0' as usize).min(200);
                    }
                    other => break other,
                }
            };
            if !matches!(kind, Some('s' | 'd' | 'i' | 'b')) {
                out.push('%');
                out.extend(kind.filter(|c| *c != '%'));
                continue;
            }
            let word = words.next().map_or("", String::as_str);
            let word = if kind == Some('s') || !word.is_empty() { word } else { "0" };
            let fill = width.saturating_sub(word.chars().count());
            let fill = if zero && !left { "0" } else { " " }.repeat(fill);
            let (before, after) = if left { ("", &*fill) } else { (&*fill, "") };
            for part in [before, word, after] {
                out.push_str(part);
            }
        }
        if words.len() == 0 || words.len() == before {
            return out;
        }
    }
}

fn test(name: &str, words: &[String], desk: &Desk<'_>, said: &mut Said) {
    let close = match name {
        "[" => "]",
        "[[" => "]]",
        _ => "",
    };
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if !close.is_empty() && words.pop() != Some(close) {
        return said.fail(2, &["missing `", close, "'"]);
    }
    match holds(&words, name == "[[", desk) {
        Ok(holds) => said.code = i32::from(!holds),
        Err(NO_TEST) => said.fail(2, &[NO_TEST]),
        Err(word) => said.fail(2, &[word, ": integer expression expected"]),
    }
}

/// Whether a test holds; in `[[ ]]` what stands right of `==` is a pattern. An error is
/// `NO_TEST`, or a word that should be a number.
fn holds<'w>(words: &[&'w str], double: bool, desk: &Desk<'_>) -> Result<bool, &'w str> {
    for (signs, all) in [(["||", "-o"], false), (["&&", "-a"], true)] {
        let at = words.iter().position(|word| signs.contains(word)).unwrap_or(0);
        if at > 0 {
            let left = holds(&words[..at], double, desk)?;
            return if left == all { holds(&words[at + 1..], double, desk) } else { Ok(left) };
        }
    }
    Ok(match *words {
        [] => false,
        ["!", ref rest @ ..] => !holds(rest, double, desk)?,
        [one] => !one.is_empty(),
        [asked, of] => {
            let text = desk.files.get(file_name(of));
            match asked {
                "-z" => of.is_empty(),
                "-n" => !of.is_empty(),
                "-f" | "-e" | "-r" => text.is_some(),
                "-s" => text.is_some_and(|text| !text.is_empty()),
                "-d" => matches!(of, "." | "~" | "/playground"),
                _ => return Err(NO_TEST),
            }
        }
        [a, operator, b] => {
            let compares = COMPARES.iter().find(|(name, _)| *name == operator);
            let (name, compares) = compares.ok_or(NO_TEST)?;
            let order = match name.starts_with('-') {
                true => integer(a)?.cmp(&integer(b)?),
                false if double && super::expand::globs(b, a) => Ordering::Equal,
                false if double => Ordering::Less,
                false => a.cmp(b),
            };
            compares.holds(order)
        }
        _ => return Err(NO_TEST),
    })
}

const NO_TEST: &str = "this test is not here";

/// How `test` compares: texts, and with `-` numbers.
const COMPARES: &[(&str, Op)] = &[
    ("=", Op::Equal),
    ("==", Op::Equal),
    ("!=", Op::Differs),
    ("-eq", Op::Equal),
    ("-ne", Op::Differs),
    ("-lt", Op::Less),
    ("-le", Op::LessOrEqual),
    ("-gt", Op::More),
    ("-ge", Op::MoreOrEqual),
];

fn integer(text: &str) -> Result<i64, &str> {
    text.parse().map_err(|_| text)
}

fn seq(words: &[String], said: &mut Said) {
    let mut numbers = Vec::new();
    for word in words {
        let Ok(number) = word.parse::<i64>() else {
            return said.fail(1, &["invalid floating point argument: '", word, "'"]);
        };
        numbers.push(number);
    }
    let (mut at, step, to) = match numbers[..] {
        [to] => (1, 1, to),
        [from, to] => (from, 1, to),
        [from, step, to] if step != 0 => (from, step, to),
        [] => return said.fail(1, &["missing operand"]),
        _ => return said.fail(1, &["invalid Zero increment value"]),
    };
    for _ in 0..10_000 {
        if if step > 0 { at > to } else { at < to } {
            break;
        }
        say(&mut said.out, &[&at.to_string()]);
        at += step;
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The parts of a date: the letter of their format, and where they stand in a time stamp.
const STAMP: &[(char, usize, usize)] = &[
    ('Y', 0, 4),
    ('m', 5, 7),
    ('d', 8, 10),
    ('H', 11, 13),
    ('M', 14, 16),
    ('S', 17, 19),
    ('T', 11, 19),
    ('F', 0, 10),
];

/// The simulated date, in the one time zone there is. The scenario starts on a Thursday.
fn date(words: &[String], now: SimTime, said: &mut Said) {
    let stamp = now.rfc3339();
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or("");
    let mut form = "%a %b %e %T UTC %Y";
    for word in words.iter().rev() {
        form = word.strip_prefix('+').unwrap_or(form);
    }
    let mut rest = form.chars();
    while let Some(c) = rest.next() {
        let kind = if c == '%' { rest.next() } else { None };
        let Some(kind) = kind else {
            said.out.push(c);
            continue;
        };
        let bare = part(8, 10).trim_start_matches('0');
        let made = match kind {
            'a' => DAYS[(now.0 / 86_400_000 % 7) as usize].into(),
            'b' => {
                let month = part(5, 7).parse::<usize>().unwrap_or(1).clamp(1, 12);
                MONTHS[month - 1].into()
            }
            'e' => " ".repeat(2 - bare.len()) + bare,
            's' => (1_767_225_600 + now.0 / 1000).to_string(),
            kind => match STAMP.iter().find(|(own, ..)| *own == kind) {
                Some((_, from, to)) => part(*from, *to).into(),
                None => {
                    return said.fail(1, &["the format '%", &kind.to_string(), "' is not here"]);
                }
            },
        };
        said.out.push_str(&made);
    }
    said.out.push('\n');
}

fn assign(name: &str, words: &[String], env: &mut Env, said: &mut Said) {
    let is_alias = name.ends_with("alias");
    let map = if is_alias { &mut env.aliases } else { &mut env.variables };
    if words.is_empty() && !name.starts_with("un") {
        for (key, value) in map.iter() {
            let (before, quote) = if is_alias { ("alias ", "'") } else { ("declare -x ", "\"") };
            say(&mut said.out, &[before, key, "=", quote, value, quote]);
        }
    }
    for word in words {
        if name.starts_with("un") {
            map.remove(word);
        } else if let Some((key, value)) = word.split_once('=') {
            map.insert(key.into(), value.into());
        }
    }
}

fn ls(words: &[String], desk: &Desk<'_>, said: &mut Said) {
    let Some(options) = said.options(words, "la1htrFA") else { return };
    let mut names: Vec<&str> = Vec::new();
    for path in &options.rest {
        if desk.files.contains_key(file_name(path)) {
            names.push(path);
        } else if !matches!(&**path, "." | "~" | "./" | "/playground") {
            return said.missing("access", path);
        }
    }
    if names.is_empty() {
        for name in desk.files.keys() {
            if !name.contains('/') {
                names.push(name);
            }
        }
    }
    let long = options.has('l');
    if desk.seen && !long && !options.has('1') && !names.is_empty() {
        return say(&mut said.out, &[&names.join("  ")]);
    }
    for name in names {
        if long {
            let size = desk.files.get(file_name(name)).map_or(0, |text| text.len());
            said.out.push_str(&format!("-rw-r--r-- 1 you you {size:6} Jan  1 00:00 "));
        }
        say(&mut said.out, &[name]);
    }
}

fn files(name: &str, words: &[String], desk: &mut Desk<'_>, said: &mut Said) {
    let Some(options) = said.options(words, "rfv") else { return };
    let paths = &options.rest[..];
    let Some(last) = paths.last() else {
        return said.fail(1, &["missing file operand"]);
    };
    if matches!(name, "rm" | "touch") {
        for path in paths {
            let file = file_name(path);
            let there = desk.files.contains_key(file);
            if name == "rm" && !there && !options.has('f') {
                return said.missing("remove", path);
            }
            if name == "rm" {
                desk.files.remove(file);
            } else if !there {
                desk.files.insert(file.into(), "".into());
            }
        }
        return;
    }
    let [from, to] = paths else {
        return said.fail(1, &["target '", last, "'", NO_FILE]);
    };
    let Some(text) = desk.files.get(file_name(from)).cloned() else {
        return said.missing("stat", from);
    };
    if name == "mv" {
        desk.files.remove(file_name(from));
    }
    desk.files.insert(file_name(to).into(), text);
}
