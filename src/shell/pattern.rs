//! Patterns as grep, sed and awk have them: `.`, `*`, `+`, `?`, `^`, `$`, `[a-z]`, `(a|b)`,
//! `\b`, `\w`, `\d`, `\s`, basic and extended.
//!
//! Tried from left to right with a bound on the work, which is plenty for lines of output and
//! a tenth of the size of a general engine.
//!
//! Not here: counts in braces, back references within a pattern, classes such as `[:alpha:]`,
//! more than 250 repetitions of a group.
//!
//! Upstream: POSIX, Regular Expressions

use std::rc::Rc;

/// Steps after which a match is given up, besides two for each byte of the line.
const STEPS: u32 = 200_000;

/// Groups, or repetitions of them, in each other in one match.
const DEEP: u32 = 250;

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    all: Rc<Choices>,
    groups: usize,
    fold: bool,
    /// It takes as little as it can, not as much.
    lazy: bool,
}

/// A match: from where to where, of the whole and of each group.
pub type Found = Vec<Option<(usize, usize)>>;

/// Any of these, of parts one after another.
type Choices = Vec<Vec<Part>>;

#[derive(Debug)]
struct Part {
    what: What,
    least: u32,
    most: u32,
}

#[derive(Debug)]
enum What {
    Start,
    End,
    Edge,
    /// A character that is, or is not, in one of these ranges: each two characters.
    One(bool, String),
    Group(usize, Choices),
}

struct Reader<'p> {
    rest: &'p str,
    extended: bool,
    groups: usize,
    /// What is wrong where `None` was given.
    error: &'static str,
}

impl Pattern {
    /// Reads a pattern; `fold` ignores case. An error says what is wrong with it.
    pub fn new(text: &str, extended: bool, fold: bool) -> Result<Pattern, &'static str> {
        let mut reader = Reader { rest: text, extended, groups: 0, error: "" };
        let all = reader.choices(0).ok_or(reader.error)?;
        Ok(Pattern { all: Rc::new(all), groups: reader.groups, fold, lazy: false })
    }

    /// A pattern that is the text itself.
    pub fn plain(text: &str, fold: bool) -> Pattern {
        let mut parts = Vec::new();
        for c in text.chars() {
            parts.push(Part { what: itself(c), least: 1, most: 1 });
        }
        Pattern { all: Rc::new(vec![parts]), groups: 0, fold, lazy: false }
    }

    /// What the shell means by `text`: `*`, `?`, all else itself; at the front of a text or at
    /// its back if these flags are set, and as little as may be if it is `lazy`.
    pub fn glob(text: &str, [front, back, lazy]: [bool; 3]) -> Pattern {
        let mut parts = Vec::new();
        let mut add = |what, least, most| parts.push(Part { what, least, most });
        if front {
            add(What::Start, 1, 1);
        }
        for c in text.chars() {
            match c {
                '*' => add(What::One(false, String::new()), 0, u32::MAX),
                '?' => add(What::One(false, String::new()), 1, 1),
                c => add(itself(c), 1, 1),
            }
        }
        if back {
            add(What::End, 1, 1);
        }
        Pattern { all: Rc::new(vec![parts]), groups: 0, fold: false, lazy }
    }

    /// The first match in `line` at or after `from`, in bytes.
    pub fn find(&self, line: &str, from: usize) -> Option<Found> {
        let steps = STEPS.saturating_add(2 * line.len() as u32);
        let mut run = Run { line, fold: self.fold, lazy: self.lazy, steps, deep: 0 };
        let mut start = from;
        loop {
            let mut found = vec![None; self.groups + 1];
            let took = run.any(&self.all, start, &mut found, &mut |_, end, found| {
                found[0] = Some((start, end));
                true
            });
            if took {
                return Some(found);
            }
            start += line[start..].chars().next()?.len_utf8();
        }
    }

    /// The first match in `line` at or after `from`: where it begins and ends.
    pub fn span(&self, line: &str, from: usize) -> Option<(usize, usize)> {
        self.find(line, from)?[0]
    }

    /// Whether `line` holds a match.
    pub fn matches(&self, line: &str) -> bool {
        self.span(line, 0).is_some()
    }
}

