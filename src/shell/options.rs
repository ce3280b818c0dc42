//! Options of the small commands, as getopt reads them: `-n5`, `-n 5`, `-rn`, `--`.

/// Options and what is left of a command's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Options in order, each with its value, which is empty for those that take none.
    pub set: Vec<(char, String)>,
    /// What is no option.
    pub rest: Vec<String>,
}

/// The letter of options that mean nothing here.
const IGNORED: char = 'K';

/// Long names of options; a command knows those whose letter it knows.
const LONG: &[(&str, char)] = &[
    ("all", 'a'),
    ("append", 'a'),
    ("bytes", 'c'),
    ("color", IGNORED),
    ("colour", IGNORED),
    ("compact-output", 'c'),
    ("count", 'c'),
    ("decode", 'd'),
    ("delete", 'd'),
    ("delimiter", 'd'),
    ("expression", 'e'),
    ("extended-regexp", 'E'),
    ("fields", 'f'),
    ("fixed-strings", 'F'),
    ("follow", 'f'),
    ("ignore-case", 'i'),
    ("in-place", 'i'),
    ("interval", 'n'),
    ("invert-match", 'v'),
    ("key", 'k'),
    ("line-number", 'n'),
    ("lines", 'n'),
    ("max-args", 'n'),
    ("no-messages", 's'),
    ("no-run-if-empty", 'r'),
    ("no-title", 't'),
    ("numeric-sort", 'n'),
    ("only-matching", 'o'),
    ("quiet", 'q'),
    ("raw-output", 'r'),
    ("regexp", 'e'),
    ("reverse", 'r'),
    ("unique", 'u'),
    ("utc", 'u'),
    ("word-regexp", 'w'),
    ("words", 'w'),
];

/// Whether the option of this letter takes a value; `None` if there is no such option.
fn takes(known: &str, letter: char) -> Option<bool> {
    let mut rest = known.chars();
    loop {
        let known = rest.next()?;
        if known == letter && known != ':' {
            return Some(rest.as_str().starts_with(':'));
        }
    }
}

fn wrong(what: &str, letter: char) -> String {
    format!("{what} -- '{letter}'")
}

impl Options {
    /// Reads `words`. `known` lists the letters, those with a value followed by a colon; a
    /// number after a dash is option `n` if `n:` is known. With `first` options end at the
    /// first other word. An error is what is wrong, without the command's name.
    pub fn read(words: &[String], known: &str, first: bool) -> Result<Options, String> {
        let mut options = Options::default();
        let mut next = 0;
        while let Some(word) = words.get(next) {
            next += 1;
            let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
                options.rest.push(word.clone());
                if first {
                    break;
                }
                continue;
            };
            if letters == "-" {
                break;
            }
            let mut spelled = letters.to_string();
            if let Some(long) = letters.strip_prefix('-') {
                let (name, value) = long.split_once('=').unwrap_or((long, ""));
                let means = |(long, letter): &&(&str, char)| {
                    *long == name && (*letter == IGNORED || takes(known, *letter).is_some())
                };
                let Some((_, letter)) = LONG.iter().find(means) else {
                    return Err(["unrecognized option '--", name, "'"].concat());
                };
                if *letter == IGNORED {
                    continue;
                }
                spelled = value.to_string();
                spelled.insert(0, *letter);
            } else if takes(known, 'n') == Some(true) && letters.bytes().all(|c| c.is_ascii_digit())
            {
                spelled.insert(0, 'n');
            }
            let mut rest = &*spelled;
            while let Some(letter) = rest.chars().next() {
                rest = &rest[letter.len_utf8()..];
                let Some(takes) = takes(known, letter) else {
                    return Err(wrong("invalid option", letter));
                };
                let mut value = "";
                if takes {
                    value = std::mem::take(&mut rest);
                    if value.is_empty() {
                        let Some(word) = words.get(next) else {
                            return Err(wrong("option requires an argument", letter));
                        };
                        value = word;
                        next += 1;
                    }
                }
                options.set.push((letter, value.into()));
            }
        }
        options.rest.extend_from_slice(&words[next..]);
        Ok(options)
    }

    /// Whether an option is set.
    pub fn has(&self, letter: char) -> bool {
        self.value(letter).is_some()
    }

    /// The last value of an option.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.set.iter().rev().find(|(one, _)| *one == letter).map(|(_, value)| value.as_str())
    }

    /// All values of an option.
    pub fn all(&self, letter: char) -> Vec<&str> {
        let mut all = Vec::new();
        for (one, value) in &self.set {
            if *one == letter {
                all.push(value.as_str());
            }
        }
        all
    }
}
