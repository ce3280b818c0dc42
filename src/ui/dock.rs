//! The record below: the terminal or tables of objects as the API server holds them, and events.
//!
//! Not here: the terminal itself; sorting.

use super::parts::{Button, Cx};
use super::terminal::{self, Choices, TerminalView};
use crate::api::kinds::Kind;
use crate::view::terminal::Terminal;
use crate::view::{Event, Intent, Row, Subject, TABLES, Table, Text, Word};
use std::rc::Rc;
use yew::prelude::*;

/// Properties of [`DockView`].
#[derive(Clone, PartialEq, Properties)]
pub struct DockProps {
    /// Language and presses.
    pub cx: Cx,
    /// The table shown.
    pub table: Rc<Table>,
    /// Events, newest first.
    pub events: Rc<Vec<Rc<Event>>>,
    /// Events not listed.
    pub more: u32,
    /// What is listed has this in its object's name.
    pub filter: Text,
    /// The object picked.
    pub picked: Option<Subject>,
    /// The terminal.
    pub terminal: Rc<Terminal>,
    /// It is shown where it shares its place with the tables.
    pub typing: bool,
    /// All of it has more room.
    pub tall: bool,
    /// Asks what could stand in a place of the terminal's line.
    pub choices: Option<Choices>,
}

/// The dock.
#[component]
pub fn DockView(props: &DockProps) -> Html {
    let DockProps { cx, table, events, more, filter, picked, terminal, typing, tall, choices } =
        props;
    let row = || {
        html! {
            <div class="tabs" role="tablist" aria-label={cx.say(Word::Table)}>
                { terminal::head(cx, *typing) }
                { for TABLES.iter().map(|(kind, title)| {
                    tab(cx, *kind, title, (!typing).then_some(table.kind))
                }) }
            </div>
        }
    };
    let (word, room) = match tall {
        true => (Word::TermLow, "btn-quiet btn-icon tall-b is-tall"),
        false => (Word::TermTall, "btn-quiet btn-icon tall-b"),
    };
    html! {
        <>
            <section class="tablepane" aria-label={cx.say(Word::Table)}>
                { row() }
                { grid(cx, table, filter) }
                { self::filter(cx, filter) }
            </section>
            <section class="termpane" aria-label={cx.say(Word::Terminal)}>
                { row() }
                <TerminalView cx={cx.clone()} terminal={terminal.clone()}
                    picked={picked.clone()} choices={choices.clone()} />
            </section>
            <section class="eventpane" aria-label={cx.say(Word::Events)}>
                <div class="tabs">
                    <h2 class="tab is-on">{ cx.say(Word::Events) }</h2>
                    <span class="end">
                        { self::filter(cx, filter) }
                        { Button::bare(room, "i-tall", cx.say(word), Intent::Tall(!tall)).html(cx) }
                        { Button::bare("btn-quiet btn-icon fold-down", "i-chev",
                            cx.say(Word::FoldRecord), Intent::Fold(true)).html(cx) }
                        { Button::bare("btn-quiet btn-icon fold-up", "i-chev",
                            cx.say(Word::UnfoldRecord), Intent::Fold(false)).html(cx) }
                    </span>
                </div>
                if events.is_empty() && !filter.is_empty() {
                    { nothing(cx) }
                } else {
                    { list(cx, events, *more, picked.as_ref()) }
                }
            </section>
        </>
    }
}

fn tab(cx: &Cx, kind: Kind, title: &'static str, current: Option<Kind>) -> Html {
    let on = Some(kind) == current;
    html! {
        <button
            type="button"
            role="tab"
            class={classes!("tab", on.then_some("is-on"))}
            aria-selected={on.to_string()}
            onclick={cx.on(Intent::Show(kind))}
        >{ title }</button>
    }
}

/// What the names of what is listed have in them.
fn filter(cx: &Cx, filter: &Text) -> Html {
    let act = cx.act.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        super::platform::typed(&event).into_iter().for_each(|text| act.emit(Intent::Filter(text)));
    });
    let label = cx.say(Word::Filter);
    html! {
        <input
            class="filter"
            type="search"
            autocomplete="off"
            spellcheck="false"
            aria-label={label}
            placeholder={label}
            value={filter.to_string()}
            {oninput}
        />
    }
}

fn nothing(cx: &Cx) -> Html {
    html! { <p class="empty">{ cx.say(Word::FilterEmpty) }</p> }
}

