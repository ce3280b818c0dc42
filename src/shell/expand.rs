//! From words as written to words as commands get them: braces, variables, output of commands,
//! sums, splitting, names of files.
//!
//! Not here: running the commands whose output is wanted. Expansion stops and says which one
//! is needed; once its output is there it begins again from the front.
//!
//! Upstream: POSIX, Shell Command Language, Word Expansions

use super::pattern::Pattern;
use super::syntax::{Block, Command, Part, Piece, What, Word};
use crate::base::sorted::SortedMap;
use crate::kubectl::running::Files;

/// What a script knows.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Variables.
    pub variables: SortedMap<String, String>,
    /// Aliases.
    pub aliases: SortedMap<String, String>,
    /// Functions.
    pub functions: SortedMap<String, Block>,
    /// What a function was called with.
    pub args: Vec<String>,
    /// How the last command ended.
    pub status: i32,
}

/// Ends each element of an array: what holds none is a plain value, the only element.
const END: char = '\u{1f}';

impl Env {
    /// The value of a variable, of all or one element of an array: `a`, `a[@]`, `a[1]`; `a[+]`
    /// is all of it as it is kept.
    fn look(&self, name: &str) -> Vec<&str> {
        let (own, place) = name.split_once('[').unwrap_or((name, "0]"));
        let value = self.variables.get(own).map_or("", String::as_str);
        let place = place.trim_end_matches(']');
        if place == "+" {
            return vec![value];
        }
        let mut all: Vec<&str> = value.split_terminator(END).collect();
        if !matches!(place, "@" | "*") {
            match self.place(place, all.len()).filter(|at| *at < all.len()) {
                Some(at) => all = vec![all[at]],
                None => all.clear(),
            }
        }
        all
    }

    /// Which of so many elements is meant by a sum; a negative one counts from the end.
    fn place(&self, text: &str, count: usize) -> Option<usize> {
        let text = text.replace('$', "");
        let at = Sum { rest: &text, env: self, depth: 0 }.level(0)?;
        usize::try_from(if at < 0 { at + count as i64 } else { at }).ok()
    }

    /// Sets a variable, or an element of an array.
    pub fn set(&mut self, name: &str, mut value: String) {
        let (own, place) = name.split_once('[').unwrap_or((name, ""));
        if !place.is_empty() {
            let before = self.variables.get(own).map_or("", String::as_str);
            let mut all: Vec<&str> = before.split_terminator(END).collect();
            let at = self.place(place.trim_end_matches(']'), all.len()).unwrap_or(0).min(9999);
            all.resize(all.len().max(at + 1), "");
            all[at] = &value;
            let mut whole = String::new();
            for element in all {
                whole.push_str(element);
                whole.push(END);
            }
            value = whole;
        }
        self.variables.insert(own.to_string(), value);
    }
}

/// So many words a command may get.
const WORDS_MAX: usize = 20_000;

/// So many bytes of text a command may get, as on Linux.
const TEXT_MAX: usize = 2 << 20;

/// What a word counts for besides its text, in bytes, as on Linux: its place and its end.
const WORD_COST: usize = 9;

/// Expands words, given the outputs of the commands in them, in order.
pub struct Expansion<'e> {
    /// What the script knows.
    pub env: &'e Env,
    /// Outputs that are there.
    pub outputs: &'e [String],
    /// How many of them were used.
    pub used: usize,
    /// All files.
    pub files: &'e Files,
    /// It stopped because the output of this is needed.
    pub wanted: Option<Block>,
    /// It stopped because something is wrong, in bash's words.
    pub wrong: Option<String>,
    /// Bytes of text that came of pieces.
    pub made: usize,
}

/// Whether it makes a word of each of its elements.
fn is_many(piece: &Piece) -> bool {
    matches!(piece.part, Part::Variable)
        && piece.quoted
        && (piece.text == "@" || piece.text.ends_with("[@]"))
}

/// A word being built: its text, and whether it is a pattern of file names.
#[derive(Default)]
struct Field {
    text: String,
    is_pattern: bool,
    exists: bool,
}

