//! The app: one reducer, the callback that takes intents, and the effects around them.
//!
//! Not here: what an intent does (see `model`), what is drawn (see `page`).

use super::model::{Message, Model};
use super::page::Page;
use super::parts::Cx;
use super::platform;
use crate::session::Session;
use crate::view::{Intent, Lang};
use yew::prelude::*;

/// Milliseconds without a change of the manifest after which it is looked through.
const QUIET: u32 = 250;

/// The app.
#[component]
pub fn App() -> Html {
    let model = use_reducer(first);
    let dispatcher = model.dispatcher();
    let act = use_callback((), move |intent: Intent, ()| match intent {
        Intent::Copy(text) => platform::copy(&text),
        Intent::Goto(line) => platform::goto_line(line),
        intent => dispatcher.dispatch(Message::Want(intent)),
    });
    let dispatcher = model.dispatcher();
    use_effect_with(model.runs(), move |runs| {
        let frames = runs.then(|| {
            platform::Frames::start(move |millis| dispatcher.dispatch(Message::Frame(millis)))
        });
        move || drop(frames)
    });
    let dispatcher = model.dispatcher();
    use_effect_with(model.screen().editor.text.clone(), move |_| {
        let pause = platform::later(QUIET, move || dispatcher.dispatch(Message::Quiet));
        move || drop(pause)
    });
    use_effect_with(model.look().theme, |theme| platform::set_theme(*theme));
    let keys = act.clone();
    use_effect_with(model.session().is_playing(), move |playing| {
        let playing = *playing;
        let listener = platform::Listener::keys(move |key| {
            let intent = shortcut(key, playing);
            let found = intent.is_some();
            intent.into_iter().for_each(|intent| keys.emit(intent));
            found
        });
        move || drop(listener)
    });
    let last = use_mut_ref(|| model.session().clone());
    *last.borrow_mut() = model.session().clone();
    use_effect_with((), move |()| {
        let listener = platform::Listener::leaving(move || platform::keep(&last.borrow().save()));
        move || drop(listener)
    });
    let cx = Cx { lang: Lang::En, act };
    html! { <Page {cx} screen={model.screen().clone()} look={model.look()} /> }
}

/// What was here before a reload, or a first visit.
fn first() -> Model {
    let kept = platform::kept().and_then(|text| Session::load(&text).ok());
    Model::new(kept.unwrap_or_default(), platform::remembered_theme())
}

/// What a single key means outside of text.
fn shortcut(key: &str, playing: bool) -> Option<Intent> {
    Some(match key {
        "." => Intent::Step,
        "," => Intent::Back,
        " " if playing => Intent::Pause,
        " " => Intent::Play,
        "s" => Intent::Settle,
        "u" => Intent::Undo,
        "Escape" => Intent::Select(None),
        _ => return None,
    })
}

/// Mounts the app where the document has a place for it.
pub fn start() {
    let Some(root) = platform::root() else { return };
    #[cfg(feature = "styles")]
    if platform::query() == "?styles" {
        let cx = Cx { lang: Lang::En, act: Callback::noop() };
        let props = super::StylesProps { cx };
        yew::Renderer::<super::Styles>::with_root_and_props(root, props).render();
        return;
    }
    yew::Renderer::<App>::with_root(root).render();
}
