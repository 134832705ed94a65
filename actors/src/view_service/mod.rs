//! Keeps one replica leading: the view service.
//!
//! A front-end that starts makes its run known to the catalog and saves a view of that run, before it decides anything
//! (rules M7 and M8). Then it announces the saved view to every replica again and again; that is the heartbeat, and it
//! is how a replica that missed the news hears of it. When the leader does not answer, or says that it does not lead,
//! the replicas are pinged side by side and the next leader is chosen. A view is on the disk before anybody hears of
//! it, and views are decided and saved one after the other.
//!
//! All of that is decided in `rules`, `views` and `peers`, which do nothing themselves; `service` and `steps` do what
//! the rules say, and decide nothing.

mod config;
mod file;
mod peers;
mod rules;
mod saved;
mod service;
mod steps;
mod views;
mod waiting;

pub use config::ViewConfig;
pub use file::{load, store};
pub use saved::Saved;
pub use service::ViewService;
