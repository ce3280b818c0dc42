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

impl Call<'_, '_> {
    /// Writes a line, of its parts.
    fn say(&mut self, parts: &[&str]) {
        say(&mut self.said.out, parts);
    }

    /// Says what is wrong, without the command's name, and nothing else.
    fn fail(&mut self, code: i32, parts: &[&str]) {
        (self.said.code, self.said.err) = (code, parts.concat());
        self.said.out.clear();
    }

    /// Says what cannot be done with a file that is missing.
    fn missing(&mut self, what: &str, path: &str) {
        self.fail(1, &["cannot ", what, " '", path, "'", NO_FILE]);
    }

    /// Reads a command's options, or says what is wrong with them.
    fn options(&mut self, known: &str) -> Option<Options> {
        let read = Options::read(self.words, known, false);
        if let Err(error) = &read {
            self.fail(1, &[error]);
        }
        read.ok()
    }
}

/// A command, and what it works with.
struct Call<'c, 'd> {
    name: &'c str,
    words: &'c [String],
    env: &'c mut Env,
    desk: &'c mut Desk<'d>,
    said: Said,
}

type Command = fn(&mut Call<'_, '_>);

/// The commands, and what each does.
const COMMANDS: &[(&str, Command)] = &[
    (":", nothing),
    ("true", nothing),
    ("set", nothing),
    ("false", nothing),
    ("pwd", told),
    ("whoami", told),
    ("echo", echo),
    ("printf", formed),
    ("test", test),
    ("[", test),
    ("[[", test),
    ("seq", seq),
    ("date", date),
    ("cd", cd),
    ("export", assign),
    ("local", assign),
    ("alias", assign),
    ("unset", assign),
    ("unalias", assign),
    ("history", history),
    ("ls", ls),
    ("rm", files),
    ("touch", files),
    ("cp", moved),
    ("mv", moved),
    ("which", which),
    ("type", which),
    ("command", which),
];

/// Does what `words` say, if it is one of these.
pub fn run(words: &[String], env: &mut Env, desk: &mut Desk<'_>) -> Option<Said> {
    let (name, words) = words.split_first()?;
    let (_, command) = COMMANDS.iter().find(|(own, _)| own == name)?;
    let mut call = Call { name, words, env, desk, said: Said::default() };
    command(&mut call);
    let mut said = call.said;
    if !said.err.is_empty() {
        // Bash speaks for its builtins.
        let bash = ["cd", "test", "[", "[["].contains(&&**name);
        let by = if bash { "bash: " } else { "" };
        said.err = [by, name, ": ", &said.err, "\n"].concat();
    }
    Some(said)
}

fn nothing(call: &mut Call<'_, '_>) {
    call.said.code = i32::from(call.name == "false");
}

fn told(call: &mut Call<'_, '_>) {
    call.say(&[if call.name == "pwd" { "/playground" } else { "you" }]);
}

fn cd(call: &mut Call<'_, '_>) {
    let to = call.words.first().map_or("~", String::as_str);
    if !matches!(to, "~" | "." | "/playground") {
        call.fail(1, &[to, NO_FILE]);
    }
}

fn formed(call: &mut Call<'_, '_>) {
    match call.words.split_first() {
        Some((form, rest)) => call.said.out = printf(form, rest),
        None => call.fail(2, &["usage: printf [-v var] format [arguments]"]),
    }
}

fn history(call: &mut Call<'_, '_>) {
    for (at, line) in call.desk.history.iter().enumerate() {
        call.said.out.push_str(&format!("{:5}  {line}\n", at + 1));
    }
}

fn which(call: &mut Call<'_, '_>) {
    for word in call.words {
        if word.starts_with('-') {
            continue;
        }
        if !super::known(word) {
            call.said.code = 1;
        } else if call.name == "type" {
            call.say(&[word, " is here"]);
        } else {
            call.say(&["/usr/bin/", word]);
        }
    }
}

const NO_FILE: &str = ": No such file or directory";

