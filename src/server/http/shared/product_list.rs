//! The list of products, as the front-end and the catalog answer it.

use bytes::Bytes;
use toystore_actors::domain::{Product, ProductName};

use super::errors::{ApiError, ApiResult};
use super::parameters::ListQuery;
use super::paths::no_such_product;
use super::shapes;
use super::shared_body::{SharedBody, shared};
use super::single_flight::SingleFlight;

/// Lists products. The list that most ask for is made once for all who ask for it at the same time.
#[derive(Debug, Default)]
pub struct ProductList {
    usual: SingleFlight<Result<SharedBody, ApiError>>,
}

impl ProductList {
    /// Answers who asks with what `list` finds; `None` where there is no product of the name to begin after.
    pub async fn answer(
        &self,
        asked: ListQuery,
        list: impl AsyncFnOnce(ListQuery) -> Result<Option<Vec<Product>>, ApiError>,
    ) -> ApiResult {
        if asked.is_usual() {
            return self.usual.ask(async || page(asked, list).await.map(SharedBody::new)).await.map(shared);
        }
        page(asked, list).await.map(shapes::ready_made)
    }
}

/// One page, whoever asks.
///
/// # Errors
/// 404 where there is no product of the name to begin after, and what `list` fails with.
pub async fn page(
    asked: ListQuery,
    list: impl AsyncFnOnce(ListQuery) -> Result<Option<Vec<Product>>, ApiError>,
) -> Result<Bytes, ApiError> {
    let limit = asked.limit;
    let products = list(asked).await?.ok_or_else(no_such_product)?;
    Ok(shapes::products(&products, next_product(&products, limit)))
}

/// What to give as `after` for what follows a list; nothing, when it was the last.
fn next_product(products: &[Product], limit: u32) -> Option<&ProductName> {
    let full = products.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    products.last().filter(|_| full).map(|product| &product.name)
}
