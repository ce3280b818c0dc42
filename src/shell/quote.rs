//! Reads words: quotes, escapes, variables, commands within words; redirections, heredocs.
//!
//! Upstream: POSIX, Shell Command Language, Quoting

use super::read::{Fault, Read, Reader, is_name_part, is_special, read};
use super::syntax::{How, Part, Piece, Word, add};

/// What begins a redirection, after the number of the stream.
const HEADS: [(&str, How); 9] = [
    ("<<<", How::Text),
    ("<<-", How::Text),
    ("<<", How::Text),
    (">>", How::Append),
    (">&", How::Write),
    (">|", How::Write),
    ("<&", How::Read),
    ("<", How::Read),
    (">", How::Write),
];

impl Reader<'_> {
    /// A redirection, if one stands here.
    pub(super) fn redirect(&mut self, into: &mut Word) -> Read<bool> {
        self.blanks();
        let start = self.at;
        let mut stream = self.peek().and_then(|c| c.to_digit(3)).map(|digit| digit as u8);
        if stream.is_some() || self.rest().starts_with("&>") {
            self.at += 1;
            stream = stream.or(Some(3));
        }
        let Some((head, how)) = HEADS.iter().find(|(head, _)| self.skip(head)) else {
            self.at = start;
            return Some(false);
        };
        if self.peek() == Some('(') && head.len() == 1 {
            return self.unknown("`<(…)' is not here; a pipe and `-f -' are.");
        }
        self.blanks();
        let from = self.at;
        let Some(mut word) = self.word()? else {
            let token = self.token();
            return self.unexpected(token);
        };
        let mut stream = stream.unwrap_or(u8::from(head.starts_with('>')));
        let (written, mut how) = (&self.text[from..self.at], *how);
        match (*head, written) {
            ("<<<", _) => word.push(Piece::text("\n", true)),
            ("<<" | "<<-", _) => word = self.heredoc(written, *head == "<<-")?,
            (">&" | "<&", "0" | "1" | "2") => how = How::Same(written.as_bytes()[0] - b'0'),
            (">&", _) => stream = 3,
            ("<&", _) => return self.unknown("`<&' is not here."),
            _ => {}
        }
        add(into, Part::Redirect(stream, how), "", false).words.push(word);
        Some(true)
    }

    /// The text of a heredoc, which begins on the next line.
    pub(super) fn heredoc(&mut self, mark: &str, strip: bool) -> Read<Word> {
        let end = mark.replace(['\'', '"', '\\'], "");
        let literal = end.len() != mark.len();
        let (mut text, mut closed) = (String::new(), false);
        let line = || self.rest().find('\n').map(|n| self.at + n + 1);
        if let Some(mut at) = self.resume.or_else(line) {
            for line in self.text[at..].split_inclusive('\n') {
                at += line.len();
                let shown = if strip { line.trim_start_matches('\t') } else { line };
                if shown.trim_end_matches('\n') == end {
                    closed = true;
                    break;
                }
                text.push_str(shown);
            }
            self.resume = Some(at);
        }
        if !closed {
            let words = ["warning: here-document delimited by end-of-file (wanted `", &end, "')"];
            return self.fail(Fault::Unfinished(words.concat()));
        }
        match literal {
            true => Some(vec![Piece::text(&text, true)]),
            false => self.inner(&text),
        }
    }

    /// The word that `text` is as if it stood in quotes.
    fn inner(&mut self, text: &str) -> Read<Word> {
        let mut inner = Reader::new(text, self.depth);
        let mut word = Vec::new();
        match inner.quoted(&mut word, None) {
            Some(()) => Some(word),
            None => {
                self.fault = inner.fault;
                None
            }
        }
    }

    /// The next word, if one stands here.
    pub(super) fn word(&mut self) -> Read<Option<Word>> {
        self.blanks();
        let mut word = Vec::new();
        while let Some(c) = self.peek().filter(|c| !is_special(*c)) {
            match c {
                '\\' => {
                    self.at += 1;
                    match self.take() {
                        Some('\n') => {}
                        Some(c) => word.push(Piece::text(c.encode_utf8(&mut [0; 4]), true)),
                        None => return self.stray(),
                    }
                }
                '\'' => {
                    self.at += 1;
                    let rest = self.rest();
                    let Some(end) = rest.find('\'') else { return self.unclosed("'") };
                    word.push(Piece::text(&rest[..end], true));
                    self.at += end + 1;
                }
                '"' => {
                    self.at += 1;
                    word.push(Piece::text("", true));
                    self.quoted(&mut word, Some('"'))?;
                }
                '$' | '`' => self.dollar(&mut word, false)?,
                _ => {
                    let rest = self.rest();
                    let ends = |c| is_special(c) || matches!(c, '\\' | '\'' | '"' | '$' | '`');
                    let text = &rest[..rest.find(ends).unwrap_or(rest.len())];
                    match word.last_mut() {
                        Some(last) if last.plain(false).is_some() => last.text.push_str(text),
                        _ => word.push(Piece::text(text, false)),
                    }
                    self.at += text.len();
                }
            }
        }
        Some((!word.is_empty()).then_some(word))
    }

    /// The elements of an array, and the parenthesis that closes it.
    pub(super) fn list(&mut self, into: &mut Word) -> Read<()> {
        let list = add(into, Part::List, "", false);
        loop {
            self.lines();
            match self.word()? {
                Some(word) => list.words.push(word),
                None => return self.closing(),
            }
        }
    }

    /// The parenthesis that must stand here.
    fn closing(&mut self) -> Read<()> {
        if self.skip_token(")") {
            return Some(());
        }
        match self.token() {
            "" => self.unclosed(")"),
            found => self.unexpected(found),
        }
    }

    /// Quoted text up to `end`, or to the end of the text.
    pub(super) fn quoted(&mut self, word: &mut Word, end: Option<char>) -> Read<()> {
        let mut text = String::new();
        loop {
            let c = self.peek();
            if c == end || c.is_none() {
                self.take();
                word.push(Piece::text(&text, true));
                return if c == end { Some(()) } else { self.unclosed("\"") };
            }
            match c {
                Some('$' | '`') => {
                    word.push(Piece::text(&text, true));
                    text.clear();
                    self.dollar(word, true)?;
                }
                Some('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n') => self.at += 1,
                        Some(c) if matches!(c, '$' | '`' | '\\') || Some(c) == end => {
                            text.push(c);
                            self.at += 1;
                        }
                        _ => text.push('\\'),
                    }
                }
                c => {
                    text.extend(c);
                    self.take();
                }
            }
        }
    }

    /// What begins with a dollar sign or a backtick.
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        self.enter()?;
        self.named(word, quoted)?;
        self.depth -= 1;
        Some(())
    }

    fn named(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        if self.skip("`") {
            return self.backticks(word, quoted);
        }
        if self.skip("$((") {
            let rest = self.rest();
            let mut open = 0;
            let ends = |(at, sign): (usize, &str)| {
                open += if sign == "(" { 1 } else { -1 };
                (open < 0 && rest[at..].starts_with("))")).then_some(at)
            };
            let found = rest.match_indices(['(', ')']).find_map(ends);
            let Some(end) = found else { return self.unclosed(")") };
            let inner = self.inner(&rest[..end])?;
            add(word, Part::Sum, "", true).words.push(inner);
            self.at += end + 2;
            return Some(());
        }
        if self.skip("$(") {
            let block = self.block()?;
            self.closing()?;
            add(word, Part::Output, "", quoted).block = Some(block);
            return Some(());
        }
        if self.skip("${") {
            return self.braces(word, quoted);
        }
        self.at += 1;
        let rest = self.rest();
        let end = match rest.chars().next() {
            Some('?' | '#' | '@' | '*' | '$' | '!' | '0'..='9') => 1,
            _ => rest.find(|c: char| !is_name_part(c)).unwrap_or(rest.len()),
        };
        match &rest[..end] {
            "" => add(word, Part::Text, "$", true),
            name => add(word, Part::Variable, name, quoted),
        };
        self.at += end;
        Some(())
    }

    fn backticks(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        let mut text = String::new();
        loop {
            match self.take() {
                None => return self.unclosed("`"),
                Some('`') => break,
                Some('\\') if matches!(self.peek(), Some('`' | '\\' | '$')) => {
                    text.extend(self.take());
                }
                Some(c) => text.push(c),
            }
        }
        match read(&text) {
            Ok(block) => {
                add(word, Part::Output, "", quoted).block = Some(block);
                Some(())
            }
            Err(fault) => self.fail(fault),
        }
    }

    fn braces(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        let counted = !self.rest().starts_with("#}") && self.skip("#");
        let from = self.at;
        self.skip("!");
        let rest = self.rest();
        let Some(mut end) = rest.find(|c: char| !is_name_part(c)) else {
            return self.unclosed("}");
        };
        if end == 0 && rest.starts_with(['?', '#', '@', '*']) {
            end = 1;
        }
        if rest[end..].starts_with('[') {
            let Some(close) = rest.find(']') else { return self.unclosed("}") };
            end = close + 1;
        }
        self.at += end;
        let name = &self.text[from..self.at];
        let piece = add(word, Part::Variable, name, quoted);
        let closed = self.skip("}");
        if closed && counted && !name.is_empty() {
            piece.part = Part::Made("length");
        } else if !closed || name.is_empty() {
            const FORMS: [&str; 8] = [":-", "-", "##", "#", "%%", "%", "//", "/"];
            let form = FORMS.into_iter().find(|form| self.skip(form));
            let Some(form) = form.filter(|_| !counted && !name.is_empty()) else {
                return self.unknown(
                    "This form of `${…}' is not here; ${NAME}, ${NAME:-other}, ${#NAME}, \
                     ${NAME%end}, ${NAME#start}, ${NAME/from/to} and ${NAME[0]} are.",
                );
            };
            let mut other = Vec::new();
            if self.quoted(&mut other, Some('}')).is_none() {
                return self.unclosed("}");
            }
            piece.part = Part::Made(form);
            piece.words.push(other);
        }
        Some(())
    }
}
