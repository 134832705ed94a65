//! The promises, one a file: each looks at what the shoppers were told, at what is on the disks and at events, and names the
//! facts that contradict each other.

pub(crate) mod durable;
mod evidence;
mod forgotten;
mod held;
mod judge;
mod missed;
pub(crate) mod once;
pub(crate) mod one_history;
mod online;
pub(crate) mod orders;
pub(crate) mod prices;
pub mod products;
mod receipts;
pub(crate) mod stock;
pub(crate) mod told;
mod views;

#[cfg(test)]
pub(crate) mod tests;

pub use held::DurabilityClaim;
pub use judge::{evidence_on_disks, judge, judge_history};
pub use online::OnlineChecks;
