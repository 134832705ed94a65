//! One record of a journal, in memory and on the disk.

/// Where the first half begins, and to what records are aligned.
pub(super) const PAGE: usize = 4096;
const MAGIC: [u8; 8] = *b"toyjrnl1";
/// Magic, checksum, four bytes of nothing, number, length of the body.
const RECORD_HEAD: usize = 32;
/// Offset, length, and how many of the bytes are kept; the rest are zeros.
const WRITE_HEAD: usize = 16;
const ZEROS: [u8; 64] = [0; 64];
/// A record keeps no more memory than this, in bytes, when it has been written.
const KEPT: usize = 1 << 20;
/// As the length of a write: the file's new length.
const SET_LEN: u32 = u32::MAX;

/// One sync: what was written since the one before.
#[derive(Debug)]
pub struct Record(Vec<u8>);

impl Default for Record {
    fn default() -> Record {
        Record(vec![0; RECORD_HEAD])
    }
}

/// One change of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum LoggedChange<'a> {
    /// Bytes at an offset, followed by so many zeros.
    Write(u64, &'a [u8], usize),
    /// A new length.
    SetLen(u64),
}

impl Record {
    /// Adds a write.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        // Pages are zero behind what they hold, and half empty more often than not.
        let zeros = data.rchunks(ZEROS.len()).take_while(|chunk| **chunk == ZEROS[..chunk.len()]);
        let kept = data.len() - zeros.map(<[u8]>::len).sum::<usize>();
        // redb writes no more than a region, 4 GiB, at once; the length of a page fits.
        let len = u32::try_from(data.len()).unwrap_or(SET_LEN - 1);
        self.entry(offset, len, &data[..kept]);
    }

    /// Adds a change of the file's length.
    pub fn set_len(&mut self, len: u64) {
        self.entry(len, SET_LEN, &[]);
    }

    fn entry(&mut self, offset: u64, len: u32, kept: &[u8]) {
        self.0.extend_from_slice(&offset.to_le_bytes());
        self.0.extend_from_slice(&len.to_le_bytes());
        self.0.extend_from_slice(&u32::try_from(kept.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend_from_slice(kept);
    }

    /// How long it is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == RECORD_HEAD
    }

    /// How long it is on the disk, in bytes: whole pages.
    pub(super) fn disk_bytes(&self) -> usize {
        self.0.len().next_multiple_of(PAGE)
    }

    /// Empties it for the next sync.
    pub(super) fn clear(&mut self) {
        self.0.truncate(RECORD_HEAD);
        self.0.shrink_to(KEPT);
    }

    /// Its changes in their order.
    pub fn changes(&self) -> impl Iterator<Item = LoggedChange<'_>> {
        let mut rest = &self.0[RECORD_HEAD..];
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_at_checked(WRITE_HEAD)?;
            let (offset, len) = (number(head, 0), short(head, 8));
            let (kept, tail) = tail.split_at_checked(short(head, 12) as usize)?;
            rest = tail;
            Some(match len {
                SET_LEN => LoggedChange::SetLen(offset),
                len => LoggedChange::Write(offset, kept, (len as usize).saturating_sub(kept.len())),
            })
        })
    }

    /// The bytes for the disk, whole pages of them.
    pub(super) fn seal(&mut self, sequence: u64) -> &[u8] {
        let body = (self.0.len() - RECORD_HEAD) as u64;
        self.0[..8].copy_from_slice(&MAGIC);
        self.0[16..24].copy_from_slice(&sequence.to_le_bytes());
        self.0[24..32].copy_from_slice(&body.to_le_bytes());
        let sum = crc32fast::hash(&self.0[16..]);
        self.0[8..12].copy_from_slice(&sum.to_le_bytes());
        self.0.resize(self.disk_bytes(), 0);
        &self.0
    }

    /// The record at the beginning of `bytes`, if there is a whole one, with its number and its length on disk.
    pub(super) fn unseal(bytes: &[u8]) -> Option<(u64, Record, usize)> {
        let head = bytes.get(..RECORD_HEAD)?;
        let end = usize::try_from(number(head, 24)).ok()?.checked_add(RECORD_HEAD)?;
        let whole = bytes.get(..end)?;
        let sound = head.starts_with(&MAGIC) && short(head, 8) == crc32fast::hash(&whole[16..]);
        sound.then(|| (number(head, 16), Record(whole.to_vec()), end.next_multiple_of(PAGE)))
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

fn short(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}
