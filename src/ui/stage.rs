//! The figure: what is not placed, machines with their sheets and Pods, drums on their rail.
//!
//! A node is a component, so that one which did not change is not drawn again.
//!
//! Not here: the lines between things (see `lines`).

use super::lines::lines;
use super::parts::{Button, Cx, draw, edge, glyph, icon, plate, say, stated, status};
use crate::view::{
    Density, Drum, DrumKind, Intent, NodeCard, PodCard, PodKind, SetHead, Stage, State, Tray, Word,
    figure,
};
use std::rc::Rc;
use yew::prelude::*;

/// More machines than this do not stand in one row.
pub const ROW: usize = 4;

/// Properties of [`StageView`].
#[derive(Clone, PartialEq, Properties)]
pub struct StageProps {
    /// Language and presses.
    pub cx: Cx,
    /// The figure.
    pub stage: Rc<Stage>,
}

/// The stage.
#[component]
pub fn StageView(StageProps { cx, stage }: &StageProps) -> Html {
    let lines = figure(stage);
    let many = stage.nodes.len() > ROW;
    let row =
        classes!(if many { "many" } else { "row" }, lines.ribbon.is_some().then_some("ribboned"),);
    let class = classes!(
        "stage",
        stage.past.then_some("past"),
        (!stage.tray.pods.is_empty() || stage.heads.len() > 1).then_some("crowded"),
    );
    html! {
        <div {class}>
            if stage.past {
                <span class="past-tag">{ cx.say(Word::Past) }</span>
            }
            { for stage.heads.iter().map(|head| set_head(cx, head)) }
            { tray(cx, &stage.tray) }
            <div class={classes!("fig", many.then_some("of-many"))}>
                if stage.nodes.is_empty() {
                    <p class="empty">
                        { cx.say(Word::NoNodes) }{ " " }
                        { Button::new("", "i-plus", cx.say(Word::AddNode),
                            Intent::add_machine("node-a")).html(cx) }
                    </p>
                }
                <div class={row}>
                    { for stage.nodes.iter().map(|node| html! {
                        <NodeView
                            key={&*node.subject.key.name}
                            cx={cx.clone()}
                            node={node.clone()}
                            density={stage.density}
                        />
                    }) }
                    { lines_of(&lines, cx) }
                </div>
                { shelf(cx, stage) }
            </div>
        </div>
    }
}

fn lines_of(figure: &crate::view::Figure, cx: &Cx) -> Html {
    if figure.wires.is_empty() && figure.ribbon.is_none() {
        return Html::default();
    }
    lines(figure, cx.say(Word::RibbonText))
}

fn set_head(cx: &Cx, head: &SetHead) -> Html {
    let (ready, all) = (head.ready.to_string(), head.replicas.to_string());
    html! {
        <div class="sethead" key={&*head.subject.key.name}>
            <h2>
                <button type="button" class="pick" onclick={cx.pick(&head.subject)}>
                    <b>{ &*head.subject.key.name }</b>
                </button>
                { " StatefulSet" }
            </h2>
            <span class="num">{ say(cx, Word::Of, &[("ready", &ready), ("all", &all)]) }</span>
            if let Some(note) = &head.note {
                <span class="chip">{ &**note }</span>
            }
            <span class="grow"></span>
            if let Some(budget) = &head.budget {
                { self::budget(cx, budget) }
            }
            if let Some((name, what)) = &head.service {
                <span class="svc">
                    { cx.say(Word::ServiceIs) }{ " " }<b class="sm">{ &**name }</b>{ " " }
                    { &**what }
                </span>
            }
        </div>
    }
}

