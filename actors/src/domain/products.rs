//! Products, as the catalog shows them and as files have them.

use serde::{Deserialize, Serialize};

use super::text::ProductName;

/// A product as the catalog shows it. The price is in whole cents: money is never a binary float here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub name: ProductName,
    pub price_cents: u64,
    pub quantity: u64,
}

/// A product as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductSeed {
    /// Its name. One that is repeated counts once.
    pub name: ProductName,
    pub price_cents: u64,
    /// Pieces in stock at first.
    pub quantity: u64,
}

/// Tells one file from another without reading either: a hash of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);
