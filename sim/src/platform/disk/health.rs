//! How a disk fails, and what it went through.

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFault {
    /// Every operation fails.
    Broken,
    /// Writes fail for lack of room.
    Full,
}

/// What a disk went through.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskCounts {
    /// Unsynced writes that a crash kept.
    pub kept: u64,
    /// Unsynced writes that a crash lost.
    pub lost: u64,
    /// Unsynced writes of which a crash kept a part.
    pub torn: u64,
    /// Operations that failed because of a fault.
    pub failed: u64,
}
