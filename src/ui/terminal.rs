//! The terminal: an ordered log of real text and one line to type in. It can be selected, copied,
//! read aloud, and used with a thumb.
//!
//! The line belongs to the browser: what is typed is not state of the page until Enter.
//!
//! Not here: what a line does (see `shell`), which words could stand in it (see `session`).

use super::parts::{Button, Cx, icon, say};
use super::platform;
use crate::session::terminal::{Entry, TABS_MAX};
use crate::view::terminal::{Line, Stream, Terminal, Told, common, pasted};
use crate::view::{Intent, Subject, Word, clock};
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
    line: NodeRef,
    /// The button that runs what was pasted.
    run: NodeRef,
    /// How far back in what was typed before, and what stood there first.
    back: usize,
    draft: String,
}

/// The terminal.
#[component]
pub fn TerminalView(TerminalProps { cx, terminal, picked, choices }: &TerminalProps) -> Html {
    let typing = use_mut_ref(Typing::default);
    let (line, run) = {
        let typing = typing.borrow();
        (typing.line.clone(), typing.run.clone())
    };
    let keys = Rc::new(Keys {
        cx: cx.clone(),
        terminal: terminal.clone(),
        choices: choices.clone(),
        line,
        run,
        typing,
        shown: use_state_eq(Vec::new),
        paste: use_state_eq(Vec::new),
    });
    let run = keys.run.clone();
    use_effect_with(keys.paste.is_empty(), move |nothing| {
        if !nothing {
            platform::focus_line(&run);
        }
    });
    html! {
        <div class="term" onclick={on(&keys, |keys, event| platform::focus_by(event, &keys.line))}>
            { log(cx, terminal, picked) }
            if !keys.shown.is_empty() {
                <p class="choices" role="status" aria-label={cx.say(Word::TermChoices)}>
                    { for keys.shown.iter().take(CHOICES_MAX).map(|word| html! {
                        <span>{ word }</span>
                    }) }
                </p>
            }
            if !keys.paste.is_empty() {
                { preview(&keys) }
            }
            { prompt(&keys) }
        </div>
    }
}

/// A handler that works with the line.
fn on<E: 'static>(keys: &Rc<Keys>, act: fn(&Keys, &E)) -> Callback<E> {
    let keys = keys.clone();
    Callback::from(move |event| act(&keys, &event))
}

