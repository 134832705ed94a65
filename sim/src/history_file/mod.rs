//! A history as JSON lines, simulated or deployed, in the one format that `docs/history.md` describes.

mod convert;
mod format;

pub use format::{
    BadLine, HistoryFile, HistoryLine, LineCall, LineOrder, LineOutcome, LineProduct, Opening,
    StockAfterRebuild, StockLeft,
};
