//! What a person can point at, and what a person can want.
//!
//! Not here: what happens then. An intent about the cluster or the clock becomes a session action;
//! one about the page alone stays in the page.

use super::Text;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::cluster::input::Input;

/// An object a person has picked or may pick.
pub type Subject = ObjectRef;

/// The object `name` of `kind` in `namespace`, which is empty for objects of the whole cluster.
pub fn subject(kind: Kind, namespace: &str, name: &str) -> Subject {
    ObjectRef::new(kind, Key::new(namespace, name))
}

/// A Node, or the machine behind it.
pub fn node_subject(name: &str) -> Subject {
    subject(Kind::Node, "", name)
}

/// Anything a press of a button or key can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To the next moment at which anything observable changes.
    Step,
    /// To the previous one.
    Back,
    /// To the beginning, keeping what was done.
    Start,
    /// Let time run.
    Play,
    /// Stop it.
    Pause,
    /// Until nothing is scheduled that anyone could see.
    Settle,
    /// Forward by so many milliseconds.
    Forward(u64),
    /// Back by so many milliseconds.
    Rewind(u64),
    /// To a moment on the timeline, in hundredths of a percent of its width.
    Seek(u32),
    /// To this time, in milliseconds from the start.
    To(u64),
    /// Simulated seconds per second.
    Speed(u32),
    /// Everything from the beginning: the applied manifests, no deeds.
    Reset,
    /// Take the last deed back.
    Undo,
    /// Apply the manifest in the editor.
    Apply,
    /// Load an example by its number in the list.
    Example(u32),
    /// The text of the editor has become this.
    Edit(Text),
    /// A file was dropped or chosen: its name and text.
    Open(Text, Text),
    /// Show this tab of the editor.
    File(u32),
    /// Put the cursor on this line, counted from one.
    Goto(u32),
    /// Rewrite this document of the manifest in today's words.
    Rewrite(u32),
    /// List only what has this in its name.
    Filter(Text),
    /// List more.
    More,
    /// Pick an object, or nothing.
    Select(Option<Subject>),
    /// Pick an object and show what can be done about it.
    Ways(Subject),
    /// Do something to the cluster.
    Do(Input),
    /// Show the manifest against what the API server holds.
    Diff,
    /// Keep the manifest shown as a file.
    Download,
    /// Show this about the selected object.
    Tab(Tab),
    /// Do the first thing that can be done to it whose line begins so.
    First(&'static str),
    /// Show keys, words, and what can be set.
    Help,
    /// Put this text on the clipboard.
    Copy(Text),
    /// Show the table of one kind.
    Show(Kind),
    /// Show this pane, where only one is shown.
    Pane(Pane),
    /// Other colours.
    Theme,
    /// Fold events and tables away, or show them.
    Fold(bool),
    /// Look at the future of this number.
    Branch(u32),
    /// Show the future of this number beside this one, or none.
    Compare(Option<u32>),
    /// Show why what is blocked most waits.
    Why,
    /// A lower speed.
    Slower,
    /// A higher speed.
    Faster,
    /// Hand out links, embeds, files.
    Share,
    /// Open the whole page with this session, from an embed.
    OpenWhole,
    /// Speak the other language.
    Speak,
    /// Put the message away.
    Dismiss,
    /// Close what lies over the figure, or pick nothing.
    Escape,
    /// Show the terminal, or the tables, where one of them has room.
    Terminal(bool),
    /// Give what lies below more room.
    Tall(bool),
    /// Type this at the terminal.
    Type(Text),
    /// End what runs there.
    Interrupt,
    /// What is typed there has ended.
    EndTyping,
    /// Forget what was shown there.
    ClearTerminal,
    /// Open another terminal.
    OpenTab,
    /// Close the terminal of this number in the row.
    CloseTab(u32),
    /// Show it.
    ShowTab(u32),
}

impl Intent {
    /// Another machine of this name.
    pub fn add_machine(name: &str) -> Intent {
        Intent::Do(Input::operate(["add-machine ", name].concat()))
    }

    /// What one would type at the terminal for the same; `None` where there is no such line.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Intent::Do(input) => input.command(),
            Intent::Settle => "settle".into(),
            Intent::Forward(millis) => {
                format!("advance {}", crate::base::time::Span(*millis).go())
            }
            _ => return None,
        })
    }
}

/// What is shown about the selected object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Plain words, waits, actions.
    #[default]
    Now,
    /// As the API server holds it.
    Yaml,
    /// Events about it.
    Events,
    /// What kubectl says of it.
    Describe,
    /// What it was before.
    History,
}

impl Tab {
    /// All of them, in order, and the words for them.
    pub const ALL: [(Tab, super::Word); 5] = [
        (Tab::Now, super::Word::FactsNow),
        (Tab::Yaml, super::Word::Yaml),
        (Tab::Events, super::Word::Events),
        (Tab::Describe, super::Word::Describe),
        (Tab::History, super::Word::History),
    ];
}

/// The panes a small page shows one at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// Figure, seats.
    #[default]
    Cluster,
    /// The manifest.
    Yaml,
    /// The selected object.
    Inspector,
    /// The terminal.
    Terminal,
    /// Events.
    Events,
    /// Tables.
    Table,
}

impl Pane {
    /// All of them, in order.
    pub const ALL: [Pane; 6] =
        [Pane::Cluster, Pane::Yaml, Pane::Inspector, Pane::Terminal, Pane::Events, Pane::Table];

    /// The pane of this name.
    pub fn of(key: &str) -> Option<Pane> {
        Pane::ALL.into_iter().find(|pane| pane.key() == key)
    }

    /// The name that the style sheet uses.
    pub fn key(self) -> &'static str {
        match self {
            Pane::Cluster => "cluster",
            Pane::Yaml => "yaml",
            Pane::Inspector => "inspector",
            Pane::Terminal => "terminal",
            Pane::Events => "events",
            Pane::Table => "table",
        }
    }
}

/// The colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// Black on white.
    Contrast,
}

impl Theme {
    /// The next one when the button is pressed.
    pub fn next(self) -> Theme {
        match self {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Contrast,
            Theme::Contrast => Theme::Auto,
        }
    }

    /// The name that the style sheet uses; empty for the system's.
    pub fn key(self) -> &'static str {
        match self {
            Theme::Auto => "",
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Contrast => "contrast",
        }
    }

    /// The theme of this name.
    pub fn of(key: &str) -> Theme {
        [Theme::Light, Theme::Dark, Theme::Contrast]
            .into_iter()
            .find(|theme| theme.key() == key)
            .unwrap_or_default()
    }

    /// The word for it.
    pub fn word(self) -> super::Word {
        match self {
            Theme::Auto => super::Word::ThemeAuto,
            Theme::Light => super::Word::ThemeLight,
            Theme::Dark => super::Word::ThemeDark,
            Theme::Contrast => super::Word::ThemeContrast,
        }
    }
}

/// What a person has chosen about the page itself, not about the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The pane a small page shows.
    pub pane: Pane,
    /// The colours.
    pub theme: Theme,
    /// Events and tables are folded away or shown; `None`: as there is room.
    pub folded: Option<bool>,
    /// Changes are shown at once, without movement: time runs too fast to follow them.
    pub still: bool,
    /// A long piece of work goes on.
    pub busy: bool,
    /// Tables are shown where the terminal could be.
    pub tables: bool,
    /// What lies below has more room than the figure.
    pub tall: bool,
    /// The page is a part of another one.
    pub embedded: bool,
    /// Nothing can be changed; time still moves.
    pub readonly: bool,
}
