//! Placeholder while the session is being written: mounts nothing.
use yew::prelude::*;

/// The app.
#[component]
pub fn App() -> Html {
    Html::default()
}

/// Mounts the app.
pub fn start() {
    yew::Renderer::<App>::new().render();
}
