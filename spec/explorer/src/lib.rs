//! Explores everything that can happen in a model of a protocol.
//!
//! A model is a [`World`]: from one moment, its steps lead to the next ones. [`search()`] takes them all, breadth
//! first, so that what goes wrong comes with a shortest trace; [`random_walk`] goes further than a search can, and
//! proves nothing. A protocol's rules are switches ([`rules!`]), how much of the world is explored is a set of
//! [`bounds!`], and [`command()`] runs tables of both ([`Run`]): with all rules kept nothing may go wrong, with one
//! rule broken something must.

mod command;
mod fingerprint;
mod recovery;
mod runs;
mod search;
mod seen;
mod settings;
mod walk;
mod world;

pub use command::command;
pub use fingerprint::fingerprint;
pub use runs::{How, Run, Table, breaks, fails, holds};
pub use search::{End, Found, search};
pub use settings::{Limits, Rule, Switches, Value};
pub use walk::{Random, Walked, random_walk};
pub use world::{Violation, Visit, World};
