//! The stream of events.

use std::convert::Infallible;

use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Data;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use utoipa::OpenApi;

use super::super::public::FrontEndState;
use super::super::shared::documented::{Answers, header, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::query;
use super::super::shared::refusals::AnyRequest;
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

told! {
    /// What is told of what changes.
    Stream: Answers::default()
        .text(StatusCode::OK, "Events without end.", "text/event-stream", EXAMPLE)
        .with(&[StatusCode::OK], "X-Accel-Buffering", &header("that a proxy passes on what comes", "no"))
        .refused(&[("a topic", ApiError::bad_request(r#"there is no topic "toys"; there are products, cluster and lab"#))]);
}

const EXAMPLE: &str = "retry: 3141\n\nid: 7\nevent: products\ndata: {\"products\":[{\"name\":\"Tux\",\"price\":15.99,\"quantity\":98}]}\n\n";

/// What there is, and then what changes. Where there are too many streams, one that ends at once: a page that is refused
/// would never come back.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "getEvents",
    tag = "The store",
    summary = "What changes, as it does",
    description = "Server-sent events: what there is, and then what changes. A store with too many readers ends the stream at once; come back after the time that `retry` names.",
    params(
        (
            "topics" = Option<String>, Query, pattern = "^(products|cluster|lab)(,(products|cluster|lab))*$", example = "products",
            description = "Of what: `products`, `cluster`, `lab`, with commas between them; `products,cluster` when nobody says.",
        ),
    ),
    responses(AnyRequest, Stream)
)]
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

/// What there is for programs among the pages, for the API's document.
#[derive(OpenApi)]
#[openapi(paths(events))]
pub struct Operations;
