//! The store as its clients see it: requests over HTTP, each repeated until there is a definite answer.

use std::fmt;
use std::time::{Duration, Instant};

use actix_web::http::Uri;
use actix_web::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use awc::{Client, Connector};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::wire::answers::NewOrder;
use crate::wire::{answers, whole_body};

/// Everything but RFC 3986's unreserved characters.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How long one attempt may take: longer than a front-end keeps a request (5 s by default), so that the
/// store's own 503 comes first.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause before the next attempt, whatever `Retry-After` says: its unit is a second, and most
/// takeovers are over long before.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
const MAX_BODY_BYTES: usize = 16 << 20;

/// A request that may be repeated without harm.
#[derive(Debug, Clone, Copy)]
pub enum StoreRequest<'a> {
    /// The products that follow this one in the catalog; all of them, or as many as there can be in one answer.
    Products {
        /// `None` to begin with the first.
        after: Option<&'a str>,
    },
    /// One product.
    Product(&'a str),
    /// An order under its key, which makes a repeated request harmless.
    Order {
        /// The Idempotency-Key.
        key: &'a str,
        /// The product, and how much of it.
        order: &'a NewOrder<'a>,
    },
    /// One order by its number.
    Lookup(u64),
}

impl StoreRequest<'_> {
    fn method(&self) -> Method {
        match self {
            StoreRequest::Order { .. } => Method::POST,
            _ => Method::GET,
        }
    }

    fn path(&self) -> String {
        match self {
            StoreRequest::Products { after: None } => "/products".into(),
            StoreRequest::Products { after: Some(name) } => {
                format!("/products?after={}", utf8_percent_encode(name, PATH_SEGMENT))
            }
            // A path of "." or ".." would be folded away by whoever normalizes it.
            StoreRequest::Product(name @ ("." | "..")) => format!("/products/{}", name.replace('.', "%2E")),
            StoreRequest::Product(name) => format!("/products/{}", utf8_percent_encode(name, PATH_SEGMENT)),
            StoreRequest::Order { .. } => "/orders".into(),
            StoreRequest::Lookup(number) => format!("/orders/{number}"),
        }
    }
}

impl fmt::Display for StoreRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.path())
    }
}

/// A definite answer: any status but 503 and 408.
#[derive(Debug)]
pub struct DefiniteAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body, whole.
    pub body: Bytes,
}

/// A request and all its attempts, finished.
#[derive(Debug)]
pub struct FinishedRequest {
    /// The answer; or, when the deadline passed without one, the reason of the last attempt's failure.
    pub answer: Result<DefiniteAnswer, String>,
    /// How many attempts were made.
    pub attempts: u32,
    /// From the first attempt's start to the last one's end.
    pub took: Duration,
}

/// Why one attempt has no definite answer.
enum Unanswered {
    /// The store says so, and when to come again.
    Unavailable { message: String, after: Option<Duration> },
    /// Nobody listens, the connection broke, or the answer did not come in time.
    Broken(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unanswered::Unavailable { message, .. } => write!(f, "503: {message}"),
            Unanswered::Broken(why) => f.write_str(why),
        }
    }
}

