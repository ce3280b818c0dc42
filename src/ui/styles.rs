//! The style page: every component in every state, on one sheet to look at.
//!
//! Not here: anything that ships; the feature `styles` guards it, and `?styles` shows it.

use super::because::because;
use super::inspector::{act, faults, placing};
use super::page::{banner, branches};
use super::parts::{Button, Cx, plate, stamp, stated, status};
use super::stage::{NodeView, pod, volume};
use super::strip::SeatView;
use super::timeline::TimelineView;
use crate::view::{
    Branches, Candidate, Density, DrumKind, Inspector, Intent, NodeCard, Placing, PodKind, State,
    Theme, Word, node_subject, sample,
};
use std::rc::Rc;
use yew::prelude::*;

/// Properties of [`Styles`].
#[derive(Clone, PartialEq, Properties)]
pub struct StylesProps {
    /// Language and presses.
    pub cx: Cx,
}

/// The sheet.
#[component]
pub fn Styles(StylesProps { cx }: &StylesProps) -> Html {
    let part = |title: &str, content: Html| {
        html! { <section class="sy"><h2>{ title }</h2><div>{ content }</div></section> }
    };
    html! {
        <div class="app styles">
            { Button::bare("btn-quiet btn-icon", "i-theme", cx.say(Theme::Auto.word()),
                Intent::Theme).html(cx) }
            { part("Pod states", states(cx)) }
            { part("Nodes", nodes(cx)) }
            { part("Volumes", volumes(cx)) }
            { part("Seats", seats(cx)) }
            { part("Controls", controls(cx)) }
            { part("Because-line", lines(cx)) }
            { part("Actions", actions(cx)) }
            { part("Why a node", placing(cx, &why())) }
            { part("Broken on purpose", faults(cx, &broken())) }
            { part("Messages, branches", html! {
                <>
                    { banner(cx, cx.say(Word::NotSaved)) }
                    { branches(cx, &Branches {
                        all: vec![(1, "Branch 1".into()), (2, "Branch 2: poweroff node-c".into())],
                        current: 2,
                        compared: Some(1),
                    }) }
                </>
            }) }
            { part("Timeline", html! {
                <TimelineView cx={cx.clone()} timeline={sample::node_down().timeline} />
            }) }
        </div>
    }
}

fn why() -> Placing {
    let row = |name, taken, found: &[(&str, &str)], total: &str| Candidate {
        node: node_subject(name),
        taken,
        found: found.iter().map(|(rule, what)| ((*rule).into(), (*what).into())).collect(),
        total: total.into(),
    };
    Placing {
        title: "Why node-b".into(),
        how: "At 00:09 it had the most points of 2 nodes that fit.".into(),
        rows: vec![
            row("node-a", false, &[("NodeResourcesFit", "Insufficient cpu")], ""),
            row("node-b", true, &[("PodTopologySpread", "100 × 2")], "597"),
            row("node-c", false, &[("PodTopologySpread", "66 × 2")], "528"),
        ],
        more: 3,
    }
}

fn broken() -> Inspector {
    Inspector {
        faults: vec![("node-b has no power".into(), Intent::Step)],
        breaks: vec![("kube-scheduler is stopped".into(), Intent::Step)],
        ..Inspector::default()
    }
}

fn states(cx: &Cx) -> Html {
    let row = |(state, i): (&State, u32)| {
        let word = cx.say(state.word());
        let mut card = sample::pod("web", i, 1, *state, word);
        if *state == State::None {
            card.kind = PodKind::Ended;
        }
        html! {
            <div class="sy-row">
                { pod(cx, &card, Density::Card) }
                { pod(cx, &card, Density::Tight) }
                { pod(cx, &card, Density::Compact) }
                { pod(cx, &card, Density::Chip) }
                { status(*state, word) }
            </div>
        }
    };
    State::ALL.iter().zip(0..).map(row).collect()
}

