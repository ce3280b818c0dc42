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

/// What came of a command: its output, or its exit code and what it complains of, without its
/// name.
type Done = Result<String, (i32, String)>;

fn wrong(parts: &[&str]) -> Done {
    Err((1, parts.concat()))
}

/// Does what `words` say, if it is one of these.
pub fn run(words: &[String], env: &mut Env, desk: &mut Desk<'_>) -> Option<Said> {
    let (name, rest) = words.split_first()?;
    let mut code = 0;
    let done = match &**name {
        ":" | "true" | "set" => Ok(String::new()),
        "false" => Err((1, String::new())),
        "echo" => Ok(echo(rest)),
        "printf" => match rest.split_first() {
            Some((form, rest)) => Ok(printf(form, rest)),
            None => Err((2, "usage: printf [-v var] format [arguments]".into())),
        },
        "test" | "[" | "[[" => test(name, rest, desk),
        "seq" => seq(rest),
        "date" => date(rest, desk.now),
        "pwd" => Ok("/playground\n".into()),
        "whoami" => Ok("you\n".into()),
        "cd" => match rest.first().map_or("~", String::as_str) {
            "~" | "." | "/playground" => Ok(String::new()),
            other => wrong(&[other, NO_FILE]),
        },
        "export" | "local" | "alias" | "unset" | "unalias" => Ok(assign(name, rest, env)),
        "history" => {
            let mut out = String::new();
            for (at, line) in desk.history.iter().enumerate() {
                out.push_str(&format!("{:5}  {line}\n", at + 1));
            }
            Ok(out)
        }
        "ls" => ls(rest, desk),
        "rm" | "cp" | "mv" | "touch" => files(name, rest, desk),
        "which" | "type" | "command" => {
            let mut out = String::new();
            for word in rest.iter().filter(|word| !word.starts_with('-')) {
                match super::known(word) {
                    true if name == "type" => say(&mut out, &[word, " is here"]),
                    true => say(&mut out, &["/usr/bin/", word]),
                    false => code = 1,
                }
            }
            Ok(out)
        }
        _ => return None,
    };
    Some(match done {
        Ok(out) => Said { out, err: String::new(), code },
        Err((code, error)) => {
            // Bash speaks for its builtins.
            let by = if matches!(&**name, "cd" | "test" | "[" | "[[") { "bash: " } else { "" };
            let err = match error.is_empty() {
                true => error,
                false => [by, name, ": ", &error, "\n"].concat(),
            };
            Said { out: String::new(), err, code }
        }
    })
}

fn missing(what: &str, path: &str) -> Done {
    wrong(&["cannot ", what, " '", path, "'", NO_FILE])
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

fn test(name: &str, words: &[String], desk: &Desk<'_>) -> Done {
    let close = match name {
        "[" => "]",
        "[[" => "]]",
        _ => "",
    };
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if !close.is_empty() && words.pop() != Some(close) {
        return Err((2, format!("missing `{close}'")));
    }
    match holds(&words, name == "[[", desk) {
        Ok(true) => Ok(String::new()),
        Ok(false) => Err((1, String::new())),
        Err(why) => Err((2, why)),
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
    Ok(match words {
        [] => false,
        ["!", rest @ ..] => !holds(rest, double, desk)?,
        [one] => !one.is_empty(),
        [asked, of] => {
            let text = desk.files.get(file_name(of));
            match *asked {
                "-z" => of.is_empty(),
                "-n" => !of.is_empty(),
                "-f" | "-e" | "-r" => text.is_some(),
                "-s" => text.is_some_and(|text| !text.is_empty()),
                "-d" => matches!(*of, "." | "~" | "/playground"),
                _ => return Err(NO_TEST.into()),
            }
        }
        [a, "=" | "==" | "!=", b] => {
            let same = if double { super::expand::globs(b, a) } else { a == b };
            same != (words[1] == "!=")
        }
        [a, operator, b] => {
            let compares = COMPARES.iter().find(|(name, _)| name == operator);
            let (_, compares) = compares.ok_or(NO_TEST)?;
            compares.holds(integer(a)?.cmp(&integer(b)?))
        }
        _ => return Err(NO_TEST.into()),
    })
}

const NO_TEST: &str = "this test is not here";

/// How `test` compares numbers.
const COMPARES: &[(&str, Op)] = &[
    ("-eq", Op::Equal),
    ("-ne", Op::Differs),
    ("-lt", Op::Less),
    ("-le", Op::LessOrEqual),
    ("-gt", Op::More),
    ("-ge", Op::MoreOrEqual),
];

fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text}: integer expression expected"))
}

