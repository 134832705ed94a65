//! `backup.json`.

use serde::{Deserialize, Serialize};
use toystore_actors::domain::{OrderNumber, StoreId};
use toystore_actors::messages::catalog::Stocked;

use super::files::MANIFEST;

/// How the files are written. Another number is another format.
const FORMAT: u32 = 2;

/// The format before: its orders have neither price nor time, and all else is the same.
const FORMAT_BEFORE: u32 = 1;

/// What `backup.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`], or [`FORMAT_BEFORE`].
    pub format: u32,
    /// When it was begun, in UTC: every order that was acknowledged before is in it.
    pub made: String,
    /// The program that made it, with its version.
    pub by: String,
    /// The store that it is a copy of.
    pub store: StoreId,
    /// How many orders it has; they have the numbers up to this.
    pub orders: OrderNumber,
    /// The products, in the catalog's order, as they were after the last order was copied: the catalog may have sold
    /// more of them by then than the orders here.
    pub products: Vec<Stocked>,
}

impl Manifest {
    /// One of this format and program.
    pub fn new(made: String, store: StoreId, orders: OrderNumber, products: Vec<Stocked>) -> Manifest {
        let by = concat!("toystore ", env!("CARGO_PKG_VERSION")).into();
        Manifest { format: FORMAT, made, by, store, orders, products }
    }

    /// Reads the text of `backup.json`.
    ///
    /// # Errors
    /// The end of a sentence: what is wrong with it.
    pub fn read(text: &[u8]) -> Result<Manifest, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let no_backup = |error: serde_json::Error| format!("{MANIFEST} does not describe a backup ({error})");
        let Format { format } = serde_json::from_slice(text).map_err(no_backup)?;
        if ![FORMAT_BEFORE, FORMAT].contains(&format) {
            return Err(format!(
                "it has format {format}, and this toystore reads formats {FORMAT_BEFORE} and {FORMAT}; use the one that made it"
            ));
        }
        let manifest: Manifest = serde_json::from_slice(text).map_err(no_backup)?;
        let countable = |product: &Stocked| product.initial.checked_add(product.restocked).is_some();
        match manifest.products.iter().find(|product| !countable(product)) {
            Some(Stocked { name, .. }) => {
                Err(format!("{MANIFEST} has more pieces of {name} than can be counted"))
            }
            None => Ok(manifest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_named() {
        let other = Manifest::read(br#"{"format":3,"toys":[]}"#).unwrap_err();
        assert!(other.contains("it has format 3, and this toystore reads formats 1 and 2"), "{other}");
        for foreign in [&b"{}"[..], b"", b"[1]", br#"{"format":1}"#, br#"{"format":2}"#] {
            let why = Manifest::read(foreign).unwrap_err();
            assert!(why.contains("does not describe a backup"), "{why}");
        }
    }
}
