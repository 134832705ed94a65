//! The front-end: the shoppers' door, the cache of products, and the view service of the order replicas.

pub mod messages;
