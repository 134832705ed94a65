//! The `Idempotency-Key` of an order: its request id, as HTTP has it.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use toystore_actors::domain::RequestId;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::{NoContext, Timestamp, Uuid};

use super::super::shared::errors::ApiError;

/// The request id that a shopper sent, if any. The IETF's draft of the header has it in quotes; with them it is the same key.
///
/// # Errors
/// 400 when it is sent twice, or is not 1 to 64 visible ASCII characters.
pub fn sent(request: &HttpRequest) -> Result<Option<RequestId>, ApiError> {
    let mut given = request.headers().get_all("idempotency-key");
    let Some(key) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(ApiError::bad_request("there are two Idempotency-Key headers; send one"));
    }
    // A value that is not ASCII cannot be a key; the empty text stands for it in the message.
    let key = key.to_str().unwrap_or_default();
    let bare = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(key);
    Ok(Some(RequestId::new(bare)?))
}

/// The header, for the API's document.
pub struct KeyHeader;

impl IntoParams for KeyHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let visible = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,64}$"));
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "1 to 64 visible ASCII characters of your choice, with or without quotes around them. Without one the store \
                 makes one, and names it in the answer: whoever has no answer has no key.",
            ))
            .schema(Some(visible))
            .example(Some("a5d8".into()));
        vec![header.build()]
    }
}

/// A request id that nobody else has. It begins with the time (UUID version 7), so that the ids of a batch
/// stand side by side in every index of request ids, and a commit writes one page for them instead of one for
/// each.
pub fn new() -> Result<RequestId, ApiError> {
    // Uuid::now_v7 panics where the clock is before 1970.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = Timestamp::from_unix(NoContext, since.as_secs(), since.subsec_nanos());
    Ok(RequestId::new(Uuid::new_v7(time).as_simple().to_string())?)
}
