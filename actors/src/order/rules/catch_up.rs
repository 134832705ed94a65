//! What a replica that is not in sync does next to get what the leader has acknowledged: chunk by chunk, each merged like
//! any message of that leader, in the epoch it names (B1).

use crate::domain::{OrderNumber, Position};
use crate::messages::order::{AppendEntries, AppendReply, FetchReply};

/// What to do with the answer to a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The one that was asked does not lead: begin again later.
    GiveUp,
    /// The books part: ask again after the last entry that comes after this neither in number nor in epoch.
    StepBack(Position),
    /// There is nothing more.
    Done,
    /// Merge these; they end at `end`. `more` says that there are more to fetch, `full` that it was given as many as it
    /// asked for.
    Merge { message: AppendEntries, end: Position, more: bool, full: bool },
}

/// Judges an answer to a fetch of at most `limit` entries.
pub fn next(reply: FetchReply, limit: u32) -> Next {
    let message = match reply {
        FetchReply::NotServing(_) => return Next::GiveUp,
        FetchReply::Diverged { after } => return Next::StepBack(after),
        FetchReply::Entries(message) => message,
    };
    let Some(last) = message.entries.last() else { return Next::Done };
    let end = Position { number: last.number, epoch: last.epoch };
    // The leader's replication does the rest: under load there is always one more order to fetch. (That the leader gave
    // fewer entries than were asked for says nothing: it has a limit of its own.)
    let more = end.number < message.acknowledged;
    let full = message.entries.len() == limit as usize;
    Next::Merge { message, end, more, full }
}

/// Whether all that was fetched, up to `end`, is on this disk.
pub fn is_merged(reply: AppendReply, end: OrderNumber) -> bool {
    matches!(reply, AppendReply::Confirmed { number, .. } if number == end)
}
