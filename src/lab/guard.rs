//! Who may break the store: programs of this machine, and pages of this very store.
//!
//! A browser sends what any page wants to any address, 127.0.0.1 included. So the lab demands a body of JSON, which a page of
//! another origin may only send after a question (CORS) that nobody here answers; an `Origin`, where there is one, that is this
//! store's; and a `Host` that names this machine, because the name of a page may have been given our address (DNS rebinding).

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::http::uri::Authority;
use actix_web::{FromRequest, HttpRequest};

use crate::server::http::shared::errors::ApiError;

/// Says that who asks is on this machine, and no page of another origin.
pub struct FromHere;

impl FromRequest for FromHere {
    type Error = ApiError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let field = |name| {
            let value = request.headers().get(name)?;
            // What is no text is nobody's name.
            Some(value.to_str().unwrap_or("?"))
        };
        let checked = check(field(header::HOST), field(header::ORIGIN));
        ready(checked.map(|()| FromHere).map_err(ApiError::refused))
    }
}

fn check(host: Option<&str>, origin: Option<&str>) -> Result<(), String> {
    let host = host.filter(|host| is_this_machine(host)).ok_or_else(|| {
        "the lab is only for this machine: ask it as 127.0.0.1, [::1] or localhost".to_owned()
    })?;
    let own =
        |origin: &str| origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    match origin {
        Some(origin) if !own(origin) => {
            Err(format!("the lab is not for pages of other origins, and this one is from {origin}"))
        }
        _ => Ok(()),
    }
}

fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    if host.contains('@') {
        return false;
    }
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| name.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_this_store_are_let_in() {
        for (host, origin, may) in [
            (Some("127.0.0.1:8080"), None, true),
            (Some("127.0.0.2"), None, true),
            (Some("[::1]:8080"), None, true),
            (Some("localhost:8080"), None, true),
            (Some("LocalHost"), None, true),
            (None, None, false),
            (Some(""), None, false),
            (Some("toys.example:8080"), None, false),
            (Some("localhost.toys.example"), None, false),
            (Some("127.0.0.1.toys.example"), None, false),
            (Some("192.168.1.2:8080"), None, false),
            (Some("0.0.0.0:8080"), None, false),
            (Some("toys.example@127.0.0.1"), None, false),
            (Some("127.0.0.1:8080"), Some("http://127.0.0.1:8080"), true),
            (Some("localhost:8080"), Some("http://LOCALHOST:8080"), true),
            (Some("127.0.0.1:8080"), Some("http://127.0.0.1:8081"), false),
            (Some("127.0.0.1:8080"), Some("http://localhost:8080"), false),
            (Some("127.0.0.1:8080"), Some("https://127.0.0.1:8080"), false),
            (Some("127.0.0.1:8080"), Some("http://toys.example"), false),
            (Some("127.0.0.1:8080"), Some("null"), false),
            (Some("127.0.0.1:8080"), Some(""), false),
        ] {
            assert_eq!(check(host, origin).is_ok(), may, "{host:?} {origin:?}");
        }
    }
}
