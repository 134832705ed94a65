//! Products, from the cache and from the catalog.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use toystore_actors::clock::Clock as _;
use toystore_actors::domain::{Invalid, Product, ProductName};
use toystore_actors::front_end::cache;
use toystore_actors::messages::catalog::MAX_PAGE;
use toystore_actors::messages::front_end::{ListProducts, QueryProduct, SearchProducts};
use toystore_actors::probe::plain;
use toystore_checks::data::{Invocation, Response};

use super::super::shared::documented::{Answers, data_of, schema, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::{ListQuery, check_limit, most_products, query, search_text, too_many};
use super::super::shared::paths::{no_such_product, segment};
use super::super::shared::product_list;
use super::super::shared::refusals::AnyRequest;
use super::super::shared::shapes;
use super::received::Received;
use super::state::FrontEndState;
use crate::server::front_door::{Asked, FrontDoor};
use crate::server::metrics::RequestKind;
use crate::wire::answers;

told! {
    /// What is told of one product.
    OneProduct: Answers::default()
        .json(StatusCode::OK, "The product.", data_of::<answers::Product>(), &[("", tux())])
        .refused(&[
            ("a name", Invalid::EmptyName.into()),
            ("an encoding", ApiError::bad_request("the name in the path is not percent-encoded UTF-8")),
            ("no product", no_such_product()),
        ]);

    /// What is told of many.
    ManyProducts: Answers::default()
        .json(StatusCode::OK, "Products, and what to go on after.", schema::<answers::ProductPage>(), &[
            ("a page", json!({ "data": [tux()["data"]], "next": "Tux" })),
            ("the last page", json!({ "data": [tux()["data"]], "next": null })),
        ])
        .refused(&[
            ("a limit", too_many(MAX_PAGE)),
            ("a parameter", ApiError::bad_request("the parameters after \"?\" are wrong: unknown field `colour`")),
            ("no product to go on after", no_such_product()),
        ]);
}

fn tux() -> Value {
    json!({ "data": { "name": "Tux", "price": 15.99, "quantity": 100 } })
}

/// A hit is answered here and now, by whichever worker has the request.
#[utoipa::path(
    get,
    path = "/products/{name}",
    operation_id = "getProduct",
    tag = "Products",
    summary = "One product",
    description = "Its price and how many pieces are in stock. The stock is never older than the moment at which it was asked for.",
    params(
        (
            "name" = String, Path, min_length = 1, max_length = 128, example = "Tux",
            description = "The whole name, percent-encoded: 1 to 128 bytes of UTF-8, a slash as `%2F`.",
        ),
    ),
    responses(AnyRequest, OneProduct)
)]
pub async fn product(
    request: HttpRequest,
    state: &FrontEndState,
    below: &'static str,
    received: &mut Received,
) -> ApiResult {
    let name = segment(&request, below)?;
    if let Some(door) = &state.front_door {
        return judged(door, ProductName::new(name)?, state, received).await;
    }
    // Nothing was waited for since it was received: the clock need not be read again.
    if let Some(body) = state.cache.get(&name, received.at) {
        received.kind = RequestKind::QueryCached;
        log::debug!(target: cache::LOG, "hit: {} is answered from the cache", plain(&name));
        return Ok(shapes::ready_made(body));
    }
    let name = ProductName::new(name)?;
    let found = state.actor.ask(QueryProduct { name }).await??;
    found.map(|product| shapes::ready_made(shapes::product(&product))).ok_or_else(no_such_product)
}

/// The same in a store that is judged: a hit is told to the judge, too.
async fn judged(
    door: &FrontDoor,
    name: ProductName,
    state: &FrontEndState,
    received: &mut Received,
) -> ApiResult {
    let asked = Asked::at(Some(door), || Invocation::Query { name: name.clone() });
    // Of the time after it was written down that this is asked.
    let held = state.cache.product(name.as_str(), state.clock.now());
    if held.is_some() {
        received.kind = RequestKind::QueryCached;
    }
    let found = match held {
        Some(product) => Some(product),
        None => state.actor.ask(QueryProduct { name }).await??,
    };
    asked.answered(|| Response::Product { product: found.clone() });
    found.map(|product| shapes::ready_made(shapes::product(&product))).ok_or_else(no_such_product)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductsQuery {
    #[serde(default)]
    search: String,
    after: Option<ProductName>,
    #[serde(default = "most_products")]
    limit: u32,
}

async fn list_products(state: &FrontEndState, ask: ListProducts) -> Result<Option<Vec<Product>>, ApiError> {
    let asked = Asked::at(state.front_door.as_ref(), || Invocation::ListPage {
        after: ask.after.clone(),
        limit: ask.limit,
    });
    let listed = state.actor.ask(ask).await??;
    if let Some(products) = &listed {
        asked.answered(|| Response::Products { products: products.clone() });
    }
    Ok(listed)
}

#[utoipa::path(
    get,
    path = "/products",
    operation_id = "listProducts",
    tag = "Products",
    summary = "Products, a page at a time",
    description = "In the catalog's order. Give `next` as `after` to go on, until it is null.",
    params(
        (
            "search" = Option<String>, Query, max_length = 200, example = "cube",
            description = "Only products whose name has this text in it, in capitals or not. Spaces around it do not count; an empty text finds all.",
        ),
        (
            "after" = Option<String>, Query, min_length = 1, max_length = 128, example = "Fox",
            description = "Only the products that follow the one of this name.",
        ),
        (
            "limit" = Option<u32>, Query, minimum = 1, maximum = 1000, example = 2,
            description = "How many at most; 1000 when nobody says.",
        ),
    ),
    responses(AnyRequest, ManyProducts)
)]
pub async fn products(request: HttpRequest, state: &FrontEndState) -> ApiResult {
    let ProductsQuery { search, after, limit } = query(&request)?;
    check_limit(limit, MAX_PAGE)?;
    let (text, asked) = (search_text(&search)?, ListQuery { after, limit });
    if text.is_empty() {
        let list =
            async |ListQuery { after, limit }| Ok(list_products(state, ListProducts { after, limit }).await?);
        return state.products.answer(asked, list).await;
    }
    let search = async |ListQuery { after, limit }| {
        Ok(state.actor.ask(SearchProducts { text, after, limit }).await??)
    };
    product_list::page(asked, search).await.map(shapes::ready_made)
}
