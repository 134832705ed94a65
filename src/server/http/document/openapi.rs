//! The document.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Info, Object};

use super::description::{ABOUT, GROUPS, TOKEN};
use crate::server::http::shared::documented::{Answers, NO_STORE, header, told};
use crate::server::http::shared::errors::{ApiError, ApiResult};
use crate::server::http::shared::refusals::{self, AnyRequest};
use crate::server::http::shared::shapes;
use crate::server::http::{admin, metrics, pages, public};

told! {
    /// What is told of the document.
    Document: Answers::default()
        .json(StatusCode::OK, "The document.", Object::new(), &[
            ("", json!({ "openapi": "3.1.0", "info": { "title": "toystore", "version": "0.1.0" }, "paths": {} })),
        ]);
}

/// What there is to read of the document itself.
#[derive(OpenApi)]
#[openapi(paths(openapi))]
struct Operations;

/// It is the same as long as the process runs.
static TEXT: LazyLock<Result<Bytes, String>> = LazyLock::new(|| {
    let text = serde_json::to_value(document()).map(|mut document| {
        name_large_numbers(&mut document);
        document.to_string()
    });
    text.map(Bytes::from).map_err(|error| error.to_string())
});

#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDocument",
    tag = "The store",
    summary = "This document",
    description = "As OpenAPI 3.1. `/docs` shows it to people.",
    responses(AnyRequest, Document)
)]
pub async fn openapi() -> ApiResult {
    Ok(shapes::ready_made(text()?))
}

/// The document as it is sent.
///
/// # Errors
/// 503 if it could not be written, which its tests would have found.
pub fn text() -> Result<Bytes, ApiError> {
    TEXT.clone().map_err(|error| ApiError::unavailable(format!("the document could not be written: {error}")))
}

/// All that may be asked of the front-end.
fn document() -> utoipa::openapi::OpenApi {
    let rooms = [
        public::Operations::openapi(),
        pages::Operations::openapi(),
        Operations::openapi(),
        admin::Operations::openapi(),
        metrics::Operations::openapi(),
    ];
    let mut document = rooms.into_iter().fold(Default::default(), utoipa::openapi::OpenApi::merge_from);
    let mut info = Info::new("toystore", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.into());
    document.info = info;
    document.servers = Some(vec![Server::new("/")]);
    let tag = |(name, about): (&str, &str)| TagBuilder::new().name(name).description(Some(about)).build();
    document.tags = Some(GROUPS.map(tag).into());
    add_shared(document.components.get_or_insert_default());
    document
}

/// utoipa takes a number of 64 bits without a sign for one with a sign, half of which it never is.
fn name_large_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("format").is_some_and(|format| format == "int64") && fields.get("minimum").is_some()
            {
                fields.insert("format".into(), "uint64".into());
                fields.entry("maximum").or_insert_with(|| u64::MAX.into());
            }
            fields.values_mut().for_each(name_large_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(name_large_numbers),
        _ => {}
    }
}

/// What several operations have in common.
fn add_shared(components: &mut Components) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(TOKEN)).build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    components.responses.extend(refusals::all());
    let nobody = header("that nobody on the way may keep the answer", "no-store");
    components.headers.insert(NO_STORE.to_owned(), nobody.into());
}
