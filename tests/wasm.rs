//! Unit tests of the wasm build, run in a headless browser by `./dev test wasm`. Few: most tests
//! are native. Here belongs what only the wasm build can show, for instance that the same journal
//! has the same hash as natively.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// `usize` differs between the builds; what is counted and hashed must therefore be `u64`.
#[wasm_bindgen_test]
fn pointers_are_32_bits_wide_here() {
    assert_eq!(usize::BITS, 32);
    assert_eq!(u64::from(u32::MAX) + 1, 1 << 32);
}

#[path = "golden/story.rs"]
mod story;

/// The same journal has the same hash natively and here.
#[wasm_bindgen_test]
fn the_story_ends_as_it_does_natively() {
    let hash = story::play(story::story(), 1500).world().hash().to_string();
    assert_eq!(hash, story::HASH);
}
