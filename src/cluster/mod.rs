//! The composition root: the world, its agenda, and what can be done to it from outside.

pub mod boot;
pub mod hash;
pub mod incidents;
pub mod input;
pub mod invariants;
pub mod operate;
pub mod step;
pub mod world;
