//! Reads a script. What is unfinished is told apart from what is wrong, so that a terminal can
//! ask for another line.
//!
//! A reader of our own: the well-kept parsers on offer read all of bash, and are many times the
//! size of what is needed here.
//!
//! Not here: words and quotes (`quote`); what `syntax` leaves out. Aliases and patterns are
//! expanded when a command runs.
//!
//! Upstream: POSIX, Shell Command Language; the words of errors are bash's.

use super::syntax::{Block, Chain, Command, How, Join, Piece, Pipeline, Redirect, What, Word};
use std::rc::Rc;

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More must follow; what bash says if nothing does.
    Unfinished(String),
    /// Bash's words for what is wrong.
    Wrong(String),
    /// Bash could, this shell cannot: a sentence about it.
    Unknown(String),
}

/// How deep things may stand in each other.
const DEPTH: u32 = 40;

pub(super) type Read<T> = Result<T, Fault>;

/// Words that end a block, besides the end of the text.
const CLOSERS: [&str; 10] = ["do", "done", "then", "elif", "else", "esac", "fi", "}", ")", ";;"];

/// Reads a whole script.
pub fn read(text: &str) -> Read<Block> {
    let mut reader = Reader { text, at: 0, depth: 0, resume: None };
    let block = reader.block()?;
    match reader.token() {
        "" => Ok(block),
        token => Err(unexpected(token)),
    }
}

pub(super) fn unexpected(token: &str) -> Fault {
    let token = if token.starts_with('\n') { "newline" } else { token };
    Fault::Wrong(format!("syntax error near unexpected token `{token}'"))
}

pub(super) fn ended() -> Fault {
    Fault::Unfinished("syntax error: unexpected end of file".into())
}

pub(super) fn unclosed(quote: &str) -> Fault {
    Fault::Unfinished(format!("unexpected EOF while looking for matching `{quote}'"))
}

pub(super) fn unknown(what: &str) -> Fault {
    Fault::Unknown(what.into())
}

pub(super) struct Reader<'t> {
    pub text: &'t str,
    pub at: usize,
    pub depth: u32,
    /// Where reading goes on after this line: behind the heredocs that it named.
    pub resume: Option<usize>,
}

