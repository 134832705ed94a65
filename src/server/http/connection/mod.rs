//! A connection between its socket and actix-http. It lets one request through at a time, in a form that both sides
//! understand in the same way, and sees that every stage of the connection ends.
//!
//! actix-http 3 keeps the version, the method and the wish for the connection of the request that it has *read* last, and writes
//! every answer by them (`h1/codec.rs`, `Codec::decode` and `encode`). So it must not read the next request before the answer to
//! this one is written. It limits the time of the first head only, does not limit how long an answer is being taken, and
//! answers what it cannot read without a body. All of that is decided here:
//!
//! - [`head`] reads a head: what is refused, and how the body is framed;
//! - [`framing`] finds the end of a body;
//! - [`socket`] is what actix-http reads from and writes to;
//! - [`exchange`] is what the socket and the services know of each other;
//! - [`answers`] is around the services: it answers what was refused, and hands out long answers piece by piece;
//! - [`deadline`] is a connection's one timer;
//! - [`limits`] says how long and how much of each.

mod answers;
mod deadline;
mod exchange;
mod framing;
mod head;
mod limits;
mod socket;

pub use answers::around;
pub use limits::{NEXT_PIECE, SEND_BUFFER};
pub use socket::Connection;
