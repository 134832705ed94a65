//! What a service tells a monitoring system. It is for whoever shows the cluster's token: how much a store sells is no
//! shopper's business.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use utoipa::OpenApi;

use super::shared::documented::{Answers, told};
use super::shared::errors::{ApiError, ApiResult};
use super::shared::refusals::{AnyRequest, NoToken};
use super::shared::shapes;
use super::shared::token::Authorized;
use crate::server::metrics::{CONTENT_TYPE, Exposition};

told! {
    /// What is told of all that is counted.
    Samples: Answers::default()
        .text(StatusCode::OK, "All that is counted and measured, in the text format of Prometheus.", CONTENT_TYPE, EXAMPLE);
}

const EXAMPLE: &str = "# HELP toystore_build_info Which version runs.\n# TYPE toystore_build_info gauge\n";

#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "The operator's",
    summary = "What a monitoring system reads",
    description = "For Prometheus; `docs/metrics.md` in the source says what each means.",
    responses(AnyRequest, NoToken, Samples),
    security(("token" = []))
)]
pub async fn expose(_: Authorized, exposition: Data<Exposition>) -> ApiResult {
    let text = exposition.text().await;
    let text = text.map_err(|_| ApiError::unavailable("the metrics could not be written"))?;
    Ok(shapes::answer(StatusCode::OK).content_type(CONTENT_TYPE).body(text))
}

/// What a monitoring system asks, for the API's document.
#[derive(OpenApi)]
#[openapi(paths(expose))]
pub struct Operations;