impl<'t> Reader<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n'
            && let Some(at) = self.resume.take()
        {
            self.at = at;
        }
        Some(c)
    }

    pub(super) fn skip(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Past blanks, remarks and continued lines.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => drop(self.take()),
                Some('\\') if self.rest().starts_with("\\\n") => self.at += 2,
                Some('#') => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Past blanks and empty lines.
    pub(super) fn lines(&mut self) {
        self.blanks();
        while self.peek() == Some('\n') {
            self.take();
            self.blanks();
        }
    }

    /// What stands here: an operator, a word up to the next blank or operator; empty at the end.
    pub(super) fn token(&mut self) -> &'t str {
        self.blanks();
        let rest = self.rest();
        const OPERATORS: [&str; 14] =
            ["&&", "||", ";;", "<<", ">>", ";", "&", "|", "(", ")", "<", ">", "\n", "{ "];
        if let Some(operator) = OPERATORS.iter().find(|one| rest.starts_with(**one)) {
            return operator.trim_end_matches(' ');
        }
        &rest[..rest.find(is_special).unwrap_or(rest.len())]
    }

    fn expect(&mut self, token: &str) -> Read<()> {
        self.lines();
        match self.token() {
            found if found == token => {
                self.at += token.len();
                Ok(())
            }
            "" => Err(ended()),
            found => Err(unexpected(found)),
        }
    }

    pub(super) fn block(&mut self) -> Read<Block> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(unknown("Things so deep in each other are not here."));
        }
        let mut chains = Vec::new();
        loop {
            self.lines();
            let token = self.token();
            if token.is_empty() || CLOSERS.contains(&token) {
                break;
            }
            let from = self.at;
            let mut chain = Rc::new(self.chain()?);
            match self.token() {
                ";" => self.at += 1,
                "&" => {
                    let text = self.text[from..self.at].trim().to_string();
                    self.at += 1;
                    let what = What::Behind(Rc::new(vec![chain]), text);
                    let commands = vec![Rc::new(Command { what, redirects: Vec::new() })];
                    let pipeline = Rc::new(Pipeline { negated: false, commands });
                    chain = Rc::new(vec![(Join::First, pipeline)]);
                }
                _ => {}
            }
            chains.push(chain);
        }
        self.depth -= 1;
        Ok(Rc::new(chains))
    }

    /// A block that must hold something, up to the word `end`.
    fn body(&mut self, end: &str) -> Read<Block> {
        let block = self.block()?;
        match self.token() {
            "" => Err(ended()),
            found if block.is_empty() || found != end => Err(unexpected(found)),
            _ => {
                self.at += end.len();
                Ok(block)
            }
        }
    }

    fn chain(&mut self) -> Read<Chain> {
        let mut chain = vec![(Join::First, Rc::new(self.pipeline()?))];
        loop {
            let join = match self.token() {
                "&&" => Join::And,
                "||" => Join::Or,
                _ => return Ok(chain),
            };
            self.at += 2;
            self.lines();
            chain.push((join, Rc::new(self.pipeline()?)));
        }
    }

    fn pipeline(&mut self) -> Read<Pipeline> {
        let negated = self.token() == "!";
        if negated {
            self.at += 1;
        }
        let mut commands = vec![Rc::new(self.command()?)];
        while self.token() == "|" {
            self.at += 1;
            if self.peek() == Some('&') {
                return Err(unknown("`|&' is not here; `2>&1 |' is."));
            }
            self.lines();
            commands.push(Rc::new(self.command()?));
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Read<Command> {
        let token = self.token();
        let what = match token {
            "" => return Err(ended()),
            "for" => self.each()?,
            "while" | "until" => {
                self.at += 5;
                let test = self.body("do")?;
                What::While(token == "until", test, self.body("done")?)
            }
            "if" => self.choice()?,
            "{" => {
                self.at += 1;
                What::Group(false, self.body("}")?)
            }
            "(" => {
                self.at += 1;
                What::Group(true, self.body(")")?)
            }
            "case" => self.case()?,
            "function" => {
                self.at += 8;
                let name = self.token().to_string();
                self.at += name.len();
                return self.function(name);
            }
            "select" => return Err(unknown("`select' is not here; case, for and while are.")),
            _ => return self.simple(),
        };
        let mut redirects = Vec::new();
        while self.redirect(&mut redirects)? {}
        Ok(Command { what, redirects })
    }

    fn each(&mut self) -> Read<What> {
        self.at += 3;
        let name = self.token();
        if !is_name(name) {
            return match name {
                "" => Err(ended()),
                "(" => Err(unknown("This form of `for' is not here; `for i in {1..3}' is.")),
                _ => Err(Fault::Wrong(format!("`{name}': not a valid identifier"))),
            };
        }
        self.at += name.len();
        self.expect("in")?;
        let mut words = Vec::new();
        while let Some(word) = self.word()? {
            words.push(word);
        }
        match self.token() {
            ";" | "\n" => drop(self.take()),
            "" => return Err(ended()),
            found => return Err(unexpected(found)),
        }
        self.expect("do")?;
        Ok(What::For(name.into(), words, self.body("done")?))
    }

    fn choice(&mut self) -> Read<What> {
        self.at += 2;
        let mut arms = Vec::new();
        loop {
            let test = self.body("then")?;
            let block = self.block()?;
            arms.push((test, block));
            match self.token() {
                "elif" => self.at += 4,
                "else" => {
                    self.at += 4;
                    return Ok(What::If(arms, Some(self.body("fi")?)));
                }
                "fi" => {
                    self.at += 2;
                    return Ok(What::If(arms, None));
                }
                "" => return Err(ended()),
                found => return Err(unexpected(found)),
            }
        }
    }

    fn case(&mut self) -> Read<What> {
        self.at += 4;
        let subject = self.some_word()?;
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.lines();
            if self.skip("esac") {
                return Ok(What::Case(subject, arms));
            }
            self.skip("(");
            let mut patterns = vec![self.some_word()?];
            while self.token() == "|" {
                self.at += 1;
                patterns.push(self.some_word()?);
            }
            self.expect(")")?;
            arms.push((patterns, self.block()?));
            match self.token() {
                ";;" => self.at += 2,
                "esac" => {}
                "" => return Err(ended()),
                found => return Err(unexpected(found)),
            }
        }
    }

    fn some_word(&mut self) -> Read<Word> {
        match self.word()? {
            Some(word) => Ok(word),
            None if self.token().is_empty() => Err(ended()),
            None => Err(unexpected(self.token())),
        }
    }

    /// A function, from behind its name.
    fn function(&mut self, name: String) -> Read<Command> {
        if !name.chars().all(|c| is_name_part(c) || c == '-') {
            return Err(Fault::Wrong(format!("`{name}': not a valid identifier")));
        }
        if self.token() == "(" {
            self.at += 1;
            self.expect(")")?;
        }
        self.lines();
        match self.token() {
            "" => return Err(ended()),
            "{" | "(" => {}
            found => return Err(unexpected(found)),
        }
        let body = Rc::new(self.command()?);
        Ok(Command { what: What::Function(name, body), redirects: Vec::new() })
    }

    fn simple(&mut self) -> Read<Command> {
        let (mut sets, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            if self.redirect(&mut redirects)? {
                continue;
            }
            let from = self.at;
            if is_open_test(&words)
                && let sign @ ("&&" | "||") = self.token()
            {
                self.at += 2;
                words.push(vec![Piece::Text(sign.into(), true)]);
                continue;
            }
            let Some(mut word) = self.word()? else { break };
            if words.is_empty()
                && let Some(name) = assigned(&mut word)
            {
                if self.text[from..self.at].ends_with('=') && self.skip("(") {
                    word.push(self.list()?);
                }
                sets.push((name, word));
                continue;
            }
            words.push(word);
            if let [word] = &words[..]
                && let [Piece::Text(name, false)] = &word[..]
                && self.token() == "("
            {
                return self.function(name.clone());
            }
        }
        if sets.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(unexpected(self.token()));
        }
        Ok(Command { what: What::Simple(sets, words), redirects })
    }

    fn redirect(&mut self, into: &mut Vec<Redirect>) -> Read<bool> {
        self.blanks();
        let start = self.at;
        let mut stream = None;
        if let Some(digit) = self.peek().and_then(|c| c.to_digit(3)) {
            self.at += 1;
            stream = u8::try_from(digit).ok();
        } else if self.rest().starts_with("&>") {
            self.at += 1;
            stream = Some(3);
        }
        let heads = ["<<<", "<<-", "<<", ">>", ">&", ">|", "<&", "<", ">"];
        let Some(head) = heads.into_iter().find(|head| self.rest().starts_with(head)) else {
            self.at = start;
            return Ok(false);
        };
        self.at += head.len();
        if self.peek() == Some('(') && head.len() == 1 {
            return Err(unknown("`<(…)' is not here; a pipe and `-f -' are."));
        }
        self.blanks();
        let from = self.at;
        let Some(mut word) = self.word()? else {
            return Err(match self.token() {
                "" => unexpected("newline"),
                found => unexpected(found),
            });
        };
        let mut stream = stream.unwrap_or(u8::from(head.starts_with('>')));
        let how = match head {
            "<<<" => {
                word.push(Piece::Text("\n".into(), true));
                How::Text
            }
            "<<" | "<<-" => {
                word = self.heredoc(&self.text[from..self.at], head == "<<-")?;
                How::Text
            }
            ">>" => How::Append,
            "<" => How::Read,
            ">&" | "<&" => match self.text[from..self.at].parse() {
                Ok(to @ 0..=2) => How::Same(to),
                _ if head == ">&" => {
                    stream = 3;
                    How::Write
                }
                _ => return Err(unknown("`<&' is not here.")),
            },
            _ => How::Write,
        };
        into.push(Redirect { stream, how, word });
        Ok(true)
    }
}

