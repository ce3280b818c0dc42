//! Programs of `awk` and `jq` as trees, and what reading either takes: words, operators by how
//! strongly they bind, patterns.
//!
//! Not here: which words and operators there are, and what they do (`awk`, `jq`).

use super::pattern::Pattern;
use serde_json::Value;
use std::cmp::Ordering;
use std::rc::Rc;

/// A part of a program, shared by all that run it.
pub(super) type Tree = Rc<Node>;

/// A part of a program.
#[derive(Debug)]
pub(super) struct Node {
    /// What it does.
    pub op: Op,
    /// What a literal stands for, what a variable is called.
    pub value: Value,
    /// What the first part is held against.
    pub pattern: Option<Pattern>,
    /// What it does it with.
    pub parts: Vec<Tree>,
}

/// What a part of a program does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    // Both languages.
    Add,
    And,
    Differs,
    Equal,
    Less,
    LessOrEqual,
    Literal,
    More,
    MoreOrEqual,
    Length,
    Not,
    Or,
    Subtract,
    Text,
    // awk.
    Begin,
    Divide,
    End,
    Exit,
    Field,
    Fits,
    Join,
    Multiply,
    Next,
    Print,
    Printf,
    Remainder,
    Rule,
    Set,
    Unlike,
    Variable,
    // jq.
    At,
    Comma,
    Contains,
    Each,
    Else,
    Empty,
    EndsWith,
    Entries,
    First,
    Has,
    Here,
    Joined,
    Keys,
    Last,
    List,
    Map,
    Maybe,
    Object,
    Pipe,
    Reverse,
    Select,
    Sort,
    Split,
    StartsWith,
    Sum,
    Test,
    ToText,
    Type,
    Unique,
}

impl Op {
    /// Whether a comparison holds for what compares so.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Op::Equal => order.is_eq(),
            Op::Differs => order.is_ne(),
            Op::Less => order.is_lt(),
            Op::LessOrEqual => order.is_le(),
            Op::More => order.is_gt(),
            _ => order.is_ge(),
        }
    }
}

/// An operator, how strongly it binds to its left and to its right, and what it does. One that
/// is the start of another comes after it; the empty one joins what stands side by side.
pub(super) type Operator = (&'static str, u8, u8, Op);

/// A part that has parts.
pub(super) fn node(op: Op, parts: Vec<Tree>) -> Tree {
    Rc::new(Node { op, value: Value::Null, pattern: None, parts })
}

/// A part that has one.
pub(super) fn one(op: Op, part: Tree) -> Tree {
    node(op, vec![part])
}

/// A part that has two.
pub(super) fn two(op: Op, first: Tree, second: Tree) -> Tree {
    node(op, vec![first, second])
}

/// A part that has none.
pub(super) fn leaf(op: Op, value: Value) -> Tree {
    Rc::new(Node { op, value, pattern: None, parts: Vec::new() })
}

/// How deep parts may stand in each other.
const DEPTH: u32 = 40;

/// The longest program, in bytes: what operators join is as deep as it is long.
const LONG: usize = 1000;

/// Reads a program. What reads a part gives `None` where the program is wrong, and leaves
/// `rest` there.
pub(super) struct Reader<'p> {
    /// What is left of it.
    pub rest: &'p str,
    /// What may stand between words.
    blanks: &'static [char],
    /// The operators.
    operators: &'static [Operator],
    /// Reads what operators stand between.
    operand: fn(&mut Reader<'_>) -> Option<Tree>,
    /// How many operands are begun.
    depth: u32,
    /// What is wrong with a pattern.
    pub error: &'static str,
}

/// As much of a text as an error shows.
pub(super) fn beginning(text: &str) -> &str {
    &text[..text.char_indices().nth(20).map_or(text.len(), |(end, _)| end)]
}

/// Whether a word may hold `c`.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'p> Reader<'p> {
    /// A reader of `rest` in the language that the others make; an error says that it is too long.
    pub fn new(
        rest: &'p str,
        blanks: &'static [char],
        operators: &'static [Operator],
        operand: fn(&mut Reader<'_>) -> Option<Tree>,
    ) -> Result<Reader<'p>, String> {
        match rest.len() {
            0..=LONG => Ok(Reader { rest, blanks, operators, operand, depth: 0, error: "" }),
            _ => Err(format!("programs of more than {LONG} bytes are not here")),
        }
    }

    /// Leaves blanks behind.
    pub fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(self.blanks);
    }

    /// Whether `token` comes next; it is read then.
    pub fn skip(&mut self, token: &str) -> bool {
        self.blanks();
        let Some(after) = self.rest.strip_prefix(token) else { return false };
        if token.ends_with(is_word) && after.starts_with(is_word) {
            return false;
        }
        self.rest = after;
        true
    }

    /// Wants `token` next.
    pub fn expect(&mut self, token: &str) -> Option<()> {
        self.skip(token).then_some(())
    }

    /// The word that comes next; it may be empty.
    pub fn word(&mut self) -> &'p str {
        self.blanks();
        let rest = self.rest;
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        self.rest = after;
        word
    }

    /// What operators stand between.
    pub fn operand(&mut self) -> Option<Tree> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let operand = (self.operand)(self)?;
        self.depth -= 1;
        Some(operand)
    }

    /// An operand, and the operators after it that bind at least so strongly.
    pub fn level(&mut self, least: u8) -> Option<Tree> {
        let mut left = self.operand()?;
        loop {
            self.blanks();
            let before = self.rest;
            let begins = |c: char| c.is_ascii_alphanumeric() || "$\"(".contains(c);
            let joins = self.rest.starts_with(begins);
            let mut operators = self.operators.iter();
            let operator =
                operators.find(|(token, ..)| self.skip(token) && (joins || !token.is_empty()));
            let Some((_, _, after, op)) = operator.filter(|(_, strength, ..)| *strength >= least)
            else {
                self.rest = before;
                return Some(left);
            };
            let right = self.level(*after)?;
            left = match op {
                Op::Fits | Op::Unlike => self.held_against(*op, left, &right)?,
                _ => two(*op, left, right),
            };
        }
    }

    /// What stands in brackets of which the first was read.
    pub fn closed(&mut self, end: &str) -> Option<Tree> {
        let inner = self.level(0)?;
        self.expect(end)?;
        Some(inner)
    }

    /// `left` held against a pattern, or against a text that is one.
    fn held_against(&mut self, op: Op, left: Tree, right: &Node) -> Option<Tree> {
        match (&right.pattern, right.op) {
            (None, Op::Text) => self.matching(op, left, right.value.as_str()?),
            (pattern, _) => {
                let pattern = Some(pattern.clone()?);
                Some(Rc::new(Node { op, value: Value::Null, pattern, parts: vec![left] }))
            }
        }
    }

    /// `left` held against the pattern that `text` is.
    pub fn matching(&mut self, op: Op, left: Tree, text: &str) -> Option<Tree> {
        match Pattern::new(text, true, false) {
            Ok(pattern) => {
                let (value, pattern) = (Value::Null, Some(pattern));
                Some(Rc::new(Node { op, value, pattern, parts: vec![left] }))
            }
            Err(error) => {
                self.error = error;
                None
            }
        }
    }
}
