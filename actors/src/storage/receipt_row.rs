//! How tables keep a receipt.

use crate::domain::{Receipt, UnixMillis};

/// The price in cents, and when it was sold, in milliseconds since 1970; none if there is no receipt.
pub type ReceiptRow = Option<(u64, u64)>;

/// The row of a receipt.
#[must_use]
pub fn receipt_row(receipt: Option<Receipt>) -> ReceiptRow {
    receipt.map(|Receipt { price_cents, sold_at }| (price_cents, sold_at.get()))
}

/// The receipt of a row.
#[must_use]
pub fn receipt_of(row: ReceiptRow) -> Option<Receipt> {
    row.map(|(price_cents, sold_at)| Receipt { price_cents, sold_at: UnixMillis::new(sold_at) })
}
