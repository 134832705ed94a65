//! Where an answer ends, and whether it is the one wanted: just enough of HTTP/1.1 and RESP.

use anyhow::{Context, Result, bail};
use memchr::memmem;

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1 with a content length.
    Http,
    /// Redis' protocol: one bulk string.
    Resp,
}

/// A complete answer at the start of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its bytes.
    pub length: usize,
    /// A 2xx, or a string that is there.
    pub ok: bool,
}

impl Wire {
    /// The answer at the start of the buffer, if all of it is there.
    ///
    /// # Errors
    /// When the bytes are no such answer.
    pub fn answer(self, buffer: &[u8]) -> Result<Option<Answer>> {
        match self {
            Wire::Http => http(buffer),
            Wire::Resp => resp(buffer),
        }
    }
}

fn http(buffer: &[u8]) -> Result<Option<Answer>> {
    let Some(head) = memmem::find(buffer, b"\r\n\r\n") else { return Ok(None) };
    let class = *buffer.get(9).context("an answer without a status")?;
    let length = content_length(&buffer[..head])?;
    let length = head + 4 + length;
    Ok((buffer.len() >= length).then_some(Answer { length, ok: class == b'2' }))
}

fn content_length(head: &[u8]) -> Result<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut rest = head;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        rest = &rest[end + 1..];
        if rest.len() > NAME.len() && rest[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return Ok(digits(rest[NAME.len()..].trim_ascii_start()));
        }
    }
    bail!("an answer without a content length: {}", String::from_utf8_lossy(head))
}

fn resp(buffer: &[u8]) -> Result<Option<Answer>> {
    let Some(line) = memmem::find(buffer, b"\r\n") else { return Ok(None) };
    match buffer[0] {
        b'$' if buffer[1] == b'-' => Ok(Some(Answer { length: line + 2, ok: false })),
        b'$' => {
            let length = line + 2 + digits(&buffer[1..line]) + 2;
            Ok((buffer.len() >= length).then_some(Answer { length, ok: true }))
        }
        b'+' => Ok(Some(Answer { length: line + 2, ok: true })),
        b'-' => Ok(Some(Answer { length: line + 2, ok: false })),
        _ => bail!("no RESP string: {}", String::from_utf8_lossy(&buffer[..line])),
    }
}

/// The number that the bytes start with.
fn digits(bytes: &[u8]) -> usize {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, byte| number * 10 + usize::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_says() {
        for (wire, text, expected) in [
            (Wire::Http, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP", Some((40, true))),
            (Wire::Http, "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", Some((38, false))),
            (Wire::Http, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", None),
            (Wire::Http, "HTTP/1.1 200 OK\r\nconte", None),
            (Wire::Resp, "$2\r\nhi\r\n", Some((8, true))),
            (Wire::Resp, "$2\r\nhi", None),
            (Wire::Resp, "$-1\r\n", Some((5, false))),
            (Wire::Resp, "+OK\r\n", Some((5, true))),
            (Wire::Resp, "-ERR no\r\n", Some((9, false))),
        ] {
            let answer = wire.answer(text.as_bytes()).expect(text);
            assert_eq!(answer.map(|answer| (answer.length, answer.ok)), expected, "{text:?}");
        }
        assert!(Wire::Http.answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
