//! Looking through a long manifest takes work in proportion to its length: what is asked of the
//! heap for up to 256 KiB, against a quarter of it, for each way to be long.
//!
//! Not here: how long it takes (tests/browser/pace.test.mjs).
#![allow(unsafe_code)]

use playground::session::{Action, Session};
use playground::view::Lang;
use playground::view::read::Found;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

struct Counting;

static ASKED: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator unchanged; only a number is kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(64 + layout.size() as u64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

const KIB: usize = 1024;

/// `head`, and pieces until there are so many bytes.
fn long(head: &str, piece: impl Fn(usize) -> String, bytes: usize) -> String {
    let mut text = head.to_string();
    for i in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&piece(i));
    }
    text
}

/// Bytes asked for, and 64 for each time, while a text is looked through.
fn asked(text: &str) -> u64 {
    let mut session = Session::default();
    session.apply(Action::Open("a.yaml".into(), text.into()));
    let before = ASKED.load(Ordering::Relaxed);
    let found = Found::of(&session, Lang::En);
    let after = ASKED.load(Ordering::Relaxed);
    assert_eq!(*found.text, *text);
    after - before
}

/// A text of so many bytes.
type Written<'a> = &'a dyn Fn(usize) -> String;

#[test]
fn y_2_a_long_manifest_takes_work_in_proportion() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n";
    let object = |i: usize| format!("---\n{}", map.replace("name: a", &format!("name: a-{i}")));
    let old = |i: usize| {
        object(i).replace("v1\nkind: ConfigMap", "policy/v1beta1\nkind: PodDisruptionBudget")
    };
    let texts: [(&str, usize, Written<'_>); 5] = [
        ("documents", 256, &|bytes| long("", object, bytes)),
        ("faults", 64, &|bytes| long("", |i| object(i).replace("data", "dada"), bytes)),
        ("keys", 256, &|bytes| long(map, |i| format!("  key-{i}: x\n"), bytes)),
        ("brackets", 256, &|bytes| long("a: ", |_| "[".into(), bytes)),
        ("old versions", 64, &|bytes| long("", |i| old(i).replace("data:", "spec: {}"), bytes)),
    ];
    for (what, kib, text) in texts {
        let (quarter, whole) = (asked(&text(kib / 4 * KIB)), asked(&text(kib * KIB)));
        assert!(whole <= quarter * 5, "{what}: {quarter} for a quarter of {whole}");
        // Each document has a reader of its own, with its buffers.
        assert!(whole <= 512 * 1024 * 1024, "{what}: {whole}");
    }
}
