//! The manifest: a plain text area with line numbers, what was found in it, and Apply.
//!
//! The text is always the person's: nothing here changes it but opening a file or an example.
//! The text area is as tall as its text and the box around it scrolls, so that numbers and marks
//! stay beside their lines without measuring.
//!
//! Not here: completion, search, folding: the real editor (editor/), which is fetched when somebody
//! begins to write, and takes the place of the text area.

use super::code::{COLOURS_MAX, Colours};
use super::parts::{Button, Cx, icon};
use super::platform;
use crate::view::{Diagnostic, Editor, Intent, Severity, Word};
use std::rc::Rc;
use yew::prelude::*;

/// Height of a line of text, as the style sheet has it.
const LINE: usize = 20;

/// Properties of [`EditorView`].
#[derive(Clone, PartialEq, Properties)]
pub struct EditorProps {
    /// Language and presses.
    pub cx: Cx,
    /// The manifest.
    pub editor: Rc<Editor>,
}

/// The editor pane.
#[component]
pub fn EditorView(EditorProps { cx, editor }: &EditorProps) -> Html {
    let over = use_state_eq(|| false);
    use_effect_with(editor.text.clone(), |text| platform::show_text(text));
    use_effect_with(editor.found.clone(), |found| {
        let line = |one: &Diagnostic| {
            let message = [&*one.field, " ", &one.message].concat().replace(['\t', '\n'], " ");
            format!("{}\t{}\t{}", one.line, one.severity as u32, message.trim())
        };
        platform::show_found(&found.iter().map(line).collect::<Vec<_>>().join("\n"));
    });
    let drag = |to: bool| {
        let over = over.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(to);
        })
    };
    let ondrop = {
        let (over, act) = (over.clone(), cx.act.clone());
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            let act = act.clone();
            platform::dropped(&event, move |name, text| act.emit(Intent::Open(name, text)));
        })
    };
    html! {
        <div
            class={classes!("edit", over.then_some("over"))}
            ondragover={drag(true)} ondragleave={drag(false)} {ondrop}
        >
            { tabs(cx, editor) }
            if *over {
                <p class="drop">{ cx.say(Word::DropHere) }</p>
            }
            { text(cx, editor) }
            { found(cx, editor) }
            <div class="pane-foot">
                { apply(cx, editor) }
                { Button::new("btn-quiet", "", cx.say(Word::Diff), Intent::Diff).html(cx) }
                { open(cx) }
                { Button::new("btn-quiet", "", cx.say(Word::Download), Intent::Download).html(cx) }
                <span class="grow"></span>
                <span class="cap" role="status">{ &*editor.state }</span>
            </div>
        </div>
    }
}

fn apply(cx: &Cx, editor: &Editor) -> Html {
    let name = editor.files.get(editor.current as usize).map_or("-", |name| &**name);
    let same = cx.lang.fill(Word::TermSame, &[("line", &["kubectl apply -f ", name].concat())]);
    let hint = [cx.say(Word::ApplyHint), "\n", &same].concat();
    Button::new("", "", cx.say(Word::Apply), Intent::Apply)
        .when(editor.can_apply)
        .hint(&hint)
        .html(cx)
}

fn tabs(cx: &Cx, editor: &Editor) -> Html {
    let act = cx.act.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some(index) = platform::chosen_of_list(&event).and_then(|text| text.parse().ok()) {
            act.emit(Intent::Example(index));
        }
    });
    html! {
        <div class="tabs">
            <div
                class={classes!("tabset", (editor.files.len() > 2).then_some("dense"))}
                role="tablist"
                aria-label={cx.say(Word::Manifest)}
            >
            { for editor.files.iter().zip(0..).map(|(name, i)| html! {
                <button
                    type="button"
                    role="tab"
                    key={i}
                    class={classes!("tab", (i == editor.current).then_some("is-on"))}
                    aria-selected={(i == editor.current).to_string()}
                    onclick={cx.on(Intent::File(i))}
                >{ &**name }</button>
            }) }
            </div>
            <span class="end">
                <span class="pickbox">
                    <select class="btn btn-quiet btn-sm" aria-label={cx.say(Word::ExamplesPick)}
                        {onchange}>
                        <option value="" selected={true} hidden={true}>
                            { cx.say(Word::Examples) }
                        </option>
                        { for editor.examples.iter().enumerate().map(|(i, title)| html! {
                            <option value={i.to_string()}>{ &**title }</option>
                        }) }
                    </select>
                    { icon("i-chev") }
                </span>
            </span>
        </div>
    }
}

