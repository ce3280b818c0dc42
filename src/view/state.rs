//! The eight things a Pod's border can say. Word, glyph and border carry the state; colour last.
//!
//! Not here: which Pod is in which state (that comes from the API object), and the drawings
//! themselves (style sheet and sprite).

use super::Word;

/// How a Pod, or a node's condition, is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Running and ready.
    Ready,
    /// Running, readiness not (yet) given.
    NotReady,
    /// No node chosen.
    Pending,
    /// A node is chosen; volumes, images or init containers are under way.
    Creating,
    /// Marked for deletion.
    Terminating,
    /// Failed, crashing or evicted.
    Failed,
    /// The node does not answer.
    Unknown,
    /// No Pod, or an ended one.
    None,
}

impl State {
    /// All of them, in the order they are explained.
    pub const ALL: [State; 8] = [
        State::Ready,
        State::NotReady,
        State::Pending,
        State::Creating,
        State::Terminating,
        State::Failed,
        State::Unknown,
        State::None,
    ];

    /// The name that style sheet and sprite use.
    pub fn key(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::NotReady => "notready",
            State::Pending => "pending",
            State::Creating => "creating",
            State::Terminating => "terminating",
            State::Failed => "failed",
            State::Unknown => "unknown",
            State::None => "none",
        }
    }

    /// The plain word for it.
    pub fn word(self) -> Word {
        match self {
            State::Ready => Word::Ready,
            State::NotReady => Word::RunningNotReady,
            State::Pending => Word::Pending,
            State::Creating => Word::Creating,
            State::Terminating => Word::Terminating,
            State::Failed => Word::Failed,
            State::Unknown => Word::Unknown,
            State::None => Word::NoPod,
        }
    }
}
