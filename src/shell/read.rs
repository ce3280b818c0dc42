//! Reads a script. What is unfinished is told apart from what is wrong, so that a terminal can
//! ask for another line.
//!
//! A reader of our own: the well-kept parsers on offer read all of bash, and are many times the
//! size of what is needed here.
//!
//! Not here: words, quotes and redirections (`quote`); what `syntax` leaves out. Aliases and
//! patterns are expanded when a command runs.
//!
//! Upstream: POSIX, Shell Command Language; the words of errors are bash's.

use super::syntax::{Block, Command, Join, Part, Piece, What, Word, add};
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

/// What was read; nothing if it is wrong, and then the reader keeps the fault.
pub(super) type Read<T> = Option<T>;

/// Words that end a block, besides the end of the text.
const CLOSERS: [&str; 10] = ["do", "done", "then", "elif", "else", "esac", "fi", "}", ")", ";;"];

/// Words that begin a command which is no simple one, and what ends each of its blocks.
const OPENERS: [(&str, What, &[&str]); 7] = [
    ("for", What::For, &["done"]),
    ("while", What::While, &["do", "done"]),
    ("until", What::Until, &["do", "done"]),
    ("if", What::If, &["then"]),
    ("{", What::Group, &["}"]),
    ("(", What::Subshell, &[")"]),
    ("case", What::Case, &[]),
];

/// Reads a whole script.
pub fn read(text: &str) -> Result<Block, Fault> {
    let mut reader = Reader::new(text, 0);
    let block = reader.block();
    if block.is_some() && !reader.token().is_empty() {
        reader.strayed();
    }
    match (reader.fault, block) {
        (None, Some(block)) => Ok(block),
        (fault, _) => Err(fault.unwrap_or_else(ended)),
    }
}

fn ended() -> Fault {
    Fault::Unfinished("syntax error: unexpected end of file".into())
}

fn unexpected(token: &str) -> Fault {
    let ends = token.is_empty() || token.starts_with('\n');
    let token = if ends { "newline" } else { token };
    Fault::Wrong(["syntax error near unexpected token `", token, "'"].concat())
}

