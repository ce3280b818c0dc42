//! The browser, as far as the page needs it. Nothing else names `web_sys`.
//!
//! Every call may fail (an opaque origin, a refused permission) and then changes nothing.
//!
//! Not here: drawing.

mod bridge;
mod files;
mod frames;
mod line;
mod listen;
mod storage;
mod text;

pub use bridge::{
    after_picture, again, copy, download, focus, help, is_whole, keep, kept, language, link,
    open_whole, query, rewrite, set_address, share, show_found, show_text, speak, trouble,
    when_whole,
};
pub use files::{dropped, picked};
pub use frames::Frames;
pub use line::{focus_by, focus_line, has_selection, line, pasted, press, rove, set_line};
pub use listen::Listener;
pub use storage::{keep_typed, remembered_theme, set_theme, typed_before};
pub use text::{chosen, chosen_of_list, goto_line, share_across, typed};

/// Calls `done` after so many milliseconds, unless what this returns is dropped before.
pub fn later(millis: u32, done: impl FnOnce() + 'static) -> gloo_timers::callback::Timeout {
    gloo_timers::callback::Timeout::new(millis, done)
}

/// Milliseconds on the browser's clock.
pub fn millis() -> u64 {
    js_sys::Date::now() as u64
}

/// The element the app lives in.
pub fn root() -> Option<web_sys::Element> {
    web_sys::window()?.document()?.get_element_by_id("app")
}
