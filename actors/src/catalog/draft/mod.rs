//! A group of calls while it is being decided: each against what those before it left, and all of them saved, and shown,
//! as one.

mod overlay;
mod products;
mod sales;
mod store;
#[cfg(test)]
mod tests;

pub use overlay::Draft;
