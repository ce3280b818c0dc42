//! The controllers of claims, volumes and attachments.

pub mod attach_detach;
pub mod binder;
pub mod expand;
pub mod protection;
