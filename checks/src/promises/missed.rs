//! What nobody lost, nobody misses: the rules that tell a lost memory by what is in it (M4, M5, M9) stay silent unless one was
//! lost that nothing else can tell.
//!
//! They are a second net under the rules about who is in sync and whose file is whose. What falls through the first is caught
//! there, so no order is lost, and nothing of what shoppers are told would ever show it; but the store then drops a replica,
//! or waits, for no reason.

use crate::data::{Loss, Losses, Promise, Violation};
use crate::time::{Nanos, seconds};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, ReplicaEvent};

const PROMISE: Promise = Promise::NothingMissed;

/// After these, a replica that lacks orders may stand for a member: M1 to M3 tell a file that is gone or of an earlier run, M8
/// a front-end's that is gone, but none of these.
const UNTOLD: [Loss; 6] = [
    Loss::ReplicaCopied,
    Loss::ReplicaExchanged,
    Loss::ReplicaTwice,
    Loss::FrontEndOlder,
    Loss::FrontEndTwice,
    Loss::CatalogOlder,
];

/// After this, the catalog's purchases and a book need not agree.
const OF_THE_CATALOG: [Loss; 1] = [Loss::CatalogGone];

pub(super) fn check(at: Nanos, node: NodeId, event: &Event, losses: &Losses) -> Result<(), Violation> {
    let excused = match event {
        Event::Replica(ReplicaEvent::Unfit { .. }) => losses.any_of(&UNTOLD),
        Event::Replica(
            ReplicaEvent::OtherNumberSold { .. }
            | ReplicaEvent::PurchaseDiffers { .. }
            | ReplicaEvent::CatalogRefuses { .. },
        ) => losses.any_of(&UNTOLD) || losses.any_of(&OF_THE_CATALOG),
        _ => true,
    };
    if excused {
        return Ok(());
    }
    let fact = format!("at {} {node} {event}; nothing was lost that it could be", seconds(at));
    Err(Violation::new(PROMISE, [fact]))
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::Term;

    use super::*;
    use crate::examples::{epoch, order_number};

    #[test]
    fn only_what_nothing_else_tells_excuses() {
        let unfit = Event::Replica(ReplicaEvent::Unfit { term: Term::begun_in(epoch(2)) });
        let (expected, sold) = (order_number(2), order_number(1));
        let other = Event::Replica(ReplicaEvent::OtherNumberSold { expected, sold });
        let harmless = Event::Replica(ReplicaEvent::Deposed { epoch: epoch(2) });
        for (loss, event, excused) in [
            (None, &unfit, false),
            (None, &other, false),
            (None, &harmless, true),
            (Some(Loss::ReplicaCopied), &unfit, true),
            (Some(Loss::ReplicaGone), &unfit, false),
            (Some(Loss::ReplicaOlder), &unfit, false),
            (Some(Loss::ReplicaOutside), &unfit, false),
            (Some(Loss::FrontEndGone), &unfit, false),
            (Some(Loss::FrontEndOlder), &unfit, true),
            (Some(Loss::CatalogGone), &unfit, false),
            (Some(Loss::CatalogGone), &other, true),
            (Some(Loss::CatalogOlder), &other, true),
        ] {
            let mut losses = Losses::default();
            loss.into_iter().for_each(|loss| losses.add(loss));
            let found = check(0, NodeId::Catalog, event, &losses);
            assert_eq!(found.is_ok(), excused, "{loss:?}, {event:?}");
        }
    }
}
