//! The scenarios that are there for one planted bug each: those whose story chance does not tell often enough.

use toystore_actors::bugs::Bug;

use crate::plan::Scenario;

macro_rules! directed {
    ($($bug:ident $file:literal)*) => {
        &[$((Bug::$bug, include_str!(concat!("../../../configs/sim/", $file, ".toml")))),*]
    };
}

/// The scenarios that are there for one bug each.
const DIRECTED: &[(Bug, &str)] = directed! {
    EpochNotSaved "bugs/epoch-not-saved"
    FetchDoesNotFence "bugs/fetch-does-not-fence"
    TermKept "bugs/term-kept"
    OwnLengthConfirmed "bugs/own-length-confirmed"
    JoinerNotWaitedFor "bugs/joiner-not-waited-for"
    AddedTooEarly "bugs/added-too-early"
    JoinerUncounted "bugs/joiner-uncounted"
    UnreachedCounted "bugs/unreached-counted"
    CatalogUnasked "bugs/catalog-unasked"
    LookupsSeeTail "bugs/lookups-see-tail"
    FillJoinedLate "bugs/fill-joined-late"
    NoDriftMargin "bugs/no-drift-margin"
    LeaseFromAnswer "bugs/lease-from-answer"
    ViewToldUnsaved "bugs/view-told-unsaved"
    StaleViewChange "bugs/stale-view-change"
    ChunkTakenForEnd "bugs/chunk-taken-for-end"
    NewestRefusalForgotten "bugs/newest-refusal-forgotten"
    StrangerHeard "bugs/stranger-heard"
    ReceiverUnchecked "bugs/receiver-unchecked"
    NumberNamesMember "memory/leader-wiped"
    AnyRunConfirms "bugs/any-run-confirms"
    UnconfiguredSkipped "bugs/unconfigured-skipped"
    OneAnswerIsEnough "bugs/one-answer-is-enough"
    UnfitLeads "memory/replica-copied"
    UnfitChosenAgain "memory/replica-copied"
    ShortMemorySells "memory/catalog-of-yesterday"
};

/// The scenario for a bug, if there is one.
///
/// # Panics
/// When the file, which is part of the program, is no scenario; a test reads them all.
#[must_use]
pub fn directed(bug: Bug) -> Option<Scenario> {
    let (_, text) = DIRECTED.iter().find(|(of, _)| *of == bug)?;
    Some(Scenario::parse(text).expect("a test reads every scenario"))
}
