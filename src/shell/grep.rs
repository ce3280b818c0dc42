//! `grep`: lines that match, with those around them.
//!
//! Not here: files' names before the lines.
//!
//! Upstream: GNU grep

use super::filter::say;
use super::options::Options;
use super::pattern::Pattern;

/// A search at work.
#[derive(Debug)]
pub struct Grep {
    patterns: Vec<Pattern>,
    /// How many lines before and after those that match are wanted.
    before: u64,
    after: u64,
    /// Lines that did not match, as many as may be wanted before the next that does.
    lines: Vec<String>,
    count: u64,
    matched: u64,
    /// How many lines after a match are still to be printed, and the last one that was.
    due: u64,
    printed: u64,
}

/// How many lines around those that match the option of this letter wants.
fn around(options: &Options, letter: char) -> Result<u64, String> {
    let text = options.value(letter).or(options.value('C')).unwrap_or("0");
    text.parse().map_err(|_| [text, ": invalid context length argument"].concat())
}

impl Grep {
    /// Reads patterns, one a line. An error is what grep says.
    pub fn new(given: &str, extended: bool, options: &Options) -> Result<Grep, String> {
        let (before, after) = (around(options, 'B')?, around(options, 'A')?);
        let fold = options.has('i');
        let mut patterns = Vec::new();
        for text in given.split('\n') {
            patterns.push(match (options.has('F'), options.has('w')) {
                (true, _) => Pattern::plain(text, fold),
                (_, true) => Pattern::new(&["\\b", text, "\\b"].concat(), extended, fold)?,
                _ => Pattern::new(text, extended, fold)?,
            });
        }
        let lines = Vec::new();
        Ok(Grep { patterns, before, after, lines, count: 0, matched: 0, due: 0, printed: 0 })
    }

    /// Takes a line. `false`: it wants no more.
    pub fn line(&mut self, line: &str, options: &Options, out: &mut String) -> bool {
        self.count += 1;
        let only = options.has('o');
        let numbered = |at: u64, mark: &str| match options.has('n') {
            true => at.to_string() + mark,
            false => String::new(),
        };
        if self.patterns.iter().any(|pattern| pattern.matches(line)) == options.has('v') {
            if self.due > 0 {
                say(out, &[&numbered(self.count, "-"), line]);
                (self.due, self.printed) = (self.due - 1, self.count);
            } else {
                self.lines.push(line.into());
                if self.lines.len() as u64 > self.before {
                    self.lines.remove(0);
                }
            }
            return true;
        }
        self.matched += 1;
        if options.has('q') || options.has('c') {
            return !options.has('q');
        }
        if self.before + self.after > 0 && !only {
            let first = self.count - self.lines.len() as u64;
            if self.printed > 0 && first > self.printed + 1 {
                say(out, &["--"]);
            }
            for (at, line) in (first..).zip(&self.lines) {
                say(out, &[&numbered(at, "-"), line]);
            }
            self.lines.clear();
            (self.due, self.printed) = (self.after, self.count);
        }
        let number = numbered(self.count, ":");
        if !only {
            say(out, &[&number, line]);
            return true;
        }
        let mut from = 0;
        while from <= line.len() {
            let mut found = self.patterns.iter().filter_map(|pattern| pattern.span(line, from));
            let Some((start, end)) = found.next() else { break };
            if start < end {
                say(out, &[&number, &line[start..end]]);
                from = end;
            } else {
                from = end + line[end..].chars().next().map_or(1, char::len_utf8);
            }
        }
        true
    }

    /// The end of the input: its exit code.
    pub fn end(&self, options: &Options, out: &mut String) -> i32 {
        if options.has('c') {
            say(out, &[&self.matched.to_string()]);
        }
        i32::from(self.matched == 0)
    }
}
