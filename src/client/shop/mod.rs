//! `toystore shop`: many clients at once who query and order, and at the end check that the store kept
//! every promise that a client can check.

mod args;
mod counts;
mod history;
pub(crate) mod judge;
mod session;
mod shop_error;
mod shopper;
mod silence;
pub(crate) mod store_client;
mod ticker;

pub use self::args::Args;
pub use self::session::run;
