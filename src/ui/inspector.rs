//! The pane on the right: the selected object, why it waits, what can be done and at what price.
//!
//! Not here: the other tabs of an object (YAML, Describe, History), which come later.

use super::parts::{Button, Cx, edge, icon, plate, say, sentence, stamp, status};
use crate::view::{Act, Fact, Facts, Inspector, Intent, Replaced, Text, Word};
use std::rc::Rc;
use yew::prelude::*;

/// Properties of [`InspectorView`].
#[derive(Clone, PartialEq, Properties)]
pub struct InspectorProps {
    /// Language and presses.
    pub cx: Cx,
    /// What it shows.
    pub inspector: Rc<Inspector>,
}

/// The inspector.
#[component]
pub fn InspectorView(InspectorProps { cx, inspector }: &InspectorProps) -> Html {
    let view = &**inspector;
    html! {
        <>
            <div class="tabs">
                <h2 class="tab is-on">{ cx.say(Word::Inspector) }</h2>
                if view.subject.is_some() {
                    <span class="end">
                        { Button::bare("btn-quiet btn-icon", "i-x", cx.say(Word::Deselect),
                            Intent::Select(None)).html(cx) }
                    </span>
                }
            </div>
            if let Some(subject) = &view.subject {
                <div class={classes!("insp-h", view.ordinal.is_none().then_some("plain"))}>
                    if let Some(ordinal) = view.ordinal {
                        { plate("plate-40", ordinal) }
                    }
                    <div>
                        <h2>{ &*subject.key.name }<span class="cap">{ &*view.kind }</span></h2>
                        if let Some((state, word)) = &view.state {
                            { status(*state, word) }
                        }
                    </div>
                </div>
                <div class="insp">{ subject_parts(cx, view) }</div>
            } else {
                <div class="insp">{ nothing(cx, view) }</div>
            }
        </>
    }
}

fn subject_parts(cx: &Cx, view: &Inspector) -> Html {
    html! {
        <>
            if !view.chain.is_empty() {
                { chain(cx, view) }
            }
            if !view.ways.is_empty() {
                { acts(cx, &view.ways_title, &view.ways, true) }
            }
            if let Some(card) = &view.replaced {
                { replaced(cx, card) }
            }
            { for view.facts.iter().map(facts) }
            if !view.acts.is_empty() {
                { acts(cx, cx.say(Word::WhatYouCanDo), &view.acts, false) }
            }
        </>
    }
}

fn chain(cx: &Cx, view: &Inspector) -> Html {
    let root = view.chain.len() - 1;
    html! {
        <section>
            <h3>{ &*view.why }</h3>
            <ol class="chain">
                { for view.chain.iter().enumerate().map(|(i, link)| html! {
                    <li class={(i == root).then_some("root")}>{ sentence(cx, &link.text) }</li>
                }) }
            </ol>
            if !view.eta.is_empty() {
                <p class="eta">{ &*view.eta }</p>
            }
        </section>
    }
}

fn acts(cx: &Cx, title: &str, acts: &[Act], lean: bool) -> Html {
    html! {
        <section>
            <h3>{ title }</h3>
            { for acts.iter().map(|act| self::act(cx, act, lean)) }
        </section>
    }
}

/// One action: button, price, command.
pub fn act(cx: &Cx, act: &Act, lean: bool) -> Html {
    let class = if lean { "btn-lean" } else { "" };
    let copy = cx.lang.fill(Word::CopyCommand, &[("command", &act.command)]);
    html! {
        <div class="act" key={&*act.label}>
            { Button::new(class, "", &act.label, act.intent.clone()).when(act.enabled).html(cx) }
            <p class="price">{ sentence(cx, &act.price) }</p>
            if !act.command.is_empty() {
                <p class="cmd">
                    <code>{ &*act.command }</code>
                    { Button::bare("btn-quiet copy", "i-copy", &copy,
                        Intent::Copy(act.command.clone())).html(cx) }
                </p>
            }
        </div>
    }
}

fn facts(facts: &Facts) -> Html {
    html! {
        <section key={&*facts.title}>
            <h3>{ &*facts.title }</h3>
            <dl class="facts">
                { for facts.facts.iter().map(|Fact { name, value, code }| html! {
                    <>
                        <dt>{ &**name }</dt>
                        <dd class={code.then_some("mono")}>{ &**value }</dd>
                    </>
                }) }
            </dl>
        </section>
    }
}

fn pairs(list: &[(Text, Text)]) -> Html {
    list.iter()
        .map(|(name, value)| html! { <><dt>{ &**name }</dt><dd>{ &**value }</dd></> })
        .collect()
}

fn replaced(cx: &Cx, card: &Replaced) -> Html {
    html! {
        <>
            <section class="diff">
                <h3>{ &*card.title }</h3>
                <div class="grp stay">
                    <h4>{ cx.say(Word::WhatStayed) }</h4>
                    <dl>
                        { pairs(&card.stayed) }
                        if let Some(mark) = &card.stamp {
                            <dt>{ cx.say(Word::Data) }</dt><dd>{ stamp(cx, mark) }</dd>
                        }
                    </dl>
                </div>
                <div class="grp chg">
                    <h4>{ cx.say(Word::WhatChanged) }</h4>
                    <dl>
                        { for card.changed.iter().map(|change| html! {
                            <>
                                <dt>{ &*change.name }</dt>
                                <dd>{ &*change.now }{ " " }<s>{ &*change.was }</s></dd>
                            </>
                        }) }
                    </dl>
                </div>
            </section>
            if !card.story.is_empty() {
                <section>
                    <h3>{ cx.say(Word::HowLong) }</h3>
                    <dl class="facts story">{ pairs(&card.story) }</dl>
                </section>
            }
        </>
    }
}

fn nothing(cx: &Cx, view: &Inspector) -> Html {
    html! {
        <>
            <section>
                <h3>{ cx.say(Word::NothingSelected) }</h3>
                <p class="note">{ say(cx, Word::NothingSelectedHint, &[]) }</p>
            </section>
            <ul class="try">
                { for view.tries.iter().map(|try_| html! {
                    <li key={&*try_.label}>
                        <button
                            type="button"
                            aria-disabled={(!try_.enabled).then_some("true")}
                            onclick={cx.on_if(try_.enabled, try_.intent.clone())}
                        >
                            { icon(try_.icon) }
                            <span><b>{ &*try_.label }</b><span>{ &*try_.text }</span></span>
                        </button>
                    </li>
                }) }
            </ul>
            <section>
                <h3>{ cx.say(Word::HowToRead) }</h3>
                { legend(cx) }
            </section>
        </>
    }
}

fn legend(cx: &Cx) -> Html {
    html! {
        <ul class="legend">
            <li>{ plate("plate-28", 1) }<span>{ say(cx, Word::LegendPlate, &[]) }</span></li>
            <li>
                <span class="lg-pod s-ready">{ edge() }</span>
                <span>{ say(cx, Word::LegendPod, &[]) }</span>
            </li>
            <li>
                <svg class="lg-reg" viewBox="0 0 28 28" aria-hidden="true">
                    <rect class="lr1" x="7" y="7" width="20" height="20" />
                    <rect class="lr2" x="1.5" y="1.5" width="20" height="20" />
                </svg>
                <span>{ say(cx, Word::LegendSheet, &[]) }</span>
            </li>
        </ul>
    }
}
