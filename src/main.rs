//! The browser entry: mounts the app. Everything else lives in the library.

use yew::prelude::*;

#[function_component]
fn App() -> Html {
    let presses = use_state(|| 0_u32);
    let press = {
        let presses = presses.clone();
        Callback::from(move |_| presses.set(*presses + 1))
    };
    html! {
        <main class="shell">
            <h1>{ "StatefulSet Playground" }</h1>
            <button type="button" class="boot-button" onclick={press}>{ "Step" }</button>
            <p role="status">{ format!("{} steps", *presses) }</p>
        </main>
    }
}

fn main() {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"))
        .expect("index.html has an element with the id app");
    yew::Renderer::<App>::with_root(root).render();
}
