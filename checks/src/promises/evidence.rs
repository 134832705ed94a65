//! What the disks say about acknowledged orders when a run ends in the middle: not a verdict, because a follower may
//! still catch up or cut its tail, but what a reader of the report looks for first.

use crate::data::{History, Invocation, Response, StoreAudit, entry_of};
use crate::time::seconds;

/// So many facts are enough.
const MOST: usize = 3;

/// The acknowledged orders under whose number some book holds another one, or which no book holds.
pub(super) fn gather(history: &History, audit: &StoreAudit) -> Vec<String> {
    let mut facts = Vec::new();
    for operation in &history.operations {
        let (Invocation::Place { key, .. }, Response::Placed { number }) =
            (&operation.invocation, &operation.response)
        else {
            continue;
        };
        let (mut held, mut others) = (Vec::new(), Vec::new());
        for (id, book) in &audit.books {
            match entry_of(book, *number) {
                Some(entry) if entry.key() == Some(key) => held.push(format!("order-{id}")),
                Some(entry) => {
                    others.push(format!(
                        "order-{id} holds key {} of epoch {}",
                        entry.key().map_or("none", |key| key.as_str()),
                        entry.epoch
                    ));
                }
                None => {}
            }
        }
        if held.is_empty() || !others.is_empty() {
            let holders = if held.is_empty() { "nobody".to_owned() } else { held.join(", ") };
            facts.push(format!(
                "order {number} (key {key}) was acknowledged to client {} at {}, and {holders} holds it; under that number {}",
                operation.client,
                seconds(operation.returned),
                if others.is_empty() { "nobody holds another".to_owned() } else { others.join(", ") },
            ));
        }
        if facts.len() == MOST {
            break;
        }
    }
    facts
}
