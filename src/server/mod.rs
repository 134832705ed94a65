//! The running store: services as nodes of this process, and their HTTP.

pub mod actor_handle;
pub mod cluster;
pub mod front_door;
pub mod host;
pub mod http;
pub mod live;
pub mod metrics;
pub mod node;
pub mod serve;
pub mod service;
pub mod settings;
pub mod transport;
pub mod up;