fn budget(cx: &Cx, budget: &crate::view::Budget) -> Html {
    let (healthy, needs) = (budget.healthy.to_string(), budget.needs.to_string());
    let allowed = budget.allowed.to_string();
    let places = [("healthy", &*healthy), ("needs", &*needs), ("allowed", &*allowed)];
    let word = if budget.allowed == 0 { Word::BudgetNone } else { Word::BudgetSome };
    let shown = budget.expected.min(6);
    let needed = (budget.needs.min(shown) * 19).saturating_sub(1);
    let box_of = |i: u32| {
        let class = if i < budget.healthy { "p1" } else { "p0" };
        html! { <rect {class} x={(i * 19 + 1).to_string()} y="4.5" width="15" height="9" /> }
    };
    html! {
        <span class="pdb">
            if budget.expected <= 6 {
                <svg
                    width={(shown * 19).to_string()} height="18" aria-hidden="true"
                >
                    { for (0..shown).map(box_of) }
                    <path class="pm" d={format!("M{needed} 0V18")} />
                </svg>
            }
            <span>
                { cx.say(Word::BudgetIs) }{ " " }<b class="sm">{ &*budget.name }</b>{ " " }
                { say(cx, word, &places) }
            </span>
        </span>
    }
}

fn tray(cx: &Cx, tray: &Tray) -> Html {
    if tray.pods.is_empty() {
        return Html::default();
    }
    html! {
        <section class="tray" aria-label={cx.say(Word::NotPlaced)}>
            <span class="cap">{ cx.say(Word::NotPlaced) }</span>
            { for tray.pods.iter().map(|pod| self::pod(cx, pod, Density::Tight)) }
            { more(cx, tray.more) }
            <ul class="reasons">
                { for tray.reasons.iter().map(|(node, reason)| html! {
                    <li><b>{ &**node }</b>{ &**reason }</li>
                }) }
            </ul>
        </section>
    }
}

fn more(cx: &Cx, more: u32) -> Html {
    if more == 0 {
        return Html::default();
    }
    let label = cx.lang.fill(Word::More, &[("n", &more.to_string())]);
    Button::new("btn-quiet btn-sm", "", &label, Intent::Show(crate::api::kinds::Kind::Pod)).html(cx)
}

/// Properties of [`NodeView`].
#[derive(Clone, PartialEq, Properties)]
pub struct NodeProps {
    /// Language and presses.
    pub cx: Cx,
    /// The node.
    pub node: Rc<NodeCard>,
    /// How its Pods are drawn.
    pub density: Density,
}

/// A machine, and the sheet the API server keeps about it.
#[component]
pub fn NodeView(NodeProps { cx, node, density }: &NodeProps) -> Html {
    let name = &node.subject.key.name;
    let class = classes!(
        "node",
        (!node.on).then_some("is-off"),
        (!node.known).then_some("is-gone"),
        node.shifted.then_some("shifted"),
        node.picked.then_some("is-picked"),
    );
    let mut label = cx
        .lang
        .fill(Word::NodeNames, &[("node", name), ("zone", &node.zone), ("belief", &node.word)]);
    if let Some((really, since)) = &node.really {
        label.push(' ');
        let really = [&**really, " ", &**since].concat();
        label.push_str(&cx.lang.fill(Word::NodeReally, &[("really", &really)]));
    }
    let orphan = |pod: &&Rc<PodCard>| pod.kind == PodKind::Orphan;
    let orphans: Vec<_> = node.pods.shown.iter().filter(orphan).collect();
    html! {
        <section {class} aria-label={label} data-name={name.to_string()}>
            <div class="node-body">
                if !node.on {
                    <svg class="hatch" aria-hidden="true">
                        <rect width="100%" height="100%" fill="url(#p-off)" />
                    </svg>
                }
            </div>
            <div class="node-sheet">
                if node.shifted {
                    <svg class="edge" aria-hidden="true"><rect /></svg>
                    <span class="tag">{ cx.say(Word::AsApiServerSeesIt) }</span>
                }
                { node_head(cx, node) }
                <div class="pods" data-density={density_key(*density)}>
                    { for node.pods.shown.iter().filter(|pod| !orphan(pod))
                        .map(|pod| self::pod(cx, pod, *density)) }
                    { more(cx, node.pods.more) }
                </div>
            </div>
            if !orphans.is_empty() {
                <div class="pods orphans">
                    <span class="cap">
                        { cx.say(Word::Really) }{ " " }{ cx.say(Word::StillRuns) }
                    </span>
                    { for orphans.into_iter().map(|pod| self::pod(cx, pod, *density)) }
                </div>
            }
            { node_foot(cx, node) }
        </section>
    }
}

