//! Why the view service did something, as a part of a sentence.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! reasons {
    ($($(#[$doc:meta])* $reasons:ident { $($reason:ident $words:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $reasons {
            $(#[doc = $words] $reason,)*
        }

        impl fmt::Display for $reasons {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $($reasons::$reason => $words,)*
                })
            }
        }

        impl Serialize for $reasons {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

reasons! {
    /// Why a view was saved.
    SaveReason {
        First "the first";
        FrontEndStarted "a front-end starts";
        AtStart "at the start";
        AnotherLeader "another leader";
        InSyncSetChanged "the leader changed the in-sync set";
        MemberNotConfigured "a member is not configured any more";
        AboveEarlierRun "above what an earlier run reached";
        OperatorGoesOn "an operator goes on";
    }
    /// Why a leader is suspected: "it", and this.
    SuspectReason {
        Silent "is silent";
        RefusedConnection "refused the connection";
        BrokeConnection "broke the connection";
        DoesNotLead "does not lead this epoch";
        Unfit "lacks what is acknowledged";
        ShorterBook "has a shorter book than another, and the catalog's memory is gone";
    }
    /// What shows that the view in a front-end's file is not the newest.
    LostReason {
        ReplicaFollowsNewer "a replica follows a newer view";
        CatalogKnowsNewer "the catalog knows a newer one";
    }
}
