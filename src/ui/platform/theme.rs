//! The colours of the document, and remembering the choice.
//!
//! Not here: the colours (static/tokens.css).

use crate::view::Theme;

const KEY: &str = "sfs.theme";

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The colours chosen last time.
pub fn remembered_theme() -> Theme {
    let key = storage().and_then(|storage| storage.get_item(KEY).ok()?);
    Theme::of(&key.unwrap_or_default())
}

/// Puts the colours on the document and remembers them.
pub fn set_theme(theme: Theme) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(KEY, theme.key());
    }
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        let _ = match theme {
            Theme::Auto => root.remove_attribute("data-theme"),
            _ => root.set_attribute("data-theme", theme.key()),
        };
    }
}
