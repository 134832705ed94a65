//! The files of a backup, by name, and their digests.

/// The book, an entry a line.
pub const ORDERS: &str = "orders.jsonl";

/// What the backup is, and the products.
pub const MANIFEST: &str = "backup.json";

/// The digests of the other two.
pub const SUMS: &str = "SHA256SUMS";

/// Whether a file of this name may be in a backup.
pub fn is_part(name: &str) -> bool {
    [ORDERS, MANIFEST, SUMS].contains(&name)
}

/// A digest as `sha256sum` writes it.
pub fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
