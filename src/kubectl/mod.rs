//! The kubectl dialect: its commands as values that can be left and taken up again, its tables,
//! its formats, its words. `running` is the way in.

mod apply;
mod change;
mod commands;
mod complete;
mod create;
mod cx;
mod describe;
pub mod diff;
mod drain;
mod edit;
mod events;
mod explain;
mod expose;
mod flags;
mod format;
mod get;
mod help;
mod info;
pub mod inside;
pub mod jsonpath;
pub mod print;
mod prune;
mod raw;
mod refused;
mod resource;
mod rollout;
pub mod rows;
mod run;
pub mod running;
mod set;
mod sort;
pub mod template;
pub(crate) mod value;
mod wait;
mod work_rows;
pub mod yaml;
