//! Durable data, handed in.
//!
//! Each service keeps its data in one redb file. What redb reads and writes goes through a [`Storage`]:
//! deployed, a real file and a blocking thread; simulated, a disk that keeps, loses or tears each write
//! that was not synced, and virtual time.

mod boundary;
mod checkpoint;
mod convert;
mod data_file;
mod errors;
mod journal;
mod journaled;
mod open;
mod owner;
mod receipt_row;
mod redb_backend;
mod replay;
mod superblock;
#[cfg(test)]
mod tests;
mod write_overlay;

pub use boundary::{Job, Sizes, Storage};
pub use convert::{Conversion, ConvertedTable, convert_table, same_tables};
pub use data_file::DataFile;
pub use errors::{DiskError, OpenError, guarded};
pub use open::{JOURNAL, journal_of, open_existing};
pub use receipt_row::{ReceiptRow, receipt_of, receipt_row};
