//! What a person is told when something cannot be done: the status, and one sentence in
//! `{"error":{"code":…,"message":"…"}}`.

use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use toystore_actors::domain::{Invalid, RequestId};
use toystore_actors::messages::front_end::Unavailable;
use toystore_actors::net::BridgeError;

use super::shapes;

/// What a handler answers.
pub type ApiResult = Result<HttpResponse, ApiError>;

/// An answer other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    /// The methods that a resource has, where that is what is wrong.
    allow: Option<&'static str>,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError { status, message: message.into(), allow: None }
    }

    /// 400: what was sent is not what is expected.
    pub fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: the cluster's token is missing.
    pub fn unauthorized() -> ApiError {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "this is for the store's own services; send the cluster's token as \"Authorization: Bearer …\"",
        )
    }

    /// 403: another token was sent.
    pub fn forbidden() -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "this is not the cluster's token")
    }

    /// 403: not from there.
    pub fn refused(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, message)
    }

    /// 405: the resource has other methods.
    pub fn method_not_allowed(allow: &'static str) -> ApiError {
        let message = format!("this resource only answers {allow}");
        ApiError { allow: Some(allow), ..ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    /// 408: the head did not come in time.
    pub fn head_too_slow(limit: Duration) -> ApiError {
        let message = format!("the head of the request was not complete within {} seconds", limit.as_secs());
        ApiError::new(StatusCode::REQUEST_TIMEOUT, message)
    }

    /// 408: the body did not come in time.
    pub fn body_too_slow(seconds: u64) -> ApiError {
        ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body was not complete within {seconds} seconds"),
        )
    }

    /// 409: it contradicts what is.
    pub fn conflict(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::CONFLICT, message)
    }

    /// 411: where the body ends is not said.
    pub fn no_length() -> ApiError {
        ApiError::new(StatusCode::LENGTH_REQUIRED, "send a Content-Length")
    }

    /// 413: the body is too long.
    pub fn body_too_large(limit: usize) -> ApiError {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {} KiB", limit / 1024))
    }

    /// 414: the first line is too long.
    pub fn line_too_long(limit: usize) -> ApiError {
        let message = format!("the first line of the request is longer than {} KiB", limit / 1024);
        ApiError::new(StatusCode::URI_TOO_LONG, message)
    }

    /// 415: the body is of another kind.
    pub fn not_json() -> ApiError {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be JSON, sent with \"Content-Type: application/json\"",
        )
    }

    /// 415: the body is no form.
    pub fn not_a_form() -> ApiError {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "this takes a form, sent with \"Content-Type: application/x-www-form-urlencoded\"",
        )
    }

    /// 415: the body is packed.
    pub fn packed(coding: &str) -> ApiError {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("the body is sent with \"Content-Encoding: {coding}\"; send it as it is"),
        )
    }

    /// 417: something else is expected than to be told to go on.
    pub fn unknown_expectation() -> ApiError {
        let message = "only \"Expect: 100-continue\" is understood";
        ApiError::new(StatusCode::EXPECTATION_FAILED, message)
    }

    /// 422: the same was said of something else before.
    pub fn unprocessable(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 431: the head is too long.
    pub fn head_too_large(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message)
    }

    /// 501: no resource does this.
    pub fn not_implemented(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_IMPLEMENTED, message)
    }

    /// 503: not now, or not known.
    pub fn unavailable(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// 505: another version of HTTP.
    pub fn unknown_version() -> ApiError {
        let message = "only HTTP/1.1 and HTTP/1.0 are spoken here";
        ApiError::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, message)
    }

    /// What is said in the answer's body.
    pub fn body(&self) -> Value {
        json!({ "error": { "code": self.status.as_u16(), "message": self.message } })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = shapes::answer(self.status);
        if let Some(allow) = self.allow {
            response.insert_header((header::ALLOW, allow));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(self.body())
    }
}

impl From<Invalid> for ApiError {
    fn from(error: Invalid) -> ApiError {
        match error {
            // The domain's request id is a header here.
            Invalid::RequestId => ApiError::bad_request(format!(
                "an Idempotency-Key has 1 to {} visible ASCII characters",
                RequestId::MAX_BYTES
            )),
            error => ApiError::bad_request(error.to_string()),
        }
    }
}

impl From<BridgeError> for ApiError {
    fn from(error: BridgeError) -> ApiError {
        match error {
            BridgeError::Overloaded | BridgeError::Stopped => ApiError::unavailable(error.to_string()),
            BridgeError::Misdirected(_) => ApiError::new(StatusCode::MISDIRECTED_REQUEST, error.to_string()),
            BridgeError::UnknownMessage(_) => ApiError::not_found(error.to_string()),
            BridgeError::Malformed(_) => ApiError::bad_request(error.to_string()),
        }
    }
}

impl From<Unavailable> for ApiError {
    fn from(error: Unavailable) -> ApiError {
        ApiError::unavailable(error.why)
    }
}
