//! How many requests may be under way at once.

use std::cell::Cell;
use std::rc::Rc;

use crate::host::Gauge;
use crate::messages::front_end::Unavailable;
use crate::probe::Limit;

/// Counts the shoppers' requests under way. What exceeds the limit is turned away at once, which bounds
/// everything that waits in this service: the bridge's own limit does not see the work that goes on for a shopper
/// who has hung up.
#[derive(Debug, Clone)]
pub struct Admission {
    under_way: Rc<Cell<usize>>,
    limit: usize,
}

/// One request's place under the limit.
#[derive(Debug)]
pub struct Admitted(Rc<Cell<usize>>);

impl Admission {
    /// Lets `limit` requests be under way at once.
    pub fn new(limit: usize) -> Admission {
        Admission { under_way: Rc::default(), limit }
    }

    /// How many are under way.
    pub fn gauge(&self) -> Gauge {
        let under_way = self.under_way.clone();
        Gauge::new(Limit::Requests, self.limit, move || under_way.get())
    }

    /// Lets one more request in, until the result is dropped.
    ///
    /// # Errors
    /// [`Unavailable`] when there are too many.
    pub fn enter(&self) -> Result<Admitted, Unavailable> {
        if self.under_way.get() >= self.limit {
            return Err(Unavailable { why: "too many requests are under way".into(), asked: false });
        }
        self.under_way.set(self.under_way.get() + 1);
        Ok(Admitted(self.under_way.clone()))
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_enter_than_allowed() {
        let admission = Admission::new(2);
        let (first, second) = (admission.enter(), admission.enter());
        assert!(first.is_ok() && second.is_ok() && admission.enter().is_err());
        drop(first);
        assert!(admission.enter().is_ok());
    }
}
