//! What shoppers ask the front-end.

mod dispatch;
mod idempotency_key;
mod operations;
mod order_body;
mod orders;
mod place;
mod products;
mod received;
mod state;
mod status;

pub use self::dispatch::answer;
pub use self::idempotency_key::new as new_key;
pub use self::operations::Operations;
pub use self::order_body::OrderBody;
pub use self::place::order;
pub use self::state::{FrontEndState, Stopped};
pub use self::status::cached;
