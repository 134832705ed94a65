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
//! - [`deadline`] is a connection's one timer.

mod answers;
mod deadline;
mod exchange;
mod framing;
mod head;
mod socket;

use std::time::Duration;

pub use answers::around;
pub use socket::Connection;

/// How long a head may take: the first one from the beginning of the connection, the others from their first byte.
const HEAD_LIMIT: Duration = Duration::from_secs(5);

/// How long a client may take for the next so many bytes of an answer, or for the rest of it.
const STALL_LIMIT: Duration = Duration::from_secs(10);
const STALL_BYTES: usize = 16 << 10;

/// How long when its answer is long and there is little memory left for others.
const TIGHT_STALL_LIMIT: Duration = Duration::from_secs(1);

/// How long what a client still sends is read, once it has been answered for the last time. A socket that is closed with
/// unread bytes takes the answer away from a client that has not read it yet.
const LINGER_LIMIT: Duration = Duration::from_secs(1);

/// How much of it is read.
const LINGER_BYTES: usize = 256 << 10;

/// The longest head, and the longest first line of one.
const MAX_HEAD: usize = 16 << 10;
const MAX_LINE: usize = 8 << 10;

/// How much of a body is read before a service asks for it.
const FREE_BODY: usize = 16 << 10;

/// How much of a body is read at a time when it does.
const BODY_WINDOW: usize = 32 << 10;

/// How much of the requests after this one is read, to notice that the client has gone.
const READ_AHEAD: usize = 16 << 10;

/// Answers are written in pieces of this size. The next one is taken when less than this is left of what is being written, so
/// that actix-http's buffer of 8 KiB need not grow.
const PIECE: usize = 7 << 10;
pub const NEXT_PIECE: usize = 1 << 10;

/// What the system may buffer of an answer that was not taken yet. It doubles this; left to itself it would go up to some
/// megabytes.
pub const SEND_BUFFER: usize = 16 << 10;

/// Longer answers are long ones, for which there is limited memory.
const LONG: usize = 16 << 10;
