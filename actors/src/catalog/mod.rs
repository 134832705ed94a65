//! The catalog: products, their stock, and the purchases that have not become orders yet.

pub mod messages;
