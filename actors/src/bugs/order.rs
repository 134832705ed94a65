//! The rules of the order replica, bent. Each function hands on what a rule has found out, unless its bug is planted.
//! Those that answer a question take the true answer.

use super::{Bug, planted};
use crate::domain::{Epoch, OrderNumber, Position, Run, SoldPurchase, UnixMillis, View};

/// The run whose confirmation counts for `run`, where `heard` answered last (M3).
pub(crate) fn confirming_run(run: Run, heard: Option<Run>) -> Run {
    match heard {
        Some(heard) if heard != run && planted(Bug::AnyRunConfirms) => heard,
        _ => run,
    }
}

/// Whether a restarted member is counted as a joiner (M3).
pub(crate) fn counts_restarted(counts: bool) -> bool {
    counts && !planted(Bug::AnyRunConfirms)
}

/// Whether a joiner may be counted beside the member of its number, if there is one (M3).
pub(crate) fn counts_beside(member: Option<Run>) -> bool {
    member.is_none() || !planted(Bug::AnyRunConfirms)
}

/// Whether a replica is waited for, configured or not (M10).
pub(crate) fn is_waited_for(configured: bool) -> bool {
    configured || !planted(Bug::UnconfiguredSkipped)
}

/// Whether a leader may send its book (B2).
pub(crate) fn may_send_book(may: bool) -> bool {
    may || planted(Bug::OwnLengthConfirmed)
}

/// Up to where a member holds the book, if it is waited for (A1, A4).
pub(crate) fn held_by_member(
    held: Option<OrderNumber>,
    durable: OrderNumber,
    serving: bool,
    someone_out: impl FnOnce() -> bool,
) -> Option<OrderNumber> {
    let overlooked = held.is_some_and(|held| held < durable)
        && match serving {
            true => planted(Bug::AckBeforeFollowers) || (someone_out() && planted(Bug::FollowerSkipped)),
            false => planted(Bug::TakeoverServesUnconfirmed),
        };
    held.filter(|_| !overlooked)
}

/// Up to where a joiner holds the book, if it is waited for (A1).
pub(crate) fn held_by_joiner(held: Option<OrderNumber>, durable: OrderNumber) -> Option<OrderNumber> {
    held.filter(|held| *held >= durable || !planted(Bug::JoinerNotWaitedFor))
}

/// Whether a view lets a term go on (D6).
pub(crate) fn continues_term(next: bool) -> bool {
    next || planted(Bug::TermKept)
}

/// Whether a joiner may be given up (D4).
pub(crate) fn may_stop_counting(may: bool) -> bool {
    may || planted(Bug::JoinerUncounted)
}

/// Whether a joiner has confirmed enough to be added (D3).
pub(crate) fn has_confirmed_enough(has: bool, serving: bool) -> bool {
    has || (serving && planted(Bug::AddedTooEarly))
}

/// What a follower is taken to have, that confirmed a message up to `number` (A1). `full` says that the message had all
/// the entries that one may have.
pub(crate) fn confirmed_number(number: OrderNumber, last: OrderNumber, full: bool) -> OrderNumber {
    if full && number < last && planted(Bug::ChunkTakenForEnd) { last } else { number }
}

/// Whether a leader asks to drop a replica now (E3).
pub(crate) fn may_ask_to_drop(serving: bool) -> bool {
    serving || !planted(Bug::NoDropInTakeover)
}

/// Whether a message without an answer is sent again (E4).
pub(crate) fn sends_again() -> bool {
    !planted(Bug::SyncGivenUp)
}

/// Where the book of a new leader ends (numbers are given once).
pub(crate) fn end_of_book(last: Position) -> Position {
    if last.number > OrderNumber::NONE && planted(Bug::NumberReused) {
        return Position { number: last.number.before(), ..last };
    }
    last
}

/// Whether a joiner must wait because another was given up a moment ago (E5).
pub(crate) fn counts_nobody(now: bool) -> bool {
    now && !planted(Bug::UnreachedCounted)
}

/// Whether a joiner cannot be reached (E5).
pub(crate) fn is_unreached(unreached: bool) -> bool {
    unreached && !planted(Bug::UnreachedCounted)
}

/// Whether a leader's message is refused before its entries are looked at (B1).
pub(crate) fn refuses_message(refuses: bool, epoch: Epoch, current: Epoch, leads: bool) -> bool {
    refuses && (leads || !(epoch < current && planted(Bug::OldEpochAccepted)))
}

