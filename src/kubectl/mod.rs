//! The kubectl dialect: tables as kubectl prints them, and its commands that write.

pub mod args;
pub mod command;
mod get;
pub mod print;
pub mod rows;
mod work_rows;
pub mod running;
pub mod yaml;
