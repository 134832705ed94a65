//! The promises, one a file: each looks at what the shoppers were told, at what is on the disks and at events, and names the
//! facts that contradict each other.

mod durable;
mod evidence;
mod forgotten;
mod held;
mod judge;
mod missed;
mod once;
mod one_history;
mod online;
mod orders;
mod prices;
pub mod products;
mod stock;
mod views;

#[cfg(test)]
mod tests;

pub use held::DurabilityClaim;
pub use judge::{evidence_on_disks, judge, judge_history};
pub use online::OnlineChecks;
