//! Where the body of a request ends.

/// What there is of a body still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFraming {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks, up to an empty one.
    Chunked(Chunks),
}

/// The state of a body of chunks (RFC 9112, 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks {
    state: ChunkState,
    /// Bytes of this chunk that are still to come.
    left: u64,
    /// Bytes of extensions and trailers that may still come; nobody here reads them.
    spare: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChunkState {
    Size,
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

impl BodyFraming {
    /// A body of chunks.
    pub fn chunked() -> BodyFraming {
        BodyFraming::Chunked(Chunks { state: ChunkState::Size, left: 0, spare: 4096 })
    }

    /// Takes what belongs to the body, and says how much that was.
    ///
    /// # Errors
    /// When it is no body.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        match self {
            BodyFraming::Length(left) => Ok(skip(left, bytes.len())),
            BodyFraming::Chunked(chunks) => chunks.take(bytes),
        }
    }

    /// Whether nothing more belongs to it.
    pub fn is_complete(&self) -> bool {
        match self {
            BodyFraming::Length(left) => *left == 0,
            BodyFraming::Chunked(chunks) => chunks.state == ChunkState::End,
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
        while at < bytes.len() && self.state != ChunkState::End {
            if self.state == ChunkState::Data {
                at += skip(&mut self.left, bytes.len() - at);
                if self.left == 0 {
                    self.state = ChunkState::DataCr;
                }
            } else {
                self.state = self.step(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<ChunkState, Broken> {
        match (self.state, byte) {
            (ChunkState::Size, _) => self.digit(byte),
            (ChunkState::MoreSize, b'\r') => Ok(ChunkState::SizeEnd),
            (ChunkState::MoreSize | ChunkState::AfterSize, b' ' | b'\t') => self.spend(ChunkState::AfterSize),
            (ChunkState::MoreSize | ChunkState::AfterSize, b';') => self.spend(ChunkState::Extension),
            (ChunkState::MoreSize, _) => self.digit(byte),
            (ChunkState::AfterSize | ChunkState::Extension, b'\r') => Ok(ChunkState::SizeEnd),
            (ChunkState::Extension, b'\t' | b' '..=b'~' | 0x80..) => self.spend(ChunkState::Extension),
            (ChunkState::SizeEnd, b'\n') if self.left > 0 => Ok(ChunkState::Data),
            (ChunkState::SizeEnd, b'\n') => Ok(ChunkState::LineStart),
            (ChunkState::DataCr, b'\r') => Ok(ChunkState::DataLf),
            (ChunkState::DataLf, b'\n') => Ok(ChunkState::Size),
            (ChunkState::LineStart, b'\r') => Ok(ChunkState::EndLf),
            (ChunkState::Trailer, b'\r') => Ok(ChunkState::TrailerLf),
            (ChunkState::LineStart | ChunkState::Trailer, b'\t' | b' '..=b'~' | 0x80..) => {
                self.spend(ChunkState::Trailer)
            }
            (ChunkState::TrailerLf, b'\n') => Ok(ChunkState::LineStart),
            (ChunkState::EndLf, b'\n') => Ok(ChunkState::End),
            _ => Err(Broken),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<ChunkState, Broken> {
        let digit = char::from(byte).to_digit(16).ok_or(Broken)?;
        let high =
            if self.state == ChunkState::Size { 0 } else { self.left.checked_mul(16).ok_or(Broken)? };
        self.left = high + u64::from(digit);
        Ok(ChunkState::MoreSize)
    }

    fn spend(&mut self, state: ChunkState) -> Result<ChunkState, Broken> {
        self.spare = self.spare.checked_sub(1).ok_or(Broken)?;
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of the text the body takes, when it comes in pieces of this size; none when it is broken.
    fn taken(mut body: BodyFraming, text: &[u8], piece: usize) -> Option<(usize, bool)> {
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
            (BodyFraming::Length(3), "abcdef", Some((3, true))),
            (BodyFraming::Length(3), "ab", Some((2, false))),
            (BodyFraming::Length(u64::MAX), "ab", Some((2, false))),
            (BodyFraming::chunked(), "3\r\nabc\r\n0\r\n\r\nGET", Some((13, true))),
            (BodyFraming::chunked(), "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", Some((37, true))),
            (BodyFraming::chunked(), "3 ;a=\"b\"\r\nabc\r\n000\r\nX: y\r\nZ: \r\n\r\nGET", Some((33, true))),
            (BodyFraming::chunked(), &spare, Some((spare.len(), true))),
            (BodyFraming::chunked(), &wasteful, None),
            (BodyFraming::chunked(), "3\r\nab", Some((5, false))),
            (BodyFraming::chunked(), "3\nabc\n0\n\n", None),
            (BodyFraming::chunked(), "3\r\nabcd\r\n", None),
            (BodyFraming::chunked(), "zz\r\n", None),
            (BodyFraming::chunked(), "3 4\r\nabc\r\n", None),
            (BodyFraming::chunked(), "\r\n", None),
            (BodyFraming::chunked(), "-1\r\n", None),
            (BodyFraming::chunked(), "0x3\r\nabc\r\n", None),
            (BodyFraming::chunked(), "FFFFFFFFFFFFFFFFF\r\n", None),
            (BodyFraming::chunked(), "0\r\nX\n\r\n", None),
            (BodyFraming::chunked(), "0\r\n\rX", None),
        ] {
            for piece in [1, 2, 7, 1 << 20] {
                assert_eq!(taken(body.clone(), text.as_bytes(), piece), expected, "{text:.60} by {piece}");
            }
        }
    }
}
