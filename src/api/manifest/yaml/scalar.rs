//! Scalars: plain ones over several lines, quoted ones, block scalars.

use super::resolve::resolve;
use super::{Node, Parsed, Parser, Place, Yaml};
use serde_json::Value;

impl Parser<'_> {
    /// Whether a plain scalar may start here.
    pub(super) fn plain_starts(&self, flow: bool) -> bool {
        let follows = |byte: Option<u8>| match byte {
            None | Some(b' ' | b'\t' | b'\n' | b'\r') => false,
            Some(b',' | b'[' | b']' | b'{' | b'}') => !flow,
            Some(_) => true,
        };
        match self.peek() {
            None => false,
            Some(b'-') => !matches!(self.peek_at(1), None | Some(b' ' | b'\t' | b'\n' | b'\r')),
            Some(b'?' | b':') => follows(self.peek_at(1)),
            Some(
                b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
                | b'"' | b'%' | b'@' | b'`' | b' ' | b'\t' | b'\n' | b'\r',
            ) => false,
            Some(_) => true,
        }
    }

    /// Whether the colon here ends a key.
    pub(super) fn colon_ends_key(&self, flow: bool) -> bool {
        self.peek() == Some(b':')
            && match self.peek_at(1) {
                None | Some(b' ' | b'\t' | b'\n' | b'\r') => true,
                Some(b',' | b'[' | b']' | b'{' | b'}') => flow,
                Some(_) => false,
            }
    }

    /// The rest of a plain scalar on this line, without spaces at its end.
    pub(super) fn plain_line(&mut self, flow: bool) -> &str {
        let start = self.at;
        let mut end = start;
        while let Some(byte) = self.peek() {
            let over = match byte {
                b'\n' | b'\r' => true,
                b':' => self.colon_ends_key(flow),
                b'#' => self.at > start && self.after_space(),
                b',' | b'[' | b']' | b'{' | b'}' => flow,
                _ => false,
            };
            if over {
                break;
            }
            self.at += 1;
            if !matches!(byte, b' ' | b'\t') {
                end = self.at;
            }
        }
        self.at = end.max(start);
        &self.text[start..self.at]
    }

    /// A plain scalar as a value: it goes on in lines that are indented at least `indent`.
    pub(super) fn plain(&mut self, indent: i32, flow: bool) -> Parsed<Node> {
        let place = self.place();
        let mut text = self.plain_line(flow).to_string();
        loop {
            let bracket = |byte: u8| b",[]{}".contains(&byte);
            if flow && self.peek() == Some(b':') && self.peek_at(1).is_some_and(bracket) {
                return self.fail("found unexpected ':'", "put a space after the colon");
            }
            if !flow && self.colon_ends_key(false) {
                return self.fail(
                    "mapping values are not allowed in this context",
                    "a key was begun inside a value: check the indentation of this line and \
                     the one before, or quote the value",
                );
            }
            let saved = (self.at, self.line, self.line_start);
            self.skip_spaces();
            if !matches!(self.peek(), Some(b'\n' | b'\r')) {
                (self.at, self.line, self.line_start) = saved;
                break;
            }
            let breaks = self.line_breaks();
            let goes_on = self.plain_continues(indent, flow);
            if !goes_on {
                (self.at, self.line, self.line_start) = saved;
                break;
            }
            fold(&mut text, breaks);
            let more = self.plain_line(flow).to_string();
            text.push_str(&more);
        }
        Ok(Node { place, value: Yaml::Scalar(resolve(&text), text) })
    }

    /// Steps over line ends and indentation; gives back how many lines ended.
    fn line_breaks(&mut self) -> usize {
        let mut breaks = 0;
        while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            breaks += usize::from(byte == b'\n');
            self.step();
        }
        breaks
    }

    fn plain_continues(&self, indent: i32, flow: bool) -> bool {
        let starts = match self.peek() {
            None | Some(b'#') => false,
            // Inside, only what ends a flow collection ends the scalar.
            Some(b',' | b'[' | b']' | b'{' | b'}') => !flow,
            Some(b':') => !self.colon_ends_key(flow),
            Some(_) => true,
        };
        let dash = self.peek() == Some(b'-') && matches!(self.peek_at(1), Some(b' ' | b'\n'));
        starts && (flow || self.column() >= indent && !(dash && self.column() == indent - 1))
    }

    /// A quoted scalar.
    pub(super) fn quoted(&mut self) -> Parsed<Node> {
        let place = self.place();
        let quote = self.peek().unwrap_or(b'"');
        self.at += 1;
        let mut text = String::new();
        // Escaped spaces at a line's end stay; others do not.
        let mut solid = 0;
        loop {
            let Some(byte) = self.peek() else {
                let hint = format!("the quote opened in line {} is not closed", place.line);
                return self.fail_at(place, "found unexpected end of stream", &hint);
            };
            match byte {
                b'\'' if quote == b'\'' && self.peek_at(1) == Some(b'\'') => {
                    text.push('\'');
                    self.at += 2;
                }
                _ if byte == quote => {
                    self.at += 1;
                    let raw = text.clone();
                    return Ok(Node { place, value: Yaml::Scalar(Value::String(text), raw) });
                }
                b'\\' if quote == b'"' => {
                    self.escape(&mut text)?;
                    solid = text.len();
                }
                b'\n' | b'\r' => {
                    let kept = text.trim_end_matches([' ', '\t']).len();
                    text.truncate(kept.max(solid));
                    let breaks = self.line_breaks();
                    fold(&mut text, breaks);
                }
                _ => {
                    let next = self.text[self.at..].chars().next().unwrap_or(' ');
                    text.push(next);
                    self.at += next.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Parsed<()> {
        let place = self.place();
        self.at += 1;
        let byte = self.peek().unwrap_or(b'\\');
        let plain = match byte {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b' ' | b'"' | b'/' | b'\\' => char::from(byte),
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'\n' => {
                self.line_breaks();
                return Ok(());
            }
            b'x' | b'u' | b'U' => {
                self.at += 1;
                let c = self.code_point(place, byte)?;
                text.push(c);
                return Ok(());
            }
            _ => {
                let hint = "in double quotes a backslash begins an escape: double it, or use \
                            single quotes";
                return self.fail_at(place, "found unknown escape character", hint);
            }
        };
        text.push(plain);
        self.at += 1;
        Ok(())
    }

    fn code_point(&mut self, place: Place, kind: u8) -> Parsed<char> {
        let length = match kind {
            b'x' => 2,
            b'u' => 4,
            _ => 8,
        };
        let mut code = self.hex(place, length)?;
        // JSON writes large characters as two halves.
        if (0xd800..0xdc00).contains(&code) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.hex(place, 4)?;
            code = 0x10000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
        }
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => self.fail_at(place, "found invalid Unicode character escape code", ""),
        }
    }

    fn hex(&mut self, place: Place, length: usize) -> Parsed<u32> {
        let digits = self.text.get(self.at..self.at + length).unwrap_or("");
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
        self.at += digits.len();
        match code.filter(|_| digits.len() == length) {
            Some(code) => Ok(code),
            None => self.fail_at(place, "did not find expected hexdecimal number", ""),
        }
    }

    /// A block scalar, `|` or `>`, in a collection indented `parent` (-1 at the top).
    pub(super) fn block_scalar(&mut self, parent: i32) -> Parsed<Node> {
        let place = self.place();
        let folded = self.peek() == Some(b'>');
        self.at += 1;
        let (mut chomp, mut indent) = (b' ', None);
        for _ in 0..2 {
            match self.peek() {
                Some(byte @ (b'+' | b'-')) if chomp == b' ' => chomp = byte,
                Some(digit @ b'1'..=b'9') if indent.is_none() => {
                    indent = Some(parent.max(0) + i32::from(digit - b'0'));
                }
                _ => break,
            }
            self.at += 1;
        }
        if !self.line_is_over() {
            return self.fail("did not find expected comment or line break", "");
        }
        self.to_line_end();
        let lines = self.block_lines(parent, indent)?;
        let mut text = join(&lines, folded);
        let blank_end = lines.iter().rev().take_while(|line| line.is_empty()).count();
        if !text.is_empty() || chomp == b'+' {
            match chomp {
                b'-' => {}
                b'+' => text.extend(std::iter::repeat_n(
                    '\n',
                    blank_end + usize::from(blank_end < lines.len()),
                )),
                _ => text.push('\n'),
            }
        }
        let raw = text.clone();
        Ok(Node { place, value: Yaml::Scalar(Value::String(text), raw) })
    }

    /// The lines of a block scalar without their indentation. Ends before the first line
    /// that is indented less.
    fn block_lines(&mut self, parent: i32, indent: Option<i32>) -> Parsed<Vec<String>> {
        let mut lines = Vec::new();
        let mut indent = indent;
        while self.peek().is_some() {
            let saved = (self.at, self.line, self.line_start);
            self.step();
            let width = self.bytes[self.at..].iter().take_while(|byte| **byte == b' ').count();
            let width = width as i32;
            let rest = &self.text[self.at..];
            let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
            if rest.is_empty() {
                break;
            }
            let blank = line.trim_start_matches(' ').is_empty();
            if blank && indent.is_none_or(|indent| width <= indent) {
                lines.push(String::new());
                self.to_line_end();
                continue;
            }
            let needed = *indent.get_or_insert(width.max(parent + 1).max(1));
            if width < needed {
                if width > parent && line.trim_start().starts_with('\t') {
                    return self
                        .fail("found a tab character where an indentation space is expected", "");
                }
                (self.at, self.line, self.line_start) = saved;
                break;
            }
            lines.push(line[needed as usize..].to_string());
            self.to_line_end();
        }
        Ok(lines)
    }
}

/// The end of a line inside a scalar: a space, or the blank lines as they are.
fn fold(text: &mut String, breaks: usize) {
    match breaks {
        0 => {}
        1 => text.push(' '),
        more => text.extend(std::iter::repeat_n('\n', more - 1)),
    }
}

/// The lines of a block scalar as one text, without the breaks at its end.
fn join(lines: &[String], folded: bool) -> String {
    let end = lines.len() - lines.iter().rev().take_while(|line| line.is_empty()).count();
    let mut text = String::new();
    let spaced = |line: &str| line.starts_with([' ', '\t']);
    let mut previous: Option<&str> = None;
    let mut breaks = 0;
    for line in &lines[..end] {
        if line.is_empty() && folded {
            breaks += 1;
            continue;
        }
        if let Some(previous) = previous {
            let keep = !folded || spaced(previous) || spaced(line);
            match (keep, breaks) {
                (true, blank) => text.extend(std::iter::repeat_n('\n', blank + 1)),
                (false, 0) => text.push(' '),
                (false, blank) => text.extend(std::iter::repeat_n('\n', blank)),
            }
        } else {
            text.extend(std::iter::repeat_n('\n', breaks));
        }
        breaks = 0;
        text.push_str(line);
        previous = Some(line);
    }
    text
}
