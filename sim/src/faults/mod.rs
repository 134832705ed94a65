//! What can go wrong, and when.

mod display;
mod draw;
mod draw_memory;
mod fault;
mod kind;
mod names;
mod schedule;

pub use draw::draw;
pub use draw_memory::add as add_memory_faults;
pub use fault::{CopyTime, Direction, Fault, LostFiles};
pub use kind::FaultKind;
pub use names::node_name;
pub use schedule::ScheduledFault;
