//! What an event says to a person: a sentence without its subject, which is the node that tells it.
//!
//! Programs read the event itself, its name and all of its fields; see the `Serialize` of [`Event`].

use std::fmt::{self, Display, Formatter};

use super::event::{CatalogEvent, Event, FrontEndEvent, ReplicaEvent, ServiceEvent, ViewEvent};
use crate::domain::{OrderNumber, View};
use crate::net::NodeId;

/// So many names are told of a list.
const FEW: usize = 5;

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Event::Replica(event) => event.fmt(f),
            Event::View(event) => event.fmt(f),
            Event::FrontEnd(event) => event.fmt(f),
            Event::Catalog(event) => event.fmt(f),
            Event::Service(event) => event.fmt(f),
        }
    }
}

impl Display for ReplicaEvent {
    // Longer than a function should be: one match, so that no event is left without its sentence.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ReplicaEvent::TakeoverBegan { view } => write!(f, "begins to lead in {}", told(view)),
            ReplicaEvent::UnsettledCompleted { term, purchases } => write!(
                f,
                "makes orders of {} that the leader before left without one, in epoch {term}",
                many(*purchases, "purchase")
            ),
            ReplicaEvent::Serving { by: _, epoch, last: OrderNumber::NONE } => {
                write!(f, "leads in epoch {epoch} and takes orders from now on; there is none yet")
            }
            ReplicaEvent::Serving { by: _, epoch, last } => {
                write!(
                    f,
                    "leads in epoch {epoch} and takes orders from now on; the last one has number {last}"
                )
            }
            ReplicaEvent::Deposed { epoch } => write!(f, "leads no longer, since epoch {epoch} is over"),
            ReplicaEvent::ViewAdopted { view, orders_in_flight } => write!(
                f,
                "goes on leading in {}, with {} under way",
                told(view),
                many(*orders_in_flight, "order")
            ),
            ReplicaEvent::TailCut { after, entries } => write!(
                f,
                "cuts {} after order {after} from its book, which no leader had acknowledged",
                many(*entries, "entry")
            ),
            ReplicaEvent::OldEpochRefused { message, epoch, current } => write!(
                f,
                "refuses a {message} message of epoch {epoch}, for it follows the view of epoch {current}"
            ),
            ReplicaEvent::DuplicateSuppressed { key, number } => {
                write!(f, "answers the repeated request {key} with order {number}, which it has already")
            }
            ReplicaEvent::UnsettledInBook { term, purchases } => write!(
                f,
                "finds {} that the catalog does not know to be settled in its book, in epoch {term}",
                many(*purchases, "purchase")
            ),
            ReplicaEvent::Acknowledged { through, by: _, epoch } => {
                write!(f, "acknowledges the orders up to {through}, in epoch {epoch}")
            }
            ReplicaEvent::OutOfStock { left, epoch } => {
                write!(f, "refuses an order, since only {left} are left in stock, in epoch {epoch}")
            }
            ReplicaEvent::DropAsked { replica, epoch } => {
                write!(f, "asks the front-end to let order-{replica} out of those in sync, in epoch {epoch}")
            }
            ReplicaEvent::JoinerCounted { replica, epoch } => {
                write!(f, "waits for order-{replica} too from now on, which has caught up, in epoch {epoch}")
            }
            ReplicaEvent::JoinerUnreached { replica, epoch } => write!(
                f,
                "does not count order-{replica}, which asked for it and cannot be reached, in epoch {epoch}"
            ),
            ReplicaEvent::JoinerGivenUp { replica, epoch } => {
                write!(f, "waits no longer for order-{replica}, which does not answer, in epoch {epoch}")
            }
            ReplicaEvent::AddAsked { replica, epoch } => {
                write!(f, "asks the front-end to count order-{replica} among those in sync, in epoch {epoch}")
            }
            ReplicaEvent::CaughtUp { last } => {
                write!(f, "has fetched a part of the book, up to order {last}")
            }
            ReplicaEvent::Unfit { term } => write!(
                f,
                "does not lead in epoch {term}, since it lacks orders that the catalog knows to be acknowledged"
            ),
            ReplicaEvent::OtherNumberSold { expected, sold } => write!(
                f,
                "leads no longer, since the catalog sold order {sold} where its book goes on with {expected}: one of the \
                 two remembers another past"
            ),
            ReplicaEvent::PurchaseDiffers { number, key } => {
                write!(f, "has another order {number} in its book than the catalog sold under request {key}")
            }
            ReplicaEvent::CatalogRefuses { why } => {
                write!(f, "cannot buy, and waits for `toystore recover catalog`: {why}")
            }
            ReplicaEvent::OrdersLost { after, through } if *after + 1 == *through => {
                write!(f, "goes on without order {through}, which is lost, as an operator decided")
            }
            ReplicaEvent::OrdersLost { after, through } => write!(
                f,
                "goes on without the orders {} to {through}, which are lost, as an operator decided",
                *after + 1
            ),
        }
    }
}

