//! The head of a request: whether it is one, and how its body is framed. What is refused here is all that actix-http would
//! refuse without a word, and what it understands in another way than HTTP does.

use std::mem::MaybeUninit;

use actix_web::http::Uri;
use httparse::{Header, Request, Status};

use super::super::shared::errors::ApiError;
use super::framing::BodyFraming;
use super::limits::{MAX_HEAD, MAX_LINE};

/// As many header fields as actix-http takes.
const MAX_HEADERS: usize = 96;

/// What the bytes after a request are.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More must come.
    Partial,
    /// A head that can be handed on.
    Whole(Head),
    /// None that will be.
    Refused(ApiError),
}

/// A head that can be handed on.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Of how many bytes it is.
    pub length: usize,
    /// What follows, if anything.
    pub body: Option<BodyFraming>,
    /// The client sends the body once it is told to.
    pub waits: bool,
    /// What to hand on instead, without the fields that are for this connection alone.
    pub plain: Option<Vec<u8>>,
}

/// Reads a head.
pub fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(Status::Complete(length)) if length > MAX_HEAD => Parsed::Refused(too_large()),
        Ok(Status::Complete(length)) => match judge(&request, length) {
            Ok(head) => Parsed::Whole(head),
            Err(error) => Parsed::Refused(error),
        },
        Ok(Status::Partial) => partial(bytes).map_or(Parsed::Partial, Parsed::Refused),
        Err(error) => Parsed::Refused(malformed(error, bytes)),
    }
}

/// Whether these bytes are one request without a body, or with all of it, that can be handed on as it is.
pub fn is_one_request(bytes: &[u8]) -> bool {
    let Parsed::Whole(Head { length, body, plain: None, .. }) = parse(bytes) else { return false };
    let rest = &bytes[length..];
    match body {
        None => rest.is_empty(),
        Some(mut body) => body.take(rest) == Ok(rest.len()) && body.is_complete(),
    }
}

fn too_large() -> ApiError {
    ApiError::head_too_large(format!("the head of the request is longer than {} KiB", MAX_HEAD / 1024))
}

/// Whether what has come is too long already.
fn partial(bytes: &[u8]) -> Option<ApiError> {
    if bytes.len() >= MAX_LINE && !bytes[..MAX_LINE].contains(&b'\n') {
        return Some(ApiError::line_too_long(MAX_LINE));
    }
    (bytes.len() >= MAX_HEAD).then(too_large)
}

fn malformed(error: httparse::Error, bytes: &[u8]) -> ApiError {
    match error {
        httparse::Error::TooManyHeaders => {
            ApiError::head_too_large(format!("there are more than {MAX_HEADERS} header fields"))
        }
        httparse::Error::Version if names_version(bytes) => ApiError::unknown_version(),
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            ApiError::bad_request("a header field is not as HTTP has it")
        }
        _ => ApiError::bad_request("this is not a request of HTTP/1.1"),
    }
}

/// Whether the first line ends in the name of a version, although not one of ours.
fn names_version(bytes: &[u8]) -> bool {
    let line = bytes.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    let last = line.trim_ascii_end().rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    matches!(last, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', ..])
}

/// The fields that say how a request is framed and what the connection is for.
#[derive(Default)]
struct Fields<'a> {
    hosts: usize,
    length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
    expects: bool,
    /// There is something that must not be handed on.
    upgrades: bool,
}

fn judge(request: &Request<'_, '_>, length: usize) -> Result<Head, ApiError> {
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let current = request.version == Some(1);
    if target.len() > MAX_LINE {
        return Err(ApiError::line_too_long(MAX_LINE));
    }
    if method == "CONNECT" {
        return Err(ApiError::not_implemented("this is no proxy"));
    }
    if !is_plain(target) && Uri::try_from(target).is_err() {
        return Err(ApiError::bad_request("what is asked for is not a path"));
    }
    let fields = Fields::of(request.headers, current)?;
    if current && fields.hosts == 0 {
        return Err(ApiError::bad_request("there is no Host"));
    }
    let body = fields.body(current)?;
    if body.is_none() && !current && method == "POST" && fields.length.is_none() {
        return Err(ApiError::no_length());
    }
    let waits = fields.expects && body.is_some();
    let plain = (fields.expects || fields.upgrades).then(|| without_offers(request));
    Ok(Head { length, body, waits, plain })
}

