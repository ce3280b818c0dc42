//! Draws wires and the ribbon.
//!
//! A place across is a percentage plus pixels, which a path cannot say; so each bend is a small
//! drawing of its own, put at its percentage, and straight runs are lines between them.
//!
//! Not here: where they run (see `view::figure`).

use crate::view::{Figure, Join, Ribbon, Wire, WireKind};
use yew::prelude::*;

/// Hundredths of a percent as SVG writes them.
pub fn percent(x: u32) -> String {
    format!("{}.{:02}%", x / 100, x % 100)
}

/// All lines. `label` stands on the ribbon.
pub fn lines(figure: &Figure, label: &str) -> Html {
    html! {
        <svg class="wires" aria-hidden="true">
            { for figure.wires.iter().map(wire) }
            if let Some(ribbon) = &figure.ribbon {
                { self::ribbon(ribbon, label) }
            }
        </svg>
    }
}

/// A path whose origin is at `x` percent across, and `y` down.
fn bend(x: u32, y: &'static str, d: String) -> Html {
    html! { <svg x={percent(x)} {y}><path {d} /></svg> }
}

fn wire(wire: &Wire) -> Html {
    let Wire { kind, join, column, inset, drum, straight, level } = *wire;
    let class = match kind {
        WireKind::Solid | WireKind::Plug => "w",
        WireKind::Waiting => "w w-wait",
    };
    let head = match join {
        Join::Plate(y) => html! {
            <>
                { bend(column, "0", format!(
                    "M14 {y}H{}Q{inset} {y} {inset} {}", inset + 5, y + 5
                )) }
                <line
                    x1={percent(column)} x2={percent(column)} y1={(y + 5).to_string()} y2="100%"
                    transform={format!("translate({inset} 0)")}
                />
            </>
        },
        Join::Edge => Html::default(),
    };
    let tail = if straight {
        bend(
            column,
            "100%",
            match join {
                Join::Plate(_) => format!("M{inset} 0V2C{inset} 12 15 6 15 18V24"),
                Join::Edge => "M15 0V24".into(),
            },
        )
    } else {
        crossing(column, inset, drum, level)
    };
    let end = match (join, kind) {
        (Join::Edge, WireKind::Plug) => html! {
            <svg x={percent(column)} y="100%">
                <circle class="w-plug" cx={inset.to_string()} cy="1" r="4.5" />
            </svg>
        },
        (Join::Edge, _) => html! {
            <svg x={percent(column)} y="100%">
                <circle class="w-dot" cx={inset.to_string()} cy="0" r="3" />
            </svg>
        },
        _ => Html::default(),
    };
    // A wire that stays is not drawn anew when another one comes before it.
    html! { <g {class} key={format!("{column}-{drum}")}>{ head }{ tail }{ end }</g> }
}

/// From below a machine across to a drum that stands elsewhere.
fn crossing(column: u32, inset: u32, drum: u32, level: u32) -> Html {
    let right = drum >= column;
    let middle = (column + drum) / 2;
    let turn = level.saturating_sub(4);
    let (leave, arrive) = if right { (inset + 4, 11) } else { (inset.saturating_sub(4), 19) };
    let y = format!("{level}.25");
    // Two runs that overlap in the middle: each is a whole number of percent plus its own pixels.
    let run = |from: u32, to: u32, shift: u32| {
        html! {
            <svg y="100%">
                <line
                    x1={percent(from)} x2={percent(to)} y1={y.clone()}
                    y2={y.clone()} transform={format!("translate({shift} 0)")}
                />
            </svg>
        }
    };
    let down = format!("M{inset} 0V{turn}Q{inset} {y} {leave} {y}");
    let up = format!("M{arrive} {y}Q15 {y} 15 {}V24", level + 4);
    html! {
        <>
            { bend(column, "100%", down) }
            { run(column, if right { middle + 200 } else { middle }, leave) }
            { run(middle, drum, arrive) }
            { bend(drum, "100%", up) }
        </>
    }
}

