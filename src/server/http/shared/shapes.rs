//! The shapes of public answers: `{"data":…}`, with prices written from whole cents.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use serde::Serialize;
use toystore_actors::domain::{Order, OrderNumber, Product, ProductName, Quantity};

use crate::console::price::Price;
use crate::console::utc;

/// What every answer's value is wrapped in. A struct, since a map of serde_json would sort the fields.
#[derive(Serialize)]
pub struct Wrapped<T> {
    /// What was asked for.
    pub data: T,
}

/// An answer that nobody between the store and whoever asked may keep: by the time that it is shown again the stock
/// is another, and the order that was not found is placed.
pub fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    answer
}

/// 200 with `{"data":value}`.
pub fn data(value: impl Serialize) -> HttpResponse {
    answer(StatusCode::OK).json(Wrapped { data: value })
}

/// 204, with the methods that a resource has.
pub fn options(allow: &'static str) -> HttpResponse {
    answer(StatusCode::NO_CONTENT).insert_header((header::ALLOW, allow)).finish()
}

/// 200 with a body that is JSON already.
pub fn ready_made(body: Bytes) -> HttpResponse {
    // `ContentType::json()` would be written out anew for every answer.
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer(StatusCode::OK).insert_header(json).body(body)
}

/// The whole body that answers a query of one product. This is also what the cache keeps.
pub fn product(product: &Product) -> Bytes {
    let mut text = String::with_capacity(64 + product.name.as_str().len());
    text.push_str(r#"{"data":"#);
    write_product(&mut text, product);
    text.push('}');
    Bytes::from(text)
}

/// The whole body that answers a list of products. `next` is what to give as `after` for those that follow.
pub fn products(products: &[Product], next: Option<&ProductName>) -> Bytes {
    let mut text = String::with_capacity(16 + 80 * products.len());
    text.push_str(r#"{"data":["#);
    for (index, product) in products.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_product(&mut text, product);
    }
    let next = serde_json::Value::from(next.map(ProductName::as_str));
    let _ = write!(text, r#"],"next":{next}}}"#);
    Bytes::from(text)
}

/// An order in short: what it was for, without its receipt.
#[derive(Serialize)]
pub struct ShortOrder {
    number: OrderNumber,
    name: ProductName,
    quantity: Quantity,
}

impl From<Order> for ShortOrder {
    fn from(order: Order) -> ShortOrder {
        let Order { number, name, quantity, receipt: _ } = order;
        ShortOrder { number, name, quantity }
    }
}

/// The whole body that answers a query of an order with its receipt. An order that was placed before there were receipts
/// has nulls.
pub fn receipt(order: &Order) -> Bytes {
    let name = serde_json::Value::from(order.name.as_str());
    let (number, quantity) = (order.number, order.quantity);
    let mut text = format!(r#"{{"data":{{"number":{number},"name":{name},"quantity":{quantity}"#);
    // Writing to a String cannot fail.
    let _ = match order.receipt {
        Some(receipt) => {
            let (price, total) = (Price(receipt.price_cents.into()), Price(receipt.total_cents(quantity)));
            let placed_at = utc::of_unix_millis(receipt.sold_at.get());
            write!(text, r#","price":{price},"total":{total},"placed_at":"{placed_at}"}}}}"#)
        }
        None => write!(text, r#","price":null,"total":null,"placed_at":null}}}}"#),
    };
    Bytes::from(text)
}

fn write_product(text: &mut String, product: &Product) {
    let name = serde_json::Value::from(product.name.as_str());
    let (price, quantity) = (Price(product.price_cents.into()), product.quantity);
    // Writing to a String cannot fail.
    let _ = write!(text, r#"{{"name":{name},"price":{price},"quantity":{quantity}}}"#);
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Receipt, UnixMillis};

    use super::*;

    #[test]
    fn a_receipt_has_price_total_and_time_or_none_of_them() {
        let order = |quantity, receipt: Option<(u64, u64)>| Order {
            number: OrderNumber::new(7),
            name: ProductName::new("a\"b").expect("a good name"),
            quantity: Quantity::new(quantity).expect("a good quantity"),
            receipt: receipt
                .map(|(price_cents, sold_at)| Receipt { price_cents, sold_at: UnixMillis::new(sold_at) }),
        };
        for (order, expected) in [
            (
                order(2, Some((1599, 1_795_867_200_000))),
                r#""quantity":2,"price":15.99,"total":31.98,"placed_at":"2026-11-28T12:00:00.000Z"}}"#,
            ),
            (
                order(1_000_000, Some((u64::MAX, 0))),
                r#""quantity":1000000,"price":184467440737095516.15,"total":184467440737095516150000.00,"placed_at":"1970-01-01T00:00:00.000Z"}}"#,
            ),
            (order(1, None), r#""quantity":1,"price":null,"total":null,"placed_at":null}}"#),
        ] {
            let expected = format!(r#"{{"data":{{"number":7,"name":"a\"b",{expected}"#);
            assert_eq!(String::from_utf8_lossy(&receipt(&order)), expected);
        }
        let short =
            serde_json::to_string(&ShortOrder::from(order(2, Some((1, 1))))).expect("it can be written");
        assert_eq!(short, r#"{"number":7,"name":"a\"b","quantity":2}"#);
    }

    #[test]
    fn prices_are_whole_cents() {
        for (name, price_cents, expected) in [
            ("Tux", 1599, r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#),
            ("Tux", 5, r#"{"data":{"name":"Tux","price":0.05,"quantity":100}}"#),
            ("Tux", 2000, r#"{"data":{"name":"Tux","price":20.00,"quantity":100}}"#),
            ("a\"b\\é\n", 10, r#"{"data":{"name":"a\"b\\é\n","price":0.10,"quantity":100}}"#),
        ] {
            let name = ProductName::new(name).expect("a good name");
            let body = product(&Product { name, price_cents, quantity: 100 });
            assert_eq!(String::from_utf8_lossy(&body), expected);
        }
        assert_eq!(&products(&[], None)[..], br#"{"data":[],"next":null}"#);
        let next = ProductName::new("a\"b").expect("a good name");
        assert_eq!(&products(&[], Some(&next))[..], br#"{"data":[],"next":"a\"b"}"#);
    }
}
