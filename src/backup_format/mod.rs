//! What a backup is on disk: a directory of three files.
//!
//! - `orders.jsonl`: the book, an entry a line: number, epoch, and key, name, quantity, price and time, or that it is lost. Numbered
//!   1, 2, 3, …
//! - `backup.json`: what this is, and the products with their counts.
//! - `SHA256SUMS`: the digests of both, as `sha256sum --check` reads them. It is written last.

mod files;
mod manifest;
mod order_line;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use self::files::is_part;
pub use self::manifest::Manifest;
pub use self::reader::{Backup, Entries};
pub use self::writer::BackupWriter;
