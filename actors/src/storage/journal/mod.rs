//! The journal of a data file: what was synced lately, in the order in which it was.
//!
//! A commit of redb writes ten pages and more, all over its file. To sync them there costs a disk as many
//! operations; to append the same bytes to a journal and sync that costs one. So a sync appends one record,
//! and the pages reach the disk in their own places later, many versions of a page at once. This is the
//! physical log of ARIES (Mohan et al., 1992) as SQLite has it, without its rollback: redb itself needs
//! nothing but that synced writes stay.
//!
//! The file has a head, with the number under which it was begun, and two halves, which are written in turn. A record
//! begins on a page of its own, so that one that is torn leaves the one before it whole. What is in a half may be
//! written over once the data file has been synced after it and [stamped](super::superblock).

mod reader;
mod record;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::{Gap, JournalContents, read};
pub use record::{LoggedChange, Record};
pub use writer::{Journal, Room};
