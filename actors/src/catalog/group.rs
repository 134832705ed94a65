//! How the calls that arrived while a group was under way are decided as the next one (cache rules 3 to 5).

use super::call::{Call, Reply, reply};
use super::changes::GroupChanges;
use super::draft::Draft;
use super::readiness::Learned;
use super::state::CatalogState;
use crate::domain::{Epoch, OrderNumber, UnixMillis};
use crate::messages::catalog::Registered;
use crate::probe::CatalogEvent;

/// A decided group. Nothing of it may be told before its changes are durable and visible.
pub struct DecidedGroup {
    /// What is to be saved, and then shown.
    pub changes: GroupChanges,
    /// What it has to tell the probe once it is visible.
    pub events: Vec<CatalogEvent>,
    /// Send the answers to its calls.
    pub replies: Vec<Reply>,
    /// What its calls showed of the store around.
    pub learned: Learned,
}

/// Decides calls in their order, each against what those before it left. `oldest_epoch` is the epoch of the front-end's view when
/// the catalog started, `now` what is told of the time at which they are sold.
pub fn decide(
    state: &CatalogState,
    oldest_epoch: Option<Epoch>,
    calls: Vec<Call>,
    restock_to: u64,
    now: UnixMillis,
) -> DecidedGroup {
    let mut draft = Draft::new(state, oldest_epoch);
    let mut learned = Learned::default();
    let mut replies = Vec::with_capacity(calls.len());
    for call in calls {
        replies.extend(decide_one(&mut draft, &mut learned, call, restock_to, now));
    }
    let (changes, events) = draft.finish();
    learned.rebuilt = changes.rebuilt;
    DecidedGroup { changes, events, replies, learned }
}

fn decide_one(
    draft: &mut Draft<'_>,
    learned: &mut Learned,
    call: Call,
    restock_to: u64,
    now: UnixMillis,
) -> Option<Reply> {
    Some(match call {
        Call::Buy(buy, to) => {
            let sales = draft.buy(&buy, now);
            learned.compared(sales.as_ref().err());
            reply(to, sales)
        }
        Call::TakeOver(ask, to) => {
            let found = draft.take_over(&ask);
            learned.compared(found.as_ref().err());
            reply(to, found)
        }
        Call::Restock(to) => reply(to, Ok(draft.restock(restock_to))),
        Call::Import(ask, to) => reply(to, Ok(draft.import(&ask))),
        Call::Register(ask, to) => {
            let registered = draft.register(&ask);
            if registered == Registered::Welcome {
                learned.oldest_epoch = Some(ask.epoch);
                vouch(draft, learned, ask.orders);
            }
            reply(to, registered)
        }
        Call::Rebuild(ask, to) => {
            let rebuilt = draft.rebuild(&ask);
            if rebuilt.is_ok() {
                learned.oldest_epoch = Some(ask.leader.epoch);
            }
            reply(to, rebuilt)
        }
        Call::GoOn(ask, to) => {
            let noted = draft.go_on(&ask);
            if noted {
                learned.oldest_epoch = Some(ask.epoch);
            }
            reply(to, noted)
        }
        Call::Remember(memory, epoch, orders) => {
            draft.remember(Some(memory));
            learned.oldest_epoch = Some(epoch);
            vouch(draft, learned, orders);
            return None;
        }
    })
}

