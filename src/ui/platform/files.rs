//! Files that a person drops on the page or chooses.
//!
//! Not here: what is done with their text; anything longer than [`LIMIT`] is not read.

use crate::view::Text;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{File, FileReader, HtmlInputElement};
use yew::{DragEvent, Event, TargetCast};

/// Bytes above which a file is surely not a manifest.
const LIMIT: u32 = 4 * 1024 * 1024;

/// Reads the file that was dropped.
pub fn dropped(event: &DragEvent, done: impl Fn(Text, Text) + 'static) {
    if let Some(file) =
        event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0))
    {
        read(&file, done);
    }
}

/// Reads the file that was chosen.
pub fn picked(event: &Event, done: impl Fn(Text, Text) + 'static) {
    let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
    if let Some(file) = input.files().and_then(|files| files.get(0)) {
        read(&file, done);
    }
    // So that choosing the same file again is a change again.
    input.set_value("");
}

fn read(file: &File, done: impl Fn(Text, Text) + 'static) {
    if file.size() as u32 > LIMIT {
        return;
    }
    let Ok(reader) = FileReader::new() else { return };
    let (source, name) = (reader.clone(), file.name());
    let loaded = Closure::once_into_js(move || {
        if let Some(text) = source.result().ok().and_then(|value| value.as_string()) {
            done(name.as_str().into(), text.into());
        }
    });
    reader.set_onload(loaded.dyn_ref());
    let _ = reader.read_as_text(file);
}
