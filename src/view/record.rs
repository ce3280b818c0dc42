//! What surrounds the figure: the manifest with its findings, the time buttons, events, tables.
//!
//! Not here: reading YAML, printing columns as kubectl does (the core does both).

use super::{Intent, Subject, Text};
use crate::api::kinds::Kind;
use std::rc::Rc;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It cannot be applied.
    Error,
    /// It can, but probably is not meant so.
    Warning,
    /// Good to know.
    Note,
}

/// Something found in the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Line, from one; zero when it belongs to none.
    pub line: u32,
    /// The field: "spec.replicas"; may be empty.
    pub field: Text,
    /// The sentence.
    pub message: Text,
    /// How to mend it; may be empty.
    pub hint: Text,
    /// The document that can be rewritten without it.
    pub mend: Option<u32>,
}

/// The left pane.
#[derive(Clone, Debug, PartialEq)]
pub struct Editor {
    /// Open files, by name.
    pub files: Vec<Text>,
    /// The one shown.
    pub current: u32,
    /// Its text.
    pub text: Text,
    /// What was found in it, by line.
    pub found: Rc<Vec<Diagnostic>>,
    /// How many findings there are: "2 errors, 1 note"; empty without any.
    pub summary: Text,
    /// One of them keeps the manifest from being applied.
    pub broken: bool,
    /// Applying it would do something.
    pub can_apply: bool,
    /// "Applied as it stands", "Not applied yet".
    pub state: Text,
    /// Examples on offer, by title.
    pub examples: Vec<Text>,
}

/// Clock and time buttons.
#[derive(Clone, Debug, PartialEq)]
pub struct Transport {
    /// The moment: "07:22".
    pub clock: Text,
    /// Time can still do something.
    pub can_step: bool,
    /// There is an earlier moment.
    pub can_back: bool,
    /// Time runs.
    pub playing: bool,
    /// Simulated seconds per second.
    pub speed: u32,
    /// Why nothing will happen; empty while something will.
    pub settled: Text,
    /// To when the next timer ends: label, milliseconds from the start.
    pub jump: Option<(Text, u64)>,
    /// The one filled button is elsewhere: the way out.
    pub yield_primary: bool,
}

/// Futures side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branches {
    /// Number and name of each, this one too; empty while there is only one.
    pub all: Vec<(u32, Text)>,
    /// The one looked at.
    pub current: u32,
    /// The one shown beside it.
    pub compared: Option<u32>,
}

/// An event as kubectl lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// No other in the list has the same; a line keeps it as long as it tells of the same.
    pub id: u64,
    /// When it was last seen: "07:10".
    pub at: Text,
    /// "Normal" or "Warning"; empty for something a person did.
    pub kind: Text,
    /// The reason: "FailedAttachVolume".
    pub reason: Text,
    /// "pod/web-1", or "You".
    pub object: Text,
    /// The object, when it can be picked.
    pub subject: Option<Subject>,
    /// The sentence.
    pub message: Text,
    /// How often.
    pub count: u32,
    /// It happened at the moment one is at.
    pub now: bool,
    /// Goes back to the moment it happened.
    pub seek: Option<Intent>,
}

/// The kinds with a table, in order, with the short name of each.
pub const TABLES: [(Kind, &str); 7] = [
    (Kind::Pod, "Pods"),
    (Kind::Node, "Nodes"),
    (Kind::StatefulSet, "StatefulSets"),
    (Kind::PersistentVolumeClaim, "PVCs"),
    (Kind::PersistentVolume, "PVs"),
    (Kind::VolumeAttachment, "Attachments"),
    (Kind::Service, "Services"),
];

/// A row: what picking it picks, whether it is picked, its cells.
pub type Row = (Option<Subject>, bool, Vec<Text>);

/// One kind's objects, with kubectl's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Which.
    pub kind: Kind,
    /// Heads of the columns.
    pub heads: Vec<Text>,
    /// Rows, by name.
    pub rows: Vec<Rc<Row>>,
    /// Objects that have no row here.
    pub more: u32,
    /// The column that holds the names.
    pub names: usize,
}
