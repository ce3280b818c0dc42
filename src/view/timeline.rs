//! What happened when: a lane per seat, a bar per machine, flags for deeds, the moment one is at.
//!
//! All positions are in ten-thousandths of the chart's width, so no number depends on pixels.
//!
//! Not here: how a position becomes a time again (the session knows the span it gave).

use super::{State, Text};

/// A stretch of a seat's lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// How the Pod was.
    pub state: State,
    /// What to write in it, when there is room.
    pub label: Text,
}

/// A seat's lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The ordinal on its plate.
    pub ordinal: u32,
    /// The StatefulSet whose seats begin here; empty where there is only one.
    pub set: Text,
    /// Stretches, in order of time.
    pub segments: Vec<Segment>,
}

/// A stretch of a machine's bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The machine had power.
    pub on: bool,
}

/// A stretch in which the API server believed something else than what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// It was still believed Ready; otherwise it was Unknown.
    pub ready: bool,
}

/// A machine's bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLane {
    /// The node's name.
    pub name: Text,
    /// What was.
    pub spans: Vec<Span>,
    /// What was believed, where that differs.
    pub beliefs: Vec<Belief>,
}

/// Something that was done, or that the system did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// When.
    pub at: u32,
    /// In two words.
    pub label: Text,
    /// A person did it.
    pub you: bool,
}

/// A labelled moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When.
    pub at: u32,
    /// "03:00".
    pub label: Text,
}

/// The chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Moments along the top.
    pub ticks: Vec<Tick>,
    /// Deeds.
    pub flags: Vec<Flag>,
    /// Seats shown.
    pub lanes: Vec<Lane>,
    /// Seats that have no lane here.
    pub lanes_more: u32,
    /// Machines shown.
    pub nodes: Vec<NodeLane>,
    /// Machines that have no bar here.
    pub nodes_more: u32,
    /// The moment one is at.
    pub now: u32,
    /// The last moment that is known.
    pub known: u32,
    /// The moment in digits: "07:22".
    pub clock: Text,
    /// The moment in a sentence: "7 minutes 22 seconds. web-1 became Ready."
    pub said: Text,
}
