//! Reads words: quotes, escapes, variables, commands within words; redirections, heredocs.
//!
//! Upstream: POSIX, Shell Command Language, Quoting

use super::read::{Fault, Read, Reader, is_name_part, is_special, read};
use super::syntax::{Block, How, Part, Piece, Word};

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
        let heads = ["<<<", "<<-", "<<", ">>", ">&", ">|", "<&", "<", ">"];
        let Some(head) = heads.into_iter().find(|head| self.skip(head)) else {
            self.at = start;
            return Some(false);
        };
        if self.peek() == Some('(') && head.len() == 1 {
            return self.unknown("`<(…)' is not here; a pipe and `-f -' are.");
        }
        self.blanks();
        let from = self.at;
        let Some(mut word) = self.word()? else {
            return match self.token() {
                "" => self.unexpected("newline"),
                found => self.unexpected(found),
            };
        };
        let mut stream = stream.unwrap_or(u8::from(head.starts_with('>')));
        let written = &self.text[from..self.at];
        let how = match head {
            "<<<" => {
                word.push(Piece::text("\n", true));
                How::Text
            }
            "<<" | "<<-" => {
                word = self.heredoc(written, head == "<<-")?;
                How::Text
            }
            ">>" => How::Append,
            "<" => How::Read,
            ">&" | "<&" => match written {
                "0" => How::Same(0),
                "1" => How::Same(1),
                "2" => How::Same(2),
                _ if head == ">&" => {
                    stream = 3;
                    How::Write
                }
                _ => return self.unknown("`<&' is not here."),
            },
            _ => How::Write,
        };
        let mut redirect = Piece::new(Part::Redirect(stream, how), "", false);
        redirect.words.push(word);
        into.push(redirect);
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
        let mut bare = String::new();
        while let Some(c) = self.peek().filter(|c| !is_special(*c)) {
            if matches!(c, '\'' | '"' | '$' | '`') {
                flush(&mut word, &mut bare, false);
            }
            match c {
                '\\' => {
                    self.at += 1;
                    match self.take() {
                        Some('\n') => {}
                        Some(c) => {
                            flush(&mut word, &mut bare, false);
                            word.push(Piece::text(c.encode_utf8(&mut [0; 4]), true));
                        }
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
                c => {
                    bare.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        flush(&mut word, &mut bare, false);
        Some((!word.is_empty()).then_some(word))
    }

    /// The elements of an array, and the parenthesis that closes it.
    pub(super) fn list(&mut self) -> Read<Piece> {
        let mut list = Piece::new(Part::List, "", false);
        loop {
            self.lines();
            match self.word()? {
                Some(word) => list.words.push(word),
                None => {
                    self.closing()?;
                    return Some(list);
                }
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
        if self.skip("`") {
            return self.backticks(word, quoted);
        }
        if self.skip("$((") {
            let rest = self.rest();
            let Some(end) = rest.find("))") else { return self.unclosed(")") };
            let mut sum = Piece::new(Part::Sum, "", true);
            sum.words.push(self.inner(&rest[..end])?);
            self.at += end + 2;
            word.push(sum);
            return Some(());
        }
        if self.skip("$(") {
            let block = self.block()?;
            self.closing()?;
            return output(word, block, quoted);
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
        word.push(match &rest[..end] {
            "" => Piece::text("$", true),
            name => Piece::new(Part::Variable, name, quoted),
        });
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
            Ok(block) => output(word, block, quoted),
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
        let mut piece = Piece::new(Part::Variable, &self.text[from..self.at], quoted);
        let closed = self.skip("}");
        if closed && counted && !piece.text.is_empty() {
            piece.part = Part::Made("length");
        } else if !closed || piece.text.is_empty() {
            const FORMS: [&str; 8] = [":-", "-", "##", "#", "%%", "%", "//", "/"];
            let form = FORMS.into_iter().find(|form| self.skip(form));
            let Some(form) = form.filter(|_| !counted && !piece.text.is_empty()) else {
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
        word.push(piece);
        Some(())
    }
}

/// Puts on the word what a block writes.
fn output(word: &mut Word, block: Block, quoted: bool) -> Read<()> {
    let mut piece = Piece::new(Part::Output, "", quoted);
    piece.block = Some(block);
    word.push(piece);
    Some(())
}

/// Puts text that was read on the word.
fn flush(word: &mut Word, text: &mut String, quoted: bool) {
    if !text.is_empty() {
        word.push(Piece::text(text, quoted));
        text.clear();
    }
}
