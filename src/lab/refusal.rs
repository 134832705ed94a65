//! Why the lab does not do what it is asked for.

use crate::server::http::shared::errors::ApiError;

/// Why the lab does not do what it is asked for: a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such node, action or bug.
    #[error("{0}")]
    Unknown(String),
    /// It is asked for with values that make no sense.
    #[error("{0}")]
    Wrong(String),
    /// It makes no sense as things are, or it did not work.
    #[error("{0}")]
    NotNow(String),
    /// There is too much to do already, or the store is about to stop.
    #[error("the lab has too much to do, or the store is about to stop")]
    Busy,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        let why = refusal.to_string();
        match refusal {
            Refusal::Unknown(_) => ApiError::not_found(why),
            Refusal::Wrong(_) => ApiError::bad_request(why),
            Refusal::NotNow(_) => ApiError::conflict(why),
            Refusal::Busy => ApiError::unavailable(why),
        }
    }
}
