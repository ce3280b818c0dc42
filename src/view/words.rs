//! All words of the page, by name, so that another language is another column of one table.
//!
//! A sentence is a whole entry with named places, `{node}`; what stands between two stars is
//! strong. Not translated: kinds, field names, what kubectl prints.
//!
//! Not here: texts of the API server and of events, which are Kubernetes' own. Other languages are
//! dictionaries of these entries, fetched when they are wanted (static/zh-CN.json).

use super::{Subject, Text};
pub use crate::base::lang::Lang;

macro_rules! vocabulary {
    ($($name:ident: $en:literal,)*) => {
        /// The name of a word or sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Word {
            $(#[doc = $en] $name,)*
        }

        impl Word {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Word] = &[$(Word::$name,)*];

            /// In English.
            pub fn en(self) -> &'static str {
                const EN: &[&str] = &[$($en,)*];
                EN[self as usize]
            }
        }
    };
}

vocabulary! {
    Product: "StatefulSet Playground",
    // Frame
    SkipToFigure: "Skip to the cluster",
    Undo: "Undo",
    UndoWhat: "Undo: {what}",
    Theme: "Theme",
    ThemeIs: "Theme: {theme}. Change it",
    ThemeAuto: "as your system",
    ThemeLight: "light",
    ThemeDark: "dark",
    ThemeContrast: "high contrast",
    Cluster: "Cluster",
    Manifest: "Manifest",
    Yaml: "YAML",
    Inspector: "Inspector",
    Events: "Events",
    Table: "Table",
    Panes: "Panes",
    Share: "Share",
    ShareHint: "Links, embeds and files with what you did here",
    OpenWhole: "Open in playground ↗",
    OtherLanguage: "中文",
    OtherLanguageCode: "zh-CN",
    Playground: "Playground",
    Close: "Close",
    // Editor
    Examples: "Examples",
    ExamplesPick: "Load an example",
    OpenFile: "Open a file",
    Apply: "Apply",
    ApplyHint: "Apply the manifest to the cluster (Ctrl+Enter)",
    ManifestText: "Manifest as YAML",
    EmptyEditor: "Paste a manifest, drop a file, or start from an example.",
    DropHere: "Drop the file to open it",
    Findings: "Findings in the manifest",
    Error: "Error",
    Warning: "Warning",
    Note: "Note",
    Line: "line {line}",
    OneError: "1 error",
    Errors: "{n} errors",
    OneWarning: "1 warning",
    Warnings: "{n} warnings",
    OneNote: "1 note",
    Notes: "{n} notes",
    // Figure
    Of: "*{ready}* of *{all}* ready",
    ServiceIs: "Service",
    BudgetIs: "PDB",
    BudgetNone: "{healthy} healthy, needs {needs}: *no eviction allowed*",
    BudgetSome: "{healthy} healthy, needs {needs}: *{allowed} may be evicted*",
    NotPlaced: "Not placed",
    More: "+{n} more",
    NodeNames: "Node {node}, {zone}. {belief}.",
    NodeReally: "Really: {really}.",
    PowerOff: "Power off",
    PowerOn: "Power on",
    PowerOffNode: "Power off {node}",
    PowerOnNode: "Power on {node}",
    Cpu: "CPU",
    Memory: "Mem",
    CpuAsked: "CPU asked for: {n} percent",
    MemoryAsked: "Memory asked for: {n} percent",
    AsApiServerSeesIt: "as the API server sees it",
    Really: "really:",
    StillRuns: "still runs",
    NoNodes: "No nodes. Nothing can run here.",
    NoPods: "no Pods",
    RibbonText: "name, DNS name, claim",
    Past: "Viewing the past. To act here begins another branch",
    Branches: "Branches",
    BranchIs: "Branch {n}",
    BranchOf: "Branch {n}: {what}",
    LookAtBranch: "Look at a branch",
    Compare: "Compare with",
    CompareNone: "Compare with no other",
    Beside: "Branch {n} at the same moment",
    // States
    Ready: "Ready",
    RunningNotReady: "Running, not ready",
    NotReady: "Not ready",
    Pending: "Pending",
    Creating: "Creating",
    Terminating: "Terminating",
    Failed: "Failed",
    Unknown: "Unknown",
    NoPod: "no Pod",
    // Seats
    SeatsOf: "Seats of StatefulSet {set}",
    Kept: "Kept",
    KeptWith: "*Kept* with the seat: name, DNS name, claim, volume, data",
    Changes: "*Changes* with each Pod",
    NoPodNow: "no Pod now: name and volume are kept",
    NoPodYet: "no Pod yet: the seat waits for its turn",
    Leaving: "no Pod: the set was made smaller, the volume is kept",
    Writes: "{n} writes",
    WasAddress: "before: {ip}",
    SeatRuler: "All seats and where something waits",
    // Time
    Time: "Time",
    SimulatedTime: "simulated time",
    Start: "Back to the start",
    Previous: "Previous event",
    Step: "Step",
    StepHint: "To the next moment at which something happens",
    Play: "Play",
    Pause: "Pause",
    Settle: "Settle: until nothing more happens",
    Speed: "Speed",
    Reset: "Reset",
    ResetHint: "Begin again with the manifest as it was applied",
    PlusSecond: "+1 s",
    PlusTen: "+10 s",
    PlusMinute: "+1 min",
    Timeline: "Timeline",
    SettledUntilYouAct: "Settled: nothing will happen until you act",
    // Inspector
    NothingSelected: "Nothing selected yet",
    NothingSelectedHint: "Press *Step* until all Pods are Ready. Then try one of these, and watch \
        what keeps its seat.",
    HowToRead: "How to read the figure",
    LegendPlate: "*Solid ink stays.* The plate with the ordinal, the name, the volume.",
    LegendPod: "*An outline passes.* A Pod sits in a seat until it ends; its border shows its \
        state.",
    LegendSheet: "*Out of register.* The shifted sheet is what the API server believes; the body \
        beneath is what is.",
    WhatYouCanDo: "What you can do",
    WhatStayed: "What stayed",
    WhatChanged: "What changed",
    Data: "Data",
    HowLong: "What happened in between",
    CopyCommand: "Copy: {command}",
    Deselect: "Select nothing",
    // Record
    EventsEmpty: "No events yet. Press Step.",
    TableEmpty: "No objects of this kind.",
    EventsMore: "{n} older events",
    RowsMore: "{n} more objects",
    You: "You",
    FoldRecord: "Fold events and tables away",
    UnfoldRecord: "Show events and tables",
    FigureHead: "FIGURE",
    // What the reader of a session says
    OneWay: "One way out",
    TwoWays: "Two ways out",
    ThreeWays: "Three ways out",
    FourWays: "Four ways out",
    OneWayPrice: "One way out, and its price",
    TwoWaysPrice: "Two ways out, and their price",
    ThreeWaysPrice: "Three ways out, and their price",
    FourWaysPrice: "Four ways out, and their price",
    NoSets: "There is no StatefulSet yet. Apply a manifest, or start from an example.",
    AllSetsWell: "All StatefulSets have what they want.",
    NotNoticed: "{node} is {really}. The API server has not noticed yet.",
    SetIsWell: "{set} has what it wants: {count} of {count} Pods are Ready.",
    SetIsEmpty: "{set} has what it wants: no Pods. Its volumes are kept.",
    ServiceMissing: "does not exist",
    Headless: "headless, {count} endpoints",
    WithAddress: "{ip}, {count} endpoints",
    PodSaid: "{pod}, {state}, on {node}",
    PodSaidAgain: "{pod}, {state}, on {node}, Pod number {count} with this name",
    PodSaidNowhere: "{pod}, {state}, on no node",
    PodSaidEnded: "{pod}, an earlier Pod, ended at {time}",
    PodSaidOrphan: "{pod} still runs on {node} although its Pod object is gone",
    PodOn: "{node}, Pod #{count}",
    PodNowhere: "no node, Pod #{count}",
    NoAddress: "no address yet",
    EndedAt: "ended {time}",
    StillRunsFor: "writing for {time}",
    TerminatingGrace: "Terminating, {time}",
    TerminatingOver: "Terminating, {time} over",
    CreatingAttach: "Creating, volume",
    CreatingMount: "Creating, mount",
    CreatingPull: "Creating, image",
    CreatingInit: "Creating, init",
    CreatingStart: "Creating, start",
    ReadyFading: "Ready, {time} of {grace} s",
    UnknownFor: "Unknown for {time}",
    NoNodeObject: "no Node object",
    NoMachine: "no machine",
    PoweredOff: "powered off",
    PoweredOn: "powered on",
    CutOff: "cut off",
    RunsUnknown: "runs, unknown to the API server",
    Ago: "{time} ago",
    Cordoned: "cordoned",
    OutOfServiceChip: "out of service",
    AllOf: "all {count}",
    NoVolumeYet: "no volume yet",
    NotAttached: "not attached",
    AttachedTo: "attached to {node}",
    AttachedShort: "on {node}",
    AttachingTo: "attaching to {node}",
    AttachingShort: "to {node}",
    DetachingFrom: "detaching from {node}",
    DetachingShort: "off {node}",
    LocalTo: "local to {node}",
    LocalShort: "in {node}",
    VolumesInWords: "{count} volumes, {attached} attached",
    SeatsShown: "seats {first} to {last} of {all}",
    TimelineSaid: "{time}. {what}",
    LaneUnknown: "Unknown, {node}",
    LaneAgain: "#{count} {node}",
    LaneCount: "#{count}",
    News: "At {time}. {what}",
    NewsOf: "{pod}: {state}",
    Refused: "Refused",
    Dismiss: "Dismiss",
    OpenLink: "open",
    LinkNewer: "This link was made with a newer playground, which this one cannot read. Nothing \
        is lost: the link still stands in the address bar.",
    LinkDamaged: "This link cannot be read: {why}. Nothing is lost: the link still stands in the \
        address bar.",
    LinkDiffers: "This link was made with version {version} of the playground. What happens may \
        differ from what was seen there.",
    NotSaved: "Not saved on this device: the browser keeps nothing for this page.",
    DeedApply: "apply",
    DeedDelete: "delete",
    DeedForce: "force delete",
    DeedChange: "change",
    DeedDeleteNode: "delete Node",
    DeedScale: "scale",
    DeedTaint: "taint",
    DeedUntaint: "untaint",
    DeedCordon: "cordon",
    DeedUncordon: "uncordon",
    DeedPowerOn: "power on",
    DeedPowerOff: "power off",
    DeedCut: "cut off",
    DeedHeal: "heal",
    DeedStart: "start",
    DeedStop: "stop",
    DeedBreak: "fault",
    DeedMend: "mend",
    DeedAddMachine: "machine added",
    DeedRemoveMachine: "machine removed",
    StoryDeed: "You: {what}",
    StoryGone: "Pod #{count} was removed",
    StoryTerminating: "Pod #{count} on {node} was marked for deletion",
    StoryPending: "Pod #{count} was created",
    StoryCreating: "Pod #{count} was given to {node}",
    StoryReady: "Pod #{count} became Ready",
    NotApplied: "Not applied yet",
    MatchesCluster: "Applied as it stands",
    NotThere: "not there now",
    WhyItWaits: "Why it waits",
    UntilYouAct: "Nothing is scheduled. This lasts until you act.",
    DeletePod: "Delete {name}",
    DeletePodPrice: "*It stops in its own time.* A new Pod comes back with the same name, claim \
        and volume, another UID and another address.",
    DeleteOtherPodPrice: "*It stops in its own time.* Another Pod, of another name, takes its place.",
    DeleteLonePodPrice: "*It stops in its own time.* Nothing makes it again.",
    ForceDelete: "Force delete {name}",
    ForceDeletePrice: "*It may run twice.* The object goes at once, whatever its process does: \
        the old {name} could still be writing.",
    PowerOffPrice: "*Nobody is told.* The API server notices only that {name} has gone silent.",
    PowerOnPrice: "*Costs nothing.* The kubelet boots, reports and says what stopped.",
    MarkOutOfService: "Mark {name} out of service",
    MarkOutOfServicePrice: "*You promise that {name} is off.* Once it is not Ready, its \
        Terminating Pods and its attachments are dropped at once. If you are wrong, there are two \
        writers.",
    BackInService: "Back in service: {name}",
    BackInServicePrice: "*Takes the taint away.* Pods may run on {name} again.",
    DeleteNode: "Delete Node object {name}",
    DeleteNodePrice: "*The record, not the machine.* Its Pods are removed within a minute; \
        volumes of a dead machine are detached by force after 6 min.",
    ScaleTo: "Scale to {replicas}",
    ScaleUpPrice: "*One seat more.* {name} comes last, with a claim of its own.",
    ScaleDownPrice: "*One Pod less.* {name} goes first; its claim and its data stay.",
    FactsNow: "Now",
    FactNode: "Node",
    FactAddress: "IP address",
    FactUid: "UID",
    FactAge: "Age",
    FactRequests: "Requests",
    FactRevision: "Revision",
    FactUpdate: "Update to",
    FactName: "Name",
    FactDns: "DNS name",
    FactClaim: "Claim",
    FactVolume: "Volume",
    FactPod: "Pod",
    FactReally: "Really",
    FactZone: "Zone",
    FactPods: "Pods",
    FactCapacity: "Machine",
    FactAsked: "Asked for",
    FactTaints: "Taints",
    FactPolicy: "Pod order",
    FactStrategy: "Updates",
    FactService: "Service",
    FactSize: "Size",
    FactClass: "Class",
    FactTorn: "Torn",
    FactSelector: "Selector",
    EnvironmentOf: "Environment of {container}",
    WritesMark: "{n} writes, mark {mark}",
    TornAt: "two processes wrote at once at {time}",
    PodOfSeat: "Pod #{count} in seat {ordinal}",
    TryPowerOff: "See how long the API server still believes in {pod}, and what happens to its \
        volume.",
    TryDelete: "Delete Pod {pod}",
    TryDeleteText: "A new Pod comes back with the same name, the same volume and another IP \
        address.",
    TryScale: "Scale {set} to {replicas}",
    TryScaleText: "New seats are added in order, {pod} first.",
}

