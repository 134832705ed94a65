//! The stream of events.

use std::convert::Infallible;

use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Data;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use super::super::public::FrontEndState;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::query;
use super::super::shared::shapes;
use crate::server::cluster::Lines;
use crate::server::live::{Full, Topic, Topics};

/// After how many milliseconds a page that lost its stream begins a new one, at random between these: a thousand pages must
/// not come back at once.
const AGAIN: std::ops::Range<u32> = 1000..6000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    #[serde(default = "all_topics")]
    topics: String,
}

fn all_topics() -> String {
    "products,cluster".into()
}

/// What there is, and then what changes. Where there are too many streams, one that ends at once: a page that is refused
/// would never come back.
pub async fn events(request: HttpRequest, state: Data<FrontEndState>) -> ApiResult {
    let EventsQuery { topics } = query(&request)?;
    let topics: Topics = topics.parse().map_err(ApiError::bad_request)?;
    let again = Bytes::from(format!("retry: {}\n\n", rand::random_range(AGAIN)));
    let mut answer = shapes::answer(StatusCode::OK);
    answer
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        // nginx would collect what it passes on.
        .insert_header(("x-accel-buffering", "no"));
    if *request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let subscription = match state.hub.open(topics) {
        Ok(subscription) => subscription,
        Err(Full) => return Ok(answer.body(again)),
    };
    let first = stream::iter([again].into_iter().chain(first(&state, topics)));
    let rest = stream::unfold(subscription, |mut subscription| async move {
        subscription.recv().await.map(|event| (event, subscription))
    });
    Ok(answer.streaming(first.chain(rest).map(Ok::<Bytes, Infallible>)))
}

/// What there is.
fn first(state: &FrontEndState, topics: Topics) -> Vec<Bytes> {
    if !topics.has(Topic::Cluster) {
        return Vec::new();
    }
    let cluster = &state.cluster;
    vec![
        state.hub.event("series", &cluster.columns()),
        state.hub.event("cluster", &cluster.snapshot()),
        state.hub.event("log", &Lines { lines: cluster.lately() }),
    ]
}
