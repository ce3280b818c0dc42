//! The kubectl dialect. So far its tables; a command line comes with the terminal.

pub mod print;
pub mod rows;
pub mod yaml;
