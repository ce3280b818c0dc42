//! The caption of the figure: why the most blocked StatefulSet waits.
//!
//! Not here: finding the reason; the engine gives it.

use super::parts::{Button, Cx, icon, sentence};
use crate::view::{Because, Intent};
use yew::prelude::*;

/// The line. Its button is filled when nothing else moves the story forward.
pub fn because(cx: &Cx, because: &Because, filled: bool) -> Html {
    html! {
        <div class={classes!("because", because.calm.then_some("calm"))}>
            <span class="why" aria-hidden="true">{ icon("i-why") }</span>
            <p>{ sentence(cx, &because.text) }</p>
            { ways(cx, because, filled) }
        </div>
    }
}

/// The button that leads to the ways out, where there are any.
pub fn ways(cx: &Cx, because: &Because, filled: bool) -> Html {
    let Some((label, subject)) = &because.ways else { return Html::default() };
    let class = if filled { "btn-primary btn-out" } else { "btn-lean btn-out" };
    Button::new(class, "", label, Intent::Ways(subject.clone())).html(cx)
}
