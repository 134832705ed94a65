//! What a catalog that starts does before it answers: caches are emptied, and the newest view is asked for.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;

use super::call::Call;
use super::service::CatalogService;
use crate::bugs::catalog as bent;
use crate::clock::Timestamp;
use crate::domain::FrontEndId;
use crate::messages::view_service::{Vouch, Vouched};
use crate::net::NodeId;
use crate::probe::CatalogEvent;

/// Between two rounds in which the front-ends are asked for their views.
const ASK_PAUSE: Duration = Duration::from_millis(50);

impl CatalogService {
    /// Has every configured front-end drop everything, or waits until all that an earlier run allowed has
    /// run out (cache rule 6).
    pub async fn become_ready(self: Rc<Self>) {
        let until = self.host.clock.now() + self.config.counted_lease();
        let front_ends = self.config.front_ends.iter();
        let confirmed = join_all(front_ends.map(|&front_end| self.drop_everything(front_end, until))).await;
        if !self.lifecycle.is_over() {
            self.readiness.borrow_mut().caches_dropped();
            self.host.emit(CatalogEvent::CatalogReady { confirmed: confirmed.into_iter().all(|yes| yes) });
        }
    }

    /// True once the front-end confirmed; false when the time has run out.
    async fn drop_everything(&self, front_end: FrontEndId, until: Timestamp) -> bool {
        while self.host.clock.now() < until {
            if bent::starts_at_once() || self.invalidate(front_end, Vec::new(), until).await {
                return true;
            }
        }
        false
    }

    /// Asks the front-end for its view, until it has told it or registered: a leader whose view is older is refused
    /// from then on (rule M9). With its purchases, an older file lost its fence.
    pub async fn ask_for_the_view(self: Rc<Self>) {
        while !self.readiness.borrow().has_heard_all() {
            for front_end in &self.config.front_ends {
                let node = NodeId::FrontEnd(*front_end);
                let told = self.host.net.send(node, &Vouch {}, self.config.call_limit).await;
                if let Ok(Some(vouched)) = told {
                    self.hear(&vouched);
                }
            }
            self.host.clock.sleep(ASK_PAUSE).await;
        }
    }

    fn hear(&self, vouched: &Vouched) {
        if let Some(memory) = self.memory().vouched(&vouched.view) {
            self.accept(Call::Remember(memory, vouched.view.epoch, vouched.orders));
        }
    }
}