fn seq(words: &[String]) -> Done {
    let mut numbers = Vec::new();
    for word in words {
        let Ok(number) = word.parse::<i64>() else {
            return wrong(&["invalid floating point argument: '", word, "'"]);
        };
        numbers.push(number);
    }
    let (from, step, to) = match numbers[..] {
        [to] => (1, 1, to),
        [from, to] => (from, 1, to),
        [from, step, to] if step != 0 => (from, step, to),
        [] => return wrong(&["missing operand"]),
        _ => return wrong(&["invalid Zero increment value"]),
    };
    let (mut out, mut at) = (String::new(), from);
    for _ in 0..10_000 {
        if (step > 0 && at > to) || (step < 0 && at < to) {
            break;
        }
        say(&mut out, &[&at.to_string()]);
        at += step;
    }
    Ok(out)
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
fn date(words: &[String], now: SimTime) -> Done {
    let stamp = now.rfc3339();
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or("");
    let Some(form) = words.iter().find_map(|word| word.strip_prefix('+')) else {
        let month = part(5, 7).parse::<usize>().unwrap_or(1).clamp(1, 12);
        let (day, month) = (DAYS[(now.0 / 86_400_000 % 7) as usize], MONTHS[month - 1]);
        let bare = part(8, 10).trim_start_matches('0');
        return Ok(format!("{day} {month} {bare:>2} {} UTC {}\n", part(11, 19), part(0, 4)));
    };
    let (mut out, mut rest) = (String::new(), form.chars());
    while let Some(c) = rest.next() {
        let kind = if c == '%' { rest.next() } else { None };
        let of = kind.and_then(|kind| STAMP.iter().find(|(own, ..)| *own == kind));
        match (of, kind) {
            (Some((_, from, to)), _) => out.push_str(part(*from, *to)),
            (_, Some('s')) => out.push_str(&(1_767_225_600 + now.0 / 1000).to_string()),
            (_, Some(c)) => return Err((1, format!("the format '%{c}' is not here"))),
            (_, None) => out.push(c),
        }
    }
    Ok(out + "\n")
}

fn assign(name: &str, words: &[String], env: &mut Env) -> String {
    let is_alias = name.ends_with("alias");
    let map = if is_alias { &mut env.aliases } else { &mut env.variables };
    let mut out = String::new();
    if name.starts_with("un") {
        for word in words {
            map.remove(word);
        }
    } else if words.is_empty() {
        for (key, value) in map.iter() {
            let (before, quote) = if is_alias { ("alias ", "'") } else { ("declare -x ", "\"") };
            say(&mut out, &[before, key, "=", quote, value, quote]);
        }
    } else {
        for (key, value) in words.iter().filter_map(|word| word.split_once('=')) {
            map.insert(key.into(), value.into());
        }
    }
    out
}

fn ls(words: &[String], desk: &Desk<'_>) -> Done {
    let options = Options::read(words, "la1htrFA", false).map_err(|error| (1, error))?;
    let mut names: Vec<&str> = Vec::new();
    for path in &options.rest {
        match (desk.files.get(file_name(path)), &**path) {
            (Some(_), _) => names.push(path),
            (None, "." | "~" | "./" | "/playground") => {}
            _ => return missing("access", path),
        }
    }
    if names.is_empty() {
        for (name, _) in desk.files.iter() {
            if !name.contains('/') {
                names.push(name);
            }
        }
    }
    let long = options.has('l');
    if desk.seen && !long && !options.has('1') && !names.is_empty() {
        return Ok(names.join("  ") + "\n");
    }
    let mut out = String::new();
    for name in names {
        if long {
            let size = desk.files.get(file_name(name)).map_or(0, |text| text.len());
            out.push_str(&format!("-rw-r--r-- 1 you you {size:6} Jan  1 00:00 "));
        }
        say(&mut out, &[name]);
    }
    Ok(out)
}

fn files(name: &str, words: &[String], desk: &mut Desk<'_>) -> Done {
    let options = Options::read(words, "rfv", false).map_err(|error| (1, error))?;
    let paths = &options.rest[..];
    let last = paths.last().map_or("", String::as_str);
    match (name, paths) {
        (_, []) => return wrong(&["missing file operand"]),
        ("touch", _) => {
            for path in paths {
                if !desk.files.contains_key(file_name(path)) {
                    desk.files.insert(file_name(path).into(), "".into());
                }
            }
        }
        ("rm", _) => {
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
        _ => return wrong(&["target '", last, "'", NO_FILE]),
    }
    Ok(String::new())
}
