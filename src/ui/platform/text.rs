//! Text in and out of form fields, places of presses.
//!
//! Not here: files.

use crate::view::Text;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlSelectElement, HtmlTextAreaElement};
use yew::{Event, InputEvent, MouseEvent, TargetCast};

/// The value of the choice that was changed.
pub fn chosen(event: &Event) -> Option<String> {
    event.target_dyn_into::<HtmlSelectElement>().map(|select| select.value())
}

/// The value of the choice that was made, where the first entry is the name of the list: it is
/// shown again, so that the same choice can be made once more.
pub fn chosen_of_list(event: &Event) -> Option<String> {
    let select = event.target_dyn_into::<HtmlSelectElement>()?;
    let value = select.value();
    select.set_value("");
    Some(value)
}

/// The whole text after a change.
pub fn typed(event: &InputEvent) -> Option<Text> {
    let area = event.target_dyn_into::<HtmlTextAreaElement>().map(|area| area.value());
    let line = || event.target_dyn_into::<web_sys::HtmlInputElement>().map(|line| line.value());
    area.or_else(line).map(Text::from)
}

/// Where across the pressed element the press was, in hundredths of a percent.
pub fn share_across(event: &MouseEvent) -> Option<u32> {
    let element = event.current_target()?.dyn_into::<web_sys::Element>().ok()?;
    let place = element.get_bounding_client_rect();
    let width = (place.width() as i64).max(1);
    let x = i64::from(event.client_x()) - place.left() as i64;
    u32::try_from((x * 10_000 / width).clamp(0, 10_000)).ok()
}

/// Puts the cursor at the start of a line of the manifest and shows it.
pub fn goto_line(line: u32) {
    if super::bridge::editor_goto(line) {
        return;
    }
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let Some(area) = document
        .get_element_by_id("manifest")
        .and_then(|element| element.dyn_into::<HtmlTextAreaElement>().ok())
    else {
        return;
    };
    let text = area.value();
    let before = text.split('\n').take(line.saturating_sub(1) as usize);
    let start: usize = before.map(|line| line.encode_utf16().count() + 1).sum();
    let start = u32::try_from(start).unwrap_or(0);
    let _ = area.focus();
    let _ = area.set_selection_range(start, start);
    let scroller = area.parent_element().and_then(|sheet| sheet.parent_element());
    if let Some(scroller) = scroller.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let line = i32::try_from(line).unwrap_or(0);
        scroller.set_scroll_top((line * 20 - scroller.client_height() / 2).max(0));
    }
}
