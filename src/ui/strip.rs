//! The seats: on the left what is kept, on the right who sits there now.
//!
//! Not here: choosing which seats are shown when there are many.

use super::lines::percent;
use super::parts::{Cx, edge, plate, say, stamp, stated, status};
use crate::view::{Occupant, Seat, SeatWindow, State, Word};
use std::rc::Rc;
use yew::prelude::*;

/// Properties of [`StripView`].
#[derive(Clone, PartialEq, Properties)]
pub struct StripProps {
    /// Language and presses.
    pub cx: Cx,
    /// The seats, set by set.
    pub seats: Rc<Vec<SeatWindow>>,
}

/// The strip.
#[component]
pub fn StripView(StripProps { cx, seats }: &StripProps) -> Html {
    seats.iter().map(|window| strip(cx, window, seats.len() > 1)).collect()
}

fn strip(cx: &Cx, window: &SeatWindow, named: bool) -> Html {
    // A row that leaves the window becomes the one that enters it.
    let turns = match window.window {
        Some(_) => u32::try_from(window.shown.len()).unwrap_or(u32::MAX).max(1),
        None => u32::MAX,
    };
    let label = cx.lang.fill(Word::SeatsOf, &[("set", &window.set.key.name)]);
    html! {
        <section class="strip" aria-label={label} key={&*window.set.key.name}>
            <div class="strip-h">
                <span class="cap">
                    if named {
                        <b>{ &*window.set.key.name }</b>{ ": " }
                    }
                    { say(cx, Word::KeptWith, &[]) }
                </span>
                <span class="cap">{ say(cx, Word::Changes, &[]) }</span>
            </div>
            <ol>
                { for window.shown.iter().map(|seat| html! {
                    <SeatView key={seat.ordinal % turns} cx={cx.clone()} seat={seat.clone()} />
                }) }
            </ol>
            if let Some(view) = window.window {
                { ruler(cx, window, view) }
            }
        </section>
    }
}

fn ruler(cx: &Cx, window: &SeatWindow, (from, to): (u32, u32)) -> Html {
    html! {
        <div class="winr">
            <svg class="win" height="20" role="img" aria-label={cx.say(Word::SeatRuler)}>
                <rect class="wt" y="6.5" width="100%" height="7" />
                { for window.marks.iter().map(|(at, state)| html! {
                    <line class={stated("wm", *state)} x1={percent(*at)} x2={percent(*at)}
                        y1="6" y2="14" />
                }) }
                <rect class="ww" x={percent(from)} y="3" width={percent((to - from).max(100))}
                    height="14" />
            </svg>
            <span class="cap">{ &*window.said }</span>
        </div>
    }
}

/// Properties of [`SeatView`].
#[derive(Clone, PartialEq, Properties)]
pub struct SeatProps {
    /// Language and presses.
    pub cx: Cx,
    /// The seat.
    pub seat: Rc<Seat>,
}

/// A row.
#[component]
pub fn SeatView(SeatProps { cx, seat }: &SeatProps) -> Html {
    let taken = seat.occupant.is_some();
    html! {
        <li class={classes!("seat", seat.picked.then_some("is-picked"))}
            data-name={seat.subject.key.name.to_string()}>
            <div class="kept">
                { plate("plate-40", seat.ordinal) }
                <div class="id">
                    <button
                        type="button"
                        class="pick"
                        aria-pressed={seat.picked.to_string()}
                        onclick={cx.pick(&seat.subject)}
                    ><b>{ &*seat.subject.key.name }</b></button>
                    <span><b>{ &*seat.dns }</b><span class="dom">{ &*seat.domain }</span></span>
                </div>
                <div class="claim">
                    if let Some(claim) = &seat.claim {
                        <span class="cl"><b>{ &**claim }</b>{ " " }<i>{ &*seat.volume }</i></span>
                        <span class="att">{ &*seat.attached }</span>
                    }
                </div>
                if let Some(mark) = &seat.stamp {
                    { stamp(cx, mark) }
                }
            </div>
            <i class={if taken { "join" } else { "join off" }}></i>
            { occupant(cx, seat) }
        </li>
    }
}

fn occupant(cx: &Cx, seat: &Seat) -> Html {
    let Some(Occupant { state, word, place, ip, was }) = &seat.occupant else {
        let word = if seat.leaving {
            Word::Leaving
        } else if seat.claim.is_some() {
            Word::NoPodNow
        } else {
            Word::NoPodYet
        };
        return html! {
            <div class={stated("occ", State::None)}>
                { edge() }<span class="m">{ cx.say(word) }</span>
            </div>
        };
    };
    html! {
        <div class={stated("occ", *state)}>
            { edge() }
            { status(*state, word) }
            <span class="m">
                <b>{ &**place }</b>
                <span>{ &**ip }</span>
                if let Some(was) = was {
                    { " " }
                    <s aria-label={cx.lang.fill(Word::WasAddress, &[("ip", was)])}>{ &**was }</s>
                }
            </span>
        </div>
    }
}