/// Whether a command's words begin with `[[` and do not end with `]]` yet.
fn is_open_test(words: &[Word]) -> bool {
    let is = |word: Option<&Word>, text: &str| match word.map(Vec::as_slice) {
        Some([Piece::Text(own, _)]) => own == text,
        _ => false,
    };
    is(words.first(), "[[") && !is(words.last(), "]]")
}

/// Takes `NAME=`, `NAME[PLACE]=` or `NAME+=` off the front of a word. What is there already then
/// stands before the value.
fn assigned(word: &mut Word) -> Option<String> {
    let Some(Piece::Text(text, false)) = word.first_mut() else { return None };
    let (left, value) = text.split_once('=')?;
    let name = left.strip_suffix('+').unwrap_or(left);
    let (own, place) = name.split_once('[').unwrap_or((name, "0]"));
    if !is_name(own) || place.len() < 2 || !place.ends_with(']') {
        return None;
    }
    let whole = if own == name { format!("{own}[+]") } else { name.to_string() };
    let (name, more) = (name.to_string(), name != left);
    *text = value.to_string();
    if more {
        word.insert(0, Piece::Variable(whole, true, None));
    }
    Some(name)
}

/// Whether `text` can be a variable's name.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| is_name_part(c) && !c.is_ascii_digit())
        && text.chars().all(is_name_part)
}

pub(super) fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn is_special(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}
