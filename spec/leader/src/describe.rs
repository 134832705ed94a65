//! Traces in words.

use crate::book::{Book, Set};
use crate::message::Message;
use crate::state::{Role, State, View};
use crate::step::{Action, Model};

/// Orders have letters, so that they are not taken for numbers.
fn letter(order: u8) -> char {
    (b'K' - 1 + order) as char
}

fn number(replica: usize) -> usize {
    replica + 1
}

fn replicas(set: Set) -> String {
    let members: Vec<String> = set.members().map(|replica| number(replica).to_string()).collect();
    format!("{{{}}}", members.join(","))
}

fn book(book: &Book) -> String {
    let entries: Vec<String> =
        book.entries().iter().map(|entry| format!("{}@{}", letter(entry.order), entry.epoch)).collect();
    format!("[{}]", entries.join(" "))
}

fn view(view: View) -> String {
    format!("view {}: {} leads {}", view.epoch, number(view.leader()), replicas(view.in_sync()))
}

fn message(message: Message) -> String {
    match message {
        Message::Sync { to, epoch, book: entries } => {
            format!("sync of epoch {epoch} with {} to {}", book(&entries), number(to))
        }
        Message::Confirmed { from, epoch, length } => {
            format!("{}'s confirmation of {length} in epoch {epoch}", number(from))
        }
        Message::Buy { from, term, order, batch } => {
            format!("{}'s buy {batch} of term {term}: {}", number(from), letter(order))
        }
        Message::Sold { to, term, order } => {
            format!("\"{} is sold\" to {}, term {term}", letter(order), number(to))
        }
        Message::Refused { to, term, order } => {
            format!("\"{} is refused\" to {}, term {term}", letter(order), number(to))
        }
        Message::FetchUnsettled { from, term } => {
            format!("{}'s question for the unsettled, term {term}", number(from))
        }
        Message::Unsettled { to, term, orders } => {
            let orders: String = orders.members().map(|order| letter(order as u8)).collect();
            format!("\"unsettled: {orders}\" to {}, term {term}", number(to))
        }
        Message::Settle { order, .. } => format!("settlement of {}", letter(order)),
        Message::Drop { from, epoch, replica } => {
            format!("{}'s wish to drop {} in epoch {epoch}", number(from), number(replica))
        }
        Message::Add { from, epoch, replica } => {
            format!("{}'s wish to add {} in epoch {epoch}", number(from), number(replica))
        }
        Message::AlreadyOut { to, epoch, replica } => {
            format!("\"{} is already out\" to {}, epoch {epoch}", number(replica), number(to))
        }
        Message::Lookup { to, acknowledged, .. } => {
            format!("lookup, which must see {acknowledged}, at {}", number(to))
        }
        Message::Fetched { to, epoch, book: entries } => {
            format!("fetched book {} of epoch {epoch} to {}", book(&entries), number(to))
        }
    }
}

pub fn action(action: Action) -> String {
    match action {
        Action::Deliver(it) => format!("arrives: {}", message(it)),
        Action::DeliverCopy(it) => format!("arrives, and a copy stays in flight: {}", message(it)),
        Action::Lose(it) => format!("is lost: {}", message(it)),
        Action::Crash(replica) => format!("{} crashes", number(replica)),
        Action::Start(replica) => format!("{} starts", number(replica)),
        Action::Hear(replica, it) => format!("{} hears of {}", number(replica), view(it)),
        Action::GoOn(replica) => format!("{} goes on in the epoch that it led before", number(replica)),
        Action::AskBook { follower, leader } => {
            format!("{} asks {} for its book", number(follower), number(leader))
        }
        Action::Persist(leader) => format!("{}'s own append is on its disk", number(leader)),
        Action::Place { leader, order } => {
            format!("{} is asked to place {}, and buys", number(leader), letter(order))
        }
        Action::AnswerUnacknowledged { leader, order } => {
            format!(
                "{} is asked for {} again, and answers what is in its book",
                number(leader),
                letter(order)
            )
        }
        Action::RefuseAgain { leader, order } => {
            format!("{} is asked for {} again, and refuses again", number(leader), letter(order))
        }
        Action::Settle { leader, order } => format!("{} settles {}", number(leader), letter(order)),
        Action::BuyAgain { leader, order } => {
            format!("{} repeats its buy of {}", number(leader), letter(order))
        }
        Action::GiveUp { leader, order } => format!("{} gives up buying {}", number(leader), letter(order)),
        Action::FetchAgain(leader) => format!("{} asks for the unsettled again", number(leader)),
        Action::SyncAgain { leader, follower } => {
            format!("{} syncs {} again", number(leader), number(follower))
        }
        Action::AskDrop { leader, replica, wrongly } => {
            let why = if wrongly { ", which is alive" } else { "" };
            format!("{} asks to drop {}{why}", number(leader), number(replica))
        }
        Action::Count { leader, joiner } => format!("{} counts {}", number(leader), number(joiner)),
        Action::Uncount { leader, joiner } => {
            format!("{} no longer counts {}", number(leader), number(joiner))
        }
        Action::AskAdd { leader, joiner } => format!("{} asks to add {}", number(leader), number(joiner)),
        Action::Select { leader, wrongly } => {
            let why = if wrongly { ", though the one before lives" } else { "" };
            format!("the front-end chooses {}{why}", number(leader))
        }
        Action::LoseView(it) => format!("nobody else hears of {}", view(it)),
        Action::Lookup => "a shopper looks orders up".into(),
        Action::Restock => "the catalog restocks a piece".into(),
    }
}

pub fn state(model: &Model, state: &State) -> String {
    let mut text = view(state.view_service.view);
    for (index, replica) in state.replicas[..model.bounds.replicas].iter().enumerate() {
        let lead = &replica.lead;
        let down = if replica.up { "" } else { " is down," };
        text += &format!("; {}{down} epoch {} {}", number(index), replica.epoch, book(&replica.book));
        let role = match lead.role {
            Role::Follower => continue,
            Role::TakingOver => "takes over",
            Role::Serving => "serves",
        };
        let waits = replicas(lead.in_sync.union(lead.joining));
        text += &format!(" {role}, waits for {waits}, acknowledged {}", lead.acknowledged);
    }
    let unsettled: String = state.catalog.unsettled.members().map(|order| letter(order as u8)).collect();
    let told: String =
        state.record.acknowledged.iter().filter(|order| **order > 0).map(|order| letter(*order)).collect();
    text +=
        &format!("; stock {}, unsettled \"{unsettled}\", term {}", state.catalog.stock, state.catalog.term);
    text + &format!("; acknowledged to shoppers: \"{told}\"")
}