impl Expansion<'_> {
    /// Expands a word to any number of words.
    fn word(&mut self, word: &[&Piece], out: &mut Vec<String>) -> Option<()> {
        if out.len() >= WORDS_MAX {
            return self.too_much();
        }
        if let Some((n, texts)) = braces(word) {
            for text in texts {
                let piece = Piece::text(&text, false);
                let mut made = word.to_vec();
                made[n] = &piece;
                self.word(&made, out)?;
            }
            return Some(());
        }
        let mut field = Field::default();
        let many = word.iter().any(|piece| is_many(piece));
        for piece in word {
            // Without any elements there is no word, though there are quotes.
            if !many || piece.plain(true) != Some("") {
                self.piece(piece, &mut field, out)?;
            }
        }
        self.finish(&mut field, out);
        Some(())
    }

    /// Goes on only if there is room for so much more text.
    fn make(&mut self, more: usize) -> Option<()> {
        self.made += more;
        if self.made > TEXT_MAX { self.too_much() } else { Some(()) }
    }

    fn too_much(&mut self) -> Option<()> {
        self.wrong = Some("Argument list too long".into());
        None
    }

    /// Ends the word being built: what comes belongs to the next.
    fn finish(&self, field: &mut Field, out: &mut Vec<String>) {
        let Field { text, is_pattern, exists } = std::mem::take(field);
        let before = out.len();
        if is_pattern {
            for name in self.files.keys() {
                if !name.contains('/') && globs(&text, name) {
                    out.push(name.to_string());
                }
            }
        }
        if exists && out.len() == before {
            out.push(text);
        }
    }

    /// Expands words to any number of words.
    fn words(&mut self, words: &[Word], out: &mut Vec<String>) -> Option<()> {
        for word in words {
            let pieces: Vec<&Piece> = word.iter().collect();
            self.word(&pieces, out)?;
        }
        Some(())
    }

    /// Expands a word to exactly one.
    fn one(&mut self, word: &Word) -> Option<String> {
        let mut text = String::new();
        for piece in word {
            if let Part::List = piece.part {
                if !text.is_empty() && !text.ends_with(END) {
                    text.push(END);
                }
                let mut elements = Vec::new();
                self.words(&piece.words, &mut elements)?;
                for element in elements {
                    text.push_str(&element);
                    text.push(END);
                }
            } else {
                text.push_str(&self.value(piece)?);
            }
        }
        Some(text)
    }

    /// The words of a command, the values it sets, and the targets of its redirections.
    pub fn parts(&mut self, command: &Command) -> Option<[Vec<String>; 3]> {
        let [mut words, mut values, mut targets] = [const { Vec::new() }; 3];
        let is_test = |word: &Word| word.len() == 1 && word[0].plain(false) == Some("[[");
        // There nothing is split.
        let whole = command.what == What::Case || command.words.first().is_some_and(is_test);
        if whole {
            for word in &command.words {
                words.push(self.one(word)?);
            }
        } else {
            self.words(&command.words, &mut words)?;
        }
        for (pieces, texts) in [(&command.sets, &mut values), (&command.redirects, &mut targets)] {
            for piece in pieces {
                texts.push(self.inner(piece)?);
            }
        }
        Some([words, values, targets])
    }

    fn piece(&mut self, piece: &Piece, field: &mut Field, out: &mut Vec<String>) -> Option<()> {
        let many = is_many(piece);
        let value = if many { String::new() } else { self.value(piece)? };
        let whole = piece.quoted || matches!(piece.part, Part::Text);
        let texts = match (many, whole) {
            (true, _) => self.all(&piece.text),
            (_, true) => vec![value.clone()],
            _ => value.split_whitespace().map(String::from).collect(),
        };
        if !whole && value.starts_with(char::is_whitespace) && field.exists {
            self.finish(field, out);
        }
        for (n, text) in texts.iter().enumerate() {
            // A word costs more than its letters.
            self.make(if many { text.len() + WORD_COST } else { WORD_COST })?;
            if n > 0 {
                self.finish(field, out);
            }
            field.exists = true;
            field.text.push_str(text);
        }
        field.is_pattern |= !piece.quoted && whole && value.contains(['*', '?']);
        if !whole && value.trim_start().ends_with(char::is_whitespace) {
            self.finish(field, out);
        }
        Some(())
    }

    fn value(&mut self, piece: &Piece) -> Option<String> {
        let value = self.whole_value(piece)?;
        self.make(value.len())?;
        Some(value)
    }

    fn whole_value(&mut self, piece: &Piece) -> Option<String> {
        let name = &*piece.text;
        let word = self.inner(piece)?;
        Some(match &piece.part {
            Part::Text => piece.text.clone(),
            Part::Variable => self.variable(name),
            Part::Made(form) => {
                let value = self.variable(name);
                let is_array = name.ends_with("[@]") || name.ends_with("[*]");
                match form.as_bytes()[0] {
                    b':' | b'-' if value.is_empty() => word,
                    b':' | b'-' => value,
                    b'l' if is_array => self.all(name).len().to_string(),
                    b'l' => value.chars().count().to_string(),
                    b'/' => replaced(&value, &word, form.len() > 1),
                    _ => trimmed(&value, form, &word),
                }
            }
            Part::Output => {
                let Some(output) = self.outputs.get(self.used) else {
                    self.wanted = piece.block.clone();
                    return None;
                };
                self.used += 1;
                output.trim_end_matches('\n').to_string()
            }
            Part::Sum => {
                let mut sum = Sum { rest: &word, env: self.env, depth: 0 };
                let Some(value) = sum.level(0).filter(|_| sum.rest.trim().is_empty()) else {
                    self.wrong = Some(word + ": syntax error in expression");
                    return None;
                };
                value.to_string()
            }
            Part::List | Part::Set | Part::Redirect(..) => word,
        })
    }

    /// The word in a piece.
    fn inner(&mut self, piece: &Piece) -> Option<String> {
        piece.words.first().map_or(Some(String::new()), |word| self.one(word))
    }

    /// All elements of an array or, after `!`, their places; all arguments.
    fn all(&self, name: &str) -> Vec<String> {
        if matches!(name, "@" | "*") {
            return self.env.args.clone();
        }
        let places = name.strip_prefix('!');
        let mut all = Vec::new();
        for element in self.env.look(places.unwrap_or(name)) {
            all.push(match places {
                Some(_) => all.len().to_string(),
                None => element.to_string(),
            });
        }
        all
    }

    fn variable(&self, name: &str) -> String {
        match name {
            "?" => self.env.status.to_string(),
            "#" => self.env.args.len().to_string(),
            "$" => "1".into(),
            "0" => "bash".into(),
            name if name.starts_with(|c: char| c.is_ascii_digit()) => {
                let at = name.parse::<usize>().unwrap_or(0);
                self.env.args.get(at.wrapping_sub(1)).cloned().unwrap_or_default()
            }
            name => self.all(name).join(" "),
        }
    }
}

