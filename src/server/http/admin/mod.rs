//! What an operator asks the services and has them do, in JSON, under the cluster's token.

pub mod backup;
pub mod catalog;
pub mod front_end;
pub mod observe;
mod operations;
pub mod replica;

pub use self::operations::Operations;
