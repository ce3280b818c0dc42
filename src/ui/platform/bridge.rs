//! What static/boot.js does for the page: it unpacked the link in the address, keeps the session
//! over a reload or a crash, fetches languages, opens dialogs, and packs links.
//!
//! Not here: what a session's text holds (see `session::save`).

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

fn playground() -> JsValue {
    Reflect::get(&js_sys::global(), &"playground".into()).unwrap_or(JsValue::UNDEFINED)
}

fn text(name: &str) -> String {
    let value = Reflect::get(&playground(), &name.into()).ok();
    value.and_then(|value| value.as_string()).unwrap_or_default()
}

fn call(name: &str, args: &[JsValue]) -> Option<JsValue> {
    let object = playground();
    let function: Function = Reflect::get(&object, &name.into()).ok()?.dyn_into().ok()?;
    function.apply(&object, &args.iter().collect::<Array>()).ok()
}

#[wasm_bindgen]
extern "C" {
    // What these throw goes through to whoever called the program: nothing here may still run.
    #[wasm_bindgen(js_namespace = playground, js_name = ensure)]
    fn fetch_later(exports: &JsValue);
    #[wasm_bindgen(js_namespace = playground, js_name = whole)]
    fn call_when_whole(done: &JsValue, free: bool);
}

/// Fetches the part of the program that was left for later; called where a function of it is wanted
/// before it has come by itself (`split/split.mjs` sees to that). Throws if it cannot be had.
#[wasm_bindgen]
pub fn ensure() {
    fetch_later(&wasm_bindgen::exports());
}

/// Calls `done` when the whole program is here; now, if it is, or if this is the first that is
/// `free` and nothing waits.
pub fn when_whole(free: bool, done: impl FnOnce() + 'static) {
    call_when_whole(&Closure::once_into_js(done), free);
}

/// Calls `done` for the picture after the next.
pub fn after_picture(done: impl FnOnce() + 'static) {
    call("after", &[Closure::once_into_js(done)]);
}

/// Whether the whole program is here.
pub fn is_whole() -> bool {
    call("isWhole", &[]).is_none_or(|whole| whole.is_truthy())
}

/// The session that the address holds, as text; empty without one.
pub fn link() -> String {
    text("link")
}

/// Why the link in the address could not be read: `newer`, or what is wrong with it.
pub fn trouble() -> String {
    text("trouble")
}

/// What the address asks for behind the question mark.
pub fn query(name: &str) -> Option<String> {
    call("query", &[name.into()])?.as_string()
}

/// Keeps a session for this tab, and for a restart; `false` if the browser keeps nothing.
pub fn keep(session: &str) -> bool {
    call("keep", &[session.into()]).is_none_or(|kept| kept.is_truthy())
}

/// The session this tab had before it was reloaded.
pub fn kept() -> Option<String> {
    call("kept", &[])?.as_string().filter(|text| !text.is_empty())
}

/// The language of the page and its dictionary; the dictionary of English is empty.
pub fn language() -> (String, String) {
    (text("lang"), text("words"))
}

/// Whether the address is the one this tab had before it was reloaded.
pub fn again() -> bool {
    let value = Reflect::get(&playground(), &"again".into());
    value.is_ok_and(|value| value.is_truthy())
}

/// Fetches a language and remembers it; `done` when it is there.
pub fn speak(lang: &str, done: impl FnOnce() + 'static) {
    call("speak", &[lang.into(), Closure::once_into_js(done)]);
}

/// Tells the editor the text that the page has, where it has been fetched.
pub fn show_text(text: &str) {
    call("show", &[text.into()]);
}

/// Tells the editor what was found: lines of number, severity, sentence, with tabs between.
pub fn show_found(lines: &str) {
    call("found", &[lines.into()]);
}

/// Puts the cursor of the editor on a line; `false` where there is only the text area.
pub fn editor_goto(line: u32) -> bool {
    call("goto", &[line.into()]).is_some_and(|done| done.is_truthy())
}

/// Makes this the manifest's text, as if it had been written: writing can be taken back.
pub fn rewrite(text: &str) {
    call("rewrite", &[text.into()]);
}

/// Opens the dialog that shares this.
pub fn share(text: &str) {
    call("share", &[text.into()]);
}

/// Puts the focus on a pane, once it stands there.
pub fn focus(selector: &str) {
    call("focus", &[selector.into()]);
}

/// Opens the whole page with this session.
pub fn open_whole(session: &str) {
    call("open", &[session.into()]);
}

/// Puts this session into the address bar.
pub fn set_address(session: &str) {
    call("address", &[session.into()]);
}

/// Puts text on the clipboard, and says whether the browser let it.
pub fn copy(text: &str) {
    call("take", &[text.into()]);
}

/// Keeps a text as a file.
pub fn download(name: &str, text: &str) {
    call("download", &[name.into(), text.into()]);
}

/// Opens the dialog with keys, words, and what can be set.
pub fn help() {
    call("help", &[]);
}