/// Whether a message's view is older than the follower's (B1).
pub(crate) fn is_old_view(old: bool) -> bool {
    old && !planted(Bug::OldEpochAccepted)
}

/// Whether a newer view is saved with the entries (B3).
pub(crate) fn saves_newer_view(newer: bool) -> bool {
    newer && !planted(Bug::EpochNotSaved)
}

/// Whether the entry before a message is missing (B2).
pub(crate) fn lacks_entry_before(lacks: bool) -> bool {
    lacks && !planted(Bug::EntryBeforeUnchecked)
}

/// Whether an entry differs from the one held under its number (B1).
pub(crate) fn entry_differs(differs: bool) -> bool {
    differs && !planted(Bug::DivergentTailKept)
}

/// After which number a follower cuts, where a message ends before its book does (B1).
pub(crate) fn cut_after_message(message_ends: OrderNumber, book_ends: OrderNumber) -> Option<OrderNumber> {
    (message_ends < book_ends && planted(Bug::ShorterMessageCuts)).then_some(message_ends)
}

/// What a follower confirms (B2).
pub(crate) fn confirms(message_ends: OrderNumber, book_ends: OrderNumber) -> OrderNumber {
    if message_ends < book_ends && planted(Bug::OwnLengthConfirmed) { book_ends } else { message_ends }
}

/// The view in which a leader that restarts goes on: none (D5).
pub(crate) fn led_before_restart(led: Option<View>) -> Option<View> {
    led.filter(|_| planted(Bug::RestartedLeaderGoesOn))
}

/// Whether a start saves its run (M1).
pub(crate) fn saves_run() -> bool {
    !planted(Bug::RunNotSaved)
}

/// Whether a transaction is synced (F1).
pub(crate) fn syncs() -> bool {
    !planted(Bug::FsyncSkipped)
}

/// Whether an entry has the next number.
pub(crate) fn is_next_number(next: bool) -> bool {
    next || planted(Bug::NumberReused)
}

/// Whether a second order under one request id is refused (A3).
pub(crate) fn refuses_second_order() -> bool {
    !planted(Bug::NoDeduplication)
}

/// What the book is taken to hold under a request id (A3).
pub(crate) fn found_in_book<T>(found: Option<T>) -> Option<T> {
    found.filter(|_| !planted(Bug::NoDeduplication))
}

/// Whether a leader's book lacks what is settled (M4).
pub(crate) fn lacks_settled(lacks: bool) -> bool {
    lacks && !planted(Bug::UnfitLeads)
}

/// Whether purchases without an order are completed (A4).
pub(crate) fn completes_unsettled(some: bool) -> bool {
    some && !planted(Bug::TakeoverForgetsUnsettled)
}

/// A new leader completes what its predecessor left, and leaves the receipts as they are (C8).
pub(crate) fn completes(left: &mut [SoldPurchase], now: impl FnOnce() -> UnixMillis) {
    if !left.is_empty() && planted(Bug::CompletedAnew) {
        let now = now();
        left.iter_mut().flat_map(|sold| &mut sold.receipt).for_each(|receipt| receipt.sold_at = now);
    }
}

/// Whether a call to the catalog without an answer is given up (C5).
pub(crate) fn gives_up_buying() -> bool {
    planted(Bug::BuyGivenUp)
}

/// The number with which a repeated request is answered before its order is acknowledged: none (A2).
pub(crate) fn answered_early(number: impl FnOnce() -> Option<OrderNumber>) -> Option<OrderNumber> {
    number().filter(|_| planted(Bug::DuplicateAnsweredEarly))
}

/// Whether the purchases that exceed a batch are forgotten: never.
pub(crate) fn forgets_rest(some: bool) -> bool {
    some && planted(Bug::BatchRestForgotten)
}

/// Up to where orders are settled (C6); `appended` is the last one that is not acknowledged.
pub(crate) fn settled(acknowledged: OrderNumber, appended: Option<OrderNumber>) -> OrderNumber {
    match appended {
        Some(appended) if planted(Bug::SettledEarly) => appended,
        _ => acknowledged,
    }
}

/// Whether an order may be shown (A4).
pub(crate) fn is_visible(acknowledged: bool) -> bool {
    acknowledged || planted(Bug::LookupsSeeTail)
}
