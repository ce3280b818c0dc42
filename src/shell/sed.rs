//! `sed`: `s/…/…/`, `p`, `d`, `q` for lines chosen by number, range or pattern.
//!
//! Not here: hold space, labels, `a`, `i`, `c`, `y`, `w`; they are refused by name.
//!
//! Upstream: GNU sed

use super::filter::say;
use super::pattern::Pattern;

/// A script of sed.
#[derive(Debug)]
pub struct Sed {
    commands: Vec<Command>,
    quiet: bool,
}

#[derive(Debug)]
struct Command {
    from: Place,
    to: Place,
    negated: bool,
    what: What,
    /// Whether its range has begun.
    inside: bool,
}

#[derive(Debug)]
enum Place {
    Unsaid,
    Line(u64),
    Match(Pattern),
}

#[derive(Debug)]
enum What {
    Replace { pattern: Pattern, with: String, all: bool, print: bool },
    Print,
    Delete,
    Quit,
}

/// What reads a part gives `None` where the script is wrong, and says in `error` how; nothing
/// if what comes next is no command.
struct Reader<'s> {
    rest: &'s str,
    extended: bool,
    error: &'static str,
}

impl Sed {
    /// Reads a script. An error is what sed says, in its own words where it has them.
    pub fn new(script: &str, extended: bool, quiet: bool) -> Result<Sed, String> {
        let mut reader = Reader { rest: script, extended, error: "" };
        let mut commands = Vec::new();
        loop {
            reader.rest = reader.rest.trim_start_matches([' ', ';', '\n', '\t']);
            if reader.rest.is_empty() {
                return Ok(Sed { commands, quiet });
            }
            let Some(command) = reader.command() else {
                return Err(match (reader.error, reader.rest.chars().next()) {
                    ("", Some(c)) => format!("the command `{c}' is not here; s, p, d and q are"),
                    (error, _) => error.into(),
                });
            };
            commands.push(command);
        }
    }

    /// Takes the line of this number. `false`: it wants no more.
    pub fn line(&mut self, line: &str, number: u64, out: &mut String) -> bool {
        let mut line = line.to_string();
        let mut more = true;
        for command in &mut self.commands {
            if !command.applies(&line, number) {
                continue;
            }
            let mut print = true;
            match &command.what {
                What::Replace { pattern, with, all, print: wanted } => {
                    let new = replace(&line, pattern, with, *all);
                    print = *wanted && new.is_some();
                    line = new.unwrap_or(line);
                }
                What::Print => {}
                What::Delete => return true,
                What::Quit => {
                    more = false;
                    break;
                }
            }
            if print {
                say(out, &[&line]);
            }
        }
        if !self.quiet {
            say(out, &[&line]);
        }
        more
    }
}

impl Command {
    fn applies(&mut self, line: &str, number: u64) -> bool {
        let is = |place: &Place| match place {
            Place::Unsaid => true,
            Place::Line(n) => *n == number,
            Place::Match(pattern) => pattern.matches(line),
        };
        let begins = !self.inside && is(&self.from);
        let applies = self.inside || begins;
        self.inside = applies
            && match &self.to {
                Place::Unsaid => false,
                Place::Line(n) => *n > number,
                to => begins || !is(to),
            };
        applies != self.negated
    }
}

/// Text up to the next `end` that is not escaped; an escaped one loses its backslash.
pub(super) fn until(rest: &mut &str, end: char) -> Option<String> {
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        let mut c = characters.next()?;
        if c == end {
            *rest = characters.as_str();
            return Some(text);
        }
        if c == '\\' {
            c = characters.next()?;
            if c != end {
                text.push('\\');
            }
        }
        text.push(c);
    }
}

impl Reader<'_> {
    fn wrong<T>(&mut self, error: &'static str) -> Option<T> {
        self.error = error;
        None
    }

    fn skip(&mut self, c: char) -> bool {
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn pattern(&mut self, text: &str, fold: bool) -> Option<Pattern> {
        match Pattern::new(text, self.extended, fold) {
            Ok(pattern) => Some(pattern),
            Err(error) => self.wrong(error),
        }
    }

    fn command(&mut self) -> Option<Command> {
        let from = self.place()?;
        let mut to = Place::Unsaid;
        if self.skip(',') {
            to = self.place()?;
            if matches!(to, Place::Unsaid) {
                return self.wrong("unexpected `,'");
            }
        }
        self.rest = self.rest.trim_start();
        let negated = self.rest.starts_with('!');
        self.rest = self.rest.trim_start_matches('!');
        if self.rest.is_empty() {
            return self.wrong("missing command");
        }
        let what = if self.skip('p') {
            What::Print
        } else if self.skip('d') {
            What::Delete
        } else if self.skip('q') {
            What::Quit
        } else if self.skip('s') {
            self.error = "unterminated `s' command";
            self.replacement()?
        } else {
            return self.wrong("");
        };
        Some(Command { from, to, negated, what, inside: false })
    }

    fn place(&mut self) -> Option<Place> {
        if self.skip('/') {
            self.error = "unterminated address regex";
            let text = until(&mut self.rest, '/')?;
            return Some(Place::Match(self.pattern(&text, false)?));
        }
        if self.rest.starts_with('$') {
            return self.wrong("the last line as an address is not here");
        }
        let after = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = self.rest[..self.rest.len() - after.len()].parse();
        self.rest = after;
        Some(number.map_or(Place::Unsaid, Place::Line))
    }

    /// What `s` does.
    fn replacement(&mut self) -> Option<What> {
        let between = self.rest.chars().next()?;
        self.skip(between);
        let pattern = until(&mut self.rest, between)?;
        let with = until(&mut self.rest, between)?;
        let end = self.rest.find([';', '\n', '}', ' ']).unwrap_or(self.rest.len());
        let (flags, after) = self.rest.split_at(end);
        self.rest = after;
        if flags.contains(|flag| !"gpiI".contains(flag)) {
            return self.wrong("unknown option to `s'");
        }
        let pattern = self.pattern(&pattern, flags.contains(['i', 'I']))?;
        Some(What::Replace { pattern, with, all: flags.contains('g'), print: flags.contains('p') })
    }
}

/// `line` with what matches replaced; `None` if nothing matches.
fn replace(line: &str, pattern: &Pattern, with: &str, all: bool) -> Option<String> {
    let (mut out, mut at, mut any) = (String::new(), 0, false);
    while let Some(found) = pattern.find(line, at) {
        let (start, end) = found[0]?;
        out.push_str(&line[at..start]);
        let mut characters = with.chars();
        while let Some(c) = characters.next() {
            let escaped = if c == '\\' { characters.next() } else { None };
            let group = match (c, escaped) {
                ('&', _) => Some(0),
                (_, escaped) => escaped.and_then(|c| c.to_digit(10)),
            };
            match (group, escaped) {
                (Some(group), _) => {
                    if let Some(Some((from, to))) = found.get(group as usize) {
                        out.push_str(&line[*from..*to]);
                    }
                }
                (_, Some('n')) => out.push('\n'),
                (_, Some(c)) => out.push(c),
                (_, None) if c == '\\' => {}
                _ => out.push(c),
            }
        }
        any = true;
        at = end;
        if start == end {
            let next = line[end..].chars().next();
            out.extend(next);
            at += next.map_or(1, char::len_utf8);
        }
        if !all || at > line.len() {
            break;
        }
    }
    out.push_str(line.get(at..).unwrap_or(""));
    any.then_some(out)
}
