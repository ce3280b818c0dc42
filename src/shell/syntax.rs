//! A script as a tree: what bash's grammar calls lists, pipelines, simple and compound commands.
//!
//! Not here: arrays with names for places or gaps between them, `select`; the reader refuses it by
//! name.

use std::rc::Rc;

/// Statements one after another: a command that is a list.
pub type Block = Rc<Command>;

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

/// A command with its redirections, a pipeline, or a list. All kinds have the same parts; `What`
/// says which of them each kind fills.
#[derive(Debug)]
pub struct Command {
    /// What it does.
    pub what: What,
    /// What it is about, by name.
    pub name: String,
    /// Variables that it sets, each a `Part::Set`.
    pub sets: Word,
    /// Its words.
    pub words: Vec<Word>,
    /// What stands in it.
    pub blocks: Vec<Block>,
    /// Where it reads and writes, each a `Part::Redirect`.
    pub redirects: Word,
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

    /// A command of this kind in which only these stand.
    pub fn of(what: What, blocks: Vec<Block>) -> Block {
        let mut command = Command::new(what);
        command.blocks = blocks;
        Rc::new(command)
    }

    /// Whether no commands stand in it.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A statement of one command.
    pub fn alone(self) -> Block {
        Command::of(What::Pipeline(Join::First, false), vec![Rc::new(self)])
    }
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Pipelines one after another.
    List,
    /// Commands joined by `|`, and when they run. With the flag, after `!`, success counts as
    /// failure.
    Pipeline(Join, bool),
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

/// Adds a part to a word, and gives it back for what stands in it.
pub fn add<'w>(word: &'w mut Word, part: Part, text: &str, quoted: bool) -> &'w mut Piece {
    word.push(Piece { part, text: text.into(), quoted, words: Vec::new(), block: None });
    let last = word.len() - 1;
    &mut word[last]
}

/// A part of a word.
#[derive(Debug)]
pub struct Piece {
    /// What stands for it.
    pub part: Part,
    /// The text, or the variable's name.
    pub text: String,
    /// It stands in quotes. Text that does not may name files by a pattern.
    pub quoted: bool,
    /// Words in it.
    pub words: Vec<Word>,
    /// Commands in it.
    pub block: Option<Block>,
}

impl Piece {
    /// Text.
    pub fn text(text: &str, quoted: bool) -> Piece {
        Piece { part: Part::Text, text: text.into(), quoted, words: Vec::new(), block: None }
    }

    /// The text if it is no more than that, quoted or not.
    pub fn plain(&self, quoted: bool) -> Option<&str> {
        (matches!(self.part, Part::Text) && self.quoted == quoted).then_some(&*self.text)
    }
}

/// What a part of a word stands for.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Text.
    Text,
    /// `$NAME`
    Variable,
    /// A variable of which something is made: `${NAME:-WORD}`, `${NAME%WORD}`, `${#NAME}`, which
    /// is "length".
    Made(&'static str),
    /// `$(…)` or backticks.
    Output,
    /// `$((WORD))`
    Sum,
    /// `(…)` after `NAME=`: its words are the elements of an array.
    List,
    /// `NAME=WORD`
    Set,
    /// `>WORD` and the like, and the stream: 0, 1 or 2; 3 stands for both 1 and 2. The word is the
    /// file, or the text of a heredoc.
    Redirect(u8, How),
}
