//! The simulated disk.

mod device;
mod file;
mod handle;
mod health;
mod pages;
mod state;

#[cfg(test)]
mod tests;

pub use device::{Disk, DiskSnapshot};
pub use handle::FileHandle;
pub use health::{DiskCounts, DiskFault};
