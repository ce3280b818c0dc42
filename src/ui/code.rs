//! The colours of YAML: a copy of the text that lies beneath the text area and shows through it.
//!
//! Only what a glance needs: keys, words in quotes, numbers, remarks. Words stay ink, and a long
//! text has no colours at all.
//!
//! Not here: reading YAML (see `api::manifest`).

use crate::view::Text;
use yew::prelude::*;

/// Bytes from which on a text has no colours: the copy would cost more than it helps.
pub const COLOURS_MAX: usize = 40_000;

/// Properties of [`Colours`].
#[derive(Clone, PartialEq, Properties)]
pub struct ColoursProps {
    /// The manifest.
    pub text: Text,
}

/// The copy.
#[component]
pub fn Colours(ColoursProps { text }: &ColoursProps) -> Html {
    html! {
        <pre class="tint" aria-hidden="true">
            { for text.split('\n').map(line) }
        </pre>
    }
}

fn line(line: &str) -> Html {
    let bare = line.trim_start();
    let body = bare.strip_prefix("- ").unwrap_or(bare).trim_start();
    let (head, body) = line.split_at(line.len() - body.len());
    if body.starts_with('#') || body.starts_with("---") {
        return html! { <>{ head }<i class="y-r">{ body }</i>{ "\n" }</> };
    }
    let colon = body.find(": ").or(body.ends_with(':').then(|| body.len() - 1));
    let (key, value) = match colon.filter(|_| !body.starts_with(['"', '\'', '{', '['])) {
        Some(at) => (&body[..at], &body[at..]),
        None => ("", body),
    };
    html! { <>{ head }<i class="y-k">{ key }</i>{ value_of(value) }{ "\n" }</> }
}

fn value_of(value: &str) -> Html {
    let start = value.find(|c: char| c != ':' && c != ' ').unwrap_or(value.len());
    let (colon, word) = value.split_at(start);
    let number = word.starts_with(|c: char| c.is_ascii_digit()) || matches!(word, "true" | "false");
    let class = if number {
        "y-n"
    } else if word.starts_with(['"', '\'']) {
        "y-s"
    } else {
        "y-v"
    };
    html! { <>{ colon }<i {class}>{ word }</i></> }
}
