//! Products that come in from a file: at the first start, and later, when an operator says so.
//!
//! Once products are there, the file is not what the store sells: a count that is there is what was sold and restocked, and
//! no file knows it. So a later import adds products and changes prices, and never a count.

use std::collections::BTreeMap;
use std::fmt;

use super::item::Item;
use crate::domain::{Digest, ProductName, ProductSeed};

/// A file of products, read when it is needed.
pub struct Source {
    /// Of the file's bytes; `None` to have it read and compared at every start.
    pub digest: Option<Digest>,
    /// Reads it; a sentence if that is not possible.
    pub read: Box<dyn Fn() -> Result<Vec<ProductSeed>, String>>,
}

impl Source {
    /// Products that are at hand.
    #[must_use]
    pub fn of(products: Vec<ProductSeed>) -> Source {
        Source { digest: None, read: Box::new(move || Ok(products.clone())) }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// How a file differs from what is in the catalog, in products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Differences {
    /// That the catalog does not have.
    pub new: usize,
    /// With another price.
    pub repriced: usize,
    /// With another quantity than at the import.
    pub recounted: usize,
    /// That only the catalog has.
    pub missing: usize,
}

impl Differences {
    pub fn between(seeds: &[ProductSeed], items: &[Item]) -> Differences {
        let mut differences = Differences::default();
        let mut left: BTreeMap<&ProductName, &Item> = items.iter().map(|item| (&item.name, item)).collect();
        for seed in seeds {
            match left.remove(&seed.name) {
                None => differences.new += 1,
                Some(item) => {
                    differences.repriced += usize::from(item.price_cents != seed.price_cents);
                    differences.recounted += usize::from(item.initial != seed.quantity);
                }
            }
        }
        differences.missing = left.len();
        differences
    }

    /// Whether there are any.
    #[must_use]
    pub fn any(self) -> bool {
        self != Differences::default()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.new, "new"),
            (self.repriced, "with another price"),
            (self.recounted, "with another quantity"),
            (self.missing, "not in it"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_compared_by_what_an_import_could_change() {
        let seed = |text: &str, price_cents, quantity| ProductSeed {
            name: ProductName::new(text).expect("a name"),
            price_cents,
            quantity,
        };
        let item = |seed: &ProductSeed| Item {
            name: seed.name.clone(),
            price_cents: seed.price_cents,
            initial: seed.quantity,
            restocked: 3,
            sold: 2,
            quantity: seed.quantity + 1,
        };
        let before = [seed("Tux", 1, 10), seed("Fox", 2, 20)];
        let items: Vec<_> = before.iter().map(item).collect();
        for (file, told) in [
            (vec![seed("Tux", 1, 10), seed("Fox", 2, 20)], ""),
            (vec![seed("Fox", 2, 20), seed("Tux", 1, 10)], ""),
            (vec![seed("Tux", 1, 10)], "1 not in it"),
            (
                vec![seed("Tux", 2, 11), seed("Fox", 2, 20), seed("Gnu", 1, 1)],
                "1 new, 1 with another price, 1 with another quantity",
            ),
        ] {
            let differences = Differences::between(&file, &items);
            assert_eq!(differences.to_string(), told, "{file:?}");
            assert_eq!(differences.any(), !told.is_empty(), "{file:?}");
        }
    }
}
