//! The kubectl dialect: tables as kubectl prints them, and its commands that write.

pub mod args;
pub mod command;
pub mod print;
pub mod rows;
pub mod yaml;
