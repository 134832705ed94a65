//! Judges single answers: what the store's answer means, and whether it may be that at all.

use super::store_client::{DefiniteAnswer, FinishedRequest};
use crate::wire::answers;

/// Why an operation did not end as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No definite answer within the deadline; it may have happened all the same.
    Unknown(String),
    /// A definite answer that a shopper who does nothing wrong should not get.
    Refused(String),
    /// The answer contradicts the store's promise, its format, or what the client remembers.
    Mismatch(String),
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderResult {
    /// Acknowledged under this number.
    Placed(u64),
    /// Refused for lack of stock, with the store's message.
    OutOfStock(String),
}

/// Whether this is a list of products.
///
/// # Errors
/// See [`Fault`].
pub fn products(asked: &FinishedRequest) -> Result<answers::ProductPage, Fault> {
    let answer = definite(asked)?;
    match answer.status {
        200 => answers::whole(&answer.body).map_err(Fault::Mismatch),
        _ => Err(unexpected(answer)),
    }
}

/// Whether this answers a query for the product `name`.
///
/// # Errors
/// See [`Fault`].
pub fn query(name: &str, asked: &FinishedRequest) -> Result<answers::Product, Fault> {
    let answer = definite(asked)?;
    if answer.status != 200 {
        return Err(unexpected(answer));
    }
    let product: answers::Product = answers::data(&answer.body).map_err(Fault::Mismatch)?;
    if product.name == name {
        Ok(product)
    } else {
        Err(Fault::Mismatch(format!("asked for {name:?}, was shown {:?}", product.name)))
    }
}

/// What became of an order.
///
/// # Errors
/// See [`Fault`].
pub fn order(asked: &FinishedRequest) -> Result<OrderResult, Fault> {
    let answer = definite(asked)?;
    match answer.status {
        // Other stores of this kind answer 200, and do not say where the order is.
        200 | 201 => {
            let number =
                answers::data::<answers::Placed>(&answer.body).map_err(Fault::Mismatch)?.order_number;
            if number == 0 {
                return Err(Fault::Mismatch("an order was given number 0".into()));
            }
            match &answer.location {
                Some(location) if !location.ends_with(&format!("/orders/{number}")) => {
                    Err(Fault::Mismatch(format!("order {number} is said to be at Location {location}")))
                }
                _ => Ok(OrderResult::Placed(number)),
            }
        }
        409 => answers::error(409, &answer.body).map(OrderResult::OutOfStock).map_err(Fault::Mismatch),
        _ => Err(unexpected(answer)),
    }
}

/// What a lookup shows: an order, or that there is none.
///
/// # Errors
/// See [`Fault`].
pub fn shown(asked: &FinishedRequest) -> Result<Option<answers::Order>, Fault> {
    let answer = definite(asked)?;
    match answer.status {
        200 => answers::data(&answer.body).map(Some).map_err(Fault::Mismatch),
        404 => answers::error(404, &answer.body).map(|_| None).map_err(Fault::Mismatch),
        _ => Err(unexpected(answer)),
    }
}

/// Whether what a lookup shows is the order that was placed.
///
/// # Errors
/// See [`Fault`].
pub fn lookup(expected: &answers::Order, shown: Option<&answers::Order>) -> Result<(), Fault> {
    match shown {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(Fault::Mismatch(format!(
            "order {} was {} × {:?}; the store shows order {} as {} × {:?}",
            expected.number, expected.quantity, expected.name, found.number, found.quantity, found.name
        ))),
        None => Err(Fault::Mismatch(format!("order {} was acknowledged and is lost", expected.number))),
    }
}

/// Whether an order that was repeated under its key was answered with the number that it has.
///
/// # Errors
/// See [`Fault`].
pub fn repeat(number: u64, answered: &OrderResult) -> Result<(), Fault> {
    match answered {
        OrderResult::Placed(again) if *again == number => Ok(()),
        OrderResult::Placed(again) => Err(Fault::Mismatch(format!(
            "order {number}, repeated under its key, was answered with number {again}"
        ))),
        OrderResult::OutOfStock(_) => {
            Err(Fault::Mismatch(format!("order {number}, repeated under its key, was answered out of stock")))
        }
    }
}

fn definite(asked: &FinishedRequest) -> Result<&DefiniteAnswer, Fault> {
    asked.answer.as_ref().map_err(|why| Fault::Unknown(why.clone()))
}

