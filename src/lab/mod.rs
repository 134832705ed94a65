//! `toystore up --lab`: a running store that a person breaks on purpose, and looks at while it goes on.
//!
//! Nothing in here is between the parts of a store that runs without `--lab`. What is broken stands where the actors meet
//! the machine: [`disk`] between a node and its files, [`network`] between a node and its peers, [`incarnation`] around
//! its future and its connections. So a fault is what the store would see of the real one, and no rule knows of it.

mod bugs;
mod command;
mod control;
mod disk;
mod guard;
mod incarnation;
mod interposer;
mod keeper;
mod network;
mod node;
mod refusal;
mod routes;
mod shoppers;
mod state;
mod verdict;

pub use self::command::run;
pub use self::control::{LabControl, NodeAction};
pub use self::network::LinkFault;
pub use self::refusal::Refusal;
pub use self::shoppers::{ShopperCounts, ShopperPlan};
pub use self::state::{LabState, LinkState, NodeState, ShoppersState};
pub use self::verdict::VerdictState;