/// The address of a store, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl std::str::FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<StoreUrl, String> {
        let url: Uri = text.parse().map_err(|error| format!("it is not a URL ({error})"))?;
        let bare = url.path() == "/" && url.query().is_none();
        match (url.scheme_str(), url.authority()) {
            (Some("http"), Some(_)) if bare => Ok(StoreUrl(text.trim_end_matches('/').to_owned())),
            (Some("http"), Some(_)) => Err("it has a path; write http://HOST:PORT only".into()),
            (Some("https"), _) => Err("the store speaks plain http; write http://HOST:PORT".into()),
            _ => Err("write http://HOST:PORT".into()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A store to shop in.
#[derive(Clone)]
pub struct StoreClient {
    client: Client,
    url: StoreUrl,
    deadline: Duration,
}

impl StoreClient {
    /// A store at `url` for up to `connections` requests at once, each given `deadline` with all its attempts.
    pub fn new(url: StoreUrl, connections: usize, deadline: Duration) -> StoreClient {
        let connector = Connector::new().limit(connections).timeout(ATTEMPT_LIMIT);
        // Time runs in `attempt`, which covers the body as well.
        let client = Client::builder().connector(connector).disable_timeout().disable_redirects().finish();
        StoreClient { client, url, deadline }
    }

    /// Asks until there is a definite answer or the deadline has passed.
    pub async fn ask(&self, request: &StoreRequest<'_>) -> FinishedRequest {
        self.ask_within(request, self.deadline).await
    }

    /// As [`StoreClient::ask`], with a deadline of its own.
    pub async fn ask_within(&self, request: &StoreRequest<'_>, deadline: Duration) -> FinishedRequest {
        let started = Instant::now();
        let mut attempts = 0;
        let mut pause = FIRST_PAUSE;
        loop {
            attempts += 1;
            let left = deadline.saturating_sub(started.elapsed());
            let later = match self.attempt(request, left.min(ATTEMPT_LIMIT)).await {
                Ok(answer) => {
                    return FinishedRequest { answer: Ok(answer), attempts, took: started.elapsed() };
                }
                Err(later) => later,
            };
            let wait = next_pause(&later, pause);
            if started.elapsed() + wait >= deadline {
                return FinishedRequest { answer: Err(later.to_string()), attempts, took: started.elapsed() };
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(
        &self,
        request: &StoreRequest<'_>,
        limit: Duration,
    ) -> Result<DefiniteAnswer, Unanswered> {
        tokio::time::timeout(limit, self.send(request))
            .await
            .unwrap_or_else(|_| Err(Unanswered::Broken(format!("no answer within {} ms", limit.as_millis()))))
    }

    async fn send(&self, request: &StoreRequest<'_>) -> Result<DefiniteAnswer, Unanswered> {
        let to_send = self.client.request(request.method(), format!("{}{}", self.url, request.path()));
        let sent = match request {
            StoreRequest::Order { key, order } => {
                let body =
                    serde_json::to_vec(order).map_err(|error| Unanswered::Broken(error.to_string()))?;
                let to_send = to_send.insert_header(("Idempotency-Key", *key));
                to_send.insert_header((CONTENT_TYPE, "application/json")).send_body(body)
            }
            _ => to_send.send(),
        };
        let mut response = sent.await.map_err(|error| Unanswered::Broken(error.to_string()))?;
        let header = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let (location, retry_after) = (header(LOCATION), header(RETRY_AFTER));
        let body = whole_body::json(&mut response, MAX_BODY_BYTES).await;
        let body = body.map_err(|error| Unanswered::Broken(error.to_string()))?;
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            let message = answers::error(503, &body).unwrap_or_else(|malformed| malformed);
            let after = retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
            return Err(Unanswered::Unavailable { message, after });
        }
        if response.status() == StatusCode::REQUEST_TIMEOUT {
            // The store closes a connection on which it saw no request in time, for example because it
            // was suspended. It took no notice of this one (RFC 9110, 15.5.9).
            return Err(Unanswered::Broken(
                "the store closed the connection before it had the request".into(),
            ));
        }
        Ok(DefiniteAnswer { status: response.status().as_u16(), location, body })
    }
}

/// How long to wait before the next attempt: what the store asks for, else `usual`; never longer than
/// [`LONGEST_PAUSE`], never a busy loop.
fn next_pause(later: &Unanswered, usual: Duration) -> Duration {
    match later {
        Unanswered::Unavailable { after: Some(after), .. } => (*after).clamp(FIRST_PAUSE, LONGEST_PAUSE),
        _ => usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::whole_body::doubles::{answer, saying};

    /// What did not arrive whole is asked for again, and is no fault of what the store says.
    #[test]
    fn an_answer_that_was_cut_is_none() {
        let list = r#"{"data":[1,2]}"#;
        let all = list.len();
        let with_length = |body: &str, length| answer(&format!("200 OK\r\nContent-Length: {length}"), body);
        let chunked = |body: &str| answer("200 OK\r\nTransfer-Encoding: chunked", body);
        let rows: Vec<(&str, Vec<u8>, Result<&str, &str>)> = vec![
            ("whole", with_length(list, all), Ok(list)),
            ("cut", with_length(&list[..5], all), Err("broke off: 5 of 14 bytes came")),
            ("cut where it could end", with_length("[1,2]", 100), Err("broke off: 5 of 100 bytes came")),
            ("no byte of it", with_length("", 100), Err("broke off: 0 of 100 bytes came")),
            ("two chunks", chunked("5\r\n{\"dat\r\n9\r\na\":[1,2]}\r\n0\r\n\r\n"), Ok(list)),
            (
                "cut between two chunks",
                chunked("5\r\n{\"dat\r\n"),
                Err("in the middle of its JSON, after 5 bytes"),
            ),
            ("cut within a chunk", chunked("9\r\n{\"dat"), Err("in the middle of its JSON, after 5 bytes")),
            ("cut within a chunk's head", chunked("5\r\n{\"dat\r\n9"), Err("broke off")),
            ("cut before the last chunk, which says nothing", chunked("e\r\n{\"data\":[1,2]}\r\n"), Ok(list)),
            ("no JSON, in chunks", chunked("6\r\n<html>\r\n0\r\n\r\n"), Ok("<html>")),
            ("the end of the connection", [b"HTTP/1.0 200 OK\r\n\r\n", list.as_bytes()].concat(), Ok(list)),
            (
                "the end came too early",
                b"HTTP/1.0 200 OK\r\n\r\n{\"da".to_vec(),
                Err("in the middle of its JSON"),
            ),
            ("no word about its length", answer("200 OK", list), Err("does not say where its body ends")),
            ("nothing", Vec::new(), Err("")),
        ];
        actix::System::new().block_on(async {
            for (label, answer, expected) in rows {
                let url = format!("http://{}", saying([answer])).parse().expect("a good address");
                let store = StoreClient::new(url, 1, Duration::from_secs(10));
                let answer =
                    store.attempt(&StoreRequest::Products { after: None }, Duration::from_secs(10)).await;
                match (answer, expected) {
                    (Ok(answer), Ok(body)) => assert_eq!(answer.body, body, "{label}"),
                    (Err(later), Err(part)) => assert!(later.to_string().contains(part), "{label}: {later}"),
                    (Ok(answer), Err(_)) => panic!("{label}: {answer:?}"),
                    (Err(later), Ok(_)) => panic!("{label}: {later}"),
                }
            }
        });
    }

    /// The attempt after a cut one has the answer.
    #[test]
    fn a_cut_answer_is_asked_for_again() {
        let whole = r#"{"data":[]}"#;
        let head = "200 OK\r\nContent-Length: 11";
        let address = saying([answer(head, "{"), answer(head, ""), answer(head, whole)]);
        actix::System::new().block_on(async {
            let url = format!("http://{address}").parse().expect("a good address");
            let asked = StoreClient::new(url, 1, Duration::from_secs(10))
                .ask(&StoreRequest::Products { after: None })
                .await;
            assert_eq!((asked.attempts, asked.answer.expect("an answer").body), (3, Bytes::from(whole)));
        });
    }

    #[test]
    fn urls_name_a_host_and_nothing_more() {
        for (text, ok) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.0.0.1:8080/", true),
            ("http://shop.example", true),
            ("http://[::1]:8080", true),
            ("https://127.0.0.1:8080", false),
            ("127.0.0.1:8080", false),
            ("http://127.0.0.1:8080/products", false),
            ("http://127.0.0.1:8080/?x", false),
            ("ftp://127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<StoreUrl>().is_ok(), ok, "{text:?}");
        }
    }

    #[test]
    fn any_name_makes_one_path_segment() {
        for (name, path) in [
            ("Tux", "/products/Tux"),
            ("Rubik's Cube", "/products/Rubik%27s%20Cube"),
            ("a/b?c#d", "/products/a%2Fb%3Fc%23d"),
            ("Ünï", "/products/%C3%9Cn%C3%AF"),
            ("50%", "/products/50%25"),
            ("..", "/products/%2E%2E"),
        ] {
            assert_eq!(StoreRequest::Product(name).path(), path);
        }
    }

    #[test]
    fn the_store_may_ask_for_a_pause_but_not_a_long_one() {
        let unavailable = |after: Option<u64>| Unanswered::Unavailable {
            message: String::new(),
            after: after.map(Duration::from_secs),
        };
        for (later, usual, expected) in [
            (unavailable(Some(1)), 40, 250),
            (unavailable(Some(0)), 40, 20),
            (unavailable(None), 40, 40),
            (Unanswered::Broken(String::new()), 80, 80),
        ] {
            let pause = next_pause(&later, Duration::from_millis(usual));
            assert_eq!(pause, Duration::from_millis(expected), "{later}");
        }
    }
}
