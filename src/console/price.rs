//! Prices as a person writes them.

use std::fmt;

/// A price of whole cents, written digit by digit: a detour through a binary fraction could change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price(pub u128);

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
