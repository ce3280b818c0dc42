//! What a person sees, as plain data in screen words: the figure, the seats, the reason, the clock.
//!
//! Everything here is a value: the functions that make it read a session and change nothing, and
//! the page draws it without asking anything else. So the page can be tested without a browser,
//! and a picture is a pure function of what happened.
//!
//! Not here: markup, browser types (see `ui`), and any rule of Kubernetes (see the core). A view
//! repeats what the engine said, it never has a second opinion.

mod figure;
mod inspector;
mod intent;
mod options;
mod phrase;
pub mod read;
mod record;
mod stage;
mod state;
mod strip;
pub mod terminal;
mod timeline;
mod words;

#[cfg(any(test, feature = "styles"))]
pub mod sample;

pub use figure::{Figure, Join, Ribbon, Wire, WireKind, figure};
pub use inspector::{Act, Candidate, Change, Fact, Facts, Inspector, Link, Placing, Replaced, Try};
pub use intent::{Intent, Look, Pane, Subject, Tab, Theme, node_subject, subject};
pub use options::Options;
pub use phrase::{Lang, Run, Sentence, clock, plain, span};
pub use record::{Branches, Diagnostic, Editor, Event, Row, Severity, TABLES, Table, Transport};
pub use stage::{
    Budget, Density, Drum, DrumKind, NodeCard, PodCard, PodKind, Pods, SetHead, Stage, Tray,
};
pub use state::State;
pub use strip::{Occupant, Seat, SeatWindow};
pub use timeline::{Belief, Flag, Lane, NodeLane, Segment, Span, Tick, Timeline};
pub use words::Word;

use std::rc::Rc;

/// A short shared text.
pub type Text = Rc<str>;

/// The line under the figure: what the most blocked StatefulSet waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Because {
    /// The sentence; objects in it can be pressed.
    pub text: Sentence,
    /// Time will do: nobody has to act.
    pub calm: bool,
    /// The label of the button that leads to the ways out, and the object they belong to.
    pub ways: Option<(Text, Subject)>,
}

/// One moment of the whole page. Its parts are shared, so that a part which did not change is
/// recognised cheaply.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// The name of what is loaded, for the header.
    pub title: Text,
    /// What *Undo* would take back; `None` when there is nothing.
    pub undo: Option<Text>,
    /// The manifest and what was found in it.
    pub editor: Rc<Editor>,
    /// Machines, Pods, volumes.
    pub stage: Rc<Stage>,
    /// The same of the future beside this one, at the same moment.
    pub beside: Option<(Text, Rc<Stage>)>,
    /// Futures that were begun.
    pub branches: Rc<Branches>,
    /// Seats of each StatefulSet.
    pub seats: Rc<Vec<SeatWindow>>,
    /// Why it waits.
    pub because: Rc<Because>,
    /// Clock and time buttons.
    pub transport: Rc<Transport>,
    /// What happened when.
    pub timeline: Rc<Timeline>,
    /// The selected object.
    pub inspector: Rc<Inspector>,
    /// Events, newest first.
    pub events: Rc<Vec<Rc<Event>>>,
    /// How many older events are not listed.
    pub events_more: u32,
    /// The terminal.
    pub terminal: Rc<terminal::Terminal>,
    /// The object tables, of which one is shown.
    pub table: Rc<Table>,
    /// What events and rows have in their object's name; empty: all are listed.
    pub filter: Text,
    /// Why the last deed was refused.
    pub notice: Option<Text>,
    /// One sentence about the last thing that was done, for people who do not see the figure.
    pub said: Text,
}