pub(super) struct Reader<'t> {
    pub text: &'t str,
    pub at: usize,
    pub depth: u32,
    /// Where reading goes on after this line: behind the heredocs that it named.
    pub resume: Option<usize>,
    /// What is wrong.
    pub fault: Option<Fault>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, depth: u32) -> Reader<'t> {
        Reader { text, at: 0, depth, resume: None, fault: None }
    }

    /// Ends reading.
    pub(super) fn fail<T>(&mut self, fault: Fault) -> Read<T> {
        self.fault = Some(fault);
        None
    }

    /// Ends reading at something that is not here.
    pub(super) fn unknown<T>(&mut self, what: &str) -> Read<T> {
        self.fail(Fault::Unknown(what.into()))
    }

    /// Ends reading where `quote` should close something.
    pub(super) fn unclosed<T>(&mut self, quote: &str) -> Read<T> {
        let text = ["unexpected EOF while looking for matching `", quote, "'"];
        self.fail(Fault::Unfinished(text.concat()))
    }

    /// Ends reading at what cannot be a name.
    fn misnamed<T>(&mut self, name: &str) -> Read<T> {
        self.fail(Fault::Wrong(["`", name, "': not a valid identifier"].concat()))
    }

    /// Ends reading at what stands here and should not.
    pub(super) fn stray<T>(&mut self) -> Read<T> {
        self.strayed();
        None
    }

    fn strayed(&mut self) {
        self.fault = Some(match self.token() {
            "" => ended(),
            token => unexpected(token),
        });
    }

    pub(super) fn unexpected<T>(&mut self, token: &str) -> Read<T> {
        self.fail(unexpected(token))
    }

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
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.skip("\\\n") => {}
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
        for operator in OPERATORS {
            if rest.starts_with(operator) {
                return operator.trim_end_matches(' ');
            }
        }
        &rest[..rest.find(is_special).unwrap_or(rest.len())]
    }

    /// Past `token` if it stands here.
    pub(super) fn skip_token(&mut self, token: &str) -> bool {
        let found = self.token() == token;
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Read<()> {
        self.lines();
        if self.skip_token(token) { Some(()) } else { self.stray() }
    }

    /// Goes into something that stands in what is being read.
    pub(super) fn enter(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.unknown("Things so deep in each other are not here.");
        }
        Some(())
    }

    pub(super) fn block(&mut self) -> Read<Block> {
        self.enter()?;
        let mut block = Vec::new();
        loop {
            self.lines();
            let token = self.token();
            if token.is_empty() || CLOSERS.contains(&token) {
                break;
            }
            let (from, first) = (self.at, block.len());
            self.statement(&mut block)?;
            match self.token() {
                ";" => self.at += 1,
                "&" => {
                    let mut behind = Command::new(What::Behind);
                    behind.name = self.text[from..self.at].trim().into();
                    behind.blocks.push(Command::of(What::List, block.split_off(first)));
                    block.push(behind.alone());
                    self.at += 1;
                }
                _ => {}
            }
        }
        self.depth -= 1;
        Some(Command::of(What::List, block))
    }

    /// A block that must hold something, up to the word `end`.
    fn body(&mut self, command: &mut Command, end: &str) -> Read<()> {
        let block = self.block()?;
        if block.is_empty() || !self.skip_token(end) {
            return self.stray();
        }
        command.blocks.push(block);
        Some(())
    }

    /// Pipelines joined by `&&` and `||`.
    fn statement(&mut self, block: &mut Vec<Block>) -> Read<()> {
        let mut join = Join::First;
        loop {
            let negated = self.skip_token("!");
            let mut commands = vec![self.command()?];
            while self.skip_token("|") {
                if self.peek() == Some('&') {
                    return self.unknown("`|&' is not here; `2>&1 |' is.");
                }
                self.lines();
                commands.push(self.command()?);
            }
            block.push(Command::of(What::Pipeline(join, negated), commands));
            join = match self.token() {
                "&&" => Join::And,
                "||" => Join::Or,
                _ => return Some(()),
            };
            self.at += 2;
            self.lines();
        }
    }

    fn command(&mut self) -> Read<Block> {
        let token = self.token();
        match token {
            "" => return self.stray(),
            "function" => {
                self.at += token.len();
                let name = self.token();
                self.at += name.len();
                return self.function(name);
            }
            "select" => return self.unknown("`select' is not here; case, for and while are."),
            _ => {}
        }
        let Some((_, what, ends)) = OPENERS.iter().find(|(word, ..)| *word == token) else {
            return self.simple();
        };
        self.at += token.len();
        let mut command = Command::new(*what);
        match what {
            What::For => self.each(&mut command)?,
            What::Case => self.case(&mut command)?,
            _ => {}
        }
        for end in *ends {
            self.body(&mut command, end)?;
        }
        if *what == What::If {
            self.choice(&mut command)?;
        }
        while self.redirect(&mut command.redirects)? {}
        Some(Rc::new(command))
    }

    fn each(&mut self, command: &mut Command) -> Read<()> {
        let name = self.token();
        if !is_name(name) {
            return match name {
                "" => self.stray(),
                "(" => self.unknown("This form of `for' is not here; `for i in {1..3}' is."),
                _ => self.misnamed(name),
            };
        }
        self.at += name.len();
        command.name = name.into();
        self.expect("in")?;
        while let Some(word) = self.word()? {
            command.words.push(word);
        }
        match self.token() {
            ";" | "\n" => drop(self.take()),
            _ => return self.stray(),
        }
        self.expect("do")
    }

    /// What follows the first `then` of a condition.
    fn choice(&mut self, command: &mut Command) -> Read<()> {
        loop {
            let block = self.block()?;
            if block.is_empty() {
                return self.stray();
            }
            command.blocks.push(block);
            if self.skip_token("else") {
                return self.body(command, "fi");
            }
            if self.skip_token("fi") {
                return Some(());
            }
            if !self.skip_token("elif") {
                return self.stray();
            }
            self.body(command, "then")?;
        }
    }

    fn case(&mut self, command: &mut Command) -> Read<()> {
        let subject = self.some_word()?;
        command.words.push(subject);
        self.expect("in")?;
        loop {
            self.lines();
            if self.skip("esac") {
                return Some(());
            }
            self.skip("(");
            loop {
                command.words.push(self.some_word()?);
                if !self.skip_token("|") {
                    break;
                }
            }
            self.expect(")")?;
            let block = self.block()?;
            command.blocks.resize(command.words.len() - 1, block);
            if self.token() != "esac" && !self.skip_token(";;") {
                return self.stray();
            }
        }
    }

    fn some_word(&mut self) -> Read<Word> {
        match self.word()? {
            Some(word) => Some(word),
            None => self.stray(),
        }
    }

    /// A function, from behind its name.
    fn function(&mut self, name: &str) -> Read<Block> {
        if !name.chars().all(|c| is_name_part(c) || c == '-') {
            return self.misnamed(name);
        }
        if self.skip_token("(") {
            self.expect(")")?;
        }
        self.lines();
        if !matches!(self.token(), "{" | "(") {
            return self.stray();
        }
        let mut command = Command::new(What::Function);
        command.name = name.into();
        command.blocks.push(self.command()?);
        Some(Rc::new(command))
    }

    fn simple(&mut self) -> Read<Block> {
        let mut command = Command::new(What::Simple);
        loop {
            if self.redirect(&mut command.redirects)? {
                continue;
            }
            let from = self.at;
            if is_open_test(&command.words)
                && let sign @ ("&&" | "||") = self.token()
            {
                self.at += 2;
                command.words.push(vec![Piece::text(sign, true)]);
                continue;
            }
            let Some(mut word) = self.word()? else { break };
            if command.words.is_empty()
                && let Some(name) = assigned(&mut word)
            {
                if self.text[from..self.at].ends_with('=') && self.skip("(") {
                    self.list(&mut word)?;
                }
                add(&mut command.sets, Part::Set, &name, false).words.push(word);
                continue;
            }
            if let ([piece], []) = (&word[..], &command.words[..])
                && let Some(name) = piece.plain(false)
                && self.token() == "("
            {
                return self.function(name);
            }
            command.words.push(word);
        }
        let Command { sets, words, redirects, .. } = &command;
        if sets.is_empty() && words.is_empty() && redirects.is_empty() {
            let token = self.token();
            return self.unexpected(token);
        }
        Some(Rc::new(command))
    }
}

/// Whether a command's words begin with `[[` and do not end with `]]` yet.
fn is_open_test(words: &[Word]) -> bool {
    let is = |word: Option<&Word>, text: &str| match word.map(Vec::as_slice) {
        Some([piece]) => matches!(piece.part, Part::Text) && piece.text == text,
        _ => false,
    };
    is(words.first(), "[[") && !is(words.last(), "]]")
}

/// Takes `NAME=`, `NAME[PLACE]=` or `NAME+=` off the front of a word. What is there already then
/// stands before the value.
fn assigned(word: &mut Word) -> Option<String> {
    let piece = word.first_mut()?;
    let (left, value) = piece.plain(false)?.split_once('=')?;
    let name = left.strip_suffix('+').unwrap_or(left);
    let (own, place) = name.split_once('[').unwrap_or((name, "0]"));
    if !is_name(own) || place.len() < 2 || !place.ends_with(']') {
        return None;
    }
    let whole = if own == name { [own, "[+]"].concat() } else { name.to_string() };
    let (name, more) = (name.to_string(), name != left);
    piece.text = value.to_string();
    if more {
        let mut before = Piece::text(&whole, true);
        before.part = Part::Variable;
        word.insert(0, before);
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
