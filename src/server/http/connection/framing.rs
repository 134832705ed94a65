//! Where the body of a request ends.

/// What there is of a body still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
}

/// The place in a body of chunks (RFC 9112, 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks {
    place: Place,
    /// Bytes of this chunk that are still to come.
    left: u64,
    /// Bytes of extensions and trailers that may still come; nobody here reads them.
    spare: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    ServerSize,
    MoreSize,
    AfterSize,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    LineStart,
    Trailer,
    TrailerLf,
    EndLf,
    End,
}

/// A body that is not framed as it was announced.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

impl Body {
    /// A body of chunks.
    pub fn chunked() -> Body {
        Body::Chunked(Chunks { place: Place::ServerSize, left: 0, spare: 4096 })
    }

    /// Takes what belongs to the body, and says how much that was.
    ///
    /// # Errors
    /// When it is no body.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        match self {
            Body::Length(left) => Ok(skip(left, bytes.len())),
            Body::Chunked(chunks) => chunks.take(bytes),
        }
    }

    /// Whether nothing more belongs to it.
    pub fn is_complete(&self) -> bool {
        match self {
            Body::Length(left) => *left == 0,
            Body::Chunked(chunks) => chunks.place == Place::End,
        }
    }
}

/// Takes as many as there are, and as are left.
fn skip(left: &mut u64, there: usize) -> usize {
    let taken = usize::try_from(*left).map_or(there, |left| left.min(there));
    *left -= taken as u64;
    taken
}

impl Chunks {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut at = 0;
        while at < bytes.len() && self.place != Place::End {
            if self.place == Place::Data {
                at += skip(&mut self.left, bytes.len() - at);
                if self.left == 0 {
                    self.place = Place::DataCr;
                }
            } else {
                self.place = self.step(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<Place, Broken> {
        match (self.place, byte) {
            (Place::ServerSize, _) => self.digit(byte),
            (Place::MoreSize, b'\r') => Ok(Place::SizeEnd),
            (Place::MoreSize | Place::AfterSize, b' ' | b'\t') => self.spend(Place::AfterSize),
            (Place::MoreSize | Place::AfterSize, b';') => self.spend(Place::Extension),
            (Place::MoreSize, _) => self.digit(byte),
            (Place::AfterSize | Place::Extension, b'\r') => Ok(Place::SizeEnd),
            (Place::Extension, b'\t' | b' '..=b'~' | 0x80..) => self.spend(Place::Extension),
            (Place::SizeEnd, b'\n') if self.left > 0 => Ok(Place::Data),
            (Place::SizeEnd, b'\n') => Ok(Place::LineStart),
            (Place::DataCr, b'\r') => Ok(Place::DataLf),
            (Place::DataLf, b'\n') => Ok(Place::ServerSize),
            (Place::LineStart, b'\r') => Ok(Place::EndLf),
            (Place::Trailer, b'\r') => Ok(Place::TrailerLf),
            (Place::LineStart | Place::Trailer, b'\t' | b' '..=b'~' | 0x80..) => self.spend(Place::Trailer),
            (Place::TrailerLf, b'\n') => Ok(Place::LineStart),
            (Place::EndLf, b'\n') => Ok(Place::End),
            _ => Err(Broken),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<Place, Broken> {
        let digit = char::from(byte).to_digit(16).ok_or(Broken)?;
        let high =
            if self.place == Place::ServerSize { 0 } else { self.left.checked_mul(16).ok_or(Broken)? };
        self.left = high + u64::from(digit);
        Ok(Place::MoreSize)
    }

    fn spend(&mut self, place: Place) -> Result<Place, Broken> {
        self.spare = self.spare.checked_sub(1).ok_or(Broken)?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of the text the body takes, when it comes in pieces of this size; none when it is broken.
    fn taken(mut body: Body, text: &[u8], piece: usize) -> Option<(usize, bool)> {
        let mut all = 0;
        for piece in text.chunks(piece) {
            let taken = body.take(piece).ok()?;
            all += taken;
            if taken < piece.len() {
                break;
            }
        }
        Some((all, body.is_complete()))
    }

    #[test]
    fn bodies_end_where_they_say() {
        let spare = format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(4000));
        let wasteful = format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(5000));
        for (body, text, expected) in [
            (Body::Length(3), "abcdef", Some((3, true))),
            (Body::Length(3), "ab", Some((2, false))),
            (Body::Length(u64::MAX), "ab", Some((2, false))),
            (Body::chunked(), "3\r\nabc\r\n0\r\n\r\nGET", Some((13, true))),
            (Body::chunked(), "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", Some((37, true))),
            (Body::chunked(), "3 ;a=\"b\"\r\nabc\r\n000\r\nX: y\r\nZ: \r\n\r\nGET", Some((33, true))),
            (Body::chunked(), &spare, Some((spare.len(), true))),
            (Body::chunked(), &wasteful, None),
            (Body::chunked(), "3\r\nab", Some((5, false))),
            (Body::chunked(), "3\nabc\n0\n\n", None),
            (Body::chunked(), "3\r\nabcd\r\n", None),
            (Body::chunked(), "zz\r\n", None),
            (Body::chunked(), "3 4\r\nabc\r\n", None),
            (Body::chunked(), "\r\n", None),
            (Body::chunked(), "-1\r\n", None),
            (Body::chunked(), "0x3\r\nabc\r\n", None),
            (Body::chunked(), "FFFFFFFFFFFFFFFFF\r\n", None),
            (Body::chunked(), "0\r\nX\n\r\n", None),
            (Body::chunked(), "0\r\n\rX", None),
        ] {
            for piece in [1, 2, 7, 1 << 20] {
                assert_eq!(taken(body.clone(), text.as_bytes(), piece), expected, "{text:.60} by {piece}");
            }
        }
    }
}
