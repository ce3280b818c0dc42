//! Batteries that know nothing of Kubernetes: time, chance, names, text, maps.

pub mod cron;
pub mod lang;
pub mod map;
pub mod names;
pub mod never;
pub mod prng;
pub mod sha256;
pub mod sorted;
pub mod text;
pub mod time;
pub mod timers;

/// Shared immutable text: names, labels, messages. Cloning copies a pointer.
pub type Str = std::rc::Rc<str>;
