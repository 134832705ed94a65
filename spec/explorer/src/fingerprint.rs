//! Fingerprints of states.

use std::hash::{Hash, Hasher};

/// 64 bits of a state, never 0. At 10^8 states, the odds that any two have the same ones are 1 to some thousand.
pub fn fingerprint(state: &impl Hash) -> u64 {
    let mut bits = Fingerprint::default();
    state.hash(&mut bits);
    bits.finish()
}

/// A fast hasher without a key: the same in each run. States are mostly single bytes, which are mixed eight at a time.
struct Fingerprint {
    mixed: u64,
    /// Bytes that are still to be mixed in, and how many.
    word: u64,
    waiting: u32,
}

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint { mixed: 0x1234_5678_9ABC_DEF1, word: 0, waiting: 0 }
    }
}

impl Fingerprint {
    fn mix(&mut self, word: u64) {
        self.mixed = mixed(self.mixed, word);
    }

    fn flush(&mut self) {
        if self.waiting > 0 {
            // With their number, for a word may end in zeros.
            self.mix(self.word ^ u64::from(self.waiting) << 60);
            (self.word, self.waiting) = (0, 0);
        }
    }
}

fn mixed(mixed: u64, word: u64) -> u64 {
    let product = u128::from(mixed ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let folded = (product as u64) ^ ((product >> 64) as u64).rotate_left(23);
    folded ^ folded >> 29
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        if !words.is_empty() {
            self.flush();
        }
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * self.waiting);
        self.waiting += 1;
        if self.waiting == 8 {
            self.mix(self.word);
            (self.word, self.waiting) = (0, 0);
        }
    }

    /// Lengths of arrays and numbers of variants, which are small.
    fn write_usize(&mut self, number: usize) {
        match u8::try_from(number) {
            Ok(byte) if byte < u8::MAX => self.write_u8(byte),
            _ => {
                self.write_u8(u8::MAX);
                self.write(&number.to_le_bytes());
            }
        }
    }

    fn finish(&self) -> u64 {
        let mut word = mixed(self.mixed, self.word ^ u64::from(self.waiting) << 60);
        word = (word ^ (word >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        word = (word ^ (word >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
        (word ^ (word >> 33)).max(1)
    }
}
