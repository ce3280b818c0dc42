//! All words of the page, by name, so that another language is another column of one table.
//!
//! A sentence is a whole entry with named places, `{node}`; what stands between two stars is
//! strong. Not translated: kinds, field names, what kubectl prints.
//!
//! Not here: texts of the API server and of events, which are Kubernetes' own. Other languages are
//! dictionaries of these entries, fetched when they are wanted (static/zh-CN.json).

/// Where texts of these lengths end that stand one after the other.
const fn ends<const N: usize>(lengths: [usize; N]) -> [u16; N] {
    let (mut ends, mut at, mut end) = ([0; N], 0, 0);
    while at < N {
        end += lengths[at];
        assert!(end <= u16::MAX as usize, "more text than two bytes can count");
        ends[at] = end as u16;
        at += 1;
    }
    ends
}

macro_rules! vocabulary {
    (
        first { $($name:ident: $en:literal,)* }
        later { $($other:ident: $text:literal,)* }
    ) => {
        /// The name of a word or sentence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Word {
            $(#[doc = $en] $name,)*
            $(#[doc = $text] $other,)*
        }

        impl Word {
            /// All of them, in the order of the tables.
            pub const ALL: &'static [Word] = &[$(Word::$name,)* $(Word::$other,)*];

            /// In English.
            pub fn en(self) -> &'static str {
                const FIRST: &[&str] = &[$($en,)*];
                let at = self as usize;
                FIRST.get(at).copied().unwrap_or_else(|| Word::later(at - FIRST.len()))
            }

            /// Those that a page just opened does not show, as one text without pointers into it:
            /// so it may come later (split/).
            #[inline(never)]
            fn later(at: usize) -> &'static str {
                const LATER: &str = concat!($($text,)*);
                const ENDS: [u16; [$($text),*].len()] = ends([$($text.len()),*]);
                let start = if at == 0 { 0 } else { ENDS[at - 1] };
                &LATER[usize::from(start)..usize::from(ENDS[at])]
            }
        }
    };
}