fn grid(cx: &Cx, table: &Table, filter: &str) -> Html {
    if table.rows.is_empty() && !filter.is_empty() {
        return nothing(cx);
    }
    if table.rows.is_empty() {
        return html! { <p class="empty">{ cx.say(Word::TableEmpty) }</p> };
    }
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={table.kind.info().plural}>
            <table class="tbl">
                <thead>
                    <tr>{ for table.heads.iter().map(|head| html! {
                        <th scope="col">{ &**head }</th>
                    }) }</tr>
                </thead>
                <tbody>
                    { for table.rows.iter().enumerate().map(|(i, row)| html! {
                        <RowView key={key(row, i)} cx={cx.clone()} row={row.clone()}
                            names={table.names} />
                    }) }
                </tbody>
            </table>
            { rest(cx, Word::MoreRows, table.more) }
            <p class="cap rest">{ cx.say(Word::AsApiServerSeesIt) }</p>
        </div>
    }
}

fn key(row: &Row, i: usize) -> String {
    row.0.as_ref().map_or(i.to_string(), |subject| subject.key.to_string())
}

/// Properties of [`RowView`].
#[derive(Clone, PartialEq, Properties)]
pub struct RowProps {
    /// Language and presses.
    pub cx: Cx,
    /// The row.
    pub row: Rc<Row>,
    /// The column of the names.
    pub names: usize,
}

/// A row: a component, so that one that says the same is not drawn again.
#[component]
pub fn RowView(RowProps { cx, row, names }: &RowProps) -> Html {
    let (subject, picked, cells) = &**row;
    let cell = |(i, text): (usize, &Text)| match subject {
        Some(subject) if i == *names => html! {
            <td>
                <button type="button" class="pick" onclick={cx.pick(subject)}>{ &**text }</button>
            </td>
        },
        _ => html! { <td>{ &**text }</td> },
    };
    html! {
        <tr class={picked.then_some("is-picked")}>{ for cells.iter().enumerate().map(cell) }</tr>
    }
}

/// What shows more, if there is more.
fn rest(cx: &Cx, word: Word, more: u32) -> Html {
    if more == 0 {
        return Html::default();
    }
    let label = cx.lang.fill(word, &[("n", &more.to_string())]);
    html! {
        <p class="rest">{ Button::new("btn-quiet btn-sm", "", &label, Intent::More).html(cx) }</p>
    }
}

/// Those about the object picked are marked.
pub(super) fn list(cx: &Cx, events: &[Rc<Event>], more: u32, picked: Option<&Subject>) -> Html {
    if events.is_empty() {
        return html! { <p class="empty">{ cx.say(Word::EventsEmpty) }</p> };
    }
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={cx.say(Word::Events)}>
            <ol class="ev">{ for events.iter().map(|event| html! {
                <EventView key={event.id.to_string()} cx={cx.clone()} event={event.clone()}
                    on={picked.is_some() && event.subject.as_ref() == picked} />
            }) }</ol>
            { rest(cx, Word::EventsMore, more) }
        </div>
    }
}

/// Properties of [`EventView`].
#[derive(Clone, PartialEq, Properties)]
pub struct EventProps {
    /// Language and presses.
    pub cx: Cx,
    /// The event.
    pub event: Rc<Event>,
    /// It is about what is picked.
    pub on: bool,
}

/// A line of the list: a component, so that one that says the same is not drawn again.
#[component]
pub fn EventView(EventProps { cx, event, on }: &EventProps) -> Html {
    let on = *on;
    let class = classes!(
        on.then_some("is-picked"),
        event.now.then_some("now"),
        (&*event.kind == "Warning").then_some("is-warn"),
        event.kind.is_empty().then_some("you"),
    );
    let at = match &event.seek {
        Some(intent) => html! {
            <button type="button" class="t pick" onclick={cx.on(intent.clone())}>
                { &*event.at }
            </button>
        },
        None => html! { <span class="t">{ &*event.at }</span> },
    };
    let object = match &event.subject {
        Some(subject) => html! {
            <button type="button" class="o pick" aria-pressed={on.to_string()}
                onclick={cx.pick(subject)}>
                { &*event.object }
            </button>
        },
        None => html! { <span class="o">{ &*event.object }</span> },
    };
    html! {
        <li {class}>
            { at }
            <span class="ty">{ &*event.kind }</span>
            { object }
            <span class="m" title={event.message.to_string()}>
                if !event.reason.is_empty() {
                    <b>{ &*event.reason }</b>{ " " }
                }
                { &*event.message }
                if event.count > 1 {
                    <span class="cap">{ " ×" }{ event.count }</span>
                }
            </span>
        </li>
    }
}
