//! How a page is answered.

use actix_web::HttpResponseBuilder;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use askama::Template;

use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::shapes;

/// What a page may load and do: what is its own, and no script or style in its text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page, which nobody keeps: what it shows changes.
pub fn page(status: StatusCode, template: &impl Template) -> ApiResult {
    // It is written to memory, which does not fail.
    let text = template
        .render()
        .map_err(|error| ApiError::unavailable(format!("the page could not be made: {error}")))?;
    let mut answer = shapes::answer(status);
    secure(&mut answer);
    Ok(answer.insert_header(ContentType::html()).body(text))
}

/// What keeps a browser from doing more with an answer than was meant.
pub fn secure(answer: &mut HttpResponseBuilder) {
    answer
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"));
}