vocabulary! {
    first {
        Product: "StatefulSet Playground",
        // Frame
        SkipToFigure: "Skip to the cluster",
        Undo: "Undo",
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
        Diff: "Diff with cluster",
        Download: "Download",
        Help: "Help: keys and words",
        ManifestText: "Manifest as YAML",
        EmptyEditor: "Paste a manifest, drop a file, or start from:",
        Findings: "Findings in the manifest",
        Rewrite: "Rewrite this document",
        Note: "Note",
        Line: "line {line}",
        Notes: "{n} notes",
        // Figure
        Of: "*{ready}* of *{all}* ready",
        ServiceIs: "Service",
        NotPlaced: "Not placed",
        NodeNames: "Node {node}, {zone}. {belief}.",
        PowerOff: "Power off",
        PowerOffNode: "Power off {node}",
        Cpu: "CPU",
        Memory: "Mem",
        CpuAsked: "CPU asked for: {n} percent",
        MemoryAsked: "Memory asked for: {n} percent",
        AsApiServerSeesIt: "as the API server sees it",
        // States
        Ready: "Ready",
        Pending: "Pending",
        // Seats
        SeatsOf: "Seats of StatefulSet {set}",
        KeptWith: "*Kept* with the seat: name, DNS name, claim, volume, data",
        Changes: "*Changes* with each Pod",
        NoPodYet: "no Pod yet: the seat waits for its turn",
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
        // Inspector
        NothingSelected: "Nothing selected yet",
        NothingSelectedHint: "Press *Step* until all Pods are Ready. Then try one of these, and \
            watch what keeps its seat.",
        HowToRead: "How to read the figure",
        LegendPlate: "*Solid ink stays.* The plate with the ordinal, the name, the volume.",
        LegendPod: "*An outline passes.* A Pod sits in a seat until it ends; its border shows its \
            state.",
        LegendSheet: "*Out of register.* The shifted sheet is what the API server believes; the \
            body beneath is what is.",
        // Record
        TableEmpty: "No objects of this kind.",
        Filter: "Filter by name",
        You: "You",
        FoldRecord: "Fold events and tables away",
        UnfoldRecord: "Show events and tables",
        // Terminal
        Terminal: "Terminal",
        TermLog: "What was typed at the terminal, and what came of it",
        TermCommand: "Command",
        TermHint: "Type a command: *kubectl get pods*, or *help* for what else there is.",
        TermKeys: "Tab completes, ↑ brings back what was typed, Ctrl+C ends what runs.",
        TermTab: "Terminal {n}",
        TermOpen: "Open another terminal",
        TermTall: "Give the terminal more room",
        TermSame: "The same at the terminal: {line}",
        FigureHead: "FIGURE",
        // What the reader of a session says
        Headless: "headless, {count}",
        Endpoints: "{count} endpoints",
        PodSaidNowhere: "{pod}, {state}, on no node",
        PodNowhere: "no node, Pod #{count}",
        NoAddress: "no address yet",
        Ago: "{time} ago",
        NoVolumeYet: "no volume yet",
        TimelineSaid: "{time}. {what}",
        MatchesCluster: "Applied as it stands",
        Faults: "Broken on purpose",
        FaultsNone: "Nothing.",
        Break: "Break something",
        TryPowerOff: "See how long the API server still believes in {pod}, and what happens to its \
            volume.",
        TryDelete: "Delete Pod {pod}",
        TryDeleteText: "A new Pod comes back with the same name, the same volume and another IP \
            address.",
        TryScale: "Scale {set} to {replicas}",
        TryScaleText: "New seats are added in order, {pod} first.",
        // Said aloud
        News: "At {time}. {what}",
        NewsOf: "{pod}: {state}",
        NoPod: "no Pod",
    }
    later {
        // Frame
        UndoWhat: "Undo: {what}",
        Theme: "Theme",
        // Editor
        NoDiff: "No difference.",
        DropHere: "Drop the file to open it",
        Error: "Error",
        Warning: "Warning",
        OneError: "1 error",
        Errors: "{n} errors",
        OneWarning: "1 warning",
        Warnings: "{n} warnings",
        OneNote: "1 note",
        // Figure
        Updated: "{n} of {all} updated",
        BudgetIs: "PDB",
        BudgetNone: "{healthy} healthy, needs {needs}: *no eviction allowed*",
        BudgetSome: "{healthy} healthy, needs {needs}: *{allowed} may be evicted*",
        More: "+{n} more",
        NodeReally: "Really: {really}.",
        PowerOn: "Power on",
        PowerOnNode: "Power on {node}",
        Really: "really:",
        StillRuns: "still runs",
        NoNodes: "No nodes. Nothing can run here.",
        AddNode: "Add a node",
        NoPods: "no Pods",
        RibbonText: "name, DNS name, claim",
        Past: "Viewing the past. To act here begins another branch",
        Branches: "Branches",
        BranchIs: "Branch {n}",
        BranchOf: "Branch {n}: {what}",
        LookAtBranch: "Look at a branch",
        Compare: "Compare with",
        CompareNone: "no other",
        Beside: "Branch {n} at the same moment",
        // States
        RunningNotReady: "Running, not ready",
        NotReady: "Not ready",
        Creating: "Creating",
        Terminating: "Terminating",
        Failed: "Failed",
        Unknown: "Unknown",
        // Seats
        Kept: "Kept",
        NoPodNow: "no Pod now: name and volume are kept",
        Leaving: "no Pod: the set was made smaller, the volume is kept",
        Writes: "{n} writes",
        WasAddress: "before: {ip}",
        SeatRuler: "All seats and where something waits",
        // Time
        SettledUntilYouAct: "Settled: nothing will happen until you act",
        // Inspector
        TryOne: "Nothing more happens by itself. Try one of these, and watch what keeps its \
            seat.",
        TryWays: "Nothing more happens by itself: the *ways out* below the figure lead on.",
        Describe: "Describe",
        History: "History",
        HistoryNone: "Nothing of it is remembered.",
        ChangedSince: "Marked: not as it was applied",
        WhatYouCanDo: "What you can do",
        WhatStayed: "What stayed",
        WhatChanged: "What changed",
        Data: "Data",
        HowLong: "What happened in between",
        CopyCommand: "Copy: {command}",
        Deselect: "Select nothing",
        // Record
        EventsEmpty: "No events yet. Press Step.",
        FilterEmpty: "Nothing with this in its name.",
        EventsMore: "Show older events ({n})",
        MoreRows: "Show more objects ({n})",
        RowsMore: "{n} more objects",
        // Terminal
        TermDropped: "{n} older lines are gone",
        TermRuns: "runs",
        TermReads: "reads what you type",
        TermEdits: "waits for the text in the editor: Apply gives it back",
        TermHeld: "waits while time stands: Play lets it go on",
        TermSettled: "waits: nothing more happens until you act",
        TermStop: "Stop",
        TermStopHint: "End the command (Ctrl+C)",
        TermTabBusy: "Terminal {n}, a command runs",
        TermClose: "Close terminal {n}",
        TermChoices: "What could stand here",
        TermPaste: "Run these {n} lines?",
        TermRun: "Run",
        TermCancel: "Cancel",
        TermLow: "Give the figure more room",
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
        WithAddress: "{ip}, {count}",
        OneEndpoint: "1 endpoint",
        PodSaid: "{pod}, {state}, on {node}",
        PodSaidAgain: "{pod}, {state}, on {node}, Pod number {count} with this name",
        PodSaidEnded: "{pod}, an earlier Pod, ended at {time}",
        PodSaidOrphan: "{pod} still runs on {node} although its Pod object is gone",
        PodOn: "{node}, Pod #{count}",
        OldRevision: "old revision",
        NewRevision: "new revision",
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
        ShuttingDown: "shutting down",
        PoweredOn: "powered on",
        CutOff: "cut off",
        RunsUnknown: "runs, unknown to the API server",
        For: "for {time}",
        Cordoned: "cordoned",
        OutOfServiceChip: "out of service",
        AllOf: "all {count}",
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
        LaneUnknown: "Unknown, {node}",
        LaneAgain: "#{count} {node}",
        LaneCount: "#{count}",
        Refused: "Refused",
        Dismiss: "Dismiss",
        OpenLink: "open",
        LinkNewer: "This link was made with a newer playground, which this one cannot read. \
            Nothing is lost: the link still stands in the address bar.",
        LinkDamaged: "This link cannot be read: {why}. Nothing is lost: the link still stands in \
            the address bar.",
        LinkDiffers: "This link was made with version {version} of the playground. What happens \
            may differ from what was seen there.",
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
        DeedShutDown: "shut down",
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
        NotThere: "not there now",
        WhyItWaits: "Why it waits",
        UntilYouAct: "Nothing is scheduled. This lasts until you act.",
        DeletePod: "Delete {name}",
        DeletePodPrice: "*It stops in its own time.* A new Pod comes back with the same name, \
            claim and volume, another UID and another address.",
        DeleteOtherPodPrice: "*It stops in its own time.* Another Pod, of another name, takes its \
            place.",
        DeleteLonePodPrice: "*It stops in its own time.* Nothing makes it again.",
        DeleteOwnerPrice: "*Its Pods go with it.*",
        ForceDelete: "Force delete {name}",
        ForceDeletePrice: "*It may run twice.* The object goes at once, whatever its process does: \
            the old {name} could still be writing.",
        PowerOffPrice: "*Nobody is told.* The API server notices only that {name} has gone silent.",
        ShutDownNode: "Shut down {name}",
        ShutDownPrice: "*Its kubelet ends the Pods first*, in at most 30 seconds; then the power \
            goes. Its volumes may still count as in use.",
        PowerOnPrice: "*Costs nothing.* The kubelet boots, reports and says what stopped.",
        MarkOutOfService: "Mark {name} out of service",
        MarkOutOfServicePrice: "*You promise that {name} is off.* Once it is not Ready, its \
            Terminating Pods and its attachments are dropped at once. If you are wrong, there \
            are two writers.",
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
        FactBegan: "Began",
        FactEnded: "Ended",
        FactLastEvent: "Last event",
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
        FactsAttachments: "Attachments",
        FactAttachment: "Wanted",
        WhyNode: "Why {node}",
        WhyNoNode: "Why no node",
        PlacedAlone: "At {time} it was the only node that fits.",
        PlacedBest: "At {time} it had the most points of {count} nodes that fit.",
        PlacedLot: "At {time} {count} nodes had the most points; among equals the scheduler draws \
            lots.",
        PlacedNowhere: "At {time} no node fitted.",
        Fits: "fits",
        Points: "Points",
        Cordon: "Cordon {name}",
        CordonPrice: "*No new Pods here.* Those that run there stay.",
        Uncordon: "Uncordon {name}",
        UncordonPrice: "*New Pods may come again.*",
        Mend: "Mend",
        MendIt: "Mend it: {what}",
        FactSelector: "Selector",
        EnvironmentOf: "Environment of {container}",
        WritesMark: "{n} writes, mark {mark}",
        TornAt: "two processes wrote at once at {time}",
        PodOfSeat: "Pod #{count} in seat {ordinal}",
    }
}