fn vouch(draft: &Draft<'_>, learned: &mut Learned, orders: Option<OrderNumber>) {
    if let Some(orders) = orders {
        learned.compared(draft.vouch(orders).err().as_ref());
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{self, Receiver};

    use super::*;
    use crate::catalog::fence::Fence;
    use crate::catalog::item::Item;
    use crate::catalog::memory::Memory;
    use crate::catalog::purchases::Purchases;
    use crate::domain::{
        Line, ProductName, ProductSeed, Purchase, Quantity, Receipt, RequestId, Run, StoreId, Term,
    };
    use crate::messages::catalog::{Buy, GoOn, Leadership, Refusal, Register, Restock, Sale};
    use crate::refusals::Refusals;

    const STORE: StoreId = StoreId::new(1);
    const BY: Run = Run::new(1);
    const BEHIND: Refusal = Refusal::Behind { purchases: OrderNumber::new(3), orders: OrderNumber::new(5) };

    /// Tux 1; three purchases, all settled.
    fn state() -> CatalogState {
        let seed = ProductSeed { name: ProductName::new("Tux").expect("valid"), price_cents: 1, quantity: 1 };
        let purchases = Purchases::new(OrderNumber::new(3), Vec::new());
        let memory = Memory { store: Some((STORE, BY)) };
        let fence = Fence { term: Term::new(4), ..Fence::default() };
        CatalogState::new(vec![Item::imported(&seed)], purchases, fence, Refusals::new(9), memory)
    }

    fn buy(batch: u64, last: u64) -> (Call, Receiver<Result<Vec<Sale>, Refusal>>) {
        let (term, epoch, last) = (Term::new(4), Epoch::new(6), OrderNumber::new(last));
        let purchase = Purchase {
            key: RequestId::new(format!("k{batch}")).expect("valid"),
            name: ProductName::new("Tux").expect("valid"),
            quantity: Quantity::new(1).expect("valid"),
        };
        let leader = Leadership { term, epoch, by: BY, last };
        let (to, answer) = oneshot::channel();
        let buy = Buy { leader, batch, purchases: vec![purchase], settled: OrderNumber::NONE };
        (Call::Buy(buy, Some(to)), answer)
    }

    /// Rule cache 5: the answers are in the hands of whoever shows the group.
    #[test]
    fn calls_are_decided_in_their_order_and_answered_later() {
        let ((first, mut sold), (second, mut refused)) = (buy(1, 3), buy(2, 3));
        let (to, mut restocked) = oneshot::channel::<<Restock as crate::net::Rpc>::Reply>();
        let calls = vec![first, second, Call::Restock(Some(to))];
        let group = decide(&state(), Some(Epoch::new(6)), calls, 7, UnixMillis::new(5));
        assert!(sold.try_recv().is_err() && refused.try_recv().is_err() && restocked.try_recv().is_err());
        for reply in group.replies {
            reply();
        }
        let receipt = Some(Receipt { price_cents: 1, sold_at: UnixMillis::new(5) });
        assert_eq!(sold.try_recv(), Ok(Ok(vec![Sale::Sold { number: OrderNumber::new(4), receipt }])));
        assert_eq!(refused.try_recv(), Ok(Ok(vec![Sale::NotEnough { left: 0 }])));
        assert_eq!(restocked.try_recv(), Ok(Ok(vec![ProductName::new("Tux").expect("valid")])));
        assert_eq!(group.changes.items[&0].quantity, 7);
        assert_eq!(group.changes.fence.map(|fence| fence.batch), Some(2));
    }

    /// Rules M7 and M9.
    #[test]
    fn a_group_learns_which_view_is_the_newest_and_how_many_orders_there_are() {
        let line: Line = [BY].into_iter().collect();
        let register = |epoch, orders: Option<u64>| {
            let (epoch, orders) = (Epoch::new(epoch), orders.map(OrderNumber::new));
            Call::Register(Register { store: STORE, run: BY, line: line.clone(), epoch, orders }, None)
        };
        let remember = |orders: Option<u64>| {
            let memory = Memory { store: Some((STORE, BY)) };
            Call::Remember(memory, Epoch::new(8), orders.map(OrderNumber::new))
        };
        let go_on = |store| Call::GoOn(GoOn { store, run: BY, epoch: Epoch::new(9) }, None);
        let learned = |oldest_epoch: Option<u64>, behind, vouched| Learned {
            oldest_epoch: oldest_epoch.map(Epoch::new),
            behind,
            vouched,
            rebuilt: false,
        };
        for (case, call, expected) in [
            ("a front-end that knows no book", register(6, None), learned(Some(6), None, false)),
            ("one that knows a book", register(6, Some(3)), learned(Some(6), None, true)),
            ("one that knows a longer book", register(6, Some(5)), learned(Some(6), Some(BEHIND), false)),
            ("one whose view is older than the term", register(3, Some(3)), learned(None, None, false)),
            ("a view", remember(None), learned(Some(8), None, false)),
            ("a view and a book", remember(Some(2)), learned(Some(8), None, true)),
            ("a view and a longer book", remember(Some(5)), learned(Some(8), Some(BEHIND), false)),
            ("an operator", go_on(STORE), learned(Some(9), None, false)),
            ("another store's operator", go_on(StoreId::new(2)), learned(None, None, false)),
            ("a leader", buy(1, 3).0, learned(None, None, true)),
            ("a leader with a longer book", buy(1, 5).0, learned(None, Some(BEHIND), false)),
            ("a restock", Call::Restock(None), learned(None, None, false)),
        ] {
            let group = decide(&state(), Some(Epoch::new(6)), vec![call], 0, UnixMillis::default());
            assert_eq!(group.learned, expected, "{case}");
        }
    }
}
