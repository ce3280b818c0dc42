//! The browser, as far as the page needs it. Nothing else names `web_sys`.
//!
//! Every call may fail (an opaque origin, a refused permission) and then changes nothing.
//!
//! Not here: drawing.

mod files;
mod text;
mod theme;

pub use files::{dropped, picked};
pub use text::{chosen, copy, goto_line, share_across, typed};
pub use theme::{remembered_theme, set_theme};

#[cfg(feature = "styles")]
pub use text::query;
