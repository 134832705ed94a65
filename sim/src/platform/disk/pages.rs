//! The bytes of a file, as sparse pages.

use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: usize = 4096;

/// The bytes of a file; pages that were never written are zeros and not there.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages {
    /// By number. Each is [`PAGE`] bytes long, and shared by all that hold the same.
    pub(super) pages: BTreeMap<u64, Arc<[u8]>>,
    pub(super) len: u64,
}

impl Pages {
    pub(super) fn each_part(
        offset: u64,
        len: usize,
        mut part: impl FnMut(u64, usize, std::ops::Range<usize>),
    ) {
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let within = usize::try_from(at % PAGE as u64).unwrap_or(0);
            let some = (PAGE - within).min(len - done);
            part(at / PAGE as u64, within, done..done + some);
            done += some;
        }
    }

    pub(super) fn read(&self, offset: u64, out: &mut [u8]) {
        Self::each_part(offset, out.len(), |page, within, range| match self.pages.get(&page) {
            Some(page) => out[range.clone()].copy_from_slice(&page[within..within + range.len()]),
            None => out[range].fill(0),
        });
    }

    /// A write of a whole page, of which databases make most, becomes the page.
    pub(super) fn write(&mut self, offset: u64, data: &Arc<[u8]>) {
        if data.len() == PAGE && offset.is_multiple_of(PAGE as u64) {
            self.len = self.len.max(offset + PAGE as u64);
            self.pages.insert(offset / PAGE as u64, data.clone());
        } else {
            self.write_part(offset, data);
        }
    }

    pub(super) fn write_part(&mut self, offset: u64, data: &[u8]) {
        self.len = self.len.max(offset + data.len() as u64);
        Self::each_part(offset, data.len(), |page, within, range| {
            let page = self.pages.entry(page).or_insert_with(|| [0; PAGE].into());
            Arc::make_mut(page)[within..within + range.len()].copy_from_slice(&data[range]);
        });
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            let keep = len.div_ceil(PAGE as u64);
            drop(self.pages.split_off(&keep));
            let within = usize::try_from(len % PAGE as u64).unwrap_or(0);
            if within > 0
                && let Some(page) = self.pages.get_mut(&(len / PAGE as u64))
            {
                Arc::make_mut(page)[within..].fill(0);
            }
        }
        self.len = len;
    }
}
