//! What objects are: their fields, their JSON, the table of kinds. No cluster, and no time
//! but stamps.

pub mod apps;
pub mod batch;
pub mod core;
pub mod discovery;
pub mod int_or_text;
pub mod json;
pub mod kinds;
pub mod ledger;
pub mod managed;
pub mod manifest;
pub mod meta;
pub mod policy;
pub mod quantity;
pub mod storage;
mod template;
