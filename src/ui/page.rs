//! The frame: which pane lies where is up to the style sheet and the size of our own root.
//!
//! All panes are always in the document; a small page shows one of them at a time.
//!
//! Not here: state (see `app`).

use super::because::because;
use super::deck::transport;
use super::dock::DockView;
use super::editor::EditorView;
use super::header::header;
use super::inspector::InspectorView;
use super::parts::{Button, Cx, icon, plate};
use super::stage::{ROW, StageView};
use super::strip::StripView;
use super::terminal::Choices;
use super::timeline::TimelineView;
use crate::view::{Branches, Intent, Look, Pane, Screen, Text, Word};
use yew::prelude::*;

/// Properties of [`Page`].
#[derive(Clone, PartialEq, Properties)]
pub struct PageProps {
    /// Language and presses.
    pub cx: Cx,
    /// The moment.
    pub screen: Screen,
    /// What the person has chosen about the page.
    pub look: Look,
    /// Something to know about the page.
    #[prop_or_default]
    pub note: Option<Text>,
    /// Asks what could stand in a place of the terminal's line.
    #[prop_or_default]
    pub choices: Option<Choices>,
}

/// The page.
#[component]
pub fn Page(PageProps { cx, screen, look, note, choices }: &PageProps) -> Html {
    let (class, board) = (app_class(screen, look), board_class(screen));
    let filled = !screen.transport.can_step || screen.transport.yield_primary;
    html! {
        <div {class} data-pane={look.pane.key()}>
            <a class="skip" href="#figure">{ cx.say(Word::SkipToFigure) }</a>
            <div class="frame">
                { header(cx, screen, look) }
                <section class="left" aria-label={cx.say(Word::Manifest)}>
                    <EditorView cx={cx.clone()} editor={screen.editor.clone()} />
                </section>
                <main class="centre" id="figure" tabindex="-1">
                    if let Some(note) = note {
                        { banner(cx, note) }
                    }
                    if !screen.branches.all.is_empty() {
                        { branches(cx, &screen.branches) }
                    }
                    <div class={board} data-nodes={screen.stage.nodes.len().to_string()}>
                        <StageView cx={cx.clone()} stage={screen.stage.clone()} />
                        if let Some((title, stage)) = &screen.beside {
                            <section class="beside" aria-label={title.to_string()}>
                                <h2 class="cap">{ &**title }</h2>
                                <StageView cx={cx.clone()} stage={stage.clone()} />
                            </section>
                        }
                        <StripView cx={cx.clone()} seats={screen.seats.clone()} />
                    </div>
                    if let Some(notice) = &screen.notice {
                        <p class="notice" role="alert">
                            <b>{ cx.say(Word::Refused) }</b>{ " " }{ &**notice }
                        </p>
                    }
                    { because(cx, &screen.because, filled) }
                </main>
                <div class="deck">
                    { transport(cx, &screen.transport, &screen.because) }
                    <TimelineView cx={cx.clone()} timeline={screen.timeline.clone()} />
                </div>
                <aside class="right" aria-label={cx.say(Word::Inspector)}>
                    <InspectorView cx={cx.clone()} inspector={screen.inspector.clone()} />
                </aside>
                <div class="dock">
                    <DockView
                        cx={cx.clone()}
                        table={screen.table.clone()}
                        events={screen.events.clone()}
                        more={screen.events_more}
                        filter={screen.filter.clone()}
                        picked={screen.inspector.subject.clone()}
                        terminal={screen.terminal.clone()}
                        typing={!look.tables}
                        tall={look.tall}
                        choices={choices.clone()}
                    />
                </div>
                { tabbar(cx, screen, look) }
            </div>
            <div class="sr" role="status" aria-live="polite">{ &*screen.said }</div>
        </div>
    }
}

