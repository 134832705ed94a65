//! Whether the catalog may answer: what it has to hear first when it starts (cache rule 6, rule M9).

use super::call::Call;
use super::memory::Memory;
use crate::domain::Epoch;
use crate::messages::catalog::Refusal;

/// What a catalog has heard since it started.
#[derive(Debug, Default)]
pub struct Readiness {
    /// No front-end holds what an earlier run let it cache (cache rule 6).
    caches_dropped: bool,
    /// The epoch of the front-end's view at this start; `None` until it has told (rule M9).
    oldest_epoch: Option<Epoch>,
    /// Somebody has shown how many orders there are, so that it is known whether this memory is the newest (rule M9).
    vouched: bool,
    /// Why nothing is shown: its memory is that of an earlier time.
    behind: Option<Refusal>,
}

/// What a group of calls showed of the store around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Learned {
    /// The epoch of the view that the front-end has, if it said so.
    pub oldest_epoch: Option<Epoch>,
    /// Why the stock is not to be shown any more: there are orders that this catalog never sold.
    pub behind: Option<Refusal>,
    /// Somebody showed how many orders there are: the stock may be shown, unless it is behind.
    pub vouched: bool,
    /// The memory was made anew from a leader's book.
    pub rebuilt: bool,
}

impl Learned {
    /// The number of orders that somebody showed was compared with that of purchases: fine, or why it was refused.
    pub fn compared(&mut self, refused: Option<&Refusal>) {
        match refused {
            None => self.vouched = true,
            Some(Refusal::Behind { .. }) => self.behind = refused.copied(),
            Some(_) => {}
        }
    }
}

impl Readiness {
    /// Every front-end has dropped what it held, or its leases have run out (cache rule 6).
    pub fn caches_dropped(&mut self) {
        self.caches_dropped = true;
    }

    /// What a group that is visible now has shown.
    pub fn learn(&mut self, learned: Learned) {
        self.oldest_epoch = learned.oldest_epoch.max(self.oldest_epoch);
        self.behind = learned.behind.or(self.behind.filter(|_| !learned.rebuilt));
        self.vouched |= learned.vouched || learned.rebuilt;
    }

    /// The epoch of the view that the front-end had at this start: a leader whose view is older is refused.
    pub fn oldest_epoch(&self) -> Option<Epoch> {
        self.oldest_epoch
    }

    /// Whether the front-end need not be asked any more.
    pub fn has_heard_all(&self) -> bool {
        self.oldest_epoch.is_some() && self.vouched
    }

    /// Whether the stock may be shown.
    ///
    /// # Errors
    /// Why not.
    pub fn shows(&self, memory: Memory) -> Result<(), Refusal> {
        if !self.caches_dropped {
            return Err(Refusal::Starting);
        }
        if memory.store.is_none() {
            return Err(Refusal::Lost);
        }
        match self.behind {
            Some(behind) => Err(behind),
            None if !self.vouched => Err(Refusal::Starting),
            None => Ok(()),
        }
    }

    /// Whether a call may wait for its group.
    ///
    /// # Errors
    /// What it is answered instead.
    pub fn admits(&self, call: &Call, memory: Memory) -> Result<(), Refusal> {
        if call.is_about_the_store() {
            return Ok(());
        }
        if !self.caches_dropped {
            return Err(Refusal::Starting);
        }
        if memory.store.is_none() && call.is_about_products() {
            return Err(Refusal::Lost);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OrderNumber, Run, StoreId};

    const BEHIND: Refusal = Refusal::Behind { purchases: OrderNumber::new(3), orders: OrderNumber::new(5) };

    fn of_a_store() -> Memory {
        Memory { store: Some((StoreId::new(1), Run::new(2))) }
    }

    fn learned(oldest_epoch: Option<u64>, behind: Option<Refusal>, vouched: bool, rebuilt: bool) -> Learned {
        Learned { oldest_epoch: oldest_epoch.map(Epoch::new), behind, vouched, rebuilt }
    }

    /// Rules M9 and cache 6.
    #[test]
    fn the_stock_is_shown_once_caches_are_dropped_and_somebody_has_told_how_many_orders_there_are() {
        let told = learned(Some(4), None, true, false);
        let behind = learned(None, Some(BEHIND), false, false);
        let rebuilt = learned(Some(6), None, false, true);
        for (case, dropped, memory, groups, shows, oldest_epoch, heard_all) in [
            ("it has just started", false, of_a_store(), vec![], Err(Refusal::Starting), None, false),
            ("a view was told first", false, of_a_store(), vec![told], Err(Refusal::Starting), Some(4), true),
            ("nobody has told anything", true, of_a_store(), vec![], Err(Refusal::Starting), None, false),
            ("a new file", true, Memory::default(), vec![told], Err(Refusal::Lost), Some(4), true),
            ("all is told", true, of_a_store(), vec![told], Ok(()), Some(4), true),
            (
                "a view, and no book yet",
                true,
                of_a_store(),
                vec![learned(Some(4), None, false, false)],
                Err(Refusal::Starting),
                Some(4),
                false,
            ),
            ("a longer book", true, of_a_store(), vec![told, behind], Err(BEHIND), Some(4), true),
            ("and a shorter one", true, of_a_store(), vec![behind, told], Err(BEHIND), Some(4), true),
            ("it is rebuilt", true, of_a_store(), vec![behind, rebuilt], Ok(()), Some(6), true),
            ("an older view later", true, of_a_store(), vec![rebuilt, told], Ok(()), Some(6), true),
        ] {
            let mut readiness = Readiness::default();
            if dropped {
                readiness.caches_dropped();
            }
            groups.into_iter().for_each(|group| readiness.learn(group));
            assert_eq!(readiness.shows(memory), shows, "{case}");
            assert_eq!(readiness.oldest_epoch(), oldest_epoch.map(Epoch::new), "{case}");
            assert_eq!(readiness.has_heard_all(), heard_all, "{case}");
        }
    }

    /// Rules M9 and cache 6.
    #[test]
    fn what_is_about_the_store_is_heard_at_once_and_a_new_file_sells_and_restocks_nothing() {
        let remember = || Call::Remember(of_a_store(), Epoch::new(1), None);
        let restock = || Call::Restock(None);
        for (case, dropped, memory, call, expected) in [
            ("a view, at the start", false, of_a_store(), remember(), Ok(())),
            ("a restock, at the start", false, of_a_store(), restock(), Err(Refusal::Starting)),
            ("a restock", true, of_a_store(), restock(), Ok(())),
            ("a restock of a new file", true, Memory::default(), restock(), Err(Refusal::Lost)),
            ("a view, told to a new file", true, Memory::default(), remember(), Ok(())),
        ] {
            let readiness = Readiness { caches_dropped: dropped, ..Readiness::default() };
            assert_eq!(readiness.admits(&call, memory), expected, "{case}");
        }
    }

    #[test]
    fn only_a_comparison_that_was_made_counts() {
        for (refused, expected) in [
            (None, learned(None, None, true, false)),
            (Some(BEHIND), learned(None, Some(BEHIND), false, false)),
            (Some(Refusal::OutdatedView), Learned::default()),
        ] {
            let mut found = Learned::default();
            found.compared(refused.as_ref());
            assert_eq!(found, expected, "{refused:?}");
        }
    }
}
