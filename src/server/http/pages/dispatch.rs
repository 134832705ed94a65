//! Which path is which page.

use actix_web::http::{Method, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::super::public::FrontEndState;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::paths::plain;
use super::super::shared::shapes;
use super::{assets, buy, cluster, order, shop, stream};

/// A page, or what belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Shop,
    Order,
    Buy,
    Cluster,
    Lab,
    Events,
    Asset,
}

impl Page {
    fn methods(self) -> &'static str {
        match self {
            Page::Buy => "POST, OPTIONS",
            Page::Order => "GET, HEAD, POST, OPTIONS",
            Page::Shop | Page::Cluster | Page::Lab | Page::Events | Page::Asset => "GET, HEAD, OPTIONS",
        }
    }
}

/// The page that a request asks for, if it does. At the root there is one for people and another answer for programs;
/// `/order` is for people who look one up, and the API's when it is posted to.
pub fn wanted(request: &HttpRequest) -> Option<Page> {
    let path = request.path();
    Some(match plain(path) {
        "" if wants_html(request) => Page::Shop,
        "/order" if *request.method() != Method::POST => Page::Order,
        "/buy" => Page::Buy,
        "/cluster" => Page::Cluster,
        "/lab" => Page::Lab,
        "/events" => Page::Events,
        path if path.starts_with("/assets/") => Page::Asset,
        _ => return None,
    })
}

/// Whether whoever asks is a browser: it says that it would like HTML.
fn wants_html(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Answers with a page.
pub async fn answer(
    page: Page,
    request: HttpRequest,
    state: Data<FrontEndState>,
    body: Payload,
) -> ApiResult {
    let allow = page.methods();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if *request.method() == Method::OPTIONS {
        return Ok(shapes::options(allow));
    }
    if !(reads || page == Page::Buy && *request.method() == Method::POST) || page == Page::Buy && reads {
        return Err(ApiError::method_not_allowed(allow));
    }
    match page {
        Page::Shop => shop::shop(request, state).await.map(for_browsers),
        Page::Order => order::order(request, state).await,
        Page::Buy => buy::buy(request, state, body).await,
        Page::Cluster => cluster::cluster(state).await,
        Page::Lab if state.has_lab() => cluster::lab(state).await,
        Page::Lab => Err(ApiError::not_found("there is no lab; `toystore up --lab` has one")),
        Page::Events => stream::events(request, state).await,
        Page::Asset => assets::asset(&request, request.path().trim_start_matches("/assets/")),
    }
}

/// At the root, a program is given another answer.
fn for_browsers(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(header::VARY, header::HeaderValue::from_static("accept"));
    answer
}
