//! The shapes of public answers: `{"data":…}`, with prices written from whole cents.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use serde::Serialize;
use toystore_actors::domain::{Product, ProductName};

use crate::console::price::Price;

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

fn write_product(text: &mut String, product: &Product) {
    let name = serde_json::Value::from(product.name.as_str());
    let (price, quantity) = (Price(product.price_cents), product.quantity);
    // Writing to a String cannot fail.
    let _ = write!(text, r#"{{"name":{name},"price":{price},"quantity":{quantity}}}"#);
}

#[cfg(test)]
mod tests {
    use super::*;

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
