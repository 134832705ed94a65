//! What may be asked of the front-end, as a document for programs (OpenAPI 3.1) and as a page for people. Each room says of
//! its own operations what they are; here they are put together.

mod curl;
mod description;
mod openapi;
mod page;
mod prose;
mod reading;

pub use self::openapi::openapi;
pub use self::page::page;

#[cfg(test)]
mod tests;
