//! The catalogue of planted bugs: each with its name, the rule that it breaks, and what is then wrong.

macro_rules! bugs {
    ($($(#[$meta:meta])* $bug:ident $name:literal $rule:literal $sentence:literal;)*) => {
        /// A rule broken on purpose.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $($(#[$meta])* #[doc = $sentence] $bug,)*
        }

        #[cfg(feature = "planted-bugs")]
        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$bug,)*];

            /// Its name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)*
                }
            }

            /// The rule that it breaks: a letter and a number of docs/protocol.md, "cache" and a number, or
            /// what else it is about.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self {
                    $(Bug::$bug => $rule,)*
                }
            }

            /// What is wrong, in one sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Bug::$bug => $sentence,)*
                }
            }
        }
    };
}

bugs! {
    AckBeforeFollowers "ack-before-followers" "A1" "The leader acknowledges what only its own disk has.";
    FollowerSkipped "follower-skipped" "A1" "While one replica is out of sync, the others are not waited for either.";
    JoinerNotWaitedFor "joiner-not-waited-for" "A1" "A joiner is counted, but orders do not wait for it.";
    DuplicateAnsweredEarly "duplicate-answered-early" "A2" "A repeated request is answered although its order is not acknowledged yet.";
    NoDeduplication "no-deduplication" "A3" "The book is not asked whether it holds a request id already.";
    TakeoverServesUnconfirmed "takeover-serves-unconfirmed" "A4" "A new leader serves before the followers have confirmed its book.";
    TakeoverForgetsUnsettled "takeover-forgets-unsettled" "A4" "A new leader does not append the purchases that its predecessor left without an order.";
    LookupsSeeTail "lookups-see-tail" "A4" "Lookups find orders that are not acknowledged yet.";
    ShorterMessageCuts "shorter-message-cuts" "B1" "A follower cuts its book where the leader's message ends.";
    DivergentTailKept "divergent-tail-kept" "B1" "A follower does not compare the epochs of entries and keeps another leader's tail.";
    OwnLengthConfirmed "own-length-confirmed" "B2" "A follower confirms as many entries as it has, not as the message has.";
    EntryBeforeUnchecked "entry-before-unchecked" "B2" "A follower appends without looking at the entry before.";
    EpochNotSaved "epoch-not-saved" "B3" "A follower that hears of an epoch first from a leader's message does not save it.";
    OldEpochAccepted "old-epoch-accepted" "B1" "A follower takes entries from the leader of an older epoch.";
    BuyNotFenced "buy-not-fenced" "C1" "The catalog sells to a leader of an older term.";
    BatchNumberIgnored "batch-number-ignored" "C2" "The catalog sells a batch that it has seen before once more.";
    RefusalForgotten "refusal-forgotten" "C3" "Neither the leader nor the catalog remembers its refusals, and a late copy of a refused request may be sold.";
    AttemptsSideBySide "attempts-side-by-side" "C4" "The front-end makes two attempts of one key side by side.";
    BuyGivenUp "buy-given-up" "C5" "A purchase whose answer is lost is not repeated.";
    SettledEarly "settled-early" "C6" "A purchase is settled when its order is appended, before it is acknowledged.";
    FetchDoesNotFence "fetch-does-not-fence" "C7" "Fetching the unsettled purchases does not shut out the leader before.";
    CompletedAnew "completed-anew" "C8" "A new leader gives the purchases that it completes the time at which it does.";
    ChangeKeepsEpoch "change-keeps-epoch" "D1" "A view with another in-sync set has the epoch of the view before.";
    StaleViewChange "stale-view-change" "D2" "The front-end changes the view for the leader of an older epoch.";
    AddedTooEarly "added-too-early" "D3" "The leader asks to add a joiner that lacks acknowledged orders.";
    JoinerUncounted "joiner-uncounted" "D4" "A joiner is no longer waited for although it may have been added.";
    RestartedLeaderGoesOn "restarted-leader-goes-on" "D5" "A leader that restarts goes on in the epoch that it finds on its disk.";
    TermKept "term-kept" "D6" "A ping does not name the view, and a leader that missed one keeps its term and its confirmations.";
    RestartedLeaderKept "restarted-leader-kept" "E2" "The front-end keeps a leader that is alive but does not lead.";
    NoDropInTakeover "no-drop-in-takeover" "E3" "A leader does not ask to drop a dead replica while it takes over.";
    SyncGivenUp "sync-given-up" "E4" "A leader stops sending to a follower after the first message that is not answered.";
    UnreachedCounted "unreached-counted" "E5" "A replica that asks is counted at once, reached or not, and again as soon as it was given up.";
    StaleReplicaChosen "stale-replica-chosen" "views" "The front-end chooses the highest replica that answers, in sync or not.";
    ViewToldUnsaved "view-told-unsaved" "views" "The front-end tells a new view before it is on its disk.";
    RunNotSaved "run-not-saved" "M1" "A replica that starts does not save its run in its file.";
    NumberNamesMember "number-names-member" "M2" "Whoever has a member's number stands for it, whatever is in its file.";
    AnyRunConfirms "any-run-confirms" "M3" "What a replica confirms counts for a member of its number that was another run, and no view need name the new one.";
    UnfitLeads "unfit-leads" "M4" "A leader serves although its book lacks what the catalog knows to be acknowledged.";
    UnfitChosenAgain "unfit-chosen-again" "M4" "A replica that was found unfit is chosen again.";
    CatalogUnasked "catalog-unasked" "M6" "A front-end does not ask the catalog whether another has registered.";
    OneAnswerIsEnough "one-answer-is-enough" "M8" "A front-end that lost its file does not wait for every replica.";
    ShortMemorySells "short-memory-sells" "M9" "A catalog that remembers fewer purchases than the leader has orders goes on selling.";
    UnconfiguredSkipped "unconfigured-skipped" "M10" "A leader does not wait for a member that is not in its configuration.";
    StrangerHeard "stranger-heard" "M10" "A service takes the messages of a replica that is not in its configuration.";
    ReceiverUnchecked "receiver-unchecked" "M11" "A service takes messages that are meant for another.";
    FsyncSkipped "fsync-skipped" "F1" "A replica confirms what it has written without a sync.";
    CheckpointUnsynced "checkpoint-unsynced" "F2" "The journal is written over although the file was not synced.";
    JournalNotReplayed "journal-not-replayed" "F3" "A replica that starts does not look into the journal of its file.";
    WrongHalfWritten "wrong-half-written" "F2" "When half of the journal is full, it is written over, and not the other half.";
    LongCommitUnsynced "long-commit-unsynced" "F1" "A commit that is longer than half of the journal is not synced in the file either.";
    ChunkTakenForEnd "chunk-taken-for-end" "A1" "A follower that has confirmed a full message is taken to have all of the book.";
    BatchRestForgotten "batch-rest-forgotten" "limits" "Purchases that exceed a batch are forgotten.";
    NewestRefusalForgotten "newest-refusal-forgotten" "C3" "A full memory of refusals forgets the newest, not the oldest.";
    PlaceNotGivenBack "place-not-given-back" "limits" "A shopper whose order is not found in time keeps a place at the front-end.";
    CallTooMany "call-too-many" "limits" "The front-end has one call with orders more under way than it may.";
    NumberReused "number-reused" "disk" "A leader that takes over gives the last order's number to the next order too.";
    Oversell "oversell" "stock" "The catalog sells what it no longer has.";
    LeaseFromAnswer "lease-from-answer" "cache 1" "The front-end counts a lease from the answer, not from before its query.";
    NoDriftMargin "no-drift-margin" "cache 1" "The catalog waits for a lease by its own clock, without a margin for drift.";
    LeaseIgnored "lease-ignored" "cache 1" "The front-end answers from its cache when the lease has run out.";
    HolderForgotten "holder-forgotten" "cache 2" "The catalog does not keep who holds what.";
    CacheableDuringChange "cacheable-during-change" "cache 3" "The catalog lets a product be cached while it changes.";
    VisibleUnconfirmed "visible-unconfirmed" "cache 4" "A change becomes visible although a holder has not answered.";
    AnswerReleasesAll "answer-releases-all" "cache 4" "A front-end's answer counts for products that the call did not name.";
    AnswerBeforeVisible "answer-before-visible" "cache 5" "The leader is told of a sale before it is visible.";
    StartsAtOnce "starts-at-once" "cache 6" "A catalog that starts does not wait for what it allowed to be cached before.";
    FillNotMarked "fill-not-marked" "cache 7" "An invalidation does not mark the query under way, whose answer is then cached.";
    FillJoinedLate "fill-joined-late" "cache 8" "A query is given the answer to one that was sent before it came.";
}