fn open(cx: &Cx) -> Html {
    let act = cx.act.clone();
    let onchange = Callback::from(move |event: Event| {
        let act = act.clone();
        platform::picked(&event, move |name, text| act.emit(Intent::Open(name, text)));
    });
    html! {
        <label class="btn btn-quiet file">
            { cx.say(Word::OpenFile) }
            <input type="file" class="sr" accept=".yaml,.yml,.json,text/*" {onchange} />
        </label>
    }
}

fn text(cx: &Cx, editor: &Editor) -> Html {
    let act = cx.act.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        if let Some(text) = platform::typed(&event) {
            act.emit(Intent::Edit(text));
        }
    });
    let act = cx.act.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        event.stop_propagation();
        let command = event.ctrl_key() || event.meta_key();
        if command && event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            act.emit(Intent::Apply);
        }
    });
    let lines = editor.text.split('\n').count();
    let widest = editor.text.split('\n').map(|line| line.chars().count()).max().unwrap_or(0);
    let tinted = editor.text.len() <= COLOURS_MAX;
    let mut numbers = String::new();
    for line in 1..=lines {
        numbers.push_str(&line.to_string());
        numbers.push('\n');
    }
    html! {
        <div class="code">
            if editor.text.is_empty() {
                <p class="empty-b">
                    { for editor.examples.iter().zip(0..).map(|(title, i)| {
                        Button::new("btn-sm", "", title, Intent::Example(i)).html(cx)
                    }) }
                </p>
            }
            <div class="sheet">
                { marks(&editor.found) }
                <pre class="nums" aria-hidden="true">{ numbers }</pre>
                if tinted {
                    <Colours text={editor.text.clone()} />
                }
                <textarea
                    id="manifest"
                    class={tinted.then_some("tinted")}
                    aria-label={cx.say(Word::ManifestText)}
                    aria-describedby="found"
                    rows={lines.to_string()}
                    cols={(widest + 2).to_string()}
                    spellcheck="false"
                    autocapitalize="off"
                    autocomplete="off"
                    wrap="off"
                    placeholder={cx.say(Word::EmptyEditor)}
                    value={editor.text.to_string()}
                    {oninput}
                    {onkeydown}
                />
            </div>
        </div>
    }
}

fn marks(found: &[Diagnostic]) -> Html {
    html! {
        <svg class="marks" aria-hidden="true">
            { for found.iter().filter(|one| one.line > 0).take(200).map(|one| html! {
                <rect
                    class={severity(one.severity).0}
                    y={((one.line as usize - 1) * LINE).to_string()}
                    width={if one.severity == Severity::Note { "3" } else { "100%" }} height="20"
                />
            }) }
        </svg>
    }
}

fn severity(severity: Severity) -> (&'static str, Word) {
    match severity {
        Severity::Error => ("is-err", Word::Error),
        Severity::Warning => ("is-warn", Word::Warning),
        Severity::Note => ("is-note", Word::Note),
    }
}

fn found(cx: &Cx, editor: &Editor) -> Html {
    if editor.found.is_empty() {
        return Html::default();
    }
    html! {
        <details class="found" open={editor.broken}>
        <summary>{ &*editor.summary }{ icon("i-chev") }</summary>
        <ul id="found" aria-label={cx.say(Word::Findings)}>
            { for editor.found.iter().map(|one| {
                let (class, word) = severity(one.severity);
                let line = cx.lang.fill(Word::Line, &[("line", &one.line.to_string())]);
                html! {
                    <li {class}>
                        <b class="sev">{ cx.say(word) }</b>
                        if one.line > 0 {
                            <button type="button" class="pick"
                                onclick={cx.on(Intent::Goto(one.line))}>{ line }</button>
                        }
                        <span>
                            if !one.field.is_empty() {
                                <code>{ &*one.field }</code>{ " " }
                            }
                            { &*one.message }
                            if !one.hint.is_empty() {
                                <span class="hint">{ &*one.hint }</span>
                            }
                            if let Some(document) = one.mend {
                                { Button::new("btn-sm", "", cx.say(Word::Rewrite),
                                    Intent::Rewrite(document)).html(cx) }
                            }
                        </span>
                    </li>
                }
            }) }
        </ul>
        </details>
    }
}
