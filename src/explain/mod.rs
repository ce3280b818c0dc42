//! Explains what the components said: one sentence a wait, the chain from a StatefulSet to the
//! root of its trouble, and the ways out with their price.
//!
//! It never has a second opinion: without a wait in the cluster there is no explanation here.

pub mod chain;
mod incident;
pub mod sentence;
mod templates;
pub mod ways;

pub use chain::{Chain, Unready, most_blocked, of_object, of_set};
pub use incident::{INCIDENTS, incident};
pub use sentence::{AROUND, Piece, Sentence, clause, plain, sentence, spell, until};
pub use templates::{OUTCOMES, TEMPLATES};
pub use ways::{WAYS, Way, ways_out};
