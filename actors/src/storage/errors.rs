//! Why a data file could not be opened, read or written.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{StorageError, TableError};

/// Why a service's data file could not be opened. Each variant names the file and says what is so; what to do
/// about it depends on the service, and is for the host to say.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "{file} is in use by another running store; stop that one first, or give this one its own data directory"
    )]
    InUse { file: String },
    /// It is not a file of this service.
    #[error("{file} is not a toystore data file for {wanted}: {found}; it was left as it is")]
    Foreign { file: String, wanted: String, found: String },
    /// It is of the format before, and was opened by somebody who converts nothing.
    #[error(
        "{file} has format {format}, of an earlier toystore: a start of its service with this one converts it; it was left as it is"
    )]
    Unconverted { file: String, format: &'static str },
    /// It was this service's, but can no longer be read.
    #[error("{file} is damaged ({why}); it was left as it is")]
    Damaged { file: String, why: String },
    /// It and its journal are not of one state.
    #[error("{file} does not go with its journal ({why}); both were left as they are")]
    Apart { file: String, why: String },
    /// The products of a catalog's first start cannot be read. A sentence.
    #[error("{0}")]
    Products(String),
    /// The operating system refused.
    #[error("cannot open {file}: {source}")]
    Io { file: String, source: io::Error },
}

/// Why a file cannot be used, before redb has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// It is something else.
    Foreign(&'static str),
    /// It was a data file.
    Damaged(String),
    /// It does not go with its journal.
    Apart(String),
}

/// Why a read or write of an open data file failed. Whoever sees one must stop: what is on the disk is no
/// longer known, and redb refuses further writes after it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DiskError {
    /// The disk is full, or failed.
    #[error("{0}")]
    Io(String),
    /// What was read makes no sense.
    #[error("the data file is damaged: {0}")]
    Damaged(String),
}

macro_rules! disk_error_from {
    ($($error:ty),*) => {$(
        impl From<$error> for DiskError {
            fn from(error: $error) -> DiskError {
                DiskError::from_redb(error.into())
            }
        }
    )*};
}
disk_error_from!(StorageError, TableError, redb::TransactionError, redb::CommitError);

impl DiskError {
    fn from_redb(error: redb::Error) -> DiskError {
        match error {
            redb::Error::Corrupted(why) => DiskError::Damaged(why),
            other => DiskError::Io(other.to_string()),
        }
    }
}

/// Runs `work` on a database. redb can panic over a damaged file; this makes an error of it.
///
/// # Errors
/// What `work` fails with; [`DiskError::Damaged`] when it panicked.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, DiskError>) -> Result<T, DiskError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(DiskError::Damaged(panic_text(&*panic))))
}

pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it cannot be read".into())
}

/// The same of a file that is being opened.
pub(super) fn not_opened(file: &str, error: &DiskError) -> OpenError {
    match error {
        DiskError::Io(why) => OpenError::Io { file: file.into(), source: io::Error::other(why.clone()) },
        DiskError::Damaged(why) => OpenError::Damaged { file: file.into(), why: why.clone() },
    }
}
