//! What changes, told to those who look on: server-sent events, formatted once for all of them.

mod hub;
mod topic;

pub use self::hub::{Full, Hub, Subscription};
pub use self::topic::{Topic, Topics};