impl Lang {
    /// A word as it stands.
    pub fn say(self, word: Word) -> &'static str {
        self.tr(word.en())
    }

    /// A sentence with its places filled, without marks.
    pub fn fill(self, word: Word, places: &[(&str, &str)]) -> String {
        let mut out = String::new();
        pieces(self.say(word), |piece| match piece {
            Piece::Text(text, _) => out.push_str(text),
            Piece::Place(name, _) => out.push_str(find(places, name)),
        });
        out
    }

    /// A sentence with its places filled; places named in `objects` can be pressed.
    pub fn sentence(
        self,
        word: Word,
        places: &[(&str, &str)],
        objects: &[(&str, Subject)],
    ) -> Sentence {
        let mut out = Vec::new();
        pieces(self.say(word), |piece| match piece {
            Piece::Text(text, strong) => out.push(run(text, strong)),
            Piece::Place(name, strong) => match objects.iter().find(|(key, _)| *key == name) {
                Some((_, subject)) => out.push(Run::Object(subject.clone())),
                None => out.push(run(find(places, name), strong)),
            },
        });
        out
    }
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Plain words.
    Plain(Text),
    /// Words that matter most.
    Strong(Text),
    /// An object, by its name; can be pressed.
    Object(Subject),
}

/// A sentence in parts.
pub type Sentence = Vec<Run>;

