//! The terminal: an ordered log of real text and one line to type in. It can be selected, copied,
//! read aloud, and used with a thumb.
//!
//! The line belongs to the browser: what is typed is not state of the page until Enter.
//!
//! Not here: what a line does (see `shell`), which words could stand in it (see `session`).

use super::parts::{Button, Cx, icon, say};
use super::platform;
use crate::session::terminal::Entry;
use crate::view::terminal::{Line, Stream, Terminal, Told, common, pasted};
use crate::view::{Intent, Subject, Text, Word, clock};
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Words that could stand in a place are shown up to this many.
const CHOICES_MAX: usize = 80;

/// What could stand at the end of a text: where it begins, and whole words.
pub type Choices = Callback<String, (usize, Vec<String>)>;

/// Properties of [`TerminalView`].
#[derive(Clone, PartialEq, Properties)]
pub struct TerminalProps {
    /// Language and presses.
    pub cx: Cx,
    /// The terminal.
    pub terminal: Rc<Terminal>,
    /// The object picked.
    pub picked: Option<Subject>,
    /// Asks what could stand in a place.
    #[prop_or_default]
    pub choices: Option<Choices>,
}

/// What the line is beyond its text.
#[derive(Default)]
struct Typing {
    /// How far back in what was typed before, and what stood there first.
    back: usize,
    draft: String,
}

/// The terminal.
#[component]
pub fn TerminalView(TerminalProps { cx, terminal, picked, choices }: &TerminalProps) -> Html {
    let line = use_node_ref();
    let typing = use_mut_ref(Typing::default);
    let shown = use_state_eq(Vec::<String>::new);
    let paste = use_state_eq(String::new);
    let keys = Keys {
        cx: cx.clone(),
        terminal: terminal.clone(),
        choices: choices.clone(),
        line: line.clone(),
        typing,
        shown: shown.clone(),
        paste: paste.clone(),
    };
    let onclick = {
        let line = line.clone();
        Callback::from(move |event: MouseEvent| platform::focus_by(&event, &line))
    };
    html! {
        <div class="term" {onclick}>
            { log(cx, terminal, picked) }
            if !shown.is_empty() {
                <p class="choices" role="status" aria-label={cx.say(Word::TermChoices)}>
                    { for shown.iter().take(CHOICES_MAX).map(|word| html! {
                        <span>{ word }</span>
                    }) }
                </p>
            }
            if !paste.is_empty() {
                <Preview cx={cx.clone()} text={Text::from(paste.as_str())} line={line.clone()}
                    done={let paste = paste.clone();
                        Callback::from(move |()| paste.set(String::new()))} />
            }
            { prompt(cx, terminal, line, keys) }
        </div>
    }
}

fn log(cx: &Cx, terminal: &Terminal, picked: &Option<Subject>) -> Html {
    let hint = terminal.told.is_empty() && terminal.history.is_empty();
    html! {
            <div class="term-log" tabindex="0">
                <div>
                    if !terminal.dropped.is_empty() {
                        <p class="cap">{ &*terminal.dropped }</p>
                    }
                    if terminal.told.is_empty() {
                        <p class="term-hint">
                            { say(cx, Word::TermHint, &[]) }
                            if hint {
                                <span class="cap">{ cx.say(Word::TermKeys) }</span>
                            }
                        </p>
                    }
                    <ol role="log" aria-label={cx.say(Word::TermLog)}>
                        { for terminal.told.iter().map(|told| html! {
                            <ToldView key={told.0.number} cx={cx.clone()} told={told.clone()}
                                picked={picked.clone().filter(|it| names(told, it))} />
                        }) }
                    </ol>
                </div>
            </div>
    }
}