impl Display for ViewEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ViewEvent::ViewSaved { view, why } => {
                write!(f, "saves that {} leads in {} ({why})", NodeId::Order(view.leader), told(view))
            }
            ViewEvent::ViewChangeRefused { named, current } => write!(
                f,
                "refuses to change who is in sync, since the leader names epoch {named} and this is {current}"
            ),
            ViewEvent::LeaderSuspected { replica, epoch, why } => {
                write!(f, "suspects order-{replica}, the leader of epoch {epoch}: it {why}")
            }
            ViewEvent::LeaderServes { replica, epoch } => {
                write!(f, "sends orders to order-{replica}, which leads in epoch {epoch}")
            }
            ViewEvent::ViewLost { why } => {
                write!(f, "asks all replicas for the newest view, since its own is older: {why}")
            }
            ViewEvent::FrontEndRegistered { run } => write!(f, "is known to the catalog, as run {run}"),
        }
    }
}

impl Display for FrontEndEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FrontEndEvent::OrderRetried { key, epoch } => {
                write!(f, "sends the order of request {key} once more, in epoch {epoch}")
            }
            FrontEndEvent::StaleFillDropped { name } => {
                write!(f, "does not cache {}, which changed while it was fetched", plain(name))
            }
            FrontEndEvent::Invalidated { products } if products.is_empty() => {
                f.write_str("drops its whole cache")
            }
            FrontEndEvent::Invalidated { products } => {
                write!(f, "drops what it cached of {}", few(products.iter().map(plain)))
            }
        }
    }
}

impl Display for CatalogEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            CatalogEvent::GroupVisible { products, waited_for_lease } => {
                let after = if *waited_for_lease { ", now that leases have run out" } else { "" };
                write!(f, "shows the new stock of {}{after}", few(products.iter().map(plain)))
            }
            CatalogEvent::BatchRefused { term, batch } => write!(
                f,
                "refuses purchase batch {batch} of the term that began in epoch {term}, since a newer one has been here"
            ),
            CatalogEvent::BatchRepeated { term, batch } => write!(
                f,
                "answers the repeated purchase batch {batch} of the term that began in epoch {term} as before"
            ),
            CatalogEvent::Restocked { products } => write!(f, "restocks {}", few(products.iter().map(plain))),
            CatalogEvent::CatalogReady { confirmed: true } => {
                f.write_str("answers from now on, since every front-end has dropped its cache")
            }
            CatalogEvent::CatalogReady { confirmed: false } => {
                f.write_str("answers from now on, since whatever front-ends cached before has run out")
            }
            CatalogEvent::CatalogRebuilt { orders, stock } => {
                let stock = stock.iter().map(|(name, pieces)| format!("{pieces} of {}", plain(name)));
                let orders = many(orders.get(), "order");
                write!(f, "is rebuilt from a book of {orders}; in stock are {}", few(stock))
            }
            CatalogEvent::Refused { keys } => {
                write!(f, "refuses for lack of stock, and remembers, the requests {}", few(keys.iter()))
            }
        }
    }
}

impl Display for ServiceEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ServiceEvent::LimitReached { limit } => write!(f, "has reached a limit: {}", limit.what()),
            ServiceEvent::DiskFailed { why } => write!(f, "stops, since its disk failed: {why}"),
        }
    }
}

fn told(view: &View) -> impl Display {
    let in_sync: Vec<_> = view.in_sync.ids().map(|id| id.to_string()).collect();
    format!("epoch {}, in sync: {}", view.epoch, in_sync.join(", "))
}

fn many(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match (number, what) {
        (0, _) => format!("no {what}"),
        (1, _) => format!("one {what}"),
        (_, "entry") => format!("{number} entries"),
        _ => format!("{number} {what}s"),
    }
}

/// The first of a list, and how many more there are.
fn few(list: impl ExactSizeIterator<Item = impl Display>) -> String {
    let more = list.len().saturating_sub(FEW);
    let mut shown: Vec<_> = list.take(FEW).map(|item| item.to_string()).collect();
    if shown.is_empty() {
        return "nothing".into();
    }
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

/// A text of somebody else's, such as a product's name, on one line whatever is in it.
#[must_use]
pub fn plain(text: &impl Display) -> String {
    let text = text.to_string();
    let shown = text.chars().map(|c| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.into(),
    });
    shown.collect()
}

#[cfg(test)]
mod tests;
