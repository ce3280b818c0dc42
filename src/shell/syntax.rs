//! A script as a tree: what bash's grammar calls lists, pipelines, simple and compound commands.
//!
//! Not here: arrays with names for places or gaps between them, `select`; the reader refuses it by
//! name.

use std::rc::Rc;

/// Statements one after another.
pub type Block = Rc<Vec<Rc<Chain>>>;

/// Pipelines joined by `&&` and `||`.
pub type Chain = Vec<(Join, Rc<Pipeline>)>;

/// When a pipeline runs, given how the one before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It is the first.
    First,
    /// After `&&`.
    And,
    /// After `||`.
    Or,
}

/// Commands joined by `|`.
#[derive(Debug, PartialEq)]
pub struct Pipeline {
    /// After `!`: success counts as failure.
    pub negated: bool,
    /// The commands.
    pub commands: Vec<Rc<Command>>,
}

/// A command with its redirections.
#[derive(Debug, PartialEq)]
pub struct Command {
    /// What it does.
    pub what: What,
    /// Where it reads and writes.
    pub redirects: Vec<Redirect>,
}

/// What a command does.
#[derive(Debug, PartialEq)]
pub enum What {
    /// Sets variables and, if there are words, runs what the first one names.
    Simple(Vec<(String, Word)>, Vec<Word>),
    /// `for NAME in WORDS; do BLOCK; done`
    For(String, Vec<Word>, Block),
    /// `while BLOCK; do BLOCK; done`; `until` if the flag is set.
    While(bool, Block, Block),
    /// `if BLOCK; then BLOCK; elif …; else BLOCK; fi`
    If(Vec<(Block, Block)>, Option<Block>),
    /// `case WORD in PATTERN|PATTERN) BLOCK ;; esac`
    Case(Word, Vec<(Vec<Word>, Block)>),
    /// `NAME() COMMAND`
    Function(String, Rc<Command>),
    /// `STATEMENT &`, and its text.
    Behind(Block, String),
    /// `{ BLOCK; }`, or `( BLOCK )` if the flag is set: then in an environment of its own.
    Group(bool, Block),
}

/// One redirection.
#[derive(Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text, quoted or not. Unquoted text may name files by a pattern.
    Text(String, bool),
    /// `$NAME`, quoted or not, and what is done with it: `${NAME:-WORD}`, `${NAME%WORD}`.
    Variable(String, bool, Option<(&'static str, Word)>),
    /// `$(…)` or backticks, quoted or not.
    Output(Block, bool),
    /// `$((…))`.
    Sum(Word),
    /// `(…)` after `NAME=`: the elements of an array.
    List(Vec<Word>),
}
