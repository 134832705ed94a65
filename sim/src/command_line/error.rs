//! Why nothing could be run.

/// Why nothing could be run.
pub(super) struct CouldNotRun(pub(super) String);
