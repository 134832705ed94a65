//! When somebody was first told of an order with at least a given number.

use std::collections::BTreeMap;

use toystore_actors::domain::OrderNumber;

use crate::time::Nanos;

/// Numbers that were told, and when: only those of which no higher one was told as early. So the times ascend with the numbers.
#[derive(Debug, Default)]
pub(crate) struct FirstTold(BTreeMap<OrderNumber, Nanos>);

impl FirstTold {
    /// Somebody was told of this order.
    pub(crate) fn tell(&mut self, number: OrderNumber, returned: Nanos) {
        if self.from(number).is_some_and(|(_, before)| before <= returned) {
            return;
        }
        while let Some((lower, _)) =
            self.0.range(..=number).next_back().filter(|(_, later)| **later >= returned)
        {
            let lower = *lower;
            self.0.remove(&lower);
        }
        self.0.insert(number, returned);
    }

    /// The order of this number or a higher one of which somebody was told first, and when.
    pub(crate) fn from(&self, number: OrderNumber) -> Option<(OrderNumber, Nanos)> {
        self.0.range(number..).next().map(|(number, returned)| (*number, *returned))
    }

    /// Keeps the newest only. For a number that was told before them, the first of them counts.
    pub(crate) fn keep(&mut self, most: usize) {
        while self.0.len() > most {
            self.0.pop_first();
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
