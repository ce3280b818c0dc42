//! The app: one reducer, the callback that takes intents, and the effects around them.
//!
//! Not here: what an intent does (see `model`), what is drawn (see `page`).

use super::model::{Message, Model};
use super::page::Page;
use super::parts::Cx;
use super::platform;
use crate::session::mend;
use crate::session::save::Extent;
use crate::view::{Intent, Lang, Tab, Word};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Milliseconds without a change of the manifest after which it is looked through.
const QUIET: u32 = 250;

/// Lines typed at the terminal that this device remembers.
const TYPED_MAX: usize = 200;

/// After so many milliseconds at the latest a change is kept for a restart.
const KEEP: u32 = 1_500;

/// The app.
#[component]
pub fn App() -> Html {
    let model = use_reducer(|| Model::first(language()));
    let last = use_mut_ref(|| (*model).clone());
    *last.borrow_mut() = (*model).clone();
    let dispatcher = model.dispatcher();
    let seen = last.clone();
    let act = use_callback((), move |intent: Intent, ()| want(intent, &dispatcher, &seen));
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
    use_effect_with(model.look(), |look| {
        let own = !look.embedded && platform::query("present").is_none();
        platform::set_theme(look.theme, own);
    });
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
    let whole = last.clone();
    use_effect_with(model.applied(), move |applied| {
        if *applied > 0 {
            platform::set_address(&whole.borrow().session().save(Extent::Moment));
        }
    });
    use_kept(last.clone(), model.dispatcher());
    let choices = use_typing(&model, last.clone());
    let cx = Cx { lang: model.lang(), act };
    html! {
        <Page
            {cx}
            screen={model.screen().clone()}
            look={model.look()}
            note={model.note().cloned()}
            {choices}
        />
    }
}

/// Does what is wanted: at once the first step, for which what came first suffices, all else once
/// the whole program is here.
fn want(intent: Intent, dispatcher: &UseReducerDispatcher<Model>, seen: &Rc<RefCell<Model>>) {
    let (dispatcher, seen) = (dispatcher.clone(), seen.clone());
    platform::when_whole(intent == Intent::Step, move || perform(intent, dispatcher, seen));
}

/// Does what only the browser can do; all else is for the reducer.
fn perform(intent: Intent, dispatcher: UseReducerDispatcher<Model>, seen: Rc<RefCell<Model>>) {
    match intent {
        Intent::Copy(text) => platform::copy(&text),
        Intent::Goto(line) => platform::goto_line(line),
        Intent::Rewrite(document) => {
            let text = mend::mended(&seen.borrow().session().file().text, document as usize);
            text.iter().for_each(|text| platform::rewrite(text));
        }
        Intent::Why => {
            dispatcher.dispatch(Message::Want(Intent::Why));
            platform::focus(".right");
        }
        Intent::Help => platform::help(),
        Intent::Download => {
            let last = seen.borrow();
            let session = last.session();
            let file = session.file();
            platform::download(&file.name, &file.text);
        }
        Intent::Share => platform::share(&seen.borrow().shared()),
        Intent::OpenWhole => {
            platform::open_whole(&seen.borrow().session().save(Extent::Moment));
        }
        Intent::Speak => {
            let code = seen.borrow().lang().say(Word::OtherLanguageCode);
            platform::speak(code, move || dispatcher.dispatch(Message::Speak(language())));
        }
        Intent::Step if platform::query("debug").is_some_and(|what| what == "panic") => {
            panic!("asked for in the address");
        }
        // What is written is shown whole: nothing follows each letter.
        Intent::Edit(_) => dispatcher.dispatch(Message::Want(intent)),
        intent => {
            dispatcher.dispatch(Message::Want(intent));
            platform::after_picture(move || {
                if seen.borrow().has_rest() {
                    dispatcher.dispatch(Message::Answered);
                }
            });
        }
    }
}

/// Remembers what is typed at the terminal, and answers what could stand in its line.
#[hook]
fn use_typing(
    model: &UseReducerHandle<Model>,
    last: Rc<RefCell<Model>>,
) -> super::terminal::Choices {
    let typed = model.session().terminal().history.clone();
    use_effect_with(typed, |typed| {
        let last = typed.len().saturating_sub(TYPED_MAX);
        let lines: Vec<&str> = typed[last..].iter().map(|line| &**line).collect();
        platform::keep_typed(&serde_json::to_string(&lines).unwrap_or_default());
    });
    use_callback((), move |before: String, ()| last.borrow().session().complete(&before))
}

/// Keeps the session for a reload or a restart: soon after each change, and when the page is left.
/// Nothing worth it happens before the whole program is here.
#[hook]
fn use_kept(last: Rc<RefCell<Model>>, dispatcher: UseReducerDispatcher<Model>) {
    let (pending, warned) = (use_mut_ref(|| false), use_mut_ref(|| false));
    let model = last.clone();
    use_effect(move || {
        if !std::mem::replace(&mut *pending.borrow_mut(), true) {
            let keep = move || {
                *pending.borrow_mut() = false;
                if !platform::is_whole() {
                    return;
                }
                let kept = platform::keep(&model.borrow().session().save(Extent::Moment));
                if !kept && !std::mem::replace(&mut *warned.borrow_mut(), true) {
                    dispatcher.dispatch(Message::NotKept);
                }
            };
            platform::later(KEEP, keep).forget();
        }
    });
    use_effect_with((), move |()| {
        let listener = platform::Listener::leaving(move || {
            if platform::is_whole() {
                platform::keep(&last.borrow().session().save(Extent::Moment));
            }
        });
        move || drop(listener)
    });
}

/// The language that boot.js has fetched.
fn language() -> Lang {
    let (code, lines) = platform::language();
    Lang::new(&code, &lines)
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
        "w" => Intent::Why,
        ">" => Intent::Forward(10_000),
        "<" => Intent::Rewind(10_000),
        "[" => Intent::Slower,
        "]" => Intent::Faster,
        "d" => Intent::Tab(Tab::Describe),
        "y" => Intent::Tab(Tab::Yaml),
        "p" => Intent::First("power"),
        "x" => Intent::First("kubectl delete"),
        "?" => Intent::Help,
        "Ctrl+s" => Intent::Share,
        "Escape" => Intent::Escape,
        _ => return None,
    })
}

/// Mounts the app where the document has a place for it.
pub fn start() {
    let Some(root) = platform::root() else { return };
    #[cfg(feature = "styles")]
    if platform::query("styles").is_some() {
        let cx = Cx { lang: Lang::En, act: Callback::noop() };
        let props = super::StylesProps { cx };
        yew::Renderer::<super::Styles>::with_root_and_props(root, props).render();
        return;
    }
    yew::Renderer::<App>::with_root(root).render();
}
