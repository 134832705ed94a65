//! What a front-end needs of whatever keeps the orders and the products, and all that it knows of it.
//!
//! A front-end joins those who ask for the same, keeps products in its cache, and gives each request so much time. Who
//! keeps the orders, how many they are and how they agree is none of its concern: another way to replicate
//! implements these two traits.
//!
//! One thing goes the other way: whoever keeps the products must send
//! [`Invalidate`](crate::messages::front_end::Invalidate) to every front-end that may hold one, before a change of it
//! becomes visible to anybody, and wait until that is answered or the lease of the last cacheable [`QueryReply`] has run
//! out (docs/protocol.md, "The cache").

use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::domain::{Order, OrderNumber, Product, Purchase};
use crate::messages::catalog::{
    Changed, Changes, Found, Import, Imported, Query, QueryReply, Search, Stocked,
};
use crate::messages::front_end::{Copied, CopyBook, CopyStock, ListProducts, OrderError, Unavailable};
use crate::net::NodeId;
use crate::retry::Retry;

/// Keeps the orders. Each method tries again and again until the time is up, and no answer in time is
/// [`Unavailable`]: what was asked may or may not come to pass.
pub trait OrderStore {
    /// Places an order: once, however often it is tried, and under one request id only once for all time. The answer is
    /// final, unless it is [`OrderError::Unavailable`]. `until` may be put off meanwhile.
    async fn place(
        &self,
        purchase: Purchase,
        until: impl Fn() -> Timestamp,
    ) -> Result<OrderNumber, OrderError>;

    /// One order by its number, linearizable: every order that anybody was told of before is found.
    async fn find(&self, number: OrderNumber, until: Timestamp) -> Result<Option<Order>, Unavailable>;

    /// At most `limit` orders after a number; linearizable.
    async fn list(&self, after: OrderNumber, limit: u32, until: Timestamp)
    -> Result<Vec<Order>, Unavailable>;

    /// What the book has after a place in it; linearizable.
    async fn copy(&self, ask: CopyBook, until: Timestamp) -> Result<Copied, Unavailable>;

    /// Whom orders wait for, and why as a sentence; `None` if they can be placed.
    fn waits_for(&self) -> Option<(Vec<NodeId>, String)>;

    /// What is told to whoever has waited long enough.
    fn too_late(&self) -> Unavailable;
}

/// Keeps the products.
pub trait ProductStore {
    /// Sends one query, once, and waits no longer than `limit`. The answer is as new as the moment in which the query
    /// was sent, and if it is cacheable, it may be given to others for as long as a lease lasts.
    async fn query(&self, query: &Query, limit: Duration) -> Result<QueryReply, Silence>;

    /// A part of the products, in their order; tried until the time is up.
    async fn list(&self, ask: ListProducts, until: Timestamp) -> Result<Option<Vec<Product>>, Unavailable>;

    /// Those of the next products whose name has a text in it; tried until the time is up.
    async fn search(&self, ask: &Search, until: Timestamp) -> Result<Option<Found>, Unavailable>;

    /// What has changed since somebody asked; sent once.
    async fn changes(&self, ask: &Changes) -> Result<Changed, Unavailable>;

    /// A part of the products with all counts; tried until the time is up.
    async fn inventory(&self, ask: CopyStock, until: Timestamp) -> Result<Option<Vec<Stocked>>, Unavailable>;

    /// Takes products in; tried until the time is up. The second time it changes nothing.
    async fn import(&self, import: &Import, until: Timestamp) -> Result<Imported, Unavailable>;

    /// Whether it answered lately, or does so now.
    async fn is_reachable(&self) -> bool;

    /// Why it does not answer, for a person.
    fn why_silent(&self) -> String;
}

/// Why there is no answer about a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// There is too much to do: asking again at once would only make that worse.
    Overloaded,
    /// Nobody is reachable, or just starting.
    NotYet,
}

/// Attempts to learn something about products.
pub fn attempts(clock: &dyn Clock) -> Retry<'_> {
    Retry::new(clock, Duration::from_millis(20), Duration::from_millis(200))
}
