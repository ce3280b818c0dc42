//! Assertions for what only a bug of ours can cause: they stop a test, and in a release
//! build let the cluster go on, so that one wrong feature is not the end of the page.

/// Reports an impossible state. Panics with debug assertions, otherwise does nothing.
#[macro_export]
macro_rules! never {
    ($($text:tt)+) => {
        if cfg!(debug_assertions) {
            panic!("never: {}", format!($($text)+));
        }
    };
}