/// Whether it is a path that need not be taken apart to see that it is one; nearly all are.
fn is_plain(target: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?&=+".contains(&byte);
    target.starts_with('/') && target.bytes().all(plain)
}

impl<'a> Fields<'a> {
    fn of(headers: &[Header<'a>], current: bool) -> Result<Fields<'a>, ApiError> {
        let mut fields = Fields::default();
        for &Header { name, value } in headers {
            // Almost no field has the length of one of these names.
            match name.len() {
                4 if name.eq_ignore_ascii_case("host") => fields.hosts += 1,
                6 if name.eq_ignore_ascii_case("expect") => fields.expect(value, current)?,
                7 if name.eq_ignore_ascii_case("upgrade") => fields.upgrades = true,
                10 if name.eq_ignore_ascii_case("connection") => {
                    fields.upgrades |= list(value).any(is_offer);
                }
                14 if name.eq_ignore_ascii_case("http2-settings") => fields.upgrades = true,
                14 if name.eq_ignore_ascii_case("content-length") => once(&mut fields.length, value, name)?,
                17 if name.eq_ignore_ascii_case("transfer-encoding") => {
                    once(&mut fields.coding, value, name)?;
                }
                _ => {}
            }
        }
        if fields.hosts > 1 {
            return Err(ApiError::bad_request("there is more than one Host"));
        }
        Ok(fields)
    }

    /// HTTP/1.0 does not know the field, so it is not looked at there.
    fn expect(&mut self, value: &[u8], current: bool) -> Result<(), ApiError> {
        self.upgrades |= !current;
        self.expects = current;
        let known = |item: &[u8]| item.eq_ignore_ascii_case(b"100-continue");
        if current && !list(value).all(known) { Err(ApiError::unknown_expectation()) } else { Ok(()) }
    }

    fn body(&self, current: bool) -> Result<Option<BodyFraming>, ApiError> {
        match (self.length, self.coding) {
            (Some(_), Some(_)) => {
                Err(ApiError::bad_request("there are both Content-Length and Transfer-Encoding; send one"))
            }
            (None, Some(_)) if !current => {
                Err(ApiError::bad_request("HTTP/1.0 has no Transfer-Encoding; send a Content-Length"))
            }
            (None, Some(coding)) if coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => {
                Ok(Some(BodyFraming::chunked()))
            }
            (None, Some(_)) => Err(ApiError::not_implemented("the only Transfer-Encoding here is chunked")),
            (Some(length), None) => {
                let length = number(length)
                    .ok_or_else(|| ApiError::bad_request("Content-Length is not a number of bytes"))?;
                Ok((length > 0).then_some(BodyFraming::Length(length)))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Two of them, even of the same value, may be read in different ways by whoever else reads them.
fn once<'a>(place: &mut Option<&'a [u8]>, value: &'a [u8], name: &str) -> Result<(), ApiError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ApiError::bad_request(format!("there is more than one {name}"))),
    }
}

/// Digits and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(value.trim_ascii()).ok()?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether an option of Connection goes with an offer of another protocol. Such an offer may be ignored (RFC 9110, 7.8), but
/// actix-http would take it as the end of the connection.
fn is_offer(option: &[u8]) -> bool {
    option.eq_ignore_ascii_case(b"upgrade") || option.eq_ignore_ascii_case(b"http2-settings")
}

/// The same head without offers of other protocols, which are not taken, and without Expect, which is answered here.
fn without_offers(request: &Request<'_, '_>) -> Vec<u8> {
    let mut plain = Vec::with_capacity(512);
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let version = if request.version == Some(1) { "1.1" } else { "1.0" };
    plain.extend_from_slice(format!("{method} {target} HTTP/{version}\r\n").as_bytes());
    for Header { name, value } in &*request.headers {
        let dropped = ["expect", "upgrade", "http2-settings"];
        if dropped.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)) {
            continue;
        }
        let kept = if name.eq_ignore_ascii_case("connection") {
            list(value).filter(|option| !is_offer(option)).collect::<Vec<_>>().join(&b", "[..])
        } else {
            value.to_vec()
        };
        plain.extend_from_slice(name.as_bytes());
        plain.extend_from_slice(b": ");
        plain.extend_from_slice(&kept);
        plain.extend_from_slice(b"\r\n");
    }
    plain.extend_from_slice(b"\r\n");
    plain
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    fn status(text: &[u8]) -> u16 {
        match parse(text) {
            Parsed::Refused(error) => error.status_code().as_u16(),
            Parsed::Whole(_) => 200,
            Parsed::Partial => 0,
        }
    }

    #[test]
    fn heads_are_read_strictly() {
        let long_path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(MAX_LINE));
        let long_line = "x".repeat(MAX_LINE);
        let long_field = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(MAX_HEAD));
        let endless = &long_field[..MAX_HEAD];
        let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(MAX_HEADERS));
        for (text, expected) in [
            ("", 0),
            ("GET / HT", 0),
            ("GET / HTTP/1.1\r\nHost: x\r\n", 0),
            ("\r\n\r\n", 0),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("GET / HTTP/1.1\nHost: x\n\n", 200),
            ("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("GET http://x/y HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("HELLO\r\n\r\n", 400),
            ("GET /\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET \0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /a<b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n z\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n", 400),
            ("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            ("GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            ("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
            (&long_path, 414),
            (&long_line, 414),
            (&long_field, 431),
            (endless, 431),
            (&many, 431),
            ("POST / HTTP/1.0\r\n\r\n", 411),
            ("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", 200),
            ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
            ),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: a-pony\r\n\r\n", 417),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue, a-pony\r\n\r\n", 417),
            ("GET / HTTP/1.0\r\nExpect: a-pony\r\n\r\n", 200),
        ] {
            assert_eq!(status(text.as_bytes()), expected, "{text:.100}");
        }
        assert_eq!(status(&[0xff; 100]), 400);
    }

