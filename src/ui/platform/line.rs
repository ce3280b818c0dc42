//! One line that is typed: its text, its cursor, keys that change it, what is pasted.
//!
//! Not here: what the line means.

use web_sys::wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::{Event, KeyboardEvent, MouseEvent, NodeRef, TargetCast};

/// The input behind `node`.
fn input(node: &NodeRef) -> Option<HtmlInputElement> {
    node.cast::<HtmlInputElement>()
}

/// The text, and the text before the cursor.
pub fn line(node: &NodeRef) -> (String, String) {
    let Some(input) = input(node) else { return Default::default() };
    let text = input.value();
    let units: Vec<u16> = text.encode_utf16().collect();
    let at = input.selection_start().ok().flatten().map_or(units.len(), |at| at as usize);
    let before = String::from_utf16_lossy(&units[..at.min(units.len())]);
    (text, before)
}

/// Puts a text there, with the cursor behind `before`.
pub fn set_line(node: &NodeRef, before: &str, after: &str) {
    let Some(input) = input(node) else { return };
    input.set_value(&[before, after].concat());
    let at = u32::try_from(before.encode_utf16().count()).unwrap_or(0);
    let _ = input.set_selection_range(at, at);
}

/// Whether some text on the page or in the line is selected.
pub fn has_selection(node: &NodeRef) -> bool {
    let own = input(node).is_some_and(|input| {
        let end = |end: Result<Option<u32>, _>| end.ok().flatten();
        end(input.selection_start()) != end(input.selection_end())
    });
    let page = web_sys::window().and_then(|window| window.get_selection().ok()?);
    own || page.is_some_and(|page| !page.is_collapsed())
}

/// Gives the line the focus.
pub fn focus_line(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// Gives the line the focus when the page around it was pressed and nothing was selected; not
/// where a finger pressed, since a keyboard would cover half of it.
pub fn focus_by(event: &MouseEvent, node: &NodeRef) {
    let fine = web_sys::window()
        .and_then(|window| window.match_media("(pointer: fine)").ok()?)
        .is_some_and(|query| query.matches());
    let pressed = event.target_dyn_into::<HtmlElement>();
    let on_link =
        pressed.is_some_and(|element| element.closest("[role=button]").ok().flatten().is_some());
    if fine && !on_link && !has_selection(node) {
        focus_line(node);
    }
}

/// What is pasted.
pub fn pasted(event: &Event) -> Option<String> {
    let event = event.dyn_ref::<web_sys::ClipboardEvent>()?;
    event.clipboard_data()?.get_data("text").ok()
}

/// Presses what has the focus.
pub fn press(event: &KeyboardEvent) -> bool {
    let here = event.target_dyn_into::<HtmlElement>();
    here.iter().for_each(HtmlElement::click);
    here.is_some()
}

/// Moves the focus to the next or the previous object named in the same block of output.
pub fn rove(event: &KeyboardEvent, back: bool) -> bool {
    let Some(here) = event.target_dyn_into::<HtmlElement>() else { return false };
    let Some(block) = here.closest("li").ok().flatten() else { return false };
    let Ok(all) = block.query_selector_all("[role=button]") else { return false };
    let nth = |n: u32| all.get(n).and_then(|node| node.dyn_into::<HtmlElement>().ok());
    let at = (0..all.length()).find(|n| nth(*n).is_some_and(|one| one == here));
    let Some(at) = at else { return false };
    let next = if back { at.checked_sub(1) } else { Some(at + 1) };
    match next.and_then(nth) {
        Some(element) => {
            let _ = here.set_attribute("tabindex", "-1");
            let _ = element.set_attribute("tabindex", "0");
            element.focus().is_ok()
        }
        None => false,
    }
}
