//! Tells every second how the shopping goes: to whom looks on while somebody breaks the store.

use std::rc::Rc;
use std::time::Duration;

use super::shopper::ShopState;
use crate::console::result::say;

const EVERY: Duration = Duration::from_secs(1);

/// Tells it for ever.
pub async fn tell(shop: Rc<ShopState>) {
    let mut before = (0, 0);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (placed, retries) = {
            let counts = shop.counts.borrow();
            (counts.placed, counts.retries)
        };
        let longest = shop.silence.borrow_mut().take_longest();
        say(&[format!(
            "{:>5.0} s {:>7} orders {:>5} retries, the longest time without an order {} ms",
            shop.history.elapsed().as_secs_f64(),
            placed - before.0,
            retries - before.1,
            longest.as_millis()
        )]);
        before = (placed, retries);
    }
}
