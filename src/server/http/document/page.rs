//! The document as a page.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::Value;

use super::openapi::text;
use super::prose::Prose;
use super::reading::{Answer, Group, Reader};
use crate::server::http::pages;
use crate::server::http::public::FrontEndState;
use crate::server::http::shared::errors::{ApiError, ApiResult};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    lab: bool,
    about: Vec<Prose>,
    groups: Vec<Group>,
    shared: Vec<Answer>,
}

pub async fn page(request: HttpRequest, state: Data<FrontEndState>) -> ApiResult {
    let document: Value = serde_json::from_slice(&text()?)
        .map_err(|error| ApiError::unavailable(format!("the document could not be read: {error}")))?;
    let store = {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    };
    let reader = Reader { document: &document, store: &store };
    let shown = DocsPage {
        lab: state.has_lab(),
        about: reader.about(),
        groups: reader.groups(),
        shared: reader.shared(),
    };
    pages::page(StatusCode::OK, &shown)
}
