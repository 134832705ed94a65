//! Hunts the planted bugs: a check that was never seen to fail proves nothing.

mod hunt;
mod scenarios;
mod table;

pub use hunt::{Catch, Hunt, hunt};
pub use scenarios::directed;
pub use table::{HEADING, page};
