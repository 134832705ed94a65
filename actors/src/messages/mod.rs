//! The messages between services, one file for each service that receives them: the contract that all of them stand on.

pub mod catalog;
pub mod front_end;
pub mod order;
pub mod view_service;
