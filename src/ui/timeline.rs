//! Draws the timeline: labels beside it, the chart as one SVG that stretches with its pane.
//!
//! It is a slider: arrows move by one event, Home and End to the ends, a press goes to a moment.
//!
//! Not here: dragging, and lanes that add many seats up.

use super::lines::percent;
use super::parts::{Cx, glyph, stated};
use crate::view::{Flag, Intent, Lane, NodeLane, Segment, State, Timeline, Word};
use std::rc::Rc;
use yew::prelude::*;

/// Pixels above the first lane.
const TOP: u32 = 24;
/// From one seat's lane to the next.
const PITCH: u32 = 17;
/// From one machine's bar to the next.
const BAR: u32 = 13;

/// Properties of [`TimelineView`].
#[derive(Clone, PartialEq, Properties)]
pub struct TimelineProps {
    /// Language and presses.
    pub cx: Cx,
    /// The chart.
    pub timeline: Rc<Timeline>,
}

/// The timeline.
#[component]
pub fn TimelineView(TimelineProps { cx, timeline }: &TimelineProps) -> Html {
    let seats = u32::try_from(timeline.lanes.len()).unwrap_or(0);
    let nodes = u32::try_from(timeline.nodes.len()).unwrap_or(0);
    let bars = TOP + seats * PITCH + 5;
    let height = bars + nodes * BAR + 4;
    let act = cx.act.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let intent = match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => Intent::Step,
            "ArrowLeft" | "ArrowDown" => Intent::Back,
            "PageUp" => Intent::Forward(10_000),
            "PageDown" => Intent::Rewind(10_000),
            "Home" => Intent::Start,
            "End" => Intent::Seek(10_000),
            _ => return,
        };
        event.prevent_default();
        act.emit(intent);
    });
    let act = cx.act.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        if let Some(at) = super::platform::share_across(&event) {
            act.emit(Intent::Seek(at));
        }
    });
    html! {
        <div class="timeline">
            <svg class="tl-n" width="58" height={height.to_string()} aria-hidden="true">
                { for timeline.lanes.iter().zip(0..).map(|(lane, i)| seat_name(lane, i)) }
                { for timeline.nodes.iter().zip(0..).map(|(node, i)| html! {
                    <text class="tk" x="0" y={(bars + i * BAR + 9).to_string()}>
                        { &*node.name }
                    </text>
                }) }
            </svg>
            <svg
                class="tl"
                height={height.to_string()}
                role="slider"
                tabindex="0"
                aria-label={cx.say(Word::Timeline)}
                aria-valuemin="0"
                aria-valuemax={timeline.known.to_string()}
                aria-valuenow={timeline.now.to_string()}
                aria-valuetext={timeline.said.to_string()}
                {onkeydown}
                {onclick}
            >
                { chart(timeline, bars, height) }
            </svg>
        </div>
    }
}

fn chart(timeline: &Timeline, bars: u32, height: u32) -> Html {
    let end = height.to_string();
    let known = timeline.known.max(timeline.now);
    html! {
        <>
            <rect class="fut" x={percent(known)} y="21" width={percent(10_000 - known.min(10_000))}
                height={(height - 23).to_string()} />
            { for timeline.ticks.iter().map(|tick| html! {
                <>
                    <line class="grid" x1={percent(tick.at)} x2={percent(tick.at)} y1="21"
                        y2={end.clone()} />
                    if near(timeline, tick.at) {
                        <text class="tk" x={percent(tick.at)} y="13">{ &*tick.label }</text>
                    }
                </>
            }) }
            { for timeline.lanes.iter().zip(0..).map(|(lane, i)| html! {
                { for lane.segments.iter().map(|segment| self::segment(segment, TOP + i * PITCH)) }
            }) }
            { for timeline.nodes.iter().zip(0..).map(|(node, i)| bar(node, bars + i * BAR)) }
            { for timeline.flags.iter().enumerate().map(|(i, flag)| {
                self::flag(timeline, flag, covered(timeline, i), &end)
            }) }
            { playhead(timeline, &end) }
        </>
    }
}

/// Labels yield to flags and to the playhead.
fn near(timeline: &Timeline, at: u32) -> bool {
    let free = |other: u32, before, after| at + before < other || at > other + after;
    let free_of = |flag: &Flag| match side(timeline, flag) {
        Side::Left => free(flag.at, 2_200, 0),
        Side::Right => free(flag.at, 700, 1_700),
        Side::Beyond => free(timeline.now, 1_100, 2_400),
    };
    free(timeline.now, 1_100, 500) && timeline.flags.iter().all(free_of)
}

/// Where a flag shows its label.
#[derive(PartialEq)]
enum Side {
    Right,
    /// Just before the playhead, or the end.
    Left,
    /// Just before the playhead, and there is no room on the left: behind the playhead's label.
    Beyond,
}

