//! Clients of a running store: the shoppers, and the operator's commands.

pub mod backup;
mod front_end;
pub mod import;
pub mod recover;
pub mod shop;
