//! How long each stage of a connection may take, and how much of it is in memory.

use std::time::Duration;

/// How long a head may take: the first one from the beginning of the connection, the others from their first byte.
pub const HEAD_LIMIT: Duration = Duration::from_secs(5);

/// How long a client may take for the next so many bytes of an answer, or for the rest of it.
pub const STALL_LIMIT: Duration = Duration::from_secs(10);
pub const STALL_BYTES: usize = 16 << 10;

/// How long when its answer is long and there is little memory left for others.
pub const TIGHT_STALL_LIMIT: Duration = Duration::from_secs(1);

/// How long what a client still sends is read, once it has been answered for the last time. A socket that is closed with
/// unread bytes takes the answer away from a client that has not read it yet.
pub const LINGER_LIMIT: Duration = Duration::from_secs(1);

/// How much of it is read.
pub const LINGER_BYTES: usize = 256 << 10;

/// The longest head, and the longest first line of one.
pub const MAX_HEAD: usize = 16 << 10;
pub const MAX_LINE: usize = 8 << 10;

/// How much of a body is read before a service asks for it.
pub const FREE_BODY: usize = 16 << 10;

/// How much of a body is read at a time when it does.
pub const BODY_WINDOW: usize = 32 << 10;

/// How much of the requests after this one is read, to notice that the client has gone.
pub const READ_AHEAD: usize = 16 << 10;

/// Answers are written in pieces of this size. The next one is taken when less than this is left of what is being written, so
/// that actix-http's buffer of 8 KiB need not grow.
pub const PIECE: usize = 7 << 10;
pub const NEXT_PIECE: usize = 1 << 10;

/// What the system may buffer of an answer that was not taken yet. It doubles this; left to itself it would go up to some
/// megabytes.
pub const SEND_BUFFER: usize = 16 << 10;

/// Longer answers are long ones, for which there is limited memory.
pub const LONG: usize = 16 << 10;
