//! One history: once all is quiet, the replicas' books are equal.

use crate::data::{Promise, StoreAudit, Violation};

pub(super) fn check(audit: &StoreAudit) -> Option<Violation> {
    let mut books = audit.books.iter();
    let (first, book) = books.next()?;
    for (other, others) in books {
        if let Some((one, two)) = book.iter().zip(others).find(|(one, two)| one != two) {
            let (one, two) = (format!("{one:?}"), format!("{two:?}"));
            return Some(differ((&format!("order-{first}"), &one), (&format!("order-{other}"), &two)));
        }
        if book.len() != others.len() {
            let (one, two) = (format!("{} orders", book.len()), others.len().to_string());
            return Some(differ((&format!("order-{first}"), &one), (&format!("order-{other}"), &two)));
        }
    }
    None
}

/// Two books hold what differs.
pub(crate) fn differ(one: (&str, &str), two: (&str, &str)) -> Violation {
    let holds = |(who, what): (&str, &str)| format!("{who} holds {what}");
    Violation::new(Promise::OneHistory, [holds(one), holds(two)])
}
