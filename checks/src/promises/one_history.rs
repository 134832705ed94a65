//! One history: once all is quiet, the replicas' books are equal.

use crate::data::{Promise, StoreAudit, Violation};

pub(super) fn check(audit: &StoreAudit) -> Option<Violation> {
    let mut books = audit.books.iter();
    let (first, book) = books.next()?;
    for (other, others) in books {
        if let Some((one, two)) = book.iter().zip(others).find(|(one, two)| one != two) {
            let facts = [format!("order-{first} holds {one:?}"), format!("order-{other} holds {two:?}")];
            return Some(Violation::new(Promise::OneHistory, facts));
        }
        if book.len() != others.len() {
            let facts = [
                format!("order-{first} holds {} orders", book.len()),
                format!("order-{other} holds {}", others.len()),
            ];
            return Some(Violation::new(Promise::OneHistory, facts));
        }
    }
    None
}