fn density_key(density: Density) -> &'static str {
    match density {
        Density::Card => "card",
        Density::Tight => "tight",
        Density::Compact => "compact",
        Density::Chip => "chip",
    }
}

fn node_head(cx: &Cx, node: &NodeCard) -> Html {
    let name = &*node.subject.key.name;
    html! {
        <div class="node-n">
            <div class={classes!("node-h", (!node.chips.is_empty()).then_some("chipped"))}>
                <button
                    type="button"
                    class="pick"
                    aria-pressed={node.picked.to_string()}
                    onclick={cx.pick(&node.subject)}
                ><b>{ name }</b></button>
                { for node.chips.iter()
                    .map(|chip| html! { <span class="chip">{ &**chip }</span> }) }
                <span class="cap end">{ &*node.zone }</span>
            </div>
            <div class="node-b">
                { status(node.belief, &node.word) }
                { for node.all.iter().map(|(state, text)| html! {
                    <span class="end">{ status(*state, text) }</span>
                }) }
            </div>
        </div>
    }
}

fn node_foot(cx: &Cx, node: &NodeCard) -> Html {
    let name = &*node.subject.key.name;
    let (word, long) = if node.on {
        (Word::PowerOff, Word::PowerOffNode)
    } else {
        (Word::PowerOn, Word::PowerOnNode)
    };
    html! {
        <div class={classes!("node-foot", node.really.is_some().then_some("apart"))}>
            if let Some((really, since)) = &node.really {
                <span class="really">
                    { cx.say(Word::Really) }{ " " }<b>{ &**really }</b>{ " " }{ &**since }
                </span>
            }
            <button
                type="button"
                class="btn btn-sm pw"
                aria-label={cx.lang.fill(long, &[("node", name)])}
                title={cx.same_line(&node.power)}
                onclick={cx.on(node.power.clone())}
            >
                { icon("i-power") }<span class="lb">{ cx.say(word) }</span>
            </button>
            if node.on {
                <span class="bars">
                    { bar(cx, Word::Cpu, Word::CpuAsked, node.cpu) }
                    { bar(cx, Word::Memory, Word::MemoryAsked, node.memory) }
                </span>
            }
        </div>
    }
}

fn bar(cx: &Cx, short: Word, long: Word, percent: u32) -> Html {
    let label = cx.lang.fill(long, &[("n", &percent.to_string())]);
    let width = (44 * percent.min(100) / 100).to_string();
    html! {
        <span class="bar">
            <span aria-hidden="true">{ cx.say(short) }</span>
            <svg viewBox="0 0 44 6" role="img" aria-label={label}>
                <rect class="f" {width} height="6" />
                <rect class="t" x=".5" y=".5" width="43" height="5" />
            </svg>
        </span>
    }
}

