//! How the API's document tells of answers. They are put together here from the very errors and values that are sent, so
//! that an example in the document is an answer of the store.

use std::collections::BTreeMap;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{AdditionalProperties, Array, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, Object, Ref, RefOr, Response, ResponseBuilder};

use super::errors::ApiError;
use crate::wire::answers::Failed;

/// Answers by their status, as `utoipa` has them.
pub type Told = BTreeMap<String, RefOr<Response>>;

/// Names the answers of an operation, for `#[utoipa::path]`.
macro_rules! told {
    ($($(#[$doc:meta])* $name:ident: $answers:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> $crate::server::http::shared::documented::Told {
                $answers.told()
            }
        }
    )*};
}

pub(in crate::server::http) use told;

/// The answers of one operation, one added to the other.
#[derive(Default)]
pub struct Answers(Told);

impl Answers {
    /// An answer of JSON, with examples of whole bodies, each with what it shows.
    pub fn json(
        self,
        status: StatusCode,
        what: &str,
        schema: impl Into<RefOr<Schema>>,
        examples: &[(&str, Value)],
    ) -> Answers {
        self.body(status, what, "application/json", content(schema, examples))
    }

    /// An answer of text, with an example.
    pub fn text(self, status: StatusCode, what: &str, kind: &str, example: &str) -> Answers {
        let schema = Object::with_type(Type::String);
        self.body(status, what, kind, content(schema, &[("", Value::from(example))]))
    }

    fn body(mut self, status: StatusCode, what: &str, kind: &str, content: Content) -> Answers {
        let response = answer(status, what).content(kind, content).build();
        self.0.insert(status.as_str().to_owned(), response.into());
        self
    }

    /// Refusals, each with when it is given; those of one status are examples of one answer.
    pub fn refused(mut self, reasons: &[(&str, ApiError)]) -> Answers {
        let mut by_status: BTreeMap<StatusCode, Vec<(&str, Value)>> = BTreeMap::new();
        for (when, error) in reasons {
            by_status.entry(error.status_code()).or_default().push((when, error.body()));
        }
        for (status, examples) in by_status {
            self = self.json(status, meaning(status), schema::<Failed>(), &examples);
        }
        self
    }

    /// A header that these answers have each time.
    pub fn with(mut self, statuses: &[StatusCode], name: &str, header: &Header) -> Answers {
        for status in statuses {
            if let Some(RefOr::T(response)) = self.0.get_mut(status.as_str()) {
                response.headers.insert(name.to_owned(), header.clone().into());
            }
        }
        self
    }

    /// All of them.
    pub fn told(self) -> Told {
        self.0
    }
}

/// What a type looks like, by its name in the document.
pub fn schema<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// `{"data":…}` around that.
pub fn data_of<T: ToSchema>() -> Object {
    around(schema::<T>())
}

/// `{"data":[…]}` around that.
pub fn list_of<T: ToSchema>() -> Object {
    around(Array::new(schema::<T>()))
}

/// `{"data":[…]}` around texts.
pub fn list_of_texts() -> Object {
    around(Array::new(Object::with_type(Type::String)))
}

/// `{"data":…}` around a schema, and nothing beside it.
pub fn around(inner: impl Into<RefOr<Schema>>) -> Object {
    let object = ObjectBuilder::new().property("data", inner).required("data");
    object.additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false))).build()
}

/// A header that is there each time, of text.
pub fn header(what: &str, example: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]);
    // utoipa has no word for that it is there each time. Without it, nobody who checks the answers misses one.
    let each_time = Extensions::from_iter([("required", true)]);
    HeaderBuilder::new().schema(Some(text)).description(Some(what)).extensions(Some(each_time)).build()
}

/// Under which name the document has the header that all answers have.
pub const NO_STORE: &str = "NoStore";

fn answer(status: StatusCode, what: &str) -> ResponseBuilder {
    let answer = ResponseBuilder::new()
        .description(what)
        .header_ref("Cache-Control", Ref::new(format!("#/components/headers/{NO_STORE}")));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            answer.header("Allow", header("the methods that the path has", "GET, HEAD, OPTIONS"))
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            answer.header("Retry-After", header("after how many seconds to ask again", "1"))
        }
        StatusCode::UNAUTHORIZED => answer.header("WWW-Authenticate", header("what is wanted", "Bearer")),
        _ => answer,
    }
}

fn content(schema: impl Into<RefOr<Schema>>, examples: &[(&str, Value)]) -> Content {
    let content = ContentBuilder::new().schema(Some(schema));
    match examples {
        [(_, only)] => content.example(Some(only.clone())).build(),
        _ => content.examples_from_iter(examples.iter().map(example)).build(),
    }
}

/// Its name is what it shows, which may be a sentence.
fn example((what, value): &(&str, Value)) -> (String, Example) {
    (what.replace(' ', "-"), ExampleBuilder::new().summary(*what).value(Some(value.clone())).build())
}

/// What a refusal of this status says, whatever was asked for.
fn meaning(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "What was sent cannot be understood.",
        StatusCode::UNAUTHORIZED => "The cluster's token is missing.",
        StatusCode::FORBIDDEN => "What was sent is not the cluster's token.",
        StatusCode::NOT_FOUND => "There is no such thing.",
        StatusCode::METHOD_NOT_ALLOWED => "The path does not have this method.",
        StatusCode::REQUEST_TIMEOUT => "The request was not complete in time.",
        StatusCode::CONFLICT => "It contradicts what is, and nothing was done.",
        StatusCode::LENGTH_REQUIRED => "Where the body of a request of HTTP/1.0 ends is not said.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too long.",
        StatusCode::URI_TOO_LONG => "The first line is too long.",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "The body is not JSON, or is packed.",
        StatusCode::EXPECTATION_FAILED => "Something other than to be told to go on is expected.",
        StatusCode::UNPROCESSABLE_ENTITY => "The same was said of something else before.",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "The head is too long, or has too many fields.",
        StatusCode::NOT_IMPLEMENTED => "No path does this.",
        StatusCode::SERVICE_UNAVAILABLE => "Not now, or not known. Ask again.",
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => "Another version of HTTP than 1.1 or 1.0.",
        _ => "It was refused.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_of_one_status_are_examples_of_one_answer() {
        let told = Answers::default()
            .refused(&[
                ("a limit", ApiError::bad_request("limit must be 1")),
                ("a name", ApiError::bad_request("the name is empty")),
                ("too much to do", ApiError::unavailable("too many")),
            ])
            .with(&[StatusCode::BAD_REQUEST, StatusCode::CONFLICT], "X-Told", &header("a header", "a"))
            .told();
        let told = serde_json::to_value(told).expect("the document is JSON");
        assert_eq!(told.as_object().map(|told| told.len()), Some(2), "{told}");
        let refused = &told["400"];
        assert_eq!(
            refused["content"]["application/json"]["examples"]["a-name"]["value"],
            json!({ "error": { "code": 400, "message": "the name is empty" } })
        );
        assert_eq!(refused["headers"]["X-Told"]["required"], json!(true));
        assert_eq!(told["503"]["headers"]["Retry-After"]["required"], json!(true));
        assert_eq!(told["503"]["content"]["application/json"]["example"]["error"]["code"], json!(503));
    }
}
