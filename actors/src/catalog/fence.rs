//! The fence: which leader's batch the catalog may still act on.
//!
//! Every batch carries the term of its leader, which is the epoch in which it took over, and a number
//! within that term. The catalog acts on a batch only if nothing newer has been here (rules C1 and C2), so
//! a batch that was delayed on its way, or sent by a leader that does not know yet that it was deposed,
//! sells nothing.

use std::cmp::Ordering;

use crate::bugs::catalog as bent;
use crate::domain::Term;
use crate::messages::catalog::{Refusal, Sale};

/// The newest batch that was acted on, and its answer. Kept on disk beside the stock, and changed in the
/// same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fence {
    /// The newest term that has been here.
    pub term: Term,
    /// Its newest batch; 0 before its first.
    pub batch: u64,
    /// What that batch was answered.
    pub answer: Vec<Sale>,
}

/// What is to be done with a batch, as far as the fence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchCheck {
    Fresh,
    /// It was acted on before: this is its answer.
    Repeated(Vec<Sale>),
    Refused(Refusal),
}

impl Fence {
    /// Judges a batch. Batches of a term are numbered from 1. A number may be skipped: its batch was then
    /// refused for another reason, or lost with a caller that went on.
    pub fn batch(&self, term: Term, batch: u64) -> BatchCheck {
        // A new term starts before its first batch, whatever number the last term had reached.
        let newest = if term > self.term { 0 } else { self.batch };
        match bent::compared(term.cmp(&self.term), batch.cmp(&newest)) {
            (Ordering::Less, _) | (_, Ordering::Less) => BatchCheck::Refused(self.superseded()),
            (_, Ordering::Greater) => BatchCheck::Fresh,
            // Number 0 was never acted on, so it has no answer to repeat.
            (_, Ordering::Equal) if batch == 0 => BatchCheck::Refused(self.superseded()),
            (_, Ordering::Equal) => BatchCheck::Repeated(self.answer.clone()),
        }
    }

    /// Judges the start of a term (rule C7): the fence to save before it is answered, or `None` if it is
    /// saved already.
    ///
    /// # Errors
    /// [`Refusal::Superseded`] when a newer term has been here.
    pub fn raise(&self, term: Term) -> Result<Option<Fence>, Refusal> {
        match term.cmp(&self.term) {
            Ordering::Less => Err(self.superseded()),
            Ordering::Equal => Ok(None),
            Ordering::Greater => Ok(Some(Fence { term, batch: 0, answer: Vec::new() })),
        }
    }

    fn superseded(&self) -> Refusal {
        Refusal::Superseded { term: self.term, batch: self.batch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OrderNumber, Receipt, UnixMillis};

    fn sold() -> Sale {
        let receipt = Some(Receipt { price_cents: 5, sold_at: UnixMillis::new(6) });
        Sale::Sold { number: OrderNumber::new(9), receipt }
    }

    fn fence() -> Fence {
        Fence { term: Term::new(4), batch: 7, answer: vec![sold(), Sale::UnknownProduct] }
    }

    /// Rules C1 and C2.
    #[test]
    fn a_batch_is_acted_on_once_and_never_after_a_newer_one() {
        let refused = || BatchCheck::Refused(Refusal::Superseded { term: Term::new(4), batch: 7 });
        let repeated = || BatchCheck::Repeated(vec![sold(), Sale::UnknownProduct]);
        for (term, batch, expected) in [
            (4, 8, BatchCheck::Fresh),
            (4, 9, BatchCheck::Fresh),
            (4, 7, repeated()),
            (4, 6, refused()),
            (4, 0, refused()),
            (3, 8, refused()),
            (3, 7, refused()),
            (5, 1, BatchCheck::Fresh),
            (5, 7, BatchCheck::Fresh),
            (5, 0, refused()),
        ] {
            assert_eq!(fence().batch(Term::new(term), batch), expected, "term {term}, batch {batch}");
        }
        let fresh = Fence::default();
        assert_eq!(fresh.batch(Term::new(1), 1), BatchCheck::Fresh);
        assert_eq!(
            fresh.batch(Term::new(0), 0),
            BatchCheck::Refused(Refusal::Superseded { term: Term::new(0), batch: 0 })
        );
    }

    /// Rule C7.
    #[test]
    fn a_term_starts_before_its_first_batch_and_never_again() {
        let raised = fence().raise(Term::new(5)).expect("it is newer").expect("it is to be saved");
        assert_eq!(raised, Fence { term: Term::new(5), batch: 0, answer: Vec::new() });
        assert_eq!(
            raised.batch(Term::new(4), 8),
            BatchCheck::Refused(Refusal::Superseded { term: Term::new(5), batch: 0 })
        );
        assert_eq!(raised.batch(Term::new(5), 1), BatchCheck::Fresh);
        assert_eq!(
            fence().raise(Term::new(4)),
            Ok(None),
            "the same term asks again; its batches stay answered"
        );
        assert_eq!(fence().raise(Term::new(3)), Err(Refusal::Superseded { term: Term::new(4), batch: 7 }));
    }
}
