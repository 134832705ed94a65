//! The superblock: the first page of a data file, which is the store's own; redb's data begins after it.
//!
//! It says up to which write the file is whole without its [journal](super::journal). Two stamps take turns,
//! each in sectors of its own, so that a torn one leaves the one before it.

use std::io;

use redb::StorageBackend;

/// How long the superblock is, and where redb's data begins.
pub const SUPERBLOCK_BYTES: u64 = 4096;

const SLOT: u64 = SUPERBLOCK_BYTES / 2;
const MAGIC: &[u8; 8] = b"toystore";
const LEN: usize = 40;

/// Up to where a file is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Counts the stamps of the file; the higher of two is the newer.
    pub(super) count: u64,
    /// Of all that was synced, what is numbered up to here is in the file.
    pub sequence: u64,
    /// The number under which the journal was begun that has the rest; `None` when the file was closed and
    /// has everything.
    pub journal: Option<u64>,
}

/// What a file begins with, as far as it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Superblock {
    Stamped(Stamp),
    /// Neither of two stamps can be read.
    Damaged,
    /// A database as redb makes it, without anything of the store's.
    Redb,
    /// No stamp, nor what is left of one.
    Foreign,
}

impl Stamp {
    /// Writes the stamp after this one. It is on the disk with the next sync.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write_next(
        self,
        file: &dyn StorageBackend,
        sequence: u64,
        journal: Option<u64>,
    ) -> io::Result<Stamp> {
        let next = Stamp { count: self.count + 1, sequence, journal };
        file.write(next.count % 2 * SLOT, &next.encode())?;
        Ok(next)
    }

    fn encode(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[16..24].copy_from_slice(&self.count.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.to_le_bytes());
        // No journal has the number 0: opening a file takes one.
        bytes[32..].copy_from_slice(&self.journal.unwrap_or(0).to_le_bytes());
        let sum = crc32fast::hash(&bytes[16..]);
        bytes[8..12].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn decode(bytes: [u8; LEN]) -> Option<Stamp> {
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        let journal = Some(number(32)).filter(|journal| *journal > 0);
        let stamp = Stamp { count: number(16), sequence: number(24), journal };
        (stamp.encode() == bytes).then_some(stamp)
    }
}

/// Reads the newer stamp of a file.
///
/// # Errors
/// When the disk fails.
pub fn read(file: &dyn StorageBackend) -> io::Result<Superblock> {
    if file.len()? < SUPERBLOCK_BYTES {
        return Ok(Superblock::Foreign);
    }
    let (mut newest, mut ours, mut redb) = (None::<Stamp>, false, false);
    for slot in 0..2 {
        let mut bytes = [0; LEN];
        file.read(slot * SLOT, &mut bytes)?;
        ours |= bytes.starts_with(MAGIC);
        redb |= slot == 0 && bytes.starts_with(b"redb");
        if let Some(stamp) = Stamp::decode(bytes)
            && newest.is_none_or(|newest| newest.count < stamp.count)
        {
            newest = Some(stamp);
        }
    }
    Ok(match newest {
        Some(stamp) => Superblock::Stamped(stamp),
        None if ours => Superblock::Damaged,
        None if redb => Superblock::Redb,
        None => Superblock::Foreign,
    })
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    /// Rule F2.
    #[test]
    fn a_torn_stamp_leaves_the_one_before_it() {
        let file = InMemoryBackend::new();
        assert_eq!(read(&file).unwrap(), Superblock::Foreign);
        file.set_len(SUPERBLOCK_BYTES).unwrap();
        assert_eq!(read(&file).unwrap(), Superblock::Foreign);
        let first = Stamp::default().write_next(&file, 7, None).unwrap();
        assert_eq!(read(&file).unwrap(), Superblock::Stamped(first));
        let second = first.write_next(&file, 9, Some(8)).unwrap();
        assert_eq!(read(&file).unwrap(), Superblock::Stamped(second));
        assert_eq!((second.sequence, second.journal), (9, Some(8)));
        for at in [0, 9, 20, 30] {
            let torn = InMemoryBackend::new();
            torn.set_len(SUPERBLOCK_BYTES).unwrap();
            first.write_next(&torn, 9, Some(8)).unwrap();
            torn.write(first.count % 2 * SLOT, &first.encode()).unwrap();
            torn.write(second.count % 2 * SLOT + at, &[0xAA]).unwrap();
            assert_eq!(read(&torn).unwrap(), Superblock::Stamped(first), "byte {at}");
            torn.write(first.count % 2 * SLOT + 20, &[0xAA]).unwrap();
            assert_eq!(read(&torn).unwrap(), Superblock::Damaged, "byte {at} and the other too");
        }
    }
}
