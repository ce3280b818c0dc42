//! Words and flags as pflag reads them: `-l app=web`, `-lapp=web`, `--selector=app=web`, `-f -`,
//! `-it`, `--wait=false`.
//!
//! A command's flags are a text: `output,o:s watch,w:b …`, a name, its letter, a type (`b`ool,
//! `s`tring, `i`nteger, `d`uration, or a word that a flag without value stands for: `=background`).
//!
//! Upstream: github.com/spf13/pflag/flag.go; the hint at the end of an error is
//! staging/src/k8s.io/kubectl/pkg/util/templates/templater.go

use crate::base::time::Span;

/// A command line taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// What is no flag, in order, without the command's own words.
    pub words: Vec<String>,
    /// How many of the words stand before `--`, if there is one.
    pub dash: Option<usize>,
    flags: Vec<(&'static str, String)>,
}

/// One flag of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its name.
    pub name: &'static str,
    /// Its letter, if it has one.
    pub letter: Option<char>,
    what: &'static str,
}

impl Flag {
    fn of(text: &'static str) -> Flag {
        let (names, what) = text.split_once(':').unwrap_or((text, "b"));
        let (name, letter) = names.split_once(',').unwrap_or((names, ""));
        Flag { name, letter: letter.chars().next(), what }
    }

    /// The value it has when it is given without one.
    pub fn alone(&self) -> Option<&'static str> {
        if self.what == "b" { Some("true") } else { self.what.strip_prefix('=') }
    }

    fn title(&self) -> String {
        let letter = self.letter.map_or(String::new(), |letter| format!("-{letter}, "));
        format!("{letter}--{}", self.name)
    }

    /// Whether `value` can be read, and as what.
    fn check(&self, value: &str) -> Result<String, String> {
        let bad = |why: String| {
            Err(format!("invalid argument {value:?} for {:?} flag: {why}", self.title()))
        };
        match self.what {
            "b" => match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok("true".to_string()),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok("false".to_string()),
                _ => bad(format!("strconv.ParseBool: parsing {value:?}: invalid syntax")),
            },
            "i" if value.parse::<i64>().is_err() => {
                bad(format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
            }
            "d" => match duration(value) {
                Ok(_) => Ok(value.to_string()),
                Err(why) => bad(why),
            },
            _ => Ok(value.to_string()),
        }
    }
}

/// All flags of the tables, which are separated by blanks.
pub fn flags(tables: &[&'static str]) -> Vec<Flag> {
    tables.iter().flat_map(|table| table.split_ascii_whitespace()).map(Flag::of).collect()
}

/// A duration as Go writes it, in milliseconds: `1m30s`, `500ms`, `-1s`.
pub fn duration(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    let invalid = || format!("time: invalid duration {text:?}");
    let (mut total, mut rest) = (0i64, rest);
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if number.is_empty() || number == "." || number.len() > 15 {
            return Err(invalid());
        }
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let millis = match unit {
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            "us" | "µs" | "ns" => 0,
            _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        let digits: i64 = format!("{part}000")[..3].parse().unwrap_or(0);
        total = total.saturating_add(whole.parse::<i64>().unwrap_or(0).saturating_mul(millis));
        total = total.saturating_add(digits * millis / 1000);
        rest = tail;
    }
    Ok(total * sign)
}

impl Args {
    /// Takes `words` apart. An error is pflag's own.
    pub fn parse(words: &[String], known: &[Flag]) -> Result<Args, String> {
        let mut args = Args::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                args.dash = Some(args.words.len());
                args.words.extend(rest.cloned());
                break;
            }
            match word.strip_prefix("--") {
                Some(long) => args.long(word, long, &mut rest, known)?,
                None if word.len() > 1 && word.starts_with('-') => {
                    args.short(word, &mut rest, known)?;
                }
                None => args.words.push(word.clone()),
            }
        }
        Ok(args)
    }

    fn long<'w>(
        &mut self,
        word: &str,
        long: &str,
        rest: &mut impl Iterator<Item = &'w String>,
        known: &[Flag],
    ) -> Result<(), String> {
        if long.starts_with(['-', '=']) {
            return Err(format!("bad flag syntax: {word}"));
        }
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (long, None),
        };
        let Some(flag) = known.iter().find(|flag| flag.name == name) else {
            return Err(format!("unknown flag: --{name}"));
        };
        let value = match (value, flag.alone()) {
            (Some(value), _) => value,
            (None, Some(alone)) => alone.to_string(),
            (None, None) => match rest.next() {
                Some(value) => value.clone(),
                None => return Err(format!("flag needs an argument: --{name}")),
            },
        };
        self.flags.push((flag.name, flag.check(&value)?));
        Ok(())
    }

    fn short<'w>(
        &mut self,
        word: &str,
        rest: &mut impl Iterator<Item = &'w String>,
        known: &[Flag],
    ) -> Result<(), String> {
        for (at, letter) in word.char_indices().skip(1) {
            let tail = &word[at + letter.len_utf8()..];
            let Some(flag) = known.iter().find(|flag| flag.letter == Some(letter)) else {
                let seen = &word[at..];
                return Err(format!("unknown shorthand flag: {letter:?} in -{seen}"));
            };
            let (value, last) = match (tail.strip_prefix('='), flag.alone()) {
                (Some(value), _) => (value.to_string(), true),
                (None, Some(alone)) => (alone.to_string(), false),
                (None, None) if !tail.is_empty() => (tail.to_string(), true),
                (None, None) => match rest.next() {
                    Some(value) => (value.clone(), true),
                    None => {
                        let seen = &word[at..];
                        return Err(format!("flag needs an argument: {letter:?} in -{seen}"));
                    }
                },
            };
            self.flags.push((flag.name, flag.check(&value)?));
            if last {
                break;
            }
        }
        Ok(())
    }

    /// All of it as `--record` remembers it: the words, then the flags with their values.
    pub fn line(&self) -> String {
        let flags = self.flags.iter().map(|(name, value)| format!("--{name}={value}"));
        self.words.iter().cloned().chain(flags).collect::<Vec<String>>().join(" ")
    }

    /// The last value of a flag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(flag, _)| *flag == name).map(|(_, value)| value.as_str())
    }

    /// The last value of a flag; empty if it is not given.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    /// All values of a flag, each taken apart at its commas.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.flags.iter().filter(|(flag, _)| *flag == name);
        values.flat_map(|(_, value)| value.split(',')).collect()
    }

    /// All values of a flag as they are.
    pub fn each(&self, name: &str) -> Vec<&str> {
        let values = self.flags.iter().filter(|(flag, _)| *flag == name);
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a flag without value is set.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The whole number that a flag gives.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// The time that a flag gives, in milliseconds.
    pub fn millis(&self, name: &str) -> Option<i64> {
        duration(self.get(name)?).ok()
    }

    /// The time that a flag gives; `None` if it is not given or not positive.
    pub fn span(&self, name: &str) -> Option<Span> {
        let millis = self.millis(name)?;
        (millis > 0).then_some(Span::millis(millis as u64))
    }
}
