//! A script as a tree: what bash's grammar calls lists, pipelines, simple and compound commands.
//!
//! Not here: arrays with names for places or gaps between them, `select`; the reader refuses it by
//! name.

use std::rc::Rc;

/// Statements one after another, each of one pipeline or several joined by `&&` and `||`.
pub type Block = Rc<Vec<Pipeline>>;

/// When a pipeline runs, given how the one before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It begins a statement.
    First,
    /// After `&&`.
    And,
    /// After `||`.
    Or,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub struct Pipeline {
    /// When it runs.
    pub join: Join,
    /// After `!`: success counts as failure.
    pub negated: bool,
    /// The commands.
    pub commands: Vec<Rc<Command>>,
}

impl Pipeline {
    /// A statement of one command.
    pub fn of(command: Command) -> Pipeline {
        Pipeline { join: Join::First, negated: false, commands: vec![Rc::new(command)] }
    }
}

/// A command with its redirections. All kinds have the same parts; `What` says which of them
/// each kind fills.
#[derive(Debug)]
pub struct Command {
    /// What it does.
    pub what: What,
    /// What it is about, by name.
    pub name: String,
    /// Variables that it sets.
    pub sets: Vec<(String, Word)>,
    /// Its words.
    pub words: Vec<Word>,
    /// What stands in it.
    pub blocks: Vec<Block>,
    /// Where it reads and writes.
    pub redirects: Vec<Redirect>,
}

impl Command {
    /// A command of this kind in which nothing stands yet.
    pub fn new(what: What) -> Command {
        Command {
            what,
            name: String::new(),
            sets: Vec::new(),
            words: Vec::new(),
            blocks: Vec::new(),
            redirects: Vec::new(),
        }
    }
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Sets variables and, if there are words, runs what the first one names.
    Simple,
    /// `for NAME in WORDS; do BLOCK; done`
    For,
    /// `while BLOCK; do BLOCK; done`
    While,
    /// `until BLOCK; do BLOCK; done`
    Until,
    /// `if BLOCK; then BLOCK; elif BLOCK; then BLOCK; else BLOCK; fi`: with `else` the number
    /// of blocks is odd.
    If,
    /// `case WORD in PATTERN) BLOCK ;; esac`: the subject and all patterns are its words, and
    /// each pattern has a block.
    Case,
    /// `NAME() BLOCK`
    Function,
    /// `BLOCK &`; its text is the name.
    Behind,
    /// `{ BLOCK; }`
    Group,
    /// `( BLOCK )`: in an environment of its own.
    Subshell,
}

/// One redirection.
#[derive(Debug)]
pub struct Redirect {
    /// 0, 1 or 2; 3 stands for both 1 and 2.
    pub stream: u8,
    /// Whence or whither.
    pub how: How,
    /// The file, or the text of a heredoc.
    pub word: Word,
}

/// How a stream is redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// From a file.
    Read,
    /// Into a file, from its beginning.
    Write,
    /// Into a file, at its end.
    Append,
    /// From the text itself.
    Text,
    /// Where this stream goes.
    Same(u8),
}

/// A word before its expansion.
pub type Word = Vec<Piece>;

/// A part of a word.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What stands for it.
    pub part: Part,
    /// The text, or the variable's name.
    pub text: String,
    /// It stands in quotes. Text that does not may name files by a pattern.
    pub quoted: bool,
    /// Words in it.
    pub words: Vec<Word>,
}

impl Piece {
    /// Text.
    pub fn text(text: &str, quoted: bool) -> Piece {
        Piece::new(Part::Text, text, quoted)
    }

    /// A part without words in it.
    pub fn new(part: Part, text: &str, quoted: bool) -> Piece {
        Piece { part, text: text.into(), quoted, words: Vec::new() }
    }

    /// The text if it is no more than that, quoted or not.
    pub fn plain(&self, quoted: bool) -> Option<&str> {
        (matches!(self.part, Part::Text) && self.quoted == quoted).then_some(&*self.text)
    }
}

/// What a part of a word stands for.
#[derive(Clone, Debug)]
pub enum Part {
    /// Text.
    Text,
    /// `$NAME`
    Variable,
    /// A variable of which something is made: `${NAME:-WORD}`, `${NAME%WORD}`, `${#NAME}`, which
    /// is "length".
    Made(&'static str),
    /// `$(…)` or backticks.
    Output(Block),
    /// `$((WORD))`
    Sum,
    /// `(…)` after `NAME=`: its words are the elements of an array.
    List,
}
