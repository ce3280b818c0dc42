//! Commands that answer at once: `echo`, `printf`, `test`, `seq`, `date`, `ls`, `rm` and the
//! like, on the page's own few files.
//!
//! Not here: directories, permissions, other users; formats of `printf` with fractions.
//!
//! Upstream: bash's builtins and GNU coreutils

use super::expand::Env;
use super::options::Options;
use crate::base::Str;
use crate::base::time::SimTime;
use crate::kubectl::running::Files;

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

/// Does what `words` say, if it is one of these.
pub fn run(words: &[String], env: &mut Env, desk: &mut Desk<'_>) -> Option<Said> {
    let (name, rest) = words.split_first()?;
    let done = match &**name {
        ":" | "true" | "set" => Ok(String::new()),
        "false" => return Some(Said { code: 1, ..Said::default() }),
        "echo" => Ok(echo(rest)),
        "printf" => match rest.split_first() {
            Some((form, rest)) => Ok(printf(form, rest)),
            None => {
                let err = "printf: usage: printf [-v var] format [arguments]\n".to_string();
                return Some(Said { err, code: 2, ..Said::default() });
            }
        },
        "test" | "[" | "[[" => return Some(test(name, rest, desk)),
        "seq" => seq(rest),
        "date" => date(rest, desk.now),
        "pwd" => Ok("/playground\n".into()),
        "whoami" => Ok("you\n".into()),
        "cd" => match rest.first().map_or("~", String::as_str) {
            "~" | "." | "/playground" => Ok(String::new()),
            other => Err(format!("{other}: No such file or directory")),
        },
        "export" | "local" | "alias" | "unset" | "unalias" => Ok(assign(name, rest, env)),
        "history" => {
            let line = |(n, line): (usize, &Str)| format!("{:5}  {line}\n", n + 1);
            Ok(desk.history.iter().enumerate().map(line).collect())
        }
        "ls" => ls(rest, desk),
        "rm" | "cp" | "mv" | "touch" => files(name, rest, desk),
        "which" | "type" | "command" => {
            let mut said = Said::default();
            for word in rest.iter().filter(|word| !word.starts_with('-')) {
                match super::known(word) {
                    true if name == "type" => said.out += &format!("{word} is here\n"),
                    true => said.out += &format!("/usr/bin/{word}\n"),
                    false => said.code = 1,
                }
            }
            return Some(said);
        }
        _ => return None,
    };
    Some(match done {
        Ok(out) => Said { out, ..Said::default() },
        Err(error) => {
            Said { err: format!("{}{error}\n", said_by(name)), code: 1, ..Said::default() }
        }
    })
}

/// Bash speaks for its builtins.
fn said_by(name: &str) -> String {
    match name {
        "cd" => "bash: cd: ".to_string(),
        _ => format!("{name}: "),
    }
}

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

fn unescape(text: &str) -> String {
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
                        width = (width * 10 + c.to_digit(10).unwrap_or(0) as usize).min(200);
                    }
                    other => break other,
                }
            };
            match kind {
                Some('%') => out.push('%'),
                Some('s' | 'd' | 'i' | 'b') => {
                    let word = words.next().map_or("", String::as_str);
                    let word = if kind == Some('s') || !word.is_empty() { word } else { "0" };
                    out.push_str(&match (left, zero) {
                        (true, _) => format!("{word:<width$}"),
                        (_, true) => format!("{word:0>width$}"),
                        _ => format!("{word:>width$}"),
                    });
                }
                other => {
                    out.push('%');
                    out.extend(other);
                }
            }
        }
        if words.len() == 0 || words.len() == before {
            return out;
        }
    }
}

fn test(name: &str, words: &[String], desk: &Desk<'_>) -> Said {
    let close = match name {
        "[" => "]",
        "[[" => "]]",
        _ => "",
    };
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if !close.is_empty() && words.pop() != Some(close) {
        let err = format!("bash: {name}: missing `{close}'\n");
        return Said { err, code: 2, ..Said::default() };
    }
    match holds(&words, name == "[[", desk) {
        Ok(holds) => Said { code: i32::from(!holds), ..Said::default() },
        Err(why) => Said { err: format!("bash: {name}: {why}\n"), code: 2, ..Said::default() },
    }
}

/// Whether a test holds; in `[[ ]]` what stands right of `==` is a pattern.
fn holds(words: &[&str], double: bool, desk: &Desk<'_>) -> Result<bool, String> {
    for (signs, all) in [(["||", "-o"], false), (["&&", "-a"], true)] {
        let sign = |word: &&str| signs.contains(word);
        if let Some(at) = words.iter().position(sign).filter(|at| *at > 0) {
            let left = holds(&words[..at], double, desk)?;
            return if left == all { holds(&words[at + 1..], double, desk) } else { Ok(left) };
        }
    }
    let number =
        |text: &str| text.parse().map_err(|_| format!("{text}: integer expression expected"));
    let same = |a: &str, b: &str| if double { super::expand::globs(b, a) } else { a == b };
    Ok(match words {
        [] => false,
        ["!", rest @ ..] => !holds(rest, double, desk)?,
        [one] => !one.is_empty(),
        ["-z", text] => text.is_empty(),
        ["-n", text] => !text.is_empty(),
        ["-f" | "-e" | "-r" | "-s", path] => {
            let text = desk.files.get(file_name(path));
            text.is_some_and(|text| words[0] != "-s" || !text.is_empty())
        }
        ["-d", path] => matches!(*path, "." | "~" | "/playground"),
        [a, "=" | "==", b] => same(a, b),
        [a, "!=", b] => !same(a, b),
        [a, operator @ ("-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"), b] => {
            let (a, b): (i64, i64) = (number(a)?, number(b)?);
            match *operator {
                "-eq" => a == b,
                "-ne" => a != b,
                "-lt" => a < b,
                "-le" => a <= b,
                "-gt" => a > b,
                _ => a >= b,
            }
        }
        _ => return Err("this test is not here".to_string()),
    })
}