fn log(cx: &Cx, terminal: &Terminal, picked: &Option<Subject>) -> Html {
    let hint = terminal.told.is_empty() && terminal.history.is_empty();
    html! {
            <div class="term-log" tabindex="0">
                <div>
                    if !terminal.dropped.is_empty() {
                        { gone(&terminal.dropped) }
                    }
                    if terminal.told.is_empty() {
                        <p class="term-hint">
                            { say(cx, Word::TermHint, &[]) }
                            if hint {
                                { note(cx.say(Word::TermKeys)) }
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

fn prompt(keys: &Rc<Keys>) -> Html {
    let Keys { cx, terminal, .. } = &**keys;
    let onkeydown = on(keys, |keys, event: &KeyboardEvent| {
        event.stop_propagation();
        if !event.is_composing() && keys.press(event) {
            event.prevent_default();
        }
    });
    html! {
            <div class="term-line">
                <label class="ask">
                    <span class="t">{ &*terminal.prompt }</span>
                    if terminal.busy {
                        { note(&terminal.waits) }
                    }
                    <input
                        ref={keys.line.clone()}
                        id="command"
                        aria-label={cx.say(Word::TermCommand)}
                        autocomplete="off"
                        autocapitalize="off"
                        autocorrect="off"
                        spellcheck="false"
                        enterkeyhint="send"
                        {onkeydown}
                        onpaste={on(keys, Keys::take)}
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

/// A remark in small letters.
fn note(text: &str) -> Html {
    html! { <span class="cap">{ text }</span> }
}

/// A sentence about lines that are gone.
fn gone(text: &str) -> Html {
    html! { <p class="cap">{ text }</p> }
}

fn tabs(cx: &Cx, terminal: &Terminal) -> Html {
    let name = |word, number: u32| cx.lang.fill(word, &[("n", &*number.to_string())]);
    let mut list = Vec::new();
    for (n, (number, busy)) in terminal.tabs.iter().enumerate() {
        let on = terminal.shown == n;
        let (word, class) = match (busy, on) {
            (false, false) => (Word::TermTab, "tt"),
            (false, true) => (Word::TermTab, "tt is-on"),
            (true, false) => (Word::TermTabBusy, "tt busy"),
            (true, true) => (Word::TermTabBusy, "tt is-on busy"),
        };
        let (says, shown) = (Some(name(word, *number)), number.to_string().into());
        list.push(tab(cx, class, on, says, Intent::ShowTab(n as u32), shown));
    }
    let shown = terminal.tabs.get(terminal.shown).filter(|_| list.len() > 1);
    let close = shown.map(|(number, _)| {
        let intent = Intent::CloseTab(terminal.shown as u32);
        Button::bare("btn-quiet tt-x", "i-x", &name(Word::TermClose, *number), intent).html(cx)
    });
    html! {
        <div class="term-tabs">
            <div class="term-list" role="tablist" aria-label={cx.say(Word::Terminal)}>
                { for list }
            </div>
            { for close }
            if terminal.tabs.len() < TABS_MAX {
                { Button::bare("btn-quiet tt-x", "i-plus", cx.say(Word::TermOpen),
                    Intent::OpenTab).html(cx) }
            }
        </div>
    }
}

/// A tab; `says` what it is where its text does not.
fn tab(
    cx: &Cx,
    class: &'static str,
    on: bool,
    says: Option<String>,
    intent: Intent,
    text: Html,
) -> Html {
    html! {
        <button
            type="button"
            role="tab"
            {class}
            aria-selected={if on { "true" } else { "false" }}
            aria-label={says.clone()}
            title={says}
            onclick={cx.on(intent)}
        >{ text }</button>
    }
}

/// Several lines that were pasted, shown before they run.
fn preview(keys: &Rc<Keys>) -> Html {
    let Keys { cx, run, paste, .. } = &**keys;
    let press = |node: NodeRef, class: &'static str, word, act| {
        let onclick = on(keys, act);
        html! { <button ref={node} type="button" {class} {onclick}>{ cx.say(word) }</button> }
    };
    let onkeydown = on(keys, |keys, event: &KeyboardEvent| {
        event.stop_propagation();
        if event.key() == "Escape" {
            keys.put_away();
        }
    });
    let count = paste.len().to_string();
    let title = cx.lang.fill(Word::TermPaste, &[("n", &count)]);
    html! {
        <div class="preview" role="group" {onkeydown} aria-label={title.clone()}>
            <b>{ title }</b>
            <pre>{ paste.join("\n") }</pre>
            <p>
                { press(run.clone(), "btn btn-sm btn-lean", Word::TermRun, |keys, _| {
                    keys.ask(Intent::Type(keys.paste.join("\n").into()));
                    keys.put_away();
                }) }
                { press(NodeRef::default(), "btn btn-sm btn-quiet", Word::TermCancel, |keys, _| {
                    keys.put_away();
                }) }
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
    let named = |line: &Rc<Line>| line.links.iter().any(|link| link.object == *object);
    told.0.screen.lines.iter().any(named)
}

/// A line that was typed and what came of it.
#[component]
fn ToldView(ToldProps { cx, told, picked }: &ToldProps) -> Html {
    let Entry { at, line, screen, code, .. } = &*told.0;
    let mut first = true;
    let failed = code.is_some_and(|code| code != 0);
    html! {
        <li class={failed.then_some("failed")} onkeydown={Callback::from(lead)}>
            if !line.is_empty() {
                <pre class="typed"><span class="t">{ ["t=", &*clock(at.0), " $ "].concat() }</span>
                    { &**line }</pre>
            }
            if screen.dropped > 0 {
                { gone(&cx.lang.fill(Word::TermDropped, &[("n", &screen.dropped.to_string())])) }
            }
            { for screen.lines.iter().map(|line| written(cx, line, picked, &mut first)) }
        </li>
    }
}

/// Keys on the names in a block of output.
fn lead(event: KeyboardEvent) {
    let done = match &*event.key() {
        "ArrowRight" | "ArrowDown" => platform::rove(&event, false),
        "ArrowLeft" | "ArrowUp" => platform::rove(&event, true),
        "Enter" | " " => platform::press(&event),
        _ => return,
    };
    event.stop_propagation();
    if done {
        event.prevent_default();
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
        let on = picked.as_ref() == Some(&link.object);
        let (class, pressed) = if on { ("name is-picked", "true") } else { ("name", "false") };
        // One stop of the Tab key for each block of output; arrows lead on.
        let tabindex = if std::mem::take(first) { "0" } else { "-1" };
        parts.push(html! { { before } });
        parts.push(html! {
            <span role="button" {class} {tabindex} onclick={cx.pick(&link.object)}
                aria-pressed={pressed}>{ name }</span>
        });
    }
    let rest = line.text.get(at..).unwrap_or("");
    let rest = if line.text.is_empty() { "\u{a0}" } else { rest };
    html! { <pre {class}>{ for parts }{ rest }</pre> }
}

/// What keys and presses work with.
struct Keys {
    cx: Cx,
    terminal: Rc<Terminal>,
    choices: Option<Choices>,
    line: NodeRef,
    /// The button that runs what was pasted.
    run: NodeRef,
    typing: Rc<RefCell<Typing>>,
    shown: UseStateHandle<Vec<String>>,
    /// Lines that were pasted, if several.
    paste: UseStateHandle<Vec<String>>,
}

impl Keys {
    /// Does what a key means; `false` if the browser is to do it.
    fn press(&self, event: &KeyboardEvent) -> bool {
        let (key, control) = (event.key(), event.ctrl_key() && !event.meta_key());
        if event.alt_key() || event.meta_key() {
            return false;
        }
        let (text, before) = platform::line(&self.line);
        let after = &text[before.len()..];
        if key != "Tab" {
            self.shown.set(Vec::new());
        }
        let mut wants = None;
        let (kept, behind) = match (control, &*key) {
            (false, "Enter") => {
                self.typing.borrow_mut().back = 0;
                wants = Some(Intent::Type((&*text).into()));
                ("", "")
            }
            (false, "Tab") if !event.shift_key() => return self.tab(&text, &before),
            (false, "ArrowUp") | (true, "p") => return self.walk(&text, true),
            (false, "ArrowDown") | (true, "n") => return self.walk(&text, false),
            (false, "Escape") if !self.paste.is_empty() => {
                self.put_away();
                return true;
            }
            (false, "Escape") if self.terminal.busy => return self.ask(Intent::Interrupt),
            (true, "c") if platform::has_selection(&self.line) => return false,
            (true, "c") => {
                wants = Some(Intent::Interrupt);
                ("", "")
            }
            (true, "d") if text.is_empty() && self.terminal.reads => {
                return self.ask(Intent::EndTyping);
            }
            (true, "l") => return self.ask(Intent::ClearTerminal),
            (true, "a") => ("", &*text),
            (true, "e") => (&*text, ""),
            (true, "u") => ("", after),
            (true, "k") => (&*before, ""),
            (true, "w") => {
                let kept = before.trim_end();
                (kept.rfind(' ').map_or("", |at| &kept[..=at]), after)
            }
            _ => return false,
        };
        platform::set_line(&self.line, kept, behind);
        wants.is_none_or(|intent| self.ask(intent))
    }

    fn ask(&self, intent: Intent) -> bool {
        self.cx.act.emit(intent);
        true
    }

    /// Takes what is pasted: one line into the line, several ones are shown first.
    fn take(&self, event: &Event) {
        let Some(text) = platform::pasted(event).map(|text| pasted(&text)) else { return };
        event.prevent_default();
        if text.contains('\n') {
            let paste = self.paste.clone();
            let lines = text.lines().map(String::from).collect();
            return platform::when_whole(false, move || paste.set(lines));
        }
        let (whole, before) = platform::line(&self.line);
        let after = &whole[before.len()..];
        platform::set_line(&self.line, &[&*before, &*text].concat(), after);
    }

    /// Puts away what was pasted.
    fn put_away(&self) {
        self.paste.set(Vec::new());
        platform::focus_line(&self.line);
    }

    /// Back and forth through what was typed before.
    fn walk(&self, text: &str, back: bool) -> bool {
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
        true
    }

    /// Completes the word before the cursor; `false` if there is nothing to complete.
    fn tab(&self, text: &str, before: &str) -> bool {
        let Some(choices) = self.choices.as_ref().filter(|_| !text.trim().is_empty()) else {
            return false;
        };
        if !platform::is_whole() {
            // Says what it waits for.
            platform::when_whole(false, || {});
            return true;
        }
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

/// The tab that shows the terminal, for the row above it.
pub fn head(cx: &Cx, on: bool) -> Html {
    let class = if on { "tab t-term is-on" } else { "tab t-term" };
    let text = html! { <>{ icon("i-term") }{ cx.say(Word::Terminal) }</> };
    tab(cx, class, on, None, Intent::Terminal(true), text)
}
