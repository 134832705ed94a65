//! Keeps one replica leading: the view service.
//!
//! A front-end that starts makes its run known to the catalog and saves a view of that run, before it decides anything
//! ([`establish`](self::establish), rules M7 and M8). Then it announces the saved view to every replica again and
//! again; that is the heartbeat, and it is how a replica that missed the news hears of it. When the leader does not
//! answer, or says that it does not lead, the replicas are pinged side by side and the next view is decided by
//! [`Views`]. A view is on the disk before anybody hears of it, and views are decided and saved one after the other.

mod config;
mod establish;
mod file;
mod operator;
mod peers;
mod selection;
mod service;
mod views;
mod waiting;

pub use config::ViewConfig;
pub use file::{load, store};
pub use service::ViewService;
pub use views::Saved;