fn itself(c: char) -> What {
    What::One(true, String::from_iter([c, c]))
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn skip(&mut self, c: char) -> bool {
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Whether an operator stands here: plain in extended patterns, escaped in basic ones.
    fn operator(&mut self, c: char) -> bool {
        let before = self.rest;
        let found = (self.extended || self.skip('\\')) && self.skip(c);
        if !found {
            self.rest = before;
        }
        found
    }

    fn choices(&mut self, depth: u32) -> Option<Choices> {
        if depth > 20 {
            self.error = "Regular expression too big";
            return None;
        }
        let (mut all, mut parts) = (Vec::new(), Vec::new());
        loop {
            if self.operator('|') {
                all.push(std::mem::take(&mut parts));
                continue;
            }
            let closed = depth > 0 && self.operator(')');
            if closed || self.rest.is_empty() {
                if closed != (depth > 0) {
                    self.error = "Unmatched ( or \\(";
                    return None;
                }
                all.push(parts);
                return Some(all);
            }
            let what = if self.operator('(') {
                self.groups += 1;
                let number = self.groups;
                What::Group(number, self.choices(depth + 1)?)
            } else {
                self.one(parts.is_empty())?
            };
            let (least, most) = if self.skip('*') {
                (0, u32::MAX)
            } else if self.operator('+') {
                (1, u32::MAX)
            } else if self.operator('?') {
                (0, 1)
            } else {
                (1, 1)
            };
            parts.push(Part { what, least, most });
        }
    }

    fn one(&mut self, first: bool) -> Option<What> {
        Some(match self.next()? {
            '.' => What::One(false, String::new()),
            '^' if first || self.extended => What::Start,
            '$' if self.extended || self.rest.is_empty() || self.rest.starts_with('\\') => {
                What::End
            }
            '[' => self.set()?,
            '\\' => {
                self.error = "Trailing backslash";
                match self.next()? {
                    'w' => What::One(true, "azAZ09__".into()),
                    'd' => What::One(true, "09".into()),
                    's' => What::One(true, "  \t\t".into()),
                    'b' => What::Edge,
                    't' => itself('\t'),
                    c => itself(c),
                }
            }
            c => itself(c),
        })
    }

    fn set(&mut self) -> Option<What> {
        let wanted = !self.skip('^');
        let mut ranges = String::new();
        self.error = "Unmatched [, [^, [:, [., or [=";
        loop {
            let from = self.next()?;
            if from == ']' && !ranges.is_empty() {
                return Some(What::One(wanted, ranges));
            }
            let mut to = from;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest != "-" {
                self.next();
                to = self.next()?;
            }
            ranges.push(from);
            ranges.push(to);
        }
    }
}

struct Run<'r> {
    line: &'r str,
    fold: bool,
    lazy: bool,
    /// So many more steps it may take.
    steps: u32,
    /// How many groups it is in, each repetition one.
    deep: u32,
}

/// What is to match after a part.
type Then<'t> = dyn FnMut(&mut Run<'_>, usize, &mut Found) -> bool + 't;