fn app_class(screen: &Screen, look: &Look) -> Classes {
    classes!(
        "app",
        look.folded.map(|folded| if folded { "folded" } else { "open" }),
        look.still.then_some("still"),
        look.busy.then_some("busy"),
        (!look.tables).then_some("typing"),
        look.tall.then_some("tall"),
        screen.inspector.subject.is_some().then_some("has-pick"),
        screen.inspector.tells_why().then_some("tells-why"),
        (screen.stage.nodes.len() > ROW).then_some("many-nodes"),
    )
}

fn board_class(screen: &Screen) -> Classes {
    classes!(
        "board",
        screen.beside.is_some().then_some("paired"),
        (!screen.seats.is_empty()).then_some("seated"),
        (!screen.stage.has_shelf()).then_some("shelfless"),
    )
}

/// Something to know about the page, until it is put away.
pub(super) fn banner(cx: &Cx, note: &str) -> Html {
    html! {
        <p class="notice banner" role="status">
            <span>{ note }</span>
            { Button::new("btn-quiet btn-sm", "", cx.say(Word::Dismiss), Intent::Dismiss).html(cx) }
        </p>
    }
}

/// Which future is looked at, and which beside it.
pub(super) fn branches(cx: &Cx, branches: &Branches) -> Html {
    let pick = |label: Word, current: Option<u32>, none: Option<Word>, to: fn(u32) -> Intent| {
        let act = cx.act.clone();
        let onchange = Callback::from(move |event: Event| {
            let number = super::platform::chosen(&event).and_then(|text| text.parse().ok());
            act.emit(to(number.unwrap_or(0)));
        });
        let others =
            branches.all.iter().filter(|(number, _)| none.is_none() || *number != branches.current);
        html! {
            <span class="pickbox">
                <select class="btn btn-quiet" aria-label={cx.say(label)} {onchange}>
                    if let Some(word) = none {
                        <option value="0" selected={current.is_none()}>{ cx.say(word) }</option>
                    }
                    { for others.map(|(number, name)| html! {
                        <option value={number.to_string()} selected={Some(*number) == current}>
                            { &**name }
                        </option>
                    }) }
                </select>
                { icon("i-chev") }
            </span>
        }
    };
    html! {
        <div class="branches" role="group" aria-label={cx.say(Word::Branches)}>
            { pick(Word::LookAtBranch, Some(branches.current), None, Intent::Branch) }
            <span class="cap">{ cx.say(Word::Compare) }</span>
            { pick(Word::Compare, branches.compared, Some(Word::CompareNone), |number| {
                Intent::Compare(Some(number).filter(|number| *number > 0))
            }) }
        </div>
    }
}

fn tabbar(cx: &Cx, screen: &Screen, look: &Look) -> Html {
    html! {
        <nav class="tabbar" aria-label={cx.say(Word::Panes)}>
            { for Pane::ALL.iter().map(|pane| {
                let (id, word) = match pane {
                    Pane::Cluster => ("i-seats", Word::Cluster),
                    Pane::Yaml => ("i-yaml", Word::Yaml),
                    Pane::Inspector => ("i-look", Word::Inspector),
                    Pane::Terminal => ("i-term", Word::Terminal),
                    Pane::Events => ("i-list", Word::Events),
                    Pane::Table => ("i-table", Word::Table),
                };
                let on = *pane == look.pane;
                let picked = screen.inspector.subject.as_ref()
                    .filter(|_| *pane == Pane::Inspector);
                let badge = screen.inspector.ordinal.filter(|_| picked.is_some());
                html! {
                    <button
                        type="button"
                        class={classes!(["p-", pane.key()].concat(), on.then_some("is-on"))}
                        aria-current={on.then_some("page")}
                        onclick={cx.on(Intent::Pane(*pane))}
                    >
                        if let Some(ordinal) = badge {
                            { plate("", ordinal) }
                        } else {
                            { icon(id) }
                        }
                        <span>{ picked.map_or(cx.say(word), |subject| &*subject.key.name) }</span>
                    </button>
                }
            }) }
        </nav>
    }
}
