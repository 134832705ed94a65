//! Every row of the error table, and every bad input, against the real binary.

mod bad_requests;
mod hostile;
mod refusal;
mod services;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod unavailable;