fn prompt(cx: &Cx, terminal: &Terminal, line: NodeRef, keys: Keys) -> Html {
    let onpaste = {
        let (paste, line) = (keys.paste.clone(), line.clone());
        Callback::from(move |event: Event| paste_into(&event, &paste, &line))
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        event.stop_propagation();
        if !event.is_composing() && keys.press(&event) {
            event.prevent_default();
        }
    });
    html! {
            <div class="term-line">
                <label class="ask">
                    <span class="t">{ &*terminal.prompt }</span>
                    if terminal.busy {
                        <span class="cap">{ &*terminal.waits }</span>
                    }
                    <input
                        ref={line}
                        id="command"
                        aria-label={cx.say(Word::TermCommand)}
                        autocomplete="off"
                        autocapitalize="off"
                        autocorrect="off"
                        spellcheck="false"
                        enterkeyhint="send"
                        {onkeydown}
                        {onpaste}
                    />
                </label>
                if terminal.busy {
                    { Button::new("btn-sm", "", cx.say(Word::TermStop), Intent::Interrupt)
                        .hint(cx.say(Word::TermStopHint)).html(cx) }
                }
                { tabs(cx, terminal) }
            </div>
    }
}

/// Takes what is pasted: one line into the line, several ones are shown first.
fn paste_into(event: &Event, paste: &UseStateHandle<String>, line: &NodeRef) {
    let Some(text) = platform::pasted(event).map(|text| pasted(&text)) else { return };
    event.prevent_default();
    if text.contains('\n') {
        return paste.set(text);
    }
    let (whole, before) = platform::line(line);
    let after = &whole[before.len()..];
    platform::set_line(line, &[&*before, &*text].concat(), after);
}

fn tabs(cx: &Cx, terminal: &Terminal) -> Html {
    let tab = |(n, (number, busy)): (u32, &(u32, bool))| {
        let on = terminal.shown == n as usize;
        let word = if *busy { Word::TermTabBusy } else { Word::TermTab };
        let number = number.to_string();
        let places = [("n", &*number)];
        html! {
            <button
                type="button"
                role="tab"
                class={classes!("tt", on.then_some("is-on"), busy.then_some("busy"))}
                aria-selected={on.to_string()}
                aria-label={cx.lang.fill(word, &places)}
                title={cx.lang.fill(word, &places)}
                onclick={cx.on(Intent::ShowTab(n))}
            >{ number.clone() }</button>
        }
    };
    let shown = terminal.tabs.get(terminal.shown).filter(|_| terminal.tabs.len() > 1);
    let close = shown.map(|(number, _)| {
        let word = cx.lang.fill(Word::TermClose, &[("n", &*number.to_string())]);
        Button::bare("btn-quiet tt-x", "i-x", &word, Intent::CloseTab(terminal.shown as u32))
            .html(cx)
    });
    html! {
        <div class="term-tabs">
            <div class="term-list" role="tablist" aria-label={cx.say(Word::Terminal)}>
                { for (0..).zip(&terminal.tabs).map(tab) }
            </div>
            { for close }
            if terminal.tabs.len() < crate::session::terminal::TABS_MAX {
                { Button::bare("btn-quiet tt-x", "i-plus", cx.say(Word::TermOpen),
                    Intent::OpenTab).html(cx) }
            }
        </div>
    }
}

/// Several lines that were pasted, shown before they run.
#[derive(Clone, PartialEq, Properties)]
struct PreviewProps {
    cx: Cx,
    text: Text,
    line: NodeRef,
    done: Callback<()>,
}

