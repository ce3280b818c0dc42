//! Options of the small commands, as getopt reads them: `-n5`, `-n 5`, `-rn`, `--`.

/// Options and what is left of a command's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Options in order, each with its value, which is empty for those that take none.
    pub set: Vec<(char, String)>,
    /// What is no option.
    pub rest: Vec<String>,
}

/// Long names of options; a command knows those whose letter it knows.
const LONG: &[(&str, char)] = &[
    ("all", 'a'),
    ("append", 'a'),
    ("bytes", 'c'),
    ("color", 'K'),
    ("colour", 'K'),
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

impl Options {
    /// Reads `words`. `known` lists the letters, those with a value followed by a colon; a
    /// number after a dash is option `n` if `n:` is known. With `first` options end at the
    /// first other word. An error is what is wrong, without the command's name.
    pub fn read(words: &[String], known: &str, first: bool) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let dashed = word.strip_prefix('-').filter(|rest| !rest.is_empty());
            let Some(letters) = dashed else {
                options.rest.push(word.clone());
                if first {
                    options.rest.extend(words.cloned());
                    break;
                }
                continue;
            };
            if letters == "-" {
                options.rest.extend(words.cloned());
                break;
            }
            let mut rest = letters.to_string();
            if let Some(long) = letters.strip_prefix('-') {
                let (name, value) = long.split_once('=').unwrap_or((long, ""));
                let letter = LONG.iter().filter(|(long, _)| *long == name).map(|(_, c)| *c);
                let Some(letter) = letter.into_iter().find(|c| *c == 'K' || known.contains(*c))
                else {
                    return Err(format!("unrecognized option '--{name}'"));
                };
                if letter == 'K' {
                    continue;
                }
                rest = format!("{letter}{value}");
            } else if known.contains("n:") && letters.chars().all(|c| c.is_ascii_digit()) {
                rest = format!("n{letters}");
            }
            while let Some(letter) = rest.chars().next() {
                rest.remove(0);
                let Some(at) = known.find(letter).filter(|_| letter != ':') else {
                    return Err(format!("invalid option -- '{letter}'"));
                };
                if !known[at + letter.len_utf8()..].starts_with(':') {
                    options.set.push((letter, String::new()));
                    continue;
                }
                let value = match std::mem::take(&mut rest) {
                    value if value.is_empty() => words.next().cloned(),
                    value => Some(value),
                };
                let missing = || format!("option requires an argument -- '{letter}'");
                options.set.push((letter, value.ok_or_else(missing)?));
            }
        }
        Ok(options)
    }

    /// Whether an option is set.
    pub fn has(&self, letter: char) -> bool {
        self.set.iter().any(|(one, _)| *one == letter)
    }

    /// The last value of an option.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.set.iter().rev().find(|(one, _)| *one == letter).map(|(_, value)| value.as_str())
    }
}