fn echo(call: &mut Call<'_, '_>) {
    let (mut words, mut end, mut escapes) = (call.words, "\n", false);
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
    call.said.out = if escapes { unescape(&text) } else { text };
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

fn test(call: &mut Call<'_, '_>) {
    let close = match call.name {
        "[" => "]",
        "[[" => "]]",
        _ => "",
    };
    let mut words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    if !close.is_empty() && words.pop() != Some(close) {
        return call.fail(2, &["missing `", close, "'"]);
    }
    if words.len() > 200 {
        return call.fail(2, &["too many arguments"]);
    }
    match holds(&words, call.name == "[[", call.desk) {
        Ok(holds) => call.said.code = i32::from(!holds),
        Err(NO_TEST) => call.fail(2, &[NO_TEST]),
        Err(word) => call.fail(2, &[word, ": integer expression expected"]),
    }
}

/// Whether a test holds; in `[[ ]]` what stands right of `==` is a pattern. An error is
/// `NO_TEST`, or a word that should be a number.
fn holds<'w>(words: &[&'w str], double: bool, desk: &Desk<'_>) -> Result<bool, &'w str> {
    let integer = |text: &'w str| text.parse::<i64>().map_err(|_| text);
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

fn seq(call: &mut Call<'_, '_>) {
    let mut numbers = Vec::new();
    for word in call.words {
        let Ok(number) = word.parse::<i64>() else {
            return call.fail(1, &["invalid floating point argument: '", word, "'"]);
        };
        numbers.push(number);
    }
    let (mut at, step, to) = match numbers[..] {
        [to] => (1, 1, to),
        [from, to] => (from, 1, to),
        [from, step, to] if step != 0 => (from, step, to),
        [] => return call.fail(1, &["missing operand"]),
        _ => return call.fail(1, &["invalid Zero increment value"]),
    };
    for _ in 0..100_000 {
        if if step > 0 { at > to } else { at < to } {
            return;
        }
        call.say(&[&at.to_string()]);
        at = at.saturating_add(step);
    }
    call.fail(1, &["more than 100000 numbers are not here"]);
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
fn date(call: &mut Call<'_, '_>) {
    let stamp = call.desk.now.rfc3339();
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or("");
    let mut form = "%a %b %e %T UTC %Y";
    for word in call.words.iter().rev() {
        form = word.strip_prefix('+').unwrap_or(form);
    }
    let mut rest = form.chars();
    while let Some(c) = rest.next() {
        let kind = if c == '%' { rest.next() } else { None };
        let Some(kind) = kind else {
            call.said.out.push(c);
            continue;
        };
        let bare = part(8, 10).trim_start_matches('0');
        let made = match kind {
            'a' => DAYS[(call.desk.now.0 / 86_400_000 % 7) as usize].into(),
            'b' => {
                let month = part(5, 7).parse::<usize>().unwrap_or(1).clamp(1, 12);
                MONTHS[month - 1].into()
            }
            'e' => " ".repeat(2 - bare.len()) + bare,
            's' => (1_767_225_600 + call.desk.now.0 / 1000).to_string(),
            kind => match STAMP.iter().find(|(own, ..)| *own == kind) {
                Some((_, from, to)) => part(*from, *to).into(),
                None => {
                    return call.fail(1, &["the format '%", &kind.to_string(), "' is not here"]);
                }
            },
        };
        call.said.out.push_str(&made);
    }
    call.said.out.push('\n');
}

fn assign(call: &mut Call<'_, '_>) {
    let is_alias = call.name.ends_with("alias");
    let removes = call.name.starts_with("un");
    let map = if is_alias { &mut call.env.aliases } else { &mut call.env.variables };
    if call.words.is_empty() && !removes {
        for (key, value) in map.iter() {
            let (before, quote) = if is_alias { ("alias ", "'") } else { ("declare -x ", "\"") };
            say(&mut call.said.out, &[before, key, "=", quote, value, quote]);
        }
    }
    for word in call.words {
        if removes {
            map.remove(word);
        } else if let Some((key, value)) = word.split_once('=') {
            map.insert(key.into(), value.into());
        }
    }
}

fn ls(call: &mut Call<'_, '_>) {
    let Some(options) = call.options("la1htrFA") else { return };
    let mut out = String::new();
    let mut names: Vec<&str> = Vec::new();
    for path in &options.rest {
        if call.desk.files.contains_key(file_name(path)) {
            names.push(path);
        } else if !matches!(&**path, "." | "~" | "./" | "/playground") {
            return call.missing("access", path);
        }
    }
    if names.is_empty() {
        for name in call.desk.files.keys() {
            if !name.contains('/') {
                names.push(name);
            }
        }
    }
    let long = options.has('l');
    if call.desk.seen && !long && !options.has('1') && !names.is_empty() {
        out = names.join("  ") + "\n";
        names.clear();
    }
    for name in names {
        if long {
            let size = call.desk.files.get(file_name(name)).map_or(0, |text| text.len());
            out.push_str(&format!("-rw-r--r-- 1 you you {size:6} Jan  1 00:00 "));
        }
        say(&mut out, &[name]);
    }
    call.said.out = out;
}

fn files(call: &mut Call<'_, '_>) {
    let Some(options) = call.options("rfv") else { return };
    if options.rest.is_empty() {
        call.fail(1, &["missing file operand"]);
    }
    for path in &options.rest {
        let file = file_name(path);
        let there = call.desk.files.contains_key(file);
        if call.name == "touch" {
            if !there {
                call.desk.files.insert(file.into(), "".into());
            }
        } else if there {
            call.desk.files.remove(file);
        } else if !options.has('f') {
            return call.missing("remove", path);
        }
    }
}

fn moved(call: &mut Call<'_, '_>) {
    let Some(options) = call.options("rfv") else { return };
    let [from, to] = &options.rest[..] else {
        return match options.rest.last() {
            Some(last) => call.fail(1, &["target '", last, "'", NO_FILE]),
            None => call.fail(1, &["missing file operand"]),
        };
    };
    let Some(text) = call.desk.files.get(file_name(from)).cloned() else {
        return call.missing("stat", from);
    };
    if call.name == "mv" {
        call.desk.files.remove(file_name(from));
    }
    call.desk.files.insert(file_name(to).into(), text);
}
