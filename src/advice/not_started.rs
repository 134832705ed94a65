//! Why a service does not start.

use toystore_actors::storage::OpenError;

use crate::console::failure::Failure;

/// Why a node did not start. It says what is so; what to do about it, [`super::sentences`] says.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// Its file cannot be opened, or not understood.
    #[error(transparent)]
    File(#[from] OpenError),
    /// It cannot have a directory. A sentence.
    #[error("{0}")]
    Directory(String),
    /// Something that has nothing to do with its data.
    #[error("{0}")]
    Other(Failure),
}

impl NotStarted {
    /// Whether it is the node's own data that keeps it from starting, and not, say, another store that has the
    /// same data directory.
    pub fn is_damage(&self) -> bool {
        !matches!(
            self,
            NotStarted::Other(_) | NotStarted::File(OpenError::InUse { .. } | OpenError::Products(_))
        )
    }
}

impl From<Failure> for NotStarted {
    fn from(failure: Failure) -> NotStarted {
        NotStarted::Other(failure)
    }
}
