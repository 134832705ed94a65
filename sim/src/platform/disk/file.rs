//! One file of a disk, and what a crash makes of it.

use std::sync::Arc;

use rand::RngExt;
use rand::rngs::SmallRng;

use super::health::DiskCounts;
use super::pages::Pages;

pub(super) const SECTOR: usize = 512;

/// A change of a file that was not synced yet.
#[derive(Debug)]
pub(super) enum Unsynced {
    Data { offset: u64, data: Arc<[u8]> },
    Len(u64),
}

/// A file: as whoever has it open sees it, and as a crash would leave it.
#[derive(Debug, Default)]
pub(super) struct DiskFile {
    pub(super) now: Pages,
    pub(super) durable: Pages,
    pub(super) unsynced: Vec<Unsynced>,
}

impl DiskFile {
    pub(super) fn sync(&mut self) {
        for write in self.unsynced.drain(..) {
            match write {
                Unsynced::Len(len) => self.durable.set_len(len),
                Unsynced::Data { offset, data } => Pages::each_part(offset, data.len(), |page, _, _| {
                    if let Some(current) = self.now.pages.get(&page) {
                        self.durable.pages.insert(page, current.clone());
                    }
                }),
            }
        }
        self.durable.len = self.now.len;
    }

    pub(super) fn crash(&mut self, rng: &mut SmallRng, counts: &mut DiskCounts) {
        // A whole crash may keep or lose everything; the mixture is drawn per crash, so that both extremes
        // and all between are common.
        let keep: f64 = [0.0, 1.0, 0.5, 0.9, 0.1][rng.random_range(0..5)];
        for write in self.unsynced.drain(..) {
            match write {
                Unsynced::Len(len) => {
                    if rng.random_bool(keep) {
                        self.durable.set_len(len);
                    }
                }
                Unsynced::Data { offset, data } => {
                    if rng.random_bool(0.25) && data.len() > SECTOR {
                        counts.torn += 1;
                        for (index, sector) in data.chunks(SECTOR).enumerate() {
                            if rng.random_bool(0.5) {
                                self.durable.write_part(offset + (index * SECTOR) as u64, sector);
                            }
                        }
                    } else if rng.random_bool(keep) {
                        counts.kept += 1;
                        self.durable.write(offset, &data);
                    } else {
                        counts.lost += 1;
                    }
                }
            }
        }
        self.now = self.durable.clone();
    }
}