fn nodes(cx: &Cx) -> Html {
    let web = |state, word| vec![sample::pod("web", 1, 1, state, word)];
    let mut ended = web(State::None, "ended 08:20");
    ended[0].kind = PodKind::Ended;
    let gone = NodeCard {
        known: false,
        shifted: false,
        ..sample::node_off("b", State::None, "no Node object", "13:06 ago", ended)
    };
    let cards = [
        sample::node("a", web(State::Ready, "Ready")),
        sample::node_off(
            "b",
            State::Ready,
            "Ready, 12 of 50 s",
            "0:12 ago",
            web(State::Ready, "Ready"),
        ),
        sample::node_off(
            "b",
            State::Unknown,
            "Unknown for 2:00",
            "2:40 ago",
            web(State::Unknown, "Unknown"),
        ),
        gone,
        NodeCard { chips: vec!["cordoned".into()], ..sample::node("c", vec![]) },
        NodeCard { picked: true, ..sample::node("c", web(State::Ready, "Ready")) },
    ];
    html! {
        <div class="sy-nodes">
            { for cards.into_iter().map(|node| html! {
                <NodeView cx={cx.clone()} node={Rc::new(node)} density={Density::Card} />
            }) }
        </div>
    }
}

fn volumes(cx: &Cx) -> Html {
    let kinds = [
        (DrumKind::Attached, "attached to node-b"),
        (DrumKind::Detaching, "detaching from node-b"),
        (DrumKind::Free, "not attached"),
        (DrumKind::Local, "local to node-b"),
        (DrumKind::Unbound, "waits for first consumer"),
    ];
    let one = |(kind, word): (DrumKind, &str)| {
        let mut drum = sample::drum("www-web-1", 1, Some(1), word);
        drum.kind = kind;
        html! { <div>{ volume(cx, &drum) }</div> }
    };
    html! { <div class="sy-flow">{ for kinds.into_iter().map(one) }</div> }
}

fn seats(cx: &Cx) -> Html {
    let taken = |state| {
        sample::seat("web", "nginx", "www", 1, sample::occupant(state, "node-b", 1, "10.244.2.7"))
    };
    let mut rows: Vec<_> = State::ALL[..7].iter().map(|state| taken(*state)).collect();
    let mut free = taken(State::Ready);
    free.occupant = None;
    rows.push(free);
    let row = |(seat, key): (crate::view::Seat, usize)| {
        html! { <SeatView {key} cx={cx.clone()} seat={Rc::new(seat)} /> }
    };
    html! { <ol class="strip">{ for rows.into_iter().zip(0..).map(row) }</ol> }
}

fn controls(cx: &Cx) -> Html {
    let go = || Intent::Step;
    let buttons = [
        Button::new("btn-primary", "i-step", cx.say(Word::Step), go()),
        Button::new("step", "i-step", cx.say(Word::Step), go()).when(false),
        Button::new("btn-tall play", "i-play", cx.say(Word::Play), go()),
        Button::new("", "", cx.say(Word::Apply), go()),
        Button::new("", "", cx.say(Word::Apply), go()).when(false),
        Button::new("btn-lean", "", "Delete Node object node-b", go()),
        Button::new("btn-quiet", "i-undo", cx.say(Word::Undo), go()),
    ];
    html! {
        <div class="sy-flow">
            { for buttons.into_iter().map(|button| button.html(cx)) }
            { plate("plate-28", 1) }{ plate("plate-40", 120) }
            { stamp(cx, &("57".into(), "a41e".into())) }
            <span class={stated("chip", State::None)}>{ "cordoned" }</span>
        </div>
    }
}

fn lines(cx: &Cx) -> Html {
    let all = [sample::running(), sample::node_down(), sample::replaced()];
    all.iter().map(|screen| because(cx, &screen.because, true)).collect()
}

fn actions(cx: &Cx) -> Html {
    let screen = sample::node_down();
    screen.inspector.ways.iter().map(|one| act(cx, one, true)).collect()
}
