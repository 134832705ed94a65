//! What a service tells a monitoring system. It is for whoever shows the cluster's token: how much a store sells is no
//! shopper's business.

use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::shared::errors::{ApiError, ApiResult};
use super::shared::shapes;
use super::shared::token::Authorized;
use crate::server::metrics::{CONTENT_TYPE, Exposition};

pub async fn expose(_: Authorized, exposition: Data<Exposition>) -> ApiResult {
    let text = exposition.text().await;
    let text = text.map_err(|_| ApiError::unavailable("the metrics could not be written"))?;
    Ok(shapes::answer(StatusCode::OK).content_type(CONTENT_TYPE).body(text))
}
