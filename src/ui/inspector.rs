//! The pane on the right: the selected object, why it waits, what can be done and at what price.
//!
//! Not here: what kubectl says of it (see `view::read`).

use super::parts::{Button, Cx, edge, icon, plate, say, sentence, stamp, status};
use crate::view::{
    Act, Candidate, Fact, Facts, Inspector, Intent, Placing, Replaced, Tab, Text, Word,
};
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
                if view.subject.is_none() {
                    <h2 class="tab is-on">{ cx.say(Word::Inspector) }</h2>
                } else {
                    { tabs(cx, view) }
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
                <div class="insp">
                    { if view.tab == Tab::Now { subject_parts(cx, view) } else { told(cx, view) } }
                </div>
            } else {
                <div class="insp">{ nothing(cx, view) }</div>
            }
        </>
    }
}

fn tabs(cx: &Cx, view: &Inspector) -> Html {
    html! {
        <div class="tabset dense" role="tablist" aria-label={cx.say(Word::Inspector)}>
            { for Tab::ALL.iter().map(|(tab, word)| html! {
                <button
                    type="button"
                    role="tab"
                    class={classes!("tab", (*tab == view.tab).then_some("is-on"))}
                    aria-selected={(*tab == view.tab).to_string()}
                    onclick={cx.on(Intent::Tab(*tab))}
                >{ cx.say(*word) }</button>
            }) }
        </div>
    }
}

/// What others say of it.
fn told(cx: &Cx, view: &Inspector) -> Html {
    let marked = view.lines.iter().any(|(changed, _)| *changed);
    let word = if marked { Word::ChangedSince } else { Word::AsApiServerSeesIt };
    html! {
        <>
            if view.tab == Tab::Events {
                { super::dock::list(cx, &view.events, view.events_more, None) }
            } else if view.lines.is_empty() && view.facts.is_empty() {
                <p class="note">{ cx.say(Word::HistoryNone) }</p>
            } else if view.facts.is_empty() {
                <p class="cap">{ cx.say(word) }</p>
                <pre class="told" tabindex="0">
                    { for view.lines.iter().map(|(changed, line)| match changed {
                        true => html! { <mark>{ &**line }</mark> },
                        false => html! { { &**line } },
                    }) }
                </pre>
            }
            { for view.facts.iter().map(facts) }
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
            if view.own_fault {
                { faults(cx, view) }
            }
            { for view.facts.iter().map(facts) }
            if let Some(placing) = &view.placing {
                { self::placing(cx, placing) }
            }
            if !view.acts.is_empty() {
                { acts(cx, cx.say(Word::WhatYouCanDo), &view.acts, false) }
            }
            if !view.own_fault {
                { faults(cx, view) }
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
            if let Some((label, at)) = &view.jump {
                { Button::new("btn-sm ahead", "i-settle", label, Intent::To(*at)).html(cx) }
            }
        </section>
    }
}

/// The scheduler's table: each node it looked at, what excluded it or its points.
pub(super) fn placing(cx: &Cx, placing: &Placing) -> Html {
    let row = |one: &Candidate| {
        let name = &one.node.key.name;
        html! {
            <tr key={&**name} class={one.taken.then_some("taken")}>
                <th scope="row">
                    <button type="button" class="pick" onclick={cx.pick(&one.node)}>
                        { &**name }
                    </button>
                </th>
                <td>
                    { for one.found.iter().map(|(rule, what)| html! {
                        <span><b>{ &**rule }</b>{ " " }{ &**what }</span>
                    }) }
                </td>
                <td class="num">{ &*one.total }</td>
            </tr>
        }
    };
    html! {
        <section>
            <h3>{ &*placing.title }</h3>
            <p class="note">{ &*placing.how }</p>
            <table class="placing">
                <thead class="sr">
                    <tr>
                        <th scope="col">{ cx.say(Word::FactNode) }</th>
                        <th scope="col">{ "Filter, Score" }</th>
                        <th scope="col">{ cx.say(Word::Points) }</th>
                    </tr>
                </thead>
                <tbody>{ for placing.rows.iter().map(row) }</tbody>
            </table>
            if placing.more > 0 {
                <p class="cap">
                    { cx.lang.fill(Word::RowsMore, &[("n", &placing.more.to_string())]) }
                </p>
            }
        </section>
    }
}

/// What is broken on purpose, and what can be.
pub(super) fn faults(cx: &Cx, view: &Inspector) -> Html {
    if view.faults.is_empty() && view.breaks.is_empty() {
        return Html::default();
    }
    let (act, breaks) = (cx.act.clone(), view.breaks.clone());
    let onchange = Callback::from(move |event: Event| {
        let chosen = super::platform::chosen_of_list(&event);
        let index = chosen.and_then(|text| text.parse::<usize>().ok());
        if let Some((_, intent)) = index.and_then(|index| breaks.get(index)) {
            act.emit(intent.clone());
        }
    });
    html! {
        <section class="faults">
            <h3>{ cx.say(Word::Faults) }</h3>
            <ul>
                { for view.faults.iter().map(|(what, mend)| {
                    let label = cx.lang.fill(Word::MendIt, &[("what", what)]);
                    html! {
                        <li key={&**what}>
                            <span>{ &**what }</span>
                            <button type="button" class="btn btn-sm" aria-label={label}
                                onclick={cx.on(mend.clone())}>{ cx.say(Word::Mend) }</button>
                        </li>
                    }
                }) }
                if view.faults.is_empty() {
                    <li class="note">{ cx.say(Word::FaultsNone) }</li>
                }
            </ul>
            if !view.breaks.is_empty() {
                <span class="pickbox">
                    <select class="btn" aria-label={cx.say(Word::Break)} {onchange}>
                        <option value="" selected={true} hidden={true}>
                            { cx.say(Word::Break) }
                        </option>
                        { for view.breaks.iter().enumerate().map(|(i, (what, _))| html! {
                            <option value={i.to_string()}>{ &**what }</option>
                        }) }
                    </select>
                    { icon("i-chev") }
                </span>
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
                        <dt>
                            if *code {
                                { &**name }
                            } else {
                                <button type="button" class="gloss">{ &**name }</button>
                            }
                        </dt>
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
                <p class="note">{ sentence(cx, &view.hint) }</p>
            </section>
            <ul class="try">
                { for view.tries.iter().map(|try_| html! {
                    <li key={&*try_.label}>
                        <button
                            type="button"
                            aria-disabled={(!try_.enabled).then_some("true")}
                            title={cx.same_line(&try_.intent)}
                            onclick={cx.on_if(try_.enabled, try_.intent.clone())}
                        >
                            { icon(try_.icon) }
                            <span><b>{ &*try_.label }</b><span>{ &*try_.text }</span></span>
                        </button>
                    </li>
                }) }
            </ul>
            { faults(cx, view) }
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
