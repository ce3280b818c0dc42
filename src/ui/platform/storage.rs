//! What the browser keeps: the colours for this device, the session for this tab.
//!
//! Not here: the colours themselves (static/tokens.css), and the form of a session.

use crate::view::Theme;

const THEME: &str = "sfs.theme";
const SESSION: &str = "sfs.session";

fn device() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn tab() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The colours chosen last time.
pub fn remembered_theme() -> Theme {
    let key = device().and_then(|storage| storage.get_item(THEME).ok()?);
    Theme::of(&key.unwrap_or_default())
}

/// Puts the colours on the document and remembers them.
pub fn set_theme(theme: Theme) {
    if let Some(storage) = device() {
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

/// Keeps a session for this tab.
pub fn keep(session: &str) {
    if let Some(storage) = tab() {
        let _ = storage.set_item(SESSION, session);
    }
}

/// The session this tab had before it was reloaded.
pub fn kept() -> Option<String> {
    tab()?.get_item(SESSION).ok()?
}