fn side(timeline: &Timeline, flag: &Flag) -> Side {
    let close = flag.at + 1_800 > timeline.now && flag.at <= timeline.now;
    match flag.at {
        0..1_800 if close => Side::Beyond,
        8_600.. => Side::Left,
        _ if close => Side::Left,
        _ => Side::Right,
    }
}

/// Whether a later flag's label stands where this one's would: then only the flag is drawn.
fn covered(timeline: &Timeline, i: usize) -> bool {
    let at = timeline.flags[i].at;
    timeline.flags[i + 1..].iter().any(|later| {
        let room = if side(timeline, later) == Side::Left { 2_900 } else { 1_400 };
        later.at < at + room
    })
}

fn seat_name(lane: &Lane, i: u32) -> Html {
    let y = TOP + i * PITCH;
    let width = match lane.ordinal {
        0..=99 => 15,
        100..=999 => 25,
        _ => 32,
    };
    html! {
        <>
            <rect class="pl" x="0" y={y.to_string()} width={width.to_string()} height="15" />
            <text class="pn" x={format!("{}.5", width / 2)} y={(y + 11).to_string()}>
                { lane.ordinal }
            </text>
            <text class="tk" x={(width + 4).to_string()} y={(y + 11).to_string()}>
                { &*lane.set }
            </text>
        </>
    }
}

fn segment(segment: &Segment, y: u32) -> Html {
    let width = segment.to.saturating_sub(segment.from);
    let fill = match segment.state {
        State::Pending | State::None => Html::default(),
        State::Ready => html! { <rect class="pp-ready" width="100%" height="100%" rx="3" /> },
        State::NotReady => html! { <rect class="pp-notr" y="50%" width="100%" height="50%" /> },
        state => html! {
            <>
                <rect class="seg-p" width="100%" height="100%" rx="3"
                    fill={["url(#p-", state.key(), ")"].concat()} />
                if width >= 360 {
                    <rect class="seg-b" x="3" y="1.5" width="13" height="12" rx="3" />
                }
            </>
        },
    };
    html! {
        <svg class={stated("seg", segment.state)} x={percent(segment.from)} y={y.to_string()}
            width={percent(width)} height="15">
            <rect class="seg-r" rx="3" />
            { fill }
            if width >= 360 {
                <svg x="4" y="2" width="11" height="11">{ glyph(segment.state) }</svg>
            }
            if !segment.label.is_empty() && width as usize >= 340 + 105 * segment.label.len() {
                <text x="19" y="11.5">{ &*segment.label }</text>
            }
        </svg>
    }
}

fn bar(node: &NodeLane, y: u32) -> Html {
    let real = (y + 4).to_string();
    let line = (y + 1).to_string();
    html! {
        <>
            { for node.beliefs.iter().map(|belief| html! {
                <line class={if belief.ready { "bel" } else { "bel bel-u" }}
                    x1={percent(belief.from)} x2={percent(belief.to)}
                    y1={line.clone()} y2={line.clone()} />
            }) }
            { for node.spans.iter().map(|span| html! {
                <rect class={if span.on { "real" } else { "real-off" }} x={percent(span.from)}
                    y={real.clone()} width={percent(span.to.saturating_sub(span.from))}
                    height={if span.on { "4" } else { "5" }} />
            }) }
        </>
    }
}

fn flag(timeline: &Timeline, flag: &Flag, covered: bool, end: &str) -> Html {
    let x = percent(flag.at);
    let side = side(timeline, flag);
    let left = side == Side::Left;
    // So near that the playhead's label covers the pennant: only the words, beside that label.
    let near = flag.at <= timeline.now && flag.at + 480 > timeline.now;
    let hidden = side == Side::Beyond || left && near;
    let class = if flag.you { "flag" } else { "flag-u" };
    let (d, at, anchor) = if left {
        ("M0 17V5h-9l2.5 3.5-2.5 3.5h9", "-13", "end")
    } else {
        ("M0 17V5h9l-2.5 3.5 2.500 3.5h-9", "13", "start")
    };
    html! {
        <>
            <line class="flag-l" x1={x.clone()} x2={x.clone()} y1="16" y2={end.to_string()} />
            <svg x={if hidden { percent(timeline.now) } else { x }} y="0">
                if !(hidden || left && covered) {
                    <path {class} {d} />
                }
                if !covered {
                    <text class="nm" x={match side {
                        Side::Beyond => "27",
                        Side::Left if hidden => "-27",
                        _ => at,
                    }} y="13" text-anchor={anchor}>
                        { &*flag.label }
                    </text>
                }
            </svg>
        </>
    }
}

fn playhead(timeline: &Timeline, end: &str) -> Html {
    let x = percent(timeline.now);
    html! {
        <>
            <line class="head" x1={x.clone()} x2={x.clone()} y1="16" y2={end.to_string()} />
            <svg {x} y="0">
                <rect class="head-b" x="-22" y="0" width="44" height="17" rx="3" />
                <text class="head-t" x="0" y="12.5">{ &*timeline.clock }</text>
            </svg>
        </>
    }
}
