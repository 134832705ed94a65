//! What is done with the files of a store that does not run.

pub mod inspect;
pub mod restore;