/// Whole numbers with `+ - * / % < <= > >= == !=` and parentheses.
struct Sum<'s> {
    rest: &'s str,
    env: &'s Env,
    /// How many signs and parentheses are open.
    depth: u32,
}

/// So many at most: what stands deeper in each other is no sum that anybody wrote.
const SUM_DEPTH: u32 = 100;

/// Operators by how strongly they bind, weakest first.
const LEVELS: [&[&str]; 3] = [&["<=", ">=", "==", "!=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

impl Sum<'_> {
    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn level(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(level) else { return self.atom() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.skip(operator)) {
            let right = self.level(level + 1)?;
            left = match *operator {
                "+" => left.checked_add(right)?,
                "-" => left.checked_sub(right)?,
                "*" => left.checked_mul(right)?,
                "/" => left.checked_div(right)?,
                "%" => left.checked_rem(right)?,
                "<" => i64::from(left < right),
                "<=" => i64::from(left <= right),
                ">" => i64::from(left > right),
                ">=" => i64::from(left >= right),
                "==" => i64::from(left == right),
                _ => i64::from(left != right),
            };
        }
        Some(left)
    }

    fn atom(&mut self) -> Option<i64> {
        let open = self.skip("(");
        if open || self.skip("-") {
            self.depth += 1;
            if self.depth > SUM_DEPTH {
                return None;
            }
            let value = if open { self.level(0)? } else { self.atom()?.checked_neg()? };
            self.depth -= 1;
            return (!open || self.skip(")")).then_some(value);
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        let number = match super::read::is_name(word) {
            true => self.env.look(word).first().copied().unwrap_or("0"),
            false => word,
        };
        number.parse().ok()
    }
}

/// `{1..3}` and `{a,b}` in unquoted text make several words of one: which piece becomes what.
fn braces(word: &[&Piece]) -> Option<(usize, Vec<String>)> {
    for (n, piece) in word.iter().enumerate() {
        let Some(text) = piece.plain(false) else { continue };
        for (open, _) in text.match_indices('{') {
            let Some(close) = text[open..].find('}').map(|at| at + open) else { break };
            let mut parts = alternatives(&text[open + 1..close]);
            for part in &mut parts {
                *part = [&text[..open], part, &text[close + 1..]].concat();
            }
            if !parts.is_empty() {
                return Some((n, parts));
            }
        }
    }
    None
}

/// What stands for a pair of braces with this in it.
fn alternatives(inner: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some((from, to)) = inner.split_once("..") {
        if let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) {
            for n in 0..=from.abs_diff(to).min(WORDS_MAX as u64) as i64 {
                let number = if from <= to { from + n } else { from - n };
                parts.push(number.to_string());
            }
        }
    } else if inner.contains(',') && !inner.contains('{') {
        parts.extend(inner.split(',').map(String::from));
    }
    parts
}

/// `value` without the beginning (`#`) or the end (`%`) that `pattern` means: the shortest one,
/// or the longest if the sign is doubled.
fn trimmed(value: &str, form: &str, pattern: &str) -> String {
    let turned = |text: &str| text.chars().rev().collect::<String>();
    let long = form.len() > 1;
    match (form.starts_with('#'), long) {
        (true, _) => {
            let found = Pattern::glob(pattern, [true, false, !long]).span(value, 0);
            value[found.map_or(0, |(_, end)| end)..].into()
        }
        (false, true) => {
            let found = Pattern::glob(pattern, [false, true, false]).span(value, 0);
            value[..found.map_or(value.len(), |(start, _)| start)].into()
        }
        // The shortest end is the shortest beginning of what is turned round.
        (false, false) => turned(&trimmed(&turned(value), "#", &turned(pattern))),
    }
}

/// `value` with what a pattern means replaced: `how` is `pattern/text`.
fn replaced(value: &str, how: &str, all: bool) -> String {
    let (pattern, text) = how.split_once('/').unwrap_or((how, ""));
    let pattern = Pattern::glob(pattern, [false; 3]);
    let (mut out, mut from) = (String::new(), 0);
    while out.len() <= TEXT_MAX
        && let Some((start, end)) = pattern.span(value, from)
        && start < end
    {
        out.push_str(&value[from..start]);
        out.push_str(text);
        from = end;
        if !all {
            break;
        }
    }
    out + &value[from..]
}

/// Whether the text `name` is one that `pattern` means. A star that took too little takes one more:
/// none before the last needs to be asked again.
pub(super) fn globs(pattern: &str, name: &str) -> bool {
    let (mut wanted, mut left) = (pattern.chars(), name.chars());
    let mut star = None;
    loop {
        let (before, found) = (left.clone(), left.next());
        match (wanted.next(), found) {
            (Some('*'), _) => {
                star = Some((wanted.clone(), before.clone()));
                left = before;
            }
            (None, None) => return true,
            (Some(c), Some(one)) if c == '?' || c == one => {}
            _ => {
                let Some((after, taken)) = &mut star else { return false };
                if taken.next().is_none() {
                    return false;
                }
                (wanted, left) = (after.clone(), taken.clone());
            }
        }
    }
}
