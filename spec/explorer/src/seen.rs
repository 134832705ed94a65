//! A set of fingerprints, by open addressing.

pub struct Seen {
    /// 0 is free.
    slots: Vec<u64>,
    /// By slot, the how manyth it was; kept only where it is asked for.
    numbers: Option<Vec<u32>>,
    used: usize,
}

impl Seen {
    pub fn new(numbered: bool) -> Seen {
        let slots = vec![0; 1 << 16];
        let numbers = numbered.then(|| vec![0; slots.len()]);
        Seen { slots, numbers, used: 0 }
    }

    /// True if it was not there.
    pub fn insert(&mut self, fingerprint: u64) -> bool {
        if self.used * 5 >= self.slots.len() * 4 {
            self.grow();
        }
        let slot = slot(&self.slots, fingerprint);
        let new = self.slots[slot] == 0;
        if new {
            self.slots[slot] = fingerprint;
            if let Some(numbers) = &mut self.numbers {
                numbers[slot] = self.used as u32;
            }
            self.used += 1;
        }
        new
    }

    /// The how manyth it was that was inserted; of a numbered set.
    pub fn number(&self, fingerprint: u64) -> Option<u32> {
        let numbers = self.numbers.as_ref()?;
        let slot = slot(&self.slots, fingerprint);
        (self.slots[slot] == fingerprint).then(|| numbers[slot])
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 2];
        let mut numbers = self.numbers.as_ref().map(|_| vec![0; slots.len()]);
        for (before, &fingerprint) in self.slots.iter().enumerate().filter(|(_, slot)| **slot != 0) {
            let after = slot(&slots, fingerprint);
            slots[after] = fingerprint;
            if let (Some(numbers), Some(old)) = (&mut numbers, &self.numbers) {
                numbers[after] = old[before];
            }
        }
        (self.slots, self.numbers) = (slots, numbers);
    }
}

/// Where it is, or belongs.
fn slot(slots: &[u64], fingerprint: u64) -> usize {
    let mask = slots.len() - 1;
    let mut slot = (fingerprint >> 8) as usize & mask;
    while slots[slot] != 0 && slots[slot] != fingerprint {
        slot = (slot + 1) & mask;
    }
    slot
}