/// A sentence as one string.
pub fn plain(sentence: &[Run]) -> String {
    let mut out = String::new();
    for run in sentence {
        match run {
            Run::Plain(text) | Run::Strong(text) => out.push_str(text),
            Run::Object(subject) => out.push_str(&subject.key.name),
        }
    }
    out
}

/// A moment or duration in digits: "07:22", "1:02:03" from an hour on.
pub fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// A duration as people say it: "12 s", "5:52", "1:02:03".
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3600 {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    } else {
        clock(ms)
    }
}

enum Piece<'a> {
    Text(&'a str, bool),
    Place(&'a str, bool),
}

fn pieces<'a>(mut text: &'a str, mut each: impl FnMut(Piece<'a>)) {
    let mut strong = false;
    while let Some(at) = text.find(['{', '*']) {
        if at > 0 {
            each(Piece::Text(&text[..at], strong));
        }
        let rest = &text[at + 1..];
        if text.as_bytes()[at] == b'*' {
            strong = !strong;
            text = rest;
        } else {
            let end = rest.find('}').unwrap_or(rest.len());
            each(Piece::Place(&rest[..end], strong));
            text = rest.get(end + 1..).unwrap_or("");
        }
    }
    if !text.is_empty() {
        each(Piece::Text(text, strong));
    }
}

fn run(text: &str, strong: bool) -> Run {
    if strong { Run::Strong(text.into()) } else { Run::Plain(text.into()) }
}

fn find<'a>(places: &[(&str, &'a str)], name: &str) -> &'a str {
    places.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::Kind;
    use crate::view::subject;

    #[test]
    fn every_sentence_closes_its_marks() {
        for word in Word::ALL {
            let text = Lang::En.say(*word);
            assert_eq!(text.matches('*').count() % 2, 0, "{word:?}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{word:?}");
        }
    }

    #[test]
    fn places_and_marks() {
        assert_eq!(Lang::En.fill(Word::Of, &[("ready", "2"), ("all", "3")]), "2 of 3 ready");
        let web = subject(Kind::StatefulSet, "default", "web");
        let runs = Lang::En.sentence(Word::SeatsOf, &[], &[("set", web.clone())]);
        assert_eq!(runs, [Run::Plain("Seats of StatefulSet ".into()), Run::Object(web)]);
        assert_eq!(plain(&runs), "Seats of StatefulSet web");
    }

    #[test]
    fn times() {
        assert_eq!(clock(442_000), "07:22");
        assert_eq!(clock(3_723_000), "1:02:03");
        assert_eq!(span(12_000), "12 s");
        assert_eq!(span(352_000), "5:52");
    }
}
