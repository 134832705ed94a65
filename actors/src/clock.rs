//! Time, handed in.
//!
//! An actor that reads the machine's clock cannot be simulated. Each is given a [`Clock`]: deployed, the
//! machine's boot-time clock; simulated, virtual time at this node's own drift.

use std::fmt;
use std::future::Future;
use std::ops::Add;
use std::time::Duration;

use futures_util::future::{self, Either, LocalBoxFuture};
use serde::Serialize;

use crate::domain::UnixMillis;

/// A point on one node's own clock, in nanoseconds since an origin that means nothing to other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// One node's clock. It never goes back, and where the platform allows it counts the time in which the
/// machine was suspended: a lease must not outlive a laptop's lid.
pub trait Clock: Send + Sync + fmt::Debug {
    fn now(&self) -> Timestamp;

    /// What the machine's calendar clock shows, to be shown to people. It may be wrong, jump and go back, and nodes do not
    /// agree on it: no rule reads it, so none of that breaks a promise.
    fn wall(&self) -> UnixMillis;

    /// Waits for `span` of this clock's time.
    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()>;
}

/// The time that a call was given had run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

/// Waits for `work`, but no longer than `span`. `work` is dropped when the time runs out.
///
/// # Errors
/// [`Elapsed`] when the time ran out first.
pub async fn within<F: Future>(clock: &dyn Clock, span: Duration, work: F) -> Result<F::Output, Elapsed> {
    match future::select(std::pin::pin!(work), clock.sleep(span)).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(Elapsed),
    }
}