impl Run<'_> {
    fn any(&mut self, all: &Choices, at: usize, found: &mut Found, then: &mut Then<'_>) -> bool {
        all.iter().any(|parts| self.parts(parts, 0, at, found, then))
    }

    /// Matches `parts`, of whose first one `count` were matched already.
    fn parts(
        &mut self,
        parts: &[Part],
        count: u32,
        at: usize,
        found: &mut Found,
        then: &mut Then<'_>,
    ) -> bool {
        let Some((part, rest)) = parts.split_first() else { return then(self, at, found) };
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        let What::Group(number, all) = &part.what else {
            return self.repeated(part, rest, at, found, then);
        };
        if count < part.most && self.deep < DEEP {
            self.deep += 1;
            let before = found[*number];
            let took = self.any(all, at, found, &mut |run, end, found| {
                // An empty match must not be repeated.
                if end == at && count >= part.least {
                    return false;
                }
                let outer = found[*number];
                found[*number] = Some((at, end));
                let took = run.parts(parts, count + 1, end, found, then);
                if !took {
                    found[*number] = outer;
                }
                took
            });
            self.deep -= 1;
            if took {
                return true;
            }
            found[*number] = before;
        }
        count >= part.least && self.parts(rest, 0, at, found, then)
    }

    /// Matches a character as often as it can (or must, if lazy), then as often as `rest` lets
    /// it. No call in itself: a line may be long.
    fn repeated(
        &mut self,
        part: &Part,
        rest: &[Part],
        at: usize,
        found: &mut Found,
        then: &mut Then<'_>,
    ) -> bool {
        let (mut count, mut end) = (0, at);
        while count < part.most
            && self.steps > 0
            && let Some(next) = self.single(&part.what, end)
        {
            if self.lazy && count >= part.least && self.parts(rest, 0, end, found, then) {
                return true;
            }
            self.steps = self.steps.saturating_sub(1);
            count += 1;
            if next == end {
                // A place is there once, however often it is asked for.
                count = count.max(part.least);
                break;
            }
            end = next;
        }
        loop {
            if count >= part.least && self.parts(rest, 0, end, found, then) {
                return true;
            }
            if count <= part.least || end == at {
                return false;
            }
            count -= 1;
            end -= self.line[..end].chars().next_back().map_or(0, char::len_utf8);
        }
    }

    /// Where a match of one character ends.
    fn single(&self, what: &What, at: usize) -> Option<usize> {
        let next = self.line[at..].chars().next();
        let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        match what {
            What::Start => (at == 0).then_some(at),
            What::End => (at == self.line.len()).then_some(at),
            What::Edge => {
                let before = self.line[..at].chars().next_back();
                (word(before) != word(next)).then_some(at)
            }
            What::One(wanted, ranges) => {
                let c = next?;
                let has = |c: char| {
                    let mut ends = ranges.chars();
                    while let (Some(from), Some(to)) = (ends.next(), ends.next()) {
                        if from <= c && c <= to {
                            return true;
                        }
                    }
                    false
                };
                let swapped = match c.is_ascii_lowercase() {
                    true => c.to_ascii_uppercase(),
                    false => c.to_ascii_lowercase(),
                };
                let fits = has(c) || self.fold && has(swapped);
                (fits == *wanted).then(|| at + c.len_utf8())
            }
            What::Group(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, extended: bool, line: &str) -> Option<String> {
        let pattern = Pattern::new(pattern, extended, false).expect("a good pattern");
        let (from, to) = pattern.find(line, 0)?[0]?;
        Some(line[from..to].to_string())
    }

    #[test]
    fn patterns_match_as_in_posix() {
        let yes = |pattern, extended, line, what: &str| {
            assert_eq!(found(pattern, extended, line).as_deref(), Some(what), "{pattern}");
        };
        yes("web-[0-9]", false, "pod web-12", "web-1");
        yes("web-[0-9]+", true, "pod web-12", "web-12");
        yes("web-[0-9]\\+", false, "pod web-12", "web-12");
        yes("^a.*c$", false, "abcc", "abcc");
        yes("(Running|Pending)", true, "web-0 Pending", "Pending");
        yes("Running\\|Pending", false, "web-0 Pending", "Pending");
        yes("a|b+", true, "xbb", "bb");
        yes("(ab)+", true, "xababa", "abab");
        yes("x?", true, "abc", "");
        yes("\\bweb\\b", false, "my web", "web");
        yes("[^ ]*/1", false, "web 0/1 x", "0/1");
        yes("a+b", false, "a+b", "a+b");
        assert_eq!(found("^b", false, "ab"), None);
        assert_eq!(found("web-[^01]", false, "web-0 web-1"), None);
        assert!(Pattern::new("a(b", true, false).is_err());
        assert!(Pattern::new("[a", true, false).is_err());
        // Patterns that never end by trying everything end.
        assert_eq!(found("(a*)*b", true, &"a".repeat(60)), None);
    }
}
