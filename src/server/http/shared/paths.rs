//! Names and numbers in paths, and what is told of a path that there is not.

use std::borrow::Cow;

use actix_web::HttpRequest;
use toystore_actors::domain::OrderNumber;

use super::errors::ApiError;

/// A path without the one slash that it may end in: `/products/Tux/` is `/products/Tux`.
pub fn plain(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The last part of a path after `prefix`, percent-decoded: a name may hold any character, `/` as `%2F`.
///
/// # Errors
/// 400 when it is not UTF-8.
pub fn segment<'a>(request: &'a HttpRequest, prefix: &str) -> Result<Cow<'a, str>, ApiError> {
    // The router's own decoding is not used: it leaves some characters as they are and replaces others.
    let encoded = plain(request.uri().path()).strip_prefix(prefix).unwrap_or_default();
    percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| ApiError::bad_request("the name in the path is not percent-encoded UTF-8"))
}

/// An order number from a path. What is no number at all is a mistake; a number that no order can have is
/// merely not found.
///
/// # Errors
/// 400 or 404.
pub fn order_number(text: &str) -> Result<OrderNumber, ApiError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::bad_request("an order number is a whole number, such as 1"));
    }
    match text.parse() {
        Ok(OrderNumber::NONE) | Err(_) => Err(no_such_order()),
        Ok(number) => Ok(number),
    }
}

/// 404 for an order.
pub fn no_such_order() -> ApiError {
    ApiError::not_found("there is no such order")
}

/// 404 for a product.
pub fn no_such_product() -> ApiError {
    ApiError::not_found("there is no such product")
}

/// 404 for a path that no route takes, with the paths that there are.
pub fn unknown_path(paths: &str) -> ApiError {
    ApiError::not_found(format!("there is no such path; there are {paths}"))
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    #[test]
    fn order_numbers_are_digits() {
        for (text, status) in [
            ("1", None),
            ("18446744073709551615", None),
            ("0", Some(404)),
            ("18446744073709551616", Some(404)),
            ("99999999999999999999999999", Some(404)),
            ("abc", Some(400)),
            ("-1", Some(400)),
            ("+1", Some(400)),
            ("1.0", Some(400)),
            ("", Some(400)),
        ] {
            let found = order_number(text).err().map(|error| error.status_code().as_u16());
            assert_eq!(found, status, "{text:?}");
        }
    }
}
