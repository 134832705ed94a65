//! How front-ends are made to drop what they hold: a call that is repeated while their leases last (cache rule 4).

use std::time::Duration;

use super::service::CatalogService;
use crate::bugs::catalog as bent;
use crate::clock::Timestamp;
use crate::domain::{FrontEndId, ProductName};
use crate::messages::front_end::Invalidate;
use crate::net::NodeId;

/// How long to wait after an invalidation that failed, before it is sent again in a new call.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The shortest wait: a shorter one may not advance a clock that counts in milliseconds.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

impl CatalogService {
    /// Has a front-end drop what it holds of the products that change. True once it confirmed a call that
    /// named all it could still hold; false when the last of its leases ran out first.
    pub(super) async fn drop_changing(&self, front_end: FrontEndId) -> bool {
        let mut confirmed = true;
        loop {
            let held = self.visible.borrow().held(front_end, self.host.clock.now());
            let Some(held) = held else {
                return confirmed;
            };
            let names = self.visible.borrow().names(&held.products);
            confirmed = bent::confirmed(self.invalidate(front_end, names, held.until).await);
            if confirmed {
                self.visible.borrow_mut().dropped(front_end, &held.products);
            }
        }
    }

    /// One call to a front-end, and a pause if it failed. True if the front-end answered this very call.
    pub(super) async fn invalidate(
        &self,
        front_end: FrontEndId,
        products: Vec<ProductName>,
        until: Timestamp,
    ) -> bool {
        let clock = &self.host.clock;
        let limit = until.since(clock.now()).min(self.config.call_limit);
        let call = Invalidate { products };
        let answered = self.host.net.send(NodeId::FrontEnd(front_end), &call, limit).await.is_ok();
        if !answered {
            clock.sleep(pause(until, clock.now())).await;
        }
        answered
    }
}

/// The pause before the next call, not much beyond the end of the last lease.
fn pause(until: Timestamp, now: Timestamp) -> Duration {
    until.since(now).clamp(SHORTEST_PAUSE, RETRY_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_failed_is_repeated_soon_and_never_long_after_the_lease() {
        for (left_ms, pause_ms) in [(2000, 50), (50, 50), (20, 20), (1, 1), (0, 1)] {
            let now = Timestamp(7);
            let until = now + Duration::from_millis(left_ms);
            assert_eq!(pause(until, now), Duration::from_millis(pause_ms), "{left_ms} ms left");
        }
        assert_eq!(pause(Timestamp(0), Timestamp(7)), SHORTEST_PAUSE, "it has run out");
    }
}
