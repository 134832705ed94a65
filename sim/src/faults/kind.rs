//! The kinds of faults, by the names that `--faults` takes.

use std::collections::BTreeSet;
use std::fmt;

macro_rules! fault_kinds {
    ($($(#[$doc:meta])* $group:ident { $($kind:ident $name:literal;)* })*) => {
        /// A kind of fault. Clock drift is a property of a run and has no place in its schedule; a first start that is cut
        /// short is a crash in the middle of a disk operation, at the very beginning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultKind {
            $($(#[doc = concat!("`", $name, "`")] $kind,)*)*
        }

        impl FaultKind {
            $($(#[$doc])* pub const $group: &[FaultKind] = &[$(FaultKind::$kind,)*];)*

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($(FaultKind::$kind => $name,)*)*
                }
            }

            /// Under which name it is counted when it takes place.
            #[must_use]
            pub const fn counted(self) -> &'static str {
                match self {
                    $($(FaultKind::$kind => concat!("fault ", $name),)*)*
                }
            }
        }
    };
}

fault_kinds! {
    /// Those in which no memory is lost.
    GENERAL {
        Crash "crash";
        CrashAll "crash-all";
        CrashLoop "crash-loop";
        CrashMidWrite "crash-mid-write";
        CrashAt "crash-at";
        Pause "pause";
        Partition "partition";
        Clog "clog";
        Loss "loss";
        Duplicate "duplicate";
        Delay "delay";
        Reorder "reorder";
        DiskBroken "disk-broken";
        DiskFull "disk-full";
        DiskSlow "disk-slow";
        Drift "drift";
        LoseDisk "lose-disk";
        CrashPair "crash-pair";
        Stop "stop";
        DiskSyncOnce "disk-sync-once";
        FirstStart "first-start";
    }
    /// Those in which a memory is lost, older or another's, or a process is not who it is taken for. They are drawn apart
    /// from the others.
    OF_MEMORY {
        LoseReplicaDisk "lose-replica-disk";
        LoseCatalogDisk "lose-catalog-disk";
        OldReplicaDisk "old-replica-disk";
        OldFrontEndDisk "old-front-end-disk";
        OldCatalogDisk "old-catalog-disk";
        SwapDisks "swap-disks";
        Misaddress "misaddress";
        SecondFrontEnd "second-front-end";
        SecondReplica "second-replica";
        Reconfigure "reconfigure";
    }
}

impl FaultKind {
    /// All kinds.
    #[must_use]
    pub fn all() -> BTreeSet<FaultKind> {
        FaultKind::GENERAL.iter().chain(FaultKind::OF_MEMORY).copied().collect()
    }

    /// The kind of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<FaultKind> {
        FaultKind::all().into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