#[component]
fn Preview(PreviewProps { cx, text, line, done }: &PreviewProps) -> Html {
    let run = use_node_ref();
    let first = run.clone();
    use_effect_with((), move |()| platform::focus_line(&first));
    let end = |runs: bool| {
        let (act, text, done, line) = (cx.act.clone(), text.clone(), done.clone(), line.clone());
        move || {
            if runs {
                act.emit(Intent::Type(text.clone()));
            }
            done.emit(());
            platform::focus_line(&line);
        }
    };
    let press = |runs| {
        let end = end(runs);
        Callback::from(move |_: MouseEvent| end())
    };
    let cancel = end(false);
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        event.stop_propagation();
        if event.key() == "Escape" {
            cancel();
        }
    });
    let count = text.lines().count().to_string();
    html! {
        <div class="preview" role="group" {onkeydown}
            aria-label={cx.lang.fill(Word::TermPaste, &[("n", &count)])}>
            <b>{ cx.lang.fill(Word::TermPaste, &[("n", &count)]) }</b>
            <pre>{ &**text }</pre>
            <p>
                <button ref={run} type="button" class="btn btn-sm btn-lean" onclick={press(true)}>
                    { cx.say(Word::TermRun) }
                </button>
                <button type="button" class="btn btn-sm btn-quiet" onclick={press(false)}>
                    { cx.say(Word::TermCancel) }
                </button>
            </p>
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ToldProps {
    cx: Cx,
    told: Told,
    picked: Option<Subject>,
}

/// Whether the object's name stands in it: what it does not is not drawn anew.
fn names(told: &Told, object: &Subject) -> bool {
    told.0.screen.lines.iter().flat_map(|line| &line.links).any(|link| link.object == *object)
}

/// A line that was typed and what came of it.
#[component]
fn ToldView(ToldProps { cx, told, picked }: &ToldProps) -> Html {
    let Entry { at, line, screen, code, .. } = &*told.0;
    let mut first = true;
    let onkeydown = Callback::from(|event: KeyboardEvent| {
        let moved = match &*event.key() {
            "ArrowRight" | "ArrowDown" => platform::rove(&event, false),
            "ArrowLeft" | "ArrowUp" => platform::rove(&event, true),
            _ => return,
        };
        event.stop_propagation();
        if moved {
            event.prevent_default();
        }
    });
    html! {
        <li class={(code.is_some_and(|code| code != 0)).then_some("failed")} {onkeydown}>
            if !line.is_empty() {
                <pre class="typed"><span class="t">{ format!("t={} $ ", clock(at.0)) }</span>
                    { &**line }</pre>
            }
            if screen.dropped > 0 {
                <p class="cap">
                    { cx.lang.fill(Word::TermDropped, &[("n", &screen.dropped.to_string())]) }
                </p>
            }
            { for screen.lines.iter().map(|line| written(cx, line, picked, &mut first)) }
        </li>
    }
}

fn written(cx: &Cx, line: &Line, picked: &Option<Subject>, first: &mut bool) -> Html {
    let class = match line.stream {
        Stream::Out => "o",
        Stream::Err => "o err",
        Stream::Simulator => "o own",
    };
    let (mut parts, mut at) = (Vec::new(), 0);
    for link in &line.links {
        let (Some(before), Some(name)) =
            (line.text.get(at..link.range.start), line.text.get(link.range.clone()))
        else {
            continue;
        };
        at = link.range.end;
        let (act, object) = (cx.act.clone(), link.object.clone());
        let pick = Rc::new(move || act.emit(Intent::Select(Some(object.clone()))));
        let onclick = {
            let pick = pick.clone();
            Callback::from(move |_: MouseEvent| pick())
        };
        let onkeydown = Callback::from(move |event: KeyboardEvent| {
            if matches!(&*event.key(), "Enter" | " ") {
                event.prevent_default();
                event.stop_propagation();
                pick();
            }
        });
        let on = picked.as_ref() == Some(&link.object);
        let class = classes!("name", on.then_some("is-picked"));
        // One stop of the Tab key for each block of output; arrows lead on.
        let tabindex = if std::mem::take(first) { "0" } else { "-1" };
        parts.push(html! {
            <>{ before.to_string() }<span role="button" {class} {tabindex} {onclick}
                {onkeydown} aria-pressed={on.to_string()}>{ name.to_string() }</span></>
        });
    }
    let rest = line.text.get(at..).unwrap_or("");
    let rest = if line.text.is_empty() { "\u{a0}" } else { rest };
    html! { <pre {class}>{ for parts }{ rest.to_string() }</pre> }
}

/// What keys do.
struct Keys {
    cx: Cx,
    terminal: Rc<Terminal>,
    choices: Option<Choices>,
    line: NodeRef,
    typing: Rc<RefCell<Typing>>,
    shown: UseStateHandle<Vec<String>>,
    paste: UseStateHandle<String>,
}

impl Keys {
    /// Does what a key means; `false` if the browser is to do it.
    fn press(&self, event: &KeyboardEvent) -> bool {
        let (key, control) = (event.key(), event.ctrl_key() && !event.meta_key());
        if event.alt_key() || event.meta_key() {
            return false;
        }
        let (text, before) = platform::line(&self.line);
        if key != "Tab" {
            self.shown.set(Vec::new());
        }
        match (control, &*key) {
            (false, "Enter") => self.enter(&text),
            (false, "Tab") if !event.shift_key() => return self.tab(&text, &before),
            (false, "ArrowUp") | (true, "p") => self.walk(&text, true),
            (false, "ArrowDown") | (true, "n") => self.walk(&text, false),
            (false, "Escape") if !self.paste.is_empty() => self.paste.set(String::new()),
            (false, "Escape") if self.terminal.busy => self.ask(Intent::Interrupt),
            (true, "c") if platform::has_selection(&self.line) => return false,
            (true, "c") => {
                platform::set_line(&self.line, "", "");
                self.ask(Intent::Interrupt);
            }
            (true, "d") if text.is_empty() && self.terminal.reads => self.ask(Intent::EndTyping),
            (true, "l") => self.ask(Intent::ClearTerminal),
            (true, "a") => platform::set_line(&self.line, "", &text),
            (true, "e") => platform::set_line(&self.line, &text, ""),
            (true, "u") => platform::set_line(&self.line, "", &text[before.len()..]),
            (true, "k") => platform::set_line(&self.line, &before, ""),
            (true, "w") => {
                let kept = before.trim_end();
                let kept = kept.rfind(' ').map_or("", |at| &kept[..=at]);
                platform::set_line(&self.line, kept, &text[before.len()..]);
            }
            _ => return false,
        }
        true
    }

    fn ask(&self, intent: Intent) {
        self.cx.act.emit(intent);
    }

    fn enter(&self, text: &str) {
        platform::set_line(&self.line, "", "");
        *self.typing.borrow_mut() = Typing::default();
        self.ask(Intent::Type(text.into()));
    }

    /// Back and forth through what was typed before.
    fn walk(&self, text: &str, back: bool) {
        let history = &self.terminal.history;
        let mut typing = self.typing.borrow_mut();
        if typing.back == 0 {
            typing.draft = text.to_string();
        }
        typing.back = match back {
            true => (typing.back + 1).min(history.len()),
            false => typing.back.saturating_sub(1),
        };
        let line = match typing.back {
            0 => typing.draft.clone(),
            n => history[history.len() - n].replace('\n', "; "),
        };
        platform::set_line(&self.line, &line, "");
    }

    /// Completes the word before the cursor; `false` if there is nothing to complete.
    fn tab(&self, text: &str, before: &str) -> bool {
        let Some(choices) = self.choices.as_ref().filter(|_| !text.trim().is_empty()) else {
            return false;
        };
        let (start, words) = choices.emit(before.to_string());
        if words.is_empty() {
            return false;
        }
        let whole = common(&words);
        let typed = &before[start..];
        if whole.len() > typed.len() && whole.starts_with(typed) || words.len() == 1 {
            let space = words.len() == 1 && !whole.ends_with(['=', '/']);
            let new = [&before[..start], whole, if space { " " } else { "" }].concat();
            platform::set_line(&self.line, &new, &text[before.len()..]);
        }
        self.shown.set(if words.len() > 1 { words } else { Vec::new() });
        true
    }
}

/// The button that makes room, and the tab that shows the terminal, for the row above it.
pub fn head(cx: &Cx, on: bool) -> Html {
    html! {
        <button
            type="button"
            role="tab"
            class={classes!("tab", "t-term", on.then_some("is-on"))}
            aria-selected={on.to_string()}
            onclick={cx.on(Intent::Terminal(true))}
        >{ icon("i-term") }{ cx.say(Word::Terminal) }</button>
    }
}