    #[test]
    fn bodies_are_framed_as_announced() {
        for (fields, body, waits) in [
            ("", None, false),
            ("Content-Length: 0\r\n", None, false),
            ("content-LENGTH:  7 \r\n", Some(BodyFraming::Length(7)), false),
            ("Transfer-Encoding: Chunked\r\n", Some(BodyFraming::chunked()), false),
            ("Content-Length: 7\r\nExpect: 100-Continue\r\n", Some(BodyFraming::Length(7)), true),
            ("Expect: 100-continue\r\n", None, false),
        ] {
            let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\nxyz");
            let Parsed::Whole(head) = parse(text.as_bytes()) else { panic!("{fields:?}") };
            assert_eq!((head.length, head.body, head.waits), (text.len() - 3, body, waits), "{fields:?}");
            assert_eq!(head.plain.is_some(), fields.contains("Expect"), "{fields:?}");
        }
    }

    #[test]
    fn offers_are_not_handed_on() {
        for (fields, left) in [
            (
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n",
                "Connection: \r\n",
            ),
            ("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", "Connection: keep-alive\r\n"),
            ("Connection: close, upgrade\r\nX: y\r\n", "Connection: close\r\nX: y\r\n"),
            ("Expect: 100-continue\r\nX: y\r\n", "X: y\r\n"),
        ] {
            let text = format!("GET /a?b HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
            let Parsed::Whole(head) = parse(text.as_bytes()) else { panic!("{fields:?}") };
            let plain = String::from_utf8(head.plain.expect("another head")).expect("text");
            assert_eq!(plain, format!("GET /a?b HTTP/1.1\r\nHost: x\r\n{left}\r\n"));
        }
    }
}
