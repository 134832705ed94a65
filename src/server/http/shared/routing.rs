//! Resources, which say which methods they have.

use actix_web::web;
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route};

use actix_web::http::Method;

use super::errors::ApiError;
use super::shapes;

/// A resource that is read, and has no other method.
pub fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .route(options("GET, HEAD, OPTIONS"))
        .default_service(method_not_allowed("GET, HEAD, OPTIONS"))
}

/// A resource that is posted to, and has no other method.
pub fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::post().to(handler))
        .route(options("POST, OPTIONS"))
        .default_service(method_not_allowed("POST, OPTIONS"))
}

/// What a resource tells of its methods.
pub fn options(allow: &'static str) -> Route {
    web::method(Method::OPTIONS).to(move || async move { shapes::options(allow) })
}

/// What a resource does with all other methods.
pub fn method_not_allowed(allow: &'static str) -> Route {
    web::to(move || async move { Err::<HttpResponse, _>(ApiError::method_not_allowed(allow)) })
}
