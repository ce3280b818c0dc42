//! `sed`: `s/…/…/`, `p`, `d`, `q` for lines chosen by number, range or pattern.
//!
//! Not here: hold space, labels, `a`, `i`, `c`, `y`, `w`; they are refused by name.
//!
//! Upstream: GNU sed

use super::pattern::Pattern;

/// A script of sed.
#[derive(Clone, Debug)]
pub struct Sed {
    commands: Vec<Command>,
    quiet: bool,
}

#[derive(Clone, Debug)]
struct Command {
    from: Option<Place>,
    to: Option<Place>,
    inside: bool,
    negated: bool,
    what: What,
}

#[derive(Clone, Debug)]
enum Place {
    Line(u64),
    Match(Pattern),
}

#[derive(Clone, Debug)]
enum What {
    Replace { pattern: Pattern, with: String, all: bool, print: bool },
    Print,
    Delete,
    Quit,
}

impl Sed {
    /// Reads a script. An error is what sed says, in its own words where it has them.
    pub fn new(script: &str, extended: bool, quiet: bool) -> Result<Sed, String> {
        let mut rest = script;
        let mut commands = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', ';', '\n', '\t']);
            if rest.is_empty() {
                return Ok(Sed { commands, quiet });
            }
            let from = place(&mut rest, extended)?;
            let mut to = None;
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
                to = Some(place(&mut rest, extended)?.ok_or("unexpected `,'")?);
            }
            rest = rest.trim_start();
            let negated = rest.starts_with('!');
            rest = rest.trim_start_matches('!');
            let what = what(&mut rest, extended)?;
            commands.push(Command { from, to, inside: false, negated, what });
        }
    }

    /// Takes the line of this number. `false`: it wants no more.
    pub fn line(&mut self, line: &str, number: u64, out: &mut String) -> bool {
        let mut line = line.to_string();
        let (mut deleted, mut more) = (false, true);
        for command in &mut self.commands {
            if !command.applies(&line, number) {
                continue;
            }
            match &command.what {
                What::Replace { pattern, with, all, print } => {
                    if let Some(new) = replace(&line, pattern, with, *all) {
                        line = new;
                        if *print {
                            out.extend([&*line, "\n"]);
                        }
                    }
                }
                What::Print => out.extend([&*line, "\n"]),
                What::Delete => {
                    deleted = true;
                    break;
                }
                What::Quit => {
                    more = false;
                    break;
                }
            }
        }
        if !deleted && !self.quiet {
            out.extend([&*line, "\n"]);
        }
        more
    }
}

impl Command {
    fn applies(&mut self, line: &str, number: u64) -> bool {
        let is = |place: &Place| match place {
            Place::Line(n) => *n == number,
            Place::Match(pattern) => pattern.matches(line),
        };
        let inside = match (&self.from, &self.to) {
            (None, _) => true,
            (Some(from), None) => is(from),
            (Some(from), Some(to)) => {
                let begins = !self.inside && is(from);
                let applies = self.inside || begins;
                self.inside = applies
                    && match to {
                        Place::Line(n) => *n > number,
                        to => begins || !is(to),
                    };
                applies
            }
        };
        inside != self.negated
    }
}

/// Text up to the next `end` that is not escaped; an escaped one loses its backslash.
fn until(rest: &mut &str, end: char) -> Option<String> {
    let mut text = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next()?.1 {
                c if c == end => text.push(c),
                c => text.extend(['\\', c]),
            },
            c if c == end => {
                *rest = &rest[at + c.len_utf8()..];
                return Some(text);
            }
            c => text.push(c),
        }
    }
    None
}

fn place(rest: &mut &str, extended: bool) -> Result<Option<Place>, String> {
    if let Some(after) = rest.strip_prefix('/') {
        *rest = after;
        let text = until(rest, '/').ok_or("unterminated address regex")?;
        return Ok(Some(Place::Match(Pattern::new(&text, extended, false)?)));
    }
    if rest.starts_with('$') {
        return Err("the last line as an address is not here".into());
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..end].parse().ok();
    *rest = &rest[end..];
    Ok(number.map(Place::Line))
}

fn what(rest: &mut &str, extended: bool) -> Result<What, String> {
    let mut characters = rest.chars();
    let command = characters.next().ok_or("missing command")?;
    *rest = characters.as_str();
    Ok(match command {
        'p' => What::Print,
        'd' => What::Delete,
        'q' => What::Quit,
        's' => {
            let mut characters = rest.chars();
            let between = characters.next().ok_or("unterminated `s' command")?;
            *rest = characters.as_str();
            let mut part = || until(rest, between).ok_or("unterminated `s' command");
            let (pattern, with) = (part()?, part()?);
            let end = rest.find([';', '\n', '}', ' ']).unwrap_or(rest.len());
            let (flags, after) = rest.split_at(end);
            *rest = after;
            if flags.chars().any(|flag| !"gpiI".contains(flag)) {
                return Err("unknown option to `s'".into());
            }
            let fold = flags.contains(['i', 'I']);
            let pattern = Pattern::new(&pattern, extended, fold)?;
            What::Replace { pattern, with, all: flags.contains('g'), print: flags.contains('p') }
        }
        c => return Err(format!("the command `{c}' is not here; s, p, d and q are")),
    })
}

/// `line` with what matches replaced; `None` if nothing matches.
fn replace(line: &str, pattern: &Pattern, with: &str, all: bool) -> Option<String> {
    let (mut out, mut at, mut any) = (String::new(), 0, false);
    while let Some(found) = pattern.find(line, at) {
        let (start, end) = found[0]?;
        out.push_str(&line[at..start]);
        let mut characters = with.chars();
        while let Some(c) = characters.next() {
            let group = match c {
                '&' => Some(0),
                '\\' => match characters.next() {
                    Some('n') => {
                        out.push('\n');
                        None
                    }
                    Some(c) => match c.to_digit(10) {
                        Some(digit) => Some(digit as usize),
                        None => {
                            out.push(c);
                            None
                        }
                    },
                    None => None,
                },
                c => {
                    out.push(c);
                    None
                }
            };
            if let Some((from, to)) = group.and_then(|n| found.get(n).copied().flatten()) {
                out.push_str(&line[from..to]);
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
