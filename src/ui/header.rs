//! The line on top: whose page this is, what is loaded, undo, colours.
//!
//! A part of another page has a shorter one, with the way to the whole page.
//!
//! Not here: the dialog that shares (static/share.js).

use super::parts::{Button, Cx, say};
use crate::view::{Intent, Look, Pane, Screen, Word};
use yew::prelude::*;

/// The header.
pub fn header(cx: &Cx, screen: &Screen, look: &Look) -> Html {
    if look.embedded { part(cx, screen, look) } else { whole(cx, screen, look) }
}

fn mark(words: Html) -> Html {
    html! {
        <h1 class="mark">
            <svg width="30" height="18" viewBox="0 0 30 18" aria-hidden="true">
                <path class="b" d="M0 3h8v10H0zM22 3h8v10h-8z" />
                <path class="h" d="M11.6 3.6h6.8v8.8h-6.8z" />
                <path class="b" d="M0 15h30v2H0z" />
            </svg>
            { words }
        </h1>
    }
}

/// Of a part of another page: the set, what else there is to see, the way to the whole.
fn part(cx: &Cx, screen: &Screen, look: &Look) -> Html {
    let head = screen.stage.heads.first();
    let name = head.map_or(cx.say(Word::Product), |head| &*head.subject.key.name);
    let pane = |pane: Pane, word: Word| {
        let on = look.pane == pane;
        let to = if on { Pane::Cluster } else { pane };
        html! {
            <button
                type="button"
                class={classes!("btn", "btn-quiet", "btn-sm", on.then_some("is-on"))}
                aria-expanded={on.to_string()}
                onclick={cx.on(Intent::Pane(to))}
            >{ cx.say(if on { Word::Close } else { word }) }</button>
        }
    };
    html! {
        <header class="top">
            { mark(html! { <span>{ name }</span> }) }
            if let Some(head) = head {
                <span class="num count">
                    { say(cx, Word::Of, &[
                        ("ready", &head.ready.to_string()),
                        ("all", &head.replicas.to_string()),
                    ]) }
                </span>
            }
            <span class="grow"></span>
            { pane(Pane::Yaml, Word::Yaml) }
            { pane(Pane::Events, Word::Events) }
            { pane(Pane::Inspector, Word::Inspector) }
            if matches!(look.pane, Pane::Terminal | Pane::Table) {
                { pane(look.pane, Word::Terminal) }
            }
            <button type="button" class="open-full" onclick={cx.on(Intent::OpenWhole)}>
                { cx.say(Word::OpenWhole) }
            </button>
        </header>
    }
}

fn whole(cx: &Cx, screen: &Screen, look: &Look) -> Html {
    let undo = match &screen.undo {
        Some(what) => cx.lang.fill(Word::UndoWhat, &[("what", what)]),
        None => String::new(),
    };
    let theme = cx.lang.fill(Word::ThemeIs, &[("theme", cx.say(look.theme.word()))]);
    let other = if look.pane == Pane::Inspector { Pane::Cluster } else { Pane::Inspector };
    html! {
        <header class="top">
            { mark(html! {
                <>
                    <span class="not-s">{ cx.say(Word::Product) }</span>
                    <span class="only-s">{ cx.say(Word::Playground) }</span>
                </>
            }) }
            <span class="sep"></span>
            <span class="title">{ &*screen.title }</span>
            <span class="grow"></span>
            { Button::new("btn-quiet fold-lb", "i-undo", cx.say(Word::Undo), Intent::Undo)
                .when(screen.undo.is_some())
                .hint(&undo)
                .html(cx) }
            { Button::new("btn-quiet share", "i-share", cx.say(Word::Share), Intent::Share)
                .hint(cx.say(Word::ShareHint)).html(cx) }
            { Button::new("btn-quiet only-l", "i-look", cx.say(Word::Inspector),
                Intent::Pane(other)).html(cx) }
            <button type="button" class="btn btn-quiet btn-icon" aria-label={cx.say(Word::Help)}
                title={cx.say(Word::Help)} onclick={cx.on(Intent::Help)}>{ "?" }</button>
            { Button::new("btn-quiet lang", "", cx.say(Word::OtherLanguage), Intent::Speak)
                .html(cx) }
            { Button::bare("btn-quiet btn-icon", "i-theme", &theme, Intent::Theme).html(cx) }
        </header>
    }
}
