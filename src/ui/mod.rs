//! The page in a browser: Yew components that draw what `view` says and turn presses into intents.
//!
//! One reducer (`model`) holds the state; everything below it is a function of a
//! [`Screen`](crate::view::Screen) and a [`Look`](crate::view::Look). Only `platform` knows the
//! browser beyond events.
//!
//! No element carries a `style` attribute: places are classes or attributes of SVG elements, so
//! that a strict content security policy holds.
//!
//! Not here: anything about Kubernetes, and any sentence (see `view::Word`).

mod app;
mod because;
mod code;
mod deck;
mod dock;
mod editor;
mod header;
mod inspector;
mod lines;
mod model;
mod page;
mod parts;
mod platform;
mod stage;
mod strip;
mod terminal;
#[cfg(feature = "styles")]
mod styles;
mod timeline;

pub use app::{App, start};
pub use page::{Page, PageProps};
pub use parts::Cx;
#[cfg(feature = "styles")]
pub use styles::{Styles, StylesProps};
