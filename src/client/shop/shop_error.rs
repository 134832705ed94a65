//! Why there was no shopping.

use std::io;
use std::path::{Path, PathBuf};

use super::store_client::StoreUrl;

/// Why there was no shopping.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// Nobody answers there.
    #[error("cannot reach the store at {url}: {why}; start one with `toystore up`, or name it with --url")]
    Reach { url: StoreUrl, why: String },
    /// Somebody else does.
    #[error("{url} does not answer like a toy store: {why}")]
    NoStore { url: StoreUrl, why: String },
    /// The history is not whole.
    #[error("cannot write the history to {}: {source}", file.display())]
    History { file: PathBuf, source: io::Error },
    /// The system has no random numbers.
    #[error("cannot draw random numbers: {0}")]
    Random(rand::rngs::SysError),
}

impl ShopError {
    /// The history could not be begun, or not be written to its end.
    pub fn history(file: Option<&Path>, source: io::Error) -> ShopError {
        ShopError::History { file: file.unwrap_or(Path::new("")).to_owned(), source }
    }
}
