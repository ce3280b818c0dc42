//! Clock and time buttons. One of them is filled: Step, unless only a person can go on.
//!
//! Not here: letting time run (see `app`), the timeline beside it.

use super::because::ways;
use super::parts::{Button, Cx};
use crate::view::{Because, Intent, Transport, Word};
use yew::prelude::*;

/// Speeds on offer, simulated seconds per second.
const SPEEDS: [u32; 4] = [1, 5, 20, 60];

/// The transport.
pub fn transport(cx: &Cx, time: &Transport, because: &Because) -> Html {
    let step = if time.can_step && !time.yield_primary { "btn-primary step" } else { "step" };
    let (play, symbol, intent) = if time.playing {
        (Word::Pause, "i-pause", Intent::Pause)
    } else {
        (Word::Play, "i-play", Intent::Play)
    };
    let lost = !time.can_step && because.ways.is_some();
    html! {
        <div
            class={classes!("transport", lost.then_some("lost"))}
            role="group"
            aria-label={cx.say(Word::Time)}
        >
            <div class="tr-row tr-1">
                <span class="clock" role="timer" aria-label={cx.say(Word::SimulatedTime)}>
                    { &*time.clock }
                </span>
                <span class="grow"></span>
                { Button::bare("btn-quiet btn-icon pb not-s spare", "i-start", cx.say(Word::Start),
                    Intent::Start).when(time.can_back).html(cx) }
                { Button::bare("btn-quiet btn-icon pb", "i-back", cx.say(Word::Previous),
                    Intent::Back).when(time.can_back).html(cx) }
                { Button::new(step, "i-step", cx.say(Word::Step), Intent::Step)
                    .when(time.can_step).hint(cx.say(Word::StepHint)).html(cx) }
                { Button::new("btn-tall play", symbol, cx.say(play), intent)
                    .when(time.can_step || time.playing).html(cx) }
                { Button::bare("btn-quiet btn-icon pb settle", "i-settle", cx.say(Word::Settle),
                    Intent::Settle).when(time.can_step).html(cx) }
                if lost {
                    <span class="only-s">{ ways(cx, because, true) }</span>
                }
            </div>
            <div class="tr-row tr-2">
                { jumps(cx, time) }
                <span class="grow"></span>
                if time.settled.is_empty() {
                    { speed(cx, time) }
                }
                { Button::new("btn-quiet", "", cx.say(Word::Reset), Intent::Reset)
                    .hint(cx.say(Word::ResetHint)).html(cx) }
            </div>
        </div>
    }
}

fn jumps(cx: &Cx, time: &Transport) -> Html {
    let settled = !time.settled.is_empty();
    let jump = |class, word, ms| Button::new(class, "", cx.say(word), Intent::Forward(ms)).html(cx);
    html! {
        <>
            if !settled && time.jump.is_none() {
                { jump("btn-quiet jump spare", Word::PlusSecond, 1_000) }
            }
            { jump("btn-quiet jump", Word::PlusTen, 10_000) }
            { jump("btn-quiet jump", Word::PlusMinute, 60_000) }
            if let Some((label, at)) = &time.jump {
                { Button::new("btn-quiet jump ahead", "", label, Intent::To(*at)).hint(label)
                    .html(cx) }
            }
            if settled {
                <span class="cap settled">{ &*time.settled }</span>
            }
        </>
    }
}

fn speed(cx: &Cx, time: &Transport) -> Html {
    let act = cx.act.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some(speed) = super::platform::chosen(&event).and_then(|text| text.parse().ok()) {
            act.emit(Intent::Speed(speed));
        }
    });
    html! {
        <span class="pickbox">
            <select class="btn btn-quiet" aria-label={cx.say(Word::Speed)} {onchange}>
                { for SPEEDS.iter().map(|speed| html! {
                    <option value={speed.to_string()} selected={*speed == time.speed}>
                        { speed }{ "×" }
                    </option>
                }) }
            </select>
            { super::parts::icon("i-chev") }
        </span>
    }
}
