//! The parameters after the `?`.

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toystore_actors::domain::ProductName;
use toystore_actors::messages::catalog::MAX_PAGE;

use super::errors::ApiError;

/// The parameters after the `?`, each known and at most once.
///
/// # Errors
/// 400.
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    Query::from_query(request.query_string())
        .map(Query::into_inner)
        .map_err(|error| ApiError::bad_request(format!("the parameters after \"?\" are wrong: {error}")))
}

/// Refuses to list none, or more than `most`.
///
/// # Errors
/// 400.
pub fn check_limit(limit: u32, most: u32) -> Result<(), ApiError> {
    if (1..=most).contains(&limit) { Ok(()) } else { Err(too_many(most)) }
}

/// What whoever asks for none, or for more than `most`, is told.
pub fn too_many(most: u32) -> ApiError {
    ApiError::bad_request(format!("limit must be a whole number from 1 to {most}"))
}

/// The longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

/// The text to search for, without the spaces around it; empty for all products.
///
/// # Errors
/// 400.
pub fn search_text(text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    if text.chars().count() > LONGEST_SEARCH {
        return Err(ApiError::bad_request(format!("search for at most {LONGEST_SEARCH} characters")));
    }
    Ok(text.to_owned())
}

/// Which products a list is to have.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only those that follow this one, in the catalog's order.
    pub after: Option<ProductName>,
    /// How many at most.
    #[serde(default = "most_products")]
    pub limit: u32,
}

impl ListQuery {
    /// Whether it is the list that one has without parameters.
    pub fn is_usual(&self) -> bool {
        self.after.is_none() && self.limit == most_products()
    }
}

/// So many products a list has that says nothing of it.
pub fn most_products() -> u32 {
    MAX_PAGE
}

/// Reads which products a list is to have: without parameters, as many as there can be in one.
///
/// # Errors
/// 400, saying what is expected.
pub fn list_query(request: &HttpRequest) -> Result<ListQuery, ApiError> {
    let asked: ListQuery = query(request)?;
    check_limit(asked.limit, MAX_PAGE)?;
    Ok(asked)
}
