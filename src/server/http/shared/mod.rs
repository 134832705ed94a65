//! What the public, the peers and the operator have in common: how requests are read, and how they are answered.

pub mod answer_memory;
pub mod bodies;
pub mod documented;
pub mod errors;
pub mod health;
pub mod parameters;
pub mod paths;
pub mod product_list;
pub mod refusals;
pub mod routing;
pub mod shapes;
mod shared_body;
mod single_flight;
pub mod token;
pub mod whole_numbers;
