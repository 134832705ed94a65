//! The shop: toys, a page at a time.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use toystore_actors::domain::{Product, ProductName};
use toystore_actors::messages::front_end::{ListProducts, SearchProducts, Unavailable};

use super::super::public::{FrontEndState, new_key};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::{query, search_text};
use super::html::page;
use super::toys::drawing;
use crate::console::price::Price;

/// So many toys are on one page.
const ON_A_PAGE: u32 = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopQuery {
    #[serde(default)]
    search: String,
    after: Option<ProductName>,
}

#[derive(Template)]
#[template(path = "shop.html")]
struct ShopPage {
    lab: bool,
    search: String,
    products: Vec<Toy>,
    first: bool,
    next: Option<String>,
    notice: Option<String>,
}

struct Toy {
    name: String,
    price: String,
    quantity: u64,
    drawing: String,
    /// The request id under which it is ordered by the form.
    key: String,
}

pub async fn shop(request: HttpRequest, state: Data<FrontEndState>) -> ApiResult {
    let ShopQuery { search, after } = query(&request)?;
    let search = search_text(&search)?;
    let first = after.is_none();
    let (products, notice) = match products(&state, &search, after).await? {
        Ok(Some(products)) => (products, None),
        Ok(None) => (Vec::new(), Some("The toy that this page was to follow is not there.".to_owned())),
        Err(why) => (Vec::new(), Some(format!("{}.", sentence(&why.why)))),
    };
    let status = if notice.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let next = next(&products, &search);
    let products = products.iter().map(toy).collect::<Result<_, _>>()?;
    page(status, &ShopPage { lab: state.has_lab(), search, products, first, next, notice })
}

async fn products(
    state: &FrontEndState,
    search: &str,
    after: Option<ProductName>,
) -> Result<Result<Option<Vec<Product>>, Unavailable>, ApiError> {
    let limit = ON_A_PAGE;
    if search.is_empty() {
        return Ok(state.actor.ask(ListProducts { after, limit }).await?);
    }
    Ok(state.actor.ask(SearchProducts { text: search.to_owned(), after, limit }).await?)
}

fn next(products: &[Product], search: &str) -> Option<String> {
    let full = products.len() >= usize::try_from(ON_A_PAGE).unwrap_or(usize::MAX);
    let last = products.last().filter(|_| full)?;
    let after = utf8_percent_encode(last.name.as_str(), NON_ALPHANUMERIC);
    if search.is_empty() {
        return Some(format!("/?after={after}"));
    }
    Some(format!("/?search={}&after={after}", utf8_percent_encode(search, NON_ALPHANUMERIC)))
}

fn toy(product: &Product) -> Result<Toy, ApiError> {
    let name = product.name.to_string();
    Ok(Toy {
        price: Price(product.price_cents.into()).to_string(),
        quantity: product.quantity,
        drawing: drawing(&name),
        key: new_key()?.to_string(),
        name,
    })
}

/// A reason, with a capital at its begin.
fn sentence(why: &str) -> String {
    let mut chars = why.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
