//! What the store of a run sells.

use toystore_actors::domain::ProductName;
use toystore_actors::domain::ProductSeed;

use super::setup::Setup;

/// The toy that shoppers leave alone, of which there always is one left to see whether orders succeed.
#[must_use]
pub fn spare_toy() -> ProductName {
    toy_name("spare")
}

/// So many of it that there is always one left.
const SPARE_STOCK: u64 = 1_000_000;

/// The toy of some place in the catalog.
#[must_use]
pub fn toy(place: usize) -> ProductName {
    toy_name(&format!("toy-{place}"))
}

fn toy_name(name: &str) -> ProductName {
    ProductName::new(name).expect("the name is short and not empty")
}

fn first_price(place: usize) -> u64 {
    100 + place as u64
}

/// What a toy costs once its price was changed, in cents.
#[must_use]
pub fn other_price(place: usize) -> u64 {
    1000 + first_price(place)
}

/// What the store sells, with what there is of it before anybody comes in.
#[must_use]
pub fn products(setup: &Setup) -> Vec<ProductSeed> {
    let toys = setup.stock.iter().enumerate().map(|(place, quantity)| ProductSeed {
        name: toy(place),
        price_cents: first_price(place),
        quantity: *quantity,
    });
    toys.chain([ProductSeed { name: spare_toy(), price_cents: 1, quantity: SPARE_STOCK }]).collect()
}
