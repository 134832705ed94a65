//! What whoever asks for anything may be answered instead, in the API's document once.

use std::time::Duration;

use utoipa::IntoResponses;
use utoipa::openapi::Ref;

use super::bodies::{BODY_SECONDS, PUBLIC_BODY};
use super::documented::{Answers, Told};
use super::errors::ApiError;

/// Refusals of any request.
const ANY: [&str; 9] = ["400", "405", "408", "414", "417", "431", "501", "503", "505"];

/// Refusals of a request with a body.
const BODY: [&str; 3] = ["411", "413", "415"];

/// Refusals of who does not show the cluster's token.
const TOKEN: [&str; 2] = ["401", "403"];

/// What anybody may be told.
pub struct AnyRequest;

impl IntoResponses for AnyRequest {
    fn responses() -> Told {
        by_name(&ANY)
    }
}

/// What whoever sends a body may be told.
pub struct AnyBody;

impl IntoResponses for AnyBody {
    fn responses() -> Told {
        by_name(&BODY)
    }
}

/// What whoever asks for what is the operator's may be told.
pub struct NoToken;

impl IntoResponses for NoToken {
    fn responses() -> Told {
        by_name(&TOKEN)
    }
}

fn by_name(statuses: &[&str]) -> Told {
    let name = |status: &str| Ref::from_response_name(format!("Refused{status}")).into();
    statuses.iter().map(|status| ((*status).to_owned(), name(status))).collect()
}

/// All of them by the names that the document has for them.
pub fn all() -> Told {
    let told = Answers::default().refused(&reasons()).told();
    told.into_iter().map(|(status, answer)| (format!("Refused{status}"), answer)).collect()
}

/// The limits are those of a connection (`../connection/limits.rs`).
fn reasons() -> Vec<(&'static str, ApiError)> {
    vec![
        ("a header", ApiError::bad_request("a header field is not as HTTP has it")),
        (
            "a parameter",
            ApiError::bad_request("the parameters after \"?\" are wrong: unknown field `colour`"),
        ),
        ("no token", ApiError::unauthorized()),
        ("another token", ApiError::forbidden()),
        ("another method", ApiError::method_not_allowed("GET, HEAD, OPTIONS")),
        ("a slow head", ApiError::head_too_slow(Duration::from_secs(5))),
        ("a slow body", ApiError::body_too_slow(BODY_SECONDS)),
        ("no length", ApiError::no_length()),
        ("a long body", ApiError::body_too_large(PUBLIC_BODY)),
        ("a long first line", ApiError::line_too_long(8 << 10)),
        ("another kind of body", ApiError::not_json()),
        ("a packed body", ApiError::packed("gzip")),
        ("another expectation", ApiError::unknown_expectation()),
        ("many fields", ApiError::head_too_large("there are more than 96 header fields")),
        ("a proxy", ApiError::not_implemented("this is no proxy")),
        ("too much to do", ApiError::unavailable("too many requests are under way")),
        ("no room", ApiError::unavailable("there is no room for long answers at the moment; ask again")),
        ("another version", ApiError::unknown_version()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_that_is_named_is_told() {
        let told = all();
        for status in ANY.iter().chain(&BODY).chain(&TOKEN) {
            assert!(told.contains_key(&format!("Refused{status}")), "{status}");
        }
        assert_eq!(told.len(), ANY.len() + BODY.len() + TOKEN.len());
    }
}