/// The places of a ribbon, in pixels from the top; across, from the left edge of a column.
struct Shape {
    /// Lower edge of the socket, inside the old card.
    mouth: u32,
    /// Upper and lower edge of the part that runs along below the old card.
    band: (u32, u32),
    /// Upper and lower edge beside the new plate.
    end: (u32, u32),
}

/// Filled and drawn outline of the part at the old card.
fn mouth(shape: &Shape, right: bool) -> (String, String) {
    let Shape { mouth, band: (top, low), .. } = shape;
    let bend = low - 12;
    if right {
        let left = format!("M19 {mouth}V{bend}Q19 {low} 33 {low}H100");
        (format!("{left}V{top}H47V{mouth}Z"), format!("{left}M47 {mouth}V{top}H100"))
    } else {
        let (a, b) = (top + 8, low - 8);
        let right = format!("H184Q192 {top} 192 {a}V{b}Q192 {low} 184 {low}H4");
        (
            format!("M4 {low}V{top}H19V{mouth}H47V{top}{right}Z"),
            format!("M4 {top}H19V{mouth}M47 {mouth}V{top}{right}"),
        )
    }
}

/// Filled and drawn outline of the part at the new card.
fn arrival(shape: &Shape, right: bool) -> (String, String) {
    let Shape { band: (top, low), end: (high, deep), .. } = shape;
    let (there, back) = if right {
        (
            format!("M-34 {top}C-8 {top} -14 {high} 18 {high}"),
            format!("18 {deep}C0 {deep} 4 {low} -34 {low}"),
        )
    } else {
        (
            format!("M5 {top}C-14 {top} -10 {high} -34 {high}"),
            format!("-34 {deep}C-26 {deep} -30 {low} 5 {low}"),
        )
    };
    (format!("{there}L{back}Z"), format!("{there}M{back}"))
}

/// The ribbon: out of the socket, along below the old card, up to the new plate.
fn ribbon(ribbon: &Ribbon, label: &str) -> Html {
    let Ribbon { from, to, next, socket, plate, shifted } = *ribbon;
    let slid = if shifted { 11 } else { 0 };
    let shape = Shape {
        mouth: socket.saturating_sub(4 + slid),
        band: (socket + 5, socket + 27),
        end: (plate.saturating_sub(12), plate + 12),
    };
    let right = to > from;
    // A ribbon that comes from the right ends at the right edge of the new card.
    let hook = if right { to } else { next };
    let (fill, outline) = mouth(&shape, right);
    let (rise, edge) = arrival(&shape, right);
    let (a, b) = if right { (from, to) } else { (hook, from) };
    let middle = (a + b) / 2;
    let shifts = if right { [40, -33] } else { [4, 4] };
    let bands = [(a, middle, shifts[0]), (middle, b, shifts[1])];
    let (top, low) = shape.band;
    html! {
        <g class="ribbon">
            { for bands.into_iter().map(|band| self::band(band, top, low)) }
            <svg x={percent(hook)} y="0">
                <path class="rib" d={rise} /><path class="rib-e" d={edge} />
            </svg>
            <svg x={percent(from)} y="0">
                <g transform={shifted.then_some("translate(-11 0)")}>
                    <path class="rib" d={fill} /><path class="rib-e" d={outline} />
                    <text class="rib-t" x="52" y={(low - 7).to_string()}>{ label }</text>
                </g>
            </svg>
        </g>
    }
}

/// A straight part: paper between two rules.
fn band((from, to, shift): (u32, u32, i32), top: u32, low: u32) -> Html {
    let (x, end) = (percent(from), percent(to));
    let rule = |y: u32| {
        let (x1, x2, y) = (x.clone(), end.clone(), y.to_string());
        html! { <line class="rib-e" {x1} {x2} y1={y.clone()} y2={y} /> }
    };
    html! {
        <g transform={format!("translate({shift} 0)")}>
            <rect class="rib" x={x.clone()} y={top.to_string()} width={percent(to - from)}
                height={(low - top).to_string()} />
            { rule(top) }{ rule(low) }
        </g>
    }
}
