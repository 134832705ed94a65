//! All services as the front-end sees them, for people: it asks each how it is, and tells who looks on.

mod ask;
mod compose;
mod happened;
mod rates;
mod shapes;
mod shown;
mod views;
mod watch;

pub use self::rates::{Columns, OrderMeter, Second};
pub use self::shapes::{Line, Lines, NodeShown, Observed, ObservedLine, PastView, Reach, Snapshot};
pub use self::shown::Cluster;
pub use self::watch::Watch;