fn unexpected(answer: &DefiniteAnswer) -> Fault {
    match answers::error(answer.status, &answer.body) {
        Ok(message) => Fault::Refused(format!("{}: {message}", answer.status)),
        Err(malformed) => Fault::Refused(format!("{}, and {malformed}", answer.status)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    fn asked(status: u16, location: Option<&str>, body: &str) -> FinishedRequest {
        let body = Bytes::from(body.to_owned());
        let answer = Ok(DefiniteAnswer { status, location: location.map(str::to_owned), body });
        FinishedRequest { answer, attempts: 1, took: Duration::ZERO }
    }

    fn name<T>(verdict: &Result<T, Fault>) -> &'static str {
        match verdict {
            Ok(_) => "ok",
            Err(Fault::Unknown(_)) => "unknown",
            Err(Fault::Refused(_)) => "refused",
            Err(Fault::Mismatch(_)) => "mismatch",
        }
    }

    #[test]
    fn orders_are_judged() {
        let ten = r#"{"data":{"order_number":10}}"#;
        for (status, location, body, expected) in [
            (201, Some("/orders/10"), ten, "ok"),
            (201, Some("http://127.0.0.1:8080/orders/10"), ten, "ok"),
            (201, Some("/orders/110"), ten, "mismatch"),
            (201, None, ten, "ok"),
            (200, None, ten, "ok"),
            (201, Some("/orders/0"), r#"{"data":{"order_number":0}}"#, "mismatch"),
            (201, Some("/orders/10"), r#"{"data":{"order_number":"10"}}"#, "mismatch"),
            (200, Some("/orders/11"), ten, "mismatch"),
            (204, Some("/orders/10"), ten, "refused"),
            (409, None, r#"{"error":{"code":409,"message":"1 left"}}"#, "ok"),
            (409, None, "1 left", "mismatch"),
            (422, None, r#"{"error":{"code":422,"message":"key used"}}"#, "refused"),
            (500, None, "oops", "refused"),
        ] {
            assert_eq!(
                name(&order(&asked(status, location, body))),
                expected,
                "{status} {location:?} {body}"
            );
        }
        let unknown = FinishedRequest { answer: Err("refused".into()), attempts: 9, took: Duration::ZERO };
        assert_eq!(name(&order(&unknown)), "unknown");
    }

    #[test]
    fn lookups_are_compared_with_what_was_ordered() {
        let expected = answers::Order { number: 10, name: "Tux".into(), quantity: 2 };
        for (status, body, verdict) in [
            (200, r#"{"data":{"number":10,"name":"Tux","quantity":2}}"#, "ok"),
            (200, r#"{"data":{"number":10,"name":"Tux","quantity":3}}"#, "mismatch"),
            (200, r#"{"data":{"number":10,"name":"Gnu","quantity":2}}"#, "mismatch"),
            (200, r#"{"data":{"number":11,"name":"Tux","quantity":2}}"#, "mismatch"),
            (200, r#"{"data":{"number":10,"name":"Tux","quantity":2,"epoch":1}}"#, "mismatch"),
            (404, r#"{"error":{"code":404,"message":"no such order"}}"#, "mismatch"),
            (500, r#"{"error":{"code":500,"message":"oops"}}"#, "refused"),
        ] {
            let shown = shown(&asked(status, None, body));
            let judged = shown.and_then(|shown| lookup(&expected, shown.as_ref()));
            assert_eq!(name(&judged), verdict, "{status} {body}");
        }
    }

    #[test]
    fn a_repeated_order_keeps_its_number() {
        for (status, location, body, verdict) in [
            (201, Some("/orders/10"), r#"{"data":{"order_number":10}}"#, "ok"),
            (201, Some("/orders/11"), r#"{"data":{"order_number":11}}"#, "mismatch"),
            (409, None, r#"{"error":{"code":409,"message":"0 left"}}"#, "mismatch"),
            (422, None, r#"{"error":{"code":422,"message":"used"}}"#, "refused"),
        ] {
            let verdict_is = order(&asked(status, location, body)).and_then(|ordered| repeat(10, &ordered));
            assert_eq!(name(&verdict_is), verdict, "{status} {body}");
        }
    }

    #[test]
    fn a_query_shows_what_was_asked_for() {
        for (asked_for, body, verdict) in [
            ("Tux", r#"{"data":{"name":"Tux","price":15.99,"quantity":0}}"#, "ok"),
            ("Gnu", r#"{"data":{"name":"Tux","price":15.99,"quantity":0}}"#, "mismatch"),
        ] {
            assert_eq!(name(&query(asked_for, &asked(200, None, body))), verdict, "{asked_for} {body}");
        }
    }
}
