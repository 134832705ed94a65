//! What the store's public answers look like, read as strictly as a public client reads them: a field that
//! is missing, unknown or of another type makes the answer a mismatch, not a guess. The API's document describes them by
//! these types.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

/// `{"data":…}`, and nothing beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data<T> {
    data: T,
}

/// `{"error":{"code":…,"message":…}}`, and nothing beside it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    error: FailedBody,
}

/// Why a request was refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailedBody {
    /// The answer's status once more.
    #[schema(minimum = 400, maximum = 599)]
    code: u16,
    /// What is wrong and what to do, in one sentence without its end.
    message: String,
}

/// A product as `GET /products` and `GET /products/{name}` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// As in the catalog, byte by byte.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// Price of one piece: a JSON number with two digits after the point.
    #[schema(value_type = f64, minimum = 0)]
    pub price: Number,
    /// Pieces in stock; a negative or broken number does not parse.
    pub quantity: u64,
}

/// What `GET /products` answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPage {
    /// In the catalog's order.
    pub data: Vec<Product>,
    /// What to give as `after` for those that follow; nothing, when there are no more, or at a store without pages.
    #[serde(default)]
    #[schema(required = true)]
    pub next: Option<String>,
}

/// What `POST /orders` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder<'a> {
    /// The product's whole name: 1 to 128 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 128)]
    pub name: &'a str,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: u64,
}

/// What `POST /orders` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The order's number.
    #[schema(minimum = 1)]
    pub order_number: u64,
}

/// An order as `GET /orders/{number}` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The number that it was acknowledged under.
    #[schema(minimum = 1)]
    pub number: u64,
    /// The product's name.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: u64,
}

/// An order as `GET /orders/{number}/receipt` shows it. All three are null for an order that was placed before there were
/// receipts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The number that it was acknowledged under.
    #[schema(minimum = 1)]
    pub number: u64,
    /// The product's name.
    #[schema(min_length = 1, max_length = 128)]
    pub name: String,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: u64,
    /// Price of one piece.
    #[schema(value_type = Option<f64>, required = true, minimum = 0)]
    pub price: Option<Number>,
    /// Price of all pieces.
    #[schema(value_type = Option<f64>, required = true, minimum = 0)]
    pub total: Option<Number>,
    /// When it was sold.
    #[schema(required = true, format = "date-time")]
    pub placed_at: Option<String>,
}

/// What `GET /orders` answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderPage {
    /// By number.
    pub data: Vec<Order>,
    /// What to give as `after` for those that follow; null, when there are no more.
    #[schema(required = true)]
    pub next: Option<u64>,
}

/// What `GET /leader` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leader {
    /// The replica that leads.
    #[schema(minimum = 0, maximum = 255)]
    pub leader: u8,
    /// The number of the view by which it does.
    pub epoch: u64,
    /// The replicas that hold every acknowledged order.
    #[schema(value_type = Vec<u32>)]
    pub in_sync: Vec<u8>,
}

/// What `GET /healthz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Alive {
    /// That it is.
    #[schema(pattern = "^alive$")]
    pub status: String,
    /// The services of this process that do not run; not there when all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<String>,
}

/// What `GET /readyz` answers of a store that takes orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// That it is.
    #[schema(pattern = "^ready$")]
    pub status: String,
}

/// Reads a successful answer's body.
///
/// # Errors
/// A sentence that says what is wrong with the body and quotes its beginning.
pub fn data<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    whole::<Data<T>>(body).map(|body| body.data)
}

/// Reads a successful answer's body that has more than `data`.
///
/// # Errors
/// A sentence that says what is wrong with the body and quotes its beginning.
pub fn whole<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body)
        .map_err(|error| format!("the answer is malformed ({error}): {}", quoted(body)))
}

/// Reads a failed answer's body: the message, if the body is well-formed and repeats the HTTP status.
///
/// # Errors
/// A sentence that says what is wrong with the body and quotes its beginning.
pub fn error(status: u16, body: &[u8]) -> Result<String, String> {
    match serde_json::from_slice::<Failed>(body) {
        Ok(Failed { error }) if error.code == status => Ok(error.message),
        Ok(Failed { error }) => {
            Err(format!("the error's code is {}, but the HTTP status {status}", error.code))
        }
        Err(error) => Err(format!("the error is malformed ({error}): {}", quoted(body))),
    }
}

fn quoted(body: &[u8]) -> String {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(body);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_read_strictly() {
        for (body, ok) in [
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#, true),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":0}}"#, true),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":-1}}"#, false),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":1.5}}"#, false),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":"1"}}"#, false),
            (r#"{"data":{"name":"Tux","price":"15.99","quantity":1}}"#, false),
            (r#"{"data":{"name":"Tux","price":15.99}}"#, false),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":1,"cached":true}}"#, false),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":1},"took":3}"#, false),
            (r#"{"name":"Tux","price":15.99,"quantity":1}"#, false),
            (r#"{"data":{"name":"Tux","price":15.99,"quantity":1}} x"#, false),
            ("", false),
        ] {
            assert_eq!(data::<Product>(body.as_bytes()).is_ok(), ok, "{body}");
        }
    }

    #[test]
    fn an_error_must_repeat_its_status() {
        for (status, body, expected) in [
            (409, r#"{"error":{"code":409,"message":"not enough in stock: 1 left"}}"#, true),
            (409, r#"{"error":{"code":404,"message":"not enough in stock: 1 left"}}"#, false),
            (409, r#"{"error":{"code":409,"message":"no","hint":"buy less"}}"#, false),
            (503, "<html>", false),
        ] {
            assert_eq!(error(status, body.as_bytes()).is_ok(), expected, "{status} {body}");
        }
    }
}
