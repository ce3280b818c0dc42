//! The line on top: whose page this is, what is loaded, undo, colours.
//!
//! Not here: Share and the second language, which are not built yet.

use super::parts::{Button, Cx};
use crate::view::{Intent, Look, Pane, Screen, Word};
use yew::prelude::*;

/// The header.
pub fn header(cx: &Cx, screen: &Screen, look: &Look) -> Html {
    let undo = match &screen.undo {
        Some(what) => cx.lang.fill(Word::UndoWhat, &[("what", what)]),
        None => String::new(),
    };
    let theme = cx.lang.fill(Word::ThemeIs, &[("theme", cx.say(look.theme.word()))]);
    let other = if look.pane == Pane::Inspector { Pane::Cluster } else { Pane::Inspector };
    html! {
        <header class="top">
            <h1 class="mark">
                <svg width="30" height="18" viewBox="0 0 30 18" aria-hidden="true">
                    <path class="b" d="M0 3h8v10H0zM22 3h8v10h-8z" />
                    <path class="h" d="M11.6 3.6h6.8v8.8h-6.800z" />
                    <path class="b" d="M0 15h30v2H0z" />
                </svg>
                <span>{ cx.say(Word::Product) }</span>
            </h1>
            <span class="sep"></span>
            <span class="title">{ &*screen.title }</span>
            <span class="grow"></span>
            { Button::new("btn-quiet fold-lb", "i-undo", cx.say(Word::Undo), Intent::Undo)
                .when(screen.undo.is_some())
                .hint(&undo)
                .html(cx) }
            { Button::new("btn-quiet only-l", "i-look", cx.say(Word::Inspector),
                Intent::Pane(other)).html(cx) }
            { Button::bare("btn-quiet btn-icon", "i-theme", &theme, Intent::Theme).html(cx) }
        </header>
    }
}
