//! The order service: replicas of one order book, one of which leads.

pub mod messages;
