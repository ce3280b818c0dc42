//! The small parts everything is made of: plates, glyphs, borders, buttons, sentences.
//!
//! They are functions, not components: none has a life of its own.
//!
//! Not here: their looks (static/page.css) and drawings (the sprite in index.html).

use crate::view::{Intent, Lang, Run, State, Subject, Word};
use yew::prelude::*;

/// What every part of the page needs: its language and where presses go.
#[derive(Clone, PartialEq)]
pub struct Cx {
    /// The language.
    pub lang: Lang,
    /// Takes what a person wants.
    pub act: Callback<Intent>,
}

impl Cx {
    /// A word.
    pub fn say(&self, word: Word) -> &'static str {
        self.lang.say(word)
    }

    /// A handler that asks for `intent`.
    pub fn on(&self, intent: Intent) -> Callback<MouseEvent> {
        let act = self.act.clone();
        Callback::from(move |_| act.emit(intent.clone()))
    }

    /// The same for something that may be out of reach now.
    pub fn on_if(&self, enabled: bool, intent: Intent) -> Callback<MouseEvent> {
        if enabled { self.on(intent) } else { Callback::noop() }
    }

    /// What one would type at the terminal for the same, if there is such a line.
    pub fn same_line(&self, intent: &Intent) -> Option<String> {
        Some(self.lang.fill(Word::TermSame, &[("line", &intent.line()?)]))
    }

    /// A handler that picks an object.
    pub fn pick(&self, subject: &Subject) -> Callback<MouseEvent> {
        self.on(Intent::Select(Some(subject.clone())))
    }
}

/// A drawing of the sprite.
pub fn draw(class: &'static str, id: &str) -> Html {
    html! {
        <svg {class} viewBox="0 0 16 16" aria-hidden="true"><use href={["#", id].concat()} /></svg>
    }
}

/// An icon on a button.
pub fn icon(id: &str) -> Html {
    draw("i", id)
}

/// The glyph of a state.
pub fn glyph(state: State) -> Html {
    draw("g", &["g-", state.key()].concat())
}

/// A class list that carries the state's colour.
pub fn stated(base: &'static str, state: State) -> Classes {
    classes!(base, ["s-", state.key()].concat())
}

/// The border of a state.
pub fn edge() -> Html {
    html! {
        <svg class="edge" aria-hidden="true"><rect class="e1" /><rect class="e2" /></svg>
    }
}

/// Glyph and word of a state.
pub fn status(state: State, word: &str) -> Html {
    html! { <span class={stated("st", state)}>{ glyph(state) }<span>{ word }</span></span> }
}

/// The plate of an ordinal.
pub fn plate(class: &'static str, ordinal: u32) -> Html {
    let digits = match ordinal {
        0..=99 => "",
        100..=999 => "d3",
        _ => "d4",
    };
    html! { <span class={classes!("plate", class, digits)}>{ ordinal }</span> }
}

/// What is on a volume: how often it was written, and the mark of what was written last.
pub fn stamp(cx: &Cx, (writes, mark): &(crate::view::Text, crate::view::Text)) -> Html {
    let words = cx.lang.fill(Word::Writes, &[("n", writes)]);
    html! {
        <span class="stamp">
            <span class="wide">{ words }</span><span class="slim">{ &**writes }</span>
            <span>{ &**mark }</span>
        </span>
    }
}

/// A sentence; its objects can be pressed.
pub fn sentence(cx: &Cx, runs: &[Run]) -> Html {
    runs.iter()
        .map(|run| match run {
            Run::Plain(text) => html! { { &**text } },
            Run::Strong(text) => html! { <b>{ &**text }</b> },
            Run::Object(subject) => html! {
                <button type="button" class="obj" onclick={cx.pick(subject)}>
                    { &*subject.key.name }
                </button>
            },
        })
        .collect()
}

/// A sentence of the table, without objects.
pub fn say(cx: &Cx, word: Word, places: &[(&str, &str)]) -> Html {
    sentence(cx, &cx.lang.sentence(word, places, &[]))
}

/// A button.
pub struct Button {
    /// Its classes beside `btn`.
    pub class: &'static str,
    /// Icon of the sprite; may be empty.
    pub icon: &'static str,
    /// Its label; with `bare` only for those who do not see the icon.
    pub label: String,
    /// Only the icon is drawn.
    pub bare: bool,
    /// A longer description.
    pub hint: String,
    /// What it asks for.
    pub intent: Intent,
    /// It would do something.
    pub enabled: bool,
}

impl Button {
    /// A button with words.
    pub fn new(class: &'static str, icon: &'static str, label: &str, intent: Intent) -> Button {
        let label = label.into();
        Button { class, icon, label, bare: false, hint: String::new(), intent, enabled: true }
    }

    /// A button with an icon alone.
    pub fn bare(class: &'static str, icon: &'static str, label: &str, intent: Intent) -> Button {
        Button { bare: true, hint: label.into(), ..Button::new(class, icon, label, intent) }
    }

    /// Out of reach unless `enabled`.
    pub fn when(self, enabled: bool) -> Button {
        Button { enabled, ..self }
    }

    /// With a longer description.
    pub fn hint(self, hint: &str) -> Button {
        Button { hint: hint.into(), ..self }
    }

    /// Its markup.
    pub fn html(self, cx: &Cx) -> Html {
        let Button { class, icon: id, label, bare, mut hint, intent, enabled } = self;
        if let Some(same) = cx.same_line(&intent) {
            hint = if hint.is_empty() { same } else { [&*hint, "\n", &*same].concat() };
        }
        html! {
            <button
                type="button"
                class={classes!("btn", class)}
                aria-disabled={(!enabled).then_some("true")}
                aria-label={bare.then(|| label.clone())}
                title={(!hint.is_empty()).then_some(hint)}
                onclick={cx.on_if(enabled, intent)}
            >
                if !id.is_empty() {
                    { icon(id) }
                }
                if !bare {
                    <span class="lb">{ label }</span>
                }
            </button>
        }
    }
}