/// A Pod, as large as there is room for.
pub fn pod(cx: &Cx, pod: &PodCard, density: Density) -> Html {
    let chip = pod.kind == PodKind::Seated && density >= Density::Compact;
    let base = match density {
        Density::Chip if chip => "ch",
        Density::Compact if chip => "cp",
        _ => "pod",
    };
    let ended = pod.kind == PodKind::Ended;
    let class = classes!(
        stated(base, pod.state),
        (!chip && density >= Density::Tight).then_some("tight"),
        ended.then_some("ended"),
        (pod.kind == PodKind::Orphan).then_some("orphan"),
        pod.ordinal.is_none().then_some("anon"),
        pod.picked.then_some("is-picked"),
    );
    let inner = match base {
        "ch" => html! { <>{ glyph(pod.state) }{ pod.ordinal.unwrap_or(0) }</> },
        "cp" => html! { <>{ plate("", pod.ordinal.unwrap_or(0)) }{ glyph(pod.state) }</> },
        _ => pod_inner(pod, ended),
    };
    let border = if base == "ch" && pod.state == State::Ready {
        Html::default()
    } else if ended {
        html! {
            <svg class="edge" aria-hidden="true"><rect class="h" /><rect class="e1" /></svg>
        }
    } else {
        edge()
    };
    html! {
        <button
            type="button"
            {class}
            data-name={pod.subject.key.name.to_string()}
            key={&*pod.key}
            aria-label={pod.said.to_string()}
            aria-pressed={pod.picked.to_string()}
            onclick={cx.pick(&pod.subject)}
        >
            { border }{ inner }
        </button>
    }
}

fn pod_inner(pod: &PodCard, ended: bool) -> Html {
    html! {
        <>
            if let Some(ordinal) = pod.ordinal {
                { plate(if ended { "socket" } else { "" }, ordinal) }
            }
            <span class="pod-t">
                <span class="pod-1">
                    <b>{ &*pod.subject.key.name }</b>
                    if pod.ordinal.is_some() {
                        <span>{ "#" }{ pod.incarnation }</span>
                    }
                    if !ended {
                        <span class="r">{ &*pod.ready }</span>
                    }
                </span>
                <span class="pod-2">{ glyph(pod.state) }<span>{ &*pod.word }</span></span>
            </span>
        </>
    }
}

fn shelf(cx: &Cx, stage: &Stage) -> Html {
    if let Some(text) = &stage.drums_more {
        return html! { <p class="shelf-more">{ &**text }</p> };
    }
    if !stage.has_shelf() {
        return Html::default();
    }
    let places = stage.drums.len().max(stage.nodes.len());
    let class = match places {
        0..=3 => "shelf full",
        4..=8 => "shelf short",
        _ => "shelf slim",
    };
    html! {
        <ul {class}>
            { for stage.drums.iter().map(|drum| html! { <li>{ volume(cx, drum) }</li> }) }
            { for (stage.drums.len()..places).map(|_| html! { <li></li> }) }
        </ul>
    }
}

/// A volume with its words.
pub fn volume(cx: &Cx, drum: &Drum) -> Html {
    let look = match drum.kind {
        DrumKind::Attached | DrumKind::Local => "drum",
        DrumKind::Detaching => "drum leaving",
        DrumKind::Free => "drum open",
        DrumKind::Unbound => "drum open gho",
    };
    let label = [&*drum.subject.key.name, ", ", &*drum.size, ", ", &*drum.word].concat();
    html! {
        <button
            type="button"
            class={classes!("vol", drum.picked.then_some("is-picked"))}
            data-name={drum.subject.key.name.to_string()}
            aria-label={label.clone()}
            title={label}
            aria-pressed={drum.picked.to_string()}
            onclick={cx.pick(&drum.subject)}
        >
            <svg class={look} width="30" height="36" viewBox="0 0 30 36" aria-hidden="true">
                <path class="b" d="M1 6v24c0 2.8 6.3 5 14 5s14-2.2 14-5V6z" />
                <ellipse class="l" cx="15" cy="6" rx="14" ry="5" />
                if let Some(ordinal) = drum.ordinal {
                    <text class="n" x="15" y="25">{ ordinal }</text>
                }
            </svg>
            if drum.kind == DrumKind::Local {
                { draw("pin", "i-pin") }
            }
            <span class="vol-t">
                <b>{ &*drum.subject.key.name }</b>
                <span class="size">{ &*drum.size }</span>
                <span class="long">{ &*drum.word }</span>
                <span class="brief">{ &*drum.short }</span>
            </span>
        </button>
    }
}
