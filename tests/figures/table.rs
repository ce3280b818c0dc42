//! The smallest page of the same kind: a keyed table in Yew with a button that changes it, built
//! with the same toolchain. What our page weighs and costs is measured against it (figures.mjs),
//! so that a newer compiler or Yew changes both.
//!
//! Not here: anything of ours.

use yew::prelude::*;

const ROWS: usize = 50;

const STATES: [&str; 3] = ["Pending", "ContainerCreating", "Running"];

#[component]
fn Table() -> Html {
    let step = use_state(|| 0usize);
    let onclick = {
        let step = step.clone();
        Callback::from(move |_| step.set(*step + 1))
    };
    let row = |at: usize| {
        let state = STATES[at.wrapping_mul(7).wrapping_add(*step) % STATES.len()];
        html! {
            <tr key={at}>
                <td>{ format!("web-{at}") }</td>
                <td>{ state }</td>
                <td>{ format!("node-{}", at % 3) }</td>
            </tr>
        }
    };
    html! {
        <>
            <button class="step" {onclick}>{ "Step" }</button>
            <table>
                <thead><tr><th>{ "NAME" }</th><th>{ "STATUS" }</th><th>{ "NODE" }</th></tr></thead>
                <tbody>{ for (0..ROWS).map(row) }</tbody>
            </table>
        </>
    }
}

fn main() {
    yew::Renderer::<Table>::new().render();
}
