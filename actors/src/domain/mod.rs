//! The values that the services exchange, each valid by construction.
//!
//! A person's input is checked once, where it becomes one of these types; whatever holds such a value
//! need not check it again. Deserialization goes through the same checks, so a peer cannot smuggle an
//! invalid value past them either.

mod ids;
mod orders;
mod products;
mod text;
mod time;
mod view;

pub use ids::{Epoch, FrontEndId, OrderNumber, ReplicaId, Run, StoreId, Term};
pub use orders::{Entry, Order, Position, Purchase, Receipt, SoldPurchase};
pub use products::{Digest, Product, ProductSeed};
pub use text::{Invalid, ProductName, Quantity, RequestId};
pub use time::UnixMillis;
pub use view::{Line, Members, View};
