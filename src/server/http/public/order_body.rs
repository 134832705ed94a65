//! The body of an order, read strictly.

use std::fmt;

use serde::de::{self, Deserializer, Unexpected, Visitor};
use toystore_actors::domain::{ProductName, Quantity};

use super::super::shared::errors::ApiError;
use super::super::shared::whole_numbers::as_whole;

/// What a shopper sends to order something.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with \"name\" and \"quantity\"")]
pub struct OrderBody {
    /// The product, by its whole name.
    pub name: ProductName,
    /// Pieces of it.
    #[serde(deserialize_with = "whole_quantity")]
    pub quantity: Quantity,
}

/// Reads the body of an order.
///
/// # Errors
/// 400, saying where the body is wrong and what is expected.
pub fn order_body(bytes: &[u8]) -> Result<OrderBody, ApiError> {
    let expected = r#"expected {"name":"Tux","quantity":2}"#;
    // serde would take a list of the fields' values for the object.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return Err(ApiError::bad_request(format!("the body is a list; {expected}")));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("the body is not an order: {error}; {expected}")))
}

fn whole_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
    struct Whole;

    impl Visitor<'_> for Whole {
        type Value = Quantity;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number from 1 to 1,000,000")
        }

        fn visit_u64<E: de::Error>(self, pieces: u64) -> Result<Quantity, E> {
            Quantity::new(pieces).map_err(|_| E::invalid_value(Unexpected::Unsigned(pieces), &self))
        }

        /// JSON has no integers of its own: to its schemas, and to the document of the API, 2.0 is one.
        fn visit_f64<E: de::Error>(self, pieces: f64) -> Result<Quantity, E> {
            let wrong = || E::invalid_value(Unexpected::Float(pieces), &self);
            Quantity::new(as_whole(pieces).ok_or_else(wrong)?).map_err(|_| wrong())
        }
    }

    deserializer.deserialize_any(Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_bodies_are_read_strictly() {
        for (text, expected) in [
            (r#"{"name":"Tux","quantity":2}"#, None),
            (r#" { "quantity" : 1000000, "name" : "T\u00fcx" } "#, None),
            (
                r#"{"name":"Tux","quantity":0}"#,
                Some("integer `0`, expected a whole number from 1 to 1,000,000"),
            ),
            (r#"{"name":"Tux","quantity":1000001}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":-1}"#, Some("integer `-1`, expected a whole number")),
            (r#"{"name":"Tux","quantity":+50}"#, Some("line 1 column 26")),
            (r#"{"name":"Tux","quantity":1e3}"#, None),
            (r#"{"name":"Tux","quantity":2.0}"#, None),
            (r#"{"name":"Tux","quantity":2.5}"#, Some("floating point `2.5`, expected a whole number")),
            (r#"{"name":"Tux","quantity":-2.0}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":1e7}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":0.0}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":"2"}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":null}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":true}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":99999999999999999999999}"#, Some("expected a whole number")),
            (r#"{"name":"Tux"}"#, Some("missing field `quantity`")),
            (r#"{"quantity":1}"#, Some("missing field `name`")),
            (r#"{"name":"Tux","quantity":1,"gift":true}"#, Some("unknown field `gift`")),
            (r#"{"name":"Tux","quantity":1,"quantity":1}"#, Some("duplicate field `quantity`")),
            (r#"{"name":"Tux","name":"Tux","quantity":1}"#, Some("duplicate field `name`")),
            (r#"{"name":"","quantity":1}"#, Some("the product name is empty")),
            (r#"{"name":5,"quantity":1}"#, Some("expected a string")),
            (r#"{"name":"\ud800","quantity":1}"#, Some("the body is not an order")),
            (r#"["Tux",1]"#, Some("the body is a list")),
            (r#""Tux""#, Some("expected an object with \"name\" and \"quantity\"")),
            (r#"{"name":"Tux","quantity":1}}"#, Some("trailing characters")),
            (r#"{"name":"Tux","quantity":1"#, Some("EOF")),
            ("", Some("EOF")),
        ] {
            match (order_body(text.as_bytes()), expected) {
                (Ok(_), None) => {}
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (outcome, _) => panic!("{text}: {outcome:?}"),
            }
        }
    }
}
