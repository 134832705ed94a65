//! How messages are written between services: bincode, behind an envelope.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::names::Envelope;

const CODEC: bincode::config::Configuration = bincode::config::standard();

/// Encodes a message or reply as peers exchange it (bincode 2, standard configuration).
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    // Encoding into memory fails only for types that serde cannot describe; none of ours is one.
    Bytes::from(bincode::serde::encode_to_vec(value, CODEC).expect("the message types are plain data"))
}

/// Decodes what [`encode`] made.
///
/// # Errors
/// When the bytes are not such a value, or are followed by more.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, bincode::error::DecodeError> {
    let (value, read) = bincode::serde::decode_from_slice(bytes, CODEC)?;
    if read == bytes.len() {
        Ok(value)
    } else {
        Err(bincode::error::DecodeError::OtherString(format!("{} bytes after the end", bytes.len() - read)))
    }
}

/// Takes a call between services apart: its envelope, and the message as [`encode`] made it.
///
/// # Errors
/// When it does not begin with an envelope.
pub fn open(call: &Bytes) -> Result<(Envelope, Bytes), bincode::error::DecodeError> {
    let (envelope, read) = bincode::serde::decode_from_slice(call, CODEC)?;
    Ok((envelope, call.slice(read..)))
}
