//! The selected object in words: what it is, why it waits, what can be done about it and at what
//! price, what stayed and what changed.
//!
//! Not here: whether an action is allowed or what it does; the engine offers them.

use super::{Event, Intent, Sentence, State, Subject, Tab, Text};
use std::rc::Rc;

/// One thing that can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// On the button.
    pub label: Text,
    /// What pressing it asks for.
    pub intent: Intent,
    /// What it costs, in one sentence.
    pub price: Sentence,
    /// The same as a line for the terminal: kubectl's, or the simulator's own word where kubectl
    /// has none.
    pub command: Text,
    /// It would do something now.
    pub enabled: bool,
}

/// A link of the chain of causes; the last is the root.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What waits for the next.
    pub text: Sentence,
}

/// A line of a list of facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What.
    pub name: Text,
    /// How much.
    pub value: Text,
    /// Set in the face of code.
    pub code: bool,
}

/// A list of facts under a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Heading.
    pub title: Text,
    /// Lines.
    pub facts: Vec<Fact>,
}

/// A thing that is no longer what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What.
    pub name: Text,
    /// What it is now.
    pub now: Text,
    /// What it was.
    pub was: Text,
}

/// The card of a replacement.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced {
    /// "The second Pod in seat 1".
    pub title: Text,
    /// Name, DNS name, claim, volume.
    pub stayed: Vec<(Text, Text)>,
    /// The data stamp.
    pub stamp: Option<(Text, Text)>,
    /// Pod, node, address, UID.
    pub changed: Vec<Change>,
    /// What happened in between: clock and sentence.
    pub story: Vec<(Text, Text)>,
}

/// What the scheduler found of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The node.
    pub node: Subject,
    /// It was taken.
    pub taken: bool,
    /// The rule that excluded it, and why; the points of each rule where it fits.
    pub found: Vec<(Text, Text)>,
    /// All its points; empty where it does not fit or nothing was counted.
    pub total: Text,
}

/// A decision of the scheduler.
#[derive(Clone, Debug, PartialEq)]
pub struct Placing {
    /// Heading: "Why node-b".
    pub title: Text,
    /// How it came to that.
    pub how: Text,
    /// Each node it looked at.
    pub rows: Vec<Candidate>,
    /// So many more nodes.
    pub more: u32,
}

/// Something worth trying, when nothing is selected.
#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    /// Name of its icon.
    pub icon: &'static str,
    /// What.
    pub label: Text,
    /// What one would see.
    pub text: Text,
    /// What pressing it asks for.
    pub intent: Intent,
    /// It would do something now.
    pub enabled: bool,
}

/// The pane on the right.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Inspector {
    /// What is selected; `None` shows `tries` and how to read the figure.
    pub subject: Option<Subject>,
    /// Kind and namespace: "Pod in default".
    pub kind: Text,
    /// The ordinal on its plate.
    pub ordinal: Option<u32>,
    /// State and the words for it.
    pub state: Option<(State, Text)>,
    /// What of it is shown.
    pub tab: Tab,
    /// Lines of a text, and whether they differ from what was applied.
    pub lines: Vec<(bool, Text)>,
    /// Events about it, newest first.
    pub events: Rc<Vec<Rc<Event>>>,
    /// How many older ones are not listed.
    pub events_more: u32,
    /// Heading of the chain: "Why it is not replaced".
    pub why: Text,
    /// Causes, root last.
    pub chain: Vec<Link>,
    /// When it ends by itself, or that it does not.
    pub eta: Text,
    /// Leads to when it ends: label, milliseconds from the start.
    pub jump: Option<(Text, u64)>,
    /// Heading of the ways out: "Three ways out, and their price".
    pub ways_title: Text,
    /// Ways out of what it waits for.
    pub ways: Vec<Act>,
    /// What a replacement kept and what not.
    pub replaced: Option<Replaced>,
    /// What can be done to it at any time.
    pub acts: Vec<Act>,
    /// Facts.
    pub facts: Vec<Facts>,
    /// Why the Pod is where it is, or nowhere.
    pub placing: Option<Placing>,
    /// What is broken on purpose, and what mends it.
    pub faults: Vec<(Text, Intent)>,
    /// Something about the subject itself is broken on purpose: that comes first.
    pub own_fault: bool,
    /// What can be broken, about the subject or at all.
    pub breaks: Vec<(Text, Intent)>,
    /// What to do, when nothing is selected.
    pub hint: Sentence,
    /// Things to try, when nothing is selected.
    pub tries: Vec<Try>,
}

impl Inspector {
    /// Whether it shows why its subject waits.
    pub fn tells_why(&self) -> bool {
        self.subject.is_some() && self.tab == Tab::Now && !self.chain.is_empty()
    }
}
