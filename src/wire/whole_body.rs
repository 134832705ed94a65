//! Bodies of answers as clients take them: whole, or not at all.
//!
//! awc takes the orderly end of a connection for the end of a body, whatever length was announced and wherever in its
//! chunks the body was. So it is checked here that nothing is missing.

use actix_web::error::PayloadError;
use actix_web::http::Version;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use awc::ClientResponse;
use bytes::Bytes;
use futures_util::Stream;
use serde::de::IgnoredAny;

/// Why there is no whole body. Whoever answered may have done what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    /// The connection broke, or the body is longer than what is taken.
    #[error("the answer broke off: {0}")]
    Broken(#[from] PayloadError),
    /// The connection ended in an orderly way, and too early.
    #[error("the answer broke off: {arrived} of {announced} bytes came")]
    Short { arrived: usize, announced: u64 },
    /// The same, of a body whose length was not announced.
    #[error("the answer broke off in the middle of its JSON, after {arrived} bytes")]
    Unfinished { arrived: usize },
    /// Nobody could tell whether anything is missing.
    #[error("the answer does not say where its body ends")]
    Endless,
}

/// A body of the length that was announced, and of at most `limit` bytes. One whose length was not announced is none.
///
/// # Errors
/// See [`NotWhole`].
pub async fn announced<S>(response: &mut ClientResponse<S>, limit: usize) -> Result<Bytes, NotWhole>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
{
    let announced = length(response.headers()).ok_or(NotWhole::Endless)?;
    let body = response.body().limit(limit).await?;
    complete(body, announced)
}

/// A body of JSON of at most `limit` bytes. Other people's stores and what stands in front of one may send it in
/// chunks, or end it with its connection: then it is whole if its JSON is.
///
/// # Errors
/// See [`NotWhole`].
pub async fn json<S>(response: &mut ClientResponse<S>, limit: usize) -> Result<Bytes, NotWhole>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
{
    if let Some(announced) = length(response.headers()) {
        let body = response.body().limit(limit).await?;
        return complete(body, announced);
    }
    // awc reads no body of such an answer.
    if response.version() == Version::HTTP_11 && !response.headers().contains_key(TRANSFER_ENCODING) {
        return Err(NotWhole::Endless);
    }
    let body = response.body().limit(limit).await?;
    match serde_json::from_slice::<IgnoredAny>(&body) {
        Err(error) if error.is_eof() => Err(NotWhole::Unfinished { arrived: body.len() }),
        // What is no JSON at all is for others to judge.
        _ => Ok(body),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn complete(body: Bytes, announced: u64) -> Result<Bytes, NotWhole> {
    let arrived = body.len();
    if u64::try_from(arrived) == Ok(announced) {
        Ok(body)
    } else {
        Err(NotWhole::Short { arrived, announced })
    }
}

/// A server for tests, which says what no decent one would.
#[cfg(test)]
pub mod doubles {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
    use std::thread;

    /// Answers each request with the next of these, then ends that connection in an orderly way.
    pub fn saying(answers: impl IntoIterator<Item = Vec<u8>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let answers: Vec<_> = answers.into_iter().collect();
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().expect("a connection");
                serve(stream, &answer).expect("a client that reads to the end");
            }
        });
        address
    }

    fn serve(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
        let mut request = BufReader::new(stream.try_clone()?);
        let mut length = 0;
        loop {
            let mut line = String::new();
            request.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        request.read_exact(&mut vec![0; length])?;
        stream.write_all(answer)?;
        // What the client has not read yet would be lost by a close right now.
        stream.shutdown(Shutdown::Write)?;
        io::copy(&mut request, &mut io::sink())?;
        Ok(())
    }

    /// A head of these lines and that body.
    pub fn answer(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body.as_ref());
        bytes
    }
}
