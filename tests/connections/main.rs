//! Connections that do not behave: what they are answered, and that they harm nobody.

mod dripping;
mod exchange;
mod expect;
mod idle;
mod methods;
mod no_requests;
mod not_taken;
mod pipelining;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;
