//! Reads words: quotes, escapes, variables, commands within words, heredocs.
//!
//! Upstream: POSIX, Shell Command Language, Quoting

use super::read::{
    Fault, Read, Reader, ended, is_name_part, is_special, read, unclosed, unexpected, unknown,
};
use super::syntax::{Piece, Word};

impl Reader<'_> {
    /// The text of a heredoc, which begins on the next line.
    pub(super) fn heredoc(&mut self, mark: &str, strip: bool) -> Read<Word> {
        let end: String = mark.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
        let literal = end.len() != mark.len();
        let line = || self.rest().find('\n').map(|n| self.at + n + 1);
        let Some(from) = self.resume.or_else(line) else {
            return Err(Fault::Unfinished(format!(
                "warning: here-document delimited by end-of-file (wanted `{end}')"
            )));
        };
        let (mut text, mut at, mut closed) = (String::new(), from, false);
        for line in self.text[from..].split_inclusive('\n') {
            at += line.len();
            let shown = if strip { line.trim_start_matches('\t') } else { line };
            if shown.trim_end_matches('\n') == end {
                closed = true;
                break;
            }
            text.push_str(shown);
        }
        self.resume = Some(at);
        if !closed {
            return Err(Fault::Unfinished(format!(
                "warning: here-document delimited by end-of-file (wanted `{end}')"
            )));
        }
        if literal {
            return Ok(vec![Piece::Text(text, true)]);
        }
        let mut inner = Reader { text: &text, at: 0, depth: self.depth, resume: None };
        let mut word = Vec::new();
        inner.quoted(&mut word, None)?;
        Ok(word)
    }

    /// The next word, if one stands here.
    pub(super) fn word(&mut self) -> Read<Option<Word>> {
        self.blanks();
        let mut word = Vec::new();
        let mut bare = String::new();
        while let Some(c) = self.peek().filter(|c| !is_special(*c)) {
            if matches!(c, '\'' | '"' | '$' | '`') && !bare.is_empty() {
                word.push(Piece::Text(std::mem::take(&mut bare), false));
            }
            match c {
                '\\' => {
                    self.at += 1;
                    match self.take() {
                        Some('\n') => {}
                        Some(c) => {
                            if !bare.is_empty() {
                                word.push(Piece::Text(std::mem::take(&mut bare), false));
                            }
                            word.push(Piece::Text(c.into(), true));
                        }
                        None => return Err(ended()),
                    }
                }
                '\'' => {
                    self.at += 1;
                    let rest = self.rest();
                    let end = rest.find('\'').ok_or_else(|| unclosed("'"))?;
                    word.push(Piece::Text(rest[..end].into(), true));
                    self.at += end + 1;
                }
                '"' => {
                    self.at += 1;
                    word.push(Piece::Text(String::new(), true));
                    self.quoted(&mut word, Some('"'))?;
                }
                '$' | '`' => self.dollar(&mut word, false)?,
                c => {
                    bare.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        if !bare.is_empty() {
            word.push(Piece::Text(bare, false));
        }
        Ok((!word.is_empty()).then_some(word))
    }

    /// The elements of an array, and the parenthesis that closes it.
    pub(super) fn list(&mut self) -> Read<Piece> {
        let mut words = Vec::new();
        loop {
            self.lines();
            match self.word()? {
                Some(word) => words.push(word),
                None if self.skip(")") => return Ok(Piece::List(words)),
                None => {
                    return Err(match self.token() {
                        "" => unclosed(")"),
                        found => unexpected(found),
                    });
                }
            }
        }
    }

    /// Quoted text up to `end`, or to the end of the text.
    pub(super) fn quoted(&mut self, word: &mut Word, end: Option<char>) -> Read<()> {
        let mut text = String::new();
        loop {
            let c = self.peek();
            if c == end || c.is_none() {
                self.take();
                word.push(Piece::Text(text, true));
                return if c == end { Ok(()) } else { Err(unclosed("\"")) };
            }
            match c {
                Some('$' | '`') => {
                    word.push(Piece::Text(std::mem::take(&mut text), true));
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
            let end = rest.find("))").ok_or_else(|| unclosed(")"))?;
            let mut inner = Reader { text: &rest[..end], at: 0, depth: self.depth, resume: None };
            let mut sum = Vec::new();
            inner.quoted(&mut sum, None)?;
            self.at += end + 2;
            word.push(Piece::Sum(sum));
            return Ok(());
        }
        if self.skip("$(") {
            let block = self.block()?;
            if self.token() != ")" {
                return Err(match self.token() {
                    "" => unclosed(")"),
                    found => unexpected(found),
                });
            }
            self.at += 1;
            word.push(Piece::Output(block, quoted));
            return Ok(());
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
            "" => Piece::Text("$".into(), true),
            name => Piece::Variable(name.into(), quoted, None),
        });
        self.at += end;
        Ok(())
    }

    fn backticks(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(unclosed("`")),
                Some('`') => break,
                Some('\\') if matches!(self.peek(), Some('`' | '\\' | '$')) => {
                    text.extend(self.take());
                }
                Some(c) => text.push(c),
            }
        }
        word.push(Piece::Output(read(&text)?, quoted));
        Ok(())
    }

    fn braces(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        let counted = self.rest().starts_with('#') && !self.rest().starts_with("#}");
        self.at += usize::from(counted);
        let places = self.rest().starts_with('!');
        self.at += usize::from(places);
        let rest = self.rest();
        let end = match rest.find(|c: char| !is_name_part(c)).ok_or_else(|| unclosed("}"))? {
            0 if rest.starts_with(['?', '#', '@', '*']) => 1,
            end => end,
        };
        let mut name = rest[..end].to_string();
        self.at += end;
        if rest[end..].starts_with('[') {
            let close = rest.find(']').ok_or_else(|| unclosed("}"))? + 1;
            name = rest[..close].to_string();
            self.at += close - end;
        }
        if places {
            name = format!("!{name}");
        }
        if self.skip("}") && !name.is_empty() {
            let what = counted.then(|| ("length", Word::new()));
            word.push(Piece::Variable(name, quoted, what));
            return Ok(());
        }
        const FORMS: [&str; 8] = [":-", "-", "##", "#", "%%", "%", "//", "/"];
        let form = FORMS.into_iter().find(|form| self.skip(form));
        let Some(form) = form.filter(|_| !counted && !name.is_empty()) else {
            return Err(unknown(
                "This form of `${…}' is not here; ${NAME}, ${NAME:-other}, ${#NAME}, \
                 ${NAME%end}, ${NAME#start}, ${NAME/from/to} and ${NAME[0]} are.",
            ));
        };
        let mut other = Vec::new();
        self.quoted(&mut other, Some('}')).map_err(|_| unclosed("}"))?;
        word.push(Piece::Variable(name, quoted, Some((form, other))));
        Ok(())
    }
}
