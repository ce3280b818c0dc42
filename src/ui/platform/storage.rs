//! What the browser keeps for this device: the colours.
//!
//! Not here: the colours themselves (static/tokens.css), and the session (see `bridge`).

use crate::view::Theme;

const THEME: &str = "sfs.theme";
const TYPED: &str = "sfs.typed";

fn device() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The colours chosen last time.
pub fn remembered_theme() -> Theme {
    let key = device().and_then(|storage| storage.get_item(THEME).ok()?);
    Theme::of(&key.unwrap_or_default())
}

/// Puts the colours on the document, and remembers them if asked to.
pub fn set_theme(theme: Theme, remember: bool) {
    if let Some(storage) = device().filter(|_| remember) {
        let _ = storage.set_item(THEME, theme.key());
    }
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        let _ = match theme {
            Theme::Auto => root.remove_attribute("data-theme"),
            _ => root.set_attribute("data-theme", theme.key()),
        };
    }
}

/// Keeps the lines typed at the terminal for this device.
pub fn keep_typed(lines: &str) {
    if let Some(storage) = device() {
        let _ = storage.set_item(TYPED, lines);
    }
}

/// The lines typed before.
pub fn typed_before() -> String {
    device().and_then(|storage| storage.get_item(TYPED).ok()?).unwrap_or_default()
}
