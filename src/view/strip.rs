//! One row per ordinal: what stays with the seat, and who sits in it now.
//!
//! Not here: how the rows are drawn; which rows matter when there are many is decided where the
//! window is made.

use super::{State, Subject, Text};
use std::rc::Rc;

/// Who sits in a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Its state.
    pub state: State,
    /// The state in a word or two.
    pub word: Text,
    /// Node and incarnation: "node-b, Pod #2".
    pub place: Text,
    /// The IP address, or that there is none yet.
    pub ip: Text,
    /// The address of the Pod before it.
    pub was: Option<Text>,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// What picking it picks.
    pub subject: Subject,
    /// The ordinal on its plate.
    pub ordinal: u32,
    /// The part of the DNS name that differs: "web-0.nginx".
    pub dns: Text,
    /// The rest of it: ".default.svc.cluster.local".
    pub domain: Text,
    /// Its claim, when it has one.
    pub claim: Option<Text>,
    /// Attachment of the claim's volume in words.
    pub attached: Text,
    /// The volume's short name.
    pub volume: Text,
    /// How often it was written and what then was on it: ("57", "a41e").
    pub stamp: Option<(Text, Text)>,
    /// The Pod in it; `None` when there is none.
    pub occupant: Option<Occupant>,
    /// The seat is condemned: the set was made smaller.
    pub leaving: bool,
    /// Picked by the person.
    pub picked: bool,
}

/// The seats of one StatefulSet that are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatWindow {
    /// The set.
    pub set: Subject,
    /// Seats shown, by ordinal.
    pub shown: Vec<Rc<Seat>>,
    /// All seats.
    pub total: u32,
    /// Where on a ruler of ten thousand the window begins and ends, when not all are shown.
    pub window: Option<(u32, u32)>,
    /// Where on that ruler something is not Ready, at most some hundreds.
    pub marks: Vec<(u32, State)>,
    /// "seats 16 to 18 of 1000", when not all are shown.
    pub said: Text,
}
