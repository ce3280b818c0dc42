//! Patterns as grep, sed and awk have them: `.`, `*`, `+`, `?`, `^`, `$`, `[a-z]`, `(a|b)`,
//! `\b`, `\w`, `\d`, `\s`, basic and extended.
//!
//! Tried from left to right with a bound on the work, which is plenty for lines of output and
//! a tenth of the size of a general engine.
//!
//! Not here: counts in braces, back references within a pattern, classes such as `[:alpha:]`.
//!
//! Upstream: POSIX, Regular Expressions

/// Steps after which a match is given up.
const STEPS: u32 = 20_000;

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    all: Vec<Vec<Part>>,
    groups: usize,
    fold: bool,
}

/// A match: from where to where, of the whole and of each group.
pub type Found = Vec<Option<(usize, usize)>>;

#[derive(Clone, Debug, PartialEq)]
struct Part {
    what: What,
    least: u32,
    most: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Any,
    Start,
    End,
    Edge,
    One(char),
    Set(bool, Vec<(char, char)>),
    Group(usize, Vec<Vec<Part>>),
}

struct Reader<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
    extended: bool,
    groups: usize,
}

impl Pattern {
    /// Reads a pattern; `fold` ignores case. An error says what is wrong with it.
    pub fn new(text: &str, extended: bool, fold: bool) -> Result<Pattern, String> {
        let mut reader = Reader { rest: text.chars().peekable(), extended, groups: 0 };
        let all = reader.choices(0)?;
        if reader.rest.peek().is_some() {
            return Err("Unmatched ) or \\)".into());
        }
        Ok(Pattern { all, groups: reader.groups, fold })
    }

    /// A pattern that is the text itself.
    pub fn plain(text: &str, fold: bool) -> Pattern {
        let one = |c| Part { what: What::One(c), least: 1, most: 1 };
        Pattern { all: vec![text.chars().map(one).collect()], groups: 0, fold }
    }

    /// The first match in `line` at or after `from`, in bytes.
    pub fn find(&self, line: &str, from: usize) -> Option<Found> {
        let mut steps = STEPS;
        let starts = line[from..].char_indices().map(|(at, _)| at + from);
        starts.chain([line.len()]).find_map(|start| {
            let mut run = Run { line, fold: self.fold, steps: &mut steps };
            let mut found = vec![None; self.groups + 1];
            let mut end = None;
            let took = run.any(&self.all, start, &mut found, &mut |_, at, _| {
                end = Some(at);
                true
            });
            found[0] = end.map(|end| (start, end));
            took.then_some(found)
        })
    }

    /// Whether `line` holds a match.
    pub fn matches(&self, line: &str) -> bool {
        self.find(line, 0).is_some()
    }
}

impl Reader<'_> {
    /// Whether an operator stands here: plain in extended patterns, escaped in basic ones.
    fn operator(&mut self, c: char) -> bool {
        let mut ahead = self.rest.clone();
        if !self.extended && ahead.next() != Some('\\') {
            return false;
        }
        let found = ahead.next() == Some(c);
        if found {
            self.rest = ahead;
        }
        found
    }

    fn choices(&mut self, depth: u32) -> Result<Vec<Vec<Part>>, String> {
        if depth > 20 {
            return Err("Regular expression too big".into());
        }
        let mut all = vec![Vec::new()];
        loop {
            if self.operator('|') {
                all.push(Vec::new());
                continue;
            }
            if depth > 0 && self.operator(')') {
                return Ok(all);
            }
            let empty = all.last().is_none_or(Vec::is_empty);
            let what = if self.operator('(') {
                self.groups += 1;
                let number = self.groups;
                What::Group(number, self.choices(depth + 1)?)
            } else {
                let Some(c) = self.rest.next() else {
                    return if depth > 0 { Err("Unmatched ( or \\(".into()) } else { Ok(all) };
                };
                self.one(c, empty)?
            };
            let mut part = Part { what, least: 1, most: 1 };
            if self.rest.next_if_eq(&'*').is_some() {
                (part.least, part.most) = (0, u32::MAX);
            } else if self.operator('+') {
                part.most = u32::MAX;
            } else if self.operator('?') {
                part.least = 0;
            }
            all.last_mut().expect("there is a first").push(part);
        }
    }

    fn one(&mut self, c: char, first: bool) -> Result<What, String> {
        let class = |ranges: &[(char, char)]| What::Set(true, ranges.to_vec());
        Ok(match c {
            '.' => What::Any,
            '^' if first || self.extended => What::Start,
            '$' if self.extended || matches!(self.rest.peek(), None | Some('\\')) => What::End,
            '[' => self.set()?,
            '\\' => match self.rest.next().ok_or("Trailing backslash")? {
                'w' => class(&[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]),
                'd' => class(&[('0', '9')]),
                's' => class(&[(' ', ' '), ('\t', '\t')]),
                'b' => What::Edge,
                't' => What::One('\t'),
                c => What::One(c),
            },
            c => What::One(c),
        })
    }

    fn set(&mut self) -> Result<What, String> {
        let wanted = self.rest.next_if_eq(&'^').is_none();
        let mut ranges = Vec::new();
        loop {
            let from = self.rest.next().ok_or("Unmatched [, [^, [:, [., or [=")?;
            if from == ']' && !ranges.is_empty() {
                return Ok(What::Set(wanted, ranges));
            }
            let mut ahead = self.rest.clone();
            let to = match (ahead.next(), ahead.next()) {
                (Some('-'), Some(to)) if to != ']' => {
                    self.rest.nth(1);
                    to
                }
                _ => from,
            };
            ranges.push((from, to));
        }
    }
}

struct Run<'r> {
    line: &'r str,
    fold: bool,
    steps: &'r mut u32,
}

/// What is to match after a part.
type Then<'t> = dyn FnMut(&mut Run<'_>, usize, &mut Found) -> bool + 't;

impl Run<'_> {
    fn any(
        &mut self,
        all: &[Vec<Part>],
        at: usize,
        found: &mut Found,
        then: &mut Then<'_>,
    ) -> bool {
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
        if *self.steps == 0 {
            return false;
        }
        *self.steps -= 1;
        if count < part.most {
            let more = match &part.what {
                What::Group(number, all) => {
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
                    if !took {
                        found[*number] = before;
                    }
                    took
                }
                what => match self.single(what, at) {
                    Some(end) if end == at => self.parts(rest, 0, at, found, then),
                    Some(end) => self.parts(parts, count + 1, end, found, then),
                    None => false,
                },
            };
            if more {
                return true;
            }
        }
        count >= part.least && self.parts(rest, 0, at, found, then)
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
            _ => {
                let c = next?;
                let is = |wanted: &dyn Fn(char) -> bool| {
                    let swap = |c: char| match c.is_ascii_lowercase() {
                        true => c.to_ascii_uppercase(),
                        false => c.to_ascii_lowercase(),
                    };
                    wanted(c) || self.fold && wanted(swap(c))
                };
                let fits = match what {
                    What::One(one) => is(&|c| c == *one),
                    What::Set(wanted, ranges) => {
                        is(&|c| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)))
                            == *wanted
                    }
                    _ => true,
                };
                fits.then(|| at + c.len_utf8())
            }
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