fn seq(words: &[String]) -> Result<String, String> {
    let number = |word: &String| {
        word.parse::<i64>().map_err(|_| format!("invalid floating point argument: '{word}'"))
    };
    let numbers: Vec<i64> = words.iter().map(number).collect::<Result<_, _>>()?;
    let (from, step, to) = match numbers[..] {
        [to] => (1, 1, to),
        [from, to] => (from, 1, to),
        [from, step, to] if step != 0 => (from, step, to),
        [] => return Err("missing operand".into()),
        _ => return Err("invalid Zero increment value".into()),
    };
    let (mut out, mut at) = (String::new(), from);
    for _ in 0..10_000 {
        if (step > 0 && at > to) || (step < 0 && at < to) {
            break;
        }
        out.push_str(&format!("{at}\n"));
        at += step;
    }
    Ok(out)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The simulated date, in the one time zone there is. The scenario starts on a Thursday.
fn date(words: &[String], now: SimTime) -> Result<String, String> {
    let stamp = now.rfc3339();
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or("");
    let month = part(5, 7).parse::<usize>().unwrap_or(1).clamp(1, 12);
    let day = DAYS[(now.0 / 86_400_000 % 7) as usize];
    let month = MONTHS[month - 1];
    let form = words.iter().find_map(|word| word.strip_prefix('+'));
    let mut out = String::new();
    let Some(form) = form else {
        let bare = part(8, 10).trim_start_matches('0');
        return Ok(format!("{day} {month} {bare:>2} {} UTC {}\n", part(11, 19), part(0, 4)));
    };
    let mut rest = form.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('Y') => out.push_str(part(0, 4)),
            Some('m') => out.push_str(part(5, 7)),
            Some('d') => out.push_str(part(8, 10)),
            Some('H') => out.push_str(part(11, 13)),
            Some('M') => out.push_str(part(14, 16)),
            Some('S') => out.push_str(part(17, 19)),
            Some('T') => out.push_str(part(11, 19)),
            Some('F') => out.push_str(part(0, 10)),
            Some('s') => out.push_str(&(1_767_225_600 + now.0 / 1000).to_string()),
            Some(c) => return Err(format!("the format '%{c}' is not here")),
            None => out.push('%'),
        }
    }
    Ok(out + "\n")
}

fn assign(name: &str, words: &[String], env: &mut Env) -> String {
    let is_alias = name.ends_with("alias");
    let map = if is_alias { &mut env.aliases } else { &mut env.variables };
    if name.starts_with("un") {
        words.iter().for_each(|word| drop(map.remove(word)));
        return String::new();
    }
    for (key, value) in words.iter().filter_map(|word| word.split_once('=')) {
        map.insert(key.to_string(), value.to_string());
    }
    let line = |(key, value): (&String, &String)| match is_alias {
        true => format!("alias {key}='{value}'\n"),
        false => format!("declare -x {key}=\"{value}\"\n"),
    };
    if words.is_empty() { map.iter().map(line).collect() } else { String::new() }
}

fn ls(words: &[String], desk: &Desk<'_>) -> Result<String, String> {
    let options = Options::read(words, "la1htrFA", false)?;
    let mut names: Vec<&str> = Vec::new();
    for path in &options.rest {
        match (desk.files.get(file_name(path)), &**path) {
            (Some(_), _) => names.push(path),
            (None, "." | "~" | "./" | "/playground") => {}
            _ => return Err(format!("cannot access '{path}': No such file or directory")),
        }
    }
    if names.is_empty() {
        let shown = |name: &&str| !name.contains('/');
        names = desk.files.iter().map(|(name, _)| &**name).filter(shown).collect();
    }
    let line = |name: &&str| match options.has('l') {
        true => {
            let size = desk.files.get(file_name(name)).map_or(0, |text| text.len());
            format!("-rw-r--r-- 1 you you {size:6} Jan  1 00:00 {name}\n")
        }
        false => format!("{name}\n"),
    };
    if desk.seen && !options.has('l') && !options.has('1') && !names.is_empty() {
        return Ok(names.join("  ") + "\n");
    }
    Ok(names.iter().map(line).collect())
}

fn files(name: &str, words: &[String], desk: &mut Desk<'_>) -> Result<String, String> {
    let options = Options::read(words, "rfv", false)?;
    let missing =
        |what: &str, path: &str| Err(format!("cannot {what} '{path}': No such file or directory"));
    match (name, &options.rest[..]) {
        (_, []) => return Err("missing file operand".into()),
        ("touch", paths) => {
            for path in paths.iter().map(|path| file_name(path)) {
                let text = desk.files.get(path).cloned().unwrap_or_default();
                desk.files.insert(path.into(), text);
            }
        }
        ("rm", paths) => {
            for path in paths {
                if desk.files.remove(file_name(path)).is_none() && !options.has('f') {
                    return missing("remove", path);
                }
            }
        }
        (_, [from, to]) => {
            let Some(text) = desk.files.get(file_name(from)).cloned() else {
                return missing("stat", from);
            };
            if name == "mv" {
                desk.files.remove(file_name(from));
            }
            desk.files.insert(file_name(to).into(), text);
        }
        (_, rest) => {
            let last = rest.last().map_or("", String::as_str);
            return Err(format!("target '{last}': No such file or directory"));
        }
    }
    Ok(String::new())
}
